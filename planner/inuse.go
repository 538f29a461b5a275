package planner

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/isaworks/isa/internal/addr"
	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/internal/live"
	"github.com/isaworks/isa/internal/schema"
	"github.com/isaworks/isa/internal/value"
	"github.com/isaworks/isa/state"
)

// checkInUse refuses to delete what something that stays still refers to and
// that the service would not let go: a unit with people or units in it, a grade
// that somebody has.
func (p *planner) checkInUse() {
	any := slices.ContainsFunc(p.objects, func(o *object) bool { return o.leaving == deleted && !o.kind.Person })
	if !any {
		return
	}
	p.lingering()
	p.stuck()
	for _, o := range p.objects {
		p.emptyOut(o)
		p.moveOut(o)
	}
	users := map[*object][]user{}
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
		if list := users[o]; len(list) > 0 {
			p.refuseInUse(o, list)
		}
	}
}

// user is somebody or something that refers to an object to be deleted.
type user struct {
	o    *object // nil: nobody declares it
	text string
}

// usesOf notes which objects to be deleted l refers to, at the end of the plan, in
// a way that the service does not accept.
func (p *planner) usesOf(k *kind, o *object, l *live.Object, users map[*object][]user) {
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
			p.believe(o)
		}
		users[target] = append(users[target], user{o, who + " (" + top.Name + ")"})
	})
}

// believe doubts that somebody works again who was suspended moments ago: the
// listing may not show it yet.
func (p *planner) believe(o *object) {
	if o.worksAgain() && p.recent(o) {
		p.unconfirmed(o)
	}
}

// refuseInUse refuses to delete an object, and says a way out for each sort of
// users. Users about whom there is an error already come to that first.
func (p *planner) refuseInUse(o *object, users []user) {
	var list, ways []string
	for _, u := range users {
		if u.o != nil && u.o.failed {
			continue
		}
		list = append(list, u.text)
		if way := p.wayOut(o, u); !slices.Contains(ways, way) {
			ways = append(ways, way)
		}
	}
	if len(list) > 0 {
		p.fail(o, nil, "removal.in_use", "still used by "+firstTen(list), strings.Join(ways, "; ")+"; or keep the block")
	}
}

func (p *planner) wayOut(o *object, u user) string {
	do := "give them another one"
	if o.kind.Parent != "" {
		do = "move them elsewhere"
	}
	switch {
	case u.o == nil:
		return do + " in the admin console, or declare them"
	case u.o.unselected && len(p.in.Targets)+len(p.in.Exclude) > 0:
		return "plan both together: widen --target or take --exclude back"
	case u.o.worksAgain():
		return "a leaver works again: " + do + " in the admin console, suspend them there again, or bring their block back"
	case u.o.leaving == suspended:
		return "bring the block of the leavers back with lifecycle { leavers_unit = … }, apply, and then take both away"
	case u.o.inst == nil:
		return do + " in the admin console"
	}
	return do + " in the configuration"
}

