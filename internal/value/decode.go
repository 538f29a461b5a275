package value

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/isaworks/isa/internal/addr"
)

// maxDepth bounds nesting of decoded values; the deepest real attribute is 4.
const maxDepth = 32

// maxShared bounds how many texts a Decoder keeps for sharing.
const maxShared = 4096

// Decoder reads values from JSON as the Marshal methods write it. Equal names,
// texts and references that one Decoder reads share their memory; a state of
// 10,000 people holds few different ones. The zero Decoder is ready for use; it is
// not safe for concurrent use.
type Decoder struct {
	names map[string]string // these by their JSON
	texts map[string]Value
	refs  map[string]Value

	members  []member // of the objects that are being read, inner ones behind outer ones
	elements []Value  // the like, of lists
}

// member is a name of an object and its value.
type member struct {
	name  string
	value Value
}

// Decode reads one value from JSON as the Marshal methods write it. JSON null is
// a nil Value at the top and an error inside. Numbers must be whole.
func Decode(data []byte) (Value, error) {
	var d Decoder
	from := jsontext.NewDecoder(bytes.NewBuffer(data))
	v, err := d.Decode(from)
	if err != nil {
		return nil, err
	}
	if _, err := from.ReadToken(); !errors.Is(err, io.EOF) {
		return nil, errors.New("value: more than one JSON value")
	}
	return v, nil
}

// Decode reads the next value of from, as the function Decode does.
func (d *Decoder) Decode(from *jsontext.Decoder) (Value, error) {
	d.members, d.elements = d.members[:0], d.elements[:0]
	if from.PeekKind() == jsontext.KindNull {
		_, err := from.ReadToken()
		return nil, err
	}
	return d.value(from, 0)
}

// Object reads an object of attributes; JSON null is a nil Object.
func (d *Decoder) Object(from *jsontext.Decoder) (Object, error) {
	v, err := d.Decode(from)
	if err != nil || v == nil {
		return nil, err
	}
	obj, ok := v.(Object)
	if !ok {
		return nil, fmt.Errorf("value: want an object, have %T", v)
	}
	return obj, nil
}

func (d *Decoder) value(from *jsontext.Decoder, depth int) (Value, error) {
	if depth > maxDepth {
		return nil, fmt.Errorf("value: nested deeper than %d", maxDepth)
	}
	switch from.PeekKind() {
	case jsontext.KindBeginObject:
		return d.object(from, depth)
	case jsontext.KindBeginArray:
		return d.elementsOf(from, depth)
	}
	raw, err := from.ReadValue()
	if err != nil {
		return nil, fmt.Errorf("value: %w", err)
	}
	switch raw.Kind() {
	case jsontext.KindString:
		return shared(&d.texts, raw, func(text string) (Value, error) { return String(text), nil })
	case jsontext.KindTrue, jsontext.KindFalse:
		return Bool(raw.Kind() == jsontext.KindTrue), nil
	case jsontext.KindNull:
		return nil, errors.New("value: null has no place in a value")
	}
	n, err := strconv.ParseInt(string(raw), 10, 64)
	if err != nil {
		return nil, fmt.Errorf("value: %s is not a whole number of 64 bits", raw)
	}
	return Int(n), nil
}

// shared returns what is made of a JSON text, one for all that are equal.
func shared[T any](known *map[string]T, raw jsontext.Value, made func(text string) (T, error)) (T, error) {
	v, ok := (*known)[string(raw)]
	if ok {
		return v, nil
	}
	text, err := jsontext.AppendUnquote(nil, raw)
	if err == nil {
		v, err = made(string(text))
	}
	if err != nil {
		return v, fmt.Errorf("value: %w", err)
	}
	if *known == nil {
		*known = map[string]T{}
	}
	if len(*known) < maxShared {
		(*known)[string(raw)] = v
	}
	return v, nil
}

// elementsOf reads a list.
func (d *Decoder) elementsOf(from *jsontext.Decoder, depth int) (Value, error) {
	if _, err := from.ReadToken(); err != nil {
		return nil, fmt.Errorf("value: %w", err)
	}
	base := len(d.elements)
	for from.PeekKind() != jsontext.KindEndArray {
		v, err := d.value(from, depth+1)
		if err != nil {
			return nil, err
		}
		d.elements = append(d.elements, v)
	}
	list := append(List{}, d.elements[base:]...)
	d.elements = d.elements[:base]
	_, err := from.ReadToken()
	return list, err
}

// object reads an object, or what one stands for that has a name that begins with a
// dollar sign.
func (d *Decoder) object(from *jsontext.Decoder, depth int) (Value, error) {
	if _, err := from.ReadToken(); err != nil {
		return nil, fmt.Errorf("value: %w", err)
	}
	base, special := len(d.members), ""
	for from.PeekKind() != jsontext.KindEndObject {
		m, err := d.member(from, depth)
		if err != nil {
			return nil, err
		}
		if isSpecial(m.name) {
			special = m.name
		}
		d.members = append(d.members, m)
	}
	members := d.members[base:]
	d.members = d.members[:base]
	if _, err := from.ReadToken(); err != nil {
		return nil, fmt.Errorf("value: %w", err)
	}
	if special != "" {
		if v := meant(members); v != nil {
			return v, nil
		}
		return nil, fmt.Errorf("value: malformed %s", special)
	}
	obj := make(Object, len(members))
	for _, m := range members {
		obj[m.name] = m.value
	}
	return obj, nil
}

func (d *Decoder) member(from *jsontext.Decoder, depth int) (m member, err error) {
	raw, err := from.ReadValue()
	if err != nil {
		return m, fmt.Errorf("value: %w", err)
	}
	if m.name, err = shared(&d.names, raw, func(text string) (string, error) { return text, nil }); err != nil {
		return m, err
	}
	if m.name != "$ref" {
		m.value, err = d.value(from, depth+1)
		return m, err
	}
	if from.PeekKind() != jsontext.KindString {
		return m, errors.New("value: malformed $ref")
	}
	if raw, err = from.ReadValue(); err != nil {
		return m, fmt.Errorf("value: %w", err)
	}
	m.value, err = shared(&d.refs, raw, func(text string) (Value, error) {
		a, err := addr.Parse(text)
		return ID(a), err
	})
	return m, err
}

// isSpecial reports whether an object that has the name stands for something else.
func isSpecial(name string) bool {
	switch name {
	case "$ref", "$secret", "$clear", "$add", "$remove":
		return true
	}
	return false
}

// meant is what an object of these members stands for; nil: it is malformed.
func meant(members []member) Value {
	if len(members) == 1 {
		switch m := members[0]; m.name {
		case "$secret":
			if text, _ := m.value.(String); text != "" {
				return Secret(text)
			}
		case "$clear":
			if m.value == Bool(true) {
				return Clear{}
			}
		}
		return nil
	}
	if len(members) != 2 {
		return nil
	}
	one, other := members[0], members[1]
	if one.name > other.name {
		one, other = other, one
	}
	switch [2]string{one.name, other.name} {
	case [2]string{"$ref", "attr"}:
		ref, isRef := one.value.(Ref)
		switch attr, _ := other.value.(String); {
		case !isRef || attr == "":
			return nil
		case string(attr) == ref.Attr:
			return one.value // shared
		default:
			return Ref{Addr: ref.Addr, Attr: string(attr)}
		}
	case [2]string{"$add", "$remove"}:
		add, isList := one.value.(List)
		if remove, areLists := other.value.(List); isList && areLists {
			return Edit{Add: add, Remove: remove}
		}
	}
	return nil
}
