package ledger

import (
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/isaworks/isa/providers"
)

// TestClaim: what is recorded without a key gets an item of the table of its own, so
// that nothing else is taken for that: by the head of its bytes, also of other folders
// that go there, and of strays.
func TestClaim(t *testing.T) {
	ctx := t.Context()
	l, err := Open(ctx, filepath.Join(t.TempDir(), "l"), Options{})
	must(t, err)
	defer func() { must(t, l.Close()) }()
	s := openStream(t, l, "s")
	at := time.Unix(1e9, 0).UTC()
	open := func(id, target, epoch string) providers.FolderLedger {
		f, err := s.Folder(ctx, providers.Folder{ID: id, Path: []string{id}, Epoch: "1", Items: -1, Bytes: -1})
		must(t, err)
		must(t, f.Begin(ctx, providers.Folder{ID: target, Epoch: epoch}, true))
		return f
	}
	// a and b go to T; c goes elsewhere; d knows T in an earlier epoch.
	a, b, c, d := open("a", "T", "9"), open("b", "T", "9"), open("c", "U", "9"), open("d", "T", "8")
	record := func(key int, listed, sent byte, target string) providers.Record {
		r := providers.Record{Key: uid(key), Outcome: providers.Copied, Size: 10, Date: at, Target: target, Print: providers.Print{Head: headOf(listed)}}
		r.Print.Body[0] = sent
		if sent != listed {
			r.Sent = headOf(sent)
		}
		return r
	}
	must(t, a.Settle(ctx, []providers.Record{
		record(1, 101, 1, ""), record(2, 3, 3, ""), record(3, 5, 5, uid(55)), record(4, 7, 7, ""),
		{Key: uid(5), Outcome: providers.Excluded, Print: providers.Print{Head: headOf(9)}},
		record(6, 111, 11, ""),
	}))
	must(t, b.Settle(ctx, []providers.Record{record(1, 3, 3, "")}))
	must(t, d.Settle(ctx, []providers.Record{record(1, 3, 3, uid(1))}))
	// The last of a is filed into c before anybody knows its key.
	must(t, a.Miss(ctx, "", "", []string{uid(1), uid(2), uid(3), uid(4), uid(5)}))
	moved := providers.Item{Key: uid(1), Date: at, Print: providers.Print{Head: headOf(111)}}
	moved.Print.Body[0] = 11
	got, err := c.Follow(ctx, []providers.Item{moved})
	must(t, err)
	if r := got[uid(1)]; !r.Stray || r.Sent != headOf(11) {
		t.Fatalf("followed %+v", got)
	}

	laid := func(key int, n byte) providers.Item {
		return providers.Item{Key: uid(key), Size: 10, Date: at, Print: providers.Print{Head: headOf(n)}}
	}
	table := []providers.Item{laid(21, 1), laid(22, 3), laid(23, 3), laid(24, 3), laid(25, 3), laid(26, 9), laid(27, 11), laid(28, 11), laid(55, 5)}
	must(t, a.Lay(ctx, table))
	must(t, a.Claim(ctx, true))

	keys := func(f providers.FolderLedger, all ...int) (out []string) {
		var ask []string
		for _, n := range all {
			ask = append(ask, uid(n))
		}
		known, err := f.Known(ctx, ask)
		must(t, err)
		for _, k := range ask {
			out = append(out, known[k].Target)
		}
		return out
	}
	if have := keys(a, 1, 2, 3, 4, 5); !slices.Equal(have, []string{uid(21), uid(22), uid(55), providers.Unkeyed, ""}) {
		t.Errorf("a: %v", have)
	}
	if have := keys(b, 1); !slices.Equal(have, []string{uid(23)}) {
		t.Errorf("b: %v", have)
	}
	if have := keys(d, 1); !slices.Equal(have, []string{uid(1)}) {
		t.Errorf("d: %v", have)
	}
	var stray []string
	must(t, c.Strays(ctx, nil, func(s providers.Stray) error { stray = append(stray, s.In.ID, s.Key); return nil }))
	if !slices.Equal(stray, []string{"T", uid(27)}) {
		t.Errorf("strays %v", stray)
	}
	// One of each print is left for what is new; the third of one is d's.
	ask := []providers.Item{laid(70, 1), laid(71, 3), laid(72, 3), laid(73, 9), laid(74, 11), laid(75, 11)}
	taken, err := a.Take(ctx, ask)
	must(t, err)
	if len(taken) != 3 || taken[uid(71)].Key != uid(25) || taken[uid(73)].Key != uid(26) || taken[uid(74)].Key != uid(28) {
		t.Errorf("taken %+v", taken)
	}

	// In a new epoch of the folder the key of a stray is found out again.
	must(t, a.Begin(ctx, providers.Folder{ID: "T", Epoch: "10"}, true))
	must(t, a.Clear(ctx))
	must(t, a.Lay(ctx, []providers.Item{laid(31, 11)}))
	must(t, a.Claim(ctx, true))
	stray = nil
	must(t, c.Strays(ctx, nil, func(s providers.Stray) error { stray = append(stray, s.In.ID, s.In.Epoch, s.Key); return nil }))
	if !slices.Equal(stray, []string{"T", "10", uid(31)}) {
		t.Errorf("strays %v", stray)
	}
	recount(t, l)
}

