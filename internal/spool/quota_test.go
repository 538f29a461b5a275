package spool

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"

	"github.com/isaworks/isa/internal/diag"
)

func TestTheQuota(t *testing.T) {
	s := open(t, 1_000_000)
	fill := func(id string, bytes int) {
		t.Helper()
		b, err := s.Begin(id, Share{Bytes: 590_000})
		must(t, err)
		_, err = put(b.Writer(), []string{"a"}, "", message(1, make([]byte, bytes)))
		must(t, err)
		must(t, b.Freeze())
	}
	full := func() {
		t.Helper()
		_, err := s.Begin("batch-two", Share{Bytes: 590_000})
		if !errors.Is(err, ErrFull) || diag.ClassOf(err) != diag.Limited {
			t.Errorf("%v", err)
		}
	}
	b, err := s.Begin("batch-one", Share{Bytes: 590_000})
	must(t, err)
	full() // what it may still come to hold is reserved
	_, err = put(b.Writer(), []string{"a"}, "", message(1, make([]byte, 400_000)))
	must(t, err)
	if _, err := put(b.Writer(), []string{"a"}, "", message(1, make([]byte, 201_000))); !errors.Is(err, ErrBatchFull) || !b.Full() {
		t.Errorf("%v", err)
	}
	must(t, b.Freeze())
	freed := s.Freed()
	fill("batch-two", 300_000)
	full()
	must(t, s.Remove("batch-one"))
	if s.Freed() <= freed {
		t.Error("nobody sees that there is room")
	}
	fill("batch-three", 400_000)
	other, err := Open(s.Dir(), 1_000_000)
	must(t, err)
	if used, err := other.Used(); err != nil || used < 700_000 || used > 701_000 {
		t.Errorf("another process sees %d, %v", used, err)
	}
	big, err := Open(t.TempDir(), 100) // a share larger than the quota is the quota
	must(t, err)
	b, err = big.Begin("batch-one", Share{Bytes: 590_000})
	must(t, err)
	if got := b.Writer().Limits().Item; got != 100 {
		t.Errorf("an item may have %d", got)
	}
	must(t, b.Discard())
	if used, err := big.Used(); err != nil || used != 0 {
		t.Errorf("%d, %v", used, err)
	}
	if _, err := big.Begin("batch-one", Share{Items: 1}); diag.ClassOf(err) != diag.Invalid {
		t.Errorf("%v", err)
	}
}

// TestTheQuotaHoldsForAllFiles: however small the messages are, what is on the disk is
// within the quota at any time.
func TestTheQuotaHoldsForAllFiles(t *testing.T) {
	const quota = 400_000
	s := open(t, quota)
	within := func() {
		t.Helper()
		all := int64(0)
		must(t, filepath.WalkDir(s.Dir(), func(_ string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			info, err := d.Info()
			all += info.Size()
			return err
		}))
		if used, err := s.Used(); err != nil || all > used || used > quota {
			t.Fatalf("%d bytes are there, %d are counted of %d, %v", all, used, quota, err)
		}
	}
	batches := 0
	for ; ; batches++ {
		b, err := s.Begin(fmt.Sprintf("batch-%04d", batches), Share{Items: 1000, Bytes: 20_000})
		if errors.Is(err, ErrFull) {
			break
		}
		must(t, err)
		for n := 0; err == nil; n++ {
			_, err = put(b.Writer(), []string{"폴더", fmt.Sprint(n % 50)}, "", message(n, make([]byte, 10)))
		}
		if !errors.Is(err, ErrBatchFull) {
			t.Fatal(err)
		}
		within()
		must(t, b.Freeze())
		_, err = s.Secret(b.ID())
		must(t, err)
		within()
	}
	if batches < 2 {
		t.Errorf("%d batches", batches)
	}
}

func TestABatchTakesSoManyItems(t *testing.T) {
	s := open(t, 0)
	b, err := s.Begin("batch-one", Share{Items: 3})
	must(t, err)
	_, err = put(b.Writer(), []string{"a"}, "", message(1, nil), message(2, nil))
	must(t, err)
	if _, err := put(b.Writer(), []string{"a"}, "", message(1, nil), message(2, nil)); !errors.Is(err, ErrBatchFull) || !b.Full() {
		t.Errorf("%v", err)
	}
	if n, bytes := b.Items(); n != 2 || bytes != 0 {
		t.Errorf("%d, %d", n, bytes)
	}
	must(t, b.Freeze())
	if _, err := put(b.Writer(), []string{"a"}, ""); err == nil {
		t.Error("a frozen batch takes more")
	}
	if _, err := s.Begin("batch-one", Share{}); err == nil {
		t.Error("two of one name")
	}
	for _, id := range []string{"", "short", "With-Capitals", "with/slash", "..........", strings.Repeat("x", 61)} {
		if _, err := s.Begin(id, Share{}); err == nil {
			t.Errorf("%q is an ID", id)
		}
		if s.Remove(id) == nil {
			t.Errorf("%q can be removed", id)
		}
	}
	if got := b.Writer().Limits().Batch; got != 3 {
		t.Errorf("%d at once", got)
	}
}
