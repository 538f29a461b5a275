package ledger

import (
	"database/sql/driver"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/isaworks/isa/providers"
)

// model is what a folder of the ledger must be like.
type model struct {
	providers.FolderRecord
	records map[string]providers.Record
	shelf   []aside // by epoch and key
	past    []aside
	away    int64
	laid    map[string]laid
	key     func(n int) string
	handle  providers.FolderLedger
}

type aside struct {
	epoch string
	providers.Record
}

type laid struct {
	providers.Item
	taken bool
}

func (m *model) sums(withPast bool) providers.Sums {
	out := providers.Sums{}
	add := func(r providers.Record) {
		s := out[r.Outcome]
		out[r.Outcome] = providers.Sum{Items: s.Items + 1, Bytes: s.Bytes + max(0, r.Size)}
	}
	for _, r := range m.records {
		add(r)
	}
	for _, a := range m.shelf {
		add(a.Record)
	}
	if withPast {
		for _, a := range m.past {
			add(a.Record)
		}
	}
	return out
}

func (m *model) left() providers.Sum {
	n := m.Items - (int64(len(m.records)+len(m.shelf)) - m.away)
	if m.Gone || m.Items < 0 || n <= 0 {
		return providers.Sum{}
	}
	return providers.Sum{Items: n}
}

func (m *model) record() providers.FolderRecord {
	out := m.FolderRecord
	out.Sums, out.Left = m.sums(false), m.left()
	return out
}

func (m *model) onShelf(it providers.Item) int {
	var found []int
	for i, a := range m.shelf {
		if a.Print.Head == it.Print.Head {
			found = append(found, i)
		}
	}
	if it.Print.Head[15] == 0 || len(found) != 1 || !m.shelf[found[0]].Date.Equal(it.Date) {
		return -1
	}
	return found[0]
}

func (m *model) forget() {
	for k, r := range m.records {
		r.Target = ""
		m.records[k] = r
	}
	for i := range m.shelf {
		m.shelf[i].Target = ""
	}
	for i := range m.past {
		m.past[i].Target = ""
	}
}

func (w *world) same(what string, got, want any) {
	w.t.Helper()
	if d := cmp.Diff(want, got, cmpopts.EquateEmpty()); d != "" {
		w.t.Fatalf("%s (-want +got):\n%s", what, d)
	}
}

// check compares everything that can be asked.
func (w *world) check() {
	w.t.Helper()
	ctx := w.t.Context()
	all := providers.Sums{}
	type failure struct {
		Folder, Epoch string
		providers.Record
	}
	var wantFailed, failed []failure
	var wantFolders []providers.FolderRecord
	order := slices.Clone(w.folders)
	slices.SortStableFunc(order, func(a, b *model) int { return slices.Compare(a.Path, b.Path) })
	for _, m := range order {
		wantFolders = append(wantFolders, m.record())
		for o, s := range m.sums(true) {
			all[o] = providers.Sum{Items: all[o].Items + s.Items, Bytes: all[o].Bytes + s.Bytes}
		}
		if n := m.left().Items; n > 0 {
			s := all[providers.OnTheWay]
			s.Items += n
			all[providers.OnTheWay] = s
		}
		add := func(epoch string, r providers.Record) {
			if r.Outcome != providers.Copied && r.Outcome != providers.Adopted {
				wantFailed = append(wantFailed, failure{m.ID, epoch, r})
			}
		}
		for _, a := range m.past {
			add(a.epoch, a.Record)
		}
		for _, a := range m.shelf {
			add(a.epoch, a.Record)
		}
		var retry []providers.Record
		for _, k := range slices.Sorted(maps.Keys(m.records)) {
			add(m.Epoch, m.records[k])
			if !m.records[k].Outcome.Final() {
				retry = append(retry, m.records[k])
			}
		}
		var keys []string
		for n := range 45 {
			keys = append(keys, m.key(n))
		}
		known, err := m.handle.Known(ctx, keys)
		must(w.t, err)
		w.same("Known", known, m.records)
		var retried []providers.Record
		must(w.t, m.handle.Retry(ctx, func(r providers.Record) error { retried = append(retried, r); return nil }))
		w.same("Retry", retried, retry)
	}
	must(w.t, w.s.Failures(ctx, func(f providers.FolderRecord, r providers.Record) error {
		failed = append(failed, failure{f.ID, f.Epoch, r})
		return nil
	}))
	// What is past may be of an era between those that are shelved again: compare as sets.
	less := func(a, b failure) int {
		return strings.Compare(a.Folder+a.Epoch+"/"+a.Key+string(a.Outcome)+fmt.Sprint(a.Record), b.Folder+b.Epoch+"/"+b.Key+string(b.Outcome)+fmt.Sprint(b.Record))
	}
	slices.SortFunc(failed, less)
	slices.SortFunc(wantFailed, less)
	w.same("Failures", failed, wantFailed)
	folders, err := w.s.Folders(ctx)
	must(w.t, err)
	w.same("Folders", folders, wantFolders)
	got, err := w.s.Sums(ctx)
	must(w.t, err)
	w.same("Sums", got, all)
	if w.s.Info().Moved != w.moved {
		w.t.Fatalf("Moved is %v", w.s.Info().Moved)
	}
	recount(w.t, w.l)
	id, high, err := w.l.Identity(ctx)
	must(w.t, err)
	if id == "" || high < w.high {
		w.t.Fatalf("%q, %d after %d", id, high, w.high)
	}
	w.high = high
}

// recount holds the tallies against the items.
func recount(t *testing.T, l *Ledger) {
	t.Helper()
	read := func(query string) (out []string) {
		must(t, l.read(t.Context(), func(d *db) error {
			return d.query(query, func(v []driver.Value) error { out = append(out, fmt.Sprint(v)); return nil })
		}))
		return out
	}
	tallies := read(`SELECT era, outcome, items, bytes FROM tally WHERE items<>0 ORDER BY era, outcome`)
	counts := read(`SELECT era, outcome, count(*), sum(max(0, size)) FROM item GROUP BY era, outcome ORDER BY era, outcome`)
	if !slices.Equal(tallies, counts) {
		t.Fatalf("the tallies are\n%v\nand the items\n%v", tallies, counts)
	}
}

// TestTheLedgerIsLikeItsModel: whatever is done in whatever order, by processes that
// come and go, the ledger answers like maps would.
func TestTheLedgerIsLikeItsModel(t *testing.T) {
	for seed := range uint64(seeds) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, seed)
			ops := []func(*model){w.settle, w.settle, w.settle, w.begin, w.end, w.survey, w.lay, w.lay, w.take, w.take, w.rename, w.shelve, w.reclaim, w.reclaim, w.reclaim, w.unshelve}
			for n := range operations {
				m := w.folders[w.r.IntN(len(w.folders))]
				switch w.r.IntN(40) {
				case 0:
					must(t, m.handle.Clear(t.Context()))
					clear(m.laid)
				case 1:
					must(t, w.l.Close())
					w.open()
					for _, m := range w.folders {
						w.handle(m)
					}
				default:
					ops[w.r.IntN(len(ops))](m)
				}
				w.same("Record", m.handle.Record(), m.record())
				if n%20 == 0 {
					w.check()
				}
			}
			w.check()
			must(t, w.l.Close())
		})
	}
}
