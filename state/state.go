// Package state keeps what isa applied: the identity and last written attributes
// of every object it manages, and the journal of an apply under way.
package state

import (
	"context"
	"fmt"
	"time"

	"github.com/isaworks/isa/internal/addr"
	"github.com/isaworks/isa/internal/schema"
	"github.com/isaworks/isa/internal/value"
)

// Format is the version of the state file's layout (docs/formats.md).
const Format = 1

// Status tells how far an object's life with isa has come.
type Status string

// The statuses of state objects.
const (
	Ready       Status = "ready"
	Pending     Status = "pending"     // a create was begun and its outcome is not known: look before repeating
	Unconfirmed Status = "unconfirmed" // applied; no listing has shown it yet
	Retired     Status = "retired"     // a leaver, whom no block declares, kept so that a return restores
)

// StatusName, CompanyName and OrderName stand for an object's status, its company and its
// place among its siblings where attributes are named. No attribute's name begins with a
// dollar sign.
const (
	StatusName  = "$status"
	CompanyName = "$company"
	OrderName   = "$order"
)

// State is the content of isa.state.json. It holds no secret; it holds personal
// data. Objects are sorted by address.
type State struct {
	Format  int      `json:"format"`
	Lineage string   `json:"lineage"` // made once, so that states of two tenants are never mixed up
	Serial  int      `json:"serial"`  // grows with each write, beyond what any reader has seen
	Tool    string   `json:"tool_version"`
	Tenant  string   `json:"tenant,omitempty"` // live.Snapshot.Identity of the first apply
	Ledger  *Ledger  `json:"ledger,omitempty"`
	Objects []Object `json:"objects"`
	Waves   []Wave   `json:"waves,omitempty"`   // sorted by address; kept when their blocks go
	Streams []Stream `json:"streams,omitempty"` // sorted by name; kept when their blocks go
	Tables  []Table  `json:"tables,omitempty"`
	Audit   []Audit  `json:"audit,omitempty"`
}

// Object is one managed object.
type Object struct {
	Address   addr.Address     `json:"address"`
	Kind      string           `json:"kind"`
	Schema    int              `json:"schema_version"`
	ID        string           `json:"id,omitempty"` // "" only while Pending
	DomainID  int              `json:"domain_id"`
	Company   string           `json:"company,omitempty"` // label; "" = the tenant block
	Status    Status           `json:"status"`
	Attrs     value.Object     `json:"attrs"` // last applied, as wanted; write-only ones as digests
	Needs     []addr.Address   `json:"needs,omitempty"`
	Lifecycle schema.Lifecycle `json:"lifecycle,omitzero"`
	Applied   time.Time        `json:"applied,omitzero"`
	// Behind is the declared sibling of a tree behind which it was put last; zero: it is
	// the first of the declared ones, or its order is not managed.
	Behind addr.Address `json:"behind,omitzero"`
	// Begun names what an apply began to write whose end was not recorded, StatusName,
	// CompanyName and OrderName for these: it may have been written or not. The order of
	// siblings ends when all of them are placed. Nil when all was recorded.
	Begun []string `json:"begun,omitempty"`

	// Known are IDs that bore the object's natural key before a Pending create was
	// sent: none of them is the object.
	Known []string `json:"known,omitempty"`
	// Created is when isa made the object; zero: somebody else did, or it is not known.
	// Invited is when a person who has not registered was sent the invitation again.
	Created time.Time `json:"created,omitzero"`
	Invited time.Time `json:"invited,omitzero"`
	// Found is the status in which isa took the object over, where that was suspended and it
	// has not worked since; "": it was in use, or isa made it.
	Found string `json:"found,omitempty"`
	// Suspended is when isa suspended the person, a leaver or one whose block names a day
	// that has come (who stays Ready); Deleted is when isa deleted them.
	Suspended time.Time `json:"suspended,omitzero"`
	Deleted   time.Time `json:"deleted,omitzero"`
}

// Shut reports whether isa took the person's access away: of a leaver, or of one whose
// block names a day that has come.
func (o *Object) Shut() bool {
	return o.Status == Retired || !o.Suspended.IsZero() || !o.Deleted.IsZero()
}

// Ledger ties the state to the ledger of its content.
type Ledger struct {
	ID        string `json:"id"`
	HighWater int64  `json:"high_water"`
}

// Wave remembers how far the move of a wave of people has come, so that it never
// goes back unnoticed.
type Wave struct {
	Address addr.Address `json:"address"`
	Phase   string       `json:"phase"`         // presync, cutover, live
	Since   time.Time    `json:"since"`         // when it came into the phase
	Who     string       `json:"who,omitempty"` // user@host
}

// Stream remembers when the content of one declared stream was passed over last, and what
// a service was asked to fetch of it, so that it is known, should the ledger be lost, what
// of a live mailbox is new and what would be there twice.
type Stream struct {
	Name   string    `json:"name"` // the address: mail_migration.staff["1042"]
	Origin string    `json:"origin"`
	Target string    `json:"target"`
	Wave   string    `json:"wave,omitempty"`
	Passed time.Time `json:"passed,omitzero"` // when the last complete pass began
	Closed time.Time `json:"closed,omitzero"` // when its cutover ended
	// Served is when the service was asked to fetch the source itself, which it is never
	// asked again: it would store everything twice.
	Served time.Time `json:"served,omitzero"`
	// Batches is how many batches there were of it for the service to fetch. A ledger that
	// has fewer is an older one, and does not know all that the service was given.
	Batches int `json:"batches,omitempty"`
	// Member is the service's ID of the member whose mailbox Target is, so that the mailbox
	// is known when the member logs in by another name since; "": not known.
	Member string `json:"member,omitempty"`
}

