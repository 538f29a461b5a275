package lanes

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"sync"
	"time"
)

// Report is what the answer to a call said about its lane.
type Report struct {
	// Known tells that Limit, Remaining and Reset were in the answer.
	Known bool
	// Limit is the service's own limit a window; 0 when not told.
	Limit int
	// Remaining is how many calls the service still takes in this window.
	Remaining int
	// Reset is the time until the window ends, counted from the answer; the
	// service tells it in whole seconds, rounded up.
	Reset time.Duration
	// Limited tells that the service refused the call because of its limits (429).
	Limited bool
	// Sent is when the request was written to the connection; zero: at the moment
	// Acquire returned. A fresh connection makes the difference.
	Sent time.Time
	// Unsent tells that the request certainly never left this machine, so that it
	// costs nothing.
	Unsent bool
}

// Set is the lanes and writers of one tenant. All clients of one run share one
// Set. It is safe for concurrent use and owns no goroutine: it may be dropped
// when no Acquire is waiting.
//
// A call holds a slot of its lane from Acquire until the window in which the
// service counted it is over: its answer tells when; without that word, a
// Window after the answer. As many slots exist as the limit allows. So no window
// of the service, wherever it begins, ever holds more calls than the limit: when
// the last call of a window is sent, all its others still hold their slots. A
// call sent at the last instant of a window and counted in the next one needs no
// care, since it goes by its own answer.
//
// What other programs spend shows as fewer calls remaining; the least that was
// reported in a window counts, with all calls on their way taken off.
type Set struct {
	budget Budget
	quiet  time.Time

	mu      sync.Mutex
	lanes   map[string]*lane
	writers map[string]*writer
	waiting []*waiter // by priority, then arrival
	arrived uint64
	timer   *time.Timer // wakes the next waiter, nil when time alone helps nobody
}

// Option changes how a Set begins.
type Option func(*Set)

// QuietSince tells when this run began: the first call of an org-unit writer
// keeps WriterGap from it, since another run may have ended just before.
func QuietSince(t time.Time) Option { return func(s *Set) { s.quiet = t } }

// New returns the lanes of a run that spends b.
func New(b Budget, opts ...Option) *Set {
	s := &Set{budget: b, lanes: map[string]*lane{}, writers: map[string]*writer{}}
	for _, opt := range opts {
		opt(s)
	}
	return s
}

// Budget returns what the set spends.
func (s *Set) Budget() Budget {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.budget
}

// Spend makes the set spend b from now on, as when the plan is known that the rest
// of the run carries out. What is under way, what was spent in this minute and what
// the service told stay known.
func (s *Set) Spend(b Budget) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.budget = b
	for op, l := range s.lanes {
		l.limit = s.limit(op)
		if l.told > 0 {
			l.limit = min(l.limit, l.told)
		}
	}
	for key, w := range s.writers {
		w.gap = s.gap(key)
		if w.users == 0 && w.gap == 0 {
			delete(s.writers, key)
		}
	}
	s.admit()
}

type priorityKey struct{}

// WithPriority gives the calls made under the context a priority: where several
// wait for one lane or writer, the highest goes first; equals go in order of
// arrival. Without it the priority is 0.
func WithPriority(ctx context.Context, priority float64) context.Context {
	return context.WithValue(ctx, priorityKey{}, priority)
}

func priorityOf(ctx context.Context) float64 {
	p, _ := ctx.Value(priorityKey{}).(float64)
	return p
}

type stopKey struct{}

// WithStop makes calls under the context give up when stop ends while they still
// wait for their turn. What was sent already goes on to its end: a run that is to
// stop politely makes no new calls and hears the answers of the others.
func WithStop(ctx, stop context.Context) context.Context {
	return context.WithValue(ctx, stopKey{}, stop)
}

// Stopping ends when the context given with WithStop does; without one, when ctx
// does. Whoever waits between two calls of one operation waits for it too.
func Stopping(ctx context.Context) <-chan struct{} { return stopOf(ctx).Done() }

// stopOf returns the context that ends waiting: the one of WithStop, else ctx.
func stopOf(ctx context.Context) context.Context {
	if stop, ok := ctx.Value(stopKey{}).(context.Context); ok {
		return stop
	}
	return ctx
}

type waiter struct {
	call     Call
	lane     *lane
	writer   *writer // nil for reads
	priority float64
	arrived  uint64
	ready    chan struct{}
	ticket   *Ticket
}

