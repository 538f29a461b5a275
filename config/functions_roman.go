package config

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
	"github.com/zclconf/go-cty/cty/function"

	"github.com/isaworks/isa/internal/hr"
)

// romanizeFunc writes Korean in Latin letters; null and blanks answer null.
func (l *loader) romanizeFunc() *function.Spec {
	rest := anyParam("options")
	return &function.Spec{
		Params: []function.Parameter{textParam("text")}, VarParam: &rest,
		Type: function.StaticReturnType(cty.String),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			r, as, err := romanOptions(args[1:])
			if err != nil {
				return cty.NilVal, err
			}
			if args[0].IsNull() || trimmed(args[0].AsString()) == "" {
				return cty.NullVal(cty.String), nil
			}
			text, err := l.romanize(r, as, args[0].AsString())
			if err != nil {
				return cty.NilVal, &fixError{err.Error(), "write this value yourself, by a column of its own or by an exception in the expression"}
			}
			return orNull(text), nil
		},
	}
}

// What romanize() writes a text as.
const (
	asName   = "name"
	asFamily = "family"
	asGiven  = "given"
	asLogin  = "login"
	asWord   = "word"
)

func (l *loader) romanize(r hr.Roman, as, text string) (string, error) {
	var out string
	sure, err := true, error(nil)
	switch as {
	case asFamily:
		out = r.FamilyName(text)
	case asGiven:
		out = r.GivenName(text)
	case asWord:
		out = r.Word(text)
	case asLogin:
		out, sure, err = r.Login(text)
	default:
		out, sure, err = r.Name(text)
	}
	if err != nil || sure {
		return out, err
	}
	last, first, _, err := hr.SplitName(text)
	if err == nil {
		l.noteUnsure(text, last, first)
	}
	return out, err
}

// romanOptions reads the second argument of romanize().
func romanOptions(args []cty.Value) (r hr.Roman, as string, err error) {
	as = asName
	if len(args) == 0 || args[0].IsNull() {
		return r, as, nil
	}
	if len(args) > 1 {
		return r, as, errors.New("it takes a text and one object of options")
	}
	if args[0].ContainsMarked() || !args[0].IsWhollyKnown() || !isMapping(args[0].Type()) {
		return r, as, &fixError{"the options are no object", `write { as = "login" }`}
	}
	given := args[0].AsValueMap()
	for _, name := range slices.Sorted(maps.Keys(given)) {
		v := given[name]
		switch {
		case v.IsNull():
		case name == "as":
			err = decodeOption(v, cty.String, func(v cty.Value) error { as = v.AsString(); return checkForm(as) })
		case name == "family":
			err = decodeOption(v, cty.Map(cty.String), func(v cty.Value) error { r.Family, err = spellings(v); return err })
		case name == "usual":
			err = decodeOption(v, cty.Bool, func(v cty.Value) error { r.Rules = v.False(); return nil })
		case name == "hyphen":
			err = decodeOption(v, cty.Bool, func(v cty.Value) error { r.Hyphen = v.True(); return nil })
		default:
			names := []string{"as", "family", "usual", "hyphen"}
			err = &fixError{fmt.Sprintf("there is no option %s", name), didYouMean(name, names, "use "+strings.Join(names, ", "))}
		}
		if err != nil {
			return r, as, fmt.Errorf("%s: %w", name, err)
		}
	}
	return r, as, nil
}

func decodeOption(v cty.Value, t cty.Type, take func(cty.Value) error) error {
	c, err := convert.Convert(v, t)
	if err != nil {
		return fmt.Errorf("it is a %s, not a %s", friendly(v.Type()), t.FriendlyName())
	}
	return take(c)
}

func checkForm(as string) error {
	forms := []string{asName, asFamily, asGiven, asLogin, asWord}
	if slices.Contains(forms, as) {
		return nil
	}
	return &fixError{fmt.Sprintf("there is no form %q", as), didYouMean(as, forms, "use "+strings.Join(forms, ", "))}
}

// spellings reads { "이" = "Yi" }.
func spellings(v cty.Value) (map[string]string, error) {
	out := map[string]string{}
	for name, spelling := range v.AsValueMap() {
		if spelling.IsNull() {
			return nil, fmt.Errorf("the spelling of %s is empty", name)
		}
		out[name] = spelling.AsString()
	}
	return out, nil
}
