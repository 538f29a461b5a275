package content

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/isaworks/isa/providers"
)

// renumber gives the records of folders that have a new epoch their items again, by
// print, before anything is put anywhere: what is left over may have been filed
// elsewhere.
func (t *turn) renumber(ctx context.Context, src *link[providers.Reader], p *plan) error {
	for _, f := range p.folders {
		if t.task.passed(f.ID) || f.known.ID == "" {
			continue
		}
		k := f.known
		anew := k.Epoch != f.Epoch && (total(k.Sums).Items > 0 || k.Begun || k.Done)
		if !anew && !k.Shelved {
			continue
		}
		if err := t.over(); err != nil {
			return err
		}
		if err := t.reclaim(ctx, src, f, anew); err != nil {
			if err := t.givenUp(ctx, src, f, err); err != nil {
				return err
			}
		}
	}
	return nil
}

// givenUp notes trouble with one folder of the source, which this pass leaves alone
// then. It returns what concerns more than the folder.
func (t *turn) givenUp(ctx context.Context, src *link[providers.Reader], f *folder, err error) error {
	if ours(err) || fatal(err) && !again(ctx, err, src) || t.task.sickening(err, t.run.Patience.Reconnects) {
		return err
	}
	src.drop()
	t.task.report.trouble(f.Folder, err)
	t.run.tell(t.task, Event{Kind: FolderErr, Folder: f.Path, Err: err})
	t.task.pass(f.ID)
	t.task.giveUp(f)
	return nil
}

// giveUp notes that nothing tells which items of a folder are not there any more.
func (k *task) giveUp(f *folder) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.unlisted == nil {
		k.unlisted = map[string]bool{}
	}
	k.unlisted[f.ID] = f.to.Excluded == "" // who leaves a folder out waits for it no longer
}

func (k *task) gaveUp(id string) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	_, ok := k.unlisted[id]
	return ok
}

// hold leaves folders in which something is new to the next pass, where one could not be
// listed that something may have been filed from: what is new may be that, and would be
// at the target twice for good.
func (t *turn) hold(ctx context.Context, p *plan) error {
	t.task.mu.Lock()
	held := slices.Contains(slices.Collect(maps.Values(t.task.unlisted)), true)
	t.task.mu.Unlock()
	if !held {
		return nil
	}
	n := 0
	for _, f := range p.folders {
		if !t.news(f) {
			continue
		}
		if err := t.remember(ctx, f.Folder); err != nil {
			return err
		}
		t.task.pass(f.ID)
		n++
	}
	if n > 0 {
		report := &t.task.report
		report.remark(&report.Notes, providers.Folder{}, fmt.Sprintf("%d folders wait for the next pass: what is new in them may have been filed from one that could not be listed; leave that one out if it never can be", n))
	}
	return nil
}

// reclaim does it for one folder.
func (t *turn) reclaim(ctx context.Context, src *link[providers.Reader], f *folder, anew bool) error {
	led, err := t.stream.Folder(ctx, f.Folder)
	if err != nil {
		return book(err)
	}
	if anew {
		if err := led.Shelve(ctx, f.Epoch); err != nil {
			return book(err)
		}
		c := t.task.cursor(f.ID)
		t.task.keep(f.ID, cursor{breaks: c.breaks, lied: c.lied, stale: c.stale})
	}
	if t.someThere(led.Record().Sums) {
		n := int64(0)
		err := t.pages(ctx, src, f, providers.Scan{Prints: true}, func(items []providers.Item, _, _ string) error {
			again, err := led.Reclaim(ctx, items)
			n += int64(len(again))
			return book(err)
		})
		if err != nil {
			return err
		}
		t.task.report.Reclaimed += n
	}
	if err := led.Unshelve(ctx); err != nil {
		return book(err)
	}
	f.known = led.Record()
	return nil
}

// someThere reports whether some items are at the target, or are taken for it: what a
// service was to fetch may be there, and is not offered again as new.
func (t *turn) someThere(s providers.Sums) bool {
	n := s[providers.Copied].Items + s[providers.Adopted].Items
	if t.task.job.Pull != nil {
		n += s[providers.Unproven].Items + s[providers.Quarantined].Items
	}
	return n > 0
}

// pages scans a folder of the source a page at a time: the items whose keys are beyond
// after, up to upTo. The last page has upTo "".
func (t *turn) pages(ctx context.Context, src *link[providers.Reader], f *folder, what providers.Scan, page func(items []providers.Item, after, upTo string) error) error {
	what.Without = f.without
	items := make([]providers.Item, 0, lookup)
	after := ""
	for more := true; more; {
		last := after
		err := src.do(ctx, func(r providers.Reader) error {
			items, last = items[:0], after
			what.From = after
			_, err := r.Scan(ctx, f.Folder, what, func(it providers.Item) error {
				switch {
				case it.Key <= last:
					return nil
				case t.run.stop.Err() != nil:
					return errStopped
				case len(items) == lookup:
					return errWindow
				}
				last = it.Key
				items = append(items, it)
				return nil
			})
			return err
		})
		more = errors.Is(err, errWindow)
		if err != nil && !more {
			return err
		}
		upTo := last
		if !more {
			upTo = ""
		}
		if err := page(items, after, upTo); err != nil {
			return err
		}
		after = last
	}
	return nil
}
