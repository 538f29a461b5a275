package planner

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/isaworks/isa/internal/schema"
	"github.com/isaworks/isa/internal/value"
)

// refText is what a wanted reference looks like in a live object, "" when it
// names nothing known.
func (p *planner) refText(t *schema.Type, r value.Ref) string {
	o := p.at[r.Addr]
	if o == nil {
		return ""
	}
	return schema.RefText(*t, o.kind.Type, o.identity())
}

// isRef reports whether the live text is the object that r names. It does not
// allocate in the usual case of one kind.
func (p *planner) isRef(t *schema.Type, r value.Ref, text string) bool {
	o := p.at[r.Addr]
	if o == nil {
		return false
	}
	id := o.identity()
	if len(t.Kinds) <= 1 {
		return id == text
	}
	kind, rest, ok := strings.Cut(text, ":")
	return ok && kind == o.kind.Type && rest == id
}

// deref is the value of an attribute other than the identity: as wanted, else as
// it is at the service; nil when not known.
func (p *planner) deref(r value.Ref) value.Value {
	o := p.at[r.Addr]
	if o == nil {
		return nil
	}
	if o.inst != nil {
		if v, ok := o.inst.Attrs[r.Attr]; ok {
			if _, again := v.(value.Ref); !again {
				return v
			}
		}
	}
	if o.live != nil {
		return o.live.Attrs[r.Attr]
	}
	return nil
}

// claimID turns a reference, wanted or live, into the text by which claims
// compare it.
func (p *planner) claimID(v value.Value) string {
	switch v := v.(type) {
	case value.Ref:
		if o := p.at[v.Addr]; o != nil {
			return o.identity()
		}
	case value.String:
		return string(v)
	}
	return ""
}

// liveTarget finds the live object that a live reference of type t names.
func (p *planner) liveTarget(t *schema.Type, text string) (*kind, string) {
	if len(t.Kinds) == 1 {
		return p.kinds[t.Kinds[0]], text
	}
	name, id, ok := strings.Cut(text, ":")
	if !ok {
		return nil, ""
	}
	return p.kinds[name], id
}

// display turns live references into addresses where isa knows them.
func (p *planner) display(t *schema.Type, v value.Value) value.Value {
	switch v := v.(type) {
	case value.String:
		if t.Kind != schema.Reference {
			return v
		}
		if k, id := p.liveTarget(t, string(v)); k != nil {
			if o := k.owner[id]; o != nil {
				return value.ID(o.addr)
			}
		}
	case value.List:
		if t.Kind != schema.List {
			return v
		}
		out := make(value.List, len(v))
		for i, e := range v {
			out[i] = p.display(t.Elem, e)
		}
		return out
	case value.Object:
		out := make(value.Object, len(v))
		for name, e := range v {
			out[name] = e
			if inner := memberType(t, name); inner != nil {
				out[name] = p.display(inner, e)
			}
		}
		return out
	}
	return v
}

// memberType is the type of what stands under name in an Object or Map.
func memberType(t *schema.Type, name string) *schema.Type {
	switch t.Kind {
	case schema.Map:
		return t.Elem
	case schema.Object:
		if a := attrIn(t.Attrs, name); a != nil {
			return &a.Type
		}
	}
	return nil
}

func attrIn(attrs []schema.Attr, name string) *schema.Attr {
	for i := range attrs {
		if attrs[i].Name == name {
			return &attrs[i]
		}
	}
	return nil
}

// canon writes a value, wanted or live, so that two values that mean the same
// have the same text.
func (p *planner) canon(a *schema.Attr, t *schema.Type, v value.Value) string {
	var b strings.Builder
	p.writeCanon(&b, a, t, v)
	return b.String()
}

func (p *planner) writeCanon(b *strings.Builder, a *schema.Attr, t *schema.Type, v value.Value) {
	text := func(tag byte, s string) {
		b.WriteByte(tag)
		b.WriteString(strconv.Itoa(len(s)))
		b.WriteByte(':')
		b.WriteString(s)
	}
	switch v := v.(type) {
	case nil, value.Clear:
		b.WriteByte('-')
	case value.String:
		if t.Kind == schema.Reference {
			text('s', string(v))
			return
		}
		text('s', a.Normal(string(v)))
	case value.Ref:
		if v.Attr != "id" {
			p.writeCanon(b, a, t, p.deref(v))
			return
		}
		text('s', p.refText(t, v))
	case value.Int:
		text('i', strconv.FormatInt(int64(v), 10))
	case value.Bool:
		text('b', strconv.FormatBool(bool(v)))
	case value.Secret:
		text('x', string(v))
	case value.List:
		p.canonList(b, a, t, v)
	case value.Object:
		b.WriteByte('{')
		for _, name := range slices.Sorted(maps.Keys(v)) {
			inner, it := a, memberType(t, name)
			if t.Kind == schema.Free {
				it = t
			}
			if t.Kind == schema.Object {
				if inner = attrIn(t.Attrs, name); inner == nil {
					continue
				}
			}
			if it == nil {
				continue
			}
			text('n', name)
			p.writeCanon(b, inner, it, v[name])
		}
		b.WriteByte('}')
	}
}

func (p *planner) canonList(b *strings.Builder, a *schema.Attr, t *schema.Type, l value.List) {
	elem := t.Elem
	switch t.Kind {
	case schema.List:
	case schema.Free:
		elem = t
	default:
		return
	}
	texts := make([]string, len(l))
	for i, e := range l {
		texts[i] = p.canon(a, elem, e)
	}
	if a.Set || a.ElemKey != "" || t.Kind == schema.Free {
		slices.Sort(texts)
		if a.Set {
			texts = slices.Compact(texts)
		}
	}
	b.WriteByte('[')
	for _, s := range texts {
		b.WriteString(s)
	}
	b.WriteByte(']')
}
