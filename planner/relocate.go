package planner

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/internal/live"
	"github.com/isaworks/isa/internal/schema"
	"github.com/isaworks/isa/internal/value"
	"github.com/isaworks/isa/state"
)

// The names by which a change tells of the company, which is no attribute: companyShown
// in Before and After, companyKey in Expect.
const (
	companyShown = "company"
	companyKey   = "$company"
)

// relocations prepares objects that are wanted in another company than the one they are
// in. From here on they look as they would there: an address that was short is whole.
func (p *planner) relocations() {
	for _, k := range p.ordered {
		if k.Relocate == nil {
			continue
		}
		p.rewrite(k, func(l *live.Object) (live.Object, bool) {
			o := k.owner[l.ID]
			if o == nil || !elsewhere(o, l) {
				return live.Object{}, false
			}
			p.relocates(o, l)
			return p.reframed(o, l), true
		})
		for _, o := range p.objects { // whom the listing does not show
			if o.kind == k && o.hidden && o.from == nil && elsewhere(o, o.live) {
				p.relocates(o, o.live)
				o.live.DomainID = o.company.DomainID
			}
		}
		p.leaveLists(k)
	}
}

// elsewhere reports whether an object is wanted in another company than the one that l
// is in.
func elsewhere(o *object, l *live.Object) bool {
	return o.inst != nil && l.DomainID != 0 && o.company.DomainID != 0 && l.DomainID != o.company.DomainID
}

func (p *planner) relocates(o *object, l *live.Object) {
	from, declared := p.byDom[l.DomainID]
	if !declared {
		from = schema.Company{DomainID: l.DomainID}
	}
	o.from = &from
	switch r := o.kind.Relocate; {
	case o.unselected:
	case p.recent(o) && o.st.DomainID == o.company.DomainID:
		p.unconfirmed(o) // moved there, and the listing does not show it yet
	case !declared:
		p.refuseMove(o, "which no company block declares", "declare that company, or leave the person in it")
	case l.Admin:
		p.refuseMove(o, o.title()+" is an administrator, and the service does not move the super administrator",
			"take the administrator role away in the admin console first")
	default:
		for _, name := range r.Needs {
			if o.inst.Attrs[name] == nil {
				p.refuseMove(o, name+" is not written, so that it has no place there", "write "+name+" with what it has in "+companyOf(o.company))
				return
			}
		}
		if o.movedByHand() {
			p.plan.Drift = append(p.plan.Drift, Drift{
				Address: o.addr, Title: o.title(), Attr: companyShown, Reverted: true,
				Applied: value.String(companyOf(o.company)), Live: value.String(companyOf(from)),
			})
		}
	}
}

func (p *planner) refuseMove(o *object, why, fix string) {
	p.fail(o, value.Of(companyShown), "company.refused",
		fmt.Sprintf("it is in %s and is wanted in %s: %s", companyOf(*o.from), companyOf(o.company), why), fix)
	o.unselected = true
}

func (p *planner) reframed(o *object, l *live.Object) live.Object {
	out := *l
	out.DomainID, out.Attrs = o.company.DomainID, o.kind.Relocate.Reframe(l.Attrs, *o.from, o.company)
	return out
}

// rewrite replaces live objects of a kind by what change says. What the listing showed
// of one that is somebody's stays known as raw.
func (p *planner) rewrite(k *kind, change func(*live.Object) (live.Object, bool)) {
	var own []live.Object
	for i := range k.live {
		now, changes := change(&k.live[i])
		if !changes {
			continue
		}
		if own == nil {
			own = slices.Clone(k.live)
		}
		own[i] = now
		if o := k.owner[now.ID]; o != nil && o.raw == nil {
			o.raw = &k.live[i]
		}
	}
	if own == nil {
		return
	}
	k.live = own
	for i := range own {
		k.byID[own[i].ID] = &own[i]
		if o := k.owner[own[i].ID]; o != nil && !o.hidden {
			o.live = &own[i]
		}
	}
}

// leaveLists takes those of kind k who move, and do not keep them, out of the lists that
// the move ends, as the service will. Where they are wanted they are added again.
func (p *planner) leaveLists(k *kind) {
	movers := map[*object]bool{}
	for _, o := range p.objects {
		if o.kind == k && o.moving() && !value.True(o.inst.Attrs[k.Relocate.Keep]) {
			movers[o] = true
		}
	}
	if len(movers) == 0 {
		return
	}
	lost := map[*object][]string{}
	for _, name := range k.Relocate.Leaves {
		if lists := p.kinds[name]; lists != nil {
			p.rewrite(lists, func(l *live.Object) (live.Object, bool) { return p.without(lists, l, movers, lost) })
		}
	}
	for _, o := range p.objects {
		if list := lost[o]; len(list) > 0 {
			slices.Sort(list)
			list = slices.DeleteFunc(slices.Clone(list), func(title string) bool { return slices.Contains(lost[o], title+nobodyElse) })
			p.diags = append(p.diags, diag.Diagnostic{
				Severity: diag.Warning, Code: "company.leaves", Summary: summaries()["company.leaves"],
				Detail:  fmt.Sprintf("by the move to %s it leaves %s, with the rooms and their history", companyOf(o.company), firstTen(slices.Compact(list))),
				Fix:     "write " + k.Relocate.Keep + " = true if it is to stay in them; what declares it as a member gets it back, without the history",
				Address: o.addr.String(), Place: o.where(value.Of(companyShown)),
			})
		}
	}
}

