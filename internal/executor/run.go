package executor

import (
	"context"
	"errors"
	"maps"
	"reflect"
	"slices"
	"time"

	"github.com/isaworks/isa/internal/addr"
	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/planner"
	"github.com/isaworks/isa/state"
)

// Run carries out a plan and folds the journal into the state at the end. Steps
// that fail, and those that needed them, are in the report; the error is for what
// concerns the whole run: a plan that does not fit the state, a journal that
// cannot be written, a lock that was lost.
//
// When ctx ends no step begins any more and no call is sent any more: a call on
// its way is heard to its end and recorded, a step that still waits for its turn
// is given up as not begun. The same holds when the run stops by itself. When
// Options.Abort ends, calls on their way are cut off too; what they may have done
// stays in the state as pending. Either way Run returns when nothing is under way.
func Run(ctx context.Context, o Options) (Report, error) {
	o = o.withDefaults()
	if err := fits(o); err != nil {
		return Report{Start: o.Now(), End: o.Now()}, err
	}
	tasks, err := build(o.Plan, o.Kinds)
	if err != nil {
		return Report{Start: o.Now(), End: o.Now()}, err
	}
	stop, end := context.WithCancel(ctx)
	defer end()
	work, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	defer context.AfterFunc(o.Abort, cancel)()
	r := &run{Options: o, asked: ctx, stop: stop, end: end, work: work, durable: context.WithoutCancel(ctx), tasks: tasks, began: o.Now(),
		queue: newQueue(o.Limits), natural: newNatural(o.Live), results: make(chan result), feed: newFeed(o.Observe)}
	defer r.feed.end()
	return r.all()
}

// run is a Run under way. Its loop is the only goroutine that touches tasks,
// queue and counters; each step has a goroutine of its own.
type run struct {
	Options
	asked   context.Context // the caller's: somebody wants the run to stop
	stop    context.Context // no new steps and no new calls when it ends; halt ends it
	end     context.CancelFunc
	work    context.Context // steps under way are cut off when it ends
	durable context.Context // never ends: what happened is recorded
	tasks   []*task
	queue   *queue
	book    *book

	sequences map[addr.Address]*sequence // by sibling

	natural *natural
	results chan result
	feed    *feed
	began   time.Time

	under    int    // way
	finished int    // done, failed or skipped
	denied   int    // failures of class Denied since the last success
	halted   string // why no new steps begin; "" while they do
	fatal    error
	outcomes map[*task]outcome
}

// result is the end of a step's goroutine.
type result struct {
	task *task
	err  error
}

// outcome is how a task ended: err and cause are nil when it is done.
type outcome struct {
	err   error
	cause *task // the failed one because of which it was skipped
}

// fits refuses a plan that was not made for this state.
func fits(o Options) error {
	st := o.Session.State()
	refuse := func(detail string) error {
		return &diag.Failure{Class: diag.Conflict, Op: "apply", Detail: detail, Fix: "plan again"}
	}
	switch p := o.Plan; {
	case p.Diagnostics.HasErrors():
		return &diag.Failure{Class: diag.Invalid, Op: "apply", Detail: "the plan has errors", Err: p.Diagnostics.Err()}
	case p.Lineage != st.Lineage && (st.Lineage != "" || len(st.Objects) > 0):
		return refuse("the plan was made for another state (lineage " + p.Lineage + ", not " + st.Lineage + ")")
	case p.Serial != st.Serial:
		return refuse("the state has changed since the plan was made")
	case st.Tenant != "" && p.Tenant != st.Tenant:
		return refuse("the plan is for another tenant than the state")
	}
	return nil
}

func (r *run) all() (Report, error) {
	report := Report{Start: r.began}
	if err := r.begin(); err != nil {
		report.End = r.Now()
		return report, err
	}
	r.loop()
	r.report(&report)
	err := r.fatal
	if err == nil {
		err = r.conclude(report.Complete())
	}
	report.End = r.Now()
	return report, err
}

