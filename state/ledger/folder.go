package ledger

import (
	"context"
	"database/sql/driver"
	"fmt"
	"slices"
	"sync"
	"weak"

	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/providers"
)

// row is a folder as it stands in the file.
type row struct {
	providers.FolderRecord // Sums and Left stay empty
	id, stream, era        int64
	// away is what is recorded beyond what the folder held at the last End: items
	// that were moved and then removed at the source.
	away providers.Sum
	sums sums
}

// readRow reads folderColumns.
func readRow(v []driver.Value) (row, error) {
	source, err := readFolder(v[3:12])
	if err != nil {
		return row{}, err
	}
	target, err := readFolder(v[12:21])
	if err != nil {
		return row{}, err
	}
	return row{
		id: number(v[0]), stream: number(v[1]), era: number(v[2]),
		FolderRecord: providers.FolderRecord{Folder: source, Target: target,
			Made: number(v[21]) != 0, Begun: number(v[22]) != 0, Done: number(v[23]) != 0, Gone: number(v[24]) != 0, Shelved: number(v[25]) != 0, Missing: number(v[28])},
		away: providers.Sum{Items: number(v[26]), Bytes: number(v[27])},
	}, nil
}

// values are all columns but the first.
func (r *row) values() ([]driver.Value, error) {
	source, err := folderValues(r.Folder)
	if err != nil {
		return nil, err
	}
	target, err := folderValues(r.Target)
	if err != nil {
		return nil, err
	}
	return slices.Concat([]driver.Value{r.stream, r.era}, source, target, []driver.Value{
		flag(r.Made), flag(r.Begun), flag(r.Done), flag(r.Gone), flag(r.Shelved), r.away.Items, r.away.Bytes, r.Missing}), nil
}

// readSums counts what is recorded, the shelf included.
func (r *row) readSums(d *db) error {
	r.sums = sums{}
	return d.query(sqlFolderSum, func(v []driver.Value) error {
		r.sums.add(number(v[0]), providers.Sum{Items: number(v[1]), Bytes: number(v[2])})
		return nil
	}, r.id)
}

// left is what the folder holds beyond what is recorded.
func (r *row) left() providers.Sum {
	if r.Gone || r.Unserved != "" || r.Items < 0 {
		return providers.Sum{}
	}
	have := r.sums.total()
	out := providers.Sum{Items: r.Items - (have.Items - r.away.Items)}
	if out.Items <= 0 {
		return providers.Sum{}
	}
	if r.Bytes >= 0 {
		out.Bytes = max(0, r.Bytes-(have.Bytes-r.away.Bytes))
	}
	return out
}

func (r *row) public() providers.FolderRecord {
	out := r.FolderRecord
	out.Path, out.Target.Path = slices.Clone(out.Path), slices.Clone(out.Target.Path)
	out.Sums, out.Left = r.sums.public(), r.left()
	return out
}

// folder implements providers.FolderLedger.
type folder struct {
	l  *Ledger
	s  *stream
	id int64
	mu sync.Mutex
	r  row // as committed
}

// Folder implements providers.Stream. A folder that is known is returned as it is
// recorded, whatever f says of its epoch and mark. In a ledger opened for reading, one
// that is not known is diag.NotFound.
func (s *stream) Folder(ctx context.Context, f providers.Folder) (providers.FolderLedger, error) {
	id, err := s.folderID(ctx, f.ID)
	if err == nil && id == 0 {
		id, err = s.makeFolder(ctx, f)
	}
	if err != nil {
		return nil, err
	}
	return s.openFolder(ctx, id)
}

func (s *stream) folderID(ctx context.Context, name string) (int64, error) {
	v, err := s.l.readOne(ctx, sqlFolder, s.id, name)
	if err != nil || v == nil {
		return 0, err
	}
	return number(v[0]), nil
}

func (s *stream) makeFolder(ctx context.Context, f providers.Folder) (id int64, err error) {
	if s.l.w == nil {
		return 0, refuse(diag.NotFound, fmt.Sprintf("folder %q of %s is not known", f.ID, s.Info().Name), "")
	}
	if f.ID == "" {
		return 0, refuse(diag.Internal, "a folder has no ID", "")
	}
	err = s.l.write(ctx, false, func(tx *txn) error {
		if v, err := tx.one(sqlFolder, s.id, f.ID); err != nil || v != nil {
			if v != nil {
				id = number(v[0])
			}
			return err
		}
		era, err := tx.makeEra(0, f.Epoch)
		if err != nil {
			return err
		}
		r := row{stream: s.id, era: era, FolderRecord: providers.FolderRecord{Folder: f}}
		values, err := r.values()
		if err != nil {
			return err
		}
		v, err := tx.one(sqlNewFolder, values...)
		if err != nil {
			return err
		}
		id = number(v[0])
		return tx.change(sqlEraOf, id, era)
	})
	return id, err
}