// nobodyElse is what is said of a list that somebody leaves as the last one.
const nobodyElse = " (nobody else administers it)"

// moving reports whether this plan moves the object to another company.
func (o *object) moving() bool { return o.from != nil && !o.unselected && !o.unconfirmed }

// without is l without the movers in its lists.
func (p *planner) without(k *kind, l *live.Object, movers map[*object]bool, lost map[*object][]string) (live.Object, bool) {
	out, changed := *l, false
	for i := range k.Attrs {
		a := &k.Attrs[i]
		have, isList := l.Attrs[a.Name].(value.List)
		if !isList || a.Type.Elem.Kind != schema.Reference {
			continue
		}
		var left []*object
		rest := slices.DeleteFunc(slices.Clone(have), func(v value.Value) bool {
			o := p.pointsAt(a.Type.Elem, v)
			if !movers[o] {
				return false
			}
			left = append(left, o)
			return true
		})
		title := titleOf(k, l.Attrs, l.ID)
		if needed(a) && len(rest) == 0 {
			title += nobodyElse
		}
		for _, o := range left {
			lost[o] = append(lost[o], title)
		}
		if len(rest) == len(have) {
			continue
		}
		if !changed {
			out.Attrs, changed = maps.Clone(l.Attrs), true
		}
		out.Attrs[a.Name] = rest
		if o := k.owner[l.ID]; o != nil {
			if o.robbed == nil {
				o.robbed = map[string]bool{}
			}
			o.robbed[a.Name] = true
		}
	}
	return out, changed
}

// lastApplied is what isa wrote last to an attribute, as it would be written in the
// company in which the object is wanted.
func (o *object) lastApplied(name string) value.Value {
	if o.st == nil {
		return nil
	}
	if o.from == nil || o.st.DomainID == o.company.DomainID {
		return o.st.Attrs[name]
	}
	if o.applied == nil {
		o.applied = o.kind.Relocate.Reframe(o.st.Attrs, *o.from, o.company)
	}
	return o.applied[name]
}

// relocationSteps moves the object to its company, and returns what is left to be
// written behind it.
func (p *planner) relocationSteps(o *object) value.Object {
	r := o.kind.Relocate
	attrs, rest := value.Object{}, maps.Clone(o.diff)
	if rest == nil {
		rest = value.Object{}
	}
	for _, name := range r.Attrs {
		v, differs := rest[name]
		delete(rest, name)
		a := attrIn(o.kind.Attrs, name)
		switch {
		case differs:
			attrs[name] = v
		case a != nil && o.inst.Attrs[name] != nil && !listed(a, o.inst) && !leftAlone(o, name):
			attrs[name] = o.inst.Attrs[name]
		}
	}
	stays := value.True(o.inst.Attrs[r.Keep])
	if stays {
		attrs[r.Keep] = value.Bool(true)
	}
	var kept []string
	for _, name := range r.Again {
		if v := p.again(o, name); v != nil && rest[name] == nil {
			rest[name] = v
		}
		if brought := p.brought(o, name); len(brought) > 0 && rest[name] == nil {
			rest[name] = value.Edit{Add: brought}
			for _, v := range brought {
				kept = append(kept, value.Text(v))
			}
		}
	}
	note := "moves to " + companyOf(o.company)
	if stays {
		note += " and stays in its " + strings.Join(plurals(r.Leaves), ", ")
	}
	if len(kept) > 0 {
		note += " and keeps " + strings.Join(kept, ", ") + " there"
	}
	if r.Lost != "" {
		note += "; " + r.Lost
	}
	o.steps.relocate = &node{o: o, verb: DoRelocate, attrs: attrs, note: note}
	return rest
}

// switchOff lets what has calls of its own, and is switched off, go before the move, which
// the service refuses to who may do more than the new company allows (reference/api/10
// section 2.13). It returns the rest.
func (o *object) switchOff(asides value.Object) value.Object {
	off, rest := value.Object{}, value.Object{}
	for name, v := range asides {
		if v == value.Value(value.Bool(false)) {
			off[name] = v
		} else {
			rest[name] = v
		}
	}
	if len(off) > 0 {
		o.steps.first = &node{o: o, verb: DoPatch, attrs: off, note: "before the move"}
	}
	return rest
}

