package executor

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"time"

	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/internal/lanes"
	"github.com/isaworks/isa/internal/live"
	"github.com/isaworks/isa/internal/value"
	"github.com/isaworks/isa/planner"
	"github.com/isaworks/isa/providers"
	"github.com/isaworks/isa/state"
)

// fatal is a failure after which nothing may be sent any more: what happens could
// not be recorded, or somebody else is at work.
type fatal struct{ err error }

func (f fatal) Error() string { return f.err.Error() }
func (f fatal) Unwrap() error { return f.err }

// carry does one step, from intent to recorded outcome.
func (r *run) carry(t *task) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = panicked("step "+t.step.ID, p)
		}
	}()
	ctx := lanes.WithStop(lanes.WithPriority(r.work, t.priority), r.stop)
	if t.step.Verb == planner.DoRecord {
		return r.record(t, providers.Request{}, providers.Result{})
	}
	req, err := r.prepare(t)
	if err != nil {
		return err
	}
	if t.step.Verb == planner.DoCreate {
		return r.create(ctx, t, req)
	}
	former, _ := r.book.object(t.change.Address)
	begun := r.book.begun(t)
	if err := r.intend(t, begun); err != nil {
		return err
	}
	res, unsure, err := r.repeat(ctx, t, req)
	if t.step.Verb == planner.DoUndelete && diag.ClassOf(err) == diag.NotFound {
		return r.goneForGood(t, err)
	}
	if err != nil {
		if begun != nil && !unsure && switches(t.step.Verb) && !isFatal(err) {
			return r.undo(t, former, err)
		}
		return err
	}
	return r.record(t, req, res)
}

// switches reports whether a verb is a single call, so that a refusal of it leaves
// everything as it was.
func switches(v planner.Verb) bool {
	return slices.Contains([]planner.Verb{planner.DoSuspend, planner.DoUnsuspend, planner.DoDelete, planner.DoUndelete}, v)
}

// undo journals an object as it was before a step that certainly did nothing, so that
// nobody takes for isa's own what somebody else does from now on.
func (r *run) undo(t *task, former state.Object, cause error) error {
	if err := r.put(t, former, nil); err != nil {
		return fatal{errors.Join(err, cause)}
	}
	return cause
}

// goneForGood forgets somebody whom the service has removed before the deletion
// period that isa reckons with was over, so that the next plan makes a new account.
func (r *run) goneForGood(t *task, err error) error {
	if dropped := r.drop(t); dropped != nil {
		return dropped
	}
	var f *diag.Failure
	if !errors.As(err, &f) {
		return err
	}
	gone := *f
	gone.Fix = "the service has removed the account for good; run isa apply again: the person gets a new one"
	return &gone
}

func (r *run) prepare(t *task) (providers.Request, error) {
	id := ""
	if t.step.Verb != planner.DoCreate {
		if found, ok := r.book.find(t.change.Address); ok {
			id = found.id
		}
		if id == "" {
			return providers.Request{}, &diag.Failure{Class: diag.NotFound, Op: string(t.step.Verb), Detail: t.change.Address.String() + " has no ID", Fix: "plan again"}
		}
	}
	req, err := resolver{r.book.find}.request(t, id)
	req.Secret, req.Open = r.resolveSecret, r.Open
	return req, err
}

// intend journals that a step is about to be sent, and what the state must hold should
// nothing more be heard of it; nil: it does. Deletions, moves between companies and
// creates with a password that exists only once are irreversible: their intent must be
// durable at a remote store too.
func (r *run) intend(t *task, before *state.Object) error {
	if err := r.Session.Check(r.durable); err != nil {
		return fatal{err}
	}
	sync := slices.Contains([]planner.Verb{planner.DoDelete, planner.DoCreate, planner.DoRelocate}, t.step.Verb)
	err := r.Session.Append(r.durable, sync, state.Entry{Intent: &state.Intent{Step: t.step.ID, Verb: string(t.step.Verb), Object: before}})
	if err != nil {
		return fatal{err}
	}
	if before != nil {
		r.book.put(*before, nil)
	}
	return nil
}

