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

	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
	"github.com/zclconf/go-cty/cty/function"

	"github.com/isaworks/isa/internal/sheet"
)

// sheetFunc reads a table.
func (l *loader) sheetFunc() *function.Spec {
	rest := anyParam("options")
	return &function.Spec{
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
	}
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

func (l *loader) envFunc() *function.Spec {
	return &function.Spec{
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
	}
}

func (l *loader) fileFunc() *function.Spec {
	return &function.Spec{
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
	}
}

func (l *loader) filesetFunc() *function.Spec {
	return &function.Spec{
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
	}
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
func (l *loader) asOfFunc() *function.Spec {
	return &function.Spec{
		Type: function.StaticReturnType(cty.String),
		Impl: func([]cty.Value, cty.Type) (cty.Value, error) {
			if l.opts.AsOf == "" {
				return cty.NullVal(cty.String), nil
			}
			return cty.StringVal(l.opts.AsOf), nil
		},
	}
}
