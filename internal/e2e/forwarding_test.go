package e2e

import (
	"fmt"
	"strings"
	"testing"

	"github.com/isaworks/isa/providers/works/sandbox"
)

const forwardedPeople = `member "kim" {
  external_key  = "1"
  login_id      = "kim"
  last_name     = "김"
  private_email = "a@example.com"
}
member "lee" {
  external_key  = "2"
  login_id      = "lee"
  last_name     = "이"
  private_email = "b@example.com"
}
`

func forwardTo(to, more string) string {
	return forwardedPeople + `mail_forwarding "kim" {
  member = member.kim
  to     = "` + to + `"
  ` + more + `
}
`
}

// TestForwarding: a setting that nobody can read. After each apply the plan is
// empty; changes are written whole; a removed block ends it; what was lost on the
// way is repeated; a member who is made again gets it again.
func TestForwarding(t *testing.T) {
	for _, again := range []string{"replaced", "409"} {
		t.Run(again, func(t *testing.T) {
			tn := startTenant(t, sandbox.Options{SeedValue: 1, Limits: true, Speed: 200, Switches: sandbox.Switches{"forwarding-again": again}})
			dir := files(t, map[string]string{"tenant.hcl": tenantFile, "main.hcl": forwardTo("kim@old.example", "")})
			s := stage{T: t, tenant: tn, dir: dir}
			is := func(what, want string) {
				t.Helper()
				f, there := tn.Forwarding("kim@acme.co.kr")
				if got := fmt.Sprint(f, there); got != want {
					t.Errorf("%s: %s, want %s", what, got, want)
				}
			}
			apply := func(text string) {
				t.Helper()
				s.put("main.hcl", text)
				s.must(t, 0, dir, "apply", "--yes")
				s.empty(t, dir)
			}
			apply(forwardTo("kim@old.example", ""))
			is("made", "{kim@old.example true} true")
			apply(forwardTo("kim@older.example", ""))
			is("changed", "{kim@older.example true} true")
			apply(forwardTo("kim@older.example", "keep_original = false"))
			is("not kept, the address stays", "{kim@older.example false} true")
			if r := s.must(t, 0, dir, "plan"); strings.Contains(r.stdout, "forwarding") {
				t.Errorf("the plan tells of what is done: %s", r.stdout)
			}
			if err := tn.SetFaults("drop-response=15%"); err != nil {
				t.Fatal(err)
			}
			apply(forwardTo("kim@oldest.example", "keep_original = false"))
			if err := tn.SetFaults(""); err != nil {
				t.Fatal(err)
			}
			is("in spite of lost answers", "{kim@oldest.example false} true")
			s.do(`DELETE /users/kim@acme.co.kr/forcedelete`)
			s.must(t, 0, dir, "apply", "--yes")
			is("made again with its member", "{kim@oldest.example false} true")
			apply(forwardedPeople)
			is("ended", "{ false} false")
		})
	}
}

// TestForwardingIsRefused: rings, two for one member, and groups.
func TestForwardingIsRefused(t *testing.T) {
	tn := startTenant(t, sandbox.Options{SeedValue: 1})
	dir := files(t, map[string]string{"tenant.hcl": tenantFile})
	s := stage{T: t, tenant: tn, dir: dir}
	for name, c := range map[string]struct{ text, want string }{
		"to itself": {forwardTo("kim@acme.co.kr", ""), "mail.forwarding_loop"},
		"a ring": {forwardTo("lee@acme.co.kr", "") + `mail_forwarding "lee" {
  member = member.lee
  to     = "KIM@acme.co.kr"
}
`, "mail.forwarding_loop"},
		"twice": {forwardTo("kim@old.example", "") + `mail_forwarding "kim2" {
  member = member.kim
  to     = "lee@acme.co.kr"
}
`, "mail_forwarding"},
		"no address": {forwardTo("kim", ""), "no mail address"},
		"to where mail comes from": {forwardTo("kim@old.example", "") + `mail_source "old" {
  imap { host = "imap.old.example" }
}
wave "first" {
  phase = "presync"
  coexistence {
    mode  = "forwarding"
    since = "2026-03-02 18:00"
  }
}
mail_migration "kim" {
  member       = member.kim
  source       = mail_source.old
  route        = "append"
  wave         = wave.first
  consent      = true
  app_password = secret_env("PW")
  login {
    user     = "kim@old.example"
    password = secret_env("PW")
  }
}
`, "mail.forwarding_loop"},
	} {
		t.Run(name, func(t *testing.T) {
			s.put("main.hcl", c.text)
			r := s.isa(t, dir, "validate")
			if r.code == 0 {
				r = s.isa(t, dir, "plan")
			}
			if r.code == 0 || !strings.Contains(r.stdout+r.stderr, c.want) {
				t.Errorf("%s is not refused with %s: %v", name, c.want, r)
			}
		})
	}
}

// TestForwardingOutside: a tenant may not let mail be forwarded out of it.
func TestForwardingOutside(t *testing.T) {
	tn := startTenant(t, sandbox.Options{SeedValue: 1, Switches: sandbox.Switches{"forwarding-outside": "403"}})
	dir := files(t, map[string]string{"tenant.hcl": tenantFile, "main.hcl": forwardTo("kim@old.example", "")})
	if r := tn.isa(t, dir, "apply", "--yes"); r.code == 0 || !strings.Contains(r.stdout+r.stderr, "403") {
		t.Errorf("nobody says that it is refused: %v", r)
	}
	if f, there := tn.Forwarding("kim@acme.co.kr"); there {
		t.Errorf("there is %+v", f)
	}
}
