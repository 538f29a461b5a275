package ledger

import (
	"context"
	"database/sql/driver"
	"slices"

	"github.com/isaworks/isa/providers"
)

// name keeps the name that the store has for an item in whatever folder. It stays with a
// record that is at the target when the item is left out elsewhere: it may come back.
func (s *stream) name(tx *txn, era int64, r providers.Record) error {
	if r.Same == "" {
		return nil
	}
	set := sqlSetSame
	if r.Outcome != providers.Copied && r.Outcome != providers.Adopted {
		set = sqlOfferSame
	}
	return tx.change(set, s.id, r.Same, era, keyValue(r.Key))
}

// isThere tells of an outcome whether the item is taken for what is at the target, also
// where it turns up elsewhere at the source. Where a service fetches, what is unproven
// may have arrived, and what is quarantined is not tried without end: neither is new.
func (s *stream) isThere(d *db) (func(outcome int64) bool, error) {
	v, err := d.one(sqlFetched, s.id)
	if err != nil || number(v[0]) == 0 {
		return arrived, err
	}
	return func(outcome int64) bool {
		all := outcomes()
		return arrived(outcome) || all[outcome] == providers.Quarantined || all[outcome] == providers.Unproven
	}, nil
}

// Missing implements providers.Stream.
func (s *stream) Missing(ctx context.Context) (bool, error) {
	v, err := s.l.readOne(ctx, sqlMissing, s.id)
	if err != nil {
		return false, err
	}
	return number(v[0]) != 0, nil
}

// Miss implements providers.FolderLedger.
func (f *folder) Miss(ctx context.Context, after, upTo string, listed []string) error {
	there := make(map[string]bool, len(listed))
	for _, key := range listed {
		there[key] = true
	}
	var low driver.Value = int64(-1) // before all keys
	if after != "" {
		low = keyValue(after)
	}
	var high driver.Value = []byte{0xff} // behind all keys
	if upTo != "" {
		high = keyValue(upTo)
	}
	var missing int64
	for more := true; more; {
		var rows [][]driver.Value
		err := f.l.read(ctx, func(d *db) error {
			rows = rows[:0]
			return d.query(sqlRange, func(v []driver.Value) error {
				rows = append(rows, slices.Clone(v))
				return nil
			}, f.now().era, low, high)
		})
		if err != nil {
			return err
		}
		if more = len(rows) > 0; more {
			low = rows[len(rows)-1][0]
		}
		n, err := f.setAside(ctx, rows, there)
		if err != nil {
			return err
		}
		missing += n
	}
	return f.missed(ctx, after == "", missing)
}

// setAside puts records on the shelf that are there and not listed, and takes
// those off that are. It returns how many are not listed.
func (f *folder) setAside(ctx context.Context, rows [][]driver.Value, listed map[string]bool) (missing int64, err error) {
	var isThere func(outcome int64) bool
	if err := f.l.read(ctx, func(d *db) (err error) {
		isThere, err = f.s.isThere(d)
		return err
	}); err != nil {
		return 0, err
	}
	var on, off [][]driver.Value
	for _, v := range rows {
		switch {
		case !listed[keyText(v[0])]:
			missing++
			if head, _ := v[2].([]byte); isThere(number(v[1])) && unhalf(v[2]) != ([16]byte{}) && len(head) == 16 {
				on = append(on, v)
			}
		case v[2] != nil:
			off = append(off, v)
		}
	}
	any, err := f.s.Missing(ctx)
	if err != nil {
		return 0, err
	}
	if !any {
		off = nil
	}
	if len(on)+len(off) == 0 {
		return missing, nil
	}
	era := f.now().era
	return missing, f.l.write(ctx, false, func(tx *txn) error {
		for _, v := range on {
			n, err := tx.exec(sqlSetAside, f.s.id, v[2], era, v[0])
			if err != nil {
				return err
			}
			tx.changed = tx.changed || n > 0
		}
		for _, v := range off {
			n, err := tx.exec(sqlUnshelf, f.s.id, v[2], era, v[0])
			if err != nil {
				return err
			}
			tx.changed = tx.changed || n > 0
		}
		return nil
	})
}

// missed notes how many records Miss did not find, from the first key on or beyond.
func (f *folder) missed(ctx context.Context, first bool, n int64) error {
	if have := f.now().Missing; first && have == n || !first && n == 0 {
		return nil
	}
	return f.change(ctx, false, func(_ *txn, r *row) error {
		if first {
			r.Missing = 0
		}
		r.Missing += n
		return nil
	})
}

