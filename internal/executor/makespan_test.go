package executor

import (
	"context"
	"fmt"
	"math"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/isaworks/isa/internal/addr"
	"github.com/isaworks/isa/internal/lanes"
	"github.com/isaworks/isa/internal/live"
	"github.com/isaworks/isa/internal/value"
	"github.com/isaworks/isa/planner"
	"github.com/isaworks/isa/providers"
	"github.com/isaworks/isa/state"
)

// memory is a session that keeps nothing durable.
type memory struct {
	mu      sync.Mutex
	st      *state.State
	entries []state.Entry
}

func (m *memory) State() *state.State { return m.st }
func (m *memory) Append(_ context.Context, _ bool, e ...state.Entry) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.entries = append(m.entries, e...)
	return nil
}
func (m *memory) Check(context.Context) error { return nil }
func (m *memory) Commit(context.Context) error {
	m.st = state.Fold(m.st, m.entries)
	return nil
}
func (m *memory) Close() error { return nil }

// limited is a kind whose calls pay lanes and take a while.
type limited struct {
	toyKind
	set *lanes.Set
}

func (l limited) Do(ctx context.Context, r providers.Request) (providers.Result, error) {
	for _, call := range l.Calls(r) {
		ticket, err := l.set.Acquire(ctx, call)
		if err != nil {
			return providers.Result{}, err
		}
		time.Sleep(80 * time.Millisecond)
		ticket.Done(lanes.Report{})
	}
	return l.toyKind.Do(ctx, r)
}

func (l limited) Calls(r providers.Request) []lanes.Call { return callsOf(l.schema.Type) }

func callsOf(kind string) []lanes.Call {
	if kind == "unit" {
		return []lanes.Call{{Op: "unit-create", Writer: "orgunits 1"}}
	}
	return []lanes.Call{{Op: kind + "-create"}}
}

// bound is the least time that the work can take: the longest chain, and for each
// lane its earliest start with as many whole windows as must pass before its last
// call may be sent.
func bound(units, people, depth, firstPerson int) time.Duration {
	org := time.Duration(units-1) * lanes.OrgUnitGap
	path := time.Duration(depth-1) * lanes.OrgUnitGap
	lane := time.Duration(firstPerson)*lanes.OrgUnitGap +
		time.Duration(math.Ceil(float64(people)/lanes.PaidPerMinute)-1)*lanes.Window
	return max(org, path, lane)
}

func TestMakespanIsCloseToTheBound(t *testing.T) {
	for _, c := range []struct {
		name          string
		units, people int
		parent        func(i int) int // −1: top level
		home          func(i int) int
		depth, first  int
	}{
		{"wide", 200, 1700, func(i int) int { return min(i-1, 0) }, func(i int) int { return i % 200 }, 2, 0},
		{"deep", 300, 300, func(i int) int { return i - 1 }, func(i int) int { return i }, 300, 0},
		// Many units without people, the people in the last ones: those must come first.
		{"mixed", 300, 1500, func(i int) int { return i/2 - 1 }, func(i int) int { return 290 + i%10 }, 9, 8},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := &planner.Plan{Tenant: "toy", Cost: planner.Cost{Budget: lanes.Budget{PerMinute: lanes.PaidPerMinute, WriterGap: lanes.OrgUnitGap}}}
				add := func(kind, label string, attrs value.Object, needs ...string) {
					a := addr.New(kind, label)
					p.Changes = append(p.Changes, planner.Change{Address: a, Kind: kind, Managed: attrs, Action: planner.Create,
						Steps: []planner.Step{{ID: a.String() + "#1", Verb: planner.DoCreate, Attrs: attrs, Needs: needs, Calls: callsOf(kind)}}})
				}
				for i := range c.units {
					attrs := value.Object{"name": value.String(fmt.Sprint(i)), "key": value.String(fmt.Sprint(i))}
					if up := c.parent(i); up >= 0 {
						add("unit", fmt.Sprint("u", i), attrs, fmt.Sprintf("unit.u%d#1", up))
					} else {
						add("unit", fmt.Sprint("u", i), attrs)
					}
				}
				for i := range c.people {
					add("person", fmt.Sprint("p", i), value.Object{"login": value.String(fmt.Sprint(i))}, fmt.Sprintf("unit.u%d#1", c.home(i)))
				}
				n := newTenant(t, "")
				set := lanes.New(p.Cost.Budget)
				kinds := map[string]providers.Kind{}
				for name, k := range n.kinds() {
					kinds[name] = limited{k.(toyKind), set}
				}
				rep, err := Run(t.Context(), Options{Plan: p, Kinds: kinds, Session: &memory{st: state.Empty()}, Live: live.Snapshot{}})
				if err != nil || !rep.Complete() {
					t.Fatalf("%v, %+v", err, rep.Failed)
				}
				took, least := rep.End.Sub(rep.Start), bound(c.units, c.people, c.depth, c.first)
				t.Logf("took %v, bound %v: %.3f", took, least, float64(took)/float64(least))
				if float64(took) > 1.05*float64(least) {
					t.Errorf("took %v, more than 1.05 × %v", took, least)
				}
			})
		})
	}
}
