package ledger

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/providers"
	"github.com/isaworks/isa/state"
)

// wantFailure wants an error of a class with words in its text.
func wantFailure(t *testing.T, err error, class diag.Class, words ...string) {
	t.Helper()
	var f *diag.Failure
	if !errors.As(err, &f) || f.Class != class {
		t.Fatalf("%v is %q, want %q", err, diag.ClassOf(err), class)
	}
	for _, w := range words {
		if !strings.Contains(err.Error(), w) {
			t.Errorf("%q does not say %q", err, w)
		}
	}
}

func identity(t *testing.T, l *Ledger) state.Ledger {
	t.Helper()
	id, high, err := l.Identity(t.Context())
	must(t, err)
	return state.Ledger{ID: id, HighWater: high}
}

// filled makes a ledger of n records and returns what the state would remember.
func filled(t *testing.T, path string, n int) state.Ledger {
	t.Helper()
	l := open(t, path, Options{})
	f := openFolder(t, openStream(t, l, "s"), "INBOX")
	must(t, f.Begin(t.Context(), providers.Folder{ID: "t", Next: 1}, true))
	must(t, f.Settle(t.Context(), batch(1, n)))
	must(t, f.End(t.Context(), f.Record().Folder))
	is := identity(t, l)
	must(t, l.Close())
	return is
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	data, err := os.ReadFile(from)
	must(t, err)
	must(t, os.WriteFile(to, data, 0o600))
}

func TestTheStateNoticesALostLedger(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "l")
	first := filled(t, path, 5)
	backup := filepath.Join(dir, "backup")
	copyFile(t, path, backup)
	second := filled(t, path, 9)
	if second.ID != first.ID || second.HighWater <= first.HighWater {
		t.Fatalf("%+v after %+v", second, first)
	}
	must(t, open(t, path, Options{Expect: second}).Close())
	must(t, open(t, path, Options{Expect: first}).Close())

	for _, ro := range []bool{false, true} {
		_, err := Open(t.Context(), backup, Options{Expect: second, ReadOnly: ro})
		wantFailure(t, err, diag.Conflict, "is older", "restore", "--allow ledger.lost")
		_, err = Open(t.Context(), path, Options{Expect: state.Ledger{ID: "other"}, Adopt: true, ReadOnly: ro})
		wantFailure(t, err, diag.Conflict, "another ledger", "restore")
		_, err = Open(t.Context(), filepath.Join(dir, "none"), Options{Expect: second, ReadOnly: ro})
		wantFailure(t, err, diag.Conflict, "is missing", "restore")
	}
	if _, err := os.Stat(filepath.Join(dir, "none")); err == nil {
		t.Error("a missing ledger was made silently")
	}
	_, err := Open(t.Context(), filepath.Join(dir, "none"), Options{ReadOnly: true})
	wantFailure(t, err, diag.NotFound, "does not exist")

	// An older one that is accepted is not believed: every folder is looked at.
	l := open(t, backup, Options{Expect: second, Adopt: true})
	if r := openFolder(t, openStream(t, l, "s"), "INBOX").Record(); !r.Begun || r.Target.Next != 1 || r.Sums[providers.Copied].Items != 5 {
		t.Errorf("%+v", r)
	}
	if is := identity(t, l); is.ID != second.ID || is.HighWater <= second.HighWater {
		t.Errorf("%+v after %+v", is, second)
	}
	must(t, l.Close())
	must(t, open(t, filepath.Join(dir, "none"), Options{Expect: second, Adopt: true}).Close())
}

