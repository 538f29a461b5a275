package providers

import (
	"context"
	"time"
)

// Batches are the batches of a stream: items that are handed over to be fetched by a
// Puller, and whose arrival shows later, for all of them at once. An item belongs to
// one batch that is not settled, or to none; as long as it does it is Unproven, and
// FolderLedger.Retry does not yield it.
//
// What Make, Freeze, Start, Settle and Regroup record survives a loss of power.
type Batches interface {
	// List returns all batches that were ever made, oldest first. There are as many
	// as runs of the service, not as items.
	List(ctx context.Context) ([]Batch, error)
	// Make records a new batch, which is Filling. Its ID is unique in the ledger.
	Make(ctx context.Context, b Batch) error
	// Offer settles records of a source folder, by Folder.ID, as Unproven, and puts
	// them into a batch that is Filling, in one transaction; or, when the service fetches
	// from the source (Route "server"), into one that is Started: it may have found more.
	// An item of a batch that is not settled is refused. Record.Target is the
	// item's number in the batch, in ten digits, and is not kept as its key.
	Offer(ctx context.Context, id, folder string, records []Record) error
	// Freeze ends the filling.
	Freeze(ctx context.Context, id string) error
	// Start records, before the service is asked, that it is.
	Start(ctx context.Context, id string, at time.Time) error
	// Unstart records that the service was not asked after all: it refused.
	Unstart(ctx context.Context, id string) error
	// Items yields what is in a batch that is not settled, by number. yield may use
	// the ledger.
	Items(ctx context.Context, id string, yield func(Offered) error) error
	// Settle ends a batch, in whatever state it is: each of its items that is still
	// Unproven gets what judge says, which may be asked more than once and must not use the ledger. When b.Other names a
	// batch that is not settled, and arrived is true, that one becomes Bad. Settling a
	// batch that is settled changes nothing.
	Settle(ctx context.Context, id string, end BatchEnd, judge func(Offered) Judged) error
	// Regroup ends batches that are not settled by dividing their items among new
	// ones, which are Frozen: which returns the index in to, or -1 for none, which is
	// refused. Nothing of from is left.
	Regroup(ctx context.Context, from []string, to []Batch, end BatchEnd, which func(Offered) int) error
}

// BatchState is how far a batch is.
type BatchState string

// The states of a batch.
const (
	Filling BatchState = "filling" // thrown away when the process ends
	Frozen  BatchState = "frozen"  // complete; nobody was asked to fetch it
	Started BatchState = "started" // the service was asked, or is about to be
	Settled BatchState = "settled" // its items have an outcome, or are in other batches
)

// Batch is what is remembered of a batch.
type Batch struct {
	ID    string
	Route string // how its items reach the service: "gateway", "server"
	// Spool is the directory in which its items lie, while it is made; it is remembered
	// apart from the batch (Ledger.Spools). "": in none.
	Spool string
	State BatchState
	Items int64 // as offered
	Bytes int64
	Made  time.Time
	// Started is when the service was asked last; zero: never. A batch that is settled
	// and was started is one run of the service.
	Started time.Time
	BatchEnd
	// Root is the batch whose failure this one is to explain; its own ID for one that
	// is no part of another.
	Root string
	// Bad tells that the service takes all but something of this batch: a run of all
	// of it would tell nothing.
	Bad bool
	// Other is the other half of a Bad batch: when this one arrives, that one is Bad.
	Other string
}

// BatchEnd is how a batch ended.
type BatchEnd struct {
	Settled time.Time
	Total   int64  // what the service counted
	Arrived bool   // the service fetched all and said so
	Note    string // for people, without content
}

// Offered is an item of a batch.
type Offered struct {
	Number uint32 // in the batch
	Folder string // Folder.ID at the source
	Key    string // there
	Size   int64
	Tries  int
}

// Judged is what became of an offered item.
type Judged struct {
	Outcome Outcome // OnTheWay: to be moved by a later pass
	Note    string
	Title   string
	Tries   int // is added to Record.Tries
}
