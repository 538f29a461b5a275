package config

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
	"github.com/zclconf/go-cty/cty/function"
)

// containsFunc tells whether a collection has a value, or a text a part; null
// answers false.
func containsFunc() *function.Spec {
	return &function.Spec{
		Params: []function.Parameter{anyParam("list"), anyParam("value")},
		Type:   function.StaticReturnType(cty.Bool),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			list, marks := args[0].Unmark()
			want, more := args[1].Unmark()
			if list.IsNull() || want.IsNull() {
				return cty.False.WithMarks(marks, more), nil
			}
			if list.Type() == cty.String && want.Type() == cty.String {
				return cty.BoolVal(strings.Contains(list.AsString(), want.AsString())).WithMarks(marks, more), nil
			}
			if !list.CanIterateElements() || list.Type().IsMapType() || list.Type().IsObjectType() {
				return cty.NilVal, fmt.Errorf("the first argument is a %s, not a list", friendly(list.Type()))
			}
			v, err := has(list, want)
			return v.WithMarks(marks, more), err
		},
	}
}

func has(list, want cty.Value) (cty.Value, error) {
	known := true
	for it := list.ElementIterator(); it.Next(); {
		_, e := it.Element()
		eq := equalAs(e, want)
		if eq.IsMarked() {
			return cty.False, &fixError{"the list holds secrets", secretFix}
		}
		if !eq.IsKnown() {
			known = false
		} else if eq.True() {
			return cty.True, nil
		}
	}
	if !known {
		return cty.UnknownVal(cty.Bool), nil
	}
	return cty.False, nil
}

// equalAs compares two values, numbers with texts as texts.
func equalAs(a, b cty.Value) cty.Value {
	if a.IsNull() || b.IsNull() {
		return cty.BoolVal(a.IsNull() && b.IsNull())
	}
	if !a.Type().Equals(b.Type()) && a.Type().IsPrimitiveType() && b.Type().IsPrimitiveType() {
		if c, err := convert.Convert(b, a.Type()); err == nil {
			return a.Equals(c)
		}
	}
	return a.Equals(b)
}

func lengthFunc() *function.Spec {
	return &function.Spec{
		Params: []function.Parameter{anyParam("v")},
		Type:   function.StaticReturnType(cty.Number),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			v, marks := args[0].Unmark()
			switch {
			case v.IsNull():
				return cty.Zero.WithMarks(marks), nil
			case v.Type() == cty.String:
				return cty.NumberIntVal(int64(utf8.RuneCountInString(v.AsString()))).WithMarks(marks), nil
			case v.CanIterateElements() && !isReference(v.Type()):
				return cty.NumberIntVal(int64(v.LengthInt())).WithMarks(marks), nil
			}
			return cty.NilVal, fmt.Errorf("a %s has no length", friendly(v.Type()))
		},
	}
}

// lookupFunc returns an element of a map, or a default.
func lookupFunc() *function.Spec {
	rest := anyParam("default")
	return &function.Spec{
		Params: []function.Parameter{anyParam("map"), anyParam("key")}, VarParam: &rest,
		Type: dynamicType,
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			coll, marks := args[0].Unmark()
			key, more := args[1].Unmark()
			if len(args) > 3 {
				return cty.NilVal, errors.New("it takes a map, a key and one default")
			}
			v, ok, err := element(coll, key)
			switch {
			case err != nil:
				return cty.NilVal, err
			case ok:
				return v.WithMarks(marks, more), nil
			case len(args) == 3:
				return args[2].WithMarks(marks, more), nil
			}
			return cty.NilVal, &fixError{fmt.Sprintf("there is no element %q", keyText(key)), "give a default as third argument"}
		},
	}
}

func element(coll, key cty.Value) (cty.Value, bool, error) {
	if coll.IsNull() || key.IsNull() {
		return cty.NilVal, false, nil
	}
	if !isMapping(coll.Type()) {
		return cty.NilVal, false, fmt.Errorf("the first argument is a %s, not a map", friendly(coll.Type()))
	}
	text, err := convert.Convert(key, cty.String)
	if err != nil {
		return cty.NilVal, false, fmt.Errorf("the key is a %s, not a text", friendly(key.Type()))
	}
	name := text.AsString()
	if coll.Type().IsObjectType() {
		if !coll.Type().HasAttribute(name) {
			return cty.NilVal, false, nil
		}
		return coll.GetAttr(name), true, nil
	}
	if !coll.HasIndex(text).True() {
		return cty.NilVal, false, nil
	}
	return coll.Index(text), true, nil
}

