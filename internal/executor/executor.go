// Package executor carries a plan out: it sends each step as soon as the steps it
// needs are done, journals intent before and outcome after, and looks for creates
// whose answer was lost before it repeats them.
package executor

import (
	"context"
	"io/fs"
	"time"

	"github.com/isaworks/isa/internal/addr"
	"github.com/isaworks/isa/internal/live"
	"github.com/isaworks/isa/internal/secret"
	"github.com/isaworks/isa/internal/value"
	"github.com/isaworks/isa/planner"
	"github.com/isaworks/isa/providers"
	"github.com/isaworks/isa/state"
)

// Options are what Run works with. Plan, Kinds and Session are required.
type Options struct {
	Plan    *planner.Plan
	Kinds   map[string]providers.Kind // by the kind's type
	Session state.Session
	// Live is the snapshot that the plan was made from. An object in it is never
	// taken for the outcome of a create of this run.
	Live live.Snapshot
	// Secret resolves handles. It is only called from inside a Kind's Do.
	Secret func(value.Secret) (string, error)
	// Open opens a file that an attribute names, by its path as written. A plan that
	// holds one needs it.
	Open func(path string) (fs.File, error)
	// Generate makes a password (nil: secret.Generate), and Handout stores it so that
	// its owner can be told: durable when it returns, safe for concurrent use. A plan
	// that holds a member whose password is generated needs Handout.
	Generate func() (string, error)
	Handout  func(ctx context.Context, who addr.Address, password string) error
	// Observe is told what happens, in order, by one goroutine. It cannot hold up
	// the steps; Run returns when it was told everything.
	Observe func(Event)
	// Stops tells that after this failure nothing else can succeed, for example
	// because the credentials are refused. Besides, several diag.Denied in a row
	// without a success in between stop a run. May be nil.
	Stops func(error) bool
	// Abort stops also what is under way, when it is cancelled. The context given
	// to Run only stops what has not begun. nil: never.
	Abort context.Context
	Now   func() time.Time // nil: time.Now
	Tool  string           // version of isa, for the state
	Who   string           // user@host, for the audit trail

	Limits Limits
	Looks  Looks
}

// Limits bound what is under way at once. They keep the order of steps in the
// hands of the ready queue: of the steps of one operation only a few wait in its
// lane, so that one that becomes ready later and matters more is not far behind.
// Of the steps of a writer that pauses between calls there is never more than one.
type Limits struct {
	PerOperation int // by the first call of a step; 0 = 16
	Total        int // 0 = 256
}

// Looks say how to look for the outcome of a create whose answer was lost.
// Reading may lag behind writing, so one look is not enough.
type Looks struct {
	Pauses   []time.Duration // before each look; nil: 5 looks in 8 s
	Attempts int             // how often a step is sent at most; 0 = 6
}

// Report is what a run did. All lists are in the plan's order.
type Report struct {
	Done        int // steps
	Failed      []Failed
	Skipped     []Skipped
	Interrupted bool // its context or Abort ended before all was done
	// ByAction counts changes all of whose steps are done.
	ByAction map[planner.Action]int
	Start    time.Time
	End      time.Time
}

// Complete reports whether everything was done; otherwise the state is consistent
// and the same apply, planned again, goes on (exit code 3).
func (r *Report) Complete() bool {
	return len(r.Failed) == 0 && len(r.Skipped) == 0 && !r.Interrupted
}

// Failed is a step that failed for good.
type Failed struct {
	Step    string
	Verb    planner.Verb
	Address addr.Address
	Title   string
	Err     error // classified: diag.ClassOf
}

// Skipped is a step that was not tried, or given up before it changed anything.
type Skipped struct {
	Step    string
	Verb    planner.Verb
	Address addr.Address
	Title   string
	Cause   string // the failed step it needed; "" when the run stopped before its turn
	Reason  string // for people
}

// EventKind says what an Event tells.
type EventKind string

// The kinds of events.
const (
	Started EventKind = "started"
	Waiting EventKind = "waiting" // under way, and why it takes longer
	Done    EventKind = "done"
	Fault   EventKind = "failed"
	Skip    EventKind = "skipped"
	Unbegun EventKind = "not begun" // started, and given up before it changed anything, since the run stops
	Stopped EventKind = "stopping"  // no new steps begin from now on; Reason says why
)

// Event is one thing that happened to a step. Text holds no secret.
type Event struct {
	Time    time.Time
	Kind    EventKind
	Step    string
	Verb    planner.Verb
	Action  planner.Action
	Address addr.Address
	Title   string
	Reason  string
	Err     error
	// Finished and Total count steps: done, failed and skipped; and all.
	Finished, Total int
}

// passwordLength is the length of generated passwords in characters.
const passwordLength = 16

func (o Options) withDefaults() Options {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Generate == nil {
		o.Generate = func() (string, error) { return secret.Generate(passwordLength) }
	}
	if o.Abort == nil {
		o.Abort = context.Background()
	}
	if o.Limits.PerOperation <= 0 {
		o.Limits.PerOperation = 16
	}
	if o.Limits.Total <= 0 {
		o.Limits.Total = 256
	}
	if o.Looks.Pauses == nil {
		o.Looks.Pauses = []time.Duration{250 * time.Millisecond, 750 * time.Millisecond, time.Second, 2 * time.Second, 4 * time.Second}
	}
	if o.Looks.Attempts <= 0 {
		o.Looks.Attempts = 6
	}
	return o
}
