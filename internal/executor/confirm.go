package executor

import (
	"slices"

	"github.com/isaworks/isa/internal/schema"
	"github.com/isaworks/isa/internal/value"
)

// confirms reports whether the service's answer shows everything that was sent,
// as far as it can be shown. Both are in the form of requests: references by ID.
func confirms(attrs []schema.Attr, sent, answer value.Object) bool {
	if answer == nil {
		return false
	}
	for name, v := range sent {
		a := named(attrs, name)
		if a.WriteOnly || a.Steering || a.Unreadable {
			continue
		}
		if !shows(a, a.Type, v, answer[name]) {
			return false
		}
	}
	return true
}

func named(attrs []schema.Attr, name string) schema.Attr {
	for _, a := range attrs {
		if a.Name == name {
			return a
		}
	}
	return schema.Attr{}
}

// shows compares one value with what was answered, by the traits of its attribute.
func shows(a schema.Attr, typ schema.Type, sent, answer value.Value) bool {
	switch sent := sent.(type) {
	case value.Clear:
		return empty(answer)
	case value.Secret:
		return true
	case value.Edit:
		return showsEdit(a, typ, sent, answer)
	case value.List:
		if len(sent) == 0 && answer == nil {
			return true
		}
		list, ok := answer.(value.List)
		return ok && showsList(a, typ, sent, list)
	case value.Object:
		obj, ok := answer.(value.Object)
		return ok && showsObject(typ, sent, obj)
	}
	return a.Plain(sent) == a.Plain(answer)
}

func empty(v value.Value) bool {
	list, isList := v.(value.List)
	return v == nil || v == value.String("") || isList && len(list) == 0
}

func showsEdit(a schema.Attr, typ schema.Type, sent value.Edit, answer value.Value) bool {
	list, _ := answer.(value.List)
	in := func(e value.Value) bool {
		return slices.ContainsFunc(list, func(l value.Value) bool { return shows(a, elem(typ), e, l) })
	}
	return !slices.ContainsFunc(sent.Add, func(e value.Value) bool { return !in(e) }) && !slices.ContainsFunc(sent.Remove, in)
}

func showsList(a schema.Attr, typ schema.Type, sent, answer value.List) bool {
	if len(sent) != len(answer) {
		return false
	}
	if !a.Set && a.ElemKey == "" {
		for i := range sent {
			if !shows(a, elem(typ), sent[i], answer[i]) {
				return false
			}
		}
		return true
	}
	for _, e := range sent {
		if !slices.ContainsFunc(answer, func(l value.Value) bool { return shows(a, elem(typ), e, l) }) {
			return false
		}
	}
	return true
}

func showsObject(typ schema.Type, sent, answer value.Object) bool {
	if typ.Kind != schema.Map {
		return confirms(typ.Attrs, sent, answer)
	}
	for name, v := range sent {
		if !shows(schema.Attr{}, elem(typ), v, answer[name]) {
			return false
		}
	}
	return true
}
