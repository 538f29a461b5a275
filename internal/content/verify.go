package content

import (
	"cmp"
	"context"
	"hash/fnv"
	"slices"
	"time"

	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/providers"
)

// Verification says how thoroughly both ends are compared: counts, sizes, dates and
// flags always; of Percent of the items all bytes too (100: of all). Which ones
// depends on Seed.
type Verification struct {
	Percent int
	Seed    uint64
}

// Verified is what a comparison of both ends found.
type Verified struct {
	Jobs        []VerifiedJob // in the order of Options.Jobs
	Interrupted bool
	Start, End  time.Time
}

// VerifiedJob is the comparison of one account with another.
type VerifiedJob struct {
	Name, Title, Wave string
	Compared          // all folders together
	// Folders are those with a difference, at most 100; Omitted counts the others.
	Folders []VerifiedFolder
	Omitted int
	// Sums is how the items of the stream ended, by the ledger.
	Sums providers.Sums
	Err  error // the comparison is not complete
}

// VerifiedFolder is a folder of the source compared with where its items went. Extra
// is counted with the first of several that went to one folder.
type VerifiedFolder struct {
	Path, Target []string
	Compared
}

// Compared counts items.
type Compared struct {
	Source   providers.Sum // at the source now, recorded as copied or adopted
	Arrived  providers.Sum // of these, found at the target
	Missing  int64         // of these, not found
	Size     int64         // found, with another size
	Date     int64         // found, with another date
	Flags    int64         // found, with other flags than were written
	Bodies   int64         // of which all bytes were compared
	Bytes    int64         // of these, different
	Outcomes int64         // at the source now, with another outcome
	Pending  int64         // at the source now, without an outcome
	Extra    int64         // at the target, of nothing that is at the source now
}

// Same reports whether everything that was moved is there, byte for byte as far as
// that was compared, and nothing waits. Flags and extra items are no fault: people may
// work at the target already.
func (c Compared) Same() bool {
	return c.Missing == 0 && c.Size == 0 && c.Bytes == 0 && c.Pending == 0
}

// Same reports whether all jobs were compared and are the same at both ends.
func (v Verified) Same() bool {
	return !v.Interrupted && !slices.ContainsFunc(v.Jobs, func(j VerifiedJob) bool { return j.Err != nil || !j.Compared.Same() })
}

// Add adds the counts of o.
func (c *Compared) Add(o Compared) {
	c.Source.Items += o.Source.Items
	c.Source.Bytes += o.Source.Bytes
	c.Arrived.Items += o.Arrived.Items
	c.Arrived.Bytes += o.Arrived.Bytes
	for _, p := range [...]struct {
		to   *int64
		from int64
	}{{&c.Missing, o.Missing}, {&c.Size, o.Size}, {&c.Date, o.Date}, {&c.Flags, o.Flags}, {&c.Bodies, o.Bodies},
		{&c.Bytes, o.Bytes}, {&c.Outcomes, o.Outcomes}, {&c.Pending, o.Pending}, {&c.Extra, o.Extra}} {
		*p.to += p.from
	}
}

// Sizes of what a comparison holds.
const (
	verifyWindow  = 32768 // items of a target
	verifyBodies  = 100   // items whose bytes are compared next
	verifyFolders = 100   // folders in the report of a job
)

// Verify compares sources with targets, without changing either.
func Verify(ctx context.Context, o Options, how Verification) (Verified, error) {
	o = o.withDefaults()
	out := Verified{Start: o.Now(), End: o.Now()}
	tasks, err := o.tasks(ctx, true, func(t *turn, ctx context.Context) error {
		if t.task.verified == nil {
			t.task.verified = &VerifiedJob{}
		}
		return (&comparison{turn: t, how: how, job: t.task.verified}).all(ctx)
	})
	for _, t := range tasks {
		j := VerifiedJob{}
		if t.verified != nil {
			j = *t.verified
		}
		j.Name, j.Title, j.Wave, j.Sums, j.Err = t.job.Name, t.job.Title, t.job.Wave, t.report.Sums, t.report.Err
		if !t.ended && j.Err == nil {
			j.Err = &diag.Failure{Class: diag.Cancelled, Op: "verify", Detail: "not compared to the end"}
		}
		out.Jobs = append(out.Jobs, j)
	}
	out.Interrupted = ctx.Err() != nil || o.Abort.Err() != nil
	out.End = o.Now()
	return out, err
}

