package sheet

import (
	"fmt"

	"github.com/isaworks/isa/internal/diag"
)

// layout is what reading a file gives: its cells and what they mean.
type layout struct {
	file, sheet, encoding string
	grid                  *grid
	area                  area
	headerRow             int
	merges                []area // those of several cells that begin inside area
	head                  []area // those of merges that reach into the headings
}

// headerRowOf decides the row of the headings from the options.
func headerRowOf(src source, a area) (int, *diag.Diagnostic) {
	row := src.opts.HeaderRow
	switch {
	case row == 0:
		return a.top, nil
	case row < a.top || row > a.bottom:
		return 0, src.problem(CodeRange, fmt.Sprintf("header_row %d lies outside the range %q.", row, src.opts.Range),
			"header_row counts the rows of the sheet, as Excel shows them.")
	}
	return row, nil
}

// table finds the headings and makes the table.
func (l layout) table() (*Table, *diag.Diagnostic) {
	for _, m := range l.merges {
		if m.top <= l.headerRow+1 {
			l.head = append(l.head, m)
		}
	}
	t := &Table{File: l.file, Sheet: l.sheet, Encoding: l.encoding, grid: l.grid, left: l.area.left, index: map[string][]int{}}
	if d := l.merelyTitle(); d != nil {
		return nil, d
	}
	last := l.setHeadings(t)
	t.first, _ = l.grid.find(last + 1)
	for col, h := range t.Headings {
		if h != "" {
			t.index[h] = append(t.index[h], col)
		}
	}
	if len(t.index) == 0 {
		return nil, l.noHeadings()
	}
	if err := t.cover(l.merges); err != nil {
		return nil, fileProblem(l.file, CodeSize, "The table has "+err.Error()+".", "Unmerge the cells.")
	}
	l.warnOfTitle(t)
	t.gatherWarnings()
	return t, nil
}

// setHeadings writes the headings into t and returns the last row they use.
func (l layout) setHeadings(t *Table) int {
	groups := l.groups()
	lower, twoRows := l.lowerRow(groups)
	width := l.width(l.headerRow)
	if twoRows {
		width = max(width, l.width(l.headerRow+1))
	}
	for col := range width {
		text, row := l.heading(l.headerRow, col), l.headerRow
		if group, ok := under(groups, col+l.area.left); ok && twoRows {
			text = l.heading(l.headerRow, group.left-l.area.left)
			if below := lower[col]; below != "" {
				text, row = cleanHeading(text+" "+below), l.headerRow+1
			}
		}
		t.Headings = append(t.Headings, text)
		t.headingRows = append(t.headingRows, row)
	}
	if twoRows {
		return l.headerRow + 1
	}
	return l.headerRow
}

// heading returns the text of a heading cell, or of the merged cell that starts
// above it in the same column.
func (l layout) heading(row, col int) string {
	for _, m := range l.head {
		if m.has(row, col+l.area.left) && m.left == col+l.area.left {
			row = m.top
		}
	}
	return l.text(row, col)
}

func (l layout) text(row, col int) string {
	i, ok := l.grid.find(row)
	if !ok {
		return ""
	}
	return cleanHeading(l.grid.texts[l.grid.at(i, col)])
}

// width returns the number of columns up to the last cell of a row, merged
// cells from above included.
func (l layout) width(row int) int {
	n := 0
	if i, ok := l.grid.find(row); ok {
		n = l.grid.length(i)
	}
	for _, m := range l.head {
		if row >= m.top && row <= m.bottom && l.text(m.top, m.left-l.area.left) != "" {
			n = max(n, m.right-l.area.left+1)
		}
	}
	return n
}

// groups returns the merged cells that end in the heading row, cover several
// columns and have a text.
func (l layout) groups() []area {
	var groups []area
	for _, m := range l.head {
		if m.top <= l.headerRow && m.bottom == l.headerRow && m.right > m.left && l.text(m.top, m.left-l.area.left) != "" {
			groups = append(groups, m)
		}
	}
	return groups
}

func under(groups []area, col int) (area, bool) {
	for _, g := range groups {
		if col >= g.left && col <= g.right {
			return g, true
		}
	}
	return area{}, false
}

// lowerRow returns the texts of the row below the headings, and whether it is
// their second row: all its texts stand under groups.
func (l layout) lowerRow(groups []area) (map[int]string, bool) {
	i, ok := l.grid.find(l.headerRow + 1)
	if !ok || len(groups) == 0 {
		return nil, false
	}
	texts := map[int]string{}
	for col := range l.grid.length(i) {
		if l.grid.at(i, col) == nullText {
			continue
		}
		if _, ok := under(groups, col+l.area.left); !ok {
			return nil, false
		}
		texts[col] = l.text(l.headerRow+1, col)
	}
	return texts, len(texts) > 0
}

// merelyTitle finds a title merged over the whole table in the heading row.
func (l layout) merelyTitle() *diag.Diagnostic {
	i, ok := l.grid.find(l.headerRow + 1)
	if !ok {
		return nil
	}
	for _, g := range l.groups() {
		first := 0
		for first < l.grid.length(i) && l.grid.at(i, first) == nullText {
			first++
		}
		if g.left-l.area.left <= first && g.right-l.area.left+1 >= max(l.grid.length(i), l.width(l.headerRow)) {
			cell := diag.Cell{File: l.file, Sheet: l.sheet, Ref: cellRef(g.top, g.left)}
			d := problem(CodeTitle, fmt.Sprintf("%q is merged over all columns.", l.text(g.top, g.left-l.area.left)),
				fmt.Sprintf("Set header_row to the row of the headings, perhaps header_row = %d.", l.headerRow+1))
			d.Cell = &cell
			return &d
		}
	}
	return nil
}

// warnOfTitle warns when the only heading stands over rows of several cells.
func (l layout) warnOfTitle(t *Table) {
	if len(t.named()) != 1 || t.Len() == 0 || l.filled(t.first) < 2 {
		return
	}
	for col, h := range t.Headings {
		if h != "" {
			t.warn(CodeTitle, fmt.Sprintf("%q is the only heading, but the row below has several cells.", h),
				fmt.Sprintf("Set header_row to the row of the headings, perhaps header_row = %d.", l.grid.rows[t.first].number), t.headingCell(col))
			return
		}
	}
}

func (l layout) filled(row int) int {
	n := 0
	for col := range l.grid.length(row) {
		if l.grid.at(row, col) != nullText {
			n++
		}
	}
	return n
}

func (l layout) noHeadings() *diag.Diagnostic {
	fix := "Choose the sheet and the rows that hold the table."
	if i, _ := l.grid.find(l.headerRow + 1); i < len(l.grid.rows) {
		fix = fmt.Sprintf("Set header_row; the first row with text is row %d.", l.grid.rows[i].number)
	}
	d := problem(CodeEmpty, fmt.Sprintf("Row %d, where the headings are expected, is empty.", l.headerRow), fix)
	d.Cell = &diag.Cell{File: l.file, Sheet: l.sheet, Ref: cellRef(l.headerRow, l.area.left)}
	return &d
}
