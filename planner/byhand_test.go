package planner_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/isaworks/isa/internal/addr"
	"github.com/isaworks/isa/internal/live"
	"github.com/isaworks/isa/internal/schema"
	"github.com/isaworks/isa/internal/value"
	"github.com/isaworks/isa/planner"
	"github.com/isaworks/isa/providers/directory"
	"github.com/isaworks/isa/state"
)

// hands is what is found by hand in a real company that was applied long ago.
func (r *real) hands() *planner.Hands {
	return planner.ByHand(planner.HandInput{
		Now: r.in.Now, Tenant: r.in.Tenant, Kinds: r.in.Kinds, State: r.in.State, Live: r.in.Live, Wanted: r.in.Wanted,
	})
}

func (r *real) now(kind, key string) *live.Object {
	list := r.in.Live.Objects[kind]
	for i := range list {
		if list[i].ID == "I-"+addr.Instance(kind, "a", key).String() {
			return &list[i]
		}
	}
	panic("nothing is " + key)
}

func (r *real) was(kind, key string) *state.Object {
	for i := range r.in.State.Objects {
		if r.in.State.Objects[i].Address == addr.Instance(kind, "a", key) {
			return &r.in.State.Objects[i]
		}
	}
	panic("nothing was " + key)
}

// said writes changes as lines: sort, address, attribute.
func said(h *planner.Hands) []string {
	var out []string
	for _, c := range h.Changes {
		line := string(c.Sort) + " " + c.Address.String() + " " + c.Attr
		if c.Element != nil {
			text, _ := json.Marshal(c.Element)
			line += " of " + string(text)
		}
		for _, e := range c.Added {
			text, _ := json.Marshal(e)
			line += " +" + string(text)
		}
		for _, e := range c.Removed {
			text, _ := json.Marshal(e)
			line += " -" + string(text)
		}
		if c.Ignored {
			line += " ignored"
		}
		if c.Left {
			line += " left"
		}
		out = append(out, line)
	}
	return out
}

// TestByHandOfEachAttribute: for each attribute of each directory kind that can be read,
// another value than the applied one is told with its path, and the same is not. The
// attributes come from the schemas.
func TestByHandOfEachAttribute(t *testing.T) {
	count := 0
	for _, k := range directory.Schemas() {
		for i := range k.Attrs {
			a := &k.Attrs[i]
			if a.Steering || a.WriteOnly || k.Placed && (a.Name == k.Order || a.Name == k.Parent) {
				continue
			}
			count++
			t.Run(k.Type+"."+a.Name, func(t *testing.T) {
				for _, other := range []bool{false, true} {
					r := newReal()
					for _, kind := range r.in.Kinds { // to be referred to
						r.place(kind.Type, "x", value.Object{}, value.Object{})
						r.place(kind.Type, "y", value.Object{}, value.Object{})
					}
					applied, now := sample(a, &a.Type, false), seen(a, &a.Type, sample(a, &a.Type, other))
					r.place(k.Type, "it", value.Object{a.Name: applied}, value.Object{a.Name: now})
					h := r.hands()
					switch {
					case other && (len(h.Changes) == 0 || slices.ContainsFunc(h.Changes, func(c planner.Hand) bool {
						return c.Address != addr.Instance(k.Type, "a", "it") || !strings.HasPrefix(c.Attr, a.Name)
					})):
						t.Errorf("applied %v, is %v: %q", applied, now, said(h))
					case !other && len(h.Changes)+len(h.Unseen) > 0:
						t.Errorf("applied %v, is %v, and nothing was done: %q", applied, now, said(h))
					}
				}
			})
		}
	}
	if count < 60 {
		t.Errorf("only %d attributes were tried", count)
	}
}

