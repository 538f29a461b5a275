package directory

import (
	"fmt"

	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/internal/schema"
	"github.com/isaworks/isa/internal/value"
	"github.com/isaworks/isa/providers"
	model "github.com/isaworks/isa/providers/directory"
)

// prop is one property of a request body: the attributes it is made of and how.
type prop[T any] struct {
	wire  string
	attrs []string
	// fresh tells that the whole property must be written although only a part of
	// it may be managed, so that the object is read before a patch.
	fresh bool
	// write makes the property's JSON from what the attributes will be; nil is
	// JSON null, which is left out of creations.
	write func(w *writing[T]) (any, error)
}

// writing is what a property is made from.
type writing[T any] struct {
	request *providers.Request
	merged  value.Object // what the attributes will be
	was     *T           // the object as read before the patch, nil for creations and when not needed
	company func(domainID int) schema.Company
	unit    func(id string) (domainID int, err error)
}

// plain is a property made from one text, number, switch or reference.
func plain[T any](wire, attr string) prop[T] {
	return prop[T]{wire: wire, attrs: []string{attr}, write: func(w *writing[T]) (any, error) {
		return scalar(w.merged[attr])
	}}
}

// address is a property that holds a full mail address.
func address[T any](wire, attr string) prop[T] {
	return prop[T]{wire: wire, attrs: []string{attr}, write: func(w *writing[T]) (any, error) {
		v, ok := w.merged[attr].(value.String)
		if !ok {
			return scalar(w.merged[attr])
		}
		return model.FullAddress(string(v), w.request.Company), nil
	}}
}

// addresses is a property that holds a list of full mail addresses.
func addresses[T any](wire, attr string) prop[T] {
	return list[T](wire, attr, func(w *writing[T], text string) any {
		return model.FullAddress(text, w.request.Company)
	})
}

// list is a property that holds a list made of texts.
func list[T any](wire, attr string, item func(w *writing[T], text string) any) prop[T] {
	return prop[T]{wire: wire, attrs: []string{attr}, write: func(w *writing[T]) (any, error) {
		items, _ := w.merged[attr].(value.List)
		out := make([]any, len(items))
		for i, v := range items {
			text, ok := v.(value.String)
			if !ok {
				return nil, unresolved(attr, v)
			}
			out[i] = item(w, string(text))
		}
		return out, nil
	}}
}

// translated is the property of translated names: [{language, name}].
func translated[T any](wire string) prop[T] {
	return prop[T]{wire: wire, attrs: []string{"names"}, fresh: true, write: func(w *writing[T]) (any, error) {
		names, _ := w.merged["names"].(value.Object)
		return writeNames(names), nil
	}}
}

// writeNames are translated names as the wire has them.
func writeNames(names value.Object) []any {
	out := []any{}
	for _, lang := range model.Languages() {
		if name := value.Text(names[lang]); name != "" {
			out = append(out, map[string]any{"language": lang, "name": name})
		}
	}
	return out
}

// scalar writes a simple value; absent is null.
func scalar(v value.Value) (any, error) {
	switch v := v.(type) {
	case nil, value.Clear:
		return nil, nil
	case value.String:
		return string(v), nil
	case value.Int:
		return int64(v), nil
	case value.Bool:
		return bool(v), nil
	}
	return nil, unresolved("attribute", v)
}

// unresolved reports a value that the executor should have resolved.
func unresolved(attr string, v value.Value) error {
	return &diag.Failure{Class: diag.Internal, Op: attr, Detail: fmt.Sprintf("a %T cannot be sent", v)}
}

// touched are the properties that writing want changes, in the order of props.
func touched[T any](props []prop[T], want value.Object) []prop[T] {
	var out []prop[T]
	for _, p := range props {
		for _, name := range p.attrs {
			if _, ok := want[name]; ok {
				out = append(out, p)
				break
			}
		}
	}
	return out
}

// needsRead reports whether a patch must read the object first.
func needsRead[T any](props []prop[T], want value.Object) bool {
	for _, p := range touched(props, want) {
		if p.fresh {
			return true
		}
	}
	for _, v := range want {
		if _, ok := v.(value.Edit); ok {
			return true
		}
	}
	return false
}

// body makes the JSON of the touched properties.
func body[T any](props []prop[T], attrs []schema.Attr, live value.Object, w *writing[T]) (map[string]any, error) {
	want := w.request.Attrs
	w.merged = merge(attrs, live, want)
	out := map[string]any{}
	for _, p := range touched(props, want) {
		v, err := p.write(w)
		if err != nil {
			return nil, err
		}
		if v != nil || w.was != nil || w.request.ID != "" {
			out[p.wire] = v
		}
	}
	return out, nil
}
