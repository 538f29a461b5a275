package planner

import (
	"slices"
	"testing"

	"github.com/isaworks/isa/internal/addr"
	"github.com/isaworks/isa/internal/live"
	"github.com/isaworks/isa/internal/schema"
	"github.com/isaworks/isa/internal/value"
	"github.com/isaworks/isa/state"
)

// formerly is a leaver of an earlier apply in unit u, a colleague, and units for
// leavers: u goes.
func formerly(allow map[string]int) Input {
	kinds := toyKinds()
	unit := func(key, id string) (state.Object, live.Object) {
		attrs := value.Object{"name": value.String(key)}
		return state.Object{Address: addr.New("unit", key), Kind: "unit", ID: id, DomainID: 1, Status: state.Ready, Attrs: attrs},
			live.Object{Kind: "unit", ID: id, DomainID: 1, Status: live.InUse, Attrs: value.Object{"name": attrs["name"], "order": value.Int(1)}}
	}
	u, liveU := unit("u", "U")
	gone, liveGone := unit("gone", "G")
	kim := state.Object{Address: addr.New("person", "kim"), Kind: "person", ID: "K", DomainID: 1, Status: state.Retired, Suspended: noon.AddDate(0, -1, 0),
		Attrs: value.Object{"login": value.String("kim"), "posts": value.List{value.Object{"unit": value.ID(u.Address)}}}}
	life := schema.Lifecycle{LeaversUnit: gone.Address}
	lee := state.Object{Address: addr.New("person", "lee"), Kind: "person", ID: "L", DomainID: 1, Status: state.Ready,
		Attrs: value.Object{"login": value.String("lee")}, Lifecycle: life}
	return Input{
		Kinds: kinds, Now: noon, Allow: allow, Tenant: schema.Tenant{Companies: []schema.Company{acme}},
		State: &state.State{Objects: []state.Object{u, gone, kim, lee}},
		Live: live.Snapshot{TakenAt: noon, Objects: map[string][]live.Object{
			"grade": {}, "group": {}, "unit": {liveU, liveGone},
			"person": {
				{Kind: "person", ID: "K", DomainID: 1, Status: live.Suspended, Attrs: value.Object{"login": value.String("kim"), "posts": value.List{value.Object{"unit": value.String("U")}}}},
				{Kind: "person", ID: "L", DomainID: 1, Status: live.InUse, Attrs: value.Object{"login": value.String("lee")}},
			},
		}},
		Wanted: []*schema.Instance{
			{Addr: gone.Address, Kind: kinds[1], Company: acme, Attrs: gone.Attrs, Written: true},
			{Addr: lee.Address, Kind: kinds[2], Company: acme, Attrs: lee.Attrs, Lifecycle: life},
		},
	}
}

// A saved plan that changes a leaver of an earlier apply holds only while they are
// suspended: who was taken back meanwhile keeps their unit and their login.
func TestAPlanForALeaverIsStaleWhenTheyWorkAgain(t *testing.T) {
	out := formerly(nil)
	named := formerly(map[string]int{"identity.reuse": 1})
	named.Wanted = append(named.Wanted, &schema.Instance{Addr: addr.New("unit", "u"), Kind: named.Kinds[1], Company: acme, Attrs: value.Object{"name": value.String("u")}, Written: true},
		&schema.Instance{Addr: addr.New("person", "new"), Kind: named.Kinds[2], Company: acme, Attrs: value.Object{"login": value.String("kim"), "last": value.String("Park")}})
	named.Live.Objects["person"][0].Attrs["last"] = value.String("Kim")
	for name, in := range map[string]Input{"unit": out, "login": named} {
		p := Build(in)
		if p.Diagnostics.HasErrors() || !slices.ContainsFunc(p.Changes, func(c Change) bool { return c.ID == "K" && c.Action == Update }) {
			t.Fatalf("%s: %v %s", name, p.Diagnostics, mustJSON(t, p.Changes))
		}
		if why := Stale(p, in.Live, in.State); len(why) > 0 {
			t.Errorf("%s: stale at once: %q", name, why)
		}
		in.Live.Objects["person"][0].Status = live.InUse
		if why := Stale(p, in.Live, in.State); !slices.Equal(why, []string{"person.kim (kim): status was changed since"}) {
			t.Errorf("%s: not stale: %q", name, why)
		}
	}
}

// The state follows leavers to where a plan moves them: what they were in before
// is nothing to them any more.
func TestTheStateFollowsLeavers(t *testing.T) {
	in := formerly(nil)
	p := Build(in)
	i := slices.IndexFunc(p.Changes, func(c Change) bool { return c.ID == "K" })
	want := value.Object{"login": value.String("kim"), "posts": value.List{value.Object{
		"unit": value.ID(addr.New("unit", "gone")), "head": value.Bool(false), "primary": value.Bool(true)}}}
	if i < 0 || !value.Equal(p.Changes[i].Managed, want) {
		t.Fatalf("recorded is %s, want %s", mustJSON(t, p.Changes), mustJSON(t, want))
	}
	// Deleted since, and not listed: only the state tells where they are.
	kim := &in.State.Objects[2]
	kim.Attrs, kim.Deleted = p.Changes[i].Managed, noon
	in.Live.Objects["person"] = in.Live.Objects["person"][1:]
	if p := Build(in); len(p.Diagnostics) > 0 || len(p.Changes) != 1 || p.Changes[0].Action != Delete {
		t.Errorf("the unit that they left: %v %s", p.Diagnostics, mustJSON(t, p.Changes))
	}
	in.Wanted = in.Wanted[1:]
	in.Wanted[0].Lifecycle = schema.Lifecycle{}
	if p := Build(in); len(p.Diagnostics) != 1 || p.Diagnostics[0].Code != "removal.lingering" || p.Diagnostics[0].Address != "unit.gone" {
		t.Errorf("the unit that they are in: %v", p.Diagnostics)
	}
}
