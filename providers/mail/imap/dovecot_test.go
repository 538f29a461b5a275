//go:build unix

package imap_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"

	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/internal/mailtest"
	"github.com/isaworks/isa/providers"
	mailimap "github.com/isaworks/isa/providers/mail/imap"
)

func TestCopiesAreEqual(t *testing.T) {
	corpus := mailtest.Corpus{Messages: 300, Seed: 7}
	source := mailtest.Dovecot(t, mailtest.Options{})
	if err := source.Load("user", corpus); err != nil {
		t.Fatal(err)
	}
	r := reading(t, account(source, "user"))
	for name, caps := range map[string]string{
		"all that Dovecot can": "",
		"no MULTIAPPEND":       "IMAP4rev1 SASL-IR LOGIN-REFERRALS ID ENABLE IDLE LITERAL+ UIDPLUS SPECIAL-USE NAMESPACE",
		"no LITERAL+":          "IMAP4rev1 MULTIAPPEND UIDPLUS SPECIAL-USE",
		"nothing at all":       "IMAP4rev1",
	} {
		t.Run(name, func(t *testing.T) {
			target := mailtest.Dovecot(t, mailtest.Options{Caps: caps})
			w := writing(t, account(target, "user"))
			all, err := move(t.Context(), r, w)
			if err != nil {
				t.Fatal(err)
			}
			for _, c := range all {
				if c.id == "" {
					t.Fatalf("no key of %v", c.source)
				}
			}
			mailtest.Same(t, source.Account("user"), target.Account("user"), mailtest.Comparison{})
		})
	}
}

// TestHostileMail: what the source serves arrives, byte for byte where the target
// keeps bytes, and is recognised by what a scan tells of it.
func TestHostileMail(t *testing.T) {
	source := mailtest.Dovecot(t, mailtest.Options{})
	target := mailtest.Dovecot(t, mailtest.Options{})
	var all []mailtest.Message
	for _, a := range mailtest.Hostile("INBOX", 3_000_000) {
		all = append(all, a.Message)
	}
	if err := source.LoadMessages("user", all...); err != nil {
		t.Fatal(err)
	}
	r, w := reading(t, account(source, "user")), writing(t, account(target, "user"))
	f := folder(t, r, "INBOX")
	items, _, err := scan(t.Context(), r, f, providers.Scan{Prints: true})
	if err != nil {
		t.Fatal(err)
	}
	if len(items) != len(all) {
		t.Fatalf("%d of %d messages are seen", len(items), len(all))
	}
	inbox, err := w.Create(t.Context(), []string{"INBOX"}, providers.UseInbox)
	if err != nil {
		t.Fatal(err)
	}
	printer := providers.NewPrinter()
	at, stored := 0, 0
	err = r.Fetch(t.Context(), f, items, func(m providers.Message) error {
		printer.Reset()
		var body bytes.Buffer
		if _, err := io.Copy(io.MultiWriter(printer, &body), m.Body); err != nil {
			return err
		}
		it := items[at]
		at++
		if m.Key != it.Key || !slices.Equal(m.Flags, it.Flags) || !m.Date.Equal(it.Date) || m.Size != int64(body.Len()) || printer.Size() != m.Size {
			t.Errorf("%v was read as %v with %d bytes", it, m.Item, body.Len())
		}
		if head := printer.Print().Head; head != it.Print.Head {
			t.Errorf("the head of %v is another by its bytes: %x", it, head)
		}
		m.Body = &body
		_, err := w.Put(t.Context(), inbox, []providers.Message{m})
		if diag.ClassOf(err) == diag.Invalid {
			return nil // the server refuses it, and says so
		}
		stored++
		return err
	})
	if err != nil || at != len(items) {
		t.Fatalf("%d of %d were read: %v", at, len(items), err)
	}
	there, now, err := scan(t.Context(), w, inbox, providers.Scan{Prints: true})
	if err != nil || len(there) != stored || now.Items != int64(stored) {
		t.Fatalf("%d of %d are there: %v, %v", len(there), stored, now, err)
	}
	heads := map[[16]byte]int{}
	for _, it := range items {
		heads[it.Print.Head]++
	}
	missed := 0
	for _, it := range there {
		if heads[it.Print.Head]--; heads[it.Print.Head] < 0 {
			missed++
		}
	}
	if missed > 2 { // bytes that Dovecot itself changes: NUL
		t.Errorf("%d messages are not recognised at the target", missed)
	}
}

