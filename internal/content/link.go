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

// do does something that may be repeated, again after trouble that may pass.
func (l *link[C]) do(ctx context.Context, op func(C) error) error {
	odd := 0
	for {
		err := l.use(ctx, op)
		if err == nil {
			l.progress()
			return nil
		}
		if ours(err) {
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

// ours reports whether an error came from the pass itself, through a yield.
func ours(err error) bool {
	var p *pause
	var fault *ledgerFault
	return errors.Is(err, errStopped) || errors.Is(err, errWindow) || errors.Is(err, errAgain) || errors.As(err, &p) || errors.As(err, &fault)
}

// bear waits until it makes sense to repeat what failed, and returns why it does
// not otherwise.
func (l *link[C]) bear(err error) error {
	p := l.turn.run.Patience
	switch diag.ClassOf(err) {
	case diag.Limited:
		n, waited := l.turn.task.trouble.more(l.host+" busy", 0)
		d := p.after(n)
		if told := providers.RetryAfter(err); told > 0 {
			d = told
		}
		if waited+d > p.Waiting {
			return err
		}
		l.turn.task.trouble.more(l.host+" busy", d)
		return l.wait(d, "the service is busy: "+err.Error())
	case diag.Unavailable:
		l.drop()
		n, _ := l.turn.task.trouble.more(l.host, 0)
		if n > p.Reconnects {
			return fmt.Errorf("%d attempts: %w", n, err)
		}
		return l.wait(p.after(n), err.Error())
	case diag.Cancelled:
		l.drop()
		if l.turn.run.stop.Err() != nil {
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

// trouble is what went wrong at a job's hosts since there was progress, through all
// its turns.
type trouble struct {
	mu     sync.Mutex
	times  map[string]int
	waited map[string]time.Duration
}

// more counts a failure, or adds to the time waited after it.
func (t *trouble) more(what string, waited time.Duration) (times int, all time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.times == nil {
		t.times, t.waited = map[string]int{}, map[string]time.Duration{}
	}
	if waited == 0 {
		t.times[what]++
	}
	t.waited[what] += waited
	return t.times[what], t.waited[what]
}

// none forgets the trouble with a host.
func (t *trouble) none(host string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.times) > 0 {
		for _, what := range []string{host, host + " busy"} {
			delete(t.times, what)
			delete(t.waited, what)
		}
	}
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

// progress forgets earlier trouble.
func (l *link[C]) progress() { l.turn.task.trouble.none(l.host) }

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
