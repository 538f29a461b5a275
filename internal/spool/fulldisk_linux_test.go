package spool

import (
	"errors"
	"os"
	"syscall"
	"testing"

	"github.com/isaworks/isa/internal/diag"
)

// TestAFullDisk: what does not fit is not there, and when there is room the same batch
// goes on. Who may not mount a small disk sees nothing.
func TestAFullDisk(t *testing.T) {
	if os.Getuid() != 0 {
		t.Log("file systems may not be mounted here")
		return
	}
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=64k"); errors.Is(err, syscall.EPERM) {
		t.Log("file systems may not be mounted here")
		return
	} else if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, 0); err != nil {
			t.Error(err)
		}
	})
	s, err := Open(dir, 0)
	must(t, err)
	b, err := s.Begin("batch-one", Share{})
	must(t, err)
	big := make([]byte, 20_000)
	want := 0
	for ; ; want++ {
		_, err := put(b.Writer(), []string{"a"}, "", message(want, big))
		if err != nil {
			if !errors.Is(err, ErrFull) || diag.ClassOf(err) != diag.Limited || b.Full() {
				t.Fatal(err)
			}
			break
		}
	}
	must(t, syscall.Mount("tmpfs", dir, "tmpfs", syscall.MS_REMOUNT, "size=4m"))
	_, err = put(b.Writer(), []string{"a"}, "", message(want, big))
	must(t, err)
	must(t, b.Freeze())
	if got := read(t, s, "batch-one"); len(got) != want+1 || want == 0 {
		t.Errorf("%d messages, not %d", len(got), want+1)
	}
	must(t, s.Remove("batch-one"))
}
