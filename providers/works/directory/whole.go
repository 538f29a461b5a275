package directory

import (
	"context"
	"encoding/json"
	"slices"

	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/internal/schema"
	"github.com/isaworks/isa/internal/value"
	"github.com/isaworks/isa/providers"
	model "github.com/isaworks/isa/providers/directory"
	"github.com/isaworks/isa/providers/works/api"
)

// Whether a partial update takes an explicit null, and whether it replaces lists
// or merges them, is not documented (reference/api/00, section 4). isa writes as
// if null cleared and lists were replaced, looks at what came of it, and where the
// service thinks otherwise writes the object as a whole.

// update writes props with a partial update, or as a whole where that does not do, or is
// known not to.
// was is the object as read before, nil when it was not.
func (k *kind[T]) update(ctx context.Context, r providers.Request, b api.Props, want value.Object, was *T) (*T, error) {
	if k.empties(r) {
		return k.replace(ctx, r, b, was)
	}
	item, err := k.patch(ctx, r.Company.DomainID, r.ID, b)
	switch {
	case k.put == nil:
		return item, err
	case err == nil && (item == nil || !k.left(r, want, item)):
		return item, nil
	case err != nil && (diag.ClassOf(err) != diag.Invalid || !delicate(b)):
		return item, err
	}
	was = item
	if err != nil {
		fresh, readErr := k.get(ctx, r.Company.DomainID, r.ID)
		if readErr != nil {
			return nil, err
		}
		was = fresh
	}
	body, wholeErr := k.whole(was, b)
	if wholeErr != nil {
		return nil, wholeErr
	}
	replaced, putErr := k.put(ctx, r.Company.DomainID, r.ID, body)
	if putErr != nil && err != nil && diag.ClassOf(putErr) == diag.Invalid {
		return nil, err // refused either way: the first answer is about less
	}
	return replaced, putErr
}

// empties reports whether a partial update would hold a null, at a tenant that is known
// to refuse it. The fact was found at an org unit, and is taken for no more: what a full
// update of a member or a group resets is more than what isa knows of them.
func (k *kind[T]) empties(r providers.Request) bool {
	if k.put == nil || k.schema.Type != model.OrgUnit || !k.tenant.Facts.Is("patch-null", "rejects") {
		return false
	}
	return slices.ContainsFunc(touched(k.props, r.Attrs), func(p prop[T]) bool {
		_, cleared := r.Attrs[p.attrs[0]].(value.Clear)
		a, _ := k.schema.Attr(p.attrs[0])
		return cleared && !p.fresh && a.Type.Kind != schema.List // an empty list is none
	})
}

// replace writes the object as a whole, as it is now with b over it.
func (k *kind[T]) replace(ctx context.Context, r providers.Request, b api.Props, was *T) (*T, error) {
	if was == nil {
		var err error
		if was, err = k.get(ctx, r.Company.DomainID, r.ID); err != nil {
			return nil, err
		}
	}
	body, err := k.whole(was, b)
	if err != nil {
		return nil, err
	}
	return k.put(ctx, r.Company.DomainID, r.ID, body)
}

// left reports whether the object still has what the request took away.
func (k *kind[T]) left(r providers.Request, want value.Object, item *T) bool {
	have := k.read(item).Attrs
	for _, a := range k.schema.Attrs {
		if _, written := r.Attrs[a.Name]; written && !a.WriteOnly && leftOver(a, want[a.Name], have[a.Name]) {
			return true
		}
	}
	return false
}

// leftOver reports whether have holds elements, names or clearable attributes that
// want does not.
func leftOver(a schema.Attr, want, have value.Value) bool {
	if have == nil {
		return false
	}
	if want == nil {
		list, isList := have.(value.List)
		return a.Clearable && (!isList || len(list) > 0)
	}
	switch a.Type.Kind {
	case schema.List:
		w, _ := want.(value.List)
		h, _ := have.(value.List)
		if len(h) > len(w) {
			return true
		}
		for _, e := range h {
			if a.ElemKey == "" {
				break
			}
			if mine := find(a, w, e); mine != nil && leftOver(schema.Attr{Type: *a.Type.Elem}, mine, e) {
				return true
			}
		}
	case schema.Map:
		w, _ := want.(value.Object)
		h, _ := have.(value.Object)
		for name, e := range h {
			if w[name] == nil || leftOver(schema.Attr{Type: *a.Type.Elem}, w[name], e) {
				return true
			}
		}
	case schema.Free:
		w, _ := want.(value.List)
		h, _ := have.(value.List)
		return len(h) > len(w)
	case schema.Object:
		w, _ := want.(value.Object)
		h, _ := have.(value.Object)
		for _, inner := range a.Type.Attrs {
			if leftOver(inner, w[inner.Name], h[inner.Name]) {
				return true
			}
		}
	}
	return false
}

// delicate reports whether a body holds what the service may read in another way:
// a null, a list or an object.
func delicate(b api.Props) bool {
	for _, v := range b {
		switch v.(type) {
		case nil, []any, map[string]any:
			return true
		}
	}
	return false
}

// whole is the body of a full update, which resets what it does not name: the
// object as it is, without what is read-only, and b over it. What b empties is
// left out.
func (k *kind[T]) whole(was *T, b api.Props) (api.Props, error) {
	data, err := json.Marshal(was)
	if err != nil {
		return nil, k.fault("update", "the object as read cannot be written: "+err.Error())
	}
	out := api.Props{}
	if err := json.Unmarshal(data, &out); err != nil {
		return nil, k.fault("update", "the object as read cannot be written: "+err.Error())
	}
	for name, v := range out {
		out[name] = writable(v)
	}
	for _, name := range k.fixed {
		delete(out, name)
	}
	for name, v := range b {
		if v == nil {
			delete(out, name)
			continue
		}
		out[name] = filled(v)
	}
	return out, nil
}

// filled is a value without nulls in it.
func filled(v any) any {
	o, ok := v.(map[string]any)
	if !ok {
		return v
	}
	out := make(map[string]any, len(o))
	for name, v := range o {
		if v != nil {
			out[name] = filled(v)
		}
	}
	return out
}

// writable takes out of nested objects what is read-only there (10 §9.5, 20 §2,
// 22 §2).
func writable(v any) any {
	switch v := v.(type) {
	case []any:
		for i := range v {
			v[i] = writable(v[i])
		}
	case map[string]any:
		for _, name := range []string{
			"userExternalKey", "externalKey", "customFieldExternalKey", "levelExternalKey", "levelName", "executive", "organizationName",
			"orgUnitExternalKey", "orgUnitName", "orgUnitEmail", "positionExternalKey", "positionName",
		} {
			delete(v, name)
		}
		for name := range v {
			v[name] = writable(v[name])
		}
	}
	return v
}
