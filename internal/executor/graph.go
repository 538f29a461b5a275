package executor

import (
	"cmp"
	"container/heap"
	"fmt"
	"strings"

	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/internal/lanes"
	"github.com/isaworks/isa/planner"
	"github.com/isaworks/isa/providers"
)

// task is a step on its way.
type task struct {
	step     *planner.Step
	change   *planner.Change
	last     bool // of its change
	seq      int  // in the plan
	kind     providers.Kind
	needs    int // steps that are not done yet
	frees    []*task
	priority float64 // seconds of work that wait for it, by path and in all
	settled  bool    // done, failed or skipped
}

// lane is the operation that the task queues for first; "" when it makes no call.
func (t *task) lane() string {
	if len(t.step.Calls) == 0 {
		return ""
	}
	return t.step.Calls[0].Op
}

// build makes the graph of a plan and refuses plans that cannot be carried out.
func build(p *planner.Plan, kinds map[string]providers.Kind) ([]*task, error) {
	var tasks []*task
	byID := map[string]*task{}
	for i := range p.Changes {
		c := &p.Changes[i]
		kind, ok := kinds[c.Kind]
		if !ok {
			return nil, broken("%s: the kind %q is not known", c.Address, c.Kind)
		}
		for j := range c.Steps {
			t := &task{step: &c.Steps[j], change: c, last: j == len(c.Steps)-1, seq: len(tasks), kind: kind}
			if byID[t.step.ID] != nil {
				return nil, broken("step %s occurs twice", t.step.ID)
			}
			byID[t.step.ID] = t
			tasks = append(tasks, t)
		}
	}
	for _, t := range tasks {
		for _, id := range t.step.Needs {
			need := byID[id]
			if need == nil {
				return nil, broken("step %s needs %s, which is not in the plan", t.step.ID, id)
			}
			need.frees = append(need.frees, t)
			t.needs++
		}
	}
	chainSteps(p, byID)
	return tasks, rank(tasks, p.Cost.Budget)
}

// chainSteps makes the steps of each change follow one another, as the contract
// of Kind asks: steps of one object never run at the same time.
func chainSteps(p *planner.Plan, byID map[string]*task) {
	for i := range p.Changes {
		steps := p.Changes[i].Steps
		for j := 1; j < len(steps); j++ {
			before, after := byID[steps[j-1].ID], byID[steps[j].ID]
			before.frees = append(before.frees, after)
			after.needs++
		}
	}
}

func broken(format string, args ...any) error {
	return &diag.Failure{Class: diag.Internal, Op: "plan", Detail: fmt.Sprintf(format, args...), Fix: "plan again"}
}

// rank sets the priorities from the ends of the graph backwards: the longest path
// of work behind a task, plus its share of all the work behind it. The path keeps
// deep trees moving; the share brings those tasks forward that open up most work
// for the lanes. A cycle is an error.
func rank(tasks []*task, budget lanes.Budget) error {
	needs := make([]int, len(tasks))
	var order []*task
	for _, t := range tasks {
		if needs[t.seq] = t.needs; t.needs == 0 {
			order = append(order, t)
		}
	}
	for i := 0; i < len(order); i++ {
		for _, f := range order[i].frees {
			if needs[f.seq]--; needs[f.seq] == 0 {
				order = append(order, f)
			}
		}
	}
	if len(order) < len(tasks) {
		return broken("its steps need each other in a circle")
	}
	path, share := make([]float64, len(tasks)), make([]float64, len(tasks))
	for i := len(order) - 1; i >= 0; i-- {
		t := order[i]
		own := cost(t.step.Calls, budget)
		path[t.seq], share[t.seq] = own, own
		for _, f := range t.frees {
			path[t.seq] = max(path[t.seq], own+path[f.seq])
			share[t.seq] += share[f.seq] / float64(f.needs)
		}
		t.priority = path[t.seq] + share[t.seq]
	}
	return nil
}

// cost is the time in seconds for which the calls keep their lanes busy.
func cost(calls []lanes.Call, budget lanes.Budget) float64 {
	sum := 0.0
	for _, c := range calls {
		own := 0.0
		if limit := budget.Limit(c.Op); limit > 0 {
			own = lanes.Window.Seconds() / float64(limit)
		}
		if strings.HasPrefix(c.Writer, "orgunits") {
			own = max(own, budget.WriterGap.Seconds())
		}
		sum += own
	}
	return sum
}

// queue holds the tasks that may begin, by operation and priority.
type queue struct {
	limits Limits
	ready  map[string]*byPriority
	under  map[string]int // way, by operation
	total  int
}

func newQueue(l Limits) *queue {
	return &queue{limits: l, ready: map[string]*byPriority{}, under: map[string]int{}}
}

func (q *queue) push(t *task) {
	h := q.ready[t.lane()]
	if h == nil {
		h = &byPriority{}
		q.ready[t.lane()] = h
	}
	heap.Push(h, t)
}

// pop returns the most important task whose operation has room, or nil.
func (q *queue) pop() *task {
	if q.total >= q.limits.Total {
		return nil
	}
	var best *byPriority
	for op, h := range q.ready {
		if h.Len() > 0 && q.under[op] < q.limits.PerOperation && (best == nil || before((*h)[0], (*best)[0])) {
			best = h
		}
	}
	if best == nil {
		return nil
	}
	t := heap.Pop(best).(*task)
	q.under[t.lane()]++
	q.total++
	return t
}

func (q *queue) finished(t *task) {
	q.under[t.lane()]--
	q.total--
}

func before(a, b *task) bool {
	return cmp.Or(cmp.Compare(b.priority, a.priority), cmp.Compare(a.seq, b.seq)) < 0
}

// byPriority implements heap.Interface.
type byPriority []*task

func (h byPriority) Len() int           { return len(h) }
func (h byPriority) Less(i, j int) bool { return before(h[i], h[j]) }
func (h byPriority) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *byPriority) Push(x any)        { *h = append(*h, x.(*task)) }
func (h *byPriority) Pop() any {
	old := *h
	t := old[len(old)-1]
	old[len(old)-1] = nil
	*h = old[:len(old)-1]
	return t
}
