package ledger

import (
	"context"
	"database/sql/driver"
	"slices"

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
		r.era, r.Epoch, r.Next, r.Mark, r.Done, r.Shelved, r.Missing = era, epoch, 0, "", false, true, 0
		return nil
	})
}

// Reclaim implements providers.FolderLedger.
func (f *folder) Reclaim(ctx context.Context, items []providers.Item) (map[string]providers.Record, error) {
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
				r.Same = it.Same
				if err := f.s.name(tx, era, r); err != nil {
					return err
				}
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
	if err := tx.change(fill, append([]driver.Value{f.s.id, era, v[0]}, args...)...); err != nil {
		return false, err
	}
	return true, tx.change(sqlSetSeen, v[0], era)
}

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
	from, old, err := f.onShelf(tx, it)
	if err != nil || old == nil {
		return r, false, err
	}
	r, err = f.s.carry(tx, spot{era, key}, spot{number(from), old}, it.Print.Head)
	return r, err == nil, err
}

// spot is where a record is.
type spot struct {
	era int64
	key driver.Value
}

// carry gives a record another place, with all that is known of it. head is where it
// stands on the shelf.
func (s *stream) carry(tx *txn, to, from spot, head [16]byte) (r providers.Record, err error) {
	if err := tx.change(sqlReclaim, to.era, to.key, from.era, from.key); err != nil {
		return r, err
	}
	if err := tx.change(sqlDropItem, from.era, from.key); err != nil {
		return r, err
	}
	if h := half(head); h != nil {
		if err := tx.change(sqlUnshelf, s.id, h, from.era, from.key); err != nil {
			return r, err
		}
	}
	if err := tx.change(sqlStrayMoved, to.era, to.key, from.era, from.key); err != nil {
		return r, err
	}
	if err := tx.change(sqlOfferedMoved, to.era, to.key, from.era, from.key); err != nil {
		return r, err
	}
	v, err := tx.one(sqlItem, to.era, to.key)
	if err != nil {
		return r, err
	}
	w := weigh(number(v[2]))
	tx.count(to.era, number(v[1]), w)
	tx.count(from.era, number(v[1]), providers.Sum{Items: -w.Items, Bytes: -w.Bytes})
	return tx.readRecord(v)
}

// onShelf finds the shelved record of an item where its head and date prove that it is
// the item's; a nil key is none. All else is left to Follow, which has bodies compared.
func (f *folder) onShelf(tx *txn, it providers.Item) (era, key driver.Value, err error) {
	head := it.Print.Head
	if !namesMessage(head) {
		return nil, nil, nil
	}
	date := dateValue(it.Date)
	n := 0
	err = tx.query(sqlOnShelf, func(v []driver.Value) error {
		if n++; n == 1 && v[2] == date {
			era, key = v[0], v[1]
		} else {
			era, key = nil, nil // several of one head may be several messages
		}
		return nil
	}, f.s.id, half(head), f.id)
	return era, key, err
}

// Unshelve implements providers.FolderLedger.
func (f *folder) Unshelve(ctx context.Context) error {
	if !f.now().Shelved {
		return nil
	}
	if err := f.dropNever(ctx); err != nil {
		return err
	}
	if err := f.fillShelf(ctx); err != nil { // what is left is for Follow
		return err
	}
	return f.change(ctx, false, func(tx *txn, r *row) error {
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
		r.away, r.Shelved = providers.Sum{}, false
		return nil
	})
}

// dropNever drops what is on the shelf and is not at the target, some at a time: if it
// is still at the source, it is new there.
func (f *folder) dropNever(ctx context.Context) error {
	for {
		n := 0
		err := f.l.write(ctx, false, func(tx *txn) error {
			var rows [][]driver.Value
			if err := tx.query(sqlNever, func(v []driver.Value) error {
				rows = append(rows, slices.Clone(v))
				return nil
			}, f.id); err != nil {
				return err
			}
			n = len(rows)
			for _, v := range rows {
				if err := f.s.drop(tx, spot{number(v[0]), v[1]}, number(v[2]), weigh(number(v[3])), readPrint(v[4]).Head); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil || n == 0 {
			return err
		}
	}
}

// drop forgets a record.
func (s *stream) drop(tx *txn, at spot, outcome int64, w providers.Sum, head [16]byte) error {
	if err := tx.change(sqlDropItem, at.era, at.key); err != nil {
		return err
	}
	tx.count(at.era, outcome, providers.Sum{Items: -w.Items, Bytes: -w.Bytes})
	h := half(head)
	if h == nil {
		return nil
	}
	return tx.change(sqlUnshelf, s.id, h, at.era, at.key)
}
