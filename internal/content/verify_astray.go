package content

import (
	"cmp"
	"context"
	"hash/fnv"
	"slices"
	"time"

	"github.com/isaworks/isa/providers"
)

// stray is an item that is not where it was put, as far as keys tell: it is looked for
// by its print.
type stray struct {
	row    *row
	key    string // at the source
	target string // where it was put; "" or unkeyed: not known
	size   int64
	date   time.Time
	flags  uint64
	print  providers.Print
	found  bool
	put    bool     // the target has told its key in the folder in,
	in     []string // which is not the one of its row
}

func (c *comparison) lost(r *row, rec providers.Record) {
	if rec.Sent != [16]byte{} {
		rec.Print.Head = rec.Sent
	}
	c.astray = append(c.astray, stray{row: r, key: rec.Key, target: rec.Target, size: rec.Size, date: rec.Date, flags: flagsHash(rec.Flags), print: rec.Print})
}

// settleHere settles the items that are astray where nobody but isa works: those whose
// key is not known, or of an earlier epoch, are looked for in the folder, and all others
// are missing. Those that never had a key may have stayed anywhere, when they were filed
// elsewhere at the source.
func (c *comparison) settleHere(ctx context.Context, home providers.Folder, there bool) error {
	if err := c.filed(ctx); err != nil {
		return err
	}
	blind := func(s *stray) bool { return !s.found && (!s.keyed() || !s.row.keyed) }
	if there && slices.ContainsFunc(c.astray, func(s stray) bool { return blind(&s) }) {
		if err := c.seek(ctx, home, blind); err != nil {
			return err
		}
	}
	unknown := func(s *stray) bool { return !s.found && !s.keyed() }
	if slices.ContainsFunc(c.astray, func(s stray) bool { return unknown(&s) }) {
		if err := c.seekAll(ctx, unknown); err != nil {
			return err
		}
	}
	for i := range c.astray {
		if s := &c.astray[i]; !s.found {
			c.fate(s, Missing, nil)
		}
	}
	c.astray = c.astray[:0]
	return nil
}

// settleAnywhere settles the items that are astray where people work: they are looked
// for in all folders of the target.
func (c *comparison) settleAnywhere(ctx context.Context) error {
	if len(c.astray) == 0 {
		return nil
	}
	if err := c.filed(ctx); err != nil {
		return err
	}
	if err := c.seekAll(ctx, func(*stray) bool { return true }); err != nil {
		return err
	}
	for i := range c.astray {
		switch s := &c.astray[i]; {
		case s.found:
		case s.delivered():
			c.fate(s, Removed, nil)
		default:
			c.fate(s, Missing, nil)
		}
	}
	c.astray = c.astray[:0]
	return nil
}

// seekAll looks for items that are astray in all folders of the target, those last that
// show what others hold.
func (c *comparison) seekAll(ctx context.Context, which func(*stray) bool) error {
	folders := slices.Clone(c.shelf.all)
	virtual := func(f providers.Folder) int {
		if f.Use == providers.UseAll || f.Use == providers.UseFlagged {
			return 1
		}
		return 0
	}
	slices.SortStableFunc(folders, func(a, b providers.Folder) int { return cmp.Compare(virtual(a), virtual(b)) })
	for _, f := range folders {
		if f.Unserved != "" || f.Items == 0 {
			continue
		}
		if err := c.seek(ctx, f, which); err != nil {
			return err
		}
	}
	return nil
}

// keyed tells that the target named the item's key.
func (s *stray) keyed() bool { return s.target != "" && s.target != unkeyed }

// delivered tells that the item was at the target: its key is known from there, and the
// folder is gone, or has given such keys. One that was numbered anew may have been put
// back to an earlier day, or made empty.
func (s *stray) delivered() bool {
	switch {
	case s.put:
		return true
	case !s.keyed() || s.row.there && !s.row.keyed:
		return false
	}
	return !s.row.there || gave(s.row.target, s.target)
}

// gave reports whether a folder may have given an item a key.
func gave(f providers.Folder, key string) bool { return f.Next <= 0 || key < keyOf(f.Next) }

// fate notes what became of an item.
func (c *comparison) fate(s *stray, what Fate, where []string) {
	switch what {
	case Elsewhere:
		s.row.Elsewhere++
	case Removed:
		s.row.Removed++
	case Missing:
		s.row.Missing++
	}
	if len(s.row.strays) < verifyStrays {
		to := s.row.target.Path
		if s.in != nil {
			to = s.in
		}
		s.row.strays = append(s.row.strays, Stray{Folder: s.row.folder.Path, Date: s.date, Size: s.size, Delivered: to, Fate: what, Found: where})
	}
}

