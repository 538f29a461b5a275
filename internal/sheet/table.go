package sheet

import (
	"cmp"
	"fmt"
	"slices"
	"sort"
	"strings"

	"github.com/isaworks/isa/internal/diag"
)

// Table is a table read into memory. It never changes, so goroutines may share
// it. Rows and columns of its methods count from 0: row 0 is the first row with
// data, column 0 the first of the range.
type Table struct {
	File     string   // as given to Open
	Sheet    string   // the worksheet's name; empty for texts and pages
	Encoding string   // of texts and pages such as "UTF-8", "CP949", "UTF-16"; else empty
	Headings []string // by column; empty where a column has none

	grid        *grid
	first       int   // index in grid.rows of the first row with data
	left        int   // column of the file, counted from 1, of column 0
	headingRows []int // row of the file that holds the (lower) heading
	index       map[string][]int
	covered     map[int][]area // merged data cells by column, sorted by top
	warnings    diag.List
	digest      [32]byte
}

// Len returns the number of rows with data.
func (t *Table) Len() int { return len(t.grid.rows) - t.first }

// Column returns the column with that heading. It is not ok when there is none
// or more than one; Missing then tells which.
func (t *Table) Column(heading string) (col int, ok bool) {
	cols := t.index[cleanHeading(heading)]
	if len(cols) != 1 {
		return 0, false
	}
	return cols[0], true
}

// Missing explains why Column does not find a heading. The diagnostic's cell
// is the heading's place when it occurs twice, else the table.
func (t *Table) Missing(heading string) diag.Diagnostic {
	heading = cleanHeading(heading)
	cols := t.index[heading]
	if len(cols) > 1 {
		var refs []string
		for _, c := range cols {
			refs = append(refs, t.headingCell(c).Ref)
		}
		d := problem(CodeDuplicate, fmt.Sprintf("%q is the heading of %s.", heading, strings.Join(refs, " and ")),
			"Give the columns different headings, or leave one out with range.")
		cell := t.headingCell(cols[0])
		d.Cell = &cell
		return d
	}
	const shown = 30
	names := t.named()
	if len(names) > shown {
		names = append(names[:shown], "…")
	}
	fix := "The headings are " + strings.Join(names, ", ") + "."
	if near := t.Suggest(heading); near != "" {
		fix = fmt.Sprintf("Did you mean %q?", near)
	}
	d := problem(CodeColumn, fmt.Sprintf("No column has the heading %q.", heading), fix)
	d.Cell = &diag.Cell{File: t.File, Sheet: t.Sheet}
	return d
}

// named returns the headings that are not empty, each once.
func (t *Table) named() []string {
	var names []string
	for _, h := range t.Headings {
		if h != "" && !slices.Contains(names, h) {
			names = append(names, h)
		}
	}
	return names
}

// Suggest returns the heading most like the given one, or "".
func (t *Table) Suggest(heading string) string {
	return nearest(cleanHeading(heading), t.named())
}

// Text returns the text of a cell; null tells that the cell is empty. A cell
// with a fault is null too: ask Fault for every cell in use. It panics for a column
// that Options.Columns left out.
func (t *Table) Text(row, col int) (text string, null bool) {
	id := t.grid.at(t.first+row, col)
	switch id {
	case nullText, faultText:
		return "", true
	case unusedText:
		panic("sheet: the column " + t.Headings[col] + " was left out by Options.Columns")
	}
	return t.grid.texts[id], false
}

// Row returns the number that a row has in the file, counted from 1.
func (t *Table) Row(row int) int { return int(t.grid.rows[t.first+row].number) }

// Cell returns the origin of a cell.
func (t *Table) Cell(row, col int) diag.Cell { return t.cellOf(t.Row(row), col) }

func (t *Table) cellOf(number, col int) diag.Cell {
	c := diag.Cell{File: t.File, Sheet: t.Sheet, Ref: cellRef(number, t.left+col)}
	if col < len(t.Headings) {
		c.Heading = t.Headings[col]
	}
	return c
}

func (t *Table) headingCell(col int) diag.Cell { return t.cellOf(t.headingRows[col], col) }

// Fault returns what is wrong with a cell: an error value, a formula without a
// result, bytes that are no text, lost digits, an impossible date, or a cell
// covered by a merged one.
func (t *Table) Fault(row, col int) (diag.Diagnostic, bool) {
	f := t.grid.faultAt(t.first+row, col)
	if f == nil {
		f = t.coveredAt(row, col)
	}
	if f == nil {
		return diag.Diagnostic{}, false
	}
	d := problem(f.code, f.detail, f.fix)
	cell := t.Cell(row, col)
	d.Cell = &cell
	return d, true
}

