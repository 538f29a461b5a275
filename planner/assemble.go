package planner

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/internal/live"
	"github.com/isaworks/isa/internal/schema"
	"github.com/isaworks/isa/internal/value"
)

// statusKey is where Change.Expect keeps the status that the plan relied on. No
// attribute's name begins with a dollar sign.
const statusKey = "$status"

// assemble writes the changes.
func (p *planner) assemble() {
	ids := make(map[*node]string, len(p.nodes))
	for _, o := range p.objects {
		for i, n := range o.inOrder() {
			ids[n] = stepID(o, i+1)
		}
	}
	for _, o := range p.objects {
		if list := o.inOrder(); len(list) > 0 {
			c := p.change(o)
			for _, n := range list {
				c.Steps = append(c.Steps, p.step(n, ids))
			}
			p.plan.Changes = append(p.plan.Changes, c)
			p.plan.Summary.count(c.Action)
		}
	}
}

func (s *Summary) count(a Action) {
	switch a {
	case Create:
		s.Create++
	case Update:
		s.Update++
	case Move:
		s.Move++
	case Adopt:
		s.Adopt++
	case Suspend:
		s.Suspend++
	case Restore:
		s.Restore++
	case Delete:
		s.Delete++
	case Forget:
		s.Forget++
	case Keep:
		s.Keep++
	}
}

func (p *planner) step(n *node, ids map[*node]string) Step {
	s := Step{ID: ids[n], Verb: n.verb, Attrs: n.attrs, Place: n.place, Note: n.note}
	for _, e := range n.needs {
		if id := ids[e.to]; id != "" && !slices.Contains(s.Needs, id) {
			s.Needs = append(s.Needs, id)
		}
	}
	slices.Sort(s.Needs)
	if p.in.Calls != nil && n.verb != DoRecord {
		s.Calls = p.in.Calls(n.o.kind.Type, n.o.company, &s)
	}
	return s
}

func (p *planner) change(o *object) Change {
	c := Change{
		Address: o.addr, Previous: o.previous, Kind: o.kind.Type, Company: o.company,
		Title: o.title(), Before: value.Object{}, After: value.Object{}, Steps: []Step{},
	}
	c.Action, c.Reason = p.action(o)
	if o.diff != nil {
		c.Before, c.After, c.Expect = o.before, o.after, o.expect
	}
	switch {
	case o.live != nil:
		c.ID = o.live.ID
	case o.inst == nil:
		c.ID = o.st.ID
	}
	if o.inst == nil {
		c.Lifecycle = o.st.Lifecycle
		if c.Action == Suspend || c.Action == Update || c.Action == Delete && o.kind.Person {
			c.Managed = p.leftWith(o)
		}
	} else {
		c.Lifecycle, c.Managed = o.inst.Lifecycle, p.managed(o)
		if o.inst.Range.File != "" {
			r := o.inst.Range
			c.Range = &r
		}
	}
	if c.Action == Create {
		c.After = p.shown(o)
	}
	p.placeChange(o, &c)
	p.expectStatus(o, &c)
	p.companyChange(o, &c)
	if o.hidden {
		c.Expect = nil // nothing of it was seen
	}
	return c
}

// shown is what a new object shows: all that is wanted and not cleared.
func (p *planner) shown(o *object) value.Object {
	out := make(value.Object, len(o.inst.Attrs))
	for i := range o.kind.Attrs {
		a := &o.kind.Attrs[i]
		v, ok := o.inst.Attrs[a.Name]
		if _, clears := v.(value.Clear); ok && !clears && !a.Steering {
			out[a.Name] = v
		}
	}
	return out
}

// leftWith is what the state records of an object that leaves: what was applied last,
// and what this plan writes over it.
func (p *planner) leftWith(o *object) value.Object {
	out := maps.Clone(o.st.Attrs)
	if out == nil {
		out = value.Object{}
	}
	delete(out, o.kind.SuspendOn) // by which the state knows whom a block still declares
	if o.steps.release == nil {
		return out
	}
	for name, v := range o.steps.release.attrs {
		if a := attrIn(o.kind.Attrs, name); a != nil {
			out[name] = p.display(&a.Type, v)
		}
	}
	return out
}

// managed is what the state records: all that is wanted, digests for what cannot
// be read.
func (p *planner) managed(o *object) value.Object {
	out := make(value.Object, len(o.inst.Attrs))
	for i := range o.kind.Attrs {
		a := &o.kind.Attrs[i]
		v, ok := o.inst.Attrs[a.Name]
		switch {
		case !ok || a.Steering && a.Name != o.kind.SuspendOn:
		case a.WriteOnly:
			out[a.Name] = Digest(v)
		default:
			out[a.Name] = v
		}
	}
	return out
}

