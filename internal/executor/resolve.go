package executor

import (
	"fmt"

	"github.com/isaworks/isa/internal/addr"
	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/internal/schema"
	"github.com/isaworks/isa/internal/value"
	"github.com/isaworks/isa/planner"
	"github.com/isaworks/isa/providers"
)

// target is what a reference leads to.
type target struct {
	kind, id string
	attr     func(name string) value.Value // nil: not known
}

// resolver replaces references in wanted values by what the service knows.
type resolver struct {
	find func(addr.Address) (target, bool)
}

// request makes the request of a step. Company, verb, ID and references are
// filled in; secrets stay handles.
func (r resolver) request(t *task, id string) (providers.Request, error) {
	attrs, err := r.object(t.step.Attrs, t.kind.Schema().Attrs)
	if err != nil {
		return providers.Request{}, err
	}
	req := providers.Request{Verb: string(t.step.Verb), ID: id, Company: t.change.Company, Attrs: attrs}
	req.Place, err = r.place(t.step.Place, t.kind.Schema())
	return req, err
}

func (r resolver) place(p *planner.Place, k *schema.Kind) (*providers.Place, error) {
	if p == nil {
		return nil, nil
	}
	typ := schema.RefTo(k.Type)
	if a, ok := k.Attr(k.Parent); ok {
		typ = a.Type
	}
	parent, err := r.value(p.Parent, typ)
	if err != nil {
		return nil, err
	}
	after, err := r.value(p.After, schema.RefTo(k.Type))
	if err != nil {
		return nil, err
	}
	return &providers.Place{Parent: value.Text(parent), After: value.Text(after), Last: p.Last}, nil
}

func (r resolver) object(o value.Object, attrs []schema.Attr) (value.Object, error) {
	if o == nil {
		return nil, nil
	}
	out := make(value.Object, len(o))
	for name, v := range o {
		var typ schema.Type
		for _, a := range attrs {
			if a.Name == name {
				typ = a.Type
			}
		}
		resolved, err := r.value(v, typ)
		if err != nil {
			return nil, err
		}
		out[name] = resolved
	}
	return out, nil
}

// value resolves one value of the given type; the zero type fits whatever the
// schema does not describe.
func (r resolver) value(v value.Value, typ schema.Type) (value.Value, error) {
	switch v := v.(type) {
	case value.Ref:
		return r.ref(v, typ)
	case value.List:
		return r.list(v, elem(typ))
	case value.Object:
		if typ.Kind == schema.Map {
			out := make(value.Object, len(v))
			for name, e := range v {
				resolved, err := r.value(e, elem(typ))
				if err != nil {
					return nil, err
				}
				out[name] = resolved
			}
			return out, nil
		}
		return r.object(v, typ.Attrs)
	case value.Edit:
		add, err := r.list(v.Add, elem(typ))
		if err != nil {
			return nil, err
		}
		return value.Edit{Add: add, Remove: r.present(v.Remove, elem(typ))}, nil
	}
	return v, nil
}

func elem(t schema.Type) schema.Type {
	if t.Elem == nil {
		return schema.Type{}
	}
	return *t.Elem
}

func (r resolver) list(l value.List, typ schema.Type) (value.List, error) {
	out := make(value.List, len(l))
	for i, e := range l {
		resolved, err := r.value(e, typ)
		if err != nil {
			return nil, err
		}
		out[i] = resolved
	}
	return out, nil
}

// present resolves what is to be removed from a list. What refers to an object
// that is gone cannot be in the list.
func (r resolver) present(l value.List, typ schema.Type) value.List {
	out := value.List{}
	for _, e := range l {
		if resolved, err := r.value(e, typ); err == nil {
			out = append(out, resolved)
		}
	}
	return out
}

func (r resolver) ref(ref value.Ref, typ schema.Type) (value.Value, error) {
	t, ok := r.find(ref.Addr)
	if !ok || t.id == "" {
		return nil, unresolved(ref, "it has no ID")
	}
	if ref.Attr == "id" || ref.Attr == "" {
		return value.String(schema.RefText(typ, t.kind, t.id)), nil
	}
	v := t.attr(ref.Attr)
	if v == nil {
		return nil, unresolved(ref, "its "+ref.Attr+" is not known")
	}
	switch v := v.(type) {
	case value.Ref, value.Secret, value.Clear, value.Edit:
		return nil, unresolved(ref, fmt.Sprintf("its %s is a %T", ref.Attr, v))
	}
	return v, nil
}

func unresolved(ref value.Ref, why string) error {
	return &diag.Failure{Class: diag.NotFound, Op: "reference to " + ref.Addr.String(), Detail: why, Fix: "plan again"}
}
