package planner

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/isaworks/isa/internal/lanes"
)

// gapWriters is what the names of writers begin with that pause between calls
// (lanes.Call.Writer).
const gapWriters = "orgunits "

// costs counts requests, chooses the budget and computes the bound: the time from
// the first request to the last that no apply within the limits can beat, were the
// service to answer at once and windows to begin with their first call. (With
// windows that follow the clock the first may be shorter.) A plan whose calls fit
// into one window and need no pause has the bound 0. It is the largest of
//
//   - the critical path, on which calls of one gap writer are a gap apart, and
//   - for each lane and each set of its calls that cannot start before r and
//     leaves at least a tail of q: the set's earliest start + its work + its
//     shortest tail. The work of n calls is (n-1) gaps for a gap writer and
//     (ceil(n/limit)-1) windows for an operation. A window may have been opened
//     before r by other calls of the operation, so one window less counts for
//     sets that are not the lane's earliest.
func (p *planner) costs() {
	c := &p.plan.Cost
	c.Requests = map[string]int{}
	for i := range p.plan.Changes {
		for _, s := range p.plan.Changes[i].Steps {
			for _, call := range s.Calls {
				c.Requests[call.Op]++
			}
		}
	}
	c.Budget = lanes.Budget{PerMinute: p.in.PerMinute, WriterGap: lanes.OrgUnitGap}
	for op, n := range c.Requests {
		if p.in.PerMinute > 1 && work(n, p.in.PerMinute) > lanes.LongRun {
			if c.Budget.Ops == nil {
				c.Budget.Ops = map[string]int{}
			}
			c.Budget.Ops[op] = p.in.PerMinute / 2
		}
	}
	var steps []*Step
	for i := range p.plan.Changes {
		for j := range p.plan.Changes[i].Steps {
			steps = append(steps, &p.plan.Changes[i].Steps[j])
		}
	}
	c.Seconds = bound(steps, c.Budget).Seconds()
}

// work is how long n calls of one operation take at a limit.
func work(n, limit int) time.Duration {
	if limit <= 0 || n == 0 {
		return 0
	}
	return time.Duration((n+limit-1)/limit-1) * lanes.Window
}

// timing is when a step can start and end at the earliest, and how long what
// needs it takes at least after it.
type timing struct {
	start, end, tail time.Duration
	last             []time.Duration // end of the last call of each gap writer so far; -1: none
	calls            int             // of gap writer `writer`
	writer           int             // -1: none
}

// bound computes the time that carrying out the steps takes at least.
func bound(steps []*Step, b lanes.Budget) time.Duration {
	order := topological(steps)
	writers := gapWriterNames(steps)
	t := make([]timing, len(steps))
	index := make(map[string]int, len(steps))
	for i, s := range steps {
		index[s.ID] = i
		t[i].writer = -1
		for _, c := range s.Calls {
			if w := slices.Index(writers, c.Writer); w >= 0 {
				t[i].writer = w
				t[i].calls++
			}
		}
	}
	forward(steps, order, index, t, len(writers), b.WriterGap)
	backward(steps, order, index, t, b.WriterGap)
	total := time.Duration(0)
	for i := range t {
		total = max(total, t[i].end+t[i].tail)
	}
	lane := map[string][]lap{}
	for i, s := range steps {
		for _, c := range s.Calls {
			lane["op "+c.Op] = append(lane["op "+c.Op], lap{t[i].start, t[i].tail})
			if w := slices.Index(writers, c.Writer); w >= 0 {
				lane["w "+c.Writer] = append(lane["w "+c.Writer], lap{t[i].start, t[i].tail})
			}
		}
	}
	for name, laps := range lane {
		if op, ok := strings.CutPrefix(name, "op "); ok {
			total = max(total, opBound(laps, b.Limit(op)))
		} else {
			total = max(total, writerBound(laps, b.WriterGap))
		}
	}
	return total
}

