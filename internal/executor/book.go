package executor

import (
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/isaworks/isa/internal/addr"
	"github.com/isaworks/isa/internal/live"
	"github.com/isaworks/isa/internal/schema"
	"github.com/isaworks/isa/internal/value"
	"github.com/isaworks/isa/planner"
	"github.com/isaworks/isa/providers"
	"github.com/isaworks/isa/state"
)

// book is what is known of every object while a run goes on: the state as
// journaled so far, the service's answers, and who holds which ID.
type book struct {
	mu       sync.Mutex
	objects  map[addr.Address]state.Object
	answers  map[addr.Address]value.Object // attributes that the service answered in this run
	ids      map[addr.Address]target       // from the plan, which saw the service after the state, and from this run
	previous map[addr.Address]addr.Address // address in the state before → now
	holders  map[string]addr.Address       // kind and ID → who
	listed   map[string]live.Object        // kind and ID → as in the snapshot
}

func identity(kind, id string) string { return kind + "\x00" + id }

func newBook(st *state.State, p *planner.Plan, snapshot live.Snapshot) *book {
	b := &book{
		objects: make(map[addr.Address]state.Object, len(st.Objects)), answers: map[addr.Address]value.Object{},
		ids: map[addr.Address]target{}, previous: map[addr.Address]addr.Address{},
		holders: make(map[string]addr.Address, len(st.Objects)), listed: map[string]live.Object{},
	}
	for _, o := range st.Objects {
		b.keep(o)
	}
	for _, c := range p.Changes {
		if c.ID != "" {
			b.ids[c.Address] = target{kind: c.Kind, id: c.ID}
		}
		if !c.Previous.IsZero() {
			b.previous[c.Previous] = c.Address
		}
	}
	for kind, objects := range snapshot.Objects {
		for _, o := range objects {
			b.listed[identity(kind, o.ID)] = o
		}
	}
	return b
}

// keep takes an object over; the caller holds mu or is alone.
func (b *book) keep(o state.Object) {
	b.objects[o.Address] = o
	if o.ID != "" {
		b.holders[identity(o.Kind, o.ID)] = o.Address
	}
}

func (b *book) put(o state.Object, answer value.Object) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.keep(o)
	if o.ID != "" {
		b.ids[o.Address] = target{kind: o.Kind, id: o.ID}
	}
	if answer != nil {
		b.answers[o.Address] = answer
	}
}

func (b *book) drop(a addr.Address) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if o, ok := b.objects[a]; ok && b.holders[identity(o.Kind, o.ID)] == a {
		delete(b.holders, identity(o.Kind, o.ID))
	}
	delete(b.objects, a)
	delete(b.ids, a)
}

func (b *book) object(a addr.Address) (state.Object, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	o, ok := b.objects[a]
	return o, ok
}

// claim gives an ID to an address unless another one holds it or the snapshot
// listed it.
func (b *book) claim(kind, id string, a addr.Address) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	free := b.free(kind, id, a)
	if free {
		b.holders[identity(kind, id)] = a
	}
	return free
}

// claimOne returns those of ids that claim would give, sorted, and claims the
// only one.
func (b *book) claimOne(kind string, ids []string, a addr.Address) []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	slices.Sort(ids)
	ids = slices.DeleteFunc(slices.Compact(ids), func(id string) bool { return !b.free(kind, id, a) })
	if len(ids) == 1 {
		b.holders[identity(kind, ids[0])] = a
	}
	return ids
}

// free tells whether claim would succeed; the caller holds mu.
func (b *book) free(kind, id string, a addr.Address) bool {
	if _, old := b.listed[identity(kind, id)]; old {
		return false
	}
	holder, held := b.holders[identity(kind, id)]
	return !held || holder == a
}

// find leads a reference to its object.
func (b *book) find(a addr.Address) (target, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if t, ok := b.at(a); ok {
		return t, true
	}
	if now, ok := b.previous[a]; ok {
		return b.at(now)
	}
	return target{}, false
}

func (b *book) at(a addr.Address) (target, bool) {
	t, ok := b.ids[a]
	if o := b.objects[a]; !ok {
		t = target{kind: o.Kind, id: o.ID}
	}
	if t.id == "" {
		return target{}, false
	}
	t.attr = func(name string) value.Value { return b.attr(a, t, name) }
	return t, true
}

