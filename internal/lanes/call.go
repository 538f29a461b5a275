// Package lanes spends the service's budgets: per API operation a counted
// minute, and per writer one call at a time with a pause between.
//
// A lane spends what the service says is left until the window resets. A token
// bucket would be the wrong model: a burst of a whole window doubles it, an even
// pace makes a short plan slow (reference/api/00-auth-and-common.md, section 9).
package lanes

import "time"

// Call is one request to the service as budgets see it.
type Call struct {
	// Op is the name of the operation in the table of operations; it is the lane.
	Op string `json:"op"`
	// Writer names a thing that takes one write at a time ("orgunits 10000001",
	// "user <id>"); "" for reads.
	Writer string `json:"writer,omitempty"`
}

// Budget is what a run may spend: chosen when planning, kept in the plan.
type Budget struct {
	// PerMinute is the limit of every operation not named in Ops.
	PerMinute int `json:"per_minute"`
	// Ops are operations that run at another limit: half, when their planned work
	// is longer than 30 minutes at the full rate.
	Ops map[string]int `json:"ops,omitempty"`
	// WriterGap is the least time between the starts of two calls of one org-unit
	// writer, which also never overlap. Other writers have no gap.
	WriterGap time.Duration `json:"writer_gap"`
}

// Limit returns the calls a minute of op.
func (b Budget) Limit(op string) int {
	if n, ok := b.Ops[op]; ok {
		return n
	}
	return b.PerMinute
}

// The product's limits (reference/api/00-auth-and-common.md, section 9; 20-orgunits.md,
// section 5).
const (
	FreePerMinute = 60
	PaidPerMinute = 240
	OrgUnitGap    = time.Second
	Window        = time.Minute
	LongRun       = 30 * time.Minute // longer work of one operation runs at half the limit
)
