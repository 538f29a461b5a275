package planner

import (
	"slices"
	"time"

	"github.com/isaworks/isa/internal/addr"
	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/internal/live"
	"github.com/isaworks/isa/internal/schema"
	"github.com/isaworks/isa/internal/value"
	"github.com/isaworks/isa/state"
)

// Explanation is why a plan does with one object what it does.
type Explanation struct {
	Address  addr.Address `json:"address"`
	Previous addr.Address `json:"previous_address,omitzero"` // the state knows it by this one
	Kind     string       `json:"kind"`
	ID       string       `json:"id,omitempty"`
	Title    string       `json:"title"`
	Declared bool         `json:"declared"` // a block declares it
	Matched  string       `json:"matched"`  // how it was found at the service, for people
	Verdict  string       `json:"verdict"`  // why it is in the plan, or not, for people
	Action   Action       `json:"action,omitempty"`
	Reason   string       `json:"reason,omitempty"`
	Range    *diag.Range  `json:"range,omitempty"` // of its block

	Applied    *Applied    `json:"applied,omitempty"` // nil: the state does not know it
	Live       live.Status `json:"live,omitempty"`    // "": it is not at the service
	Attributes []AttrWhy   `json:"attributes"`
	Unmanaged  []string    `json:"unmanaged"` // that the service shows and nobody declares
	Steps      []StepWhy   `json:"steps"`
	Problems   diag.List   `json:"problems"` // of the object
}

// Applied is what the state knows of an object.
type Applied struct {
	Status    state.Status     `json:"status"`
	At        time.Time        `json:"at,omitzero"` // when isa wrote it last
	Suspended time.Time        `json:"suspended,omitzero"`
	Deleted   time.Time        `json:"deleted,omitzero"`
	Begun     []string         `json:"begun,omitempty"` // as in the state
	Lifecycle schema.Lifecycle `json:"lifecycle,omitzero"`
}

// AttrWhy is what is decided about one managed attribute.
type AttrWhy struct {
	Attr    string      `json:"attr"`
	Rule    Rule        `json:"rule"`
	Wanted  value.Value `json:"wanted"`
	Live    value.Value `json:"live"`    // references by address where isa knows them; nil: empty
	Applied value.Value `json:"applied"` // last, by isa; nil: never
	// Sources are where the value comes from: the attribute, or what it is made of.
	Sources []Source `json:"sources"`
}

// Source is where a value comes from.
type Source struct {
	Path  string      `json:"path"`
	Range *diag.Range `json:"range,omitempty"`
	Cell  *diag.Cell  `json:"cell,omitempty"`
}

// StepWhy is one step of the object, what it waits for and what waits for it.
type StepWhy struct {
	ID       string   `json:"id"`
	Verb     Verb     `json:"verb"`
	Attrs    []string `json:"attrs"` // that it writes
	Place    *Place   `json:"place,omitempty"`
	Note     string   `json:"note,omitempty"`
	WaitsFor []Wait   `json:"waits_for"`
	Before   []Wait   `json:"before"` // what waits for this step
}

// Wait is a step that comes first, or one that comes later, and why.
type Wait struct {
	Step    string       `json:"step"`
	Verb    Verb         `json:"verb"`
	Address addr.Address `json:"address"`
	Title   string       `json:"title"`
	Why     string       `json:"why"`
}

// Explain makes the plan as Build does, and tells why it does with the object at an
// address what it does; nil when neither configuration nor state has it. a may be an
// address that the object had before.
func Explain(in Input, a addr.Address) (*Plan, *Explanation) {
	p := build(in)
	o := p.at[a]
	if o == nil {
		o = p.at[p.moves.Now(a)]
	}
	if o == nil {
		return p.plan, nil
	}
	return p.plan, p.explain(o)
}

