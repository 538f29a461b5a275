package executor

import (
	"context"
	"math/rand/v2"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/isaworks/isa/internal/addr"
	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/internal/lanes"
	"github.com/isaworks/isa/internal/value"
	"github.com/isaworks/isa/planner"
	"github.com/isaworks/isa/state"
	"github.com/isaworks/isa/state/backend/local"
)

// queued lets every write wait in a lane, as a client does. Only the first few get
// through; all others wait for a window that never ends.
func queued(n *tenant, through int, last func()) {
	set := lanes.New(lanes.Budget{PerMinute: through})
	var passed atomic.Int32
	n.hook = func(ctx context.Context, verb, _ string) error {
		if _, err := set.Acquire(ctx, lanes.Call{Op: "write"}); err != nil {
			return &diag.Failure{Class: diag.Cancelled, Op: verb, Detail: "stopped before it was sent", Err: err}
		}
		if int(passed.Add(1)) == through {
			last()
		}
		return nil
	}
}

// Steps that wait for their turn when the run is to stop are neither done nor
// failed, and the state knows nothing of them, even when nothing else was left.
func TestInterruptGivesUpWhatWaitsForItsTurn(t *testing.T) {
	for _, name := range []string{"interrupted", "halted"} {
		t.Run(name, func(t *testing.T) {
			n, path := newTenant(t, ""), statePath(t)
			var want []wish
			for _, id := range strings.Split("abcdefghij", "") {
				want = append(want, wish{addr.New("unit", id), value.Object{"key": value.String(id), "name": value.String(id)}})
			}
			ctx, interrupt := context.WithCancel(t.Context())
			defer interrupt()
			queued(n, 4, func() {
				if name == "interrupted" {
					interrupt()
					return
				}
				n.mu.Lock() // writes that got through before are looking at it
				defer n.mu.Unlock()
				n.fault = func(string, string) string { return "denied" }
			})
			var unbegun []string
			rep, err := apply(t, ctx, n, path, want, func(o *Options) {
				o.Stops = func(err error) bool { return diag.ClassOf(err) == diag.Denied }
				o.Observe = func(e Event) {
					if e.Kind == Unbegun {
						unbegun = append(unbegun, e.Step)
					}
				}
			})
			if err != nil || rep.Interrupted != (name == "interrupted") || rep.Complete() || rep.Done != len(n.objects) {
				t.Fatalf("%+v, %v; %d objects made", rep, err, len(n.objects))
			}
			if failed := len(rep.Failed); failed != 4-rep.Done || len(rep.Skipped) != 6 || len(unbegun) != 6 {
				t.Errorf("failed %+v, skipped %+v, not begun %v", rep.Failed, rep.Skipped, unbegun)
			}
			for _, s := range rep.Skipped {
				if s.Cause != "" || !strings.HasPrefix(s.Reason, "not begun: ") {
					t.Errorf("%+v", s)
				}
			}
			if st := stateAt(t, path); len(st.Objects) != rep.Done {
				t.Errorf("the state holds %d objects: %+v", len(st.Objects), st.Objects)
			}
			n.hook, n.fault = nil, nil
			if rep, err = apply(t, t.Context(), n, path, want, nil); err != nil || !rep.Complete() {
				t.Fatalf("%+v, %v", rep, err)
			}
			agree(t, n, stateAt(t, path), want)
		})
	}
}

// When nothing can be recorded any more, what waits for its turn is not sent.
func TestNothingIsSentOnceTheStateCannotBeKept(t *testing.T) {
	n, path := newTenant(t, ""), statePath(t)
	want := wishes(rand.New(rand.NewPCG(11, 11)), 20)
	set := lanes.New(lanes.Budget{PerMinute: 1000})
	n.hook = func(ctx context.Context, verb, _ string) error {
		if _, err := set.Acquire(ctx, lanes.Call{Op: "write", Writer: "all"}); err != nil {
			return &diag.Failure{Class: diag.Cancelled, Op: verb, Detail: "stopped before it was sent", Err: err}
		}
		return nil // the ticket is kept: nobody else gets through
	}
	rep, err := apply(t, t.Context(), n, path, want, func(o *Options) { o.Session = brokenAfterPut{o.Session} })
	if err == nil || rep.Complete() || rep.Interrupted || n.calls != 1 {
		t.Fatalf("%+v, %v; %d calls", rep, err, n.calls)
	}
	n.hook = nil
	if rep, err := apply(t, t.Context(), n, path, want, nil); err != nil || !rep.Complete() {
		t.Fatalf("%+v, %v", rep, err)
	}
	agree(t, n, stateAt(t, path), want)
}

