package config

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/hashicorp/hcl/v2/ext/tryfunc"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty-yaml"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
	"github.com/zclconf/go-cty/cty/function"
	"github.com/zclconf/go-cty/cty/function/stdlib"

	"github.com/isaworks/isa/internal/sheet"
)

// functions lists what expressions may call.
func (l *loader) functions() map[string]function.Function {
	out := map[string]function.Function{
		"try": tryfunc.TryFunc, "can": tryfunc.CanFunc,
		"abs": stdlib.AbsoluteFunc, "ceil": stdlib.CeilFunc, "floor": stdlib.FloorFunc, "log": stdlib.LogFunc,
		"max": stdlib.MaxFunc, "min": stdlib.MinFunc, "pow": stdlib.PowFunc, "signum": stdlib.SignumFunc, "parseint": stdlib.ParseIntFunc,
		"chunklist": stdlib.ChunklistFunc, "coalesce": stdlib.CoalesceFunc, "coalescelist": stdlib.CoalesceListFunc,
		"compact": stdlib.CompactFunc, "concat": stdlib.ConcatFunc, "distinct": stdlib.DistinctFunc, "element": stdlib.ElementFunc,
		"flatten": stdlib.FlattenFunc, "index": stdlib.IndexFunc, "keys": stdlib.KeysFunc, "merge": stdlib.MergeFunc,
		"range": stdlib.RangeFunc, "reverse": stdlib.ReverseListFunc, "setintersection": stdlib.SetIntersectionFunc,
		"setproduct": stdlib.SetProductFunc, "setsubtract": stdlib.SetSubtractFunc, "setunion": stdlib.SetUnionFunc,
		"slice": stdlib.SliceFunc, "sort": stdlib.SortFunc, "values": stdlib.ValuesFunc, "zipmap": stdlib.ZipmapFunc,
		"chomp": nullSafe(stdlib.ChompFunc), "format": stdlib.FormatFunc, "formatlist": stdlib.FormatListFunc, "indent": nullSafe(stdlib.IndentFunc),
		"join": stdlib.JoinFunc, "lower": nullSafe(stdlib.LowerFunc), "upper": nullSafe(stdlib.UpperFunc), "title": nullSafe(stdlib.TitleFunc),
		"regex": stdlib.RegexFunc, "regexall": stdlib.RegexAllFunc, "regexreplace": nullSafe(stdlib.RegexReplaceFunc), "replace": nullSafe(replaceFunc),
		"split": nullSafe(stdlib.SplitFunc), "strlen": nullSafe(stdlib.StrlenFunc), "strrev": nullSafe(stdlib.ReverseFunc), "substr": nullSafe(stdlib.SubstrFunc),
		"trim": nullSafe(stdlib.TrimFunc), "trimprefix": nullSafe(stdlib.TrimPrefixFunc), "trimsuffix": nullSafe(stdlib.TrimSuffixFunc), "trimspace": nullSafe(stdlib.TrimSpaceFunc),
		"jsondecode": nullSafe(stdlib.JSONDecodeFunc), "jsonencode": stdlib.JSONEncodeFunc, "csvdecode": nullSafe(stdlib.CSVDecodeFunc),
		"yamldecode": nullSafe(yaml.YAMLDecodeFunc), "yamlencode": yaml.YAMLEncodeFunc,
		"tostring": conversion(cty.String), "tonumber": conversion(cty.Number), "tobool": conversion(cty.Bool),
		"tolist": conversion(cty.List(cty.DynamicPseudoType)), "toset": conversion(cty.Set(cty.DynamicPseudoType)), "tomap": conversion(cty.Map(cty.DynamicPseudoType)),
		"startswith": affix(strings.HasPrefix), "endswith": affix(strings.HasSuffix), "strcontains": affix(strings.Contains),
		"contains": containsFunc(), "length": lengthFunc(), "lookup": lookupFunc(), "one": oneFunc(),
		"alltrue": quantifier(true), "anytrue": quantifier(false), "sum": sumFunc(),
		"group_by": groupByFunc(), "find": l.findFunc(), "sheet": l.sheetFunc(),
		"env": l.envFunc(), "file": l.fileFunc(), "fileset": l.filesetFunc(), "as_of": l.asOfFunc(),
	}
	maps.Copy(out, l.humanFunctions())
	maps.Copy(out, l.secretFunctions())
	return out
}

