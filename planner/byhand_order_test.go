package planner

import (
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/isaworks/isa/internal/addr"
	"github.com/isaworks/isa/internal/schema"
	"github.com/isaworks/isa/internal/value"
	"github.com/isaworks/isa/state"
)

func (t *tenant) byHand(wanted []*schema.Instance) *Hands {
	return ByHand(HandInput{
		Now: t.now, Kinds: t.kinds, State: t.state, Live: t.snapshot(), Wanted: wanted,
		Tenant: schema.Tenant{Companies: []schema.Company{acme}},
	})
}

// TestByHandAfterApplyIsEmpty: whatever was applied to random tenants, nothing of it
// counts as done by hand; what then is done is found, at its address and attribute, and
// nothing else.
func TestByHandAfterApplyIsEmpty(t *testing.T) {
	done := map[Sort]int{}
	for seed := range seeds {
		r := rand.New(rand.NewPCG(seed, 2))
		w := &world{r: r, kinds: toyKinds()}
		tn := newTenant(w.kinds)
		for round := range 4 {
			wanted := w.make()
			p := Build(tn.input(wanted))
			if p.Diagnostics.HasErrors() {
				continue
			}
			if err := tn.run(p, r); err != nil {
				t.Fatal(err)
			}
			if h := tn.byHand(wanted); len(h.Changes) > 0 {
				t.Fatalf("seed %d round %d: found after an apply: %+v", seed, round, h.Changes)
			}
			a, attr := tn.meddle(r)
			if a.IsZero() {
				continue
			}
			h := tn.byHand(wanted)
			if len(h.Changes) != 1 || h.Changes[0].Address != a || h.Changes[0].Attr != attr {
				t.Fatalf("seed %d round %d: %s of %s was changed, found %+v", seed, round, attr, a, h.Changes)
			}
			done[h.Changes[0].Sort]++
			if p = Build(tn.input(wanted)); p.Diagnostics.HasErrors() || tn.run(p, r) != nil {
				break // a meddling that isa cannot undo, such as a name somebody else took
			}
			if h := tn.byHand(wanted); len(h.Changes) > 0 {
				t.Fatalf("seed %d round %d: found after it was put back: %+v", seed, round, h.Changes)
			}
		}
	}
	t.Log(done)
	if done[HandChanged] < 10 {
		t.Errorf("too little was tried: %v", done)
	}
}

// meddle changes the name of a random managed object, as an administrator would.
func (t *tenant) meddle(r *rand.Rand) (addr.Address, string) {
	if len(t.state.Objects) == 0 {
		return addr.Address{}, ""
	}
	st := &t.state.Objects[r.IntN(len(t.state.Objects))]
	l := t.find(st.Kind, st.ID)
	if l == nil || st.Attrs["name"] == nil || !st.Suspended.IsZero() {
		return addr.Address{}, ""
	}
	attrs := maps.Clone(l.Attrs)
	attrs["name"] = value.String("by hand " + l.ID)
	l.Attrs = attrs
	return st.Address, "name"
}

// siblings are units that were applied one behind the other, and their IDs by name.
func siblings(t *testing.T, names ...string) (*tenant, []*schema.Instance, map[string]string) {
	t.Helper()
	tn := newTenant(toyKinds())
	var wanted []*schema.Instance
	for i, name := range names {
		wanted = append(wanted, &schema.Instance{Addr: addr.New("unit", name), Kind: tn.kind("unit"), Company: acme, Seq: i, Written: true,
			Attrs: value.Object{"key": value.String(name), "name": value.String(name)}})
	}
	r := rand.New(rand.NewPCG(1, 1))
	if err := tn.run(Build(tn.input(wanted)), r); err != nil {
		t.Fatal(err)
	}
	ids := map[string]string{}
	for _, o := range tn.objs["unit"] {
		ids[value.Text(o.Attrs["name"])] = o.ID
	}
	return tn, wanted, ids
}

// TestByHandOfOrder: siblings that stand otherwise than isa put them are told, the
// fewest of them; what isa does not order may stand anywhere.
func TestByHandOfOrder(t *testing.T) {
	tn, wanted, ids := siblings(t, "a", "b", "c", "d", "e")
	for _, c := range []struct {
		stand string
		want  []string
	}{
		{"abcde", nil},
		{"bacde", []string{"unit.a"}},
		{"eabcd", []string{"unit.e"}},
		{"edcba", []string{"unit.a", "unit.b", "unit.c", "unit.d"}},
	} {
		var order []string
		for _, name := range c.stand {
			order = append(order, ids[string(name)])
		}
		tn.orders[""] = order
		h := tn.byHand(wanted)
		var got []string
		for _, change := range h.Changes {
			if change.Sort != HandReordered || change.Attr != "order" {
				t.Errorf("%s: %+v", c.stand, change)
			}
			got = append(got, change.Address.String())
		}
		if len(got) != len(c.want) || c.stand == "eabcd" && !slices.Equal(got, c.want) {
			t.Errorf("%s: found %q, want %q", c.stand, got, c.want)
		}
	}
}

// TestByHandOfHalfAnOrder: where the state says of two that they stand behind one, or that
// some stand in a ring, what is not known is said, and the rest is compared.
func TestByHandOfHalfAnOrder(t *testing.T) {
	for name, c := range map[string]struct {
		behind map[string]string
		begun  []string
		stand  string
		want   []string // of which something is told
		unseen []string
	}{
		"two behind one":             {map[string]string{"c": "a"}, nil, "abced", []string{"unit.d", "unit.e"}, []string{"unit.c"}},
		"two behind one, as it was":  {map[string]string{"c": "a"}, nil, "abcde", nil, []string{"unit.c"}},
		"a ring":                     {map[string]string{"b": "c"}, nil, "edcba", []string{"unit.d", "unit.e"}, []string{"unit.b", "unit.c", "unit.d"}},
		"at work on one":             {nil, []string{"c"}, "cabde", nil, []string{"unit.c"}},
		"at work on one, and a hand": {nil, []string{"c"}, "cbade", []string{"unit.a", "unit.b"}, []string{"unit.c"}},
	} {
		t.Run(name, func(t *testing.T) {
			tn, wanted, ids := siblings(t, "a", "b", "c", "d", "e")
			for o, before := range c.behind {
				tn.stateOf(addr.New("unit", o)).Behind = addr.New("unit", before)
			}
			for _, o := range c.begun {
				tn.stateOf(addr.New("unit", o)).Begun = []string{state.OrderName}
			}
			var order []string
			for _, name := range c.stand {
				order = append(order, ids[string(name)])
			}
			tn.orders[""] = order
			h := tn.byHand(wanted)
			for _, change := range h.Changes {
				if !slices.Contains(c.want, change.Address.String()) {
					t.Errorf("found %+v", change)
				}
			}
			if (len(h.Changes) > 0) != (len(c.want) > 0) {
				t.Errorf("found %d changes, want some of %q", len(h.Changes), c.want)
			}
			var unseen []string
			for _, u := range h.Unseen {
				unseen = append(unseen, u.Address.String())
			}
			if !slices.Equal(unseen, c.unseen) {
				t.Errorf("not compared: %q, want %q", unseen, c.unseen)
			}
			if err := tn.run(Build(tn.input(wanted)), rand.New(rand.NewPCG(1, 1))); err != nil {
				t.Fatal(err)
			}
			if h := tn.byHand(wanted); len(h.Changes)+len(h.Unseen) > 0 {
				t.Errorf("after the next apply: %+v, not compared %+v", h.Changes, h.Unseen)
			}
		})
	}
}
