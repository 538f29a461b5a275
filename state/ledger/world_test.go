package ledger

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/isaworks/isa/providers"
)

// world drives a ledger and its model.
type world struct {
	t       *testing.T
	r       *rand.Rand
	path    string
	l       *Ledger
	s       providers.Stream
	folders []*model
	epochs  int
	names   int
	moved   bool
	high    int64
}

func newWorld(t *testing.T, seed uint64) *world {
	w := &world{t: t, r: rand.New(rand.NewPCG(seed, 7)), path: filepath.Join(t.TempDir(), "l")}
	w.open()
	for i := range 3 {
		key := uid
		if i == 2 {
			key = func(n int) string { return fmt.Sprintf("k%02d", n) }
		}
		f := providers.Folder{ID: fmt.Sprintf("%c\xb0\xa1\x00", 'a'+i), Path: []string{"받은편지함", fmt.Sprint(i)}, Use: providers.UseInbox, Epoch: "0", Next: 3, Mark: "m", Items: 5, Bytes: -1}
		m := &model{FolderRecord: providers.FolderRecord{Folder: f}, records: map[string]providers.Record{}, laid: map[string]laid{}, key: key}
		w.folders = append(w.folders, m)
		w.handle(m)
	}
	return w
}

func (w *world) open() {
	l, err := Open(w.t.Context(), w.path, Options{})
	must(w.t, err)
	w.l, w.s = l, openStream(w.t, l, "s")
}

func (w *world) handle(m *model) {
	var err error
	m.handle, err = w.s.Folder(w.t.Context(), providers.Folder{ID: m.ID, Path: m.Path, Use: m.Use, Epoch: m.Epoch, Next: m.Next, Mark: m.Mark, Items: m.Items, Bytes: m.Bytes})
	must(w.t, err)
}

func (w *world) print() (p providers.Print) {
	p.Head[0], p.Head[15] = byte(w.r.IntN(7)), 0 // 0: unknown
	if p.Head[0] > 2 {
		p.Head[15] = 1
	}
	p.Body[0] = byte(w.r.IntN(3))
	return p
}

func (w *world) item(m *model) providers.Item {
	flags := [][]string{nil, {`\Seen`}, {`\Flagged`, `\Seen`, "$한글 flag"}}
	return providers.Item{Key: m.key(w.r.IntN(40)), Size: w.r.Int64N(100) - 1, Date: time.Unix(1e9+w.r.Int64N(3), 0).UTC(), Flags: flags[w.r.IntN(3)], Print: w.print()}
}

func (w *world) items(m *model, most int) []providers.Item {
	var out []providers.Item
	for range 1 + w.r.IntN(most) {
		out = append(out, w.item(m))
	}
	slices.SortFunc(out, func(a, b providers.Item) int { return strings.Compare(a.Key, b.Key) })
	return slices.CompactFunc(out, func(a, b providers.Item) bool { return a.Key == b.Key })
}

func (w *world) target() providers.Folder {
	return providers.Folder{ID: string(rune('x' + w.r.IntN(2))), Path: []string{"t"}, Epoch: fmt.Sprint(w.r.IntN(8) / 7), Next: w.r.Int64N(50), Items: -1, Bytes: -1}
}

func (w *world) settle(m *model) {
	var records []providers.Record
	for _, it := range w.items(m, 12) {
		r := providers.Record{Key: it.Key, Outcome: providers.Outcomes()[w.r.IntN(9)], Size: it.Size, Date: it.Date, Flags: it.Flags, Print: it.Print, Tries: w.r.IntN(3)}
		if w.r.IntN(2) == 0 {
			r.Target = m.key(w.r.IntN(40))
		}
		if w.r.IntN(4) == 0 {
			r.Note, r.Title = "NO because", "제목"
		}
		records = append(records, r)
	}
	if w.r.IntN(5) == 0 { // the later one of a key counts
		again := records[0]
		again.Outcome = providers.Refused
		records = append(records, again)
	}
	must(w.t, m.handle.Settle(w.t.Context(), records))
	for _, r := range records {
		switch r.Outcome {
		case providers.Copied, providers.Adopted:
			r.Title = ""
			w.moved = true
		}
		m.records[r.Key] = r
	}
	// A record that was replaced in the same call never was anything.
	if len(records) > 1 && records[0].Key == records[len(records)-1].Key {
		info := w.s.Info()
		w.moved = info.Moved
	}
}

func (w *world) shelve(m *model) {
	w.epochs++
	must(w.t, m.handle.Shelve(w.t.Context(), fmt.Sprint(w.epochs)))
	for _, k := range slices.Sorted(maps.Keys(m.records)) {
		m.shelf = append(m.shelf, aside{m.Epoch, m.records[k]})
	}
	clear(m.records)
	m.Epoch, m.Next, m.Mark, m.Done, m.Shelved = fmt.Sprint(w.epochs), 0, "", false, true
}

func (w *world) reclaim(m *model) {
	items := w.items(m, 10)
	got, err := m.handle.Reclaim(w.t.Context(), items)
	must(w.t, err)
	want := map[string]providers.Record{}
	for _, it := range items {
		if _, ok := m.records[it.Key]; !ok {
			i := m.onShelf(it)
			if i < 0 {
				continue
			}
			r := m.shelf[i].Record
			m.shelf = slices.Delete(m.shelf, i, i+1)
			r.Key = it.Key
			m.records[it.Key] = r
		}
		want[it.Key] = m.records[it.Key]
	}
	w.same("Reclaim", got, want)
}