// place puts an object into state and tenant, as it was applied and as it is.
func (r *real) place(kind, key string, applied, now value.Object) {
	a := addr.Instance(kind, "a", key)
	r.in.State.Objects = append(r.in.State.Objects, state.Object{Address: a, Kind: kind, ID: "I-" + a.String(), DomainID: 1, Status: state.Ready, Attrs: applied})
	r.in.Live.Objects[kind] = append(r.in.Live.Objects[kind], live.Object{Kind: kind, ID: "I-" + a.String(), DomainID: 1, Attrs: now, Status: live.InUse})
}

// sample makes one of two values of a type, as wanted.
func sample(a *schema.Attr, t *schema.Type, other bool) value.Value {
	one := func(x, y string) string {
		if other {
			return y
		}
		return x
	}
	switch t.Kind {
	case schema.Int:
		return value.Int(len(one("1", "12")))
	case schema.Bool:
		return value.Bool(other)
	case schema.Reference:
		return value.ID(addr.Instance(t.Kinds[len(t.Kinds)-1], "a", one("x", "y")))
	case schema.List:
		if elem, ok := sample(a, t.Elem, other).(value.Object); ok && a.ElemKey != "" {
			elem = maps.Clone(elem)
			elem[a.ElemKey] = sample(a, keyType(a, t), false)
			return value.List{elem}
		}
		return value.List{sample(a, t.Elem, other)}
	case schema.Map:
		return value.Object{"en_US": sample(a, t.Elem, other)}
	case schema.Object:
		out := value.Object{}
		for i := range t.Attrs {
			if inner := &t.Attrs[i]; !inner.Steering && !inner.WriteOnly {
				out[inner.Name] = sample(inner, &inner.Type, other)
			}
		}
		return out
	case schema.File:
		return value.String(schema.FileText("a.jpg", strings.Repeat(one("ab", "cd"), 32)))
	}
	if len(a.Enum) > 1 {
		return value.String(one(a.Enum[0], a.Enum[1]))
	}
	return value.String(one("2031-02-03T04:05:06+09:00", "2032-03-04T05:06:07+09:00"))
}

func keyType(a *schema.Attr, t *schema.Type) *schema.Type {
	for i := range t.Elem.Attrs {
		if t.Elem.Attrs[i].Name == a.ElemKey {
			return &t.Elem.Attrs[i].Type
		}
	}
	panic(a.Name + " has no " + a.ElemKey)
}

// seen is a wanted value as the service shows it.
func seen(a *schema.Attr, t *schema.Type, v value.Value) value.Value {
	return schema.Merger{
		Text:    func(_ *schema.Attr, _ *schema.Type, v value.Value) string { return fmt.Sprint(v) },
		Resolve: func(ref value.Ref) value.Value { return value.String("I-" + ref.Addr.String()) },
	}.Merge([]schema.Attr{*a}, nil, value.Object{a.Name: v})[a.Name]
}

