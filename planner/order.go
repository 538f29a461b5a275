package planner

import (
	"maps"
	"slices"

	"github.com/isaworks/isa/internal/live"
	"github.com/isaworks/isa/internal/schema"
	"github.com/isaworks/isa/internal/value"
)

// edgeKind tells why a step needs another, and so what can be done about it when
// steps wait for one another in a ring.
type edgeKind int

const (
	hard  edgeKind = iota // cannot be helped
	soft                  // good, but not necessary
	byRef                 // an attribute refers to an object to be created: the attribute can be written later
	claim                 // a name is given up: a release can do it first
)

// edge says that a node needs another.
type edge struct {
	to   *node
	kind edgeKind
	attr string // byRef: the attribute
	give *handover
}

func (n *node) need(to *node, kind edgeKind) {
	if to != nil && to != n {
		n.needs = append(n.needs, &edge{to: to, kind: kind})
	}
}

// link adds all edges.
func (p *planner) link() {
	for _, o := range p.objects {
		p.linkChain(o)
	}
	for _, o := range p.objects {
		for _, n := range o.steps.all() {
			p.linkRefs(n)
			p.linkKeyed(n)
		}
		p.linkPlace(o)
		p.linkTopDown(o)
	}
	for i := range p.give {
		p.linkClaim(&p.give[i])
	}
	p.linkNesting()
	p.linkRemovals()
	p.linkHeirs()
	p.number()
}

// number lists the nodes in the order of objects and of steps.
func (p *planner) number() {
	p.nodes = p.nodes[:0]
	for _, o := range p.objects {
		for _, n := range o.inOrder() {
			n.index = len(p.nodes)
			p.nodes = append(p.nodes, n)
		}
	}
}

// linkChain lets the steps of one object follow each other. That a place waits
// for the patch before it is only for order's sake.
func (p *planner) linkChain(o *object) {
	list := o.steps.all()
	for i := 1; i < len(list); i++ {
		kind := hard
		if list[i].verb == DoPlace && list[i-1].verb == DoPatch {
			kind = soft
		}
		list[i].need(list[i-1], kind)
		if kind == soft && i > 1 {
			list[i].need(list[i-2], hard)
		}
	}
}

// linkRefs needs what the step's attributes refer to.
func (p *planner) linkRefs(n *node) {
	for _, name := range slices.Sorted(maps.Keys(n.attrs)) {
		switch n.attrs[name].(type) {
		case value.String, value.Int, value.Bool, value.Clear, value.Secret:
			continue
		}
		for _, r := range value.Refs(n.attrs[name]) {
			if t := p.at[r]; t != nil {
				if there := t.steps.present(); there != nil && (there != n || t != n.o) {
					n.needs = append(n.needs, &edge{to: there, kind: byRef, attr: name})
				} else if there == n {
					n.needs = append(n.needs, &edge{to: n, kind: byRef, attr: name})
				}
			}
		}
	}
}

// linkPlace orders places: a parent must be there, nothing is moved below itself,
// and the sibling that a place names must have its own place first. Moving in the
// order of the final tree, from the top, never makes a cycle: all that stands
// above the new parent is final by then.
func (p *planner) linkPlace(o *object) {
	n := o.steps.placed
	if o.live == nil && o.inst != nil {
		n = o.steps.main
	}
	if n == nil || n.place == nil {
		return
	}
	if o.parent != nil {
		n.need(o.parent.steps.present(), hard)
	}
	if o.pred != nil {
		if o.pred.steps.placed != nil {
			n.need(o.pred.steps.placed, hard)
		} else if o.pred.live == nil {
			n.need(o.pred.steps.main, hard)
		}
	}
	if !o.moves {
		return
	}
	for up, hops := p.above(o), 0; up != nil && hops <= len(p.objects); up, hops = p.above(up), hops+1 {
		if up.moves && up.steps.placed != nil {
			n.need(up.steps.placed, hard)
			return
		}
	}
}

// above is the managed object over o in the final tree. Unmanaged objects never
// move, but what is above them may, so they are passed through.
func (p *planner) above(o *object) *object {
	if o.parent != nil {
		return o.parent
	}
	if o.live == nil || o.inst != nil && o.moves {
		return nil
	}
	return o.kind.over(value.Text(o.live.Attrs[o.kind.Parent]), func(*object) bool { return true })
}

