//go:build unix

package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"

	"github.com/isaworks/isa/internal/mailtest"
	"github.com/isaworks/isa/providers/works/sandbox"
)

// mailMain moves the mail of the members that the variable who lists; the wave and what
// a test adds to a migration come from other files.
const mailMain = `variable "who" {
  type    = list(string)
  default = %s
}

member "staff" {
  for_each      = toset(var.who)
  external_key  = each.key
  login_id      = each.key
  last_name     = each.key
  private_email = "${each.key}@example.com"
  password { mode = "member" }
}

mail_source "old" {
  imap {
    host = "127.0.0.1"
    port = %s
    tls  = "none"
  }
  limits {
    connections = 16
  }
}

mail_migration "staff" {
  for_each     = member.staff
  member       = each.value
  source       = mail_source.old
  route        = "append"
  app_password = secret_table(%q, "${each.key}@acme.co.kr")
  consent      = true
%s
  login {
    user     = each.key
    password = secret_env("OLD_PASSWORD")
  }
}
`

// move is a company whose mail moves from one server to another.
type move struct {
	*tenant
	t      testing.TB
	dir    string
	table  string // of app passwords
	who    []string
	source *mailtest.Server // Dovecot
	target func(who string) mailtest.Account
	extra  string // in each mail_migration
}

// moveOptions say what servers there are.
type moveOptions struct {
	who    []string // "kim" when empty
	source mailtest.Options
	// target starts the server that mail goes to; nil: the sandbox's mailboxes.
	target func(t testing.TB, o mailtest.Options) *mailtest.Server
	// sandbox says what tenant it is.
	sandbox sandbox.Options
	extra   string
	phase   string // of wave.one, which everybody is in; "": there is no wave
	// line is where the source is reached; nil: at itself.
	line func(source string) string
}

