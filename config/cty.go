package config

import (
	"github.com/zclconf/go-cty/cty"

	"github.com/isaworks/isa/internal/schema"
	"github.com/isaworks/isa/internal/value"
)

// typeOf returns the type in expressions of an argument of a referenced object,
// or NilType when expressions cannot read it: secrets, and values of any shape.
func typeOf(t schema.Type) cty.Type {
	switch t.Kind {
	case schema.String, schema.File:
		return cty.String
	case schema.Int:
		return cty.Number
	case schema.Bool:
		return cty.Bool
	case schema.Reference:
		return refType
	case schema.List, schema.Map:
		elem := typeOf(*t.Elem)
		switch {
		case elem == cty.NilType:
			return cty.NilType
		case t.Kind == schema.List:
			return cty.List(elem)
		}
		return cty.Map(elem)
	case schema.Object:
		types := map[string]cty.Type{}
		for _, a := range t.Attrs {
			if e := typeOf(a.Type); e != cty.NilType {
				types[a.Name] = e
			}
		}
		return cty.Object(types)
	}
	return cty.NilType
}

// ctyOf returns a value for use in expressions. Unmanaged and cleared are null.
func ctyOf(t schema.Type, v value.Value) cty.Value {
	typ := typeOf(t)
	switch v := v.(type) {
	case value.String:
		if t.Kind == schema.File {
			name, _ := schema.FileParts(string(v))
			return cty.StringVal(name)
		}
		return cty.StringVal(string(v))
	case value.Int:
		return cty.NumberIntVal(int64(v))
	case value.Bool:
		return cty.BoolVal(bool(v))
	case value.Ref:
		a := v.Addr
		return cty.CapsuleVal(refType, &a)
	case value.List:
		if len(v) == 0 {
			return cty.ListValEmpty(typ.ElementType())
		}
		vals := make([]cty.Value, len(v))
		for i, e := range v {
			vals[i] = ctyOf(*t.Elem, e)
		}
		return cty.ListVal(vals)
	case value.Object:
		return ctyObject(t, typ, v)
	}
	return cty.NullVal(typ)
}

func ctyObject(t schema.Type, typ cty.Type, v value.Object) cty.Value {
	vals := map[string]cty.Value{}
	if t.Kind == schema.Map {
		for name, e := range v {
			vals[name] = ctyOf(*t.Elem, e)
		}
		if len(vals) == 0 {
			return cty.MapValEmpty(typ.ElementType())
		}
		return cty.MapVal(vals)
	}
	for _, a := range t.Attrs {
		if typ.HasAttribute(a.Name) {
			vals[a.Name] = ctyOf(a.Type, v[a.Name])
		}
	}
	return cty.ObjectVal(vals)
}