func TestWhatIsNoLedgerIsLeftAlone(t *testing.T) {
	for name, c := range map[string]struct {
		damage func(data []byte) []byte
		words  []string
	}{
		"text":    {func([]byte) []byte { return []byte(strings.Repeat("no database\n", 1000)) }, []string{"damaged", "restore"}},
		"head":    {func(b []byte) []byte { copy(b, "xxxxxxxx"); return b }, []string{"damaged", "restore"}},
		"cut":     {func(b []byte) []byte { return b[:len(b)/2] }, []string{"damaged", "restore"}},
		"page":    {func(b []byte) []byte { clear(b[4096+8 : 8192]); b[4096] = 9; return b }, []string{"damaged", "restore"}},
		"other":   {func(b []byte) []byte { clear(b[68:72]); return b }, []string{"no ledger of isa"}},
		"newer":   {func(b []byte) []byte { b[63] = 9; return b }, []string{"newer isa", "layout 9"}},
		"cleared": {func(b []byte) []byte { b[63] = 0; return b }, []string{"damaged"}},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "l")
			filled(t, path, 300)
			data, err := os.ReadFile(path)
			must(t, err)
			must(t, os.WriteFile(path, c.damage(data), 0o600))
			before, err := os.ReadFile(path)
			must(t, err)
			for _, ro := range []bool{true, false} {
				l, err := Open(t.Context(), path, Options{ReadOnly: ro})
				if err == nil {
					_, err = l.Streams(t.Context())
					if err == nil {
						err = readAll(t, l)
					}
					must(t, l.Close())
				}
				wantFailure(t, err, diag.Conflict, c.words...)
			}
			if after, err := os.ReadFile(path); err != nil || len(after) != len(before) {
				t.Errorf("%v: %d bytes of %d are left", err, len(after), len(before))
			}
		})
	}
	path := filepath.Join(t.TempDir(), "l")
	must(t, os.WriteFile(path+"-wal", []byte("content"), 0o600))
	_, err := Open(t.Context(), path, Options{})
	wantFailure(t, err, diag.Conflict, "missing or empty", "restore")
	must(t, os.Mkdir(path, 0o700))
	_, err = Open(t.Context(), path, Options{})
	wantFailure(t, err, diag.Conflict, "no file")
}

// readAll reads every record of the stream that filled makes.
func readAll(t *testing.T, l *Ledger) error {
	t.Helper()
	s, err := l.Stream(t.Context(), about("s"))
	if err != nil {
		return err
	}
	f, err := s.Folder(t.Context(), source("INBOX"))
	if err != nil {
		return err
	}
	if _, err := s.Sums(t.Context()); err != nil {
		return err
	}
	var keys []string
	for n := range 300 {
		keys = append(keys, uid(n+1))
	}
	_, err = f.Known(t.Context(), keys)
	return err
}

func TestASecondWriterIsRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "l")
	l := open(t, path, Options{Holder: state.Holder{Who: "kim@office", What: "sync"}})
	_, err := Open(t.Context(), path, Options{})
	wantFailure(t, err, diag.Conflict, "kim@office", "sync", "since")
	if !InUse(err) {
		t.Errorf("not told apart from a damaged file: %v", err)
	}
	must(t, l.Close())
	must(t, l.Close())
	must(t, open(t, path, Options{}).Close())

	if runtime.GOOS == "windows" {
		return
	}
	must(t, os.Chmod(path, 0o644))
	l = open(t, path, Options{})
	f := openFolder(t, openStream(t, l, "s"), "INBOX")
	must(t, f.Settle(t.Context(), batch(1, 3)))
	files, err := filepath.Glob(path + "*")
	must(t, err)
	if len(files) != 4 {
		t.Errorf("the ledger is %v", files)
	}
	for _, file := range files {
		if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", file, info.Mode(), err)
		}
	}
}

