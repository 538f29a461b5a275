package planner

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/isaworks/isa/internal/addr"
	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/internal/live"
	"github.com/isaworks/isa/internal/schema"
	"github.com/isaworks/isa/internal/value"
	"github.com/isaworks/isa/state"
)

// match finds for each wanted object what it is at the service: by the state's
// ID, under an earlier name, as imported, by external key, by natural key. Each pass runs over
// all objects before the next one, so that no object takes what another one has a
// better right to. What nobody wants any more is kept as leaving.
func (p *planner) match() {
	states := make(map[addr.Address]*state.Object, len(p.in.State.Objects))
	for i := range p.in.State.Objects {
		st := &p.in.State.Objects[i]
		states[st.Address] = st
	}
	p.objects = make([]*object, 0, len(p.in.Wanted)+8)
	for _, inst := range p.in.Wanted {
		k := p.kinds[inst.Kind.Type]
		if k == nil || p.at[inst.Addr] != nil {
			continue
		}
		o := &object{kind: k, addr: inst.Addr, inst: inst, company: inst.Company, st: states[inst.Addr]}
		p.objects = append(p.objects, o)
		p.at[inst.Addr] = o
	}
	wanted := p.objects
	disputed := p.matchMoved()
	p.addGone(p.matchPrevious(wanted, disputed))
	for _, o := range p.objects {
		p.takeStateID(o)
	}
	p.imports()
	p.matchKeys(wanted)
	p.matchNatural(wanted)
	p.objects = slices.DeleteFunc(p.objects, func(o *object) bool { return o.merged })
	p.previousStays(wanted)
	p.matchLost()
	p.sortObjects()
	p.unlisted()
	for _, o := range p.objects {
		p.explainMissing(o)
	}
}

// matchPrevious joins a wanted object without state to the state object that was
// known by one of its previous keys, or that has its external key, and whose
// address nobody wants. Those that one object has several times become disputed.
func (p *planner) matchPrevious(wanted []*object, disputed map[*state.Object]bool) map[*state.Object]bool {
	type names struct{ typ, key string }
	free := map[names][]*state.Object{}
	byKey := map[names][]*state.Object{}
	for i := range p.in.State.Objects {
		st := &p.in.State.Objects[i]
		if p.at[st.Address] != nil || disputed[st] {
			continue
		}
		k := p.kinds[st.Kind]
		if k == nil {
			continue
		}
		add := func(key string) {
			n := names{st.Address.Type, key}
			if key != "" && !slices.Contains(free[n], st) {
				free[n] = append(free[n], st)
			}
		}
		add(st.Address.Key)
		if key := value.Text(st.Attrs[k.Key]); k.Key != "" && key != "" {
			add(key)
			n := names{st.Kind, keySpace(k, st.DomainID, key)}
			byKey[n] = append(byKey[n], st)
		}
	}
	taken := map[*state.Object]bool{}
	for _, o := range wanted {
		if o.st != nil {
			continue
		}
		var found []*state.Object
		for _, key := range o.inst.Previous {
			for _, st := range free[names{o.addr.Type, key}] {
				if !taken[st] && !slices.Contains(found, st) {
					found = append(found, st)
				}
			}
		}
		if key := o.key(); len(found) == 0 && key != "" {
			for _, st := range byKey[names{o.kind.Type, keySpace(o.kind, o.company.DomainID, key)}] {
				if !taken[st] {
					found = append(found, st)
				}
			}
		}
		if len(found) > 1 {
			var list []string
			for _, st := range found {
				list = append(list, st.Address.String())
			}
			p.fail(o, nil, "match.ambiguous", "its earlier keys belong to "+strings.Join(list, " and ")+" in the state",
				"leave only the key of the one object that this was")
			o.unselected = true
			for _, st := range found {
				disputed[st] = true
			}
		}
		if len(found) == 1 {
			o.st, o.previous = found[0], found[0].Address
			taken[o.st] = true
			p.at[o.previous] = o
		}
	}
	return disputed
}

// addGone adds the objects that the state knows and nobody wants. Those that are
// disputed are left as they are.
func (p *planner) addGone(disputed map[*state.Object]bool) {
	for i := range p.in.State.Objects {
		st := &p.in.State.Objects[i]
		k := p.kinds[st.Kind]
		if k == nil || p.at[st.Address] != nil {
			continue
		}
		c, ok := p.companyAt(st)
		if !ok {
			c = schema.Company{Label: st.Company, DomainID: st.DomainID}
		}
		o := &object{kind: k, addr: st.Address, st: st, company: c, unselected: disputed[st]}
		p.objects = append(p.objects, o)
		p.at[st.Address] = o
	}
}

