package ledger

import (
	"context"
	"database/sql/driver"
	"fmt"
	"slices"

	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/providers"
)

// Known implements providers.FolderLedger.
func (f *folder) Known(ctx context.Context, keys []string) (map[string]providers.Record, error) {
	out := make(map[string]providers.Record, len(keys))
	era := f.now().era
	err := f.l.read(ctx, func(d *db) error {
		args := make([]driver.Value, lookupWidth+1)
		args[0] = era
		for some := range slices.Chunk(keys, lookupWidth) {
			clear(args[1:])
			for i, key := range some {
				args[i+1] = keyValue(key)
			}
			err := d.query(sqlItems, func(v []driver.Value) error {
				r, err := d.readRecord(v)
				out[r.Key] = r
				return err
			}, args...)
			if err != nil {
				return err
			}
		}
		return nil
	})
	return out, err
}

// Retry implements providers.FolderLedger. yield may use the ledger.
func (f *folder) Retry(ctx context.Context, yield func(providers.Record) error) error {
	return f.l.pages(ctx, f.now().era, sqlRetryAll, sqlRetry, yield)
}

// Settle implements providers.FolderLedger. Calls of many streams share a commit.
// Notes are cut to 500 bytes, titles to 300.
func (f *folder) Settle(ctx context.Context, records []providers.Record) error {
	numbers := make([]int64, len(records))
	for i, r := range records {
		n, ok := outcomeNumber(r.Outcome)
		if !ok || r.Key == "" {
			return refuse(diag.Internal, fmt.Sprintf("%q, %q is no key with an outcome", r.Key, r.Outcome), "")
		}
		numbers[i] = n
	}
	if len(records) == 0 {
		return nil
	}
	return f.l.write(ctx, false, func(tx *txn) error {
		era, err := f.era(tx)
		if err != nil {
			return err
		}
		tx.changed = true
		var delta sums
		for i, r := range records {
			if err := tx.settle(era, numbers[i], r, &delta); err != nil {
				return err
			}
			if err := f.s.name(tx, era, r); err != nil {
				return err
			}
		}
		for o, sum := range delta {
			tx.count(era, int64(o), sum)
			if arrived(int64(o)) && sum.Items > 0 {
				if err := f.s.moved(tx); err != nil {
					return err
				}
			}
		}
		tx.then(func() {
			f.mu.Lock()
			defer f.mu.Unlock()
			for o, sum := range delta {
				f.r.sums.add(int64(o), sum)
			}
		})
		return nil
	})
}

// settle writes one record and adds to delta what that changes.
func (tx *txn) settle(era, outcome int64, r providers.Record, delta *sums) error {
	values, err := tx.recordValues(era, outcome, r)
	if err != nil {
		return err
	}
	n, err := tx.exec(sqlNewItem, values...)
	if err != nil {
		return err
	}
	delta.add(outcome, weigh(r.Size))
	if n > 0 {
		return nil
	}
	old, err := tx.one(sqlOldItem, era, values[1])
	if err != nil {
		return err
	}
	w := weigh(number(old[1]))
	delta.add(number(old[0]), providers.Sum{Items: -w.Items, Bytes: -w.Bytes})
	if _, err := tx.exec(sqlSetItem, values...); err != nil || arrived(number(old[0])) || !arrived(outcome) {
		return err
	}
	return tx.change(sqlDropStray, era, values[1]) // it was followed, and put after all
}
