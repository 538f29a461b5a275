package planner

import (
	"maps"
	"slices"

	"github.com/isaworks/isa/internal/schema"
	"github.com/isaworks/isa/internal/value"
)

// image is what an object will look like when attrs have been written to it.
// References stay as they are, wanted or live; canon and claims read both.
func (p *planner) image(k *kind, now, attrs value.Object) value.Object {
	out := maps.Clone(now)
	if out == nil {
		out = make(value.Object, len(attrs))
	}
	for name, w := range attrs {
		a := attrIn(k.Attrs, name)
		if a == nil || a.Steering {
			continue
		}
		if v := p.written(a, &a.Type, now[name], w); v != nil {
			out[name] = v
		} else {
			delete(out, name)
		}
	}
	return out
}

// written is what becomes of the live value l when w is written over it; nil: it
// is emptied.
func (p *planner) written(a *schema.Attr, t *schema.Type, l, w value.Value) value.Value {
	switch w := w.(type) {
	case value.Clear:
		return nil
	case value.Ref:
		if w.Attr != "id" {
			return p.deref(w)
		}
	case value.Edit:
		return p.edited(a, t, l, w)
	case value.List:
		if a.ElemKey != "" {
			return p.mergedList(a, t, l, w)
		}
	case value.Object:
		return p.mergedObject(t, l, w)
	}
	return w
}

func (p *planner) edited(a *schema.Attr, t *schema.Type, l value.Value, e value.Edit) value.Value {
	have, _ := l.(value.List)
	drop := make(map[string]bool, len(e.Remove)+len(e.Add))
	for _, v := range slices.Concat(e.Remove, e.Add) {
		drop[p.elementID(a, t, v)] = true
	}
	out := value.List{}
	for _, v := range have {
		if !drop[p.elementID(a, t, v)] {
			out = append(out, v)
		}
	}
	return append(out, e.Add...)
}

// elementID is the text by which elements of a list are told apart.
func (p *planner) elementID(a *schema.Attr, t *schema.Type, v value.Value) string {
	if o, ok := v.(value.Object); ok && a.ElemKey != "" {
		if key := attrIn(t.Elem.Attrs, a.ElemKey); key != nil {
			return p.canon(key, &key.Type, o[a.ElemKey])
		}
	}
	return p.canon(a, t.Elem, v)
}

func (p *planner) mergedList(a *schema.Attr, t *schema.Type, l value.Value, w value.List) value.Value {
	have, _ := l.(value.List)
	byID := make(map[string]value.Value, len(have))
	for _, v := range have {
		byID[p.elementID(a, t, v)] = v
	}
	out := make(value.List, 0, len(w))
	for _, v := range w {
		obj, ok := v.(value.Object)
		if !ok {
			continue
		}
		out = append(out, p.mergedObject(t.Elem, byID[p.elementID(a, t, v)], obj))
	}
	return out
}

func (p *planner) mergedObject(t *schema.Type, l value.Value, w value.Object) value.Object {
	have, _ := l.(value.Object)
	out := maps.Clone(have)
	if out == nil {
		out = make(value.Object, len(w))
	}
	for name, v := range w {
		inner := &schema.Attr{}
		it := memberType(t, name)
		if t.Kind == schema.Object {
			inner = attrIn(t.Attrs, name)
		}
		if it == nil || inner == nil {
			continue
		}
		if m := p.written(inner, it, have[name], v); m != nil {
			out[name] = m
		} else {
			delete(out, name)
		}
	}
	return out
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
