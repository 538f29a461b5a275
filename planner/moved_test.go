package planner

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/isaworks/isa/internal/addr"
	"github.com/isaworks/isa/internal/schema"
	"github.com/isaworks/isa/internal/value"
	"github.com/isaworks/isa/state"
)

// renaming gives random objects of a wanted company other addresses.
type renaming struct {
	r     *rand.Rand
	to    map[addr.Address]addr.Address
	moves []schema.Move
}

// all renames each object or none of a kind as a whole block, or some one by one, through
// addresses in between at times.
func (n *renaming) all(wanted []*schema.Instance) []*schema.Instance {
	n.to = map[addr.Address]addr.Address{}
	whole := map[string]bool{}
	for _, in := range wanted {
		a := in.Addr
		if _, decided := whole[a.Type]; !decided {
			whole[a.Type] = n.r.IntN(3) == 0
			if whole[a.Type] {
				n.moves = append(n.moves, schema.Move{From: a.Block(), To: addr.New(a.Type, "block")})
			}
		}
		switch {
		case whole[a.Type]:
			n.to[a] = addr.Instance(a.Type, "block", a.Key)
		case n.r.IntN(2) == 0:
			n.to[a] = []addr.Address{addr.Instance(a.Type, "z", `새 "`+a.Key), addr.New(a.Type, "one"+a.Key)}[n.r.IntN(2)]
			n.through(a, n.to[a])
		}
	}
	out := make([]*schema.Instance, len(wanted))
	for i, in := range wanted {
		c := *in
		if to, moves := n.to[in.Addr]; moves {
			c.Addr = to
		}
		c.Attrs, _ = value.Map(in.Attrs, func(v value.Value) value.Value {
			if ref, is := v.(value.Ref); is {
				if to, moves := n.to[ref.Addr]; moves {
					return value.ID(to)
				}
			}
			return v
		}).(value.Object)
		out[i] = &c
	}
	return out
}

// through writes the moves from one address to another.
func (n *renaming) through(from, to addr.Address) {
	for range n.r.IntN(3) {
		between := addr.Instance(from.Type, fmt.Sprint("between", len(n.moves)), from.Key)
		n.moves = append(n.moves, schema.Move{From: from, To: between})
		from = between
	}
	n.moves = append(n.moves, schema.Move{From: from, To: to})
	n.r.Shuffle(len(n.moves), func(i, j int) { n.moves[i], n.moves[j] = n.moves[j], n.moves[i] })
}

// Whatever is renamed by moved blocks stays the object it is: nothing is created,
// written or removed, no call is made, and the plan after it is empty, with the blocks
// and without.
func TestWhatIsMovedStaysTheObjectItIs(t *testing.T) {
	done := 0
	for seed := range 3 * seeds {
		r := rand.New(rand.NewPCG(seed, 6))
		w := &world{r: r, kinds: toyKinds()}
		tn := newTenant(w.kinds)
		wanted := w.make()
		p := Build(tn.input(wanted))
		if p.Diagnostics.HasErrors() {
			continue
		}
		if err := tn.run(p, r); err != nil {
			t.Fatal(err)
		}
		n := &renaming{r: r}
		renamed := n.all(wanted)
		ids := map[addr.Address]string{}
		for _, o := range tn.input(wanted).State.Objects {
			to, moves := n.to[o.Address]
			if !moves {
				to = o.Address
			}
			ids[to] = o.ID
		}
		in := tn.input(renamed)
		in.Moves = n.moves
		p = Build(in)
		if p.Diagnostics.HasErrors() {
			t.Fatalf("seed %d: %v", seed, p.Diagnostics.Err())
		}
		for _, c := range p.Changes {
			if c.Action != Move || len(c.Steps) != 1 || c.Steps[0].Verb != DoRecord || c.ID != ids[c.Address] || len(c.Before)+len(c.After) > 0 {
				t.Fatalf("seed %d: %s is to be done to %s: %s", seed, c.Action, c.Address, mustJSON(t, c))
			}
		}
		if len(p.Changes) != len(n.to) || p.Summary.Move != len(n.to) {
			t.Fatalf("seed %d: %d of %d are moved", seed, len(p.Changes), len(n.to))
		}
		roundTrip(t, p)
		if err := tn.run(p, r); err != nil {
			t.Fatal(err)
		}
		for _, moves := range [][]schema.Move{n.moves, nil} {
			in = tn.input(renamed)
			in.Moves = moves
			if p = Build(in); p.Diagnostics.HasErrors() || !p.Empty() || len(p.Records) > 0 {
				t.Fatalf("seed %d: not empty afterwards: %v\n%s\n%s", seed, p.Diagnostics.Err(), mustJSON(t, p.Changes), mustJSON(t, p.Records))
			}
		}
		for _, o := range in.State.Objects {
			if o.Status != state.Retired && ids[o.Address] != o.ID {
				t.Fatalf("seed %d: %s is %s, and was %s", seed, o.Address, o.ID, ids[o.Address])
			}
		}
		done++
	}
	if done < 60 {
		t.Errorf("only %d companies were renamed", done)
	}
}
