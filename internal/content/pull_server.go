package content

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/providers"
)

// serverRoute is the route on which the service fetches from the source itself, once: all
// items are written down as one batch.
type serverRoute struct {
	*pulling
	written string // the ID of what was written down in this pass
	recount bool   // the source is looked at once more, since the service counted more
}

// unseen is how long a run is waited for of which only the service's own count is seen,
// which may stay 0 until the run is done.
const unseen = 24 * time.Hour

// throughServer has the items fetched from the source.
func (p *pulling) throughServer() {
	p.route, p.name, p.quiet = &serverRoute{pulling: p}, "server", max(p.Rule.Silence, unseen)
}

// idle implements route: the source is written down, and fetched, if it never was. Later
// passes with another route take what was fetched for delivered.
func (r *serverRoute) idle(ctx context.Context, list []providers.Batch) (done bool, err error) {
	if err := r.tidy(ctx, list, ""); err != nil {
		return false, err
	}
	if err := r.resumes(); err != nil {
		return false, err
	}
	if done, err := r.served(ctx, list); err != nil || done {
		return done, err
	}
	if err := r.alone(ctx); err != nil {
		return false, err
	}
	b, err := r.writeDown(ctx)
	if err != nil {
		return false, err
	}
	return true, r.start(ctx, b)
}

// writeDown writes the source down as a batch. It leaves no session behind: some servers
// serve one of an account at a time (POP3).
func (r *serverRoute) writeDown(ctx context.Context) (b providers.Batch, err error) {
	src := r.t.source()
	defer src.drop()
	plan, err := r.t.survey(ctx, src)
	if err != nil {
		return b, err
	}
	b = providers.Batch{ID: r.id(), Route: r.name, Made: r.t.run.Now()}
	if err := r.batches.Make(ctx, b); err != nil {
		return b, book(err)
	}
	r.count(func(j *JobReport) { j.Batches++ })
	w := writing{serverRoute: r, id: b.ID}
	for _, f := range plan.folders {
		if err := w.folder(ctx, src, f); err != nil {
			return b, err
		}
	}
	b.Items, r.written = w.items, b.ID
	return b, book(r.batches.Freeze(ctx, b.ID))
}

// remembers implements route. A ledger that knows of a batch knows more than the state: it
// was rolled back.
func (r *serverRoute) remembers(list []providers.Batch) error {
	if r.Server.Served.IsZero() || slices.ContainsFunc(list, func(b providers.Batch) bool { return b.Route == r.name }) {
		return nil
	}
	return r.twice("the state remembers that the service fetched this source at " + r.Server.Served.UTC().Format(time.RFC3339))
}

// twice refuses what would double mail.
func (r *serverRoute) twice(detail string) error {
	return &diag.Failure{Class: diag.Conflict, Op: r.t.task.job.Name, Detail: detail + ": the service would store all of it a second time",
		Fix: `take route = "gateway" or "append", which move what is new`}
}

// served reports whether it was done before, and refuses what would double mail.
func (r *serverRoute) served(ctx context.Context, list []providers.Batch) (bool, error) {
	for _, b := range list {
		if b.Route == r.name && !b.Started.IsZero() {
			r.count(func(j *JobReport) { j.Served = b.Started })
			r.remark("the service fetched the source at " + b.Started.UTC().Format(time.RFC3339) + ", and does so once; what came later is moved by another route")
			if err := r.t.sums(ctx); err != nil {
				return true, err
			}
			report := &r.t.task.report
			report.Complete, r.forget = true, true
			report.Balanced = !r.t.task.unsound && report.Sums[providers.OnTheWay].Items == 0
			return true, r.passed(ctx)
		}
	}
	if r.t.stream.Info().Moved {
		return false, r.twice("mail of this source was moved already")
	}
	return false, nil
}

// passed records that the pass is over.
func (r *serverRoute) passed(ctx context.Context) error {
	info := r.t.stream.Info()
	info.Wave, info.Passed = r.t.task.job.Wave, r.t.task.began
	return book(r.t.stream.Note(ctx, info))
}