// Follow implements providers.FolderLedger.
func (f *folder) Follow(ctx context.Context, items []providers.Item) (map[string]providers.Followed, error) {
	var out map[string]providers.Followed
	err := f.l.write(ctx, false, func(tx *txn) error {
		out = map[string]providers.Followed{}
		r, err := f.row(tx)
		if err != nil {
			return err
		}
		isThere, err := f.s.isThere(tx.db)
		if err != nil {
			return err
		}
		following := following{txn: tx, f: f, row: r, isThere: isThere, from: map[int64]*row{}}
		for _, it := range items {
			got, ok, err := following.one(it)
			if err != nil {
				return err
			}
			if ok {
				out[it.Key] = got
			}
		}
		return following.end()
	})
	return out, err
}

// following is a Follow under way.
type following struct {
	*txn
	f       *folder
	row     row
	isThere func(outcome int64) bool
	from    map[int64]*row // folders that records were taken from, as they were before
	took    bool
}

func (g *following) one(it providers.Item) (out providers.Followed, ok bool, err error) {
	to := spot{g.row.era, keyValue(it.Key)}
	if v, err := g.txn.one(sqlItem, to.era, to.key); err != nil || v != nil {
		return out, false, err
	}
	from, head, err := g.named(it)
	if err != nil {
		return out, false, err
	}
	if from.key == nil {
		var ask bool
		if from, ask, err = g.aside(it); err != nil || ask {
			return providers.Followed{Ask: ask}, ask, err
		}
		head = it.Print.Head
	}
	if from.key == nil {
		return out, false, nil
	}
	was, shelved, err := g.left(from)
	if err != nil {
		return out, false, err
	}
	if out.Record, err = g.f.s.carry(g.txn, to, from, head); err != nil {
		return out, false, err
	}
	if it.Same != "" {
		if err := g.change(sqlSetSame, g.f.s.id, it.Same, to.era, to.key); err != nil {
			return out, false, err
		}
	}
	if !shelved && was.era == from.era {
		was.Missing = max(0, was.Missing-1)
	}
	g.took = true
	out.Here = shelved && was == &g.row
	out.Stray, out.Target, err = g.strayed(to, was, out.Record, slices.Contains(it.Copies, was.ID))
	return out, true, err
}

// named finds the record of an item by the name that the store has for it. One that is
// not at the target is dropped.
func (g *following) named(it providers.Item) (from spot, head [16]byte, err error) {
	if it.Same == "" {
		return spot{}, head, nil
	}
	v, err := g.txn.one(sqlSame, g.f.s.id, it.Same)
	if err != nil || v == nil {
		return spot{}, head, err
	}
	from = spot{number(v[0]), v[1]}
	if v, err = g.txn.one(sqlItem, from.era, from.key); err != nil || v == nil {
		return spot{}, head, err
	}
	head = readPrint(v[5]).Head
	if g.isThere(number(v[1])) {
		return from, head, nil
	}
	if _, _, err := g.left(from); err != nil {
		return spot{}, head, err
	}
	g.took = true
	return spot{}, head, g.f.s.drop(g.txn, from, number(v[1]), weigh(number(v[2])), head)
}

// aside finds a record by print among those that miss their item.
func (g *following) aside(it providers.Item) (from spot, ask bool, err error) {
	var none [16]byte
	head, body := it.Print.Head, it.Print.Body
	if head == none {
		return from, false, nil
	}
	date := dateValue(it.Date)
	var found []spot
	var bodies [][16]byte
	dated := true
	err = g.query(sqlAside, func(v []driver.Value) error {
		p := readPrint(v[2])
		if body != none && p.Body != body && (p.Body != none || !namesMessage(head) || v[3] != date) {
			return nil
		}
		if len(found) == 0 {
			dated = v[3] == date
		}
		found, bodies = append(found, spot{number(v[0]), v[1]}), append(bodies, p.Body)
		return nil
	}, g.f.s.id, half(head), date, g.f.id)
	if err != nil || len(found) == 0 {
		return from, false, err
	}
	if body != none {
		if i := slices.Index(bodies, body); i >= 0 {
			return found[i], false, nil
		}
		return found[0], false, nil
	}
	unlike := func(b [16]byte) bool { return b != bodies[0] || b == none }
	if !namesMessage(head) || !dated || len(found) > 1 && slices.ContainsFunc(bodies, unlike) {
		return from, true, nil
	}
	return found[0], false, nil
}

// left returns the folder that a record is taken from, as it will be, and whether it
// is of an epoch that is over.
func (g *following) left(from spot) (was *row, past bool, err error) {
	v, err := g.txn.one(sqlFolderOf, from.era)
	if err != nil {
		return nil, false, err
	}
	id, past := number(v[0]), number(v[1]) == eraPast
	if id == g.f.id {
		return &g.row, past, nil
	}
	if was = g.from[id]; was != nil {
		return was, past, nil
	}
	if v, err = g.txn.one(sqlFolderRow, id); err != nil {
		return nil, past, err
	}
	r, err := readRow(v)
	if err != nil {
		return nil, past, err
	}
	if err := g.flush(); err != nil {
		return nil, past, err
	}
	g.from[id] = &r
	return &r, past, r.readSums(g.db)
}