// brokenAfterPut takes intents and no results.
type brokenAfterPut struct{ state.Session }

func (b brokenAfterPut) Append(ctx context.Context, sync bool, entries ...state.Entry) error {
	if slices.ContainsFunc(entries, func(e state.Entry) bool { return e.Put != nil || e.Drop != nil }) {
		return &diag.Failure{Class: diag.Unavailable, Op: "state", Detail: "disk full"}
	}
	return b.Session.Append(ctx, sync, entries...)
}

// A read that is behind does not show an object that this run has just made.
func TestNotFoundIsRepeatedForWhatThisRunMade(t *testing.T) {
	n, path := newTenant(t, ""), statePath(t)
	want := []wish{{addr.New("unit", "a"), value.Object{"key": value.String("a"), "name": value.String("가")}}}
	patches := 0
	n.hook = func(_ context.Context, verb, _ string) error {
		if verb != "patch" {
			return nil
		}
		if patches++; patches < 3 {
			return &diag.Failure{Class: diag.NotFound, Op: "unit-get"}
		}
		return nil
	}
	split := func(o *Options) {
		c := &o.Plan.Changes[0]
		c.Steps = append(c.Steps, planner.Step{ID: c.Address.String() + "#2", Verb: planner.DoPatch, Needs: []string{c.Steps[0].ID}, Attrs: value.Object{"name": value.String("가")}})
	}
	if rep, err := apply(t, t.Context(), n, path, want, split); err != nil || !rep.Complete() || patches != 3 {
		t.Fatalf("%+v, %v; %d patches", rep, err, patches)
	}
	agree(t, n, stateAt(t, path), want)
	patches, n.objects = 0, map[string]entity{} // gone for good, and not made in this run
	want[0].attrs = value.Object{"key": value.String("a"), "name": value.String("나")}
	rep, err := apply(t, t.Context(), n, path, want, func(o *Options) {
		c := &o.Plan.Changes[0]
		c.ID, c.Action, c.Steps[0].Verb = "u0", planner.Update, planner.DoPatch
	})
	if err != nil || len(rep.Failed) != 1 || patches != 1 {
		t.Fatalf("%+v, %v; %d patches", rep, err, patches)
	}
}

// An object that an earlier apply made has the password handed out then: no other
// one is handed out when it is found.
func TestNoPasswordIsHandedOutForWhatIsThere(t *testing.T) {
	n, path := newTenant(t, ""), statePath(t)
	who := addr.New("person", "kim")
	want := []wish{{who, value.Object{"login": value.String("kim"), "password": value.Object{"generate": value.Bool(true)}}}}
	s, err := local.New(path).Lock(t.Context(), state.Holder{})
	if err != nil {
		t.Fatal(err)
	}
	p, _ := plan(t, n, s.State(), want)
	pending := state.Object{Address: who, Kind: "person", Status: state.Pending, Attrs: value.Object{"login": value.String("kim")}}
	err = s.Append(t.Context(), true, state.Entry{Begin: &state.Begin{Lineage: "l", Tenant: p.Tenant}},
		state.Entry{Intent: &state.Intent{Step: "x", Verb: "create", Object: &pending}})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	handed := 0
	looked := false
	rep, err := apply(t, t.Context(), n, path, want, func(o *Options) {
		o.Plan.Changes[0].Managed = value.Object{"login": value.String("kim"), "password": value.String("digest")}
		o.Handout = func(context.Context, addr.Address, string) error { handed++; return nil }
		o.Observe = func(e Event) { looked = looked || e.Kind == Waiting }
		// The earlier apply's create arrives late: behind the listing.
		n.set(entity{Kind: "person", ID: "p0", Attrs: value.Object{"login": value.String("kim")}})
	})
	if err != nil || !rep.Complete() || handed != 0 || !looked || len(n.objects) != 1 {
		t.Fatalf("%+v, %v; handed out %d, %d objects", rep, err, handed, len(n.objects))
	}
}
