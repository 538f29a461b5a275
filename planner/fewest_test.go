package planner

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/isaworks/isa/internal/schema"
	"github.com/isaworks/isa/internal/value"
	"github.com/isaworks/isa/state"
)

// reshaping is a random tree and what is wanted of it. Units below kept are there
// before; the others are made.
type reshaping struct {
	parents, order []int  // before
	wanted         []int  // parents after: -1 at the top; of created units, too
	after          []int  // order after, of all
	fate           []byte // of each unit: 'm' managed, 'p' managed but for its parent, 'u' managed without an order, 'f' foreign, 'd' deleted, 'c' created
}

// drawReshaping makes up to five units with foreign ones among them, of which some
// leave, and up to two that come.
func drawReshaping(r *rand.Rand) reshaping {
	n := 2 + r.IntN(4)
	all := n + r.IntN(3)
	s := reshaping{parents: forest(r, n), order: r.Perm(n), wanted: make([]int, all), after: r.Perm(all), fate: make([]byte, all)}
	for i := range s.fate {
		switch draw := r.IntN(10); {
		case i >= n:
			s.fate[i] = 'c'
		case draw < 2:
			s.fate[i] = 'f'
		case draw < 3:
			s.fate[i] = 'd'
		case draw < 4:
			s.fate[i] = 'u'
		case draw < 5:
			s.fate[i] = 'p'
		default:
			s.fate[i] = 'm'
		}
	}
	for i := range n { // what is deleted has nobody's children below it, and nobody stays there
		if p := s.parents[i]; p >= 0 && s.fate[p] == 'd' && (s.fate[i] == 'f' || s.fate[i] == 'p' || s.fate[i] == 'd') {
			s.fate[p] = 'm'
		}
	}
	s.hang(r)
	return s
}

// hang gives each unit that isa declares a parent among them, drawn before it.
func (s *reshaping) hang(r *rand.Rand) {
	var declared []int
	for i, f := range s.fate {
		s.wanted[i] = -1
		if f != 'f' && f != 'd' {
			declared = append(declared, i)
		}
	}
	r.Shuffle(len(declared), func(i, j int) { declared[i], declared[j] = declared[j], declared[i] })
	for k, i := range declared {
		if at := r.IntN(k + 1); at < k {
			s.wanted[i] = declared[at]
		}
		if s.fate[i] == 'p' {
			s.wanted[i] = s.parents[i]
		}
	}
}

// declared are the instances that the planner is given.
func (s *reshaping) declared(kinds []*schema.Kind) []*schema.Instance {
	var out []*schema.Instance
	for i, in := range units(kinds, s.wanted, s.after) {
		switch s.fate[i] {
		case 'f', 'd':
			continue
		case 'p':
			delete(in.Attrs, "parent")
		case 'u':
			in.Written = false
		}
		out = append(out, in)
	}
	return out
}

// lists are the children of each unit, the top last.
type lists [][]byte

func (l lists) key() string { return string(bytes.Join(l, []byte("/"))) }

// start is the tree before. Created units stand nowhere: wherever they are made costs
// no move, and they may be there before anything is moved below them.
func (s *reshaping) start() lists {
	l := make(lists, len(s.fate)+1)
	for _, i := range s.order {
		p := s.parents[i]
		if p < 0 {
			p = len(s.fate)
		}
		l[p] = append(l[p], byte(i))
	}
	return l
}

// reached tells whether a tree is a wanted one.
func (s *reshaping) reached(l lists) bool {
	for p, children := range l {
		if p == len(s.fate) {
			p = -1
		}
		last := -1
		for _, c := range children {
			switch s.fate[c] {
			case 'f', 'd':
				continue
			}
			if s.wanted[c] != p {
				return false
			}
			if s.fate[c] == 'u' {
				continue
			}
			at := slices.Index(s.after, int(c))
			if at < last {
				return false
			}
			last = at
		}
	}
	return true
}

// moves calls yield with each tree that one move call makes of l: any declared unit to
// any place, but not below itself.
func (s *reshaping) moves(l lists, yield func(lists)) {
	for from := range l {
		for i, c := range l[from] {
			if s.fate[c] == 'f' || s.fate[c] == 'd' {
				continue
			}
			without := slices.Clone(l)
			without[from] = slices.Delete(slices.Clone(l[from]), i, i+1)
			for to := range l {
				if without.below(to, int(c)) {
					continue
				}
				for at := range len(without[to]) + 1 {
					next := slices.Clone(without)
					next[to] = slices.Insert(slices.Clone(without[to]), at, c)
					yield(next)
				}
			}
		}
	}
}

