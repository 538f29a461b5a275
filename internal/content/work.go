package content

import (
	"context"
	"errors"
	"sync"

	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/providers"
)

// work goes over the units with as many workers as there are places for.
func (t *turn) work(ctx context.Context, src *link[providers.Reader], dst *link[adder], units [][]*folder) error {
	q := &queue{units: units}
	if len(units) == 0 {
		return nil
	}
	var others sync.WaitGroup
	defer others.Wait()
	if len(units) > 1 && t.run.waiting.Load() == 0 && t.run.gate.take(t.places) {
		others.Go(func() {
			defer t.run.gate.give(t.places)
			src, dst := t.source(), t.target()
			defer src.drop()
			defer dst.drop()
			if !src.try(ctx) {
				return // one worker does it all, as where there is only one place
			}
			t.lanes(ctx, src, dst, q)
		})
	}
	t.lanes(ctx, src, dst, q)
	others.Wait()
	return q.err
}

// lanes goes over folders with one connection to each end, two folders at a time.
func (t *turn) lanes(ctx context.Context, src *link[providers.Reader], dst *link[adder], q *queue) {
	var group sync.WaitGroup
	for range lanes {
		group.Go(func() { q.fail((&worker{turn: t, src: src, dst: dst}).all(ctx, q)) })
	}
	group.Wait()
}

// queue hands units to workers, until one of them fails.
type queue struct {
	mu    sync.Mutex
	units [][]*folder
	err   error
}

func (q *queue) next() []*folder {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.err != nil || len(q.units) == 0 {
		return nil
	}
	u := q.units[0]
	q.units = q.units[1:]
	return u
}

// fail keeps the error that matters most: one that ends the job before a pause.
func (q *queue) fail(err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	var p *pause
	if err != nil && (q.err == nil || errors.As(q.err, &p)) {
		q.err = err
	}
}

// worker goes over folders with connections of its own.
type worker struct {
	*turn
	src *link[providers.Reader]
	dst *link[adder]
}

func (w *worker) all(ctx context.Context, q *queue) error {
	for {
		u := q.next()
		if u == nil {
			return nil
		}
		for _, f := range u {
			if err := w.over(); err != nil {
				return err
			}
			if err := w.folder(ctx, f); err != nil {
				return err
			}
		}
	}
}

// folder goes over a folder. Trouble with the folder alone is noted; what it returns
// ends the turn.
func (w *worker) folder(ctx context.Context, f *folder) error {
	err := w.attempt(ctx, f)
	if err == nil {
		w.task.pass(f.ID)
		w.task.well()
		w.task.trouble.none()
		return nil
	}
	if ours(err) || w.beyond(ctx, err) || w.task.sickening(err, w.run.Patience.Reconnects) {
		return err
	}
	w.src.drop()
	w.dst.drop()
	w.task.mu.Lock()
	w.task.report.trouble(f.Folder, err)
	w.task.mu.Unlock()
	w.run.tell(w.task, Event{Kind: FolderErr, Folder: f.Path, Err: err})
	w.task.pass(f.ID)
	w.task.trouble.leave(w.src.place)
	return nil
}

// beyond reports whether an error concerns more than the folder.
func (w *worker) beyond(ctx context.Context, err error) bool {
	return fatal(err) && !(again(ctx, err, w.src) && again(ctx, err, w.dst))
}

// again reports whether the connection can be made again after what failed: then the trouble
// is not that of the account.
func again[C interface{ Close() error }](ctx context.Context, err error, l *link[C]) bool {
	if class := diag.ClassOf(err); class != diag.Denied && class != diag.Unavailable {
		return false
	}
	l.drop()
	return l.try(ctx)
}

// sickening counts the folders in a row whose trouble is that of a server, and
// reports whether these are too many for it to be theirs alone.
func (k *task) sickening(err error, most int) bool {
	if !fatal(err) {
		return false
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.sick++
	return k.sick > most
}

// well is a folder that was gone over.
func (k *task) well() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.sick = 0
}
