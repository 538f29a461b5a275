package content

import (
	"context"
	"maps"
	"slices"

	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/providers"
)

// departed finds out which items are not where the source listed them before, so that
// they are known again where they turn up: people file mail away while passes are made.
// It lists folders only where something is new anywhere, and of these only such as hold
// less than is recorded.
func (t *turn) departed(ctx context.Context, src *link[providers.Reader], p *plan) error {
	if !t.stream.Info().Moved && t.task.job.Pull == nil || !slices.ContainsFunc(p.folders, t.news) {
		return nil
	}
	if !slices.ContainsFunc(p.folders, func(f *folder) bool { return f.labelled }) {
		// Listed once more: what was new before is not where it was, by now.
		var now []providers.Folder
		if err := src.do(ctx, func(r providers.Reader) (err error) {
			now, err = r.Folders(ctx)
			return err
		}); err != nil {
			return err
		}
		for _, f := range p.folders {
			i := slices.IndexFunc(now, func(g providers.Folder) bool { return g.ID == f.ID && g.Epoch == f.Epoch })
			if i < 0 || t.task.gaveUp(f.ID) || !t.fewer(f, now[i]) {
				continue
			}
			if err := t.missing(ctx, src, f); err == nil {
				t.task.saw(now[i])
			} else if err := t.givenUp(ctx, src, f, err); err != nil {
				return err
			}
		}
	}
	var err error
	t.astray, err = t.stream.Missing(ctx)
	return book(err)
}

// news reports whether a folder may hold what no record is known of.
func (t *turn) news(f *folder) bool {
	k := f.known
	switch {
	case f.to.Excluded != "" || f.Items == 0 || t.task.passed(f.ID) || t.unchanged(f):
		return false
	case k.ID == "" || !k.Done || k.Epoch != f.Epoch || f.Next == 0:
		return true
	}
	return f.Next > k.Next
}

// fewer reports whether a folder may hold less than is recorded of it.
func (t *turn) fewer(f *folder, now providers.Folder) bool {
	k := f.known
	if k.ID == "" || !t.someThere(k.Sums) {
		return false
	}
	if before, ok := t.task.seen(f.ID); ok && before.Epoch == now.Epoch {
		return now.Items < before.Items+max(0, now.Next-before.Next)
	}
	if !k.Done || k.Gone || now.Items < 0 || now.Next == 0 {
		return true
	}
	return now.Items < total(k.Sums).Items-k.Missing+max(0, now.Next-k.Next)
}

// saw remembers how a folder was listed when it was compared with its records.
func (k *task) saw(f providers.Folder) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.compared == nil {
		k.compared = map[string]providers.Folder{}
	}
	k.compared[f.ID] = providers.Folder{Epoch: f.Epoch, Next: f.Next, Items: f.Items}
}

func (k *task) seen(id string) (providers.Folder, bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	f, ok := k.compared[id]
	return f, ok
}

// missing compares the records of a folder with what the source lists.
func (t *turn) missing(ctx context.Context, src *link[providers.Reader], f *folder) error {
	led, err := t.stream.Folder(ctx, f.Folder)
	if err != nil {
		return book(err)
	}
	if err := led.Survey(ctx, f.Folder); err != nil {
		return book(err)
	}
	keys := make([]string, 0, lookup)
	err = t.pages(ctx, src, f, providers.Scan{}, func(items []providers.Item, after, upTo string) error {
		keys = keys[:0]
		for _, it := range items {
			keys = append(keys, it.Key)
		}
		return book(led.Miss(ctx, after, upTo, keys))
	})
	f.known = led.Record()
	return err
}

// follow gives items the records that they had elsewhere at the source, and returns
// the rest.
func (v *visit) follow(ctx context.Context, items []providers.Item) (rest []providers.Item, err error) {
	if v.f.to.Excluded != "" || !v.astray && !v.f.labelled {
		return items, nil
	}
	if !v.f.labelled {
		if err := v.heads(ctx, items); err != nil {
			return nil, err
		}
	}
	for chunk := range slices.Chunk(items, lookup) {
		found, err := v.led.Follow(ctx, chunk)
		if err != nil {
			return nil, book(err)
		}
		if err := v.proven(ctx, chunk, found); err != nil {
			return nil, err
		}
		before := len(rest)
		for _, it := range chunk {
			r, ok := found[it.Key]
			if !ok || r.Ask {
				rest = append(rest, it)
				continue
			}
			v.settled++
			v.differs(it, r.Record)
			v.task.mu.Lock()
			if r.Here {
				v.task.report.Reclaimed++
			} else {
				v.task.report.Followed++
			}
			v.task.mu.Unlock()
		}
		v.unexpect(int64(len(chunk) - len(rest) + before))
	}
	return rest, nil
}

// unexpect takes back that items of the folder are to be moved.
func (v *visit) unexpect(n int64) {
	v.task.mu.Lock()
	n = min(n, v.task.expected[v.f.ID])
	if n > 0 {
		v.task.expected[v.f.ID] -= n
	}
	v.task.mu.Unlock()
	v.run.count(v.task, func(c *Counts) { c.Expect.Items -= n })
}