// again is what is written behind a move to an attribute that the service may change by
// it: what is wanted, or what was there, when its names go to somebody else; else nil.
func (p *planner) again(o *object, name string) value.Value {
	a := attrIn(o.kind.Attrs, name)
	if a == nil {
		return nil
	}
	if v := o.inst.Attrs[name]; v != nil && !listed(a, o.inst) && !leftAlone(o, name) {
		return v
	}
	if !slices.ContainsFunc(p.give, func(h handover) bool { return h.from == o }) {
		return nil
	}
	if v := o.live.Attrs[name]; v != nil {
		return v
	}
	return nil
}

// brought is what an object has in the company that it moves to already, and what becomes
// a part of a list of its own by the move: the service would take it away. Names that the
// object gets anyway, or gives to somebody else, are no part of it.
func (p *planner) brought(o *object, name string) value.List {
	if o.raw == nil || o.inst.Attrs[name] != nil && !leftAlone(o, name) {
		return nil
	}
	have, _ := o.live.Attrs[name].(value.List)
	before, _ := o.raw.Attrs[name].(value.List)
	if len(have) <= len(before) {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(have[len(before):]), func(v value.Value) bool {
		return slices.ContainsFunc(o.kind.Relocate.Attrs, func(own string) bool { return value.Equal(o.inst.Attrs[own], v) })
	})
}

func leftAlone(o *object, name string) bool {
	return slices.Contains(o.inst.Lifecycle.Seed, name) || slices.Contains(o.inst.Lifecycle.Ignore, name)
}

func plurals(kinds []string) []string {
	out := make([]string, len(kinds))
	for i, k := range kinds {
		out[i] = k + "s"
	}
	return out
}

// relocated is what becomes of attrs by the move of an object: what belongs to the
// company that it leaves, and is not written anew, is gone.
func (o *object) relocated(attrs value.Object) value.Object {
	if !o.moving() {
		return attrs
	}
	out := maps.Clone(attrs)
	for _, name := range o.kind.Relocate.Ends {
		if o.diff[name] == nil && !o.reframes(name) {
			delete(out, name)
		}
	}
	return out
}

// reframes reports whether an attribute is another one by the move itself: what the object
// has in the new company already.
func (o *object) reframes(name string) bool {
	return o.raw != nil && o.live.Attrs[name] != nil && !value.Equal(o.live.Attrs[name], o.raw.Attrs[name])
}

// ends reports whether the move of an object ends what an attribute had.
func (o *object) ends(name string) bool {
	return o.steps.relocate != nil && slices.Contains(o.kind.Relocate.Ends, name)
}

// companyChange shows the company that changes, and keeps what the plan relied on as
// the listing showed it.
func (p *planner) companyChange(o *object, c *Change) {
	if o.raw != nil && len(c.Expect) > 0 {
		expect := make(value.Object, len(c.Expect))
		for name, v := range c.Expect {
			if attrIn(o.kind.Attrs, name) == nil {
				expect[name] = v
			} else if l := o.raw.Attrs[name]; l != nil {
				expect[name] = l
			} else {
				expect[name] = value.Clear{}
			}
		}
		c.Expect = expect
	}
	if o.steps.relocate == nil {
		return
	}
	c.From = *o.from
	for list, company := range map[*value.Object]schema.Company{&c.Before: *o.from, &c.After: o.company} {
		*list = maps.Clone(*list)
		(*list)[companyShown] = value.String(companyOf(company))
	}
	o.showWhole(c.After)
	c.Expect = maps.Clone(c.Expect)
	if c.Expect == nil {
		c.Expect = value.Object{}
	}
	c.Expect[companyKey] = value.Int(o.from.DomainID)
}

// showWhole shows texts that mean something else in another company, such as an address
// without its domain, as they would be read in the one that the object leaves.
func (o *object) showWhole(after value.Object) {
	texts := value.Object{}
	for name, v := range after {
		if a := attrIn(o.kind.Attrs, name); a != nil && a.Type.Kind == schema.String && v != nil {
			texts[name] = v
		}
	}
	maps.Copy(after, o.kind.Relocate.Reframe(texts, o.company, *o.from))
}

// movedByHand reports whether the object was where it is wanted when isa applied it last.
func (o *object) movedByHand() bool {
	return o.st != nil && o.st.DomainID == o.company.DomainID && o.st.Status != state.Pending
}

// moveReason says why an object moves.
func (o *object) moveReason() string {
	reason := "moves from " + companyOf(*o.from) + " to " + companyOf(o.company)
	if o.movedByHand() {
		return "moved by hand; " + reason
	}
	return reason
}

// ownByMove reports whether an attribute changes as a part of a move, which is counted
// as that.
func (o *object) ownByMove(name string) bool {
	return o.steps.relocate != nil && slices.Contains(o.kind.Relocate.Attrs, name)
}

// listedIn is the domain of the company that the object counts to: the one that it is
// in, whichever it is wanted in.
func (o *object) listedIn() int {
	if o.from != nil {
		return o.from.DomainID
	}
	return o.company.DomainID
}
