package planner

import (
	"cmp"
	"slices"
	"strings"

	"github.com/isaworks/isa/internal/addr"
	"github.com/isaworks/isa/internal/live"
	"github.com/isaworks/isa/internal/schema"
	"github.com/isaworks/isa/internal/value"
)

// EffectSort is a way in which a plan touches people.
type EffectSort string

// The sorts, in the order in which a reviewer wants to see them.
const (
	Leaves         EffectSort = "leaves"         // a person who is suspended, deleted, or managed no more
	Renames        EffectSort = "renames"        // another ID, key or mail address: Attr says which
	LosesHead      EffectSort = "loses_head"     // a person is no longer head of the unit Of; To is, if anybody
	DeletesUnit    EffectSort = "deletes_unit"   // an object of a tree
	Administrators EffectSort = "administrators" // other people administer it
	Invites        EffectSort = "invites"        // an invitation mail is sent
	SignsOut       EffectSort = "signs_out"      // a person is signed out everywhere
	Loses          EffectSort = "loses"          // something cannot be undone: Text says what
)

// Effect is what a change means for people where its values alone do not show it.
// Effects are for reviewers: no part of the hash, and nothing is done by them.
type Effect struct {
	Sort    EffectSort   `json:"effect"`
	Address addr.Address `json:"address"` // of the change
	Attr    string       `json:"attr,omitempty"`
	Of      string       `json:"of,omitempty"` // an address or a service ID, a key in Names
	To      addr.Address `json:"to,omitzero"`
	Text    string       `json:"text,omitempty"`
}

// Seats counts people against the licences that the configuration names.
type Seats struct {
	Now      int `json:"now"`      // people at the tenant who are not deleted, suspended ones too
	Then     int `json:"then"`     // after the plan
	Licences int `json:"licences"` // 0: the configuration does not say
}

// administrators is the attribute of any kind that names who administers an object.
const administrators = "administrators"

// headSpace is the space of claims (schema.Claim) of those who head a unit.
const headSpace = "head"

// effects tells what the changes mean for people.
func (p *planner) effects() {
	heirs := p.heirs()
	for _, o := range p.objects {
		if len(o.steps.all()) == 0 {
			continue
		}
		p.leaving(o)
		p.renaming(o)
		p.heading(o, heirs)
		p.noticing(o)
	}
	p.plan.Seats = p.seats()
	slices.SortStableFunc(p.plan.Effects, func(a, b Effect) int { return cmp.Compare(effectRank(a.Sort), effectRank(b.Sort)) })
}

func effectRank(s EffectSort) int {
	return slices.Index([]EffectSort{Leaves, Renames, LosesHead, DeletesUnit, Administrators, Invites, SignsOut, Loses}, s)
}

func (p *planner) effect(sort EffectSort, o *object, e Effect) {
	e.Sort, e.Address = sort, o.addr
	p.plan.Effects = append(p.plan.Effects, e)
}

// leaving tells who and what goes, and what of it cannot be had back.
func (p *planner) leaving(o *object) {
	if o.inst != nil {
		return
	}
	if o.kind.Person && o.leaving != stays && o.leaving != retired && o.leaving != postponed {
		p.effect(Leaves, o, Effect{})
	}
	if o.leaving != deleted {
		return
	}
	if o.kind.Parent != "" {
		p.effect(DeletesUnit, o, Effect{})
	}
	p.effect(Loses, o, Effect{Text: o.kind.Lost})
}

// renaming tells which IDs, keys and addresses of a staying object change.
func (p *planner) renaming(o *object) {
	if o.inst == nil || o.live == nil || o.kind.Claims == nil || len(o.diff) == 0 {
		return
	}
	then := p.namesOf(o, p.then(o))
	said := map[string]bool{}
	for _, c := range o.kind.Claims(o.live.Attrs, o.company, p.claimID) {
		if attr := c.Path[0].Name; !then[c.Held()] && !said[attr] && (attr == o.kind.Key || inMailSpace(c)) {
			said[attr] = true
			p.effect(Renames, o, Effect{Attr: attr})
		}
	}
}

