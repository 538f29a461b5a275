package directory

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"

	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/internal/lanes"
	"github.com/isaworks/isa/internal/live"
	"github.com/isaworks/isa/internal/value"
)

// places is a model of the org chart as the service has it now. It turns "after
// sibling X" into the number that the service wants, since numbers of untouched
// siblings change with each move (20 §4.7), and it knows each unit's company.
// One write at a time holds a company's chart.
type places struct {
	load func(ctx context.Context, domainID int) ([]live.Object, error)

	mu      sync.Mutex
	domains map[int]*chart
	units   map[string]int // unit → domain ID
}

// chart is the org chart of one company. busy is held by the one writer.
type chart struct {
	busy  chan struct{}
	known bool
	// doubtful are the units whose last write may or may not have happened. While
	// the chart is not known for their sake, the rest of it still is.
	doubtful map[string]bool
	siblings map[string][]sibling // by parent ("" top level), in order
	parents  map[string]string    // unit → parent
	hidden   map[string]bool
}

type sibling struct {
	id    string
	order int64
}

func newPlaces(load func(context.Context, int) ([]live.Object, error)) *places {
	return &places{load: load, domains: map[int]*chart{}, units: map[string]int{}}
}

// lock waits until the company's chart is free and returns it with the function
// that frees it. It records what has happened, so that a polite stop does not end
// the waiting: whoever holds the chart is ended by it.
func (p *places) lock(ctx context.Context, domainID int) (*chart, func(), error) {
	return p.lockUnless(ctx, domainID, nil)
}

// lockUnless is lock that gives up when stop is closed. A nil stop never is.
func (p *places) lockUnless(ctx context.Context, domainID int, stop <-chan struct{}) (*chart, func(), error) {
	select {
	case <-stop:
		return nil, nil, context.Canceled
	default:
	}
	p.mu.Lock()
	c, ok := p.domains[domainID]
	if !ok {
		c = &chart{busy: make(chan struct{}, 1)}
		p.domains[domainID] = c
	}
	p.mu.Unlock()
	select {
	case c.busy <- struct{}{}:
		return c, func() { <-c.busy }, nil
	case <-ctx.Done():
		return nil, nil, ctx.Err()
	case <-stop:
		return nil, nil, context.Canceled
	}
}

// hold is lock for a write under parent, right behind the sibling after ("" = none).
// A chart that is not known is loaded, and one in which the two are not is loaded
// again: it may be of a listing that did not show yet what was written before. It
// ends when the run is to stop: nothing was sent yet. The chart is free again
// whichever way loading it ends.
func (p *places) hold(ctx context.Context, domainID int, parent, after string) (*chart, func(), error) {
	c, free, err := p.lockUnless(ctx, domainID, lanes.Stopping(ctx))
	if err != nil {
		return nil, nil, unsent(err)
	}
	if c.known && c.shows(parent, after) {
		return c, free, nil
	}
	handed := false
	defer func() {
		if !handed {
			free()
		}
	}()
	objs, err := p.reload(ctx, domainID, c)
	if err != nil {
		return nil, nil, unsent(err)
	}
	c.fill(objs)
	p.remember(domainID, objs...)
	handed = true
	return c, free, nil
}

// unsent says of a stop that the write it prevented was never sent, so that nobody
// need look whether it happened.
func unsent(err error) error {
	if diag.ClassOf(err) != diag.Cancelled {
		return err
	}
	return &diag.Failure{Class: diag.Cancelled, Op: "org chart", Detail: "stopped before anything was written", Err: err}
}

// rereadings are the pauses before a listing is asked for again that contradicts
// what was written moments ago: reads may be stale (00 §10).
func rereadings() []time.Duration {
	return []time.Duration{500 * time.Millisecond, time.Second, 2 * time.Second, 4 * time.Second}
}

// reload lists the company's units again after a write with an uncertain outcome.
// A listing that contradicts the certain part of the chart is taken for stale and
// asked for again; if it stays so, somebody else is at work, and it counts.
func (p *places) reload(ctx context.Context, domainID int, c *chart) ([]live.Object, error) {
	for _, pause := range rereadings() {
		objs, err := p.load(ctx, domainID)
		if err != nil || c.agrees(objs) {
			return objs, err
		}
		timer := time.NewTimer(pause)
		select {
		case <-ctx.Done():
			timer.Stop()
			return nil, ctx.Err()
		case <-lanes.Stopping(ctx):
			timer.Stop()
			return nil, context.Canceled
		case <-timer.C:
		}
	}
	return p.load(ctx, domainID)
}

// doubt records that a write of a unit ("" for a new one) may or may not have
// happened, or had another effect than expected.
func (c *chart) doubt(id string) {
	c.known = false
	if c.doubtful == nil {
		c.doubtful = map[string]bool{}
	}
	c.doubtful[id] = true
}

