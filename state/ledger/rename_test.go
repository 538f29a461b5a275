package ledger

import (
	"path/filepath"
	"testing"

	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/providers"
)

// A stream that gets another name keeps all that is remembered of it, in handles that are
// open and after the ledger was opened again.
func TestRenamedStreamsAreTheSame(t *testing.T) {
	path := filepath.Join(t.TempDir(), "l")
	l := open(t, path, Options{})
	s := openStream(t, l, "mail.a")
	openStream(t, l, "mail.b")
	openFolder(t, s, "INBOX")
	ends := s.Info()
	for _, c := range []struct {
		from, to string
		class    diag.Class
	}{{"mail.a", "mail.b", diag.Conflict}, {"mail.none", "mail.z", ""}, {"mail.a", "mail.a", ""}, {"mail.a", "mail.c", ""}} {
		if err := l.Rename(t.Context(), Renaming{From: c.from, To: c.to}); c.class != "" && diag.ClassOf(err) != c.class || c.class == "" && err != nil {
			t.Errorf("%s to %s: %v", c.from, c.to, err)
		}
	}
	if name := s.Info().Name; name != "mail.c" {
		t.Errorf("the open stream is called %s", name)
	}
	for range 2 {
		again, err := l.Stream(t.Context(), providers.StreamInfo{Name: "mail.c", Origin: ends.Origin, Target: ends.Target})
		if err != nil {
			t.Fatal(err)
		}
		if folders, err := again.Folders(t.Context()); err != nil || len(folders) != 1 {
			t.Errorf("folders are %+v, %v", folders, err)
		}
		if infos, err := l.Streams(t.Context()); err != nil || len(infos) != 2 || infos[0].Name != "mail.b" || infos[1].Name != "mail.c" || infos[1].Row != ends.Row {
			t.Errorf("streams are %+v, %v", infos, err)
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
		l = open(t, path, Options{})
	}
}

// Names are exchanged, all or none, and a target that has another name is the same one.
func TestNamesAreExchanged(t *testing.T) {
	path := filepath.Join(t.TempDir(), "l")
	l := open(t, path, Options{})
	a, b := openStream(t, l, "a"), openStream(t, l, "b")
	openStream(t, l, "c")
	openFolder(t, a, "INBOX")
	was := b.Info()
	for _, list := range [][]Renaming{{{From: "a", To: "b"}, {From: "b", To: "c"}}, {{From: "a", To: "d"}, {From: "b", To: "d"}}} {
		if err := l.Rename(t.Context(), list...); diag.ClassOf(err) != diag.Conflict {
			t.Errorf("%v: %v", list, err)
		}
	}
	if a.Info().Name != "a" || b.Info() != was {
		t.Errorf("streams are %+v and %+v", a.Info(), b.Info())
	}
	if err := l.Rename(t.Context(), Renaming{From: "a", To: "b", Target: "imap://new/other"}, Renaming{From: "b", To: "a"}); err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	l = open(t, path, Options{})
	s, err := l.Stream(t.Context(), providers.StreamInfo{Name: "b", Origin: a.Info().Origin, Target: "imap://new/other"})
	if err != nil {
		t.Fatal(err)
	}
	if folders, err := s.Folders(t.Context()); err != nil || len(folders) != 1 {
		t.Errorf("folders are %+v, %v", folders, err)
	}
	was.Name = "a"
	if infos, err := l.Streams(t.Context()); err != nil || len(infos) != 3 || infos[0] != was {
		t.Errorf("streams are %+v, %v", infos, err)
	}
}
