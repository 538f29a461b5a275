package workspace

import (
	"fmt"

	"github.com/agext/levenshtein"

	"github.com/isaworks/isa/internal/addr"
	"github.com/isaworks/isa/internal/schema"
	"github.com/isaworks/isa/state"
)

// checkSelection refuses a selection that names nothing: with a misspelt address
// a plan would be empty, or hold what should be left out.
func (w *Workspace) checkSelection(st *state.State) error {
	known := map[addr.Address]bool{}
	add := func(a addr.Address) { known[a], known[a.Block()] = true, true }
	for _, o := range w.Config.Objects {
		add(o.Addr)
	}
	for i := range st.Objects {
		add(st.Objects[i].Address)
	}
	for _, s := range []struct {
		flag  string
		named []addr.Address
	}{{"--target", w.selected.targets}, {"--exclude", w.selected.exclude}} {
		for _, a := range s.named {
			if !known[a] {
				return fmt.Errorf("%s: neither the configuration nor the state has %s%s", s.flag, a, closest(a, known))
			}
		}
	}
	return nil
}

// Declared returns the kind of a declared object, or an error that says which one may
// be meant.
func (w *Workspace) Declared(a addr.Address) (*schema.Kind, error) {
	known := map[addr.Address]bool{}
	for _, o := range w.Config.Objects {
		if o.Addr == a {
			return o.Kind, nil
		}
		known[o.Addr] = true
	}
	return nil, fmt.Errorf("the configuration has no %s%s", a, Closest(a, known, "; declare it first, isa writes what its block says"))
}

// closest asks whether the most similar of the known addresses is meant.
func closest(a addr.Address, known map[addr.Address]bool) string {
	return Closest(a, known, "; isa state list shows what is managed")
}

// farthest is how many letters a suggestion may differ in.
const farthest = 3

// Closest asks whether the most similar of the known addresses is meant; otherwise is
// what to say when none is like a.
func Closest(a addr.Address, known map[addr.Address]bool, otherwise string) string {
	best, distance := "", farthest+1
	for k := range known {
		text := k.String()
		if d := levenshtein.Distance(a.String(), text, nil); d < distance || d == distance && best != "" && text < best {
			best, distance = text, d
		}
	}
	if best == "" {
		return otherwise
	}
	return "; did you mean " + best + "?"
}