func gapWriterNames(steps []*Step) []string {
	var names []string
	for _, s := range steps {
		for _, c := range s.Calls {
			if strings.HasPrefix(c.Writer, gapWriters) && !slices.Contains(names, c.Writer) {
				names = append(names, c.Writer)
			}
		}
	}
	return names
}

func forward(steps []*Step, order []int, index map[string]int, t []timing, writers int, gap time.Duration) {
	for _, i := range order {
		me := &t[i]
		if writers > 0 {
			me.last = slices.Repeat([]time.Duration{-1}, writers)
		}
		for _, id := range steps[i].Needs {
			n, ok := index[id]
			if !ok {
				continue
			}
			me.start = max(me.start, t[n].end)
			for w := range me.last {
				me.last[w] = max(me.last[w], t[n].last[w])
			}
		}
		me.end = me.start
		if me.writer >= 0 {
			if last := me.last[me.writer]; last >= 0 {
				me.start = max(me.start, last+gap)
			}
			me.end = me.start + time.Duration(me.calls-1)*gap
			me.last[me.writer] = me.end
		}
	}
}

func backward(steps []*Step, order []int, index map[string]int, t []timing, gap time.Duration) {
	for _, i := range slices.Backward(order) {
		me := &t[i]
		for _, id := range steps[i].Needs {
			n, ok := index[id]
			if !ok {
				continue
			}
			d := me.tail
			if me.calls > 1 {
				d += time.Duration(me.calls-1) * gap
			}
			if me.writer >= 0 && t[n].writer == me.writer {
				d += gap
			}
			t[n].tail = max(t[n].tail, d)
		}
	}
}

// lap is one call of a lane: when it can start, and what comes after it.
type lap struct{ start, tail time.Duration }

func writerBound(laps []lap, gap time.Duration) time.Duration {
	slices.SortFunc(laps, func(a, b lap) int { return cmp.Compare(b.start, a.start) })
	best, tail := time.Duration(0), time.Duration(-1)
	for i, l := range laps {
		if tail < 0 || l.tail < tail {
			tail = l.tail
		}
		best = max(best, l.start+time.Duration(i)*gap+tail)
	}
	slices.SortFunc(laps, func(a, b lap) int { return cmp.Compare(b.tail, a.tail) })
	start := time.Duration(-1)
	for i, l := range laps {
		if start < 0 || l.start < start {
			start = l.start
		}
		best = max(best, start+time.Duration(i)*gap+l.tail)
	}
	return best
}

func opBound(laps []lap, limit int) time.Duration {
	slices.SortFunc(laps, func(a, b lap) int { return cmp.Compare(b.start, a.start) })
	earliest := laps[len(laps)-1].start
	best, tail := time.Duration(0), time.Duration(-1)
	for i, l := range laps {
		if tail < 0 || l.tail < tail {
			tail = l.tail
		}
		w := work(i+1, limit)
		if l.start > earliest {
			w = max(0, w-lanes.Window)
		}
		best = max(best, l.start+w+tail)
	}
	slices.SortFunc(laps, func(a, b lap) int { return cmp.Compare(b.tail, a.tail) })
	for i, l := range laps {
		best = max(best, earliest+work(i+1, limit)+l.tail)
	}
	return best
}

// topological lists steps so that each comes after all it needs. Steps in a cycle,
// which no plan has, come last.
func topological(steps []*Step) []int {
	index := make(map[string]int, len(steps))
	for i, s := range steps {
		index[s.ID] = i
	}
	waits := make([]int, len(steps))
	dependants := make([][]int, len(steps))
	for i, s := range steps {
		for _, id := range s.Needs {
			if n, ok := index[id]; ok {
				waits[i]++
				dependants[n] = append(dependants[n], i)
			}
		}
	}
	order := make([]int, 0, len(steps))
	for i := range steps {
		if waits[i] == 0 {
			order = append(order, i)
		}
	}
	for at := 0; at < len(order); at++ {
		for _, d := range dependants[order[at]] {
			if waits[d]--; waits[d] == 0 {
				order = append(order, d)
			}
		}
	}
	return order
}
