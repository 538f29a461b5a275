package content

import (
	"cmp"
	"context"
	"hash/fnv"
	"slices"
	"time"

	"github.com/isaworks/isa/providers"
)

// there is an item found at a target.
type there struct {
	key   string
	size  int64
	date  int64
	flags uint64
	seen  bool
}

func thereOf(it providers.Item) there {
	return there{key: it.Key, size: it.Size, date: it.Date.Unix(), flags: flagsHash(it.Flags)}
}

// arrived counts an item that is where it was put, and what of it is not as it was put.
func (r *row) arrived(t there, size int64, date time.Time, flags uint64) {
	r.Arrived.Items++
	r.Arrived.Bytes += max(t.size, 0)
	if t.size >= 0 && t.size != size {
		r.Size++
	}
	if t.date != date.Unix() {
		r.Date++
	}
	if t.flags != flags {
		r.Flags++
	}
}

// left takes back that an item has arrived: it was removed since it was listed.
func (r *row) left(t there) {
	r.Arrived.Items--
	r.Arrived.Bytes -= max(t.size, 0)
}

// windows goes over a folder of the target in pieces that fit into memory.
type windows struct {
	*comparison
	target      providers.Folder
	exists      bool
	items       []there
	first, last string // keys: first < window <= last; last "" is the end
	later       bool   // not the first window
	pairs       []pair
}

// pair is an item whose bytes are to be compared.
type pair struct {
	source, target providers.Item
	body           [16]byte // what was put, as the ledger has it
	lost           func()   // called when it is not at the target any more
}

// all compares the folders of the source, a window after another.
func (w *windows) all(ctx context.Context, rows []*row) error {
	for more := true; more; {
		var err error
		if more, err = w.next(ctx); err != nil {
			return err
		}
		for _, r := range rows {
			if err := w.folder(ctx, r); err != nil {
				return err
			}
		}
		for i := range w.items {
			if !w.items[i].seen {
				rows[0].Extra++
			}
		}
		w.first = w.last
		w.later = true
	}
	return nil
}

// next reads the next window, and reports whether there are more.
func (w *windows) next(ctx context.Context) (more bool, err error) {
	w.items, w.last = w.items[:0], ""
	if !w.exists {
		return false, nil
	}
	last := w.first
	err = w.dst.do(ctx, func(r adder) error {
		_, err := r.Scan(ctx, w.target, providers.Scan{From: last}, func(it providers.Item) error {
			if it.Key <= last {
				return nil
			}
			if len(w.items) == verifyWindow {
				return errWindow
			}
			if w.run.stop.Err() != nil {
				return errStopped
			}
			last = it.Key
			w.items = append(w.items, thereOf(it))
			return nil
		})
		return err
	})
	if err == errWindow { //nolint:errorlint // Scan returns what yield did
		w.last = last
		return true, nil
	}
	return false, err
}

func flagsHash(flags []string) uint64 {
	h := fnv.New64a()
	for _, f := range flags {
		h.Write([]byte(f)) //nolint:errcheck // never fails
		h.Write([]byte{0}) //nolint:errcheck // never fails
	}
	return h.Sum64()
}

// records opens what is remembered of a folder, nil when that is nothing: it is new, or
// was numbered anew since the last pass.
func (w *windows) records(ctx context.Context, f *folder) (providers.FolderLedger, error) {
	if f.known.ID == "" || f.known.Epoch != f.Epoch {
		return nil, nil
	}
	led, err := w.stream.Folder(ctx, f.Folder)
	return led, book(err)
}

// folder compares what is at the source now with the window.
func (w *windows) folder(ctx context.Context, r *row) error {
	led, err := w.records(ctx, r.folder)
	if err != nil {
		return err
	}
	last := ""
	page := make([]providers.Item, 0, lookup)
	flush := func() error {
		err := w.page(ctx, led, r, page)
		page = page[:0]
		return err
	}
	for {
		err = w.src.do(ctx, func(c providers.Reader) error {
			_, err := c.Scan(ctx, r.folder.Folder, providers.Scan{From: last, Without: r.folder.without}, func(it providers.Item) error {
				if it.Key <= last {
					return nil
				}
				if w.run.stop.Err() != nil {
					return errStopped
				}
				if len(w.astray) >= verifyWindow {
					return errWindow
				}
				last = it.Key
				if page = append(page, it); len(page) == lookup {
					return flush()
				}
				return nil
			})
			return err
		})
		if err != errWindow { //nolint:errorlint // Scan returns what yield did
			break
		}
		if err := w.room(ctx); err != nil {
			return err
		}
	}
	if err != nil {
		return err
	}
	if err := flush(); err != nil {
		return err
	}
	defer func() { w.pairs = w.pairs[:0] }()
	return w.bytes(ctx, r, w.target, w.pairs)
}

