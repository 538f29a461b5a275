package content

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/internal/spool"
	"github.com/isaworks/isa/providers"
)

// before settles the batches of earlier turns and passes, one run after another. It
// reports whether that was all there is to do now; a pause waits for a run.
func (p *pulling) before(ctx context.Context) (done bool, err error) {
	for {
		list, err := p.batches.List(ctx)
		if err != nil {
			return false, book(err)
		}
		if err := p.tidy(ctx, list); err != nil {
			return false, err
		}
		open := slices.DeleteFunc(slices.Clone(list), func(b providers.Batch) bool { return b.State != providers.Frozen && b.State != providers.Started })
		if len(open) == 0 {
			if p.Gateway != nil { // the mailbox is another's while this one reads
				p.t.run.gate.release(p.t.task, false)
			}
			return p.early(ctx, list)
		}
		if err := p.alone(ctx); err != nil {
			return false, err
		}
		if err := p.next(ctx, list, open); err != nil {
			return false, err
		}
	}
}

// early ends the pass where the mailbox had a run too short a time ago: its source is
// only counted.
func (p *pulling) early(ctx context.Context, list []providers.Batch) (bool, error) {
	if p.waits { // another turn goes on with the source
		p.waits = false
		return false, &pause{reason: "the batch is settled", quiet: true}
	}
	if p.Server != nil {
		return false, nil
	}
	var last time.Time
	for _, b := range list {
		if b.Started.After(last) {
			last = b.Started
		}
	}
	next := last.Add(p.Rule.Interval)
	if p.runs > 0 || p.t.task.job.Phase == Cutover || last.IsZero() || !p.t.run.Now().Before(next) {
		return false, nil
	}
	if err := p.t.tally(ctx); err != nil {
		return false, err
	}
	// What came since the last pass was not moved, so that this one is not noted as the
	// one from which on items are new.
	info := p.t.stream.Info()
	info.Wave = p.t.task.job.Wave
	if err := p.t.stream.Note(ctx, info); err != nil {
		return false, book(err)
	}
	p.count(func(j *JobReport) {
		j.Complete = true
		j.Held = j.Sums[providers.OnTheWay].Items
		j.Balanced = !p.t.task.unsound
	})
	p.remark("the next run may begin at " + next.UTC().Format(time.RFC3339) + ": the last one began at " + last.UTC().Format(time.RFC3339))
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

// tidy throws away what an earlier turn or process left: batches that were never
// frozen, whatever their route, and what is in the spool and of no use any more.
func (p *pulling) tidy(ctx context.Context, list []providers.Batch) error {
	keep := map[string]bool{}
	for _, b := range list {
		mine := p.batch != nil && p.batch.ID() == b.ID
		switch {
		case b.State == providers.Filling && !mine:
			if err := p.drop(ctx, b, "it was left before it was complete"); err != nil {
				return err
			}
		case b.State != providers.Settled:
			keep[b.ID] = true
		}
	}
	if p.looked || p.Gateway == nil {
		return nil
	}
	there, err := p.Gateway.Spool.List(p.prefix)
	if err != nil {
		return err
	}
	for _, id := range there {
		if keep[id] {
			continue
		}
		if err := p.Gateway.Spool.Remove(id); err != nil {
			return err
		}
	}
	p.looked = true
	return nil
}

// drop takes a batch back: its items are moved by a later pass, or later in this one.
func (p *pulling) drop(ctx context.Context, b providers.Batch, why string) error {
	return p.settle(ctx, b, providers.BatchEnd{Note: why}, pending)
}

// settle ends a batch in the ledger and then in the spool. What is not settled by it
// is looked at again by this pass.
func (p *pulling) settle(ctx context.Context, b providers.Batch, end providers.BatchEnd, judge func(providers.Offered) providers.Judged) error {
	end.Settled = p.t.run.Now()
	again := false
	err := p.batches.Settle(ctx, b.ID, end, func(o providers.Offered) providers.Judged {
		j := judge(o)
		again = again || j.Outcome == providers.OnTheWay
		return j
	})
	if err != nil {
		return book(err)
	}
	if again {
		p.t.task.again()
	}
	p.silent, p.doubted, p.lost = silence{}, false, 0
	p.forget = p.forget || !b.Started.IsZero()
	if p.Gateway == nil {
		return nil
	}
	return p.Gateway.Spool.Remove(b.ID)
}

// again has all folders looked at again.
func (k *task) again() {
	k.mu.Lock()
	defer k.mu.Unlock()
	clear(k.done)
}

// after sends what the turn has put into the batch on its way, when the batch is full
// or the pass at its end. err is how the turn ended otherwise.
func (p *pulling) after(ctx context.Context, err error) error {
	if p.Gateway == nil || p.batch == nil && err == nil {
		return p.end(ctx, err)
	}
	var wait *pause
	paused := errors.As(err, &wait)
	switch {
	case p.batch != nil && p.batch.Full() && (err == nil || paused):
		if n, _ := p.batch.Items(); n == 0 {
			return errors.Join(p.discard(ctx, "nothing fits"), impossible(p.t.task.job.Name, "an empty batch takes nothing"))
		}
		return p.send(ctx)
	case paused && wait.until.IsZero() && wait.room:
		return p.forRoom(wait)
	case err != nil:
		return err
	}
	n, _ := p.batch.Items()
	if n >= p.Rule.Smallest || n > 0 && p.t.task.job.Phase != Presync {
		return p.send(ctx)
	}
	if n > 0 {
		p.count(func(j *JobReport) { j.Held += int64(n) })
		p.remark(fmt.Sprintf("%d items wait for more: a run is worth it from %d on", n, p.Rule.Smallest))
	}
	return errors.Join(p.discard(ctx, "too few for a run"), p.end(ctx, nil))
}

// end is the end of the pass: what the service keeps of the last run is removed, its
// password among it.
func (p *pulling) end(ctx context.Context, err error) error {
	if err != nil || !p.forget {
		return err
	}
	p.forget = false
	if err := p.ask(ctx, func() error { return p.forgets(ctx) }); err != nil {
		p.remark("what the service knows of the last run could not be removed: " + words(err))
	}
	return nil
}

// forgets has the service forget a run of isa's that is over. Runs of others, and those
// under way, are none of its business: to forget one would end it.
func (p *pulling) forgets(ctx context.Context) error {
	run, err := p.Puller.Run(ctx)
	if err != nil || run.State == providers.PullRunning || run.State == providers.PullNone && run.User == "" || !p.own(run.User) {
		return err
	}
	return p.Puller.Forget(ctx)
}

// own reports whether a run may be one of this job: a service may not tell.
func (p *pulling) own(user string) bool {
	if user == "" || p.Server != nil {
		return user == "" || strings.EqualFold(user, p.Server.From.User)
	}
	return strings.HasPrefix(strings.ToLower(user), p.prefix)
}

// forRoom waits for room in the spool, for as long as others give some back, or have a
// run that may.
func (p *pulling) forRoom(w *pause) error {
	r := p.t.run
	r.gate.release(p.t.task, false)
	if quiet := p.room.quiet(p.Gateway.Spool.Freed(), r.Now()); quiet >= r.Patience.Waiting && !r.gate.fetching(p.Gateway.Spool, p.t.task) {
		return &diag.Failure{Class: diag.Unavailable, Op: p.t.task.job.Name, Detail: fmt.Sprintf("%s, and no batch has given any back for %s", w.reason, quiet.Round(time.Second)),
			Fix: "give the spool more room (quota, disk), or see to the batches that do not arrive"}
	}
	quiet := p.room.told
	p.room.told = true
	return &pause{until: r.Now().Add(p.Rule.Poll), reason: w.reason, quiet: quiet}
}

// discard throws the batch that is being filled away.
func (p *pulling) discard(ctx context.Context, why string) error {
	p.mu.Lock()
	b := p.batch
	p.batch = nil
	p.mu.Unlock()
	if b == nil {
		return nil
	}
	err := p.batches.Settle(ctx, b.ID(), providers.BatchEnd{Settled: p.t.run.Now(), Note: why}, pending)
	return errors.Join(book(err), b.Discard())
}

// send freezes the batch and has it fetched.
func (p *pulling) send(ctx context.Context) error {
	b, err := p.freeze(ctx)
	if err != nil {
		return err
	}
	p.room = silence{}
	return p.start(ctx, b)
}

// freeze ends the filling. First the spool has it, then the ledger: a batch that is
// not frozen in the ledger is thrown away.
func (p *pulling) freeze(ctx context.Context) (providers.Batch, error) {
	id := p.batch.ID()
	items, bytes := p.batch.Items()
	if err := p.batch.Freeze(); err != nil {
		err = errors.Join(p.discard(ctx, "it could not be frozen"), err)
		p.t.task.again()
		if errors.Is(err, spool.ErrFull) {
			return providers.Batch{}, p.forRoom(noRoom(err))
		}
		return providers.Batch{}, err
	}
	p.mu.Lock()
	p.batch = nil
	p.mu.Unlock()
	if err := p.batches.Freeze(ctx, id); err != nil {
		return providers.Batch{}, book(err)
	}
	return providers.Batch{ID: id, Root: id, Items: int64(items), Bytes: bytes, State: providers.Frozen}, nil
}

// start asks the service to fetch a batch, and waits for it.
func (p *pulling) start(ctx context.Context, b providers.Batch) error {
	if p.t.run.stop.Err() != nil {
		return errStopped
	}
	if p.Gateway != nil && p.Gateway.Down != nil {
		if err := p.Gateway.Down(); err != nil {
			return err
		}
	}
	if err := p.alone(ctx); err != nil {
		return err
	}
	from, err := p.pickup(b)
	if err != nil {
		return err
	}
	if err := p.batches.Start(ctx, b.ID, p.t.run.Now()); err != nil {
		return book(err)
	}
	err = p.Puller.Start(ctx, from)
	if err != nil && !diag.MayHaveHappened(err) {
		if unstart := p.batches.Unstart(ctx, b.ID); unstart != nil {
			return book(unstart)
		}
		if diag.ClassOf(err) == diag.Conflict {
			return p.occupied(err)
		}
		if p.Server != nil { // the source may be another one by the next pass
			if drop := p.drop(ctx, b, "the service refused it: "+words(err)); drop != nil {
				return drop
			}
		}
		return p.link().bear(err)
	}
	p.runs++
	p.forget, p.taken = true, silence{}
	p.count(func(j *JobReport) {
		j.Runs++
		if p.Server != nil {
			j.Served = p.t.run.Now()
		}
	})
	return p.wait(fmt.Sprintf("the service fetches %d items", b.Items))
}

// occupied waits for a run of somebody else's: the service has one at a time.
func (p *pulling) occupied(err error) error {
	if p.taken.quiet(1, p.t.run.Now()) >= p.t.run.Patience.Waiting {
		return err
	}
	return p.wait(words(err))
}

// pickup is where a batch is fetched from. A batch of the spool gets another password
// each time; those of before stay good, since a start that was not answered may have
// been carried out.
func (p *pulling) pickup(b providers.Batch) (providers.Pickup, error) {
	if p.Server != nil {
		return p.Server.From, nil
	}
	password, err := p.Gateway.Spool.Secret(b.ID)
	if err != nil {
		return providers.Pickup{}, err
	}
	return providers.Pickup{Host: p.Gateway.Host, Port: p.Gateway.Port, TLS: true, User: p.user(b), Password: password}, nil
}

// user is the login of a batch.
func (p *pulling) user(b providers.Batch) string {
	if p.Server != nil {
		return p.Server.From.User
	}
	return b.ID + "@" + p.Gateway.Domain
}

// mine reports whether a login is that of a batch. The name of the gateway may have
// changed since.
func (p *pulling) mine(b providers.Batch, user string) bool {
	if p.Gateway != nil {
		user, _, _ = strings.Cut(user, "@")
		return strings.EqualFold(user, b.ID)
	}
	return strings.EqualFold(user, p.user(b))
}

// wait frees the connections until the run is looked at again. It is told when a run
// begins, and when nothing was fetched for half as long as is waited at most.
func (p *pulling) wait(reason string) error {
	begins, long := !p.waits, p.silent.past(p.t.run.Now()) >= p.silence()/2
	quiet := !begins && (!long || p.silent.told)
	p.waits, p.silent.told = true, long
	return &pause{until: p.t.run.Now().Add(p.Rule.Poll), reason: reason, quiet: quiet}
}

// link bears what goes wrong with the service as with any other end.
func (p *pulling) link() *link[io.Closer] {
	return newLink(p.t, targetPlace(&p.t.task.job), func(context.Context) (io.Closer, error) {
		return nil, impossible(p.Puller.Name(), "a service that fetches is not logged in to")
	})
}

// ask asks the service something, again after trouble that may pass.
func (p *pulling) ask(ctx context.Context, op func() error) error {
	l := p.link()
	before := l.trouble()
	for {
		err := op()
		if err == nil {
			l.goesOn(before)
			return nil
		}
		if err := ctx.Err(); err != nil {
			return errStopped
		}
		if err := l.bear(err); err != nil {
			return err
		}
	}
}

// letGo ends what a job keeps between turns. A batch that is worth a run is frozen, for
// the next pass to start it.
func (k *task) letGo(ctx context.Context, aborted bool) error {
	p := k.pull
	if p == nil || p.batch == nil {
		return nil
	}
	if n, _ := p.batch.Items(); !aborted && (n >= p.Rule.Smallest || n > 0 && k.job.Phase != Presync) {
		_, err := p.freeze(ctx)
		var wait *pause
		if errors.As(err, &wait) {
			return nil
		}
		return err
	}
	return p.discard(ctx, "the pass ended before it was worth a run")
}
