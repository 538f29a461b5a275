package config

import (
	"fmt"
	"strings"
	"time"

	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
	"github.com/zclconf/go-cty/cty/function/stdlib"
)

// dayFunctions reckon with days as date() writes them, and with times of RFC 3339.
func dayFunctions() map[string]*function.Spec {
	return map[string]*function.Spec{
		"formatdate": nullSafe(function.New(&function.Spec{
			Params: []function.Parameter{{Name: "format", Type: cty.String}, {Name: "date", Type: cty.String}},
			Type:   function.StaticReturnType(cty.String),
			Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
				text, err := stdlib.FormatDate(args[0], cty.StringVal(midnight(args[1].AsString())))
				return text, dayError(args[1], err)
			},
		})),
		"timeadd": nullSafe(function.New(&function.Spec{
			Params: []function.Parameter{{Name: "date", Type: cty.String}, {Name: "duration", Type: cty.String}},
			Type:   function.StaticReturnType(cty.String),
			Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
				given := args[0].AsString()
				text, err := stdlib.TimeAdd(cty.StringVal(midnight(given)), args[1])
				if err != nil {
					return cty.NilVal, dayError(args[0], err)
				}
				if day, ok := strings.CutSuffix(text.AsString(), "T00:00:00Z"); ok && midnight(given) != given {
					return cty.StringVal(day), nil
				}
				return text, nil
			},
		})),
	}
}

// midnight makes a day the time at which it begins.
func midnight(text string) string {
	if _, err := time.Parse(time.DateOnly, text); err == nil {
		return text + "T00:00:00Z"
	}
	return text
}

// dayError explains a text that is no day.
func dayError(v cty.Value, err error) error {
	if _, bad := time.Parse(time.RFC3339, midnight(v.AsString())); bad != nil {
		return &fixError{fmt.Sprintf("%q is no date", v.AsString()), "write a date such as 2024-03-02; date() makes one of what tables hold"}
	}
	return err
}
