package ledger

import (
	"context"
	"database/sql/driver"
	"slices"

	"github.com/isaworks/isa/providers"
)

// Claim implements providers.FolderLedger.
func (f *folder) Claim(ctx context.Context, whole bool) error {
	var own, all, behind []driver.Value
	err := f.l.read(ctx, func(d *db) (err error) {
		own = own[:0]
		if err = d.query(sqlOwn, func(v []driver.Value) error { own = append(own, v[0]); return nil }, f.id); err != nil {
			return err
		}
		if all, err = f.sharing(d, sqlSharing); err != nil || !whole {
			return err
		}
		behind, err = f.sharing(d, sqlBehind)
		return err
	})
	if err != nil {
		return err
	}
	for _, era := range all {
		if err := f.claimAll(ctx, sqlLoose, era, slices.Contains(own, era), sqlSetLoose); err != nil {
			return err
		}
	}
	if err := f.claimAway(ctx); err != nil {
		return err
	}
	if !whole {
		return nil
	}
	for _, era := range behind[len(own):] {
		if err := f.claimAll(ctx, sqlThere, era, false, ""); err != nil {
			return err
		}
	}
	return nil
}

// claimant is a record that wants an item of the table.
type claimant struct {
	at   spot
	head [16]byte
	date driver.Value
}

// claimants reads a page of them: the key, the print and the date, and perhaps the era.
func (f *folder) claimants(ctx context.Context, query string, era driver.Value, args ...driver.Value) (page []claimant, err error) {
	err = f.l.read(ctx, func(d *db) error {
		page = nil
		return d.query(query, func(v []driver.Value) error {
			c := claimant{at: spot{number(era), v[0]}, head: readAtTarget(v[1]), date: v[2]}
			if len(v) > 3 {
				c.at.era = number(v[3])
			}
			page = append(page, c)
			return nil
		}, args...)
	})
	return page, err
}

// claim takes an item off the table and returns its key; found tells whether there was
// one. The key is nil when the item may as well be that of another record: its head names
// no Message-ID, and not just one on the table has the record's date.
func (f *folder) claim(tx *txn, c claimant) (key driver.Value, found bool, err error) {
	h := half(c.head)
	if h == nil {
		return nil, false, nil
	}
	v, err := tx.one(sqlLaid, f.id, h, c.date)
	if err != nil || v == nil {
		return nil, false, err
	}
	if key = v[0]; !namesMessage(c.head) {
		n, err := tx.one(sqlTwoOfDate, f.id, h, c.date)
		if err != nil {
			return nil, false, err
		}
		if number(n[0]) != 1 {
			key = nil
		}
	}
	return key, true, tx.change(sqlTake, f.id, v[0])
}

// claimPage gives a page of records their items; set records the key of one. last has
// those that find none end as Unkeyed. One that finds an item without being told its key
// stays as it is, so that it takes one off the table the next time too.
func (f *folder) claimPage(ctx context.Context, page []claimant, last bool, set string) error {
	return f.l.write(ctx, false, func(tx *txn) error {
		for _, c := range page {
			key, found, err := f.claim(tx, c)
			if err != nil {
				return err
			}
			if !found && last {
				key = providers.Unkeyed
			}
			if key == nil || set == "" {
				continue
			}
			if err := tx.change(set, key, c.at.era, c.at.key); err != nil {
				return err
			}
		}
		return nil
	})
}

// claimAll does it for the records of an era, or, where nothing is to be set, takes their
// items off the table.
func (f *folder) claimAll(ctx context.Context, query string, era driver.Value, last bool, set string) error {
	for after := driver.Value(int64(-1)); ; {
		page, err := f.claimants(ctx, query, era, era, after)
		if err != nil || len(page) == 0 {
			return err
		}
		after = page[len(page)-1].at.key
		if err := f.claimPage(ctx, page, last, set); err != nil {
			return err
		}
	}
}

// claimAway does it for strays that are in the folder's target.
func (f *folder) claimAway(ctx context.Context) error {
	target := f.now().Target
	v, err := f.l.readOne(ctx, sqlAnyLoose, target.ID)
	if err != nil || number(v[0]) == 0 {
		return err
	}
	for after := (spot{-1, int64(-1)}); ; {
		page, err := f.claimants(ctx, sqlLooseAway, nil, target.ID, target.Epoch, f.s.Info().Target, after.era, after.key)
		if err != nil || len(page) == 0 {
			return err
		}
		after = page[len(page)-1].at
		if err := f.claimPage(ctx, page, true, sqlSetAway); err != nil {
			return err
		}
	}
}