// proven asks again, with their bodies, for items whose heads prove nothing.
func (v *visit) proven(ctx context.Context, items []providers.Item, found map[string]providers.Followed) error {
	var ask []providers.Item
	for _, it := range items {
		if found[it.Key].Ask {
			ask = append(ask, it)
		}
	}
	if len(ask) == 0 {
		return nil
	}
	read, err := bodies(ctx, v.src, v.f.Folder, ask)
	if err != nil {
		return err
	}
	ask = slices.DeleteFunc(ask, func(it providers.Item) bool { _, ok := read[it.Key]; return !ok })
	for i := range ask {
		ask[i].Print.Body = read[ask[i].Key]
	}
	more, err := v.led.Follow(ctx, ask)
	if err != nil {
		return book(err)
	}
	for key, r := range more {
		found[key] = r
	}
	return nil
}

// heads fills in the heads of items, which are in the order of their keys.
func (v *visit) heads(ctx context.Context, items []providers.Item) error {
	at := map[string]int{}
	for i, it := range items {
		if it.Print.Head == [16]byte{} {
			at[it.Key] = i
		}
	}
	if len(at) == 0 {
		return nil
	}
	last := items[len(items)-1].Key
	err := v.src.do(ctx, func(r providers.Reader) error {
		_, err := r.Scan(ctx, v.f.Folder, providers.Scan{From: items[0].Key, Prints: true, Without: v.f.without}, func(it providers.Item) error {
			if v.run.stop.Err() != nil {
				return errStopped
			}
			if i, ok := at[it.Key]; ok {
				items[i].Print.Head = it.Print.Head
			}
			if it.Key >= last {
				return errWindow
			}
			return nil
		})
		return err
	})
	if err == errWindow { //nolint:errorlint // Scan returns what yield did
		return nil
	}
	return err
}

// bring moves, at the target, what was filed elsewhere at the source after isa had put
// it there: from where isa put it, and only from there. What was at the target before
// isa came, and everything in a live mailbox, stays where it is.
func (v *visit) bring(ctx context.Context) error {
	if v.f.to.Excluded != "" {
		return nil
	}
	var stay int64
	err := v.strays(ctx, func(s providers.Stray) bool {
		switch {
		case s.Stay || s.Key == "":
			return false
		case v.live() || s.Outcome != providers.Copied:
			stay++
			return false
		}
		return true
	}, func(some []providers.Stray) error {
		n, err := v.fetchHome(ctx, some)
		stay += n
		return err
	})
	if err != nil {
		return err
	}
	v.task.stay(v.f.ID, stay)
	return nil
}

// stay notes how many items of a folder are in another one at the target, and stay there.
func (k *task) stay(id string, n int64) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.strayed == nil {
		k.strayed = map[string]int64{}
	}
	k.report.Strayed += n - k.strayed[id]
	k.strayed[id] = n
}

// strays hands on the strays of the visit's folder that are wanted, some that are in one
// folder of the target in one epoch at a time. It holds no more than a window of them.
func (v *visit) strays(ctx context.Context, wanted func(providers.Stray) bool, hand func([]providers.Stray) error) error {
	in := map[shelfMark][]providers.Stray{}
	n := 0
	var failed error
	give := func(at shelfMark) error {
		some := in[at]
		delete(in, at)
		n -= len(some)
		failed = hand(some)
		return failed
	}
	err := v.led.Strays(ctx, nil, func(s providers.Stray) error {
		if !wanted(s) {
			return nil
		}
		at := shelfMark{s.In.ID, s.In.Epoch}
		in[at] = append(in[at], s)
		n++
		switch {
		case len(in[at]) == lookup:
			return give(at)
		case n == window:
			fewer := func(a, b shelfMark) int { return len(in[a]) - len(in[b]) }
			return give(slices.MaxFunc(slices.Collect(maps.Keys(in)), fewer))
		}
		return nil
	})
	switch {
	case failed != nil:
		return failed
	case err != nil:
		return book(err)
	}
	for at := range in {
		if err := give(at); err != nil {
			return err
		}
	}
	return nil
}

