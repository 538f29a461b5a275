package ledger

import (
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/isaworks/isa/providers"
)

// headOf is a head; it names a Message-ID when n is odd.
func headOf(n byte) (h [16]byte) {
	h[0], h[15] = n, n&1
	return h
}

// TestFollow: a record goes where its item went, with what is known of where that is at
// the target, and the sums stay what they were.
func TestFollow(t *testing.T) {
	ctx := t.Context()
	l, err := Open(ctx, filepath.Join(t.TempDir(), "l"), Options{})
	must(t, err)
	defer func() { must(t, l.Close()) }()
	s := openStream(t, l, "s")
	open := func(id, target string) providers.FolderLedger {
		f, err := s.Folder(ctx, providers.Folder{ID: id, Path: []string{id}, Epoch: "1", Items: -1, Bytes: -1})
		must(t, err)
		must(t, f.Begin(ctx, providers.Folder{ID: target, Epoch: "9"}, true))
		return f
	}
	a, b := open("a", "A"), open("b", "B")
	at := time.Unix(1e9, 0).UTC()
	var records []providers.Record
	for n := byte(1); n <= 6; n++ {
		r := providers.Record{Key: uid(int(n)), Outcome: providers.Copied, Size: 10, Date: at, Target: uid(100 + int(n)), Print: providers.Print{Head: headOf(n)}}
		r.Print.Body[0] = n
		records = append(records, r)
	}
	records[4].Outcome, records[4].Target = providers.Excluded, ""
	must(t, a.Settle(ctx, records))
	must(t, a.End(ctx, providers.Folder{ID: "a", Path: []string{"a"}, Epoch: "1", Items: 6, Bytes: -1}))

	// 1, 2, 5 and 6 are not listed any more.
	must(t, a.Survey(ctx, providers.Folder{ID: "a", Path: []string{"a"}, Epoch: "1", Items: 2, Bytes: -1}))
	must(t, a.Miss(ctx, "", uid(3), []string{uid(3)}))
	must(t, a.Miss(ctx, uid(3), "", []string{uid(4)}))
	if n := a.Record().Missing; n != 4 {
		t.Errorf("%d are missing", n)
	}
	item := func(key int, n byte, body byte) providers.Item {
		it := providers.Item{Key: uid(key), Size: 10, Date: at, Print: providers.Print{Head: headOf(n)}}
		it.Print.Body[0] = body
		return it
	}
	got, err := b.Follow(ctx, []providers.Item{item(11, 1, 0), item(12, 2, 0), item(13, 3, 0), item(15, 5, 0), item(16, 1, 0)})
	must(t, err)
	if r := got[uid(11)]; len(got) != 2 || r.Ask || !r.Stray || r.Target != providers.Unkeyed || r.Key != uid(11) || !got[uid(12)].Ask {
		t.Fatalf("followed %+v", got)
	}
	if got, err = b.Follow(ctx, []providers.Item{item(12, 2, 7)}); err != nil || len(got) != 0 {
		t.Errorf("another body was followed: %+v, %v", got, err)
	}
	if got, err = b.Follow(ctx, []providers.Item{item(12, 2, 2)}); err != nil || len(got) != 1 {
		t.Errorf("the body was not followed: %+v, %v", got, err)
	}
	must(t, a.Miss(ctx, "", "", []string{uid(3), uid(4), uid(6)})) // 6 is there again
	if got, err = b.Follow(ctx, []providers.Item{item(17, 6, 6)}); err != nil || len(got) != 0 {
		t.Errorf("what is listed was followed: %+v, %v", got, err)
	}

	var strays []providers.Stray
	must(t, b.Strays(ctx, nil, func(s providers.Stray) error { strays = append(strays, s); return nil }))
	if len(strays) != 2 || strays[0].In.ID != "A" || strays[0].In.Epoch != "9" || strays[0].Key != uid(101) {
		t.Errorf("strays %+v", strays)
	}
	// What is a stray's is not laid where it is.
	must(t, a.Lay(ctx, []providers.Item{{Key: uid(101), Print: providers.Print{Head: headOf(1)}}, {Key: uid(200), Print: providers.Print{Head: headOf(1)}}}))
	if taken, err := a.Take(ctx, []providers.Item{item(50, 1, 0), item(51, 1, 0)}); err != nil || len(taken) != 1 || taken[uid(50)].Key != uid(200) {
		t.Errorf("taken %+v, %v", taken, err)
	}
	home := strays[0].Record
	home.Target = uid(300)
	must(t, b.Arrive(ctx, []providers.Record{home}))
	var keys []string
	must(t, b.Strays(ctx, []string{uid(11), uid(12)}, func(s providers.Stray) error { keys = append(keys, s.Record.Key); return nil }))
	if !slices.Equal(keys, []string{uid(12)}) {
		t.Errorf("strays %v", keys)
	}

	sums, err := s.Sums(ctx)
	must(t, err)
	if sums[providers.Copied].Items != 5 || sums[providers.Excluded].Items != 1 || len(sums) != 2 {
		t.Errorf("sums %v", sums)
	}
	if ra, rb := a.Record(), b.Record(); ra.Sums[providers.Copied].Items != 3 || rb.Sums[providers.Copied].Items != 2 || ra.Left.Items != 0 {
		t.Errorf("a %v, left %v; b %v", ra.Sums, ra.Left, rb.Sums)
	}
	recount(t, l)
}

