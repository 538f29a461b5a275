//go:build unix

package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/internal/mailtest"
	"github.com/isaworks/isa/providers/works/api"
	"github.com/isaworks/isa/providers/works/mail"
	"github.com/isaworks/isa/providers/works/sandbox"
)

// TestServerRunsOnce: the service fetches the old mailbox itself, once, after a survey has
// found nothing that it fails on; the state refuses a second run also without the ledger,
// and another route moves what came since.
func TestServerRunsOnce(t *testing.T) {
	t.Parallel()
	account := func(who string) string { return who + "@acme-old.co.kr" }
	login := "  login {\n    user     = \"${each.key}@acme-old.co.kr\"\n    password = secret_env(\"OLD_PASSWORD\")\n  }"
	m := newGateway(t, gatewayOptions{account: account, route: "server", open: login})
	m.load("kim", mailtest.Corpus{Messages: 150, Folders: 8})
	if err := m.source.LoadMessages(account("kim"), mailtest.Message{Folder: "견적*서", Date: time.Unix(1600000000, 0), Raw: []byte("Subject: x\r\n\r\ny\r\n")}); err != nil {
		t.Fatal(err)
	}
	m.sync(3).says(t, "isa survey has to look first")
	m.must(t, 0, m.dir, "survey")
	m.sync(3).says(t, "견적*서", "special characters")
	m.isa(t, m.dir, "plan").says(t, "mail.server_folders")
	if n := m.notices("kim"); n != 0 {
		t.Fatalf("%d notices of a run that was refused", n)
	}
	m.as(account("kim"), rename("견적*서", "견적서"))
	m.must(t, 0, m.dir, "survey")
	m.sync(0).says(t, "151 copied")
	if n := m.notices("kim"); n != 2 {
		t.Errorf("%d notices of one run", n)
	}
	m.same("kim", mailtest.Comparison{})
	m.more("kim", mailtest.Corpus{Messages: 20, Folders: 8, Seed: 3, Prefix: "new"})
	m.sync(0).says(t, "and does so once; what came later is moved by another route")
	if n := m.notices("kim"); n != 0 {
		t.Errorf("a second run sent %d notices", n)
	}
	m.must(t, 0, m.dir, "survey")
	m.isa(t, m.dir, "plan").says(t, "waits: the service has fetched the")

	ledgers, err := filepath.Glob(filepath.Join(m.dir, "isa.state.ledger*"))
	if err != nil || len(ledgers) == 0 {
		t.Fatal(ledgers, err)
	}
	keep := t.TempDir()
	move := func(from, to string) {
		for _, path := range ledgers {
			name := filepath.Base(path)
			if err := os.Rename(filepath.Join(from, name), filepath.Join(to, name)); err != nil && !os.IsNotExist(err) {
				t.Fatal(err)
			}
		}
	}
	state, err := os.ReadFile(filepath.Join(m.dir, "isa.state.json"))
	if err != nil {
		t.Fatal(err)
	}
	move(m.dir, keep)
	m.isa(t, m.dir, "survey", "--allow", "ledger.lost=1")
	m.sync(3, "--allow", "ledger.lost=1").says(t, "the state remembers that the service fetched this source")
	if n := m.notices("kim"); n != 0 {
		t.Errorf("a second run sent %d notices", n)
	}
	for _, path := range ledgers {
		if err := os.Remove(path); err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
	}
	move(keep, m.dir)
	if err := os.WriteFile(filepath.Join(m.dir, "isa.state.json"), state, 0o600); err != nil {
		t.Fatal(err)
	}

	o := m.options
	o.route = "gateway"
	m.configure(o)
	m.sync(0).says(t, "20 copied")
	m.settled("kim", 171)
}

// pop3Source is a mail_source of a Dovecot by POP3.
func pop3Source(addr, security, authority string) string {
	if authority != "" {
		authority = fmt.Sprintf("    ca_file = %q\n", authority)
	}
	return fmt.Sprintf("  pop3 {\n    host = \"127.0.0.1\"\n    port = %s\n    tls  = %q\n%s  }", portOf(addr), security, authority)
}

// newPOP3 is a company whose old mailboxes the service fetches by POP3.
func newPOP3(t *testing.T, tls string, others ...string) *gatewayMove {
	t.Helper()
	account := func(who string) string { return who + "@acme-old.co.kr" }
	users := []string{account("kim")}
	for _, who := range others {
		users = append(users, account(who))
	}
	server := mailtest.Dovecot(t, mailtest.Options{Users: users})
	addr, security, authority := server.POP3, "none", ""
	if tls == "always" {
		addr, security, authority = server.POP3S, "implicit", server.CAFile
	}
	return newGateway(t, gatewayOptions{account: account, server: server, route: "server", source: pop3Source(addr, security, authority),
		sandbox: sandbox.Options{Switches: sandbox.Switches{"pop3-tls": tls}},
		open:    "  login {\n    user     = \"${each.key}@acme-old.co.kr\"\n    password = secret_env(\"OLD_PASSWORD\")\n  }"})
}

