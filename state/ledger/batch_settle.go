package ledger

import (
	"context"
	"database/sql/driver"
	"fmt"

	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/providers"
)

// verdicts is what becomes of the items of a batch, all together: memory does not grow
// with their number.
type verdicts struct {
	items   int64
	first   providers.Judged
	alike   bool // all end as the first
	changes map[change]providers.Sum
	folders map[int64]bool
}

// change is a way in which items of an era change.
type change struct{ era, was, becomes int64 }

// Settle implements providers.Batches. Where all items end alike it is one statement.
func (b batches) Settle(ctx context.Context, id string, end providers.BatchEnd, judge func(providers.Offered) providers.Judged) error {
	// No handle of a folder may be opened meanwhile: it would read sums of before.
	b.s.opening.Lock()
	defer b.s.opening.Unlock()
	return b.s.l.write(ctx, true, func(tx *txn) error {
		r, err := b.find(tx.db, id)
		if err != nil || r.state == batchSettled {
			return err
		}
		v, err := judged(tx, r.id, judge)
		if err != nil {
			return err
		}
		if v.alike && v.items > 0 {
			err = tx.change(sqlJudgeAll, append(judgedValues(v.first), r.id)...)
		} else {
			err = judgeEach(tx, r.id, judge)
		}
		if err != nil {
			return err
		}
		if err := b.close(tx, r, end); err != nil {
			return err
		}
		if end.Arrived && r.Other != "" {
			if err := tx.change(sqlMarkBad, b.s.id, r.Other); err != nil {
				return err
			}
		}
		return b.recount(tx, v)
	})
}

// judgedValues are the outcome, note, title and tries to be written.
func judgedValues(j providers.Judged) []driver.Value {
	o, _ := outcomeNumber(j.Outcome)
	title := bounded(j.Title, mostTitle)
	if arrived(o) {
		title = nil
	}
	return []driver.Value{o, bounded(j.Note, mostNote), title, int64(j.Tries)}
}

// judged asks what becomes of each item, and counts it.
func judged(tx *txn, batch int64, judge func(providers.Offered) providers.Judged) (*verdicts, error) {
	out := &verdicts{alike: true, changes: map[change]providers.Sum{}, folders: map[int64]bool{}}
	err := tx.query(sqlOffered, func(v []driver.Value) error {
		j := judge(readOffered(v))
		o, ok := outcomeNumber(j.Outcome)
		if !ok {
			return fmt.Errorf("%q is no outcome", j.Outcome)
		}
		if out.items == 0 {
			out.first = j
		}
		out.items++
		out.alike = out.alike && j == out.first
		c, w := change{number(v[5]), number(v[6]), o}, weigh(number(v[3]))
		sum := out.changes[c]
		out.changes[c] = providers.Sum{Items: sum.Items + w.Items, Bytes: sum.Bytes + w.Bytes}
		out.folders[number(v[7])] = true
		return nil
	}, batch)
	return out, err
}

// judgeEach writes the outcomes of items one by one, a page at a time.
func judgeEach(tx *txn, batch int64, judge func(providers.Offered) providers.Judged) error {
	type one struct {
		era  int64
		key  driver.Value
		what providers.Judged
	}
	last := int64(-1)
	for {
		var page []one
		err := tx.query(sqlOfferedPage, func(v []driver.Value) error {
			last = number(v[0])
			page = append(page, one{number(v[5]), v[2], judge(readOffered(v))})
			return nil
		}, batch, last)
		if err != nil || len(page) == 0 {
			return err
		}
		for _, p := range page {
			if err := tx.change(sqlJudge, append(judgedValues(p.what), p.era, p.key)...); err != nil {
				return err
			}
		}
	}
}

// close ends a batch in the file.
func (b batches) close(tx *txn, r batchRow, end providers.BatchEnd) error {
	if err := tx.change(sqlUnoffer, r.id); err != nil {
		return err
	}
	return tx.change(sqlEndBatch, momentValue(end.Settled), end.Total, flag(end.Arrived), end.Note, r.id)
}

// recount brings the tallies up to date, and the sums of the folders in use, and notes
// when something arrived, or may have. The caller holds opening.
func (b batches) recount(tx *txn, v *verdicts) error {
	there := false
	handed, _ := outcomeNumber(providers.Unproven)
	for c, sum := range v.changes {
		tx.count(c.era, c.was, providers.Sum{Items: -sum.Items, Bytes: -sum.Bytes})
		tx.count(c.era, c.becomes, sum)
		there = there || arrived(c.becomes) || c.becomes == handed
	}
	if err := tx.flush(); err != nil {
		return err
	}
	for id := range v.folders {
		f := b.s.open[id].Value()
		if f == nil {
			continue
		}
		now := row{id: id}
		if err := now.readSums(tx.db); err != nil {
			return err
		}
		tx.then(func() {
			f.mu.Lock()
			defer f.mu.Unlock()
			f.r.sums = now.sums
		})
	}
	if there {
		return b.s.moved(tx)
	}
	return nil
}

// Regroup implements providers.Batches.
func (b batches) Regroup(ctx context.Context, from []string, to []providers.Batch, end providers.BatchEnd, which func(providers.Offered) int) error {
	return b.s.l.write(ctx, true, func(tx *txn) error {
		rows := make([]batchRow, len(from))
		for i, id := range from {
			var err error
			if rows[i], err = b.find(tx.db, id); err != nil {
				return err
			}
			if rows[i].state == batchSettled {
				return refuse(diag.Internal, fmt.Sprintf("batch %s is settled and has no items to divide", id), "")
			}
		}
		parts, err := b.parts(tx, to)
		if err != nil {
			return err
		}
		for _, r := range rows {
			if err := hand(tx, r, parts, which); err != nil {
				return err
			}
			if err := b.close(tx, r, end); err != nil {
				return err
			}
		}
		for _, p := range parts {
			if err := tx.change(sqlFill1, p.items, p.bytes, p.id); err != nil {
				return err
			}
		}
		return nil
	})
}

// part is a batch that is made of others.
type part struct{ id, items, bytes int64 }

func (b batches) parts(tx *txn, to []providers.Batch) ([]part, error) {
	parts := make([]part, len(to))
	for i, made := range to {
		made.Items, made.Bytes = 0, 0
		id, err := b.insert(tx, made, batchFrozen)
		if err != nil {
			return nil, err
		}
		parts[i].id = id
	}
	return parts, nil
}

// hand divides the items of a batch among the parts.
func hand(tx *txn, r batchRow, parts []part, which func(providers.Offered) int) error {
	var items []providers.Offered
	if err := tx.query(sqlOffered, func(v []driver.Value) error {
		items = append(items, readOffered(v))
		return nil
	}, r.id); err != nil {
		return err
	}
	for _, o := range items {
		i := which(o)
		if i < 0 || i >= len(parts) {
			return fmt.Errorf("item %d of batch %s is in no part of it", o.Number, r.ID)
		}
		if err := tx.change(sqlRegroup, parts[i].id, r.id, int64(o.Number)); err != nil {
			return err
		}
		parts[i].items++
		parts[i].bytes += max(0, o.Size)
	}
	return nil
}
