package workspace

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/isaworks/isa/internal/addr"
	"github.com/isaworks/isa/internal/live"
	"github.com/isaworks/isa/internal/schema"
	"github.com/isaworks/isa/internal/value"
	"github.com/isaworks/isa/planner"
	"github.com/isaworks/isa/state"
)

// Explained is why a plan does with one address what it does, with what the state knows
// beside the object.
type Explained struct {
	*planner.Explanation
	Serial int                     `json:"serial"`          // of the state
	Audit  []state.Audit           `json:"audit,omitempty"` // acts by hand that name the address
	Names  map[string]planner.Name `json:"names,omitempty"`
}

// Declares reports whether blocks of a type declare something: an object or content.
func Declares(typ string) bool {
	return slices.ContainsFunc(blocks(), func(k *schema.Kind) bool { return k.Type == typ })
}

// Explain makes a plan, as Plan does, and tells why it does with the address what it
// does. An address that nothing has is an error that says which may be meant.
func (w *Workspace) Explain(ctx context.Context, st *state.State, a addr.Address) (*Explained, error) {
	if err := w.SameTenant(st); err != nil {
		return nil, err
	}
	if err := w.known(st, a); err != nil {
		return nil, err
	}
	if err := w.connected(); err != nil {
		return nil, err
	}
	var err error
	if w.declared, err = w.declaredContent(ctx, st); err != nil {
		return nil, err
	}
	p := w.env.Progress(w.tenant.Waits)
	defer p.Close()
	var plan *planner.Plan
	var found *planner.Explanation
	snap, err := w.confirmed(ctx, p, st,
		func() (live.Snapshot, error) {
			snap, err := w.look(ctx, p, st)
			if err != nil {
				return snap, err
			}
			return w.lookAside(ctx, p, st, snap)
		},
		func(snap live.Snapshot, now time.Time) []addr.Address {
			in := w.input(st, snap, now)
			if plan, found = planner.Explain(in, a); found == nil {
				found = planner.ExplainContent(in, plan, a)
			}
			w.complete(plan, st, snap)
			return plan.Unconfirmed
		})
	if err != nil {
		return nil, err
	}
	if found == nil {
		return nil, fmt.Errorf("%s: nothing is known of it; isa validate checks the configuration", a)
	}
	for _, d := range w.Warnings {
		if d.Address == found.Address.String() {
			found.Problems = append(found.Problems, d)
		}
	}
	return &Explained{Explanation: found, Serial: st.Serial, Audit: acts(st, found), Names: w.explainedNames(found, plan, st, snap)}, nil
}

// known refuses an address that neither the configuration nor the state has.
func (w *Workspace) known(st *state.State, a addr.Address) error {
	all, of := map[addr.Address]bool{}, []string{}
	add := func(known addr.Address) {
		if known.Block() == a && known.Keyed && !all[known] {
			of = append(of, known.String())
		}
		all[known] = true
	}
	for _, o := range w.Config.Objects {
		add(o.Addr)
	}
	for i := range st.Objects {
		add(st.Objects[i].Address)
	}
	for _, s := range st.Streams {
		if name, err := addr.Parse(s.Name); err == nil {
			add(name)
		}
	}
	for _, s := range st.Waves {
		add(s.Address)
	}
	switch {
	case all[a], all[schema.NewMoves(w.Config.Moves).Now(a)]:
		return nil
	case len(of) > 0:
		slices.Sort(of)
		return fmt.Errorf("%s stands for %d objects; name one of them, such as %s", a, len(of), strings.Join(of[:min(len(of), 3)], ", "))
	}
	for _, r := range w.Config.Removals {
		if r.From == a || r.From == a.Block() {
			return fmt.Errorf("a removed block names %s, and the state does not know it any more: nothing is left to do about it", a)
		}
	}
	return fmt.Errorf("neither the configuration nor the state has %s%s", a, closest(a, all))
}

// acts are the entries of the audit trail that name the address.
func acts(st *state.State, e *planner.Explanation) []state.Audit {
	var out []state.Audit
	for _, a := range st.Audit {
		if mentions(a.What, e.Address) || !e.Previous.IsZero() && mentions(a.What, e.Previous) {
			out = append(out, a)
		}
	}
	return out
}

// mentions reports whether one of the addresses in a text, with spaces between them, is a.
func mentions(text string, a addr.Address) bool {
	return strings.Contains(" "+text+" ", " "+a.String()+" ")
}

// explainedNames are titles of what an explanation refers to.
func (w *Workspace) explainedNames(e *planner.Explanation, plan *planner.Plan, st *state.State, snap live.Snapshot) map[string]planner.Name {
	n := newNaming(w.Config, st, snap, w.kinds)
	n.address(e.Address)
	for _, a := range e.Attributes {
		for _, v := range []value.Value{a.Wanted, a.Live, a.Applied} {
			n.refs(v)
		}
	}
	for _, s := range e.Steps {
		if s.Place != nil {
			n.refs(value.List{s.Place.Parent, s.Place.After})
		}
		for _, wait := range slices.Concat(s.WaitsFor, s.Before) {
			n.address(wait.Address)
		}
	}
	return n.out
}

// ExplainSaved tells of an address what a saved plan says about it.
func ExplainSaved(p *planner.Plan, a addr.Address) (*Explained, error) {
	e := planner.ExplainChange(p, a)
	if e == nil {
		e = planner.ExplainContent(planner.Input{}, p, a)
	}
	if e == nil {
		all := map[addr.Address]bool{}
		for i := range p.Changes {
			all[p.Changes[i].Address] = true
		}
		return nil, fmt.Errorf("the saved plan does nothing with %s%s", a, Closest(a, all, "; without the file, isa explain tells why it is as it is"))
	}
	return &Explained{Explanation: e, Serial: p.Serial, Names: p.Names}, nil
}