// TestServerFetchesByPOP3: the inbox arrives, once, and nobody can prove it; sent mail stays
// behind, which is said before; what comes later goes another way.
func TestServerFetchesByPOP3(t *testing.T) {
	t.Parallel()
	for _, tls := range []string{"port", "always", "never"} {
		t.Run(tls, func(t *testing.T) {
			t.Parallel()
			m := newPOP3(t, tls)
			inbox := func(from, n int) (out []mailtest.Message) {
				for i := range n {
					out = append(out, letter("INBOX", fmt.Sprint("letter ", from+i), time.Date(2024, 5, 1, 9, 0, i, 0, time.UTC)))
				}
				return out
			}
			in := func(want int) {
				t.Helper()
				got, err := mailtest.Read(t.Context(), m.target("kim"))
				if err != nil || got.Items() != want || len(got["INBOX"]) != want {
					t.Errorf("there are %d messages in the inbox and %d in all, want %d: %v", len(got["INBOX"]), got.Items(), want, err)
				}
			}
			if err := m.source.LoadMessages("kim@acme-old.co.kr", append(inbox(0, 60), letter("Sent", "mine", time.Unix(1700000000, 0)))...); err != nil {
				t.Fatal(err)
			}
			m.isa(t, m.dir, "plan").says(t, "mail.inbox_only", "mail.server_inbox")
			m.sync(3).says(t, "60 unproven", "the service tells nothing of its run")
			m.until(func() bool {
				got, err := mailtest.Read(t.Context(), m.target("kim"))
				return err == nil && got.Items() == 60
			})
			in(60)
			if err := m.source.LoadMessages("kim@acme-old.co.kr", inbox(100, 5)...); err != nil {
				t.Fatal(err)
			}
			m.sync(3).says(t, "and does so once; what came later is moved by another route")
			in(60)
			if s := m.status(); s.Total["unproven"].Items != 60 || s.Total["copied"].Items != 0 {
				t.Errorf("the sums are %s", s.Total.text())
			}
			o := m.options
			o.route = "gateway"
			m.configure(o)
			m.sync(3).says(t, " 5 copied")
			m.notices("kim")
			in(65)
			if s := m.status(); !s.Balanced || s.Total["unproven"].Items != 60 || s.Total["copied"].Items != 5 {
				t.Errorf("the sums are %s", s.Total.text())
			}
		})
	}
}

// until waits for something that the service does in its own time.
func (m *gatewayMove) until(done func() bool) {
	m.t.Helper()
	for range 600 {
		if done() {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	m.t.Error("it never came")
}

// TestServerIsRefusedByPOP3: a member has ten accounts at the service already, or was locked
// out by too many failures. isa says so, and its mail waits for another way.
func TestServerIsRefusedByPOP3(t *testing.T) {
	t.Parallel()
	var others []string
	for i := range 10 {
		others = append(others, fmt.Sprint("other", i))
	}
	for name, c := range map[string]struct {
		before func(m *gatewayMove)
		says   string
	}{
		"ten accounts": {func(m *gatewayMove) {
			for _, who := range others {
				m.until(func() bool { return diag.ClassOf(m.register(who, mailtest.Password)) != diag.Conflict })
			}
		}, "10 external accounts"},
		"locked out": {func(m *gatewayMove) {
			for range 5 {
				if err := m.register("kim", "wrong"); diag.ClassOf(err) != diag.Invalid {
					m.t.Errorf("a wrong password: %v", err)
				}
			}
		}, "24 hours"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := newPOP3(t, "never", others...)
			m.load("kim", mailtest.Corpus{Messages: 30, Folders: 1})
			c.before(m)
			m.sync(3).says(t, c.says)
			if s := m.status(); s.Total["pending"].Items != 30 || s.Total.all() != 30 {
				t.Errorf("the sums are %s", s.Total.text())
			}
			o := m.options
			o.route = "gateway"
			m.configure(o)
			m.sync(0).says(t, " 30 copied")
		})
	}
}

// register has the service fetch an account for kim, as kim may do by hand.
func (m *gatewayMove) register(who, password string) error {
	m.t.Helper()
	port, err := strconv.Atoi(portOf(m.source.POP3))
	if err != nil {
		m.t.Fatal(err)
	}
	return mail.StartPOP3(m.t.Context(), m.client(), "kim@acme.co.kr", mail.POP3{Host: "127.0.0.1", Port: port, User: m.options.account(who), Password: api.NewSecret(password)})
}

// TestServerNeverGivesAWrongPassword: the service counts failures and locks the member out,
// so that isa tries passwords itself before.
func TestServerNeverGivesAWrongPassword(t *testing.T) {
	t.Parallel()
	m := newPOP3(t, "never")
	m.load("kim", mailtest.Corpus{Messages: 30, Folders: 1})
	m.env["OLD_PASSWORD"] = "wrong"
	for range 6 {
		m.sync(3)
	}
	m.env["OLD_PASSWORD"] = mailtest.Password
	m.sync(3).says(t, "30 unproven")
}