func (tx *txn) makeEra(folder int64, epoch string) (int64, error) {
	tx.changed = true
	v, err := tx.one(sqlNewEra, folder, epoch)
	if err != nil {
		return 0, err
	}
	return number(v[0]), nil
}

// openFolder returns the one handle of a folder.
func (s *stream) openFolder(ctx context.Context, id int64) (*folder, error) {
	s.opening.Lock()
	defer s.opening.Unlock()
	if f := s.open[id].Value(); f != nil {
		return f, nil
	}
	f := &folder{l: s.l, s: s, id: id}
	err := s.l.read(ctx, func(d *db) error {
		v, err := d.one(sqlFolderRow, id)
		if err != nil {
			return err
		}
		if v == nil {
			return f.lost()
		}
		if f.r, err = readRow(v); err != nil {
			return err
		}
		return f.r.readSums(d)
	})
	if err != nil {
		return nil, err
	}
	s.open[id] = weak.Make(f)
	return f, nil
}

func (f *folder) lost() error {
	return refuse(diag.Conflict, "the record of a folder was replaced by that of another one, which was renamed", "run isa again")
}

// Record implements providers.FolderLedger: as it is committed.
func (f *folder) Record() providers.FolderRecord {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.r.public()
}

// now is the folder as committed.
func (f *folder) now() row {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.r
}

// change changes the folder's row.
func (f *folder) change(ctx context.Context, durable bool, mutate func(*txn, *row) error) error {
	return f.l.write(ctx, durable, func(tx *txn) error {
		r, err := f.row(tx)
		if err != nil {
			return err
		}
		if err := mutate(tx, &r); err != nil {
			return err
		}
		values, err := r.values()
		if err != nil {
			return err
		}
		tx.then(func() {
			f.mu.Lock()
			defer f.mu.Unlock()
			r.sums = f.r.sums
			f.r = r
		})
		return tx.change(sqlSetFolder, append(values, f.id)...)
	})
}

func (f *folder) row(tx *txn) (row, error) {
	v, err := tx.one(sqlFolderRow, f.id)
	if err != nil {
		return row{}, err
	}
	if v == nil {
		return row{}, f.lost()
	}
	return readRow(v)
}

// era is the folder's current era.
func (f *folder) era(tx *txn) (int64, error) {
	v, err := tx.one(sqlEra, f.id)
	if err != nil {
		return 0, err
	}
	if v == nil {
		return 0, f.lost()
	}
	return number(v[0]), nil
}

// Survey implements providers.FolderLedger.
func (f *folder) Survey(ctx context.Context, seen providers.Folder) error {
	return f.change(ctx, false, func(tx *txn, r *row) error {
		if seen.ID == "" {
			r.Gone = true
			return nil
		}
		if seen.ID != r.ID {
			return refuse(diag.Internal, fmt.Sprintf("folder %q was surveyed as %q", r.ID, seen.ID), "")
		}
		keys, err := f.keys(tx, r)
		if err != nil {
			return err
		}
		before := r.Folder
		r.Folder, r.Gone = seen, false
		if keys {
			r.Epoch = before.Epoch
		}
		if r.Done || keys && before.Epoch != seen.Epoch {
			r.Epoch, r.Next, r.Mark = before.Epoch, before.Next, before.Mark
		}
		return nil
	})
}

// keys tells whether keys of the folder's epoch are recorded.
func (f *folder) keys(tx *txn, r *row) (bool, error) {
	if r.Shelved {
		return true, nil
	}
	v, err := tx.one(sqlEverSettled, f.id)
	if err != nil {
		return false, err
	}
	return number(v[0]) != 0, nil
}

