package directory

import (
	"context"
	"slices"

	"github.com/isaworks/isa/internal/lanes"
	"github.com/isaworks/isa/internal/live"
	"github.com/isaworks/isa/internal/value"
	"github.com/isaworks/isa/providers"
)

// aside is what the body of an object does not hold (schema.Attr.Aside): attributes
// that calls of their own write and, where no listing gives them, read.
type aside struct {
	attrs []string
	// write makes the service as want says, which holds one of attrs at least. It may
	// be repeated.
	write func(ctx context.Context, r providers.Request, want value.Object) error
	// calls are the operations that write sends when nothing goes wrong.
	calls func(want value.Object) []string
	// look reads attrs by one call of the operation looks, as providers.Looker says; nil
	// for what a listing gives.
	look  func(ctx context.Context, id string, applied value.Object) (value.Object, error)
	looks string
}

// of are those of the aside's attributes that are in attrs.
func (a *aside) of(attrs value.Object) value.Object {
	var out value.Object
	for _, name := range a.attrs {
		if v, ok := attrs[name]; ok {
			if out == nil {
				out = value.Object{}
			}
			out[name] = v
		}
	}
	return out
}

// asided writes what a request holds of asides, behind its body. Where the answer to the
// body shows the object, it shows these too then.
func (k *kind[T]) asided(ctx context.Context, r providers.Request, result providers.Result) (providers.Result, error) {
	r.ID = result.ID
	for i := range k.asides {
		a := &k.asides[i]
		want := a.of(r.Attrs)
		if want == nil {
			continue
		}
		if err := a.write(ctx, r, want); err != nil {
			return result, err
		}
		if result.Attrs != nil && a.look == nil {
			result.Attrs = merge(k.schema.Attrs, result.Attrs, want)
		}
	}
	return result, nil
}

// body is the request without what has calls of its own.
func (k *kind[T]) body(r providers.Request) providers.Request {
	if !slices.ContainsFunc(k.asides, func(a aside) bool { return a.of(r.Attrs) != nil }) {
		return r
	}
	attrs := make(value.Object, len(r.Attrs))
	for name, v := range r.Attrs {
		if !slices.ContainsFunc(k.asides, func(a aside) bool { return slices.Contains(a.attrs, name) }) {
			attrs[name] = v
		}
	}
	r.Attrs = attrs
	return r
}

// asideCalls are the requests of asided.
func (k *kind[T]) asideCalls(r providers.Request) []lanes.Call {
	var calls []lanes.Call
	for i := range k.asides {
		want := k.asides[i].of(r.Attrs)
		if want == nil {
			continue
		}
		for _, op := range k.asides[i].calls(want) {
			calls = append(calls, lanes.Call{Op: op, Writer: k.writer(r)})
		}
	}
	return calls
}

// Look reads attributes that no listing gives.
func (k *kind[T]) Look(ctx context.Context, o live.Object, applied value.Object, names []string) (value.Object, error) {
	out := value.Object{}
	for _, a := range k.lookers(names) {
		found, err := a.look(ctx, o.ID, applied)
		if err != nil {
			return nil, err
		}
		for name, v := range found {
			if slices.Contains(names, name) {
				out[name] = v
			}
		}
	}
	return out, nil
}

// Looks tells which requests Look sends.
func (k *kind[T]) Looks(names []string) []lanes.Call {
	var calls []lanes.Call
	for _, a := range k.lookers(names) {
		calls = append(calls, lanes.Call{Op: a.looks})
	}
	return calls
}

func (k *kind[T]) lookers(names []string) []*aside {
	var out []*aside
	for i := range k.asides {
		a := &k.asides[i]
		if a.look != nil && slices.ContainsFunc(a.attrs, func(name string) bool { return slices.Contains(names, name) }) {
			out = append(out, a)
		}
	}
	return out
}
