package planner

import (
	"cmp"
	"slices"
	"strings"

	"github.com/isaworks/isa/internal/live"
	"github.com/isaworks/isa/internal/schema"
	"github.com/isaworks/isa/internal/value"
)

// seat is a list of siblings: a company and the parent's identity, "" at the top.
type seat struct {
	domain int
	parent string
}

// placeAll finds the fewest place steps that give every managed object its
// parent and managed siblings their order.
//
// Siblings whose order is managed form one sequence for each parent: written ones
// as written, then those with an order number, by number, equal numbers as
// written. Of those that are there already, the longest run that is in order stays;
// everything else is placed right behind its predecessor of the sequence, one
// after the other, so that siblings isa does not manage never change their order.
// Written siblings with an order number of their own count as numbered. Siblings
// without either are put behind all others when they come, and stay there.
func (p *planner) placeAll() {
	for _, k := range p.ordered {
		if k.placed {
			p.placeKind(k)
		}
	}
}

func (p *planner) placeKind(k *kind) {
	var mine []*object
	for _, o := range p.objects {
		if o.kind == k && o.inst != nil && !o.unconfirmed && (o.live != nil || o.active()) {
			mine = append(mine, o)
		}
	}
	end := make(map[*object]seat, len(mine))
	for _, o := range mine {
		end[o] = p.endSeat(o)
	}
	if p.treeCycles(k, mine, end) {
		return
	}
	index := p.liveOrder(k)
	groups := map[seat][]*object{}
	for _, o := range mine {
		s := end[o]
		o.moves = o.live != nil && o.active() && s != nowSeat(k, o.live)
		p.driftOfPlace(o)
		p.checkRooted(o, s)
		if o.unconfirmed {
			o.moves = false
			continue
		}
		if o.active() || o.live != nil {
			groups[s] = append(groups[s], o)
		}
	}
	for s, list := range groups {
		p.placeGroup(k, s, list, index)
	}
}

// nowSeat is where a live object is.
func nowSeat(k *kind, l *live.Object) seat {
	return seat{l.DomainID, value.Text(l.Attrs[k.Parent])}
}

// endSeat is where an object will be. An unmanaged parent stays what it is.
func (p *planner) endSeat(o *object) seat {
	k := o.kind
	if o.live != nil && (o.unselected || o.fixes(k.Parent)) {
		return nowSeat(k, o.live)
	}
	switch w := o.inst.Attrs[k.Parent].(type) {
	case value.Ref:
		if t := p.at[w.Addr]; t != nil {
			o.parent = t
			return seat{o.company.DomainID, t.identity()}
		}
	case value.Clear:
		return seat{o.company.DomainID, ""}
	}
	if o.live != nil {
		return nowSeat(k, o.live)
	}
	return seat{o.company.DomainID, ""}
}

// fixes reports whether an attribute of an existing object is left as it is.
func (o *object) fixes(name string) bool {
	return name != "" && (slices.Contains(o.inst.Lifecycle.Ignore, name) || slices.Contains(o.inst.Lifecycle.Seed, name))
}

// checkRooted refuses a move to the top level at a tenant that has no way for it.
func (p *planner) checkRooted(o *object, end seat) {
	if o.moves && end.parent == "" && p.in.Tenant.Facts.Hold(o.kind.Rooted) {
		p.fail(o, value.Of(o.kind.Parent), "tree.rooted", "this tenant leaves under its parent what is moved to the top level by the API, as isa doctor --calibrate found out",
			"move it in the admin console, and plan again; or give it a parent")
	}
}

// driftOfPlace reports a parent that was changed by hand.
func (p *planner) driftOfPlace(o *object) {
	k := o.kind
	a := attrIn(k.Attrs, k.Parent)
	if a == nil || o.live == nil || o.unselected {
		return
	}
	w := o.inst.Attrs[k.Parent]
	l := o.live.Attrs[k.Parent]
	if w == nil || p.same(a, &a.Type, w, l) || !p.refsKnown(o, a, w) {
		return
	}
	var last value.Value
	if o.st != nil {
		last = o.st.Attrs[k.Parent]
	}
	switch {
	case slices.Contains(o.inst.Lifecycle.Ignore, k.Parent):
		p.drift(o, a, last, l, false)
	case last != nil && p.canon(a, &a.Type, last) == p.canon(a, &a.Type, w) && o.moves:
		if p.recent(o) {
			p.unconfirmed(o)
			return
		}
		o.turned = true
		p.drift(o, a, last, l, true)
	}
}

// treeCycles reports objects that would stand below themselves.
func (p *planner) treeCycles(k *kind, mine []*object, end map[*object]seat) bool {
	up := func(o *object) *object {
		if o.parent != nil {
			return o.parent
		}
		return k.over(end[o].parent, func(up *object) bool { _, placed := end[up]; return placed })
	}
	done, found := map[*object]bool{}, false
	for _, o := range mine {
		var path []*object
		on := map[*object]int{}
		for at := o; at != nil && !done[at]; {
			if from, again := on[at]; again {
				var names []string
				for _, c := range append(path[from:], at) {
					names = append(names, c.addr.String())
					c.unselected = true
				}
				p.fail(at, value.Of(k.Parent), "tree.cycle", strings.Join(names, " is below "), "give one of them another parent")
				found = true
				break
			}
			on[at] = len(path)
			path = append(path, at)
			if _, known := end[at]; !known {
				break
			}
			at = up(at)
		}
		for _, c := range path {
			done[c] = true
		}
	}
	return found
}

