package content

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/providers"
)

// Run makes one pass over all jobs. What goes wrong with a job, a folder or an item
// is in the report; the error is for what concerns the whole pass: options that
// cannot work, a ledger that cannot be written.
//
// When ctx ends nothing new begins: what is on its way to the target arrives and is
// recorded. When Options.Abort ends, that is cut off too; the next pass looks for
// it before it puts anything into those folders. Either way Run returns when
// nothing is under way, and the next Run goes on where this one stopped.
func Run(ctx context.Context, o Options) (Report, error) {
	return o.over(ctx, true, (*turn).pass)
}

// run is a Run, a Survey or a Verify under way. Its loop is the only goroutine that
// touches the queue; each turn of a job has a goroutine of its own.
type run struct {
	Options
	stop    context.Context // nothing new begins when it ends
	halt    context.CancelFunc
	work    context.Context // what is under way is cut off when it ends
	targets bool
	visit   func(*turn, context.Context) error
	gate    *gate
	pool    pool
	began   time.Time

	rivals  rivals
	waiting atomic.Int64 // jobs that could go on if there was room

	mu    sync.Mutex // of what follows, and of every call of Observe
	all   Counts
	fatal error
}

// task is a job and how far it is. What it keeps between its turns does not grow
// with the number of items.
type task struct {
	job    Job
	index  int
	ready  time.Time // not before
	told   bool      // that it waits
	began  time.Time // its first turn
	ended  bool
	report JobReport

	trouble trouble
	pull    *pulling      // of a job whose items are fetched
	gateway *gatewayRoute // the same, where isa reads them

	mu       sync.Mutex // two folders may be under way
	done     map[string]bool
	compared map[string]providers.Folder // folders as they were listed when compared with their records
	cursors  map[string]cursor
	unlisted map[string]bool  // folders that could not be compared; true: new items of others wait for them
	strayed  map[string]int64 // items of folders that stay elsewhere at the target
	expected map[string]int64 // what Counts.Expect holds of folders
	here     Counts
	verified *VerifiedJob
	rows     []*row // behind verified
	sick     int    // folders in a row that a server in working order did not serve
	unsound  bool   // an account of items did not add up
}

// errStopped ends what is under way because nothing new is to begin.
var errStopped = errors.New("stopped")

// ledgerFault is an error of the ledger: nothing can go on without it.
type ledgerFault struct{ err error }

// Error tells what the ledger said.
func (l *ledgerFault) Error() string { return l.err.Error() }

// Unwrap returns the ledger's own error.
func (l *ledgerFault) Unwrap() error { return l.err }

// book marks an error as one of the ledger.
func book(err error) error {
	if err == nil {
		return nil
	}
	return &ledgerFault{err}
}

// over visits all jobs, in turns, and reports what became of them.
func (o Options) over(ctx context.Context, targets bool, visit func(*turn, context.Context) error) (Report, error) {
	o = o.withDefaults()
	report := Report{Start: o.Now(), End: o.Now(), Sums: providers.Sums{}, Moved: providers.Sums{}, Found: providers.Sums{}, Balanced: true}
	tasks, err := o.tasks(ctx, targets, visit)
	for _, t := range tasks {
		t.report.Moved = t.here.Sums
		report.add(t.report)
	}
	report.Interrupted = (ctx.Err() != nil || o.Abort.Err() != nil) && report.Complete < len(o.Jobs)
	report.End = o.Now()
	return report, err
}

// tasks visits all jobs, in turns.
func (o Options) tasks(ctx context.Context, targets bool, visit func(*turn, context.Context) error) ([]*task, error) {
	if err := o.check(targets); err != nil {
		return nil, err
	}
	stop, halt := context.WithCancel(ctx)
	defer halt()
	work, cut := context.WithCancel(context.WithoutCancel(ctx))
	defer cut()
	defer context.AfterFunc(o.Abort, func() { halt(); cut() })()
	r := &run{Options: o, stop: stop, halt: halt, work: work, targets: targets, visit: visit,
		gate: newGate(o.Limits), pool: newPool(), began: o.Now()}
	r.all = Counts{Sums: providers.Sums{}, OfJobs: len(o.Jobs)}
	tasks := make([]*task, len(o.Jobs))
	for i, j := range o.Jobs {
		if j.Phase == "" {
			j.Phase = Presync
		}
		tasks[i] = &task{job: j, index: i, here: Counts{Sums: providers.Sums{}, OfJobs: 1},
			report: JobReport{Name: j.Name, Title: j.Title, Wave: j.Wave, Phase: j.Phase, Sums: providers.Sums{}, Moved: providers.Sums{}}}
	}
	r.loop(slices.Clone(tasks))
	for _, t := range tasks {
		if r.fatal == nil { // else what is not complete is thrown away by the next pass
			r.fatal = t.letGo(context.WithoutCancel(ctx), o.Abort.Err() != nil)
		}
	}
	return tasks, r.fatal
}

// outcome is how a turn ended.
type outcome struct {
	task *task
	err  error
}

func (r *run) loop(queue []*task) {
	results := make(chan outcome)
	stop := r.stop.Done()
	under := 0
	for {
		var wake time.Time
		if r.stop.Err() == nil {
			queue, under, wake = r.start(queue, under, results)
		} else if stop != nil {
			stop = nil
			r.tell(nil, Event{Kind: Stopping})
		}
		if under == 0 && (r.stop.Err() != nil || len(queue) == 0) {
			return
		}
		alarm, off := r.alarm(wake)
		select {
		case res := <-results:
			under--
			if r.settle(res) {
				queue = append(queue, res.task)
			}
		case <-alarm:
		case <-stop:
		}
		off()
	}
}