// companyAt is the declared company that a state object lives in. Its domain
// speaks: a label may be written anew.
func (p *planner) companyAt(st *state.Object) (schema.Company, bool) {
	if st.DomainID == 0 {
		return p.in.Tenant.Company(st.Company)
	}
	c, ok := p.byDom[st.DomainID]
	return c, ok
}

// declares reports whether a company block has the domain; an object without one is
// everywhere.
func (p *planner) declares(domain int) bool {
	_, declared := p.byDom[domain]
	return declared || domain == 0
}

func (p *planner) takeStateID(o *object) {
	if o.st == nil || o.st.ID == "" {
		return
	}
	l := o.kind.byID[o.st.ID]
	switch {
	case l != nil && o.kind.owner[l.ID] == nil:
		p.take(o, l)
	case l == nil && o.inst != nil && p.deletedLately(o):
		// A tenant may leave deleted people out of its list. Nothing but the ID is
		// certain, so that all that is wanted is written after the restore.
		o.hidden = true
		p.take(o, &live.Object{Kind: o.kind.Type, ID: o.st.ID, DomainID: o.st.DomainID, Attrs: value.Object{}, Status: live.Deleted})
	}
}

// known is what is known of an object: as it is at the service or, when the
// listing does not show it, as it was last applied.
func (o *object) known() value.Object {
	if o.live == nil || o.hidden {
		return o.st.Attrs
	}
	return o.live.Attrs
}

// unlisted leaves what the listing could not show as it is: kinds whose feature is
// off, companies that are not declared any more. Their objects are not missing.
func (p *planner) unlisted() {
	lost := map[string][]string{}
	for _, o := range p.objects {
		if o.st == nil || o.st.ID == "" && o.inst != nil {
			continue
		}
		_, declared := p.companyAt(o.st)
		var why string
		switch {
		case p.forgets(o): // the tenant is not asked
			continue
		case !o.kind.listed:
			why = "the service was not asked for objects of kind " + o.kind.Type
		case o.inst == nil && o.live != nil && !p.declares(o.live.DomainID):
			why = fmt.Sprintf("somebody moved it to domain %d, which no company block declares", o.live.DomainID)
		case !declared && o.inst == nil:
			why = "the company " + quoted(o.st.Company) + " is not declared"
		default:
			continue
		}
		lost[why] = append(lost[why], o.addr.String())
		o.unselected = true
	}
	for _, why := range slices.Sorted(maps.Keys(lost)) {
		list := lost[why]
		p.diags = append(p.diags, diag.Diagnostic{
			Severity: diag.Warning, Code: "match.unlisted", Summary: summaries()["match.unlisted"],
			Detail: fmt.Sprintf("%s: %d that the state knows are left as they are: %s", why, len(list), firstTen(list)),
			Fix:    "switch the feature or the company on again in the configuration; nothing is forgotten meanwhile",
		})
	}
}

// take makes l the object's; its company is where it lives.
func (p *planner) take(o *object, l *live.Object) {
	o.live = l
	o.kind.owner[l.ID] = o
	if o.inst == nil {
		if c, declared := p.byDom[l.DomainID]; declared {
			o.company = c
		}
		return
	}
	if o.kind.Relocate == nil && elsewhere(o, l) {
		p.fail(o, nil, "company.changed",
			fmt.Sprintf("it is in domain %d and is wanted in domain %d; the service has no way to move it", l.DomainID, o.company.DomainID),
			"write the company it is in; or declare a new one for the other company, under an address and with a key of its own, move the people, and take this one away")
		o.unselected = true
	}
}

// key is the wanted external key.
func (o *object) key() string {
	if o.kind.Key == "" || o.inst == nil {
		return ""
	}
	return value.Text(o.inst.Attrs[o.kind.Key])
}

// keySpace is a key with the space in which it is unique: the tenant for people,
// else the company.
func keySpace(k *kind, domain int, key string) string {
	if k.Person {
		return key
	}
	return fmt.Sprint(domain, "\x00", key)
}

// seeks reports whether the wanted object may still be found at the service. One
// whose ID is gone is sought like a new one: somebody may have remade it by hand.
func (o *object) seeks() bool { return o.live == nil && !o.unselected }

