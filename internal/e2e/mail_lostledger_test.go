//go:build unix

package e2e

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/isaworks/isa/internal/mailtest"
	"github.com/isaworks/isa/state"
	"github.com/isaworks/isa/state/ledger"
)

// TestMailLedgerLostWhileLive: when the ledger is lost after people began to work in the
// new mailbox, the way out changes nothing there, brings nothing back that they removed,
// and adds only what is newer.
func TestMailLedgerLostWhileLive(t *testing.T) {
	t.Parallel()
	old := time.Date(2024, 5, 1, 9, 0, 0, 0, time.UTC)
	m := newMove(t, moveOptions{target: mailtest.Dovecot, phase: "presync"})
	load := func(messages ...mailtest.Message) {
		t.Helper()
		if err := m.source.LoadMessages("kim", messages...); err != nil {
			t.Fatal(err)
		}
	}
	load(letter("INBOX", "one", old), letter("INBOX", "two", old), letter("Archive", "three", old), letter("Sent", "four", old))
	m.must(t, 0, m.dir, "apply", "--yes").says(t, "4 copied")
	m.wave("live", "")
	m.must(t, 0, m.dir, "apply", "--yes", "--wave", "wave.one").says(t, "wave.one: presync → live")

	// They remove a message, flag one, and the old server changes too.
	target := m.target("kim")
	if err := mailtest.Do(t.Context(), target, removeFirst("INBOX")); err != nil {
		t.Fatal(err)
	}
	if err := mailtest.Do(t.Context(), target, flag("Archive", 1, 1, "$Mine")); err != nil {
		t.Fatal(err)
	}
	m.as("kim", flag("INBOX", 1, 2, "$Late"))
	m.as("kim", flag("Archive", 1, 1, "$Late"))
	m.as("kim", rename("Sent", "Sent 2024"))
	load(letter("INBOX", "late", old))
	before := m.read("kim")

	lose := func() {
		t.Helper()
		for _, end := range []string{"", "-wal", "-shm"} {
			if err := os.Remove(filepath.Join(m.dir, "isa.state.ledger"+end)); err != nil && !os.IsNotExist(err) {
				t.Fatal(err)
			}
		}
	}
	lose()
	m.must(t, 1, m.dir, "sync").says(t, "missing", "--allow ledger.lost")
	m.sync(0, "--allow", "ledger.lost=1")
	m.sync(0)
	if after := m.read("kim"); !same(before, after) {
		t.Errorf("a live mailbox was changed from %v to %v", before, after)
	}

	now := time.Now().Add(time.Minute).Truncate(time.Second)
	load(letter("INBOX", "new", now))
	lose()
	m.sync(0, "--allow", "ledger.lost=1").says(t, "1 copied")
	m.sync(0).says(t, "nothing new")
	after := m.read("kim")
	if n := after.Items(); n != before.Items()+1 {
		t.Errorf("there are %d messages in the new mailbox, want %d", n, before.Items()+1)
	}
	for path := range before {
		if path != "INBOX" && len(after[path]) != len(before[path]) {
			t.Errorf("folder %s was changed from %v to %v", path, before[path], after[path])
		}
	}
}

// TestMailLedgerLostAtApply: apply takes the same way out as sync, and a run that was
// killed right after it had accepted an older ledger leaves nothing that doubles: what
// people removed from a live mailbox since the backup stays removed.
func TestMailLedgerLostAtApply(t *testing.T) {
	t.Parallel()
	apply := []string{"apply", "--yes", "--wave", "wave.one", "--allow", "ledger.lost=1"}
	for _, lost := range []struct {
		name  string
		older bool
		then  func(t *testing.T, path string)
		args  []string
	}{
		{name: "missing", args: apply},
		{name: "older", older: true, args: apply},
		{name: "killed", older: true, then: acceptOlder, args: []string{"sync"}},
	} {
		t.Run(lost.name, func(t *testing.T) {
			t.Parallel()
			m := newMove(t, moveOptions{target: mailtest.Dovecot, phase: "presync"})
			load := func(name string, at time.Time) {
				t.Helper()
				if err := m.source.LoadMessages("kim", letter("INBOX", name, at)); err != nil {
					t.Fatal(err)
				}
			}
			load("old", time.Date(2024, 5, 1, 9, 0, 0, 0, time.UTC))
			m.must(t, 0, m.dir, "apply", "--yes").says(t, "1 copied")
			path := filepath.Join(m.dir, "isa.state.ledger")
			backup, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}

			// Newer than the backup's last pass, by an hour for wrong clocks, and older
			// than the last one of all.
			between := time.Now().Truncate(time.Second).Add(2*time.Second - time.Hour)
			load("between", between)
			m.wave("live", "")
			m.must(t, 0, m.dir, "apply", "--yes", "--wave", "wave.one").says(t, "1 copied")
			time.Sleep(time.Until(between.Add(time.Hour + time.Second)))
			load("between too", between)
			m.sync(0).says(t, "1 copied")
			for range 3 {
				if err := mailtest.Do(t.Context(), m.target("kim"), removeFirst("INBOX")); err != nil {
					t.Fatal(err)
				}
			}
			load("new", time.Now().Add(time.Minute).Truncate(time.Second))

			for _, end := range []string{"", "-wal", "-shm"} {
				if err := os.Remove(path + end); err != nil && !os.IsNotExist(err) {
					t.Fatal(err)
				}
			}
			if lost.older {
				if err := os.WriteFile(path, backup, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			if lost.then != nil {
				lost.then(t, path)
			}
			m.must(t, 0, m.dir, lost.args...).says(t, "1 copied")
			m.sync(0).says(t, "nothing new")
			if n := m.read("kim").Items(); n != 1 {
				t.Errorf("there are %d messages in the new mailbox, want the new one", n)
			}
		})
	}
}

// acceptOlder leaves a ledger as a run does that accepted an older one and was killed
// right then.
func acceptOlder(t *testing.T, path string) {
	t.Helper()
	have, err := ledger.Open(t.Context(), path, ledger.Options{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	id, high, err := have.Identity(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := have.Close(); err != nil {
		t.Fatal(err)
	}
	l, err := ledger.Open(t.Context(), path, ledger.Options{Adopt: true, Expect: state.Ledger{ID: id, HighWater: high + 1<<20}})
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
}
