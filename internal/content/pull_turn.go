package content

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/providers"
)

// pulling is how far the batches of a job are that a service fetches: what both routes
// have in common. It outlives the turns.
type pulling struct {
	*Pull
	route   route
	name    string // of the route, as batches have it
	t       *turn
	batches providers.Batches
	prefix  string        // of the IDs of the stream's batches
	quiet   time.Duration // how long nothing may be seen of a run

	waits   bool // for a run: the source is not needed meanwhile
	runs    int  // of this pass
	noted   int  // batches
	lost    int  // starts that came to nothing, in a row
	silent  silence
	taken   silence // the service is at another run
	doubted bool    // the service says that there is no run; asked once more
	forget  bool    // the service may keep something of a run
}

// route is where the two ways differ on which a service fetches items: from the gateway
// (gatewayRoute), or from the source itself (serverRoute).
type route interface {
	// remembers refuses to go on with a ledger that does not know all that was moved.
	remembers(list []providers.Batch) error
	// idle is what comes when no batch is frozen or started. done tells that nothing else
	// is to be done in this turn.
	idle(ctx context.Context, list []providers.Batch) (done bool, err error)
	// next begins a run of batches that are frozen, or throws one away.
	next(ctx context.Context, list, frozen []providers.Batch) error
	// pickup is where a batch is fetched from.
	pickup(b providers.Batch) (providers.Pickup, error)
	// own reports whether a login is that of a batch, or, where id is "", of any.
	own(user, id string) bool
	// refused is a batch whose start was refused for good.
	refused(ctx context.Context, b providers.Batch, why error) error
	// log adds to a sight what else is known of the run than what the service tells.
	log(s *sight) error
	// commit settles the batch of a run that is done.
	commit(ctx context.Context, s *sight) error
	// rolledBack is a run that left nothing behind.
	rolledBack(ctx context.Context, s *sight) error
	// settled removes what is kept of a batch besides the ledger.
	settled(id string) error
}

// silence measures how long something has not changed.
type silence struct {
	last  int64
	since time.Time
	told  bool
}

// past is how long it has lasted.
func (s *silence) past(now time.Time) time.Duration {
	if s.since.IsZero() {
		return 0
	}
	return now.Sub(s.since)
}

// quiet returns for how long value has been what it is.
func (s *silence) quiet(value int64, now time.Time) time.Duration {
	if s.since.IsZero() || value != s.last {
		s.last, s.since, s.told = value, now, false
	}
	return now.Sub(s.since)
}

// pulling returns what outlives the turns of a job whose items are fetched, bound to
// this turn.
func (t *turn) pulling(ctx context.Context) (*pulling, error) {
	k := t.task
	if k.pull == nil {
		id, _, err := t.run.Ledger.Identity(ctx)
		if err != nil {
			return nil, book(err)
		}
		p := &pulling{Pull: k.job.Pull, prefix: prefixOf(id, t.stream.Info())}
		if p.Server != nil {
			p.throughServer()
		} else {
			k.gateway = p.throughGateway(k.job.Target)
		}
		k.pull = p
	}
	k.pull.t, k.pull.batches = t, t.stream.Batches()
	return k.pull, nil
}

// prefixOf begins the IDs of all batches of a stream, so that what is in the spool and
// not in the ledger is known to be its own. It stays when the stream gets another name.
func prefixOf(ledger string, stream providers.StreamInfo) string {
	sum := sha256.Sum256([]byte(ledger + "\x00" + strconv.FormatInt(stream.Row, 10)))
	return strings.ToLower(base32.StdEncoding.EncodeToString(sum[:5])) + "-"
}

// id makes the ID of a new batch.
func (p *pulling) id() string { return p.prefix + strings.ToLower(rand.Text()[:12]) }

func (p *pulling) count(change func(*JobReport)) {
	p.t.task.mu.Lock()
	defer p.t.task.mu.Unlock()
	change(&p.t.task.report)
}

// remark notes something for people.
func (p *pulling) remark(text string) {
	p.count(func(j *JobReport) { j.remark(&j.Notes, providers.Folder{}, text) })
}

// places are what a turn needs. While the service is at work the source is left alone.
func (k *task) places(targets bool) []place {
	if k.pull != nil && k.pull.waits {
		return []place{targetPlace(&k.job)}
	}
	return places(&k.job, targets)
}

// fetched does, of a job whose items are fetched by a service, what comes before its
// source is read into batches. done tells that nothing else is to be done in this pass.
func (t *turn) fetched(ctx context.Context) (_ *gatewayRoute, done bool, err error) {
	if t.task.job.Pull == nil {
		return nil, false, t.unfetched(ctx)
	}
	p, err := t.pulling(ctx)
	if err != nil {
		return nil, false, err
	}
	switch done, err := p.before(ctx); {
	case err != nil:
		return nil, false, errors.Join(err, t.sums(ctx))
	case done:
		p.end(ctx)
		return nil, true, t.sums(ctx)
	}
	return t.task.gateway, false, nil
}

// unfetched refuses, or takes back, what an earlier pass handed over to a service,
// when the job is not one of that kind any more.
func (t *turn) unfetched(ctx context.Context) error {
	batches := t.stream.Batches()
	list, err := batches.List(ctx)
	if err != nil {
		return book(err)
	}
	for _, b := range list {
		switch b.State {
		case providers.Started:
			return t.underWay(b)
		case providers.Filling, providers.Frozen:
			if err := batches.Settle(ctx, b.ID, providers.BatchEnd{Settled: t.run.Now(), Note: "taken back: the route is another one"}, pending); err != nil {
				return book(err)
			}
		}
	}
	return nil
}

