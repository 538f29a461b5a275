package planner

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/isaworks/isa/internal/addr"
	"github.com/isaworks/isa/internal/live"
	"github.com/isaworks/isa/internal/schema"
	"github.com/isaworks/isa/internal/value"
	"github.com/isaworks/isa/state"
)

// handover is one name that goes from an object to another in this plan.
type handover struct {
	from, to *object
	claim    schema.Claim // as from holds it now
	attr     string       // of to, that takes it
	must     bool         // from would keep the name if nobody wanted it
}

// taker is an object that takes a name it does not hold yet.
type taker struct {
	o     *object
	claim schema.Claim
}

// claims finds the names that change hands and refuses those that cannot. Only
// objects that change are asked for what they will hold; the others only when one
// of the names taken is theirs, so that a plan without new names costs nothing.
func (p *planner) claims() {
	taken := p.acquired()
	if len(taken) == 0 {
		return
	}
	p.checkTwice(taken)
	for _, k := range p.ordered {
		if k.Claims == nil {
			continue
		}
		for i := range k.live {
			p.claimsOf(k, &k.live[i], taken)
		}
	}
	slices.SortStableFunc(p.give, func(a, b handover) int {
		return cmp.Or(addr.Compare(a.from.addr, b.from.addr), addr.Compare(a.to.addr, b.to.addr), cmp.Compare(a.claim.Held(), b.claim.Held()))
	})
}

// acquired returns the names that objects will hold and do not hold now.
func (p *planner) acquired() map[string][]taker {
	taken := map[string][]taker{}
	for _, o := range p.objects {
		if o.kind.Claims == nil || !o.active() || o.unconfirmed || o.live != nil && len(o.diff) == 0 || o.live == nil && o.inst == nil {
			continue
		}
		now := map[string]bool{}
		if o.live != nil {
			for _, c := range o.kind.Claims(o.live.Attrs, o.company, p.claimID) {
				now[c.Held()] = true
			}
		}
		for _, c := range o.kind.Claims(p.then(o), o.company, p.claimID) {
			if !now[c.Held()] && o.leaving == stays {
				taken[c.Held()] = append(taken[c.Held()], taker{o, c})
			}
		}
	}
	return taken
}

func (p *planner) checkTwice(taken map[string][]taker) {
	for _, held := range slices.Sorted(maps.Keys(taken)) {
		list := taken[held]
		for i, t := range list[1:] {
			first := list[i]
			if first.o == t.o {
				continue
			}
			p.twice(t.o, t.claim, first.o, first.claim)
		}
	}
}

func (p *planner) twice(o *object, c schema.Claim, other *object, theirs schema.Claim) {
	where := other.addr.String()
	if place := other.where(theirs.Path); place.Cell != nil {
		where += " at " + place.Cell.String()
	} else if place.Range != nil {
		where += " at " + place.Range.String()
	}
	p.fail(o, c.Path, "claim.twice", p.spoken(c)+" is wanted by "+where+" too", "give one of the two another one")
}

// spoken names a claim for people: a name that is the identity of an object, such
// as a unit for its head, by the object's title.
func (p *planner) spoken(c schema.Claim) string {
	name, _ := p.claimed(c)
	return name + " (" + c.Space + ")"
}

// givenUp names a claim as what somebody gives up: "gildong.hong", "head of 영업팀".
func (p *planner) givenUp(c schema.Claim) string {
	name, of := p.claimed(c)
	if of {
		return c.Space + " of " + name
	}
	return name
}

// claimed is the name of a claim for people; of tells that it is an object's title.
func (p *planner) claimed(c schema.Claim) (name string, of bool) {
	for _, k := range p.ordered {
		if l := k.byID[c.Name]; l != nil {
			return titleOf(k, l.Attrs, c.Name), true
		}
	}
	address, isNew := strings.CutPrefix(c.Name, "\x00")
	if !isNew {
		return c.Name, false
	}
	if a, err := addr.Parse(address); err == nil && p.at[a] != nil {
		return p.at[a].title(), true
	}
	return address, true
}

