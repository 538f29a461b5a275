// Package value is the data of attributes: what configuration evaluates to,
// what plans and states hold, what the live snapshot holds.
//
// A Value is a sealed sum of few small types that read and write JSON. There is
// no null: an attribute that is absent from an Object is unmanaged. References
// and secrets are data too, so that a plan can be saved without ever holding an
// ID that is not known yet or a secret: {"$ref": address} and {"$secret": handle}.
package value

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/isaworks/isa/internal/addr"
)

// Value is one of String, Int, Bool, List, Object, Ref, Secret, Clear and Edit.
// Values are never changed once made; share them freely between goroutines.
type Value interface{ isValue() }

// String is text in Unicode normal form NFC. Dates are strings (YYYY-MM-DD).
type String string

// Int is a whole number.
type Int int64

// Bool is a switch.
type Bool bool

// List is an ordered list; whether order matters is a trait of the attribute.
type List []Value

// Object maps attribute names to values. An absent name is unmanaged (wanted)
// or not known (live); it never means empty.
type Object map[string]Value

// Ref stands for an attribute of a declared object that may not be known before
// apply. Attr is the attribute's name, "id" for the object's own identity.
type Ref struct {
	Addr addr.Address
	Attr string
}

// Secret is the handle of a secret ("env:X", "file:path", "table:file#key"),
// never the secret. It is resolved only at the call that needs it.
type Secret string

// Clear asks that the attribute be emptied at the service. Nothing else does.
type Clear struct{}

// Edit changes a list of which isa owns a part: Add these, remove those, leave
// the rest as it is at the moment of the write. It occurs only in plan steps.
type Edit struct{ Add, Remove List }

func (String) isValue() {}
func (Int) isValue()    {}
func (Bool) isValue()   {}
func (List) isValue()   {}
func (Object) isValue() {}
func (Ref) isValue()    {}
func (Secret) isValue() {}
func (Clear) isValue()  {}
func (Edit) isValue()   {}

// ID returns a reference to the identity of a declared object.
func ID(a addr.Address) Ref { return Ref{Addr: a, Attr: "id"} }

// MarshalJSON writes {"$ref": address, "attr": name}.
func (r Ref) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		Ref  string `json:"$ref"`
		Attr string `json:"attr"`
	}{r.Addr.String(), r.Attr})
}

// MarshalJSON writes {"$secret": handle}.
func (s Secret) MarshalJSON() ([]byte, error) {
	return json.Marshal(map[string]string{"$secret": string(s)})
}

// MarshalJSON writes {"$clear": true}.
func (Clear) MarshalJSON() ([]byte, error) { return []byte(`{"$clear":true}`), nil }

// MarshalJSON writes {"$add": [...], "$remove": [...]}.
func (e Edit) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		Add    List `json:"$add"`
		Remove List `json:"$remove"`
	}{orEmpty(e.Add), orEmpty(e.Remove)})
}

func orEmpty(l List) List {
	if l == nil {
		return List{}
	}
	return l
}

// UnmarshalJSON reads an object of attributes.
func (o *Object) UnmarshalJSON(data []byte) error {
	v, err := Decode(data)
	if err != nil {
		return err
	}
	obj, ok := v.(Object)
	if v != nil && !ok {
		return fmt.Errorf("value: want an object, have %T", v)
	}
	*o = obj
	return nil
}

// UnmarshalJSON reads a list of values.
func (l *List) UnmarshalJSON(data []byte) error {
	v, err := Decode(data)
	if err != nil {
		return err
	}
	list, ok := v.(List)
	if v == nil {
		*l = nil
		return nil
	}
	if !ok {
		return fmt.Errorf("value: want a list, have %T", v)
	}
	*l = list
	return nil
}

// Equal reports whether a and b are the same value. Lists are compared in order;
// a nil value equals only nil.
func Equal(a, b Value) bool {
	switch a := a.(type) {
	case List:
		b, ok := b.(List)
		return ok && slices.EqualFunc(a, b, Equal)
	case Object:
		b, ok := b.(Object)
		return ok && maps.EqualFunc(a, b, Equal)
	case Edit:
		b, ok := b.(Edit)
		return ok && slices.EqualFunc(a.Add, b.Add, Equal) && slices.EqualFunc(a.Remove, b.Remove, Equal)
	}
	switch b.(type) {
	case List, Object, Edit:
		return false
	}
	return a == b
}

// Walk calls f for v and everything in it, parents first, names in order.
func Walk(v Value, f func(Path, Value)) { walk(nil, v, f) }

func walk(at Path, v Value, f func(Path, Value)) {
	f(at, v)
	switch v := v.(type) {
	case List:
		for i, e := range v {
			walk(at.Index(i), e, f)
		}
	case Object:
		for _, name := range slices.Sorted(maps.Keys(v)) {
			walk(at.Name(name), v[name], f)
		}
	case Edit:
		for i, e := range slices.Concat(v.Add, v.Remove) {
			walk(at.Index(i), e, f)
		}
	}
}

// Refs returns the addresses v refers to, sorted, each once.
func Refs(v Value) []addr.Address {
	seen := map[addr.Address]bool{}
	Walk(v, func(_ Path, v Value) {
		if r, ok := v.(Ref); ok {
			seen[r.Addr] = true
		}
	})
	return slices.SortedFunc(maps.Keys(seen), addr.Compare)
}

// Map returns v with f applied to every value that is neither List, Object nor
// Edit. f returning nil drops the value from its list or object.
func Map(v Value, f func(Value) Value) Value {
	switch v := v.(type) {
	case List:
		out := make(List, 0, len(v))
		for _, e := range v {
			if m := Map(e, f); m != nil {
				out = append(out, m)
			}
		}
		return out
	case Object:
		out := make(Object, len(v))
		for name, e := range v {
			if m := Map(e, f); m != nil {
				out[name] = m
			}
		}
		return out
	case Edit:
		add, _ := Map(v.Add, f).(List)
		remove, _ := Map(v.Remove, f).(List)
		return Edit{Add: add, Remove: remove}
	case nil:
		return nil
	}
	return f(v)
}

// Text returns the text of a String, or "" for anything else (nil too).
func Text(v Value) string {
	s, _ := v.(String)
	return string(s)
}

// True reports whether v is Bool(true).
func True(v Value) bool { return v == Bool(true) }
