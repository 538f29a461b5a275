package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/isaworks/isa/bench/company"
	"github.com/isaworks/isa/providers/works/sandbox"
)

// TestReorganisationOfAThousandUnits: 1,000 units and 5,000 members are renamed, moved,
// reordered, closed, promoted, hired and let go by one apply, with no more moves of
// units than are needed, after which the plan is empty and the tenant as wanted.
func TestReorganisationOfAThousandUnits(t *testing.T) {
	tn := startTenant(t, sandbox.Options{SSO: true})
	before := company.Make(company.Size{Members: 5000, Units: 1000, Grades: 10, Positions: 10, Posts: 300, Seed: 3})
	dir := write(t, before)
	tn.must(t, 0, dir, "apply", "--yes")

	after := before.Reorganised()
	if err := after.Write(dir); err != nil {
		t.Fatal(err)
	}
	guards := ""
	for _, code := range []string{"member.removal", "member.belongs_to.removal", "member.phone", "member.primary_unit", "org_unit.removal"} {
		guards += fmt.Sprintf("guard %q {\n  max_count = 100000\n}\n", code)
	}
	if err := os.WriteFile(filepath.Join(dir, "guards.hcl"), []byte(guards), 0o600); err != nil {
		t.Fatal(err)
	}
	plan := tn.must(t, 2, dir, "plan", "--detailed-exitcode")
	summary := regexp.MustCompile(`(?m)^Plan: .*\n.*calls, at least .*$`).FindString(plan.stdout)
	if summary == "" {
		t.Fatalf("the plan names no bound:\n%.2000s", plan.stdout)
	}
	earlier := len(tn.Requests())
	tn.must(t, 0, dir, "apply", "--yes")
	moves := 0
	for _, r := range tn.Requests()[earlier:] {
		if r.Op == "orgunit-move" {
			moves++
		}
	}
	if fewest := company.FewestMoves(before, after); moves != fewest || fewest < 300 {
		t.Errorf("%d units were moved, %d need to be", moves, fewest)
	}
	t.Logf("%s\n%d moves of units", summary, moves)
	tn.empty(t, dir)
	compare(t, wanted(after), found(t, tn.reader(t)))
	if v := tn.Violations(); len(v) > 0 {
		t.Errorf("the sandbox saw careless calls: %v", v)
	}
}
