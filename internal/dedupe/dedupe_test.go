package dedupe_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/isaworks/isa/internal/dedupe"
	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/internal/mailtest"
	"github.com/isaworks/isa/providers"
	"github.com/isaworks/isa/providers/mail/imap"
)

func day(n int) time.Time { return time.Date(2024, 5, n, 9, 0, 0, 0, time.UTC) }

// letter is a message; id "" names none.
func letter(folder, id, body string, date time.Time, flags ...string) mailtest.Message {
	head := "From: kim@acme.co.kr\r\nTo: lee@acme.co.kr\r\nDate: Wed, 1 May 2024 09:00:00 +0900\r\nSubject: hello\r\n"
	if id != "" {
		head = "Message-ID: <" + id + "@acme.co.kr>\r\n" + head
	}
	return mailtest.Message{Folder: folder, Raw: []byte(head + "\r\n" + body + "\r\n"), Date: date, Flags: flags}
}

// awkward is a mailbox with all that is a copy, and all that only looks like one.
func awkward() []mailtest.Message {
	return []mailtest.Message{
		letter("INBOX", "one", "same", day(1), `\Seen`),
		letter("INBOX", "one", "same", day(2)),          // another date: the Message-ID proves it
		letter("INBOX", "one", "same", day(1)),          // the third of the set
		letter("INBOX", "two", "body", day(1)),          // same head as the next,
		letter("INBOX", "two", "BODY", day(1)),          // other bytes
		letter("INBOX", "", "nameless", day(3)),         // without Message-ID,
		letter("INBOX", "", "nameless", day(3)),         // the date proves it
		letter("INBOX", "", "nameless", day(4)),         // another date proves nothing
		letter("INBOX", "sent", "to myself", day(5)),    // in two folders:
		letter("Sent", "sent", "to myself", day(5)),     // none too many
		letter("INBOX", "del", "x", day(6), `\Deleted`), // going anyway
		letter("INBOX", "del", "x", day(6)),             // stays alone
		letter("프로젝트/이전", "three", "same", day(7), `\Flagged`),
		letter("프로젝트/이전", "three", "same", day(7), `\Flagged`),
		letter("INBOX", "single", "alone", day(8)),
	}
}

type world struct {
	server *mailtest.Server
	target func(addr string) providers.Target
}

func newWorld(t *testing.T, o mailtest.Options, messages ...mailtest.Message) world {
	t.Helper()
	w := world{server: mailtest.Dovecot(t, o)}
	if err := w.server.LoadMessages("user", messages...); err != nil {
		t.Fatal(err)
	}
	w.target = func(addr string) providers.Target {
		return imap.Target(imap.Account{Addr: addr, Security: imap.Plain, User: "user", Secret: func(context.Context) (string, error) { return mailtest.Password, nil }}, providers.Limits{})
	}
	return w
}

func (w world) run(t *testing.T, o dedupe.Options) dedupe.Found {
	t.Helper()
	found, err := dedupe.Run(t.Context(), w.target(w.server.IMAP), o)
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func (w world) read(t *testing.T) mailtest.Mailbox {
	t.Helper()
	box, err := mailtest.Read(t.Context(), w.server.Account("user"))
	if err != nil {
		t.Fatal(err)
	}
	return box
}

// sums is what was found in folders, in a line each.
func sums(found dedupe.Found) string {
	var b strings.Builder
	for _, f := range found.Folders {
		if f.Messages > 0 {
			fmt.Fprintf(&b, "%s: %d messages, %d sets, %d copies, %d moved, %d elsewhere, %d alike\n", strings.Join(f.Path, "/"), f.Messages, f.Sets, f.Copies, f.Moved, f.Elsewhere, f.Alike)
		}
	}
	return b.String()
}

// counts is how often each message is in a mailbox, by its bytes, wherever it is.
func counts(box mailtest.Mailbox) map[[32]byte]int {
	out := map[[32]byte]int{}
	for _, folder := range box {
		for _, m := range folder {
			out[m.Sum]++
		}
	}
	return out
}

func TestAwkwardMailbox(t *testing.T) {
	t.Parallel()
	for _, held := range []int{0, 1} { // all in one go; every head in a share of its own
		t.Run(fmt.Sprint("held ", held), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, mailtest.Options{}, awkward()...)
			before := w.read(t)
			want := func(moved bool) string {
				of := map[bool]string{true: "3 moved", false: "0 moved"}[moved]
				one := map[bool]string{true: "1 moved", false: "0 moved"}[moved]
				return "INBOX: 12 messages, 2 sets, 3 copies, " + of + ", 1 elsewhere, 2 alike\n" +
					"Sent: 1 messages, 0 sets, 0 copies, 0 moved, 1 elsewhere, 0 alike\n" +
					"프로젝트/이전: 2 messages, 1 sets, 1 copies, " + one + ", 0 elsewhere, 0 alike\n"
			}
			found := w.run(t, dedupe.Options{Held: held, To: []string{"중복", "2026"}, Look: true})
			if got := sums(found); got != want(false) {
				t.Errorf("found\n%s\nwant\n%s", got, want(false))
			}
			if now := w.read(t); fmt.Sprint(now) != fmt.Sprint(before) {
				t.Error("looking changed the mailbox")
			}
			to := []string{"중복", "2026"}
			if got := sums(w.run(t, dedupe.Options{Held: held, To: to, Shown: &found})); got != want(true) {
				t.Errorf("moved\n%s\nwant\n%s", got, want(true))
			}
			after := w.read(t)
			if fmt.Sprint(counts(after)) != fmt.Sprint(counts(before)) {
				t.Error("a message is lost or doubled")
			}
			if n := len(after["중복/2026"]); n != 4 {
				t.Errorf("the folder of copies holds %d, want 4", n)
			}
			// The one that came first stays, as it was.
			if !slices.ContainsFunc(after["INBOX"], func(m mailtest.Seen) bool { return m.Date == day(1).Unix() && m.Flags == `\seen` }) {
				t.Error("not the first of the set stayed in the inbox")
			}
			again := w.run(t, dedupe.Options{Held: held, To: to})
			if all := again.Total(); all.Copies != 0 || all.Moved != 0 {
				t.Errorf("a second run found %d copies and moved %d", all.Copies, all.Moved)
			}
		})
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	w := newWorld(t, mailtest.Options{}, append(awkward(), letter("Trash", "bin", "x", day(1)))...)
	before := w.read(t)
	for _, to := range [][]string{{"INBOX"}, {"Trash"}, {"Trash", "copies"}, {"Sent"}} {
		_, err := dedupe.Run(t.Context(), w.target(w.server.IMAP), dedupe.Options{To: to})
		if diag.ClassOf(err) != diag.Invalid {
			t.Errorf("into %v: %v, want a refusal", to, err)
		}
	}
	shown := w.run(t, dedupe.Options{})
	if err := w.server.LoadMessages("user", letter("INBOX", "single", "alone", day(8))); err != nil {
		t.Fatal(err)
	}
	_, err := dedupe.Run(t.Context(), w.target(w.server.IMAP), dedupe.Options{To: []string{"copies"}, Shown: &shown})
	if diag.ClassOf(err) != diag.Conflict {
		t.Errorf("more copies than were shown: %v, want a conflict", err)
	}
	if now := w.read(t); now.Items() != before.Items()+1 || len(now["copies"]) != 0 {
		t.Error("a refusal changed the mailbox")
	}
}

func TestServerWithoutMoveIsRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t, mailtest.Options{Caps: "IMAP4rev1 UIDPLUS SPECIAL-USE LIST-STATUS LITERAL+"}, awkward()...)
	w.run(t, dedupe.Options{})
	_, err := dedupe.Run(t.Context(), w.target(w.server.IMAP), dedupe.Options{To: []string{"copies"}})
	if diag.ClassOf(err) != diag.Invalid || !strings.Contains(err.Error(), "no MOVE") {
		t.Errorf("have %v, want a refusal", err)
	}
}

// corpus is mail that an earlier migration brought twice.
func corpus(n int) []mailtest.Message {
	var all []mailtest.Message
	for i := range n {
		folder := []string{"INBOX", "보관/2024", "Sent"}[i%3]
		m := letter(folder, fmt.Sprint("m", i), strings.Repeat("text ", i%200), day(1+i%28))
		all = append(all, m, m)
	}
	return all
}

// TestLinesThatBreak: on lines that break, all is found and moved; a run that is cut off
// loses nothing, and the next one goes on.
func TestLinesThatBreak(t *testing.T) {
	t.Parallel()
	w := newWorld(t, mailtest.Options{}, corpus(600)...)
	before := counts(w.read(t))
	line := mailtest.Faulty(t, w.server.IMAP, mailtest.Faults{CutBytes: 290_000, Seed: 1})
	soon := func(context.Context, time.Duration) error { return nil }
	to := []string{"copies"}
	for cut := range 5 { // cut off at different moments
		ctx, cancel := context.WithCancel(t.Context())
		_, err := dedupe.Run(ctx, w.target(line.Addr), dedupe.Options{To: to, Sleep: soon, Observe: func(p dedupe.Progress) {
			if p.Compared >= int64(200+230*cut) || p.Moved > 100 {
				cancel()
			}
		}})
		cancel()
		if err != nil && diag.ClassOf(err) != diag.Cancelled && !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
		if fmt.Sprint(counts(w.read(t))) != fmt.Sprint(before) {
			t.Fatal("a run that was cut off lost or doubled a message")
		}
	}
	if _, err := dedupe.Run(t.Context(), w.target(line.Addr), dedupe.Options{To: to, Sleep: soon}); err != nil {
		t.Fatal(err)
	}
	after := w.read(t)
	if fmt.Sprint(counts(after)) != fmt.Sprint(before) || len(after["copies"]) != 600 {
		t.Errorf("%d of 600 copies were moved, of %d messages", len(after["copies"]), after.Items())
	}
	for folder, messages := range after {
		if folder != "copies" && len(counts(mailtest.Mailbox{folder: messages})) != len(messages) {
			t.Errorf("%s still has copies", folder)
		}
	}
	if line.Happened().Cut == 0 {
		t.Error("the line never broke: this test proves too little")
	}
}
