package makespan

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/isaworks/isa/providers/works/sandbox"
)

// grow adds units in one of several shapes and people where one of several habits
// puts them: everywhere, in the last units, in the first ones, mostly high up.
func (w *workload) grow(r *rand.Rand, units, people int) {
	shape, habit := r.IntN(3), r.IntN(4)
	depths := map[string]int{}
	for _, u := range w.units {
		depths[u.code] = depths[u.parent] + 1
	}
	for range units {
		parent, i := "", len(w.units)
		switch {
		case i == 0 || shape == 2 && i%12 == 0:
		case shape == 0:
			parent = w.units[0].code
		case shape == 1:
			parent = w.units[r.IntN(min(i, 60))].code
		case shape == 2:
			parent = w.units[i-1].code
		}
		if depths[parent] > 10 {
			parent = ""
		}
		code := w.add(parent)
		depths[code] = depths[parent] + 1
	}
	for range people {
		at := r.IntN(len(w.units))
		switch habit {
		case 1:
			at = len(w.units) - 1 - r.IntN(min(len(w.units), 5))
		case 2:
			at = r.IntN(min(len(w.units), 3))
		case 3:
			at = int(float64(at) * r.Float64())
		}
		w.hire(w.units[at].code, 1)
	}
}

// change gives half the people another task and a third another unit.
func (w *workload) change(r *rand.Rand) {
	for i := range w.people {
		if r.IntN(2) == 0 {
			w.people[i].task = "책임"
		}
		if r.IntN(3) == 0 {
			w.people[i].unit = w.units[r.IntN(len(w.units))].code
		}
	}
}

func (w *workload) gather(r *rand.Rand, teams int) {
	for i := range teams {
		w.teams = append(w.teams, team{fmt.Sprintf("모임%d", i), w.people[r.IntN(len(w.people))].number, w.units[r.IntN(len(w.units))].code})
	}
}

// TestMakespanOfRandomCompanies looks for companies whose shape misleads the
// schedule: people in the last leaf of a long chain of siblings, windows that open
// too early or too late.
func TestMakespanOfRandomCompanies(t *testing.T) {
	t.Parallel()
	for seed := range uint64(4) {
		r := rand.New(rand.NewPCG(seed, 4))
		before := &workload{}
		before.grow(r, 1+r.IntN(60), 1+r.IntN(400))
		after := &workload{units: slices.Clone(before.units), people: slices.Clone(before.people)}
		after.grow(r, 60+r.IntN(100), 0)
		if seed%2 == 0 {
			after.change(r)
		}
		after.grow(r, 1, r.IntN(900))
		after.gather(r, r.IntN(60))
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := newCompany(t, sandbox.Options{Latency: 50 * time.Millisecond}, nil)
				n.apply(t, load(t, before.files()))
				time.Sleep(5 * time.Minute)
				n.check(t, n.apply(t, load(t, after.files())))
			})
		})
	}
}
