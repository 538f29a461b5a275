package planner_test

import (
	"strings"
	"testing"

	"github.com/isaworks/isa/internal/addr"
	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/planner"
)

// A creation of a saved plan holds only while a plan made now would do it too and
// nothing doubts that the object is new.
func TestSuperseded(t *testing.T) {
	at := addr.New("member", "new")
	change := func(a planner.Action) []planner.Change {
		return []planner.Change{{Address: at, Title: "박철수", Action: a, Reason: "found by login ID"}}
	}
	wrong := func(s diag.Severity, code, address string) diag.List {
		return diag.List{{Severity: s, Code: code, Summary: "A person would get a second account", Address: address}}
	}
	for _, c := range []struct {
		name  string
		saved planner.Action
		fresh planner.Plan
		want  string
	}{
		{"same", planner.Create, planner.Plan{Changes: change(planner.Create)}, ""},
		{"adopted now", planner.Create, planner.Plan{Changes: change(planner.Adopt)}, "a plan made now says adopt: found by login ID"},
		{"no change now", planner.Create, planner.Plan{}, "would not create it"},
		{"a second account", planner.Create, planner.Plan{Diagnostics: wrong(diag.Error, "guard.identity.twin", at.String())}, "a second account"},
		{"taken", planner.Create, planner.Plan{Changes: change(planner.Create), Diagnostics: wrong(diag.Error, "claim.taken", at.String())}, "a second account"},
		{"a warning", planner.Create, planner.Plan{Changes: change(planner.Create), Diagnostics: wrong(diag.Warning, "match.unlisted", at.String())}, ""},
		{"about another", planner.Create, planner.Plan{Changes: change(planner.Create), Diagnostics: wrong(diag.Error, "claim.taken", "member.other")}, ""},
		{"of another sort", planner.Create, planner.Plan{Changes: change(planner.Create), Diagnostics: wrong(diag.Error, "guard.member.removal", at.String())}, ""},
		{"no creation", planner.Update, planner.Plan{}, ""},
	} {
		got := planner.Superseded(&planner.Plan{Changes: change(c.saved)}, &c.fresh)
		if c.want == "" && got != nil || c.want != "" && (len(got) != 1 || !strings.Contains(got[0], "member.new (박철수)") || !strings.Contains(got[0], c.want)) {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}
