package ledger

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/isaworks/isa/providers"
)

// TestReclaimNeedsProof: a record goes back to its item only where head and date prove
// it; whatever has the same look is found by its bytes, after Unshelve.
func TestReclaimNeedsProof(t *testing.T) {
	at := time.Unix(1e9, 0).UTC()
	type mail struct {
		key  int
		head byte // names a Message-ID when odd
		body byte
		late time.Duration
	}
	item := func(m mail, body bool) providers.Item {
		it := providers.Item{Key: uid(m.key), Size: 10, Date: at.Add(m.late), Print: providers.Print{Head: headOf(m.head)}}
		if body {
			it.Print.Body[0] = m.body
		}
		return it
	}
	for _, c := range []struct {
		name      string
		had, now  []mail
		reclaimed int
		followed  []int // the keys that Follow finds, once it has the bodies
	}{
		{"a Message-ID and a date", []mail{{1, 1, 1, 0}, {2, 3, 2, 0}}, []mail{{11, 1, 1, 0}, {12, 3, 2, 0}}, 2, nil},
		{"no Message-ID, the oldest expunged and a new one", []mail{{1, 2, 1, 0}, {2, 2, 2, 1}, {3, 2, 3, 2}}, []mail{{11, 2, 2, 1}, {12, 2, 3, 2}, {13, 2, 9, 3}}, 0, []int{11, 12}},
		{"no Message-ID and the same second", []mail{{1, 2, 1, 0}}, []mail{{11, 2, 9, 0}}, 0, nil},
		{"sent again with other bytes", []mail{{1, 1, 1, 0}}, []mail{{11, 1, 9, time.Hour}}, 0, nil},
		{"two of one Message-ID", []mail{{1, 1, 1, 0}, {2, 1, 2, 0}}, []mail{{11, 1, 2, 0}, {12, 1, 9, 0}}, 0, []int{11}},
		{"a date that changed", []mail{{1, 1, 1, 0}}, []mail{{11, 1, 1, time.Hour}}, 0, []int{11}},
	} {
		t.Run(c.name, func(t *testing.T) {
			ctx := t.Context()
			l := open(t, filepath.Join(t.TempDir(), "l"), Options{})
			f := openFolder(t, openStream(t, l, "s"), "INBOX")
			var records []providers.Record
			for _, m := range c.had {
				it := item(m, true)
				records = append(records, providers.Record{Key: it.Key, Outcome: providers.Copied, Size: 10, Date: it.Date, Print: it.Print, Target: uid(100 + m.key)})
			}
			must(t, f.Settle(ctx, records))
			must(t, f.Shelve(ctx, "2"))
			var listed, asked []providers.Item
			for _, m := range c.now {
				listed, asked = append(listed, item(m, false)), append(asked, item(m, true))
			}
			got, err := f.Reclaim(ctx, listed)
			must(t, err)
			if len(got) != c.reclaimed {
				t.Errorf("reclaimed %+v", got)
			}
			must(t, f.Unshelve(ctx))
			unproven, err := f.Follow(ctx, listed)
			must(t, err)
			for key, r := range unproven {
				if !r.Ask {
					t.Errorf("%s was followed by its head: %+v", key, r)
				}
			}
			found, err := f.Follow(ctx, asked)
			must(t, err)
			for _, key := range c.followed {
				if r, ok := found[uid(key)]; !ok || r.Ask {
					t.Errorf("%d was not followed: %+v", key, found)
				}
			}
			if len(found) != len(c.followed) {
				t.Errorf("followed %+v", found)
			}
			recount(t, l)
		})
	}
}
