package planner

import (
	"cmp"
	"slices"

	"github.com/isaworks/isa/internal/schema"
	"github.com/isaworks/isa/internal/value"
	"github.com/isaworks/isa/state"
)

// place compares where an object is: its company, and the parent in a tree.
func (h *hands) place(o *object) {
	if o.live.DomainID != 0 && o.st.DomainID != 0 && o.live.DomainID != o.st.DomainID {
		from, ok := h.p.byDom[o.st.DomainID]
		if !ok {
			from = schema.Company{Label: o.st.Company, DomainID: o.st.DomainID}
		}
		to, ok := h.p.byDom[o.live.DomainID]
		if !ok {
			to = schema.Company{DomainID: o.live.DomainID}
		}
		h.moved(o, "company", state.CompanyName, Hand{Applied: value.String(companyOf(from)), Live: value.String(companyOf(to))})
		return
	}
	a := attrIn(o.kind.Attrs, o.kind.Parent)
	if a == nil || !o.kind.placed || slices.Contains(o.st.Lifecycle.Seed, a.Name) {
		return
	}
	last, managed := o.st.Attrs[a.Name]
	now := o.live.Attrs[a.Name]
	if managed && !h.p.same(a, &a.Type, last, now) {
		if _, top := last.(value.Clear); top {
			last = nil
		}
		h.moved(o, a.Name, a.Name, Hand{Applied: last, Live: h.p.display(&a.Type, now), Wanted: h.wants(o, a, o.st.Attrs[a.Name])})
		return
	}
	h.settled[o] = true
}

func (h *hands) moved(o *object, attr, begun string, c Hand) {
	switch {
	case slices.Contains(o.st.Begun, begun):
		h.unseen(o, []string{attr}, cutOff, false)
		return
	case h.p.recent(o):
		h.await(o)
		return
	}
	c.Sort, c.Attr = HandMoved, attr
	h.add(o, c, slices.Contains(o.st.Lifecycle.Ignore, attr))
}

// orders finds siblings that do not stand in the order that isa gave them any more: the
// fewest of them that, put back, would restore it. Those that isa does not order may
// stand anywhere.
func (h *hands) orders() {
	for _, k := range h.p.ordered {
		if !k.placed {
			continue
		}
		index := h.p.liveOrder(k)
		for _, chain := range h.chains(k) {
			h.order(k, slices.DeleteFunc(chain, func(o *object) bool { return !h.settled[o] || o.orderBegun() }), index)
		}
	}
}

// chains are the objects of a kind that follow one another, as isa put them last. Where
// two are said to stand behind one, a chain begins anew; where some follow one another in
// a ring, nothing is known of their order. An apply that was cut off may leave either.
func (h *hands) chains(k *kind) [][]*object {
	next := map[*object]*object{}
	var mine, first []*object
	for _, o := range h.p.objects {
		if o.kind != k || o.st.Status == state.Retired {
			continue
		}
		mine = append(mine, o)
		if h.settled[o] && o.orderBegun() {
			h.unordered(o, cutOff)
		}
		switch before := h.p.at[o.st.Behind]; {
		case o.st.Behind.IsZero() || before == nil:
			first = append(first, o)
		case next[before] != nil:
			first = append(first, o)
			h.unordered(o, unrecorded)
		default:
			next[before] = o
		}
	}
	var out [][]*object
	reached := map[*object]bool{}
	for _, o := range first {
		var chain []*object
		for at := o; at != nil; at = next[at] {
			reached[at] = true
			chain = append(chain, at)
		}
		out = append(out, chain)
	}
	for _, o := range mine {
		if !reached[o] {
			h.unordered(o, unrecorded)
		}
	}
	return out
}

// unrecorded says why nothing can be said of the order of siblings.
const unrecorded = "an apply that was cut off did not record behind which sibling it was put; the next one does"

// unordered tells that the place of an object among its siblings cannot be compared.
func (h *hands) unordered(o *object, why string) {
	if h.settled[o] && (why != unrecorded || !o.orderBegun()) && !slices.Contains(o.st.Lifecycle.Seed, o.kind.Order) {
		h.unseen(o, []string{o.kind.Order}, why, false)
	}
}

// order compares one chain with how its objects stand.
func (h *hands) order(k *kind, chain []*object, index map[string]int) {
	seats := map[seat][]*object{} // a removal of a unit between two may have joined chains of two parents
	for _, o := range chain {
		s := nowSeat(k, o.live)
		seats[s] = append(seats[s], o)
	}
	for _, list := range seats {
		at := make([]int, len(list))
		for i, o := range list {
			at[i] = index[o.live.ID]
		}
		stays := map[int]bool{}
		for _, i := range longestRun(at) {
			stays[i] = true
		}
		standing := slices.SortedFunc(slices.Values(list), func(a, b *object) int { return cmp.Compare(index[a.live.ID], index[b.live.ID]) })
		for i, o := range list {
			if !stays[i] {
				h.reordered(o, list, standing, i)
			}
		}
	}
}

func (h *hands) reordered(o *object, applied, standing []*object, at int) {
	if h.in.Targets != nil && !named(h.in.Targets, o) {
		return
	}
	attr := o.kind.Order
	switch {
	case slices.Contains(o.st.Lifecycle.Seed, attr):
		return
	case h.p.recent(o):
		h.await(o)
		return
	}
	behind := func(list []*object, i int) value.Value {
		if i == 0 {
			return nil
		}
		return value.ID(list[i-1].addr)
	}
	h.add(o, Hand{
		Sort: HandReordered, Attr: attr, Applied: behind(applied, at), Live: behind(standing, slices.Index(standing, o)),
		Note: "behind which of the declared siblings it stands",
	}, slices.Contains(o.st.Lifecycle.Ignore, attr))
}