// linkTopDown orders switches that are on only below what is on: above first when
// they go on, below first when they go off. What is made or put below something
// that goes on waits for it, and what goes on at a new place is there before.
func (p *planner) linkTopDown(o *object) {
	main := o.steps.main
	if o.inst == nil || o.kind.Parent == "" || main == nil && o.steps.placed == nil {
		return
	}
	for i := range o.kind.Attrs {
		a := &o.kind.Attrs[i]
		if !a.TopDown {
			continue
		}
		on := main != nil && main.verb == DoPatch && value.True(main.attrs[a.Name])
		off := main != nil && main.verb == DoPatch && main.attrs[a.Name] == value.Bool(false)
		if on && o.moves {
			main.need(o.steps.placed, hard)
		}
		for up, hops := p.above(o), 0; up != nil && hops <= len(p.objects); up, hops = p.above(up), hops+1 {
			patch := up.steps.main
			switch {
			case patch == nil || patch.verb != DoPatch || !value.True(patch.attrs[a.Name]):
			case on, main != nil && main.verb == DoCreate:
				main.need(patch, hard)
			case o.moves && o.steps.placed != nil:
				o.steps.placed.need(patch, hard)
			}
		}
		switch {
		case off:
			p.linkBottomUp(o, a, main)
		case o.moves:
			p.linkBottomUp(o, a, o.steps.placed)
		}
	}
}

// linkBottomUp lets first, by which o goes off or moves away, come before what goes
// off above it as the tree is now.
func (p *planner) linkBottomUp(o *object, a *schema.Attr, first *node) {
	if first == nil {
		return
	}
	k := o.kind
	at := k.byID[value.Text(o.live.Attrs[k.Parent])]
	for hops := 0; at != nil && hops <= len(k.live); hops++ {
		if up := k.owner[at.ID]; up != nil {
			if patch := up.steps.main; patch != nil && patch.verb == DoPatch && patch.attrs[a.Name] == value.Bool(false) {
				patch.need(first, soft)
			}
		}
		at = k.byID[value.Text(at.Attrs[k.Parent])]
	}
}

// linkClaim lets the taker wait for the giver.
func (p *planner) linkClaim(h *handover) {
	take := h.to.steps.taking(h.attr)
	give := h.from.steps.giving(claimAttr(h.claim))
	if h.must {
		give = h.from.steps.release
	}
	if take == nil || give == nil || take == give {
		return
	}
	take.needs = append(take.needs, &edge{to: give, kind: claim, give: h})
}

// taking is the step that writes the final value of an attribute.
func (s *steps) taking(attr string) *node {
	if s.later != nil && s.later.attrs[attr] != nil {
		return s.later
	}
	if s.relocate != nil && s.relocate.attrs[attr] != nil {
		return s.relocate
	}
	return s.main
}

// giving is the first step after which the old value of an attribute is gone.
func (s *steps) giving(attr string) *node {
	if s.relocate != nil && s.release == nil && s.main != nil {
		return s.main // behind the move: the service may keep an old address as an alias
	}
	for _, n := range []*node{s.release, s.relocate, s.main, s.later} {
		if n != nil && n.attrs[attr] != nil {
			return n
		}
	}
	return s.drop
}

// linkRemovals lets objects go after all that referred to them has let go. For
// what the service would refuse otherwise this is necessary, for the rest only
// tidy.
func (p *planner) linkRemovals() {
	some := slices.ContainsFunc(p.objects, func(o *object) bool { return o.leaving == deleted || o.leaving == suspended })
	if !some {
		return
	}
	for _, o := range p.objects {
		if o.live == nil || o.live.Status == live.Deleted && o.steps.undelete == nil || len(o.steps.all()) == 0 {
			continue
		}
		p.linkReferrer(o)
	}
}

func (p *planner) linkReferrer(o *object) {
	eachRef(o.kind.Attrs, o.live.Attrs, func(top *schema.Attr, t *schema.Type, v value.Value) {
		target := p.pointsAt(t, v)
		if target == nil || target == o || target.leaving != deleted && target.leaving != suspended {
			return
		}
		goes := target.steps.drop
		if goes == nil {
			goes = target.steps.suspend
		}
		if goes == nil {
			return
		}
		kind := soft
		if target.leaving == deleted && !target.kind.Person && (o.kind.Person || top.Name == o.kind.Parent) {
			kind = hard
		}
		if o.leaving == deleted && (o.steps.release == nil || o.steps.release.attrs[top.Name] == nil) {
			goes.need(o.steps.drop, kind)
			return
		}
		if top.Name == o.kind.Parent && o.kind.placed {
			goes.need(o.steps.placed, kind)
			return
		}
		if o.ends(top.Name) {
			goes.need(o.steps.relocate, kind)
		}
		for _, n := range []*node{o.steps.release, o.steps.first, o.steps.relocate, o.steps.main, o.steps.later} {
			if n != nil && n.attrs[top.Name] != nil {
				goes.need(n, kind)
			}
		}
	})
}
