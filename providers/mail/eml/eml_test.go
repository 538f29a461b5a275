//go:build unix

package eml_test

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
	"github.com/isaworks/isa/providers/mail/eml"
)

func corpus(n int) []mailtest.Message {
	return sourcetest.Messages(mailtest.Corpus{Messages: n, Folders: 12, Seed: 21})
}

func TestTreesAreReadAsTheyAre(t *testing.T) {
	for name, ends := range map[string]func([]byte) []byte{"CRLF": nil, "LF": mailtest.LF} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			all := corpus(200)
			if err := mailtest.WriteEML(dir, 1, ends, all...); err != nil {
				t.Fatal(err)
			}
			sourcetest.Contract(t, eml.Origin(dir))
			sourcetest.Differ(t, mailtest.Comparison{}.Compare(sourcetest.Wanted(all, false), sourcetest.Read(t, sourcetest.Open(t, eml.Origin(dir)))))
		})
	}
}

func TestHostile(t *testing.T) {
	dir := t.TempDir()
	var all []mailtest.Message
	for _, a := range mailtest.Hostile("INBOX", 3_000_000) {
		all = append(all, a.Message)
	}
	if err := mailtest.WriteEML(dir, 1, nil, all...); err != nil {
		t.Fatal(err)
	}
	sourcetest.Contract(t, eml.Origin(dir))
	sourcetest.Differ(t, mailtest.Comparison{}.Compare(sourcetest.Wanted(all, false), sourcetest.Read(t, sourcetest.Open(t, eml.Origin(dir)))))
}

