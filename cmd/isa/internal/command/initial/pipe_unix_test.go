//go:build unix

package initial_test

import (
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestNamedPipe: nothing is waited for that calls itself a table.
func TestNamedPipe(t *testing.T) {
	d := newDesk(t, nil)
	if err := syscall.Mkfifo(filepath.Join(d.Dir, "a.csv"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := d.types("", flags()...); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(d.err.String(), "a.csv cannot be read: ") || !strings.Contains(d.err.String(), "no ordinary file") {
		t.Errorf("it is told as %s", d.err.String())
	}
}
