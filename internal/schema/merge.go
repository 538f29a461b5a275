package schema

import (
	"maps"

	"github.com/isaworks/isa/internal/value"
)

// Merger says what becomes of attributes when others are written over them: the
// one rule for whoever foresees a write and whoever makes it. Clear empties, Edit
// changes the list as it is, and elements of lists with an ElemKey, entries of maps
// and attributes of objects stay when nothing is written to them.
type Merger struct {
	// Text is what elements of lists are told apart by: equal texts are the same.
	Text func(a *Attr, t *Type, v value.Value) string
	// Resolve gives what a wanted reference stands for; nil: itself.
	Resolve func(value.Ref) value.Value
}

// Merge returns now with want written over it; both stay as they are. What is
// emptied is absent, except lists, which are empty.
func (m Merger) Merge(attrs []Attr, now, want value.Object) value.Object {
	out := maps.Clone(now)
	if out == nil {
		out = make(value.Object, len(want))
	}
	for i := range attrs {
		a := &attrs[i]
		if w, ok := want[a.Name]; ok && !a.Steering {
			put(out, a.Name, m.Value(a, &a.Type, now[a.Name], w))
		}
	}
	return out
}

func put(o value.Object, name string, v value.Value) {
	if v == nil {
		delete(o, name)
		return
	}
	o[name] = v
}

// Value is what becomes of one value of type t, nil when it is emptied.
func (m Merger) Value(a *Attr, t *Type, now, want value.Value) value.Value {
	_, cleared := want.(value.Clear)
	if t.Kind == Free && !cleared {
		return want
	}
	switch want := want.(type) {
	case value.Clear:
		if t.Kind == List {
			return value.List{}
		}
		return nil
	case value.Ref:
		if m.Resolve != nil {
			return m.Resolve(want)
		}
	case value.Edit:
		have, _ := now.(value.List)
		return m.edited(a, t, have, want)
	case value.List:
		if a.ElemKey != "" {
			have, _ := now.(value.List)
			return m.elements(a, t, have, want)
		}
	case value.Object:
		have, _ := now.(value.Object)
		if t.Kind == Map {
			return m.entries(t.Elem, have, want)
		}
		return m.Merge(t.Attrs, have, want)
	}
	return want
}

func (m Merger) entries(elem *Type, now, want value.Object) value.Object {
	out := maps.Clone(now)
	if out == nil {
		out = make(value.Object, len(want))
	}
	for name, w := range want {
		put(out, name, m.Value(&Attr{}, elem, now[name], w))
	}
	return out
}

// ID is the text by which an element of a list is told apart. For a list with an
// ElemKey the element may be the key alone.
func (m Merger) ID(a *Attr, t *Type, e value.Value) string {
	if a.ElemKey == "" {
		return m.Text(a, t.Elem, e)
	}
	for i := range t.Elem.Attrs {
		key := &t.Elem.Attrs[i]
		if key.Name != a.ElemKey {
			continue
		}
		if o, ok := e.(value.Object); ok {
			e = o[key.Name]
		}
		return m.Text(key, &key.Type, e)
	}
	return m.Text(a, t.Elem, e)
}

func (m Merger) byID(a *Attr, t *Type, l value.List) map[string]value.Value {
	out := make(map[string]value.Value, len(l))
	for _, e := range l {
		out[m.ID(a, t, e)] = e
	}
	return out
}

// element is one element of a list with want written over it.
func (m Merger) element(a *Attr, t *Type, now, want value.Value) value.Value {
	if a.ElemKey == "" {
		return want
	}
	return m.Value(&Attr{}, t.Elem, now, want)
}

// elements makes the list as wanted.
func (m Merger) elements(a *Attr, t *Type, now, want value.List) value.List {
	have := m.byID(a, t, now)
	out := make(value.List, len(want))
	for i, e := range want {
		out[i] = m.element(a, t, have[m.ID(a, t, e)], e)
	}
	return out
}

// edited applies an edit in the order of the list, then what is new. Doing it again
// changes nothing.
func (m Merger) edited(a *Attr, t *Type, now value.List, edit value.Edit) value.List {
	add, remove := m.byID(a, t, edit.Add), m.byID(a, t, edit.Remove)
	out := value.List{}
	there := map[string]bool{}
	for _, e := range now {
		id := m.ID(a, t, e)
		there[id] = true
		switch {
		case add[id] == nil && remove[id] != nil:
		case add[id] != nil && a.ElemKey != "":
			out = append(out, m.element(a, t, e, add[id]))
		default:
			out = append(out, e)
		}
	}
	for _, e := range edit.Add {
		if id := m.ID(a, t, e); !there[id] {
			there[id] = true
			out = append(out, m.element(a, t, nil, e))
		}
	}
	return out
}