// seek looks for items that are astray in a folder of the target. What a record names as
// the place of its item is no other's.
func (c *comparison) seek(ctx context.Context, f providers.Folder, which func(*stray) bool) error {
	open := map[[16]byte][]*stray{}
	for i := range c.astray {
		if s := &c.astray[i]; !s.found && s.print.Head != [16]byte{} && which(s) {
			open[s.print.Head] = append(open[s.print.Head], s)
		}
	}
	last := ""
	var page []providers.Item
	for more := len(open) > 0; more; {
		page = page[:0]
		err := c.dst.do(ctx, func(w adder) error {
			_, err := w.Scan(ctx, f, providers.Scan{From: last, Prints: true}, func(it providers.Item) error {
				switch {
				case it.Key <= last:
					return nil
				case c.run.stop.Err() != nil:
					return errStopped
				case len(page) == lookup:
					return errWindow
				}
				last = it.Key
				if len(open[it.Print.Head]) > 0 {
					page = append(page, it)
				}
				return nil
			})
			return err
		})
		more = err == errWindow //nolint:errorlint // Scan returns what yield did
		if err != nil && !more {
			return err
		}
		if err := c.match(ctx, f, page, open); err != nil {
			return err
		}
	}
	return nil
}

// match gives items of the target to those that are looked for.
func (c *comparison) match(ctx context.Context, f providers.Folder, items []providers.Item, open map[[16]byte][]*stray) error {
	if len(items) == 0 {
		return nil
	}
	keys := make([]string, len(items))
	for i, it := range items {
		keys[i] = it.Key
	}
	claimed, err := c.stream.Claimed(ctx, f, keys)
	if err != nil {
		return book(err)
	}
	items = slices.DeleteFunc(items, func(it providers.Item) bool {
		_, found := c.found[spot(f, it.Key)]
		return found || claimed[it.Key]
	})
	for chunk := range slices.Chunk(items, verifyBodies) {
		if c.run.stop.Err() != nil {
			return errStopped
		}
		ask := slices.DeleteFunc(slices.Clone(chunk), func(it providers.Item) bool { return !c.unsure(open[it.Print.Head]) })
		read, err := bodies(ctx, c.dst, f, ask)
		if err != nil {
			return err
		}
		for _, it := range chunk {
			body, known := read[it.Key]
			c.give(f, it, body, known, open)
		}
	}
	return nil
}

// unsure tells that heads alone do not say which of the items one of the target is, or
// that bytes are to be compared.
func (c *comparison) unsure(some []*stray) bool {
	return len(some) > 1 || slices.ContainsFunc(some, func(s *stray) bool { return s.print.Head[15]&1 == 0 || c.how.sampled(s.key) })
}

// give gives an item of the target to one that it may be, one of its own folder first.
func (c *comparison) give(f providers.Folder, it providers.Item, body [16]byte, read bool, open map[[16]byte][]*stray) {
	some := open[it.Print.Head]
	compared := func(s *stray) bool { return read && s.print.Body != [16]byte{} }
	fits := func(s *stray) bool { return !compared(s) || s.print.Body == body }
	home := func(s *stray) bool { return s.row.target.ID == f.ID }
	i := slices.IndexFunc(some, func(s *stray) bool { return home(s) && fits(s) })
	if i < 0 {
		i = slices.IndexFunc(some, fits)
	}
	if i < 0 {
		return
	}
	s := some[i]
	open[it.Print.Head] = slices.Delete(some, i, i+1)
	s.found = true
	if c.found == nil {
		c.found = map[uint64]struct{}{}
	}
	c.found[spot(f, it.Key)] = struct{}{}
	if compared(s) {
		s.row.Bodies++
	}
	if !home(s) {
		c.fate(s, Elsewhere, f.Path)
		return
	}
	s.row.Arrived.Items++
	s.row.Arrived.Bytes += max(it.Size, 0)
	if s.row.keyed {
		s.row.first.Extra--
	}
}

// spot tells an item of a target from others.
func spot(f providers.Folder, key string) uint64 {
	h := fnv.New64a()
	h.Write([]byte(f.ID)) //nolint:errcheck // never fails
	h.Write([]byte{0})    //nolint:errcheck // never fails
	h.Write([]byte(key))  //nolint:errcheck // never fails
	return h.Sum64()
}
