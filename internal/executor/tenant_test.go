package executor

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/isaworks/isa/internal/addr"
	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/internal/lanes"
	"github.com/isaworks/isa/internal/live"
	"github.com/isaworks/isa/internal/schema"
	"github.com/isaworks/isa/internal/value"
	"github.com/isaworks/isa/planner"
	"github.com/isaworks/isa/providers"
	"github.com/isaworks/isa/state"
	"github.com/isaworks/isa/state/backend/local"
)

// tenant is a strict service: it refuses names that are taken, references that
// lead nowhere and two writes of one object at a time. With a path, all it did
// survives its process.
type tenant struct {
	mu      sync.Mutex
	objects map[string]entity
	next    int
	busy    map[string]bool // objects with a write under way
	calls   int
	path    string

	// fault decides what goes wrong with a write; nil: nothing.
	fault func(verb, kind string) string
	// hook is called before a write is done, without the lock.
	hook func(ctx context.Context, verb, id string) error
	// after is called when a write was done, before the answer.
	after func()
}

type entity struct {
	Kind, ID string
	Attrs    value.Object
	Deleted  bool
}

func unitSchema() *schema.Kind {
	return &schema.Kind{Type: "unit", Version: 3, Key: "key", Natural: []string{"name"}, Attrs: []schema.Attr{
		{Name: "key", Type: schema.Text()}, {Name: "name", Type: schema.Text()}, {Name: "parent", Type: schema.RefTo("unit")}}}
}

func personSchema() *schema.Kind {
	return &schema.Kind{Type: "person", Version: 1, Key: "login", Natural: []string{"login"}, Person: true, SuspendOn: "until", Attrs: []schema.Attr{
		{Name: "login", Type: schema.Text(), CaseFold: true}, {Name: "unit", Type: schema.RefTo("unit")},
		{Name: "note", Type: schema.Text(), Clearable: true},
		{Name: "until", Type: schema.Text(), Steering: true},
		{Name: "password", WriteOnly: true, CreateOnly: true, Type: schema.ObjectOf(
			schema.Attr{Name: "value", Type: schema.SecretType()}, schema.Attr{Name: "generate", Type: schema.Switch()})}}}
}

// groupSchema has no external key: only its name tells a lost create.
func groupSchema() *schema.Kind {
	return &schema.Kind{Type: "group", Version: 1, Natural: []string{"name"}, Attrs: []schema.Attr{
		{Name: "name", Type: schema.Text()},
		{Name: "members", Type: schema.ListOf(schema.RefTo("person", "unit")), Set: true}}}
}

// toyKind is a kind of the tenant.
type toyKind struct {
	*tenant
	schema *schema.Kind
}

func (t *tenant) kinds() map[string]providers.Kind {
	out := map[string]providers.Kind{}
	for _, s := range []*schema.Kind{unitSchema(), personSchema(), groupSchema()} {
		out[s.Type] = toyKind{t, s}
	}
	return out
}

func newTenant(t testing.TB, path string) *tenant {
	t.Helper()
	n := &tenant{objects: map[string]entity{}, busy: map[string]bool{}, path: path}
	if path == "" {
		return n
	}
	data, err := os.ReadFile(path)
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(data)) {
		var e entity
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Fatal(err)
		}
		n.set(e)
	}
	return n
}

func (t *tenant) set(e entity) {
	if t.next++; e.Deleted {
		delete(t.objects, e.ID)
	} else {
		t.objects[e.ID] = e
	}
}

func (t *tenant) write(e entity) {
	t.set(e)
	if t.path == "" {
		return
	}
	data, err := json.Marshal(e)
	if err != nil {
		panic(err)
	}
	f, err := os.OpenFile(t.path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		panic(err)
	}
	if _, err := f.Write(append(data, '\n')); err != nil {
		panic(err)
	}
	if err := f.Close(); err != nil {
		panic(err)
	}
}

func (k toyKind) Schema() *schema.Kind { return k.schema }

func (k toyKind) Calls(r providers.Request) []lanes.Call {
	return []lanes.Call{{Op: k.schema.Type + "-" + r.Verb}}
}

func (k toyKind) List(context.Context, func(int)) ([]live.Object, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	var out []live.Object
	for _, e := range k.objects {
		if e.Kind == k.schema.Type {
			out = append(out, live.Object{Kind: e.Kind, ID: e.ID, Attrs: e.Attrs, Status: live.InUse})
		}
	}
	slices.SortFunc(out, func(a, b live.Object) int { return cmp.Compare(a.ID, b.ID) })
	return out, nil
}

