package config

import (
	"errors"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2/ext/tryfunc"
	"github.com/zclconf/go-cty-yaml"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
	"github.com/zclconf/go-cty/cty/function/stdlib"
)

// functions lists what expressions may call: the library's functions and isa's
// own, which direct calls can reach without the library's checks.
func (l *loader) functions() map[string]function.Function {
	out := libraryFunctions()
	for name, spec := range l.specs {
		out[name] = function.New(spec)
	}
	for name, f := range out {
		out[name] = ofCollections(f)
	}
	return out
}

// libraryFunctions are those that need no change.
func libraryFunctions() map[string]function.Function {
	return map[string]function.Function{
		"try": tryfunc.TryFunc, "can": tryfunc.CanFunc, "abs": stdlib.AbsoluteFunc, "ceil": stdlib.CeilFunc, "floor": stdlib.FloorFunc,
		"log": stdlib.LogFunc, "max": stdlib.MaxFunc, "min": stdlib.MinFunc, "pow": stdlib.PowFunc, "signum": stdlib.SignumFunc,
		"parseint": stdlib.ParseIntFunc, "chunklist": stdlib.ChunklistFunc, "coalesce": stdlib.CoalesceFunc, "coalescelist": stdlib.CoalesceListFunc,
		"compact": stdlib.CompactFunc, "concat": stdlib.ConcatFunc, "element": stdlib.ElementFunc,
		"flatten": stdlib.FlattenFunc, "index": stdlib.IndexFunc, "keys": stdlib.KeysFunc, "merge": stdlib.MergeFunc, "range": stdlib.RangeFunc,
		"reverse": stdlib.ReverseListFunc, "setintersection": stdlib.SetIntersectionFunc, "setproduct": stdlib.SetProductFunc,
		"setsubtract": stdlib.SetSubtractFunc, "setunion": stdlib.SetUnionFunc, "slice": stdlib.SliceFunc, "sort": stdlib.SortFunc,
		"values": stdlib.ValuesFunc, "zipmap": stdlib.ZipmapFunc, "format": stdlib.FormatFunc, "formatlist": stdlib.FormatListFunc, "join": stdlib.JoinFunc,
		"regex": stdlib.RegexFunc, "regexall": stdlib.RegexAllFunc, "jsonencode": stdlib.JSONEncodeFunc, "yamlencode": yaml.YAMLEncodeFunc,
	}
}

// ownFunctions are isa's own, and the library's where null stops nothing.
func (l *loader) ownFunctions() map[string]*function.Spec {
	out := map[string]*function.Spec{
		"chomp": nullSafe(stdlib.ChompFunc), "indent": nullSafe(stdlib.IndentFunc), "lower": nullSafe(stdlib.LowerFunc),
		"upper": nullSafe(stdlib.UpperFunc), "title": nullSafe(stdlib.TitleFunc), "regexreplace": nullSafe(stdlib.RegexReplaceFunc),
		"replace": nullSafe(replaceFunc()), "split": nullSafe(stdlib.SplitFunc), "strlen": nullSafe(stdlib.StrlenFunc),
		"strrev": nullSafe(stdlib.ReverseFunc), "substr": nullSafe(stdlib.SubstrFunc), "trim": nullSafe(stdlib.TrimFunc),
		"trimprefix": nullSafe(stdlib.TrimPrefixFunc), "trimsuffix": nullSafe(stdlib.TrimSuffixFunc), "trimspace": nullSafe(stdlib.TrimSpaceFunc),
		"jsondecode": nullSafe(stdlib.JSONDecodeFunc), "csvdecode": nullSafe(stdlib.CSVDecodeFunc), "yamldecode": nullSafe(yaml.YAMLDecodeFunc),
		"tostring": conversion(cty.String), "tonumber": conversion(cty.Number), "tobool": conversion(cty.Bool),
		"tolist": conversion(cty.List(cty.DynamicPseudoType)), "toset": conversion(cty.Set(cty.DynamicPseudoType)),
		"tomap": conversion(cty.Map(cty.DynamicPseudoType)), "startswith": affix(strings.HasPrefix), "endswith": affix(strings.HasSuffix),
		"strcontains": affix(strings.Contains), "distinct": distinctFunc(), "contains": containsFunc(), "length": lengthFunc(), "lookup": lookupFunc(), "one": oneFunc(),
		"alltrue": quantifier(true), "anytrue": quantifier(false), "sum": sumFunc(), "group_by": groupByFunc(), "find": l.findFunc(),
		"sheet": l.sheetFunc(), "env": l.envFunc(), "file": l.fileFunc(), "fileset": l.filesetFunc(), "as_of": l.asOfFunc(),
	}
	maps.Copy(out, dayFunctions())
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
func nullSafe(f function.Function) *function.Spec {
	params := slices.Clone(f.Params())
	for i := range params {
		params[i].AllowNull = true
	}
	return &function.Spec{
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
func replaceFunc() function.Function {
	return function.New(&function.Spec{
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
}

// affix is a test of a text by another; null answers false.
func affix(test func(text, part string) bool) *function.Spec {
	return &function.Spec{
		Params: []function.Parameter{textParam("text"), textParam("part")},
		Type:   function.StaticReturnType(cty.Bool),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			if anyNull(args) {
				return cty.False, nil
			}
			return cty.BoolVal(test(args[0].AsString(), args[1].AsString())), nil
		},
	}
}