// fetchHome moves items from one folder of the target into the visit's. It returns how
// many stay, since the target cannot move. What is left when the turn ends stays a stray
// for the next.
func (v *visit) fetchHome(ctx context.Context, some []providers.Stray) (stay int64, err error) {
	if err := v.over(); err != nil {
		return 0, err
	}
	if err := v.pace(v.run.stop, []place{v.dst.place}, len(some), 0); err != nil {
		if v.run.stop.Err() != nil {
			return 0, errStopped
		}
		return 0, err
	}
	if err := v.begin(ctx); err != nil {
		return 0, err
	}
	limits, err := v.shelf.limitsOf(ctx, v.dst)
	if err != nil {
		return 0, err
	}
	from, there, err := v.shelf.there(ctx, v.dst, some[0].In)
	switch {
	case err != nil:
		return 0, err
	case there && from.ID == v.target.ID:
		return 0, v.home(ctx, some, func(i int) string { return some[i].Key })
	case !there && from.ID != "": // numbered anew: its next look finds the keys
		return int64(len(some)), nil
	case !there: // what is known of it is void
		return 0, v.home(ctx, some, func(int) string { return unkeyed })
	case !limits.Moves:
		return int64(len(some)), nil
	}
	items := make([]providers.Item, len(some))
	for i, s := range some {
		items[i] = providers.Item{Key: s.Key, Size: s.Size, Date: s.Date, Flags: s.Flags}
	}
	deliveries, answered, err := v.move(ctx, from, items)
	switch {
	case !answered && err != nil:
		return 0, err
	case err != nil:
		return v.notMoved(some, err)
	case len(deliveries) != len(some):
		return 0, impossible(v.task.job.Target.Name(), "the target answers for another number of items than it was given")
	}
	if err := v.home(ctx, some, func(i int) string { return deliveries[i].ID }); err != nil {
		return 0, err
	}
	v.task.mu.Lock()
	v.task.report.Brought += int64(len(some))
	v.task.mu.Unlock()
	return 0, nil
}

// move moves items into the visit's target. A server may refuse anything once, or
// twice; answered tells that it was asked.
func (v *visit) move(ctx context.Context, from providers.Folder, items []providers.Item) (out []providers.Delivery, answered bool, err error) {
	for again := 1; ; again++ {
		answered = false
		err = v.dst.use(ctx, func(w adder) (err error) {
			c, ok := w.(changer)
			if !ok {
				return impossible("move", "a live mailbox is not changed")
			}
			answered = true
			out, err = c.Move(ctx, from, items, v.target)
			return err
		})
		if diag.ClassOf(err) != diag.Invalid || diag.MayHaveHappened(err) || again > 2 {
			return out, answered, err
		}
		if err := v.dst.pause(v.run.Patience.after(again)); err != nil {
			return nil, false, err
		}
	}
}

// notMoved is a move that failed: what cannot be moved stays.
func (v *visit) notMoved(some []providers.Stray, err error) (stay int64, _ error) {
	switch class := diag.ClassOf(err); {
	case diag.MayHaveHappened(err):
		return 0, v.lost(err)
	case class == diag.NotFound:
		return 0, v.vanishedTarget(err)
	case class == diag.Unavailable, class == diag.Limited, class == diag.Cancelled, class == diag.Denied:
		if err := v.dst.bear(err); err != nil {
			return 0, err
		}
		return 0, errAgain
	}
	return int64(len(some)), nil
}

// lostMoves finds out, after an answer was lost, which strays are not where they were
// any more: they are looked for among what the visit's folder holds.
func (v *visit) lostMoves(ctx context.Context) error {
	return v.strays(ctx, func(s providers.Stray) bool { return s.Key != "" }, func(some []providers.Stray) error {
		from, there, err := v.shelf.there(ctx, v.dst, some[0].In)
		if err != nil || !there {
			return err
		}
		ask := make(map[string]bool, len(some))
		for _, s := range some {
			ask[s.Key] = true
		}
		if err := v.stillThere(ctx, v.dst, from, ask, func(it providers.Item) { delete(ask, it.Key) }); err != nil {
			return err
		}
		gone := slices.DeleteFunc(some, func(s providers.Stray) bool { return !ask[s.Key] })
		for i := range gone {
			gone[i].Target = ""
		}
		return book(v.led.Arrive(ctx, recordsOf(gone)))
	})
}

func recordsOf(some []providers.Stray) []providers.Record {
	out := make([]providers.Record, len(some))
	for i, s := range some {
		out[i] = s.Record
	}
	return out
}

// stillThere yields those items that a folder of the target holds under some keys; after
// trouble one may be yielded twice.
func (t *turn) stillThere(ctx context.Context, dst *link[adder], f providers.Folder, ask map[string]bool, yield func(providers.Item)) error {
	if len(ask) == 0 {
		return nil
	}
	low := slices.Min(slices.Collect(maps.Keys(ask)))
	return dst.do(ctx, func(w adder) error {
		_, err := w.Scan(ctx, f, providers.Scan{From: low}, func(it providers.Item) error {
			if t.run.stop.Err() != nil {
				return errStopped
			}
			if ask[it.Key] {
				yield(it)
			}
			return nil
		})
		return err
	})
}

// home records where strays are now: under a key of the visit's own target; "" is a key
// that is to be found out.
func (v *visit) home(ctx context.Context, some []providers.Stray, key func(int) string) error {
	records := make([]providers.Record, len(some))
	for i, s := range some {
		records[i] = s.Record
		records[i].Target = key(i)
		v.blind = v.blind || records[i].Target == ""
		if !v.table && !v.blind && records[i].Target != unkeyed {
			v.low = max(v.low, after(records[i].Target))
		}
	}
	v.loose += len(some)
	return book(v.led.Arrive(ctx, records))
}