// comparison is a turn of a Verify.
type comparison struct {
	*turn
	how Verification
	job *VerifiedJob
	src *link[providers.Reader]
	dst *link[adder]
}

func (c *comparison) all(ctx context.Context) error {
	if err := c.begin(ctx); err != nil {
		return err
	}
	c.src, c.dst = c.source(), c.target()
	defer c.src.drop()
	defer c.dst.drop()
	p, err := c.survey(ctx, c.src)
	if err != nil {
		return err
	}
	c.shelf = &targets{turn: c.turn}
	if err := c.shelf.list(ctx, c.dst, true); err != nil {
		return err
	}
	for _, group := range together(p.folders) {
		if c.task.passed(group[0].ID) {
			continue
		}
		if err := c.over(); err != nil {
			return err
		}
		if err := c.group(ctx, group); err != nil {
			return err
		}
		for _, f := range group {
			c.task.pass(f.ID)
		}
		c.items.Add(1)
	}
	return c.sums(ctx)
}

func (c *comparison) begin(ctx context.Context) (err error) {
	j := &c.task.job
	c.stream, err = c.run.Ledger.Stream(ctx, providers.StreamInfo{Name: j.Name, Origin: j.Origin.Name(), Target: j.Target.Name(), Wave: j.Wave})
	if diag.ClassOf(err) == diag.Conflict {
		return err
	}
	return book(err)
}

// together groups folders by where their items went.
func together(folders []*folder) [][]*folder {
	var groups [][]*folder
	at := map[string]int{}
	for _, f := range folders {
		id := f.known.Target.ID
		if i, ok := at[id]; ok && id != "" {
			groups[i] = append(groups[i], f)
			continue
		}
		at[id] = len(groups)
		groups = append(groups, []*folder{f})
	}
	return groups
}

// there is an item found at a target.
type there struct {
	key   string
	size  int64
	date  int64
	flags uint64
	seen  bool
}

// group compares the folders of the source whose items went to one folder, a window
// of that folder after another.
func (c *comparison) group(ctx context.Context, group []*folder) error {
	target, ok := c.shelf.byID(group[0].known.Target.ID)
	if ok && target.Epoch != group[0].known.Target.Epoch {
		return &diag.Failure{Class: diag.Conflict, Op: c.task.job.Target.Name(), Detail: "the target numbered its items anew since they were put there",
			Fix: "make a pass, which finds them again, and verify then"}
	}
	counts := make([]Compared, len(group))
	w := &windows{comparison: c, target: target, exists: ok}
	for more := true; more; {
		var err error
		if more, err = w.next(ctx); err != nil {
			return err
		}
		for i, f := range group {
			if err := w.folder(ctx, f, &counts[i]); err != nil {
				return err
			}
		}
		for i := range w.items {
			if !w.items[i].seen {
				counts[0].Extra++
			}
		}
		w.first = w.last
		w.later = true
	}
	for i, f := range group {
		if w.blind[f.ID] > 0 {
			if err := c.unkeyed(ctx, f, target, &counts[i], &counts[0]); err != nil {
				return err
			}
		}
		c.told(f, target, counts[i])
	}
	return nil
}