// TestMarksAndChanges: a folder's mark moves when anything in it does, and Since
// yields just that.
func TestMarksAndChanges(t *testing.T) {
	for name, caps := range map[string]string{"CONDSTORE": "", "plain": "IMAP4rev1 UIDPLUS"} {
		t.Run(name, func(t *testing.T) {
			plain := caps != ""
			s := mailtest.Dovecot(t, mailtest.Options{Caps: caps})
			corpus := mailtest.Corpus{Messages: 100, Folders: 1, Seed: 3}
			if err := s.Load("user", corpus); err != nil {
				t.Fatal(err)
			}
			r := reading(t, account(s, "user"))
			before := folder(t, r, "INBOX")
			items, scanned, err := scan(t.Context(), r, before, providers.Scan{})
			if err != nil || len(items) != 100 || before.Items != 100 || scanned.Items != 100 {
				t.Fatalf("%d items of %v, %v: %v", len(items), before, scanned, err)
			}
			if (before.Mark == "") != plain || scanned.Mark != before.Mark || scanned.Epoch != before.Epoch || scanned.Next != before.Next || before.Next != 101 {
				t.Errorf("listed %+v, scanned %+v", before, scanned)
			}
			if err := r.Fetch(t.Context(), before, items, func(m providers.Message) error { return nil }); err != nil {
				t.Fatal(err)
			}
			if now := folder(t, r, "INBOX"); now.Mark != before.Mark {
				t.Errorf("reading changed the mark from %q to %q", before.Mark, now.Mark)
			}
			if !slices.IsSortedFunc(items, func(a, b providers.Item) int { return strings.Compare(a.Key, b.Key) }) {
				t.Error("keys are not in order")
			}
			var late mailtest.Message = corpus.Message(5)
			if err := mailtest.Append(t.Context(), s.Account("user"), late); err != nil {
				t.Fatal(err)
			}
			if err := mailtest.Do(t.Context(), s.Account("user"), func(c *imapclient.Client) error {
				if _, err := c.Select("INBOX", nil).Wait(); err != nil {
					return err
				}
				return c.Store(imap.UIDSetNum(7), &imap.StoreFlags{Op: imap.StoreFlagsSet, Flags: []imap.Flag{"$Odd", imap.FlagFlagged}}, nil).Close()
			}); err != nil {
				t.Fatal(err)
			}
			after := folder(t, r, "INBOX")
			if after.Mark == before.Mark && !plain {
				t.Error("the mark did not move")
			}
			items, _, err = scan(t.Context(), r, after, providers.Scan{Since: before.Mark})
			if err != nil {
				t.Fatal(err)
			}
			want := 2
			if plain {
				want = 101
			}
			if len(items) != want {
				t.Fatalf("%d items since then, want %d", len(items), want)
			}
			for _, it := range items {
				if it.Key == "0000000007" && !slices.Equal(it.Flags, []string{"$Odd", `\Flagged`}) {
					t.Errorf("flags are %q", it.Flags)
				}
			}
			if last := items[len(items)-1]; last.Key != "0000000101" || !last.Date.Equal(late.Date) || last.Size != int64(len(late.Raw)) {
				t.Errorf("the new message is %v", last)
			}
			items, _, err = scan(t.Context(), r, after, providers.Scan{From: "0000000099"})
			if err != nil || len(items) != 3 || items[0].Key != "0000000099" {
				t.Errorf("from 99 on: %v, %v", items, err)
			}
			items, _, err = scan(t.Context(), r, after, providers.Scan{From: "0000000500"})
			if err != nil || len(items) != 0 {
				t.Errorf("from 500 on: %v, %v", items, err)
			}
		})
	}
}

