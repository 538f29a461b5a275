package planner_test

import (
	"fmt"
	"maps"
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

// real is a company of the real kinds, as wanted and as it is.
type real struct {
	kinds  map[string]*schema.Kind
	in     planner.Input
	number int
}

func newReal() *real {
	c := schema.Company{Domain: "acme.co.kr", DomainID: 1}
	r := &real{kinds: map[string]*schema.Kind{}, in: planner.Input{
		Kinds: directory.Schemas(), State: &state.State{}, PerMinute: 240,
		Now:    time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC),
		Live:   live.Snapshot{Objects: map[string][]live.Object{}},
		Tenant: schema.Tenant{Companies: []schema.Company{c}},
	}}
	for _, k := range r.in.Kinds {
		r.kinds[k.Type] = k
	}
	return r
}

// add declares an object that exists as wanted.
func (r *real) add(kind, key string, attrs value.Object) *schema.Instance {
	r.number++
	in := &schema.Instance{Addr: addr.Instance(kind, "a", key), Kind: r.kinds[kind], Company: r.in.Tenant.Companies[0], Attrs: attrs, Seq: r.number, Written: true}
	in.Kind.Prepare(in)
	r.in.Wanted = append(r.in.Wanted, in)
	id := "I-" + in.Addr.String()
	r.in.State.Objects = append(r.in.State.Objects, state.Object{Address: in.Addr, Kind: kind, ID: id, DomainID: 1, Status: state.Ready, Attrs: maps.Clone(in.Attrs)})
	now, _ := value.Map(in.Attrs, func(v value.Value) value.Value {
		switch v := v.(type) {
		case value.Ref:
			return value.String("I-" + v.Addr.String())
		case value.Clear:
			return nil
		}
		return v
	}).(value.Object)
	if in.Kind.Placed {
		now[in.Kind.Order] = value.Int(r.number)
	}
	r.in.Live.Objects[kind] = append(r.in.Live.Objects[kind], live.Object{Kind: kind, ID: id, DomainID: 1, Attrs: now, Status: live.InUse})
	return in
}

func (r *real) company() {
	r.add("org_unit", "hq", value.Object{"name": value.String("본사"), "email": value.String("hq")})
	r.add("org_unit", "hr", value.Object{"name": value.String("인사팀"), "parent": value.ID(addr.Instance("org_unit", "a", "hq"))})
	r.add("job_grade", "g", value.Object{"name": value.String("대리"), "order": value.Int(1)})
	for i := range 40 {
		r.add("member", fmt.Sprint(i), value.Object{
			"external_key": value.String(fmt.Sprint("K", i)), "login_id": value.String(fmt.Sprint("person", i)),
			"last_name": value.String("홍"), "first_name": value.String(fmt.Sprint("길", i)), "job_grade": value.ID(addr.Instance("job_grade", "a", "g")),
			"belongs_to": value.List{value.Object{"org_unit": value.ID(addr.Instance("org_unit", "a", "hr")), "head": value.Bool(i == 0)}},
		})
	}
}

func codes(p *planner.Plan) map[string]int {
	out := map[string]int{}
	for _, d := range p.Diagnostics {
		out[d.Code]++
	}
	return out
}

func TestRealKindsUnchanged(t *testing.T) {
	r := newReal()
	r.company()
	if p := planner.Build(r.in); !p.Empty() || len(p.Diagnostics) > 0 {
		t.Errorf("%d changes, %v", len(p.Changes), p.Diagnostics)
	}
}

func TestRealKindsFromNothing(t *testing.T) {
	r := newReal()
	r.company()
	r.in.Live.Objects, r.in.State = map[string][]live.Object{}, &state.State{}
	p := planner.Build(r.in)
	if p.Summary.Create != 43 || p.Diagnostics.HasErrors() {
		t.Errorf("%+v, %v", p.Summary, p.Diagnostics)
	}
}

