package executor

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/internal/live"
	"github.com/isaworks/isa/internal/value"
	"github.com/isaworks/isa/planner"
	"github.com/isaworks/isa/providers"
	"github.com/isaworks/isa/state"
)

// creation is a create under way. As long as its outcome is not known the state
// holds a pending object, for whoever comes next.
type creation struct {
	*run
	task  *task
	req   providers.Request
	known map[string]bool
	prior state.Object // of the state before the intent
	had   bool         // prior is there
}

// create makes the object of t, once: an earlier create of unknown outcome, of
// this run or of one before, is looked for before another is sent.
func (r *run) create(ctx context.Context, t *task, req providers.Request) error {
	c := &creation{run: r, task: t, req: req, known: map[string]bool{}}
	c.prior, c.had = r.book.object(t.change.Address)
	lost := c.had && c.prior.Status == state.Pending
	known := c.knownBefore(lost)
	for _, id := range known {
		c.known[id] = true
	}
	pending := r.book.pending(t, known, r.Now())
	if err := r.intend(t, &pending); err != nil {
		return err
	}
	if lost {
		r.tell(Event{Kind: Waiting, Reason: "looking for it first: an earlier apply was cut off while creating it"}, t)
		if id, err := c.search(ctx, c.looksBefore()); id != "" || err != nil {
			return c.adopt(ctx, id, err)
		}
	}
	// Not before: the password of an object that is there already is another one.
	if err := r.generate(ctx, t, &c.req); err != nil {
		return c.unsent(err, lost)
	}
	return c.attempt(ctx, lost)
}

// looksBefore is how often an object is looked for that an earlier apply may have
// made. One look is enough where the service refuses a second object of the same
// name, and where no password would be handed out for nothing.
func (c *creation) looksBefore() int {
	k := c.task.kind.Schema()
	id := func(v value.Value) string { return value.Text(v) }
	if k.Claims != nil && len(k.Claims(c.req.Attrs, c.req.Company, id)) > 0 && !generates(k, c.req.Attrs) {
		return 1
	}
	return len(c.Looks.Pauses)
}