// strayed finds out whether an item that was followed is elsewhere at the target than
// this folder's others, and notes it. It returns the key of the item in Target.
func (g *following) strayed(to spot, was *row, r providers.Record, stay bool) (stray bool, target string, err error) {
	v, err := g.txn.one(sqlStrayAt, to.era, to.key)
	if err != nil {
		return false, "", err
	}
	home := func(name, epoch string) bool { return name == g.row.Target.ID && epoch == g.row.Target.Epoch }
	if v != nil {
		if !home(text(v[0]), text(v[1])) {
			return true, r.Target, g.change(sqlNewStray, to.era, to.key, v[0], v[1], v[2], flag(stay))
		}
		if err := g.change(sqlDropStray, to.era, to.key); err != nil {
			return false, "", err
		}
		return false, keyText(v[2]), g.change(sqlSetTarget, targetValue(keyText(v[2])), to.era, to.key)
	}
	if home(was.Target.ID, was.Target.Epoch) {
		return false, r.Target, nil
	}
	if err := g.change(sqlNewStray, to.era, to.key, was.Target.ID, was.Target.Epoch, keyValue(r.Target), flag(stay)); err != nil {
		return false, "", err
	}
	return true, providers.Unkeyed, g.change(sqlSetTarget, providers.Unkeyed, to.era, to.key)
}

// end writes the folders that records were taken from, whose items are fewer now.
func (g *following) end() error {
	if !g.took {
		return nil
	}
	if err := g.flush(); err != nil {
		return err
	}
	for id, r := range g.from {
		before := r.left()
		if err := r.readSums(g.db); err != nil {
			return err
		}
		// What left was not there at the last End any more, or it is no longer waited for.
		if more := r.left().Items - before.Items; more > 0 {
			r.away.Items = max(0, r.away.Items-more)
			r.away.Bytes = max(0, r.away.Bytes-max(0, r.left().Bytes-before.Bytes))
		}
		if err := g.save(id, *r); err != nil {
			return err
		}
	}
	if err := g.row.readSums(g.db); err != nil {
		return err
	}
	return g.save(g.f.id, g.row)
}

// save writes a folder's row, with its sums, for all who have it open.
func (g *following) save(id int64, r row) error {
	values, err := r.values()
	if err != nil {
		return err
	}
	g.then(func() {
		g.f.s.opening.Lock()
		open := g.f.s.open[id].Value()
		g.f.s.opening.Unlock()
		if open != nil {
			open.mu.Lock()
			defer open.mu.Unlock()
			open.r = r
		}
	})
	return g.change(sqlSetFolder, append(values, id)...)
}

// Strays implements providers.FolderLedger. yield may use the ledger.
func (f *folder) Strays(ctx context.Context, keys []string, yield func(providers.Stray) error) error {
	era := f.now().era
	var page []providers.Stray
	take := func(d *db) func([]driver.Value) error {
		return func(v []driver.Value) error {
			r, err := d.readRecord(v[:10])
			s := providers.Stray{Record: r, In: providers.Folder{ID: text(v[10]), Epoch: text(v[11])}, Key: keyText(v[12]), Stay: number(v[13]) != 0}
			if s.Key == providers.Unkeyed {
				s.Key = ""
			}
			page = append(page, s)
			return err
		}
	}
	tell := func() error {
		for _, s := range page {
			if err := ctx.Err(); err != nil {
				return classified(err)
			}
			if err := yield(s); err != nil {
				return err
			}
		}
		return nil
	}
	for some := range slices.Chunk(keys, lookupWidth) {
		page = nil
		err := f.l.read(ctx, func(d *db) error {
			for _, key := range some {
				if err := d.query(sqlStrayOf, take(d), era, keyValue(key)); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
		if err := tell(); err != nil {
			return err
		}
	}
	if keys != nil {
		return nil
	}
	for last := driver.Value(int64(-1)); ; {
		page = nil
		err := f.l.read(ctx, func(d *db) error { return d.query(sqlStrays, take(d), era, last) })
		if err != nil || len(page) == 0 {
			return err
		}
		last = keyValue(page[len(page)-1].Record.Key)
		if err := tell(); err != nil {
			return err
		}
	}
}

// Arrive implements providers.FolderLedger.
func (f *folder) Arrive(ctx context.Context, records []providers.Record) error {
	if err := f.Settle(ctx, records); err != nil {
		return err
	}
	return f.l.write(ctx, false, func(tx *txn) error {
		era, err := f.era(tx)
		for _, r := range records {
			if err == nil {
				err = tx.change(sqlDropStray, era, keyValue(r.Key))
			}
		}
		return err
	})
}