// claimsOf looks at one live object for names that others take.
func (p *planner) claimsOf(k *kind, l *live.Object, taken map[string][]taker) {
	o := k.owner[l.ID]
	company := p.byDom[l.DomainID]
	if o != nil {
		company = o.company
	}
	var then map[string]bool
	for _, c := range k.Claims(l.Attrs, company, p.claimID) {
		takers := taken[c.Held()]
		if len(takers) == 0 {
			continue
		}
		if o != nil && then == nil {
			then = map[string]bool{}
			for _, c := range k.Claims(p.then(o), o.company, p.claimID) {
				then[c.Held()] = true
			}
		}
		for _, t := range takers {
			if t.o != o {
				p.handOver(k, o, l, c, t, then[c.Held()])
			}
		}
	}
}

func (p *planner) handOver(k *kind, o *object, l *live.Object, c schema.Claim, t taker, keeps bool) {
	h := handover{from: o, to: t.o, claim: c}
	if len(t.claim.Path) > 0 {
		h.attr = t.claim.Path[0].Name
	}
	switch {
	case lingers(o, l) && p.in.Tenant.Facts.Hold(c.Forgotten) && t.claim.Forgotten == c.Forgotten:
		p.freed = append(p.freed, t)
		return
	case o == nil || o.unselected || o.unconfirmed:
		p.taken(k, o, l, c, t)
		return
	case o.worksAgain():
		p.believe(o)
		p.taken(k, o, l, c, t)
		return
	case o.leaving == deleted && !k.Person:
	case o.begunToGive(c):
		p.giveAway(o, c)
	case o.leaving == stays && !keeps && o.inst != nil, o.leaving == suspended && !keeps, o.leaving == deleted && !keeps:
	case slices.Contains([]leaving{suspended, deleted, retired, postponed}, o.leaving) && l.Status != live.Deleted:
		if c.Vacate == nil {
			p.taken(k, o, l, c, t)
			return
		}
		h.must = true
	case o.leaving == stays && o.inst != nil && p.wants(o, c):
		p.twice(t.o, t.claim, o, c)
		return
	default:
		p.taken(k, o, l, c, t)
		return
	}
	p.give = append(p.give, h)
}

// begunToGive reports whether an object that stays has a name only because a move between
// companies was cut off before isa wrote the list behind it, which nobody declares.
func (o *object) begunToGive(c schema.Claim) bool {
	name := claimAttr(c)
	return o.leaving == stays && o.inst != nil && o.st != nil && o.inst.Attrs[name] == nil && c.Vacate != nil &&
		o.kind.Relocate != nil && slices.Contains(o.kind.Relocate.Again, name) && slices.Contains(o.st.Begun, name)
}

// giveAway lets an object that stays write a list without one of its names.
func (p *planner) giveAway(o *object, c schema.Claim) {
	name, attrs := claimAttr(c), value.Object{}
	p.giveUp(o, p.then(o), c.Held(), attrs)
	if a := attrIn(o.kind.Attrs, name); a != nil && attrs[name] != nil {
		o.set(p, a, attrs[name], o.live.Attrs[name])
	}
}

// wants reports whether the configuration itself asks for the name.
func (p *planner) wants(o *object, c schema.Claim) bool {
	return slices.ContainsFunc(o.kind.Claims(o.inst.Attrs, o.company, p.claimID), func(w schema.Claim) bool {
		return w.Held() == c.Held()
	})
}

