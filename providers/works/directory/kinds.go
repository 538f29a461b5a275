// Package directory carries the directory kinds to NAVER WORKS: it translates
// between the attributes of providers/directory and the wire of providers/works/api,
// and does the steps of a plan.
//
// Facts come from reference/api/10-users.md, 20-orgunits.md,
// 21-levels-positions-employment-types.md and 22-groups.md (cited as 10, 20, 21, 22).
package directory

import (
	"context"
	"iter"

	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/internal/lanes"
	"github.com/isaworks/isa/internal/live"
	"github.com/isaworks/isa/internal/schema"
	"github.com/isaworks/isa/internal/value"
	"github.com/isaworks/isa/providers"
	model "github.com/isaworks/isa/providers/directory"
	"github.com/isaworks/isa/providers/works/api"
)

// Kinds returns the directory kinds of a tenant, by type. They share a model of
// the org chart: use one set for listing and for applying.
func Kinds(c *api.Client, t schema.Tenant) map[string]providers.Kind {
	d := &directory{client: c, tenant: t, schemas: map[string]*schema.Kind{}}
	for _, k := range model.Schemas() {
		d.schemas[k.Type] = k
	}
	units := d.orgUnits()
	d.places = newPlaces(units.listCompany)
	return map[string]providers.Kind{
		model.JobGrade:       d.jobGrades(),
		model.Position:       d.positions(),
		model.UserType:       d.userTypes(),
		model.CustomProperty: d.customProperties(),
		model.OrgUnit:        units,
		model.Member:         d.members(),
		model.Group:          d.groups(),
	}
}

// directory is what the kinds of one tenant share.
type directory struct {
	client  *api.Client
	tenant  schema.Tenant
	schemas map[string]*schema.Kind
	places  *places
}

// company returns the company with a domain ID. A domain that the configuration
// does not name has no mail domain: its addresses stay whole.
func (d *directory) company(domainID int) schema.Company {
	for _, c := range d.tenant.Companies {
		if c.DomainID == domainID {
			return c
		}
	}
	return schema.Company{DomainID: domainID}
}

// service is how a kind is reached: typed calls of the SDK.
type service[T any] struct {
	noun   string // of its operations: "user" for user-create …
	writer func(r providers.Request) string
	list   func(context.Context, api.ListOptions) iter.Seq2[*T, error]
	get    func(ctx context.Context, domainID int, id string) (*T, error)
	create func(ctx context.Context, domainID int, body api.Props) (*T, error)
	patch  func(ctx context.Context, domainID int, id string, body api.Props) (*T, error)
	// put replaces an object as a whole; fixed are the properties of a read object
	// that a full update does not take.
	put    func(ctx context.Context, domainID int, id string, body api.Props) (*T, error)
	fixed  []string
	remove func(ctx context.Context, domainID int, id string) error
	move   func(ctx context.Context, r providers.Request, parent string, number int64) (*T, error) // trees only
}

// kind is one kind over its service.
type kind[T any] struct {
	*directory
	service[T]
	schema *schema.Kind
	props  []prop[T]
	read   func(*T) live.Object
	// defaults completes the body of a creation.
	defaults func(ctx context.Context, r providers.Request, body api.Props) error
	// always completes the body of a patch from the object as it is; its presence
	// makes every patch read first.
	always func(was *T, body api.Props)
	// locate looks for an object without external key, nil: in the listing.
	locate func(ctx context.Context, r providers.Request) (*T, error)
	// listed takes over what a listing of a company showed.
	listed func(ctx context.Context, domainID int, objs []live.Object) error
	// optional tells that a service that refuses the listing does not offer the kind.
	optional bool
	// asides are the attributes with calls of their own.
	asides []aside
	// linked asks for links of people; nil for kinds that have none.
	linked *api.Client
	// off tells that the feature is switched off, so that there is nothing to list.
	off func() bool

	steps steps[T]
}

// steps are the verbs that only some kinds know; nil where a kind does not.
type steps[T any] struct {
	create    func(ctx context.Context, r providers.Request, body api.Props) (*T, error)
	place     func(ctx context.Context, r providers.Request) (*T, error)
	relocate  func(ctx context.Context, r providers.Request) (*T, error)
	deleted   func(ctx context.Context, r providers.Request) error
	suspend   *toggled
	unsuspend *toggled
	undelete  *toggled
	remove    *toggled
}

// toggled is a switch that can be repeated: when the service refuses it, the
// object is looked at, and being as asked is success.
type toggled struct {
	call func(ctx context.Context, id string) error
	done func(live.Object) bool
}

// Schema describes the kind.
func (k *kind[T]) Schema() *schema.Kind { return k.schema }

