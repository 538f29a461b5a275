package e2e

import (
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
func wanted(c company.Company) map[string]string { return c.Lines() }

// found reads the same lines from the tenant.
func found(t *testing.T, r reader) map[string]string {
	t.Helper()
	return company.Tenant{
		Levels: r.list(t, "/directory/levels", "levels"), Positions: r.list(t, "/directory/positions", "positions"),
		Units: r.list(t, "/orgunits", "orgUnits"), Users: r.list(t, "/users", "users"),
	}.Lines()
}

// compare reports the first differences between two companies.
func compare(t *testing.T, want, have map[string]string) {
	t.Helper()
	for i, d := range company.Differences(want, have) {
		if i == 10 {
			t.Fatal("… and more")
		}
		t.Error(d)
	}
	if len(have) == 0 {
		t.Error("the tenant is empty")
	}
}