func (p *planner) explain(o *object) *Explanation {
	e := &Explanation{
		Address: o.addr, Previous: o.previous, Kind: o.kind.Type, Title: o.title(), Declared: o.inst != nil,
		Attributes: []AttrWhy{}, Unmanaged: []string{}, Steps: []StepWhy{}, Problems: diag.List{},
	}
	switch {
	case o.live != nil:
		e.ID, e.Live = o.live.ID, o.live.Status
	case o.st != nil:
		e.ID = o.st.ID
	}
	if o.inst != nil && o.inst.Range.File != "" {
		r := o.inst.Range
		e.Range = &r
	}
	if o.st != nil {
		e.Applied = &Applied{Status: o.st.Status, At: o.st.Applied, Suspended: o.st.Suspended, Deleted: o.st.Deleted, Begun: o.st.Begun, Lifecycle: o.st.Lifecycle}
	}
	for _, d := range p.plan.Diagnostics {
		if d.Address == o.addr.String() || !o.previous.IsZero() && d.Address == o.previous.String() {
			e.Problems = append(e.Problems, d)
		}
	}
	for i := range p.plan.Changes {
		if c := &p.plan.Changes[i]; c.Address == o.addr {
			e.Action, e.Reason = c.Action, c.Reason
			e.Steps = indexSteps(p.plan).whys(p.plan, c, p.whyNeeds)
		}
	}
	e.Matched, e.Verdict = p.foundBy(o), p.verdict(o, e)
	p.explainAttrs(o, e)
	return e
}

// foundBy says how the object was found at the service.
func (p *planner) foundBy(o *object) string {
	switch {
	case o.live == nil && o.unconfirmed:
		return "applied moments ago, and not listed yet"
	case o.live == nil && o.st != nil && o.st.Status == state.Pending:
		return "its creation was begun, and nothing of it was found yet"
	case o.live == nil && o.st != nil && o.kind.listed:
		return "the state's ID is not at the service"
	case o.live == nil && !o.kind.listed:
		return "the service was not asked for its kind"
	case o.live == nil:
		return "nothing at the service is it"
	case o.st != nil && o.st.ID == o.live.ID:
		return "by the ID in the state"
	case o.inst != nil:
		return "by " + p.matchedBy(o)
	}
	return "by the ID in the state"
}

// verdict says why an object is in the plan or not.
func (p *planner) verdict(o *object, e *Explanation) string {
	failed := slices.ContainsFunc(e.Problems, func(d diag.Diagnostic) bool { return d.Severity == diag.Error })
	switch {
	case e.Action != "" && p.plan.Diagnostics.HasErrors():
		return "would be in the plan, which has errors: " + string(e.Action) + ", " + e.Reason
	case e.Action != "":
		return "in the plan: " + string(e.Action) + ", " + e.Reason
	case failed:
		return "not in the plan, because of its errors"
	case o.unconfirmed:
		return "not in the plan: it was applied moments ago, and the listing does not show it yet"
	case o.spent:
		return "not in the plan: " + p.dueReason(o) + ", and the account is deleted, which stays so"
	case o.unselected:
		return "not in the plan: left out by --target, --exclude or a warning about it"
	case o.inst == nil:
		return p.verdictOfLeaver(o)
	}
	if slices.ContainsFunc(p.plan.Records, func(r Record) bool { return r.Address == o.addr }) {
		return "nothing to do: it is as the configuration says; apply only writes down that it is"
	}
	return "nothing to do: it is as the configuration says"
}

func (p *planner) verdictOfLeaver(o *object) string {
	switch {
	case o.leaving != retired:
		return "nothing to do"
	case !o.st.Deleted.IsZero():
		return "nothing to do: a leaver, deleted on " + day(o.st.Deleted) + "; the state keeps them so that a return restores"
	case o.st.Lifecycle.DeleteAfter > 0 && !o.st.Suspended.IsZero():
		return "nothing to do yet: a leaver, suspended on " + day(o.st.Suspended) + "; lifecycle.delete_after proposes the deletion from " +
			day(o.st.Suspended.AddDate(0, 0, o.st.Lifecycle.DeleteAfter)) + " on"
	case !o.st.Suspended.IsZero():
		return "nothing to do: a leaver, suspended on " + day(o.st.Suspended) + "; without lifecycle.delete_after they stay"
	}
	return "nothing to do: a leaver"
}

func day(t time.Time) string { return t.UTC().Format(time.DateOnly) }

// explainAttrs tells each managed attribute with its rule. Of an object that nobody
// declares it is what the state has.
func (p *planner) explainAttrs(o *object, e *Explanation) {
	for i := range o.kind.Attrs {
		a := &o.kind.Attrs[i]
		w := p.explainAttr(o, a)
		if w != nil {
			e.Attributes = append(e.Attributes, *w)
		} else if o.live != nil && !empty(o.live.Attrs[a.Name]) && !a.Steering && !o.orders(a) {
			e.Unmanaged = append(e.Unmanaged, a.Name)
		}
	}
}

