package directory

import (
	"encoding/json"

	"github.com/isaworks/isa/internal/schema"
	"github.com/isaworks/isa/internal/value"
)

// merger makes what is sent of what is there and what is wanted. References are
// resolved.
func merger() schema.Merger { return schema.Merger{Text: comparable} }

// comparable is the text of a value, equal for equal values.
func comparable(a *schema.Attr, _ *schema.Type, v value.Value) string {
	if text := a.Plain(v); text != "" {
		return text
	}
	data, err := json.Marshal(v)
	if err != nil { // no Value fails to marshal
		return err.Error()
	}
	return string(data)
}

// merge returns what an object's attributes will be when want is written over live.
func merge(attrs []schema.Attr, live, want value.Object) value.Object {
	return merger().Merge(attrs, live, want)
}

// find returns the element of list with the same ElemKey as e, or nil.
func find(a schema.Attr, list value.List, e value.Value) value.Value {
	id := merger().ID(&a, &a.Type, e)
	for _, o := range list {
		if merger().ID(&a, &a.Type, o) == id {
			return o
		}
	}
	return nil
}
