package executor

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/isaworks/isa/internal/addr"
	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/internal/value"
	"github.com/isaworks/isa/planner"
	"github.com/isaworks/isa/state"
	"github.com/isaworks/isa/state/backend/local"
)

func stateAt(t testing.TB, path string) *state.State {
	t.Helper()
	st, err := local.New(path).Read(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return st
}

func statePath(t testing.TB) string { return filepath.Join(t.TempDir(), "isa.state.json") }

func TestRunMakesTheTenant(t *testing.T) {
	n, path := newTenant(t, ""), statePath(t)
	want := wishes(rand.New(rand.NewPCG(1, 1)), 30)
	var kinds []EventKind
	rep, err := apply(t, t.Context(), n, path, want, func(o *Options) {
		o.Plan.Tables = []state.Table{{File: "hr.xlsx", Rows: 30}}
		o.Observe = func(e Event) { kinds = append(kinds, e.Kind) }
		o.Plan.Allowed = map[string]int{"member.removal": 3}
	})
	if err != nil || !rep.Complete() || rep.Done != len(want) || rep.ByAction[planner.Create] != len(want) {
		t.Fatalf("%+v, %v", rep, err)
	}
	st := stateAt(t, path)
	agree(t, n, st, want)
	if len(st.Tables) != 1 || st.Tool != "test" || st.Tenant != "toy" || len(st.Audit) != 1 || st.Audit[0].Count != 3 {
		t.Errorf("state: %+v", st)
	}
	if len(kinds) != 2*len(want) {
		t.Errorf("%d events for %d steps", len(kinds), len(want))
	}
	o, _ := st.Find(addr.New("unit", "u0"))
	if o.Schema != 3 || o.Applied.IsZero() {
		t.Errorf("%+v", o)
	}
	serial := st.Serial
	if rep, err = apply(t, t.Context(), n, path, want, nil); err != nil || rep.Done != 0 {
		t.Fatalf("a second apply: %+v, %v", rep, err)
	}
	if stateAt(t, path).Serial != serial {
		t.Error("an apply of nothing wrote the state")
	}
}

// Whatever goes wrong, applying again until nothing fails gives the wanted tenant,
// each object once, and a run's report accounts for every step.
func TestAnyFaultsEndInTheWantedTenant(t *testing.T) {
	for seed := range uint64(15) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			r := rand.New(rand.NewPCG(seed, 2))
			n, path := newTenant(t, ""), statePath(t)
			want := wishes(r, 12)
			n.fault = func(string, string) string {
				return []string{"refused", "down", "lost request", "lost request", "lost answer", "lost answer", "", "", "", "", "", ""}[r.IntN(12)]
			}
			for try := 0; ; try++ {
				if try == 20 {
					n.fault = nil
				}
				total := 0
				rep, err := apply(t, t.Context(), n, path, want, func(o *Options) {
					total = len(o.Plan.Changes)
					o.Observe = checkOrder(t, o.Plan)
				})
				if err != nil {
					t.Fatal(err)
				}
				if rep.Done+len(rep.Failed)+len(rep.Skipped) != total {
					t.Errorf("%d steps, but %+v", total, rep)
				}
				for _, s := range rep.Skipped {
					if !slices.ContainsFunc(rep.Failed, func(f Failed) bool { return f.Step == s.Cause }) {
						t.Errorf("%s was skipped because of %q, which did not fail", s.Step, s.Cause)
					}
				}
				if rep.Complete() {
					break
				}
			}
			agree(t, n, stateAt(t, path), want)
		})
	}
}

// checkOrder fails when a step starts before what it needs is done.
func checkOrder(t *testing.T, p *planner.Plan) func(Event) {
	needs := map[string][]string{}
	for _, c := range p.Changes {
		for _, s := range c.Steps {
			needs[s.ID] = s.Needs
		}
	}
	done := map[string]bool{}
	return func(e Event) {
		switch e.Kind {
		case Started:
			for _, id := range needs[e.Step] {
				if !done[id] {
					t.Errorf("%s began before %s was done", e.Step, id)
				}
			}
		case Done:
			done[e.Step] = true
		}
	}
}