func (c *comparison) told(f *folder, target providers.Folder, n Compared) {
	c.job.Compared.Add(n)
	c.run.tell(c.task, Event{Kind: Progress, Folder: f.Path})
	switch {
	case n.Same() && n.Date == 0 && n.Flags == 0 && n.Extra == 0:
	case len(c.job.Folders) >= verifyFolders:
		c.job.Omitted++
	default:
		c.job.Folders = append(c.job.Folders, VerifiedFolder{Path: f.Path, Target: target.Path, Compared: n})
	}
}

// windows goes over a folder of the target in pieces that fit into memory.
type windows struct {
	*comparison
	target      providers.Folder
	exists      bool
	items       []there
	first, last string // keys: first < window <= last; last "" is the end
	later       bool   // not the first window
	blind       map[string]int64
	pairs       []pair
}

// pair is an item whose bytes are to be compared.
type pair struct {
	source providers.Item
	target providers.Item
	record providers.Print
}

// next reads the next window, and reports whether there are more.
func (w *windows) next(ctx context.Context) (more bool, err error) {
	w.items, w.last = w.items[:0], ""
	if !w.exists {
		return false, nil
	}
	last := w.first
	err = w.dst.do(ctx, func(r adder) error {
		_, err := r.Scan(ctx, w.target, providers.Scan{From: last}, func(it providers.Item) error {
			if it.Key <= last {
				return nil
			}
			if len(w.items) == verifyWindow {
				return errWindow
			}
			if w.run.stop.Err() != nil {
				return errStopped
			}
			last = it.Key
			w.items = append(w.items, there{key: it.Key, size: it.Size, date: it.Date.Unix(), flags: flagsHash(it.Flags)})
			return nil
		})
		return err
	})
	if err == errWindow { //nolint:errorlint // Scan returns what yield did
		w.last = last
		return true, nil
	}
	return false, err
}

func flagsHash(flags []string) uint64 {
	h := fnv.New64a()
	for _, f := range flags {
		h.Write([]byte(f)) //nolint:errcheck // never fails
		h.Write([]byte{0}) //nolint:errcheck // never fails
	}
	return h.Sum64()
}

// folder compares what is at the source now with the window.
func (w *windows) folder(ctx context.Context, f *folder, n *Compared) error {
	led, err := w.stream.Folder(ctx, f.Folder)
	if err != nil {
		return book(err)
	}
	last := ""
	var page []providers.Item
	flush := func() error {
		err := w.page(ctx, led, f, page, n)
		page = page[:0]
		return err
	}
	err = w.src.do(ctx, func(r providers.Reader) error {
		_, err := r.Scan(ctx, f.Folder, providers.Scan{From: last}, func(it providers.Item) error {
			if it.Key <= last {
				return nil
			}
			if w.run.stop.Err() != nil {
				return errStopped
			}
			last = it.Key
			if page = append(page, it); len(page) == lookup {
				return flush()
			}
			return nil
		})
		return err
	})
	if err != nil {
		return err
	}
	if err := flush(); err != nil {
		return err
	}
	return w.bodies(ctx, f, n)
}

// page compares some items. Bytes are compared later: the connections are in use.
func (w *windows) page(ctx context.Context, led providers.FolderLedger, f *folder, items []providers.Item, n *Compared) error {
	if len(items) == 0 {
		return nil
	}
	keys := make([]string, len(items))
	for i, it := range items {
		keys[i] = it.Key
	}
	known, err := led.Known(ctx, keys)
	if err != nil {
		return book(err)
	}
	for _, it := range items {
		r, ok := known[it.Key]
		moved := ok && (r.Outcome == providers.Copied || r.Outcome == providers.Adopted)
		if !w.later {
			switch {
			case moved:
				n.Source.Items++
				n.Source.Bytes += r.Size
			case ok:
				n.Outcomes++
			default:
				n.Pending++
			}
		}
		if !moved || r.Target != "" && r.Target != unkeyed && (r.Target <= w.first || w.last != "" && r.Target > w.last) {
			continue
		}
		if r.Target == "" || r.Target == unkeyed {
			if !w.later {
				if w.blind == nil {
					w.blind = map[string]int64{}
				}
				w.blind[f.ID]++
			}
			continue
		}
		w.compare(it, r, n)
	}
	return nil
}

