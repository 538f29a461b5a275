package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/isaworks/isa/providers/works/sandbox"
)

const manyUnits = `org_unit %q {
  for_each = toset([for i in range(40) : format("%%02d", i)])
  name     = "unit ${each.key}"
}
org_unit "below" {
  for_each = toset([for i in range(40) : format("%%02d", i)])
  name     = "below ${each.key}"
  parent   = org_unit.%s[each.key]
}
`

// TestStateChangedByHandAndKilled moves a block to and fro in the state, killed at any
// moment: no object is lost or known twice, and run again it ends as if nothing had
// happened, with a plan that is empty.
func TestStateChangedByHandAndKilled(t *testing.T) {
	t.Parallel()
	tn := startTenant(t, sandbox.Options{SeedValue: 1})
	dir := files(t, map[string]string{"tenant.hcl": tenantFile, "main.hcl": fmt.Sprintf(manyUnits, "a", "a")})
	tn.must(t, 0, dir, "apply", "--yes")
	from, to := "a", "b"
	killed := 0
	for i := range 20 {
		cmd := tn.command(dir, "state", "mv", "org_unit."+from, "org_unit."+to)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Duration(i) * 3 * time.Millisecond)
		if cmd.Process.Kill() == nil && cmd.Wait() != nil {
			killed++
		}
		list := tn.must(t, 0, dir, "state", "list").stdout
		if n := strings.Count(list, "org_unit."); n != 80 {
			t.Fatalf("the state has %d units after a kill:\n%s", n, list)
		}
		if strings.Contains(list, "org_unit."+from+"[") {
			tn.must(t, 0, dir, "state", "mv", "org_unit."+from, "org_unit."+to)
		}
		if list := tn.must(t, 0, dir, "state", "list").stdout; strings.Contains(list, "org_unit."+from+"[") || strings.Count(list, "org_unit."+to+"[") != 40 {
			t.Fatalf("after it was run again:\n%s", list)
		}
		from, to = to, from
	}
	if err := os.WriteFile(filepath.Join(dir, "main.hcl"), fmt.Appendf(nil, manyUnits, from, from), 0o600); err != nil {
		t.Fatal(err)
	}
	tn.empty(t, dir)
	known := tn.must(t, 0, dir, "state", "show", "--format", "json", `org_unit.below["07"]`).stdout
	if !strings.Contains(known, "org_unit."+from) {
		t.Errorf("what refers to the block does not follow it: %s", known)
	}
	text, err := os.ReadFile(filepath.Join(dir, "isa.state.json"))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(text), `"act": "state mv"`) || !strings.Contains(string(text), "org_unit.a → org_unit.b") {
		t.Error("the audit trail does not tell of it")
	}
	if _, err := os.Stat(filepath.Join(dir, "isa.state.json.backup")); err != nil {
		t.Error(err)
	}
	t.Logf("killed %d of 20", killed)
}