// TestFollowByName: what the store names is followed without its print; what never
// arrived gives way.
func TestFollowByName(t *testing.T) {
	ctx := t.Context()
	l, err := Open(ctx, filepath.Join(t.TempDir(), "l"), Options{})
	must(t, err)
	defer func() { must(t, l.Close()) }()
	s := openStream(t, l, "s")
	a, err := s.Folder(ctx, providers.Folder{ID: "a", Epoch: "1"})
	must(t, err)
	b, err := s.Folder(ctx, providers.Folder{ID: "b", Epoch: "1"})
	must(t, err)
	must(t, a.Settle(ctx, []providers.Record{
		{Key: uid(1), Outcome: providers.Copied, Size: 1, Target: uid(5), Same: "m1"},
		{Key: uid(2), Outcome: providers.Excluded, Size: 1, Same: "m2"},
	}))
	got, err := b.Follow(ctx, []providers.Item{{Key: uid(7), Same: "m1", Copies: []string{"a"}}, {Key: uid(8), Same: "m2"}, {Key: uid(9), Same: "m3"}})
	must(t, err)
	if len(got) != 1 || got[uid(7)].Outcome != providers.Copied {
		t.Errorf("followed %+v", got)
	}
	sums, err := s.Sums(ctx)
	must(t, err)
	if sums[providers.Copied].Items != 1 || len(sums) != 1 {
		t.Errorf("sums %v", sums)
	}
	if got, err = a.Follow(ctx, []providers.Item{{Key: uid(20), Same: "m1"}}); err != nil || len(got) != 1 {
		t.Errorf("back: %+v, %v", got, err)
	}
	recount(t, l)
}

// TestANameStaysWithWhatArrived: an item that is left out at another place is the one
// that was copied when it comes back.
func TestANameStaysWithWhatArrived(t *testing.T) {
	ctx := t.Context()
	l := open(t, filepath.Join(t.TempDir(), "l"), Options{})
	s := openStream(t, l, "s")
	work, trash := openFolder(t, s, "work"), openFolder(t, s, "trash")
	settle := func(f providers.FolderLedger, key int, outcome providers.Outcome, target string) {
		must(t, f.Settle(ctx, []providers.Record{{Key: uid(key), Outcome: outcome, Size: 1, Target: target, Same: "m"}}))
	}
	settle(trash, 1, providers.Excluded, "")
	settle(work, 2, providers.Copied, uid(50))
	settle(trash, 3, providers.Excluded, "")
	got, err := work.Follow(ctx, []providers.Item{{Key: uid(4), Same: "m"}})
	must(t, err)
	if r := got[uid(4)]; len(got) != 1 || r.Outcome != providers.Copied || r.Target != uid(50) {
		t.Errorf("back from the trash: %+v", got)
	}
	settle(work, 4, providers.Gone, "")
	settle(trash, 5, providers.Excluded, "") // nothing is at the target any more
	if got, err = work.Follow(ctx, []providers.Item{{Key: uid(6), Same: "m"}}); err != nil || len(got) != 0 {
		t.Errorf("what is gone was followed: %+v, %v", got, err)
	}
	if sums := trash.Record().Sums; sums[providers.Excluded].Items != 2 {
		t.Errorf("trash: %v", sums)
	}
	recount(t, l)
}
