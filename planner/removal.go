package planner

import (
	"fmt"
	"strings"
	"time"

	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/internal/live"
	"github.com/isaworks/isa/internal/schema"
	"github.com/isaworks/isa/internal/value"
	"github.com/isaworks/isa/state"
)

// removals decides how the objects leave that nobody wants any more. The state's
// lifecycle speaks, since the block is gone.
func (p *planner) removals() {
	for _, o := range p.objects {
		if o.inst == nil && !o.unselected {
			p.remove(o)
		}
	}
	p.refusePending()
	p.checkInUse()
}

func (p *planner) remove(o *object) {
	said := p.removalOf(o)
	switch {
	case o.st.Lifecycle.Protect && o.st.Status != state.Retired:
		p.fail(o, nil, "guard.protected", "its block is gone, and lifecycle.protect is in force",
			"bring the block back with protect = false, apply, and then take it away")
		o.unselected = true
	case o.unconfirmed:
	case o.live == nil && o.st.Status == state.Pending && p.recent(o):
		p.unconfirmed(o) // a create was sent, and a listing may show it yet
	case said != nil && said.Action == schema.RemoveForget:
		o.leaving, o.reason = forgotten, "a removed block says so; the tenant is not touched"
	case o.live == nil && p.deletedLately(o):
		o.leaving = retired
	case o.live == nil:
		o.leaving, o.reason = gone, "it is not at the service any more"
	case o.st.Status == state.Retired && said != nil && said.Action == schema.RemoveDelete && o.live.Status == live.Suspended && o.st.Deleted.IsZero():
		p.deleteObject(o, leaverGoes(o))
	case o.st.Status == state.Retired:
		p.removeRetired(o)
	case o.live.Status == live.Deleted:
		o.leaving, o.reason = gone, "it was deleted by hand"
	case said != nil:
		p.removeAs(o, said.Action, "a removed block says so")
	default:
		p.removeAs(o, onRemove(o), "no longer declared")
	}
}

// leaverGoes says why a leaver of an earlier apply is deleted by a removed block, which
// does not wait for the day that the lifecycle named.
func leaverGoes(o *object) string {
	reason := "a removed block says so"
	if !o.st.Suspended.IsZero() {
		reason += "; a leaver, suspended since " + o.st.Suspended.UTC().Format(time.DateOnly)
	}
	if days := o.st.Lifecycle.DeleteAfter; days > 0 {
		reason += fmt.Sprintf("; lifecycle.delete_after (%d days) is overruled", days)
	}
	return reason
}

// forgets reports whether a removed block lets isa forget an object that nobody
// declares, without a look at the tenant. Whether a create was done that was cut off,
// only the tenant tells.
func (p *planner) forgets(o *object) bool {
	if o.inst != nil || o.st.Status == state.Pending {
		return false
	}
	said := p.removalOf(o)
	return said != nil && said.Action == schema.RemoveForget
}

// onRemove is what the lifecycle says, else the kind's default.
func onRemove(o *object) string {
	if o.st.Lifecycle.OnRemove != "" {
		return o.st.Lifecycle.OnRemove
	}
	if len(o.kind.Removals) > 0 {
		return o.kind.Removals[0]
	}
	return "keep"
}

func (p *planner) removeAs(o *object, how, reason string) {
	switch how {
	case "keep":
		o.leaving, o.reason = kept, "no longer declared; lifecycle.on_remove = \"keep\""
	case "forget":
		o.leaving, o.reason = forgotten, "no longer declared; isa stops managing it"
	case "suspend":
		if o.live.Status == live.Pending || o.live.Status == live.Awaiting {
			p.pending, o.unselected = append(p.pending, o), true
			return
		}
		if p.administers(o, "suspended or deleted") {
			return
		}
		if p.leave(o) {
			o.leaving, o.reason = suspended, reason
		}
	case "delete":
		p.deleteObject(o, reason)
	default:
		p.fail(o, nil, "removal.unknown", fmt.Sprintf("lifecycle.on_remove is %q in the state", how),
			"bring the block back with one of "+strings.Join(o.kind.Removals, ", ")+" and apply")
		o.unselected = true
	}
}

