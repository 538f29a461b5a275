package executor

import (
	"slices"

	"github.com/isaworks/isa/internal/addr"
	"github.com/isaworks/isa/planner"
	"github.com/isaworks/isa/state"
)

// sequence is one of the plan's (planner.Plan.Sequences) under way. It is recorded when
// no task of its siblings is left, so that none of them is written by two.
type sequence struct {
	siblings []addr.Address
	left     int // tasks of the siblings that have not settled
	broken   bool
}

// newSequences counts the tasks of each sequence, by sibling.
func newSequences(p *planner.Plan, tasks []*task) map[addr.Address]*sequence {
	out := map[addr.Address]*sequence{}
	for _, siblings := range p.Sequences {
		q := &sequence{siblings: siblings}
		for _, a := range siblings {
			out[a] = q
		}
	}
	for _, t := range tasks {
		if q := out[t.change.Address]; q != nil {
			q.left++
		}
	}
	return out
}

// untouched returns the journal entries of the sequences that no step changes.
func untouched(st *state.State, p *planner.Plan, sequences map[addr.Address]*sequence) []state.Entry {
	var out []state.Entry
	for _, siblings := range p.Sequences {
		if sequences[siblings[0]].left == 0 {
			out = append(out, puts(inOrder(siblings, st.Find))...)
		}
	}
	return out
}

// inOrder returns the siblings that the state knows otherwise, as it must know them.
func inOrder(siblings []addr.Address, find func(addr.Address) (state.Object, bool)) []state.Object {
	var out []state.Object
	before := addr.Address{}
	for _, a := range siblings {
		o, known := find(a)
		if known && (o.Behind != before || slices.Contains(o.Begun, state.OrderName)) {
			o.Behind = before
			o.Begun = slices.DeleteFunc(slices.Clone(o.Begun), func(name string) bool { return name == state.OrderName })
			out = append(out, o)
		}
		before = a
	}
	return out
}

func puts(objects []state.Object) []state.Entry {
	out := make([]state.Entry, len(objects))
	for i, o := range objects {
		out[i] = state.Entry{Put: &state.Put{Step: "sequence", Object: o}}
	}
	return out
}

// arrange notes that a task has settled, and records the sequence of which it was the
// last. Only the loop calls it.
func (r *run) arrange(t *task) {
	q := r.sequences[t.change.Address]
	if q == nil {
		return
	}
	o := r.outcomes[t]
	q.left--
	q.broken = q.broken || t.step.Place != nil && (o.err != nil || o.cause != nil)
	if q.left > 0 || q.broken {
		return
	}
	objects := inOrder(q.siblings, r.book.object)
	if len(objects) == 0 {
		return
	}
	if err := r.Session.Append(r.durable, false, puts(objects)...); err != nil {
		r.consider(fatal{err})
		return
	}
	for _, o := range objects {
		r.book.put(o, nil)
	}
}
