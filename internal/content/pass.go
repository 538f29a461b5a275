package content

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"slices"
	"strings"

	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/providers"
)

// folder is a folder of the source with where it goes and what is remembered of it.
type folder struct {
	providers.Folder
	to       Mapping
	labelled bool                   // the store shows one item in several folders (Gmail)
	without  []string               // then: folders that a rule leaves out, by ID
	known    providers.FolderRecord // its Folder.ID is "" for one that is new
}

// plan is what a turn finds out from one listing.
type plan struct {
	all     []providers.Folder
	folders []*folder // those that can be read, in the order of the listing
	gone    []providers.FolderRecord
	barred  []providers.Folder       // nothing in them can be moved, and that is not recorded yet
	former  []providers.FolderRecord // gone, or replaced by others of the same name
}

// pass is a turn of a pass over a job.
func (t *turn) pass(ctx context.Context) error {
	closed, err := t.open(ctx)
	if err != nil || closed {
		return err
	}
	pull, done, err := t.fetched(ctx)
	if err != nil || done {
		return err
	}
	t.shelf = &targets{turn: t}
	src, dst := t.source(), t.target()
	defer src.drop()
	defer dst.drop()
	p, err := t.survey(ctx, src)
	if err != nil {
		return err
	}
	for _, f := range p.barred {
		if err := t.remember(ctx, f); err != nil {
			return err
		}
	}
	if err := t.moves(ctx, src, dst, p); err != nil {
		return err
	}
	if err := t.renumber(ctx, src, p); err != nil {
		return err
	}
	if err := t.vanished(ctx, p); err != nil {
		return err
	}
	if err := t.departed(ctx, src, p); err != nil {
		return err
	}
	if err := t.hold(ctx, p); err != nil {
		return err
	}
	units := t.units(p)
	err = t.work(ctx, src, dst, units)
	if pull != nil {
		err = pull.after(ctx, err)
	}
	if err != nil {
		return errors.Join(err, t.leave(ctx, err, p), t.sums(ctx))
	}
	return t.close(ctx, p)
}

// leave records the folders that a pass did not come to, so that what they hold is
// pending, when there is no other turn that would come to them.
func (t *turn) leave(ctx context.Context, why error, p *plan) error {
	var later *pause
	var fault *ledgerFault
	if errors.As(why, &later) || errors.As(why, &fault) || ctx.Err() != nil {
		return nil
	}
	for _, f := range p.folders {
		if f.known.ID != "" || t.task.passed(f.ID) {
			continue
		}
		if err := t.remember(ctx, f.Folder); err != nil {
			return err
		}
	}
	return nil
}

// open opens the stream, and reports whether there is nothing to do any more.
func (t *turn) open(ctx context.Context) (closed bool, err error) {
	j, report := &t.task.job, &t.task.report
	t.stream, err = t.run.Ledger.Stream(ctx, providers.StreamInfo{Name: j.Name, Origin: j.Origin.Name(), Target: j.Target.Name(), Wave: j.Wave})
	if diag.ClassOf(err) == diag.Conflict {
		return false, err // another source or target: a matter of this job alone
	}
	if err != nil {
		return false, book(err)
	}
	switch info := t.stream.Info(); {
	case j.Phase == Cutover && !info.Closed.IsZero():
		report.Complete, report.Closed, report.Balanced = true, true, true
		return true, t.sums(ctx)
	case j.Phase == Live && info.Passed.IsZero() && !j.Pull.passed():
		return false, &diag.Failure{Class: diag.Conflict, Op: j.Name, Detail: "the mailbox is live, but no pass was ever completed, so nothing tells what is new",
			Fix: `run a pass with phase = "presync" or "cutover" first`}
	}
	return false, nil
}

// survey lists the source and compares it with what is remembered.
func (t *turn) survey(ctx context.Context, src *link[providers.Reader]) (*plan, error) {
	p := &plan{}
	if err := src.do(ctx, func(r providers.Reader) (err error) {
		p.all, err = r.Folders(ctx)
		return err
	}); err != nil {
		return nil, err
	}
	t.task.report.Begun = true
	records, err := t.stream.Folders(ctx)
	if err != nil {
		return nil, book(err)
	}
	return p, t.arrange(p, records)
}

// arrange fills the plan from the listing and the records.
func (t *turn) arrange(p *plan, records []providers.FolderRecord) error {
	mapped := make(map[string]Mapping, len(p.all))
	for _, m := range t.task.job.Map(p.all) {
		mapped[m.Folder.ID] = m
	}
	known := make(map[string]providers.FolderRecord, len(records))
	for _, r := range records {
		known[r.ID] = r
	}
	p.folders, p.gone, p.former = p.folders[:0], p.gone[:0], p.former[:0]
	report := &t.task.report
	report.Unserved = nil
	labelled := slices.ContainsFunc(p.all, func(f providers.Folder) bool { return f.Use == providers.UseAll && f.Unserved == "" })
	for _, f := range p.all {
		record := known[f.ID]
		delete(known, f.ID)
		m, ok := mapped[f.ID]
		switch {
		case f.Unserved != "":
			if f.Unserved != providers.FoldersOnly {
				report.remark(&report.Unserved, f, f.Unserved)
			}
			if record.Unserved != f.Unserved {
				p.barred = append(p.barred, f)
			}
		case !ok || m.Excluded == "" && len(m.Path) == 0:
			return &diag.Failure{Class: diag.Internal, Op: t.task.job.Name, Detail: fmt.Sprintf("the folder %q is mapped to nothing", strings.Join(f.Path, "/"))}
		default:
			p.folders = append(p.folders, &folder{Folder: f, to: m, labelled: labelled, known: record})
			if record.ID != "" && record.Epoch != f.Epoch {
				p.former = append(p.former, record)
			}
		}
	}
	for _, r := range records {
		if _, gone := known[r.ID]; gone {
			p.gone, p.former = append(p.gone, r), append(p.former, r)
		}
	}
	if labelled {
		p.leaveOut()
	}
	report.Folders = len(p.folders)
	return t.refuseEmpty(p, records)
}

