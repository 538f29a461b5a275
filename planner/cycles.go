package planner

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/internal/value"
)

// breakCycles opens every ring of steps that wait for one another: edges that are
// only tidy go first; then attributes that refer to something new are written by a
// later step; then names are given up by release steps, as few as possible. What
// is left cannot be ordered and is refused with its reason.
func (p *planner) breakCycles() {
	for {
		rings := p.rings()
		if len(rings) == 0 {
			p.chainAll()
			return
		}
		for _, ring := range rings {
			if !p.open(ring) {
				p.refuse(ring)
				return
			}
		}
		p.number()
	}
}

// chainAll gives the steps of every object one order, in which they follow one
// another: the usual one, unless opening a ring turned two of them round.
func (p *planner) chainAll() {
	for _, o := range p.objects {
		list := o.steps.all()
		chained := true
		for i := 1; i < len(list) && chained; i++ {
			chained = slices.ContainsFunc(list[i].needs, func(e *edge) bool { return e.to == list[i-1] })
		}
		if chained {
			continue
		}
		list = byNeed(list)
		for i := 1; i < len(list); i++ {
			list[i].need(list[i-1], hard)
		}
		o.order = list
	}
	p.number()
}

// byNeed sorts a few steps: always the first of the rest that waits for no other
// of them.
func byNeed(rest []*node) []*node {
	rest = slices.Clone(rest)
	var out []*node
	for len(rest) > 0 {
		i := max(0, slices.IndexFunc(rest, func(n *node) bool {
			return !slices.ContainsFunc(rest, func(other *node) bool { return other != n && reaches(n, other) })
		}))
		out = append(out, rest[i])
		rest = slices.Delete(rest, i, i+1)
	}
	return out
}

// reaches reports whether a step waits for another, directly or through others.
func reaches(from, to *node) bool {
	seen := map[*node]bool{from: true}
	for stack := []*node{from}; len(stack) > 0; {
		n := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		if n == to {
			return true
		}
		for _, e := range n.needs {
			if !seen[e.to] {
				seen[e.to] = true
				stack = append(stack, e.to)
			}
		}
	}
	return false
}

// ring is a set of nodes that all need one another.
type ring map[*node]bool

func (r ring) sorted() []*node {
	return slices.SortedFunc(maps.Keys(r), func(a, b *node) int { return cmp.Compare(a.index, b.index) })
}

// wantsNames reports whether the ring waits for a name that n gives up.
func (r ring) wantsNames(n *node) bool {
	for other := range r {
		if slices.ContainsFunc(other.needs, func(e *edge) bool { return e.to == n && e.kind == claim }) {
			return true
		}
	}
	return false
}

func (p *planner) open(r ring) bool {
	if dropSoft(r) {
		return true
	}
	if p.writeLater(r) {
		return true
	}
	return p.openClaims(r)
}

func dropSoft(r ring) bool {
	dropped := false
	for n := range r {
		n.needs = slices.DeleteFunc(n.needs, func(e *edge) bool {
			drop := e.kind == soft && r[e.to]
			dropped = dropped || drop
			return drop
		})
	}
	return dropped
}

// writeLater moves one attribute that refers into the ring to a later step.
func (p *planner) writeLater(r ring) bool {
	for _, n := range r.sorted() {
		if n.verb != DoCreate && n.verb != DoPatch && n.verb != DoRelease || n == n.o.steps.later {
			continue
		}
		if n.verb != DoCreate && (len(n.attrs) == 1 || !r.wantsNames(n)) {
			continue // splitting the step would open nothing
		}
		for _, e := range n.needs {
			if e.kind != byRef || !r[e.to] || n.o.claimAttrs[e.attr] {
				continue
			}
			a := attrIn(n.o.kind.Attrs, e.attr)
			if a == nil || n.verb == DoCreate && (a.Required || a.CreateOnly || e.attr == n.o.kind.Parent) {
				continue
			}
			p.postpone(n, e.attr)
			return true
		}
	}
	return false
}

