package directory

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/isaworks/isa/internal/live"
	"github.com/isaworks/isa/internal/value"
	model "github.com/isaworks/isa/providers/directory"
	"github.com/isaworks/isa/providers/works/api"
)

// customProperties are definitions of properties (10 §6). They have no external key: a
// lost creation is looked for by name. They know no full update.
func (d *directory) customProperties() *kind[api.CustomProperty] {
	c := d.client
	return &kind[api.CustomProperty]{
		directory: d, schema: d.schemas[model.CustomProperty],
		optional: true,
		service: service[api.CustomProperty]{
			noun: "directory-user-custom-property", writer: unwritten, list: c.CustomProperties,
			get: func(ctx context.Context, _ int, id string) (*api.CustomProperty, error) {
				return c.CustomProperty(ctx, id)
			},
			create: func(ctx context.Context, _ int, b api.Props) (*api.CustomProperty, error) {
				return c.CreateCustomProperty(ctx, b)
			},
			patch: func(ctx context.Context, _ int, id string, b api.Props) (*api.CustomProperty, error) {
				return c.PatchCustomProperty(ctx, id, b)
			},
			remove: c.DeleteCustomProperty,
		},
		props: []prop[api.CustomProperty]{
			plain[api.CustomProperty]("propertyName", "name"),
			plain[api.CustomProperty]("displayName", "display_name"),
			translated[api.CustomProperty]("i18nDisplayNames"),
			capital[api.CustomProperty]("propertyType", "type"),
			plain[api.CustomProperty]("multiValued", "multi_valued"),
			plain[api.CustomProperty]("displayOrder", "order"),
			{wire: "options", attrs: []string{"option"}, fresh: true, write: propertyOptions},
			plain[api.CustomProperty]("mandatory", "mandatory"),
			capital[api.CustomProperty]("readAccessType", "read_access"),
			capital[api.CustomProperty]("writeAccessType", "write_access"),
		},
		read: readCustomProperty,
	}
}

// capital is a property with words that the wire writes in capitals.
func capital[T any](wire, attr string) prop[T] {
	return prop[T]{wire: wire, attrs: []string{attr}, write: func(w *writing[T]) (any, error) {
		if text, ok := w.merged[attr].(value.String); ok {
			return strings.ToUpper(string(text)), nil
		}
		return scalar(w.merged[attr])
	}}
}

func propertyOptions(w *writing[api.CustomProperty]) (any, error) {
	list, _ := w.merged["option"].(value.List)
	out := make([]any, len(list))
	for i, e := range list {
		option, ok := e.(value.Object)
		if !ok {
			return nil, unresolved("option", e)
		}
		names, _ := option["names"].(value.Object)
		out[i] = map[string]any{
			"optionName": value.Text(option["name"]), "displayName": value.Text(option["display_name"]), "i18nDisplayNames": writeNames(names),
		}
	}
	return out, nil
}

func readCustomProperty(p *api.CustomProperty) live.Object {
	attrs := value.Object{}
	put(attrs, "name", p.PropertyName)
	put(attrs, "display_name", p.DisplayName)
	putNames(attrs, p.I18nDisplayNames)
	put(attrs, "type", strings.ToLower(p.PropertyType))
	putBool(attrs, "multi_valued", p.MultiValued)
	if p.DisplayOrder != nil {
		attrs["order"] = value.Int(*p.DisplayOrder)
	}
	options := make(value.List, 0, len(p.Options))
	for _, o := range p.Options {
		option := make(value.Object, 3)
		put(option, "name", o.OptionName)
		put(option, "display_name", o.DisplayName)
		putNames(option, o.I18nDisplayNames)
		options = append(options, option)
	}
	attrs["option"] = options
	putBool(attrs, "mandatory", p.Mandatory)
	put(attrs, "read_access", strings.ToLower(p.ReadAccessType))
	put(attrs, "write_access", strings.ToLower(p.WriteAccessType))
	return live.Object{Kind: model.CustomProperty, ID: p.CustomPropertyID, DomainID: p.DomainID, Attrs: attrs, Status: live.InUse}
}

// customValues writes the whole map of a member's custom properties, with null for what
// is emptied: whether a partial update merges the map or replaces it is not documented
// (10 §9.10), and both come to the same this way.
func customValues(w *writing[api.User]) (any, error) {
	merged, _ := w.merged["custom"].(value.Object)
	out := make(map[string]any, len(merged))
	for name, v := range merged {
		wire, err := customWire(v)
		if err != nil {
			return nil, err
		}
		out[name] = wire
	}
	if w.was != nil {
		for name := range w.was.CustomProperties {
			if _, kept := out[name]; !kept {
				out[name] = nil
			}
		}
	}
	return out, nil
}

func customWire(v value.Value) (any, error) {
	switch v := v.(type) {
	case value.List:
		out := make([]any, len(v))
		for i, e := range v {
			var err error
			if out[i], err = customWire(e); err != nil {
				return nil, err
			}
		}
		return out, nil
	case value.Object:
		out := make(map[string]any, len(v))
		for name, e := range v {
			text, ok := e.(value.String)
			if !ok {
				return nil, unresolved("custom", e)
			}
			out[name] = string(text)
		}
		return out, nil
	}
	return scalar(v)
}

// readCustom reads a member's custom properties by the form of their JSON.
func readCustom(attrs value.Object, properties map[string]json.RawMessage) {
	if len(properties) == 0 {
		return
	}
	out := make(value.Object, len(properties))
	for _, name := range slices.Sorted(maps.Keys(properties)) {
		if v := customValue(properties[name]); v != nil {
			out[name] = v
		}
	}
	if len(out) > 0 {
		attrs["custom"] = out
	}
}

// customValue is nil for what is empty. What the service may hold and isa has no word
// for, such as a fraction, is shown as its JSON.
func customValue(raw json.RawMessage) value.Value {
	var any any
	dec := json.NewDecoder(strings.NewReader(string(raw)))
	dec.UseNumber()
	if err := dec.Decode(&any); err != nil {
		return nil // the answer was valid JSON as a whole
	}
	return customForm(any)
}

func customForm(v any) value.Value {
	switch v := v.(type) {
	case nil:
		return nil
	case string:
		if text := canonical(v); text != "" {
			return value.String(text)
		}
		return nil
	case json.Number:
		if n, err := v.Int64(); err == nil {
			return value.Int(n)
		}
		return value.String(v.String())
	case bool:
		return value.Bool(v)
	case []any:
		list := make(value.List, 0, len(v))
		for _, e := range v {
			if item := customForm(e); item != nil {
				list = append(list, item)
			}
		}
		if len(list) == 0 {
			return nil
		}
		return list
	case map[string]any:
		o := make(value.Object, len(v))
		for name, e := range v {
			if item := customForm(e); item != nil {
				o[name] = item
			}
		}
		if len(o) == 0 {
			return nil
		}
		return o
	}
	return nil
}
