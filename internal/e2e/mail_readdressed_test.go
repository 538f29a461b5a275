//go:build unix

package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/isaworks/isa/internal/mailtest"
)

// TestMailFollowsItsAddress gives people, their mailboxes and their wave other addresses
// while the wave is live: the mailbox goes on as it was, nothing old is added to it, and
// the old names are gone from the state, so that the moved blocks may go, too.
func TestMailFollowsItsAddress(t *testing.T) {
	t.Parallel()
	old := time.Date(2024, 5, 1, 9, 0, 0, 0, time.UTC)
	m := newMove(t, moveOptions{target: mailtest.Dovecot, phase: "presync"})
	load := func(messages ...mailtest.Message) {
		t.Helper()
		if err := m.source.LoadMessages("kim", messages...); err != nil {
			t.Fatal(err)
		}
	}
	load(letter("INBOX", "one", old), letter("Archive", "two", old))
	for _, phase := range []string{"presync", "cutover", "live"} {
		m.wave(phase, "")
		m.must(t, 0, m.dir, "apply", "--yes")
	}
	before := m.read("kim")
	load(letter("INBOX", "late", old)) // old mail is not added to a live mailbox

	text, err := os.ReadFile(filepath.Join(m.dir, "main.hcl"))
	if err != nil {
		t.Fatal(err)
	}
	m.file("main.hcl", strings.NewReplacer(
		"toset(var.who)", `{ E1 = "kim" }`, "= each.key", "= each.value", "${each.key}@example.com", "${each.value}@example.com",
		`"staff" {`+"\n  for_each     = member.staff", `"people" {`+"\n  for_each     = member.staff",
		`"${each.key}@acme.co.kr"`, `"kim@acme.co.kr"`, "user     = each.key", `user     = "kim"`, "wave = wave.one", "wave = wave.first",
	).Replace(string(text)))
	m.file("wave.hcl", "wave \"first\" {\n  phase = \"live\"\n}\n")
	m.must(t, 4, m.dir, "plan").says(t, "[guard.wave.membership]")
	m.file("moved.hcl", `moved {
  from = member.staff["kim"]
  to   = member.staff["E1"]
}
moved {
  from = wave.one
  to   = wave.first
}
`)
	m.sync(1) // the wave's new name was not applied
	m.must(t, 0, m.dir, "plan").says(t, `was member.staff["kim"]`, `was mail_migration.staff["kim"]`, "wave.first: live, was wave.one",
		"1 mailbox under another address, wave.one as wave.first")
	m.must(t, 0, m.dir, "apply", "--yes").says(t, "1 excluded")
	m.empty(t, m.dir)
	if err := os.Remove(filepath.Join(m.dir, "moved.hcl")); err != nil {
		t.Fatal(err)
	}
	m.empty(t, m.dir)
	m.sync(0).says(t, "nothing new")
	if after := m.read("kim"); !same(before, after) {
		t.Errorf("the mailbox was changed from %v to %v", before, after)
	}
	s := m.status()
	if len(s.Mailboxes) != 1 || s.Mailboxes[0].Address != `mail_migration.people["E1"]` {
		t.Errorf("the status has %+v", s.Mailboxes)
	}
	known, err := os.ReadFile(filepath.Join(m.dir, "isa.state.json"))
	if err != nil {
		t.Fatal(err)
	}
	for _, gone := range []string{"wave.one", "mail_migration.staff"} {
		if strings.Contains(string(known), gone) {
			t.Errorf("the state still has %s", gone)
		}
	}
	load(letter("INBOX", "new", time.Now().Add(time.Minute)))
	m.sync(0).says(t, "1 copied")
}
