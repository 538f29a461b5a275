package ledger

import (
	"context"
	"database/sql/driver"
	"fmt"
	"time"

	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/providers"
)

// Batches implements providers.Stream.
func (s *stream) Batches() providers.Batches { return batches{s} }

// batches implements providers.Batches.
type batches struct{ s *stream }

// batchStates are the states by their numbers in the file.
func batchStates() [4]providers.BatchState {
	return [4]providers.BatchState{batchFilling: providers.Filling, batchFrozen: providers.Frozen, batchStarted: providers.Started, batchSettled: providers.Settled}
}

// batchRow is a batch as it stands in the file.
type batchRow struct {
	providers.Batch
	id, state int64
}

// readBatch reads batchColumns.
func readBatch(v []driver.Value) (batchRow, error) {
	b := batchRow{id: number(v[0]), state: number(v[3]), Batch: providers.Batch{
		ID: text(v[1]), Route: text(v[2]), Items: number(v[4]), Bytes: number(v[5]), Made: momentTime(v[6]), Started: momentTime(v[7]),
		BatchEnd: providers.BatchEnd{Settled: momentTime(v[8]), Total: number(v[9]), Arrived: number(v[10]) != 0, Note: text(v[11])},
		Root:     text(v[12]), Bad: number(v[13]) != 0, Other: text(v[14]),
	}}
	states := batchStates()
	if b.state < 0 || b.state >= int64(len(states)) {
		return b, fmt.Errorf("%w: batch state %d", errDamaged, b.state)
	}
	b.State = states[b.state]
	return b, nil
}

// List implements providers.Batches.
func (b batches) List(ctx context.Context) (out []providers.Batch, err error) {
	err = b.s.l.read(ctx, func(d *db) error {
		out = nil
		has, err := d.one(sqlHasTable, "batch") // a ledger of before, opened for reading, has none
		if err != nil || number(has[0]) == 0 {
			return err
		}
		return d.query(sqlBatches, func(v []driver.Value) error {
			r, err := readBatch(v)
			out = append(out, r.Batch)
			return err
		}, b.s.id)
	})
	return out, err
}

// find returns a batch of the stream.
func (b batches) find(d *db, id string) (batchRow, error) {
	v, err := d.one(sqlBatch, b.s.id, id)
	if err != nil {
		return batchRow{}, err
	}
	if v == nil {
		return batchRow{}, refuse(diag.NotFound, fmt.Sprintf("%s has no batch %s", b.s.Info().Name, id), "")
	}
	return readBatch(v)
}

// Make implements providers.Batches.
func (b batches) Make(ctx context.Context, made providers.Batch) error {
	return b.s.l.write(ctx, true, func(tx *txn) error {
		if made.Spool != "" {
			if _, err := tx.exec(sqlNoteSpool, made.Spool); err != nil {
				return err
			}
		}
		_, err := b.insert(tx, made, batchFilling)
		return err
	})
}

// Spools implements providers.Ledger.
func (l *Ledger) Spools(ctx context.Context) (out []string, err error) {
	err = l.read(ctx, func(d *db) error {
		out = nil
		has, err := d.one(sqlHasTable, "spool") // a ledger of before, opened for reading, has none
		if err != nil || number(has[0]) == 0 {
			return err
		}
		return d.query(sqlSpools, func(v []driver.Value) error {
			out = append(out, text(v[0]))
			return nil
		})
	})
	return out, err
}

func (b batches) insert(tx *txn, made providers.Batch, state int64) (int64, error) {
	if made.ID == "" {
		return 0, refuse(diag.Internal, "a batch has no name", "")
	}
	if made.Root == "" {
		made.Root = made.ID
	}
	tx.changed = true
	v, err := tx.one(sqlNewBatch, made.ID, b.s.id, made.Route, state, made.Items, made.Bytes, momentValue(made.Made), made.Root, flag(made.Bad), made.Other)
	if err != nil {
		return 0, err
	}
	return number(v[0]), nil
}

