package view

import (
	"io"
	"slices"
	"strings"

	"github.com/isaworks/isa/internal/value"
	"github.com/isaworks/isa/planner"
)

// Hands writes what was changed by hand for people: an object a row, an attribute a
// line, from what isa applied to what is there; what was left alone; what could not be
// compared; and a last line that counts. titles are of what the changes refer to.
func Hands(w io.Writer, h *planner.Hands, titles map[string]planner.Name, s Style) error {
	var b strings.Builder
	n := names(titles)
	for _, section := range []struct {
		title   string
		ignored bool
	}{{"Changed by hand since the last apply", false}, {ignoredByHand, true}} {
		var rows []row
		for _, object := range byObject(h.Changes, section.ignored) {
			rows = append(rows, handRow(object, n))
		}
		if len(rows) > 0 {
			s.heading(&b, section.title)
			s.write(&b, rows)
		}
	}
	s.unseen(&b, h.Unseen)
	if b.Len() > 0 {
		b.WriteByte('\n')
	}
	for i, line := range wrap(handsSummary(h), s.width()) {
		if i == 0 {
			line = s.in(bold, line)
		}
		b.WriteString(line + "\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// byObject groups changes that follow each other and are of one object.
func byObject(changes []planner.Hand, ignored bool) [][]*planner.Hand {
	var groups [][]*planner.Hand
	for i := range changes {
		c := &changes[i]
		if c.Ignored != ignored {
			continue
		}
		if last := len(groups) - 1; last >= 0 && groups[last][0].Address == c.Address {
			groups[last] = append(groups[last], c)
			continue
		}
		groups = append(groups, []*planner.Hand{c})
	}
	return groups
}

func handRow(changes []*planner.Hand, n names) row {
	first := changes[0]
	mark, colour := handSign(weightiest(changes))
	title := first.Title
	if title == "" {
		title = first.Address.String()
	}
	r := row{sign: mark, colour: colour, title: Line(title), address: Line(first.Address.String())}
	for _, c := range changes {
		r.details = append(r.details, handDetails(c, n)...)
	}
	return r
}

// weightiest is the sort by which an object is marked.
func weightiest(changes []*planner.Hand) planner.Sort {
	for _, sort := range []planner.Sort{
		planner.HandDeleted, planner.HandSuspended, planner.HandRestored, planner.HandReactivated,
		planner.HandChanged, planner.HandMoved, planner.HandReordered,
	} {
		if slices.ContainsFunc(changes, func(c *planner.Hand) bool { return c.Sort == sort }) {
			return sort
		}
	}
	return planner.HandChanged
}

func handSign(sort planner.Sort) (string, paint) {
	switch sort {
	case planner.HandDeleted:
		return sign(planner.Delete)
	case planner.HandSuspended:
		return sign(planner.Suspend)
	case planner.HandReactivated, planner.HandRestored:
		return sign(planner.Restore)
	case planner.HandMoved, planner.HandReordered:
		return sign(planner.Move)
	case planner.HandChanged:
		return sign(planner.Update)
	}
	return sign("")
}

func handDetails(c *planner.Hand, n names) []detail {
	var out []detail
	switch c.Sort {
	case planner.HandDeleted, planner.HandSuspended, planner.HandReactivated, planner.HandRestored:
		out = append(out, prose(string(c.Sort)))
	case planner.HandMoved:
		out = append(out, prose("moved from "+topOr(n, c.Applied)+" to "+topOr(n, c.Live)))
	case planner.HandReordered:
		out = append(out, prose(standing(c.Live, c.Applied, n)))
		return out
	case planner.HandChanged:
		out = append(out, changedValue(c, n)...)
	}
	if c.Wanted != nil {
		out = append(out, prose("wanted by now: "+n.text(c.Wanted)))
	}
	if c.Note != "" {
		out = append(out, prose(c.Note))
	}
	return out
}

// standing tells behind which sibling an object stands, and stood.
func standing(now, was value.Value, n names) string {
	return "stands " + placeAmong(n, now) + ", was " + placeAmong(n, was)
}

func placeAmong(n names, behind value.Value) string {
	if behind == nil {
		return "first"
	}
	return "behind " + n.text(behind)
}

func changedValue(c *planner.Hand, n names) []detail {
	label := attrWords(c.Attr)
	if c.Element != nil {
		top, inner, _ := strings.Cut(c.Attr, ".")
		label = strings.TrimSpace(attrWords(top) + " " + n.text(c.Element) + " " + attrWords(inner))
	}
	if len(c.Added)+len(c.Removed) > 0 {
		return []detail{{label: label, list: n.edit(n.leads(c.Added), n.leads(c.Removed))}}
	}
	return []detail{{label: label, old: n.text(c.Applied), new: n.text(c.Live)}}
}

// leads are elements of a list by what they refer to first, where they refer to
// something: the service shows more of a post than anybody manages.
func (n names) leads(list value.List) value.List {
	out := make(value.List, len(list))
	for i, e := range list {
		out[i] = e
		if _, lead := n.lead(e); lead != "" {
			out[i] = value.String(lead)
		}
	}
	return out
}

// attrWords writes the path of an attribute in words.
func attrWords(path string) string {
	parts := strings.Split(path, ".")
	for i, p := range parts {
		parts[i] = KindWord(p)
	}
	return strings.Join(parts, " ")
}

// unseen tells what could not be compared, alike reasons together.
func (s Style) unseen(b *strings.Builder, list []planner.Unseen) {
	if len(list) == 0 {
		return
	}
	type group struct {
		why       string
		failed    bool
		addresses []string
	}
	var groups []*group
	for _, u := range list {
		i := slices.IndexFunc(groups, func(g *group) bool { return g.why == u.Why })
		if i < 0 {
			i, groups = len(groups), append(groups, &group{why: u.Why, failed: u.Failed})
		}
		text := u.Address.String()
		if len(u.Attrs) > 0 {
			text += " (" + strings.Join(u.Attrs, ", ") + ")"
		}
		groups[i].addresses = append(groups[i].addresses, Line(text))
	}
	s.heading(b, "Not compared")
	for _, g := range groups {
		colour := plain
		if g.failed {
			colour = red
		}
		for _, line := range wrap(Line(g.why), s.width()-len(indent)) {
			b.WriteString(indent + s.in(colour, line) + "\n")
		}
		for _, line := range (detail{list: g.addresses}).fit(s.width() - 2*len(indent)) {
			b.WriteString(indent + indent + line + "\n")
		}
	}
}

// handsSummary counts: "3 changes by hand of 2 objects, 1 left alone. 310 objects compared."
func handsSummary(h *planner.Hands) string {
	compared := Plural(h.Compared, "object") + " compared with what isa applied last"
	changes, ignored, left := 0, 0, 0
	for _, c := range h.Changes {
		switch {
		case c.Ignored:
			ignored++
			continue
		case c.Left:
			left++
		}
		changes++
	}
	failed := 0
	for _, u := range h.Unseen {
		if u.Failed {
			failed++
		}
	}
	text := "Nothing was changed by hand"
	if failed > 0 {
		text = "No change by hand was found"
	}
	if changes > 0 {
		text = Plural(changes, "change") + " by hand of " + Plural(len(byObject(h.Changes, false)), "object")
	}
	if ignored > 0 {
		text += ", " + Number(ignored) + " left alone"
	}
	text += ": " + compared
	if failed > 0 {
		text += ", " + Number(failed) + " not read"
	}
	text += "."
	if changes > left {
		text += " isa plan shows what is changed back."
	}
	if left > 0 {
		text += " A plan leaves " + Number(left) + " as they are: who was suspended or reactivated by hand."
	}
	return text
}
