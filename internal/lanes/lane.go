package lanes

import (
	"container/heap"
	"time"
)

const (
	// longestReset bounds what the service may tell: a window is a minute, and a
	// broken header must not stop a lane for a day.
	longestReset = 10 * Window
	roundingStep = time.Second // resets are told in whole seconds
)

// lane is the budget of one operation.
type lane struct {
	limit    int
	told     int // the service's own limit; 0 = not told
	inFlight int
	slots    expiries // of answered calls: when the service has forgotten them

	// The newest window the service told of: until when, and the least that was
	// left in it.
	windowEnds time.Time
	remaining  int

	asleep time.Time // after a 429
	slack  time.Duration
}

// blocked tells why no call may be sent now.
func (l *lane) blocked(now time.Time) block {
	if now.Before(l.asleep) {
		return block{Limited, l.asleep}
	}
	for len(l.slots) > 0 && !now.Before(l.slots[0]) {
		heap.Pop(&l.slots)
	}
	if l.inFlight+len(l.slots) >= l.limit {
		if len(l.slots) == 0 {
			return block{WindowSpent, time.Time{}}
		}
		return block{WindowSpent, l.slots[0]}
	}
	if now.Before(l.windowEnds) && l.remaining-l.inFlight <= 0 {
		return block{WindowSpent, l.windowEnds}
	}
	return block{}
}

// answered books an answer that took trip to come.
func (l *lane) answered(now time.Time, trip time.Duration, r Report) {
	if !r.Known {
		heap.Push(&l.slots, now.Add(Window))
		if r.Limited {
			l.sleep(now.Add(Window))
		}
		return
	}
	if r.Reset <= 0 {
		// Only a service that rounds down tells 0: everything it told is short by up
		// to a step.
		l.slack = roundingStep
	}
	ends := now.Add(min(max(r.Reset, 0), longestReset) + l.slack)
	heap.Push(&l.slots, ends)
	if r.Limit > 0 {
		l.limit, l.told = min(l.limit, r.Limit), r.Limit
	}
	l.observe(now, ends, trip, max(0, r.Remaining))
	if r.Limited {
		l.sleep(ends)
	}
}

// observe merges a report into what is known of the window. All reports of one
// window name the same end, give or take the rounding and the trip; a later end
// is another window.
func (l *lane) observe(now, ends time.Time, trip time.Duration, remaining int) {
	another := !now.Before(l.windowEnds) || ends.After(l.windowEnds.Add(roundingStep+trip))
	if another {
		l.windowEnds, l.remaining = ends, remaining
		return
	}
	if ends.Before(l.windowEnds) {
		l.windowEnds = ends
	}
	l.remaining = min(l.remaining, remaining)
}

func (l *lane) sleep(until time.Time) {
	if until.After(l.asleep) {
		l.asleep = until
	}
}

// expiries is a heap, earliest first.
type expiries []time.Time

func (e expiries) Len() int           { return len(e) }
func (e expiries) Less(i, j int) bool { return e[i].Before(e[j]) }
func (e expiries) Swap(i, j int)      { e[i], e[j] = e[j], e[i] }
func (e *expiries) Push(x any)        { *e = append(*e, x.(time.Time)) }
func (e *expiries) Pop() any {
	old := *e
	last := old[len(old)-1]
	*e = old[:len(old)-1]
	return last
}