// fixError is an error of a function with the way out.
type fixError struct{ text, fix string }

func (e *fixError) Error() string { return e.text }

func wayOut(err error) (string, bool) {
	var f *fixError
	if errors.As(err, &f) {
		return f.fix, true
	}
	return "", false
}

// nullSafe makes a function answer null when its first argument is null, so that
// a half-filled column stops nothing. For split the text is the second argument.
func nullSafe(f function.Function) function.Function {
	params := slices.Clone(f.Params())
	for i := range params {
		params[i].AllowNull = true
	}
	spec := &function.Spec{
		Params: params,
		Type: func(args []cty.Value) (cty.Type, error) {
			if anyNull(args) {
				if t, err := f.ReturnType(typesOf(args)); err == nil {
					return t, nil
				}
				return cty.DynamicPseudoType, nil
			}
			return f.ReturnTypeForValues(args)
		},
		Impl: func(args []cty.Value, t cty.Type) (cty.Value, error) {
			if anyNull(args) {
				return cty.NullVal(t), nil
			}
			return f.Call(args)
		},
	}
	return function.New(spec)
}

func anyNull(args []cty.Value) bool { return slices.ContainsFunc(args, cty.Value.IsNull) }

func typesOf(args []cty.Value) []cty.Type {
	out := make([]cty.Type, len(args))
	for i, a := range args {
		out[i] = a.Type()
	}
	return out
}

// any is a parameter that takes everything as it is. Marks are let through, so
// that large collections are not searched for them at each call.
func anyParam(name string) function.Parameter {
	return function.Parameter{Name: name, Type: cty.DynamicPseudoType, AllowNull: true, AllowDynamicType: true, AllowMarked: true}
}

func textParam(name string) function.Parameter {
	return function.Parameter{Name: name, Type: cty.String, AllowNull: true}
}

func dynamicType([]cty.Value) (cty.Type, error) { return cty.DynamicPseudoType, nil }

// replaceFunc replaces a part of a text; a pattern between slashes is a regular
// expression.
var replaceFunc = function.New(&function.Spec{
	Params: []function.Parameter{{Name: "text", Type: cty.String}, {Name: "old", Type: cty.String}, {Name: "new", Type: cty.String}},
	Type:   function.StaticReturnType(cty.String),
	Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
		old := args[1].AsString()
		if len(old) > 1 && old[0] == '/' && old[len(old)-1] == '/' {
			return stdlib.RegexReplace(args[0], cty.StringVal(old[1:len(old)-1]), args[2])
		}
		return cty.StringVal(strings.ReplaceAll(args[0].AsString(), old, args[2].AsString())), nil
	},
})

// conversion is a function such as tonumber.
func conversion(t cty.Type) function.Function {
	return function.New(&function.Spec{
		Params: []function.Parameter{{Name: "v", Type: cty.DynamicPseudoType, AllowNull: true, AllowDynamicType: true}},
		Type: func(args []cty.Value) (cty.Type, error) {
			v, err := convert.Convert(args[0], t)
			if err != nil {
				return cty.NilType, fmt.Errorf("%s cannot be made a %s", described(args[0]), t.FriendlyName())
			}
			return v.Type(), nil
		},
		Impl: func(args []cty.Value, t cty.Type) (cty.Value, error) { return convert.Convert(args[0], t) },
	})
}

// affix is a test of a text by another; null answers false.
func affix(test func(text, part string) bool) function.Function {
	return function.New(&function.Spec{
		Params: []function.Parameter{textParam("text"), textParam("part")},
		Type:   function.StaticReturnType(cty.Bool),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			if anyNull(args) {
				return cty.False, nil
			}
			return cty.BoolVal(test(args[0].AsString(), args[1].AsString())), nil
		},
	})
}

