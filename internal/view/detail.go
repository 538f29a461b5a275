package view

import "strings"

// detail is one thing said in the middle column: prose, which is wrapped, or old
// and new values after a label, which are cut to fit.
type detail struct {
	prose           string
	label, old, new string // old "": only new is shown
}

func prose(text string) detail { return detail{prose: Line(text)} }

// text is the detail as it would stand without limits.
func (d detail) text() string {
	switch {
	case d.prose != "":
		return d.prose
	case d.old == "":
		return strings.TrimPrefix(d.label+" "+d.new, " ")
	}
	return d.label + " " + d.old + arrow + d.new
}

// fit returns the lines of the detail in a column of the given width. Old and new
// values share what the label leaves, so that neither hides the other.
func (d detail) fit(width int) []string {
	text := d.text()
	switch {
	case Width(text) <= width:
		return []string{text}
	case d.prose != "":
		var out []string
		for _, line := range wrap(d.prose, width) {
			out = append(out, Cut(line, width))
		}
		return out
	case d.old == "":
		return []string{Cut(text, width)}
	}
	room := width - Width(d.label) - 1 - Width(arrow)
	if room < 8 {
		return []string{Cut(text, width)}
	}
	oldRoom := max(room/2, room-Width(d.new))
	old := Cut(d.old, oldRoom)
	return []string{d.label + " " + old + arrow + Cut(d.new, room-Width(old))}
}

func texts(details []detail) []string {
	out := make([]string, len(details))
	for i, d := range details {
		out[i] = d.text()
	}
	return out
}

func joined(details []detail) string { return strings.Join(texts(details), ", ") }
