//go:build unix

package mbox_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/internal/mailtest"
	"github.com/isaworks/isa/internal/mailtest/sourcetest"
	"github.com/isaworks/isa/providers"
	"github.com/isaworks/isa/providers/mail/mbox"
)

func corpus(n int) []mailtest.Message {
	return sourcetest.Messages(mailtest.Corpus{Messages: n, Folders: 5, Seed: 11})
}

// quoting are lines that mbox programs quote, and others like them.
func quoting(w mailtest.Mbox) []mailtest.Message {
	when := time.Date(2019, 3, 1, 9, 0, 0, 0, time.UTC)
	lines := []string{
		"From me to you\r\n", "\r\nFrom the beginning\r\nTo: the end\r\n", "\r\nFrom a@example.co.kr Fri Mar  1 09:00:00 2019\r\nSubject: not a message\r\n\r\nx\r\n",
		"From\r\nFrom: \r\nfrom \r\n From \r\n", "\r\n\r\n\r\n", "x\r\n\r\n", "Content-Length: 5\r\n",
	}
	if w.Quote == nil || bytes.Equal(w.Quote([]byte(">From ")), []byte(">>From ")) { // what mboxo cannot hold
		lines = append(lines, ">From me\r\n>>From you\r\n> From\r\n")
	}
	var all []mailtest.Message
	for i, l := range lines {
		all = append(all, mailtest.Message{Folder: "INBOX", Date: when, Flags: []string{},
			Raw: []byte(fmt.Sprintf("Message-ID: <%d@example.co.kr>\r\nDate: Fri, 01 Mar 2019 09:00:00 +0000\r\n\r\n%s", i, l))})
	}
	return all
}

// TestVariants: what is written in each variant is read byte for byte.
func TestVariants(t *testing.T) {
	variants := map[string]mailtest.Mbox{"mboxo": mailtest.Mboxo(), "mboxrd": mailtest.Mboxrd(), "mboxcl": mailtest.Mboxcl(), "mboxcl2": mailtest.Mboxcl2()}
	for name, w := range variants {
		for _, crlf := range []bool{false, true} {
			t.Run(fmt.Sprint(name, crlf), func(t *testing.T) {
				w.CRLF, w.Status = crlf, true
				dir := t.TempDir()
				all := append(quoting(w), corpus(60)...)
				if err := w.WriteMbox(dir, all...); err != nil {
					t.Fatal(err)
				}
				sourcetest.Contract(t, mbox.Origin(dir))
				r := sourcetest.Open(t, mbox.Origin(dir))
				sourcetest.Differ(t, mailtest.Comparison{}.Compare(sourcetest.Wanted(all, true), sourcetest.Read(t, r)))
			})
		}
	}
}

// TestHostile: awkward mail comes back as it was, but for what an mbox cannot hold.
func TestHostile(t *testing.T) {
	for name, w := range map[string]mailtest.Mbox{"mboxrd": mailtest.Mboxrd(), "mboxcl2": mailtest.Mboxcl2()} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			hostile := mailtest.Hostile("INBOX", 3_000_000)
			for _, a := range hostile {
				if err := w.WriteMbox(dir, a.Message); err != nil {
					t.Fatal(err)
				}
			}
			r := sourcetest.Open(t, mbox.Origin(dir))
			f := sourcetest.Folder(t, r, "INBOX")
			items, _ := sourcetest.Scan(t, r, f, providers.Scan{})
			letters, err := sourcetest.Fetch(t.Context(), r, f, items)
			if err != nil || len(letters) != len(hostile) {
				t.Fatalf("%d of %d messages: %v", len(letters), len(hostile), err)
			}
			for i, a := range hostile {
				want := mailtest.CRLF(a.Raw)
				if len(want) > 0 && want[len(want)-1] != '\n' && !w.Length {
					want = append(want, "\r\n"...) // an mbox has no lines without ends
				}
				if !bytes.Equal(letters[i].Raw, want) && a.Name != "no body" {
					t.Errorf("%s: %d bytes, want %d: %.80q, want %.80q", a.Name, len(letters[i].Raw), len(want), letters[i].Raw, want)
				}
			}
			sourcetest.Contract(t, mbox.Origin(dir))
		})
	}
}

// read reads an mbox that is given as text.
func read(t *testing.T, text string) []sourcetest.Letter {
	t.Helper()
	name := filepath.Join(t.TempDir(), "Inbox")
	if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	r := sourcetest.Open(t, mbox.Origin(name))
	f := sourcetest.Folder(t, r, "INBOX")
	items, _ := sourcetest.Scan(t, r, f, providers.Scan{Prints: true})
	letters, err := sourcetest.Fetch(t.Context(), r, f, items)
	if err != nil || len(letters) != len(items) {
		t.Fatalf("%d of %d: %v", len(letters), len(items), err)
	}
	return letters
}

