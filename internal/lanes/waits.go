package lanes

import "time"

// Reason tells why a call waits.
type Reason string

// The reasons.
const (
	WindowSpent Reason = "window" // the lane's budget is spent until the window ends
	WriterBusy  Reason = "writer" // another write of the same thing runs or was just sent
	Limited     Reason = "429"    // the service refused a call; the lane sleeps
)

// Wait is one reason for which calls wait at the moment.
type Wait struct {
	Call  Call      // the lane, and for WriterBusy the writer
	Why   Reason    //
	Calls int       // how many wait for it
	Until time.Time // zero: until a running call ends
}

// Waits tells what the waiting calls wait for, the most urgent first. A call that
// waits for its writer and its lane is counted once, under its lane.
func (s *Set) Waits() []Wait {
	s.mu.Lock()
	defer s.mu.Unlock()
	type key struct {
		call Call
		why  Reason
	}
	now := time.Now()
	var waits []Wait
	at := map[key]int{}
	for _, w := range s.waiting {
		b := w.blocked(now)
		if b.why == "" {
			continue // ready, its timer is about to fire
		}
		k := key{w.call, b.why}
		if b.why != WriterBusy {
			k.call.Writer = ""
		}
		i, seen := at[k]
		if !seen {
			i = len(waits)
			at[k] = i
			waits = append(waits, Wait{Call: k.call, Why: b.why, Until: b.until})
		}
		waits[i].Calls++
	}
	return waits
}

// block is why a call may not be sent; the zero block does not hold it.
type block struct {
	why   Reason
	until time.Time // zero: until a running call ends
}

// blocked looks at the lane and the writer together, so that neither is held
// while waiting for the other. Where both block, the later end counts.
func (w *waiter) blocked(now time.Time) block {
	lane, writer := w.lane.blocked(now), w.writer.blocked(now)
	if lane.why == "" {
		return writer
	}
	if writer.why != "" && writer.until.After(lane.until) {
		lane.until = writer.until
	}
	return lane
}
