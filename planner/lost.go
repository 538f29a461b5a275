package planner

import (
	"fmt"
	"slices"

	"github.com/isaworks/isa/internal/live"
	"github.com/isaworks/isa/internal/value"
	"github.com/isaworks/isa/state"
)

// matchLost seeks what a create left behind whose outcome nobody knows and whose
// block is gone: the object may be there, and nobody else would ever remove it.
// What somebody declares now, or has another external key, is not it.
func (p *planner) matchLost() {
	n := &natural{p: p, index: map[*kind]map[string][]*live.Object{}}
	for _, o := range p.objects {
		if o.inst != nil || o.st.Status != state.Pending || o.st.ID != "" || o.unselected || o.live != nil || !o.kind.listed {
			continue
		}
		switch found := n.lost(o); len(found) {
		case 0:
		case 1:
			p.take(o, found[0])
		default:
			p.fail(o, nil, "match.ambiguous",
				fmt.Sprintf("its block is gone, a create of it did not come to an end, and %d objects of the tenant have its %s: %s", len(found), n.fields(o.kind), describe(o.kind, found)),
				"delete the one that isa made in the admin console, or bring the block back and rename the others")
			o.unselected = true
		}
	}
}

// lost are the live objects that a lost create may have made: the one with its
// external key, else those with its natural key, of people with its name.
func (n *natural) lost(o *object) []*live.Object {
	free := func(l *live.Object) bool {
		return o.kind.owner[l.ID] == nil && l.Status != live.Deleted && !slices.Contains(o.st.Known, l.ID)
	}
	key := ""
	if o.kind.Key != "" {
		key = value.Text(o.st.Attrs[o.kind.Key])
	}
	var found []*live.Object
	for i := range o.kind.live {
		l := &o.kind.live[i]
		if key != "" && free(l) && keySpace(o.kind, l.DomainID, value.Text(l.Attrs[o.kind.Key])) == keySpace(o.kind, o.st.DomainID, key) {
			return []*live.Object{l}
		}
	}
	text, ok := n.text(o.kind, o.st.DomainID, o.st.Attrs)
	if !ok || len(o.kind.Natural) == 0 {
		return nil
	}
	named := wholeName(o.kind, o.st.Attrs, o.st.Attrs)
	for _, l := range n.lookup(o.kind)[text] {
		if o.kind.Person && wholeName(o.kind, l.Attrs, o.st.Attrs) != named {
			continue // somebody else, made by hand under the same login ID
		}
		if has := value.Text(l.Attrs[o.kind.Key]); free(l) && (key == "" || has == "" || has == key) {
			found = append(found, l)
		}
	}
	return found
}
