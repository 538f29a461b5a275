package privacy_test

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/isaworks/isa/internal/addr"
	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/internal/privacy"
	"github.com/isaworks/isa/internal/schema"
	"github.com/isaworks/isa/internal/value"
	"github.com/isaworks/isa/internal/view"
	"github.com/isaworks/isa/planner"
	"github.com/isaworks/isa/providers/directory"
	"github.com/isaworks/isa/providers/mail"
)

func kinds() []*schema.Kind { return append(directory.Schemas(), mail.Schemas()...) }

func staff(key string) addr.Address { return addr.Instance("member", "staff", key) }

// secrets are what a plan of people says of them, by the level that shows it first.
var (
	onlyFull  = [...]string{"010-1234-5678", "010-9999-0000", "gildong@home.example", "E-77"}
	fromNames = [...]string{"홍길동", "gildong.hong", "hong.gildong", "Gildong", "길동이", "alias.one", "이무궁", "mg.lee"}
)

// people is a plan that says all of it, everywhere a plan may.
func people() *planner.Plan {
	unit := addr.New("org_unit", "sales")
	text := func(s string) value.Value { return value.String(s) }
	before := value.Object{"login_id": text("gildong.hong"), "cell_phone": text("010-1234-5678"), "aliases": value.List{text("alias.one")},
		"names": value.Object{"en_US": value.Object{"last": text("Hong"), "first": text("Gildong")}}, "employee_number": text("E-77"), "locale": text("ko_KR")}
	after := value.Object{"login_id": text("hong.gildong"), "cell_phone": text("010-9999-0000"), "aliases": value.List{text("gildong.hong")},
		"names": value.Object{"en_US": value.Object{"last": text("Hong"), "first": value.Clear{}}}, "private_email": text("gildong@home.example"),
		"nickname": text("길동이"), "locale": text("en_US"), "external_key": text("1042"), "belongs_to": value.List{value.Object{"org_unit": value.ID(unit), "head": value.Bool(true)}}}
	return &planner.Plan{
		Summary: planner.Summary{Update: 1}, Hash: strings.Repeat("ab", 32),
		Changes: []planner.Change{
			{Address: unit, Kind: "org_unit", Action: planner.Update, Title: "영업팀", Reason: "asked for by 홍길동 (gildong.hong).",
				Before: value.Object{"name": text("영업부")}, After: value.Object{"name": text("영업팀")}},
			{Address: staff("1042"), Kind: "member", Action: planner.Update, Title: "홍길동 gildong.hong", Before: before, After: after, Managed: after, Expect: before,
				Reason: "changed by hand", Steps: []planner.Step{{ID: "s#1", Verb: planner.DoPatch, Attrs: after, Note: "head of 영업팀 (released by 이무궁 first)"}}},
		},
		Drift:    []planner.Drift{{Address: staff("1042"), Title: "홍길동 gildong.hong", Attr: "cell_phone", Applied: text("010-1234-5678"), Live: text("010-9999-0000")}},
		Records:  []planner.Record{{Address: staff("1"), Attrs: value.Object{"last_name": text("이무궁"), "employee_number": text("E-77")}}},
		Content:  []planner.Content{{Address: addr.Instance("mail_migration", "staff", "1042"), Title: "홍길동 gildong.hong", Waits: "홍길동 has not signed in"}},
		Unserved: []planner.Unserved{{Address: addr.New("mail_source", "old"), What: "the calendar of gildong.hong"}},
		Names: map[string]planner.Name{unit.String(): {Title: "영업팀", Kind: "org_unit"}, staff("1").String(): {Title: "이무궁 mg.lee", Kind: "member"},
			"0b1c-person": {Title: "이무궁 mg.lee", Kind: "member"}, "0b1c-old": {Title: "이무궁 mg.lee"}, "0b1c-unit": {Title: "전략팀", Kind: "org_unit"}},
		Diagnostics: diag.List{
			{Severity: diag.Warning, Code: "value.capitals", Summary: "Capitals", Detail: "gildong@home.example", Fix: "write gildong@home.example", Address: staff("1042").String(), Attr: "private_email"},
			{Severity: diag.Warning, Code: "table.fault", Summary: "A bad cell", Detail: "010-1234-5678 of 홍길동", Place: diag.Place{Cell: &diag.Cell{File: "hr/staff.xlsx", Sheet: "직원", Ref: "F17"}}},
			{Severity: diag.Warning, Code: "group.unknown", Summary: "A group", Detail: "홍길동 is gone, 1042 too", Address: "group.tf"},
		},
	}
}

