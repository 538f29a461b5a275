package content

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/internal/spool"
	"github.com/isaworks/isa/providers"
)

// gatewayRoute is the route on which isa reads the source into batches of the spool, and
// the service fetches these.
type gatewayRoute struct {
	*pulling

	mu     sync.Mutex
	batch  *spool.Batch // being filled
	room   silence
	looked bool // at what an earlier process left in the spool
	aside  map[asideKey]bool
}

// asideKey is an item that this pass set aside.
type asideKey struct{ folder, key string }

// throughGateway has the items that are put into to fetched from the spool.
func (p *pulling) throughGateway(to providers.Target) *gatewayRoute {
	g := &gatewayRoute{pulling: p, aside: map[asideKey]bool{}}
	if target, ok := to.(*batchTarget); ok {
		target.begin = g.begin
	}
	p.route, p.name, p.quiet = g, "gateway", p.Rule.Silence
	return g
}

// remembers implements route.
func (g *gatewayRoute) remembers(list []providers.Batch) error {
	if len(list) >= g.Gateway.Batches && !g.Gateway.Passed.After(g.t.stream.Info().Passed) {
		return nil
	}
	until := ""
	if !g.Gateway.Passed.IsZero() {
		until = " until " + g.Gateway.Passed.UTC().Format(time.RFC3339)
	}
	return g.forgot("mail was moved" + until + ", but the ledger does not know which")
}

// forgot is a ledger that does not know all that was moved.
func (g *gatewayRoute) forgot(detail string) error {
	return &diag.Failure{Class: diag.Conflict, Op: g.t.task.job.Name, Detail: detail + ": it would arrive a second time",
		Fix: `restore the ledger of then, or take route = "append", which looks what is there`}
}

// idle implements route.
func (g *gatewayRoute) idle(ctx context.Context, list []providers.Batch) (done bool, err error) {
	g.t.run.gate.release(g.t.task, false) // the mailbox is another's while this one reads
	if err := g.clean(ctx, list); err != nil {
		return false, err
	}
	if err := g.resumes(); err != nil {
		return false, err
	}
	if !g.room.since.IsZero() && g.batch == nil { // it waited before: nothing is read until there is room for it
		if err := g.Gateway.Spool.Room(g.share()); err != nil {
			return false, g.full(err)
		}
	}
	return g.early(ctx, list)
}

// clean throws away what is of no use any more, in the ledger and in the spool.
func (g *gatewayRoute) clean(ctx context.Context, list []providers.Batch) error {
	filling := ""
	if g.batch != nil {
		filling = g.batch.ID()
	}
	if err := g.tidy(ctx, list, filling); err != nil || g.looked {
		return err
	}
	there, err := g.Gateway.Spool.List(g.prefix)
	if err != nil {
		return err
	}
	for _, id := range there {
		if id == filling {
			continue
		}
		ok, err := useless(g.Gateway.Spool, id, find(list, id), g.t.stream.Info())
		if err == nil && !ok {
			err = g.forgot("the service may have fetched batch " + id + ", which is in the spool " + g.Gateway.Spool.Dir() + ", but the ledger does not know what was in it")
		}
		if err == nil {
			err = g.Gateway.Spool.Remove(id)
		}
		if err != nil {
			return err
		}
	}
	g.looked = true
	return nil
}

// early ends the pass where the mailbox had a run too short a time ago: its source is
// only counted.
func (g *gatewayRoute) early(ctx context.Context, list []providers.Batch) (bool, error) {
	var last time.Time
	for _, b := range list {
		if b.Started.After(last) {
			last = b.Started
		}
	}
	next := last.Add(g.Rule.Interval)
	if g.runs > 0 || g.t.task.job.Phase == Cutover || last.IsZero() || !g.t.run.Now().Before(next) {
		return false, nil
	}
	if err := g.t.tally(ctx); err != nil {
		return false, err
	}
	// What came since the last pass was not moved, so that this one is not noted as the
	// one from which on items are new.
	info := g.t.stream.Info()
	info.Wave = g.t.task.job.Wave
	if err := g.t.stream.Note(ctx, info); err != nil {
		return false, book(err)
	}
	g.count(func(j *JobReport) {
		j.Complete = true
		j.Held = j.Sums[providers.OnTheWay].Items
		j.Balanced = !g.t.task.unsound
	})
	g.remark("the next run may begin at " + next.UTC().Format(time.RFC3339) + ": the last one began at " + last.UTC().Format(time.RFC3339))
	return true, nil
}

// tally counts the source without moving anything.
func (t *turn) tally(ctx context.Context) error {
	src := t.source()
	defer src.drop()
	p, err := t.survey(ctx, src)
	if err != nil {
		return err
	}
	for _, f := range p.folders {
		if err := t.remember(ctx, f.Folder); err != nil {
			return err
		}
	}
	return t.sums(ctx)
}

// next implements route. What is not in this spool any more nobody was asked to fetch: it
// is read again.
func (g *gatewayRoute) next(ctx context.Context, list, frozen []providers.Batch) error {
	for _, b := range frozen {
		home, err := g.home(b.ID)
		if err != nil {
			return err
		}
		if home != g.Gateway.Spool {
			return g.drop(ctx, b, "it is no longer in the spool of its gateway")
		}
	}
	return g.search(ctx, list, frozen)
}

// home is the spool in which a batch lies: that of the gateway, or another one, since a
// gateway's spool, or a mailbox's gateway, may be changed while a run is not settled. nil:
// in none.
func (g *gatewayRoute) home(id string) (*spool.Spool, error) {
	for _, s := range g.spools() {
		if frozen, err := s.Frozen(id); err != nil || frozen {
			return s, err
		}
	}
	return nil, nil
}

