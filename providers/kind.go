// Package providers holds the contracts between isa and the services it moves
// organisations into: declared objects (Kind) and content (Origin, Target, Puller,
// Ledger).
package providers

import (
	"context"
	"io/fs"

	"github.com/isaworks/isa/internal/lanes"
	"github.com/isaworks/isa/internal/live"
	"github.com/isaworks/isa/internal/schema"
	"github.com/isaworks/isa/internal/value"
)

// Kind is one kind of declared object at one service. It is safe for concurrent
// use, except that steps of one object never run at the same time.
type Kind interface {
	// Schema describes the kind. It always returns the same value.
	Schema() *schema.Kind

	// List returns all objects of the kind in all companies, in pages. progress is
	// called after each page with the number of objects so far; it may be nil. The
	// answer is nil, not empty, when the feature of the kind is off and the service
	// was not asked.
	List(ctx context.Context, progress func(objects int)) ([]live.Object, error)

	// Do carries out one step. Errors are classified (diag.Failure). A create that
	// fails with MayHaveHappened must be looked for with Find before it is
	// repeated; every other verb may be repeated as it is, and succeeds when what
	// it asks for is already so.
	Do(ctx context.Context, r Request) (Result, error)

	// Find looks at the service, now, for objects that a lost create of r may have
	// made: by external key, else by natural key. The caller decides by the IDs
	// it knew before.
	Find(ctx context.Context, r Request) ([]live.Object, error)

	// Calls tells which requests Do will send for r, in order, when nothing goes
	// wrong. It is pure: r.ID may be empty and r.Attrs may hold Refs.
	Calls(r Request) []lanes.Call
}

// Request is one step with its references resolved.
type Request struct {
	Verb    string // a planner.Verb except "record"
	ID      string // "" for create
	Company schema.Company
	// Attrs are the attributes to write: Refs are replaced by service IDs (String),
	// Secrets are handles, Clear empties, Edit changes a list.
	Attrs value.Object
	Place *Place
	// Secret resolves a handle. The result goes into the request and nowhere else.
	Secret func(value.Secret) (string, error)
	// Open opens a file that an attribute names (schema.File), by its path as written.
	Open func(path string) (fs.File, error)
}

// Looker is a Kind with attributes that no listing gives (schema.Attr.Unreadable).
// Reading them takes calls for every object, so it is done only where they are
// declared.
type Looker interface {
	// Look reads, now, those of the named attributes that the service tells: in
	// canonical form, value.Clear for what is empty, absent for what it does not tell.
	// applied are the attributes as last applied, for what it tells only in part.
	Look(ctx context.Context, o live.Object, applied value.Object, names []string) (value.Object, error)

	// Looks tells which requests Look sends for those attributes. It is pure.
	Looks(names []string) []lanes.Call
}

// Traveler is a Kind whose objects move between companies (schema.Kind.Relocate), so
// that one may be where no listing of a declared company shows it.
type Traveler interface {
	// Whereabouts reads one object by its ID, in whichever company of the tenant it is.
	// there is false when the service knows no such object.
	Whereabouts(ctx context.Context, id string) (o live.Object, there bool, err error)
}

// Linker is a Kind of people whom others outside the tenant find by a link.
type Linker interface {
	// Link reads somebody's link, "" when others outside cannot find them.
	Link(ctx context.Context, id string) (string, error)
	// Relink replaces the link, each time by another one; the old one is dead.
	Relink(ctx context.Context, id string) (string, error)
}

// Inviter is a Kind of people who register themselves (schema.Kind.Registration).
type Inviter interface {
	// Invite sends somebody who has not registered the invitation again: to an address,
	// or with "" to the private one that the service knows. It is a mail each time.
	Invite(ctx context.Context, id, to string) error
}

// Place is a place in a tree by service IDs; "" as Parent is the top level, ""
// as After is the first place. Last wins over After.
type Place struct {
	Parent, After string
	Last          bool
}

// Result is what the service answered. On failure it holds the newest that is
// known, perhaps nothing.
type Result struct {
	ID string
	// Attrs are live attributes in canonical form, nil when the answer had none.
	Attrs value.Object
}
