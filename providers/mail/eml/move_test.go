//go:build unix

package eml_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/isaworks/isa/internal/mailtest"
	"github.com/isaworks/isa/internal/mailtest/movetest"
	"github.com/isaworks/isa/internal/mailtest/sourcetest"
	"github.com/isaworks/isa/providers"
	"github.com/isaworks/isa/providers/mail/eml"
)

// TestMoving: every message once, then only what came; a directory with another name is
// the same folder, and a file that cannot be read stays behind alone.
func TestMoving(t *testing.T) {
	dir := t.TempDir()
	all := corpus(153)
	if err := mailtest.WriteEML(dir, 1, mailtest.LF, all[:150]...); err != nil {
		t.Fatal(err)
	}
	m := movetest.Moving(t, eml.Origin(dir))
	m.Pass(150)
	m.Holds(sourcetest.Wanted(all[:150], false), mailtest.Comparison{})
	m.Pass(0)
	if err := mailtest.WriteEML(dir, 151, mailtest.LF, all[150:]...); err != nil {
		t.Fatal(err)
	}
	m.Pass(3)
	if err := os.Rename(filepath.Join(dir, "Sent"), filepath.Join(dir, "Sent 2019")); err != nil {
		t.Fatal(err)
	}
	if j := m.Pass(0); j.Renamed != 1 {
		t.Errorf("%d folders were renamed", j.Renamed)
	}
	m.Holds(sourcetest.Wanted(all, false), mailtest.Comparison{Rename: func(path string) string {
		if path == "Sent" {
			return "Sent 2019"
		}
		return path
	}})

	link := filepath.Join(dir, "000500.eml")
	if err := os.Symlink("nothing", link); err != nil {
		t.Fatal(err)
	}
	if err := mailtest.WriteEML(dir, 600, nil, mailtest.Message{Folder: "INBOX", Raw: []byte("Subject: after\r\n\r\n"), Date: all[0].Date}); err != nil {
		t.Fatal(err)
	}
	j := m.Any()
	if j.Moved[providers.Copied].Items != 1 || j.Sums[providers.Quarantined].Items != 1 {
		t.Errorf("moved %v, in all %v", j.Moved, j.Sums)
	}
	if err := os.Remove(link); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(link, []byte("Subject: whole again\n\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	j = m.Any()
	if j.Moved[providers.Copied].Items != 1 || j.Sums[providers.Quarantined].Items != 0 {
		t.Errorf("moved %v, in all %v", j.Moved, j.Sums)
	}
}