func (p *planner) matchKeys(wanted []*object) {
	for _, k := range p.ordered {
		if k.Key == "" {
			continue
		}
		var index map[string]*live.Object
		seeking := slices.DeleteFunc(slices.Clone(wanted), func(o *object) bool {
			return o.kind != k || o.key() == "" || !o.seeks() || p.recent(o) && o.st.Status != state.Pending
		})
		for _, o := range seeking {
			if index == nil {
				index = make(map[string]*live.Object, len(k.live))
				for i := range k.live {
					if key := value.Text(k.live[i].Attrs[k.Key]); key != "" {
						index[keySpace(k, k.live[i].DomainID, key)] = &k.live[i]
					}
				}
			}
			l := index[keySpace(k, o.company.DomainID, o.key())]
			if l != nil && k.owner[l.ID] == nil {
				o.adopted = o.st == nil
				p.take(o, l)
			}
		}
		for _, o := range seeking {
			p.matchPreviousKey(o, index)
		}
	}
}

// matchPreviousKey finds an object at the service by a key that it had before.
// Who has that key now has taken theirs already.
func (p *planner) matchPreviousKey(o *object, index map[string]*live.Object) {
	if o.live != nil {
		return
	}
	var found []*live.Object
	for _, key := range o.inst.Previous {
		l := index[keySpace(o.kind, o.company.DomainID, key)]
		if key != "" && l != nil && o.kind.owner[l.ID] == nil && !slices.Contains(found, l) {
			found = append(found, l)
		}
	}
	switch len(found) {
	case 0:
	case 1:
		o.adopted = o.st == nil
		p.take(o, found[0])
	default:
		p.fail(o, nil, "match.ambiguous", "its earlier keys belong to "+describe(o.kind, found)+" at the tenant",
			"leave only the key of the one object that this was")
		o.unselected = true
	}
}

// previousStays refuses to create somebody whose earlier key belongs to somebody
// who is still declared: one person would get a second account.
func (p *planner) previousStays(wanted []*object) {
	type names struct{ typ, key string }
	var index map[names]*object
	for _, o := range wanted {
		if !o.kind.Person || len(o.inst.Previous) == 0 || o.live != nil || o.st != nil || o.unselected {
			continue
		}
		if index == nil {
			index = map[names]*object{}
			for _, other := range wanted {
				if other.live != nil {
					index[names{other.addr.Type, other.addr.Key}] = other
					index[names{other.addr.Type, other.key()}] = other
				}
			}
		}
		for _, key := range o.inst.Previous {
			if other := index[names{o.addr.Type, key}]; key != "" && other != nil {
				p.fail(o, nil, "identity.previous", "its earlier key "+quoted(key)+" belongs to "+other.addr.String()+" ("+other.title()+"), which is still declared",
					"if they are one person, take the old row out; if they are two, take the key out of previous_keys")
				o.unselected = true
				break
			}
		}
	}
}

// describe lists live objects for people.
func describe(k *kind, found []*live.Object) string {
	var list []string
	for _, l := range found {
		text := titleOf(k, l.Attrs, l.ID) + " (ID " + l.ID
		if key := value.Text(l.Attrs[k.Key]); k.Key != "" && key != "" {
			text += ", key " + key
		}
		list = append(list, text+", "+string(l.Status)+")")
	}
	return strings.Join(list, "; ")
}

// explainMissing tells why an object that the state has is to be created again,
// or that a listing is too young to believe.
func (p *planner) explainMissing(o *object) {
	if o.st == nil || o.st.ID == "" || o.live != nil || o.unselected {
		return
	}
	if p.awaited(o) {
		p.unconfirmed(o)
		return
	}
	switch {
	case o.st.Status != state.Retired:
		o.byHand, o.missing = "deleted by hand", true
	case o.st.Deleted.IsZero():
		o.byHand, o.missing = "a leaver whose account was deleted by hand", true
	default:
		o.byHand = "a leaver whose account the service has removed for good"
	}
}

// protections refuses to drop a protection because an object goes under another
// address.
func (p *planner) protections() {
	for _, o := range p.objects {
		if o.inst == nil || o.previous.IsZero() || o.unselected || o.st.Status == state.Retired || !o.st.Lifecycle.Protect || o.inst.Lifecycle.Protect {
			continue
		}
		p.fail(o, nil, "guard.protected", "it was "+o.previous.String()+", where lifecycle.protect is in force, and this block does not protect it",
			"write protect = true here and apply; protect = false can follow in a second apply")
		o.unselected = true
	}
}