// attr looks an attribute up where it is newest.
func (b *book) attr(a addr.Address, t target, name string) value.Value {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, attrs := range []value.Object{b.answers[a], b.objects[a].Attrs, b.listed[identity(t.kind, t.id)].Attrs} {
		if v, ok := attrs[name]; ok {
			return v
		}
	}
	return nil
}

// pending is what the state must hold while a create is on its way.
func (b *book) pending(t *task, known []string, now time.Time) state.Object {
	o := frame(t, state.Object{})
	o.Status, o.Known, o.Applied = state.Pending, known, now
	o.Attrs = merge(value.Object{}, t)
	o.Needs = value.Refs(o.Attrs)
	return o
}

// begun is what the state must hold while another step than a create is on its way; nil
// when it does not know the object.
func (b *book) begun(t *task) *state.Object {
	o, known := b.object(t.change.Address)
	if !known {
		return nil
	}
	o.Begun = slices.Compact(slices.Sorted(slices.Values(slices.Concat(touched(t), ahead(t), o.Begun))))
	return &o
}

// ahead names what the steps behind a move between companies write: they put right what
// the service makes of the object by the move, so that it is begun with the move.
func ahead(t *task) []string {
	var names []string
	if t.step.Verb != planner.DoRelocate {
		return nil
	}
	behind := false
	for i := range t.change.Steps {
		s := &t.change.Steps[i]
		if behind {
			names = slices.AppendSeq(names, maps.Keys(s.Attrs))
		}
		behind = behind || s.ID == t.step.ID
	}
	return names
}

// touched names what a step writes.
func touched(t *task) []string {
	names := slices.Collect(maps.Keys(t.step.Attrs))
	switch t.step.Verb {
	case planner.DoPlace:
		k := t.kind.Schema()
		names = append(names, k.Parent, state.OrderName)
	case planner.DoSuspend, planner.DoUnsuspend, planner.DoDelete, planner.DoUndelete:
		names = append(names, state.StatusName)
	case planner.DoRelocate:
		names = append(names, state.CompanyName)
	}
	return names
}

// stillBegun is what of begun has not come to its end when step t is done. Who was put
// among siblings is told with all of them (arrange).
func stillBegun(t *task, begun []string) []string {
	written := touched(t)
	out := slices.DeleteFunc(slices.Clone(begun), func(name string) bool {
		return name == state.OrderName || t.last || slices.Contains(written, name)
	})
	placed := slices.Contains(begun, state.OrderName)
	if t.step.Place != nil {
		placed = !t.step.Place.Last
	}
	if placed {
		out = append(out, state.OrderName)
	}
	return out
}

// frame fills in what does not depend on how far the change has come.
func frame(t *task, o state.Object) state.Object {
	k := t.kind.Schema()
	o.Address, o.Kind, o.Schema = t.change.Address, t.change.Kind, k.Version
	c := companyAfter(t, o.DomainID)
	o.DomainID, o.Company = c.DomainID, c.Label
	o.Lifecycle = lifecycle(o.Lifecycle, t)
	return o
}

// companyAfter is the company that the object is in when step t is done, which was in that
// of domain before it: the one that it leaves, until it has been moved.
func companyAfter(t *task, before int) schema.Company {
	moved := t.change.From == (schema.Company{}) || t.step.Verb == planner.DoRelocate || before == t.change.Company.DomainID
	if moved {
		return t.change.Company
	}
	return t.change.From
}

// lifecycle keeps what was said about an object that leaves, and protection until
// the change that lifts it is done.
func lifecycle(before schema.Lifecycle, t *task) schema.Lifecycle {
	after := t.change.Lifecycle
	leaving := t.change.Managed == nil || t.change.Action == planner.Suspend || t.change.Action == planner.Delete
	if leaving && isZero(after) {
		return before
	}
	if !t.last {
		after.Protect = after.Protect || before.Protect
	}
	return after
}

func isZero(l schema.Lifecycle) bool {
	return l.OnRemove == "" && l.DeleteAfter == 0 && l.LeaversUnit.IsZero() && len(l.Seed) == 0 && len(l.Ignore) == 0 && !l.Protect
}