// record journals the outcome of a step.
func (r *run) record(t *task, req providers.Request, res providers.Result) error {
	c := t.change
	leaves := c.Managed == nil && c.Action != planner.Suspend && c.Action != planner.Restore
	if t.last && leaves && (t.step.Verb == planner.DoDelete || t.step.Verb == planner.DoRecord) {
		return r.drop(t)
	}
	return r.put(t, r.book.applied(t, req, res, r.Now()), res.Attrs)
}

func (r *run) put(t *task, o state.Object, answer value.Object) error {
	if err := r.Session.Append(r.durable, false, state.Entry{Put: &state.Put{Step: t.step.ID, Object: o}}); err != nil {
		return fatal{err}
	}
	r.book.put(o, answer)
	return nil
}

func (r *run) drop(t *task) error {
	if err := r.Session.Append(r.durable, false, state.Entry{Drop: &state.Drop{Step: t.step.ID, Address: t.change.Address}}); err != nil {
		return fatal{err}
	}
	r.book.drop(t.change.Address)
	return nil
}

// repeat does a step that may be done again as it is, when its answer was lost,
// another writer came in between, or a read does not show yet what this run made.
// unsure tells that an attempt of those that failed may have been done.
func (r *run) repeat(ctx context.Context, t *task, req providers.Request) (res providers.Result, unsure bool, err error) {
	for attempt := 1; ; attempt++ {
		res, err = r.send(ctx, t, req)
		unsure = unsure || diag.MayHaveHappened(err)
		again := diag.MayHaveHappened(err) || diag.ClassOf(err) == diag.Conflict || diag.ClassOf(err) == diag.NotFound && r.young(t)
		if err == nil || !again || attempt >= r.Looks.Attempts || stopsAll(err) {
			return res, unsure, err
		}
		r.tell(Event{Kind: Waiting, Reason: "repeating after: " + err.Error()}, t)
		if !r.pause(attempt - 1) {
			return res, unsure, err
		}
	}
}

// young reports whether the object of t was made or written in this run, so that
// it is there whatever a read shows.
func (r *run) young(t *task) bool {
	o, ok := r.book.object(t.change.Address)
	return ok && !o.Applied.Before(r.began)
}

func stopsAll(err error) bool {
	var f fatal
	return errors.As(err, &f) || diag.ClassOf(err) == diag.Internal
}

// pause waits before look or attempt i; false when the run is to stop.
func (r *run) pause(i int) bool {
	d := time.Duration(0)
	if n := len(r.Looks.Pauses); n > 0 {
		d = r.Looks.Pauses[min(i, n-1)]
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return r.stop.Err() == nil && r.work.Err() == nil
	case <-r.stop.Done():
	case <-r.work.Done():
	}
	return false
}

// send makes one call of the Kind. A panic in it is a failure whose outcome is
// not known.
func (r *run) send(ctx context.Context, t *task, req providers.Request) (res providers.Result, err error) {
	if err := r.Session.Check(r.durable); err != nil {
		return res, fatal{err}
	}
	defer func() {
		if p := recover(); p != nil {
			err = panicked(string(t.step.Verb)+" "+t.change.Kind, p)
		}
	}()
	return t.kind.Do(ctx, req)
}

// look asks the Kind for what a lost create may have made.
func (r *run) look(ctx context.Context, t *task, req providers.Request) (found []live.Object, err error) {
	if err := r.Session.Check(r.durable); err != nil {
		return nil, fatal{err}
	}
	defer func() {
		if p := recover(); p != nil {
			err = panicked("find "+t.change.Kind, p)
		}
	}()
	return t.kind.Find(ctx, req)
}

// panicked tells where a panic came from. Its value is told only when it is the
// runtime's own, since others may hold anything, a secret too.
func panicked(op string, p any) error {
	detail := "panic"
	if e, ok := p.(runtime.Error); ok {
		detail += ": " + e.Error()
	}
	pcs := make([]uintptr, 32)
	frames := runtime.CallersFrames(pcs[:runtime.Callers(3, pcs)])
	for {
		f, more := frames.Next()
		if f.Function != "" && !inRuntime(f.Function) {
			detail += fmt.Sprintf(" at %s:%d", f.Function, f.Line)
			break
		}
		if !more {
			break
		}
	}
	return &diag.Failure{Class: diag.Internal, Op: op, Detail: detail, Unknown: true, Fix: "please report this; run isa plan to see what is left"}
}

func inRuntime(function string) bool {
	return len(function) > 8 && function[:8] == "runtime."
}
