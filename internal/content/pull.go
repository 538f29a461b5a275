package content

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/internal/spool"
	"github.com/isaworks/isa/providers"
)

// Pull has a service fetch the items of a job for itself, instead of putting them.
// Exactly one of Gateway and Server is there.
type Pull struct {
	Puller  providers.Puller // its Name and Host are those of the job's target
	Gateway *Gateway         // isa reads the source, and the service fetches from isa
	Server  *Server          // the service fetches from the source itself, once
	Rule    BatchRule
}

// Gateway is where the service fetches what isa has read.
type Gateway struct {
	Spool  *spool.Spool
	Host   string // as the service reaches it, with a port, and TLS from the first byte on
	Port   int
	Domain string // logins are <batch>@Domain
	// Down tells why nobody serves the spool any more; then no run is begun. nil: it is
	// served for as long as the pass lasts. It is called by several goroutines.
	Down func() error
	// Passed is when a pass was completed before, as the state remembers; zero: never.
	// When the ledger knows nothing of it, it was lost: nobody can look what is in the
	// mailbox, and everything would be put there a second time, which is refused.
	Passed time.Time
}

// Server is the source as the service fetches it.
type Server struct {
	From providers.Pickup
	// Blind: the service tells nothing of its run (POP3), and all stays unproven.
	Blind bool
	// Served is when it was done before, as the state remembers; zero: never. A second
	// run would double everything, and is refused.
	Served time.Time
}

// BatchRule says when a batch is worth a run: each mails the member twice, when it
// begins and when it ends, and fails as a whole.
type BatchRule struct {
	Items int   // in a batch, at most; 0: 2,000
	Bytes int64 // in a batch, at most; 0: 500 MB
	// Smallest is the number of items that are worth a run; 0: 20. Fewer wait for
	// more. It does not hold in cutover and live: there all goes at once.
	Smallest int
	// Interval is between the first runs of two passes over a mailbox; 0: six hours;
	// negative: none. It does not hold in cutover.
	Interval time.Duration
	Runs     int           // to find out what of a batch the service does not take; 0: 16
	Poll     time.Duration // between two looks at a run; 0: 20 s
	Silence  time.Duration // without anything fetched, after which the pass looks no longer; 0: 30 minutes
}

func (r BatchRule) withDefaults() BatchRule {
	r.Items = either(r.Items, 2000)
	if r.Bytes <= 0 {
		r.Bytes = 500 << 20
	}
	r.Smallest = either(r.Smallest, 20)
	if r.Interval == 0 {
		r.Interval = 6 * time.Hour
	}
	r.Runs = max(either(r.Runs, 16), 3)
	r.Poll = either(r.Poll, 20*time.Second)
	r.Silence = either(r.Silence, 30*time.Minute)
	return r
}

// pulled is a job whose target is made of its Pull.
func pulled(j Job) Job {
	if j.Pull != nil {
		p := *j.Pull
		p.Rule = p.Rule.withDefaults()
		j.Pull = &p
		j.Target = &batchTarget{puller: p.Puller}
	}
	return j
}

// check refuses what cannot work.
func (p *Pull) check() string {
	switch {
	case p.Puller == nil:
		return "names nobody who fetches"
	case (p.Gateway == nil) == (p.Server == nil):
		return "is fetched either from isa or from the source"
	case p.Gateway != nil && (p.Gateway.Spool == nil || p.Gateway.Host == "" || p.Gateway.Domain == ""):
		return "names no spool, host or domain"
	}
	return ""
}

// batchTarget is the batch that is being filled as a target. It is made when it is
// needed first.
type batchTarget struct {
	puller providers.Puller
	begin  func(context.Context) (*spool.Batch, error)
}

// Name implements providers.Target.
func (t *batchTarget) Name() string { return t.puller.Name() }

// Host implements providers.Target.
func (t *batchTarget) Host() string { return t.puller.Host() }

// Open implements providers.Target.
func (t *batchTarget) Open(ctx context.Context) (providers.Writer, error) {
	if t.begin == nil {
		return nil, impossible(t.Name(), "the target cannot be read on this route")
	}
	b, err := t.begin(ctx)
	if err != nil {
		return nil, err
	}
	return batchWriter{b.Writer(), b}, nil
}

// batchWriter ends the turn when the batch is full, or the disk.
type batchWriter struct {
	providers.Writer
	batch *spool.Batch
}

// Put implements providers.Writer.
func (w batchWriter) Put(ctx context.Context, f providers.Folder, messages []providers.Message) ([]providers.Delivery, error) {
	d, err := w.Writer.Put(ctx, f, messages)
	switch {
	case errors.Is(err, spool.ErrBatchFull):
		return nil, &pause{reason: "the batch is full"}
	case errors.Is(err, spool.ErrFull):
		return nil, noRoom(err)
	}
	return d, err
}

// noRoom is a pause that ends when there is room again.
func noRoom(err error) *pause { return &pause{reason: "waits for room: " + words(err), room: true} }

