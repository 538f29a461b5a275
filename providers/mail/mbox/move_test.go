//go:build unix

package mbox_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/isaworks/isa/internal/mailtest"
	"github.com/isaworks/isa/internal/mailtest/movetest"
	"github.com/isaworks/isa/internal/mailtest/sourcetest"
	"github.com/isaworks/isa/providers/mail/mbox"
)

// TestMoving: every message once, then only what came, also when the file was written
// anew or has another name.
func TestMoving(t *testing.T) {
	dir := t.TempDir()
	w := mailtest.Mboxrd()
	w.Status = true
	all := append(quoting(w), corpus(150)...)
	n := len(all) - 3
	if err := w.WriteMbox(dir, all[:n]...); err != nil {
		t.Fatal(err)
	}
	m := movetest.Moving(t, mbox.Origin(dir))
	m.Pass(int64(n))
	m.Holds(sourcetest.Wanted(all[:n], true), mailtest.Comparison{})
	m.Pass(0)
	if err := w.WriteMbox(dir, all[n:]...); err != nil {
		t.Fatal(err)
	}
	if j := m.Pass(3); j.Reclaimed == 0 {
		t.Error("nothing was recognised in the files that grew")
	}
	m.Holds(sourcetest.Wanted(all, true), mailtest.Comparison{})

	inbox := filepath.Join(dir, "INBOX")
	text, err := os.ReadFile(inbox)
	if err != nil {
		t.Fatal(err)
	}
	second := 1 + bytes.Index(text[1:], []byte("\nFrom user@"))
	if err := os.WriteFile(inbox, text[second+1:], 0o644); err != nil { // without its first message
		t.Fatal(err)
	}
	if err := os.Rename(filepath.Join(dir, "Sent"), filepath.Join(dir, "Sent 2019")); err != nil {
		t.Fatal(err)
	}
	if j := m.Pass(0); j.Renamed != 1 {
		t.Errorf("%d folders were renamed", j.Renamed)
	}
	m.Holds(sourcetest.Wanted(all, true), mailtest.Comparison{Rename: func(path string) string {
		if path == "Sent" {
			return "Sent 2019"
		}
		return path
	}})
}
