package planner

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/isaworks/isa/internal/addr"
	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/internal/live"
	"github.com/isaworks/isa/internal/schema"
	"github.com/isaworks/isa/internal/value"
	"github.com/isaworks/isa/state"
)

// Whom isa suspends on the day that their block names stays a declared person to the
// state, with the moment of the suspension. So a later day takes them back, and nobody
// whom isa did not suspend; and when the block goes, they leave as anybody does.

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

// returns reports whether somebody whom isa suspended or deleted is wanted back.
func (p *planner) returns(o *object) bool {
	return o.st != nil && !p.due(o) && (o.st.Shut() || o.halfSuspended())
}

// halfSuspended reports whether somebody is suspended whom isa was suspending, or taking
// back, when it was cut off.
func (o *object) halfSuspended() bool {
	return o.st != nil && !o.st.Shut() && o.live != nil && o.live.Status == live.Suspended && o.begun(state.StatusName)
}

// suspendDue suspends somebody whose day has come, unless they are suspended.
func (p *planner) suspendDue(o *object) {
	left := o.st != nil && o.st.Shut()
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

// spend leaves alone whose day has come and whose account somebody deleted: it is not to
// be brought back, or made anew, to be suspended. Nobody refers to them any more.
func (p *planner) spend() {
	var list []string
	for _, o := range p.objects {
		if o.unselected || o.unconfirmed || !p.due(o) || !o.deletedByHand() {
			continue
		}
		o.spent, o.unselected = true, true
		list = append(list, o.addr.String()+" ("+o.title()+")")
		if o.live != nil && o.st != nil {
			p.plan.Drift = append(p.plan.Drift, Drift{
				Address: o.addr, Title: o.title(), Attr: "status",
				Applied: value.String(o.lastStatus()), Live: value.String(live.Deleted),
			})
		}
	}
	if len(list) == 0 {
		return
	}
	p.diags = append(p.diags, diag.Diagnostic{
		Severity: diag.Warning, Code: "suspend.deleted", Summary: summaries()["suspend.deleted"],
		Detail: fmt.Sprintf("their accounts are deleted: %d: %s", len(list), firstTen(list)),
		Fix:    "leave the rows out; who is to come back needs a later day",
	})
	for _, o := range p.objects {
		if o.inst != nil && !o.unselected {
			p.letGo(o)
		}
	}
}

// deletedByHand reports whether somebody else deleted an account, or the service removed
// for good one that the state knows.
func (o *object) deletedByHand() bool {
	switch {
	case o.st == nil || o.st.ID == "":
		return o.live != nil && o.live.Status == live.Deleted
	case o.live == nil:
		return true
	}
	return o.live.Status == live.Deleted && o.st.Deleted.IsZero()
}

// letGo takes those whose day is over out of what is wanted of others. What was wanted of
// nobody else, a list or an attribute, is left as it is; what cannot be without them is
// left out.
func (p *planner) letGo(o *object) {
	gone := func(v value.Value) bool {
		return slices.ContainsFunc(value.Refs(v), func(r addr.Address) bool { return p.at[r] != nil && p.at[r].spent })
	}
	if !gone(o.inst.Attrs) {
		return
	}
	inst := *o.inst
	inst.Attrs = maps.Clone(inst.Attrs)
	for i := range o.kind.Attrs {
		a := &o.kind.Attrs[i]
		v := inst.Attrs[a.Name]
		if v == nil || !gone(v) {
			continue
		}
		if a.Required {
			o.unselected = true
			p.diags = append(p.diags, diag.Diagnostic{
				Severity: diag.Warning, Code: "selection.needs", Summary: summaries()["selection.needs"],
				Detail:  a.Name + " names somebody whose account is deleted",
				Address: o.addr.String(), Attr: a.Name, Place: o.where(value.Of(a.Name)),
			})
			return
		}
		delete(inst.Attrs, a.Name)
		if list, is := v.(value.List); is {
			if rest := slices.DeleteFunc(slices.Clone(list), gone); len(rest) > 0 {
				inst.Attrs[a.Name] = rest
			}
		}
	}
	o.inst = &inst
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
	case name == "" || o.st.Status == state.Retired || o.st.Attrs[name] == nil:
		return "a leaver returns"
	case value.Text(o.inst.Attrs[name]) != "":
		return p.dueReason(o) + " now"
	default:
		return name + " is taken away"
	}
}
