package planner

import (
	"strings"

	"github.com/isaworks/isa/internal/live"
	"github.com/isaworks/isa/internal/schema"
	"github.com/isaworks/isa/internal/value"
)

// identities refuses to let a person leave and come as somebody new in one plan.
// A leaver and a newcomer are taken for one person when
//
//   - they share a claim that identifies a person (login ID, alias), or
//   - all name attributes (those whose Sensitive code ends in ".name") that both
//     have are equal, there is at least one, and one more personal attribute that
//     has a normal form or is compared without case (phone, birthday, private
//     mail) is equal too.
//
// Two people of one name without further equality are two people.
func (p *planner) identities() {
	for _, k := range p.ordered {
		if k.Person {
			p.identitiesOf(k)
		}
	}
}

func (p *planner) identitiesOf(k *kind) {
	index := map[string]*object{}
	for _, o := range p.objects {
		if o.kind == k && o.inst == nil && o.st.Status != "retired" && o.live != nil && o.live.Status != live.Deleted {
			for _, mark := range p.marks(o, o.live.Attrs) {
				if index[mark] == nil {
					index[mark] = o
				}
			}
		}
	}
	if len(index) == 0 {
		return
	}
	for _, o := range p.objects {
		if o.kind != k || o.inst == nil || o.st != nil {
			continue
		}
		for _, mark := range p.marks(o, o.inst.Attrs) {
			old := index[mark]
			if old == nil {
				continue
			}
			p.samePerson(o, old, mark)
			break
		}
	}
}

func (p *planner) samePerson(o, old *object, mark string) {
	was := old.addr.Key
	if k := old.kind.Key; was == "" && k != "" {
		was = value.Text(old.live.Attrs[k])
	}
	if was == "" {
		was = old.addr.String()
	}
	what, _, _ := strings.Cut(mark, "\x00")
	p.fail(o, nil, "identity.changed",
		old.addr.String()+" ("+old.title()+") would leave and "+o.addr.String()+" ("+o.title()+") would come with the same "+what,
		`if they are one person, write previous_keys = [`+quoted(was)+`] at `+o.addr.String()+`; if they are two, let the first leave in an apply of its own`)
	o.unselected, old.unselected = true, true
}

func quoted(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`
}

// marks are the texts of which one in common makes two objects one person; what
// stands before the first zero byte says in words what is equal.
func (p *planner) marks(o *object, attrs value.Object) []string {
	var out []string
	if o.kind.Claims != nil {
		for _, c := range o.kind.Claims(attrs, o.company, p.claimID) {
			if c.Person {
				out = append(out, "name "+c.Name+"\x00"+c.Held())
			}
		}
	}
	name, labels := "", []string{}
	for i := range o.kind.Attrs {
		a := &o.kind.Attrs[i]
		if strings.HasSuffix(a.Sensitive, ".name") && !empty(attrs[a.Name]) && len(a.Type.Attrs) == 0 && a.Type.Elem == nil {
			name += a.Name + p.canon(a, &a.Type, attrs[a.Name])
			labels = append(labels, a.Name)
		}
	}
	if name == "" {
		return out
	}
	for i := range o.kind.Attrs {
		a := &o.kind.Attrs[i]
		if !a.Personal || a.Normalise == nil && !a.CaseFold || strings.HasSuffix(a.Sensitive, ".name") {
			continue
		}
		if v := attrs[a.Name]; !empty(v) {
			out = append(out, strings.Join(labels, ", ")+" and "+a.Name+"\x00"+name+a.Name+p.canon(a, &a.Type, v))
		}
	}
	return out
}

// replaced reports whether an account would go to somebody else: the names that
// identify the person (login ID, aliases) and all parts of the name change, and
// nothing personal stays that was known. That happens when a number is given to a
// newcomer, or rows of a sheet have lost their keys.
func (p *planner) replaced(o *object) bool {
	then := p.then(o)
	return !p.sharesName(o, then) && p.allDiffer(o, then, true) && p.allDiffer(o, then, false)
}

// sharesName reports whether a name that identifies a person stays, or there was
// none.
func (p *planner) sharesName(o *object, then value.Object) bool {
	had, some := map[string]bool{}, false
	for _, c := range o.kind.Claims(o.live.Attrs, o.company, p.claimID) {
		had[c.Held()], some = c.Person, some || c.Person
	}
	for _, c := range o.kind.Claims(then, o.company, p.claimID) {
		if c.Person && had[c.Held()] {
			return true
		}
	}
	return !some
}

// allDiffer reports whether none of the attributes that had a value keeps it: of
// the parts of the name, of which there must be one, or else of what is personal.
func (p *planner) allDiffer(o *object, then value.Object, names bool) bool {
	some := !names
	for i := range o.kind.Attrs {
		a := &o.kind.Attrs[i]
		isName := strings.HasSuffix(a.Sensitive, ".name")
		l := o.live.Attrs[a.Name]
		if a.Type.Kind != schema.String || isName != names || !names && !a.Personal || empty(l) {
			continue
		}
		if p.same(a, &a.Type, then[a.Name], l) && !empty(then[a.Name]) {
			return false
		}
		some = true
	}
	return some
}
