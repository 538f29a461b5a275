package planner

import (
	"maps"
	"slices"

	"github.com/isaworks/isa/internal/addr"
	"github.com/isaworks/isa/internal/value"
)

// stepIndex finds the steps of a plan, and whose they are, by their IDs.
type stepIndex map[string]stepOf

type stepOf struct {
	change *Change
	step   *Step
}

func indexSteps(p *Plan) stepIndex {
	x := stepIndex{}
	for i := range p.Changes {
		for j := range p.Changes[i].Steps {
			s := &p.Changes[i].Steps[j]
			x[s.ID] = stepOf{&p.Changes[i], s}
		}
	}
	return x
}

// whys tells of each step of a change what it waits for, and what waits for it. why says
// why a step needs another.
func (x stepIndex) whys(p *Plan, c *Change, why func(step, need stepOf) string) []StepWhy {
	wait := func(told, step, need stepOf) Wait {
		return Wait{Step: told.step.ID, Verb: told.step.Verb, Address: told.change.Address, Title: told.change.Title, Why: why(step, need)}
	}
	out := make([]StepWhy, len(c.Steps))
	at := map[string]*StepWhy{}
	for i, s := range c.Steps {
		out[i] = StepWhy{ID: s.ID, Verb: s.Verb, Attrs: slices.AppendSeq([]string{}, maps.Keys(s.Attrs)), Place: s.Place, Note: s.Note, WaitsFor: []Wait{}, Before: []Wait{}}
		slices.Sort(out[i].Attrs)
		at[s.ID] = &out[i]
		for _, need := range s.Needs {
			out[i].WaitsFor = append(out[i].WaitsFor, wait(x[need], x[s.ID], x[need]))
		}
	}
	for i := range p.Changes {
		if p.Changes[i].Address == c.Address {
			continue
		}
		for _, s := range p.Changes[i].Steps {
			for _, need := range s.Needs {
				if w := at[need]; w != nil {
					w.Before = append(w.Before, wait(x[s.ID], x[s.ID], x[need]))
				}
			}
		}
	}
	return out
}

// whyNeeds says why a step of the plan under construction needs another.
func (p *planner) whyNeeds(step, need stepOf) string {
	n, to := p.nodeOf(step), p.nodeOf(need)
	if n == nil || to == nil {
		return plainWhy(step, need)
	}
	for _, e := range n.needs {
		if e.to != to {
			continue
		}
		switch {
		case e.kind == byRef && e.attr != "":
			return e.attr + " refers to it"
		case e.kind == claim && e.give != nil:
			return p.spoken(e.give.claim) + " is given up first"
		case n.o.parent == to.o && (n.verb == DoPlace || n.verb == DoCreate):
			return aboveIt
		case n.o.pred == to.o:
			return beforeIt
		}
	}
	return plainWhy(step, need)
}

const (
	aboveIt  = "it is above it in the tree"
	beforeIt = "it stands before it among the siblings"
)

func (p *planner) nodeOf(s stepOf) *node {
	o := p.at[s.change.Address]
	if o == nil {
		return nil
	}
	for i, n := range o.inOrder() {
		if stepID(o, i+1) == s.step.ID {
			return n
		}
	}
	return nil
}

// plainWhy says why a step needs another as far as the steps themselves tell.
func plainWhy(step, need stepOf) string {
	if step.change == need.change {
		return "the steps of one object follow each other"
	}
	refers := func(v value.Value) bool { return v != nil && refersTo(v, need.change.Address) }
	for _, name := range slices.Sorted(maps.Keys(step.step.Attrs)) {
		if refers(step.step.Attrs[name]) {
			return name + " refers to it"
		}
	}
	switch place := step.step.Place; {
	case place != nil && refers(place.Parent):
		return aboveIt
	case place != nil && refers(place.After):
		return beforeIt
	case need.step.Verb == DoRelease && need.step.Note != "":
		return "it " + need.step.Note
	case step.step.Verb == DoDelete || step.step.Verb == DoSuspend:
		return "it lets go of it first"
	}
	return "it comes first"
}

func refersTo(v value.Value, a addr.Address) bool { return slices.Contains(value.Refs(v), a) }