// below tells whether a unit is another one or stands below it.
func (l lists) below(i, top int) bool {
	if i == top {
		return true
	}
	for _, c := range l[top] {
		if l.below(i, int(c)) {
			return true
		}
	}
	return false
}

// fewer searches all sequences of fewer than n moves for one that reaches what is
// wanted, and returns its length; n if there is none.
func (s *reshaping) fewer(n int) int {
	front, seen := []lists{s.start()}, map[string]bool{}
	for depth := range n {
		var next []lists
		for _, l := range front {
			if s.reached(l) {
				return depth
			}
			if depth+1 == n {
				continue
			}
			s.moves(l, func(m lists) {
				if k := m.key(); !seen[k] {
					seen[k] = true
					next = append(next, m)
				}
			})
		}
		front = next
	}
	return n
}

// TestNoSequenceOfMovesIsShorter compares plans of small trees with all sequences of
// move calls, with units that are nobody's, made, deleted, that keep the parent they
// have, or have no order. Carried out, a plan reaches what is wanted, what is nobody's
// keeps its order, and the next plan is empty.
func TestNoSequenceOfMovesIsShorter(t *testing.T) {
	searched, saved := 0, map[int]int{}
	for seed := range uint64(2200) {
		r := rand.New(rand.NewPCG(seed, 5))
		kinds := toyKinds()
		s := drawReshaping(r)
		tn := newTenant(kinds)
		if err := tn.run(Build(tn.input(units(kinds, s.parents, s.order))), r); err != nil {
			t.Fatal(seed, err)
		}
		tn.state.Objects = slices.DeleteFunc(tn.state.Objects, func(o state.Object) bool {
			var i int
			_, err := fmt.Sscan(o.Address.Key, &i)
			return err == nil && s.fate[i] == 'f'
		})
		foreign := tn.foreign(&s)
		p := Build(tn.input(s.declared(kinds)))
		if p.Diagnostics.HasErrors() {
			if p.Diagnostics[0].Code != "tree.cycle" {
				t.Fatalf("seed %d: %v", seed, p.Diagnostics)
			}
			continue // who keeps a parent stands below somebody's child
		}
		searched++
		planned := placeSteps(t, p)
		saved[planned]++
		if best := s.fewer(planned); best < planned {
			t.Errorf("seed %d: %d move calls, %d are enough: %+v", seed, planned, best, s)
		}
		if err := tn.run(p, r); err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		if now := tn.foreign(&s); !slices.Equal(now, foreign) {
			t.Errorf("seed %d: units of nobody were %q and are %q", seed, foreign, now)
		}
		if again := Build(tn.input(s.declared(kinds))); !again.Empty() {
			t.Errorf("seed %d: not empty: %s", seed, mustJSON(t, again.Changes))
		}
	}
	if searched < 2000 || saved[3] == 0 {
		t.Errorf("only %d trees were searched, moves of them %v", searched, saved)
	}
	t.Logf("%d trees; how many need how many moves: %v", searched, saved)
}

// placeSteps counts the steps that are move calls; creating needs none.
func placeSteps(t *testing.T, p *Plan) (n int) {
	t.Helper()
	for _, c := range p.Changes {
		created := slices.ContainsFunc(c.Steps, func(s Step) bool { return s.Verb == DoCreate })
		for _, s := range c.Steps {
			if s.Verb == DoPlace {
				n++
				if created {
					t.Errorf("%s is made, and then moved", c.Address)
				}
			}
		}
	}
	return n
}

// foreign are the units of nobody in the order of their siblings, with their parents.
func (t *tenant) foreign(s *reshaping) (out []string) {
	for i, f := range s.fate {
		if f == 'f' {
			name := fmt.Sprint("u", i)
			for seat, ids := range t.orders {
				before := 0
				for _, id := range ids {
					switch at := value.Text(t.find("unit", id).Attrs["name"]); {
					case at == name:
						out = append(out, fmt.Sprintf("%s in %q after %d", name, seat, before))
					case s.fate[at[1]-'0'] == 'f':
						before++
					}
				}
			}
		}
	}
	return out
}
