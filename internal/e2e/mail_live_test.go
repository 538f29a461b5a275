//go:build unix

package e2e

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"

	"github.com/isaworks/isa/internal/mailtest"
)

// letter is a message that was received at a time.
func letter(folder, subject string, date time.Time) mailtest.Message {
	return mailtest.Message{Folder: folder, Date: date,
		Raw: fmt.Appendf(nil, "Message-ID: <%s@example.co.kr>\r\nSubject: %s\r\n\r\nbody\r\n", subject, subject)}
}

// TestMailOfLiveMailboxesIsLeftAlone takes a mailbox through all phases. Once people work
// in it, a pass adds what is new and does nothing else, whatever happened at the old
// server and whatever the configuration says; mail that reaches both sides anyway is
// left out, counted and listed.
func TestMailOfLiveMailboxesIsLeftAlone(t *testing.T) {
	t.Parallel()
	old := time.Date(2024, 5, 1, 9, 0, 0, 0, time.UTC)
	m := newMove(t, moveOptions{target: mailtest.Dovecot, phase: "presync"})
	load := func(messages ...mailtest.Message) {
		t.Helper()
		if err := m.source.LoadMessages("kim", messages...); err != nil {
			t.Fatal(err)
		}
	}
	load(letter("INBOX", "one", old), letter("INBOX", "two", old), letter("Archive", "three", old), letter("프로젝트", "four", old), letter("Sent", "five", old))
	m.must(t, 0, m.dir, "apply", "--yes").says(t, "5 copied")
	m.wave("cutover", "")
	load(letter("INBOX", "six", old))
	m.sync(1).says(t, "wave.one is cutover in the configuration and presync in the state", "isa apply --wave one")
	m.must(t, 0, m.dir, "apply", "--yes", "--wave", "wave.one").says(t, "wave.one: presync → cutover", "1 copied")
	load(letter("INBOX", "seven", old))
	m.sync(0).says(t, "nothing new") // the mailbox is closed
	m.wave("live", "")
	m.must(t, 0, m.dir, "apply", "--yes").says(t, "wave.one: cutover → live")
	before := m.read("kim")

	// Old mail that turns up late is not added: it may have been deleted in the new mailbox.
	if n := before.Items(); n != 6 {
		t.Errorf("there are %d messages in the new mailbox, want 6", n)
	}
	m.as("kim", flag("INBOX", 1, 2, "$Late"))
	m.as("kim", flag("Archive", 1, 1, `\Deleted`))
	m.as("kim", rename("프로젝트", "프로젝트 2025"))
	m.as("kim", removeFirst("Sent"))
	m.write(m.source.IMAP, m.extra+`
  max_size = "1KB"
  folders {
    exclude = ["\\Sent"]
    rename  = { "Archive" = "보관", "INBOX" = "INBOX" }
  }
`)
	for range 2 {
		m.isa(t, m.dir, "apply", "--yes", "--wave", "one")
		m.isa(t, m.dir, "sync")
	}
	if after := m.read("kim"); !same(before, after) {
		t.Errorf("a live mailbox was changed from %v to %v", before, after)
	}

	// What is new is added; the rules count for it, and nothing else is done.
	now := time.Now().Add(time.Minute).Truncate(time.Second)
	m.write(m.source.IMAP, m.extra)
	load(letter("INBOX", "new", now), letter("Archive", "filed", now))
	m.sync(0).says(t, "2 copied")
	m.wave("live", fmt.Sprintf("  coexistence {\n    mode  = \"forwarding\"\n    since = %q\n  }\n", now.Add(time.Minute).In(time.FixedZone("", 9*3600)).Format("2006-01-02 15:04:05")))
	load(letter("INBOX", "forwarded", now.Add(2*time.Minute)), letter("Sent", "sent", now.Add(2*time.Minute)))
	m.sync(0).says(t, "1 copied", "1 excluded")
	m.must(t, 0, m.dir, "status", "--failures").says(t, "INBOX", "excluded", "dual delivery")
	m.must(t, 0, m.dir, "status", "--failures", "--format", "json").says(t, `"why":"dual delivery"`)
	if n := m.read("kim").Items(); n != 9 {
		t.Errorf("there are %d messages in the new mailbox, want 9", n)
	}

	// A phase never goes back unnoticed.
	m.wave("presync", "")
	r := m.must(t, 4, m.dir, "apply", "--yes")
	r.says(t, "wave.reopen")
	m.must(t, 0, m.dir, "apply", "--yes", "--allow", "wave.reopen=1")
	m.must(t, 0, m.dir, "state", "list")
}

// removeFirst removes the first message of a folder.
func removeFirst(folder string) func(*imapclient.Client) error {
	return func(c *imapclient.Client) error {
		if _, err := c.Select(folder, nil).Wait(); err != nil {
			return err
		}
		var set imap.SeqSet
		set.AddNum(1)
		if err := c.Store(set, &imap.StoreFlags{Op: imap.StoreFlagsAdd, Flags: []imap.Flag{imap.FlagDeleted}}, nil).Close(); err != nil {
			return err
		}
		return c.Expunge().Close()
	}
}

// read is what is at the target.
func (m *move) read(who string) mailtest.Mailbox {
	m.t.Helper()
	box, err := mailtest.Read(m.t.Context(), m.target(who))
	if err != nil {
		m.t.Fatal(err)
	}
	return box
}

// same reports whether two readings of a mailbox are equal.
func same(a, b mailtest.Mailbox) bool {
	if len(a) != len(b) {
		return false
	}
	for path, seen := range a {
		if other, ok := b[path]; !ok || !slices.Equal(seen, other) {
			return false
		}
	}
	return true
}