func TestReadingBesideAWriter(t *testing.T) {
	path := filepath.Join(t.TempDir(), "l")
	l := open(t, path, Options{})
	f := openFolder(t, openStream(t, l, "s"), "INBOX")
	must(t, f.Settle(t.Context(), batch(1, 3)))
	r := open(t, path, Options{ReadOnly: true, Expect: identity(t, l)})
	s := openStream(t, r, "s")
	for n := range 3 {
		sums, err := s.Sums(t.Context())
		must(t, err)
		if got := sums[providers.Copied].Items; got != int64(3+3*n) {
			t.Errorf("%d items are read", got)
		}
		must(t, f.Settle(t.Context(), batch(100*(n+1), 3)))
	}
	rf := openFolder(t, s, "INBOX")
	wantFailure(t, rf.Settle(t.Context(), batch(1, 1)), diag.Denied, "reading only")
	wantFailure(t, rf.Clear(t.Context()), diag.Denied, "reading only")
	_, err := s.Folder(t.Context(), source("none"))
	wantFailure(t, err, diag.NotFound, "none")
	_, err = r.Stream(t.Context(), about("none"))
	wantFailure(t, err, diag.NotFound, "none")
	must(t, l.Close())
	must(t, readAll(t, r))
	must(t, r.Close())
	wantFailure(t, readAll(t, r), diag.Internal, "closed")

	// After a clean end there is nothing but the file.
	r = open(t, path, Options{ReadOnly: true})
	must(t, readAll(t, r))
}

func TestAStreamKeepsItsEnds(t *testing.T) {
	path := filepath.Join(t.TempDir(), "l")
	l := open(t, path, Options{})
	openStream(t, l, "s")
	must(t, l.Close())
	l = open(t, path, Options{})
	for _, end := range []string{"origin", "target"} {
		a := about("s")
		if end == "origin" {
			a.Origin = "imap://elsewhere"
		} else {
			a.Target = "imap://elsewhere"
		}
		_, err := l.Stream(t.Context(), a)
		wantFailure(t, err, diag.Conflict, "imap://elsewhere", "imap://old/s", "another label")
	}
	openStream(t, l, "b")
	infos, err := l.Streams(t.Context())
	must(t, err)
	want := about("s")
	want.Row = 1
	if len(infos) != 2 || infos[0].Name != "b" || infos[1] != want {
		t.Errorf("%+v", infos)
	}
}

func TestACancelledCallDoesNothing(t *testing.T) {
	l := open(t, filepath.Join(t.TempDir(), "l"), Options{})
	f := openFolder(t, openStream(t, l, "s"), "INBOX")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	wantFailure(t, f.Settle(ctx, batch(1, 3)), diag.Cancelled)
	_, err := f.Known(ctx, []string{uid(1)})
	wantFailure(t, err, diag.Cancelled)
	wantFailure(t, f.Retry(ctx, func(providers.Record) error { return nil }), diag.Cancelled)
	if sums := f.Record().Sums; len(sums) != 0 {
		t.Errorf("%v", sums)
	}
}

func TestFileSystemsOfOtherMachines(t *testing.T) {
	name, err := fileSystem(t.TempDir())
	if err != nil || remote(name) {
		t.Errorf("tests run on %q: %v", name, err)
	}
	if _, err := fileSystem(filepath.Join(t.TempDir(), "none")); err == nil && runtime.GOOS == "linux" {
		t.Error("a missing folder is on a file system")
	}
	for _, name := range []string{"nfs", "cifs", "9p", "smbfs", "network"} {
		if !remote(name) {
			t.Errorf("%s is taken for local", name)
		}
	}
	wantFailure(t, oddFileSystem("/net/l", "nfs"), diag.Unavailable, "/net/l", "nfs", "disk of this machine")
}

// TestIdentityMakesAllDurable: only a commit that writes something is synced, so
// Identity has one made when there are outcomes that a loss of power may take back.
func TestIdentityMakesAllDurable(t *testing.T) {
	l := open(t, filepath.Join(t.TempDir(), "l"), Options{})
	f := openFolder(t, openStream(t, l, "s"), "INBOX")
	first := identity(t, l)
	must(t, f.Settle(t.Context(), batch(1, 3)))
	if !l.w.unsynced {
		t.Error("a settle is taken for durable")
	}
	second := identity(t, l)
	if l.w.unsynced || second.HighWater != first.HighWater+2 {
		t.Errorf("%+v after %+v", second, first)
	}
	if third := identity(t, l); third != second {
		t.Errorf("%+v after %+v and no change", third, second)
	}
	must(t, f.Begin(t.Context(), providers.Folder{ID: "t"}, false))
	if l.w.unsynced {
		t.Error("a begin is not durable")
	}
}
