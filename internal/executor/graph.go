package executor

import (
	"cmp"
	"container/heap"
	"fmt"
	"slices"

	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/planner"
	"github.com/isaworks/isa/providers"
)

// task is a step on its way.
type task struct {
	step     *planner.Step
	change   *planner.Change
	last     bool  // of its change, all of which was done so far
	end      *task // the last of its change
	seq      int   // in the plan
	kind     providers.Kind
	needs    int     // steps that it waits for
	frees    []*task // what needs it done
	lets     []*task // what only waits for its end
	priority float64 // seconds before the end of the run at which it should begin
	settled  bool    // done, failed or skipped
}

// next lists what waits for t, for whatever reason.
func (t *task) next() []*task { return slices.Concat(t.frees, t.lets) }

// lane is the operation that the task queues for first; "" when it makes no call.
func (t *task) lane() string {
	if len(t.step.Calls) == 0 {
		return ""
	}
	return t.step.Calls[0].Op
}

// writer is the writer that pauses between calls and takes one of the task's; ""
// when there is none.
func (t *task) writer() string {
	for _, c := range t.step.Calls {
		if paused(c) {
			return c.Writer
		}
	}
	return ""
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
		for _, t := range tasks[len(tasks)-len(c.Steps):] {
			t.end = tasks[len(tasks)-1]
		}
	}
	for _, t := range tasks {
		for _, id := range t.step.Needs {
			need := byID[id]
			if need == nil {
				return nil, broken("step %s needs %s, which is not in the plan", t.step.ID, id)
			}
			need.before(t)
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
			next, from := byID[steps[j].ID], j-1
			if next.step.Verb == planner.DoSuspend { // one that is skipped ends before those ahead of it
				from = 0
			}
			for _, s := range steps[from:j] {
				byID[s.ID].before(next)
			}
		}
	}
}

// before lets a task wait for t. A suspension takes an access away, which nothing that
// failed before it may hold up: it only waits for the end, except of what brings a deleted
// account back.
func (t *task) before(next *task) {
	next.needs++
	if next.step.Verb == planner.DoSuspend && t.step.Verb != planner.DoUndelete {
		t.lets = append(t.lets, next)
		return
	}
	t.frees = append(t.frees, next)
}

func broken(format string, args ...any) error {
	return &diag.Failure{Class: diag.Internal, Op: "plan", Detail: fmt.Sprintf(format, args...), Fix: "plan again"}
}

// queue holds the tasks that may begin, by operation, writer and priority. Of the
// tasks that write by one pausing writer a single one is under way: it takes a
// pause to send the next anyway, and by then a task may have become ready that
// matters more than all that wait now.
type queue struct {
	limits Limits
	ready  map[turn]*byPriority
	under  map[string]int  // way, by operation
	busy   map[string]bool // pausing writers
	total  int
}

// turn is what a task waits for before it may begin.
type turn struct{ op, writer string }

func (t *task) turn() turn { return turn{t.lane(), t.writer()} }

func newQueue(l Limits) *queue {
	return &queue{limits: l, ready: map[turn]*byPriority{}, under: map[string]int{}, busy: map[string]bool{}}
}

func (q *queue) push(t *task) {
	h := q.ready[t.turn()]
	if h == nil {
		h = &byPriority{}
		q.ready[t.turn()] = h
	}
	heap.Push(h, t)
}

// pop returns the most important task whose operation has room and whose writer is
// free, or nil.
func (q *queue) pop() *task {
	if q.total >= q.limits.Total {
		return nil
	}
	var best *byPriority
	for at, h := range q.ready {
		room := q.under[at.op] < q.limits.PerOperation && !q.busy[at.writer]
		if h.Len() > 0 && room && (best == nil || before((*h)[0], (*best)[0])) {
			best = h
		}
	}
	if best == nil {
		return nil
	}
	t := heap.Pop(best).(*task)
	q.under[t.lane()]++
	q.busy[t.writer()] = t.writer() != ""
	q.total++
	return t
}

func (q *queue) finished(t *task) {
	q.under[t.lane()]--
	delete(q.busy, t.writer())
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
