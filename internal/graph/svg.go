package graph

import (
	"encoding/xml"
	"fmt"
	"math"
	"strings"
	"unicode"

	"github.com/isaworks/isa/internal/view"
)

// The measures of a chart in SVG, in CSS pixels. A unit is a row of its own, further
// to the right the deeper it lies: that stays readable with a thousand units, where
// a chart that grows sideways does not.
const (
	margin    = 24.0
	rowHeight = 32.0
	boxHeight = 26.0
	indent    = 26.0
	padding   = 10.0
	gap       = 28.0 // between columns
	fontSize  = 14.0
	smallSize = 12.0
	longest   = 64 // columns of the longest name that is drawn whole
)

// row is a unit at its place.
type row struct {
	unit        *Unit
	x, y, width float64 // of the box
	last        float64 // middle of the last row right below it; 0: none
	parent      float64 // x of the line from above; 0: none
	heads, note string
}

// SVG writes the chart as one picture that needs nothing else: no script, no font,
// no request. The unit's address and whole name are its tooltip.
func (c *Chart) SVG() []byte {
	top := margin + 2*fontSize + 24
	legend := c.legend()
	if legend != "" {
		top += rowHeight
	}
	rows := c.rows(top)
	headsAt, countsAt, noteAt, width := columns(rows, c)
	height := top + float64(len(rows))*rowHeight + margin

	var b strings.Builder
	fmt.Fprintf(&b, "<!-- %s -->\n", Made)
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" width="%.0f" height="%.0f" viewBox="0 0 %.0f %.0f" role="img">`+"\n", width, height, width, height)
	fmt.Fprintf(&b, "<title>%s</title>\n", xmlText(c.Title))
	b.WriteString(style)
	fmt.Fprintf(&b, `<rect class="page" width="%.0f" height="%.0f"/>`+"\n", width, height)
	fmt.Fprintf(&b, `<text class="title" x="%.0f" y="%.0f">%s</text>`+"\n", margin, margin+fontSize, xmlText(c.Title))
	fmt.Fprintf(&b, `<text class="small" x="%.0f" y="%.0f">%s</text>`+"\n", margin, margin+2*fontSize+6, xmlText(c.Note))
	b.WriteString(legend)
	for i := range rows {
		rows[i].draw(&b, headsAt, countsAt, noteAt)
	}
	b.WriteString("</svg>\n")
	return []byte(b.String())
}

const style = `<style>
text { font-family: system-ui, "Apple SD Gothic Neo", "Malgun Gothic", "Noto Sans KR", "Noto Sans CJK KR", sans-serif; font-size: 14px; fill: #1f2328; }
.page { fill: #ffffff; }
.title { font-size: 18px; font-weight: 600; }
.small { font-size: 12px; fill: #57606a; }
.count { font-size: 12px; fill: #57606a; text-anchor: end; }
.gone text.name { text-decoration: line-through; }
.line { fill: none; stroke: #b0b8c1; }
.guide { stroke: #eaeef2; }
</style>
`

// rows lays the units out from top to bottom.
func (c *Chart) rows(top float64) []row {
	var out []row
	var place func(units []*Unit, depth int, parent float64) (last float64)
	place = func(units []*Unit, depth int, parent float64) (last float64) {
		for _, u := range units {
			i := len(out)
			x := margin + float64(depth)*indent
			out = append(out, row{unit: u, x: x, y: top + float64(i)*rowHeight, parent: parent,
				width: textWidth(view.Cut(view.Line(u.Name), longest), fontSize) + 2*padding,
				heads: view.Cut(view.Line(strings.Join(u.Heads, ", ")), longest), note: view.Cut(view.Line(u.Note), longest)})
			last = out[i].middle()
			out[i].last = place(u.Below, depth+1, x+indent/2)
		}
		return last
	}
	place(c.Top, 0, 0)
	return out
}

