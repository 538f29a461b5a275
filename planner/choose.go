package planner

import (
	"maps"
	"slices"

	"github.com/isaworks/isa/internal/addr"
	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/internal/value"
)

// choose applies targets and exclude. What a chosen object needs created, or known to
// the state, is chosen too; what needs that of an excluded object is left out with a
// warning.
func (p *planner) choose() {
	if p.in.Targets == nil && len(p.in.Exclude) == 0 {
		return
	}
	chosen := make(map[*object]bool, len(p.objects))
	for _, o := range p.objects {
		chosen[o] = p.in.Targets == nil || named(p.in.Targets, o)
	}
	if p.in.Targets != nil {
		p.pullIn(chosen)
	}
	for _, o := range p.objects {
		if named(p.in.Exclude, o) {
			chosen[o] = false
		}
	}
	p.holdBack(chosen)
	for _, o := range p.objects {
		o.unselected = o.unselected || !chosen[o]
	}
}

// named reports whether one of the addresses is the object's, is its block's, or
// was its address before.
func named(list []addr.Address, o *object) bool {
	return slices.ContainsFunc(list, func(a addr.Address) bool {
		return a == o.addr || a == o.previous && !a.IsZero() || !a.Keyed && a == o.addr.Block()
	})
}

func (p *planner) pullIn(chosen map[*object]bool) {
	queue := slices.DeleteFunc(slices.Clone(p.objects), func(o *object) bool { return !chosen[o] })
	for len(queue) > 0 {
		o := queue[0]
		queue = queue[1:]
		for _, t := range p.creations(o) {
			if !chosen[t] {
				chosen[t] = true
				queue = append(queue, t)
			}
		}
	}
}

// holdBack leaves out what would refer to an object that is left out and does
// not exist.
func (p *planner) holdBack(chosen map[*object]bool) {
	for again := true; again; {
		again = false
		for _, o := range p.objects {
			if !chosen[o] {
				continue
			}
			for _, t := range p.creations(o) {
				if chosen[t] {
					continue
				}
				chosen[o], again = false, true
				p.diags = append(p.diags, diag.Diagnostic{
					Severity: diag.Warning, Code: "selection.needs", Summary: summaries()["selection.needs"],
					Detail:  "it refers to " + t.addr.String() + ", which " + t.lacks() + " and is left out",
					Address: o.addr.String(), Place: o.where(nil),
				})
				break
			}
		}
	}
}

// lacks says why an object that is left out cannot be referred to.
func (o *object) lacks() string {
	if o.creating() {
		return "does not exist yet"
	}
	return "the state does not know by that address yet"
}

// unknown reports whether nothing can refer to the object before this plan has done
// something about it: it has to be created, or the state does not know it yet, or by
// another address.
func (o *object) unknown() bool {
	return o.creating() || o.inst != nil && o.live != nil && (o.st == nil || o.st.ID != o.live.ID || !o.previous.IsZero())
}

// creations are the objects that o refers to, or has values by the name of, and that this plan has to make known first.
func (p *planner) creations(o *object) []*object {
	if o.inst == nil {
		if t := p.at[o.st.Lifecycle.LeaversUnit]; t != nil && t.unknown() {
			return []*object{t}
		}
		return nil
	}
	found := map[*object]bool{}
	for _, r := range value.Refs(o.inst.Attrs) {
		if t := p.at[r]; t != nil && t.unknown() && t != o {
			found[t] = true
		}
	}
	p.namedBy(o, o.inst.Attrs, func(t *object, v value.Value) {
		if _, cleared := v.(value.Clear); !cleared && t.creating() {
			found[t] = true
		}
	})
	return slices.SortedFunc(maps.Keys(found), func(a, b *object) int { return addr.Compare(a.addr, b.addr) })
}
