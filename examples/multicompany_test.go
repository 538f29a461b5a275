package examples_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestAPersonChangesTheCompany is the second step of examples/multi-company: the kept
// plan, one move, and then nothing to do.
func TestAPersonChangesTheCompany(t *testing.T) {
	e := newExample(t, build(t), "multi-company")
	e.must(t, 0, "apply", "--yes")
	people, err := os.ReadFile(filepath.Join(e.name, "after", "people.hcl"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(e.dir, "people.hcl"), people, 0o644); err != nil {
		t.Fatal(err)
	}
	e.must(t, 0, "fmt", "--check")
	e.name = filepath.Join(e.name, "after")
	e.keptPlan(t, unhashed(e.must(t, 2, "plan", "--detailed-exitcode")))
	e.must(t, 0, "apply", "--yes")
	if out := e.must(t, 0, "plan", "--detailed-exitcode"); !strings.HasPrefix(out, "No changes.") {
		t.Errorf("the plan after the move says\n%s", out)
	}
	if v := e.server.Violations(); len(v) > 0 {
		t.Errorf("the tenant's rules for writers were broken: %v", v)
	}
}
