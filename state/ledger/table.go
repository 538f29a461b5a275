package ledger

import (
	"context"
	"database/sql/driver"

	"github.com/isaworks/isa/providers"
)

// Lay implements providers.FolderLedger. Records of every folder that goes to the same
// folder of the same target count. Items without a head are not laid: nothing could
// find them.
func (f *folder) Lay(ctx context.Context, items []providers.Item) error {
	return f.l.write(ctx, false, func(tx *txn) error {
		eras, err := f.sharing(tx.db, sqlSharing)
		if err != nil {
			return err
		}
		strays, err := f.strays(tx)
		if err != nil {
			return err
		}
		for _, it := range items {
			if stray, err := strays(it.Key); err != nil {
				return err
			} else if stray {
				continue
			}
			if err := f.lay(tx, eras, it); err != nil {
				return err
			}
		}
		return nil
	})
}

// sharing are the eras whose items are where this folder's items go: its own, and those
// of others.
func (f *folder) sharing(d *db, others string) (eras []driver.Value, err error) {
	add := func(v []driver.Value) error { eras = append(eras, v[0]); return nil }
	if err := d.query(sqlOwn, add, f.id); err != nil {
		return nil, err
	}
	target := f.now().Target
	err = d.query(others, add, target.ID, target.Epoch, f.s.Info().Target, f.id)
	return eras, err
}

// strays tells of keys of the target whether they are those of strays.
func (f *folder) strays(tx *txn) (func(key string) (bool, error), error) {
	r, err := f.row(tx)
	if err != nil {
		return nil, err
	}
	any, err := tx.one(sqlAnyStray, r.Target.ID)
	if err != nil {
		return nil, err
	}
	return func(key string) (bool, error) {
		if number(any[0]) == 0 {
			return false, nil
		}
		v, err := tx.one(sqlIsStray, r.Target.ID, keyValue(key), r.Target.Epoch, f.s.Info().Target)
		return v != nil, err
	}, nil
}

func (f *folder) lay(tx *txn, eras []driver.Value, it providers.Item) error {
	key := keyValue(it.Key)
	for _, era := range eras {
		v, err := tx.one(sqlIsTarget, era, key)
		if err != nil || v != nil {
			return err
		}
	}
	return f.put(tx, it)
}

func (f *folder) put(tx *txn, it providers.Item) error {
	head := half(it.Print.Head)
	if head == nil {
		return nil
	}
	flags, err := tx.flagsID(it.Flags)
	if err != nil {
		return err
	}
	return tx.change(sqlLay, f.id, keyValue(it.Key), head, half(it.Print.Body), it.Size, dateValue(it.Date), flags)
}

// Take implements providers.FolderLedger. Of several with one head, one of the same
// date is taken, and of these the one with the lowest key. Alone is told only when the
// head was laid once, whether taken since or not, and is asked for once: what could be
// mixed up is always compared.
func (f *folder) Take(ctx context.Context, items []providers.Item) (map[string]providers.Taken, error) {
	asked := map[[16]byte]int{}
	for _, it := range items {
		asked[it.Print.Head]++
	}
	var out map[string]providers.Taken
	err := f.l.write(ctx, false, func(tx *txn) error {
		out = map[string]providers.Taken{}
		for _, it := range items {
			taken, ok, err := f.take(tx, it)
			if err != nil {
				return err
			}
			if ok {
				taken.Alone = taken.Alone && asked[it.Print.Head] == 1
				out[it.Key] = taken
			}
		}
		return nil
	})
	return out, err
}

func (f *folder) take(tx *txn, it providers.Item) (t providers.Taken, ok bool, err error) {
	head := it.Print.Head
	h := half(head)
	if h == nil {
		return t, false, nil
	}
	v, err := tx.one(sqlLaid, f.id, h, dateValue(it.Date))
	if err != nil || v == nil {
		return t, false, err
	}
	flags, err := tx.flags(number(v[4]))
	if err != nil {
		return t, false, err
	}
	t.Item = providers.Item{Key: keyText(v[0]), Size: number(v[2]), Date: dateTime(v[3]), Flags: append([]string(nil), flags...),
		Print: providers.Print{Head: head, Body: unhalf(v[1])}}
	if namesMessage(head) && dateValue(it.Date) == v[3] {
		two, err := tx.one(sqlTwo, f.id, h)
		if err != nil {
			return t, false, err
		}
		t.Alone = number(two[0]) == 1
	}
	return t, true, tx.change(sqlTake, f.id, v[0])
}

// namesMessage tells that the head was made of a Message-ID.
func namesMessage(head [16]byte) bool { return head[15]&1 == 1 }

// Return implements providers.FolderLedger; items are as Take returned them.
func (f *folder) Return(ctx context.Context, items []providers.Item) error {
	return f.l.write(ctx, false, func(tx *txn) error {
		for _, it := range items {
			n, err := tx.exec(sqlReturn, f.id, keyValue(it.Key))
			tx.changed = true
			if err == nil && n == 0 {
				err = f.put(tx, it)
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// Clear implements providers.FolderLedger.
func (f *folder) Clear(ctx context.Context) error { return f.repeat(ctx, sqlClear) }
