package mailbox

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"
)

// holdings tells what a mailbox holds, by folder: "INBOX 1, Work 2".
func holdings(t *testing.T, s *Server, who Account) string {
	t.Helper()
	b, err := s.store.hold(who)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, f := range b.folders {
		if len(f.list) > 0 || !f.system {
			out = append(out, fmt.Sprint(strings.ReplaceAll(f.name, sep, "/"), " ", len(f.list)))
		}
	}
	if err := s.store.release(who.ID); err != nil {
		t.Fatal(err)
	}
	return strings.Join(out, ", ")
}

// TestImport: an import is there as a whole or not at all, also after a restart and
// after its files were written anew; its mark with it.
func TestImport(t *testing.T) {
	dir, who := t.TempDir(), Account{ID: "kim", Login: "kim@acme.co.kr"}
	start := func() *Server {
		t.Helper()
		s, err := Start(t.Context(), Options{Dir: dir, Login: func(string, string) (Account, error) { return who, nil }})
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	s := start()
	letter := func(text string, path ...string) Letter {
		return Letter{Place: Place{Path: path}, Date: time.Unix(1_600_000_000, 0), Flags: []string{`\Seen`}, Size: int64(len(text)), Body: strings.NewReader(text)}
	}
	begin := func(letters ...Letter) *Import {
		t.Helper()
		i, err := s.Import(who)
		if err != nil {
			t.Fatal(err)
		}
		for _, l := range letters {
			if err := i.Add(l); err != nil {
				t.Fatal(err)
			}
		}
		return i
	}
	is := func(what, want string, run uint64) {
		t.Helper()
		mark, err := s.Imported(who)
		if err != nil || mark.Run != run {
			t.Errorf("%s: mark %+v, %v; want %d", what, mark, err, run)
		}
		if got := holdings(t, s, who); got != want {
			t.Errorf("%s: %s, want %s", what, got, want)
		}
	}
	sent := letter("d", "Sent Items")
	sent.Place.Use = imap.MailboxAttrSent
	first := begin(letter("a", "inbox"), letter("b", "Work"), letter("c", "Work", "2024"), sent)
	if err := first.Folder(Place{Path: []string{"Empty"}}); err != nil {
		t.Fatal(err)
	}
	is("before", "", 0)
	if err := first.Commit(Mark{Run: 7, Total: 4}, false); err != nil {
		t.Fatal(err)
	}
	const whole = "INBOX 1, Sent 1, Work 1, Work/2024 1, Empty 0"
	is("arrived", whole, 7)
	torn := letter("x", "Work")
	torn.Size = 2
	lost := begin(letter("y", "Work"))
	if err := lost.Add(torn); err == nil {
		t.Error("half a message was taken")
	}
	if err := lost.Drop(false); err != nil {
		t.Fatal(err)
	}
	is("dropped", whole, 7)
	begin(letter("z", "Work")) // and the process ends
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = start()
	is("after a restart", whole, 7)
	b, err := s.store.hold(who)
	if err != nil {
		t.Fatal(err)
	}
	if err := b.writeIndex(); err != nil {
		t.Fatal(err)
	}
	if err := s.store.release(who.ID); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = start()
	is("after a compaction", whole, 7)
	if err := begin(letter("e", "Work", "2024")).Commit(Mark{Run: 8}, true); err != nil {
		t.Fatal(err)
	}
	is("beside", whole+", Work (2) 0, Work (2)/2024 1", 8)
	if err := begin(letter("f", "Work"), letter("g", "INBOX")).Drop(true); err != nil {
		t.Fatal(err)
	}
	is("emptied", "INBOX 1, Sent 1, Work 0, Work/2024 1, Empty 0, Work (2) 0, Work (2)/2024 1", 8)
	if err := s.Deliver(who, letter("h", "INBOX")); err != nil {
		t.Fatal(err)
	}
	is("delivered", "INBOX 2, Sent 1, Work 0, Work/2024 1, Empty 0, Work (2) 0, Work (2)/2024 1", 8)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Import(who); err == nil {
		t.Error("an import into a closed mailbox")
	}
}
