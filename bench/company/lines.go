package company

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Lines writes a company as one line an object, by kind and key.
func (c Company) Lines() map[string]string {
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
	for _, number := range c.Left {
		lines["member "+number] = suspended
	}
	return lines
}

// suspended is the line of a member who left: what became of the rest is no matter.
const suspended = "suspended"

// Tenant is what the service tells of a company: the rows of its lists, as the
// API writes them.
type Tenant struct {
	Levels, Positions, Units, Users []map[string]any
}

// Lines writes what is in a tenant as Company.Lines does. The administrator that
// every tenant has is left out. An object that is there twice has a line that no
// company has.
func (t Tenant) Lines() map[string]string {
	lines := map[string]string{}
	put := func(key, line string) {
		if _, twice := lines[key]; twice {
			line = "there twice"
		}
		lines[key] = line
	}
	for _, g := range t.Levels {
		put("grade "+text(g["levelName"]), fmt.Sprintf("order %v executive %v", g["displayOrder"], g["executive"]))
	}
	for _, p := range t.Positions {
		put("position "+text(p["positionName"]), fmt.Sprintf("order %v", p["displayOrder"]))
	}
	codes := map[string]string{}
	for _, u := range t.Units {
		codes[text(u["orgUnitId"])] = text(u["orgUnitExternalKey"])
	}
	for _, u := range t.Units {
		put("unit "+text(u["orgUnitExternalKey"]), fmt.Sprintf("name %s parent %s order %v",
			text(u["orgUnitName"]), codes[text(u["parentOrgUnitId"])], u["displayOrder"]))
	}
	for _, u := range t.Users {
		if u["isAdministrator"] != true {
			put("member "+text(u["userExternalKey"]), memberLine(u, codes))
		}
	}
	return lines
}

func memberLine(u map[string]any, codes map[string]string) string {
	if u["isSuspended"] == true {
		return suspended
	}
	name, _ := u["userName"].(map[string]any)
	org := map[string]any{}
	if all, _ := u["organizations"].([]any); len(all) > 0 {
		org, _ = all[0].(map[string]any)
	}
	units, _ := org["orgUnits"].([]any)
	var posts []string
	for _, raw := range units {
		p, _ := raw.(map[string]any)
		posts = append(posts, fmt.Sprintf("[%s %s head %v primary %v]", codes[text(p["orgUnitId"])], text(p["positionName"]), p["isManager"], p["primary"]))
	}
	slices.Sort(posts)
	return fmt.Sprintf("%s %s %s grade %s phone %s mail %s hired %s %s", text(u["email"]),
		text(name["lastName"]), text(name["firstName"]), text(org["levelName"]), digits(text(u["cellPhone"])),
		text(u["privateEmail"]), text(u["hiredDate"]), strings.Join(posts, " "))
}

// Differences tells the objects in which two sets of lines differ, sorted.
func Differences(want, have map[string]string) []string {
	keys := maps.Clone(want)
	maps.Copy(keys, have)
	var out []string
	for _, key := range slices.Sorted(maps.Keys(keys)) {
		if want[key] != have[key] {
			out = append(out, fmt.Sprintf("%s\nwant %q\nhave %q", key, want[key], have[key]))
		}
	}
	return out
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
