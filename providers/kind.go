// Package providers holds the contracts between isa and the services it moves
// organisations into: declared objects (Kind) and content (Origin, Target, Puller,
// Ledger).
package providers

import (
	"context"

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
