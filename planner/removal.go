package planner

import (
	"fmt"
	"slices"
	"strings"

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
	p.checkInUse()
}

func (p *planner) remove(o *object) {
	life := o.st.Lifecycle
	switch {
	case o.unconfirmed:
	case o.live == nil:
		o.leaving, o.reason = gone, "it is not at the service any more"
	case o.st.Status == state.Retired:
		p.removeRetired(o)
	case o.live.Status == live.Deleted:
		o.leaving, o.reason = gone, "it was deleted by hand"
	case life.Protect:
		p.fail(o, nil, "guard.protected", "its block is gone, and lifecycle.protect is in force",
			"bring the block back with protect = false, apply, and then take it away")
		o.unselected = true
	default:
		p.removeAs(o, onRemove(o))
	}
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

func (p *planner) removeAs(o *object, how string) {
	switch how {
	case "keep":
		o.leaving, o.reason = kept, "no longer declared; lifecycle.on_remove = \"keep\""
	case "forget":
		o.leaving, o.reason = forgotten, "no longer declared; isa stops managing it"
	case "suspend":
		if o.live.Status == live.Pending {
			p.fail(o, nil, "removal.pending",
				o.title()+" has not finished registration, and the service cannot suspend who has not",
				`bring the block back with lifecycle on_remove = "delete" or "keep", apply, and then take it away`)
			o.unselected = true
			return
		}
		if p.leave(o) {
			o.leaving, o.reason = suspended, "no longer declared"
		}
	case "delete":
		p.deleteObject(o, "no longer declared")
	default:
		p.fail(o, nil, "removal.unknown", fmt.Sprintf("lifecycle.on_remove is %q in the state", how),
			"bring the block back with one of "+strings.Join(o.kind.Removals, ", ")+" and apply")
		o.unselected = true
	}
}

func (p *planner) deleteObject(o *object, reason string) {
	if o.live.Admin {
		p.fail(o, nil, "removal.admin", o.title()+" is an administrator, whom the service does not let be deleted",
			"take the administrator role away in the admin console first")
		o.unselected = true
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
	if a := o.st.Lifecycle.LeaversUnit; !a.IsZero() && o.live.Status != live.Deleted {
		t := p.at[a]
		if t == nil || t.inst == nil || t.unselected && t.live == nil {
			p.fail(o, nil, "reference.unknown", "lifecycle.leavers_unit is "+a.String()+", which is not declared",
				"declare it, or write another leavers_unit for the block and apply before it is taken away")
			o.unselected = true
			return false
		}
		unit = value.ID(a)
	}
	for name, v := range o.kind.Leave(o.live.Attrs, unit) {
		a := attrIn(o.kind.Attrs, name)
		if a == nil || p.same(a, &a.Type, v, o.live.Attrs[name]) {
			continue
		}
		o.set(p, a, v, o.live.Attrs[name])
		o.after[name] = p.display(&a.Type, v)
	}
	return true
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
			o.st.Suspended.UTC().Format("2006-01-02"), days))
	}
}

// checkInUse refuses to delete what something that stays still refers to and
// that the service would not let go: a unit with people or units in it, a grade
// that somebody has.
func (p *planner) checkInUse() {
	any := slices.ContainsFunc(p.objects, func(o *object) bool { return o.leaving == deleted && !o.kind.Person })
	if !any {
		return
	}
	users := map[*object][]string{}
	for _, k := range p.ordered {
		for i := range k.live {
			l := &k.live[i]
			o := k.owner[l.ID]
			if l.Status == live.Deleted && (o == nil || o.inst == nil || o.unselected) || o != nil && o.leaving == deleted {
				continue
			}
			p.emptyOut(o)
			p.usesOf(k, o, l, users)
		}
	}
	for _, o := range p.objects {
		list := users[o]
		if len(list) == 0 || o.leaving != deleted {
			continue
		}
		p.fail(o, nil, "removal.in_use", "still used by "+firstTen(list),
			"move them elsewhere in the configuration or in the admin console, or keep the block; for leavers set lifecycle.leavers_unit")
	}
}

// usesOf notes which objects to be deleted l refers to, at the end of the plan, in
// a way that the service does not accept.
func (p *planner) usesOf(k *kind, o *object, l *live.Object, users map[*object][]string) {
	after := l.Attrs
	if o != nil && o.active() {
		after = p.then(o)
	}
	seen := map[*object]bool{}
	eachRef(k.Attrs, after, func(top *schema.Attr, t *schema.Type, v value.Value) {
		target := p.pointsAt(t, v)
		if target == nil || target.leaving != deleted || target.kind.Person || seen[target] || !k.Person && top.Name != k.Parent {
			return
		}
		seen[target] = true
		who := titleOf(k, l.Attrs, l.ID)
		if o != nil {
			who = o.addr.String()
		}
		users[target] = append(users[target], who+" ("+top.Name+")")
	})
}

// emptyOut clears what a leaver has that is deleted in the same plan, where the
// service lets it be cleared: a grade that goes with its last holder.
func (p *planner) emptyOut(o *object) {
	if o == nil || o.unselected || o.leaving != suspended {
		return
	}
	for i := range o.kind.Attrs {
		a := &o.kind.Attrs[i]
		if a.Type.Kind != schema.Reference || !a.Clearable || o.diff[a.Name] != nil {
			continue
		}
		l := o.live.Attrs[a.Name]
		if t := p.pointsAt(&a.Type, l); t != nil && t.leaving == deleted {
			o.set(p, a, value.Clear{}, l)
		}
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
		return o.live.Attrs
	}
	return p.image(o.kind, o.live.Attrs, attrs)
}

func firstTen(list []string) string {
	if len(list) <= 10 {
		return strings.Join(list, ", ")
	}
	return strings.Join(list[:10], ", ") + fmt.Sprintf(" and %d more", len(list)-10)
}