// inMailSpace reports whether a claim is one of a mail name: all kinds share the spaces.
func inMailSpace(c schema.Claim) bool {
	return c.Space == "mail" || strings.HasPrefix(c.Space, "mail ")
}

// headed are the heads of units among the claims of attrs, by what is claimed.
func (p *planner) headed(o *object, attrs value.Object) map[string]string {
	out := map[string]string{}
	if o.kind.Claims == nil || attrs == nil {
		return out
	}
	for _, c := range o.kind.Claims(attrs, o.company, p.claimID) {
		if c.Space == headSpace {
			out[c.Held()] = c.Name
		}
	}
	return out
}

// heirs are those who become head of a unit, by what they claim.
func (p *planner) heirs() map[string]*object {
	out := map[string]*object{}
	for _, o := range p.objects {
		if o.inst == nil || o.live != nil && len(o.diff) == 0 || len(o.steps.all()) == 0 {
			continue
		}
		for held := range p.headed(o, p.then(o)) {
			out[held] = o
		}
	}
	return out
}

// heading tells which units an object heads no longer, and who does.
func (p *planner) heading(o *object, heirs map[string]*object) {
	if o.live == nil || o.inst != nil && len(o.diff) == 0 || o.leaving == forgotten || o.leaving == kept {
		return
	}
	var then map[string]string
	if o.leaving != deleted {
		then = p.headed(o, p.then(o))
	}
	now := p.headed(o, o.live.Attrs)
	for _, held := range sortedKeys(now) {
		if _, stays := then[held]; stays {
			continue
		}
		e := Effect{Of: now[held]}
		if unit := p.ownerOf(now[held]); unit != nil {
			if unit.leaving == deleted {
				continue
			}
			e.Of = unit.addr.String()
		}
		if heir := heirs[held]; heir != nil && heir != o {
			e.To = heir.addr
		}
		p.effect(LosesHead, o, e)
	}
}

func sortedKeys(m map[string]string) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}

// ownerOf is the object that manages a live one; nil: none does.
func (p *planner) ownerOf(id string) *object {
	for _, k := range p.ordered {
		if o := k.owner[id]; o != nil {
			return o
		}
	}
	return nil
}

// noticing tells what people will notice: invitations, sign-outs, other administrators.
func (p *planner) noticing(o *object) {
	if o.inst != nil && o.live == nil && o.kind.Notices != nil && !p.in.Tenant.Features.SSO && o.kind.Notices(o.inst.Attrs) > 0 {
		p.effect(Invites, o, Effect{})
	}
	if o.kind.Person && (o.leaving == suspended || o.leaving == deleted) && o.live != nil && o.live.Status == live.InUse {
		p.effect(SignsOut, o, Effect{})
	}
	for i := range o.kind.Attrs {
		a := &o.kind.Attrs[i]
		if _, changes := o.diff[a.Name]; !changes || o.live == nil || o.inst == nil {
			continue
		}
		if a.SignsOut {
			p.effect(SignsOut, o, Effect{Attr: a.Name})
		}
		if a.Name == administrators {
			p.effect(Administrators, o, Effect{Attr: a.Name})
		}
	}
}

// seats counts people now and after the plan.
func (p *planner) seats() *Seats {
	s := &Seats{Licences: p.in.Tenant.Features.Licences}
	for _, k := range p.ordered {
		if !k.Person {
			continue
		}
		for i := range k.live {
			if k.live[i].Status != live.Deleted {
				s.Now++
			}
		}
	}
	s.Then = s.Now
	for _, o := range p.objects {
		if !o.kind.Person || len(o.steps.all()) == 0 {
			continue
		}
		switch {
		case o.creating(), o.inst != nil && o.live != nil && o.live.Status == live.Deleted:
			s.Then++
		case o.leaving == deleted && o.live != nil && o.live.Status != live.Deleted:
			s.Then--
		}
	}
	if s.Now == 0 && s.Then == 0 {
		return nil
	}
	return s
}
