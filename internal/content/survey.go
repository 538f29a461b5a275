package content

import (
	"context"
	"time"

	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/providers"
)

// Large is an item that is too large to be moved.
type Large struct {
	Folder []string
	Size   int64
	Date   time.Time
}

// Survey logs in to the sources only and records what they hold. JobReport.Found
// tells what the rules make of it. An empty or unreachable source is an error of its
// job, never "nothing to do".
func Survey(ctx context.Context, o Options) (Report, error) {
	return o.over(ctx, false, (*turn).count)
}

// count is a turn of a survey.
func (t *turn) count(ctx context.Context) error {
	j, report := &t.task.job, &t.task.report
	var err error
	t.stream, err = t.run.Ledger.Stream(ctx, providers.StreamInfo{Name: j.Name, Origin: j.Origin.Name(), Target: j.Target.Name(), Wave: j.Wave})
	if diag.ClassOf(err) == diag.Conflict {
		return err
	}
	if err != nil {
		return book(err)
	}
	src := t.source()
	defer src.drop()
	p, err := t.survey(ctx, src)
	if err != nil {
		return err
	}
	if report.Found == nil {
		report.Found = providers.Sums{}
	}
	for _, f := range p.folders {
		if t.task.passed(f.ID) {
			continue
		}
		if err := t.over(); err != nil {
			return err
		}
		if err := t.countFolder(ctx, src, f); err != nil {
			return err
		}
		t.task.pass(f.ID)
	}
	for _, f := range p.all {
		if f.Unserved == "" {
			continue
		}
		if err := t.remember(ctx, f); err != nil {
			return err
		}
	}
	if err := t.unlisted(ctx, p); err != nil {
		return err
	}
	report.Complete, report.Balanced = len(report.Failures) == 0, len(report.Failures) == 0
	info := t.stream.Info()
	info.Surveyed = t.run.Now()
	if !info.Moved { // else it stays in its wave until a pass is made with another one
		info.Wave = j.Wave
	}
	if err := t.stream.Note(ctx, info); err != nil {
		return book(err)
	}
	return t.sums(ctx)
}

// unlisted notes folders that an earlier survey has seen, that nothing was ever recorded
// of, and that are gone. What a pass knows of others is the next pass's business.
func (t *turn) unlisted(ctx context.Context, p *plan) error {
	for _, r := range p.gone {
		if r.Gone || total(r.Sums).Items > 0 {
			continue
		}
		led, err := t.stream.Folder(ctx, r.Folder)
		if err != nil {
			return book(err)
		}
		if err := led.Survey(ctx, providers.Folder{}); err != nil {
			return book(err)
		}
	}
	return nil
}

// countFolder counts a folder. Where the listing tells all that is asked, nothing is
// scanned.
func (t *turn) countFolder(ctx context.Context, src *link[providers.Reader], f *folder) error {
	found := providers.Sums{}
	r := t.task.job.Rules
	plain := r.Since.IsZero() && r.Before.IsZero() && r.DualSince.IsZero() && r.MaxSize == 0
	if f.Items >= 0 && f.Bytes >= 0 && (plain || f.to.Excluded != "") && !f.labelled {
		outcome := providers.OnTheWay
		if f.to.Excluded != "" {
			outcome = providers.Excluded
		}
		if f.Items > 0 {
			add(found, outcome, f.Items, f.Bytes)
		}
	} else if err := t.weigh(ctx, src, f, found); err != nil {
		if ours(err) || fatal(err) && !again(ctx, err, src) || t.task.sickening(err, t.run.Patience.Reconnects) {
			return err
		}
		src.drop()
		t.task.report.trouble(f.Folder, err)
		t.run.tell(t.task, Event{Kind: FolderErr, Folder: f.Path, Err: err})
		t.task.trouble.leave(src.place)
		return nil
	}
	t.task.well()
	t.task.trouble.none()
	addSums(t.task.report.Found, found)
	t.run.count(t.task, func(c *Counts) {
		c.Expect.Items += found[providers.OnTheWay].Items
		c.Expect.Bytes += found[providers.OnTheWay].Bytes
	})
	t.run.tell(t.task, Event{Kind: Progress, Folder: f.Path})
	return t.remember(ctx, f.Folder)
}

// weigh scans a folder for how many items there are and how large they are.
func (t *turn) weigh(ctx context.Context, src *link[providers.Reader], f *folder, found providers.Sums) error {
	var sum providers.Sum
	err := t.pages(ctx, src, f, providers.Scan{}, func(items []providers.Item, _, _ string) error {
		for _, it := range items {
			outcome, _ := t.task.job.Rules.apply(f.to, it)
			if outcome == "" {
				outcome = providers.OnTheWay
			}
			if outcome == providers.TooLarge {
				t.task.report.large(f.Folder, it)
			}
			add(found, outcome, 1, it.Size)
			sum.Items++
			sum.Bytes += max(it.Size, 0)
		}
		return nil
	})
	f.Items, f.Bytes = sum.Items, sum.Bytes
	return err
}

func (j *JobReport) large(f providers.Folder, it providers.Item) {
	if len(j.Large) >= noted {
		j.Omitted++
		return
	}
	j.Large = append(j.Large, Large{Folder: f.Path, Size: it.Size, Date: it.Date})
}

// remember records a folder as it is.
func (t *turn) remember(ctx context.Context, f providers.Folder) error {
	led, err := t.stream.Folder(ctx, f)
	if err != nil {
		return book(err)
	}
	return book(led.Survey(ctx, f))
}
