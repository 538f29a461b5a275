package content

import (
	"context"
	"errors"
	"maps"
	"slices"

	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/providers"
)

// look lays what may have been put, or was there before isa came, on the table, so
// that it is not put a second time.
func (v *visit) look(ctx context.Context) error {
	if v.known.Target.ID == "" {
		// A folder that is not there yet is made when the first item is ready for it.
		if missing, err := v.shelf.missing(ctx, v.dst, v.f.to); err != nil || missing {
			return err
		}
	}
	if err := v.resolve(ctx); err != nil {
		return err
	}
	var from string
	var next int64
	switch {
	case v.stale: // all of it; Begin forgets the old keys
	case v.known.Begun:
		var err error
		if next, err = v.lowest(ctx, max(v.known.Target.Next, v.low)); err != nil {
			return err
		}
		if next > 1 {
			from = keyOf(next)
		}
		v.adopt = v.known.Target.Next == 0
	default:
		// Never used before. What isa made, or what holds nothing, needs no look.
		if v.made || v.target.Items == 0 {
			return nil
		}
		v.adopt = true
	}
	if err := v.led.Clear(ctx); err != nil {
		return book(err)
	}
	if from == "" {
		if err := v.mark(ctx, next); err != nil {
			return err
		}
	}
	v.begun = true
	n, err := v.lay(ctx, from)
	if err != nil {
		return err
	}
	v.stale = false
	v.table = n > 0
	if err := v.lostMoves(ctx); err != nil {
		return err
	}
	// What is recorded and has no key is told first: what is on the table then is not.
	return book(v.led.Claim(ctx, from == ""))
}

// lowest is the key from which on a folder of the target is looked at that was begun at
// next: lower when another folder of the source that goes there was begun before, since
// what is recorded of that may have no keys.
func (v *visit) lowest(ctx context.Context, next int64) (int64, error) {
	records, err := v.stream.Folders(ctx)
	if err != nil {
		return next, book(err)
	}
	for _, r := range records {
		if r.ID != v.f.ID && r.Begun && r.Target.ID == v.target.ID && r.Target.Epoch == v.target.Epoch && r.Target.Next > 0 {
			next = min(next, r.Target.Next)
		}
	}
	return next, nil
}

// lay puts the items of the target, from a key on, on the table.
func (v *visit) lay(ctx context.Context, from string) (n int, err error) {
	var page []providers.Item
	last := ""
	put := func() error {
		if len(page) == 0 {
			return nil
		}
		n += len(page)
		err := v.led.Lay(ctx, page)
		page = page[:0]
		return book(err)
	}
	err = v.dst.do(ctx, func(w adder) error {
		page = page[:0]
		if last > from {
			from = last
		}
		_, err := w.Scan(ctx, v.target, providers.Scan{From: from, Prints: true}, func(it providers.Item) error {
			if last != "" && it.Key <= last {
				return nil
			}
			if v.run.stop.Err() != nil {
				return errStopped
			}
			page = append(page, it)
			if len(page) == lookup {
				last = it.Key
				return put()
			}
			return nil
		})
		return err
	})
	if err != nil {
		return n, err
	}
	return n, put()
}

// learn finds the keys of what was put, where the target did not tell them, so that
// flags can follow and later looks know what is whose.
func (v *visit) learn(ctx context.Context) error {
	if err := v.led.Clear(ctx); err != nil {
		return book(err)
	}
	v.table = true
	if _, err := v.lay(ctx, keyOf(v.led.Record().Target.Next)); err != nil {
		return err
	}
	return book(v.led.Claim(ctx, false))
}

// candidates is how many items of one print are compared with an item at most.
const candidates = 16

// take settles the items that are on the table, and returns the rest.
func (v *visit) take(ctx context.Context, items []providers.Item) (rest []providers.Item, err error) {
	for chunk := range slices.Chunk(items, lookup/4) {
		c := comparing{visit: v, left: chunk, mine: map[string][16]byte{}, heads: map[[16]byte]bool{}, theirs: map[providers.Print][]providers.Item{}}
		for more := true; more && len(c.left) > 0 && c.rounds < candidates; c.rounds++ {
			if more, err = c.round(ctx); err != nil {
				v.clean = false // some is off the table and not settled
				return nil, err
			}
		}
		if err := c.giveBack(ctx); err != nil {
			return nil, err
		}
		rest = append(rest, c.left...)
	}
	return rest, nil
}

// comparing finds, for a few items, those of the table that they are.
type comparing struct {
	*visit
	left   []providers.Item
	rounds int
	heads  map[[16]byte]bool                    // prints that prove nothing alone
	mine   map[string][16]byte                  // bodies of items, by key
	theirs map[providers.Print][]providers.Item // taken off the table and not matched so far
}

