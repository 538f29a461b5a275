package view

import "strings"

// detail is one thing said in the middle column: prose, a list behind a label, or
// old and new values behind one. All of them are wrapped; none is cut before it
// takes mostLines.
type detail struct {
	prose    string
	label    string
	old, new string   // a change of values
	list     []string // elements; label may be ""
}

// mostLines bounds what one detail takes: descriptions and groups may be long.
const mostLines = 6

func prose(text string) detail { return detail{prose: Line(text)} }

// text is the detail as it would stand without limits.
func (d detail) text() string {
	switch {
	case d.prose != "":
		return d.prose
	case d.list != nil:
		return strings.TrimPrefix(d.label+" "+strings.Join(d.list, ", "), " ")
	}
	return d.label + " " + d.old + arrow + d.new
}

// fit returns the lines of the detail in a column of the given width. What does
// not fit in one line stands in several, the new value on lines of its own.
func (d detail) fit(width int) []string {
	text := d.text()
	switch {
	case Width(text) <= width:
		return []string{text}
	case d.prose != "":
		return folded(d.prose, width)
	case d.list != nil:
		return d.listed(width)
	}
	out := folded(d.label+" "+d.old, width)
	for i, line := range folded(d.new, width-4) {
		if i == 0 {
			out = append(out, "  → "+line)
		} else {
			out = append(out, "    "+line)
		}
	}
	return out
}

// listed puts as many elements on a line as fit, and counts what is left over
// after mostLines.
func (d detail) listed(width int) []string {
	var out []string
	line := d.label
	for i, e := range d.list {
		if i < len(d.list)-1 {
			e += ","
		}
		switch {
		case line == "":
			line = e
		case Width(line)+1+Width(e) <= width:
			line += " " + e
		case len(out) == mostLines-2 && i < len(d.list)-1:
			return append(out, Cut(line, width), Cut("… and "+Number(len(d.list)-i)+" more", width))
		default:
			out = append(out, Cut(line, width))
			line = e
		}
	}
	return append(out, Cut(line, width))
}

// folded wraps text to width, also inside words that are wider, in at most
// mostLines.
func folded(text string, width int) []string {
	var out []string
	for _, line := range wrap(text, width) {
		for Width(line) > width {
			head := cells().Truncate(line, width, "")
			if head == "" {
				break
			}
			out = append(out, head)
			line = line[len(head):]
		}
		out = append(out, line)
	}
	if len(out) > mostLines {
		out = append(out[:mostLines-1], Cut(out[mostLines-1]+" "+ellipsis, width))
	}
	return out
}

func texts(details []detail) []string {
	out := make([]string, len(details))
	for i, d := range details {
		out[i] = d.text()
	}
	return out
}

func joined(details []detail) string { return strings.Join(texts(details), ", ") }
