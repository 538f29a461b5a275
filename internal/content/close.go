package content

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/isaworks/isa/providers"
)

// sums reads how all items of the stream ended.
func (t *turn) sums(ctx context.Context) error {
	s, err := t.stream.Sums(ctx)
	if err == nil && s != nil {
		t.task.report.Sums = s
	}
	return book(err)
}

// close ends the pass over a job: it is complete when every folder was gone over.
func (t *turn) close(ctx context.Context, p *plan) (err error) {
	report := &t.task.report
	if err := t.sums(ctx); err != nil {
		return err
	}
	if n := report.Strayed; n > 0 {
		report.remark(&report.Notes, providers.Folder{}, fmt.Sprintf("%d items were filed elsewhere at the source since; they stay where they were delivered", n))
	}
	report.Complete = len(report.Failures) == 0
	report.Balanced = report.Complete && !t.task.unsound && report.Sums[providers.OnTheWay].Items <= report.Held
	if !report.Complete {
		return nil
	}
	info := t.stream.Info()
	info.Wave, info.Closed = t.task.job.Wave, time.Time{}
	if report.Held == 0 { // what is held is older than this pass, and must not count as moved once the wave is live
		info.Passed = t.task.began
	}
	switch t.task.job.Phase {
	case Live:
		was := t.stream.Info()
		info.Closed = was.Closed
		if report.Late, err = t.failedLate(ctx, p); err != nil {
			return err
		}
		if report.Late > 0 && was.Closed.IsZero() {
			info.Passed = was.Passed // what is newer than that is tried again
		}
	case Cutover:
		left, err := t.left(ctx, p)
		if err != nil {
			return err
		}
		if report.Balanced && !left {
			info.Closed = t.run.Now()
			report.Closed = true
		}
	}
	return book(t.stream.Note(ctx, info))
}

// failedLate counts the items of a live mailbox that came and could not be moved.
func (t *turn) failedLate(ctx context.Context, p *plan) (n int64, err error) {
	for _, f := range p.folders {
		if f.to.Excluded != "" || !t.failedSome(t.task.report.Sums) {
			continue
		}
		led, err := t.stream.Folder(ctx, f.Folder)
		if err != nil {
			return 0, book(err)
		}
		if err := led.Retry(ctx, func(r providers.Record) error {
			if t.late(r) {
				n++
			}
			return nil
		}); err != nil {
			return 0, book(err)
		}
	}
	return n, nil
}

// failedSome reports whether items failed that are tried again, or were left for later.
func (t *turn) failedSome(s providers.Sums) bool {
	if s[providers.OnTheWay].Items > 0 {
		return true
	}
	if t.task.job.Pull != nil {
		return s[providers.Refused].Items+s[providers.Quarantined].Items > 0
	}
	return s[providers.Refused].Items+s[providers.Quarantined].Items+s[providers.Unproven].Items > 0
}

// left reports whether another cutover pass should try items again.
func (t *turn) left(ctx context.Context, p *plan) (bool, error) {
	if !t.failedSome(t.task.report.Sums) {
		return false, nil
	}
	found := errors.New("found")
	for _, f := range p.folders {
		led, err := t.stream.Folder(ctx, f.Folder)
		if err != nil {
			return false, book(err)
		}
		err = led.Retry(ctx, func(r providers.Record) error {
			if r.Tries < t.run.Patience.Tries && !t.tried(f.ID, r) {
				return found
			}
			return nil
		})
		if errors.Is(err, found) {
			return true, nil
		}
		if err != nil {
			return false, book(err)
		}
	}
	return false, nil
}
