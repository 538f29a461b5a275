package ledger

import (
	"testing"

	"github.com/isaworks/isa/providers"
)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func open(t testing.TB, path string, o Options) *Ledger {
	t.Helper()
	l, err := Open(t.Context(), path, o)
	must(t, err)
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	return l
}

func about(name string) providers.StreamInfo {
	return providers.StreamInfo{Name: name, Origin: "imap://old/" + name, Target: "imap://new/" + name}
}

func openStream(t testing.TB, l *Ledger, name string) providers.Stream {
	t.Helper()
	s, err := l.Stream(t.Context(), about(name))
	must(t, err)
	return s
}

func openFolder(t testing.TB, s providers.Stream, id string) providers.FolderLedger {
	t.Helper()
	f, err := s.Folder(t.Context(), source(id))
	must(t, err)
	return f
}

func source(id string) providers.Folder {
	return providers.Folder{ID: id, Path: []string{id}, Epoch: "1", Items: -1, Bytes: -1}
}
