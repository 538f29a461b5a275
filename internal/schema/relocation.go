package schema

import (
	"time"

	"github.com/isaworks/isa/internal/value"
)

// Relocation says how objects of a kind move from one company of the tenant to another
// by a step of their own; a kind without one cannot.
type Relocation struct {
	// Attrs are what the move itself writes, whole, with everything else that belongs to
	// the new company. Needs are those of them that have to be written for a move.
	Attrs, Needs []string
	// Again are attributes that the service may change by the move, so that they are
	// written once more behind it.
	Again []string
	// Ends are attributes whose values belong to a company: what is not written anew is
	// gone after the move.
	Ends []string
	// Leaves are the kinds whose lists the object is taken out of by the move, unless
	// the switch Keep of the object is on.
	Leaves []string
	Keep   string
	// Lost says what the move loses whatever is switched, for people.
	Lost string
	// Reframe writes the attributes of an object of company from as those of one of
	// company to: an address that was written without its domain gets it.
	Reframe func(attrs value.Object, from, to Company) value.Object
}

// Zone is the time zone in which dates without a time begin and end: that of the
// service's home, and of Korea and Japan, which have no summer time.
func Zone() *time.Location { return time.FixedZone("", 9*60*60) }