// TestClaimOfWhatNamesNothing: which of several messages without a Message-ID is whose
// is told by the date, or not at all; as many are off the table all the same, the next
// time too.
func TestClaimOfWhatNamesNothing(t *testing.T) {
	at := time.Unix(1e9, 0).UTC()
	for _, c := range []struct {
		name  string
		dates []time.Duration // at the target
		want  []string
	}{
		{"dates are kept", []time.Duration{0, time.Minute, time.Hour}, []string{uid(21), uid(22)}},
		{"dates are not kept", []time.Duration{time.Hour, time.Hour, time.Hour}, []string{"", ""}},
		{"two of one second", []time.Duration{0, 0, time.Hour}, []string{"", ""}},
	} {
		t.Run(c.name, func(t *testing.T) {
			ctx := t.Context()
			l := open(t, filepath.Join(t.TempDir(), "l"), Options{})
			f := openFolder(t, openStream(t, l, "s"), "INBOX")
			must(t, f.Begin(ctx, providers.Folder{ID: "T", Epoch: "9"}, true))
			var records []providers.Record
			for n := range 2 {
				r := providers.Record{Key: uid(n + 1), Outcome: providers.Copied, Size: 10, Date: at.Add(time.Duration(n) * time.Minute), Print: providers.Print{Head: headOf(2)}}
				r.Print.Body[0] = byte(n + 1)
				records = append(records, r)
			}
			must(t, f.Settle(ctx, records))
			var table []providers.Item
			for n, d := range c.dates {
				table = append(table, providers.Item{Key: uid(21 + n), Size: 10, Date: at.Add(d), Print: providers.Print{Head: headOf(2)}})
			}
			for range 2 {
				must(t, f.Clear(ctx))
				must(t, f.Lay(ctx, table))
				must(t, f.Claim(ctx, true))
				known, err := f.Known(ctx, []string{uid(1), uid(2)})
				must(t, err)
				if a, b := known[uid(1)].Target, known[uid(2)].Target; a != c.want[0] || b != c.want[1] {
					t.Errorf("keys %q, %q", a, b)
				}
				left, err := f.Take(ctx, []providers.Item{{Key: uid(70), Print: providers.Print{Head: headOf(2)}}, {Key: uid(71), Print: providers.Print{Head: headOf(2)}}})
				must(t, err)
				if len(left) != 1 {
					t.Errorf("%d are left on the table", len(left))
				}
			}
		})
	}
}