// spools are all in which a batch may lie.
func (g *gatewayRoute) spools() []*spool.Spool {
	return append([]*spool.Spool{g.Gateway.Spool}, g.Gateway.Others...)
}

// pickup implements route. A batch gets another password each time; those of before
// stay good, since a start that was not answered may have been carried out.
func (g *gatewayRoute) pickup(b providers.Batch) (providers.Pickup, error) {
	if down := g.Gateway.Down; down != nil {
		if err := down(); err != nil {
			return providers.Pickup{}, err
		}
	}
	password, err := g.Gateway.Spool.Secret(b.ID)
	if err != nil {
		return providers.Pickup{}, err
	}
	return providers.Pickup{Host: g.Gateway.Host, Port: g.Gateway.Port, TLS: true, User: b.ID + "@" + g.Gateway.Domain, Password: password}, nil
}

// own implements route. The name of the gateway may have changed since.
func (g *gatewayRoute) own(user, id string) bool {
	name, _, _ := strings.Cut(user, "@")
	if id == "" {
		return strings.HasPrefix(strings.ToLower(name), g.prefix)
	}
	return strings.EqualFold(name, id)
}

// refused implements route: the batch waits for the next start.
func (g *gatewayRoute) refused(context.Context, providers.Batch, error) error { return nil }

// log implements route: it reads what was fetched, wherever the batch lies. Without its log
// a batch that was asked for is settled only where no spool is missing that may have it.
func (g *gatewayRoute) log(s *sight) error {
	home, err := g.home(s.ID)
	switch {
	case err != nil:
		return err
	case home == nil && s.Batch.State == providers.Started && len(g.Gateway.Absent) > 0:
		return &diag.Failure{Class: diag.Conflict, Op: g.t.task.job.Name,
			Detail: "the service was asked to fetch batch " + s.ID + ", whose log tells what arrived, and a spool that may have it is not there, or cannot be read: " + strings.Join(g.Gateway.Absent, ", "),
			Fix:    "put the spool back where it was (move it, mount its disk); if it is gone for good, make an empty directory there: then what cannot be proven ends as unproven"}
	case home == nil:
		return nil
	}
	s.logged, s.home = true, home
	s.heads = func(numbers []uint32, yield func(number uint32, head []byte)) error {
		return home.Heads(s.ID, numbers, titleBytes, yield)
	}
	s.log, err = home.Fetched(s.ID)
	return err
}

// commit implements route: by the log, and by the service's count.
func (g *gatewayRoute) commit(ctx context.Context, s *sight) error {
	if !s.logged {
		return g.finish(ctx, s, s.counted())
	}
	end := providers.BatchEnd{Total: s.Total, Arrived: s.complete() == s.Items && s.Total == s.Items}
	end.Note = fmt.Sprintf("%d of %d items were read to their end, %s", s.complete(), s.Items, s.counted())
	return g.conclude(ctx, s, end, func(o providers.Offered) providers.Judged {
		_, complete := s.log.At(o.Number)
		switch read := !complete.IsZero(); {
		case read && s.Total == s.complete():
			return providers.Judged{Outcome: providers.Copied}
		case !read && s.Total <= s.complete():
			return g.oncemore(o, "the service did not read it")
		}
		return providers.Judged{Outcome: providers.Unproven, Note: end.Note}
	})
}

// rolledBack implements route: the batch is divided.
func (g *gatewayRoute) rolledBack(ctx context.Context, s *sight) error {
	switch {
	case !s.logged: // and what it would be divided from is gone
		return g.drop(ctx, s.Batch, "rolled back, and no longer in the spool")
	case s.home != g.Gateway.Spool:
		return g.drop(ctx, s.Batch, "rolled back, and in the spool of another gateway")
	case s.log.Begun == 0:
		return g.unbegun(ctx, s)
	case s.Batch.Started.Before(g.t.run.began):
		// Nobody may have been there to be fetched from since: that is no item's fault.
		g.anew()
		g.remark(fmt.Sprintf("a run of %d items that an earlier pass began was given up; it is begun again", s.Items))
		return book(g.batches.Unstart(ctx, s.ID))
	}
	return g.divide(ctx, s)
}

// settled implements route.
func (g *gatewayRoute) settled(id string) (err error) {
	for _, s := range g.spools() {
		err = errors.Join(err, s.Remove(id))
	}
	return err
}

// tried tells of what failed in a folder that this job does not try again: what may have
// arrived, and what the service did not take, in this pass or for good.
func (t *turn) tried(folder string, r providers.Record) bool {
	g := t.task.gateway
	if g == nil {
		return false
	}
	return r.Outcome == providers.Unproven || r.Outcome == providers.Quarantined && (r.Tries >= t.run.Patience.Tries || g.aside[asideKey{folder, r.Key}])
}

// quarantineAll sets the items of a batch aside. What is proven to be bad no later pass
// of this route tries again, since each try would be a search of its own; where most are
// innocent, some passes do.
func (g *gatewayRoute) quarantineAll(ctx context.Context, b providers.Batch, why string, proven bool) error {
	s := sight{Batch: b}
	if err := g.log(&s); err != nil {
		return err
	}
	tries := 1
	if proven {
		tries = g.t.run.Patience.Tries
	}
	return g.conclude(ctx, &s, providers.BatchEnd{Note: why}, func(o providers.Offered) providers.Judged {
		g.aside[asideKey{o.Folder, o.Key}] = true
		return providers.Judged{Outcome: providers.Quarantined, Note: why, Tries: tries}
	})
}
