package view

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/internal/value"
	"github.com/isaworks/isa/planner"
	"github.com/isaworks/isa/state"
)

// Explanation writes for people why a plan does with one object what it does: the
// verdict, each attribute with its rule and where its value comes from, the steps and
// what they wait for, and what was done by hand to the state (audit). titles are of what
// values refer to; serial is that of the state.
func Explanation(w io.Writer, e *planner.Explanation, serial int, audit []state.Audit, titles map[string]planner.Name, s Style) error {
	var b strings.Builder
	n := names(titles)
	title := Line(e.Title)
	if title == e.Address.String() {
		title = ""
	}
	b.WriteString(strings.TrimRight(s.in(bold, Line(e.Address.String()))+gap+title, " ") + "\n")
	s.indented(&b, indent, sentence(e.Verdict))
	b.WriteByte('\n')
	for _, line := range Table(explainedFacts(e, serial, audit)) {
		b.WriteString(indent + line + "\n")
	}
	s.explainedAttrs(&b, e, n)
	if len(e.Unmanaged) > 0 {
		s.heading(&b, "Not managed")
		s.indented(&b, indent, strings.Join(e.Unmanaged, ", "))
	}
	s.explainedSteps(&b, e.Steps, n)
	s.explainedProblems(&b, e.Problems)
	_, err := io.WriteString(w, b.String())
	return err
}

// sentence is a text with a capital and a full stop.
func sentence(text string) string {
	text = Line(text)
	if text == "" {
		return text
	}
	if c := text[0]; c >= 'a' && c <= 'z' {
		text = string(c-'a'+'A') + text[1:]
	}
	return strings.TrimSuffix(text, ".") + "."
}

func explainedFacts(e *planner.Explanation, serial int, audit []state.Audit) [][]string {
	var rows [][]string
	add := func(name, text string) {
		if text != "" {
			rows = append(rows, []string{name, text})
		}
	}
	if !e.Previous.IsZero() {
		add("was", e.Previous.String()+" in the state")
	}
	switch {
	case e.Range != nil:
		add("declared at", rangeText(e.Range))
	case !e.Declared:
		add("declared at", "nowhere")
	}
	if e.Matched != "" {
		there := "not there"
		if e.Live != "" {
			there = KindWord(string(e.Live)) + ", ID " + e.ID
		}
		add("at the service", there)
		add("found", e.Matched)
	}
	if a := e.Applied; a != nil {
		text := string(a.Status)
		if !a.At.IsZero() {
			text += ", written last on " + moment(a.At)
		}
		add("in the state", fmt.Sprintf("%s (serial %d)", text, serial))
		if len(a.Begun) > 0 {
			add("cut off", "an apply began to write "+strings.Join(a.Begun, ", ")+", and its end was not recorded")
		}
		add("left alone", strings.Join(a.Lifecycle.Ignore, ", "))
		if a.Lifecycle.Protect {
			add("protected", "yes")
		}
	}
	for _, a := range audit {
		add("by hand", moment(a.Time)+" "+a.Act+" by "+a.Who+": "+a.What)
	}
	return rows
}

func moment(t time.Time) string { return t.Local().Format("2006-01-02 15:04:05") }

func rangeText(r *diag.Range) string {
	if r == nil {
		return ""
	}
	return Line(fmt.Sprintf("%s:%d", r.File, r.Start.Line))
}

func (s Style) explainedAttrs(b *strings.Builder, e *planner.Explanation, n names) {
	if len(e.Attributes) == 0 {
		return
	}
	var rows []row
	for i := range e.Attributes {
		a := &e.Attributes[i]
		mark, colour := ruleSign(a.Rule)
		rows = append(rows, row{sign: mark, colour: colour, title: KindWord(a.Attr), details: explainedAttr(a, e.Declared, n), address: sourceText(a.Sources)})
	}
	s.heading(b, "Attributes")
	s.write(b, rows)
}

func ruleSign(r planner.Rule) (string, paint) {
	switch r {
	case planner.RuleChanged, planner.RuleReverted, planner.RulePlaced:
		return sign(planner.Update)
	case planner.RuleCreated:
		return sign(planner.Create)
	case planner.RuleFixed:
		return "!", red
	}
	return " ", plain
}