func oneFunc() *function.Spec {
	return &function.Spec{
		Params: []function.Parameter{anyParam("list")}, Type: dynamicType,
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			v, marks := args[0].Unmark()
			if v.IsNull() {
				return cty.NullVal(cty.DynamicPseudoType), nil
			}
			if !v.CanIterateElements() || isMapping(v.Type()) {
				return cty.NilVal, fmt.Errorf("a %s is no list", friendly(v.Type()))
			}
			switch v.LengthInt() {
			case 0:
				return cty.NullVal(cty.DynamicPseudoType).WithMarks(marks), nil
			case 1:
				it := v.ElementIterator()
				it.Next()
				_, e := it.Element()
				return e.WithMarks(marks), nil
			}
			return cty.NilVal, fmt.Errorf("the list has %d elements, not one or none", v.LengthInt())
		},
	}
}

func quantifier(all bool) *function.Spec {
	return &function.Spec{
		Params: []function.Parameter{{Name: "list", Type: cty.List(cty.Bool), AllowNull: true}},
		Type:   function.StaticReturnType(cty.Bool),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			if args[0].IsNull() {
				return cty.BoolVal(all), nil
			}
			for it := args[0].ElementIterator(); it.Next(); {
				_, e := it.Element()
				if !e.IsKnown() {
					return cty.UnknownVal(cty.Bool), nil
				}
				if (!e.IsNull() && e.True()) != all {
					return cty.BoolVal(!all), nil
				}
			}
			return cty.BoolVal(all), nil
		},
	}
}

func sumFunc() *function.Spec {
	return &function.Spec{
		Params: []function.Parameter{{Name: "list", Type: cty.List(cty.Number)}},
		Type:   function.StaticReturnType(cty.Number),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			sum := cty.Zero
			for it := args[0].ElementIterator(); it.Next(); {
				if _, e := it.Element(); !e.IsNull() {
					sum = sum.Add(e)
				}
			}
			return sum, nil
		},
	}
}

// groupByFunc collects rows by the text of one column; rows in which it is empty
// are left out.
func groupByFunc() *function.Spec {
	return &function.Spec{
		Params: []function.Parameter{anyParam("rows"), {Name: "column", Type: cty.String}}, Type: dynamicType,
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			rows, column := args[0], args[1]
			if rows.IsMarked() {
				return cty.NilVal, &fixError{"the rows depend on a secret", secretFix}
			}
			if rows.IsNull() {
				return cty.EmptyObjectVal, nil
			}
			if !rows.CanIterateElements() {
				return cty.NilVal, fmt.Errorf("a %s has no rows", friendly(rows.Type()))
			}
			groups := map[string][]cty.Value{}
			for it := rows.ElementIterator(); it.Next(); {
				_, row := it.Element()
				v, ok, err := element(row, column)
				if err != nil {
					return cty.NilVal, fmt.Errorf("a row is a %s, not a map", friendly(row.Type()))
				}
				switch {
				case !ok:
					return cty.NilVal, &fixError{fmt.Sprintf("a row has no column %q", column.AsString()), "use a heading of the table"}
				case !v.IsKnown():
					return cty.DynamicVal, nil
				case v.IsNull():
				default:
					key, err := convert.Convert(v, cty.String)
					if err != nil {
						return cty.NilVal, fmt.Errorf("a cell of %q is no text", column.AsString())
					}
					groups[key.AsString()] = append(groups[key.AsString()], row)
				}
			}
			out := make(map[string]cty.Value, len(groups))
			for key, rows := range groups {
				out[key] = cty.TupleVal(rows)
			}
			return cty.ObjectVal(out), nil
		},
	}
}

// findFunc returns an object of a block by its key, or null with a warning.
func (l *loader) findFunc() *function.Spec {
	return &function.Spec{
		Params: []function.Parameter{anyParam("block"), {Name: "key", Type: cty.String, AllowNull: true}}, Type: dynamicType,
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			coll, key := args[0], args[1]
			if coll.IsMarked() || !isMapping(coll.Type()) {
				return cty.NilVal, &fixError{"the first argument is no block with for_each", "name one, such as member.staff"}
			}
			v, ok, err := element(coll, key)
			if err != nil || ok {
				return v, err
			}
			if !key.IsNull() {
				l.note(note{
					"reference.gone", "An object that is gone", fmt.Sprintf("There is nothing with the key %q; it is left out.", key.AsString()),
					"remove it from the configuration, or correct the key",
				})
			}
			return cty.NullVal(cty.DynamicPseudoType), nil
		},
	}
}