// postpone moves an attribute of a step into the object's later step.
func (p *planner) postpone(n *node, attr string) {
	s := &n.o.steps
	if s.later == nil {
		s.later = &node{o: n.o, verb: DoPatch, attrs: value.Object{}, note: refersToNew}
		for _, prev := range []*node{s.undelete, s.unsuspend, s.release, s.first, s.relocate, s.main} {
			s.later.need(prev, hard)
		}
		for _, next := range []*node{s.suspend, s.drop, s.record} {
			if next != nil {
				next.need(s.later, hard)
			}
		}
	}
	n.attrs = maps.Clone(n.attrs)
	s.later.attrs[attr] = n.attrs[attr]
	delete(n.attrs, attr)
	n.needs = slices.DeleteFunc(n.needs, func(e *edge) bool {
		if e.kind != byRef || e.attr != attr {
			return false
		}
		s.later.needs = append(s.later.needs, e)
		return true
	})
	// Removals that waited for the attribute wait for the later step now.
	for _, other := range p.nodes {
		if other.verb != DoDelete && other.verb != DoSuspend {
			continue
		}
		for _, e := range other.needs {
			if e.to == n && (e.kind == soft || e.kind == hard) && other.o != n.o {
				other.needs = append(other.needs, &edge{to: s.later, kind: e.kind})
				break
			}
		}
	}
}

// openClaims opens a ring of hand-overs with the fewest release steps.
func (p *planner) openClaims(r ring) bool {
	given := map[*object][]*edge{}
	var givers []*object
	for _, n := range r.sorted() {
		for _, e := range n.needs {
			if e.kind != claim || !r[e.to] || e.give.must {
				continue
			}
			from := e.give.from
			if given[from] == nil {
				givers = append(givers, from)
			}
			given[from] = append(given[from], e)
		}
	}
	givers = slices.DeleteFunc(givers, func(o *object) bool {
		_, ok := p.vacate(o, heldBy(given[o]))
		return !ok
	})
	chosen := fewest(givers, func(set []*object) bool {
		cut := map[*edge]bool{}
		for _, o := range set {
			for _, e := range given[o] {
				cut[e] = true
			}
		}
		return acyclic(r, cut)
	})
	if chosen == nil {
		return false
	}
	for _, o := range chosen {
		p.openAt(o, given[o])
	}
	return true
}

func heldBy(edges []*edge) []string {
	var held []string
	for _, e := range edges {
		if !slices.Contains(held, e.give.claim.Held()) {
			held = append(held, e.give.claim.Held())
		}
	}
	return held
}

func (p *planner) openAt(o *object, edges []*edge) {
	var notes []string
	for _, e := range edges {
		notes = append(notes, e.give.claim.Name+" for "+e.give.to.addr.String())
	}
	fresh := o.steps.release == nil
	p.release(o, heldBy(edges), notes)
	rel := o.steps.release
	if fresh {
		for _, next := range []*node{o.steps.first, o.steps.relocate, o.steps.main, o.steps.placed, o.steps.later, o.steps.suspend, o.steps.drop} {
			if next != nil {
				next.need(rel, hard)
			}
		}
		rel.need(o.steps.undelete, hard)
		rel.need(o.steps.unsuspend, hard)
	}
	for _, e := range edges {
		e.to, e.kind = rel, hard
	}
}

// fewest finds a smallest set of givers that opens the ring: exactly for small
// rings and for those that one or two open, else by taking the givers with the
// most hand-overs first. nil: no set opens it.
func fewest(givers []*object, opens func([]*object) bool) []*object {
	if len(givers) == 0 || !opens(givers) {
		return nil
	}
	for size := 1; size <= len(givers); size++ {
		if size == 2 && len(givers) > 60 || size > 2 && len(givers) > 14 {
			break
		}
		if set := subset(givers, nil, size, opens); set != nil {
			return set
		}
	}
	set := slices.Clone(givers)
	for i := len(set) - 1; i >= 0; i-- { // drop what is not needed
		without := slices.Delete(slices.Clone(set), i, i+1)
		if opens(without) {
			set = without
		}
	}
	return set
}

func subset(from, have []*object, size int, opens func([]*object) bool) []*object {
	if size == 0 {
		if opens(have) {
			return slices.Clone(have)
		}
		return nil
	}
	for i := 0; i+size <= len(from); i++ {
		if set := subset(from[i+1:], append(have, from[i]), size-1, opens); set != nil {
			return set
		}
	}
	return nil
}