// underWay refuses another route while a run is not settled.
func (t *turn) underWay(b providers.Batch) error {
	return &diag.Failure{Class: diag.Conflict, Op: t.task.job.Name, Detail: "the service was asked to fetch batch " + b.ID + ", and it is not known yet what arrived",
		Fix: `make a pass with the route of before (route = "` + b.Route + `"), which finds out; then change it`}
}

// pending leaves an item to a later pass.
func pending(providers.Offered) providers.Judged {
	return providers.Judged{Outcome: providers.OnTheWay}
}

// before settles the batches of earlier turns and passes, one run after another. It
// reports whether that was all there is to do now; a pause waits for a run.
func (p *pulling) before(ctx context.Context) (done bool, err error) {
	for {
		list, err := p.batches.List(ctx)
		if err != nil {
			return false, book(err)
		}
		if err := p.route.remembers(list); err != nil {
			return false, err
		}
		open := slices.DeleteFunc(slices.Clone(list), func(b providers.Batch) bool { return b.State != providers.Frozen && b.State != providers.Started })
		if len(open) == 0 {
			return p.route.idle(ctx, list)
		}
		if err := p.alone(ctx); err != nil {
			return false, err
		}
		if err := p.step(ctx, list, open); err != nil {
			return false, err
		}
	}
}

// step does the next thing about batches that are not settled: it looks at the run
// that is under way, or begins one.
func (p *pulling) step(ctx context.Context, list, open []providers.Batch) error {
	i := slices.IndexFunc(open, func(b providers.Batch) bool { return b.State == providers.Started })
	switch {
	case i < 0:
		return p.route.next(ctx, list, open)
	case open[i].Route != p.name:
		return p.t.underWay(open[i])
	}
	return p.look(ctx, list, open[i])
}

// resumes gives the source back to a turn that waited for a run: another one goes on.
func (p *pulling) resumes() error {
	if !p.waits {
		return nil
	}
	p.waits = false
	return &pause{reason: "the batch is settled", quiet: true}
}

// tidy throws away batches that an earlier turn or process left before they were
// complete, whatever their route.
func (p *pulling) tidy(ctx context.Context, list []providers.Batch, but string) error {
	for _, b := range list {
		if b.State != providers.Filling || b.ID == but {
			continue
		}
		if err := p.drop(ctx, b, "it was left before it was complete"); err != nil {
			return err
		}
	}
	return nil
}

// drop takes a batch back: its items are moved by a later pass, or later in this one.
func (p *pulling) drop(ctx context.Context, b providers.Batch, why string) error {
	return p.settle(ctx, b, providers.BatchEnd{Note: why}, pending)
}

// settle ends a batch in the ledger and then elsewhere. What is not settled by it is
// looked at again by this pass.
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
	p.lost = 0
	p.anew()
	p.forget = p.forget || !b.Started.IsZero()
	return p.route.settled(b.ID)
}

// anew has the next look at a run be the first.
func (p *pulling) anew() { p.silent, p.doubted = silence{}, false }

// again has all folders looked at again.
func (k *task) again() {
	k.mu.Lock()
	defer k.mu.Unlock()
	clear(k.done)
}

// end is the end of the pass: what the service keeps of the last run is removed, its
// password among it.
func (p *pulling) end(ctx context.Context) {
	if !p.forget {
		return
	}
	p.forget = false
	if err := p.ask(ctx, func() error { return p.forgets(ctx) }); err != nil {
		p.remark("what the service knows of the last run could not be removed: " + words(err))
	}
}

// forgets has the service forget a run of isa's that is over; a service may not tell
// whose it was. Runs of others, and those under way, are none of its business: to forget
// one would end it.
func (p *pulling) forgets(ctx context.Context) error {
	run, err := p.Puller.Run(ctx)
	if err != nil || run.State == providers.PullRunning || run.State == providers.PullNone && run.User == "" || run.User != "" && !p.route.own(run.User, "") {
		return err
	}
	return p.Puller.Forget(ctx)
}

// start asks the service to fetch a batch, and waits for it.
func (p *pulling) start(ctx context.Context, b providers.Batch) error {
	if p.t.run.stop.Err() != nil {
		return errStopped
	}
	if err := p.alone(ctx); err != nil {
		return err
	}
	from, err := p.route.pickup(b)
	if err != nil {
		return err
	}
	if err := p.note(ctx); err != nil {
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
		if refused := p.route.refused(ctx, b, err); refused != nil {
			return refused
		}
		return p.link().bear(err)
	}
	p.runs++
	p.forget, p.taken = true, silence{}
	p.count(func(j *JobReport) { j.Runs++ })
	return p.wait(fmt.Sprintf("the service fetches %d items", b.Items))
}

// note has it noted how many batches there are, where that is not yet known.
func (p *pulling) note(ctx context.Context) error {
	if p.Note == nil {
		return nil
	}
	list, err := p.batches.List(ctx)
	if err != nil || len(list) <= p.noted {
		return book(err)
	}
	if err := p.Note(ctx, p.t.stream.Info(), len(list)); err != nil {
		return err
	}
	p.noted = len(list)
	return nil
}

// occupied waits for a run of somebody else's: the service has one at a time.
func (p *pulling) occupied(err error) error {
	if p.taken.quiet(1, p.t.run.Now()) >= p.t.run.Patience.Waiting {
		return err
	}
	return p.wait(words(err))
}

// wait frees the connections until the run is looked at again. It is told when a run
// begins, and when nothing was fetched for half as long as is waited at most.
func (p *pulling) wait(reason string) error {
	begins, long := !p.waits, p.silent.past(p.t.run.Now()) >= p.quiet/2
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
