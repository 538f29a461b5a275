package planner

import (
	"fmt"
	"slices"
	"strings"

	"github.com/isaworks/isa/internal/hr"
	"github.com/isaworks/isa/internal/live"
	"github.com/isaworks/isa/internal/schema"
	"github.com/isaworks/isa/internal/value"
	"github.com/isaworks/isa/state"
)

// identities refuses to make a second account for a person who has one. Two
// objects are taken for one person when
//
//   - they share a claim that identifies a person (login ID, alias), or
//   - their whole names are equal (all attributes whose Sensitive code ends in
//     ".name", joined) and one more personal attribute (phone, private mail,
//     employee number) is equal too.
//
// Two people of one name without further equality are two people, and so are a
// leaver of an earlier apply and a newcomer who share a login ID but not the name.
func (p *planner) identities() {
	for _, k := range p.ordered {
		if k.Person {
			p.identitiesOf(k)
		}
	}
}

// twin is a newcomer and the account that the same person has.
type twin struct {
	o      *object
	old    *object // the leaver who has the account, nil when it is no leaver's
	detail string
	fix    string
	paste  string // for the configuration, "" for nothing
}

func (p *planner) identitiesOf(k *kind) {
	var changed, twins []twin
	var leavers map[string]*object
	var there map[string]*live.Object
	fresh := map[string]*object{} // newcomers seen before, by marks of their names
	for _, o := range p.objects {
		if o.kind != k || o.inst == nil || o.unselected || o.unconfirmed || o.st != nil && o.live != nil {
			continue
		}
		if leavers == nil {
			leavers, there = p.leaverMarks(k), p.accountMarks(k)
		}
		if old, what := p.leaverLike(o, leavers); old != nil {
			changed = append(changed, samePerson(o, old, what))
		} else if o.live == nil {
			if l, what := p.accountLike(o, there); l != nil {
				twins = append(twins, p.secondAccount(o, l, what))
			} else if first, what := p.newcomerLike(o, fresh); first != nil {
				twins = append(twins, twin{o, nil,
					o.addr.String() + " (" + o.title() + ") and " + first.addr.String() + " (" + first.title() + ") would both be created with the same " + what,
					"if they are one person, take one of the two out of the configuration", ""})
			}
		}
	}
	p.refuseTwins("identity.changed", changed)
	p.refuseTwins("identity.twin", twins)
}

// leaverMarks are the marks of those who leave or left.
func (p *planner) leaverMarks(k *kind) map[string]*object {
	index := map[string]*object{}
	for _, o := range p.objects {
		if o.kind != k || o.inst != nil {
			continue
		}
		left := o.st.Status == state.Retired
		if o.live == nil && !p.deletedLately(o) || o.live != nil && o.live.Status == live.Deleted && !left {
			continue
		}
		for _, mark := range p.marks(k, o.company, o.known()) {
			if index[mark] == nil {
				index[mark] = o
			}
		}
	}
	return index
}

// accountMarks are the marks by name of the accounts that nobody declares or that
// somebody else has.
func (p *planner) accountMarks(k *kind) map[string]*live.Object {
	index := map[string]*live.Object{}
	for i := range k.live {
		l := &k.live[i]
		if o := k.owner[l.ID]; l.Status == live.Deleted || o != nil && o.inst == nil {
			continue
		}
		for _, mark := range p.nameMarks(k, l.Attrs) {
			if index[mark] == nil {
				index[mark] = l
			}
		}
	}
	return index
}

func (p *planner) leaverLike(o *object, leavers map[string]*object) (*object, string) {
	for _, mark := range p.marks(o.kind, o.company, o.inst.Attrs) {
		old := leavers[mark]
		if old == nil || old.st.Status == state.Retired && p.otherName(o, old.known()) {
			continue
		}
		what, _, _ := strings.Cut(mark, "\x00")
		return old, what
	}
	return nil, ""
}

func (p *planner) accountLike(o *object, there map[string]*live.Object) (*live.Object, string) {
	for _, mark := range p.nameMarks(o.kind, o.inst.Attrs) {
		if l := there[mark]; l != nil {
			what, _, _ := strings.Cut(mark, "\x00")
			return l, what
		}
	}
	return nil, ""
}

// newcomerLike finds another newcomer with the same name and something else that
// is personal, and remembers o.
func (p *planner) newcomerLike(o *object, fresh map[string]*object) (first *object, what string) {
	for _, mark := range p.nameMarks(o.kind, o.inst.Attrs) {
		if fresh[mark] == nil {
			fresh[mark] = o
		} else if first == nil {
			first = fresh[mark]
			what, _, _ = strings.Cut(mark, "\x00")
		}
	}
	return first, what
}

func samePerson(o, old *object, what string) twin {
	was := old.addr.Key
	if k := old.kind.Key; was == "" && k != "" {
		was = value.Text(old.known()[k])
	}
	if was == "" {
		was = old.addr.String()
	}
	verb := "would leave"
	switch {
	case !old.st.Deleted.IsZero():
		verb = "was deleted on " + old.st.Deleted.UTC().Format("2006-01-02") + " and can be restored"
	case old.st.Status == state.Retired:
		verb = "left"
		if !old.st.Suspended.IsZero() {
			verb += " on " + old.st.Suspended.UTC().Format("2006-01-02")
		}
	}
	return twin{o, old,
		old.addr.String() + " (" + old.title() + ") " + verb + " and " + o.addr.String() + " (" + o.title() + ") would come with the same " + what,
		`if they are one person, write previous_keys = [` + quoted(was) + `] at ` + o.addr.String() + `, or the moved block below; both keep the account`,
		pasteMoved(old.addr, o.addr)}
}

