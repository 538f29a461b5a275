package planner

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/isaworks/isa/internal/addr"
	"github.com/isaworks/isa/internal/live"
	"github.com/isaworks/isa/internal/schema"
	"github.com/isaworks/isa/internal/value"
	"github.com/isaworks/isa/state"
)

var noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

// tenant is a strict service in memory together with the state that an executor
// would keep: names are unique at every moment, units are empty before they go,
// parents exist and nothing is below itself.
type tenant struct {
	kinds  []*schema.Kind
	objs   map[string][]live.Object
	orders map[string][]string // seat → unit IDs in order
	state  *state.State
	now    time.Time
	next   int
}

func newTenant(kinds []*schema.Kind) *tenant {
	return &tenant{kinds: kinds, objs: map[string][]live.Object{}, orders: map[string][]string{}, state: &state.State{Lineage: "l"}, now: noon}
}

func (t *tenant) kind(name string) *schema.Kind {
	for _, k := range t.kinds {
		if k.Type == name {
			return k
		}
	}
	panic("no kind " + name)
}

func (t *tenant) find(kind, id string) *live.Object {
	for i := range t.objs[kind] {
		if t.objs[kind][i].ID == id {
			return &t.objs[kind][i]
		}
	}
	return nil
}

func (t *tenant) snapshot() live.Snapshot {
	s := live.Snapshot{Identity: "toy", TakenAt: t.now, Objects: map[string][]live.Object{}}
	for _, k := range t.kinds {
		for _, o := range t.objs[k.Type] {
			c := o
			c.Attrs = value.Object{}
			for n, v := range o.Attrs {
				c.Attrs[n] = v
			}
			if k.Placed {
				c.Attrs[k.Order] = value.Int(slices.Index(t.orders[value.Text(o.Attrs[k.Parent])], o.ID) + 1)
			}
			s.Objects[k.Type] = append(s.Objects[k.Type], c)
		}
	}
	return s
}

func (t *tenant) input(wanted []*schema.Instance) Input {
	return Input{Tool: "test", Now: t.now, Kinds: t.kinds, Wanted: wanted, State: t.state, Live: t.snapshot(),
		Tenant: schema.Tenant{Companies: []schema.Company{acme}}, Calls: toyCalls, PerMinute: 240,
		Guards: noGuards(t.kinds)}
}

// noGuards lifts all guards whose limit is a share.
func noGuards(kinds []*schema.Kind) []Guard {
	many := 1 << 30
	var out []Guard
	for code := range CodesFor(kinds) {
		out = append(out, Guard{Code: strings.TrimPrefix(code, guardPrefix), MaxCount: &many})
	}
	return append(out, Guard{Code: "identity.reuse", MaxCount: &many})
}

func (t *tenant) stateOf(a addr.Address) *state.Object {
	for i := range t.state.Objects {
		if t.state.Objects[i].Address == a {
			return &t.state.Objects[i]
		}
	}
	return nil
}

func (t *tenant) idOf(a addr.Address) (kind, id string) {
	if o := t.stateOf(a); o != nil {
		return o.Kind, o.ID
	}
	return "", ""
}

// run carries the plan out in a random order that respects Needs.
func (t *tenant) run(p *Plan, r *rand.Rand) error {
	moves := map[addr.Address]addr.Address{}
	for _, c := range p.Changes {
		if c.Previous.IsZero() {
			continue
		}
		if t.stateOf(c.Address) != nil {
			return fmt.Errorf("%s is to become %s, which the state has", c.Previous, c.Address)
		}
		moves[c.Previous] = c.Address
	}
	t.state = state.Fold(t.state, state.Rename(t.state, moves, "rekey"))
	for _, c := range p.Changes {
		if o := t.stateOf(c.Address); o == nil && c.ID != "" {
			t.state.Objects = append(t.state.Objects, state.Object{Address: c.Address, Kind: c.Kind, ID: c.ID, DomainID: 1, Status: state.Ready})
		}
	}
	done, left := map[string]bool{}, 0
	for _, c := range p.Changes {
		left += len(c.Steps)
	}
	for left > 0 {
		type at struct{ c, s int }
		var ready []at
		for i, c := range p.Changes {
			for j, s := range c.Steps {
				if !done[s.ID] && !slices.ContainsFunc(s.Needs, func(n string) bool { return !done[n] }) {
					ready = append(ready, at{i, j})
				}
			}
		}
		if len(ready) == 0 {
			return fmt.Errorf("no step is ready, %d are left", left)
		}
		x := ready[r.IntN(len(ready))]
		c, s := &p.Changes[x.c], &p.Changes[x.c].Steps[x.s]
		if err := errors.Join(t.do(c, s), t.shown(c, s)); err != nil {
			return fmt.Errorf("%s (%s): %w", s.ID, s.Verb, err)
		}
		done[s.ID] = true
		left--
	}
	for i := range p.Changes {
		t.settle(&p.Changes[i])
	}
	for _, rec := range p.Records {
		o := t.stateOf(rec.Address)
		o.Attrs = rec.Attrs
	}
	for _, list := range p.Sequences {
		before := addr.Address{}
		for _, a := range list {
			if o := t.stateOf(a); o != nil {
				o.Behind, o.Begun = before, nil
			}
			before = a
		}
	}
	return nil
}

