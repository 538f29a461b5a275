//go:build unix

package maildir_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/isaworks/isa/internal/mailtest"
	"github.com/isaworks/isa/internal/mailtest/movetest"
	"github.com/isaworks/isa/internal/mailtest/sourcetest"
	"github.com/isaworks/isa/providers/mail/maildir"
)

// TestMoving: every message once with its flags, then only what came and what changed.
func TestMoving(t *testing.T) {
	dir := t.TempDir()
	all := corpus(153)
	if err := mailtest.WriteMaildir(dir, all[:150]...); err != nil {
		t.Fatal(err)
	}
	m := movetest.Moving(t, maildir.Origin(dir))
	m.Pass(150)
	m.Holds(sourcetest.Wanted(all[:150], true), mailtest.Comparison{})
	m.Pass(0)
	if err := mailtest.WriteMaildir(dir, all[150:]...); err != nil {
		t.Fatal(err)
	}
	m.Pass(3)
	m.Holds(sourcetest.Wanted(all, true), mailtest.Comparison{})
	name, err := filepath.Glob(filepath.Join(dir, "cur", "*"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(name[0], name[0]+"D"); err != nil { // no message of the corpus here is a draft
		t.Fatal(err)
	}
	if j := m.Pass(0); j.Flags != 1 {
		t.Errorf("%d flags were changed", j.Flags)
	}
}
