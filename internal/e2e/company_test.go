package e2e

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/isaworks/isa/bench/company"
	"github.com/isaworks/isa/providers/works/sandbox"
)

// TestCompanyFromSpreadsheets: 5,000 members and 500 units from xlsx and CP949
// csv with rows in random order arrive exactly as they are in the tables.
func TestCompanyFromSpreadsheets(t *testing.T) {
	tn := startTenant(t, sandbox.Options{})
	c := company.Make(company.Size{Members: 5000, Units: 500, Grades: 40, Positions: 20, Posts: 400, Seed: 1})
	dir := write(t, c)
	tn.must(t, 0, dir, "apply", "--yes")
	tn.empty(t, dir)
	compare(t, wanted(c), found(t, tn.reader(t)))
	if v := tn.Violations(); len(v) > 0 {
		t.Errorf("the sandbox saw careless calls: %v", v)
	}
}

// wanted writes a company as one line an object.
func wanted(c company.Company) map[string]string {
	lines := map[string]string{}
	for i, g := range c.Grades {
		lines["grade "+g] = fmt.Sprintf("order %d executive %v", i+1, i >= 6)
	}
	for i, p := range c.Positions {
		lines["position "+p] = fmt.Sprintf("order %d", i+1)
	}
	for _, u := range c.Units {
		lines["unit "+u.Code] = fmt.Sprintf("name %s parent %s order %d", u.Name, u.Parent, u.Order)
	}
	posts := map[string][]string{}
	for _, p := range c.Posts {
		posts[p.Number] = append(posts[p.Number], fmt.Sprintf("[%s %s head %v primary %v]", p.Unit, p.Position, p.Head, p.Primary))
	}
	for _, p := range c.People {
		slices.Sort(posts[p.Number])
		lines["member "+p.Number] = fmt.Sprintf("%s@acme.co.kr %s %s grade %s phone %s mail %s hired %s %s", p.Login, p.Last, p.First,
			p.Grade, digits(p.Phone), p.Mail, p.Hired, strings.Join(posts[p.Number], " "))
	}
	return lines
}

// found reads the same lines from the tenant. The administrator that every
// tenant has is left out.
func found(t *testing.T, r reader) map[string]string {
	t.Helper()
	lines := map[string]string{}
	for _, g := range r.list(t, "/directory/levels", "levels") {
		lines["grade "+text(g["levelName"])] = fmt.Sprintf("order %v executive %v", g["displayOrder"], g["executive"])
	}
	for _, p := range r.list(t, "/directory/positions", "positions") {
		lines["position "+text(p["positionName"])] = fmt.Sprintf("order %v", p["displayOrder"])
	}
	codes := map[string]string{}
	units := r.list(t, "/orgunits", "orgUnits")
	for _, u := range units {
		codes[text(u["orgUnitId"])] = text(u["orgUnitExternalKey"])
	}
	for _, u := range units {
		lines["unit "+text(u["orgUnitExternalKey"])] = fmt.Sprintf("name %s parent %s order %v",
			text(u["orgUnitName"]), codes[text(u["parentOrgUnitId"])], u["displayOrder"])
	}
	for _, u := range r.list(t, "/users", "users") {
		if u["isAdministrator"] == true {
			continue
		}
		name := u["userName"].(map[string]any)
		org := u["organizations"].([]any)[0].(map[string]any)
		var posts []string
		for _, raw := range org["orgUnits"].([]any) {
			p := raw.(map[string]any)
			posts = append(posts, fmt.Sprintf("[%s %s head %v primary %v]", codes[text(p["orgUnitId"])], text(p["positionName"]), p["isManager"], p["primary"]))
		}
		slices.Sort(posts)
		lines["member "+text(u["userExternalKey"])] = fmt.Sprintf("%s %s %s grade %s phone %s mail %s hired %s %s", text(u["email"]),
			text(name["lastName"]), text(name["firstName"]), text(org["levelName"]), digits(text(u["cellPhone"])),
			text(u["privateEmail"]), text(u["hiredDate"]), strings.Join(posts, " "))
	}
	return lines
}

func text(v any) string {
	s, _ := v.(string)
	return s
}

func digits(s string) string {
	return strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, s)
}

// compare reports the first differences between two companies.
func compare(t *testing.T, want, have map[string]string) {
	t.Helper()
	keys := maps.Clone(want)
	maps.Copy(keys, have)
	shown := 0
	for _, key := range slices.Sorted(maps.Keys(keys)) {
		if want[key] != have[key] {
			if shown++; shown > 10 {
				t.Fatal("… and more")
			}
			t.Errorf("%s\nwant %q\nhave %q", key, want[key], have[key])
		}
	}
	if len(have) == 0 {
		t.Error("the tenant is empty")
	}
}
