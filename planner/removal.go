package planner

import (
	"fmt"
	"maps"
	"slices"
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
	switch {
	case o.st.Lifecycle.Protect && o.st.Status != state.Retired:
		p.fail(o, nil, "guard.protected", "its block is gone, and lifecycle.protect is in force",
			"bring the block back with protect = false, apply, and then take it away")
		o.unselected = true
	case o.unconfirmed:
	case o.live == nil && o.st.Status == state.Pending && p.recent(o):
		p.unconfirmed(o) // a create was sent, and a listing may show it yet
	case o.live == nil && p.deletedLately(o):
		o.leaving = retired
	case o.live == nil:
		o.leaving, o.reason = gone, "it is not at the service any more"
	case o.st.Status == state.Retired:
		p.removeRetired(o)
	case o.live.Status == live.Deleted:
		o.leaving, o.reason = gone, "it was deleted by hand"
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
			p.pending, o.unselected = append(p.pending, o), true
			return
		}
		if p.administers(o, "suspended or deleted") {
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

// refusePending names all leavers who cannot be suspended in one diagnostic: after
// a first rollout there may be hundreds.
func (p *planner) refusePending() {
	if len(p.pending) == 0 {
		return
	}
	var list []string
	for _, o := range p.pending {
		list = append(list, o.addr.String()+" ("+o.title()+")")
	}
	d := diag.Diagnostic{
		Severity: diag.Error, Code: "removal.pending", Summary: summaries()["removal.pending"],
		Detail: fmt.Sprintf("leavers who have not finished registration: %d; the service cannot suspend who has not: %s", len(list), firstTen(list)),
		Fix: `bring their blocks back with lifecycle on_remove = "delete" or "keep", apply, and then take them away; ` +
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
	for _, o := range p.objects {
		p.emptyOut(o)
	}
	p.lingering()
	users := map[*object][]string{}
	for _, k := range p.ordered {
		for i := range k.live {
			l := &k.live[i]
			o := k.owner[l.ID]
			if lingers(o, l) || o != nil && o.leaving == deleted {
				continue
			}
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

// emptyOut clears what a leaver has that is deleted in the same plan: a grade that
// goes with its last holder. Who is deleted is taken out of units too, since the
// service counts people in the deletion period; who is only suspended stays where
// they are.
func (p *planner) emptyOut(o *object) {
	if o.unselected || o.live == nil || o.leaving != suspended && o.leaving != deleted || !o.kind.Person {
		return
	}
	for i := range o.kind.Attrs {
		a := &o.kind.Attrs[i]
		v := o.live.Attrs[a.Name]
		if w, ok := o.diff[a.Name]; ok {
			v = w
		}
		switch {
		case a.Type.Kind == schema.Reference && a.Clearable && p.isDeleted(&a.Type, v):
			o.set(p, a, value.Clear{}, o.live.Attrs[a.Name])
		case a.Type.Kind == schema.List && a.ElemKey != "":
			if list, changed := p.withoutDeleted(o, a, v); changed {
				o.set(p, a, list, o.live.Attrs[a.Name])
				o.after[a.Name] = p.display(&a.Type, list)
			}
		}
	}
}

func (p *planner) isDeleted(t *schema.Type, v value.Value) bool {
	target := p.pointsAt(t, v)
	return target != nil && target.leaving == deleted && !target.unselected
}

// withoutDeleted is a keyed list without the elements of deleted objects, unless
// the person is only suspended, and without clearable references to such.
func (p *planner) withoutDeleted(o *object, a *schema.Attr, v value.Value) (list value.List, changed bool) {
	have, _ := v.(value.List)
	for _, e := range have {
		elem, _ := e.(value.Object)
		drop := false
		for i := range a.Type.Elem.Attrs {
			inner := &a.Type.Elem.Attrs[i]
			if inner.Type.Kind != schema.Reference || !p.isDeleted(&inner.Type, elem[inner.Name]) {
				continue
			}
			switch {
			case inner.Name == a.ElemKey:
				drop = drop || o.leaving == deleted
			case inner.Clearable:
				elem, changed = maps.Clone(elem), true
				elem[inner.Name] = value.Clear{}
			}
		}
		if changed = changed || drop; !drop {
			list = append(list, elem)
		}
	}
	if list == nil {
		list = value.List{}
	}
	return list, changed
}

// deletionPeriod is how long the service keeps a deleted person restorable (10 §2.8).
const deletionPeriod = 7 * 24 * time.Hour

// deletedLately reports whether isa deleted the person so recently that the
// service can still restore the account, listed or not.
func (p *planner) deletedLately(o *object) bool {
	return o.kind.Person && o.st != nil && o.st.ID != "" && o.st.Status == state.Retired && !o.st.Deleted.IsZero() &&
		p.in.Now.Before(o.st.Deleted.Add(deletionPeriod))
}

// lingers reports whether a live object is a deleted one that this plan does not
// bring back.
func lingers(o *object, l *live.Object) bool {
	return l.Status == live.Deleted && (o == nil || o.inst == nil || o.unselected)
}

// lingering holds back what people in the deletion period still have: they cannot
// be changed, and the service counts them (20 §4.6). It goes in a later plan.
func (p *planner) lingering() {
	for _, k := range p.ordered {
		for i := range k.live {
			if l := &k.live[i]; k.Person && lingers(k.owner[l.ID], l) {
				eachRef(k.Attrs, l.Attrs, func(_ *schema.Attr, t *schema.Type, v value.Value) {
					if target := p.pointsAt(t, v); target != nil && !target.kind.Person {
						p.postponeRemoval(target, titleOf(k, l.Attrs, l.ID), k.owner[l.ID])
					}
				})
			}
		}
	}
	for _, o := range p.objects {
		if o.live == nil && o.inst == nil && p.deletedLately(o) { // the listing leaves them out
			eachRef(o.kind.Attrs, o.st.Attrs, func(_ *schema.Attr, t *schema.Type, v value.Value) {
				if target := p.pointsAt(t, v); target != nil && !target.kind.Person {
					p.postponeRemoval(target, o.title(), o)
				}
			})
		}
	}
}

// postponeRemoval leaves an object, and what it stands below, for a later plan.
// by is who still has it, nil when isa does not know when they were deleted.
func (p *planner) postponeRemoval(o *object, who string, by *object) {
	until := "within 7 days"
	if by != nil && by.st != nil && !by.st.Deleted.IsZero() {
		until = "after " + by.st.Deleted.Add(deletionPeriod).UTC().Format("2006-01-02 15:04 UTC")
	}
	for o != nil && o.leaving == deleted && !o.unselected {
		o.unselected, o.leaving = true, stays
		d := diag.Diagnostic{
			Severity: diag.Warning, Code: "removal.lingering", Summary: summaries()["removal.lingering"], Address: o.addr.String(), Place: o.where(nil),
			Detail: "it stays for now: " + who + " is deleted, can still be restored, and has it",
			Fix:    "plan again when the service has removed them for good, " + until + "; nothing else needs to be done",
		}
		p.diags = append(p.diags, d)
		a := attrIn(o.kind.Attrs, o.kind.Parent)
		if a == nil {
			return
		}
		o = p.pointsAt(&a.Type, o.live.Attrs[a.Name])
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