// Table remembers how full a table was when last applied.
type Table struct {
	File     string         `json:"file"`
	Sheet    string         `json:"sheet,omitempty"`
	Encoding string         `json:"encoding,omitempty"`
	Rows     int            `json:"rows"`
	Filled   map[string]int `json:"filled,omitempty"` // heading → cells that are not empty, of columns in use
	Key      string         `json:"key,omitempty"`    // heading of the column that tells the rows apart; "": none does
	// Digest tells rows that are alike from others: base64 of 12 bytes a row, 6 of a
	// digest of its key and 6 of one of its cells in use.
	Digest string `json:"digest,omitempty"`
}

// Audit is one lifted guard or other act that a reviewer wants to find again.
type Audit struct {
	Time  time.Time `json:"time"`
	Act   string    `json:"act"`            // "allow", "state mv", "state rm" …
	What  string    `json:"what,omitempty"` // addresses, of changes by hand
	Code  string    `json:"code,omitempty"`
	Count int       `json:"count,omitempty"`
	Who   string    `json:"who,omitempty"` // user@host
	Hash  string    `json:"hash,omitempty"`
}

// Entry is one line of the journal. Exactly one of its parts is set. Folding the
// entries in order over the state before gives the state after; folding a line
// twice changes nothing.
type Entry struct {
	Begin  *Begin  `json:"begin,omitempty"`
	Intent *Intent `json:"intent,omitempty"`
	Put    *Put    `json:"put,omitempty"`
	Drop   *Drop   `json:"drop,omitempty"`
	Wave   *Wave   `json:"wave,omitempty"`   // replaces the one of its address
	Ledger *Ledger `json:"ledger,omitempty"` // replaces the one before
	Stream *Stream `json:"stream,omitempty"` // replaces the one of its name
	Tables []Table `json:"tables,omitempty"`
	Audit  *Audit  `json:"audit,omitempty"`
}

// Begin opens an apply on top of a state.
type Begin struct {
	Lineage string    `json:"lineage"`
	Serial  int       `json:"serial"`
	Tenant  string    `json:"tenant"`
	Hash    string    `json:"hash"` // of the plan
	Time    time.Time `json:"time"`
	Tool    string    `json:"tool_version,omitempty"` // of the isa that applies
}

// Intent says that a step is about to be sent. The object is what the state must
// hold should nothing more be heard of it: for a create, a Pending one; for every other
// verb the one before, with Begun.
type Intent struct {
	Step   string  `json:"step"`
	Verb   string  `json:"verb"`
	Object *Object `json:"object,omitempty"`
}

// Put says that a step succeeded and what the object now is. Previous is the
// address under which the state knew it, when that changes.
type Put struct {
	Step     string       `json:"step"`
	Object   Object       `json:"object"`
	Previous addr.Address `json:"previous,omitzero"`
}

// Drop says that an object is gone or forgotten, or that a wave or a stream is known by
// another address.
type Drop struct {
	Step    string       `json:"step"`
	Address addr.Address `json:"address"`
}

// Holder tells who holds a lock.
type Holder struct {
	ID    string    `json:"id"`
	Who   string    `json:"who"` // user@host
	PID   int       `json:"pid"`
	Since time.Time `json:"since"`
	What  string    `json:"what"` // "apply", "unlock" …
}

// LockedError says that somebody else is at work.
type LockedError struct{ Holder Holder }

// Error names holder, host and time.
func (e *LockedError) Error() string {
	return fmt.Sprintf("the state is locked by %s (process %d) since %s for %s",
		e.Holder.Who, e.Holder.PID, e.Holder.Since.Local().Format("2006-01-02 15:04:05"), e.Holder.What)
}

// Store is where a state lives: a local file, HTTP, PostgreSQL, S3.
type Store interface {
	// Read returns the state with the journal of an interrupted apply folded in.
	// It takes no lock and writes nothing. A store that was never written returns
	// an empty state without lineage.
	Read(ctx context.Context) (*State, error)
	// Lock begins exclusive use. It fails at once with *LockedError when somebody
	// holds the lock; a dead holder of a local lock is no holder.
	Lock(ctx context.Context, holder Holder) (Session, error)
	// Unlock breaks the lock with the given ID. Local stores refuse: their locks
	// end with their holder.
	Unlock(ctx context.Context, id string) error
}

// Session is exclusive use of a Store. It is safe for concurrent use.
type Session interface {
	// State returns the state as it was when locked, journal folded in, durable.
	State() *State
	// Append writes journal entries. They are durable on this machine when it
	// returns, and at a remote store within 10 seconds; with sync set, remotely
	// too when it returns (before each irreversible step). Calls may be grouped
	// into one write.
	Append(ctx context.Context, sync bool, entries ...Entry) error
	// Check fails with a diag.Conflict when exclusive use was lost. Remote stores
	// check their own lease; the executor asks before every call.
	Check(ctx context.Context) error
	// Commit folds the journal into the state, keeps the previous state beside it, and
	// makes the serial higher than any reader can have seen: those of an unfinished
	// journal saw one more than the state before.
	Commit(ctx context.Context) error
	// Close ends exclusive use. Without Commit the journal stays, for the next to fold.
	Close() error
}