// begin journals what precedes the steps. A run that has nothing to record leaves
// the state file as it is.
func (r *run) begin() error {
	st, p := r.Session.State(), r.Plan
	if err := r.Session.Check(r.durable); err != nil {
		return err
	}
	r.outcomes = make(map[*task]outcome, len(r.tasks))
	r.sequences = newSequences(p, r.tasks)
	if len(p.Changes) == 0 && len(p.Records) == 0 && len(p.Sequences) == 0 && st.Lineage != "" && st.Tenant == p.Tenant && sameTables(st.Tables, p.Tables) {
		r.book = newBook(st, p, r.Live)
		return nil
	}
	lineage := st.Lineage
	if lineage == "" {
		lineage = p.Lineage
	}
	if lineage == "" {
		lineage = state.NewLineage()
	}
	entries := []state.Entry{{Begin: &state.Begin{Lineage: lineage, Serial: st.Serial, Tenant: p.Tenant, Hash: p.Hash, Time: r.Now(), Tool: r.Tool}}}
	for _, code := range slices.Sorted(maps.Keys(p.Allowed)) {
		entries = append(entries, state.Entry{Audit: &state.Audit{Time: r.Now(), Act: "allow", Code: code, Count: p.Allowed[code], Who: r.Who, Hash: p.Hash}})
	}
	known := rekey(st, p)
	known = append(known, learnt(state.Fold(st, known), p, r.Kinds)...)
	known = append(known, untouched(state.Fold(st, known), p, r.sequences)...)
	if err := r.Session.Append(r.durable, true, append(entries, known...)...); err != nil {
		return err
	}
	r.book = newBook(state.Fold(st, known), p, r.Live)
	return nil
}

// sameTables reports whether there is nothing to record about tables.
func sameTables(a, b []state.Table) bool {
	return len(b) == 0 || reflect.DeepEqual(a, b)
}

// conclude records how full the tables were and folds the journal into the state.
func (r *run) conclude(complete bool) error {
	if complete && !sameTables(r.Session.State().Tables, r.Plan.Tables) {
		if err := r.Session.Append(r.durable, true, state.Entry{Tables: r.Plan.Tables}); err != nil {
			return err
		}
	}
	return r.Session.Commit(r.durable)
}

func (r *run) loop() {
	for _, t := range r.tasks {
		if t.needs == 0 {
			r.queue.push(t)
		}
	}
	stop := r.stop.Done()
	abort := r.work.Done()
	for {
		// Asked first, so that the end of the context wins over a free place.
		if r.stop.Err() != nil || r.work.Err() != nil {
			r.halt("interrupted")
		}
		for r.halted == "" {
			t := r.queue.pop()
			if t == nil {
				break
			}
			r.start(t)
		}
		if r.under == 0 {
			return
		}
		select {
		case res := <-r.results:
			r.settle(res)
		case <-stop:
			stop = nil
		case <-abort:
			abort = nil
		}
	}
}

func (r *run) start(t *task) {
	r.under++
	r.tell(Event{Kind: Started}, t)
	go func() { r.results <- result{t, r.carry(t)} }()
}

// settle takes the end of a step: its dependants become ready, or are skipped.
func (r *run) settle(res result) {
	t := res.task
	r.under--
	r.queue.finished(t)
	if r.unbegun(res.err) {
		r.halt("interrupted") // unless the reason is known already
		r.tell(Event{Kind: Unbegun, Reason: "not begun: " + r.halted}, t)
		return
	}
	r.finished++
	t.settled = true
	r.outcomes[t] = outcome{err: res.err}
	r.arrange(t)
	if res.err != nil {
		r.tell(Event{Kind: Fault, Err: res.err, Reason: res.err.Error()}, t)
		r.consider(res.err)
		r.skip(t)
		return
	}
	r.denied = 0
	r.tell(Event{Kind: Done}, t)
	r.free(t.frees)
	r.free(t.lets)
}

// free lets tasks go that waited for one that has settled.
func (r *run) free(waiting []*task) {
	for _, f := range waiting {
		if f.needs--; f.needs == 0 && !f.settled {
			r.queue.push(f)
		}
	}
}

