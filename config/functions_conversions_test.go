package config

import (
	"slices"
	"testing"

	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
	"github.com/zclconf/go-cty/cty/function"
	"github.com/zclconf/go-cty/cty/function/stdlib"
)

// collections are such as expressions give them.
func someCollections() []cty.Value {
	a, b, one, two := cty.StringVal("a"), cty.StringVal("b"), cty.NumberIntVal(1), cty.NumberIntVal(2)
	row := cty.ObjectVal(map[string]cty.Value{"x": a})
	other := cty.ObjectVal(map[string]cty.Value{"y": b})
	return []cty.Value{
		cty.EmptyTupleVal, cty.EmptyObjectVal, cty.ListValEmpty(cty.String), cty.MapValEmpty(cty.String),
		cty.TupleVal([]cty.Value{a, b, a}), cty.TupleVal([]cty.Value{two, one, two}), cty.TupleVal([]cty.Value{cty.Zero, cty.Zero.Negate()}), cty.TupleVal([]cty.Value{a, one, cty.StringVal("1"), cty.True}),
		cty.TupleVal([]cty.Value{row, row}), cty.TupleVal([]cty.Value{row, other, row}), cty.TupleVal([]cty.Value{cty.True, cty.False}),
		cty.TupleVal([]cty.Value{a, cty.NullVal(cty.String), a}), cty.TupleVal([]cty.Value{a, cty.NullVal(cty.DynamicPseudoType)}),
		cty.TupleVal([]cty.Value{a, cty.UnknownVal(cty.String), a}), cty.TupleVal([]cty.Value{a, cty.DynamicVal}),
		cty.TupleVal([]cty.Value{a.Mark("secret"), b, a}), cty.TupleVal([]cty.Value{a, b}).Mark("secret"),
		cty.ListVal([]cty.Value{b, a, b}), cty.SetVal([]cty.Value{b, a}), cty.ListVal([]cty.Value{row, row}), cty.MapVal(map[string]cty.Value{"k": a}),
		cty.ObjectVal(map[string]cty.Value{"k": a, "l": b}), cty.ObjectVal(map[string]cty.Value{"k": a, "l": one}), row,
		cty.NullVal(cty.List(cty.String)), cty.UnknownVal(cty.List(cty.String)), cty.DynamicVal, a, one,
	}
}

// TestCollectionsAreCollectedAsTheLibraryDoes: what is quicker gives the same.
func TestCollectionsAreCollectedAsTheLibraryDoes(t *testing.T) {
	any := cty.DynamicPseudoType
	for _, v := range someCollections() {
		for _, to := range []cty.Type{cty.List(any), cty.Set(any), cty.Map(any), cty.List(cty.String), cty.Set(cty.Number), cty.Map(cty.String), cty.String} {
			want, wrong := convert.Convert(v, to)
			got, err := collected(v, to)
			if (err == nil) != (wrong == nil) || err == nil && !same(got, want) {
				t.Errorf("%#v as %s is %#v, %v; the library has %#v, %v", v, to.FriendlyName(), got, err, want, wrong)
			}
		}
	}
	functions := libraryFunctions()
	functions["distinct"] = stdlib.DistinctFunc
	for name, f := range functions {
		ours := ofCollections(f)
		if name == "distinct" {
			ours = ofCollections(function.New(distinctFunc()))
		}
		for _, args := range argumentsOf(f) {
			want, wrong := asCalled(f, args)
			got, err := asCalled(ours, args)
			if got == cty.DynamicVal && slices.Contains(args, cty.DynamicVal) {
				continue // it is called again when the argument is known
			}
			if (err == nil) != (wrong == nil) || err == nil && !same(got, want) {
				t.Errorf("%s%#v is %#v, %v; the library has %#v, %v", name, args, got, err, want, wrong)
			}
		}
	}
}

// same tells whether two values are, whatever is known about one that is not known.
func same(a, b cty.Value) bool {
	x, marks := a.Unmark()
	y, others := b.Unmark()
	if marks.Equal(others) && !x.IsKnown() && !y.IsKnown() {
		return x.Type().Equals(y.Type())
	}
	return a.RawEquals(b)
}

// argumentsOf are lists of arguments of which some fit.
func argumentsOf(f function.Function) [][]cty.Value {
	n := len(f.Params())
	if f.VarParam() != nil {
		n++
	}
	var out [][]cty.Value
	switch n {
	case 1:
		for _, v := range someCollections() {
			out = append(out, []cty.Value{v})
		}
	case 2:
		for _, v := range someCollections() {
			for _, w := range someCollections() {
				out = append(out, []cty.Value{v, w})
			}
			out = append(out, []cty.Value{cty.StringVal(","), v, v})
		}
	}
	return out
}

// asCalled calls a function as expressions do: with arguments of the types that it wants.
func asCalled(f function.Function, args []cty.Value) (cty.Value, error) {
	in := make([]cty.Value, len(args))
	for i, v := range args {
		want := cty.DynamicPseudoType
		if i < len(f.Params()) {
			want = f.Params()[i].Type
		} else if f.VarParam() != nil {
			want = f.VarParam().Type
		}
		var err error
		if in[i], err = convert.Convert(v, want); err != nil {
			return cty.NilVal, err
		}
	}
	return f.Call(in)
}