// Begin implements providers.FolderLedger. When items go to another folder than
// before, or the target's keys have another epoch, where the items are is forgotten.
func (f *folder) Begin(ctx context.Context, target providers.Folder, made bool) error {
	if target.ID == "" {
		return refuse(diag.Internal, "a folder was begun without a target", "")
	}
	if have := f.now().Target; have.ID != "" && (have.ID != target.ID || have.Epoch != target.Epoch) {
		if err := f.repeat(ctx, sqlForget); err != nil {
			return err
		}
	}
	return f.change(ctx, true, func(tx *txn, r *row) error {
		if have := r.Target; have.ID == target.ID && have.Epoch != target.Epoch {
			if err := tx.change(sqlAwayAnew, target.Epoch, target.ID, have.Epoch, f.s.Info().Target); err != nil {
				return err
			}
		}
		r.Made = made || r.Made && r.Target.ID == target.ID
		r.Target, r.Begun = target, true
		return nil
	})
}

// repeat has a statement, whose parameter is the folder, change some rows at a time
// until there are none, so that others have their turn in between.
func (f *folder) repeat(ctx context.Context, query string) error {
	for {
		var n int64
		err := f.l.write(ctx, false, func(tx *txn) (err error) {
			n, err = tx.exec(query, f.id)
			tx.changed = tx.changed || n > 0
			return err
		})
		if err != nil || n == 0 {
			return err
		}
	}
}

// End implements providers.FolderLedger. It refuses (diag.Conflict) a folder whose
// keys have another epoch than what is recorded.
func (f *folder) End(ctx context.Context, seen providers.Folder) error {
	return f.change(ctx, false, func(tx *txn, r *row) error {
		if seen.ID != r.ID {
			return refuse(diag.Internal, fmt.Sprintf("folder %q was ended as %q", r.ID, seen.ID), "")
		}
		if keys, err := f.keys(tx, r); err != nil {
			return err
		} else if keys && seen.Epoch != r.Epoch {
			return refuse(diag.Conflict, fmt.Sprintf("the server numbered folder %q anew during the pass", r.ID), "run isa again")
		}
		if err := tx.flush(); err != nil {
			return err
		}
		if err := r.readSums(tx.db); err != nil {
			return err
		}
		have := r.sums.total()
		r.away = providers.Sum{}
		if seen.Items >= 0 {
			r.away.Items = max(0, have.Items-seen.Items)
		}
		if seen.Bytes >= 0 {
			r.away.Bytes = max(0, have.Bytes-seen.Bytes)
		}
		r.Folder, r.Begun, r.Done, r.Gone = seen, false, true, false
		return nil
	})
}

// Moved implements providers.FolderLedger. A record of the new ID under which nothing
// was settled or begun gives way; any other is a diag.Conflict. Epoch, Next and Mark
// stay, as does the mark of a Begin in the same epoch of the target.
func (f *folder) Moved(ctx context.Context, seen, target providers.Folder) error {
	if have := f.now().Target; have.ID != "" && have.Epoch != target.Epoch {
		if err := f.repeat(ctx, sqlForget); err != nil {
			return err
		}
	}
	return f.change(ctx, false, func(tx *txn, r *row) error {
		if seen.ID == "" {
			return refuse(diag.Internal, "a folder was moved to no ID", "")
		}
		if err := f.makeWay(tx, seen.ID); err != nil {
			return err
		}
		before := r.Folder
		r.Folder, r.Gone = seen, false
		r.Epoch, r.Next, r.Mark = before.Epoch, before.Next, before.Mark
		if r.Begun && r.Target.Epoch == target.Epoch {
			target.Next = r.Target.Next
		}
		if r.Target.ID != "" && r.Target.ID != target.ID && r.Target.Epoch == target.Epoch {
			if err := tx.change(sqlStrayName, target.ID, r.Target.ID, target.Epoch, r.stream); err != nil {
				return err
			}
		}
		r.Target = target
		return nil
	})
}

// makeWay removes an empty record that bears the name.
func (f *folder) makeWay(tx *txn, name string) error {
	v, err := tx.one(sqlFolder, f.s.id, name)
	if err != nil || v == nil || number(v[0]) == f.id {
		return err
	}
	other, err := readRow(v)
	if err != nil {
		return err
	}
	used, err := tx.one(sqlEverSettled, other.id)
	if err != nil {
		return err
	}
	if number(used[0]) != 0 || other.Begun {
		return refuse(diag.Conflict, fmt.Sprintf("items of folder %q are recorded already", name), "run isa again: both folders are kept")
	}
	if err := tx.change(sqlDropEras, other.id); err != nil {
		return err
	}
	return tx.change(sqlDropFolder, other.id)
}
