package planner

import (
	"fmt"
	"slices"
	"strings"

	"github.com/isaworks/isa/internal/live"
	"github.com/isaworks/isa/internal/value"
	"github.com/isaworks/isa/state"
)

// natural matches by natural key, parents before what stands below them.
type natural struct {
	p     *planner
	index map[*kind]map[string][]*live.Object
	seen  map[*object]bool
	// renamed are objects that took over one under another address.
	renamed map[*object]bool
}

func (p *planner) matchNatural(wanted []*object) {
	n := &natural{p: p, index: map[*kind]map[string][]*live.Object{}, seen: map[*object]bool{}, renamed: map[*object]bool{}}
	for _, o := range wanted {
		n.visit(o)
	}
}

func (n *natural) visit(o *object) {
	if n.seen[o] || !o.seeks() || len(o.kind.Natural) == 0 || n.p.recent(o) && o.st.Status != state.Pending {
		return
	}
	n.seen[o] = true
	for _, name := range o.kind.Natural {
		if r, ok := o.inst.Attrs[name].(value.Ref); ok {
			if t := n.p.at[r.Addr]; t != nil && t.inst != nil {
				n.visit(t)
			}
		}
	}
	text, ok := n.text(o.kind, o.company.DomainID, o.inst.Attrs)
	if !ok {
		return
	}
	var found []*live.Object
	for _, l := range n.lookup(o.kind)[text] {
		switch old := o.kind.owner[l.ID]; {
		case n.eligible(o, l), n.readdressed(o, old):
			found = append(found, l)
		case old != nil && !old.previous.IsZero() && n.renamed[old] && o.st == nil:
			n.p.fail(o, value.Of(o.kind.Natural[0]), "match.ambiguous",
				"it and "+old.addr.String()+" have the "+n.fields(o.kind)+" of "+old.previous.String()+", which is no longer declared",
				"say with a moved block which of the two it has become")
			n.p.diags[len(n.p.diags)-1].Paste = pasteMoved(old.previous, o.addr)
			o.unselected = true
		}
	}
	n.settle(o, found)
}

// readdressed reports whether o, which is new, has the natural key of an object
// that nobody declares any more: then it is that object under another address, as
// when a unit gets a new code. People are told apart by identities.
func (n *natural) readdressed(o, old *object) bool {
	return old != nil && old.inst == nil && !old.merged && !old.unselected && o.st == nil && !o.kind.Person &&
		old.st.Status != state.Retired && old.company.DomainID == o.company.DomainID
}

// takeOver makes o what old was.
func (n *natural) takeOver(o, old *object) {
	o.st, o.previous, old.merged, n.renamed[o] = old.st, old.addr, true, true
	n.p.at[old.addr] = o
	n.p.take(o, old.live)
}

func (n *natural) fields(k *kind) string { return strings.Join(k.Natural, " and ") }

// eligible reports whether l may be what o is: nobody's, not made before a lost
// create, and not a deleted object that isa never knew.
func (n *natural) eligible(o *object, l *live.Object) bool {
	if o.kind.owner[l.ID] != nil {
		return false
	}
	if o.st != nil && o.st.Status == state.Pending && slices.Contains(o.st.Known, l.ID) {
		return false
	}
	return l.Status != live.Deleted || o.st != nil
}

func (n *natural) settle(o *object, found []*live.Object) {
	fields := n.fields(o.kind)
	switch {
	case len(found) == 0 || o.unselected:
	case len(found) > 1:
		n.p.fail(o, value.Of(o.kind.Natural[0]), "match.ambiguous",
			"the same "+fields+" as "+fmt.Sprint(len(found))+" objects of the tenant: "+describe(o.kind, found),
			"give the right one the external key of this block in the admin console, or rename the others")
		o.unselected = true
	case o.kind.owner[found[0].ID] != nil:
		n.takeOver(o, o.kind.owner[found[0].ID])
	case n.contradicts(o, found[0]):
		n.p.fail(o, value.Of(o.kind.Key), "match.contradicts",
			"the same "+fields+" as an object with another external key: "+describe(o.kind, found),
			"correct the external key here, or list the old one in previous_keys, or rename one of the two")
		o.unselected = true
	default:
		o.adopted = o.st == nil
		o.byName = o.st == nil || o.st.Status != state.Pending
		n.p.take(o, found[0])
	}
}

// contradicts reports whether l has an external key that o has not and never had.
func (n *natural) contradicts(o *object, l *live.Object) bool {
	key := value.Text(l.Attrs[o.kind.Key])
	return o.key() != "" && key != "" && key != o.key() && !slices.Contains(o.inst.Previous, key)
}

func (n *natural) lookup(k *kind) map[string][]*live.Object {
	if m, ok := n.index[k]; ok {
		return m
	}
	m := make(map[string][]*live.Object, len(k.live))
	for i := range k.live {
		if text, ok := n.text(k, k.live[i].DomainID, k.live[i].Attrs); ok {
			m[text] = append(m[text], &k.live[i])
		}
	}
	n.index[k] = m
	return m
}

// text is the natural key of an object, wanted or live. The attribute that makes
// a tree may be absent: top level; any other must be there.
func (n *natural) text(k *kind, domain int, attrs value.Object) (string, bool) {
	var b strings.Builder
	fmt.Fprint(&b, domain)
	for _, name := range k.Natural {
		a := attrIn(k.Attrs, name)
		v := attrs[name]
		if a == nil || empty(v) && name != k.Parent {
			return "", false
		}
		b.WriteByte(0)
		n.p.writeCanon(&b, a, &a.Type, v)
	}
	return b.String(), true
}