// List returns all objects of all companies, nil when they cannot be listed since the
// service does not offer them; one that several companies list (a
// member with posts in two) comes once.
func (k *kind[T]) List(ctx context.Context, progress func(objects int)) ([]live.Object, error) {
	if k.off != nil && k.off() {
		return nil, nil
	}
	all := []live.Object{}
	seen := map[string]bool{}
	for _, c := range k.tenant.Companies {
		page := func(n int) {
			if progress != nil {
				progress(len(all) + n)
			}
		}
		objs, err := k.listPages(ctx, c.DomainID, page)
		if k.optional && diag.ClassOf(err) == diag.Denied {
			return nil, nil // one company or all: what cannot be seen is not taken to be gone
		}
		if err != nil {
			return nil, err
		}
		if k.listed != nil {
			if err := k.listed(ctx, c.DomainID, objs); err != nil {
				return nil, err
			}
		}
		for _, o := range objs {
			if !seen[o.ID] {
				seen[o.ID] = true
				all = append(all, o)
			}
		}
	}
	return all, nil
}

func (k *kind[T]) listCompany(ctx context.Context, domainID int) ([]live.Object, error) {
	return k.listPages(ctx, domainID, nil)
}

func (k *kind[T]) listPages(ctx context.Context, domainID int, page func(int)) ([]live.Object, error) {
	var objs []live.Object
	for item, err := range k.list(ctx, api.ListOptions{DomainID: domainID, Page: page}) {
		if err != nil {
			return nil, k.explain(err)
		}
		objs = append(objs, k.read(item))
	}
	return objs, nil
}

// explain adds the way out where a list is refused because its feature is off
// (21 §1).
func (k *kind[T]) explain(err error) error {
	if k.off == nil || api.StatusOf(err) != 403 {
		return err
	}
	return &diag.Failure{
		Class: diag.ClassOf(err), Op: k.noun + "-list", Err: err,
		Detail: "the service refuses " + k.schema.Type + "s; perhaps the feature is switched off",
		Fix:    "switch it on in the admin console (Member > Position/Level/User type), or set it to false in tenant.features",
	}
}

// Do carries out one step.
func (k *kind[T]) Do(ctx context.Context, r providers.Request) (providers.Result, error) {
	if r.Verb != doCreate && r.ID == "" {
		return providers.Result{}, k.fault(r.Verb, "a step without the ID of its object")
	}
	switch r.Verb {
	case doCreate:
		result, err := k.created(ctx, k.body(r))
		if err != nil {
			return result, err
		}
		return k.asided(ctx, r, result)
	case doPatch, doRelease:
		result, err := k.patched(ctx, k.body(r))
		if err != nil {
			return result, err
		}
		return k.asided(ctx, r, result)
	case doPlace:
		if k.steps.place == nil {
			break
		}
		return k.result(r.ID)(k.steps.place(ctx, r))
	case doRelocate:
		if k.steps.relocate == nil {
			break
		}
		return k.result(r.ID)(k.steps.relocate(ctx, r))
	case doDelete:
		return providers.Result{ID: r.ID}, k.deleted(ctx, r)
	case doSuspend:
		return k.toggle(ctx, r, k.steps.suspend)
	case doUnsuspend:
		return k.toggle(ctx, r, k.steps.unsuspend)
	case doUndelete:
		return k.toggle(ctx, r, k.steps.undelete)
	}
	return providers.Result{}, k.fault(r.Verb, "no such step for "+k.schema.Type)
}

func (k *kind[T]) fault(op, detail string) error {
	return &diag.Failure{Class: diag.Internal, Op: k.schema.Type + " " + op, Detail: detail}
}

// result makes a Result of an answer.
func (k *kind[T]) result(id string) func(*T, error) (providers.Result, error) {
	return func(item *T, err error) (providers.Result, error) {
		if item == nil {
			return providers.Result{ID: id}, err
		}
		o := k.read(item)
		return providers.Result{ID: o.ID, Attrs: o.Attrs}, err
	}
}

func (k *kind[T]) writing(ctx context.Context, r *providers.Request, was *T) *writing[T] {
	return &writing[T]{request: r, was: was, company: k.company, unit: func(id string) (int, error) { return k.unitDomain(ctx, *r, id) }}
}

func (k *kind[T]) created(ctx context.Context, r providers.Request) (providers.Result, error) {
	r.ID = ""
	b, err := body(k.props, k.schema.Attrs, nil, k.writing(ctx, &r, nil))
	if err != nil {
		return providers.Result{}, err
	}
	b["domainId"] = r.Company.DomainID
	if k.defaults != nil {
		if err := k.defaults(ctx, r, b); err != nil {
			return providers.Result{}, err
		}
	}
	if k.steps.create != nil {
		return k.result("")(k.steps.create(ctx, r, b))
	}
	return k.result("")(k.create(ctx, r.Company.DomainID, b))
}

// reads reports whether a patch must read the object first: always where the
// service wants unmanaged properties repeated, else for properties that are
// written whole.
func (k *kind[T]) reads(r providers.Request) bool {
	return k.always != nil || needsRead(k.props, r.Attrs)
}

