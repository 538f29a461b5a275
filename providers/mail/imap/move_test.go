//go:build linux

package imap_test

import (
	"bytes"
	"context"
	"io"
	"strings"
	"testing"

	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/internal/mailtest"
	"github.com/isaworks/isa/providers"
	mailimap "github.com/isaworks/isa/providers/mail/imap"
	"github.com/isaworks/isa/providers/works/sandbox"
)

// TestMove: real servers move what they were asked to, tell where it is, and pass over
// what is gone.
func TestMove(t *testing.T) {
	for name, server := range map[string]func(*testing.T) mailimap.Account{
		"Dovecot": func(t *testing.T) mailimap.Account { return account(mailtest.Dovecot(t, mailtest.Options{}), "user") },
		"Cyrus":   func(t *testing.T) mailimap.Account { return account(mailtest.Cyrus(t, mailtest.Options{}), "user") },
		"sandbox": func(t *testing.T) mailimap.Account { return sandboxed(t, "offered") },
	} {
		t.Run(name, func(t *testing.T) {
			w := writing(t, server(t))
			if !w.Limits().Moves {
				t.Fatal("it cannot move")
			}
			moves(t, w)
		})
	}
}

// TestNoMove: who does not offer it is not asked.
func TestNoMove(t *testing.T) {
	if writing(t, sandboxed(t, "missing")).Limits().Moves {
		t.Error("the sandbox moves, though it does not offer it")
	}
	caps := mailtest.Options{Caps: "IMAP4rev1 LITERAL+ UIDPLUS"}
	if writing(t, account(mailtest.Dovecot(t, caps), "user")).Limits().Moves {
		t.Error("Dovecot moves, though it does not offer it")
	}
}

// sandboxed is a member's mailbox in the sandbox.
func sandboxed(t *testing.T, more string) mailimap.Account {
	t.Helper()
	switches, err := sandbox.ParseSwitches([]string{"imap-more=" + more})
	if err != nil {
		t.Fatal(err)
	}
	s, err := sandbox.New(sandbox.Options{Switches: switches, Log: io.Discard})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	if _, err := s.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	const who = "admin@acme.co.kr"
	made, err := s.AppPassword(who, true)
	if err != nil {
		t.Fatal(err)
	}
	return mailimap.Account{Addr: strings.TrimPrefix(s.Env()["ISA_IMAP_BASE"], "imap://"), Security: mailimap.Plain, User: who, Secret: secret(made.Password)}
}

// moves puts five messages into a folder and moves three of them, one of which is gone,
// out of their order.
func moves(t *testing.T, w providers.Writer) {
	ctx := t.Context()
	from, to := made(t, w, "보낸 것"), made(t, w, "치운 것")
	var all []providers.Message
	for n := range 5 {
		body := []byte("Message-ID: <" + string(rune('a'+n)) + "@acme.example>\r\nSubject: s\r\n\r\nbody\r\n")
		it := providers.Item{Size: int64(len(body)), Flags: []string{`\Seen`}}
		if n == 2 {
			it.Flags = []string{`\Flagged`}
		}
		all = append(all, providers.Message{Item: it, Body: bytes.NewReader(body)})
	}
	put, err := w.Put(ctx, from, all)
	if err != nil {
		t.Fatal(err)
	}
	before := itemsOf(ctx, t, w, from)
	// The fourth is taken away by the member meanwhile.
	if _, err := w.Move(ctx, from, []providers.Item{{Key: put[3].ID}}, made(t, w, "딴 곳")); err != nil {
		t.Fatal(err)
	}
	asked := []providers.Item{{Key: put[4].ID}, {Key: put[3].ID}, {Key: put[2].ID}}
	told, err := w.Move(ctx, from, asked, to)
	if err != nil || len(told) != len(asked) {
		t.Fatalf("told %v, %v", told, err)
	}
	if told[1].ID != "" {
		t.Errorf("what is gone went to %q", told[1].ID)
	}
	there := itemsOf(ctx, t, w, to)
	for i, n := range map[int]int{0: 4, 2: 2} {
		was, now := before[put[n].ID], there[told[i].ID]
		if now.Print.Head == ([16]byte{}) || now.Print.Head != was.Print.Head || !now.Date.Equal(was.Date) || strings.Join(now.Flags, " ") != strings.Join(was.Flags, " ") {
			t.Errorf("message %d was %v and is %v", n, was, now)
		}
	}
	if left := itemsOf(ctx, t, w, from); len(left) != 2 || len(there) != 2 {
		t.Errorf("%d are left, %d there", len(left), len(there))
	}
	if told, err := w.Move(ctx, from, nil, to); err != nil || len(told) != 0 {
		t.Errorf("nothing was moved: %v, %v", told, err)
	}
	lost := to
	lost.ID = "no-such-folder"
	if _, err := w.Move(ctx, from, []providers.Item{{Key: put[0].ID}}, lost); diag.ClassOf(err) != diag.NotFound || diag.MayHaveHappened(err) {
		t.Errorf("into a folder that is not there: %v", err)
	}
	again := from
	again.Epoch = "1"
	if _, err := w.Move(ctx, again, []providers.Item{{Key: put[0].ID}}, to); diag.ClassOf(err) != diag.Conflict {
		t.Errorf("from a folder that was numbered anew: %v", err)
	}
	if left := itemsOf(ctx, t, w, from); len(left) != 2 {
		t.Errorf("%d are left", len(left))
	}
}

// made makes a folder.
func made(t *testing.T, w providers.Writer, name string) providers.Folder {
	t.Helper()
	f, err := w.Create(t.Context(), []string{name}, "")
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// itemsOf are the items of a folder by key.
func itemsOf(ctx context.Context, t *testing.T, r providers.Reader, f providers.Folder) map[string]providers.Item {
	t.Helper()
	items, _, err := scan(ctx, r, f, providers.Scan{Prints: true})
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]providers.Item{}
	for _, it := range items {
		out[it.Key] = it
	}
	return out
}
