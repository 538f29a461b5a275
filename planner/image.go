package planner

import (
	"slices"

	"github.com/isaworks/isa/internal/schema"
	"github.com/isaworks/isa/internal/value"
)

// merger foresees writes. References stay as they are, wanted or live; canon and
// claims read both.
func (p *planner) merger() schema.Merger {
	return schema.Merger{Text: p.canon, Resolve: func(r value.Ref) value.Value {
		if r.Attr != "id" {
			return p.deref(r)
		}
		return r
	}}
}

// image is what an object will look like when attrs have been written to it.
func (p *planner) image(k *kind, now, attrs value.Object) value.Object {
	return p.merger().Merge(k.Attrs, now, attrs)
}

// written is what becomes of the live value l when w is written over it; empty: it
// is emptied.
func (p *planner) written(a *schema.Attr, t *schema.Type, l, w value.Value) value.Value {
	return p.merger().Value(a, t, l, w)
}

// elementID is the text by which elements of a list are told apart.
func (p *planner) elementID(a *schema.Attr, t *schema.Type, v value.Value) string {
	return p.merger().ID(a, t, v)
}

// eachRef calls f for every live reference in attrs with its type and the
// top-level attribute it stands in.
func eachRef(attrs []schema.Attr, obj value.Object, f func(top *schema.Attr, t *schema.Type, v value.Value)) {
	for i := range attrs {
		if v := obj[attrs[i].Name]; v != nil {
			refsIn(&attrs[i], &attrs[i].Type, v, f)
		}
	}
}

func refsIn(top *schema.Attr, t *schema.Type, v value.Value, f func(*schema.Attr, *schema.Type, value.Value)) {
	switch t.Kind {
	case schema.Reference:
		f(top, t, v)
	case schema.List:
		if l, ok := v.(value.List); ok {
			for _, e := range l {
				refsIn(top, t.Elem, e, f)
			}
		}
	case schema.Map:
		if o, ok := v.(value.Object); ok {
			for _, e := range o {
				refsIn(top, t.Elem, e, f)
			}
		}
	case schema.Object:
		if o, ok := v.(value.Object); ok {
			for i := range t.Attrs {
				if e := o[t.Attrs[i].Name]; e != nil {
					refsIn(top, &t.Attrs[i].Type, e, f)
				}
			}
		}
	}
}

// pointsAt is the object a reference, wanted or live, names; nil when isa does
// not know it.
func (p *planner) pointsAt(t *schema.Type, v value.Value) *object {
	switch v := v.(type) {
	case value.Ref:
		return p.at[v.Addr]
	case value.String:
		if k, id := p.liveTarget(t, string(v)); k != nil {
			return k.owner[id]
		}
	}
	return nil
}

// hasRefs reports whether values of a type are references, or objects that hold some.
func hasRefs(t *schema.Type) bool {
	return t.Kind == schema.Reference || t.Kind == schema.Object &&
		slices.ContainsFunc(t.Attrs, func(a schema.Attr) bool { return a.Type.Kind == schema.Reference })
}
