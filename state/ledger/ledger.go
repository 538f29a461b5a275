// Package ledger keeps in a file what became of every item of content: SQLite in WAL
// mode, one process that writes, any number that read beside it.
//
// Beside isa.state.ledger stand isa.state.ledger-wal and -shm (SQLite's own, part of the
// ledger while they exist) and isa.state.ledger.lock (the lock; it names its holder and
// is never removed). All are readable by their owner only: the ledger holds personal
// data (folder names, dates, and subjects of what stays behind), no content, no secret.
//
// What is in SQL is in sql.go; the contract is providers.Ledger, which another store
// can fulfil.
package ledger

import (
	"context"
	"database/sql/driver"
	"errors"
	"strings"
	"sync"

	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/providers"
	"github.com/isaworks/isa/state"
	"github.com/isaworks/isa/state/filelock"
)

// Lost is the code of the guard that Options.Adopt lifts.
const Lost = "ledger.lost"

// Options say how a ledger is opened.
type Options struct {
	// ReadOnly takes no lock and changes nothing: for what only reports, also beside a
	// process that writes. A file that is missing is diag.NotFound.
	ReadOnly bool
	// Expect is what the state remembers. A ledger that is missing, is another one or is
	// older is a diag.Conflict. Zero: nothing is expected, and a missing file is made.
	Expect state.Ledger
	// Adopt accepts a missing or older ledger all the same (the guard Lost is lifted): a
	// missing one is made, and of an older one every folder counts as begun, so that what
	// was put at the target since is looked for.
	Adopt bool
	// Holder is named to others who want to write. Empty fields are filled in.
	Holder state.Holder
}

// Ledger implements providers.Ledger. It is safe for concurrent use.
type Ledger struct {
	id      string
	w       *writer // nil: reading only
	lock    *filelock.Lock
	readers chan *db
	ended   chan struct{} // closed by Close

	mu      sync.Mutex
	streams map[string]*stream
	once    sync.Once
	err     error // of Close
}

var _ providers.Ledger = (*Ledger)(nil)

// readers is how many can read at once in one process.
const readers = 2

// Beside is where the ledger stands that belongs to the state file at path.
func Beside(path string) string { return strings.TrimSuffix(path, ".json") + ".ledger" }

func (l *Ledger) write(ctx context.Context, durable bool, do func(*txn) error) error {
	if l.w == nil {
		return readOnly()
	}
	return l.w.write(ctx, durable, do)
}

// read lends a connection that sees what is committed.
func (l *Ledger) read(ctx context.Context, do func(*db) error) error {
	if err := ctx.Err(); err != nil {
		return classified(err)
	}
	select {
	case <-l.ended:
		return closed()
	default:
	}
	select {
	case d := <-l.readers:
		defer func() { l.readers <- d }()
		return classified(do(d))
	case <-ctx.Done():
		return classified(ctx.Err())
	case <-l.ended:
		return closed()
	}
}

func (l *Ledger) readOne(ctx context.Context, query string, args ...driver.Value) (v []driver.Value, err error) {
	err = l.read(ctx, func(d *db) error {
		v, err = d.one(query, args...)
		return err
	})
	return v, err
}

// Identity implements providers.Ledger. Everything up to the mark it returns survives
// a loss of power.
func (l *Ledger) Identity(ctx context.Context) (id string, highWater int64, err error) {
	if l.w == nil {
		v, err := l.readOne(ctx, sqlMeta)
		if err != nil {
			return "", 0, err
		}
		return l.id, number(v[1]), nil
	}
	err = l.write(ctx, true, func(tx *txn) error {
		tx.then(func() { highWater = *tx.high })
		return nil
	})
	return l.id, highWater, err
}

// Close implements providers.Ledger. Closing twice is no error.
func (l *Ledger) Close() error {
	l.once.Do(func() {
		close(l.ended)
		var errs []error
		if l.w != nil {
			l.w.stop()
		}
		for range readers {
			errs = append(errs, (<-l.readers).close())
		}
		if l.w != nil {
			errs = append(errs, l.w.db.close())
		}
		if l.lock != nil {
			errs = append(errs, l.lock.Close())
		}
		l.err = classified(errors.Join(errs...))
	})
	return l.err
}

// conflict is a ledger that is not the one the state remembers.
func conflict(detail string) error { return refuse(diag.Conflict, detail, restore) }