// newMove starts the servers, creates the members and lets them sign in.
func newMove(t testing.TB, o moveOptions) *move {
	t.Helper()
	if len(o.who) == 0 {
		o.who = []string{"kim"}
	}
	o.source.Users = o.who
	o.sandbox.SeedValue = 1
	m := &move{t: t, tenant: startTenant(t, o.sandbox), who: o.who, source: mailtest.Dovecot(t, o.source), extra: o.extra}
	m.env["OLD_PASSWORD"] = mailtest.Password
	at := m.source.IMAP
	if o.line != nil {
		at = o.line(at)
	}
	m.dir = files(t, map[string]string{"tenant.hcl": tenantFile})
	m.table = filepath.Join(files(t, map[string]string{"app-passwords.csv": "login,password\n"}), "app-passwords.csv")
	if o.phase != "" {
		m.extra += "  wave = wave.one\n"
		m.wave(o.phase, "")
	}
	m.write(at, m.extra)
	m.must(t, 0, m.dir, "apply", "--yes", "--target", "member.staff", "--allow", fmt.Sprintf("member.invitation=%d", len(o.who)))
	passwords := map[string]string{}
	for _, who := range o.who {
		if err := m.SignIn(who + "@acme.co.kr"); err != nil {
			t.Fatal(err)
		}
	}
	if o.target == nil {
		for _, who := range o.who {
			made, err := m.AppPassword(who+"@acme.co.kr", false)
			if err != nil {
				t.Fatal(err)
			}
			passwords[who] = made.Password
		}
		_, addr, _ := strings.Cut(m.env["ISA_IMAP_BASE"], "://")
		m.target = func(who string) mailtest.Account {
			return mailtest.Account{Addr: addr, User: who + "@acme.co.kr", Password: passwords[who]}
		}
	} else {
		var users []string
		for _, who := range o.who {
			users = append(users, who+"@acme.co.kr")
			passwords[who] = mailtest.Password
		}
		server := o.target(t, mailtest.Options{Users: users})
		m.env["ISA_IMAP_BASE"] = "imap://" + server.IMAP
		m.target = func(who string) mailtest.Account { return server.Account(who + "@acme.co.kr") }
	}
	var table strings.Builder
	table.WriteString("login,password\n")
	for _, who := range o.who {
		fmt.Fprintf(&table, "%s@acme.co.kr,%s\n", who, passwords[who])
	}
	if err := os.WriteFile(m.table, []byte(table.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	return m
}

// write writes the configuration.
func (m *move) write(source, extra string) {
	m.t.Helper()
	port := source[strings.LastIndexByte(source, ':')+1:]
	m.file("main.hcl", fmt.Sprintf(mailMain, hclList(m.who), port, filepath.ToSlash(m.table), extra))
}

// wave brings wave.one into a phase, in the configuration.
func (m *move) wave(phase, inside string) {
	m.t.Helper()
	m.file("wave.hcl", fmt.Sprintf("wave \"one\" {\n  phase = %q\n%s}\n", phase, inside))
}

func hclList(texts []string) string {
	return fmt.Sprintf(`["%s"]`, strings.Join(texts, `", "`))
}

func (m *move) file(name, text string) {
	m.t.Helper()
	if err := os.WriteFile(filepath.Join(m.dir, name), []byte(text), 0o600); err != nil {
		m.t.Fatal(err)
	}
}

// sync makes a pass and wants an exit code.
func (m *move) sync(code int, args ...string) result {
	m.t.Helper()
	return m.must(m.t, code, m.dir, append([]string{"sync"}, args...)...)
}

// same wants both ends of a member's mail to be the same, each folder where the ledger
// says that it went.
func (m *move) same(who string, o mailtest.Comparison) {
	m.t.Helper()
	places := m.places(who)
	o.Rename = func(path string) string {
		if place, ok := places[path]; ok {
			return place
		}
		return path
	}
	mailtest.Same(m.t, m.source.Account(who), m.target(who), o)
}

// status is what isa status says in JSON.
type status struct {
	Mailboxes []struct {
		Address  string
		Outcomes outcomes
		Balanced bool
		Folders  []struct {
			Folder, Target, Unserved string
			Outcomes                 outcomes
		}
	}
	Total    outcomes
	Balanced bool
}

type outcomes map[string]struct{ Items, Bytes int64 }

// all is the number of items in all outcomes.
func (o outcomes) all() (n int64) {
	for _, sum := range o {
		n += sum.Items
	}
	return n
}

// text lists the outcomes that occur: "copied 3, refused 1".
func (o outcomes) text() string {
	var parts []string
	for _, name := range []string{"copied", "adopted", "excluded", "too_large", "refused", "quarantined", "unproven", "gone", "pending"} {
		if n := o[name].Items; n > 0 {
			parts = append(parts, fmt.Sprintf("%s %d", name, n))
		}
	}
	return strings.Join(parts, ", ")
}

func (m *move) status(args ...string) status {
	m.t.Helper()
	r := m.isa(m.t, m.dir, append([]string{"status", "--format", "json"}, args...)...)
	if r.code != 0 && r.code != 3 {
		m.t.Fatal(r)
	}
	var s status
	if err := json.Unmarshal([]byte(r.stdout), &s); err != nil {
		m.t.Fatalf("%v: %v", err, r)
	}
	return s
}

// places are the folders at the target by those of the source.
func (m *move) places(who string) map[string]string {
	m.t.Helper()
	out := map[string]string{}
	for _, f := range m.status(m.address(who)).Mailboxes[0].Folders {
		out[f.Folder] = f.Target
	}
	return out
}

func (m *move) address(who string) string { return fmt.Sprintf("mail_migration.staff[%q]", who) }

// as does something at the source as a member, with a mail program.
func (m *move) as(who string, act func(c *imapclient.Client) error) {
	m.t.Helper()
	if err := mailtest.Do(m.t.Context(), m.source.Account(who), act); err != nil {
		m.t.Fatal(err)
	}
}

// flag gives messages of a folder one more keyword each.
func flag(folder string, from, to uint32, keyword string) func(*imapclient.Client) error {
	return func(c *imapclient.Client) error {
		if _, err := c.Select(folder, nil).Wait(); err != nil {
			return err
		}
		var set imap.SeqSet
		set.AddRange(from, to)
		return c.Store(set, &imap.StoreFlags{Op: imap.StoreFlagsAdd, Flags: []imap.Flag{imap.Flag(keyword)}}, nil).Close()
	}
}

func rename(from, to string) func(*imapclient.Client) error {
	return func(c *imapclient.Client) error { return c.Rename(from, to, nil).Wait() }
}

// says wants texts in what a run said.
func (r result) says(t testing.TB, texts ...string) {
	t.Helper()
	flat := strings.Join(strings.Fields(r.stdout+" "+r.stderr), " ")
	for _, text := range texts {
		if !strings.Contains(flat, text) {
			t.Errorf("%q is missing in %v", text, r)
		}
	}
}
