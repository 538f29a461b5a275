package mail

import (
	"context"
	"errors"

	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/internal/lanes"
	"github.com/isaworks/isa/internal/live"
	"github.com/isaworks/isa/internal/schema"
	"github.com/isaworks/isa/internal/value"
	"github.com/isaworks/isa/providers"
	model "github.com/isaworks/isa/providers/mail"
	"github.com/isaworks/isa/providers/works/api"
)

// Kinds returns the kinds of mail that are objects of a tenant, by type. The client
// needs the scope mail.
func Kinds(client *api.Client) map[string]providers.Kind {
	out := map[string]providers.Kind{}
	for _, k := range model.Objects() {
		if k.Type == model.ForwardingKind {
			out[k.Type] = &forwarding{client, k}
		}
	}
	return out
}

// forwarding is the kind of forwardings (40 §7). An object's ID is its member's.
type forwarding struct {
	client *api.Client
	schema *schema.Kind
}

// The operations.
const (
	forwardingSet    = "mail-setting-forwarding-create"
	forwardingDelete = "mail-setting-forwarding-delete"
)

// Schema describes the kind.
func (f *forwarding) Schema() *schema.Kind { return f.schema }

// List has nothing to ask: schema.Kind.Unread says what stands for a listing.
func (f *forwarding) List(context.Context, func(int)) ([]live.Object, error) { return nil, nil }

// Find finds nothing: a lost creation is simply repeated, as it says the whole of it.
func (f *forwarding) Find(context.Context, providers.Request) ([]live.Object, error) { return nil, nil }

// Do writes or ends a forwarding. Every step may be repeated.
func (f *forwarding) Do(ctx context.Context, r providers.Request) (providers.Result, error) {
	id := r.ID
	if id == "" {
		id = value.Text(r.Attrs["member"])
	}
	switch {
	case id == "":
		return providers.Result{}, &diag.Failure{Class: diag.Internal, Op: model.ForwardingKind + " " + r.Verb, Detail: "a step without its member"}
	case r.Verb == "create", r.Verb == "patch":
		return f.set(ctx, id, r)
	case r.Verb == "delete":
		err := f.client.DeleteForwarding(ctx, id)
		if diag.ClassOf(err) == diag.NotFound {
			err = nil // it went with its member
		}
		return providers.Result{ID: id}, err
	}
	return providers.Result{}, &diag.Failure{Class: diag.Internal, Op: model.ForwardingKind, Detail: "no such step: " + r.Verb}
}

// set says where mail goes. Whether a second one replaces the first or is refused is
// not known (40 §7): a refused one is ended first. That leaves a moment without.
func (f *forwarding) set(ctx context.Context, id string, r providers.Request) (providers.Result, error) {
	to, ok := r.Attrs["to"].(value.String)
	if !ok {
		return providers.Result{}, &diag.Failure{Class: diag.Internal, Op: forwardingSet, Detail: "a step that does not say where to"}
	}
	keep := true
	if v, given := r.Attrs["keep_original"].(value.Bool); given {
		keep = bool(v)
	}
	body := api.Forwarding{Email: string(to), IsSaveOriginalMail: keep}
	err := f.client.SetForwarding(ctx, id, body)
	if class := diag.ClassOf(err); class == diag.Conflict || class == diag.Exists {
		if err = f.client.DeleteForwarding(ctx, id); err == nil || diag.ClassOf(err) == diag.NotFound {
			err = f.client.SetForwarding(ctx, id, body)
		}
	}
	if err != nil {
		return providers.Result{}, refused(err)
	}
	return providers.Result{ID: id, Attrs: value.Object{"member": value.String(id), "to": to, "keep_original": value.Bool(keep)}}, nil
}

// refused adds the way out.
func refused(err error) error {
	var f *diag.Failure
	if !errors.As(err, &f) || api.StatusOf(err) != 403 {
		return err
	}
	told := *f
	told.Fix = "see that Security > Mail Security allows forwarding to addresses outside, that the plan has mail, and that the app has the scope mail"
	return &told
}

// Calls tells the requests of a step when nothing goes wrong.
func (f *forwarding) Calls(r providers.Request) []lanes.Call {
	if r.Verb == "delete" {
		return []lanes.Call{{Op: forwardingDelete}}
	}
	return []lanes.Call{{Op: forwardingSet}}
}