// agrees reports whether a listing shows every unit that the chart is certain of,
// under its parent and in the chart's order. Further units do not matter.
func (c *chart) agrees(objs []live.Object) bool {
	seen := &chart{}
	seen.fill(objs)
	for parent, list := range c.siblings {
		var wanted, found []string
		for _, s := range list {
			if !c.doubtful[s.id] {
				wanted = append(wanted, s.id)
			}
		}
		for _, s := range seen.siblings[parent] {
			if at, ok := c.parents[s.id]; ok && at == parent && !c.doubtful[s.id] {
				found = append(found, s.id)
			}
		}
		if !slices.Equal(wanted, found) {
			return false
		}
	}
	return true
}

// seen takes over what a listing of the company showed.
func (p *places) seen(ctx context.Context, domainID int, objs []live.Object) error {
	c, free, err := p.lock(ctx, domainID)
	if err != nil {
		return err
	}
	defer free()
	c.fill(objs)
	p.remember(domainID, objs...)
	return nil
}

// remember notes the company of units.
func (p *places) remember(domainID int, objs ...live.Object) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, o := range objs {
		p.units[o.ID] = domainID
	}
}

// domainOf returns the company of a unit, if it is known.
func (p *places) domainOf(id string) (int, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	domainID, ok := p.units[id]
	return domainID, ok
}

// shows reports whether the chart has the parent and, below it, the sibling.
func (c *chart) shows(parent, after string) bool {
	_, there := c.parents[parent]
	above, beside := c.parents[after]
	return (parent == "" || there) && (after == "" || beside && above == parent)
}

func (c *chart) fill(objs []live.Object) {
	c.known, c.doubtful = true, nil
	c.siblings, c.parents, c.hidden = map[string][]sibling{}, make(map[string]string, len(objs)), map[string]bool{}
	for _, o := range objs {
		parent := value.Text(o.Attrs["parent"])
		order, _ := o.Attrs["order"].(value.Int)
		c.siblings[parent] = append(c.siblings[parent], sibling{o.ID, int64(order)})
		c.parents[o.ID] = parent
		c.hidden[o.ID] = o.Attrs["visible"] == value.Value(value.Bool(false))
	}
	for _, list := range c.siblings {
		slices.SortStableFunc(list, func(a, b sibling) int { return cmp.Compare(a.order, b.order) })
	}
}

// number is the place that puts a unit (id "" for a new one) under parent right
// after the sibling after, "" first. last, or a sibling that is not there any
// more, puts it behind all others. Where siblings are numbered without gaps the
// numbers after the move count; else the unit takes the number behind its
// neighbour.
func (c *chart) number(id, parent, after string, last bool) (place int, number int64) {
	others := without(c.siblings[parent], id)
	place = len(others)
	if !last {
		if after == "" {
			place = 0
		} else if i := slices.IndexFunc(others, func(s sibling) bool { return s.id == after }); i >= 0 {
			place = i + 1
		}
	}
	switch {
	case place == 0:
		return 0, 1
	case dense(c.siblings[parent]):
		return place, int64(place) + 1
	}
	return place, others[place-1].order + 1
}

// put records that a unit stands at a place under parent.
func (c *chart) put(id, parent string, place int, number int64) {
	gaps := !dense(c.siblings[parent])
	if old, ok := c.parents[id]; ok {
		left := without(c.siblings[old], id)
		if dense(c.siblings[old]) {
			renumber(left)
		}
		c.siblings[old] = left
	}
	list := slices.Insert(without(c.siblings[parent], id), min(place, len(c.siblings[parent])), sibling{id, number})
	if gaps {
		for i := place + 1; i < len(list); i++ {
			list[i].order++
		}
	} else {
		renumber(list)
	}
	c.siblings[parent], c.parents[id] = list, parent
}

// drop records that a unit is gone, with all below it.
func (c *chart) drop(id string) {
	parent, ok := c.parents[id]
	if !ok {
		return
	}
	left := without(c.siblings[parent], id)
	if dense(c.siblings[parent]) {
		renumber(left)
	}
	c.siblings[parent] = left
	c.dropBelow(id)
}

func (c *chart) dropBelow(id string) {
	for _, s := range c.siblings[id] {
		c.dropBelow(s.id)
	}
	delete(c.siblings, id)
	delete(c.parents, id)
	delete(c.hidden, id)
}

func without(list []sibling, id string) []sibling {
	out := make([]sibling, 0, len(list)+1)
	for _, s := range list {
		if s.id != id {
			out = append(out, s)
		}
	}
	return out
}

// dense reports whether siblings are numbered 1, 2, 3 …
func dense(list []sibling) bool {
	for i, s := range list {
		if s.order != int64(i)+1 {
			return false
		}
	}
	return true
}

func renumber(list []sibling) {
	for i := range list {
		list[i].order = int64(i) + 1
	}
}
