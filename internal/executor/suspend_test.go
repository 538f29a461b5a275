package executor

import (
	"context"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/isaworks/isa/internal/addr"
	"github.com/isaworks/isa/internal/live"
	"github.com/isaworks/isa/internal/value"
	"github.com/isaworks/isa/planner"
	"github.com/isaworks/isa/state"
)

// suspend runs changes of people over a state that knows kim, and gives what the state
// holds of kim in the end.
func suspend(t *testing.T, n *tenant, kim state.Object, changes ...planner.Change) (Report, state.Object) {
	t.Helper()
	s := &memory{st: &state.State{Format: state.Format, Lineage: "l", Serial: 1, Tenant: "toy", Objects: []state.Object{kim}}}
	for i := range changes {
		c := &changes[i]
		for j := range c.Steps {
			c.Steps[j].ID = c.Address.String() + "#" + string(rune('1'+j))
		}
	}
	p := &planner.Plan{Lineage: "l", Serial: 1, Tenant: "toy", Changes: changes}
	rep, err := Run(t.Context(), Options{Plan: p, Kinds: n.kinds(), Session: s, Live: live.Snapshot{}, Looks: quick(),
		Now: func() time.Time { return time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC) }})
	if err != nil {
		t.Fatal(err)
	}
	o, _ := state.Fold(s.st, s.entries).Find(kim.Address)
	return rep, o
}

// fails lets verbs fail.
func fails(how string, verbs ...string) func(verb, kind string) string {
	return func(verb, _ string) string {
		if slices.Contains(verbs, verb) {
			return how
		}
		return ""
	}
}

func suspension(kim state.Object, managed value.Object, steps ...planner.Step) planner.Change {
	return planner.Change{Address: kim.Address, Kind: "person", ID: "p0", Action: planner.Suspend, Managed: managed,
		Steps: append(steps, planner.Step{Verb: planner.DoSuspend})}
}

// TestNothingHoldsASuspensionUp: an access is taken away although what comes before
// failed; and the state does not take what failed for done.
func TestNothingHoldsASuspensionUp(t *testing.T) {
	patch := planner.Step{Verb: planner.DoPatch, Attrs: value.Object{"note": value.String("new")}}
	release := planner.Step{Verb: planner.DoRelease, Attrs: value.Object{"note": value.Clear{}}}
	day := value.Object{"login": value.String("kim"), "note": value.String("new"), "until": value.String("2026-03-01")}
	kim := person(state.Ready)
	cases := map[string]struct {
		change    planner.Change
		fault     string
		suspended bool
		status    state.Status
	}{
		"declared, all is done":   {suspension(kim, day, patch), "", true, state.Ready},
		"declared, a patch fails": {suspension(kim, day, patch), "patch", true, state.Ready},
		"a leaver":                {suspension(kim, kim.Attrs, release), "", true, state.Retired},
		"a leaver who cannot give up": {suspension(kim, kim.Attrs, release),
			"release", true, state.Ready}, // the next plan asks for it again
		"deleted, and not to be restored": {suspension(kim, day, planner.Step{Verb: planner.DoUndelete}), "undelete", false, state.Ready},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			n := withKim(t)
			n.fault = fails("refused", c.fault)
			rep, o := suspend(t, n, kim, c.change)
			if o.Suspended.IsZero() == c.suspended || o.Status != c.status && !(c.status == state.Ready && o.Status == state.Unconfirmed) {
				t.Errorf("the state holds %+v; %+v", o, rep)
			}
			if failed := c.fault != ""; rep.Complete() == failed || len(rep.Failed) != map[bool]int{true: 1}[failed] {
				t.Errorf("the report is %+v", rep)
			}
			if c.fault == "patch" && (!value.Equal(o.Attrs["note"], value.String("x")) || !slices.Contains(o.Begun, "note")) {
				t.Errorf("the state takes the patch for done: %+v", o)
			}
		})
	}
}

// TestASuspensionDoesNotWaitForOthersToSucceed: neither does what failed elsewhere, directly
// or not, hold it up, and the suspension comes behind all of it.
func TestASuspensionDoesNotWaitForOthersToSucceed(t *testing.T) {
	n, kim := withKim(t), person(state.Ready)
	lee := addr.New("person", "lee")
	n.write(entity{Kind: "person", ID: "p1", Attrs: value.Object{"login": value.String("lee")}})
	n.fault = fails("refused", "patch")
	other := planner.Change{Address: lee, Kind: "person", ID: "p1", Action: planner.Update, Managed: value.Object{"login": value.String("lee")},
		Steps: []planner.Step{{Verb: planner.DoPatch, Attrs: value.Object{"note": value.String("y")}}, {Verb: planner.DoPlace}}}
	c := suspension(kim, kim.Attrs)
	c.Steps[0].Needs = []string{lee.String() + "#2"}
	rep, o := suspend(t, n, kim, c, other)
	if o.Suspended.IsZero() || o.Status != state.Retired || len(rep.Failed) != 1 || len(rep.Skipped) != 1 {
		t.Errorf("%+v; %+v", o, rep)
	}
}

