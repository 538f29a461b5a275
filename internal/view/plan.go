package view

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/internal/value"
	"github.com/isaworks/isa/planner"
)

// HashLength is how many characters of a plan's hash are shown, and the least
// that `isa apply --expect` takes.
const HashLength = 16

// Plan writes a plan for people: what changes, grouped by kind, what was changed
// by hand, warnings with their place, how much of the guards is used, a summary
// line and the cost. Errors among the diagnostics are not written; they belong
// to Diagnostics.
func Plan(w io.Writer, p *planner.Plan, s Style) error {
	var b strings.Builder
	n := namesOf(p)
	for _, group := range byKind(p.Changes) {
		s.heading(&b, KindsWord(group[0].Kind))
		s.write(&b, rowsOf(group, n))
	}
	s.content(&b, p)
	for _, part := range driftParts(p.Drift) {
		s.drift(&b, part.title, part.drift, n)
	}
	s.unserved(&b, p.Unserved)
	s.warnings(&b, p.Diagnostics)
	s.guards(&b, p.Headroom)
	if b.Len() > 0 {
		b.WriteByte('\n')
	}
	s.conclusion(&b, p)
	_, err := io.WriteString(w, b.String())
	return err
}

// conclusion writes the last lines of a plan: counts, cost, hash.
func (s Style) conclusion(b *strings.Builder, p *planner.Plan) {
	switch {
	case p.Empty() && p.Diagnostics.HasErrors():
		b.WriteString(s.in(bold, "No plan:") + " the errors must be mended first.\n")
		return
	case p.Empty():
		b.WriteString(s.in(bold, "No changes.") + " The tenant is as the configuration says.\n")
		s.lastPass(b, p)
		return
	}
	for _, line := range wrap(Summary(p), s.width()) {
		b.WriteString(s.in(bold, line) + "\n")
	}
	for _, line := range wrap(fmt.Sprintf("%s. Plan hash %s.", Cost(p.Cost), ShortHash(p.Hash)), s.width()) {
		b.WriteString(line + "\n")
	}
}

// ShortHash is the hash as it is shown.
func ShortHash(hash string) string { return Line(hash[:min(len(hash), HashLength)]) }

// Summary counts a plan's changes in words: "Plan: 12 to create, 3 to update."
func Summary(p *planner.Plan) string {
	var parts []string
	for _, c := range Counts(p.Summary) {
		parts = append(parts, Number(c.Count)+" to "+string(c.Action))
	}
	parts = append(parts, contentSummary(p)...)
	if len(parts) == 0 {
		return "Plan: nothing to do."
	}
	return "Plan: " + strings.Join(parts, ", ") + "."
}

// ActionCount is one line of a summary.
type ActionCount struct {
	Action planner.Action
	Count  int
}

// Counts lists the actions of a summary that occur, in the order of their telling.
func Counts(s planner.Summary) []ActionCount {
	all := []ActionCount{
		{planner.Create, s.Create}, {planner.Update, s.Update}, {planner.Move, s.Move}, {planner.Adopt, s.Adopt},
		{planner.Suspend, s.Suspend}, {planner.Restore, s.Restore}, {planner.Delete, s.Delete},
		{planner.Forget, s.Forget}, {planner.Keep, s.Keep},
	}
	return slices.DeleteFunc(all, func(c ActionCount) bool { return c.Count == 0 })
}

// Cost tells the calls and the time that a plan takes: "16 calls, about 12 s".
func Cost(c planner.Cost) string {
	calls := 0
	for _, n := range c.Requests {
		calls += n
	}
	text := Plural(calls, "call")
	if d := time.Duration(c.Seconds * float64(time.Second)); d >= time.Second {
		text += ", at least " + Duration(d)
	}
	return text + contentCost(c.Content)
}

func (s Style) heading(b *strings.Builder, text string) {
	if b.Len() > 0 {
		b.WriteByte('\n')
	}
	b.WriteString(s.in(bold, text) + "\n")
}

// byKind groups changes that follow each other and are of one kind.
func byKind(changes []planner.Change) [][]*planner.Change {
	var groups [][]*planner.Change
	for i := range changes {
		c := &changes[i]
		if last := len(groups) - 1; last >= 0 && groups[last][0].Kind == c.Kind {
			groups[last] = append(groups[last], c)
			continue
		}
		groups = append(groups, []*planner.Change{c})
	}
	return groups
}

func rowsOf(group []*planner.Change, n names) []row {
	if isTree(group) {
		return treeRows(forest(group, n), n)
	}
	slices.SortStableFunc(group, byOrder)
	rows := make([]row, len(group))
	for i, c := range group {
		rows[i] = changeRow(c, n)
	}
	return rows
}

func byOrder(a, b *planner.Change) int { return cmp.Compare(order(a), order(b)) }

