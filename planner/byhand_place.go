package planner

import (
	"cmp"
	"slices"

	"github.com/isaworks/isa/internal/addr"
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
		for _, list := range h.chains(k) {
			h.order(k, list, index)
		}
	}
}

// chains are the objects of a kind that follow one another, as isa put them last. Those
// that went elsewhere since are not among them.
func (h *hands) chains(k *kind) [][]*object {
	next := map[addr.Address]*object{}
	var mine []*object
	for _, o := range h.p.objects {
		if o.kind == k && o.st.Status != state.Retired {
			mine = append(mine, o)
			if !o.st.Behind.IsZero() {
				next[o.st.Behind] = o
			}
		}
	}
	var out [][]*object
	for _, o := range mine {
		if !o.st.Behind.IsZero() && h.p.at[o.st.Behind] != nil {
			continue // not the first of its chain
		}
		chain, seen := []*object{}, map[*object]bool{}
		for at := o; at != nil && !seen[at]; at = next[at.addr] {
			seen[at] = true
			if h.settled[at] {
				chain = append(chain, at)
			}
		}
		if len(chain) > 1 {
			out = append(out, chain)
		}
	}
	return out
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
	case slices.Contains(o.st.Begun, attr):
		h.unseen(o, []string{attr}, cutOff, false)
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