// knownBefore lists IDs that cannot be the object: they bore its key before.
func (c *creation) knownBefore(lost bool) []string {
	attrs := c.req.Attrs
	k := c.task.kind.Schema()
	if p := c.req.Place; p != nil && p.Parent != "" && k.Parent != "" && attrs[k.Parent] == nil {
		attrs = maps.Clone(attrs)
		attrs[k.Parent] = value.String(p.Parent)
	}
	ids := c.natural.known(k, attrs)
	if lost {
		ids = append(ids, c.prior.Known...)
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

func (c *creation) attempt(ctx context.Context, lost bool) error {
	for attempt := 1; ; attempt++ {
		res, err := c.send(ctx, c.task, c.req)
		switch {
		case err == nil:
			return c.run.record(c.task, c.req, res)
		case res.ID != "" && !stopsAll(err):
			return c.halfway(ctx, res, err)
		case stopsAll(err):
			return err
		case !diag.MayHaveHappened(err) && !(lost && diag.ClassOf(err) == diag.Exists):
			return c.refused(err, lost)
		}
		lost = lost || diag.MayHaveHappened(err)
		c.tell(Event{Kind: Waiting, Reason: "looking for it, its answer was lost: " + err.Error()}, c.task)
		id, lookErr := c.search(ctx, len(c.Looks.Pauses))
		switch {
		case id != "" || lookErr != nil:
			return c.adopt(ctx, id, errors.Join(err, lookErr))
		case diag.ClassOf(err) == diag.Exists, attempt >= c.Looks.Attempts, c.stop.Err() != nil, c.work.Err() != nil:
			return err
		case !c.findable():
			return errors.Join(err, &diag.Failure{Class: diag.Unavailable, Op: "create " + c.task.change.Kind, Unknown: true,
				Detail: "whether it was made cannot be found out, so it is not made again", Fix: "look in the admin console and import or delete it, then plan again"})
		}
	}
}

// findable tells whether Find can recognise objects of the kind.
func (c *creation) findable() bool {
	k := c.task.kind.Schema()
	return len(k.Natural) > 0 || value.Text(c.req.Attrs[k.Key]) != ""
}

// refused ends a create that certainly made nothing.
func (c *creation) refused(err error, lost bool) error {
	var f *diag.Failure
	if !errors.As(err, &f) || f.Class == diag.Internal {
		return err // may have been made after all: it stays pending
	}
	return c.unsent(err, lost)
}

// unsent gives a create up that made nothing in this run: the state forgets it, or
// has again what it held before. lost tells that an earlier attempt may have made
// the object all the same; then it stays pending.
func (c *creation) unsent(err error, lost bool) error {
	if lost {
		return err
	}
	var back error
	if c.had {
		back = c.put(c.task, c.prior, nil)
	} else {
		back = c.drop(c.task)
	}
	if back != nil {
		return fatal{errors.Join(back, err)}
	}
	return err
}

// search looks for the lost object, again and again, since reads may be stale.
// No ID and no error: it is not there.
func (c *creation) search(ctx context.Context, looks int) (string, error) {
	var last error
	for i := range max(1, looks) {
		if c.work.Err() != nil {
			return "", c.work.Err()
		}
		// The first look comes at once when the run is stopping, the others not at all.
		if !c.pause(i) && i > 0 {
			break
		}
		found, err := c.look(ctx, c.task, c.req)
		if last = err; err != nil {
			if stopsAll(err) {
				return "", err
			}
			continue
		}
		if id, err := c.choose(found); id != "" || err != nil {
			return id, err
		}
	}
	return "", last
}

// choose takes the one object that can be the lost one. One that is suspended,
// deleted or an administrator was not made this moment: it is somebody else's.
func (c *creation) choose(found []live.Object) (string, error) {
	var ids []string
	for _, o := range found {
		fresh := o.Status != live.Suspended && o.Status != live.Deleted && !o.Admin
		if o.ID != "" && fresh && !c.known[o.ID] {
			ids = append(ids, o.ID)
		}
	}
	ids = c.book.claimOne(c.task.change.Kind, ids, c.task.change.Address)
	switch len(ids) {
	case 0:
		return "", nil
	case 1:
		return ids[0], nil
	}
	return "", &diag.Failure{Class: diag.Conflict, Op: "create " + c.task.change.Kind, Unknown: true,
		Detail: fmt.Sprintf("its answer was lost, and it may be any of %s", strings.Join(ids, ", ")),
		Fix:    "look at them in the admin console, delete those nobody needs, then plan again"}
}

// adopt takes the found object over and brings it to what was wanted.
func (c *creation) adopt(ctx context.Context, id string, err error) error {
	if id == "" {
		return err
	}
	return c.finish(ctx, providers.Result{ID: id})
}

// halfway goes on with a create that made the object and failed behind it.
func (c *creation) halfway(ctx context.Context, res providers.Result, cause error) error {
	if !c.book.claim(c.task.change.Kind, res.ID, c.task.change.Address) {
		return errors.Join(cause, &diag.Failure{Class: diag.Conflict, Op: "create " + c.task.change.Kind,
			Detail: "the service answered with the ID of another object, " + res.ID, Fix: "plan again"})
	}
	if !diag.MayHaveHappened(cause) && diag.ClassOf(cause) != diag.Unavailable && diag.ClassOf(cause) != diag.Conflict {
		return c.stub(res.ID, cause)
	}
	return c.finish(ctx, res)
}

// finish repeats as patch and place what a create consists of, which is harmless
// when it was all done.
func (c *creation) finish(ctx context.Context, res providers.Result) error {
	patch := c.req
	patch.Verb, patch.ID, patch.Place = string(planner.DoPatch), res.ID, nil
	patch.Attrs = c.changeable()
	last := res
	if len(patch.Attrs) > 0 {
		answer, _, err := c.repeat(ctx, c.task, patch)
		if err != nil {
			return c.stub(res.ID, err)
		}
		last = answer
	}
	if c.req.Place != nil {
		place := c.req
		place.Verb, place.ID, place.Attrs = string(planner.DoPlace), res.ID, nil
		if _, _, err := c.repeat(ctx, c.task, place); err != nil {
			return c.stub(res.ID, err)
		}
	}
	last.ID = res.ID
	return c.run.record(c.task, c.req, last)
}

// changeable are the attributes of the create that a patch may write.
func (c *creation) changeable() value.Object {
	out := value.Object{}
	k := c.task.kind.Schema()
	for name, v := range c.req.Attrs {
		a, _ := k.Attr(name)
		placed := c.req.Place != nil && name == k.Parent
		if !a.CreateOnly && !a.Steering && !placed {
			out[name] = v
		}
	}
	return out
}

// stub records an object of which nothing but its ID is certain, so that the next
// plan sets it right, and returns the cause.
func (c *creation) stub(id string, cause error) error {
	if stopsAll(cause) && isFatal(cause) {
		return cause
	}
	o := frame(c.task, state.Object{})
	o.ID, o.Status, o.Attrs, o.Applied = id, state.Unconfirmed, value.Object{}, c.Now()
	if err := c.put(c.task, o, nil); err != nil {
		return fatal{errors.Join(err, cause)}
	}
	if diag.ClassOf(cause) == diag.Cancelled {
		return &diag.Failure{Class: diag.Cancelled, Op: "create " + c.task.change.Kind, Unknown: true,
			Detail: "it was made, and not everything of it was written", Fix: "run isa apply again", Err: cause}
	}
	return cause
}

func isFatal(err error) bool {
	var f fatal
	return errors.As(err, &f)
}
