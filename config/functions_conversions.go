package config

import (
	"fmt"
	"maps"
	"slices"

	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
	"github.com/zclconf/go-cty/cty/function"
	"github.com/zclconf/go-cty/cty/function/stdlib"
)

// A for expression gives a tuple. Where a list, a set or a map is wanted, the library
// looks for a type that fits all elements and compares the type of each with that of each:
// minutes for 100,000 rows. Elements of one type need no search.

// conversion is a function such as tonumber.
func conversion(t cty.Type) *function.Spec {
	return &function.Spec{
		Params: []function.Parameter{{Name: "v", Type: cty.DynamicPseudoType, AllowNull: true, AllowDynamicType: true}},
		Type: func(args []cty.Value) (cty.Type, error) {
			v, err := collected(args[0], t)
			if err != nil {
				return cty.NilType, fmt.Errorf("%s cannot be made a %s", described(args[0]), t.FriendlyName())
			}
			return v.Type(), nil
		},
		Impl: func(args []cty.Value, t cty.Type) (cty.Value, error) { return collected(args[0], t) },
	}
}

// collected is convert.Convert, quick for a collection of elements of one type.
func collected(v cty.Value, to cty.Type) (cty.Value, error) {
	if !plain(v) {
		return convert.Convert(v, to)
	}
	switch element, ok := oneType(v.Type()); {
	case !ok || !to.IsCollectionType() || to.ElementType() != cty.DynamicPseudoType && !to.ElementType().Equals(element):
	case to.IsListType() && v.Type().IsTupleType():
		return cty.ListVal(v.AsValueSlice()), nil
	case to.IsSetType() && v.Type().IsTupleType():
		return cty.SetVal(v.AsValueSlice()), nil
	case to.IsMapType() && v.Type().IsObjectType():
		return cty.MapVal(v.AsValueMap()), nil
	}
	return convert.Convert(v, to)
}

// oneType is the type of all elements of a tuple or an object.
func oneType(t cty.Type) (cty.Type, bool) {
	var elements []cty.Type
	switch {
	case t.IsTupleType():
		elements = t.TupleElementTypes()
	case t.IsObjectType():
		elements = slices.Collect(maps.Values(t.AttributeTypes()))
	}
	if len(elements) == 0 || elements[0].HasDynamicTypes() {
		return cty.NilType, false
	}
	others := slices.ContainsFunc(elements[1:], func(e cty.Type) bool { return !e.Equals(elements[0]) })
	return elements[0], !others
}

// ofCollections lets a function of the library that wants collections collect them itself.
func ofCollections(f function.Function) function.Function {
	spec := &function.Spec{Description: f.Description(), Params: slices.Clone(f.Params())}
	wants := make([]cty.Type, len(spec.Params))
	collects := false
	taken := func(p *function.Parameter) cty.Type {
		want := p.Type
		if want.IsCollectionType() {
			p.Type, collects = cty.DynamicPseudoType, true
		}
		return want
	}
	for i := range spec.Params {
		wants[i] = taken(&spec.Params[i])
	}
	var rest cty.Type
	if p := f.VarParam(); p != nil {
		more := *p
		rest = taken(&more)
		spec.VarParam = &more
	}
	if !collects {
		return f
	}
	collect := func(args []cty.Value) ([]cty.Value, error) {
		out := slices.Clone(args)
		for i, v := range args {
			want := rest
			if i < len(wants) {
				want = wants[i]
			}
			if !want.IsCollectionType() {
				continue
			}
			var err error
			if out[i], err = collected(v, want); err != nil {
				return nil, function.NewArgError(i, err)
			}
		}
		return out, nil
	}
	spec.Type = func(args []cty.Value) (cty.Type, error) {
		args, err := collect(args)
		if err != nil {
			return cty.NilType, err
		}
		return f.ReturnTypeForValues(args)
	}
	spec.Impl = func(args []cty.Value, _ cty.Type) (cty.Value, error) {
		args, err := collect(args)
		if err != nil {
			return cty.NilVal, err
		}
		return f.Call(args)
	}
	return function.New(spec)
}

// distinctFunc leaves one of equal elements, the first. The library's compares each
// element with each.
func distinctFunc() *function.Spec {
	library := ofCollections(stdlib.DistinctFunc)
	return &function.Spec{
		Params: library.Params(),
		Type:   library.ReturnTypeForValues,
		Impl: func(args []cty.Value, t cty.Type) (cty.Value, error) {
			list, err := collected(args[0], t)
			if err != nil || list.LengthInt() == 0 || !list.IsWhollyKnown() || list.ContainsMarked() {
				return library.Call(args)
			}
			seen := map[int][]cty.Value{}
			var out []cty.Value
			for it := list.ElementIterator(); it.Next(); {
				_, v := it.Element()
				hash := v.Hash()
				if v.RawEquals(cty.Zero) {
					hash = cty.Zero.Hash() // that of -0 is another
				}
				if !slices.ContainsFunc(seen[hash], v.RawEquals) {
					seen[hash] = append(seen[hash], v)
					out = append(out, v)
				}
			}
			return cty.ListVal(out), nil
		},
	}
}
