package planner

import (
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/isaworks/isa/internal/addr"
	"github.com/isaworks/isa/internal/schema"
	"github.com/isaworks/isa/internal/value"
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

// TestByHandOfOrder: siblings that stand otherwise than isa put them are told, the
// fewest of them; what isa does not order may stand anywhere.
func TestByHandOfOrder(t *testing.T) {
	tn := newTenant(toyKinds())
	var wanted []*schema.Instance
	for i, name := range []string{"a", "b", "c", "d", "e"} {
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