// applied is what the object now is, after step t succeeded with the given result.
func (b *book) applied(t *task, sent providers.Request, res providers.Result, now time.Time) state.Object {
	before, _ := b.object(t.change.Address)
	if t.step.Verb == planner.DoCreate || before.Status == state.Pending {
		before = state.Object{Lifecycle: before.Lifecycle}
	}
	o := frame(t, before)
	o.Known, o.Applied = nil, now
	if t.step.Verb == planner.DoCreate {
		o.Created = now
	}
	for _, id := range []string{res.ID, sent.ID, t.change.ID} {
		if id != "" {
			o.ID = id
			break
		}
	}
	o.Found = b.found(t, before, o.ID)
	o.Attrs = merge(before.Attrs, t)
	o.Begun = stillBegun(t, before.Begun)
	if t.last && t.change.Managed != nil {
		o.Attrs = t.change.Managed
	}
	o.Needs = value.Refs(o.Attrs)
	date(&o, t.step.Verb, now)
	o.Status = status(&o, t, sent, res)
	return o
}

// found is the status to keep of an object that was taken over by step t, or by one before
// it. Who was taken over and works again is as anybody.
func (b *book) found(t *task, before state.Object, id string) string {
	if listed := b.listed[identity(t.change.Kind, id)].Status; before.ID != id || listed == live.InUse {
		before.Found = ""
		if listed == live.Suspended {
			before.Found = string(listed)
		}
	}
	switch t.step.Verb {
	case planner.DoSuspend, planner.DoUnsuspend, planner.DoDelete, planner.DoUndelete:
		return ""
	}
	return before.Found
}

// declared reports whether the block of somebody whom isa suspended is still there. What
// the state keeps of leavers does not name a day (planner.Change.Managed).
func declared(t *task) bool {
	return value.Text(t.change.Managed[t.kind.Schema().SuspendOn]) != ""
}

// date keeps the stages of a leaver.
func date(o *state.Object, verb planner.Verb, now time.Time) {
	switch verb {
	case planner.DoSuspend:
		o.Suspended = now
	case planner.DoUnsuspend:
		o.Suspended = time.Time{}
	case planner.DoDelete:
		o.Deleted = now
	case planner.DoUndelete:
		o.Deleted = time.Time{}
	}
}

func status(o *state.Object, t *task, sent providers.Request, res providers.Result) state.Status {
	switch {
	case t.last && t.change.Action == planner.Restore:
		// A restore may find nothing to undo at the service.
		o.Suspended, o.Deleted = time.Time{}, time.Time{}
	case (!o.Suspended.IsZero() || !o.Deleted.IsZero()) && !declared(t) && (t.last || o.Status == state.Retired):
		return state.Retired
	}
	if t.step.Verb == planner.DoRecord || confirms(t.kind.Schema().Attrs, sent.Attrs, res.Attrs) {
		return state.Ready
	}
	return state.Unconfirmed
}

// merge returns the attributes that are certainly applied after step t: those
// before it, and those it wrote, as wanted. Write-only attributes and edits have
// their lasting form in the change's Managed; without one they are left as before.
func merge(before value.Object, t *task) value.Object {
	after := maps.Clone(before)
	if after == nil {
		after = value.Object{}
	}
	managed := t.change.Managed
	take := func(name string) {
		if v, ok := managed[name]; ok {
			after[name] = v
		}
	}
	k := t.kind.Schema()
	for name, v := range t.step.Attrs {
		a, _ := k.Attr(name)
		if _, edit := v.(value.Edit); edit || a.WriteOnly || a.Steering {
			take(name)
		} else {
			after[name] = v
		}
	}
	if t.step.Place != nil {
		take(k.Parent)
		take(k.Order)
	}
	return after
}

// learnt returns the journal entries for objects that are as wanted without having
// been written.
func learnt(st *state.State, p *planner.Plan, kinds map[string]providers.Kind) []state.Entry {
	out := make([]state.Entry, 0, len(p.Records))
	for _, rec := range p.Records {
		o, ok := st.Find(rec.Address)
		if !ok {
			continue
		}
		o.Attrs, o.Needs, o.Found = rec.Attrs, value.Refs(rec.Attrs), rec.Found
		o.Begun = slices.DeleteFunc(slices.Clone(o.Begun), func(name string) bool { return name != state.OrderName })
		if k := kinds[o.Kind]; k != nil {
			o.Schema = k.Schema().Version
		}
		out = append(out, state.Entry{Put: &state.Put{Step: "record", Object: o}})
	}
	return out
}

// rekey returns the journal entries that bring the state's addresses up to date:
// objects that the plan knows by a new address, and references to them.
func rekey(st *state.State, p *planner.Plan) []state.Entry {
	moves := map[addr.Address]addr.Address{}
	for i := range p.Changes {
		if c := &p.Changes[i]; !c.Previous.IsZero() {
			moves[c.Previous] = c.Address
		}
	}
	return state.Rename(st, moves, "rekey")
}