// round takes one more of each from the table, compares bodies where the print alone
// proves nothing, and settles what is the same. It reports whether there may be more.
func (c *comparing) round(ctx context.Context) (more bool, err error) {
	taken, err := c.led.Take(ctx, printed(c.left))
	if err != nil || len(taken) == 0 {
		return false, book(err)
	}
	var unproven []providers.Item
	for _, t := range taken {
		if !t.Alone {
			unproven = append(unproven, t.Item)
			c.heads[t.Print.Head] = true
		}
	}
	if err := c.read(ctx, unproven); err != nil {
		return false, err
	}
	var records []providers.Record
	var left []providers.Item
	for _, it := range c.left {
		t, ok := taken[it.Key]
		if !ok || !t.Alone {
			if t.Item, ok = c.match(it); ok {
				it.Print.Body = c.mine[it.Key]
			}
		}
		if !ok {
			left = append(left, it)
			continue
		}
		outcome := providers.Copied
		if c.adopts(it.Key) {
			outcome = providers.Adopted
		}
		r := c.record(it, outcome, "")
		r.Target, r.Flags = t.Key, t.Flags
		records = append(records, r)
		c.differs(it, r)
	}
	c.left = left
	return len(unproven) > 0, c.settle(ctx, records)
}

// read reads the bodies of what was taken and of the items it may be.
func (c *comparing) read(ctx context.Context, taken []providers.Item) error {
	if len(taken) == 0 {
		return nil
	}
	theirs, err := bodies(ctx, c.dst, c.target, taken)
	if err != nil {
		return err
	}
	for _, t := range taken {
		if body, ok := theirs[t.Key]; ok {
			p := providers.Print{Head: t.Print.Head, Body: body}
			c.theirs[p] = append(c.theirs[p], t)
		}
	}
	var ask []providers.Item
	for _, it := range c.left {
		if _, known := c.mine[it.Key]; !known && c.heads[it.Print.Head] {
			ask = append(ask, it)
		}
	}
	mine, err := bodies(ctx, c.src, c.f.Folder, ask)
	maps.Copy(c.mine, mine)
	return err
}

// match finds an item of the same bytes.
func (c *comparing) match(it providers.Item) (t providers.Item, ok bool) {
	body, known := c.mine[it.Key]
	p := providers.Print{Head: it.Print.Head, Body: body}
	if same := c.theirs[p]; known && len(same) > 0 {
		c.theirs[p] = same[1:]
		return same[0], true
	}
	return t, false
}

// giveBack lays what turned out to be something else on the table again.
func (c *comparing) giveBack(ctx context.Context) error {
	var back []providers.Item
	for _, some := range c.theirs {
		back = append(back, some...)
	}
	if len(back) == 0 {
		return nil
	}
	return book(c.led.Return(ctx, back))
}

// printed are the items whose print is known.
func printed(items []providers.Item) []providers.Item {
	unknown := func(it providers.Item) bool { return it.Print.Head == [16]byte{} }
	if !slices.ContainsFunc(items, unknown) {
		return items
	}
	return slices.DeleteFunc(slices.Clone(items), unknown)
}

// bodies reads items and returns what recognises their bytes, by key.
func bodies[C providers.Reader](ctx context.Context, l *link[C], f providers.Folder, items []providers.Item) (map[string][16]byte, error) {
	out := make(map[string][16]byte, len(items))
	printer := providers.NewPrinter()
	if len(items) == 0 {
		return out, nil
	}
	before := l.trouble()
	err := l.do(ctx, func(r C) error {
		todo := slices.DeleteFunc(slices.Clone(items), func(it providers.Item) bool { _, have := out[it.Key]; return have })
		if len(todo) == 0 {
			return nil
		}
		return r.Fetch(ctx, f, todo, func(m providers.Message) error {
			printer.Reset()
			if err := drain(printer, m); err != nil {
				return err
			}
			out[m.Key] = printer.Print().Body
			l.goesOn(before)
			return nil
		})
	})
	return out, err
}

// lost is when the answer to a Put did not come: what it held is looked for, at the
// target, before anything else is put there.
func (v *visit) lost(err error) error {
	v.clean = false
	v.shelf.forget() // it may be another folder by now
	if !v.table || v.until != "" {
		v.until = v.last
	}
	switch {
	case diag.ClassOf(err) == diag.Invalid:
		return errAgain // the connection is as good as before
	case diag.ClassOf(err) != diag.Limited, providers.Full(err):
		err = unavailable(err)
	default:
		v.dst.drop()
	}
	if bearErr := v.dst.bear(err); bearErr != nil {
		return bearErr
	}
	return errAgain
}

// unavailable makes an error one after which the connection is opened again.
func unavailable(err error) error {
	if diag.ClassOf(err) == diag.Unavailable || diag.ClassOf(err) == diag.Cancelled {
		return err
	}
	return &diag.Failure{Class: diag.Unavailable, Op: "put", Err: errors.New(words(err))}
}