func TestInterruptOnceFinishesWhatIsUnderWay(t *testing.T) {
	n, path := newTenant(t, ""), statePath(t)
	want := wishes(rand.New(rand.NewPCG(3, 3)), 30)
	ctx, interrupt := context.WithCancel(t.Context())
	var calls atomic.Int32
	n.hook = func(ctx context.Context, _, _ string) error {
		if calls.Add(1) == 10 {
			interrupt()
		}
		return ctx.Err()
	}
	rep, err := apply(t, ctx, n, path, want, nil)
	if err != nil || !rep.Interrupted || rep.Complete() || len(rep.Failed) > 0 || rep.Done != len(n.objects) {
		t.Fatalf("%+v, %v; %d objects made", rep, err, len(n.objects))
	}
	for _, o := range stateAt(t, path).Objects {
		if o.Status != state.Ready {
			t.Errorf("%+v", o)
		}
	}
	n.hook = nil
	if rep, err = apply(t, t.Context(), n, path, want, nil); err != nil || !rep.Complete() {
		t.Fatalf("%+v, %v", rep, err)
	}
	agree(t, n, stateAt(t, path), want)
}

func TestInterruptTwiceLeavesPendingObjects(t *testing.T) {
	n, path := newTenant(t, ""), statePath(t)
	want := wishes(rand.New(rand.NewPCG(4, 4)), 10)
	ctx, interrupt := context.WithCancel(t.Context())
	abort, again := context.WithCancel(t.Context())
	var calls atomic.Int32
	n.hook = func(ctx context.Context, _, _ string) error {
		if calls.Add(1) != 4 {
			return nil
		}
		interrupt()
		again()
		<-ctx.Done()
		return &diag.Failure{Class: diag.Cancelled, Op: "x", Unknown: true, Err: ctx.Err()}
	}
	rep, err := apply(t, ctx, n, path, want, func(o *Options) { o.Abort = abort })
	if err != nil || !rep.Interrupted {
		t.Fatalf("%+v, %v", rep, err)
	}
	if !slices.ContainsFunc(stateAt(t, path).Objects, func(o state.Object) bool { return o.Status == state.Pending }) {
		t.Error("what was cut off is not pending")
	}
	n.hook = nil
	if rep, err = apply(t, t.Context(), n, path, want, nil); err != nil || !rep.Complete() {
		t.Fatalf("%+v, %v", rep, err)
	}
	agree(t, n, stateAt(t, path), want)
}

func TestRefusalsInARowStopTheRun(t *testing.T) {
	n, path := newTenant(t, ""), statePath(t)
	n.fault = func(string, string) string { return "denied" }
	want := wishes(rand.New(rand.NewPCG(5, 5)), 60)
	rep, err := apply(t, t.Context(), n, path, want, func(o *Options) { o.Limits.Total = 1 })
	if err != nil || len(rep.Failed) != deniedLimit || rep.Interrupted || rep.Complete() || n.calls != deniedLimit {
		t.Fatalf("%d failed, %d calls, %v", len(rep.Failed), n.calls, err)
	}
	if st := stateAt(t, path); len(st.Objects) != 0 {
		t.Errorf("the state holds what was refused: %+v", st.Objects)
	}
	rep, _ = apply(t, t.Context(), n, path, want, func(o *Options) {
		o.Limits.Total, o.Stops = 1, func(err error) bool { return diag.ClassOf(err) == diag.Denied }
	})
	if len(rep.Failed) != 1 {
		t.Errorf("Stops was not asked: %d failed", len(rep.Failed))
	}
}

func TestAPanicIsAFailureOfItsStepAndTellsNoValue(t *testing.T) {
	n, path := newTenant(t, ""), statePath(t)
	want := wishes(rand.New(rand.NewPCG(6, 6)), 4)
	n.hook = func(_ context.Context, verb, _ string) error { panic("s3cret") }
	rep, err := apply(t, t.Context(), n, path, want, nil)
	if err != nil || len(rep.Failed) == 0 || rep.Done != 0 {
		t.Fatalf("%+v, %v", rep, err)
	}
	for _, f := range rep.Failed {
		if diag.ClassOf(f.Err) != diag.Internal || strings.Contains(f.Err.Error(), "s3cret") || !strings.Contains(f.Err.Error(), "run_test") && !strings.Contains(f.Err.Error(), "executor.") {
			t.Errorf("%v", f.Err)
		}
	}
}