// settle writes the state as an executor does when a change is done.
func (t *tenant) settle(c *Change) {
	if c.Managed == nil {
		t.state.Objects = slices.DeleteFunc(t.state.Objects, func(o state.Object) bool { return o.Address == c.Address })
		return
	}
	o := t.stateOf(c.Address)
	o.Attrs, o.Lifecycle, o.Status, o.Applied = c.Managed, c.Lifecycle, state.Ready, t.now.Add(-time.Hour)
	if c.Action == Restore {
		o.Suspended, o.Deleted = time.Time{}, time.Time{}
	}
	if !o.Suspended.IsZero() || !o.Deleted.IsZero() {
		o.Status = state.Retired
	}
}

func (t *tenant) resolve(typ schema.Type, v value.Value) (value.Value, error) {
	switch v := v.(type) {
	case value.Ref:
		kind, id := t.idOf(v.Addr)
		if id == "" || t.find(kind, id) == nil {
			return nil, fmt.Errorf("%s does not exist yet", v.Addr)
		}
		return value.String(schema.RefText(typ, kind, id)), nil
	case value.List:
		out := value.List{}
		for _, e := range v {
			r, err := t.resolve(*typ.Elem, e)
			if err != nil {
				return nil, err
			}
			out = append(out, r)
		}
		return out, nil
	case value.Object:
		out := value.Object{}
		for n, e := range v {
			r, err := t.resolve(*memberType(&typ, n), e)
			if err != nil {
				return nil, err
			}
			out[n] = r
		}
		return out, nil
	}
	return v, nil
}

// shown refuses what a step makes, switches or puts on below what is off, and what
// it switches off above what is on.
func (t *tenant) shown(c *Change, s *Step) error {
	o := t.find(c.Kind, t.stateOf(c.Address).ID)
	if o == nil || s.Verb != DoCreate && s.Verb != DoPlace && s.Attrs["shown"] == nil {
		return nil
	}
	up := t.find(c.Kind, value.Text(o.Attrs["parent"]))
	if up != nil && value.True(o.Attrs["shown"]) && !value.True(up.Attrs["shown"]) {
		return fmt.Errorf("%s is shown below what is not", o.ID)
	}
	for _, below := range t.objs[c.Kind] {
		if s.Attrs["shown"] == value.Bool(false) && value.Text(below.Attrs["parent"]) == o.ID && value.True(below.Attrs["shown"]) {
			return fmt.Errorf("%s is hidden above %s, which is shown", o.ID, below.ID)
		}
	}
	return nil
}

func (t *tenant) do(c *Change, s *Step) error {
	k := t.kind(c.Kind)
	id := ""
	if o := t.stateOf(c.Address); o != nil {
		id = o.ID
	}
	l := t.find(c.Kind, id)
	if l == nil && s.Verb != DoCreate && s.Verb != DoRecord {
		return fmt.Errorf("is not there")
	}
	switch s.Verb {
	case DoCreate:
		t.next++
		id = fmt.Sprintf("%s%d", c.Kind, t.next)
		o := live.Object{Kind: c.Kind, ID: id, DomainID: 1, Status: live.InUse, Attrs: value.Object{}}
		for _, a := range k.Attrs {
			if a.Type.Kind == schema.List {
				o.Attrs[a.Name] = value.List{}
			}
		}
		t.objs[c.Kind] = append(t.objs[c.Kind], o)
		t.state.Objects = slices.DeleteFunc(t.state.Objects, func(o state.Object) bool { return o.Address == c.Address })
		t.state.Objects = append(t.state.Objects, state.Object{Address: c.Address, Kind: c.Kind, ID: id, DomainID: 1})
		if err := t.write(k, id, s.Attrs); err != nil {
			return err
		}
		if s.Place != nil {
			return t.putAt(k, id, s.Place)
		}
	case DoPatch, DoRelease:
		if l.Status == live.Deleted {
			return fmt.Errorf("is deleted")
		}
		return t.write(k, id, s.Attrs)
	case DoPlace:
		return t.putAt(k, id, s.Place)
	case DoSuspend:
		if l.Status == live.Pending {
			return fmt.Errorf("is pending")
		}
		l.Status, t.stateOf(c.Address).Suspended = live.Suspended, t.now
	case DoUnsuspend:
		l.Status = live.InUse
	case DoUndelete:
		l.Status = live.InUse
	case DoDelete:
		return t.remove(k, l, c)
	}
	return nil
}