// containsFunc tells whether a collection has a value, or a text a part; null
// answers false.
func containsFunc() function.Function {
	return function.New(&function.Spec{
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
	})
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

func lengthFunc() function.Function {
	return function.New(&function.Spec{
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
	})
}

// lookupFunc returns an element of a map, or a default.
func lookupFunc() function.Function {
	rest := anyParam("default")
	return function.New(&function.Spec{
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
	})
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

func oneFunc() function.Function {
	return function.New(&function.Spec{
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
	})
}

func quantifier(all bool) function.Function {
	return function.New(&function.Spec{
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
	})
}

func sumFunc() function.Function {
	return function.New(&function.Spec{
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
	})
}

// groupByFunc collects rows by the text of one column; rows in which it is empty
// are left out.
func groupByFunc() function.Function {
	return function.New(&function.Spec{
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
	})
}

// findFunc returns an object of a block by its key, or null with a warning.
func (l *loader) findFunc() function.Function {
	return function.New(&function.Spec{
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
	})
}

// sheetFunc reads a table.
func (l *loader) sheetFunc() function.Function {
	rest := anyParam("options")
	return function.New(&function.Spec{
		Params: []function.Parameter{{Name: "path", Type: cty.String}}, VarParam: &rest,
		Type: function.StaticReturnType(cty.List(cty.Map(cty.String))),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			o, err := sheetOptions(args[1:])
			if err != nil {
				return cty.NilVal, err
			}
			t, wrong := l.tables.open(args[0].AsString(), o)
			if wrong.HasErrors() {
				return cty.NilVal, &listError{wrong}
			}
			return t.list, nil
		},
	})
}

// sheetOptions reads the second argument of sheet().
func sheetOptions(args []cty.Value) (sheet.Options, error) {
	var o sheet.Options
	if len(args) == 0 || args[0].IsNull() {
		return o, nil
	}
	if len(args) > 1 {
		return o, errors.New("it takes a path and one object of options")
	}
	if args[0].ContainsMarked() || !args[0].IsWhollyKnown() || !isMapping(args[0].Type()) {
		return o, &fixError{"the options are no object", `write { sheet = "…", header_row = 1 }`}
	}
	given := args[0].AsValueMap()
	texts := map[string]*string{"sheet": &o.Sheet, "range": &o.Range, "encoding": &o.Encoding, "delimiter": &o.Delimiter}
	for _, name := range slices.Sorted(maps.Keys(given)) {
		v := given[name]
		switch {
		case v.IsNull():
		case texts[name] != nil:
			c, err := convert.Convert(v, cty.String)
			if err != nil {
				return o, fmt.Errorf("%s is no text", name)
			}
			*texts[name] = c.AsString()
		case name == "header_row":
			c, err := convert.Convert(v, cty.Number)
			if err != nil {
				return o, errors.New("header_row is no number")
			}
			n, _ := c.AsBigFloat().Int64()
			if !c.RawEquals(cty.NumberIntVal(n)) || n < 1 || n > 1<<20 {
				return o, errors.New("header_row is no row")
			}
			o.HeaderRow = int(n)
		default:
			names := []string{"sheet", "header_row", "range", "encoding", "delimiter"}
			return o, &fixError{fmt.Sprintf("there is no option %s", name), didYouMean(name, names, "use "+strings.Join(names, ", "))}
		}
	}
	return o, nil
}

// literalTable reads the arguments of sheet() when they are written out.
func literalTable(args []hclsyntax.Expression) (string, sheet.Options, bool) {
	vals := make([]cty.Value, len(args))
	for i, a := range args {
		v, found := a.Value(nil)
		if found.HasErrors() || !v.IsWhollyKnown() {
			return "", sheet.Options{}, false
		}
		vals[i] = v
	}
	if len(vals) == 0 || vals[0].Type() != cty.String || vals[0].IsNull() {
		return "", sheet.Options{}, false
	}
	o, err := sheetOptions(vals[1:])
	return vals[0].AsString(), o, err == nil
}

func (l *loader) envFunc() function.Function {
	return function.New(&function.Spec{
		Params: []function.Parameter{{Name: "name", Type: cty.String}},
		Type:   function.StaticReturnType(cty.String),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			name := args[0].AsString()
			text, ok := l.opts.Env(name)
			if !ok {
				l.tables.env[name] = ""
				return cty.NullVal(cty.String), nil
			}
			l.tables.env[name] = "=" + text
			return cty.StringVal(text), nil
		},
	})
}

