package examples_test

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestReorganisation goes through the stages of examples/reorganisation as its README
// tells them; after each apply the plan is empty.
func TestReorganisation(t *testing.T) {
	t.Parallel()
	e := newExample(t, build(t), "reorganisation")
	for dir, date := range map[string]string{"before": "2026-12-31", "after": "2027-01-01"} {
		e.must(t, 0, "--chdir", dir, "validate", "--as-of", date)
		e.must(t, 0, "--chdir", dir, "fmt", "--check")
	}
	apply := func(dir, date string, allow ...string) {
		t.Helper()
		e.must(t, 0, slices.Concat([]string{"--chdir", dir, "apply", "--yes", "--as-of", date}, allow)...)
		e.empty(t, "--chdir", dir, "plan", "--detailed-exitcode", "--as-of", date)
	}
	apply("before", "2026-12-31")
	for _, id := range []string{"he.yoon", "do.song"} {
		if err := e.server.SignIn(id + "@acme.co.kr"); err != nil {
			t.Fatal(err)
		}
	}

	january := e.must(t, 4, "--chdir", "after", "plan", "--as-of", "2027-01-01")
	after := *e
	after.name = filepath.Join(e.name, "after")
	after.keptPlan(t, unhashed(january))
	if moves := moveCalls(e); moves != 0 {
		t.Errorf("%d units were moved before the reorganisation", moves)
	}
	apply("after", "2027-01-01", "--allow", "identity.reuse=1", "--allow", "member.login_id=2", "--allow", "member.primary_unit=6", "--allow", "member.removal=2")
	if moves := moveCalls(e); moves != 3 {
		t.Errorf("the new order took %d moves of units, 3 are needed", moves)
	}
	apply("after", "2027-03-01")

	e.suspendedEarlier(t, 91)
	spring := e.must(t, 4, "--chdir", "after", "plan", "--as-of", "2027-04-01")
	for _, who := range []string{"윤하은", "송다온"} {
		if !strings.Contains(spring, "- "+who) {
			t.Errorf("90 days later the account of %s is not proposed for deletion:\n%s", who, spring)
		}
	}
	apply("after", "2027-04-01", "--allow", "member.removal=2")
	if v := e.server.Violations(); len(v) > 0 {
		t.Errorf("the tenant's rules for writers were broken: %v", v)
	}
}

// TestOnlyTheOrgChartIsReorganised: what is in both folders is the same.
func TestOnlyTheOrgChartIsReorganised(t *testing.T) {
	for _, name := range []string{"lists.hcl", "people.hcl", "tenant.hcl"} {
		before, err := os.ReadFile(filepath.Join("reorganisation/before", name))
		if err != nil {
			t.Fatal(err)
		}
		after, err := os.ReadFile(filepath.Join("reorganisation/after", name))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(before, after) {
			t.Errorf("%s is not the same before and after", name)
		}
	}
}

// empty wants a plan that does nothing.
func (e *example) empty(t *testing.T, args ...string) {
	t.Helper()
	if out := e.must(t, 0, args...); !strings.HasPrefix(out, "No changes.") {
		t.Errorf("isa %s says\n%s", strings.Join(args, " "), out)
	}
}

func moveCalls(e *example) (n int) {
	for _, r := range e.server.Requests() {
		if r.Op == "orgunit-move" {
			n++
		}
	}
	return n
}

// suspendedEarlier lets days go by for those whom the state knows as suspended.
func (e *example) suspendedEarlier(t *testing.T, days int) {
	t.Helper()
	path := filepath.Join(e.dir, "isa.state.json")
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	then := time.Now().UTC().AddDate(0, 0, -days).Format(time.RFC3339)
	found := regexp.MustCompile(`"suspended": "[^"]*"`)
	if n := len(found.FindAll(data, -1)); n != 2 {
		t.Fatalf("%d people are suspended in the state, 2 should be", n)
	}
	if err := os.WriteFile(path, found.ReplaceAll(data, []byte(`"suspended": "`+then+`"`)), 0o600); err != nil {
		t.Fatal(err)
	}
}

// unhashed is a plan of a tenant that has been applied to without its hash, which has the
// tenant's IDs in it: they follow from the order in which the calls ended.
func unhashed(plan string) string {
	return regexp.MustCompile(`Plan hash [0-9a-f]+`).ReplaceAllString(plan, "Plan hash …")
}