// acyclic reports whether the ring has no cycle without the cut edges.
func acyclic(r ring, cut map[*edge]bool) bool {
	waits := make(map[*node]int, len(r))
	dependants := make(map[*node][]*node, len(r))
	for n := range r {
		for _, e := range n.needs {
			if r[e.to] && !cut[e] {
				waits[n]++
				dependants[e.to] = append(dependants[e.to], n)
			}
		}
	}
	var ready []*node
	for n := range r {
		if waits[n] == 0 {
			ready = append(ready, n)
		}
	}
	done := 0
	for len(ready) > 0 {
		n := ready[len(ready)-1]
		ready = ready[:len(ready)-1]
		done++
		for _, d := range dependants[n] {
			if waits[d]--; waits[d] == 0 {
				ready = append(ready, d)
			}
		}
	}
	return done == len(r)
}

// refuse reports a ring that cannot be opened.
func (p *planner) refuse(r ring) {
	var names, held []string
	for _, n := range r.sorted() {
		if name := n.o.addr.String(); !slices.Contains(names, name) {
			names = append(names, name)
		}
		for _, e := range n.needs {
			if e.kind == claim && r[e.to] {
				held = append(held, e.give.claim.Name)
			}
		}
	}
	first := r.sorted()[0].o
	if len(held) > 0 {
		p.fail(first, nil, "claim.ring",
			firstTen(names)+" hand "+strings.Join(held, ", ")+" on to one another, and none of them can be given up first",
			"do it in two applies: give one of them a temporary name first")
		return
	}
	p.diags = append(p.diags, diag.Diagnostic{
		Severity: diag.Error, Code: "reference.cycle", Summary: summaries()["reference.cycle"],
		Detail: firstTen(names) + " need one another to be created first", Fix: "leave one of the references out, apply, and then add it",
		Address: first.addr.String(), Place: first.where(nil),
	})
}

// rings returns the sets of nodes that need one another, by their first node
// (Tarjan's algorithm, without recursion: plans may be 50,000 steps deep).
func (p *planner) rings() []ring {
	t := &tarjan{low: make([]int, len(p.nodes)), num: make([]int, len(p.nodes)), on: make([]bool, len(p.nodes))}
	for _, n := range p.nodes {
		if t.num[n.index] == 0 {
			t.walk(n)
		}
	}
	slices.SortFunc(t.found, func(a, b ring) int { return cmp.Compare(a.sorted()[0].index, b.sorted()[0].index) })
	return t.found
}

type tarjan struct {
	low, num []int
	on       []bool
	next     int
	stack    []*node
	found    []ring
}

type frame struct {
	n    *node
	edge int
}

func (t *tarjan) enter(n *node) {
	t.next++
	t.num[n.index], t.low[n.index], t.on[n.index] = t.next, t.next, true
	t.stack = append(t.stack, n)
}

func (t *tarjan) walk(start *node) {
	t.enter(start)
	frames := []frame{{start, 0}}
	for len(frames) > 0 {
		f := &frames[len(frames)-1]
		if f.edge < len(f.n.needs) {
			to := f.n.needs[f.edge].to
			f.edge++
			if t.num[to.index] == 0 {
				t.enter(to)
				frames = append(frames, frame{to, 0})
			} else if t.on[to.index] {
				t.low[f.n.index] = min(t.low[f.n.index], t.num[to.index])
			}
			continue
		}
		n := f.n
		frames = frames[:len(frames)-1]
		if len(frames) > 0 {
			up := frames[len(frames)-1].n
			t.low[up.index] = min(t.low[up.index], t.low[n.index])
		}
		if t.low[n.index] == t.num[n.index] {
			t.pop(n)
		}
	}
}

func (t *tarjan) pop(n *node) {
	r := ring{}
	for {
		top := t.stack[len(t.stack)-1]
		t.stack = t.stack[:len(t.stack)-1]
		t.on[top.index] = false
		r[top] = true
		if top == n {
			break
		}
	}
	self := slices.ContainsFunc(n.needs, func(e *edge) bool { return e.to == n })
	if len(r) > 1 || self {
		t.found = append(t.found, r)
	}
}
