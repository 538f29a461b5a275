package executor

import (
	"container/heap"
	"strings"

	"github.com/isaworks/isa/internal/lanes"
)

// improvements is how often rank looks for a shorter schedule.
const improvements = 4

// rank sets the priorities: the tasks with most to follow first. What follows a
// task is not its longest path alone: behind a unit near the end of the tree may
// stand so many members that their windows are what the run waits for.
//
// The time that must follow is found by carrying the plan out backwards, in
// thought and within the budget, the tasks first that can begin last: the time at
// which a task's turn comes is how long before the end it has to begin at the
// latest. Carrying the plan out forwards by that tells better when tasks can begin,
// and so on; the priorities of the shortest run are kept (forward-backward
// improvement of list schedules). A cycle is an error.
func rank(tasks []*task, budget lanes.Budget) error {
	order := topological(tasks)
	if len(order) < len(tasks) {
		return broken("its steps need each other in a circle")
	}
	r := newRehearsal(tasks, budget)
	best := longestPaths(order, budget)
	starts, least := r.run(r.forwards, best)
	heads := earliest(order, budget)
	for range improvements {
		if least == 0 {
			break
		}
		priority, _ := r.run(r.backwards, heads)
		var took float64
		if starts, took = r.run(r.forwards, priority); took < least {
			best, least = priority, took
		}
		heads = starts
	}
	for _, t := range tasks {
		t.priority = best[t.seq]
	}
	return nil
}

// topological lists tasks so that each comes after all it needs; those in a cycle,
// and behind one, are missing.
func topological(tasks []*task) []*task {
	needs := make([]int, len(tasks))
	order := make([]*task, 0, len(tasks))
	for _, t := range tasks {
		if needs[t.seq] = t.needs; t.needs == 0 {
			order = append(order, t)
		}
	}
	for i := 0; i < len(order); i++ {
		for _, f := range order[i].next() {
			if needs[f.seq]--; needs[f.seq] == 0 {
				order = append(order, f)
			}
		}
	}
	return order
}

// longestPaths is the longest path of work from each task to the end, plus the
// task's share of all the work behind it.
func longestPaths(order []*task, budget lanes.Budget) []float64 {
	path, share := make([]float64, len(order)), make([]float64, len(order))
	for i := len(order) - 1; i >= 0; i-- {
		t := order[i]
		own := cost(t.step.Calls, budget)
		path[t.seq], share[t.seq] = own, own
		for _, f := range t.next() {
			path[t.seq] = max(path[t.seq], own+path[f.seq])
			share[t.seq] += share[f.seq] / float64(f.needs)
		}
	}
	for i := range path {
		path[i] += share[i]
	}
	return path
}

// earliest is the longest path of work from the beginning to each task.
func earliest(order []*task, budget lanes.Budget) []float64 {
	at := make([]float64, len(order))
	for _, t := range order {
		end := at[t.seq] + cost(t.step.Calls, budget)
		for _, f := range t.next() {
			at[f.seq] = max(at[f.seq], end)
		}
	}
	return at
}

// cost is the time in seconds for which the calls keep their lanes busy.
func cost(calls []lanes.Call, budget lanes.Budget) float64 {
	sum := 0.0
	for _, c := range calls {
		own := 0.0
		if limit := budget.Limit(c.Op); limit > 0 {
			own = lanes.Window.Seconds() / float64(limit)
		}
		if paused(c) {
			own = max(own, budget.WriterGap.Seconds())
		}
		sum += own
	}
	return sum
}

// paused tells calls of writers that pause between calls.
func paused(c lanes.Call) bool { return strings.HasPrefix(c.Writer, "orgunits") }

// rehearsal carries tasks out in thought: calls take no time, but windows and
// pauses do.
type rehearsal struct {
	budget              lanes.Budget
	loads               []*load // of each task
	kinds               []*load
	forwards, backwards graph
}

// graph is which tasks follow each, and how many each waits for.
type graph struct {
	next  [][]int32
	waits []int32
}

// load is what tasks spend; tasks of one load are alike to the lanes.
type load struct {
	ops    []string
	writer string // that pauses
	writes int
	ready  ranked
}