// Acquire waits until call may be sent: its lane has a call left and nobody else
// uses its writer. The request must be sent at once, and the ticket's Done be
// called when it is answered or given up. The only errors are those of ctx and of
// the context given with WithStop.
func (s *Set) Acquire(ctx context.Context, call Call) (*Ticket, error) {
	stop := stopOf(ctx)
	if err := cmp.Or(ctx.Err(), stop.Err()); err != nil {
		return nil, err
	}
	s.mu.Lock()
	w := s.enqueue(call, priorityOf(ctx))
	s.admit()
	s.mu.Unlock()
	select {
	case <-w.ready:
		return w.ticket, nil
	case <-ctx.Done():
	case <-stop.Done():
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if w.ticket != nil { // admitted at the same moment
		s.finish(w.ticket, Report{Unsent: true})
	} else {
		s.waiting = slices.DeleteFunc(s.waiting, func(x *waiter) bool { return x == w })
		s.leave(w.writer)
	}
	s.admit()
	return nil, cmp.Or(ctx.Err(), stop.Err())
}

// Ticket is the permission to send one request.
type Ticket struct {
	set     *Set
	lane    *lane
	writer  *writer
	started time.Time
	done    bool
}

// Done tells how the call ended and lets the next one go. Only the first Done of
// a ticket counts.
func (t *Ticket) Done(r Report) {
	t.set.mu.Lock()
	defer t.set.mu.Unlock()
	if t.done {
		return
	}
	t.set.finish(t, r)
	t.set.admit()
}

func (s *Set) enqueue(call Call, priority float64) *waiter {
	s.arrived++
	w := &waiter{
		call: call, lane: s.lane(call.Op), writer: s.enter(call.Writer),
		priority: priority, arrived: s.arrived, ready: make(chan struct{}),
	}
	// Behind all of equal or higher priority: they arrived earlier.
	at, _ := slices.BinarySearchFunc(s.waiting, w, func(x, w *waiter) int {
		if x.priority >= w.priority {
			return -1
		}
		return 1
	})
	s.waiting = slices.Insert(s.waiting, at, w)
	return w
}

// admit starts every waiter that may go, in order, and arranges to be called
// again when time alone makes another one ready.
func (s *Set) admit() {
	now := time.Now()
	var next time.Time
	kept := s.waiting[:0]
	for _, w := range s.waiting {
		b := w.blocked(now)
		if b.why == "" {
			s.start(w, now)
			continue
		}
		if !b.until.IsZero() && (next.IsZero() || b.until.Before(next)) {
			next = b.until
		}
		kept = append(kept, w)
	}
	clear(s.waiting[len(kept):])
	s.waiting = kept
	s.wakeAt(next, now)
}

func (s *Set) wakeAt(next, now time.Time) {
	if s.timer != nil {
		s.timer.Stop()
		s.timer = nil
	}
	if next.IsZero() {
		return
	}
	s.timer = time.AfterFunc(next.Sub(now), func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.admit()
	})
}

func (s *Set) start(w *waiter, now time.Time) {
	w.lane.inFlight++
	if w.writer != nil {
		w.writer.busy = true
	}
	w.ticket = &Ticket{set: s, lane: w.lane, writer: w.writer, started: now}
	close(w.ready)
}

func (s *Set) finish(t *Ticket, r Report) {
	now := time.Now()
	t.done = true
	t.lane.inFlight--
	if !r.Unsent {
		t.lane.answered(now, now.Sub(t.started), r)
	}
	if t.writer == nil {
		return
	}
	t.writer.busy = false
	if !r.Unsent && t.writer.gap > 0 {
		sent := t.started
		if r.Sent.After(sent) {
			sent = r.Sent
		}
		t.writer.pause(sent, now)
	}
	s.leave(t.writer)
}

func (s *Set) lane(op string) *lane {
	l := s.lanes[op]
	if l == nil {
		l = &lane{limit: s.limit(op)}
		s.lanes[op] = l
	}
	return l
}

func (s *Set) limit(op string) int {
	if n := s.budget.Limit(op); n > 0 {
		return n
	}
	return FreePerMinute
}

// gap is the pause between two calls of a writer.
func (s *Set) gap(key string) time.Duration {
	if strings.HasPrefix(key, "orgunits") {
		return max(0, s.budget.WriterGap)
	}
	return 0
}

// enter counts one more call that waits for, or uses, the writer called key.
func (s *Set) enter(key string) *writer {
	if key == "" {
		return nil
	}
	w := s.writers[key]
	if w == nil {
		w = &writer{key: key, gap: s.gap(key)}
		if w.gap > 0 && !s.quiet.IsZero() {
			w.next = s.quiet.Add(w.gap + writerMargin)
		}
		s.writers[key] = w
	}
	w.users++
	return w
}

// leave forgets a writer that nobody uses and that has no pause to remember.
func (s *Set) leave(w *writer) {
	if w == nil {
		return
	}
	w.users--
	if w.users == 0 && w.gap == 0 {
		delete(s.writers, w.key)
	}
}