// TestANewNumbering: a folder that was numbered anew is not mistaken for the old one.
func TestANewNumbering(t *testing.T) {
	s := mailtest.Dovecot(t, mailtest.Options{})
	if err := s.Load("user", mailtest.Corpus{Messages: 5, Folders: 1}); err != nil {
		t.Fatal(err)
	}
	first := reading(t, account(s, "user"))
	f := folder(t, first, "INBOX")
	items, _, err := scan(t.Context(), first, f, providers.Scan{})
	if err != nil {
		t.Fatal(err)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	time.Sleep(1100 * time.Millisecond) // UIDVALIDITY is a time in seconds
	if err := s.ResetUIDValidity("user", "INBOX"); err != nil {
		t.Fatal(err)
	}
	r, w := reading(t, account(s, "user")), writing(t, account(s, "user"))
	_, _, err = scan(t.Context(), r, f, providers.Scan{})
	errs := map[string]error{"Scan": err,
		"Fetch": r.Fetch(t.Context(), f, items, func(providers.Message) error { return errors.New("yielded") }),
		"Flag":  w.Flag(t.Context(), f, items),
	}
	_, errs["Put"] = w.Put(t.Context(), f, []providers.Message{{Body: strings.NewReader("")}})
	for name, err := range errs {
		if diag.ClassOf(err) != diag.Conflict || diag.MayHaveHappened(err) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if now := folder(t, r, "INBOX"); now.Epoch == f.Epoch {
		t.Error("the numbering is the old one")
	}
}

func TestWriting(t *testing.T) {
	for name, caps := range map[string]string{"": "", "without UIDPLUS": "IMAP4rev1 LITERAL+ MULTIAPPEND SPECIAL-USE NAMESPACE LIST-EXTENDED"} {
		t.Run(name, func(t *testing.T) {
			s := mailtest.Dovecot(t, mailtest.Options{Caps: caps})
			w := writing(t, account(s, "user"))
			ctx := t.Context()
			deep, err := w.Create(ctx, []string{"프로젝트", "고객사 & 협력사", "1차"}, "")
			if err != nil {
				t.Fatal(err)
			}
			again, err := w.Create(ctx, deep.Path, "")
			if err != nil || again.ID != deep.ID || again.Epoch != deep.Epoch {
				t.Errorf("made again: %v, %v", again, err)
			}
			above := folder(t, w, "프로젝트", "고객사 & 협력사")
			if above.Unserved != "" {
				t.Errorf("the folder above is %v", above)
			}
			sent, err := w.Create(ctx, []string{"보낸메일함"}, providers.UseSent)
			if err != nil || sent.Use != providers.UseSent {
				t.Errorf("for sent mail: %v, %v", sent, err)
			}
			if other, err := w.Create(ctx, []string{"Sent"}, providers.UseSent); err != nil || other.ID != sent.ID {
				t.Errorf("a second folder for sent mail: %v, %v", other, err)
			}
			if _, err := w.Create(ctx, []string{"a/b"}, ""); diag.ClassOf(err) != diag.Invalid {
				t.Errorf("a name with a delimiter: %v", err)
			}

			when := time.Date(2001, 12, 31, 23, 59, 59, 0, time.FixedZone("", -5*3600))
			message := func(body string, flags ...string) providers.Message {
				return providers.Message{Item: providers.Item{Size: int64(len(body)), Date: when, Flags: flags}, Body: strings.NewReader(body)}
			}
			put, err := w.Put(ctx, deep, []providers.Message{
				message("Subject: a\r\n\r\na", `\Recent`, `\Seen`, "$Forwarded", "no good]"), message("Subject: b\r\n\r\nbb"), message("\r\n", `\Deleted`),
			})
			if err != nil {
				t.Fatal(err)
			}
			if fmt.Sprint(put) != "[{0000000001} {0000000002} {0000000003}]" {
				t.Errorf("delivered as %v", put)
			}
			if put, err = w.Put(ctx, deep, []providers.Message{message("Subject: d\r\n\r\n")}); err != nil || fmt.Sprint(put) != "[{0000000004}]" {
				t.Errorf("delivered as %v: %v", put, err)
			}
			if none, err := w.Put(ctx, deep, nil); err != nil || len(none) != 0 {
				t.Error(none, err)
			}
			flag := func(key string, flags ...string) providers.Item { return providers.Item{Key: key, Flags: flags} }
			if err := w.Flag(ctx, deep, []providers.Item{
				flag("0000000002", `\Answered`, "$x"), flag("0000000003"), flag("0000000004", `\Answered`, "$x"), flag("0000000099", `\Seen`),
			}); err != nil {
				t.Fatal(err)
			}
			renamed, err := w.Rename(ctx, deep, []string{"새 이름", "2차"})
			if err != nil {
				t.Fatal(err)
			}
			if renamed.Epoch != deep.Epoch || renamed.Items != 4 {
				t.Errorf("renamed to %v", renamed)
			}
			items, _, err := scan(ctx, w, renamed, providers.Scan{})
			if err != nil {
				t.Fatal(err)
			}
			var have []string
			for _, it := range items {
				have = append(have, fmt.Sprint(it.Key, " ", it.Flags, " ", it.Size, " ", it.Date.Equal(when)))
			}
			want := []string{
				`0000000001 [$Forwarded \Seen] 15 true`, `0000000002 [$x \Answered] 16 true`, `0000000003 [] 2 true`, `0000000004 [$x \Answered] 14 true`,
			}
			if !slices.Equal(have, want) {
				t.Errorf("there are\n%s\nwant\n%s", strings.Join(have, "\n"), strings.Join(want, "\n"))
			}
			if _, err := w.Rename(ctx, providers.Folder{ID: "nowhere"}, []string{"x"}); diag.ClassOf(err) != diag.NotFound {
				t.Errorf("renaming nothing: %v", err)
			}
			if _, err := w.Put(ctx, providers.Folder{ID: "nowhere"}, []providers.Message{message("x")}); diag.ClassOf(err) != diag.NotFound {
				t.Errorf("putting nowhere: %v", err)
			}
			if l := w.Limits(); l.Batch != 50 || l.BatchBytes != 1<<20 {
				t.Errorf("limits are %+v", l)
			}
		})
	}
}

func TestLogins(t *testing.T) {
	s := mailtest.Dovecot(t, mailtest.Options{})
	a := account(s, "user")
	for name, mode := range map[string]func(*mailimap.Account){
		"TLS":       func(a *mailimap.Account) { a.Addr, a.Security, a.Roots = s.IMAPS, mailimap.TLS, s.Roots },
		"STARTTLS":  func(a *mailimap.Account) { a.Security, a.Roots = mailimap.StartTLS, s.Roots },
		"separator": func(a *mailimap.Account) { a.Master, a.Separator = mailtest.MasterUser, "*" },
		"authzid":   func(a *mailimap.Account) { a.Master = mailtest.MasterUser },
	} {
		t.Run(name, func(t *testing.T) {
			a := a
			mode(&a)
			r := reading(t, a)
			folder(t, r, "INBOX")
		})
	}
	wrong := a
	wrong.Secret = secret("not-it")
	if _, err := mailimap.Origin(wrong).Open(t.Context()); diag.ClassOf(err) != diag.Denied || strings.Contains(err.Error(), "not-it") {
		t.Errorf("a wrong password: %v", err)
	}
	untrusted := a
	untrusted.Addr, untrusted.Security = s.IMAPS, mailimap.TLS
	if _, err := mailimap.Origin(untrusted).Open(t.Context()); diag.ClassOf(err) != diag.Denied || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("an unknown certificate: %v", err)
	}
	a = account(mailtest.Dovecot(t, mailtest.Options{Connections: 1}), "user")
	r := reading(t, a)
	if _, err := mailimap.Target(a, providers.Limits{}).Open(t.Context()); diag.ClassOf(err) != diag.Limited {
		t.Errorf("one connection too many: %v", err)
	}
	if err := r.Close(); err != nil {
		t.Error(err)
	}
	if _, err := r.Folders(t.Context()); diag.ClassOf(err) != diag.Unavailable {
		t.Errorf("after Close: %v", err)
	}
	if name := mailimap.Origin(a).Name(); name != "imap://"+a.Addr+"/user" {
		t.Error(name)
	}
}

// TestServersThatRefuseNowAndThen: reading goes on as if nothing had been.
func TestServersThatRefuseNowAndThen(t *testing.T) {
	s := mailtest.Dovecot(t, mailtest.Options{})
	corpus := mailtest.Corpus{Messages: 400, Seed: 5}
	if err := s.Load("user", corpus); err != nil {
		t.Fatal(err)
	}
	if err := s.Forbid("user", "Trash"); err != nil {
		t.Fatal(err)
	}
	want := 0
	for i := range corpus.Messages {
		if corpus.Message(i).Folder != "Trash" {
			want++
		}
	}
	line := mailtest.Faulty(t, s.IMAP, mailtest.Faults{Seed: 2, RefuseOneIn: 20, Answer: "no, not now"})
	a := account(s, "user")
	a.Addr = line.Addr
	r := reading(t, a)
	folders, err := r.Folders(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	got := 0
	for _, f := range folders {
		if f.Path[0] == "Trash" && f.Unserved == "" {
			t.Error("a folder that cannot be opened looks like the others")
		}
		if f.Unserved != "" {
			continue
		}
		items, _, err := scan(t.Context(), r, f, providers.Scan{})
		if err != nil {
			t.Fatal(err)
		}
		if err := r.Fetch(t.Context(), f, items, func(m providers.Message) error {
			n, err := io.Copy(io.Discard, m.Body)
			if n != m.Size {
				t.Errorf("%d of %d bytes", n, m.Size)
			}
			got++
			return err
		}); err != nil {
			t.Fatal(err)
		}
	}
	if got != want || line.Happened().Refused < 5 {
		t.Errorf("read %d of %d messages, %d commands refused", got, want, line.Happened().Refused)
	}
}

// TestWhatVanishes: messages that went since the scan are not yielded, and are no error.
func TestWhatVanishes(t *testing.T) {
	s := mailtest.Dovecot(t, mailtest.Options{})
	if err := s.Load("user", mailtest.Corpus{Messages: 10, Folders: 1}); err != nil {
		t.Fatal(err)
	}
	r := reading(t, account(s, "user"))
	f := folder(t, r, "INBOX")
	items, _, err := scan(t.Context(), r, f, providers.Scan{})
	if err != nil {
		t.Fatal(err)
	}
	if err := mailtest.Do(t.Context(), s.Account("user"), func(c *imapclient.Client) error {
		if _, err := c.Select("INBOX", nil).Wait(); err != nil {
			return err
		}
		if err := c.Store(imap.UIDSetNum(2, 5), &imap.StoreFlags{Op: imap.StoreFlagsAdd, Flags: []imap.Flag{imap.FlagDeleted}}, nil).Close(); err != nil {
			return err
		}
		return c.Expunge().Close()
	}); err != nil {
		t.Fatal(err)
	}
	var have []string
	if err := r.Fetch(t.Context(), f, items, func(m providers.Message) error {
		have = append(have, m.Key)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if len(have) != 8 || slices.Contains(have, "0000000005") {
		t.Errorf("read %v", have)
	}
	if items, now, err := scan(t.Context(), r, f, providers.Scan{}); err != nil || len(items) != 8 || now.Items != 8 {
		t.Errorf("%d messages of %v: %v", len(items), now, err)
	}
}
