//go:build unix

package maildir_test

import (
	"bytes"
	"compress/gzip"
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
	"github.com/isaworks/isa/providers/mail/maildir"
)

func corpus(n int) []mailtest.Message {
	return sourcetest.Messages(mailtest.Corpus{Messages: n, Folders: 20, Seed: 31})
}

func TestMaildirsAreReadAsTheyAre(t *testing.T) {
	for name, ends := range map[string]func([]byte) []byte{"CRLF": mailtest.CRLF, "LF": mailtest.LF} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			all := corpus(200)
			for _, a := range mailtest.Hostile("INBOX", 3_000_000) {
				all = append(all, a.Message)
			}
			for i := range all {
				all[i].Raw = ends(all[i].Raw)
				slices.Sort(all[i].Flags)
			}
			if err := mailtest.WriteMaildir(dir, all...); err != nil {
				t.Fatal(err)
			}
			sourcetest.Contract(t, maildir.Origin(dir))
			sourcetest.Differ(t, mailtest.Comparison{}.Compare(sourcetest.Wanted(all, true), sourcetest.Read(t, sourcetest.Open(t, maildir.Origin(dir)))))
		})
	}
}

// TestDovecot: what a Dovecot made of a mailbox is what it showed of it.
func TestDovecot(t *testing.T) {
	s := mailtest.Dovecot(t, mailtest.Options{})
	if err := mailtest.AppendCorpus(t.Context(), s.Account("user"), mailtest.Corpus{Messages: 100, Folders: 15, Seed: 41}); err != nil {
		t.Fatal(err)
	}
	shown, err := mailtest.Read(t.Context(), s.Account("user"))
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(s.Dir, "mail", "user", "Maildir")
	sourcetest.Contract(t, maildir.Origin(dir))
	sourcetest.Differ(t, mailtest.Comparison{}.Compare(shown, sourcetest.Read(t, sourcetest.Open(t, maildir.Origin(dir)))))
}