// order is the place of an object among those of its kind where it is known, such
// as a job grade's; others keep theirs, behind.
func order(c *planner.Change) int64 {
	for _, attrs := range []value.Object{c.Managed, c.After, c.Before} {
		if n, ok := attrs[orderAttr].(value.Int); ok {
			return int64(n)
		}
	}
	return math.MaxInt64
}

// signs are the marks of the actions, one column each.
func sign(a planner.Action) (string, paint) {
	switch a {
	case planner.Create:
		return "+", green
	case planner.Update:
		return "~", yellow
	case planner.Move:
		return "→", yellow
	case planner.Adopt:
		return "=", blue
	case planner.Suspend:
		return "⏸", red
	case planner.Restore:
		return "↺", green
	case planner.Delete:
		return "-", red
	case planner.Forget, planner.Keep:
		return "·", dim
	}
	return "?", plain
}

func changeRow(c *planner.Change, n names) row {
	mark, colour := sign(c.Action)
	r := row{sign: mark, colour: colour, title: Line(c.Title), address: Line(c.Address.String()), details: details(c, n)}
	if r.title == "" {
		r.title, r.address = r.address, ""
	}
	return r
}

// details tells what happens to one object: for a creation what it refers to,
// else old → new; then why, and the steps that need a word.
func details(c *planner.Change, n names) []detail {
	var out []detail
	switch c.Action {
	case planner.Create:
		if referred := n.referred(c.Managed, parentAttr); len(referred) > 0 {
			out = append(out, detail{list: referred})
		}
	case planner.Delete, planner.Forget, planner.Keep, planner.Suspend:
		out = append(out, prose(string(c.Action)+reason(c)))
	default:
		out = append(out, moved(c, n)...)
		out = append(out, n.differences(c.Before, c.After, parentAttr)...)
		if c.Action == planner.Adopt || c.Action == planner.Restore {
			out = append([]detail{prose(string(c.Action) + reason(c))}, out...)
		}
	}
	if !c.Previous.IsZero() {
		out = append(out, prose("was "+c.Previous.String()))
	}
	for _, s := range c.Steps {
		if s.Note != "" && !slices.Contains(texts(out), Line(s.Note)) {
			out = append(out, prose(s.Note))
		}
	}
	if len(out) == 0 && c.Action == planner.Update && c.Reason != "" { // only the state changes
		out = append(out, prose(c.Reason))
	}
	return out
}

func reason(c *planner.Change) string {
	if c.Reason == "" {
		return ""
	}
	return ": " + Line(c.Reason)
}

// moved tells where an object comes from, or behind which sibling it goes.
func moved(c *planner.Change, n names) []detail {
	old, hadParent := c.Before[parentAttr]
	next, hasParent := c.After[parentAttr]
	if hadParent || hasParent {
		if key(old) != key(next) {
			return []detail{prose("from " + topOr(n, old))}
		}
	}
	for _, s := range c.Steps {
		switch {
		case s.Place == nil || s.Verb != planner.DoPlace:
		case s.Place.Last:
			return []detail{prose("to the end")}
		case key(s.Place.After) == "":
			return []detail{prose("to the front")}
		default:
			return []detail{prose("to behind " + n.title(key(s.Place.After)))}
		}
	}
	return nil
}

func topOr(n names, v value.Value) string {
	if key(v) == "" {
		return "the top"
	}
	return n.title(key(v))
}

// Headings of what was changed by hand and is left alone: since the block says so, or since
// isa takes back no suspension, nor any reactivation, that is not its own.
const (
	ignoredByHand = "Changed by hand and left alone (lifecycle.ignore)"
	leftByHand    = "Suspended or reactivated by hand, and left so"
)

// driftPart is what was changed by hand of which one thing becomes.
type driftPart struct {
	title string
	drift []planner.Drift
}

// driftParts parts what was changed by hand by what becomes of it.
func driftParts(drift []planner.Drift) []driftPart {
	parts := []driftPart{{title: "Changed by hand since the last apply (will be changed back)"}, {title: leftByHand}, {title: ignoredByHand}}
	for _, d := range drift {
		at := 2
		switch {
		case d.Reverted:
			at = 0
		case d.Attr == statusAttr:
			at = 1
		}
		parts[at].drift = append(parts[at].drift, d)
	}
	return parts
}

func (s Style) drift(b *strings.Builder, title string, drift []planner.Drift, n names) {
	var rows []row
	for _, d := range drift {
		// The title in front of the values: with both known, what was done by hand
		// is applied → live.
		r := row{sign: "~", colour: yellow, title: Line(d.Title), address: Line(d.Address.String()),
			details: driftDetails(&d, n)}
		if r.title == "" {
			r.title, r.address = r.address, ""
		}
		rows = append(rows, r)
	}
	if len(rows) == 0 {
		return
	}
	s.heading(b, title)
	s.write(b, rows)
}

