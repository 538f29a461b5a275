// Package planner turns configuration, state and a live snapshot into a Plan.
// It is pure: no network, no files, no clock of its own, and one input gives one
// plan, byte for byte.
package planner

import (
	"time"

	"github.com/isaworks/isa/internal/addr"
	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/internal/lanes"
	"github.com/isaworks/isa/internal/live"
	"github.com/isaworks/isa/internal/schema"
	"github.com/isaworks/isa/state"
)

// Input is everything a plan depends on.
type Input struct {
	Tool    string
	Now     time.Time // for dates of leavers and the age of things
	AsOf    string
	Tenant  schema.Tenant
	Kinds   []*schema.Kind     // in the order in which changes are grouped
	Wanted  []*schema.Instance // blocks that steer content are passed over
	State   *state.State
	Live    live.Snapshot
	Config  string // digest of the configuration
	Content DeclaredContent
	Guards  []Guard
	// Moves, Removals and Imports are what the configuration says about addresses,
	// checked.
	Moves    []schema.Move
	Removals []schema.Removal
	Imports  []schema.Import
	Tables   []Table
	Allow    map[string]int // guard code → count lifted for this plan
	Targets  []addr.Address // nil = all; an address without key selects all instances of the block
	Exclude  []addr.Address

	// Calls tells which requests a step will take. It is pure and comes from the
	// provider through whoever wires the two together.
	Calls func(kind string, company schema.Company, step *Step) []lanes.Call
	// PerMinute is the service's limit for each operation.
	PerMinute int
}

// Guard is a `guard` block: it overrides the limits of one guard.
type Guard struct {
	Code       string
	MaxCount   *int
	MaxPercent *float64
	Range      diag.Range
}

// Table tells how full a table was, to notice one that lost half its rows or a
// column that turned mostly empty since the last apply.
type Table = state.Table
