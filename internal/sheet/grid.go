package sheet

import (
	"errors"
	"strings"
)

// Indexes of texts that every grid has.
const (
	nullText   uint32 = 0 // an empty cell
	faultText  uint32 = 1 // a cell whose fault is in faults
	unusedText uint32 = 2 // a cell with a content in a column that nobody refers to
	ownTexts          = 3 // texts of the file begin here
)

var errTooMany = errors.New("the table has too many cells or merged cells")

// grid holds the cells of an area row by row as indexes of shared texts. Rows
// have the length of their last cell; empty rows are not kept.
type grid struct {
	texts   []string
	cells   []uint32
	rows    []gridRow
	faults  map[int]*fault // by index in cells
	columns []Repeats[uint32]
	block   strings.Builder // holds the texts added last
	choice  columnChoice
}

// gridRow is a row of the file: its number, counted from 1, and where its cells
// begin.
type gridRow struct {
	number int32
	start  uint32
	hidden bool
}

// newGrid makes a grid of a table whose headings are in that row. columns are the
// headings in use, nil for all.
func newGrid(headerRow int, columns []string) *grid {
	return &grid{texts: make([]string, ownTexts, 1024), faults: map[int]*fault{}, choice: newChoice(headerRow, columns)}
}

// begin starts a row; finish must follow. Rows come in the order of their numbers.
func (g *grid) begin(number int, hidden bool) {
	g.choose(number)
	g.rows = append(g.rows, gridRow{number: int32(number), start: uint32(len(g.cells)), hidden: hidden})
}

// put sets a cell of the row begun last. Columns count from 0.
func (g *grid) put(col int, id uint32, f *fault) error {
	at := int(g.rows[len(g.rows)-1].start) + col
	if at >= maxCells {
		return errTooMany
	}
	for len(g.cells) <= at {
		g.cells = append(g.cells, nullText)
	}
	delete(g.faults, at)
	if f != nil {
		id = faultText
		g.faults[at] = f
	}
	g.cells[at] = id
	return nil
}

// finish ends the row: empty cells at its end, and an empty row, are dropped.
func (g *grid) finish() {
	last := len(g.rows) - 1
	start := int(g.rows[last].start)
	n := len(g.cells)
	for n > start && g.cells[n-1] == nullText {
		n--
	}
	g.cells = g.cells[:n]
	if n == start {
		g.rows = g.rows[:last]
	}
}

// length returns the number of cells of row i.
func (g *grid) length(i int) int { return g.end(i) - int(g.rows[i].start) }

func (g *grid) end(i int) int {
	if i+1 < len(g.rows) {
		return int(g.rows[i+1].start)
	}
	return len(g.cells)
}

// at returns the text index of a cell, nullText outside the row.
func (g *grid) at(row, col int) uint32 {
	at := int(g.rows[row].start) + col
	if col < 0 || at >= g.end(row) {
		return nullText
	}
	return g.cells[at]
}

func (g *grid) faultAt(row, col int) *fault {
	if g.at(row, col) != faultText {
		return nil
	}
	return g.faults[int(g.rows[row].start)+col]
}

// add stores a text that is not shared. It keeps a copy, because text may be a
// piece of something large.
func (g *grid) add(text string) uint32 {
	if text == "" {
		return nullText
	}
	const blockBytes = 64 << 10 // one allocation for thousands of texts
	if g.block.Cap()-g.block.Len() < len(text) {
		g.block = strings.Builder{}
		g.block.Grow(max(blockBytes, len(text)))
	}
	start := g.block.Len()
	g.block.WriteString(text)
	g.texts = append(g.texts, g.block.String()[start:])
	return uint32(len(g.texts) - 1)
}

// share stores a text of a column, once if it repeats.
func (g *grid) share(col int, text string) uint32 {
	if text == "" {
		return nullText
	}
	for len(g.columns) <= col {
		g.columns = append(g.columns, Repeats[uint32]{})
	}
	return g.columns[col].Of(text, func(text string) (uint32, string) {
		id := g.add(text)
		return id, g.texts[id]
	})
}

// putText puts a text of a workbook, cleaned here.
func (g *grid) putText(col int, text string, f *fault) error {
	text = clean(text)
	if f == nil {
		f = inspect(text)
	}
	switch {
	case f != nil:
		return g.put(col, faultText, f)
	case text == "":
		return nil
	}
	return g.put(col, g.share(col, text), nil)
}
