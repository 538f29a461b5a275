// Package content moves items (messages, events, contacts, files) from one store
// into another, once each, and accounts for every one of them.
//
// A pass goes over jobs, one for each declared stream. What became of an item is in
// the ledger; the target is told apart from the ledger only by looking at it: a
// folder that something may have been put into, unrecorded, is looked at before
// anything else is put there. Nothing is ever deleted.
//
// Memory does not grow with the size of a mailbox or the number of jobs: items are
// taken in windows, bytes go through a fixed number of buffers.
package content

import (
	"context"
	"slices"
	"time"

	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/providers"
)

// Phase is how far the move of a stream is.
type Phase string

// The phases. A pass in Live only adds what came since the last complete pass.
const (
	Presync Phase = "presync" // repeated passes; the source is what counts
	Cutover Phase = "cutover" // the last pass; when nothing is left the stream is closed
	Live    Phase = "live"    // people work at the target: nothing there is changed
)

// Job is one stream: one account into one account.
type Job struct {
	Name  string // the address, "mail_migration.staff[\"1042\"]"; unique in a pass
	Title string // for people
	Wave  string // address of the wave, "" none
	Phase Phase  // "" is Presync

	Origin providers.Origin
	Target providers.Target // a survey does not log in to it; made of Pull, where that is there
	Pull   *Pull            // nil: items are put
	// Map says where each folder goes. It is pure, and is given all folders of the
	// source, those that hold nothing that can be moved too; these need no mapping.
	Map   func([]providers.Folder) []Mapping
	Rules Rules
}

// Mapping says where a folder goes.
type Mapping struct {
	Folder   providers.Folder
	Path     []string // at the target
	Use      providers.Use
	Excluded string // the rule that leaves the folder out, "" none
	Note     string // why Path is not the folder's own, for people
	// Sent tells that the folder holds what its owner wrote, whatever its Use says:
	// that is left out by no DualSince.
	Sent bool
}

// Rules say what of a folder is not moved.
type Rules struct {
	Since, Before time.Time // by Item.Date: Since <= Date < Before; zero: no bound
	MaxSize       int64     // bytes; larger items are TooLarge; 0: what the target takes
	// DualSince is since when the target receives mail of its own; what came later is
	// left out of received folders (all but Mapping.Sent, sent mail and drafts). Zero: it does not.
	DualSince time.Time
	// Keep stores an item that is too large elsewhere and says where. May be nil.
	Keep func(ctx context.Context, f providers.Folder, m providers.Message) (where string, err error)
}

// Limits are what a host allows. The zero value allows everything that Options do.
type Limits struct {
	Connections       int     // at once; 0: 16
	PerAccount        int     // at once for one account; 0: 2
	MessagesPerSecond float64 // 0: no limit
	BytesPerSecond    float64 // 0: no limit
	Hours             Hours
	// Denials is how many logins in a row the host may refuse before nobody else is
	// tried there, since a wrong master password locks out everybody. 0: 5; negative:
	// any number, where each account has a password of its own.
	Denials int
}

// Hours is when content may be moved. The zero value is always.
type Hours struct {
	From, To time.Duration  // since midnight by the clock on the wall; From > To goes over midnight
	Zone     *time.Location // nil: UTC
}

// Options are what a pass works with. Ledger and Jobs are required.
type Options struct {
	Ledger providers.Ledger
	Jobs   []Job
	Limits map[string]Limits // by host, as Origin.Host and Target.Host say
	// Parallel is how many jobs are under way at once; 0: 8.
	Parallel int
	// Observe is told what happens, by one goroutine at a time. It must return soon.
	Observe func(Event)
	// Abort cuts off what is under way when it ends. The context given to Run only
	// stops what has not begun. nil: never.
	Abort context.Context

	Now   func() time.Time                                 // nil: time.Now
	Sleep func(ctx context.Context, d time.Duration) error // nil: waits; returns the context's error when it ends first

	Slice    Slice
	Patience Patience
}

// Slice is how much a job may do while others wait for their turn.
type Slice struct {
	Items int           // 0: 5,000
	Time  time.Duration // 0: two minutes
}

// Patience is how much trouble a pass bears before it gives a job up.
type Patience struct {
	Reconnects int           // attempts in a row without progress; 0: 6
	Waiting    time.Duration // in all, on a service that says it is too busy, without progress; 0: two hours
	Inline     time.Duration // a longer wait frees the connections meanwhile; 0: 15 s
	First      time.Duration // the first pause before an attempt is repeated; 0: 500 ms
	Most       time.Duration // the longest such pause; 0: two minutes
	Tries      int           // passes that try an item before a cutover closes without it; 0: 3
}

// Sizes of what is held in memory at once.
const (
	window     = 2048    // items of a folder that are known by name, a worker
	lookup     = 1000    // keys asked of the ledger at once
	batchItems = 50      // items in one Put, where the target names no limit
	batchBytes = 1 << 20 // bytes in one Put of more than one item, at most
	arenas     = 20      // buffers of batchBytes, for all jobs
	lanes      = 2       // folders that share a pair of connections
	remark     = 5000    // items after which the mark of a folder is moved on
	titleBytes = 64 << 10
	noted      = 20 // failures and remarks kept for the report of a job
)

// unkeyed is the target of an item that is there, but under a key that cannot be told.
const unkeyed = providers.Unkeyed

func (o Options) withDefaults() Options {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Sleep == nil {
		o.Sleep = sleep
	}
	if o.Observe == nil {
		o.Observe = func(Event) {}
	}
	if o.Abort == nil {
		o.Abort = context.Background()
	}
	o.Jobs = slices.Clone(o.Jobs)
	for i, j := range o.Jobs {
		o.Jobs[i] = pulled(j)
	}
	o.Parallel = either(o.Parallel, 8)
	o.Slice.Items = either(o.Slice.Items, 5000)
	o.Slice.Time = either(o.Slice.Time, 2*time.Minute)
	p := &o.Patience
	p.Reconnects = either(p.Reconnects, 6)
	p.Waiting = either(p.Waiting, 2*time.Hour)
	p.Inline = either(p.Inline, 15*time.Second)
	p.First = either(p.First, 500*time.Millisecond)
	p.Most = either(p.Most, 2*time.Minute)
	p.Tries = either(p.Tries, 3)
	return o
}

func either[N int | time.Duration](n, otherwise N) N {
	if n > 0 {
		return n
	}
	return otherwise
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

// check refuses options that cannot work.
func (o Options) check(targets bool) error {
	refuse := func(detail, fix string) error {
		return &diag.Failure{Class: diag.Invalid, Op: "content", Detail: detail, Fix: fix}
	}
	seen := make(map[string]bool, len(o.Jobs))
	for _, j := range o.Jobs {
		switch {
		case j.Pull != nil && j.Pull.check() != "":
			return refuse(j.Name+" "+j.Pull.check(), "")
		case j.Origin == nil || j.Map == nil || j.Target == nil:
			return refuse(j.Name+" names no source, target or folders", "")
		case j.Origin.Name() == j.Target.Name():
			return refuse(j.Name+" moves "+j.Origin.Name()+" into itself", "name another source")
		case seen[j.Name]:
			return refuse(j.Name+" is there twice", "")
		case targets && j.Origin.Host() == j.Target.Host() && o.Limits[j.Origin.Host()].Connections == 1:
			return refuse(j.Name+" reads from and writes to "+j.Origin.Host()+", which allows one connection", "allow two connections to the host")
		}
		seen[j.Name] = true
	}
	return nil
}