// next implements route: what an earlier pass wrote down is of another day.
func (r *serverRoute) next(ctx context.Context, _, frozen []providers.Batch) error {
	if frozen[0].ID == r.written { // the service was busy
		return r.start(ctx, frozen[0])
	}
	return r.drop(ctx, frozen[0], "the process ended before the service was asked")
}

// pickup implements route.
func (r *serverRoute) pickup(providers.Batch) (providers.Pickup, error) { return r.Server.From, nil }

// own implements route: there is one login.
func (r *serverRoute) own(user, _ string) bool { return strings.EqualFold(user, r.Server.From.User) }

// refused implements route: the source may be another one by the next pass.
func (r *serverRoute) refused(ctx context.Context, b providers.Batch, why error) error {
	return r.drop(ctx, b, "the service refused it: "+words(why))
}

// log implements route: nobody sees what the service fetches.
func (r *serverRoute) log(*sight) error { return nil }

// commit implements route: by the service's count alone. Whether that has what is too large,
// which the service leaves out, is published nowhere.
func (r *serverRoute) commit(ctx context.Context, s *sight) error {
	sums, err := r.t.stream.Sums(ctx)
	if err != nil {
		return book(err)
	}
	large := sums[providers.TooLarge].Items
	if s.Total > s.Items+large {
		if !r.recount { // for this the source is needed
			r.recount, r.waits = true, false
			return &pause{reason: "the source is looked at once more", quiet: true}
		}
		if err := r.more(ctx, s); err != nil {
			return err
		}
	}
	if s.Total != s.Items && s.Total != s.Items+large {
		return r.finish(ctx, s, s.counted())
	}
	end := providers.BatchEnd{Total: s.Total, Arrived: true, Note: s.counted()}
	return r.conclude(ctx, s, end, func(providers.Offered) providers.Judged { return providers.Judged{Outcome: providers.Copied} })
}

// rolledBack implements route: it may be tried again.
func (r *serverRoute) rolledBack(ctx context.Context, s *sight) error {
	if err := r.batches.Unstart(ctx, s.ID); err != nil {
		return book(err)
	}
	if err := r.drop(ctx, s.Batch, "rolled back"); err != nil {
		return err
	}
	if err := r.ask(ctx, func() error { return r.Puller.Forget(ctx) }); err != nil { // there is no run that it would end
		r.remark("what the service keeps of the old mailbox, its password among it, could not be removed: " + words(err))
	}
	return &diag.Failure{Class: diag.Conflict, Op: r.t.task.job.Name, Detail: "the service gave its run up and left nothing behind",
		Fix: "read the mail that it sent to the member; then make another pass, or take another route"}
}

// settled implements route: there is nothing but the ledger.
func (r *serverRoute) settled(string) error { return nil }

// writing writes items down that the service is to fetch.
type writing struct {
	*serverRoute
	id    string
	items int64
	only  bool // what is not recorded yet
	quiet bool // it is counted by somebody else
}

// more writes down, in the batch of a run that is done, what came to the source since it
// was written down: the service may have found it. Repeating it adds nothing.
func (r *serverRoute) more(ctx context.Context, s *sight) error {
	src := r.t.source()
	defer src.drop()
	plan, err := r.t.survey(ctx, src)
	if err != nil {
		return err
	}
	w := writing{serverRoute: r, id: s.ID, items: s.Items, only: true, quiet: s.Made.Before(r.t.run.began)}
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

// folder writes a folder down.
func (w *writing) folder(ctx context.Context, src *link[providers.Reader], f *folder) error {
	led, err := w.t.stream.Folder(ctx, f.Folder)
	if err != nil {
		return book(err)
	}
	if err := w.t.pages(ctx, src, f, providers.Scan{Prints: true}, func(items []providers.Item, _, _ string) error {
		// What comes from now on is for another route.
		return w.page(ctx, led, slices.DeleteFunc(items, func(it providers.Item) bool { return f.Next > 0 && it.Key >= keyOf(f.Next) }))
	}); err != nil {
		return err
	}
	state := f.Folder
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
