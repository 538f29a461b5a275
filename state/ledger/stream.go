package ledger

import (
	"context"
	"database/sql/driver"
	"slices"
	"sync"
	"weak"

	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/providers"
)

// stream implements providers.Stream. There is one for each name.
type stream struct {
	l    *Ledger
	id   int64
	mu   sync.Mutex
	info providers.StreamInfo
	// open are folders in use, by number: two handles of a folder are the same one.
	open    map[int64]weak.Pointer[folder]
	opening sync.Mutex // guards open
}

func readStream(row []driver.Value) (int64, providers.StreamInfo) {
	return number(row[0]), providers.StreamInfo{
		Row:  number(row[0]),
		Name: text(row[1]), Origin: text(row[2]), Target: text(row[3]), Wave: text(row[4]), Moved: number(row[5]) != 0,
		Closed: momentTime(row[6]), Passed: momentTime(row[7]), Surveyed: momentTime(row[8]),
	}
}

// Stream implements providers.Ledger. Closed, Passed, Surveyed and Moved of a new
// stream are zero, whatever about says. In a ledger opened for reading, a stream that
// is not known is diag.NotFound.
func (l *Ledger) Stream(ctx context.Context, about providers.StreamInfo) (providers.Stream, error) {
	s, err := l.stream(ctx, about.Name)
	if err != nil {
		return nil, err
	}
	if s == nil {
		if err := l.makeStream(ctx, about); err != nil {
			return nil, err
		}
		if s, err = l.stream(ctx, about.Name); err != nil {
			return nil, err
		}
	}
	if have := s.Info(); have.Origin != about.Origin || have.Target != about.Target {
		return nil, refuse(diag.Conflict, about.Name+" was moved from "+have.Origin+" to "+have.Target+" before, and is now from "+about.Origin+" to "+about.Target,
			"put back what it said; if it is the move of another account or into another mailbox, give its block another label")
	}
	return s, nil
}

// stream returns the stream of a name, nil when there is none.
func (l *Ledger) stream(ctx context.Context, name string) (*stream, error) {
	l.mu.Lock()
	s := l.streams[name]
	l.mu.Unlock()
	if s != nil {
		return s, nil
	}
	row, err := l.readOne(ctx, sqlStream, name)
	if err != nil || row == nil {
		return nil, err
	}
	id, info := readStream(row)
	l.mu.Lock()
	defer l.mu.Unlock()
	if s := l.streams[name]; s != nil {
		return s, nil
	}
	s = &stream{l: l, id: id, info: info, open: map[int64]weak.Pointer[folder]{}}
	l.streams[name] = s
	return s, nil
}

func (l *Ledger) makeStream(ctx context.Context, about providers.StreamInfo) error {
	if l.w == nil {
		return refuse(diag.NotFound, about.Name+" is not known", "")
	}
	if about.Name == "" {
		return refuse(diag.Internal, "a stream has no name", "")
	}
	return l.write(ctx, false, func(tx *txn) error {
		if row, err := tx.one(sqlStream, about.Name); err != nil || row != nil {
			return err
		}
		tx.changed = true
		_, err := tx.one(sqlNewStream, about.Name, about.Origin, about.Target, about.Wave)
		return err
	})
}

// Streams implements providers.Ledger.
func (l *Ledger) Streams(ctx context.Context) ([]providers.StreamInfo, error) {
	var out []providers.StreamInfo
	for {
		last, n := "", 0
		if len(out) > 0 {
			last = out[len(out)-1].Name
		}
		err := l.read(ctx, func(d *db) error {
			return d.query(sqlStreams, func(row []driver.Value) error {
				_, info := readStream(row)
				out = append(out, info)
				n++
				return nil
			}, last)
		})
		if err != nil || n == 0 {
			return out, err
		}
	}
}

// Info implements providers.Stream.
func (s *stream) Info() providers.StreamInfo {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.info
}

// Note implements providers.Stream: it records all four as they are in info.
func (s *stream) Note(ctx context.Context, info providers.StreamInfo) error {
	return s.l.write(ctx, false, func(tx *txn) error {
		tx.then(func() {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.info.Wave, s.info.Closed, s.info.Passed, s.info.Surveyed = info.Wave, info.Closed, info.Passed, info.Surveyed
		})
		return tx.change(sqlNote, info.Wave, momentValue(info.Closed), momentValue(info.Passed), momentValue(info.Surveyed), s.id)
	})
}