// orders reports whether the order of writing gives the attribute.
func (o *object) orders(a *schema.Attr) bool {
	return o.inst != nil && o.kind.placed && a.Name == o.kind.Order && o.inst.Written
}

func (p *planner) explainAttr(o *object, a *schema.Attr) *AttrWhy {
	w := AttrWhy{Attr: a.Name, Sources: []Source{}}
	if o.st != nil {
		w.Applied = o.st.Attrs[a.Name]
	}
	if o.live != nil && o.live.Attrs[a.Name] != nil {
		w.Live = p.display(&a.Type, o.live.Attrs[a.Name])
	}
	if o.inst == nil {
		w.Rule = RuleUnmanaged
		if w.Applied == nil {
			return nil
		}
		return &w
	}
	wanted, managed := o.inst.Attrs[a.Name]
	if !managed {
		return nil
	}
	w.Wanted, w.Sources = wanted, o.sources(a.Name, wanted)
	switch {
	case a.Steering:
		w.Rule = RuleSteering
	case o.live == nil:
		w.Rule = RuleCreated
		if o.unconfirmed {
			w.Rule = RuleAwaited
		}
	case o.kind.placed && (a.Name == o.kind.Order || a.Name == o.kind.Parent):
		w.Rule = p.placeRule(o, a)
	default:
		w.Rule, _ = p.judge(o, a, wanted)
	}
	return &w
}

// placeRule is the rule for the parent and the order of an object of a tree.
func (p *planner) placeRule(o *object, a *schema.Attr) Rule {
	switch {
	case o.fixes(a.Name):
		return RuleIgnored
	case a.Name == o.kind.Order && o.place == nil, a.Name == o.kind.Parent && !o.moves:
		return RuleEqual
	case o.turned && a.Name == o.kind.Parent:
		return RuleReverted
	}
	return RulePlaced
}

// sources finds where a value comes from: each part of it that has a place of its own.
func (o *object) sources(attr string, v value.Value) []Source {
	out := []Source{}
	if o.inst.Where == nil {
		return out
	}
	add := func(path value.Path) {
		place := o.inst.Where(path)
		s := Source{Path: path.String(), Range: place.Range, Cell: place.Cell}
		if last := len(out) - 1; last < 0 || !samePlace(out[last], s) {
			out = append(out, s)
		}
	}
	value.Walk(v, func(at value.Path, v value.Value) {
		switch v.(type) {
		case value.Object, value.List:
			return
		}
		add(append(value.Of(attr), at...))
	})
	if len(out) == 0 {
		add(value.Of(attr))
	}
	return out
}

func samePlace(a, b Source) bool {
	same := func(x, y *diag.Range) bool { return x == nil && y == nil || x != nil && y != nil && *x == *y }
	cell := a.Cell == nil && b.Cell == nil || a.Cell != nil && b.Cell != nil && *a.Cell == *b.Cell
	return same(a.Range, b.Range) && cell
}

// ExplainChange tells of a change of a plan, such as a saved one, what the plan itself
// says: why, its steps, and what they wait for. nil when the plan has no such change.
func ExplainChange(p *Plan, a addr.Address) *Explanation {
	for i := range p.Changes {
		c := &p.Changes[i]
		if c.Address != a && c.Previous != a {
			continue
		}
		e := &Explanation{
			Address: c.Address, Previous: c.Previous, Kind: c.Kind, ID: c.ID, Title: c.Title, Action: c.Action, Reason: c.Reason,
			Verdict: "in the plan: " + string(c.Action) + ", " + c.Reason, Range: c.Range, Declared: c.Range != nil,
			Attributes: []AttrWhy{}, Unmanaged: []string{}, Problems: diag.List{},
			Steps: indexSteps(p).whys(p, c, plainWhy),
		}
		for _, name := range changedNames(c) {
			w := AttrWhy{Attr: name, Rule: RuleChanged, Wanted: c.After[name], Live: c.Before[name], Sources: []Source{}}
			if c.Action == Create {
				w.Rule = RuleCreated
			}
			for _, d := range p.Drift {
				if d.Address == c.Address && d.Attr == name && d.Reverted {
					w.Rule, w.Applied = RuleReverted, d.Applied
				}
			}
			e.Attributes = append(e.Attributes, w)
		}
		return e
	}
	return nil
}

func changedNames(c *Change) []string {
	var names []string
	for _, attrs := range []value.Object{c.Before, c.After} {
		for name := range attrs {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}
