//go:build unix

// Package sourcetest tests that origins of mail keep the contract of providers.Reader.
package sourcetest

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/internal/mailtest"
	"github.com/isaworks/isa/providers"
)

// Open opens an origin, to be closed with the test.
func Open(t testing.TB, o providers.Origin) providers.Reader {
	t.Helper()
	r, err := o.Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	})
	return r
}

// Folder finds a folder by its path, with "/" between the levels.
func Folder(t testing.TB, r providers.Reader, path string) providers.Folder {
	t.Helper()
	folders, err := r.Folders(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range folders {
		if strings.Join(f.Path, "/") == path {
			return f
		}
	}
	t.Fatalf("no folder %q in %v", path, folders)
	return providers.Folder{}
}

// Scan returns what a Scan yields.
func Scan(t testing.TB, r providers.Reader, f providers.Folder, what providers.Scan) ([]providers.Item, providers.Folder) {
	t.Helper()
	var items []providers.Item
	now, err := r.Scan(t.Context(), f, what, func(it providers.Item) error {
		items = append(items, it)
		return nil
	})
	if err != nil {
		t.Fatalf("scan of %v: %v", f.Path, err)
	}
	return items, now
}

// Letter is a message as a source serves it.
type Letter struct {
	providers.Item
	Raw []byte
}

// Fetch returns what a Fetch yields, and its error.
func Fetch(ctx context.Context, r providers.Reader, f providers.Folder, items []providers.Item) ([]Letter, error) {
	var out []Letter
	err := r.Fetch(ctx, f, items, func(m providers.Message) error {
		raw, err := io.ReadAll(m.Body)
		if err != nil {
			return err
		}
		if int64(len(raw)) != m.Size {
			return fmt.Errorf("%s was told to have %d bytes and has %d", m.Key, m.Size, len(raw))
		}
		out = append(out, Letter{m.Item, raw})
		return nil
	})
	return out, err
}

// Read reads all messages of a source, as a server would show them.
func Read(t testing.TB, r providers.Reader) mailtest.Mailbox {
	t.Helper()
	folders, err := r.Folders(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	out := mailtest.Mailbox{}
	for _, f := range folders {
		if f.Unserved != "" {
			continue
		}
		path := strings.Join(f.Path, "/")
		out[path] = nil
		items, _ := Scan(t, r, f, providers.Scan{})
		letters, err := Fetch(t.Context(), r, f, items)
		if err != nil {
			t.Fatal(err)
		}
		for _, l := range letters {
			out[path] = append(out[path], mailtest.Message{Raw: l.Raw, Flags: l.Flags, Date: l.Date}.Seen())
		}
	}
	return out
}

// Contract checks that an origin, which holds mail, keeps the contract of
// providers.Reader. Nothing may change it meanwhile.
func Contract(t *testing.T, o providers.Origin) {
	t.Helper()
	r := Open(t, o)
	folders, err := r.Folders(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if again, err := r.Folders(t.Context()); err != nil || fmt.Sprint(again) != fmt.Sprint(folders) {
		t.Errorf("listed %v, and then %v: %v", folders, again, err)
	}
	ids := map[string]bool{}
	for _, f := range folders {
		if ids[f.ID] || f.ID == "" || len(f.Path) == 0 {
			t.Errorf("a folder %+v", f)
		}
		ids[f.ID] = true
		if f.Unserved == "" {
			checkFolder(t, r, f)
		}
	}
	other := Open(t, o) // keys hold from one session to the next
	now, err := other.Folders(t.Context())
	if err != nil || fmt.Sprint(now) != fmt.Sprint(folders) {
		t.Errorf("another session lists %v, want %v: %v", now, folders, err)
	}
	checkEnd(t, other, folders)
}

func checkFolder(t *testing.T, r providers.Reader, f providers.Folder) {
	t.Helper()
	items, now := Scan(t, r, f, providers.Scan{Prints: true})
	if now.Mark != f.Mark || now.Epoch != f.Epoch || f.Items >= 0 && f.Items != int64(len(items)) || now.Items >= 0 && now.Items != int64(len(items)) {
		t.Errorf("%v was listed as %+v and scanned as %+v with %d items", f.Path, f, now, len(items))
	}
	for i, it := range items {
		if i > 0 && it.Key <= items[i-1].Key {
			t.Fatalf("%q comes after %q", it.Key, items[i-1].Key)
		}
		if !slices.IsSorted(it.Flags) || len(slices.Compact(slices.Clone(it.Flags))) != len(it.Flags) || it.Date.IsZero() || it.Date.Nanosecond() != 0 {
			t.Errorf("an item %+v", it)
		}
	}
	if len(items) == 0 {
		return
	}
	checkScans(t, r, f, items)
	checkFetch(t, r, f, items)
}

// checkScans wants scans to begin where they are told to, and to end when yield does.
func checkScans(t *testing.T, r providers.Reader, f providers.Folder, items []providers.Item) {
	t.Helper()
	keys := func(items []providers.Item) (out []string) {
		for _, it := range items {
			out = append(out, it.Key)
		}
		return out
	}
	for _, i := range []int{len(items) - 1, len(items) / 2, len(items) / 3, 0} {
		some, _ := Scan(t, r, f, providers.Scan{From: items[i].Key})
		if !slices.Equal(keys(some), keys(items[i:])) {
			t.Errorf("%v from %q: %d items, want %d", f.Path, items[i].Key, len(some), len(items)-i)
		}
	}
	stop := errors.New("enough")
	at := 0
	if _, err := r.Scan(t.Context(), f, providers.Scan{}, func(it providers.Item) error {
		if it.Key != items[at].Key {
			t.Errorf("item %d is %q, want %q", at, it.Key, items[at].Key)
		}
		if at++; at > len(items)/2 {
			return stop
		}
		return nil
	}); err != stop {
		t.Errorf("a scan whose caller has enough ended with %v", err)
	}
}

// checkFetch wants what was scanned, byte for byte what was told.
func checkFetch(t *testing.T, r providers.Reader, f providers.Folder, items []providers.Item) {
	t.Helper()
	backwards := slices.Clone(items)
	slices.Reverse(backwards)
	letters, err := Fetch(t.Context(), r, f, backwards)
	if err != nil || len(letters) != len(items) {
		t.Fatalf("%d of %d messages were read: %v", len(letters), len(items), err)
	}
	byKey := map[string]Letter{}
	for _, l := range letters {
		byKey[l.Key] = l
	}
	for _, it := range items {
		l, ok := byKey[it.Key]
		sum := sha256.Sum256(l.Raw)
		switch {
		case !ok:
			t.Errorf("%q was not read", it.Key)
		case it.Size != l.Size || !it.Date.Equal(l.Date) || !slices.Equal(it.Flags, l.Flags):
			t.Errorf("%+v was read as %+v", it, l.Item)
		case it.Print.Head != providers.HeadOf(l.Raw, l.Size):
			t.Errorf("%q has another head by its bytes", it.Key)
		case it.Print.Body != [16]byte{} && string(it.Print.Body[:]) != string(sum[:16]):
			t.Errorf("%q has another hash by its bytes", it.Key)
		}
	}
	stop := errors.New("enough")
	n := 0
	if err := r.Fetch(t.Context(), f, items, func(providers.Message) error { n++; return stop }); err != stop || n != 1 {
		t.Errorf("a fetch whose caller has enough yielded %d and ended with %v", n, err)
	}
	if one, err := Fetch(t.Context(), r, f, items[len(items)-1:]); err != nil || len(one) != 1 {
		t.Errorf("after that, %d were read: %v", len(one), err)
	}
}

// checkEnd wants a context, and Close, to end things.
func checkEnd(t *testing.T, r providers.Reader, folders []providers.Folder) {
	t.Helper()
	i := slices.IndexFunc(folders, func(f providers.Folder) bool { return f.Unserved == "" && f.Items != 0 })
	f := folders[i]
	items, _ := Scan(t, r, f, providers.Scan{})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Fetch(ctx, r, f, items); diag.ClassOf(err) != diag.Cancelled {
		t.Errorf("a fetch without time ended with %v", err)
	}
	for range 2 {
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	}
	errs := map[string]error{}
	_, errs["folders"] = r.Folders(t.Context())
	_, errs["scan"] = r.Scan(t.Context(), f, providers.Scan{}, func(providers.Item) error { return nil })
	errs["fetch"] = r.Fetch(t.Context(), f, items, func(providers.Message) error { return nil })
	for name, err := range errs {
		if diag.ClassOf(err) != diag.Unavailable {
			t.Errorf("%s after Close: %v", name, err)
		}
	}
}

// Differ fails the test with differences.
func Differ(t testing.TB, all []mailtest.Difference) {
	t.Helper()
	for i, d := range all {
		if i == 20 {
			t.Errorf("… and %d more", len(all)-i)
			break
		}
		t.Error(d)
	}
}
