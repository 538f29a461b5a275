package planner

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/isaworks/isa/internal/addr"
	"github.com/isaworks/isa/internal/live"
	"github.com/isaworks/isa/internal/schema"
	"github.com/isaworks/isa/internal/value"
	"github.com/isaworks/isa/state"
)

// node is a step under construction.
type node struct {
	o     *object
	verb  Verb
	attrs value.Object
	place *Place
	note  string
	needs []*edge
	gives []string // names that a release gives up
	index int
}

// steps are the possible steps of one object in the order in which they run. first writes
// what has to be so before somebody moves to another company.
type steps struct {
	undelete, unsuspend, release, first, relocate, main, placed, later, suspend, drop, record *node
}

func (s *steps) all() []*node {
	if *s == (steps{}) {
		return nil
	}
	return slices.DeleteFunc([]*node{s.undelete, s.unsuspend, s.release, s.first, s.relocate, s.main, s.placed, s.later, s.suspend, s.drop, s.record},
		func(n *node) bool { return n == nil })
}

// inOrder lists the object's steps as they follow one another.
func (o *object) inOrder() []*node {
	if o.order != nil {
		return o.order
	}
	return o.steps.all()
}

// present is the step after which others may refer to the object; nil when it is
// there already.
func (s *steps) present() *node {
	switch {
	case s.main != nil && s.main.verb == DoCreate:
		return s.main
	case s.relocate != nil: // who refers to it may have lost it by the move
		return s.relocate
	case s.unsuspend != nil:
		return s.unsuspend
	}
	return s.undelete
}

// makeSteps turns what was found about each object into steps, still unordered.
func (p *planner) makeSteps() {
	for _, h := range p.give {
		for o, attr := range map[*object]string{h.to: h.attr, h.from: claimAttr(h.claim)} {
			if o.claimAttrs == nil {
				o.claimAttrs = map[string]bool{}
			}
			o.claimAttrs[attr] = true
		}
	}
	for _, o := range p.objects {
		if o.unselected || o.unconfirmed {
			continue
		}
		switch {
		case o.inst == nil:
			p.removalSteps(o)
		case o.live == nil:
			p.createSteps(o)
		default:
			p.updateSteps(o)
		}
	}
	p.mustRelease()
}

func claimAttr(c schema.Claim) string {
	if len(c.Path) == 0 {
		return ""
	}
	return c.Path[0].Name
}

// createSteps creates an object. Deferred attributes that refer to objects of this
// plan follow in a later step, and so does what has calls of its own.
func (p *planner) createSteps(o *object) {
	attrs, later := value.Object{}, value.Object{}
	note := ""
	for i := range o.kind.Attrs {
		a := &o.kind.Attrs[i]
		v, ok := o.inst.Attrs[a.Name]
		if _, clears := v.(value.Clear); !ok || clears || a.Steering || o.kind.placed && a.Name == o.kind.Order {
			continue
		}
		switch {
		case a.Over != nil && a.Over(v, p.in.Now):
		case a.Deferred && p.refersToNew(v):
			later[a.Name], note = v, refersToNew
		case a.Aside:
			later[a.Name] = v
		default:
			attrs[a.Name] = v
		}
	}
	o.steps.main = &node{o: o, verb: DoCreate, attrs: attrs, place: o.place}
	if len(later) > 0 {
		o.steps.later = &node{o: o, verb: DoPatch, attrs: later, note: note}
	}
}

// refersToNew is the note of a later step.
const refersToNew = "refers to objects that are created in this plan"

// apart parts what has calls of its own from the rest, so that one that is refused
// holds nothing else up.
func apart(attrs []schema.Attr, diff value.Object) (body, asides value.Object) {
	if !slices.ContainsFunc(attrs, func(a schema.Attr) bool { return a.Aside && diff[a.Name] != nil }) {
		return diff, nil
	}
	body, asides = maps.Clone(diff), value.Object{}
	for i := range attrs {
		if v, changes := diff[attrs[i].Name]; changes && attrs[i].Aside {
			asides[attrs[i].Name] = v
			delete(body, attrs[i].Name)
		}
	}
	return body, asides
}

func (p *planner) refersToNew(v value.Value) bool {
	return slices.ContainsFunc(value.Refs(v), func(r addr.Address) bool {
		t := p.at[r]
		return t != nil && t.creating()
	})
}

func (p *planner) updateSteps(o *object) {
	wasRetired := p.returns(o)
	if o.suspends {
		o.steps.suspend = &node{o: o, verb: DoSuspend}
	}
	if o.live.Status == live.Deleted {
		o.steps.undelete = &node{o: o, verb: DoUndelete}
	}
	if wasRetired && (o.live.Status == live.Suspended || o.live.Status == live.Deleted && !o.st.Suspended.IsZero()) {
		o.steps.unsuspend = &node{o: o, verb: DoUnsuspend}
	}
	diff := o.diff
	if o.moving() {
		diff = p.relocationSteps(o)
	}
	diff, asides := apart(o.kind.Attrs, diff)
	if len(diff) > 0 {
		o.steps.main = &node{o: o, verb: DoPatch, attrs: diff}
	}
	if o.moving() {
		asides = o.switchOff(asides)
	}
	if len(asides) > 0 {
		o.steps.later = &node{o: o, verb: DoPatch, attrs: asides}
	}
	if o.place != nil {
		o.steps.placed = &node{o: o, verb: DoPlace, place: o.place}
	}
	if len(o.steps.all()) == 0 && p.toRecord(o, wasRetired) != "" {
		o.steps.record = &node{o: o, verb: DoRecord}
	}
}

