package e2e

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/isaworks/isa/providers/works/sandbox"
)

// TestBookkeeping: what became as declared without isa is recorded by apply, once,
// by a saved plan too; plan writes nothing, and neither does an apply that has
// nothing to record.
func TestBookkeeping(t *testing.T) {
	const people = `member "a" {
  external_key  = "1"
  login_id      = "kim"
  last_name     = "김"
  private_email = "a@example.com"
}
`
	group := func(description string) string {
		return people + `group "t" {
  name           = "모임"
  external_key   = "T"
  description    = "` + description + `"
  members        = [member.a]
  administrators = [member.a]
}
`
	}
	tn := startTenant(t, sandbox.Options{SeedValue: 1})
	dir := files(t, map[string]string{"tenant.hcl": tenantFile, "main.hcl": group("하나")})
	s := stage{T: t, tenant: tn, dir: dir}
	read := func() []byte {
		t.Helper()
		data, err := os.ReadFile(filepath.Join(dir, "isa.state.json"))
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	s.must(t, 0, dir, "apply", "--yes")
	for _, c := range []struct {
		text  string
		apply func()
	}{
		{"둘", func() { s.must(t, 0, dir, "apply", "--yes") }},
		{"셋", func() {
			s.must(t, 0, dir, "plan", "--out", "saved.plan")
			s.must(t, 0, dir, "apply", "--yes", "saved.plan")
		}},
	} {
		s.do(`PATCH /groups/externalKey:T {"domainId":10000001,"description":"` + c.text + `"}`)
		s.put("main.hcl", group(c.text))
		before := read()
		s.must(t, 0, dir, "plan", "--detailed-exitcode")
		if !bytes.Equal(before, read()) {
			t.Fatal("plan wrote the state")
		}
		c.apply()
		after := read()
		if bytes.Contains(before, []byte(c.text)) || !bytes.Contains(after, []byte(c.text)) {
			t.Errorf("the state does not know %s", c.text)
		}
		s.must(t, 0, dir, "apply", "--yes")
		if !bytes.Equal(after, read()) {
			t.Error("a second apply wrote the state")
		}
	}
}