func (k toyKind) Find(ctx context.Context, r providers.Request) ([]live.Object, error) {
	all, err := k.List(ctx, nil)
	name := k.schema.Natural[0]
	return slices.DeleteFunc(all, func(o live.Object) bool { return !value.Equal(o.Attrs[name], r.Attrs[name]) }), err
}

func (k toyKind) Do(ctx context.Context, r providers.Request) (res providers.Result, err error) {
	if k.hook != nil {
		if err := k.hook(ctx, r.Verb, r.ID); err != nil {
			return res, err
		}
	}
	if err := k.enter(r.ID); err != nil {
		return res, err
	}
	defer k.leave(r.ID)
	fault := ""
	k.mu.Lock()
	defer k.mu.Unlock()
	k.calls++
	if k.fault != nil {
		fault = k.fault(r.Verb, k.schema.Type)
	}
	fail := func(class diag.Class, unknown bool) error {
		return &diag.Failure{Class: class, Op: k.schema.Type + "-" + r.Verb, Detail: "fault " + fault, Unknown: unknown}
	}
	switch fault {
	case "refused":
		return res, fail(diag.Invalid, false)
	case "denied":
		return res, fail(diag.Denied, false)
	case "down":
		return res, fail(diag.Unavailable, false)
	case "lost request":
		return res, fail(diag.Unavailable, true)
	}
	if res, err = k.serve(r); err == nil && k.after != nil {
		k.after()
	}
	if err == nil && fault == "lost answer" {
		return providers.Result{}, fail(diag.Unavailable, true)
	}
	return res, err
}

// enter refuses a second write of an object while one is under way.
func (t *tenant) enter(id string) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if id != "" && t.busy[id] {
		return &diag.Failure{Class: diag.Invalid, Op: "write", Detail: "two writes of " + id + " at a time"}
	}
	t.busy[id] = true
	return nil
}

func (t *tenant) leave(id string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.busy, id)
}

func (k toyKind) serve(r providers.Request) (providers.Result, error) {
	refuse := func(class diag.Class, why string) (providers.Result, error) {
		return providers.Result{}, &diag.Failure{Class: class, Op: k.schema.Type + "-" + r.Verb, Detail: why}
	}
	e := k.objects[r.ID]
	if r.Verb == "create" {
		e = entity{Kind: k.schema.Type, ID: k.schema.Type[:1] + strconv.Itoa(k.next), Attrs: value.Object{}}
	} else if e.ID == "" {
		if r.Verb == "delete" {
			return providers.Result{ID: r.ID}, nil
		}
		return refuse(diag.NotFound, r.ID)
	}
	if r.Verb == "delete" {
		for _, o := range k.objects {
			if o.Attrs["parent"] == value.String(e.ID) || o.Attrs["unit"] == value.String(e.ID) {
				return refuse(diag.Conflict, "still in use")
			}
		}
		e.Deleted = true
		k.write(e)
		return providers.Result{ID: r.ID}, nil
	}
	attrs := value.Object{}
	for name, v := range e.Attrs {
		attrs[name] = v
	}
	for name, v := range r.Attrs {
		switch v := v.(type) {
		case value.Clear:
			delete(attrs, name)
		case value.Object:
			if s, ok := v["value"].(value.Secret); ok {
				if _, err := r.Secret(s); err != nil {
					return providers.Result{}, err
				}
			}
		default:
			attrs[name] = v
		}
	}
	for _, ref := range []string{"parent", "unit"} {
		if id := value.Text(attrs[ref]); id != "" && k.objects[id].Kind != "unit" {
			return refuse(diag.Invalid, ref+" "+id+" is not there")
		}
	}
	if k.schema.Key != "" {
		for _, o := range k.objects {
			if o.Kind == e.Kind && o.ID != e.ID && value.Equal(o.Attrs[k.schema.Key], attrs[k.schema.Key]) {
				return refuse(diag.Exists, value.Text(attrs[k.schema.Key]))
			}
		}
	}
	e.Attrs = attrs
	k.write(e)
	return providers.Result{ID: e.ID, Attrs: attrs}, nil
}

// wish is an object that somebody wants.
type wish struct {
	addr  addr.Address
	attrs value.Object
}