func newRehearsal(tasks []*task, budget lanes.Budget) *rehearsal {
	n := len(tasks)
	r := &rehearsal{budget: budget, loads: make([]*load, n),
		forwards:  graph{make([][]int32, n), make([]int32, n)},
		backwards: graph{make([][]int32, n), make([]int32, n)}}
	kinds := map[string]*load{}
	for _, t := range tasks {
		made := loadOf(t.step.Calls)
		key := strings.Join(append(made.ops, made.writer), " ")
		if kinds[key] == nil {
			kinds[key] = made
			r.kinds = append(r.kinds, made)
		}
		r.loads[t.seq] = kinds[key]
		for _, f := range t.next() {
			r.forwards.next[t.seq] = append(r.forwards.next[t.seq], int32(f.seq))
			r.forwards.waits[f.seq]++
			r.backwards.next[f.seq] = append(r.backwards.next[f.seq], int32(t.seq))
			r.backwards.waits[t.seq]++
		}
	}
	return r
}

func loadOf(calls []lanes.Call) *load {
	l := &load{}
	for _, c := range calls {
		l.ops = append(l.ops, c.Op)
		if paused(c) {
			l.writer = c.Writer
			l.writes++
		}
	}
	return l
}

// run carries all tasks out, the highest priority first, and returns when each
// begins and when the last one does, in seconds.
func (r *rehearsal) run(g graph, priority []float64) (starts []float64, took float64) {
	starts = make([]float64, len(r.loads))
	waits := append([]int32(nil), g.waits...)
	spent := spending{r.budget, map[string]*window{}, map[string]float64{}}
	for _, l := range r.kinds {
		l.ready = ranked{priority: priority}
	}
	for i, n := range waits {
		if n == 0 {
			heap.Push(&r.loads[i].ready, int32(i))
		}
	}
	for now := 0.0; ; {
		l, at := r.next(spent, now)
		if l == nil {
			return starts, took
		}
		now = max(now, at)
		i := heap.Pop(&l.ready).(int32)
		spent.spend(l, now)
		starts[i], took = now, now
		for _, f := range g.next[i] {
			if waits[f]--; waits[f] == 0 {
				heap.Push(&r.loads[f].ready, f)
			}
		}
	}
}

// next chooses the load whose turn it is, and tells when: the most important of
// those that can go now, else of those that can go first.
func (r *rehearsal) next(spent spending, now float64) (best *load, at float64) {
	for _, l := range r.kinds {
		if len(l.ready.tasks) == 0 {
			continue
		}
		free := max(now, spent.free(l, now))
		if best == nil || free < at || free == at && l.ready.top() > best.ready.top() {
			best, at = l, free
		}
	}
	return best, at
}

// spending is what is spent of a budget.
type spending struct {
	budget  lanes.Budget
	windows map[string]*window
	writers map[string]float64 // when they may go on
}

type window struct {
	ends float64
	used int
}

// free tells when a task of the load may begin.
func (s spending) free(l *load, now float64) float64 {
	at := s.writers[l.writer]
	for _, op := range l.ops {
		if w := s.windows[op]; w != nil && now < w.ends && w.used >= s.limit(op) {
			at = max(at, w.ends)
		}
	}
	return at
}

func (s spending) limit(op string) int {
	if n := s.budget.Limit(op); n > 0 {
		return n
	}
	return lanes.FreePerMinute
}

func (s spending) spend(l *load, now float64) {
	for _, op := range l.ops {
		w := s.windows[op]
		if w == nil {
			w = &window{}
			s.windows[op] = w
		}
		if now >= w.ends {
			w.ends, w.used = now+lanes.Window.Seconds(), 0
		}
		w.used++
	}
	if l.writes > 0 {
		s.writers[l.writer] = now + float64(l.writes)*s.budget.WriterGap.Seconds()
	}
}

// ranked is a heap of tasks, the highest priority first, then the plan's order.
type ranked struct {
	priority []float64
	tasks    []int32
}

func (h *ranked) top() float64 { return h.priority[h.tasks[0]] }

func (h *ranked) Len() int { return len(h.tasks) }

func (h *ranked) Less(i, j int) bool {
	a, b := h.tasks[i], h.tasks[j]
	if h.priority[a] != h.priority[b] {
		return h.priority[a] > h.priority[b]
	}
	return a < b
}

func (h *ranked) Swap(i, j int) { h.tasks[i], h.tasks[j] = h.tasks[j], h.tasks[i] }

func (h *ranked) Push(x any) { h.tasks = append(h.tasks, x.(int32)) }

func (h *ranked) Pop() any {
	last := h.tasks[len(h.tasks)-1]
	h.tasks = h.tasks[:len(h.tasks)-1]
	return last
}
