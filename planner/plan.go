package planner

import (
	"slices"
	"time"

	"github.com/isaworks/isa/internal/addr"
	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/internal/lanes"
	"github.com/isaworks/isa/internal/schema"
	"github.com/isaworks/isa/internal/value"
)

// FormatVersion is the version of the plan's JSON (docs/formats.md).
const FormatVersion = "1"

// Action is what happens to an object, for people and for counting. What is done
// about it is in the steps.
type Action string

// The actions. Exactly one describes a change, the weightiest that applies.
const (
	Create  Action = "create"
	Update  Action = "update"
	Move    Action = "move"    // its company changes, or only its place or its address
	Adopt   Action = "adopt"   // exists already, isa takes it over, perhaps with an update
	Suspend Action = "suspend" // a leaver's first stages
	Restore Action = "restore" // a leaver who returns
	Delete  Action = "delete"
	Forget  Action = "forget" // isa stops managing it, the service is not touched
	Keep    Action = "keep"   // on_remove = "keep": like forget, said by the configuration
)

// Verb is one thing done to one object at the service.
type Verb string

// The verbs. Record touches only the state.
const (
	DoCreate    Verb = "create"
	DoPatch     Verb = "patch"    // named attributes
	DoRelease   Verb = "release"  // a patch that gives up a name for another object
	DoPlace     Verb = "place"    // parent and place among siblings
	DoRelocate  Verb = "relocate" // to another company, with all that belongs to it
	DoSuspend   Verb = "suspend"
	DoUnsuspend Verb = "unsuspend"
	DoDelete    Verb = "delete"
	DoUndelete  Verb = "undelete"
	DoRecord    Verb = "record"
)

// Plan is what is going to happen, as data: it can be saved, compared, hashed
// and shown, and it is all that apply needs. Nothing in it is a secret.
type Plan struct {
	FormatVersion string    `json:"format_version"`
	Tool          string    `json:"tool_version"`
	Created       time.Time `json:"created"`
	Tenant        string    `json:"tenant"`  // live.Snapshot.Identity
	Lineage       string    `json:"lineage"` // of the state
	Serial        int       `json:"serial"`
	Config        string    `json:"config_digest"`
	AsOf          string    `json:"as_of,omitempty"`
	Flags         []string  `json:"flags,omitempty"` // that apply wants again with the same values (--target); no part of the hash

	Summary     Summary        `json:"summary"`
	Changes     []Change       `json:"changes"` // grouped by kind in planning order, then by address
	Drift       []Drift        `json:"drift"`
	Effects     []Effect       `json:"effects,omitempty"` // what changes mean for people, by sort, then in the order of the changes
	Seats       *Seats         `json:"seats,omitempty"`   // nil: there are no people
	Content     []Content      `json:"content"`
	Waves       []WaveChange   `json:"waves,omitempty"`    // that come into another phase
	Unserved    []Unserved     `json:"unserved,omitempty"` // at the sources, and nobody can move it
	Cost        Cost           `json:"cost"`
	Headroom    []GuardUse     `json:"headroom"`          // how much of each guard the plan uses
	Allowed     map[string]int `json:"allowed,omitempty"` // guards lifted for this plan: code → count
	Diagnostics diag.List      `json:"diagnostics"`
	Hash        string         `json:"hash"`

	// Tables is how full the tables were that the plan was made from; the state
	// records it when the plan is carried out. Nil for a plan of a part, which says
	// nothing about all their rows. No part of the hash.
	Tables []Table `json:"tables,omitempty"`

	// TableChanges are what became of the rows of Tables since the last apply.
	TableChanges []TableChange `json:"table_changes,omitempty"`

	// Records are what the state must learn of objects that have no change, sorted
	// like changes. They are recorded when the plan is carried out, are nothing to
	// do by themselves, and are no part of the hash.
	Records []Record `json:"records,omitempty"`

	// Sequences are declared siblings of a tree in the order in which they then stand, where
	// the state does not have them so: it records all of one at once, when everything that
	// this plan does to them has ended, and what places them was done. They are nothing to
	// do by themselves, and no part of the hash.
	Sequences [][]addr.Address `json:"sequences,omitempty"`

	// Names are for showing only and no part of the hash: what changes refer to,
	// and the units above changed units. Keys are addresses, and service IDs as
	// they occur in Before.
	Names map[string]Name `json:"names,omitempty"`

	// Unconfirmed are objects that were applied moments ago and that the listing
	// does not show that way yet: list again before believing it. Not saved.
	Unconfirmed []addr.Address `json:"-"`
}

// Name is how people call an object, and where it hangs in a tree: the key in
// Names of its parent, "" at the top.
type Name struct {
	Title  string `json:"title"`
	Kind   string `json:"kind,omitempty"` // "" in plans of an isa that did not say
	Parent string `json:"parent,omitempty"`
}

// Summary counts changes by action.
type Summary struct {
	Create  int `json:"create"`
	Update  int `json:"update"`
	Move    int `json:"move"`
	Adopt   int `json:"adopt"`
	Suspend int `json:"suspend"`
	Restore int `json:"restore"`
	Delete  int `json:"delete"`
	Forget  int `json:"forget"`
	Keep    int `json:"keep"`
}

