package planner

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/isaworks/isa/internal/addr"
	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/internal/schema"
	"github.com/isaworks/isa/internal/value"
	"github.com/isaworks/isa/state"
)

// ExplainContent tells of a block that steers content (mail, waves …) what it says and
// what the plan does about it; nil when neither the configuration nor the plan has it.
func ExplainContent(in Input, p *Plan, a addr.Address) *Explanation {
	e := &Explanation{
		Address: a, Kind: a.Type, Title: a.String(), Attributes: []AttrWhy{}, Unmanaged: []string{}, Steps: []StepWhy{}, Problems: diag.List{},
	}
	i := slices.IndexFunc(in.Wanted, func(inst *schema.Instance) bool { return inst.Addr == a && inst.Kind.Content })
	if i >= 0 {
		e.declare(in.Wanted[i])
	}
	for _, d := range p.Diagnostics {
		if d.Address == a.String() {
			e.Problems = append(e.Problems, d)
		}
	}
	var said []string
	for i := range p.Content {
		if c := &p.Content[i]; c.Address == a || c.Previous == a {
			e.Address, e.Previous = c.Address, c.Previous
			if c.Title != "" {
				e.Title = c.Title
			}
			said = append(said, lineWords(c))
		}
	}
	for _, w := range p.Waves {
		if w.Address == a {
			said = append(said, "the wave comes into phase "+w.To+" with the next apply")
		}
	}
	if w, known := stateWave(in.State, a); known {
		text := "the state has the wave in phase " + w.Phase + " since " + w.Since.UTC().Format(time.DateTime) + " UTC"
		if w.Who != "" {
			text += ", by " + w.Who
		}
		said = append(said, text)
	}
	switch {
	case i < 0 && len(said) == 0:
		return nil
	case len(said) == 0:
		said = append(said, used(in.Wanted, a))
	}
	e.Verdict = strings.Join(said, "; ")
	return e
}

// declare takes over what a block of content says.
func (e *Explanation) declare(inst *schema.Instance) {
	e.Declared = true
	if inst.Range.File != "" {
		r := inst.Range
		e.Range = &r
	}
	o := &object{inst: inst}
	for i := range inst.Kind.Attrs {
		name := inst.Kind.Attrs[i].Name
		if v, said := inst.Attrs[name]; said {
			e.Attributes = append(e.Attributes, AttrWhy{Attr: name, Rule: RuleSteering, Wanted: v, Sources: o.sources(name, v)})
		}
	}
}

func stateWave(st *state.State, a addr.Address) (state.Wave, bool) {
	if st == nil {
		return state.Wave{}, false
	}
	return st.Wave(a)
}

// lineWords says in one sentence what a line of content means.
func lineWords(c *Content) string {
	switch {
	case c.Forgotten:
		return "no block declares it any more: what was moved stays where it is, and nothing is done"
	case c.Waits != "":
		return "nothing can be moved yet: " + c.Waits
	}
	text := "mail goes by the route " + c.Route
	if c.Phase != "" {
		text += ", phase " + c.Phase
	}
	switch {
	case c.Surveyed.IsZero() && c.Passed.IsZero():
		return text + ": never looked at; isa survey counts, isa sync moves"
	case c.Held:
		return text + fmt.Sprintf(": %d new items are held until there are more", c.NewItems)
	case c.NewItems > 0:
		return text + fmt.Sprintf(": %d new items wait for isa sync", c.NewItems)
	}
	return text + ": nothing new since it was looked at last"
}

// used tells how many blocks refer to one that does nothing by itself.
func used(wanted []*schema.Instance, a addr.Address) string {
	n := 0
	for _, inst := range wanted {
		if slices.Contains(value.Refs(inst.Attrs), a) {
			n++
		}
	}
	switch n {
	case 0:
		return "no block refers to it, so that it does nothing"
	case 1:
		return "one block refers to it; by itself it does nothing"
	}
	return fmt.Sprintf("%d blocks refer to it; by itself it does nothing", n)
}
