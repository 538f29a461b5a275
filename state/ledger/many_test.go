package ledger

import (
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/isaworks/isa/providers"
)

// TestMoreThanAPage: what is done some at a time is done to the end.
func TestMoreThanAPage(t *testing.T) {
	const n = 2070
	l := open(t, filepath.Join(t.TempDir(), "l"), Options{})
	s := openStream(t, l, "s")
	f := openFolder(t, s, "INBOX")
	target := providers.Folder{ID: "t", Epoch: "1", Next: 1}
	must(t, f.Begin(t.Context(), target, false))
	records := batch(1, n)
	var items []providers.Item
	for i := range records {
		if i%9 == 0 {
			records[i].Outcome, records[i].Tries = providers.Quarantined, 1
		}
		items = append(items, providers.Item{Key: records[i].Key, Date: records[i].Date, Print: records[i].Print})
	}
	must(t, f.Settle(t.Context(), records))

	// What is yielded may be settled meanwhile.
	var tried []string
	must(t, f.Retry(t.Context(), func(r providers.Record) error {
		tried = append(tried, r.Key)
		r.Tries++
		return f.Settle(t.Context(), []providers.Record{r})
	}))
	failed := 0
	must(t, s.Failures(t.Context(), func(_ providers.FolderRecord, r providers.Record) error {
		if r.Tries != 2 || r.Key != tried[failed] {
			t.Errorf("%+v, not %s", r, tried[failed])
		}
		failed++
		return nil
	}))
	if len(tried) != n/9 || failed != n/9 {
		t.Errorf("%d tried, %d failed", len(tried), failed)
	}

	// All targets are of the old epoch.
	target.Epoch = "2"
	must(t, f.Begin(t.Context(), target, false))
	must(t, f.Lay(t.Context(), items))
	taken, err := f.Take(t.Context(), items[n-1:])
	must(t, err)
	if len(taken) != 1 {
		t.Error("an item of another epoch was not laid")
	}
	must(t, f.Clear(t.Context()))
	if taken, err := f.Take(t.Context(), items[:10]); err != nil || len(taken) != 0 {
		t.Errorf("after Clear: %v, %v", taken, err)
	}

	must(t, f.Shelve(t.Context(), "2"))
	found, err := f.Reclaim(t.Context(), items[:n/2])
	must(t, err)
	if len(found) != n/2 || f.Record().Sums[providers.Copied].Items != n-n/9 {
		t.Errorf("%d were reclaimed, %v", len(found), f.Record().Sums)
	}
	must(t, f.Unshelve(t.Context()))
	sums := f.Record().Sums
	if sums[providers.Copied].Items+sums[providers.Quarantined].Items != n/2 {
		t.Errorf("%v", sums)
	}
	recount(t, l)

	for n := range 450 {
		openStream(t, l, strconv.Itoa(n))
	}
	infos, err := l.Streams(t.Context())
	must(t, err)
	if len(infos) != 451 {
		t.Errorf("%d streams", len(infos))
	}
}

// TestTheShelfSurvivesItsProcess: whoever opens the ledger next sees that there is a
// shelf, and goes on.
func TestTheShelfSurvivesItsProcess(t *testing.T) {
	path := filepath.Join(t.TempDir(), "l")
	l := open(t, path, Options{})
	f := openFolder(t, openStream(t, l, "s"), "INBOX")
	records := batch(1, 2500)
	must(t, f.Settle(t.Context(), records))
	must(t, f.Shelve(t.Context(), "2"))
	var more bool
	must(t, l.write(t.Context(), false, func(tx *txn) (err error) { more, err = f.(*folder).fillSome(tx); return err }))
	if !more {
		t.Error("the shelf was filled at once")
	}
	must(t, l.Close())

	l = open(t, path, Options{})
	f = openFolder(t, openStream(t, l, "s"), "INBOX")
	if r := f.Record(); !r.Shelved || r.Epoch != "2" || r.Done {
		t.Errorf("%+v", r)
	}
	item := providers.Item{Key: uid(9000), Date: records[2400].Date, Print: records[2400].Print}
	for range 2 { // the second time it has its record
		found, err := f.Reclaim(t.Context(), []providers.Item{item})
		must(t, err)
		if r := found[item.Key]; r.Key != item.Key || r.Target != records[2400].Target {
			t.Errorf("%+v", found)
		}
	}
}

func TestTextsAreBounded(t *testing.T) {
	l := open(t, filepath.Join(t.TempDir(), "l"), Options{})
	f := openFolder(t, openStream(t, l, "s"), "INBOX")
	r := providers.Record{Key: "0000000001", Outcome: providers.Refused, Note: strings.Repeat("\xb0한", 9000), Title: strings.Repeat("제목😀", 9000)}
	kept := r
	kept.Key, kept.Outcome, kept.Note = "x", providers.Copied, strings.Repeat("n", mostNote)
	must(t, f.Settle(t.Context(), []providers.Record{r, kept}))
	known, err := f.Known(t.Context(), []string{r.Key, kept.Key, "none"})
	must(t, err)
	got := known[r.Key]
	if len(got.Note) > mostNote || len(got.Title) > mostTitle || len(got.Title) < mostTitle-8 || !utf8.ValidString(got.Note+got.Title) || !strings.HasSuffix(got.Title, "…") {
		t.Errorf("%q, %q", got.Note, got.Title)
	}
	if got := known[kept.Key]; got.Note != kept.Note || got.Title != "" || len(known) != 2 {
		t.Errorf("%+v", known)
	}
}

// TestKeysAreRestored: keys are stored in two ways, and none is taken for another.
func TestKeysAreRestored(t *testing.T) {
	for _, key := range []string{"0000000000", "0000000001", "4294967295", "9999999999", "1", "00000000001", "-000000001", "+000000001", "abc", "\xff\x00", "0000 00001", "٠٠٠٠٠"} {
		if got := keyText(keyValue(key)); got != key {
			t.Errorf("%q became %q", key, got)
		}
	}
	if keyText(targetValue("")) != "" || targetValue("") != nil {
		t.Error("an unknown target has a key")
	}
}

func FuzzKeys(f *testing.F) {
	f.Add("0000000001")
	f.Add("00000000a1")
	f.Fuzz(func(t *testing.T, key string) {
		if got := keyText(keyValue(key)); got != key {
			t.Errorf("%q became %q", key, got)
		}
	})
}

func TestFoldersWithoutNamesAreRefused(t *testing.T) {
	l := open(t, filepath.Join(t.TempDir(), "l"), Options{})
	s := openStream(t, l, "s")
	f := openFolder(t, s, "INBOX")
	_, err := s.Folder(t.Context(), providers.Folder{})
	wantFailure(t, err, "internal")
	wantFailure(t, f.Begin(t.Context(), providers.Folder{}, false), "internal")
	wantFailure(t, f.Moved(t.Context(), providers.Folder{}, providers.Folder{}), "internal")
	wantFailure(t, f.Settle(t.Context(), []providers.Record{{Key: "1", Outcome: "lost"}}), "internal")
	wantFailure(t, f.Survey(t.Context(), source("another")), "internal")
	must(t, f.Settle(t.Context(), batch(1, 1)))
	anew := source("INBOX")
	anew.Epoch = "2"
	wantFailure(t, f.End(t.Context(), anew), "conflict", "anew")
	other := openFolder(t, s, "other")
	must(t, other.Settle(t.Context(), batch(1, 1)))
	wantFailure(t, f.Moved(t.Context(), source("other"), providers.Folder{}), "conflict", "other")
	if same := openFolder(t, s, "other"); same != other {
		t.Error("a folder has two handles")
	}
}
