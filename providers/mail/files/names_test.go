package files

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/isaworks/isa/internal/diag"
)

// TestNamesInPages: whatever the size of a page, all names come once, in order, from
// any key on, and each is found.
func TestNamesInPages(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, most := range []int{1, 2, 3, 7, 100} {
		dir := t.TempDir()
		var keys []string
		for _, sub := range []string{"cur", "new"} {
			if err := os.Mkdir(filepath.Join(dir, sub), 0o755); err != nil {
				t.Fatal(err)
			}
			for range 40 {
				key := fmt.Sprint(r.IntN(60))
				name := key + ";" + fmt.Sprint(r.IntN(3))
				if err := os.WriteFile(filepath.Join(dir, sub, name), nil, 0o644); err != nil {
					t.Fatal(err)
				}
				keys = append(keys, key)
			}
		}
		slices.Sort(keys)
		keys = slices.Compact(keys)
		root, err := Open(dir)
		if err != nil {
			t.Fatal(err)
		}
		defer root.Close()
		names := NewNames(root, func(name string) string { key, _, _ := strings.Cut(name, ";"); return key }, "cur", "new", "gone")
		names.most = most
		for _, from := range append([]string{"", "3", "zzz"}, keys...) {
			var have []string
			if err := names.Groups(t.Context(), from, func(group []Entry) error {
				have = append(have, group[0].Key)
				for i, e := range group {
					if e.Key != group[0].Key || i > 0 && e.Dir == "cur" && group[i-1].Dir == "new" {
						t.Errorf("a group %v", group)
					}
				}
				return nil
			}); err != nil {
				t.Fatal(err)
			}
			i, _ := slices.BinarySearch(keys, from)
			if !slices.Equal(have, keys[i:]) {
				t.Fatalf("pages of %d from %q: %v\nwant %v", most, from, have, keys[i:])
			}
			found, err := names.Find(t.Context(), from)
			if wanted := slices.Contains(keys, from); err != nil || len(found) > 0 != wanted {
				t.Fatalf("%q is found as %v: %v", from, found, err)
			}
			if len(names.page) > 2*most+80/60+6 {
				t.Fatalf("%d names are held", len(names.page))
			}
		}
		stop := errors.New("enough")
		if err := names.Groups(t.Context(), "", func([]Entry) error { return stop }); err != stop {
			t.Error(err)
		}
	}
}

// TestAccounts: items are counted once, and marks do not depend on the order in which a
// directory tells its names.
func TestAccounts(t *testing.T) {
	dir := t.TempDir()
	tally := func(order []string) (int64, string) {
		out := NewTally()
		for _, name := range order {
			if err := os.WriteFile(filepath.Join(dir, name), nil, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		entries, err := os.ReadDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range order {
			for _, e := range entries {
				if e.Name() == name {
					out.Add(name[:1], e, "cur")
				}
			}
		}
		return out.Items(), out.Mark()
	}
	n, mark := tally([]string{"a1", "a2", "b1"})
	if again, other := tally([]string{"b1", "a2", "a1"}); n != 2 || again != 2 || mark != other {
		t.Errorf("%d and %d, %s and %s", n, again, mark, other)
	}
	if _, other := tally([]string{"b1", "a2", "a3"}); mark == other {
		t.Error("another name, the same mark")
	}
}

// FuzzLines: line ends are as a plain replacement makes them, whatever the reads.
func FuzzLines(f *testing.F) {
	for _, text := range []string{"", "\n", "\r", "\r\n", "a\nb\r\nc\r\rd\n\n\r", "\r\n\n\r\n"} {
		f.Add(text, false)
		f.Add(text, true)
	}
	f.Fuzz(func(t *testing.T, text string, slowly bool) {
		var r io.Reader = strings.NewReader(text)
		if slowly {
			r = iotest.OneByteReader(r)
		}
		lines := NewLines(r)
		var got []byte
		var err error
		if slowly {
			got, err = io.ReadAll(iotest.OneByteReader(lines))
		} else {
			got, err = io.ReadAll(lines)
		}
		want := strings.ReplaceAll(strings.ReplaceAll(text, "\r\n", "\n"), "\n", "\r\n")
		if err != nil || string(got) != want {
			t.Errorf("%q became %q, want %q: %v", text, got, want, err)
		}
	})
}

func TestErrorsOfReadingStay(t *testing.T) {
	broken := errors.New("broken")
	if _, err := io.ReadAll(NewLines(io.MultiReader(strings.NewReader("a\n"), iotest.ErrReader(broken)))); err != broken {
		t.Error(err)
	}
	m := NewMeasure()
	if err := m.Read(iotest.ErrReader(broken), true); err != broken {
		t.Error(err)
	}
	if err := Unreadable("x.eml", &os.PathError{Op: "open", Path: "/secret/x.eml", Err: os.ErrPermission}); diag.ClassOf(err) != diag.Invalid || !errors.Is(err, os.ErrPermission) ||
		strings.Count(err.Error(), "permission") != 1 || strings.Contains(err.Error(), "/secret") {
		t.Error(err)
	}
}

// FuzzKeyName: a name is one key, which is text in one line without a slash.
func FuzzKeyName(f *testing.F) {
	for _, name := range []string{"a.eml", "e\u0301", "\xba\xb8", "100%", "a\x01b", "\u0085"} {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, name string) {
		key := KeyName(name)
		if strings.ToValidUTF8(key, "") != key || strings.ContainsAny(key, "\x00\r\n") || strings.Contains(key, "/") && !strings.Contains(name, "/") || (key == "") != (name == "") {
			t.Errorf("%q is %q", name, key)
		}
	})
}
