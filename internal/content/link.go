package content

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/providers"
)

// link is a connection to a store that is opened when it is needed and again after
// it broke. Two folders share it: while one waits for an answer from the other end,
// the other goes on here.
type link[C interface{ Close() error }] struct {
	turn  *turn
	host  string
	place place
	open  func(context.Context) (C, error)

	mu   sync.Mutex // held while the connection is in use
	conn C
	up   bool
}

func newLink[C interface{ Close() error }](t *turn, at place, open func(context.Context) (C, error)) *link[C] {
	return &link[C]{turn: t, host: at.host, place: at, open: open}
}

// adder is all that a pass may do at a target where people work already: it cannot
// change what is there.
type adder interface {
	providers.Reader
	Create(ctx context.Context, path []string, use providers.Use) (providers.Folder, error)
	Put(ctx context.Context, f providers.Folder, messages []providers.Message) ([]providers.Delivery, error)
	Limits() providers.Limits
}

// changer is what a pass may do besides while the source is what counts.
type changer interface {
	Flag(ctx context.Context, f providers.Folder, items []providers.Item) error
	Rename(ctx context.Context, f providers.Folder, path []string) (providers.Folder, error)
	Move(ctx context.Context, from providers.Folder, items []providers.Item, to providers.Folder) ([]providers.Delivery, error)
}

// narrow hides everything of a writer that changes what is there.
type narrow struct{ adder }

// wide is a target that may be changed.
type wide struct {
	adder
	changer
}

// source opens the account that is read.
func (t *turn) source() *link[providers.Reader] {
	return newLink(t, originPlace(&t.task.job), t.task.job.Origin.Open)
}

// target opens the account that is written to. In the phase live what it gives can
// only add.
func (t *turn) target() *link[adder] {
	return newLink(t, targetPlace(&t.task.job), func(ctx context.Context) (adder, error) {
		w, err := t.task.job.Target.Open(ctx)
		switch {
		case err != nil:
			return nil, err
		case t.live():
			return narrow{w}, nil
		}
		return wide{w, w}, nil
	})
}

func (t *turn) live() bool { return t.task.job.Phase == Live }

// use does something with the connection, opening it if needed. What goes wrong with
// that is borne here; what op says comes back as it is.
func (l *link[C]) use(ctx context.Context, op func(C) error) error {
	for {
		done, err := l.once(ctx, op)
		if done {
			return err
		}
		if err := l.bear(err); err != nil {
			return err
		}
	}
}

// once does op if the connection is open, or can be opened.
func (l *link[C]) once(ctx context.Context, op func(C) error) (done bool, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.up {
		err := l.turn.run.gate.login(l.place, func() (err error) {
			l.conn, err = l.open(ctx)
			return err
		})
		if err != nil {
			return false, err
		}
		l.up = true
	}
	return true, op(l.conn)
}

// try opens the connection if that can be done at once.
func (l *link[C]) try(ctx context.Context) bool {
	done, _ := l.once(ctx, func(C) error { return nil })
	return done
}

// do does something that may be repeated, again after trouble that may pass. What went
// wrong until it worked is forgiven, what went wrong before is not.
func (l *link[C]) do(ctx context.Context, op func(C) error) error {
	before, odd, bore := l.trouble(), 0, false
	for {
		answered := false
		err := l.use(ctx, func(c C) error {
			answered = true
			return op(c)
		})
		if err == nil {
			if bore { // else what failed meanwhile is another folder's
				l.goesOn(before)
			}
			return nil
		}
		bore = true
		if !answered || ours(err) {
			return err
		}
		// A server may answer anything once; what it says again it means.
		switch diag.ClassOf(err) {
		case diag.Invalid, diag.Internal, diag.Conflict:
			if odd++; odd > 2 {
				return err
			}
			if err := l.pause(l.turn.run.Patience.after(odd)); err != nil {
				return err
			}
			continue
		}
		if err := l.bear(err); err != nil {
			return err
		}
	}
}

// trouble is what went wrong here so far, for goesOn.
func (l *link[C]) trouble() [kinds]burden { return l.turn.task.trouble.so(l.place) }

// goesOn forgives what went wrong since before: what was tried then gets on.
func (l *link[C]) goesOn(before [kinds]burden) { l.turn.task.trouble.forgive(l.place, before) }

// ours reports whether an error came from the pass itself, through a yield.
func ours(err error) bool {
	var p *pause
	var fault *ledgerFault
	return errors.Is(err, errStopped) || errors.Is(err, errWindow) || errors.Is(err, errAgain) || errors.As(err, &p) || errors.As(err, &fault)
}

// bear waits until it makes sense to repeat what failed, and returns why it does
// not otherwise: a full store is not waited for.
func (l *link[C]) bear(err error) error {
	r := l.turn.run
	p, trouble := r.Patience, &l.turn.task.trouble
	switch diag.ClassOf(err) {
	case diag.Limited:
		if providers.Full(err) {
			return err
		}
		asks := cause{l.place, busy}
		b := trouble.failed(asks)
		d := p.after(b.times)
		if told := providers.RetryAfter(err); told > 0 {
			d = told
		}
		counts := d
		if d > p.Inline && l.turn.rests.Swap(true) {
			counts = 0 // another connection of this turn asked, and it is the same wait
		}
		if b.waited+counts > p.Waiting {
			return &diag.Failure{Class: diag.Limited, Op: l.host, Err: err,
				Detail: fmt.Sprintf("too busy %d times in a row, after %s of waiting in all", b.times, b.waited.Round(time.Second)),
				Fix:    "run the pass again later, with lower limits for the host"}
		}
		trouble.waits(asks, counts)
		return l.wait(d, "the service is busy: "+err.Error())
	case diag.Unavailable:
		l.drop()
		if l.place == targetPlace(&l.turn.task.job) && providers.Answered(err) {
			if means, err := l.refused(err); !means {
				return err
			}
			return l.turn.task.takesNothing(err)
		}
		n, d := trouble.pauses(cause{l.place, away}, r.Now(), p.after)
		if n > p.Reconnects {
			return fmt.Errorf("%d attempts: %w", n, err)
		}
		return l.wait(d, err.Error())
	case diag.Cancelled:
		l.drop()
		if r.stop.Err() != nil {
			return errStopped
		}
	}
	return err
}

// after is how long to wait after the nth failure in a row, spread so that not all
// come back at once.
func (p Patience) after(n int) time.Duration {
	d := p.First << min(n-1, 20)
	if d > p.Most || d <= 0 {
		d = p.Most
	}
	return d - time.Duration(rand.Int64N(int64(d)/3+1))
}

// wait tells why, and waits; a long wait becomes a pause of the job.
func (l *link[C]) wait(d time.Duration, reason string) error {
	r := l.turn.run
	until := r.Now().Add(d)
	if d > r.Patience.Inline {
		return &pause{until: until, reason: reason}
	}
	r.tell(l.turn.task, Event{Kind: Waiting, Reason: reason, Until: until})
	return l.pause(d)
}

func (l *link[C]) pause(d time.Duration) error {
	if l.turn.run.Sleep(l.turn.run.stop, d) != nil {
		return errStopped
	}
	return nil
}

// drop closes the connection. What the store says to that does not matter: all that
// counts was answered before.
func (l *link[C]) drop() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.up {
		l.up = false
		_ = l.conn.Close()
	}
}
