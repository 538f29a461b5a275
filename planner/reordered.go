package planner

import (
	"github.com/isaworks/isa/internal/addr"
	"github.com/isaworks/isa/internal/value"
)

// driftOfOrder reports siblings that this plan puts back to where isa put them last:
// they stand on the other side of a neighbour that the configuration still gives them.
func (p *planner) driftOfOrder(k *kind, s seat, ordered []*object, index map[string]int) {
	for i := 1; i < len(ordered); i++ {
		a, b := ordered[i-1], ordered[i]
		swapped := a.seated(k, s) && b.seated(k, s) && b.st != nil && a.knownAs(b.st.Behind) && index[b.live.ID] < index[a.live.ID]
		if !swapped || a.orderBegun() || b.orderBegun() {
			continue
		}
		for _, o := range []*object{a, b} {
			if o.place == nil || o.turned || o.unconfirmed {
				continue
			}
			if p.recent(o) {
				p.unconfirmed(o)
				o.place = nil
				continue
			}
			was, is := p.behindApplied(o), behindNow(o, ordered, k, s, index)
			if value.Equal(was, is) {
				continue
			}
			o.turned = true
			p.plan.Drift = append(p.plan.Drift, Drift{Address: o.addr, Title: o.title(), Attr: k.Order, Reverted: true, Applied: was, Live: is})
		}
	}
}

// seated reports whether the object is at the service, among the siblings of s.
func (o *object) seated(k *kind, s seat) bool { return o.live != nil && nowSeat(k, o.live) == s }

// knownAs reports whether a is the object's address, or was.
func (o *object) knownAs(a addr.Address) bool {
	return a == o.addr || !a.IsZero() && a == o.previous
}

// behindApplied is the sibling behind which isa put the object last, nil: none.
func (p *planner) behindApplied(o *object) value.Value {
	if o.st == nil || o.st.Behind.IsZero() {
		return nil
	}
	if t := p.at[o.st.Behind]; t != nil {
		return value.ID(t.addr)
	}
	return value.ID(o.st.Behind)
}

// behindNow is the one of the siblings behind which the object stands, nil: none.
func behindNow(o *object, ordered []*object, k *kind, s seat, index map[string]int) value.Value {
	var before *object
	for _, t := range ordered {
		if t.seated(k, s) && index[t.live.ID] < index[o.live.ID] && (before == nil || index[before.live.ID] < index[t.live.ID]) {
			before = t
		}
	}
	if before == nil {
		return nil
	}
	return value.ID(before.addr)
}
