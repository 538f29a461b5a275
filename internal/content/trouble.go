package content

import (
	"sync"
	"time"
)

// trouble is what went wrong at the two ends of a job since something arrived,
// through all its turns. That a login or a listing works forgives nothing that went
// wrong before it, since a server that lists and takes nothing would be tried for ever.
type trouble struct {
	mu     sync.Mutex
	at     map[cause]burden
	poison int // items in a row that were set aside because they broke the connection
	closed int // folders of the target in a row that took nothing, though it answered
}

// cause is where something goes wrong, and how.
type cause struct {
	place place
	kind  kind
}

// kind is how something goes wrong.
type kind int

const (
	away    kind = iota // it cannot be reached
	busy                // it asks to be left alone
	refuses             // it answers that it cannot do what it was asked
	kinds
)

// burden is how much of one cause there was.
type burden struct {
	times  int
	waited time.Duration
	until  time.Time // what fails before is the same failure, met by another connection
}

// failed counts a failure, and returns all there was.
func (t *trouble) failed(c cause) burden {
	t.mu.Lock()
	defer t.mu.Unlock()
	b := t.at[c]
	b.times++
	t.set(c, b)
	return b
}

// pauses counts a failure, and returns how many there were and how long to wait: as after
// says. Folders and connections that meet it while one of them waits count once.
func (t *trouble) pauses(c cause, now time.Time, after func(n int) time.Duration) (times int, wait time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	b := t.at[c]
	if left := b.until.Sub(now); left > 0 {
		return b.times, left
	}
	b.times++
	wait = after(b.times)
	b.until = now.Add(wait)
	t.set(c, b)
	return b.times, wait
}

// waits adds to the time that was waited.
func (t *trouble) waits(c cause, d time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	b := t.at[c]
	b.waited += d
	t.set(c, b)
}

// set sets a burden. The caller holds mu.
func (t *trouble) set(c cause, b burden) {
	if t.at == nil {
		t.at = map[cause]burden{}
	}
	t.at[c] = b
}

// so is the trouble with a place so far.
func (t *trouble) so(at place) (b [kinds]burden) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for k := range kinds {
		b[k] = t.at[cause{at, k}]
	}
	return b
}

// forgive leaves no more of the trouble with a place than there was before.
func (t *trouble) forgive(at place, before [kinds]burden) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for k := range kinds {
		c := cause{at, k}
		if b, ok := t.at[c]; ok {
			t.at[c] = burden{min(b.times, before[k].times), min(b.waited, before[k].waited), time.Time{}}
		}
	}
}

// none forgives all but what only an arrival proves wrong: a folder is done, which
// happens once each.
func (t *trouble) none() {
	t.mu.Lock()
	defer t.mu.Unlock()
	clear(t.at)
	t.poison = 0
}

// arrival forgives all: the target took an item.
func (t *trouble) arrival() {
	t.none()
	t.mu.Lock()
	defer t.mu.Unlock()
	t.closed = 0
}

// leave forgives what went wrong at the source of a folder that was given up: the next
// one is another. At the target all may be the same trouble.
func (t *trouble) leave(source place) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for k := range kinds {
		delete(t.at, cause{source, k})
	}
}

// shut counts a folder of the target that takes nothing, and returns how many there were
// since something arrived.
func (t *trouble) shut() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.closed++
	return t.closed
}

// setAside forgives the breaks for which items are to blame that were set aside, n in
// number, unless nothing arrived between too many of them: then the server is.
func (t *trouble) setAside(at place, n, most int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.poison += n; t.poison <= most {
		delete(t.at, cause{at, away})
	}
}