// TestWhatIsAMessage: and what is a folder, by name.
func TestWhatIsAMessage(t *testing.T) {
	dir := t.TempDir()
	const one = "Subject: x\n\n"
	sourcetest.Write(t, dir, map[string]string{
		"a.EML": one, "b.eml.txt": one, ".eml": one, "._a.eml": "\x00\x05\x16\x07", "Sent/1.eml": one, "Sent/old/1.eml": one, "pictures/x.jpg": "x",
		"deep/er/est/1.eml": one, "\xba\xb8\xb3\xbd\xb8\xde\xc0\xcf\xc7\xd4/\xba\xb8.eml": one, "e\u0301/e\u0301.eml": one, "e\u0301/\u00e9.eml": one + "other", "__MACOSX/x.eml": one,
	})
	if err := os.Mkdir(filepath.Join(dir, "empty"), 0o755); err != nil {
		t.Fatal(err)
	}
	outside := t.TempDir()
	sourcetest.Write(t, outside, map[string]string{"secret.eml": one})
	for name, to := range map[string]string{"away": outside, "Sent/away.eml": filepath.Join(outside, "secret.eml"), "Sent/inside.eml": "1.eml", "Sent/loop": "..", "Sent/broken.eml": "nothing"} {
		if err := os.Symlink(to, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	r := sourcetest.Open(t, eml.Origin(dir))
	folders, err := r.Folders(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var have []string
	for _, f := range folders {
		have = append(have, fmt.Sprint(strings.Join(f.Path, "/"), "|", f.Use, "|", f.Items, "|", f.Unserved))
	}
	want := []string{"INBOX|inbox|2|", "Sent|sent|4|", "Sent/loop||-1|is a link to elsewhere", "Sent/old||1|", "away||-1|is a link to elsewhere", "deep/er/est||1|", "empty||0|",
		"pictures||0|holds no .eml files", "é||1|", "보낸메일함||1|"}
	if !slices.Equal(have, want) {
		t.Errorf("listed\n%s\nwant\n%s", strings.Join(have, "\n"), strings.Join(want, "\n"))
	}
	twins, _ := sourcetest.Scan(t, r, sourcetest.Folder(t, r, "é"), providers.Scan{})
	if len(twins) != 2 { // two files whose names are one when they are written alike
		t.Errorf("%d messages of one name", len(twins))
	}
	sent := sourcetest.Folder(t, r, "Sent")
	items, _ := sourcetest.Scan(t, r, sent, providers.Scan{})
	letters, err := sourcetest.Fetch(t.Context(), r, sent, items)
	if len(items) != 4 || len(letters) != 2 || diag.ClassOf(err) != diag.Invalid {
		t.Errorf("%d of %d were read: %v", len(letters), len(items), err)
	}
}

// TestKeys: a file that is written anew with another message is another one, one that
// is touched is not, and one that can be read again is a new one.
func TestKeys(t *testing.T) {
	dir := t.TempDir()
	sourcetest.Write(t, dir, map[string]string{"1.eml": "Subject: one\n\n", "2.eml": "Subject: two\n\n", "2.eml.eml": "Subject: three\n\n"})
	r := sourcetest.Open(t, eml.Origin(dir))
	f := sourcetest.Folder(t, r, "INBOX")
	before, _ := sourcetest.Scan(t, r, f, providers.Scan{})
	sourcetest.Write(t, dir, map[string]string{"1.eml": "Subject: one\r\n\r\n"})
	again, _ := sourcetest.Scan(t, r, f, providers.Scan{})
	if fmt.Sprint(keys(before)) != fmt.Sprint(keys(again)) || before[0].Size != 16 {
		t.Errorf("%v became %v", before, again)
	}
	sourcetest.Write(t, dir, map[string]string{"1.eml": "Subject: four\n\n"})
	if letters, err := sourcetest.Fetch(t.Context(), r, f, before); err != nil || len(letters) != 2 {
		t.Errorf("%d of what there was is read: %v", len(letters), err)
	}
	if after, _ := sourcetest.Scan(t, r, f, providers.Scan{}); after[0].Key == before[0].Key || after[1].Key != before[1].Key {
		t.Errorf("%v became %v", keys(before), keys(after))
	}
	if now := sourcetest.Folder(t, r, "INBOX"); now.Mark != f.Mark {
		t.Error("no name was changed, but the mark was")
	}
	sourcetest.Write(t, dir, map[string]string{"3.eml": ""})
	if now := sourcetest.Folder(t, r, "INBOX"); now.Mark == f.Mark {
		t.Error("a file was added, and the mark is the same")
	}
	for _, gone := range []string{"nothing.eml/-", "1.eml/-", "x/"} {
		if letters, err := sourcetest.Fetch(t.Context(), r, f, []providers.Item{{Key: gone}}); err != nil || len(letters) != 0 {
			t.Errorf("%s: %v, %v", gone, letters, err)
		}
	}
}

func keys(items []providers.Item) (out []string) {
	for _, it := range items {
		out = append(out, it.Key)
	}
	return out
}

func TestDates(t *testing.T) {
	dir := t.TempDir()
	when := time.Date(2020, 2, 2, 2, 2, 2, 999, time.UTC)
	for name, c := range map[string]struct {
		header string
		want   time.Time
	}{
		"received": {"Received: from a\n by b; Fri, 01 Mar 2019 09:00:00 +0900 (KST)\nReceived: c; Thu, 28 Feb 2019 09:00:00 +0900\nDate: Wed, 27 Feb 2019 09:00:00 +0900\n", time.Date(2019, 3, 1, 0, 0, 0, 0, time.UTC)},
		"date":     {"Received: nonsense\nDate: Wed, 27 Feb 2019 09:00:00 +0900\n", time.Date(2019, 2, 27, 0, 0, 0, 0, time.UTC)},
		"none":     {"Date: nonsense\n", when.Truncate(time.Second)},
		"past":     {"Date: Wed, 27 Feb 1900 09:00:00 +0900\n", when.Truncate(time.Second)},
		"future":   {"Date: Wed, 27 Feb 9999 09:00:00 +0900\n", when.Truncate(time.Second)},
		"body":     {"Subject: x\n\nDate: Wed, 27 Feb 2019 09:00:00 +0900\n", when.Truncate(time.Second)},
	} {
		sourcetest.Write(t, dir, map[string]string{"x.eml": c.header})
		if err := os.Chtimes(filepath.Join(dir, "x.eml"), when, when); err != nil {
			t.Fatal(err)
		}
		r := sourcetest.Open(t, eml.Origin(dir))
		items, _ := sourcetest.Scan(t, r, sourcetest.Folder(t, r, "INBOX"), providers.Scan{})
		if !items[0].Date.Equal(c.want) {
			t.Errorf("%s: %v, want %v", name, items[0].Date, c.want)
		}
	}
}

func TestNothingToRead(t *testing.T) {
	dir := t.TempDir()
	sourcetest.Write(t, dir, map[string]string{"x.txt": "x"})
	for path, class := range map[string]diag.Class{dir: diag.Unavailable, filepath.Join(dir, "nothing"): diag.NotFound, filepath.Join(dir, "x.txt"): diag.Unavailable} {
		r, err := eml.Origin(path).Open(t.Context())
		if err == nil {
			_, err = r.Folders(t.Context())
			r.Close()
		}
		if diag.ClassOf(err) != class {
			t.Errorf("%s: %v", path, err)
		}
	}
	if name := eml.Origin("/export/gildong/").Name(); name != "eml:/export/gildong" {
		t.Error(name)
	}
}

// TestLineEnds: every LF has a CR before it, however the file is cut into reads.
func TestLineEnds(t *testing.T) {
	dir := t.TempDir()
	for _, text := range []string{"a\nb\r\nc\r\rd\n\n\r", "\n", "\r\n", strings.Repeat("x", 32<<10) + "\n", strings.Repeat("x", 32<<10-1) + "\r\n" + strings.Repeat("\n", 40<<10), strings.Repeat("ab\n", 1<<19)} {
		sourcetest.Write(t, dir, map[string]string{"x.eml": text})
		r := sourcetest.Open(t, eml.Origin(dir))
		f := sourcetest.Folder(t, r, "INBOX")
		items, _ := sourcetest.Scan(t, r, f, providers.Scan{})
		letters, err := sourcetest.Fetch(t.Context(), r, f, items)
		if err != nil || !bytes.Equal(letters[0].Raw, mailtest.CRLF([]byte(text))) {
			t.Errorf("%.20q: %v", text, err)
		}
	}
}
