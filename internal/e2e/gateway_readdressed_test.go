//go:build unix

package e2e

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/isaworks/isa/internal/mailtest"
)

// edit replaces texts in a file of the configuration.
func (m *gatewayMove) edit(name string, oldNew ...string) {
	m.t.Helper()
	text, err := os.ReadFile(filepath.Join(m.dir, name))
	if err != nil {
		m.t.Fatal(err)
	}
	edited := strings.NewReplacer(oldNew...).Replace(string(text))
	if edited == string(text) {
		m.t.Fatalf("%s has none of %q", name, oldNew)
	}
	m.file(name, edited)
}

// TestGatewayDoesNotFollowAWrongMovedBlock: a moved block that takes somebody's mailbox for
// another's moves nothing, and without it each mailbox goes on under its new address, and
// again under its old one.
func TestGatewayDoesNotFollowAWrongMovedBlock(t *testing.T) {
	t.Parallel()
	m := newGateway(t, gatewayOptions{who: []string{"kim", "lee"}})
	m.load("kim", mailtest.Corpus{Messages: 40, Folders: 4})
	m.load("lee", mailtest.Corpus{Messages: 31, Folders: 4, Seed: 3, Prefix: "lee"})
	m.sync(0).says(t, " 71 copied")
	for _, who := range m.who {
		m.notices(who)
	}
	m.edit("main.hcl", `mail_migration "staff"`, `mail_migration "people"`)
	wrong := "moved {\n  from = mail_migration.staff[\"kim\"]\n  to   = mail_migration.people[\"lee\"]\n}\n"
	for _, moved := range []string{wrong, wrong + "moved {\n  from = mail_migration.staff[\"lee\"]\n  to   = mail_migration.people[\"kim\"]\n}\n"} {
		m.file("moved.hcl", moved)
		for _, command := range []string{"survey", "sync", "plan"} {
			m.must(t, 1, m.dir, command).says(t, "[moved.mailbox]", "moved.hcl")
		}
	}
	if err := os.Remove(filepath.Join(m.dir, "moved.hcl")); err != nil {
		t.Fatal(err)
	}
	m.sync(0).says(t, ": nothing new.")
	m.edit("main.hcl", `mail_migration "people"`, `mail_migration "staff"`)
	m.must(t, 0, m.dir, "survey")
	m.sync(0).says(t, ": nothing new.")
	for who, n := range map[string]int64{"kim": 40, "lee": 31} {
		m.settled(who, n)
	}
}

// TestGatewayFollowsALogin: a member who logs in by another name has the same mailbox, and
// nothing arrives a second time; where that is not known, nothing is moved, under another
// label neither.
func TestGatewayFollowsALogin(t *testing.T) {
	t.Parallel()
	m := newGateway(t, gatewayOptions{})
	m.load("kim", mailtest.Corpus{Messages: 40, Folders: 4})
	m.sync(0).says(t, " 40 copied")
	m.notices("kim")
	m.edit("head.hcl", "login_id      = each.key", "login_id      = \"gd${each.key}\"")
	m.must(t, 0, m.dir, "apply", "--yes")
	m.sync(0).says(t, ": nothing new.")
	m.edit("head.hcl", "login_id      = \"gd${each.key}\"", "login_id      = each.key")
	m.must(t, 0, m.dir, "apply", "--yes")
	m.settled("kim", 40)

	path := filepath.Join(m.dir, "isa.state.json")
	known, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	unknown := regexp.MustCompile(`(?s),\s*"member": "[^"]*"(\s*\})`).ReplaceAll(known, []byte("$1"))
	if len(unknown) == len(known) {
		t.Fatalf("the state does not have the member: %s", known)
	}
	if err := os.WriteFile(path, unknown, 0o600); err != nil {
		t.Fatal(err)
	}
	m.edit("head.hcl", "login_id      = each.key", "login_id      = \"gd${each.key}\"")
	m.must(t, 0, m.dir, "apply", "--yes", "--target", "member.staff")
	m.sync(3).says(t, "was moved from")
	m.edit("main.hcl", `mail_migration "staff"`, `mail_migration "people"`)
	m.sync(3).says(t, "all would arrive a second time", "shared_account")
	box := m.target("kim")
	box.User = "gdkim@acme.co.kr"
	m.target = func(string) mailtest.Account { return box }
	if n := m.notices("kim"); n != 0 {
		t.Errorf("%d notices of runs that were refused", n)
	}
}