// emptyOut clears what a leaver has that is deleted in the same plan: a grade that
// goes with its last holder. Who is deleted is taken out of units too, since the
// service counts people in the deletion period; who is only suspended stays where
// they are.
func (p *planner) emptyOut(o *object) {
	if o.unselected || o.live == nil || o.leaving != suspended && o.leaving != deleted && !o.left() || !o.kind.Person {
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

// left reports whether the object is a leaver of an earlier apply, suspended as isa
// left them. Who works again is not.
func (o *object) left() bool {
	return o.leaving == retired && !o.unselected && o.live != nil && o.live.Status == live.Suspended
}

// worksAgain reports whether a leaver of an earlier apply was taken back by hand.
func (o *object) worksAgain() bool {
	return o.leaving == retired && o.live != nil && o.live.Status != live.Suspended && o.live.Status != live.Deleted
}

// stuck leaves units for a later plan in which leavers of earlier applies are whom
// the configuration names no unit to move to. It comes before anybody is moved.
func (p *planner) stuck() {
	who := map[*object][]string{}
	fix := map[*object]string{}
	for _, o := range p.objects {
		units := p.deletedUnder(o)
		if len(units) == 0 {
			continue
		}
		unit, several := p.leaversUnit(o)
		if unit != nil {
			continue
		}
		for _, u := range units {
			who[u] = append(who[u], o.addr.String()+" ("+o.title()+")")
			fix[u] = "write lifecycle { leavers_unit = … } in a member block of the company, or move or delete them in the admin console"
			if len(several) > 0 {
				fix[u] = "the blocks name several units for leavers: " + firstTen(several) +
					"; write one in all of them for one apply, or move or delete them in the admin console"
			}
		}
	}
	for _, u := range p.objects {
		if list := who[u]; len(list) > 0 {
			p.postponeRemoval(u, "removal.leavers", firstTen(list), fix[u])
		}
	}
}

// moveOut takes a leaver of an earlier apply out of units that are deleted: into the
// unit for leavers.
func (p *planner) moveOut(o *object) {
	if len(p.deletedUnder(o)) == 0 {
		return
	}
	if unit, _ := p.leaversUnit(o); unit != nil {
		p.giveUpFor(o, value.ID(unit.addr))
	}
}

// deletedUnder are the objects to be deleted that a leaver of an earlier apply is in.
func (p *planner) deletedUnder(o *object) []*object {
	if !o.left() || o.kind.Leave == nil {
		return nil
	}
	var out []*object
	for i := range o.kind.Attrs {
		a := &o.kind.Attrs[i]
		list, ok := o.live.Attrs[a.Name].(value.List)
		if !ok || a.ElemKey == "" {
			continue
		}
		key := attrIn(a.Type.Elem.Attrs, a.ElemKey)
		for _, e := range list {
			if elem, ok := e.(value.Object); ok && key != nil && p.isDeleted(&key.Type, elem[key.Name]) {
				out = append(out, p.pointsAt(&key.Type, elem[key.Name]))
			}
		}
	}
	return out
}

// leaversUnit is where the configuration of today moves the leavers of o's company:
// the block that o was of, else all other blocks as one, else what o's own said.
// nil: nobody says, or several say different ones.
func (p *planner) leaversUnit(o *object) (unit *object, several []string) {
	named := func(a addr.Address) *object {
		t := p.at[a]
		if a.IsZero() || t == nil || t.inst == nil || t.unselected && t.live == nil || t.company.DomainID != o.company.DomainID {
			return nil
		}
		return t
	}
	before := named(o.st.Lifecycle.LeaversUnit)
	var all []*object
	by := map[*object]string{}
	for _, other := range p.objects {
		if other.inst == nil || other.kind != o.kind || other.company.DomainID != o.company.DomainID {
			continue
		}
		unit := named(other.inst.Lifecycle.LeaversUnit)
		switch {
		case unit == nil:
		case other.addr.Block() == o.addr.Block():
			return unit, nil
		case !slices.Contains(all, unit):
			all = append(all, unit)
			by[unit] = other.addr.Block().String()
		}
	}
	switch {
	case len(all) == 1:
		return all[0], nil
	case len(all) == 0 || slices.Contains(all, before):
		return before, nil
	}
	for _, unit := range all {
		several = append(several, unit.addr.String()+" ("+by[unit]+")")
	}
	return nil, several
}

// isDeleted reports whether a reference is to something that goes in this plan.
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
						p.linger(target, titleOf(k, l.Attrs, l.ID), k.owner[l.ID])
					}
				})
			}
		}
	}
	for _, o := range p.objects {
		if o.live == nil && o.inst == nil && p.deletedLately(o) { // the listing leaves them out
			eachRef(o.kind.Attrs, o.st.Attrs, func(_ *schema.Attr, t *schema.Type, v value.Value) {
				if target := p.pointsAt(t, v); target != nil && !target.kind.Person {
					p.linger(target, o.title(), o)
				}
			})
		}
	}
}

// linger says of an object that somebody in the deletion period has it. by is who,
// nil when isa does not know when they were deleted.
func (p *planner) linger(o *object, who string, by *object) {
	if p.in.Tenant.Facts.Hold(o.kind.Released) {
		return
	}
	until := "within 7 days"
	if by != nil && by.st != nil && !by.st.Deleted.IsZero() {
		until = "after " + by.st.Deleted.Add(deletionPeriod).UTC().Format("2006-01-02 15:04 UTC")
	}
	p.postponeRemoval(o, "removal.lingering", "it stays for now: "+who+" is deleted, can still be restored, and has it",
		"plan again when the service has removed them for good, "+until+"; nothing else needs to be done")
}

// postponeRemoval leaves an object, and what it stands below, for a later plan.
func (p *planner) postponeRemoval(o *object, code, detail, fix string) {
	for o != nil && o.leaving == deleted && !o.unselected {
		o.leaving = postponed
		p.diags = append(p.diags, diag.Diagnostic{
			Severity: diag.Warning, Code: code, Summary: summaries()[code], Address: o.addr.String(), Place: o.where(nil),
			Detail: detail, Fix: fix,
		})
		a := attrIn(o.kind.Attrs, o.kind.Parent)
		if a == nil {
			return
		}
		o = p.pointsAt(&a.Type, o.live.Attrs[a.Name])
	}
}