func TestWhereMessagesBegin(t *testing.T) {
	const dated = "From a@b.c Fri Mar  1 09:00:00 2019\n"
	for name, c := range map[string]struct {
		text string
		want []string
	}{
		"one":                      {dated + "Subject: a\n\nbody\n", []string{"Subject: a\r\n\r\nbody\r\n"}},
		"two":                      {dated + "A: 1\n\nx\n\n" + dated + "B: 2\n\ny\n\n", []string{"A: 1\r\n\r\nx\r\n", "B: 2\r\n\r\ny\r\n"}},
		"no empty line between":    {dated + "A: 1\n\nx\n" + dated + "B: 2\n\ny\n", []string{"A: 1\r\n\r\nx\r\n", "B: 2\r\n\r\ny\r\n"}},
		"prose, no empty line":     {dated + "A: 1\n\nx\n" + dated + "no field\n", []string{"A: 1\r\n\r\nx\r\n" + strings.TrimSpace(dated) + "\r\nno field\r\n"}},
		"prose after a blank":      {dated + "A: 1\n\nFrom what I know\nPhone: 1\n", []string{"A: 1\r\n\r\nFrom what I know\r\nPhone: 1\r\n"}},
		"Thunderbird of today":     {"From \nA: 1\n\nx\n\nFrom \nB: 2\n\ny\n\n", []string{"A: 1\r\n\r\nx\r\n", "B: 2\r\n\r\ny\r\n"}},
		"Thunderbird of old":       {"From - Fri Mar  1 09:00:00 2019\r\nA: 1\r\n\r\nx\r\n\r\nFrom - Fri Mar  1 09:00:00 2019\r\nB: 2\r\n\r\ny\r\n", []string{"A: 1\r\n\r\nx\r\n", "B: 2\r\n\r\ny\r\n"}},
		"an address alone":         {"From a@b.c\nA: 1\n\nx\n\nFrom MAILER-DAEMON\nB: 2\n\n", []string{"A: 1\r\n\r\nx\r\n", "B: 2\r\n"}},
		"empty messages":           {dated + "\n" + dated + "\n\n" + dated + "\n", []string{"", "\r\n", ""}},
		"a mark and lines first":   {"\xef\xbb\xbf\n\r\n" + dated + "A: 1\n\nx\n", []string{"A: 1\r\n\r\nx\r\n"}},
		"cut off":                  {dated + "A: 1\n\nx", []string{"A: 1\r\n\r\nx"}},
		"cut off in the From line": {dated + "A: 1\n\nx\n\nFrom a@b.c Fri Mar  1 09:00:00 2019", []string{"A: 1\r\n\r\nx\r\n", ""}},
		"honest length":            {dated + "A: 1\nContent-Length: 4\n\nFrom\n" + dated + "B: 2\n\ny\n", []string{"A: 1\r\n\r\nFrom", "B: 2\r\n\r\ny\r\n"}},
		"length over another":      {dated + "Content-Length: 43\nA: 1\n\n\n" + dated + "C: 3\n\n\n" + dated + "B: 2\n\ny\n", []string{"A: 1\r\n\r\n\r\nFrom a@b.c Fri Mar  1 09:00:00 2019\r\nC: 3\r\n\r\n", "B: 2\r\n\r\ny\r\n"}},
		"length too long":          {dated + "A: 1\nContent-Length: 4000\n\nx\n\n" + dated + "B: 2\n\ny\n", []string{"A: 1\r\nContent-Length: 4000\r\n\r\nx\r\n", "B: 2\r\n\r\ny\r\n"}},
		"length too short":         {dated + "A: 1\nContent-Length: 1\n\nxyz\n\n" + dated + "B: 2\n\ny\n", []string{"A: 1\r\nContent-Length: 1\r\n\r\nxyz\r\n", "B: 2\r\n\r\ny\r\n"}},
		"length that is none":      {dated + "Content-Length: -1\nContent-Length: many\n\nx\n", []string{"Content-Length: -1\r\nContent-Length: many\r\n\r\nx\r\n"}},
		"length of zero":           {dated + "A: 1\nContent-Length: 0\n\n\n" + dated + "B: 2\n\ny\n", []string{"A: 1\r\n\r\n", "B: 2\r\n\r\ny\r\n"}},
		"length to the end":        {dated + "A: 1\nContent-Length: 6\n\nx\n\ny\n\n", []string{"A: 1\r\n\r\nx\r\n\r\ny\r\n\r\n"}},
		"mutt":                     {dated + "Lines: 9\nContent-Length: 2\nLines: 1\n\nx\n\n" + dated + "Lines: 2\n\ny\n", []string{"Lines: 9\r\n\r\nx\r\n", "Lines: 2\r\n\r\ny\r\n"}},
		"folded and dropped":       {dated + "X-Keywords: a\n b\nA: 1\n c\nStatus: R\n\nStatus: x\n", []string{"A: 1\r\n c\r\n\r\nStatus: x\r\n"}},
		"expunged":                 {dated + "X-Mozilla-Status: 0009\n\nx\n\n" + dated + "B: 2\n\ny\n", []string{"B: 2\r\n\r\ny\r\n"}},
		"internal data":            {dated + "Subject: DON'T DELETE THIS MESSAGE -- FOLDER INTERNAL DATA\nX-IMAP: 1 2\n\nx\n\n" + dated + "B: 2\n\ny\n", []string{"B: 2\r\n\r\ny\r\n"}},
	} {
		t.Run(name, func(t *testing.T) {
			var have []string
			for _, l := range read(t, c.text) {
				have = append(have, string(l.Raw))
			}
			if !slices.Equal(have, c.want) {
				t.Errorf("read %q\nwant %q", have, c.want)
			}
		})
	}
}

