package content

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/providers"
)

// serve is a turn of a job whose source the service fetches for itself: all items are
// written down as one batch, and the service is asked, once. Later passes with another
// route take them for delivered.
func (p *pulling) serve(ctx context.Context) error {
	if done, err := p.served(ctx); err != nil || done {
		return err
	}
	if err := p.alone(ctx); err != nil {
		return err
	}
	src := p.t.source()
	defer src.drop()
	plan, err := p.t.survey(ctx, src)
	if err != nil {
		return err
	}
	b := providers.Batch{ID: p.name(), Route: "server", Made: p.t.run.Now()}
	if err := p.batches.Make(ctx, b); err != nil {
		return book(err)
	}
	p.count(func(j *JobReport) { j.Batches++ })
	w := writing{pulling: p, id: b.ID}
	for _, f := range plan.folders {
		if err := w.folder(ctx, src, f); err != nil {
			return err
		}
	}
	if err := p.batches.Freeze(ctx, b.ID); err != nil {
		return book(err)
	}
	b.Items, p.written = w.items, b.ID
	src.drop() // some servers serve one session of an account at a time (POP3)
	return p.start(ctx, b)
}

// served reports whether it was done before, and refuses what would double mail.
func (p *pulling) served(ctx context.Context) (bool, error) {
	list, err := p.batches.List(ctx)
	if err != nil {
		return false, book(err)
	}
	asked := false
	for _, b := range list {
		asked = asked || b.Route == "server"
		if b.Route == "server" && !b.Started.IsZero() {
			p.count(func(j *JobReport) { j.Served = b.Started })
			p.remark("the service fetched the source at " + b.Started.UTC().Format(time.RFC3339) + ", and does so once; what came later is moved by another route")
			p.t.task.report.Complete, p.forget = true, true
			if err := p.end(ctx, p.t.sums(ctx)); err != nil {
				return true, err
			}
			p.t.task.report.Balanced = !p.t.task.unsound && p.t.task.report.Sums[providers.OnTheWay].Items == 0
			return true, p.passed(ctx)
		}
	}
	refuse := func(detail string) (bool, error) {
		return false, &diag.Failure{Class: diag.Conflict, Op: p.t.task.job.Name, Detail: detail + ": the service would store all of it a second time",
			Fix: `take route = "gateway" or "append", which move what is new`}
	}
	switch {
	case !p.Server.Served.IsZero() && !asked: // else the ledger knows more: it was rolled back
		return refuse("the state remembers that the service fetched this source at " + p.Server.Served.UTC().Format(time.RFC3339))
	case p.t.stream.Info().Moved:
		return refuse("mail of this source was moved already")
	}
	return false, nil
}

// passed records that the pass is over.
func (p *pulling) passed(ctx context.Context) error {
	info := p.t.stream.Info()
	info.Wave, info.Passed = p.t.task.job.Wave, p.t.task.began
	return book(p.t.stream.Note(ctx, info))
}

// writing writes items down that the service is to fetch.
type writing struct {
	*pulling
	id    string
	items int64
	only  bool // what is not recorded yet
	quiet bool // it is counted by somebody else
}

// more writes down, in the batch of a run that is done, what came to the source since it
// was written down: the service may have found it. Repeating it adds nothing.
func (p *pulling) more(ctx context.Context, s *sight) error {
	src := p.t.source()
	defer src.drop()
	plan, err := p.t.survey(ctx, src)
	if err != nil {
		return err
	}
	w := writing{pulling: p, id: s.ID, items: s.Items, only: true, quiet: s.Made.Before(p.t.run.began)}
	for _, f := range plan.folders {
		if f.known.ID != "" && f.known.Epoch != f.Epoch {
			continue // nobody can tell what is new in it
		}
		if err := w.folder(ctx, src, f); err != nil {
			return err
		}
	}
	s.Items = w.items
	return nil
}

// folder writes a folder down. Where the connection breaks it goes on from there.
func (w *writing) folder(ctx context.Context, src *link[providers.Reader], f *folder) error {
	led, err := w.t.stream.Folder(ctx, f.Folder)
	if err != nil {
		return book(err)
	}
	var page []providers.Item
	last, state := "", f.Folder
	put := func() error {
		err := w.page(ctx, led, page)
		page = page[:0]
		return err
	}
	err = src.do(ctx, func(r providers.Reader) (err error) {
		state, err = r.Scan(ctx, f.Folder, providers.Scan{From: last, Prints: true, Without: f.without}, func(it providers.Item) error {
			if w.t.run.stop.Err() != nil {
				return errStopped
			}
			// What comes from now on is for another route.
			if it.Key <= last || f.Next > 0 && it.Key >= keyOf(f.Next) {
				return nil
			}
			last = it.Key
			if page = append(page, it); len(page) == lookup {
				return put()
			}
			return nil
		})
		return err
	})
	if err != nil {
		return err
	}
	if err := put(); err != nil {
		return err
	}
	state.Mark = "" // another route goes over all of it
	return book(led.Survey(ctx, state))
}

// page writes some items down. What is too large the service leaves out.
func (w *writing) page(ctx context.Context, led providers.FolderLedger, items []providers.Item) error {
	if w.only {
		var err error
		if items, err = w.unknown(ctx, led, items); err != nil {
			return err
		}
	}
	var large, offered []providers.Record
	most := w.t.task.job.Rules.MaxSize
	for _, it := range items {
		r := providers.Record{Key: it.Key, Same: it.Same, Outcome: providers.Unproven, Size: max(it.Size, 0), Date: it.Date, Flags: it.Flags, Print: it.Print}
		if most > 0 && it.Size > most {
			r.Outcome, r.Note = providers.TooLarge, "larger than what the service fetches"
			large = append(large, r)
			continue
		}
		w.items++
		r.Target = fmt.Sprintf("%010d", w.items)
		offered = append(offered, r)
	}
	if len(large) > 0 {
		if err := led.Settle(ctx, large); err != nil {
			return book(err)
		}
	}
	if err := w.batches.Offer(ctx, w.id, led.Record().ID, offered); err != nil {
		return book(err)
	}
	if w.quiet {
		return nil
	}
	w.t.run.count(w.t.task, func(c *Counts) {
		for _, r := range append(large, offered...) {
			add(c.Sums, r.Outcome, 1, r.Size)
		}
	})
	w.t.run.tell(w.t.task, Event{Kind: Progress, Folder: led.Record().Path})
	return nil
}

// unknown leaves out items that are recorded.
func (w *writing) unknown(ctx context.Context, led providers.FolderLedger, items []providers.Item) ([]providers.Item, error) {
	keys := make([]string, len(items))
	for i, it := range items {
		keys[i] = it.Key
	}
	known, err := led.Known(ctx, keys)
	if err != nil {
		return nil, book(err)
	}
	return slices.DeleteFunc(slices.Clone(items), func(it providers.Item) bool {
		_, ok := known[it.Key]
		return ok
	}), nil
}
