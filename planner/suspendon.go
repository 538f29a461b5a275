package planner

import (
	"fmt"
	"slices"
	"time"

	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/internal/live"
	"github.com/isaworks/isa/internal/schema"
	"github.com/isaworks/isa/internal/value"
	"github.com/isaworks/isa/state"
)

// Whom isa suspends on the day that their block names is a leaver to the state from then
// on, as somebody whose block has gone: retired, with the day of the suspension. So a
// later day takes them back, and nobody whom isa did not suspend.

// today is the day for which the plan is made.
func (p *planner) today() string {
	if p.in.AsOf != "" {
		return p.in.AsOf
	}
	return p.in.Now.In(schema.Zone()).Format(time.DateOnly)
}

// due reports whether the day has come on which a declared person is to be suspended.
func (p *planner) due(o *object) bool {
	if o.inst == nil || o.kind.SuspendOn == "" {
		return false
	}
	day := value.Text(o.inst.Attrs[o.kind.SuspendOn])
	return day != "" && day <= p.today()
}

// returns reports whether a leaver of an earlier apply is wanted again.
func (p *planner) returns(o *object) bool {
	return o.st != nil && !p.due(o) && (o.st.Status == state.Retired || o.halfSuspended())
}

// halfSuspended reports whether somebody is suspended whom isa was suspending, or taking
// back, when it was cut off.
func (o *object) halfSuspended() bool {
	return o.st != nil && o.st.Status != state.Retired && o.live != nil && o.live.Status == live.Suspended &&
		slices.Contains(o.st.Begun, state.StatusName)
}

// suspendDue suspends somebody whose day has come, unless they are suspended.
func (p *planner) suspendDue(o *object) {
	left := o.st != nil && o.st.Status == state.Retired
	switch status := o.live.Status; {
	case status == live.Suspended:
		o.suspends = o.halfSuspended() // so that the state knows
	case status == live.Pending, status == live.Awaiting && !p.endsWaiting(o):
		p.diags = append(p.diags, diag.Diagnostic{
			Severity: diag.Warning, Code: "suspend.pending", Summary: summaries()["suspend.pending"],
			Detail:  p.dueReason(o) + ", and " + o.title() + " is " + statusWords(o.live, o),
			Fix:     "write a removed block with action = \"delete\", or leave it until they registered",
			Address: o.addr.String(), Place: o.where(value.Of(o.kind.SuspendOn)),
		})
	default:
		if p.administers(o, "suspended") {
			return
		}
		if left && p.recent(o) {
			p.unconfirmed(o)
			return
		}
		if left && o.live.Status == live.InUse {
			p.plan.Drift = append(p.plan.Drift, Drift{
				Address: o.addr, Title: o.title(), Attr: "status", Reverted: true,
				Applied: value.String(live.Suspended), Live: value.String(live.InUse),
			})
		}
		o.suspends = true
	}
}

// endsWaiting reports whether this plan takes away the moment that somebody waits for.
func (p *planner) endsWaiting(o *object) bool {
	return slices.ContainsFunc(o.kind.Attrs, func(a schema.Attr) bool {
		_, cleared := o.diff[a.Name].(value.Clear)
		return cleared && a.Over != nil && a.Type.Kind == schema.String
	})
}

// refuseDue refuses to make an account that would be suspended at once.
func (p *planner) refuseDue(o *object) {
	if p.due(o) {
		p.fail(o, value.Of(o.kind.SuspendOn), "suspend.created", p.dueReason(o)+", and there is no account",
			"leave the row out (for_each with if), or write a later day")
	}
}

func (p *planner) dueReason(o *object) string {
	return fmt.Sprintf("%s is %s", o.kind.SuspendOn, value.Text(o.inst.Attrs[o.kind.SuspendOn]))
}

// returnReason says why a leaver is taken back.
func (p *planner) returnReason(o *object) string {
	switch name := o.kind.SuspendOn; {
	case name == "" || o.st.Attrs[name] == nil:
		return "a leaver returns"
	case value.Text(o.inst.Attrs[name]) != "":
		return p.dueReason(o) + " now"
	default:
		return name + " is taken away"
	}
}
