package view

import (
	"fmt"
	"strings"
	"time"

	"github.com/isaworks/isa/internal/addr"
	"github.com/isaworks/isa/planner"
)

// content writes the lines of mail, by wave: those with something to say, and how many
// others there are.
func (s Style) content(b *strings.Builder, p *planner.Plan) {
	if len(p.Content)+len(p.Waves) == 0 {
		return
	}
	s.heading(b, "Mail")
	changes := map[addr.Address]planner.WaveChange{}
	for _, w := range p.Waves {
		changes[w.Address] = w
	}
	told := map[addr.Address]bool{}
	for rest := p.Content; len(rest) > 0; {
		n := 1
		for n < len(rest) && rest[n].Wave == rest[0].Wave {
			n++
		}
		s.waveLines(b, rest[:n], changes)
		told[rest[0].Wave] = true
		rest = rest[n:]
	}
	for _, w := range p.Waves { // those of which nothing moves
		if !told[w.Address] {
			fmt.Fprintf(b, "%s%s\n", indent, waveHead(w.Address, w.To, changes))
		}
	}
}

// waveLines writes the lines of one wave.
func (s Style) waveLines(b *strings.Builder, lines []planner.Content, changes map[addr.Address]planner.WaveChange) {
	if !lines[0].Wave.IsZero() {
		fmt.Fprintf(b, "%s%s\n", indent, waveHead(lines[0].Wave, lines[0].Phase, changes))
	}
	var rows []row
	still := 0
	for i := range lines {
		c := &lines[i]
		if !c.Forgotten && !c.Pending() {
			still++
			continue
		}
		rows = append(rows, contentRow(c))
	}
	s.write(b, rows)
	switch {
	case still > 0 && len(rows) > 0:
		fmt.Fprintf(b, "%s%s with nothing new\n", indent, Plural(still, "other mailbox"))
	case still > 0:
		fmt.Fprintf(b, "%s%s with nothing new\n", indent, Plural(still, "mailbox"))
	}
}

func waveHead(a addr.Address, phase string, changes map[addr.Address]planner.WaveChange) string {
	text := Line(a.String()) + ": "
	switch w, ok := changes[a]; {
	case !ok:
		return text + Line(phase)
	case !w.Previous.IsZero() && w.From == w.To:
		return text + Line(w.To) + ", was " + Line(w.Previous.String())
	case !w.Previous.IsZero():
		return text + Line(w.From) + arrow + Line(w.To) + ", was " + Line(w.Previous.String())
	case w.From == "":
		return text + "begins with " + Line(w.To)
	default:
		return text + Line(w.From) + arrow + Line(w.To)
	}
}

func contentRow(c *planner.Content) row {
	r := row{sign: "+", colour: green, title: Line(c.Title), address: Line(c.Address.String())}
	if r.title == "" {
		r.title, r.address = r.address, ""
	}
	switch {
	case c.Forgotten:
		r.sign, r.colour = "·", dim
		r.details = append(r.details, prose("no block declares it any more; what was moved stays"))
		return r
	case c.Waits != "":
		r.sign, r.colour = "⏸", yellow
		r.details = append(r.details, prose("waits: "+c.Waits))
	}
	if !c.Previous.IsZero() {
		r.details = append(r.details, prose("was "+c.Previous.String()))
	}
	if !c.Moved.IsZero() {
		r.details = append(r.details, prose("was moved with "+c.Moved.String()+" before"))
	}
	if c.Surveyed.IsZero() && c.Passed.IsZero() {
		r.details = append(r.details, prose("never surveyed"))
		return r
	}
	text := fmt.Sprintf("%s new of %s, %s", Number(int(c.NewItems)), Number(int(c.Items)), Bytes(c.NewBytes))
	if c.TooLarge > 0 {
		text += fmt.Sprintf(", %s too large", Number(int(c.TooLarge)))
	}
	if c.Excluded > 0 {
		text += fmt.Sprintf(", %s excluded", Number(int(c.Excluded)))
	}
	r.details = append(r.details, prose(text))
	if c.Runs > 0 {
		r.details = append(r.details, prose(fmt.Sprintf("%s of the service at least: the member gets %s", Plural(int(c.Runs), "run"), Plural(int(c.Notices), "notice"))))
	}
	return r
}

// unserved lists what stays behind whatever is planned.
func (s Style) unserved(b *strings.Builder, list []planner.Unserved) {
	if len(list) == 0 {
		return
	}
	s.heading(b, "Nobody can move (unserved)")
	for _, u := range list {
		for i, line := range wrap(Line(u.Address.String())+": "+u.What, s.width()-2*len(indent)) {
			b.WriteString(indent + []string{"", indent}[min(i, 1)] + line + "\n")
		}
	}
}

// contentSummary counts what happens to mail, for the summary line.
func contentSummary(p *planner.Plan) []string {
	items, mailboxes, unknown, renamed := int64(0), 0, 0, 0
	for i := range p.Content {
		c := &p.Content[i]
		if !c.Previous.IsZero() {
			renamed++
		}
		switch {
		case c.Forgotten:
		case c.Surveyed.IsZero() && c.Passed.IsZero():
			unknown++
		case c.NewItems > 0 && !c.Held:
			items += c.NewItems
			mailboxes++
		}
	}
	var parts []string
	if items > 0 {
		parts = append(parts, fmt.Sprintf("%s to move in %s", Plural(int(items), "message"), Plural(mailboxes, "mailbox")))
	}
	if unknown > 0 {
		parts = append(parts, Plural(unknown, "mailbox")+" never surveyed")
	}
	if renamed > 0 {
		parts = append(parts, Plural(renamed, "mailbox")+" under another address")
	}
	for _, w := range p.Waves {
		if w.From == w.To {
			parts = append(parts, Line(w.Previous.String())+" as "+Line(w.Address.String()))
			continue
		}
		parts = append(parts, Line(w.Address.String())+" to "+Line(w.To))
	}
	return parts
}

// contentCost tells what moving mail takes: ", mail at least 40 min".
func contentCost(c *planner.ContentCost) string {
	if c == nil || c.Items == 0 {
		return ""
	}
	text := "; " + Bytes(c.Bytes) + " of mail"
	if d := time.Duration(c.Seconds * float64(time.Second)); d >= time.Second {
		text += " at least " + Duration(d)
	}
	if c.Notices > 0 {
		text += "; " + Plural(int(c.Notices), "notice") + " to members"
	}
	return text
}

// lastPass tells, under a plan without changes, that mail is looked for by passes.
func (s Style) lastPass(b *strings.Builder, p *planner.Plan) {
	var oldest time.Time
	for i := range p.Content {
		if c := &p.Content[i]; !c.Forgotten && (oldest.IsZero() || c.Passed.Before(oldest)) {
			oldest = c.Passed
		}
	}
	if oldest.IsZero() {
		return
	}
	s.indented(b, "", fmt.Sprintf("Mail is as it was when it was passed over, %s ago; isa sync moves what came since.", Duration(p.Created.Sub(oldest).Truncate(time.Second))))
}
