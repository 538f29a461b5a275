package planner

import (
	"container/heap"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/isaworks/isa/internal/lanes"
)

// ideal carries steps out at a service that answers at once, greedily, longest
// tail first, within the budget, and returns when the last call is sent.
func ideal(steps []*Step, b lanes.Budget) time.Duration {
	index := map[string]int{}
	for i, s := range steps {
		index[s.ID] = i
	}
	waits, dependants := make([]int, len(steps)), make([][]int, len(steps))
	for i, s := range steps {
		waits[i] = len(s.Needs)
		for _, n := range s.Needs {
			dependants[index[n]] = append(dependants[index[n]], i)
		}
	}
	depth := make([]int, len(steps))
	order := topological(steps)
	for k := len(order) - 1; k >= 0; k-- {
		for _, d := range dependants[order[k]] {
			depth[order[k]] = max(depth[order[k]], depth[d]+1)
		}
	}
	type window struct {
		start time.Duration
		used  int
	}
	windows, free := map[string]*window{}, map[string]time.Duration{}
	q := &events{}
	for i := range steps {
		if waits[i] == 0 {
			heap.Push(q, event{0, -depth[i], i, 0})
		}
	}
	end := time.Duration(0)
	for q.Len() > 0 {
		e := heap.Pop(q).(event)
		calls := steps[e.step].Calls
		if e.call < len(calls) {
			c := calls[e.call]
			w := windows[c.Op]
			if w == nil || e.at >= w.start+lanes.Window {
				w = &window{start: e.at}
				windows[c.Op] = w
			}
			gap := strings.HasPrefix(c.Writer, "orgunits ")
			if gap && free[c.Writer] > e.at {
				heap.Push(q, event{free[c.Writer], e.prio, e.step, e.call})
				continue
			}
			if w.used >= b.Limit(c.Op) {
				heap.Push(q, event{w.start + lanes.Window, e.prio, e.step, e.call})
				continue
			}
			w.used++
			if gap {
				free[c.Writer] = e.at + b.WriterGap
			}
			end = max(end, e.at)
			heap.Push(q, event{e.at, e.prio, e.step, e.call + 1})
			continue
		}
		for _, d := range dependants[e.step] {
			if waits[d]--; waits[d] == 0 {
				heap.Push(q, event{e.at, -depth[d], d, 0})
			}
		}
	}
	return end
}

type event struct {
	at         time.Duration
	prio       int
	step, call int
}

type events []event

func (h events) Len() int      { return len(h) }
func (h events) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h events) Less(i, j int) bool {
	if h[i].at != h[j].at {
		return h[i].at < h[j].at
	}
	if h[i].prio != h[j].prio {
		return h[i].prio < h[j].prio
	}
	return h[i].step < h[j].step
}
func (h *events) Push(x any) { *h = append(*h, x.(event)) }
func (h *events) Pop() any   { x := (*h)[len(*h)-1]; *h = (*h)[:len(*h)-1]; return x }

// The bound is never above what an ideal executor needs, and hardly below it.
func TestBoundIsWhatAnIdealExecutorNeeds(t *testing.T) {
	unit := func(id string, needs ...string) *Step {
		return &Step{ID: id, Needs: needs, Calls: []lanes.Call{{Op: "unit-create", Writer: "orgunits 1"}}}
	}
	person := func(id string, needs ...string) *Step {
		return &Step{ID: id, Needs: needs, Calls: []lanes.Call{{Op: "user-create", Writer: "user " + id}}}
	}
	var wide, deep, mixed []*Step
	for i := range 900 {
		wide = append(wide, person(fmt.Sprint(i)))
	}
	for i := range 50 {
		if i == 0 {
			deep = append(deep, unit("0"))
			continue
		}
		deep = append(deep, unit(fmt.Sprint(i), fmt.Sprint(i-1)))
	}
	for i := range 120 {
		if i == 0 {
			mixed = append(mixed, unit("u0"))
		} else {
			mixed = append(mixed, unit(fmt.Sprint("u", i), fmt.Sprint("u", (i-1)/4)))
		}
	}
	for i := range 700 {
		mixed = append(mixed, person(fmt.Sprint("p", i), fmt.Sprint("u", i%120)))
	}
	mixed = append(mixed, &Step{ID: "g", Needs: []string{"p699", "p1"}, Calls: []lanes.Call{{Op: "group-create"}}})
	budget := lanes.Budget{PerMinute: 240, WriterGap: lanes.OrgUnitGap}
	for _, c := range []struct {
		name  string
		steps []*Step
		want  time.Duration
	}{
		{"nothing", nil, 0}, {"a unit and its people", append(wide[:240:240], unit("u")), 0},
		{"eleven units", deep[:11], 10 * time.Second}, {"wide", wide, 180 * time.Second}, {"deep", deep, 49 * time.Second}, {"mixed", mixed, 120 * time.Second},
	} {
		got, run := bound(c.steps, budget), ideal(c.steps, budget)
		if got != c.want {
			t.Errorf("%s: bound %v, want %v", c.name, got, c.want)
		}
		if got > run || float64(run) > 1.05*float64(got)+float64(time.Second) {
			t.Errorf("%s: bound %v, an ideal executor needs %v", c.name, got, run)
		}
	}
}

func TestLongWorkRunsAtHalf(t *testing.T) {
	tn, wanted := company(8_000)
	in := tn.input(wanted)
	in.PerMinute = 240
	p := Build(in)
	if got := p.Cost.Budget.Limit("person-create"); got != 120 {
		t.Errorf("8,000 creates run at %d a minute, want 120", got)
	}
	if got := p.Cost.Budget.Limit("unit-create"); got != 240 {
		t.Errorf("800 creates run at %d a minute, want 240", got)
	}
	if p.Cost.Requests["person-create"] != 8_000 || p.Cost.Seconds != float64(66*60) {
		t.Errorf("cost %v s, %v", p.Cost.Seconds, p.Cost.Requests)
	}
}
