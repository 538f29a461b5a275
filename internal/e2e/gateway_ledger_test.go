//go:build unix

package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/isaworks/isa/internal/mailtest"
)

// TestGatewayRefusesALostLedger: nobody can look what is in the mailbox by this route, so
// that a ledger that is gone, or from before the last runs, moves nothing, also where it was
// accepted; the route append finds out what is there, and then the gateway goes on.
func TestGatewayRefusesALostLedger(t *testing.T) {
	t.Parallel()
	for _, older := range []bool{true, false} {
		t.Run(fmt.Sprint("older=", older), func(t *testing.T) {
			t.Parallel()
			m := newGateway(t, gatewayOptions{})
			m.load("kim", mailtest.Corpus{Messages: 100, Folders: 6})
			m.sync(0).says(t, " 100 copied")
			path := filepath.Join(m.dir, "isa.state.ledger")
			backup, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			m.more("kim", mailtest.Corpus{Messages: 20, Folders: 6, Seed: 5, Prefix: "second"})
			m.sync(0).says(t, " 20 copied")
			m.notices("kim")
			for _, end := range []string{"", "-wal", "-shm"} {
				if err := os.Remove(path + end); err != nil && !os.IsNotExist(err) {
					t.Fatal(err)
				}
			}
			if older {
				if err := os.WriteFile(path, backup, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			m.must(t, 1, m.dir, "sync").says(t, "--allow ledger.lost")
			for _, args := range [][]string{{"--allow", "ledger.lost=1"}, nil} {
				m.sync(3, args...).says(t, "but the ledger does not know which: it would arrive a second time", `route = "append"`)
			}
			if n := m.notices("kim"); n != 0 {
				t.Errorf("%d notices of runs that were refused", n)
			}

			m.env["APP_PASSWORD"] = m.target("kim").Password
			o := m.options
			o.route, o.open = "append", "  login {\n    user     = each.key\n    password = secret_env(\"OLD_PASSWORD\")\n  }\n  app_password = secret_env(\"APP_PASSWORD\")"
			m.configure(o)
			m.sync(0)
			m.same("kim", mailtest.Comparison{})
			m.more("kim", mailtest.Corpus{Messages: 10, Folders: 6, Seed: 6, Prefix: "third"})
			o.route = "gateway"
			m.configure(o)
			m.sync(0).says(t, " 10 copied")
			m.notices("kim")
			m.same("kim", mailtest.Comparison{})
			if s := m.status(); !s.Balanced || s.Total.all() != 130 || s.Total["copied"].Items+s.Total["adopted"].Items != 130 {
				t.Errorf("the sums are %s", s.Total.text())
			}
		})
	}
}

// TestGatewayThatIsTakenAwayLeavesNoMail: what was read for it and never fetched goes another
// way, and leaves the disk, although nothing names the spool any more.
func TestGatewayThatIsTakenAwayLeavesNoMail(t *testing.T) {
	t.Parallel()
	m := newGateway(t, gatewayOptions{})
	m.load("kim", mailtest.Corpus{Messages: 60, Folders: 6})
	if err := m.SetMailImport(false); err != nil {
		t.Fatal(err)
	}
	m.sync(3)
	if n := m.spooled(); n != 1 {
		t.Fatalf("the spool holds %d batches", n)
	}
	m.env["APP_PASSWORD"] = m.target("kim").Password
	o := m.options
	o.route, o.open = "append", "  login {\n    user     = each.key\n    password = secret_env(\"OLD_PASSWORD\")\n  }\n  app_password = secret_env(\"APP_PASSWORD\")"
	m.configure(o)
	head, err := os.ReadFile(filepath.Join(m.dir, "head.hcl"))
	if err != nil {
		t.Fatal(err)
	}
	people, _, _ := strings.Cut(string(head), "mail_gateway")
	m.file("head.hcl", people)
	m.sync(0).says(t, " 60 copied")
	if n := m.spooled(); n != 0 {
		t.Errorf("the spool holds %d batches", n)
	}
	m.same("kim", mailtest.Comparison{})
}

// TestGatewayRefusesALostLedgerOfAnotherAddress: the state has the mailbox by the address of
// before.
func TestGatewayRefusesALostLedgerOfAnotherAddress(t *testing.T) {
	t.Parallel()
	m := newGateway(t, gatewayOptions{})
	m.load("kim", mailtest.Corpus{Messages: 40, Folders: 6})
	m.sync(0).says(t, " 40 copied")
	m.notices("kim")
	for _, end := range []string{"", "-wal", "-shm"} {
		if err := os.Remove(filepath.Join(m.dir, "isa.state.ledger") + end); err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
	}
	text, err := os.ReadFile(filepath.Join(m.dir, "main.hcl"))
	if err != nil {
		t.Fatal(err)
	}
	m.file("main.hcl", strings.Replace(string(text), `mail_migration "staff"`, `mail_migration "people"`, 1))
	for _, args := range [][]string{{"--allow", "ledger.lost=1"}, nil, nil} {
		m.sync(3, args...).says(t, "but the ledger does not know which: it would arrive a second time")
	}
	if n := m.notices("kim"); n != 0 {
		t.Errorf("%d notices of runs that were refused", n)
	}
}

// TestGatewayFindsItsSpoolOfAnotherName: the configuration is reached by another path, and
// then has another spool while a batch waits in the first.
func TestGatewayFindsItsSpoolOfAnotherName(t *testing.T) {
	t.Parallel()
	m := newGateway(t, gatewayOptions{})
	m.load("kim", mailtest.Corpus{Messages: 60, Folders: 6})
	if err := m.SetMailImport(false); err != nil {
		t.Fatal(err)
	}
	m.sync(3)
	dir, link := m.dir, filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(dir, link); err != nil {
		t.Fatal(err)
	}
	m.dir = link
	if r := m.sync(3); strings.Contains(r.String(), "spool") {
		t.Errorf("%v", r)
	}
	if n := m.spooled(); n != 1 {
		t.Errorf("the spool holds %d batches", n)
	}
	if err := m.SetMailImport(true); err != nil {
		t.Fatal(err)
	}
	head, err := os.ReadFile(filepath.Join(dir, "head.hcl"))
	if err != nil {
		t.Fatal(err)
	}
	m.file("head.hcl", strings.Replace(string(head), `= "spool"`, `= "other"`, 1))
	m.sync(0).says(t, " 60 copied")
	if n := m.spooled(); n != 0 {
		t.Errorf("the spool holds %d batches", n)
	}
	m.notices("kim")
	m.same("kim", mailtest.Comparison{})
}