func TestDatesAndFlags(t *testing.T) {
	at := func(text string) time.Time {
		when, err := time.Parse(time.RFC3339, text)
		if err != nil {
			t.Fatal(err)
		}
		return when
	}
	for _, c := range []struct {
		text  string
		date  time.Time
		flags string
	}{
		{"From x Fri Mar  1 09:00:00 2019\n\n", at("2019-03-01T09:00:00Z"), ""},
		{"From x Fri Mar 01 09:00 2019\n\n", at("2019-03-01T09:00:00Z"), ""},
		{"From x Fri Mar 1 09:00:00 +0900 2019\n\n", at("2019-03-01T09:00:00+09:00"), ""},
		{"From x Fri Mar 1 09:00:00 2019 +0900\n\n", at("2019-03-01T09:00:00+09:00"), ""},
		{"From x Fri Mar 1 09:00:00 KST 2019 remote from y\n\n", at("2019-03-01T09:00:00+09:00"), ""},
		{"From x Fri Mar  1 09:00:00 2019\nDate: Sat, 2 Mar 2019 10:00:00 +0900\n\n", at("2019-03-02T10:00:00+09:00"), ""},
		{"From x Fri Mar  1 09:00:00 2019\nDate: 99 Foo\n\n", at("2019-03-01T09:00:00Z"), ""},
		{"From x Fri Mar  1 09:00:00 2019\nDate: Sat, 2 Mar 2019 10:00:00 +0900\nReceived: from a by b\n\t; Sun, 3 Mar 2019 11:00:00 +0900\nReceived: c; Mon, 4 Mar 2019 11:00:00 +0900\n\n", at("2019-03-03T11:00:00+09:00"), ""},
		{"From x Fri Mar  1 09:00:00 2019\nStatus: RO\nX-Status: AFT\nX-Keywords: $Label1 Urgent \n\n", at("2019-03-01T09:00:00Z"), `$Label1 Urgent \Answered \Draft \Flagged \Seen`},
		{"From x Fri Mar  1 09:00:00 2019\nX-Mozilla-Status: 1007\nX-Mozilla-Status2: 00800000\nX-Mozilla-Keys: $label2 $label2      \n\n", at("2019-03-01T09:00:00Z"), `$Forwarded $label2 \Answered \Flagged \Seen`},
		{"From x Fri Mar  1 09:00:00 2019\nX-Evolution: 0000002a-0019\n\n", at("2019-03-01T09:00:00Z"), `\Answered \Flagged \Seen`},
		{"From x Fri Mar  1 09:00:00 2019\nX-Mozilla-Status: nothing\nX-Status: D\n\n", at("2019-03-01T09:00:00Z"), `\Deleted`},
	} {
		l := read(t, c.text)[0]
		if !l.Date.Equal(c.date) || strings.Join(l.Flags, " ") != c.flags {
			t.Errorf("%q: %v %q, want %v %q", c.text, l.Date, l.Flags, c.date, c.flags)
		}
	}
}