// alarm tells when it is time; never for the zero time.
func (r *run) alarm(at time.Time) (<-chan struct{}, func()) {
	if at.IsZero() {
		return nil, func() {}
	}
	ctx, cancel := context.WithCancel(r.stop)
	alarm := make(chan struct{})
	go func() {
		defer close(alarm)
		// It ends early only when nobody waits for it any more.
		_ = r.Sleep(ctx, max(at.Sub(r.Now()), time.Millisecond))
	}()
	return alarm, func() { cancel(); <-alarm }
}

// start begins the turns for which there is room, in the order of the queue. It
// returns the rest and when one of them may begin.
func (r *run) start(queue []*task, under int, results chan<- outcome) (rest []*task, now int, wake time.Time) {
	clock := r.Now()
	ready := int64(0)
	rest = queue[:0]
	for _, t := range queue {
		if under >= r.Parallel && !t.ready.After(clock) {
			ready++
			rest = append(rest, t)
			continue
		}
		ps := t.places(r.targets)
		if until, host := r.gate.closed(ps, clock); until.After(t.ready) {
			t.ready = until
			r.wait(t, host+" is used only at other hours")
		}
		switch err := r.gate.lockedOut(ps); {
		case err != nil:
			r.end(t, err)
		case t.ready.After(clock):
			if wake.IsZero() || t.ready.Before(wake) {
				wake = t.ready
			}
			rest = append(rest, t)
		case r.gate.take(ps):
			under++
			r.begin(t, ps, results)
		default:
			ready++
			rest = append(rest, t)
		}
	}
	clear(queue[len(rest):])
	r.waiting.Store(ready)
	return rest, under, wake
}

func (r *run) begin(t *task, ps []place, results chan<- outcome) {
	t.told = false
	if t.began.IsZero() {
		t.began = r.Now()
		r.tell(t, Event{Kind: Began})
	}
	go func() {
		one := &turn{run: r, task: t, places: ps, from: r.Now()}
		err := r.visit(one, r.work)
		r.gate.give(ps)
		results <- outcome{t, err}
	}()
}

// settle notes how a turn ended, and reports whether the job goes on later.
func (r *run) settle(res outcome) bool {
	t, err := res.task, res.err
	var p *pause
	var fault *ledgerFault
	switch {
	case err == nil:
		r.end(t, nil)
	case errors.As(err, &p):
		t.ready = p.until
		switch {
		case p.quiet:
		case p.until.IsZero():
			r.tell(t, Event{Kind: TurnOver, Reason: p.reason})
		default:
			r.wait(t, p.reason)
		}
		return true
	case errors.Is(err, errStopped), diag.ClassOf(err) == diag.Cancelled && r.stop.Err() != nil:
	case errors.As(err, &fault):
		r.mu.Lock()
		if r.fatal == nil {
			r.fatal = fault.err
		}
		r.mu.Unlock()
		r.halt()
		r.end(t, fault.err)
	default:
		r.end(t, err)
	}
	return false
}

// wait tells, once, that a job waits.
func (r *run) wait(t *task, reason string) {
	if !t.told {
		t.told = true
		r.tell(t, Event{Kind: Waiting, Reason: reason, Until: t.ready})
	}
}

// end is the end of a job.
func (r *run) end(t *task, err error) {
	t.ended = true
	r.gate.release(t, true)
	t.done, t.cursors = nil, nil
	t.report.Err = err
	r.mu.Lock()
	r.all.Jobs++
	t.here.Jobs = 1
	r.mu.Unlock()
	if err != nil {
		t.report.Balanced = false
		r.tell(t, Event{Kind: Failed, Err: err})
		return
	}
	r.tell(t, Event{Kind: Ended})
}

// tell passes an event on. t is nil for what concerns no job.
func (r *run) tell(t *task, e Event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	e.Time = r.Now()
	if t != nil {
		e.Job, e.Title, e.Here = t.job.Name, t.job.Title, t.here.clone()
	}
	r.all.Seconds = e.Time.Sub(r.began).Seconds()
	e.All = r.all.clone()
	r.Observe(e)
}

// count changes the counters of a job, and those of the pass alike.
func (r *run) count(t *task, change func(*Counts)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	change(&t.here)
	change(&r.all)
}

// turn is one turn of a job: from a login to the end, or until others have waited
// long enough.
type turn struct {
	run    *run
	task   *task
	places []place
	from   time.Time
	items  atomic.Int64 // settled in this turn
	rests  atomic.Bool  // it ends to wait for a busy service
	stream providers.Stream
	shelf  *targets
	astray bool // records miss their items, which may turn up elsewhere
}

// over reports why the turn should end: nothing new is to begin, or others wait.
func (t *turn) over() error {
	switch r := t.run; {
	case r.stop.Err() != nil:
		return errStopped
	case r.waiting.Load() > 0 && (t.items.Load() >= int64(r.Slice.Items) || r.Now().Sub(t.from) >= r.Slice.Time):
		return &pause{reason: "others wait"}
	}
	return nil
}