// refusePending names all leavers who cannot be suspended in one diagnostic: after
// a first rollout there may be hundreds.
func (p *planner) refusePending() {
	if len(p.pending) == 0 {
		return
	}
	var list []string
	waiting := ""
	for _, o := range p.pending {
		if o.live.Status == live.Awaiting {
			waiting = ", or wait for the activation date"
		}
		o.failed = true
		list = append(list, o.addr.String()+" ("+o.title()+")")
	}
	d := diag.Diagnostic{
		Severity: diag.Error, Code: "removal.pending", Summary: summaries()["removal.pending"],
		Detail: fmt.Sprintf("leavers who have not finished registration%s: %d; the service cannot suspend who has not: %s", waiting, len(list), firstTen(list)),
		Fix: `write removed blocks for them with action = "delete" or "forget"; ` +
			"or leave them as they are for now with --exclude ADDRESS",
	}
	if len(list) == 1 {
		d.Address = p.pending[0].addr.String()
	}
	p.diags = append(p.diags, d)
}

// administers refuses to take an administrator's account away: the service does
// not let administrators be deleted nor the super administrator be suspended, and
// does not tell the two apart.
func (p *planner) administers(o *object, what string) bool {
	if !o.live.Admin {
		return false
	}
	p.fail(o, nil, "removal.admin", o.title()+" is an administrator, whom the service does not let be "+what,
		"take the administrator role away in the admin console first")
	o.unselected = true
	return true
}

func (p *planner) deleteObject(o *object, reason string) {
	if p.administers(o, "deleted") {
		return
	}
	if !p.leave(o) {
		return
	}
	o.leaving, o.reason = deleted, reason
	if o.kind.Lost != "" {
		o.reason += "; lost for good: " + o.kind.Lost
	}
}

// leave puts what a leaver gives up into the object's release.
func (p *planner) leave(o *object) bool {
	if o.kind.Leave == nil {
		return true
	}
	var unit value.Value
	if a := o.st.Lifecycle.LeaversUnit; !a.IsZero() && o.live.Status != live.Deleted && o.st.Status != state.Retired {
		t := p.at[a]
		if t == nil || t.inst == nil || t.unselected && t.live == nil {
			p.fail(o, nil, "reference.unknown", "lifecycle.leavers_unit is "+a.String()+", which is not declared",
				"declare it, or write another leavers_unit for the block and apply before it is taken away")
			o.unselected = true
			return false
		}
		unit = value.ID(t.addr)
	}
	p.giveUpFor(o, unit)
	return true
}

// giveUpFor writes what somebody gives up who leaves for unit; nil: they stay where
// they are.
func (p *planner) giveUpFor(o *object, unit value.Value) {
	for name, v := range o.kind.Leave(o.live.Attrs, unit) {
		a := attrIn(o.kind.Attrs, name)
		if a == nil || p.same(a, &a.Type, v, o.live.Attrs[name]) {
			continue
		}
		o.set(p, a, v, o.live.Attrs[name])
		o.after[name] = p.display(&a.Type, v)
	}
}

// removeRetired proposes the deletion of a leaver whose time has come.
func (p *planner) removeRetired(o *object) {
	o.leaving = retired
	days := o.st.Lifecycle.DeleteAfter
	switch {
	case o.live.Status == live.InUse && !p.recent(o):
		p.plan.Drift = append(p.plan.Drift, Drift{
			Address: o.addr, Title: o.title(), Attr: "status",
			Applied: value.String(live.Suspended), Live: value.String(live.InUse),
		})
	case o.live.Status != live.Suspended || days <= 0 || o.st.Suspended.IsZero() || !o.st.Deleted.IsZero():
	case !p.in.Now.Before(o.st.Suspended.AddDate(0, 0, days)):
		p.deleteObject(o, fmt.Sprintf("suspended since %s; lifecycle.delete_after is %d days",
			o.st.Suspended.UTC().Format(time.DateOnly), days))
	}
}

// then is what an existing object looks like when the plan is done, its place
// included.
func (p *planner) then(o *object) value.Object {
	if o.live == nil {
		if o.inst == nil {
			return nil
		}
		return p.image(o.kind, nil, o.inst.Attrs)
	}
	attrs := o.diff
	if o.kind.placed && o.inst != nil && !o.unselected && o.kind.Parent != "" {
		if w, ok := o.inst.Attrs[o.kind.Parent]; ok {
			attrs = value.Object{o.kind.Parent: w}
			for name, v := range o.diff {
				attrs[name] = v
			}
		}
	}
	if len(attrs) == 0 {
		return o.relocated(o.live.Attrs)
	}
	return o.relocated(p.image(o.kind, o.live.Attrs, attrs))
}

func firstTen(list []string) string {
	if len(list) <= 10 {
		return strings.Join(list, ", ")
	}
	return strings.Join(list[:10], ", ") + fmt.Sprintf(" and %d more", len(list)-10)
}