// columns tells where heads and notes begin, where the counts end, and how wide the
// picture is.
func columns(rows []row, c *Chart) (heads, counts, notes, width float64) {
	var boxes, head, count, note float64
	for i := range rows {
		r := &rows[i]
		boxes = max(boxes, r.x+r.width)
		head = max(head, textWidth(r.heads, fontSize))
		count = max(count, textWidth(r.unit.people(), smallSize))
		note = max(note, textWidth(r.note, smallSize))
	}
	heads = boxes + gap
	counts = heads + head + count
	if head > 0 {
		counts += gap
	}
	notes = counts + gap
	width = counts + margin
	if note > 0 {
		width = notes + note + margin
	}
	least := margin*2 + max(textWidth(view.Line(c.Title), 20), textWidth(view.Line(c.Note), smallSize))
	return heads, counts, notes, math.Ceil(max(width, least, 420))
}

func (r *row) middle() float64 { return r.y + boxHeight/2 }

func (r *row) draw(b *strings.Builder, heads, counts, notes float64) {
	p := r.unit.Mark.paint()
	fmt.Fprintf(b, `<g class="%s"><title>%s</title>`, r.unit.Mark, xmlText(r.unit.Name+" · "+r.unit.Key))
	if r.parent > 0 {
		fmt.Fprintf(b, `<path class="line" d="M%.1f %.1fH%.1f"/>`, r.parent, r.middle(), r.x)
	}
	if r.last > 0 {
		fmt.Fprintf(b, `<path class="line" d="M%.1f %.1fV%.1f"/>`, r.x+indent/2, r.y+boxHeight, r.last)
	}
	if text := r.heads + r.unit.people(); text != "" {
		fmt.Fprintf(b, `<path class="guide" d="M%.1f %.1fH%.1f"/>`, r.x+r.width, r.middle(), heads-8)
	}
	fmt.Fprintf(b, `<rect x="%.1f" y="%.1f" width="%.1f" height="%.0f" rx="5" fill="%s" stroke="%s"/>`, r.x, r.y, r.width, boxHeight, p.fill, p.stroke)
	base := r.y + boxHeight/2 + 5
	fmt.Fprintf(b, `<text class="name" x="%.1f" y="%.1f">%s</text>`, r.x+padding, base, xmlText(view.Cut(view.Line(r.unit.Name), longest)))
	for _, t := range []struct {
		class, text string
		x           float64
	}{{"head", r.heads, heads}, {"count", r.unit.people(), counts}, {"small", r.note, notes}} {
		if t.text != "" {
			fmt.Fprintf(b, `<text class="%s" x="%.1f" y="%.1f">%s</text>`, t.class, t.x, base, xmlText(t.text))
		}
	}
	b.WriteString("</g>\n")
}

// legend explains the marks that occur; "" when none does.
func (c *Chart) legend() string {
	here := map[Mark]bool{}
	var look func(units []*Unit)
	look = func(units []*Unit) {
		for _, u := range units {
			here[u.Mark] = true
			look(u.Below)
		}
	}
	look(c.Top)
	var b strings.Builder
	x, y := margin, margin+2*fontSize+20
	for _, m := range Marks() {
		if !here[m] {
			continue
		}
		p := m.paint()
		fmt.Fprintf(&b, `<rect x="%.1f" y="%.1f" width="16" height="16" rx="4" fill="%s" stroke="%s"/>`, x, y, p.fill, p.stroke)
		fmt.Fprintf(&b, `<text class="small" x="%.1f" y="%.1f">%s</text>`+"\n", x+22, y+12, m)
		x += 22 + textWidth(string(m), smallSize) + gap
	}
	return b.String()
}

// textWidth estimates how wide a text is in any common font: wide characters
// (UAX #11) are as wide as they are high, capitals three quarters of that and others
// somewhat more than half.
func textWidth(text string, size float64) float64 {
	em := 0.0
	for _, r := range text {
		switch w := view.Width(string(r)); {
		case w == 0:
		case w > 1:
			em++
		case r == unicode.ReplacementChar:
			em++
		case unicode.IsUpper(r) || r == '@' || r == '%' || r == '—' || r == '…':
			em += 0.78
		default:
			em += 0.58
		}
	}
	return em * size
}

// xmlText escapes a text for content and attributes; what XML cannot hold becomes
// U+FFFD.
func xmlText(text string) string {
	var b strings.Builder
	if err := xml.EscapeText(&b, []byte(view.Line(text))); err != nil {
		panic(err) // a strings.Builder takes everything
	}
	return b.String()
}