// Change is everything that happens to one object.
type Change struct {
	Address  addr.Address   `json:"address"`
	Previous addr.Address   `json:"previous_address,omitzero"` // the state knows it by this one
	Kind     string         `json:"kind"`
	ID       string         `json:"id,omitempty"` // "" until created
	Company  schema.Company `json:"company"`
	From     schema.Company `json:"from,omitzero"` // the company that it leaves; zero: it stays in its own
	Action   Action         `json:"action"`
	Reason   string         `json:"reason"` // for people; no code reads it
	Title    string         `json:"title"`  // the object's name for people
	Before   value.Object   `json:"before"` // managed attributes that change, as they are
	After    value.Object   `json:"after"`  // and as they will be
	Steps    []Step         `json:"steps"`
	Range    *diag.Range    `json:"range,omitempty"`

	// Managed is the whole wanted object, which the state records as last applied
	// when all steps are done; nil when the object leaves the state.
	Managed   value.Object     `json:"managed,omitempty"`
	Lifecycle schema.Lifecycle `json:"lifecycle,omitzero"`
	// Expect is what the plan relied on: the live values of the attributes it
	// changes. Apply of a saved plan refuses when they differ.
	Expect value.Object `json:"expect,omitempty"`
}

// Step is one thing done to one object. Graph, lanes and journal work on steps.
type Step struct {
	ID    string       `json:"id"` // address#number, unique in the plan
	Verb  Verb         `json:"verb"`
	Attrs value.Object `json:"attrs,omitempty"` // to write; Refs by address, Secrets by handle
	Place *Place       `json:"place,omitempty"`
	Needs []string     `json:"needs,omitempty"` // steps that must have succeeded before; a suspension waits for their end
	Calls []lanes.Call `json:"calls,omitempty"` // the requests it takes, in order
	Note  string       `json:"note,omitempty"`  // for people: why this step exists
}

// Place is a unit's place in the tree: under Parent (nil: top level), right
// after the sibling After (nil: first; when Last is set: behind all others). The
// number the service wants is computed at call time.
type Place struct {
	Parent value.Value `json:"parent"`
	After  value.Value `json:"after"`
	Last   bool        `json:"last,omitempty"`
}

// Record is what the state must hold as last applied of an object that needs no
// step: it is at the service as wanted already.
type Record struct {
	Address addr.Address `json:"address"`
	Attrs   value.Object `json:"attrs"`
	Found   string       `json:"found,omitempty"` // state.Object.Found
}

// Drift is a difference that nobody's configuration asked for.
type Drift struct {
	Address addr.Address `json:"address"`
	Title   string       `json:"title"`
	Attr    string       `json:"attr"`
	Applied value.Value  `json:"applied"` // what isa last wrote
	Live    value.Value  `json:"live"`
	// Reverted tells that this plan changes it back; false: it is left alone
	// (lifecycle.ignore).
	Reverted bool `json:"reverted"`
}

// Content is a plan line of things counted by millions; what it is and how it
// goes, with counts from the last survey or pass. Only address, route, phase and
// filters enter the plan's hash.
type Content struct {
	Address addr.Address `json:"address"`
	// Previous is the address by which the ledger knows it, when that is another one.
	Previous addr.Address `json:"previous_address,omitzero"`
	Title    string       `json:"title,omitempty"`
	Wave     addr.Address `json:"wave,omitzero"`
	// Moved is the wave that items were moved with before, when it is another one.
	Moved    addr.Address `json:"moved_with,omitzero"`
	Route    string       `json:"route"`
	Phase    string       `json:"phase,omitempty"`
	Filters  []string     `json:"filters,omitempty"`
	Items    int64        `json:"items"`
	Bytes    int64        `json:"bytes"`
	NewItems int64        `json:"new_items"`
	NewBytes int64        `json:"new_bytes"`
	Excluded int64        `json:"excluded"`
	TooLarge int64        `json:"too_large"`
	// Surveyed is when the counts were made; zero: never, and they say nothing.
	Surveyed time.Time `json:"surveyed,omitzero"`
	Passed   time.Time `json:"passed,omitzero"` // begin of the last complete pass
	Waits    string    `json:"waits,omitempty"` // why nothing can be moved yet, for people
	// Runs are those of the service's own migration that the new items take at least,
	// Notices the mails that the member gets for them; 0 where isa puts items there.
	Runs    int64 `json:"runs,omitempty"`
	Notices int64 `json:"notices,omitempty"`
	// Held tells that the new items are too few for a run, and wait for more.
	Held bool `json:"held,omitempty"`
	// Forgotten tells that no block declares it any more. What was moved stays where
	// it is, and the ledger remembers it; nothing is done.
	Forgotten bool `json:"forgotten,omitempty"`
}

// Cost is what the plan will spend.
type Cost struct {
	Requests map[string]int `json:"requests"` // operation → calls
	Seconds  float64        `json:"seconds"`  // the bound: no apply within the limits can be shorter
	Budget   lanes.Budget   `json:"budget"`
	Content  *ContentCost   `json:"content,omitempty"` // nil: no content is declared
}

// GuardUse tells how much of a guard's limit the plan uses.
type GuardUse struct {
	Code    string `json:"code"`
	Count   int    `json:"count"`
	Limit   int    `json:"limit"`
	Of      int    `json:"of"` // how many there are
	Company string `json:"company,omitempty"`
}

// Empty reports whether there is nothing to do: no changes, no wave that comes into
// another phase, and no content with something new or never looked at. Drift that
// is left alone does not count.
func (p *Plan) Empty() bool {
	return len(p.Changes)+len(p.Waves) == 0 && !slices.ContainsFunc(p.Content, func(c Content) bool { return c.pending() })
}
