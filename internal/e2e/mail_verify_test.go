//go:build unix

package e2e

import (
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"

	"github.com/isaworks/isa/internal/mailtest"
)

// TestVerifyOfALiveMailbox: what its owner files elsewhere, throws away or renames is
// told apart from what is missing, and is no fault; nor is a folder that is new at the
// old server, but what is in it has not been moved.
func TestVerifyOfALiveMailbox(t *testing.T) {
	t.Parallel()
	old := time.Date(2024, 5, 1, 9, 0, 0, 0, time.UTC)
	m := newMove(t, moveOptions{target: mailtest.Dovecot, phase: "presync"})
	if err := m.source.LoadMessages("kim", letter("INBOX", "one", old), letter("INBOX", "two", old), letter("INBOX", "three", old),
		letter("Archive", "four", old), letter("프로젝트", "five", old)); err != nil {
		t.Fatal(err)
	}
	m.must(t, 0, m.dir, "apply", "--yes").says(t, "5 copied")
	m.wave("cutover", "")
	m.must(t, 0, m.dir, "apply", "--yes")
	m.must(t, 0, m.dir, "verify", "--full").says(t, "Both ends are the same")

	work := func(act func(c *imapclient.Client) error) {
		t.Helper()
		if err := mailtest.Do(t.Context(), m.target("kim"), act); err != nil {
			t.Fatal(err)
		}
	}
	work(func(c *imapclient.Client) error {
		if err := c.Create("보관", nil).Wait(); err != nil {
			return err
		}
		if _, err := c.Select("INBOX", nil).Wait(); err != nil {
			return err
		}
		if _, err := c.Move(imap.SeqSetNum(1), "보관").Wait(); err != nil {
			return err
		}
		if err := c.Store(imap.SeqSetNum(1), &imap.StoreFlags{Op: imap.StoreFlagsAdd, Flags: []imap.Flag{imap.FlagDeleted}}, nil).Close(); err != nil {
			return err
		}
		return c.Expunge().Close()
	})
	work(rename("프로젝트", "프로젝트 2025"))
	for _, phase := range []string{"cutover", "live"} { // it is closed in the first
		m.wave(phase, "")
		m.must(t, 0, m.dir, "apply", "--yes")
		m.must(t, 0, m.dir, "verify", "--full").says(t, "in INBOX: delivered to INBOX, moved to 보관 since", "in INBOX: delivered to INBOX, no longer there",
			"in 프로젝트: delivered to 프로젝트, moved to 프로젝트 2025 since", "Everything arrived.")
	}
	m.must(t, 0, m.dir, "verify", "--format", "json").says(t, `"same": true`, `"fate": "elsewhere"`, `"elsewhere": 2`, `"removed": 1`, `"missing": 0`)

	if err := m.source.LoadMessages("kim", letter("later", "six", old)); err != nil {
		t.Fatal(err)
	}
	m.must(t, 3, m.dir, "verify").says(t, "Both ends are not the same.")
}