func (k *kind[T]) patched(ctx context.Context, r providers.Request) (providers.Result, error) {
	result := providers.Result{ID: r.ID}
	if len(touched(k.props, r.Attrs)) > 0 {
		var was *T
		var attrs value.Object
		if k.reads(r) {
			item, err := k.get(ctx, r.Company.DomainID, r.ID)
			if err != nil {
				return result, err
			}
			was, attrs = item, k.read(item).Attrs
		}
		w := k.writing(ctx, &r, was)
		b, err := body(k.props, k.schema.Attrs, attrs, w)
		if err != nil {
			return result, err
		}
		if k.always != nil {
			k.always(was, b)
		}
		if result, err = k.result(r.ID)(k.update(ctx, r, b, w.merged, was)); err != nil {
			return result, err
		}
	}
	if k.moves(r) {
		return k.result(r.ID)(k.steps.place(ctx, r))
	}
	return result, nil
}

// moves reports whether a patch also puts the object elsewhere in its tree.
func (k *kind[T]) moves(r providers.Request) bool {
	_, parent := r.Attrs[k.schema.Parent]
	return k.steps.place != nil && (parent || r.Place != nil)
}

// deleted deletes; an object that is not there is deleted.
func (k *kind[T]) deleted(ctx context.Context, r providers.Request) error {
	if k.steps.remove != nil {
		_, err := k.toggle(ctx, r, k.steps.remove)
		if diag.ClassOf(err) == diag.NotFound {
			return nil
		}
		return err
	}
	err := k.remove(ctx, r.Company.DomainID, r.ID)
	if err != nil && diag.ClassOf(err) != diag.NotFound {
		return err
	}
	if k.steps.deleted != nil {
		return k.steps.deleted(ctx, r)
	}
	return nil
}

// toggle calls a switch. A refusal of one that is already as asked is success.
func (k *kind[T]) toggle(ctx context.Context, r providers.Request, t *toggled) (providers.Result, error) {
	result := providers.Result{ID: r.ID}
	if t == nil {
		return result, k.fault(r.Verb, "no such step for "+k.schema.Type)
	}
	err := t.call(ctx, r.ID)
	switch diag.ClassOf(err) {
	case "":
		return result, nil
	case diag.Invalid, diag.NotFound, diag.Conflict, diag.Exists, diag.Denied:
	default:
		return result, err
	}
	item, lookErr := k.get(ctx, r.Company.DomainID, r.ID)
	if diag.ClassOf(lookErr) == diag.NotFound && r.Verb != doUndelete { // reads need not show deleted people (10 §2.3)
		return result, lookErr // the refusal was about somebody who is not there
	}
	if lookErr != nil {
		return result, err
	}
	if o := k.read(item); t.done(o) {
		result.Attrs = o.Attrs
		return result, nil
	}
	return result, err
}

// Find looks for what a lost creation may have made.
func (k *kind[T]) Find(ctx context.Context, r providers.Request) ([]live.Object, error) {
	if key := value.Text(r.Attrs[k.schema.Key]); key != "" {
		return k.found(k.get(ctx, r.Company.DomainID, api.ExternalKey(key)))
	}
	if k.locate != nil {
		return k.found(k.locate(ctx, r))
	}
	objs, err := k.listPages(ctx, r.Company.DomainID, nil)
	if err != nil {
		return nil, err
	}
	var same []live.Object
	key := k.schema.NaturalKey(r.Attrs)
	for _, o := range objs {
		if k.schema.NaturalKey(o.Attrs) == key {
			same = append(same, o)
		}
	}
	return same, nil
}

func (k *kind[T]) found(item *T, err error) ([]live.Object, error) {
	switch {
	case diag.ClassOf(err) == diag.NotFound:
		return nil, nil
	case err != nil:
		return nil, err
	}
	return []live.Object{k.read(item)}, nil
}

// Calls tells which requests Do will send.
func (k *kind[T]) Calls(r providers.Request) []lanes.Call {
	write := func(op string) lanes.Call { return lanes.Call{Op: op, Writer: k.writer(r)} }
	switch r.Verb {
	case doCreate:
		r.ID = ""
		return append([]lanes.Call{{Op: k.noun + "-create", Writer: k.writer(r)}}, k.asideCalls(r)...)
	case doPatch, doRelease:
		var calls []lanes.Call
		if len(touched(k.props, r.Attrs)) > 0 {
			whole := k.empties(r)
			if whole || k.reads(r) {
				calls = append(calls, lanes.Call{Op: k.noun + "-get"})
			}
			if whole {
				calls = append(calls, write(k.noun+"-update-put"))
			} else {
				calls = append(calls, write(k.noun+"-update-patch"))
			}
		}
		if k.moves(r) {
			calls = append(calls, write(k.noun+"-move"))
		}
		return append(calls, k.asideCalls(r)...)
	case doRelocate:
		return []lanes.Call{{Op: k.noun + "-get"}, write(k.noun + "-move")}
	case doPlace:
		return []lanes.Call{write(k.noun + "-move")}
	case doDelete:
		return []lanes.Call{write(k.noun + "-delete")}
	case doSuspend, doUnsuspend, doUndelete:
		return []lanes.Call{write(k.noun + "-" + r.Verb)}
	}
	return nil
}

// unwritten is the writer of kinds that have no rule (21 §1).
func unwritten(providers.Request) string { return "" }
