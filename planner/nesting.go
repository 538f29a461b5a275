package planner

import (
	"slices"

	"github.com/isaworks/isa/internal/schema"
	"github.com/isaworks/isa/internal/value"
)

// linkNesting orders changes of lists in which objects hold objects of their own
// kind, such as groups in groups. No object may hold itself, not even through
// others and not for a moment: before one takes in what holds it now, those in
// between let go. Who has to let go stands above who takes in, so that these
// edges alone never make a ring.
func (p *planner) linkNesting() {
	for _, k := range p.ordered {
		for i := range k.Attrs {
			a := &k.Attrs[i]
			if a.Type.Kind == schema.List && a.Type.Elem.Kind == schema.Reference && slices.Contains(a.Type.Elem.Kinds, k.Type) {
				p.linkNested(k, a)
			}
		}
	}
}

func (p *planner) linkNested(k *kind, a *schema.Attr) {
	var takers []*node
	for _, o := range p.objects {
		if o.kind != k || o.live == nil {
			continue
		}
		for _, n := range []*node{o.steps.main, o.steps.later} {
			if n != nil && n.attrs[a.Name] != nil {
				takers = append(takers, n)
			}
		}
	}
	if len(takers) == 0 {
		return
	}
	n := nesting{p: p, kind: k, attr: a, holds: map[string][]string{}}
	for i := range k.live {
		n.holds[k.live[i].ID] = n.inside(k.live[i].Attrs[a.Name])
	}
	for _, taker := range takers {
		n.link(taker)
	}
}

// nesting is which live objects of a kind hold which.
type nesting struct {
	p     *planner
	kind  *kind
	attr  *schema.Attr
	holds map[string][]string // by ID
}

// inside lists the IDs of the objects of the kind in a list, wanted or live.
func (n *nesting) inside(v value.Value) []string {
	var list value.List
	switch v := v.(type) {
	case value.List:
		list = v
	case value.Edit:
		list = v.Add
	}
	var out []string
	for _, e := range list {
		if t := n.p.pointsAt(n.attr.Type.Elem, e); t != nil {
			if t.kind == n.kind && t.live != nil {
				out = append(out, t.live.ID)
			}
		} else if text, ok := e.(value.String); ok {
			if k, id := n.p.liveTarget(n.attr.Type.Elem, string(text)); k == n.kind {
				out = append(out, id)
			}
		}
	}
	return out
}

// link lets a step that takes objects in wait for those that let go of the links
// through which one of these holds the taker now.
func (n *nesting) link(taker *node) {
	above := n.above(taker.o.live.ID)
	seen := map[string]bool{}
	n.below(taker.o.live.ID, seen) // in a service that lets objects hold one another, there is nothing to keep
	stack := n.inside(taker.attrs[n.attr.Name])
	for len(stack) > 0 {
		id := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		if seen[id] || !above[id] {
			continue
		}
		seen[id] = true
		stack = append(stack, n.holds[id]...)
		if step := n.letsGo(n.kind.owner[id], above); step != nil {
			taker.needs = append(taker.needs, &edge{to: step, kind: byRef, attr: n.attr.Name})
		}
	}
}

// below adds an object and what it holds, directly or through others.
func (n *nesting) below(id string, to map[string]bool) {
	for stack := []string{id}; len(stack) > 0; {
		id, stack = stack[len(stack)-1], stack[:len(stack)-1]
		if !to[id] {
			to[id] = true
			stack = append(stack, n.holds[id]...)
		}
	}
}

// above lists who holds an object, directly or through others, and the object.
func (n *nesting) above(id string) map[string]bool {
	out := map[string]bool{id: true}
	for grown := true; grown; {
		grown = false
		for holder, inside := range n.holds {
			if !out[holder] && slices.ContainsFunc(inside, func(in string) bool { return out[in] }) {
				out[holder], grown = true, true
			}
		}
	}
	return out
}

// letsGo is the step by which o lets go of one of those above the taker, nil when
// it does not.
func (n *nesting) letsGo(o *object, above map[string]bool) *node {
	if o == nil {
		return nil
	}
	if o.leaving == deleted {
		return o.steps.drop
	}
	keeps := n.inside(n.p.then(o)[n.attr.Name])
	for _, step := range []*node{o.steps.main, o.steps.later} {
		if step != nil && step.attrs[n.attr.Name] != nil && slices.ContainsFunc(n.holds[o.live.ID], func(in string) bool {
			return above[in] && !slices.Contains(keeps, in)
		}) {
			return step
		}
	}
	return nil
}
