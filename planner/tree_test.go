package planner

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/isaworks/isa/internal/addr"
	"github.com/isaworks/isa/internal/schema"
	"github.com/isaworks/isa/internal/value"
	"github.com/isaworks/isa/state"
)

// units makes written units from parents: parent[i] is the index of i's parent, -1
// at the top; siblings stand in the order of order.
func units(kinds []*schema.Kind, parents []int, order []int) []*schema.Instance {
	out := make([]*schema.Instance, len(parents))
	for i, parent := range parents {
		a := func(i int) addr.Address { return addr.Instance("unit", "a", fmt.Sprint(i)) }
		attrs := value.Object{"name": value.String(fmt.Sprint("u", i)), "parent": value.Clear{}}
		if parent >= 0 {
			attrs["parent"] = value.ID(a(parent))
		}
		out[i] = &schema.Instance{Addr: a(i), Kind: kinds[1], Company: acme, Attrs: attrs, Seq: slices.Index(order, i), Written: true}
	}
	return out
}

// forest is a random tree: each node hangs below one that was drawn before it.
func forest(r *rand.Rand, n int) []int {
	parents, perm := make([]int, n), r.Perm(n)
	for i, node := range perm {
		parents[node] = -1
		if at := r.IntN(i + 1); at < i {
			parents[node] = perm[at]
		}
	}
	return parents
}

// shape writes a tenant's tree by names.
func (t *tenant) shape(seat string) string {
	s := ""
	for _, id := range t.orders[seat] {
		s += value.Text(t.find("unit", id).Attrs["name"]) + "(" + t.shape(id) + ")"
	}
	return s
}

func wantedShape(parents, order []int, at int) string {
	s := ""
	for _, i := range order {
		if parents[i] == at {
			s += fmt.Sprint("u", i) + "(" + wantedShape(parents, order, i) + ")"
		}
	}
	return s
}

// Whatever order of steps is chosen, the tree becomes the wanted one without ever
// being a cycle, with as few place steps as an exhaustive search finds.
func TestPlacesAreFewestAndRight(t *testing.T) {
	for seed := range uint64(150) {
		r := rand.New(rand.NewPCG(seed, 2))
		kinds := toyKinds()
		tn := newTenant(kinds)
		n := 1 + r.IntN(5)
		before, orderBefore := forest(r, n), r.Perm(n)
		if err := tn.run(Build(tn.input(units(kinds, before, orderBefore))), r); err != nil {
			t.Fatal(seed, err)
		}
		if got, want := tn.shape(""), wantedShape(before, orderBefore, -1); got != want {
			t.Fatalf("seed %d: created %s, want %s", seed, got, want)
		}
		after, orderAfter := forest(r, n), r.Perm(n)
		p := Build(tn.input(units(kinds, after, orderAfter)))
		steps := 0
		for _, c := range p.Changes {
			steps += len(c.Steps)
			for _, s := range c.Steps {
				if s.Verb != DoPlace {
					t.Fatalf("seed %d: unexpected %s", seed, s.Verb)
				}
			}
		}
		if best := bruteForce(before, after, orderBefore, orderAfter); steps != best {
			t.Errorf("seed %d: %d place steps, %d are enough", seed, steps, best)
		}
		if err := tn.run(p, r); err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		if got, want := tn.shape(""), wantedShape(after, orderAfter, -1); got != want {
			t.Fatalf("seed %d: %s became %s, want %s", seed, wantedShape(before, orderBefore, -1), got, want)
		}
	}
}

// bruteForce tries all sets of objects that stay: those that keep their parent and
// their order among themselves need no step, all others need one.
func bruteForce(before, after, orderBefore, orderAfter []int) int {
	n, best := len(before), len(before)
	for set := range 1 << n {
		ok, moved := true, 0
		for i := range n {
			if set>>i&1 == 0 {
				moved++
				continue
			}
			ok = ok && before[i] == after[i]
			for j := range i {
				if set>>j&1 == 1 && after[i] == after[j] {
					ok = ok && (slices.Index(orderBefore, i) < slices.Index(orderBefore, j)) == (slices.Index(orderAfter, i) < slices.Index(orderAfter, j))
				}
			}
		}
		if ok {
			best = min(best, moved)
		}
	}
	return best
}

// Siblings that isa does not manage keep their order among themselves.
func TestUnmanagedSiblingsKeepTheirOrder(t *testing.T) {
	for seed := range uint64(50) {
		r := rand.New(rand.NewPCG(seed, 3))
		kinds := toyKinds()
		tn := newTenant(kinds)
		all := []int{-1, -1, -1, -1, -1, -1}
		if err := tn.run(Build(tn.input(units(kinds, all, r.Perm(6)))), r); err != nil {
			t.Fatal(err)
		}
		foreign := func() []string {
			var out []string
			for _, id := range tn.orders[""] {
				if name := value.Text(tn.find("unit", id).Attrs["name"]); name >= "u3" {
					out = append(out, name)
				}
			}
			return out
		}
		tn.state.Objects = slices.DeleteFunc(tn.state.Objects, func(o state.Object) bool { return o.Address.Key >= "3" })
		was := foreign()
		wanted := units(kinds, []int{-1, -1, -1}, r.Perm(3))
		if err := tn.run(Build(tn.input(wanted)), r); err != nil {
			t.Fatal(err)
		}
		if now := foreign(); !slices.Equal(was, now) {
			t.Errorf("seed %d: %v became %v", seed, was, now)
		}
		if p := Build(tn.input(wanted)); !p.Empty() {
			t.Errorf("seed %d: not empty", seed)
		}
	}
}

func TestTreeCycleIsRefused(t *testing.T) {
	kinds := toyKinds()
	p := Build(newTenant(kinds).input(units(kinds, []int{1, 2, 0}, []int{0, 1, 2})))
	if p.Diagnostics.Errors() != 1 || p.Diagnostics[0].Code != "tree.cycle" {
		t.Errorf("diagnostics: %v", p.Diagnostics)
	}
}

// What is on only below what is on is switched, made and moved in an order that a
// strict service takes.
func TestSwitchesFollowTheTree(t *testing.T) {
	for seed := range uint64(200) {
		r := rand.New(rand.NewPCG(seed, 3))
		kinds := toyKinds()
		tn := newTenant(kinds)
		n := 2 + r.IntN(5)
		for round := range 2 {
			parents := forest(r, n)
			wanted := units(kinds, parents, r.Perm(n))
			for i := range wanted {
				wanted[i].Attrs["shown"] = value.Bool(r.IntN(4) > 0)
			}
			for range n { // off above is off below
				for i, parent := range parents {
					if parent >= 0 && !value.True(wanted[parent].Attrs["shown"]) {
						wanted[i].Attrs["shown"] = value.Bool(false)
					}
				}
			}
			if round == 0 {
				wanted = slices.DeleteFunc(wanted, func(in *schema.Instance) bool { // made in the second round
					return !slices.ContainsFunc(wanted, func(o *schema.Instance) bool { return slices.Contains(value.Refs(o.Attrs), in.Addr) }) && r.IntN(2) == 0
				})
			}
			p := Build(tn.input(wanted))
			if p.Diagnostics.HasErrors() {
				t.Fatalf("seed %d: %v", seed, p.Diagnostics)
			}
			if err := tn.run(p, r); err != nil {
				t.Fatalf("seed %d round %d: %v\n%s", seed, round, err, mustJSON(t, p.Changes))
			}
		}
	}
}