// room makes room for more items that are not where they were put.
func (w *windows) room(ctx context.Context) error {
	if w.working {
		return w.settleAnywhere(ctx)
	}
	return w.settleHere(ctx, w.target, w.exists)
}

// page compares some items. Bytes are compared later: the connections are in use.
func (w *windows) page(ctx context.Context, led providers.FolderLedger, r *row, items []providers.Item) error {
	if len(items) == 0 {
		return nil
	}
	var known map[string]providers.Record
	if led != nil {
		keys := make([]string, len(items))
		for i, it := range items {
			keys[i] = it.Key
		}
		var err error
		if known, err = led.Known(ctx, keys); err != nil {
			return book(err)
		}
	}
	for _, it := range items {
		rec, ok := known[it.Key]
		moved := ok && (rec.Outcome == providers.Copied || rec.Outcome == providers.Adopted)
		if !w.later {
			switch {
			case moved:
				r.Source.Items++
				r.Source.Bytes += rec.Size
			case ok:
				r.Outcomes++
			default:
				r.Pending++
			}
		}
		switch {
		case !moved:
		case rec.Target == "" || rec.Target == unkeyed:
			if !w.later {
				w.lost(r, rec)
			}
		case rec.Target > w.first && (w.last == "" || rec.Target <= w.last):
			w.compare(it, rec, r)
		}
	}
	return nil
}

func (w *windows) compare(it providers.Item, rec providers.Record, r *row) {
	i, found := slices.BinarySearchFunc(w.items, rec.Target, func(t there, key string) int { return cmp.Compare(t.key, key) })
	if !found {
		w.lost(r, rec)
		return
	}
	t := &w.items[i]
	t.seen = true
	r.arrived(*t, rec.Size, rec.Date, flagsHash(rec.Flags))
	if w.how.sampled(it.Key) && len(w.pairs) < verifyWindow {
		was := *t
		w.pairs = append(w.pairs, pair{it, providers.Item{Key: rec.Target, Size: t.size, Date: rec.Date}, rec.Print.Body, func() {
			r.left(was)
			w.lost(r, rec)
		}})
	}
}

// sampled tells whether the bytes of an item are compared.
func (h Verification) sampled(key string) bool {
	if h.Percent >= 100 || h.Percent <= 0 {
		return h.Percent > 0
	}
	f := fnv.New64a()
	f.Write([]byte(key)) //nolint:errcheck // never fails
	x := (f.Sum64() ^ h.Seed) * 0x9e3779b97f4a7c15
	return int((x>>32)%100) < h.Percent
}

// bytes compares those of pairs: of a folder of the source, and one of the target.
func (c *comparison) bytes(ctx context.Context, r *row, in providers.Folder, pairs []pair) error {
	for chunk := range slices.Chunk(pairs, verifyBodies) {
		if c.run.stop.Err() != nil {
			return errStopped
		}
		var from, to []providers.Item
		for _, p := range chunk {
			from, to = append(from, p.source), append(to, p.target)
		}
		here, err := bodies(ctx, c.src, r.folder.Folder, from)
		if err != nil {
			return err
		}
		there, err := bodies(ctx, c.dst, in, to)
		if err != nil {
			return err
		}
		gone, err := c.gone(ctx, in, to, there)
		if err != nil {
			return err
		}
		for _, p := range chunk {
			if gone[p.target.Key] {
				p.lost()
				continue
			}
			a, ok := here[p.source.Key]
			if !ok {
				a = p.body // it vanished since; the ledger knows what it was
			}
			b, arrived := there[p.target.Key]
			r.Bodies++
			if !arrived || a != b {
				r.Bytes++
			}
		}
	}
	return nil
}

// gone tells which items of a folder of the target were removed since they were listed:
// they were not read, and are not listed any more.
func (c *comparison) gone(ctx context.Context, in providers.Folder, items []providers.Item, read map[string][16]byte) (map[string]bool, error) {
	gone := map[string]bool{}
	for _, it := range items {
		if _, ok := read[it.Key]; !ok {
			gone[it.Key] = true
		}
	}
	err := c.stillThere(ctx, c.dst, in, gone, func(it providers.Item) { delete(gone, it.Key) })
	return gone, err
}