// driftDetails tells what was done by hand to one attribute; of the order among siblings,
// behind which of them it stands.
func driftDetails(d *planner.Drift, n names) []detail {
	_, was := d.Applied.(value.Ref)
	_, is := d.Live.(value.Ref)
	if d.Attr == orderAttr && (was || is) {
		return []detail{prose(standing(d.Live, d.Applied, n))}
	}
	return n.difference(KindWord(d.Attr), d.Applied, applied(d.Applied, d.Live))
}

// warnings writes each warning with its place first, like those of Diagnostics.
func (s Style) warnings(b *strings.Builder, list diag.List) {
	groups := grouped(list, diag.Warning)
	if len(groups) == 0 {
		return
	}
	s.heading(b, "Warnings")
	for _, g := range groups {
		for _, d := range g.shown {
			s.warning(b, d)
		}
		if len(g.others) > 0 {
			s.indented(b, indent, g.rest())
		}
	}
}

func (s Style) warning(b *strings.Builder, d diag.Diagnostic) {
	head := place(d)
	if where := subject(d); where != "" && where != head {
		if head != "" && Width(indent+head+gap+where) > s.width() {
			fmt.Fprintf(b, "%s%s\n", indent, s.in(yellow, head))
			head = ""
		}
		head = strings.TrimPrefix(head+gap+where, gap)
	}
	if head != "" {
		fmt.Fprintf(b, "%s%s\n", indent, s.in(yellow, head))
	}
	text := d.Summary
	if d.Detail != "" {
		text += ": " + d.Detail
	}
	s.indented(b, indent+indent, text+" ["+d.Code+"]")
	if d.Fix != "" {
		for i, line := range wrap(d.Fix, s.width()-6) {
			fmt.Fprintf(b, "%s%s%s %s\n", indent, indent, s.in(blue, []string{"→", " "}[min(i, 1)]), line)
		}
	}
}

// indented writes text in lines behind margin.
func (s Style) indented(b *strings.Builder, margin, text string) {
	for _, line := range wrap(text, s.width()-len(margin)) {
		b.WriteString(margin + line + "\n")
	}
}

// place writes where a diagnostic points: the cell, else the line.
func place(d diag.Diagnostic) string {
	switch {
	case d.Cell != nil:
		return Line(d.Cell.String())
	case d.Range != nil:
		return Line(fmt.Sprintf("%s:%d", d.Range.File, d.Range.Start.Line))
	}
	return ""
}

// guards tells how much room the guards leave, for those the plan touches.
func (s Style) guards(b *strings.Builder, uses []planner.GuardUse) {
	var rows []row
	for _, g := range uses {
		if g.Count == 0 {
			continue
		}
		colour := plain
		if g.Count > g.Limit {
			colour = red
		}
		title := g.Code
		if g.Company != "" {
			title += " (" + g.Company + ")"
		}
		text := fmt.Sprintf("%s of %s allowed", Number(g.Count), Number(g.Limit))
		if g.Of > 0 {
			text += fmt.Sprintf(", %s in all", Number(g.Of))
		}
		rows = append(rows, row{sign: "!", colour: colour, title: Line(title), details: []detail{prose(text)}})
	}
	if len(rows) == 0 {
		return
	}
	s.heading(b, "Guards")
	s.write(b, rows)
}

// Difference writes which changes two plans do not share: what the second has
// more, less, or otherwise.
func Difference(w io.Writer, approved, now *planner.Plan, s Style) error {
	old, next := map[string]*planner.Change{}, map[string]*planner.Change{}
	for i := range approved.Changes {
		old[approved.Changes[i].Address.String()] = &approved.Changes[i]
	}
	for i := range now.Changes {
		next[now.Changes[i].Address.String()] = &now.Changes[i]
	}
	n := namesOf(now)
	for key, name := range namesOf(approved) {
		if _, ok := n[key]; !ok {
			n[key] = name
		}
	}
	var rows []row
	keys := maps.Clone(old)
	maps.Copy(keys, next)
	for _, key := range slices.Sorted(maps.Keys(keys)) {
		was, is := old[key], next[key]
		switch {
		case was == nil:
			rows = append(rows, differing(is, "new: "+string(is.Action), n))
		case is == nil:
			rows = append(rows, differing(was, "no longer: "+string(was.Action), n))
		case was.Action != is.Action:
			rows = append(rows, differing(is, string(was.Action)+arrow+string(is.Action), n))
		case !value.Equal(was.Before, is.Before) || !value.Equal(was.After, is.After):
			r := differing(is, "approved: "+joined(n.differences(was.Before, was.After)), n)
			r.details = append(r.details, prose("now: "+joined(n.differences(is.Before, is.After))))
			rows = append(rows, r)
		}
	}
	var b strings.Builder
	s.write(&b, rows)
	if len(rows) == 0 {
		b.WriteString(indent + "The changes are the same; their order or steps differ.\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func differing(c *planner.Change, what string, n names) row {
	r := changeRow(c, n)
	r.details = []detail{prose(what)}
	return r
}
