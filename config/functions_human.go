package config

import (
	"fmt"
	"strings"

	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
	"github.com/zclconf/go-cty/cty/function"

	"github.com/isaworks/isa/internal/hr"
)

// humanFunctions are those for the values of Korean HR tables.
func (l *loader) humanFunctions() map[string]*function.Spec {
	return map[string]*function.Spec{
		"date":       dateFunc(),
		"phone":      textFunc(hr.Phone, "write a number such as 010-1234-5678"),
		"digits":     digitsFunc(),
		"number":     numberFunc(),
		"split_name": l.splitNameFunc(),
		"romanize":   l.romanizeFunc(),
	}
}

// textFunc makes a function of one text; null and blanks answer null.
func textFunc(f func(string) (string, error), fix string) *function.Spec {
	return &function.Spec{
		Params: []function.Parameter{textParam("text")},
		Type:   function.StaticReturnType(cty.String),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			if args[0].IsNull() || trimmed(args[0].AsString()) == "" {
				return cty.NullVal(cty.String), nil
			}
			text, err := f(args[0].AsString())
			if err != nil {
				return cty.NilVal, &fixError{err.Error(), fix}
			}
			return cty.StringVal(text), nil
		},
	}
}

// system1904 says that bare day numbers count from 1904-01-01, as in workbooks that
// old Macs made. Cells that are formatted as dates need no saying.
const system1904 = "1904"

// dateFunc reads a day; a second argument names the system of bare day numbers.
func dateFunc() *function.Spec {
	const fix = "write a date such as 2024-03-02"
	from1900, from1904 := textFunc(hr.Date, fix), textFunc(hr.DateSerial1904, fix)
	system := function.Parameter{Name: "system", Type: cty.String}
	return &function.Spec{
		Params: from1900.Params, VarParam: &system, Type: from1900.Type,
		Impl: func(args []cty.Value, t cty.Type) (cty.Value, error) {
			switch {
			case len(args) == 1:
				return from1900.Impl(args, t)
			case len(args) == 2 && args[1].AsString() == system1904:
				return from1904.Impl(args[:1], t)
			}
			return cty.NilVal, &fixError{`behind the text stands "1904" or nothing`, `write date(text), or date(text, "1904") for day numbers of a workbook that counts from 1904`}
		},
	}
}

func digitsFunc() *function.Spec {
	return &function.Spec{
		Params: []function.Parameter{textParam("text"), {Name: "width", Type: cty.Number}},
		Type:   function.StaticReturnType(cty.String),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			if args[0].IsNull() || trimmed(args[0].AsString()) == "" {
				return cty.NullVal(cty.String), nil
			}
			width, _ := args[1].AsBigFloat().Int64()
			if !args[1].RawEquals(cty.NumberIntVal(width)) || width < 1 || width > 100 {
				return cty.NilVal, &fixError{"the width is no number from 1 to 100", `write digits(text, 5)`}
			}
			text, err := hr.Digits(args[0].AsString(), int(width))
			if err != nil {
				return cty.NilVal, &fixError{err.Error(), "correct the cell or the width"}
			}
			return cty.StringVal(text), nil
		},
	}
}

// numberFunc reads a number from a text: blanks are null, thousands may be
// separated by commas.
func numberFunc() *function.Spec {
	return &function.Spec{
		Params: []function.Parameter{textParam("text")},
		Type:   function.StaticReturnType(cty.Number),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			if args[0].IsNull() || trimmed(args[0].AsString()) == "" {
				return cty.NullVal(cty.Number), nil
			}
			text := trimmed(args[0].AsString())
			n, err := convert.Convert(cty.StringVal(withoutCommas(text)), cty.Number)
			if err != nil {
				return cty.NilVal, &fixError{fmt.Sprintf("%q is no number", text), "write digits only"}
			}
			return n, nil
		},
	}
}

// withoutCommas removes commas that separate thousands; others stay, so that
// what is no number is not made one.
func withoutCommas(text string) string {
	parts := strings.Split(text, ",")
	for i, p := range parts {
		whole, _, _ := strings.Cut(p, ".")
		first := i == 0 && len(strings.TrimPrefix(whole, "-")) <= 3 && whole != ""
		if len(parts) > 1 && !first && (len(whole) != 3 || whole != p && i < len(parts)-1) {
			return text
		}
	}
	return strings.Join(parts, "")
}

// splitNameFunc splits a Korean name and warns when that is not certain.
func (l *loader) splitNameFunc() *function.Spec {
	result := cty.Object(map[string]cty.Type{"last": cty.String, "first": cty.String})
	null := cty.NullVal(cty.String)
	return &function.Spec{
		Params: []function.Parameter{textParam("name")},
		Type:   function.StaticReturnType(result),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			if args[0].IsNull() || trimmed(args[0].AsString()) == "" {
				return cty.ObjectVal(map[string]cty.Value{"last": null, "first": null}), nil
			}
			last, first, sure, err := hr.SplitName(args[0].AsString())
			if err != nil {
				return cty.NilVal, &fixError{err.Error(), "write last_name and first_name for this person"}
			}
			if !sure {
				l.noteUnsure(args[0].AsString(), last, first)
			}
			return cty.ObjectVal(map[string]cty.Value{"last": orNull(last), "first": orNull(first)}), nil
		},
	}
}

// noteUnsure warns of a name that was split, perhaps wrongly.
func (l *loader) noteUnsure(name, last, first string) {
	l.note(note{
		"value.name_unsure", "A name that may be split wrongly",
		fmt.Sprintf("%q was split into %q and %q.", name, last, first),
		"check it; write last_name and first_name yourself if it is wrong",
	})
}

func orNull(text string) cty.Value {
	if text == "" {
		return cty.NullVal(cty.String)
	}
	return cty.StringVal(text)
}
