package content

import (
	"context"
	"errors"

	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/providers"
)

// scan goes over the items in windows.
func (v *visit) scan(ctx context.Context) error {
	what := providers.Scan{From: v.key, Since: v.turn.since(v.f), Without: v.f.without}
	if v.thorough {
		what.Since = ""
	}
	if v.live() && v.f.known.Done && v.f.known.Next > 0 && v.key == "" && !v.thorough {
		what.From = keyOf(v.f.known.Next)
	}
	if v.key == "" {
		v.whole = what.Since == "" && what.From == ""
	}
	v.last = v.key
	for {
		what.Prints = v.table
		err := v.fill(ctx, what)
		if err != nil && !errors.Is(err, errWindow) && (ours(err) || v.beyond(ctx, err)) {
			return err
		}
		if err := v.process(ctx, v.fresh); err != nil {
			return err
		}
		if err := v.flags(ctx); err != nil {
			return err
		}
		v.fresh = v.fresh[:0]
		v.key, v.behind = v.last, nil
		what.From = v.last
		if v.table && v.until != "" && v.key >= v.until {
			if err := v.led.Clear(ctx); err != nil {
				return book(err)
			}
			v.table, v.until = false, ""
		}
		if !errors.Is(err, errWindow) {
			return err
		}
		if err := v.over(); err != nil {
			return err
		}
	}
}

// fatal reports whether an error may concern more than a folder.
func fatal(err error) bool {
	switch diag.ClassOf(err) {
	case diag.Denied, diag.Unavailable, diag.Limited, diag.Cancelled:
		return true
	}
	return false
}

// fill scans until a window of items that have no outcome yet is full.
func (v *visit) fill(ctx context.Context, what providers.Scan) error {
	pending := make([]providers.Item, 0, lookup)
	v.fresh, v.flagged, v.ahead = v.fresh[:0], v.flagged[:0], 0
	full := false
	asked := int64(0) // bytes of pending
	bound := keyOf(v.f.Next)
	yield := func(it providers.Item) error {
		if it.Key <= v.last {
			return nil
		}
		if bound != "" && it.Key >= bound {
			if it.Key > v.latest { // a connection that breaks has it listed again
				v.latest = it.Key
				v.later++
			}
			// what came since the listing may have been filed here: the next pass finds out
			return nil
		}
		if full {
			return errWindow
		}
		if v.run.stop.Err() != nil {
			return errStopped
		}
		v.last = it.Key
		v.seenNow++
		if it.Key > v.top {
			v.top = it.Key
			v.seen++
		}
		pending = append(pending, it)
		if asked += max(it.Size, 0); len(pending) == lookup || v.task.job.Pull != nil && asked >= aheadMost {
			if err := v.sort(ctx, pending); err != nil {
				return err
			}
			pending, asked = pending[:0], 0
		}
		full = len(v.fresh)+len(v.flagged)+len(pending) >= window || v.task.job.Pull != nil && v.ahead >= aheadMost || v.table && v.until != "" && it.Key >= v.until
		return nil
	}
	err := v.told(ctx, what, yield)
	if err == nil || errors.Is(err, errWindow) || !ours(err) {
		if err := v.sort(ctx, pending); err != nil {
			return err
		}
	}
	return err
}

// told scans, on from where the connection broke. What the store refuses to tell is
// its last word: the rest is moved all the same.
func (v *visit) told(ctx context.Context, what providers.Scan, yield func(providers.Item) error) error {
	trouble := v.src.trouble()
	for {
		what.From = max(what.From, v.last)
		before := v.last
		var state providers.Folder
		answered := false
		err := v.src.use(ctx, func(r providers.Reader) (err error) {
			answered = true
			state, err = r.Scan(ctx, v.f.Folder, what, yield)
			return err
		})
		if !answered {
			return err
		}
		if v.last > before {
			v.src.goesOn(trouble)
		}
		if v.state == nil && (err == nil || errors.Is(err, errWindow)) {
			// What changes from now on is for the next pass.
			if err != nil {
				state = v.f.Folder
			}
			if v.later > 0 {
				state.Items, state.Next, state.Mark = max(0, state.Items-v.later), v.f.Next, v.f.Mark
			}
			v.state = &state
		}
		if err == nil || ours(err) {
			return err
		}
		if err := v.src.bear(err); err != nil {
			return err
		}
	}
}

// sort tells items that need something from those that have their outcome.
func (v *visit) sort(ctx context.Context, items []providers.Item) error {
	if len(items) == 0 {
		return nil
	}
	if v.first && len(v.fresh) == 0 && cap(v.fresh) == 0 {
		v.fresh = make([]providers.Item, 0, min(window, max(int(v.f.Items), len(items))))
	}
	known := map[string]providers.Record{}
	if !v.first {
		keys := make([]string, len(items))
		for i, it := range items {
			keys[i] = it.Key
		}
		var err error
		if known, err = v.led.Known(ctx, keys); err != nil {
			return book(err)
		}
	}
	for _, it := range items {
		if r, ok := known[it.Key]; ok && !v.reopened(r, it) {
			v.settled++
			if v.differs(it, r); len(v.fresh)+len(v.flagged) == 0 {
				v.key = it.Key // a turn that ends in the middle of a window goes on from here
			}
			continue
		} else if ok {
			v.tries[it.Key] = r.Tries
		}
		v.fresh = append(v.fresh, it)
		v.ahead += max(it.Size, 0)
	}
	return nil
}

// aheadMost is how many bytes of items a window has at most, and one more, when they go
// into a batch: what is beyond the end of the batch is listed again by the next turn, and
// to list files is to read them.
const aheadMost = 8 << 20

// reopened reports whether an item with an outcome gets another: what failed is
// tried again, what was gone and is listed is there again, what a rule left out may come in when the rule changed.
func (v *visit) reopened(r providers.Record, it providers.Item) bool {
	switch {
	case v.tried(v.f.ID, r):
		return false
	case v.live():
		return r.Outcome == providers.Gone && v.newer(it) || v.late(r)
	case !r.Outcome.Final(), r.Outcome == providers.Gone:
		return true
	case r.Outcome == providers.Excluded, r.Outcome == providers.TooLarge:
		outcome, _ := v.rule(it)
		return outcome == "" && (r.Outcome == providers.Excluded || v.found)
	}
	return false
}
