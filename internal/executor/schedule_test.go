package executor

import (
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/isaworks/isa/internal/addr"
	"github.com/isaworks/isa/internal/lanes"
	"github.com/isaworks/isa/planner"
)

// tasksOf makes the tasks of units and people: parent and home tell whom each needs.
func tasksOf(tb testing.TB, units, people int, parent, home func(int) int) []*task {
	tb.Helper()
	p := &planner.Plan{Cost: planner.Cost{Budget: paid()}}
	add := func(kind, label string, needs ...string) {
		a := addr.New(kind, label)
		p.Changes = append(p.Changes, planner.Change{Address: a, Kind: kind, Action: planner.Create,
			Steps: []planner.Step{{ID: label, Verb: planner.DoCreate, Needs: needs, Calls: callsOf(kind)}}})
	}
	for i := range units {
		if up := parent(i); up >= 0 {
			add("unit", fmt.Sprint("u", i), fmt.Sprint("u", up))
		} else {
			add("unit", fmt.Sprint("u", i))
		}
	}
	for i := range people {
		add("person", fmt.Sprint("p", i), fmt.Sprint("u", home(i)))
	}
	n := newTenant(tb, "")
	tasks, err := build(p, n.kinds())
	if err != nil {
		tb.Fatal(err)
	}
	return tasks
}

func paid() lanes.Budget {
	return lanes.Budget{PerMinute: lanes.PaidPerMinute, WriterGap: lanes.OrgUnitGap}
}

// priorities returns what rank chose.
func priorities(tasks []*task) []float64 {
	out := make([]float64, len(tasks))
	for _, t := range tasks {
		out[t.seq] = t.priority
	}
	return out
}

// The longest path alone would have the chain made first and the members, who wait
// for the last unit of a short branch, sit idle behind it.
func TestTheScheduleSeesWindowsBehindUnits(t *testing.T) {
	const chain, branch = 150, 12
	tasks := tasksOf(t, chain+branch, 700, func(i int) int {
		if i == 0 || i == chain {
			return -1
		}
		return i - 1
	}, func(int) int { return chain + branch - 1 })
	r := newRehearsal(tasks, paid())
	order := topological(tasks)
	if _, took := r.run(r.forwards, earliest(order, paid())); took < 200 {
		t.Errorf("the wrong way round the plan takes %v s; the test shows nothing", took)
	}
	// The chain and the branch go one at a time; the branch in its first seconds.
	if _, took := r.run(r.forwards, priorities(tasks)); took != chain+branch-1 {
		t.Errorf("the schedule takes %v s, want %d", took, chain+branch-1)
	}
}

// A rehearsal keeps to needs, windows and pauses.
func TestARehearsalKeepsTheRules(t *testing.T) {
	tasks := tasksOf(t, 40, 600, func(i int) int { return i/2 - 1 }, func(i int) int { return i % 40 })
	r := newRehearsal(tasks, paid())
	starts, took := r.run(r.forwards, priorities(tasks))
	counted, last := map[float64]int{}, map[float64]bool{}
	for _, task := range tasks {
		at := starts[task.seq]
		if at > took {
			t.Errorf("%s begins at %v, after the end at %v", task.step.ID, at, took)
		}
		for _, f := range task.next() {
			if starts[f.seq] < at {
				t.Errorf("%s begins before %s, which it needs", f.step.ID, task.step.ID)
			}
		}
		if task.change.Kind == "unit" {
			if last[at] || at != math.Trunc(at) {
				t.Errorf("two units at %v s", at)
			}
			last[at] = true
			continue
		}
		counted[math.Floor(at/lanes.Window.Seconds())]++
	}
	for minute, n := range counted {
		if n > lanes.PaidPerMinute {
			t.Errorf("minute %v holds %d creates", minute, n)
		}
	}
}

// Of the tasks of one pausing writer one is under way, so that what becomes ready
// later and matters more comes next.
func TestOneTaskOfAPausingWriterIsUnderWay(t *testing.T) {
	tasks := tasksOf(t, 5, 3, func(int) int { return -1 }, func(i int) int { return i })
	q := newQueue(Limits{PerOperation: 16, Total: 256})
	for _, task := range tasks {
		if task.needs == 0 {
			q.push(task)
		}
	}
	first := q.pop()
	if first == nil || first.change.Kind != "unit" || q.pop() != nil {
		t.Fatalf("first is %+v, and another one came with it", first)
	}
	q.push(tasks[5])
	if other := q.pop(); other != tasks[5] {
		t.Errorf("a person waits for the units' writer")
	}
	q.finished(first)
	if second := q.pop(); second == nil || second.change.Kind != "unit" {
		t.Errorf("after the first unit comes %+v", second)
	}
}

func BenchmarkRank(b *testing.B) {
	tasks := tasksOf(b, 5_000, 50_000, func(i int) int { return (i+4)/5 - 1 }, func(i int) int { return i * 7 % 5_000 })
	for b.Loop() {
		if err := rank(tasks, lanes.Budget{PerMinute: 120, WriterGap: time.Second}); err != nil {
			b.Fatal(err)
		}
	}
}