// failing fails its appends from the nth on.
type failing struct {
	state.Session
	left atomic.Int32
}

func (f *failing) Append(ctx context.Context, sync bool, e ...state.Entry) error {
	if f.left.Add(-1) < 0 {
		return &diag.Failure{Class: diag.Unavailable, Op: "state", Detail: "disk full"}
	}
	return f.Session.Append(ctx, sync, e...)
}

func TestNothingIsSentThatCannotBeRecorded(t *testing.T) {
	n, path := newTenant(t, ""), statePath(t)
	want := wishes(rand.New(rand.NewPCG(7, 7)), 20)
	rep, err := apply(t, t.Context(), n, path, want, func(o *Options) {
		f := &failing{Session: o.Session}
		f.left.Store(1 + 2*3) // the beginning, and three steps
		o.Session, o.Limits.Total = f, 1
	})
	if err == nil || rep.Done != 3 || n.calls != 3 {
		t.Fatalf("%+v, %v; %d calls", rep, err, n.calls)
	}
	if rep, err := apply(t, t.Context(), n, path, want, nil); err != nil || !rep.Complete() {
		t.Fatalf("%+v, %v", rep, err)
	}
	agree(t, n, stateAt(t, path), want)
}

func TestPlansThatDoNotFitAreRefused(t *testing.T) {
	n, path := newTenant(t, ""), statePath(t)
	want := wishes(rand.New(rand.NewPCG(8, 8)), 4)
	for name, spoil := range map[string]func(*planner.Plan){
		"serial":  func(p *planner.Plan) { p.Serial++ },
		"errors":  func(p *planner.Plan) { p.Diagnostics = diag.List{{Summary: "x"}} },
		"unknown": func(p *planner.Plan) { p.Changes[0].Steps[0].Needs = []string{"nobody#1"} },
		"circle":  func(p *planner.Plan) { p.Changes[0].Steps[0].Needs = []string{p.Changes[0].Steps[0].ID} },
		"twice":   func(p *planner.Plan) { p.Changes = append(p.Changes, p.Changes[0]) },
		"kind":    func(p *planner.Plan) { p.Changes[0].Kind = "robot" },
	} {
		if _, err := apply(t, t.Context(), n, path, want, func(o *Options) { spoil(o.Plan) }); err == nil || n.calls != 0 {
			t.Errorf("%s: %v after %d calls", name, err, n.calls)
		}
	}
}

func TestAGeneratedPasswordIsHandedOutBeforeItIsSent(t *testing.T) {
	n, path := newTenant(t, ""), statePath(t)
	who := addr.New("person", "kim")
	want := []wish{{who, value.Object{"login": value.String("kim"), "password": value.Object{"generate": value.Bool(true)}}}}
	var mu sync.Mutex
	handed, lost := []string{}, 1
	n.fault = func(string, string) string {
		if len(handed) == 0 {
			t.Error("the create was sent before the password was handed out")
		}
		if lost--; lost == 0 {
			return "lost request"
		}
		return ""
	}
	rep, err := apply(t, t.Context(), n, path, want, func(o *Options) {
		o.Plan.Changes[0].Managed = value.Object{"login": value.String("kim"), "password": value.String("digest")}
		o.Generate = func() (string, error) { return "pw-canary", nil }
		o.Handout = func(_ context.Context, a addr.Address, pw string) error {
			mu.Lock()
			defer mu.Unlock()
			handed = append(handed, a.String()+" "+pw)
			return nil
		}
	})
	if err != nil || !rep.Complete() || !slices.Equal(handed, []string{"person.kim pw-canary"}) {
		t.Fatalf("%+v, %v, handed out %v", rep, err, handed)
	}
	data, err := state.Encode(stateAt(t, path))
	if err != nil || strings.Contains(string(data), "canary") {
		t.Errorf("the state holds the password, or %v", err)
	}
	n = newTenant(t, "")
	rep, _ = apply(t, t.Context(), n, statePath(t), want, func(o *Options) {
		o.Handout = func(context.Context, addr.Address, string) error { return errors.New("disk full") }
	})
	if len(rep.Failed) != 1 || n.calls != 0 {
		t.Errorf("without a hand-out: %+v, %d calls", rep, n.calls)
	}
}