func TestRealKindsSwapLoginsAndHead(t *testing.T) {
	r := newReal()
	r.company()
	a, b := r.in.Wanted[3], r.in.Wanted[4]
	swap := func(name string) { a.Attrs[name], b.Attrs[name] = b.Attrs[name], a.Attrs[name] }
	swap("login_id")
	swap("belongs_to")
	p := planner.Build(r.in)
	if got := codes(p); got["guard.identity.reuse"] != 1 || len(got) != 1 || !planner.Guarded(p.Diagnostics) {
		t.Fatalf("diagnostics: %v", p.Diagnostics)
	}
	hash := p.Hash
	r.in.Allow = map[string]int{"identity.reuse": 2}
	p = planner.Build(r.in)
	releases := 0
	for _, c := range p.Changes {
		for _, s := range c.Steps {
			if s.Verb == planner.DoRelease {
				releases++
			}
		}
	}
	if p.Diagnostics.HasErrors() || releases != 1 || p.Summary.Update != 2 {
		t.Errorf("%d releases, %+v, %v", releases, p.Summary, p.Diagnostics)
	}
	if p.Hash != hash {
		t.Error("lifting a guard changed the hash")
	}
}

func TestRealKindsNewNumberIsOnePerson(t *testing.T) {
	r := newReal()
	r.company()
	in := r.in.Wanted[5]
	in.Addr.Key, in.Attrs["external_key"] = "E9", value.String("E9")
	if got := codes(planner.Build(r.in)); got["guard.identity.changed"] != 1 || len(got) != 1 {
		t.Fatalf("codes: %v", got)
	}
	in.Previous = []string{"K2"}
	p := planner.Build(r.in)
	if p.Diagnostics.HasErrors() || len(p.Changes) != 1 || p.Changes[0].Action != planner.Update || p.Changes[0].Previous.Key != "2" {
		t.Errorf("%+v, %v", p.Changes, p.Diagnostics)
	}
}

func TestStaleTellsWhatChanged(t *testing.T) {
	r := newReal()
	r.company()
	r.in.Wanted[3].Attrs["first_name"] = value.String("새")
	p := planner.Build(r.in)
	r.in.Live.TakenAt = r.in.Now
	if got := planner.Stale(p, r.in.Live, r.in.State); got != nil {
		t.Errorf("fresh plan is stale: %v", got)
	}
	r.in.Live.Objects["member"][0].Attrs["first_name"] = value.String("딴")
	st := *r.in.State
	st.Serial++
	r.in.Live.TakenAt = r.in.Now.Add(25 * time.Hour)
	if got := planner.Stale(p, r.in.Live, &st); len(got) != 3 {
		t.Errorf("stale: %q", got)
	}
}

// Every diagnostic of a plan has its explanation.
func TestCodesAreExplained(t *testing.T) {
	all := planner.Codes()
	for code, text := range planner.CodesFor(directory.Schemas()) {
		all[code] = text
	}
	for _, code := range []string{"guard.member.removal", "guard.org_unit.removal", "guard.member.phone", "guard.member.cleared", "guard.member.invitation", "guard.group.members.removal", "guard.identity.reuse", "claim.ring"} {
		if all[code] == "" {
			t.Errorf("%s is not explained", code)
		}
	}
}

// A restore of somebody whom the tenant does not list relies on nothing that was seen.
func TestStaleOfUnlistedLeaver(t *testing.T) {
	r := newReal()
	r.company()
	st, people := &r.in.State.Objects[len(r.in.State.Objects)-1], r.in.Live.Objects["member"]
	st.Status, st.Deleted = state.Retired, r.in.Now.Add(-time.Hour)
	r.in.Live.Objects["member"], r.in.Live.TakenAt = people[:len(people)-1], r.in.Now
	p := planner.Build(r.in)
	if p.Summary.Restore != 1 || p.Diagnostics.HasErrors() || p.Changes[0].ID != st.ID {
		t.Fatalf("%+v, %v", p.Changes, p.Diagnostics)
	}
	if got := planner.Stale(p, r.in.Live, r.in.State); got != nil {
		t.Errorf("stale: %q", got)
	}
}