// wishes makes a random organisation: a tree of units, people and groups in them.
func wishes(r *rand.Rand, n int) []wish {
	var out []wish
	unit := func(i int) addr.Address { return addr.New("unit", fmt.Sprint("u", i)) }
	for i := range n {
		attrs := value.Object{"name": value.String(fmt.Sprint("팀", i)), "key": value.String(fmt.Sprint("K", i))}
		if i > 0 && r.IntN(4) > 0 {
			attrs["parent"] = value.ID(unit(r.IntN(i)))
		}
		out = append(out, wish{unit(i), attrs})
	}
	for i := range n {
		out = append(out, wish{addr.Instance("person", "staff", fmt.Sprint(i)),
			value.Object{"login": value.String(fmt.Sprint("p", i)), "unit": value.ID(unit(r.IntN(n)))}})
	}
	for i := range n / 3 {
		out = append(out, wish{addr.New("group", fmt.Sprint("g", i)), value.Object{"name": value.String(fmt.Sprint("모임", i)),
			"members": value.List{value.ID(addr.Instance("person", "staff", fmt.Sprint(r.IntN(n)))), value.ID(unit(r.IntN(n)))}}})
	}
	return out
}

// plan is a small planner: it creates, adopts what a lost create made, patches.
func plan(t testing.TB, n *tenant, st *state.State, want []wish) (*planner.Plan, live.Snapshot) {
	t.Helper()
	snap := live.Snapshot{Objects: map[string][]live.Object{}}
	for kind, k := range n.kinds() {
		var err error
		if snap.Objects[kind], err = k.List(context.Background(), nil); err != nil {
			t.Fatal(err)
		}
	}
	ids, created := map[addr.Address]string{}, map[addr.Address]string{}
	for _, w := range want {
		o, _ := st.Find(w.addr)
		ids[w.addr] = o.ID
		k := n.kinds()[w.addr.Type].Schema()
		for _, l := range snap.Objects[k.Type] {
			if o.ID == "" && value.Equal(l.Attrs[k.Natural[0]], w.attrs[k.Natural[0]]) && !slices.Contains(o.Known, l.ID) {
				ids[w.addr] = l.ID
			}
		}
		if ids[w.addr] == "" {
			created[w.addr] = w.addr.String() + "#1"
		}
	}
	p := &planner.Plan{Lineage: st.Lineage, Serial: st.Serial, Tenant: "toy", Hash: "h"}
	for _, w := range want {
		c := planner.Change{Address: w.addr, Kind: w.addr.Type, ID: ids[w.addr], Managed: w.attrs, Action: planner.Create}
		s := planner.Step{ID: w.addr.String() + "#1", Verb: planner.DoCreate, Attrs: w.attrs, Calls: []lanes.Call{{Op: w.addr.Type + "-create"}}}
		if c.ID != "" {
			o, _ := st.Find(w.addr)
			if c.Action, s.Verb = planner.Update, planner.DoPatch; o.ID != "" && value.Equal(o.Attrs, w.attrs) && n.objects[c.ID].ID != "" {
				continue
			}
		}
		for _, a := range value.Refs(w.attrs) {
			if id := created[a]; id != "" {
				s.Needs = append(s.Needs, id)
			}
		}
		c.Steps = []planner.Step{s}
		p.Changes = append(p.Changes, c)
	}
	return p, snap
}

// quick looks for lost creates without waiting.
func quick() Looks { return Looks{Pauses: make([]time.Duration, 3), Attempts: 3} }

// apply plans and runs once on a local store at path.
func apply(t testing.TB, ctx context.Context, n *tenant, path string, want []wish, tune func(*Options)) (Report, error) {
	t.Helper()
	s, err := local.New(path).Lock(context.Background(), state.Holder{What: "apply"})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}()
	p, snap := plan(t, n, s.State(), want)
	o := Options{Plan: p, Kinds: n.kinds(), Session: s, Live: snap, Looks: quick(), Tool: "test"}
	if tune != nil {
		tune(&o)
	}
	return Run(ctx, o)
}

// agree checks that the tenant is what is wanted, each object once, and that the
// state knows it.
func agree(t testing.TB, n *tenant, st *state.State, want []wish) {
	t.Helper()
	if len(n.objects) != len(want) || len(st.Objects) != len(want) {
		t.Errorf("%d objects at the service, %d in the state, %d wanted", len(n.objects), len(st.Objects), len(want))
	}
	for _, w := range want {
		o, ok := st.Find(w.addr)
		if !ok || o.Status != state.Ready || !value.Equal(o.Attrs, w.attrs) {
			t.Errorf("the state holds %s as %+v", w.addr, o)
			continue
		}
		find := func(a addr.Address) (target, bool) {
			o, ok := st.Find(a)
			return target{kind: o.Kind, id: o.ID}, ok
		}
		sent, err := resolver{find}.object(w.attrs, n.kinds()[w.addr.Type].Schema().Attrs)
		if err != nil || !value.Equal(sent, n.objects[o.ID].Attrs) {
			t.Errorf("%s is %v at the service, wanted %v (%v)", w.addr, n.objects[o.ID].Attrs, sent, err)
		}
	}
}
