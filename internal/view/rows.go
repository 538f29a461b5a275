package view

import (
	"strings"
)

// row is one object in a section: left, what happens in the middle, address.
type row struct {
	lead    string // branches of the tree before the sign
	below   string // the same for the lines below the first
	sign    string
	colour  paint
	title   string
	details []detail
	address string
}

func (r row) left() string {
	if r.sign == "" {
		return r.lead + r.title
	}
	return r.lead + r.sign + " " + r.title
}

const (
	indent    = "  "
	gap       = "  "
	leastRoom = 18 // columns of the middle below which addresses get a line of their own
)

// columns are the widths of a section's three columns. Below tells that
// addresses stand below their row.
type columns struct {
	left, middle, address int
	below                 bool
}

// measure lays the rows of one section out. Titles and addresses are never cut:
// a title wider than its column pushes its details to the next line.
func measure(rows []row, width int) columns {
	var c columns
	most := width * 45 / 100
	for _, r := range rows {
		if w := Width(r.left()); w <= most {
			c.left = max(c.left, w)
		}
		c.address = max(c.address, Width(r.address))
		for _, d := range r.details {
			c.middle = max(c.middle, Width(d.text()))
		}
	}
	room := width - len(indent) - c.left
	if c.middle == 0 {
		c.below = c.left > 0 && room-len(gap) < c.address
		return c
	}
	beside := room - 2*len(gap) - c.address
	if beside < min(leastRoom, c.middle) {
		c.below = true
		beside = room - len(gap)
	}
	c.middle = min(c.middle, beside)
	return c
}

// write appends the rows as aligned lines.
func (s Style) write(b *strings.Builder, rows []row) {
	c := measure(rows, s.width())
	for _, r := range rows {
		s.writeRow(b, r, c)
	}
}

func (s Style) writeRow(b *strings.Builder, r row, c columns) {
	painted := r.lead + s.in(r.colour, r.sign)
	if r.sign != "" {
		painted += " "
	}
	painted += r.title
	missing := c.left - Width(r.left())
	var details []string
	for _, d := range r.details {
		details = append(details, d.fit(c.middle)...)
	}
	line := indent + painted
	switch {
	case missing < 0 && (len(details) > 0 || r.address != ""): // too wide for its column
		if c.below || len(details) > 0 {
			emit(b, line)
			line = indent + Pad(r.below, c.left)
		}
	default:
		line += strings.Repeat(" ", max(missing, 0))
	}
	if c.middle > 0 {
		first := ""
		if len(details) > 0 {
			first, details = details[0], details[1:]
		}
		line += gap + Pad(first, c.middle)
	}
	if !c.below && r.address != "" {
		line += gap + s.in(dim, r.address)
	}
	emit(b, line)
	for _, d := range details {
		emit(b, indent+Pad(r.below, c.left)+gap+d)
	}
	if c.below && r.address != "" {
		emit(b, indent+Pad(r.below, Width(r.lead)+2)+s.in(dim, r.address))
	}
}

func emit(b *strings.Builder, line string) {
	b.WriteString(strings.TrimRight(line, " "))
	b.WriteByte('\n')
}

// Table returns rows as lines with aligned columns, safe to show. The last column
// of a row is never padded; nothing is cut.
func Table(rows [][]string) []string {
	var widths []int
	safe := make([][]string, len(rows))
	for i, r := range rows {
		for j, cell := range r {
			cell = Line(cell)
			safe[i] = append(safe[i], cell)
			if j == len(widths) {
				widths = append(widths, 0)
			}
			widths[j] = max(widths[j], Width(cell))
		}
	}
	out := make([]string, len(rows))
	for i, r := range safe {
		for j, cell := range r {
			if j > 0 {
				out[i] += gap
			}
			out[i] += Pad(cell, widths[j])
		}
		out[i] = strings.TrimRight(out[i], " ")
	}
	return out
}

// Grid returns a heading and rows as lines with aligned columns, safe to show: the
// first column to the left, the others, which are numbers and times, to the right.
// A column that is empty in all rows is left out.
func Grid(heading []string, rows [][]string) []string {
	used := make([]bool, len(heading))
	for _, r := range rows {
		for j, cell := range r {
			used[j] = used[j] || cell != ""
		}
	}
	var shown [][]string
	for _, r := range append([][]string{heading}, rows...) {
		var cells []string
		for j, cell := range r {
			if used[j] || j == 0 {
				cells = append(cells, Line(cell))
			}
		}
		shown = append(shown, cells)
	}
	widths := make([]int, len(heading))
	for _, r := range shown {
		for j, cell := range r {
			widths[j] = max(widths[j], Width(cell))
		}
	}
	out := make([]string, len(shown))
	for i, r := range shown {
		line := Pad(r[0], widths[0])
		for j, cell := range r[1:] {
			line += gap + strings.Repeat(" ", widths[j+1]-Width(cell)) + cell
		}
		out[i] = strings.TrimRight(line, " ")
	}
	return out
}
