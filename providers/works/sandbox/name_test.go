package sandbox

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestNames: two tenants never have one name, whatever their seed value; a tenant
// in a folder keeps its own, also when the folder was made before there were names.
func TestNames(t *testing.T) {
	leads := func(s *Server) string { return s.Env()["ISA_API_BASE"] }
	one, two := newServer(t, Options{SeedValue: 7}), newServer(t, Options{SeedValue: 7})
	if leads(one) == leads(two) {
		t.Errorf("both are %s", leads(one))
	}

	dir := t.TempDir()
	open := func(change func(*Server)) string {
		s, err := New(Options{Dir: dir})
		if err != nil {
			t.Fatal(err)
		}
		change(s)
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		return s.tenant.name
	}
	rewrite := func(s *Server) {
		if err := s.rewrite(); err != nil {
			t.Fatal(err)
		}
	}
	first := open(func(*Server) {})
	if next := open(rewrite); next != first || next == "" {
		t.Errorf("opened again as %q, was %q", next, first)
	}
	if next := open(func(s *Server) { s.tenant.name = ""; rewrite(s) }); next != "" {
		t.Fatalf("still named %q", next)
	}
	named := open(func(*Server) {})
	if next := open(func(*Server) {}); next != named || named == "" {
		t.Errorf("a folder without a name: first %q, then %q", named, next)
	}
}

// TestAnotherTenantIsNotServed: who holds the variables of a tenant that ran at this
// address before is told so; without a name, whoever runs here answers.
func TestAnotherTenantIsNotServed(t *testing.T) {
	s := newServer(t, Options{})
	c := inProcess(t, s)
	want(t, "own name", len(c.must("GET", "/users", nil)) > 0, true)
	own := c.base
	c.base = strings.TrimSuffix(own, s.tenant.name) + "another"
	status, body := c.do("GET", "/users", nil)
	want(t, "another's status", status, 404)
	want(t, "another's code", body["code"], "NO_SUCH_TENANT")
	if text, _ := body["description"].(string); !strings.Contains(text, "the tenant another is not here") || !strings.Contains(text, s.tenant.name) {
		t.Errorf("said %q", text)
	}
	status, _ = c.form("token", map[string]string{"grant_type": jwtGrant})
	want(t, "another's token", status, 404)
	c.base = strings.TrimSuffix(own, "/"+s.tenant.name)
	c.must("GET", "/users", nil)
}

// TestAForeignFileIsNotTaken: a folder in which journal is something else.
func TestAForeignFileIsNotTaken(t *testing.T) {
	for _, text := range []string{"my journal", "my journal\n", "my journal\nof two lines\n"} {
		dir := t.TempDir()
		path := filepath.Join(dir, journalName)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if s, err := New(Options{Dir: dir}); err == nil {
			t.Errorf("%q was taken for a journal", text)
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		}
		if data, err := os.ReadFile(path); err != nil || string(data) != text {
			t.Errorf("%q became %q (%v)", text, data, err)
		}
	}
}
