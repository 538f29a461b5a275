package providers

import (
	"context"
	"io"
	"time"
)

// Outcome is how an item of content ended. Every item of a source ends in
// exactly one; their sum equals the survey.
type Outcome string

// The outcomes.
const (
	Copied      Outcome = "copied"
	Adopted     Outcome = "adopted"     // was already there
	Excluded    Outcome = "excluded"    // by a rule, named in Note
	TooLarge    Outcome = "too_large"   // the destination takes no item of this size
	Refused     Outcome = "refused"     // with the server's words in Note
	Quarantined Outcome = "quarantined" // a bad item, isolated so that the run goes on
	Unproven    Outcome = "unproven"    // handed over, arrival not confirmed
	Gone        Outcome = "gone"        // vanished at the source
	OnTheWay    Outcome = "pending"     // not tried yet
)

// Item is one message, event, contact or file of a source.
type Item struct {
	Key         string // stable at the source: "INBOX;UIDVALIDITY;UID"
	Folder      string
	Size        int64 // bytes; -1 when the source does not tell
	Date        time.Time
	Fingerprint string // equal for equal content; not unique
	Flags       []string
}

// Source reads content. It is opened read-only and never changes what it reads.
type Source interface {
	// Items calls yield for each item, in a stable order, until yield returns
	// false. An empty source that used to hold items is an error.
	Items(ctx context.Context, yield func(Item) bool) error
	// Open streams an item's bytes. diag.NotFound: the item vanished.
	Open(ctx context.Context, it Item) (io.ReadCloser, error)
}

// Putter takes items one by one. Put returns when the destination has confirmed
// or refused the item; an error means that nothing is known (look, then repeat).
type Putter interface {
	Put(ctx context.Context, it Item, body io.Reader) (Delivery, error)
	// Has looks for an item at the destination after a lost answer.
	Has(ctx context.Context, it Item) (bool, error)
}

// Delivery is what became of an item.
type Delivery struct {
	Outcome Outcome
	ID      string // at the destination, "" when it gives none
	Note    string // rule, server's words; never content
}

// Puller fetches a frozen offer for itself.
type Puller interface {
	// Start asks the service to fetch the offer called batch. Repeating it for the
	// same batch does not start a second run.
	Start(ctx context.Context, batch string) error
	// Poll tells how far the run is. total is the service's own count.
	Poll(ctx context.Context, batch string) (state PullState, total int64, err error)
}

// PullState is how far a run of a Puller is.
type PullState string

// The states of a run.
const (
	PullWaiting    PullState = "waiting"
	PullRunning    PullState = "running"
	PullDone       PullState = "done"
	PullRolledBack PullState = "rolled_back"
)

// Ledger remembers every item: intent before, outcome after. One writer, many
// readers; memory use does not grow with the number of items.
type Ledger interface {
	// Identity is the ledger's ID and its high-water mark, which the state repeats.
	Identity(ctx context.Context) (id string, highWater int64, err error)
	// Intend records that items are about to be sent. Durable when it returns.
	Intend(ctx context.Context, stream string, items []Item) error
	// Settle records outcomes. Durable when it returns.
	Settle(ctx context.Context, stream string, deliveries map[string]Delivery) error
	// Outcome tells how an item ended; OnTheWay when intended only, "" when unknown.
	Outcome(ctx context.Context, stream, key string) (Outcome, error)
}
