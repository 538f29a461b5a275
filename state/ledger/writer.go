package ledger

import (
	"context"
	"database/sql/driver"
	"errors"
	"sync"

	"github.com/isaworks/isa/providers"
)

// writer carries out all changes, in one goroutine. Those that wait together share a
// transaction: the cost of a commit is paid once.
type writer struct {
	db       *db
	high     int64 // the high-water mark, as committed
	unsynced bool  // something was committed that a loss of power may take back
	requests chan *request
	mu       sync.RWMutex // held for reading while a request is handed over
	closed   bool
	ended    chan struct{}
}

// request is one change. do may be called again in a new transaction: what it
// changes in memory belongs into txn.then. A refusal comes before any change.
type request struct {
	ctx     context.Context
	durable bool // also against a loss of power
	do      func(*txn) error
	done    chan error
}

// together bounds how many requests share a transaction.
const together = 64

// txn is a transaction under way.
type txn struct {
	*db
	high    *int64
	tallies map[tallyKey]providers.Sum
	after   []func()
	changed bool
}

type tallyKey struct{ era, outcome int64 }

// then runs f when the transaction is committed, in the order of the calls.
func (tx *txn) then(f func()) { tx.after = append(tx.after, f) }

// change carries a statement out.
func (tx *txn) change(query string, args ...driver.Value) error {
	tx.changed = true
	_, err := tx.exec(query, args...)
	return err
}

// count adds to the tally of an era.
func (tx *txn) count(era, outcome int64, sum providers.Sum) {
	k := tallyKey{era, outcome}
	have := tx.tallies[k]
	tx.tallies[k] = providers.Sum{Items: have.Items + sum.Items, Bytes: have.Bytes + sum.Bytes}
}

// flush writes the tallies.
func (tx *txn) flush() error {
	for k, sum := range tx.tallies {
		if sum == (providers.Sum{}) {
			continue
		}
		if err := tx.change(sqlTally, k.era, k.outcome, sum.Items, sum.Bytes); err != nil {
			return err
		}
	}
	clear(tx.tallies)
	return nil
}

func startWriter(d *db, high int64) *writer {
	w := &writer{db: d, high: high, requests: make(chan *request, together), ended: make(chan struct{})}
	go w.run()
	return w
}

// write has a change made and returns when it is committed. A change that was begun
// is not abandoned when ctx ends, so that what it returned is what happened.
func (w *writer) write(ctx context.Context, durable bool, do func(*txn) error) error {
	if err := ctx.Err(); err != nil {
		return classified(err)
	}
	r := &request{ctx, durable, do, make(chan error, 1)}
	if err := w.hand(r); err != nil {
		return err
	}
	return classified(<-r.done)
}

func (w *writer) hand(r *request) error {
	w.mu.RLock()
	defer w.mu.RUnlock()
	if w.closed {
		return closed()
	}
	select {
	case w.requests <- r:
		return nil
	case <-r.ctx.Done():
		return classified(r.ctx.Err())
	}
}

// stop ends the goroutine when all that was handed over is done.
func (w *writer) stop() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.closed {
		w.closed = true
		close(w.requests)
	}
	<-w.ended
}

func (w *writer) run() {
	defer close(w.ended)
	for first := range w.requests {
		w.serve(gather(first, w.requests))
	}
}

func gather(first *request, more <-chan *request) []*request {
	group := []*request{first}
	for len(group) < together {
		select {
		case r, ok := <-more:
			if !ok {
				return group
			}
			group = append(group, r)
		default:
			return group
		}
	}
	return group
}

// serve carries out a group in one transaction. When that fails, each has one of its
// own: the fault of one is not that of the others.
func (w *writer) serve(group []*request) {
	refused, err := w.transact(group)
	if err != nil && len(group) > 1 {
		for _, r := range group {
			w.serve([]*request{r})
		}
		return
	}
	for i, r := range group {
		r.done <- errors.Join(err, refused[i])
	}
}

// transact returns what was refused, and why nothing was committed.
func (w *writer) transact(group []*request) (refused []error, err error) {
	refused = make([]error, len(group))
	durable := false
	for i, r := range group {
		refused[i] = r.ctx.Err()
		durable = durable || r.durable && refused[i] == nil
	}
	if durable {
		if _, err := w.db.exec(sqlFull); err != nil {
			return refused, err
		}
		defer func() {
			_, again := w.db.exec(sqlNormal)
			err = errors.Join(err, again)
		}()
	}
	if _, err := w.db.exec(sqlBegin); err != nil {
		return refused, err
	}
	tx := &txn{db: w.db, high: &w.high, tallies: map[tallyKey]providers.Sum{}}
	if err := w.fill(tx, group, refused, durable); err != nil {
		clear(w.db.ids) // some may be of this transaction
		if _, back := w.db.exec(sqlRollback); back != nil && !noTransaction(back) {
			err = errors.Join(err, back)
		}
		return refused, err
	}
	for _, f := range tx.after {
		f()
	}
	return refused, nil
}

// fill does what was asked for and commits.
func (w *writer) fill(tx *txn, group []*request, refused []error, durable bool) error {
	for i, r := range group {
		if refused[i] != nil {
			continue
		}
		if err := r.do(tx); isRefusal(err) {
			refused[i] = err
		} else if err != nil {
			return err
		}
	}
	if err := tx.flush(); err != nil {
		return err
	}
	high := w.high
	// What was committed before is made durable by a commit that writes something: a
	// row that is written as it was would be no change to SQLite.
	if tx.changed || durable && w.unsynced {
		high++
		if _, err := tx.exec(sqlSetHigh, high); err != nil {
			return err
		}
		tx.changed = true
	}
	if _, err := tx.exec(sqlCommit); err != nil {
		return err
	}
	w.high = high
	w.unsynced = (w.unsynced || tx.changed) && !durable
	return nil
}