// TestByHand: what is drift, what is none, and how it is told.
func TestByHand(t *testing.T) {
	unit := func(key string) value.Value { return value.String(`I-org_unit.a["` + key + `"]`) }
	post := func(r *real) value.Object {
		return maps.Clone(r.now("member", "0").Attrs["belongs_to"].(value.List)[0].(value.Object))
	}
	for name, c := range map[string]struct {
		hand func(*real)
		want []string
	}{
		"nothing": {func(*real) {}, nil},
		"an attribute": {func(r *real) { r.now("org_unit", "hq").Attrs["name"] = value.String("손댄 이름") },
			[]string{`changed org_unit.a["hq"] name`}},
		"left alone": {func(r *real) {
			r.was("org_unit", "hq").Lifecycle.Ignore = []string{"name"}
			r.now("org_unit", "hq").Attrs["name"] = value.String("손댄 이름")
		}, []string{`changed org_unit.a["hq"] name ignored`}},
		"written at creation only": {func(r *real) {
			r.was("org_unit", "hq").Lifecycle.Seed = []string{"name"}
			r.now("org_unit", "hq").Attrs["name"] = value.String("손댄 이름")
		}, nil},
		"not managed": {func(r *real) { r.now("org_unit", "hq").Attrs["description"] = value.String("x") }, nil},
		"begun by isa": {func(r *real) {
			r.was("org_unit", "hq").Begun = []string{"name"}
			r.now("org_unit", "hq").Attrs["name"] = value.String("x")
		}, nil},
		"begun, other": {func(r *real) {
			r.was("org_unit", "hq").Begun = []string{"email"}
			r.now("org_unit", "hq").Attrs["name"] = value.String("x")
		}, []string{`changed org_unit.a["hq"] name`}},
		"capitals":      {func(r *real) { r.now("member", "1").Attrs["login_id"] = value.String("PERSON1") }, nil},
		"moved in tree": {func(r *real) { delete(r.now("org_unit", "hr").Attrs, "parent") }, []string{`moved org_unit.a["hr"] parent`}},
		"other company": {func(r *real) { r.now("member", "1").DomainID = 9 }, []string{`moved member.a["1"] company`}},
		"suspended":     {func(r *real) { r.now("member", "1").Status = live.Suspended }, []string{`suspended member.a["1"] status left`}},
		"suspended, and taken over so": {func(r *real) {
			r.was("member", "1").Found, r.now("member", "1").Status = string(live.Suspended), live.Suspended
		}, nil},
		"reactivated, and taken over suspended": {func(r *real) { r.was("member", "1").Found = string(live.Suspended) },
			[]string{`reactivated member.a["1"] status left`}},
		"registers":            {func(r *real) { r.now("member", "1").Status = live.Pending }, nil},
		"deleted":              {func(r *real) { r.now("member", "1").Status = live.Deleted }, []string{`deleted member.a["1"] status`}},
		"gone":                 {func(r *real) { r.in.Live.Objects["job_grade"] = []live.Object{} }, []string{`deleted job_grade.a["g"] status`}},
		"leaver":               {func(r *real) { r.leaver("1"); r.now("member", "1").Attrs["last_name"] = value.String("x") }, nil},
		"leaver is back":       {func(r *real) { r.leaver("1"); r.now("member", "1").Status = live.InUse }, []string{`reactivated member.a["1"] status left`}},
		"leaver is gone":       {func(r *real) { r.leaver("1"); r.now("member", "1").Status = live.Deleted }, []string{`deleted member.a["1"] status`}},
		"a leave that is over": {func(r *real) { r.was("member", "1").Attrs["leave"] = leave("2025") }, nil},
		"a leave of their own": {func(r *real) {
			r.was("member", "1").Attrs["leave"] = leave("2025")
			r.now("member", "1").Attrs["leave"] = leave("2031")
		}, []string{`changed member.a["1"] leave`}},
		"a leave taken back": {func(r *real) { r.was("member", "1").Attrs["leave"] = leave("2031") }, []string{`changed member.a["1"] leave`}},
		"a post of another": {func(r *real) {
			p := post(r)
			p["head"] = value.Bool(false)
			r.now("member", "0").Attrs["belongs_to"] = value.List{p}
		}, []string{`changed member.a["0"] belongs_to.head of {"$ref":"org_unit.a[\"hr\"]","attr":"id"}`}},
		"a post more": {func(r *real) {
			r.now("member", "0").Attrs["belongs_to"] = value.List{post(r), value.Object{"org_unit": unit("hq"), "primary": value.Bool(false)}}
		}, []string{`changed member.a["0"] belongs_to +{"org_unit":{"$ref":"org_unit.a[\"hq\"]","attr":"id"},"primary":false}`}},
		"a post more, owned in part": {func(r *real) {
			for _, in := range r.in.Wanted {
				if in.Addr == addr.Instance("member", "a", "0") {
					in.Attrs["ownership"] = value.String("listed")
				}
			}
			r.now("member", "0").Attrs["belongs_to"] = value.List{post(r), value.Object{"org_unit": unit("hq"), "primary": value.Bool(false)}}
		}, nil},
		"no post": {func(r *real) { r.now("member", "0").Attrs["belongs_to"] = value.List{} },
			[]string{`changed member.a["0"] belongs_to -{"head":true,"org_unit":{"$ref":"org_unit.a[\"hr\"]","attr":"id"},"primary":true}`}},
		"recreated beside": {func(r *real) {
			r.in.Live.Objects["job_grade"][0].ID = "another"
		}, []string{`deleted job_grade.a["g"] status`}},
	} {
		t.Run(name, func(t *testing.T) {
			r := newReal()
			r.company()
			c.hand(r)
			h := r.hands()
			if got := said(h); !slices.Equal(got, c.want) {
				t.Errorf("found %q, want %q", got, c.want)
			}
		})
	}
}

