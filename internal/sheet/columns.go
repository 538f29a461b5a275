package sheet

import (
	"slices"
	"strings"
)

// columnChoice tells which columns' texts are not kept.
type columnChoice struct {
	headerRow int
	wanted    []string // clean headings in use
	decided   bool
	unused    []bool
}

// newChoice keeps everything when columns is nil.
func newChoice(headerRow int, columns []string) columnChoice {
	c := columnChoice{headerRow: headerRow, decided: columns == nil}
	for _, heading := range columns {
		c.wanted = append(c.wanted, cleanHeading(heading))
	}
	return c
}

// may tells whether a column whose heading row holds text may have a heading in use:
// that text, or that text with a second row's behind it. Columns without a text there
// may lie under merged cells.
func (c columnChoice) may(text string) bool {
	return text == "" || slices.ContainsFunc(c.wanted, func(w string) bool {
		return w == text || strings.HasPrefix(w, text+" ")
	})
}

// choose decides before the first row that cannot hold headings.
func (g *grid) choose(number int) {
	c := &g.choice
	if c.decided || number <= c.headerRow+1 {
		return
	}
	c.decided = true
	row, ok := g.find(c.headerRow)
	if !ok {
		return
	}
	for col := range g.length(row) {
		c.unused = append(c.unused, !c.may(cleanHeading(g.texts[g.at(row, col)])))
	}
}

// unused tells that the texts of a column are not kept.
func (g *grid) unused(col int) bool { return col < len(g.choice.unused) && g.choice.unused[col] }