// shown is a plan in all its formats.
func shown(t *testing.T, p *planner.Plan) map[string]string {
	t.Helper()
	out := map[string]string{}
	var b bytes.Buffer
	take := func(name string, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		out[name] = b.String()
		b.Reset()
	}
	take("text", view.Plan(&b, p, view.Style{}))
	_, err := view.Markdown(&b, p, view.MarkdownBytes)
	text := strings.NewReplacer(`\`, "", "<!-- -->", "").Replace(b.String())
	take("markdown", err)
	out["markdown"] = text
	take("html", view.HTML(&b, p))
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	take("json", enc.Encode(p))
	return out
}

func TestLevels(t *testing.T) {
	for level, hidden := range map[privacy.Level][]string{
		privacy.IDs: slices.Concat(onlyFull[:], fromNames[:]), privacy.Names: onlyFull[:], privacy.Full: nil,
	} {
		p := privacy.Plan(people(), kinds(), level)
		formats := shown(t, p)
		for name, text := range formats {
			for _, secret := range hidden {
				if strings.Contains(text, secret) {
					t.Errorf("%s with %s tells %s", name, level, secret)
				}
			}
			for _, public := range []string{"영업팀", "1042", "value.capitals"} {
				if !strings.Contains(text, public) {
					t.Errorf("%s with %s does not tell %s", name, level, public)
				}
			}
		}
		for _, secret := range slices.Concat(onlyFull[:], fromNames[:]) {
			if !slices.Contains(hidden, secret) && !strings.Contains(formats["json"], secret) {
				t.Errorf("JSON with %s does not tell %s", level, secret)
			}
		}
		if p.Hash != people().Hash {
			t.Errorf("%s: another hash", level)
		}
	}
}

// TestWhatIsHiddenStaysApart: that, and which, values change is seen without them.
func TestWhatIsHiddenStaysApart(t *testing.T) {
	c := privacy.Plan(people(), kinds(), privacy.IDs).Changes[1]
	alias, _ := c.After["aliases"].(value.List)
	switch {
	case c.Before["login_id"] == c.After["login_id"]:
		t.Error("a change of the login cannot be seen")
	case len(alias) != 1 || alias[0] != c.Before["login_id"]:
		t.Errorf("the alias is %v, the old login %v: they are the same", alias, c.Before["login_id"])
	case c.After["locale"] != value.String("en_US"):
		t.Errorf("a word of a few is hidden: %v", c.After["locale"])
	case c.After["external_key"] != value.String("1042"):
		t.Errorf("the key is hidden: %v", c.After["external_key"])
	case c.Title != "":
		t.Errorf("the title is %q", c.Title)
	}
	if names, _ := c.After["names"].(value.Object); names == nil || names["en_US"].(value.Object)["first"] != (value.Clear{}) {
		t.Errorf("that a name is emptied is hidden: %v", c.After["names"])
	}
	if c.Steps[0].Note != "head of 영업팀 (released by (hidden) first)" {
		t.Errorf("the note is %q", c.Steps[0].Note)
	}
	if got := privacy.Plan(people(), kinds(), privacy.IDs).Changes[0].Reason; got != "asked for by (hidden) ((hidden))." {
		t.Errorf("the reason is %q", got)
	}
}

// TestFreeTextsHideNothingElse: what somebody wrote about their work takes no words out of
// what the plan says.
func TestFreeTextsHideNothingElse(t *testing.T) {
	p := people()
	p.Changes[1].After["task"] = value.String("Sales and the list of 300 limit; look at true member.phone")
	p.Changes[1].After["leave"] = value.Object{"from": value.String("look at the list"), "days": value.Int(300)}
	p.Changes[1].After["birthday"], p.Changes[1].After["employee_number"] = value.String("1990-02-03"), value.String("300")
	p.Diagnostics = diag.List{{Severity: diag.Error, Code: "guard.member.phone", Summary: "A guard refuses the plan",
		Detail: "300 of 300: members change their phone; the limit is 10: 홍길동 gildong.hong, alias.one, 1990-02-03",
		Fix:    "look at the list; if all of it is meant, run again with --allow member.phone=300"}}
	for level, want := range map[privacy.Level]string{
		privacy.IDs:   "300 of 300: members change their phone; the limit is 10: (hidden) (hidden), (hidden), (hidden)",
		privacy.Names: "300 of 300: members change their phone; the limit is 10: 홍길동 gildong.hong, alias.one, (hidden)",
	} {
		d := privacy.Plan(p, kinds(), level).Diagnostics[0]
		if d.Detail != want {
			t.Errorf("%s: %s", level, d.Detail)
		}
		if d.Fix != p.Diagnostics[0].Fix {
			t.Errorf("%s: %s", level, d.Fix)
		}
	}
}

// TestWhatIsTypedStays: a flag is typed as it stands, also where somebody is called so.
func TestWhatIsTypedStays(t *testing.T) {
	p := people()
	p.Changes[1].Title = "COUNT member.phone"
	p.Diagnostics = diag.List{{Severity: diag.Error, Code: "guard.member.phone", Fix: "ask member.phone, or run again with --allow member.phone=COUNT"}}
	if got := privacy.Plan(p, kinds(), privacy.IDs).Diagnostics[0].Fix; got != "ask (hidden), or run again with --allow member.phone=COUNT" {
		t.Error(got)
	}
}

func TestThePlanStaysAsItIs(t *testing.T) {
	p := people()
	before, _ := json.Marshal(p)
	privacy.Plan(p, kinds(), privacy.IDs)
	if after, _ := json.Marshal(p); !bytes.Equal(before, after) {
		t.Error("hiding changed the plan that it was given")
	}
}

// TestWhatIsNotKnownIsHidden: of kinds and attributes that no schema describes.
func TestWhatIsNotKnownIsHidden(t *testing.T) {
	p := people()
	p.Changes[0].Kind, p.Changes[0].Address = "strange", addr.New("strange", "a")
	p.Changes[1].After["unheard_of"] = value.String("홍길동")
	for _, level := range []privacy.Level{privacy.IDs, privacy.Names} {
		data, _ := json.Marshal(privacy.Plan(p, kinds(), level).Changes)
		if strings.Contains(string(data), "영업부") || level == privacy.IDs && strings.Contains(string(data), "홍길동") {
			t.Errorf("%s: %s", level, data)
		}
	}
}

func TestDiagnostics(t *testing.T) {
	list := privacy.Diagnostics(people().Diagnostics, kinds(), privacy.IDs)
	for i, d := range list[:2] {
		if d.Detail != "" || !strings.Contains(d.Fix, "isa explain "+d.Code) || d.Summary == "" {
			t.Errorf("%d: %+v", i, d)
		}
	}
	if list[1].Cell == nil || list[1].Cell.Ref != "F17" {
		t.Error("the cell is not named")
	}
	if list[2].Detail == "" {
		t.Error("what is about a group is left out")
	}
}

func TestParse(t *testing.T) {
	for _, text := range []string{"", "IDs", "none", "full "} {
		if _, err := privacy.Parse(text); err == nil || !strings.Contains(err.Error(), "ids, names or full") {
			t.Errorf("%q: %v", text, err)
		}
	}
}