// moved notes that something of the stream is at its target.
func (s *stream) moved(tx *txn) error {
	if s.Info().Moved {
		return nil
	}
	tx.then(func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.info.Moved = true
	})
	return tx.change(sqlMoved, s.id)
}

// rows reads all folders of the stream.
func (s *stream) rows(ctx context.Context) ([]row, error) {
	var rows []row
	err := s.l.read(ctx, func(d *db) error {
		err := d.query(sqlFolders, func(v []driver.Value) error {
			r, err := readRow(v)
			rows = append(rows, r)
			return err
		}, s.id)
		for i := range rows {
			if err == nil {
				err = rows[i].readSums(d)
			}
		}
		return err
	})
	slices.SortStableFunc(rows, func(a, b row) int { return slices.Compare(a.Path, b.Path) })
	return rows, err
}

// Folders implements providers.Stream.
func (s *stream) Folders(ctx context.Context) ([]providers.FolderRecord, error) {
	rows, err := s.rows(ctx)
	if err != nil {
		return nil, err
	}
	out := make([]providers.FolderRecord, len(rows))
	for i := range rows {
		out[i] = rows[i].public()
	}
	return out, nil
}

// Sums implements providers.Stream. Outcomes of earlier epochs are counted too. It
// takes as long for millions of items as for one.
func (s *stream) Sums(ctx context.Context) (providers.Sums, error) {
	var all sums
	err := s.l.read(ctx, func(d *db) error {
		return d.query(sqlStreamSum, func(v []driver.Value) error {
			all.add(number(v[0]), providers.Sum{Items: number(v[1]), Bytes: number(v[2])})
			return nil
		}, s.id)
	})
	if err != nil {
		return nil, err
	}
	rows, err := s.rows(ctx)
	if err != nil {
		return nil, err
	}
	for i := range rows {
		all.add(onTheWay, rows[i].left())
	}
	return all.public(), nil
}

// Failures implements providers.Stream. Those of an earlier epoch come with a folder
// of that epoch. yield may use the ledger.
func (s *stream) Failures(ctx context.Context, yield func(providers.FolderRecord, providers.Record) error) error {
	rows, err := s.rows(ctx)
	if err != nil {
		return err
	}
	for i := range rows {
		if err := s.failures(ctx, &rows[i], yield); err != nil {
			return err
		}
	}
	return nil
}

func (s *stream) failures(ctx context.Context, r *row, yield func(providers.FolderRecord, providers.Record) error) error {
	type era struct {
		id    int64
		epoch string
	}
	var eras []era
	err := s.l.read(ctx, func(d *db) error {
		return d.query(sqlFolderEras, func(v []driver.Value) error {
			eras = append(eras, era{number(v[0]), text(v[1])})
			return nil
		}, r.id)
	})
	if err != nil {
		return err
	}
	for _, e := range eras {
		about := r.public()
		about.Epoch = e.epoch
		if e.id == r.era {
			about.Epoch = r.Epoch
		}
		err := s.l.pages(ctx, e.id, sqlLeftAll, sqlLeft, func(rec providers.Record) error { return yield(about, rec) })
		if err != nil {
			return err
		}
	}
	return nil
}

// pages yields records of an era, page by page, so that nothing is held meanwhile.
func (l *Ledger) pages(ctx context.Context, era int64, first, next string, yield func(providers.Record) error) error {
	var last driver.Value
	for {
		var page []providers.Record
		err := l.read(ctx, func(d *db) error {
			query, args := first, []driver.Value{era}
			if last != nil {
				query, args = next, append(args, last)
			}
			return d.query(query, func(v []driver.Value) error {
				r, err := d.readRecord(v)
				page, last = append(page, r), v[0]
				return err
			}, args...)
		})
		if err != nil || len(page) == 0 {
			return err
		}
		for _, r := range page {
			if err := ctx.Err(); err != nil {
				return classified(err)
			}
			if err := yield(r); err != nil {
				return err
			}
		}
	}
}