// toRecord tells why the state must be written although the service is right.
func (p *planner) toRecord(o *object, wasRetired bool) string {
	switch {
	case o.st == nil:
		return "exists already"
	case o.live != nil && o.st.ID != o.live.ID && o.imported:
		return "matched by an import block"
	case o.live != nil && o.st.ID != o.live.ID:
		return "found at the service"
	case !o.previous.IsZero():
		return "known as " + o.previous.String() + " before"
	case wasRetired, o.st.Status == state.Retired:
		return "wanted again"
	case o.st.Company != o.company.Label:
		return "the label of its company is another one"
	case o.st.Lifecycle.Protect && !o.inst.Lifecycle.Protect:
		return "protection is lifted"
	case !p.sameLifecycle(o.st.Lifecycle, o.inst.Lifecycle):
		return "lifecycle changed"
	}
	return ""
}

// sameLifecycle compares what the state has with what is wanted. The state may know the
// unit for leavers by an earlier address.
func (p *planner) sameLifecycle(a, b schema.Lifecycle) bool {
	unit := a.LeaversUnit
	if o := p.at[unit]; o != nil && o.inst != nil {
		unit = o.addr
	}
	return a.OnRemove == b.OnRemove && a.DeleteAfter == b.DeleteAfter && unit == b.LeaversUnit &&
		a.Protect == b.Protect && slices.Equal(a.Seed, b.Seed) && slices.Equal(a.Ignore, b.Ignore)
}

func (p *planner) removalSteps(o *object) {
	if len(o.diff) > 0 {
		o.steps.release = &node{o: o, verb: DoRelease, attrs: o.diff, note: "gives up what a leaver does not keep"}
		if o.leaving == retired {
			o.steps.release.note = aLeaver + "what they had is deleted"
		}
	}
	switch o.leaving {
	case suspended:
		o.steps.suspend = &node{o: o, verb: DoSuspend}
	case deleted:
		o.steps.drop = &node{o: o, verb: DoDelete}
	case gone, forgotten, kept:
		o.steps.record = &node{o: o, verb: DoRecord}
	}
}

// mustRelease makes objects that leave, or left, give up names that others take.
func (p *planner) mustRelease() {
	names := map[*object][]string{}
	notes := map[*object][]string{}
	var order []*object
	for _, h := range p.give {
		if !h.must {
			continue
		}
		if names[h.from] == nil {
			order = append(order, h.from)
		}
		names[h.from] = append(names[h.from], h.claim.Held())
		notes[h.from] = append(notes[h.from], p.givenUp(h.claim)+" for "+h.to.addr.String())
	}
	for _, o := range order {
		p.release(o, names[o], notes[o])
	}
}

// release adds to an object a step that gives names up before anything else is
// done to it, and lets its main step write the final values. It reports whether
// the names can be given up.
func (p *planner) release(o *object, held, notes []string) bool {
	attrs, ok := p.vacate(o, held)
	if !ok {
		return false
	}
	s := &o.steps
	if s.release == nil {
		s.release = &node{o: o, verb: DoRelease, attrs: value.Object{}}
	} else {
		s.release.attrs = maps.Clone(s.release.attrs)
		if o.leaving != retired {
			s.release.note = ""
		}
	}
	s.release.gives = append(s.release.gives, held...)
	for _, name := range slices.Sorted(maps.Keys(attrs)) {
		s.release.attrs[name] = attrs[name]
		if o.inst != nil {
			p.writeFinal(o, name)
			continue
		}
		if a := attrIn(o.kind.Attrs, name); a != nil && o.diff[name] == nil {
			o.set(p, a, attrs[name], o.live.Attrs[name])
		}
	}
	note := "gives up " + strings.Join(notes, ", ")
	switch {
	case s.release.note != "":
		note = s.release.note + "; " + note
	case o.leaving == retired:
		note = aLeaver + note
	}
	s.release.note = note
	return true
}

// writeFinal lets the main step write an attribute that a release has overwritten.
func (p *planner) writeFinal(o *object, name string) {
	if o.steps.main == nil {
		o.steps.main = &node{o: o, verb: DoPatch, attrs: value.Object{}}
	}
	main := o.steps.main
	for _, n := range []*node{main, o.steps.relocate, o.steps.later} {
		if n != nil && n.attrs[name] != nil {
			return
		}
	}
	final := o.inst.Attrs[name]
	if final == nil {
		final = o.live.Attrs[name]
	}
	if final == nil {
		final = value.Clear{}
	}
	main.attrs = maps.Clone(main.attrs)
	main.attrs[name] = final
}

// stepID is unique in a plan: the address and the number of the step.
func stepID(o *object, n int) string { return o.addr.String() + "#" + strconv.Itoa(n) }