func (p *planner) secondAccount(o *object, l *live.Object, what string) twin {
	k := o.kind
	who := titleOf(k, l.Attrs, l.ID)
	if other := k.owner[l.ID]; other != nil {
		return twin{o, nil, o.addr.String() + " (" + o.title() + ") would be created, and " + other.addr.String() + " (" + who + ") has the same " + what,
			"if they are one person, take one of the two out of the configuration", ""}
	}
	names := strings.Join(k.Natural, " and ")
	if k.Key != "" {
		names += " or " + k.Key
	}
	return twin{o, nil, o.addr.String() + " (" + o.title() + ") would be created, and " + describe(k, []*live.Object{l}) + ", whom isa does not manage, has the same " + what,
		"if they are one person, write that account's " + names + " here, and isa takes it over; or write an import block that names it", ""}
}

// refuseTwins refuses all of one code, unless --allow lifts it for as many.
func (p *planner) refuseTwins(code string, list []twin) {
	if len(list) == 0 {
		return
	}
	g := &guarding{p: p}
	limit := g.limit(&tally{code: code})
	p.plan.Headroom = append(p.plan.Headroom, GuardUse{Code: code, Count: len(list), Limit: limit})
	if len(list) <= limit {
		return
	}
	if n, ok := p.in.Allow[code]; ok && len(list) <= n {
		p.allowed(code, n)
		return
	}
	for _, t := range list {
		t.o.unselected = true
		if t.old != nil {
			t.old.unselected = true
		}
		p.fail(t.o, nil, guardPrefix+code, t.detail, fmt.Sprintf("%s; if they are two, run again with --allow %s=%d", t.fix, code, len(list)))
		p.diags[len(p.diags)-1].Paste = t.paste
	}
}

func quoted(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`
}

// marks are the texts of which one in common makes two objects one person; what
// stands before the first zero byte says in words what is equal.
func (p *planner) marks(k *kind, company schema.Company, attrs value.Object) []string {
	var out []string
	for claim := range p.personal(k, company, attrs) {
		_, name, _ := strings.Cut(claim, "\x00")
		out = append(out, "name "+name+"\x00"+claim)
	}
	slices.Sort(out)
	return append(out, p.nameMarks(k, attrs)...)
}

// personal are the names that identify the person.
func (p *planner) personal(k *kind, company schema.Company, attrs value.Object) map[string]bool {
	out := map[string]bool{}
	if k.Claims == nil {
		return out
	}
	for _, c := range k.Claims(attrs, company, p.claimID) {
		if c.Person {
			out[c.Held()] = true
		}
	}
	return out
}

// nameMarks are the marks that are made of the whole name.
func (p *planner) nameMarks(k *kind, attrs value.Object) []string {
	name := wholeName(k, attrs, attrs)
	if name == "" {
		return nil
	}
	var out []string
	for i := range k.Attrs {
		a := &k.Attrs[i]
		if v := attrs[a.Name]; a.Personal && a.Type.Kind == schema.String && !empty(v) {
			out = append(out, "name and "+a.Name+"\x00"+name+"\x00"+a.Name+p.canon(a, &a.Type, v))
		}
	}
	return out
}

func isName(a *schema.Attr) bool {
	return strings.HasSuffix(a.Sensitive, ".name") && a.Type.Kind == schema.String
}

// wholeName joins the parts of a name that managed has, in the form in which names
// are compared: one sheet has the family name in a column of its own, another has
// not, and a third has it behind the given name.
func wholeName(k *kind, attrs, managed value.Object) string {
	var parts []string
	for i := range k.Attrs {
		if a := &k.Attrs[i]; isName(a) && managed[a.Name] != nil {
			parts = append(parts, value.Text(attrs[a.Name]))
		}
	}
	return hr.NameNormal(strings.Join(parts, " "))
}

// otherName reports whether o, as wanted, has another name than somebody with the
// attributes had. Without a name on either side nothing can be said.
func (p *planner) otherName(o *object, had value.Object) bool {
	want, now := wholeName(o.kind, o.inst.Attrs, o.inst.Attrs), wholeName(o.kind, had, had)
	return want != "" && now != "" && want != now && want != wholeName(o.kind, had, o.inst.Attrs)
}

// replaced reports whether an account would go to somebody else: what is wanted
// has another name and other names that identify the person (login ID, aliases)
// than the account has, and nothing personal in common with it. That happens when
// a number is given to a newcomer, or rows of a sheet have lost their keys. An
// account that isa found by nothing but its login ID proves nothing by it: login
// IDs are made of names, and two people come to the same one.
func (p *planner) replaced(o *object) bool {
	had := o.known()
	if !p.otherName(o, had) {
		return false
	}
	names := p.personal(o.kind, o.company, had)
	if o.byName {
		return !p.sharesPersonal(o, had)
	}
	for name := range p.personal(o.kind, o.company, o.inst.Attrs) {
		if names[name] {
			return false
		}
	}
	return len(names) > 0 && !p.sharesPersonal(o, had)
}

// sharesPersonal reports whether something personal is wanted as it was. What
// only repeats the key of the object says nothing: the key may be the very thing
// that was given away.
func (p *planner) sharesPersonal(o *object, had value.Object) bool {
	for i := range o.kind.Attrs {
		a := &o.kind.Attrs[i]
		w := o.inst.Attrs[a.Name]
		if !a.Personal || isName(a) || a.Type.Kind != schema.String || empty(w) || empty(had[a.Name]) {
			continue
		}
		if text := value.Text(w); text != "" && (text == o.key() || text == o.addr.Key) {
			continue
		}
		if p.canon(a, &a.Type, w) == p.canon(a, &a.Type, had[a.Name]) {
			return true
		}
	}
	return false
}