// TestTrees: files and directories as mail programs keep them.
func TestTrees(t *testing.T) {
	dir := t.TempDir()
	const one = "From \nA: 1\n\n"
	for name, text := range map[string]string{
		"Inbox": one, "Inbox.msf": "//", "Work": one, "Work.sbd/2024": one, "Work.sbd/2024.sbd/Old": "", "Archive.mbox/mbox": one, "Archive.mbox/table_of_contents": "x",
		"Sent.mbox": one, "notes.txt": "From me to you", "msgFilterRules.dat": "x", ".hidden": one, "\xba\xb8\xb3\xbd": one, "e\u0301": one, "empty": "",
	} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink("/etc", filepath.Join(dir, "elsewhere")); err != nil {
		t.Fatal(err)
	}
	r := sourcetest.Open(t, mbox.Origin(dir))
	folders, err := r.Folders(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var have []string
	for _, f := range folders {
		have = append(have, fmt.Sprint(strings.Join(f.Path, "/"), "|", f.Use, "|", f.Items, "|", f.Unserved))
	}
	want := []string{"INBOX|inbox|-1|", "Archive|archive|-1|", "Sent|sent|-1|", "Work|||", "elsewhere||-1|is a link, or no file", "empty||0|", "notes.txt||-1|is no mbox file: it does not begin with a line \"From …\"",
		"é||-1|", "보낸||-1|", "Work/2024||-1|", "Work/2024/Old||0|"}
	want[3] = "Work||-1|"
	slices.Sort(want)
	slices.Sort(have)
	if !slices.Equal(have, want) {
		t.Errorf("listed\n%s\nwant\n%s", strings.Join(have, "\n"), strings.Join(want, "\n"))
	}
	if folders[0].Use != providers.UseInbox {
		t.Errorf("first comes %v", folders[0])
	}
	for name, class := range map[string]diag.Class{filepath.Join(dir, "nothing"): diag.NotFound, filepath.Join(dir, "notes.txt"): diag.Unavailable, t.TempDir(): diag.Unavailable} {
		r, err := mbox.Origin(name).Open(t.Context())
		if err == nil {
			_, err = r.Folders(t.Context())
			r.Close()
		}
		if diag.ClassOf(err) != class {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestChanges: a file that grows is read as it was; one that is changed otherwise is
// not taken for the same.
func TestChanges(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "Inbox")
	w := mailtest.Mboxrd()
	all := quoting(w)
	if err := w.WriteMbox(dir, all...); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(filepath.Join(dir, "INBOX"), name); err != nil {
		t.Fatal(err)
	}
	r := sourcetest.Open(t, mbox.Origin(dir))
	f := sourcetest.Folder(t, r, "INBOX")
	items, _ := sourcetest.Scan(t, r, f, providers.Scan{})
	before, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, append(before, "From \nNew: 1\n\n"...), 0o644); err != nil {
		t.Fatal(err)
	}
	if again, _ := sourcetest.Scan(t, r, f, providers.Scan{}); len(again) != len(items) {
		t.Errorf("the file as it was has %d messages, not %d", len(again), len(items))
	}
	if letters, err := sourcetest.Fetch(t.Context(), r, f, items); err != nil || len(letters) != len(items) {
		t.Errorf("%d of %d were read: %v", len(letters), len(items), err)
	}
	now := sourcetest.Folder(t, r, "INBOX")
	if now.Epoch == f.Epoch || now.Mark == f.Mark {
		t.Error("the file grew, and shows it nowhere")
	}
	if again, _ := sourcetest.Scan(t, r, now, providers.Scan{}); len(again) != len(items)+1 {
		t.Errorf("the file as it is has %d messages", len(again))
	}
	for what, text := range map[string][]byte{"shorter": before[:len(before)-5], "other bytes": bytes.Replace(before, []byte("example"), []byte("EXAMPLE"), 1), "compacted": append(before[200:len(before):len(before)], before...)} {
		if err := os.WriteFile(name, before, 0o644); err != nil {
			t.Fatal(err)
		}
		f := sourcetest.Folder(t, r, "INBOX")
		if err := os.WriteFile(name, text, 0o644); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(name, time.Now(), time.Now().Add(time.Hour)); err != nil {
			t.Fatal(err)
		}
		_, err := r.Scan(t.Context(), f, providers.Scan{}, func(providers.Item) error { return nil })
		if diag.ClassOf(err) != diag.Conflict {
			t.Errorf("%s: scanned: %v", what, err)
		}
		if err := r.Fetch(t.Context(), f, items, func(providers.Message) error { return nil }); diag.ClassOf(err) != diag.Conflict {
			t.Errorf("%s: read: %v", what, err)
		}
	}
}
