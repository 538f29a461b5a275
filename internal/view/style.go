package view

// Style tells how text is laid out and coloured. The zero Style is 80 columns
// without colour.
type Style struct {
	Colour bool
	Width  int // columns; 0 = 80
}

// minWidth is the least width that lines are laid out for.
const minWidth = 40

// Columns is the width that lines are laid out for, at least 40.
func (s Style) Columns() int { return s.width() }

func (s Style) width() int {
	switch {
	case s.Width == 0:
		return 80
	case s.Width < minWidth:
		return minWidth
	}
	return s.Width
}

// paint is an SGR sequence.
type paint string

const (
	plain  paint = ""
	bold   paint = "\x1b[1m"
	dim    paint = "\x1b[2m"
	red    paint = "\x1b[31m"
	green  paint = "\x1b[32m"
	yellow paint = "\x1b[33m"
	blue   paint = "\x1b[34m"
)

func (s Style) in(p paint, text string) string {
	if !s.Colour || p == plain || text == "" {
		return text
	}
	return string(p) + text + "\x1b[0m"
}
