package spool

import (
	"errors"
	"os"
	"syscall"
	"testing"

	"github.com/isaworks/isa/internal/diag"
)

// disk is a file system of so much room, "" when none may be mounted here.
func disk(t *testing.T, room string) (dir string) {
	t.Helper()
	dir = t.TempDir()
	err := syscall.EPERM
	if os.Getuid() == 0 {
		if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size="+room); err == nil {
			t.Cleanup(func() {
				if err := syscall.Unmount(dir, 0); err != nil {
					t.Error(err)
				}
			})
			return dir
		} else if !errors.Is(err, syscall.EPERM) {
			t.Fatal(err)
		}
	}
	t.Log("file systems may not be mounted here:", err)
	return ""
}

// TestAFullDiskEndsABatch: where nobody else gives room back, what a batch has is
// frozen, for which there is room.
func TestAFullDiskEndsABatch(t *testing.T) {
	dir := disk(t, "1m")
	if dir == "" {
		return
	}
	s, err := Open(dir, 0)
	must(t, err)
	fill := func(b *Batch) (n int, err error) {
		for n := 0; ; n++ {
			if _, err := put(b.Writer(), []string{"a"}, "", message(n, make([]byte, 10_000))); err != nil {
				return n, err
			}
		}
	}
	one, err := s.Begin("batch-one", Share{Items: 1000})
	must(t, err)
	two, err := s.Begin("batch-two", Share{Items: 1000})
	must(t, err)
	n, err := fill(one)
	if !errors.Is(err, ErrBatchFull) || !one.Full() || n < worth {
		t.Fatalf("%d messages, %v", n, err)
	}
	if _, err := fill(two); !errors.Is(err, ErrFull) || two.Full() {
		t.Errorf("a batch of less than %d messages is over: %v", worth, err)
	}
	must(t, one.Freeze())
	if got := read(t, s, "batch-one"); len(got) != n {
		t.Errorf("%d messages, not %d", len(got), n)
	}
	if _, err := fill(two); !errors.Is(err, ErrFull) {
		t.Errorf("%v", err)
	}
	if _, err := s.Begin("batch-four", Share{Items: 20_000}); !errors.Is(err, ErrFull) {
		t.Errorf("%v", err)
	}
	if ids, err := s.List(""); err != nil || len(ids) != 2 {
		t.Errorf("what was not begun is there: %v, %v", ids, err)
	}
	must(t, s.Remove("batch-one"))
	if n, err := fill(two); !errors.Is(err, ErrBatchFull) || n < worth {
		t.Errorf("%d messages when there is room, %v", n, err)
	}
	must(t, two.Freeze())
}

// TestAFullDisk: what does not fit is not there, and when there is room the same batch
// goes on. Who may not mount a small disk sees nothing.
func TestAFullDisk(t *testing.T) {
	dir := disk(t, "64k")
	if dir == "" {
		return
	}
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