// pulling is how far the batches of a job are. It outlives the turns.
type pulling struct {
	*Pull
	t       *turn
	batches providers.Batches
	prefix  string // of the IDs of the stream's batches

	mu      sync.Mutex
	batch   *spool.Batch // being filled
	written string       // the ID of what was written down for the service to fetch from the source
	waits   bool         // for a run: the source is not needed meanwhile
	runs    int          // of this pass
	lost    int          // starts that came to nothing, in a row
	silent  silence
	room    silence
	taken   silence // the service is at another run
	looked  bool    // at what an earlier process left in the spool
	doubted bool    // the service says that there is no run; asked once more
	recount bool    // the source is looked at once more, since the service counted more
	forget  bool    // the service may keep something of a run
	aside   map[asideKey]bool
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

// puller returns what outlives the turns of a job whose items are fetched, nil for
// others, bound to this turn.
func (t *turn) puller(ctx context.Context) (*pulling, error) {
	j := &t.task.job
	if j.Pull == nil {
		return nil, nil
	}
	p := t.task.pull
	if p == nil {
		id, _, err := t.run.Ledger.Identity(ctx)
		if err != nil {
			return nil, book(err)
		}
		p = &pulling{Pull: j.Pull, prefix: prefixOf(id, j.Name)}
		t.task.pull = p
		if b, ok := j.Target.(*batchTarget); ok && p.Gateway != nil {
			b.begin = p.begin
		}
	}
	p.t, p.batches = t, t.stream.Batches()
	return p, nil
}

// prefixOf begins the IDs of all batches of a stream, so that what is in the spool and
// not in the ledger is known to be its own.
func prefixOf(ledger, stream string) string {
	sum := sha256.Sum256([]byte(ledger + "\x00" + stream))
	return strings.ToLower(base32.StdEncoding.EncodeToString(sum[:5])) + "-"
}

// name makes the ID of a new batch.
func (p *pulling) name() string { return p.prefix + strings.ToLower(rand.Text()[:12]) }

// begin returns the batch that is being filled, making it if there is none. A full
// spool pauses the job.
func (p *pulling) begin(ctx context.Context) (*spool.Batch, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.batch != nil {
		return p.batch, nil
	}
	id := p.name()
	b, err := p.Gateway.Spool.Begin(id, spool.Share{Items: p.Rule.Items, Bytes: p.Rule.Bytes})
	if errors.Is(err, spool.ErrFull) {
		return nil, noRoom(err)
	}
	if err != nil {
		return nil, err
	}
	if err := p.batches.Make(ctx, providers.Batch{ID: id, Route: "gateway", Made: p.t.run.Now()}); err != nil {
		return nil, errors.Join(book(err), b.Discard())
	}
	p.batch = b
	p.count(func(j *JobReport) { j.Batches++ })
	return b, nil
}

func (p *pulling) count(change func(*JobReport)) {
	p.t.task.mu.Lock()
	defer p.t.task.mu.Unlock()
	change(&p.t.task.report)
}

// remark notes something for people.
func (p *pulling) remark(text string) {
	p.count(func(j *JobReport) { j.remark(&j.Notes, providers.Folder{}, text) })
}

// handOver settles what was put into the batch.
func (p *pulling) handOver(ctx context.Context, folder string, records []providers.Record) error {
	for i := range records {
		records[i].Outcome = providers.Unproven
	}
	p.mu.Lock()
	id := p.batch.ID()
	p.mu.Unlock()
	return p.batches.Offer(ctx, id, folder, records)
}

// tried tells of what failed in a folder that this job does not try again: what may have
// arrived, and what the service did not take, in this pass or for good.
func (t *turn) tried(folder string, r providers.Record) bool {
	if t.task.job.Pull == nil {
		return false
	}
	return r.Outcome == providers.Unproven || r.Outcome == providers.Quarantined && (r.Tries >= t.run.Patience.Tries || t.task.pull.aside[asideKey{folder, r.Key}])
}

// asideKey is an item that this pass set aside.
type asideKey struct{ folder, key string }

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

// places are what a turn needs. While the service is at work the source is left alone.
func (k *task) places(targets bool) []place {
	if k.pull != nil && k.pull.waits {
		return []place{targetPlace(&k.job)}
	}
	return places(&k.job, targets)
}

// fetched does, of a job whose items are fetched by a service, what comes before its
// source is read. done tells that nothing else is to be done in this pass.
func (t *turn) fetched(ctx context.Context) (p *pulling, done bool, err error) {
	if t.task.job.Pull == nil {
		return nil, false, t.unfetched(ctx)
	}
	if p, err = t.puller(ctx); err != nil {
		return nil, false, err
	}
	if done, err = p.before(ctx); err != nil {
		return p, false, errors.Join(err, t.sums(ctx))
	} else if done {
		return p, true, errors.Join(p.end(ctx, nil), t.sums(ctx))
	}
	if p.Server != nil {
		return p, true, errors.Join(p.serve(ctx), t.sums(ctx))
	}
	return p, false, p.remembers(ctx)
}

// remembers refuses to go on with a ledger that does not know what was moved.
func (p *pulling) remembers(ctx context.Context) error {
	if p.Gateway.Passed.IsZero() {
		return nil
	}
	list, err := p.batches.List(ctx) // of a mailbox that the service fetched itself no folder was gone over
	if err != nil || slices.ContainsFunc(list, func(b providers.Batch) bool { return !b.Started.IsZero() }) {
		return book(err)
	}
	records, err := p.t.stream.Folders(ctx)
	if err != nil || slices.ContainsFunc(records, func(r providers.FolderRecord) bool { return r.Done }) {
		return book(err)
	}
	return &diag.Failure{Class: diag.Conflict, Op: p.t.task.job.Name,
		Detail: "mail was moved until " + p.Gateway.Passed.UTC().Format(time.RFC3339) + ", but the ledger does not know which: all of it would arrive a second time",
		Fix:    `restore the ledger, or take route = "append", which looks what is there`}
}