// coveredAt returns a fault when an empty cell lies under a merged one that has
// a content.
func (t *Table) coveredAt(row, col int) *fault {
	merged := t.covered[col]
	if len(merged) == 0 || t.grid.at(t.first+row, col) != nullText {
		return nil
	}
	number := int(t.grid.rows[t.first+row].number)
	i := sort.Search(len(merged), func(i int) bool { return merged[i].top > number }) - 1
	if i < 0 || number > merged[i].bottom {
		return nil
	}
	top := merged[i]
	return &fault{CodeMerged, "It shows the content of " + cellRef(top.top, top.left) + " but is empty in the file.",
		"Unmerge the cells and fill in each of them."}
}

// Faults returns the rows whose cell in the column has a fault, in order.
func (t *Table) Faults(col int) []int {
	var rows []int
	if len(t.grid.faults) == 0 && len(t.covered[col]) == 0 {
		return nil
	}
	for row := range t.Len() {
		if t.grid.at(t.first+row, col) == faultText || t.coveredAt(row, col) != nil {
			rows = append(rows, row)
		}
	}
	return rows
}

// Filled counts the cells of a column that are not empty, those with a fault
// included.
func (t *Table) Filled(col int) int {
	n := 0
	for row := range t.Len() {
		if t.grid.at(t.first+row, col) != nullText {
			n++
		}
	}
	return n
}

// Warnings tells what is worth knowing about the table as a whole.
func (t *Table) Warnings() diag.List { return slices.Clone(t.warnings) }

// Digest is the SHA-256 sum of the file's bytes.
func (t *Table) Digest() [32]byte { return t.digest }

func (t *Table) warn(code, detail, fix string, cell diag.Cell) {
	d := problem(code, detail, fix)
	d.Severity = diag.Warning
	d.Cell = &cell
	t.warnings = append(t.warnings, d)
}

// gatherWarnings looks over the finished table.
func (t *Table) gatherWarnings() {
	whole := diag.Cell{File: t.File, Sheet: t.Sheet}
	hidden, firstHidden := 0, 0
	for _, r := range t.grid.rows[t.first:] {
		if r.hidden {
			if hidden++; hidden == 1 {
				firstHidden = int(r.number)
			}
		}
	}
	if hidden > 0 {
		detail := fmt.Sprintf("%d rows are hidden, the first is row %d. They are read.", hidden, firstHidden)
		if hidden == 1 {
			detail = fmt.Sprintf("Row %d is hidden. It is read.", firstHidden)
		}
		t.warn(CodeHidden, detail,
			"Show all rows to be sure, or delete those that shall not count.", whole)
	}
	for col, h := range t.Headings {
		if cols := t.index[h]; len(cols) > 1 && cols[0] == col {
			d := t.Missing(h)
			t.warn(d.Code, d.Detail, d.Fix, *d.Cell)
		}
		if residentNumber(h) {
			t.warn(CodeResident, "isa does not need them, and the file lies with the configuration.",
				"Remove the column from this file.", t.headingCell(col))
		}
	}
}

func residentNumber(heading string) bool {
	squeezed := strings.ReplaceAll(heading, " ", "")
	return strings.Contains(squeezed, "주민등록번호") || strings.Contains(squeezed, "주민번호")
}

// cover remembers the merged cells among the data.
func (t *Table) cover(merges []area) error {
	t.covered = map[int][]area{}
	total := 0
	for _, m := range merges {
		i, ok := t.grid.find(m.top)
		if !ok || i < t.first || t.grid.at(i, m.left-t.left) == nullText {
			continue
		}
		for col := m.left; col <= m.right && col-t.left < len(t.Headings); col++ {
			if total++; total > maxCells {
				return fmt.Errorf("more than %d merged cells", maxCells)
			}
			t.covered[col-t.left] = append(t.covered[col-t.left], m)
		}
	}
	for _, list := range t.covered {
		slices.SortFunc(list, func(a, b area) int { return cmp.Compare(a.top, b.top) })
	}
	return nil
}

// find returns the index of the row with that number.
func (g *grid) find(number int) (int, bool) {
	return slices.BinarySearchFunc(g.rows, number, func(r gridRow, n int) int { return cmp.Compare(int(r.number), n) })
}