// leave is one in January of a year.
func leave(year string) value.Value {
	return value.Object{"from": value.String(year + "-01-02T00:00:00+09:00"), "until": value.String(year + "-02-03T00:00:00+09:00")}
}

// leaver makes a member one who left in an earlier apply.
func (r *real) leaver(key string) {
	o := r.was("member", key)
	o.Status, o.Suspended = state.Retired, r.in.Now.AddDate(0, 0, -9)
	r.now("member", key).Status = live.Suspended
	r.in.Wanted = slices.DeleteFunc(r.in.Wanted, func(in *schema.Instance) bool { return in.Addr == o.Address })
}

// TestByHandTellsWhoHoldsANameNow: who lost the headship reads who has it.
func TestByHandTellsWhoHoldsANameNow(t *testing.T) {
	r := newReal()
	r.company()
	head := func(key string, on bool) {
		p := maps.Clone(r.now("member", key).Attrs["belongs_to"].(value.List)[0].(value.Object))
		p["head"] = value.Bool(on)
		r.now("member", key).Attrs["belongs_to"] = value.List{p}
	}
	head("0", false)
	head("7", true)
	h := r.hands()
	if len(h.Changes) != 2 || h.Changes[0].Address != addr.Instance("member", "a", "0") {
		t.Fatalf("found %q", said(h))
	}
	if !strings.Contains(h.Changes[0].Note, "길7") {
		t.Errorf("the note %q does not name who is head now", h.Changes[0].Note)
	}
}

// TestByHandWaitsForTheListing: what differs moments after it was applied is looked at
// again before it counts as done by hand.
func TestByHandWaitsForTheListing(t *testing.T) {
	r := newReal()
	r.company()
	r.was("org_unit", "hq").Applied = r.in.Now.Add(-10 * time.Second)
	r.now("org_unit", "hq").Attrs["name"] = value.String("아직")
	if h := r.hands(); len(h.Changes) > 0 || len(h.Unconfirmed) != 1 {
		t.Errorf("found %q, unconfirmed %v", said(h), h.Unconfirmed)
	}
}

// TestByHandSaysWhatIsNotSeen: what could not be listed is named and invents nothing, not
// even in what refers to it.
func TestByHandSaysWhatIsNotSeen(t *testing.T) {
	for name, c := range map[string]struct {
		make   func(*real) map[string]string
		failed bool
	}{
		"a failure": {func(r *real) map[string]string {
			delete(r.in.Live.Objects, "job_grade")
			return map[string]string{"job_grade": "listing job grades: denied"}
		}, true},
		"a feature that is off": {func(r *real) map[string]string { delete(r.in.Live.Objects, "job_grade"); return nil }, false},
		"a creation that was cut off": {func(r *real) map[string]string {
			r.was("job_grade", "g").Status = state.Pending
			return nil
		}, false},
	} {
		t.Run(name, func(t *testing.T) {
			r := newReal()
			r.company()
			unlisted := c.make(r)
			h := planner.ByHand(planner.HandInput{Now: r.in.Now, Tenant: r.in.Tenant, Kinds: r.in.Kinds, State: r.in.State, Live: r.in.Live, Unlisted: unlisted})
			if len(h.Changes) > 0 || len(h.Unseen) != 1 || h.Failed() != c.failed || h.Unseen[0].Address != addr.Instance("job_grade", "a", "g") {
				t.Errorf("found %q, unseen %+v", said(h), h.Unseen)
			}
		})
	}
}
