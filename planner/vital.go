package planner

import (
	"maps"
	"slices"

	"github.com/isaworks/isa/internal/addr"
	"github.com/isaworks/isa/internal/live"
	"github.com/isaworks/isa/internal/schema"
	"github.com/isaworks/isa/internal/value"
)

// needed reports whether an attribute is a list of others of whom an object needs one at
// least, such as the administrators of a group (reference/api/22 section 2).
func needed(a *schema.Attr) bool {
	return a.Vital && a.Type.Kind == schema.List && a.Type.Elem.Kind == schema.Reference
}

// bereft counts objects, of nobody too, that this plan leaves without any of those whom
// they need: since the list changes, since the last of them is deleted, or since they
// leave it by moving to another company.
func (g *guarding) bereft() {
	for _, k := range g.p.ordered {
		for i := range k.Attrs {
			a := &k.Attrs[i]
			if !needed(a) {
				continue
			}
			objects := g.p.in.Live.Objects[k.Type]
			for j := range objects {
				if l := &objects[j]; g.p.losesAll(k, a, l) {
					g.bereave(k, a, l)
				}
			}
		}
	}
}

func (g *guarding) bereave(k *kind, a *schema.Attr, l *live.Object) {
	company, declared := g.p.byDom[l.DomainID]
	if !declared {
		company = schema.Company{DomainID: l.DomainID}
	}
	name := titleOf(k, l.Attrs, l.ID) + " (ID " + l.ID + ")"
	if o := k.owner[l.ID]; o != nil {
		name = o.addr.String()
	}
	g.addNamed(company, k.Type+"."+a.Name+".none", name, 1, 0, 0, k.Type+" objects are left without any "+a.Name)
}

// losesAll reports whether of those in a list, as it was listed, none is left.
func (p *planner) losesAll(k *kind, a *schema.Attr, listed *live.Object) bool {
	now := k.byID[listed.ID]
	if now == nil || empty(listed.Attrs[a.Name]) {
		return false
	}
	v := now.Attrs[a.Name]
	if o := k.owner[listed.ID]; o != nil {
		w, changes := o.diff[a.Name]
		switch {
		case o.leaving == deleted:
			return false
		case changes && o.inst != nil && !o.unselected:
			v = p.written(a, &a.Type, v, w)
		}
	}
	left, _ := v.(value.List)
	return !slices.ContainsFunc(left, func(v value.Value) bool {
		t := p.pointsAt(a.Type.Elem, v)
		return t == nil || t.leaving != deleted
	})
}

// linkHeirs lets those who come into a list of whom one is needed come before the last
// one leaves it by moving to another company.
func (p *planner) linkHeirs() {
	for _, o := range p.objects {
		if o.robbed == nil || o.inst == nil || o.steps.main == nil || o.raw == nil {
			continue
		}
		for i := range o.kind.Attrs {
			if a := &o.kind.Attrs[i]; needed(a) && o.robbed[a.Name] && empty(o.live.Attrs[a.Name]) {
				p.heirsFirst(o, a)
			}
		}
	}
}

// heirsFirst lets the step that writes the heirs go before the moves; a step of their
// own, when that one waits for who moves.
func (p *planner) heirsFirst(o *object, a *schema.Attr) {
	var come value.List
	switch w := o.diff[a.Name].(type) {
	case value.Edit:
		come = w.Add
	case value.List:
		come = w
	}
	movers := map[*object]bool{}
	was, _ := o.raw.Attrs[a.Name].(value.List)
	for _, v := range was {
		if t := p.pointsAt(a.Type.Elem, v); t != nil && t.steps.relocate != nil {
			movers[t] = true
		}
	}
	heirs := slices.DeleteFunc(slices.Clone(come), func(v value.Value) bool {
		t := p.pointsAt(a.Type.Elem, v)
		return t != nil && t.steps.relocate != nil
	})
	if len(heirs) == 0 || len(movers) == 0 {
		return
	}
	step := o.steps.main
	if slices.ContainsFunc(step.needs, func(e *edge) bool { return e.to.verb == DoRelocate }) {
		step = &node{o: o, verb: DoPatch, attrs: value.Object{a.Name: value.Edit{Add: heirs}}, note: "before the last of its " + a.Name + " moves"}
		for _, before := range []*node{o.steps.undelete, o.steps.unsuspend, o.steps.release} {
			step.need(before, hard)
		}
		o.steps.first = step
		o.steps.main.need(step, hard)
		p.linkRefs(step)
	}
	for _, m := range slices.SortedFunc(maps.Keys(movers), func(x, y *object) int { return addr.Compare(x.addr, y.addr) }) {
		m.steps.relocate.need(step, soft)
	}
}