func TestFolders(t *testing.T) {
	dir := t.TempDir()
	const one = "Subject: x\n\n"
	sourcetest.Write(t, dir, map[string]string{
		"cur/1:2,S": one, "new/2": one, "tmp/3": one, "new/.hidden": one, ".Sent/cur/1": one, ".Work.2024/new/1": one, ".&vPSwuA-/cur/1": one, ".git/HEAD": "x",
		"Projects/A/cur/1": one, "Projects/A/new/1:2,": one, ".KMail.directory/Sub/cur/1": one, "pictures/x.jpg": "x", "courierimapkeywords/:list": "x", "subscriptions": "x",
		"\xba\xb8/cur/1": one,
	})
	if err := os.MkdirAll(filepath.Join(dir, ".Empty", "cur"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("/etc", filepath.Join(dir, "away")); err != nil {
		t.Fatal(err)
	}
	r := sourcetest.Open(t, maildir.Origin(dir))
	folders, err := r.Folders(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var have []string
	for _, f := range folders {
		have = append(have, fmt.Sprint(strings.Join(f.Path, "/"), "|", f.Use, "|", f.Items, "|", f.Unserved))
	}
	want := []string{"INBOX|inbox|2|", "Empty||0|", "KMail/Sub||1|", "Projects/A||1|", "Sent|sent|1|", "Work/2024||1|", "away||-1|is a link to elsewhere", "pictures||-1|is no Maildir", "보||1|", "보낸||1|"}
	if !slices.Equal(have, want) {
		t.Errorf("listed\n%s\nwant\n%s", strings.Join(have, "\n"), strings.Join(want, "\n"))
	}
	for path, class := range map[string]diag.Class{t.TempDir(): diag.Unavailable, filepath.Join(dir, "nothing"): diag.NotFound} {
		r, err := maildir.Origin(path).Open(t.Context())
		if err == nil {
			_, err = r.Folders(t.Context())
			r.Close()
		}
		if diag.ClassOf(err) != class {
			t.Errorf("%s: %v", path, err)
		}
	}
}

// TestFlags: by the letters of names, on all systems; a mark shows them.
func TestFlags(t *testing.T) {
	dir := t.TempDir()
	sourcetest.Write(t, dir, map[string]string{"dovecot-keywords": "0 $Label1\n1 Urgent\nx y\n99 z\n",
		"cur/1:2,RSa": "", "cur/2;2,DFTPPb": "", "cur/3!2,Sz": "", "cur/4": "", "new/5": "", "cur/6:1,S": "", "cur/7,S=0,W=0:2,S": ""})
	r := sourcetest.Open(t, maildir.Origin(dir))
	f := sourcetest.Folder(t, r, "INBOX")
	items, _ := sourcetest.Scan(t, r, f, providers.Scan{})
	var have []string
	for _, it := range items {
		have = append(have, fmt.Sprint(it.Key, it.Flags))
	}
	if want := `1[$Label1 \Answered \Seen] 2[$Forwarded Urgent \Deleted \Draft \Flagged] 3[\Seen] 4[] 5[] 6:1,S[] 7,S=0,W=0[\Seen]`; strings.Join(have, " ") != want {
		t.Errorf("%s\nwant %s", strings.Join(have, " "), want)
	}
	marks := map[string]bool{f.Mark: true}
	for what, change := range map[string]func() error{
		"flags":    func() error { return os.Rename(filepath.Join(dir, "cur/4"), filepath.Join(dir, "cur/4:2,S")) },
		"seen":     func() error { return os.Rename(filepath.Join(dir, "new/5"), filepath.Join(dir, "cur/5")) },
		"keywords": func() error { return os.WriteFile(filepath.Join(dir, "dovecot-keywords"), []byte("0 other\n"), 0o644) },
		"removed":  func() error { return os.Remove(filepath.Join(dir, "cur/1:2,RSa")) },
		"added":    func() error { return os.WriteFile(filepath.Join(dir, "new/9"), nil, 0o644) },
	} {
		if err := change(); err != nil {
			t.Fatal(err)
		}
		if now := sourcetest.Folder(t, r, "INBOX"); marks[now.Mark] {
			t.Errorf("%s: the mark did not change", what)
		} else {
			marks[now.Mark] = true
		}
	}
	letters, err := sourcetest.Fetch(t.Context(), r, f, items) // by what was known before
	if err != nil || len(letters) != len(items)-1 {
		t.Errorf("%d of %d were read: %v", len(letters), len(items), err)
	}
	for _, l := range letters {
		if l.Key == "4" && !slices.Equal(l.Flags, []string{`\Seen`}) {
			t.Errorf("%+v", l.Item)
		}
	}
}

// TestSizes: a name tells the size only where it is true of the file.
func TestSizes(t *testing.T) {
	dir := t.TempDir()
	const text = "Subject: x\n\nbody\n"
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	z.Write([]byte(text))
	z.Close()
	when := time.Date(2019, 3, 1, 9, 0, 0, 0, time.UTC)
	all := map[string]string{"cur/1,S=17,W=20:2,": text, "cur/2,S=17,W=9999:2,": text, "cur/3,S=5,W=6:2,": text, "cur/4": text, "cur/5,S=17,W=20:2,": packed.String(), "cur/6,S=many,W=:2,": text}
	sourcetest.Write(t, dir, all)
	for name := range all {
		if err := os.Chtimes(filepath.Join(dir, name), when, when); err != nil {
			t.Fatal(err)
		}
	}
	sourcetest.Write(t, dir, map[string]string{"cur/7": "\x28\xb5\x2f\xfd zstd and more"})
	if err := os.Symlink("nothing", filepath.Join(dir, "cur/8")); err != nil {
		t.Fatal(err)
	}
	r := sourcetest.Open(t, maildir.Origin(dir))
	f := sourcetest.Folder(t, r, "INBOX")
	items, _ := sourcetest.Scan(t, r, f, providers.Scan{})
	if len(items) != 8 {
		t.Fatalf("%d items", len(items))
	}
	for i, want := range []int64{20, 9999, 20, 20, 20, 20} { // the second lies, which reading finds out
		if items[i].Size != want || !items[i].Date.Equal(when) {
			t.Errorf("%+v, want %d bytes", items[i], want)
		}
	}
	letters, err := sourcetest.Fetch(t.Context(), r, f, items)
	if diag.ClassOf(err) != diag.Invalid || !strings.Contains(err.Error(), "zstd") || len(letters) != 6 {
		t.Errorf("%d were read: %v", len(letters), err)
	}
	for _, l := range letters {
		if string(l.Raw) != string(mailtest.CRLF([]byte(text))) || l.Size != 20 {
			t.Errorf("%+v holds %q", l.Item, l.Raw)
		}
	}
}