func (p *planner) taken(k *kind, o *object, l *live.Object, c schema.Claim, t taker) {
	who := titleOf(k, l.Attrs, l.ID) + " (" + k.Type + " " + l.ID
	if o != nil {
		who += ", " + o.addr.String()
	}
	who += ", " + statusWords(l, o) + ")"
	fix := "choose another name, or change it there first"
	switch {
	case l.Status == live.Deleted:
		fix = "choose another name, or wait until the service has removed the deleted object for good"
	case o == nil && t.o.missing && t.o.kind == k:
		who += "; it was probably made by hand in place of the one that isa had made"
		fix = "give it the name or the external key of this block in the admin console, and isa takes it over; or delete it there"
	case o == nil:
		fix = "choose another name, change it in the admin console, or declare the object"
	case o.worksAgain():
		fix = "choose another name; or suspend them again or change their name in the admin console, and plan again"
	case o.unselected:
		fix = "plan both together: widen --target or take --exclude back"
	case o.leaving == stays && o.inst != nil && len(c.Path) > 0 && o.inst.Attrs[claimAttr(c)] == nil:
		fix = fmt.Sprintf("choose another name; or, if %s need not keep it, write %s there without it", o.addr, claimAttr(c))
	}
	p.fail(t.o, t.claim.Path, "claim.taken", p.spoken(c)+" is held by "+who, fix)
}

func statusWords(l *live.Object, o *object) string {
	words := map[live.Status]string{
		live.InUse: "in use", live.Pending: "registration pending", live.Awaiting: "waiting for the activation date", live.Suspended: "suspended", live.Deleted: "deleted, can still be restored",
	}[l.Status]
	if words == "" {
		words = "in use"
	}
	if o == nil {
		return words + ", not managed by isa"
	}
	if o.worksAgain() {
		return words + ", a leaver who works again"
	}
	if o.st != nil && o.st.Status == state.Retired {
		return words + ", a leaver"
	}
	return words
}

// vacate returns what to write to give the names up. Names of one attribute are
// given up one after the other, so that the last value holds none of them. A
// temporary name that another object holds, such as a leaver who gave the same
// name up before, is given up for the next one. ok is false when a name cannot be
// given up.
func (p *planner) vacate(o *object, held []string) (attrs value.Object, ok bool) {
	attrs = value.Object{}
	now := o.live.Attrs
	had := p.namesOf(o, now)
	for tries := 0; len(held) > 0 && tries < maxTemporary; tries++ {
		for _, name := range held {
			if now, ok = p.giveUp(o, now, name, attrs); !ok {
				return nil, false
			}
		}
		held = held[:0:0]
		for name := range p.namesOf(o, now) {
			if holder, taken := p.held()[name]; taken && holder != o.live && !had[name] {
				held = append(held, name)
			}
		}
		slices.Sort(held)
	}
	return attrs, len(held) == 0
}

// maxTemporary is how many temporary names are tried.
const maxTemporary = 16

func (p *planner) giveUp(o *object, now value.Object, name string, attrs value.Object) (value.Object, bool) {
	for _, c := range o.kind.Claims(now, o.company, p.claimID) {
		if c.Held() != name {
			continue
		}
		if c.Vacate == nil {
			return now, false
		}
		for a, v := range c.Vacate {
			attrs[a] = v
		}
		return p.image(o.kind, now, c.Vacate), true
	}
	return now, true
}

func (p *planner) namesOf(o *object, attrs value.Object) map[string]bool {
	names := map[string]bool{}
	for _, c := range o.kind.Claims(attrs, o.company, p.claimID) {
		names[c.Held()] = true
	}
	return names
}

// held is who holds each name now. It is made when the first name is given up.
func (p *planner) held() map[string]*live.Object {
	if p.holders != nil {
		return p.holders
	}
	p.holders = map[string]*live.Object{}
	for _, k := range p.ordered {
		if k.Claims == nil {
			continue
		}
		for i := range k.live {
			company := p.byDom[k.live[i].DomainID]
			for _, c := range k.Claims(k.live[i].Attrs, company, p.claimID) {
				p.holders[c.Held()] = &k.live[i]
			}
		}
	}
	return p.holders
}
