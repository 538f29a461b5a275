//go:build !windows

package executor

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
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

// row is a kind of which one follows the other.
type row struct {
	mu     sync.Mutex
	schema *schema.Kind
	order  []string          // IDs
	names  map[string]string // by ID
	moment func()            // called before and after each write
	refuse string            // the ID of which no write is done
}

func newRow() *row {
	return &row{names: map[string]string{}, moment: func() {}, schema: &schema.Kind{Type: "row", Version: 1, Natural: []string{"name"},
		Placed: true, Parent: "parent", Order: "order", Attrs: []schema.Attr{
			{Name: "name", Type: schema.Text()}, {Name: "parent", Type: schema.RefTo("row"), Clearable: true}, {Name: "order", Type: schema.Whole()}}}}
}

func (k *row) Schema() *schema.Kind                 { return k.schema }
func (k *row) Calls(providers.Request) []lanes.Call { return nil }

func (k *row) List(context.Context, func(int)) ([]live.Object, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	var out []live.Object
	for i, id := range k.order {
		out = append(out, live.Object{Kind: "row", ID: id, DomainID: 1, Status: live.InUse, Attrs: value.Object{"name": value.String(k.names[id]), "order": value.Int(i + 1)}})
	}
	return out, nil
}

func (k *row) Find(context.Context, providers.Request) ([]live.Object, error) { return nil, nil }

func (k *row) Do(_ context.Context, r providers.Request) (providers.Result, error) {
	k.moment()
	defer k.moment()
	k.mu.Lock()
	defer k.mu.Unlock()
	id := r.ID
	if r.Verb == "create" {
		id = strconv.Itoa(len(k.names))
	} else if id == k.refuse {
		return providers.Result{}, &diag.Failure{Class: diag.Invalid, Op: "row", Detail: "refused"}
	}
	if name, ok := r.Attrs["name"].(value.String); ok {
		k.names[id] = string(name)
	}
	if r.Place != nil {
		k.put(id, r.Place.After)
	}
	return providers.Result{ID: id}, nil
}

func (k *row) put(id, after string) {
	k.order = slices.DeleteFunc(k.order, func(other string) bool { return other == id })
	k.order = slices.Insert(k.order, slices.Index(k.order, after)+1, id)
}

var company = schema.Company{Domain: "acme.co.kr", DomainID: 1}

var long = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

func (k *row) input(t *testing.T, st *state.State, wanted []*schema.Instance) planner.Input {
	t.Helper()
	objects, err := k.List(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	many := 1 << 20
	in := planner.Input{Now: long, Kinds: []*schema.Kind{k.schema}, Wanted: wanted, State: st, Tenant: schema.Tenant{Companies: []schema.Company{company}},
		Live: live.Snapshot{Identity: "toy", Objects: map[string][]live.Object{"row": objects}}}
	for code := range planner.CodesFor(in.Kinds) {
		in.Guards = append(in.Guards, planner.Guard{Code: code[len("guard."):], MaxCount: &many})
	}
	return in
}

func (k *row) hands(t *testing.T, st *state.State) *planner.Hands {
	t.Helper()
	in := k.input(t, st, nil)
	return planner.ByHand(planner.HandInput{Now: in.Now, Tenant: in.Tenant, Kinds: in.Kinds, State: st, Live: in.Live})
}

func (k *row) apply(t *testing.T, path string, wanted []*schema.Instance, moment func()) Report {
	t.Helper()
	s, err := local.New(path).Lock(t.Context(), state.Holder{What: "apply"})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}()
	in := k.input(t, s.State(), wanted)
	p := planner.Build(in)
	if p.Diagnostics.HasErrors() {
		t.Fatal(p.Diagnostics)
	}
	k.moment = moment
	rep, err := Run(t.Context(), Options{Plan: p, Kinds: map[string]providers.Kind{"row": k}, Session: mortal{s, moment}, Live: in.Live, Looks: quick(), Tool: "test",
		Now: func() time.Time { return long.Add(-time.Hour) }})
	if err != nil {
		t.Fatal(err)
	}
	k.moment = func() {}
	return rep
}

// shuffled are n rows in a random order, some of them with another name than before.
func shuffled(r *rand.Rand, k *schema.Kind, n int) []*schema.Instance {
	var out []*schema.Instance
	for i, at := range r.Perm(n) {
		key := fmt.Sprint("r", at)
		out = append(out, &schema.Instance{Addr: addr.New("row", key), Kind: k, Company: company, Seq: i, Written: true,
			Attrs: value.Object{"name": value.String(key + []string{"", " 새"}[r.IntN(2)])}})
	}
	return out
}

// cut is what is left of an apply that ends at a moment.
type cut struct {
	dir   string
	order []string
	names map[string]string
}