// placeChange shows a parent that changes.
func (p *planner) placeChange(o *object, c *Change) {
	if !o.moves || o.live == nil || o.place == nil {
		return
	}
	a := attrIn(o.kind.Attrs, o.kind.Parent)
	if a == nil {
		return
	}
	own := func(src value.Object) value.Object {
		out := value.Object{}
		for name, v := range src {
			out[name] = v
		}
		return out
	}
	c.Before, c.After, c.Expect = own(c.Before), own(c.After), own(c.Expect)
	l := o.live.Attrs[a.Name]
	if l != nil {
		c.Before[a.Name], c.Expect[a.Name] = p.display(&a.Type, l), l
	} else {
		c.Expect[a.Name] = value.Clear{}
	}
	c.After[a.Name] = value.Clear{}
	if o.place.Parent != nil {
		c.After[a.Name] = o.place.Parent
	}
}

// expectStatus keeps the status where the plan relies on it: where it changes, and
// of leavers of earlier applies, who keep what they have when they work again.
func (p *planner) expectStatus(o *object, c *Change) {
	s := &o.steps
	relies := s.undelete != nil || s.unsuspend != nil || s.suspend != nil || s.drop != nil || s.release != nil && o.leaving == retired
	if o.live == nil || !relies {
		return
	}
	expect := value.Object{statusKey: value.String(o.live.Status)}
	for name, v := range c.Expect {
		expect[name] = v
	}
	c.Expect = expect
}

// action says in one word and in a sentence what happens to an object.
func (p *planner) action(o *object) (Action, string) {
	if o.inst == nil {
		return p.leavingAction(o)
	}
	s := &o.steps
	switch {
	case o.live == nil && o.byHand != "":
		return Create, o.byHand + "; created again"
	case o.live == nil && o.st != nil:
		return Create, "an earlier create did not come to an end, and nothing of it was found"
	case o.live == nil:
		return Create, "declared, and not there yet"
	case s.suspend != nil:
		return Suspend, p.dueReason(o)
	case p.returns(o):
		return Restore, p.returnReason(o)
	case s.undelete != nil:
		return Restore, "deleted by hand"
	case o.st == nil:
		reason := "exists already; matched by " + p.matchedBy(o)
		if o.live.Status == live.Suspended {
			reason += "; is suspended, and stays so"
		}
		return Adopt, reason
	}
	if s.relocate != nil {
		return Move, o.moveReason()
	}
	reason := p.toRecord(o, false)
	if o.turned {
		reason = joined("changed by hand", reason)
	} else if len(o.diff) > 0 || o.place != nil {
		reason = joined("differs from the configuration", reason)
	} else if s.release != nil {
		reason = joined("gives up a name", reason)
	}
	if s.main == nil && s.release == nil && s.later == nil && (s.placed != nil || !o.previous.IsZero() && len(o.diff) == 0) {
		return Move, reason
	}
	return Update, reason
}

func joined(a, b string) string {
	if b == "" {
		return a
	}
	return a + "; " + b
}

func (p *planner) matchedBy(o *object) string {
	if o.imported {
		return "an import block"
	}
	if key := o.key(); key != "" && o.kind.Key != "" && value.Text(o.live.Attrs[o.kind.Key]) == key {
		return o.kind.Key
	}
	if o.kind.Key != "" && slices.Contains(o.inst.Previous, value.Text(o.live.Attrs[o.kind.Key])) {
		return "an earlier " + o.kind.Key
	}
	return strings.Join(o.kind.Natural, " and ")
}

func (p *planner) leavingAction(o *object) (Action, string) {
	switch o.leaving {
	case suspended:
		return Suspend, o.reason
	case deleted:
		return Delete, o.reason
	case kept:
		return Keep, o.reason
	case retired:
		return Update, aLeaver + p.givesUp(o)
	case postponed:
		return Update, "goes in a later plan; gives up a name that is wanted"
	}
	return Forget, o.reason
}

// aLeaver begins what is said about leavers of earlier applies.
const aLeaver = "a leaver already; "

// givesUp says what a leaver of an earlier apply is still changed for.
func (p *planner) givesUp(o *object) string {
	if len(o.steps.release.gives) == 0 {
		return "what they had is deleted"
	}
	return "gives up a name that is wanted again"
}

// Guarded reports whether guard refusals are the only errors of the list: what a
// reviewer could lift.
func Guarded(list diag.List) bool {
	some := false
	for _, d := range list {
		if d.Severity != diag.Error {
			continue
		}
		if !strings.HasPrefix(d.Code, guardPrefix) {
			return false
		}
		some = true
	}
	return some
}

// companyOf names a company for people.
func companyOf(c schema.Company) string {
	switch {
	case c.Domain != "":
		return c.Domain
	case c.Label != "":
		return c.Label
	}
	return fmt.Sprintf("domain %d", c.DomainID)
}