// unbegun tells that a step gave up before it changed anything, because the run
// stops. It is neither done nor failed.
func (r *run) unbegun(err error) bool {
	return diag.ClassOf(err) == diag.Cancelled && !diag.MayHaveHappened(err) && !isFatal(err) &&
		r.stop.Err() != nil && r.work.Err() == nil
}

// deniedLimit is how many refusals in a row, without any success, are taken for a
// lack of rights that concerns everything.
const deniedLimit = 3

// consider stops the run after failures that concern all that follows.
func (r *run) consider(err error) {
	var f fatal
	switch {
	case errors.As(err, &f):
		if r.fatal == nil {
			r.fatal = f.err
		}
		r.halt("the state cannot be kept: " + err.Error())
	case r.Stops != nil && r.Stops(err):
		r.halt("nothing else can succeed: " + err.Error())
	case diag.ClassOf(err) == diag.Cancelled:
		r.halt("interrupted")
	case diag.ClassOf(err) == diag.Denied:
		if r.denied++; r.denied >= deniedLimit {
			r.halt("refused again and again: " + err.Error())
		}
	}
}

func (r *run) halt(reason string) {
	r.end() // what waits for its turn is not sent any more
	if r.halted == "" {
		r.halted = reason
		r.feed.send(Event{Time: r.Now(), Kind: Stopped, Reason: reason, Finished: r.finished, Total: len(r.tasks)})
	}
}

// skip settles all that needed a failed task, directly or not, and lets go what only
// waited for the end of one of them.
func (r *run) skip(failed *task) {
	queue := []*task{failed}
	for len(queue) > 0 {
		t := queue[0]
		queue = queue[1:]
		t.end.last = false // what follows in the change does not complete it
		r.free(t.lets)
		for _, f := range t.frees {
			if f.settled {
				continue
			}
			f.settled = true
			r.finished++
			r.outcomes[f] = outcome{cause: failed}
			r.arrange(f)
			r.tell(Event{Kind: Skip, Reason: skipReason(failed)}, f)
			queue = append(queue, f)
		}
	}
}

func skipReason(failed *task) string {
	return "needs " + failed.change.Address.String() + ", which failed (" + string(failed.step.Verb) + ")"
}

// tell sends an event about a task. It is called by the loop and by steps.
func (r *run) tell(e Event, t *task) {
	e.Time, e.Step, e.Verb = r.Now(), t.step.ID, t.step.Verb
	e.Action, e.Address, e.Title = t.change.Action, t.change.Address, t.change.Title
	if e.Kind != Waiting { // steps do not know the counters, which are the loop's
		e.Finished, e.Total = r.finished, len(r.tasks)
	}
	r.feed.send(e)
}

// report sums up the outcomes in the plan's order.
func (r *run) report(rep *Report) {
	rep.ByAction = map[planner.Action]int{}
	undone := map[*planner.Change]bool{}
	for _, t := range r.tasks {
		o, settled := r.outcomes[t]
		if settled && o.err == nil && o.cause == nil {
			rep.Done++
			continue
		}
		undone[t.change] = true
		switch {
		case o.err != nil:
			rep.Failed = append(rep.Failed, Failed{t.step.ID, t.step.Verb, t.change.Address, t.change.Title, o.err})
		case o.cause != nil:
			rep.Skipped = append(rep.Skipped, Skipped{t.step.ID, t.step.Verb, t.change.Address, t.change.Title, o.cause.step.ID, skipReason(o.cause)})
		default:
			rep.Skipped = append(rep.Skipped, Skipped{t.step.ID, t.step.Verb, t.change.Address, t.change.Title, "", "not begun: " + r.halted})
		}
	}
	for i := range r.Plan.Changes {
		if c := &r.Plan.Changes[i]; !undone[c] {
			rep.ByAction[c.Action]++
		}
	}
	rep.Interrupted = len(undone) > 0 && (r.asked.Err() != nil || r.work.Err() != nil)
}
