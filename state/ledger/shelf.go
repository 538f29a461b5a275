package ledger

import (
	"context"
	"database/sql/driver"
	"errors"

	"github.com/isaworks/isa/providers"
)

// Shelve implements providers.FolderLedger. It takes as long for many records as for
// one: the folder begins a new era. Done ends, since no pass over the new epoch was
// completed.
func (f *folder) Shelve(ctx context.Context, epoch string) error {
	return f.change(ctx, false, func(tx *txn, r *row) error {
		if err := tx.change(sqlEraEpoch, r.Epoch, r.era); err != nil {
			return err
		}
		if err := tx.change(sqlEraState, int64(eraShelved), f.id, int64(eraCurrent)); err != nil {
			return err
		}
		era, err := tx.makeEra(f.id, epoch)
		if err != nil {
			return err
		}
		r.era, r.Epoch, r.Next, r.Mark, r.Done, r.Shelved = era, epoch, 0, "", false, true
		return nil
	})
}

// Reclaim implements providers.FolderLedger. A shelved record with the same body goes
// before one whose body is not known.
func (f *folder) Reclaim(ctx context.Context, items []providers.Item) (map[string]providers.Record, error) {
	if !f.now().Shelved {
		keys := make([]string, len(items))
		for i, it := range items {
			keys[i] = it.Key
		}
		return f.Known(ctx, keys)
	}
	if err := f.fillShelf(ctx); err != nil {
		return nil, err
	}
	var out map[string]providers.Record
	err := f.l.write(ctx, false, func(tx *txn) error {
		out = map[string]providers.Record{}
		era, err := f.era(tx)
		if err != nil {
			return err
		}
		for _, it := range items {
			r, ok, err := f.reclaim(tx, era, it)
			if err != nil {
				return err
			}
			if ok {
				out[it.Key] = r
			}
		}
		return nil
	})
	return out, err
}

// fillShelf lists what is set aside by its head, some at a time. A process that dies
// meanwhile leaves the rest to the next.
func (f *folder) fillShelf(ctx context.Context) error {
	for more := true; more; {
		err := f.l.write(ctx, false, func(tx *txn) (err error) {
			more, err = f.fillSome(tx)
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (f *folder) fillSome(tx *txn) (more bool, err error) {
	v, err := tx.one(sqlUnfilled, f.id)
	if err != nil || v == nil {
		return false, err
	}
	era, seen := v[0], v[1]
	next, fill, args := sqlNextKeys, sqlFill, []driver.Value{}
	if seen != nil {
		next, fill, args = sqlNextFrom, sqlFillFrom, append(args, seen)
	}
	v, err = tx.one(next, append([]driver.Value{era}, args...)...)
	if err != nil {
		return false, err
	}
	if number(v[1]) == 0 {
		return true, tx.change(sqlSetFilled, era)
	}
	if err := tx.change(fill, append([]driver.Value{f.id, era, v[0]}, args...)...); err != nil {
		return false, err
	}
	return true, tx.change(sqlSetSeen, v[0], era)
}

// errFound ends a query.
var errFound = errors.New("found")

func (f *folder) reclaim(tx *txn, era int64, it providers.Item) (r providers.Record, ok bool, err error) {
	key := keyValue(it.Key)
	v, err := tx.one(sqlItem, era, key)
	if err != nil {
		return r, false, err
	}
	if v != nil {
		r, err = tx.readRecord(v)
		return r, true, err
	}
	from, old, err := f.onShelf(tx, it.Print)
	if err != nil || old == nil {
		return r, false, err
	}
	if err := tx.change(sqlReclaim, era, key, from, old); err != nil {
		return r, false, err
	}
	if err := tx.change(sqlDropItem, from, old); err != nil {
		return r, false, err
	}
	if err := tx.change(sqlUnshelf, f.id, half(it.Print.Head), from, old); err != nil {
		return r, false, err
	}
	if v, err = tx.one(sqlItem, era, key); err != nil {
		return r, false, err
	}
	w := weigh(number(v[2]))
	tx.count(era, number(v[1]), w)
	tx.count(number(from), number(v[1]), providers.Sum{Items: -w.Items, Bytes: -w.Bytes})
	r, err = tx.readRecord(v)
	return r, true, err
}

// onShelf finds a shelved record for a print; a nil key is none.
func (f *folder) onShelf(tx *txn, p providers.Print) (era, key driver.Value, err error) {
	if p.Head == ([16]byte{}) {
		return nil, nil, nil
	}
	var unknown [16]byte
	err = tx.query(sqlOnShelf, func(v []driver.Value) error {
		body := readPrint(v[2]).Body
		switch {
		case body == p.Body || p.Body == unknown:
			era, key = v[0], v[1]
			return errFound
		case body == unknown && key == nil:
			era, key = v[0], v[1]
		}
		return nil
	}, f.id, half(p.Head))
	if errors.Is(err, errFound) {
		err = nil
	}
	return era, key, err
}

// Unshelve implements providers.FolderLedger.
func (f *folder) Unshelve(ctx context.Context) error {
	err := f.change(ctx, false, func(tx *txn, r *row) error {
		if err := tx.flush(); err != nil {
			return err
		}
		if err := tx.change(sqlEraState, int64(eraPast), f.id, int64(eraShelved)); err != nil {
			return err
		}
		if err := r.readSums(tx.db); err != nil {
			return err
		}
		now := r.sums
		tx.then(func() {
			f.mu.Lock()
			defer f.mu.Unlock()
			f.r.sums = now
		})
		if r.Shelved {
			r.away = providers.Sum{}
		}
		r.Shelved = false
		return nil
	})
	if err != nil {
		return err
	}
	return f.repeat(ctx, sqlDropShelf)
}
