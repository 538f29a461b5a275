package directory

import (
	"maps"
	"slices"
	"strings"

	"github.com/isaworks/isa/internal/schema"
	"github.com/isaworks/isa/internal/value"
)

// merge returns what an object's attributes will be when want is written over
// live: Clear empties, Edit changes the list as it is, elements of lists with an
// ElemKey keep what want does not mention, and so do maps and nested objects. An
// attribute that want does not mention stays.
func merge(attrs []schema.Attr, live, want value.Object) value.Object {
	out := maps.Clone(live)
	if out == nil {
		out = value.Object{}
	}
	for _, a := range attrs {
		w, ok := want[a.Name]
		if !ok || a.Steering {
			continue
		}
		if v := mergeValue(a, live[a.Name], w); v != nil {
			out[a.Name] = v
		} else {
			delete(out, a.Name)
		}
	}
	return out
}

func mergeValue(a schema.Attr, live, want value.Value) value.Value {
	if _, ok := want.(value.Clear); ok {
		if a.Type.Kind == schema.List {
			return value.List{}
		}
		return nil
	}
	switch a.Type.Kind {
	case schema.List:
		return mergeList(a, live, want)
	case schema.Map:
		return mergeMap(*a.Type.Elem, live, want)
	case schema.Object:
		return mergeObject(a.Type, live, want)
	}
	return want
}

func mergeObject(t schema.Type, live, want value.Value) value.Value {
	was, _ := live.(value.Object)
	now, ok := want.(value.Object)
	if !ok {
		return want
	}
	return merge(t.Attrs, was, now)
}

// mergeMap keeps the entries that want does not mention; an entry that is
// cleared goes.
func mergeMap(elem schema.Type, live, want value.Value) value.Value {
	now, ok := want.(value.Object)
	if !ok {
		return want
	}
	was, _ := live.(value.Object)
	out := value.Object{}
	maps.Copy(out, was)
	for key, w := range now {
		if v := mergeValue(schema.Attr{Type: elem}, was[key], w); v != nil {
			out[key] = v
		} else {
			delete(out, key)
		}
	}
	return out
}

func mergeList(a schema.Attr, live, want value.Value) value.Value {
	was, _ := live.(value.List)
	edit, partial := want.(value.Edit)
	now, exact := want.(value.List)
	switch {
	case partial && a.ElemKey != "":
		return editPosts(a, was, edit)
	case partial:
		return edited(a, was, edit)
	case exact && a.ElemKey != "":
		out := make(value.List, len(now))
		for i, e := range now {
			out[i] = mergeObject(*a.Type.Elem, find(a, was, e), e)
		}
		return out
	case exact:
		return now
	}
	return want
}

// edited applies an edit to a list of plain values: in the order of the list,
// then what is added. Repeating it changes nothing.
func edited(a schema.Attr, was value.List, edit value.Edit) value.List {
	out := value.List{}
	for _, e := range was {
		if !holds(a, edit.Remove, e) || holds(a, edit.Add, e) {
			out = append(out, e)
		}
	}
	for _, e := range edit.Add {
		if !holds(a, out, e) {
			out = append(out, e)
		}
	}
	return out
}

// editPosts applies an edit to a list of elements known by their ElemKey.
func editPosts(a schema.Attr, was value.List, edit value.Edit) value.List {
	out := value.List{}
	for _, e := range was {
		added := find(a, edit.Add, e)
		switch {
		case added != nil:
			out = append(out, mergeObject(*a.Type.Elem, e, added))
		case find(a, edit.Remove, e) == nil:
			out = append(out, e)
		}
	}
	for _, e := range edit.Add {
		if find(a, was, e) == nil {
			out = append(out, mergeObject(*a.Type.Elem, nil, e))
		}
	}
	return out
}

// find returns the element of list with the same ElemKey as e, or nil. e may be
// the key alone.
func find(a schema.Attr, list value.List, e value.Value) value.Value {
	key := elemKey(a, e)
	i := slices.IndexFunc(list, func(o value.Value) bool { return value.Equal(elemKey(a, o), key) })
	if i < 0 || key == nil {
		return nil
	}
	return list[i]
}

func elemKey(a schema.Attr, e value.Value) value.Value {
	if o, ok := e.(value.Object); ok {
		return o[a.ElemKey]
	}
	return e
}

func holds(a schema.Attr, list value.List, e value.Value) bool {
	return slices.ContainsFunc(list, func(o value.Value) bool {
		if a.CaseFold {
			if x, y := value.Text(o), value.Text(e); x != "" && y != "" {
				return strings.EqualFold(x, y)
			}
		}
		return value.Equal(o, e)
	})
}