// explainedAttr tells the values of an attribute and, unless they are as wanted, the
// rule that decides.
func explainedAttr(a *planner.AttrWhy, declared bool, n names) []detail {
	if !declared {
		if value.Equal(a.Applied, a.Live) {
			return []detail{prose(n.text(a.Live))}
		}
		return []detail{prose(n.text(a.Applied)), prose("at the service: " + n.text(a.Live))}
	}
	var out []detail
	switch a.Rule {
	case planner.RuleEqual, planner.RuleApplied, planner.RuleCreated, planner.RuleSteering, planner.RuleAwaited, planner.RulePassed:
		out = append(out, prose(n.text(a.Wanted)))
	default:
		if out = n.difference("change", a.Live, a.Wanted); len(out) == 0 {
			out = append(out, prose(n.text(a.Wanted)))
		}
	}
	if words := ruleWords(a.Rule); words != "" {
		out = append(out, prose(words))
	}
	if a.Rule == planner.RuleChanged && a.Applied != nil && !value.Equal(a.Applied, a.Wanted) {
		out = append(out, prose("applied last: "+n.text(a.Applied)))
	}
	for _, s := range a.Sources[min(1, len(a.Sources)):] {
		if s.Cell != nil { // lines of the same block go without saying
			out = append(out, prose(attrWords(s.Path)+" from "+sourceText([]planner.Source{s})))
		}
	}
	return out
}

// ruleWords says a rule for people; "" where there is nothing to say.
func ruleWords(r planner.Rule) string {
	switch r {
	case planner.RuleApplied:
		return "cannot be read; applied as wanted"
	case planner.RuleSteering:
		return "steers isa; never sent"
	case planner.RuleSeed:
		return "lifecycle.seed: written at creation, then the person's own"
	case planner.RuleIgnored:
		return "lifecycle.ignore: differs, and is left alone"
	case planner.RuleFixed:
		return "fixed at creation: an error"
	case planner.RulePassed:
		return "was for a time that is over: nothing to do"
	case planner.RuleAwaited:
		return "applied moments ago; the listing does not show it yet"
	case planner.RulePlaced:
		return "written by its place in the tree"
	case planner.RuleReverted:
		return "changed by hand since it was applied: changed back"
	case planner.RuleChanged:
		return "differs from what is wanted: changed"
	case planner.RuleCreated, planner.RuleEqual, planner.RuleUnmanaged:
	}
	return ""
}

// sourceText is the first place of a value: the cell, else the line.
func sourceText(list []planner.Source) string {
	if len(list) == 0 {
		return ""
	}
	s := list[0]
	if s.Cell != nil {
		return Line(s.Cell.String())
	}
	return rangeText(s.Range)
}

func (s Style) explainedSteps(b *strings.Builder, steps []planner.StepWhy, n names) {
	if len(steps) == 0 {
		return
	}
	s.heading(b, "Steps")
	for i, step := range steps {
		text := fmt.Sprintf("%d. %s", i+1, step.Verb)
		for i, name := range step.Attrs {
			text += []string{" ", ", "}[min(i, 1)] + KindWord(name)
		}
		text += placeWords(step.Place, n)
		if step.Note != "" {
			text += ": " + step.Note
		}
		s.indented(b, indent, Line(text))
		s.waits(b, "waits for", step.WaitsFor, n)
		s.waits(b, "comes before", step.Before, n)
	}
}

// placeWords says where in a tree a step puts an object.
func placeWords(p *planner.Place, n names) string {
	switch {
	case p == nil:
		return ""
	case p.Last:
		return ", below " + topOr(n, p.Parent) + ", behind all others"
	}
	return ", below " + topOr(n, p.Parent) + ", " + placeAmong(n, p.After)
}

// waits writes what a step waits for, or what waits for it; of many alike the number.
func (s Style) waits(b *strings.Builder, label string, list []planner.Wait, n names) {
	for i, w := range list {
		if i == mostWaits {
			s.indented(b, indent+indent, fmt.Sprintf("and %s more", Number(len(list)-i)))
			return
		}
		s.indented(b, indent+indent, Line(fmt.Sprintf("%s %s of %s (%s): %s", label, w.Verb, n.title(w.Address.String()), w.Address, w.Why)))
	}
}

// mostWaits is how many steps are named that wait for one.
const mostWaits = 10

func (s Style) explainedProblems(b *strings.Builder, list diag.List) {
	if len(list) == 0 {
		return
	}
	s.heading(b, "Problems")
	sorted := slices.Clone(list)
	sorted.Sort()
	for _, d := range sorted {
		s.warning(b, d)
	}
}