func (w *world) unshelve(m *model) {
	must(w.t, m.handle.Unshelve(w.t.Context()))
	for _, a := range m.shelf {
		switch a.Outcome {
		case providers.Copied, providers.Adopted, providers.Gone:
			m.past = append(m.past, a)
		}
	}
	if m.Shelved {
		m.away = 0
	}
	m.shelf, m.Shelved = nil, false
}

func (w *world) begin(m *model) {
	target, made := w.target(), w.r.IntN(2) == 0
	must(w.t, m.handle.Begin(w.t.Context(), target, made))
	if m.Target.ID != "" && (m.Target.ID != target.ID || m.Target.Epoch != target.Epoch) {
		m.forget()
	}
	m.Made = made || m.Made && m.Target.ID == target.ID
	m.Target, m.Begun = target, true
}

func (w *world) end(m *model) {
	f := m.Folder
	f.Items, f.Mark, f.Next = w.r.Int64N(40)-1, fmt.Sprint(w.r.IntN(100)), w.r.Int64N(99)
	must(w.t, m.handle.End(w.t.Context(), f))
	m.Folder, m.Begun, m.Done, m.Gone, m.away = f, false, true, false, 0
	if f.Items >= 0 {
		m.away = max(0, int64(len(m.records)+len(m.shelf))-f.Items)
	}
}

func (w *world) survey(m *model) {
	if w.r.IntN(4) == 0 {
		must(w.t, m.handle.Survey(w.t.Context(), providers.Folder{}))
		m.Gone = true
		return
	}
	f := m.Folder
	f.Items, f.Mark, f.Next, f.Epoch = w.r.Int64N(40)-1, "surveyed", 1000, "elsewhen"
	must(w.t, m.handle.Survey(w.t.Context(), f))
	keys := len(m.records)+len(m.shelf)+len(m.past) > 0 || m.Shelved
	if m.Done || keys {
		f.Epoch, f.Mark, f.Next = m.Epoch, m.Mark, m.Next
	}
	m.Folder, m.Gone = f, false
}

func (w *world) rename(m *model) {
	w.names++
	f, target := m.Folder, w.target()
	f.ID, f.Path = fmt.Sprint("renamed", w.names), []string{"다른 이름", fmt.Sprint(w.names)}
	if w.r.IntN(2) == 0 { // a survey came first
		other, err := w.s.Folder(w.t.Context(), f)
		must(w.t, err)
		must(w.t, other.Survey(w.t.Context(), f))
	}
	must(w.t, m.handle.Moved(w.t.Context(), f, target))
	if m.Target.ID != "" && m.Target.Epoch != target.Epoch {
		m.forget()
	}
	if m.Begun && m.Target.Epoch == target.Epoch {
		target.Next = m.Target.Next
	}
	m.Folder, m.Target, m.Gone = f, target, false
}

// targets are the keys that Lay leaves out.
func (w *world) targets(m *model) map[string]bool {
	out := map[string]bool{}
	for _, o := range w.folders {
		if o != m && (m.Target.ID == "" || o.Target.ID != m.Target.ID || o.Target.Epoch != m.Target.Epoch) {
			continue
		}
		for _, r := range o.records {
			out[r.Target] = true
		}
		for _, a := range slices.Concat(o.shelf, o.past) {
			out[a.Target] = true
		}
	}
	return out
}

func (w *world) lay(m *model) {
	items := w.items(m, 15)
	must(w.t, m.handle.Lay(w.t.Context(), items))
	targets := w.targets(m)
	for _, it := range items {
		if !targets[it.Key] && it.Print.Head != ([16]byte{}) {
			m.laid[it.Key] = laid{Item: it}
		}
	}
}

func (w *world) take(m *model) {
	items := w.items(m, 5)
	got, err := m.handle.Take(w.t.Context(), items)
	must(w.t, err)
	want := map[string]providers.Taken{}
	asked := map[[16]byte]int{}
	for _, it := range items {
		asked[it.Print.Head]++
	}
	for _, it := range items {
		n := 0
		best := ""
		for _, k := range slices.Sorted(maps.Keys(m.laid)) {
			l := m.laid[k]
			if l.Print.Head != it.Print.Head {
				continue
			}
			n++
			if !l.taken && (best == "" || l.Date.Equal(it.Date) && !m.laid[best].Date.Equal(it.Date)) {
				best = k
			}
		}
		if best != "" {
			l := m.laid[best]
			m.laid[best] = laid{l.Item, true}
			want[it.Key] = providers.Taken{Item: l.Item}
		}
		if found, ok := want[it.Key]; ok {
			found.Alone = n == 1 && found.Date.Equal(it.Date) && it.Print.Head[15]&1 == 1 && asked[it.Print.Head] == 1
			want[it.Key] = found
		}
	}
	w.same("Take", got, want)
	for k, taken := range got {
		if w.r.IntN(2) == 0 {
			continue
		}
		must(w.t, m.handle.Return(w.t.Context(), []providers.Item{taken.Item}))
		m.laid[want[k].Key] = laid{want[k].Item, false}
	}
}
