package providers

import (
	"context"
	"log/slog"
	"time"
)

// Puller lets a service fetch mail for itself into one mailbox. A mailbox has one
// run at a time, and the service knows of the last one only. It is safe for
// concurrent use, except that Start and Forget of one mailbox never overlap.
//
// Foundations: reference/api/40-mail.md, section 2.
type Puller interface {
	// Name identifies the mailbox, without secrets. It equals the Target.Name() of
	// the same mailbox, so that a stream may change its route.
	Name() string
	// Host is what limits on rates count by.
	Host() string
	// Start asks the service to fetch everything that from offers. Repeating it while
	// the service knows that run, under way or done, starts no second one: from.User
	// tells runs apart. diag.Conflict: another run is under way, and the detail says
	// whose. diag.MayHaveHappened: the answer was lost and looking did not help;
	// Run tells later.
	Start(ctx context.Context, from Pickup) error
	// Run tells what the service says of its last run.
	Run(ctx context.Context) (PullRun, error)
	// Forget ends a run under way and removes what the service keeps of it, its
	// password among it. Mail of a run that is done stays. It is no error that there
	// is nothing.
	Forget(ctx context.Context) error
}

// Pickup is where a Puller fetches from.
type Pickup struct {
	Host     string
	Port     int
	TLS      bool   // from the first byte on; false: plain text
	User     string // an e-mail address; the service repeats it in PullRun.User
	Password string `json:"-"` // a secret: no way of printing shows it
}

// String names the pickup without its password.
func (p Pickup) String() string { return p.User + " at " + p.Host }

// GoString is String.
func (p Pickup) GoString() string { return p.String() }

// LogValue is String.
func (p Pickup) LogValue() slog.Value { return slog.StringValue(p.String()) }

// PullRun is what a service says of its last run.
type PullRun struct {
	State PullState
	User  string // Pickup.User of the run; "" when the service does not tell
	// Total is the service's own count of messages. It may grow while the run is
	// under way, and be 0 until it is done.
	Total int64
	// Started and Completed are zero when not known. The service writes no time zone;
	// they are for people, not for comparing with other clocks.
	Started, Completed time.Time
}

// PullState is how far a run of a Puller is.
type PullState string

// The states of a run. A run that fails leaves nothing behind and goes back to
// PullNone: there is no state of failure.
const (
	PullNone    PullState = "none" // never started, forgotten or rolled back
	PullRunning PullState = "running"
	PullDone    PullState = "done"
	PullUntold  PullState = "untold" // the service tells nothing of its runs (POP3)
)