func (l *loader) fileFunc() function.Function {
	return function.New(&function.Spec{
		Params: []function.Parameter{{Name: "path", Type: cty.String}},
		Type:   function.StaticReturnType(cty.String),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			data, err := l.files.read(args[0].AsString())
			if err != nil {
				return cty.NilVal, &fixError{plainError(err), "correct the path; it is relative to the directory of the configuration"}
			}
			if !utf8.Valid(data) {
				return cty.NilVal, &fixError{args[0].AsString() + " is not UTF-8", "save it as UTF-8; sheet() reads other tables"}
			}
			return cty.StringVal(strings.TrimPrefix(string(data), "\ufeff")), nil
		},
	})
}

func (l *loader) filesetFunc() function.Function {
	return function.New(&function.Spec{
		Params: []function.Parameter{{Name: "directory", Type: cty.String}, {Name: "pattern", Type: cty.String}},
		Type:   function.StaticReturnType(cty.Set(cty.String)),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			dir, pattern := path.Clean(args[0].AsString()), args[1].AsString()
			fsys, name, err := l.files.locate(dir)
			if err != nil {
				return cty.NilVal, &fixError{plainError(err), "name a directory within the configuration"}
			}
			found, err := matches(fsys, name, pattern)
			if err != nil {
				return cty.NilVal, &fixError{plainError(err), "correct the directory or the pattern"}
			}
			if len(found) == 0 {
				return cty.SetValEmpty(cty.String), nil
			}
			vals := make([]cty.Value, len(found))
			for i, f := range found {
				vals[i] = cty.StringVal(f)
			}
			return cty.SetVal(vals), nil
		},
	})
}

// matches lists the files below dir, relative to it, that a pattern describes;
// ** stands for any directories.
func matches(fsys fs.FS, dir, pattern string) ([]string, error) {
	if _, err := path.Match(strings.ReplaceAll(pattern, "**", "*"), ""); err != nil {
		return nil, fmt.Errorf("%q is no pattern", pattern)
	}
	want := strings.Split(pattern, "/")
	var out []string
	err := fs.WalkDir(fsys, dir, func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		rel := strings.TrimPrefix(strings.TrimPrefix(p, dir), "/")
		if dir == "." {
			rel = p
		}
		if matchParts(want, strings.Split(rel, "/")) {
			out = append(out, rel)
		}
		return nil
	})
	return out, err
}

func matchParts(want, have []string) bool {
	switch {
	case len(want) == 0:
		return len(have) == 0
	case want[0] == "**":
		return matchParts(want[1:], have) || len(have) > 0 && matchParts(want, have[1:])
	case len(have) == 0:
		return false
	}
	ok, err := path.Match(want[0], have[0])
	return err == nil && ok && matchParts(want[1:], have[1:])
}

// asOfFunc returns the date that was asked for with --as-of, or null.
func (l *loader) asOfFunc() function.Function {
	return function.New(&function.Spec{
		Type: function.StaticReturnType(cty.String),
		Impl: func([]cty.Value, cty.Type) (cty.Value, error) {
			if l.opts.AsOf == "" {
				return cty.NullVal(cty.String), nil
			}
			return cty.StringVal(l.opts.AsOf), nil
		},
	})
}