// over is the nearest object for which is holds at a live object and above it, in the
// tree as it is now; nil when there is none. What is not isa's is passed through: it
// stays where it is, and moves along with what is above it.
func (k *kind) over(id string, is func(*object) bool) *object {
	for hops := 0; id != "" && hops <= len(k.live); hops++ {
		if up := k.owner[id]; up != nil && is(up) {
			return up
		}
		l := k.byID[id]
		if l == nil {
			return nil
		}
		id = value.Text(l.Attrs[k.Parent])
	}
	return nil
}

// liveOrder numbers the live objects of a kind in the order of their siblings.
func (p *planner) liveOrder(k *kind) map[string]int {
	list := make([]int, len(k.live))
	for i := range list {
		list[i] = i
	}
	order := func(i int) value.Int { n, _ := k.live[i].Attrs[k.Order].(value.Int); return n }
	slices.SortStableFunc(list, func(a, b int) int { return cmp.Compare(order(a), order(b)) })
	index := make(map[string]int, len(list))
	for at, i := range list {
		index[k.live[i].ID] = at
	}
	return index
}

// sequence splits siblings into those whose order is managed, in order, and the
// rest.
func sequence(k *kind, list []*object) (ordered, rest []*object) {
	number := func(o *object) (value.Int, bool) {
		n, ok := o.inst.Attrs[k.Order].(value.Int)
		return n, ok && !(o.live != nil && o.fixes(k.Order))
	}
	written := func(o *object) bool {
		_, numbered := o.inst.Attrs[k.Order].(value.Int)
		return o.inst.Written && !numbered && !(o.live != nil && o.fixes(k.Order))
	}
	for _, o := range list {
		if _, ok := number(o); ok || written(o) {
			ordered = append(ordered, o)
		} else {
			rest = append(rest, o)
		}
	}
	slices.SortFunc(ordered, func(a, b *object) int {
		if wa, wb := written(a), written(b); wa != wb {
			if wa {
				return -1
			}
			return 1
		}
		na, _ := number(a)
		nb, _ := number(b)
		if written(a) {
			na, nb = 0, 0
		}
		return cmp.Or(cmp.Compare(na, nb), cmp.Compare(a.inst.Seq, b.inst.Seq))
	})
	return ordered, rest
}

func (p *planner) placeGroup(k *kind, s seat, list []*object, index map[string]int) {
	ordered, rest := sequence(k, list)
	there := make([]int, 0, len(ordered))
	at := make([]int, 0, len(ordered))
	for i, o := range ordered {
		if o.live != nil && nowSeat(k, o.live) == s {
			there = append(there, i)
			at = append(at, index[o.live.ID])
		}
	}
	stays := make(map[*object]bool, len(there))
	for _, i := range longestRun(at) {
		stays[ordered[there[i]]] = true
	}
	var pred *object
	for _, o := range ordered {
		switch {
		case stays[o]:
			pred = o
		case o.active():
			o.place = &Place{Parent: p.parentValue(o, s)}
			if pred != nil {
				o.place.After, o.pred = value.ID(pred.addr), pred
			}
			pred = o
		}
	}
	if len(ordered) > 0 {
		p.lines = append(p.lines, line{ordered, stays})
	}
	p.driftOfOrder(k, s, ordered, index)
	for _, o := range rest {
		if o.st != nil {
			p.lines = append(p.lines, line{[]*object{o}, map[*object]bool{o: true}})
		}
		if o.active() && (o.live == nil || o.moves) {
			o.place = &Place{Parent: p.parentValue(o, s), Last: true}
		}
	}
}

func (p *planner) parentValue(o *object, s seat) value.Value {
	switch {
	case s.parent == "":
		return nil
	case o.parent != nil:
		return value.ID(o.parent.addr)
	}
	a := attrIn(o.kind.Attrs, o.kind.Parent)
	if a == nil {
		return value.String(s.parent)
	}
	return p.display(&schema.Type{Kind: schema.Reference, Kinds: []string{o.kind.Type}}, value.String(s.parent))
}

// longestRun returns the indexes of a longest strictly increasing subsequence.
func longestRun(list []int) []int {
	var tails []int // indexes into list of the smallest end of a run of each length
	prev := make([]int, len(list))
	for i, v := range list {
		n, _ := slices.BinarySearchFunc(tails, v, func(t, v int) int { return cmp.Compare(list[t], v) })
		prev[i] = -1
		if n > 0 {
			prev[i] = tails[n-1]
		}
		if n == len(tails) {
			tails = append(tails, i)
		} else {
			tails[n] = i
		}
	}
	run := make([]int, len(tails))
	if len(tails) == 0 {
		return run
	}
	for i, at := len(tails)-1, tails[len(tails)-1]; i >= 0; i, at = i-1, prev[at] {
		run[i] = at
	}
	return run
}
