package planner

import (
	"maps"
	"slices"

	"github.com/isaworks/isa/internal/value"
)

// entryName is a name of a map (schema.Attr.KeyedBy) and whose it is: the natural key of an
// object of a kind in a company.
type entryName struct {
	kind   string
	domain int
	name   string
}

// keyedObjects are the objects that names of maps may stand for, by these. They are
// gathered when the first such map is met.
func (p *planner) keyedObjects() map[entryName]*object {
	if p.keyed != nil {
		return p.keyed
	}
	p.keyed = map[entryName]*object{}
	kinds := map[*kind]bool{}
	for _, k := range p.ordered {
		for i := range k.Attrs {
			if by := p.kinds[k.Attrs[i].KeyedBy]; by != nil {
				kinds[by] = true
			}
		}
	}
	for _, o := range p.objects {
		if !kinds[o.kind] {
			continue
		}
		attrs := value.Object{}
		switch { // a name cannot change (or the plan is refused), so that either will do
		case o.inst != nil:
			attrs = o.inst.Attrs
		case o.live != nil:
			attrs = o.live.Attrs
		}
		name := entryName{o.kind.Type, o.company.DomainID, o.kind.NaturalKey(attrs)}
		if name.name != "" && (o.inst != nil || p.keyed[name] == nil) {
			p.keyed[name] = o
		}
	}
	return p.keyed
}

// namedBy calls f for each name of the maps in attrs, with the object that it names.
func (p *planner) namedBy(o *object, attrs value.Object, f func(by *object, v value.Value)) {
	for i := range o.kind.Attrs {
		a := &o.kind.Attrs[i]
		if a.KeyedBy == "" || attrs[a.Name] == nil {
			continue
		}
		by := p.kinds[a.KeyedBy]
		values, _ := attrs[a.Name].(value.Object)
		if by == nil {
			continue
		}
		for _, name := range slices.Sorted(maps.Keys(values)) {
			key := by.NaturalKey(value.Object{by.Natural[0]: value.String(name)})
			if t := p.keyedObjects()[entryName{by.Type, o.company.DomainID, key}]; t != nil && t != o {
				f(t, values[name])
			}
		}
	}
}

// linkKeyed lets what has values by name wait for what makes or changes the name, and
// the deletion of a name for those who give their values up.
func (p *planner) linkKeyed(n *node) {
	p.namedBy(n.o, n.attrs, func(by *object, v value.Value) {
		if _, cleared := v.(value.Clear); !cleared {
			n.need(by.steps.main, hard)
		} else if by.steps.drop != nil {
			by.steps.drop.need(n, hard)
		}
	})
}