func (w *windows) compare(it providers.Item, r providers.Record, n *Compared) {
	i, found := slices.BinarySearchFunc(w.items, r.Target, func(t there, key string) int { return cmp.Compare(t.key, key) })
	if !found {
		n.Missing++
		return
	}
	t := &w.items[i]
	t.seen = true
	n.Arrived.Items++
	n.Arrived.Bytes += max(t.size, 0)
	if t.size >= 0 && t.size != r.Size {
		n.Size++
	}
	if t.date != r.Date.Unix() {
		n.Date++
	}
	if t.flags != flagsHash(r.Flags) {
		n.Flags++
	}
	if w.how.sampled(it.Key) && len(w.pairs) < verifyWindow {
		w.pairs = append(w.pairs, pair{source: it, target: providers.Item{Key: r.Target, Size: t.size, Date: r.Date}, record: r.Print})
	}
}

// sampled tells whether the bytes of an item are compared.
func (h Verification) sampled(key string) bool {
	if h.Percent >= 100 || h.Percent <= 0 {
		return h.Percent > 0
	}
	f := fnv.New64a()
	f.Write([]byte(key)) //nolint:errcheck // never fails
	x := (f.Sum64() ^ h.Seed) * 0x9e3779b97f4a7c15
	return int((x>>32)%100) < h.Percent
}

// bodies compares the bytes of the items that were chosen.
func (w *windows) bodies(ctx context.Context, f *folder, n *Compared) error {
	defer func() { w.pairs = w.pairs[:0] }()
	for chunk := range slices.Chunk(w.pairs, verifyBodies) {
		if w.run.stop.Err() != nil {
			return errStopped
		}
		var from, to []providers.Item
		for _, p := range chunk {
			from, to = append(from, p.source), append(to, p.target)
		}
		here, err := bodies(ctx, w.src, f.Folder, from)
		if err != nil {
			return err
		}
		there, err := bodies(ctx, w.dst, w.target, to)
		if err != nil {
			return err
		}
		for _, p := range chunk {
			a, ok := here[p.source.Key]
			if !ok {
				a = p.record.Body // it vanished since; the ledger knows what it was
			}
			b, arrived := there[p.target.Key]
			n.Bodies++
			if !arrived || a != b {
				n.Bytes++
			}
		}
	}
	return nil
}

// unkeyed looks for items whose key at the target is not known by their prints.
func (c *comparison) unkeyed(ctx context.Context, f *folder, target providers.Folder, n, group *Compared) error {
	led, err := c.stream.Folder(ctx, f.Folder)
	if err != nil {
		return book(err)
	}
	v := &visit{worker: &worker{turn: c.turn, src: c.src, dst: c.dst}, f: f, led: led, target: target, found: true}
	if err := led.Clear(ctx); err != nil {
		return book(err)
	}
	if _, err := v.lay(ctx, ""); err != nil {
		return err
	}
	if err := v.review(ctx, func(r providers.Record) bool { return r.Target == "" || r.Target == unkeyed }, func(records []providers.Record) error {
		items := make([]providers.Item, len(records))
		for i, r := range records {
			items[i] = providers.Item{Key: r.Key, Size: r.Size, Date: r.Date, Print: r.Print}
		}
		taken, err := led.Take(ctx, printed(items))
		if err != nil {
			return book(err)
		}
		for _, r := range records {
			t, ok := taken[r.Key]
			if !ok {
				n.Missing++
				continue
			}
			group.Extra--
			n.Arrived.Items++
			n.Arrived.Bytes += max(t.Size, 0)
		}
		return nil
	}); err != nil {
		return err
	}
	return book(led.Clear(ctx))
}
