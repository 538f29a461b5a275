package content

import (
	"context"
	"errors"
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
	// Strays are items that are not where they were put, at most 100.
	Strays []Stray
	// Sums is how the items of the stream ended, by the ledger.
	Sums providers.Sums
	// Unread tells that the target cannot be read on the job's route, so that nothing
	// was compared: Source is what was moved by the ledger, and Runs are those of the
	// service, with how many items were offered and how many it counted; at most 100.
	Unread bool
	Runs   []providers.Batch
	Err    error // the comparison is not complete
}

// VerifiedFolder is a folder of the source compared with where its items went. Extra
// is counted with the first of several that went to one folder.
type VerifiedFolder struct {
	Path, Target []string
	Compared
}

// Fate is what became of an item that is not where it was put.
type Fate string

// The fates.
const (
	Elsewhere Fate = "elsewhere" // in another folder of the target
	Removed   Fate = "removed"   // nowhere, and it was there
	Missing   Fate = "missing"   // nowhere, and nothing proves that it was there
)

// Stray is an item that is not where it was put.
type Stray struct {
	Folder    []string // of the source
	Date      time.Time
	Size      int64
	Delivered []string // the folder of the target that it was put into
	Fate      Fate
	Found     []string // the folder of the target where it is now, when it is Elsewhere
}

// Compared counts items.
//
// An item that is Missing is a fault. Where people work at the target (the phase is
// Live, or the cutover is closed) one is missing only when nothing proves that it ever
// arrived: it counts as Elsewhere when it is in another folder now, and as Removed when
// it is in none and the target had told its key. A folder that is there and was numbered
// anew proves nothing of the keys that it gave before.
//
// What people filed elsewhere at the source after it was put, and the ledger knows in
// which folder of the target it stayed, has arrived when it is there.
type Compared struct {
	Source    providers.Sum // at the source now, recorded as copied or adopted
	Arrived   providers.Sum // of these, found where they were put
	Elsewhere int64         // of these, found in another folder
	Removed   int64         // of these, not there any more
	Missing   int64         // of these, not found
	Size      int64         // arrived, with another size
	Date      int64         // arrived, with another date
	Flags     int64         // arrived, with other flags than were written
	Bodies    int64         // of which all bytes were compared
	Bytes     int64         // of these, different
	Outcomes  int64         // at the source now, with another outcome
	Pending   int64         // at the source now, without an outcome
	Extra     int64         // in the folder of the target, of nothing that was put there and is at the source now
}

// Same reports whether everything that was moved arrived, byte for byte as far as that
// was compared, and nothing waits. Flags and extra items are no fault: people may work
// at the target already.
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
	}{{&c.Elsewhere, o.Elsewhere}, {&c.Removed, o.Removed}, {&c.Missing, o.Missing}, {&c.Size, o.Size}, {&c.Date, o.Date}, {&c.Flags, o.Flags}, {&c.Bodies, o.Bodies},
		{&c.Bytes, o.Bytes}, {&c.Outcomes, o.Outcomes}, {&c.Pending, o.Pending}, {&c.Extra, o.Extra}} {
		*p.to += p.from
	}
}

// Sizes of what a comparison holds.
const (
	verifyWindow  = 32768 // items of a target, and items that are looked for elsewhere
	verifyBodies  = 100   // items whose bytes are compared next
	verifyFolders = 100   // folders in the report of a job
	verifyStrays  = 100   // items in the report of a job
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
	// working: people work at the target, so that items may have been moved or removed.
	working bool
	rows    []*row // of this turn
	astray  []stray
	found   map[uint64]struct{} // items of the target that were found by their prints
}

// row is a folder of the source with what was found of it.
type row struct {
	folder *folder
	target providers.Folder // where its items go
	there  bool             // target is there,
	keyed  bool             // and keys of it are still valid
	first  *row             // of those that go to one folder
	stayed map[string]int64 // items that are in other folders of the target, by ID, as the ledger has it
	strays []Stray
	Compared
}

func (c *comparison) all(ctx context.Context) error {
	if err := c.begin(ctx); err != nil {
		return err
	}
	if c.task.job.Pull != nil {
		return c.fetched(ctx)
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
	if err := c.groups(ctx, p); err != nil {
		return err
	}
	return c.sums(ctx)
}

func (c *comparison) begin(ctx context.Context) (err error) {
	j := &c.task.job
	c.stream, err = c.run.Ledger.Stream(ctx, providers.StreamInfo{Name: j.Name, Origin: j.Origin.Name(), Target: j.Target.Name(), Wave: j.Wave})
	if diag.ClassOf(err) == diag.Conflict {
		return err
	}
	if err != nil {
		return book(err)
	}
	c.working = c.live() || !c.stream.Info().Closed.IsZero()
	return nil
}

// groups compares all folders, those together whose items went to one, and reports
// them. When a pause keeps it from finding out what became of the items that are not
// where they were put, the folders of this turn are compared again.
func (c *comparison) groups(ctx context.Context, p *plan) error {
	err := c.each(ctx, p)
	var again *pause
	if err == nil || errors.As(err, &again) {
		if failed := c.settleAnywhere(ctx); errors.As(failed, &again) {
			return failed
		} else if failed != nil {
			err = failed
		}
	}
	c.report()
	return err
}

func (c *comparison) each(ctx context.Context, p *plan) error {
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
		c.task.trouble.none()
		c.items.Add(1)
	}
	return nil
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

// group compares the folders of the source whose items went to one folder, a window
// of that folder after another.
func (c *comparison) group(ctx context.Context, group []*folder) error {
	was := group[0].known.Target
	target, there := c.shelf.byID(was.ID)
	keyed := there && target.Epoch == was.Epoch
	if !there {
		target = was
	}
	rows := make([]*row, len(group))
	for i, f := range group {
		rows[i] = &row{folder: f, target: target, there: there, keyed: keyed}
		rows[i].first = rows[0]
	}
	if err := (&windows{comparison: c, target: target, exists: keyed}).all(ctx, rows); err != nil {
		return err
	}
	if !c.working {
		if err := c.settleHere(ctx, target, there); err != nil {
			return err
		}
	}
	c.rows = append(c.rows, rows...)
	c.run.tell(c.task, Event{Kind: Progress, Folder: group[0].Path})
	return nil
}

// report makes the report of the folders that were compared, in this turn and in those
// before it.
func (c *comparison) report() {
	c.task.rows = append(c.task.rows, c.rows...)
	for _, r := range c.rows {
		c.task.pass(r.folder.ID)
	}
	c.rows = nil
	stayed := map[string]int64{}
	for _, r := range c.task.rows {
		for id, n := range r.stayed {
			stayed[id] += n
		}
	}
	c.job.Compared, c.job.Folders, c.job.Strays, c.job.Omitted = Compared{}, nil, nil, 0
	for _, r := range c.task.rows {
		n := r.Compared
		if r.keyed && r.first == r {
			n.Extra -= stayed[r.target.ID]
		}
		c.job.Compared.Add(n)
		switch {
		case n.Same() && n.Elsewhere+n.Removed+n.Date+n.Flags+n.Extra == 0:
		case len(c.job.Folders) >= verifyFolders:
			c.job.Omitted++
		default:
			c.job.Folders = append(c.job.Folders, VerifiedFolder{Path: r.folder.Path, Target: r.target.Path, Compared: n})
		}
		c.job.Strays = append(c.job.Strays, r.strays[:min(len(r.strays), verifyStrays-len(c.job.Strays))]...)
	}
}