// leaveOut tells folders that show the same items which of them a rule leaves out.
func (p *plan) leaveOut() {
	var without []string
	for _, f := range p.folders {
		if f.to.Excluded != "" {
			without = append(without, f.ID)
		}
	}
	for _, f := range p.folders {
		f.without = without
	}
}

// refuseEmpty takes an empty source for what it mostly is: the wrong account, or a
// server in trouble.
func (t *turn) refuseEmpty(p *plan, records []providers.FolderRecord) error {
	for _, f := range p.folders {
		if f.Items != 0 {
			return nil
		}
	}
	var before int64
	for _, r := range records {
		before += total(r.Sums).Items
	}
	detail := "the source is empty"
	if before > 0 {
		detail += fmt.Sprintf(", but %d items were there before", before)
	}
	return &diag.Failure{Class: diag.Conflict, Op: t.task.job.Origin.Name(), Detail: detail,
		Fix: "check that this is the right account; leave it out if it is really empty"}
}

// vanished accounts for what was never moved of folders that are gone.
func (t *turn) vanished(ctx context.Context, p *plan) error {
	for _, r := range p.gone {
		if r.Gone {
			continue
		}
		led, err := t.stream.Folder(ctx, r.Folder)
		if err != nil {
			return book(err)
		}
		var lost []providers.Record
		if err := led.Retry(ctx, func(r providers.Record) error {
			r.Outcome, r.Note = providers.Gone, "its folder vanished"
			if lost = append(lost, r); len(lost) < lookup {
				return nil
			}
			err := led.Settle(ctx, lost)
			lost = lost[:0]
			return err
		}); err != nil {
			return book(err)
		}
		if len(lost) > 0 {
			if err := led.Settle(ctx, lost); err != nil {
				return book(err)
			}
		}
		if err := led.Miss(ctx, "", "", nil); err != nil {
			return book(err)
		}
		if err := led.Survey(ctx, providers.Folder{}); err != nil {
			return book(err)
		}
	}
	return nil
}

// units are the folders to look into, those that go to one folder of the target
// together: they are worked on one after the other.
func (t *turn) units(p *plan) [][]*folder {
	var units [][]*folder
	at := map[string]int{}
	unchanged := 0
	for _, f := range p.folders {
		if t.task.passed(f.ID) {
			continue
		}
		if t.unchanged(f) {
			unchanged++
			t.task.pass(f.ID)
			continue
		}
		where := f.to.key()
		i, ok := at[where]
		if !ok || f.to.Excluded != "" {
			i = len(units)
			at[where] = i
			units = append(units, nil)
		}
		units[i] = append(units[i], f)
	}
	t.task.report.Unchanged += unchanged
	t.run.count(t.task, func(c *Counts) {
		for _, u := range units {
			for _, f := range u {
				t.task.mu.Lock()
				if _, again := t.task.cursors[f.ID]; !again {
					n := max(0, f.Items-total(f.known.Sums).Items)
					if t.task.expected == nil {
						t.task.expected = map[string]int64{}
					}
					t.task.expected[f.ID] = n
					c.Expect.Items += n
				}
				t.task.mu.Unlock()
			}
		}
	})
	return units
}

// key tells mappings to one folder of the target.
func (m Mapping) key() string {
	if m.Use != "" {
		return "\x00" + string(m.Use)
	}
	return strings.Join(m.Path, "\x00")
}

// unchanged reports whether there is nothing to do in a folder.
func (t *turn) unchanged(f *folder) bool {
	k := f.known
	return k.ID != "" && k.Done && !k.Gone && !k.Shelved && !k.Begun && f.Mark != "" && k.Epoch == f.Epoch &&
		k.Mark == t.mark(f, f.Folder) && !t.failedSome(k.Sums)
}

// mark is what a folder's mark is recorded as: with a trace of the rules, so that a
// folder is gone over again when they change.
func (t *turn) mark(f *folder, now providers.Folder) string {
	if now.Mark == "" {
		return ""
	}
	r := t.task.job.Rules
	h := fnv.New32a()
	fmt.Fprint(h, r.Since.Unix(), r.Before.Unix(), r.MaxSize, r.DualSince.Unix(), f.to.Excluded, t.live())
	if f.to.Sent {
		fmt.Fprint(h, "sent")
	}
	if len(f.without) > 0 {
		fmt.Fprintf(h, "%q", f.without)
	}
	return fmt.Sprintf("%s\x1f%08x", now.Mark, h.Sum32())
}

// since is the mark to scan from, "" when the whole folder has to be gone over.
func (t *turn) since(f *folder) string {
	i := strings.LastIndexByte(f.known.Mark, '\x1f')
	if !f.known.Done || i < 0 {
		return ""
	}
	was := f.Folder
	was.Mark = f.known.Mark[:i]
	if t.mark(f, was) != f.known.Mark {
		return ""
	}
	return was.Mark
}

func (k *task) passed(id string) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.done[id]
}

func (k *task) pass(id string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.done == nil {
		k.done = map[string]bool{}
	}
	k.done[id] = true
	delete(k.cursors, id)
}

// samePath reports whether two paths name one folder.
func samePath(a, b []string) bool {
	return slices.EqualFunc(a, b, strings.EqualFold)
}
