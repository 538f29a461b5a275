package sandbox

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"reflect"
	"sort"
	"strconv"
	"unicode/utf8"
)

// shapeKind is the JSON type of a property.
type shapeKind uint8

const (
	text shapeKind = iota
	flag
	number
	list
	object
)

// prop is one property of a request body, as a row of the reference's tables.
type prop struct {
	name     string
	kind     shapeKind
	readOnly bool
	null     bool // an explicit null is allowed
	need     bool // required in POST and PUT, and always inside elements
	min, max int  // characters of a text, items of a list, value of a number; max 0: no limit
	rule     func(string) string
	elem     *prop  // of a list
	props    []prop // of an object
	def      any    // taken when an element leaves the property out
}

// checker holds what the checks of one body depend on.
type checker struct {
	switches Switches
	partial  bool // PATCH: nothing is required at the top
	nullable bool // explicit null is allowed whatever patch-null says (levels, positions)
}

// body checks a decoded body against its properties and returns it without
// read-only and ignored ones, defaults of elements added.
func (c checker) body(props []prop, body map[string]any) (map[string]any, error) {
	return c.object("", props, body, !c.partial)
}

func (c checker) object(at string, props []prop, body map[string]any, required bool) (map[string]any, error) {
	out := make(map[string]any, len(body))
	for _, name := range sortedKeys(body) {
		p := findProp(props, name)
		switch {
		case p == nil && c.switches.is("unknown-property", "ignored"):
			continue
		case p == nil:
			return nil, invalid("%s is not a property of this request", at+name)
		case p.readOnly && c.switches.is("read-only", "rejected"):
			return nil, invalid("%s is read-only", at+name)
		case p.readOnly:
			continue
		}
		v, err := c.value(at+name, p, body[name])
		if err != nil {
			return nil, err
		}
		out[name] = v
	}
	for _, p := range props {
		if _, ok := out[p.name]; ok {
			continue
		}
		if p.need && required {
			return nil, missing(at + p.name)
		}
		if p.def != nil && at != "" {
			out[p.name] = p.def
		}
	}
	return out, nil
}

func (c checker) value(at string, p *prop, v any) (any, error) {
	if v == nil {
		if !p.null {
			return nil, invalid("%s must not be null", at)
		}
		if c.partial && !c.nullable && c.switches.is("patch-null", "rejects") {
			return nil, invalid("%s: null is not accepted in a partial update", at)
		}
		return nil, nil
	}
	switch p.kind {
	case text:
		s, ok := v.(string)
		if !ok {
			return nil, invalid("%s must be a string", at)
		}
		return s, checkText(at, p, s)
	case flag:
		if _, ok := v.(bool); !ok {
			return nil, invalid("%s must be true or false", at)
		}
		return v, nil
	case number:
		return c.number(at, p, v)
	case list:
		return c.list(at, p, v)
	default:
		m, ok := v.(map[string]any)
		if !ok {
			return nil, invalid("%s must be an object", at)
		}
		return c.object(at+".", p.props, m, true)
	}
}

func checkText(at string, p *prop, s string) error {
	n := utf8.RuneCountInString(s)
	if p.max > 0 && n > p.max {
		return tooMuch("%s has %d characters, at most %d are allowed", at, n, p.max)
	}
	if n < p.min {
		return invalid("%s has %d characters, at least %d are needed", at, n, p.min)
	}
	if p.rule != nil {
		if wrong := p.rule(s); wrong != "" {
			return invalid("%s %s", at, wrong)
		}
	}
	return nil
}

func (c checker) number(at string, p *prop, v any) (any, error) {
	num, ok := v.(json.Number)
	if !ok {
		return nil, invalid("%s must be a number", at)
	}
	n, err := strconv.ParseInt(num.String(), 10, 64)
	if err != nil || n > math.MaxInt32 || n < math.MinInt32 {
		return nil, invalid("%s must be a whole number of 32 bits", at)
	}
	if p.min != 0 && n < int64(p.min) {
		return nil, refuse(400, "OUT_OF_RANGE", "%s must be at least %d", at, p.min)
	}
	if p.max != 0 && n > int64(p.max) {
		return nil, refuse(400, "OUT_OF_RANGE", "%s must be at most %d", at, p.max)
	}
	return v, nil
}

func (c checker) list(at string, p *prop, v any) (any, error) {
	items, ok := v.([]any)
	if !ok {
		return nil, invalid("%s must be an array", at)
	}
	if p.max > 0 && len(items) > p.max {
		return nil, tooMuch("%s has %d items, at most %d are allowed", at, len(items), p.max)
	}
	if len(items) < p.min {
		return nil, invalid("%s needs at least %d item", at, p.min)
	}
	out := make([]any, 0, len(items))
	for i, item := range items {
		w, err := c.value(fmt.Sprintf("%s[%d]", at, i), p.elem, item)
		if err != nil {
			return nil, err
		}
		out = append(out, w)
	}
	return out, nil
}

func findProp(props []prop, name string) *prop {
	for i := range props {
		if props[i].name == name {
			return &props[i]
		}
	}
	return nil
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	return keys
}

// decodeObject reads one JSON object and nothing after it.
func decodeObject(data []byte) (map[string]any, error) {
	if !utf8.Valid(data) {
		return nil, badRequest("the body is not UTF-8")
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	var v any
	if err := dec.Decode(&v); err != nil {
		return nil, badRequest("the body is not JSON")
	}
	if _, err := dec.Token(); err != io.EOF {
		return nil, badRequest("the body has something after its JSON object")
	}
	m, ok := v.(map[string]any)
	if !ok {
		return nil, badRequest("the body must be a JSON object")
	}
	return m, nil
}

// overlay returns base with the properties of a checked body laid over it: base is
// the stored object for PATCH and the defaults for POST and PUT. With merge, lists
// and objects are merged with what is there.
func overlay[P any](base P, body map[string]any, merge bool) (P, error) {
	var out P
	data, err := json.Marshal(base)
	if err != nil {
		return out, err
	}
	all, err := decodeObject(data)
	if err != nil {
		return out, err
	}
	for name, v := range body {
		if merge {
			v = mergeJSON(all[name], v)
		}
		all[name] = v
	}
	if data, err = json.Marshal(all); err != nil {
		return out, err
	}
	return out, json.Unmarshal(data, &out)
}

func mergeJSON(old, now any) any {
	switch n := now.(type) {
	case map[string]any:
		o, ok := old.(map[string]any)
		if !ok {
			return now
		}
		out := make(map[string]any, len(o)+len(n))
		for k, v := range o {
			out[k] = v
		}
		for k, v := range n {
			out[k] = mergeJSON(o[k], v)
		}
		return out
	case []any:
		o, ok := old.([]any)
		if !ok {
			return now
		}
		out := append([]any{}, o...)
		for _, v := range n {
			if i := sameElement(out, v); i >= 0 {
				out[i] = mergeJSON(out[i], v)
			} else {
				out = append(out, v)
			}
		}
		return out
	}
	return now
}

// sameElement finds the element of a list that stands for the same thing.
func sameElement(in []any, want any) int {
	w, isObject := want.(map[string]any)
	for i, have := range in {
		h, ok := have.(map[string]any)
		if !isObject || !ok {
			if reflect.DeepEqual(have, want) {
				return i
			}
			continue
		}
		for _, id := range []string{"language", "domainId", "orgUnitId", "userId", "relationUserId", "id"} {
			if w[id] != nil && reflect.DeepEqual(w[id], h[id]) {
				return i
			}
		}
	}
	return -1
}
