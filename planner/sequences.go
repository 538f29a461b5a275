package planner

import (
	"slices"

	"github.com/isaworks/isa/internal/addr"
	"github.com/isaworks/isa/state"
)

// line is a parent's declared siblings in the order in which they are wanted, or one
// whose order is not managed.
type line struct {
	list  []*object
	stays map[*object]bool // stand as wanted among one another
}

// sequences finds what the state must learn of the order of siblings. Half of it would say
// what never was: that two stand behind one, or all in a ring. So a line is told as a whole,
// and not at all when this plan does not bring it about.
func (p *planner) sequences() {
	for _, l := range p.lines {
		if l.achieved() && l.news() {
			addresses := make([]addr.Address, len(l.list))
			for i, o := range l.list {
				addresses[i] = o.addr
			}
			p.plan.Sequences = append(p.plan.Sequences, addresses)
		}
	}
	slices.SortFunc(p.plan.Sequences, func(a, b []addr.Address) int { return addr.Compare(a[0], b[0]) })
}

// achieved reports whether all of a line stand as wanted when the plan is done.
func (l *line) achieved() bool {
	return !slices.ContainsFunc(l.list, func(o *object) bool {
		return o.unconfirmed || !l.stays[o] && (o.place == nil || len(o.steps.all()) == 0)
	})
}

// news reports whether the state does not have the line so.
func (l *line) news() bool {
	for i, o := range l.list {
		switch {
		case o.st == nil:
			if len(o.steps.all()) > 0 {
				return true
			}
		case o.place != nil, o.orderBegun():
			return true
		case i == 0 && !o.st.Behind.IsZero(), i > 0 && !l.list[i-1].knownAs(o.st.Behind):
			return true
		}
	}
	return false
}

// orderBegun reports whether isa put the object among its siblings in an apply that did
// not come to the end of all of them: it may stand anywhere.
func (o *object) orderBegun() bool {
	return o.st != nil && slices.Contains(o.st.Begun, state.OrderName)
}