// TestASuspensionWaitsForTheEndOfAllAheadOfIt: a step that is skipped, since what it needs
// failed elsewhere, ends before the one ahead of it, which is still under way.
func TestASuspensionWaitsForTheEndOfAllAheadOfIt(t *testing.T) {
	n, kim := withKim(t), person(state.Ready)
	n.write(entity{Kind: "person", ID: "p1", Attrs: value.Object{"login": value.String("lee")}})
	refused, early := make(chan struct{}), false
	released := atomic.Bool{}
	n.hook = func(_ context.Context, verb, _ string) error {
		if verb == "release" {
			select {
			case <-refused: // lee's patch, which kim's second step needs
			case <-time.After(10 * time.Second):
				t.Error("nothing else is done meanwhile")
			}
			time.Sleep(50 * time.Millisecond) // in which a suspension that does not wait comes
			released.Store(true)
		}
		return nil
	}
	n.fault = func(verb, _ string) string {
		switch verb {
		case "patch":
			close(refused)
			return "refused"
		case "suspend":
			early = !released.Load()
		}
		return ""
	}
	lee := addr.New("person", "lee")
	other := planner.Change{Address: lee, Kind: "person", ID: "p1", Action: planner.Update, Managed: value.Object{"login": value.String("lee")},
		Steps: []planner.Step{{Verb: planner.DoPatch, Attrs: value.Object{"note": value.String("y")}}}}
	c := suspension(kim, kim.Attrs, planner.Step{Verb: planner.DoRelease, Attrs: value.Object{"note": value.Clear{}}},
		planner.Step{Verb: planner.DoPlace, Needs: []string{lee.String() + "#1"}})
	rep, o := suspend(t, n, kim, c, other)
	if early || o.Suspended.IsZero() || len(rep.Failed) != 1 || len(rep.Skipped) != 1 {
		t.Errorf("suspended early: %v; %+v; %+v", early, o, rep)
	}
}

// TestARefusedSwitchWasNotBegun: what a refusal left as it was is not isa's own when
// somebody else does it; what may have been done is.
func TestARefusedSwitchWasNotBegun(t *testing.T) {
	for how, want := range map[string]bool{"refused": false, "denied": false, "down": false, "lost request": true, "lost answer": true} {
		n, kim := withKim(t), person(state.Ready)
		n.fault = fails(how, "suspend")
		if _, o := suspend(t, n, kim, suspension(kim, kim.Attrs)); slices.Contains(o.Begun, state.StatusName) != want || !o.Suspended.IsZero() {
			t.Errorf("%s: the state holds %+v", how, o)
		}
	}
	n, kim := withKim(t), person(state.Ready)
	first := true
	n.fault = func(verb, _ string) string {
		if was := first; verb == "suspend" {
			if first = false; was {
				return "lost request"
			}
			return "refused"
		}
		return ""
	}
	if _, o := suspend(t, n, kim, suspension(kim, kim.Attrs)); !slices.Contains(o.Begun, state.StatusName) {
		t.Errorf("lost, then refused: the state holds %+v", o)
	}
}

// TestAMoveThatFailedChangesNoCompany: what is done behind it is recorded where the person
// still is.
func TestAMoveThatFailedChangesNoCompany(t *testing.T) {
	for _, fault := range []string{"", "relocate"} {
		n, kim := withKim(t), person(state.Ready)
		kim.DomainID, kim.Company = 1, ""
		c := suspension(kim, value.Object{"login": value.String("kim"), "until": value.String("2026-03-01")}, planner.Step{Verb: planner.DoRelocate})
		c.From.DomainID, c.Company.DomainID, c.Company.Label = 1, 2, "lab"
		n.fault = fails("refused", fault)
		want := map[string]int{"": 2, "relocate": 1}[fault]
		if _, o := suspend(t, n, kim, c); o.DomainID != want || o.Suspended.IsZero() {
			t.Errorf("fault %q: the state holds %+v", fault, o)
		}
	}
}