// Offer implements providers.Batches. Calls of many streams share a commit.
func (b batches) Offer(ctx context.Context, id, folderName string, records []providers.Record) error {
	if len(records) == 0 {
		return nil
	}
	number, err := b.s.folderID(ctx, folderName)
	if err != nil {
		return err
	}
	if number == 0 {
		return refuse(diag.NotFound, fmt.Sprintf("folder %q of %s is not known", folderName, b.s.Info().Name), "")
	}
	f, err := b.s.openFolder(ctx, number)
	if err != nil {
		return err
	}
	return b.s.l.write(ctx, false, func(tx *txn) error {
		batch, err := b.find(tx.db, id)
		if err != nil {
			return err
		}
		late := batch.state == batchStarted && batch.Route == "server" // what came while the service began
		if batch.state != batchFilling && !late {
			return refuse(diag.Internal, fmt.Sprintf("batch %s is %s and takes no more", id, batch.State), "")
		}
		return f.offer(tx, batch.id, records)
	})
}

// offer settles records as handed over.
func (f *folder) offer(tx *txn, batch int64, records []providers.Record) error {
	era, err := f.era(tx)
	if err != nil {
		return err
	}
	handed, _ := outcomeNumber(providers.Unproven)
	tx.changed = true
	for _, r := range records {
		if v, err := tx.one(sqlIsOffered, era, keyValue(r.Key)); err != nil {
			return err
		} else if v != nil {
			return refuse(diag.Internal, fmt.Sprintf("item %s is in a batch already that is not settled", r.Key), "")
		}
	}
	var delta sums
	var bytes int64
	for _, r := range records {
		uid, ok := keyValue(r.Target).(int64)
		if !ok {
			return fmt.Errorf("%q is no number in a batch", r.Target)
		}
		r.Target = ""
		if err := tx.settle(era, handed, r, &delta); err != nil {
			return err
		}
		if err := f.s.name(tx, era, r); err != nil {
			return err
		}
		if _, err := tx.exec(sqlOffer, batch, uid, era, keyValue(r.Key)); err != nil {
			return err
		}
		bytes += max(0, r.Size)
	}
	for o, sum := range delta {
		tx.count(era, int64(o), sum)
	}
	tx.then(func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		for o, sum := range delta {
			f.r.sums.add(int64(o), sum)
		}
	})
	return tx.change(sqlFill1, int64(len(records)), bytes, batch)
}

// Freeze implements providers.Batches.
func (b batches) Freeze(ctx context.Context, id string) error {
	return b.turn(ctx, id, batchFilling, batchFrozen, time.Time{})
}

// Start implements providers.Batches.
func (b batches) Start(ctx context.Context, id string, at time.Time) error {
	return b.turn(ctx, id, batchFrozen, batchStarted, at)
}

// Unstart implements providers.Batches.
func (b batches) Unstart(ctx context.Context, id string) error {
	return b.turn(ctx, id, batchStarted, batchFrozen, time.Time{})
}

// turn brings a batch from one state into another. Repeating it changes nothing.
func (b batches) turn(ctx context.Context, id string, from, to int64, started time.Time) error {
	return b.s.l.write(ctx, true, func(tx *txn) error {
		r, err := b.find(tx.db, id)
		switch {
		case err != nil:
			return err
		case r.state == to:
			return nil
		case r.state != from:
			return refuse(diag.Internal, fmt.Sprintf("batch %s is %s", id, r.State), "")
		}
		return tx.change(sqlSetBatch, to, momentValue(started), r.id)
	})
}

// readOffered reads offeredFrom.
func readOffered(v []driver.Value) providers.Offered {
	return providers.Offered{Number: uint32(number(v[0])), Folder: text(v[1]), Key: keyText(v[2]), Size: number(v[3]), Tries: int(number(v[4]))}
}

// Items implements providers.Batches.
func (b batches) Items(ctx context.Context, id string, yield func(providers.Offered) error) error {
	last := int64(-1)
	for {
		var page []providers.Offered
		err := b.s.l.read(ctx, func(d *db) error {
			r, err := b.find(d, id)
			if err != nil {
				return err
			}
			return d.query(sqlOfferedPage, func(v []driver.Value) error {
				page, last = append(page, readOffered(v)), number(v[0])
				return nil
			}, r.id, last)
		})
		if err != nil || len(page) == 0 {
			return err
		}
		for _, o := range page {
			if err := yield(o); err != nil {
				return err
			}
		}
	}
}