func (t *tenant) remove(k *schema.Kind, l *live.Object, c *Change) error {
	if k.Person {
		l.Status, t.stateOf(c.Address).Deleted = live.Deleted, t.now
		return nil
	}
	for _, other := range t.kinds {
		for _, o := range t.objs[other.Type] {
			if o.Status == live.Deleted || o.ID == l.ID {
				continue
			}
			used := false
			eachRef(other.Attrs, o.Attrs, func(top *schema.Attr, typ *schema.Type, v value.Value) {
				used = used || v == value.String(schema.RefText(*typ, k.Type, l.ID)) && (other.Person || top.Name == other.Parent)
			})
			if used {
				return fmt.Errorf("%s is still used by %s %v", l.ID, o.ID, o.Attrs)
			}
		}
	}
	if k.Placed {
		seat := value.Text(l.Attrs[k.Parent])
		t.orders[seat] = slices.DeleteFunc(t.orders[seat], func(id string) bool { return id == l.ID })
	}
	id := l.ID
	t.objs[k.Type] = slices.DeleteFunc(t.objs[k.Type], func(o live.Object) bool { return o.ID == id })
	for _, other := range t.kinds { // the service takes it out of groups
		for i := range t.objs[other.Type] {
			o := &t.objs[other.Type][i]
			if m, ok := o.Attrs["members"].(value.List); ok {
				o.Attrs["members"] = slices.DeleteFunc(slices.Clone(m), func(v value.Value) bool { return v == value.String(k.Type+":"+id) })
			}
		}
	}
	return nil
}

func (t *tenant) write(k *schema.Kind, id string, attrs value.Object) error {
	l := t.find(k.Type, id)
	p := newPlanner(Input{Kinds: t.kinds})
	now := l.Attrs
	for name, v := range attrs {
		a, _ := k.Attr(name)
		if a.WriteOnly || k.Placed && name == k.Parent {
			continue
		}
		var r value.Value
		var err error
		if e, ok := v.(value.Edit); ok {
			add, err1 := t.resolve(a.Type, orList(e.Add))
			rem, err2 := t.resolve(a.Type, orList(e.Remove))
			if err1 != nil || err2 != nil {
				return fmt.Errorf("%s: %v %v", name, err1, err2)
			}
			r = value.Edit{Add: add.(value.List), Remove: rem.(value.List)}
		} else if r, err = t.resolve(a.Type, v); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		now = p.image(pkind(p, k), now, value.Object{name: r})
		if now[name] == nil && a.Type.Kind == schema.List {
			now[name] = value.List{}
		}
	}
	l.Attrs = now
	return t.unique()
}

func pkind(p *planner, k *schema.Kind) *kind { return p.kinds[k.Type] }

func orList(l value.List) value.List {
	if l == nil {
		return value.List{}
	}
	return l
}

func (t *tenant) unique() error {
	held := map[string]string{}
	for _, k := range t.kinds {
		for _, o := range t.objs[k.Type] {
			for _, c := range k.Claims(o.Attrs, acme, func(v value.Value) string { return value.Text(v) }) {
				if other, twice := held[c.Held()]; twice && other != o.ID {
					return fmt.Errorf("%s and %s both hold %s %s", other, o.ID, c.Space, c.Name)
				}
				held[c.Held()] = o.ID
			}
		}
	}
	return nil
}

func (t *tenant) putAt(k *schema.Kind, id string, pl *Place) error {
	l := t.find(k.Type, id)
	parent, after := "", ""
	for _, x := range []struct {
		v   value.Value
		out *string
	}{{pl.Parent, &parent}, {pl.After, &after}} {
		if x.v == nil {
			continue
		}
		r, err := t.resolve(schema.RefTo(k.Type), x.v)
		if err != nil {
			return err
		}
		*x.out = value.Text(r)
	}
	for up := parent; up != ""; {
		if up == id {
			return fmt.Errorf("%s would be below itself", id)
		}
		o := t.find(k.Type, up)
		if o == nil {
			return fmt.Errorf("parent %s does not exist", up)
		}
		up = value.Text(o.Attrs[k.Parent])
	}
	old := value.Text(l.Attrs[k.Parent])
	t.orders[old] = slices.DeleteFunc(slices.Clone(t.orders[old]), func(s string) bool { return s == id })
	at := 0
	if after != "" {
		if at = slices.Index(t.orders[parent], after) + 1; at == 0 {
			return fmt.Errorf("sibling %s is not under %q", after, parent)
		}
	}
	if pl.Last {
		at = len(t.orders[parent])
	}
	t.orders[parent] = slices.Insert(slices.Clone(t.orders[parent]), at, id)
	attrs := value.Object{}
	for n, v := range l.Attrs {
		attrs[n] = v
	}
	delete(attrs, k.Parent)
	if parent != "" {
		attrs[k.Parent] = value.String(parent)
	}
	l.Attrs = attrs
	return nil
}