// TestACutOffOrderIsNobodysHand: wherever an apply that orders siblings ends, nothing of
// it counts as done by hand, neither by ByHand nor by a plan, and what then is done by hand
// is found.
func TestACutOffOrderIsNobodysHand(t *testing.T) {
	found, cuts := 0, 0
	for seed := range uint64(6) {
		r := rand.New(rand.NewPCG(seed, 3))
		k, path := newRow(), filepath.Join(t.TempDir(), "isa.state.json")
		k.apply(t, path, shuffled(r, k.schema, 6), func() {})
		wanted := shuffled(r, k.schema, 8)
		var mu sync.Mutex
		var moments []cut
		rep := k.apply(t, path, wanted, func() {
			mu.Lock()
			defer mu.Unlock()
			k.mu.Lock()
			defer k.mu.Unlock()
			c := cut{t.TempDir(), slices.Clone(k.order), map[string]string{}}
			for id, name := range k.names {
				c.names[id] = name
			}
			for _, name := range []string{"isa.state.json", "isa.state.journal"} {
				data, err := os.ReadFile(filepath.Join(filepath.Dir(path), name))
				if err == nil {
					err = os.WriteFile(filepath.Join(c.dir, name), data, 0o600)
				}
				if err != nil && !os.IsNotExist(err) {
					t.Error(err)
				}
			}
			moments = append(moments, c)
		})
		if !rep.Complete() {
			t.Fatalf("seed %d: %+v", seed, rep)
		}
		if h := k.hands(t, stateAt(t, path)); len(h.Changes)+len(h.Unseen) > 0 {
			t.Fatalf("seed %d: after the apply: %+v, unseen %+v", seed, h.Changes, h.Unseen)
		}
		for i, c := range moments {
			cuts++
			st := stateAt(t, filepath.Join(c.dir, "isa.state.json"))
			at := newRow()
			at.order, at.names = c.order, c.names
			if h := at.hands(t, st); len(h.Changes) > 0 {
				t.Fatalf("seed %d, moment %d: found %+v", seed, i, h.Changes)
			}
			if p := planner.Build(at.input(t, st, wanted)); len(p.Drift)+len(p.Unconfirmed) > 0 {
				t.Fatalf("seed %d, moment %d: the plan says %+v, unconfirmed %v", seed, i, p.Drift, p.Unconfirmed)
			}
			if at.meddle(st) {
				found++
				if h := at.hands(t, st); len(h.Changes) == 0 {
					t.Fatalf("seed %d, moment %d: what was done by hand is not found; unseen %+v", seed, i, h.Unseen)
				}
			}
		}
	}
	if found < cuts/2 {
		t.Errorf("only %d of %d were tried", found, cuts)
	}
}

// meddle puts the last one of those in front that no apply was at work on.
func (k *row) meddle(st *state.State) bool {
	var sure []string
	for _, id := range k.order {
		if slices.ContainsFunc(st.Objects, func(o state.Object) bool {
			return o.ID == id && o.Status != state.Pending && !slices.Contains(o.Begun, state.OrderName)
		}) {
			sure = append(sure, id)
		}
	}
	if len(sure) < 2 {
		return false
	}
	k.put(sure[len(sure)-1], "")
	return true
}

// TestARefusedWriteHoldsNoOrderUp: that a name was refused says nothing about the order; that
// a place was, does, until an apply has put all of them.
func TestARefusedWriteHoldsNoOrderUp(t *testing.T) {
	k, path := newRow(), filepath.Join(t.TempDir(), "isa.state.json")
	rows := func(names ...string) []*schema.Instance {
		var out []*schema.Instance
		for i, name := range names {
			out = append(out, &schema.Instance{Addr: addr.New("row", name[:1]), Kind: k.schema, Company: company, Seq: i, Written: true,
				Attrs: value.Object{"name": value.String(name)}})
		}
		return out
	}
	k.apply(t, path, rows("a", "b", "c", "d"), func() {})
	a, _ := stateAt(t, path).Find(addr.New("row", "a"))
	k.refuse = a.ID
	if rep := k.apply(t, path, rows("a2", "d", "b", "c"), func() {}); len(rep.Failed) != 1 {
		t.Fatalf("%+v", rep)
	}
	if d, _ := stateAt(t, path).Find(addr.New("row", "d")); d.Behind != addr.New("row", "a") || len(d.Begun) > 0 {
		t.Errorf("after a name was refused: %+v", d)
	}
	if rep := k.apply(t, path, rows("d", "b", "c", "a"), func() {}); len(rep.Failed) != 1 {
		t.Fatalf("%+v", rep)
	}
	if h := k.hands(t, stateAt(t, path)); len(h.Changes) > 0 {
		t.Errorf("after a place was refused: %+v", h.Changes)
	}
	k.refuse = ""
	k.apply(t, path, rows("d", "b", "c", "a"), func() {})
	if h := k.hands(t, stateAt(t, path)); len(h.Changes)+len(h.Unseen) > 0 {
		t.Errorf("in the end: %+v, unseen %+v", h.Changes, h.Unseen)
	}
}
