package sheet

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
)

// xlsCell is a cell as stored.
type xlsCell struct {
	value    uint64 // bits of a number, index of a text, code of an error, 0 or 1
	row, col uint16
	style    uint16
	kind     xlsKind
}

type xlsKind uint8

const (
	xlsNumber xlsKind = iota
	xlsShared         // value is the index of a shared string
	xlsOwn            // value is the index of a text of the sheet
	xlsBool
	xlsError
	xlsNoResult // a formula that no program has computed
)

// xlsSheet collects the cells of a worksheet. Programs other than Excel write them
// in any order.
type xlsSheet struct {
	book   *xlsBook
	area   area
	cells  []xlsCell
	own    texts
	hidden map[uint16]bool
	merges []area
	open   int // index of the formula whose text follows, -1 for none
	depth  int // charts have records of their own inside a sheet's
}

// readSheet reads the cells and the merged cells of a worksheet that lie in a into g.
func (w *xlsBook) readSheet(s sheetInfo, a area, g *grid) (merges []area, err error) {
	records, err := newRecords(w.stream, s.at)
	if err != nil {
		return nil, err
	}
	x := &xlsSheet{book: w, area: a, hidden: map[uint16]bool{}, open: -1}
	if err := x.read(records); err != nil {
		return nil, fmt.Errorf("sheet %q: %w", s.name, err)
	}
	byPlace := func(a, b xlsCell) int { return cmp.Or(cmp.Compare(a.row, b.row), cmp.Compare(a.col, b.col)) }
	if !slices.IsSortedFunc(x.cells, byPlace) {
		slices.SortStableFunc(x.cells, byPlace) // of two at one place the later counts
	}
	numbers := newNumbers(w.formats(), w.date904)
	defer func() { err = errors.Join(err, numbers.close()) }()
	return x.merges, x.fill(g, numbers)
}

func (x *xlsSheet) read(records *biffRecords) error {
	for {
		if err := records.next(); err != nil {
			return err
		}
		switch {
		case records.id == recBOF:
			x.depth++
		case x.depth == 0:
			return fmt.Errorf("it begins with the record %#04x", records.id)
		case records.id == recEOF:
			if x.depth--; x.depth == 0 {
				return nil
			}
		case x.depth == 1:
			if err := x.record(records); err != nil {
				return err
			}
		}
	}
}

// record takes what one record tells.
func (x *xlsSheet) record(records *biffRecords) error {
	f := fields{data: records.data}
	switch records.id {
	case recRow:
		row := f.u16()
		f.take(10)
		if f.u16()&0x20 != 0 {
			x.hidden[uint16(row)] = true
		}
	case recMergedCells:
		return x.merged(&f)
	case recNumber:
		return x.add(&f, xlsNumber, func() uint64 { return f.u64() })
	case recRK:
		return x.add(&f, xlsNumber, func() uint64 { return rkNumber(f.u32()) })
	case recMulRK:
		return x.many(&f)
	case recLabelSST:
		return x.add(&f, xlsShared, func() uint64 { return uint64(f.u32()) })
	case recBoolErr:
		return x.add(&f, xlsBool, func() uint64 {
			value := f.u8()
			if f.u8() == 0 {
				return uint64(value)
			}
			return errorFlag | uint64(value)
		})
	case recLabel, recRString:
		return x.label(records)
	case recFormula:
		return x.formula(&f)
	case recString:
		return x.result(records)
	}
	return f.err()
}

// errorFlag marks the value of xlsBool as an error's code until add has sorted it out.
const errorFlag = 1 << 32

// add takes a cell; value reads what follows its place and style.
func (x *xlsSheet) add(f *fields, kind xlsKind, value func() uint64) error {
	c := xlsCell{row: uint16(f.u16()), col: uint16(f.u16()), style: uint16(f.u16()), kind: kind}
	c.value = value()
	if kind == xlsBool && c.value&errorFlag != 0 {
		c.kind, c.value = xlsError, c.value&^uint64(errorFlag)
	}
	return x.put(f, c)
}

func (x *xlsSheet) put(f *fields, c xlsCell) error {
	x.open = -1
	switch {
	case f.bad:
		return errBIFF
	case c.col > 255:
		return fmt.Errorf("row %d has a cell in column %d", int(c.row)+1, int(c.col)+1)
	case len(x.cells) >= maxCells:
		return errTooMany
	case x.area.has(int(c.row)+1, int(c.col)+1):
		x.cells = append(x.cells, c)
	}
	return nil
}

// many takes several numbers of a row.
func (x *xlsSheet) many(f *fields) error {
	row, col := f.u16(), f.u16()
	for ; len(f.data) >= 8; col++ {
		c := xlsCell{row: uint16(row), col: uint16(col), style: uint16(f.u16())}
		c.value = rkNumber(f.u32())
		if err := x.put(f, c); err != nil {
			return err
		}
	}
	f.take(2)
	return f.err()
}

// rkNumber returns the bits of a number in 30 bits: the upper ones of a float or a
// whole number, perhaps of hundredths ([MS-XLS] 2.5.122).
func rkNumber(rk uint32) uint64 {
	x := math.Float64frombits(uint64(rk&^3) << 32)
	if rk&2 != 0 {
		x = float64(int32(rk) >> 2)
	}
	if rk&1 != 0 {
		x /= 100
	}
	return math.Float64bits(x)
}

// label takes a cell with a text of its own.
func (x *xlsSheet) label(records *biffRecords) error {
	f := fields{data: records.data}
	c := xlsCell{row: uint16(f.u16()), col: uint16(f.u16()), style: uint16(f.u16()), kind: xlsOwn, value: uint64(x.own.len())}
	text, err := x.book.text(records, 6, 2)
	if err != nil {
		return err
	}
	if err := x.own.add(text); err != nil {
		return err
	}
	return x.put(&f, c)
}

// formula takes the stored result of a formula; a text follows in a record of its
// own. Programs that do not compute write zero and ask Excel to do so.
func (x *xlsSheet) formula(f *fields) error {
	const onLoad = 0x2
	c := xlsCell{row: uint16(f.u16()), col: uint16(f.u16()), style: uint16(f.u16())}
	c.value = f.u64()
	flags := f.u16()
	if c.value>>48 != 0xFFFF {
		if c.value == 0 && flags&onLoad != 0 {
			c.kind = xlsNoResult
		}
		return x.put(f, c)
	}
	switch result := c.value >> 16 & 0xFF; c.value & 0xFF {
	case 0:
		c.kind = xlsNoResult // until its text comes
	case 1:
		c.kind, c.value = xlsBool, result
	case 2:
		c.kind, c.value = xlsError, result
	case 3:
		if flags&onLoad == 0 {
			return nil // an empty text
		}
		c.kind = xlsNoResult
		return x.put(f, c)
	default:
		return fmt.Errorf("cell %s holds a formula with an unknown result", cellRef(int(c.row)+1, int(c.col)+1))
	}
	before := len(x.cells)
	err := x.put(f, c)
	if c.kind == xlsNoResult && len(x.cells) > before {
		x.open = before
	}
	return err
}

// result takes the text of the formula before.
func (x *xlsSheet) result(records *biffRecords) error {
	text, err := x.book.text(records, 0, 2)
	if err != nil || x.open < 0 {
		return err
	}
	c := &x.cells[x.open]
	c.kind, c.value = xlsOwn, uint64(x.own.len())
	x.open = -1
	return x.own.add(text)
}

func (x *xlsSheet) merged(f *fields) error {
	for range f.u16() {
		top, bottom, left, right := f.u16(), f.u16(), f.u16(), f.u16()
		if f.bad || bottom < top || right < left {
			return errBIFF
		}
		if len(x.merges) >= maxMerges {
			return errTooMany
		}
		m := area{top + 1, left + 1, bottom + 1, right + 1}
		if (m.top != m.bottom || m.left != m.right) && x.area.has(m.top, m.left) {
			x.merges = append(x.merges, m)
		}
	}
	return f.err()
}

// fill writes the cells into a grid.
func (x *xlsSheet) fill(g *grid, n *numbers) error {
	ids := make([]uint32, x.book.shared.len()) // of shared strings in g, 0 when not used yet
	for i := 0; i < len(x.cells); {
		row := x.cells[i].row
		g.begin(int(row)+1, x.hidden[row])
		for ; i < len(x.cells) && x.cells[i].row == row; i++ {
			if err := x.fillCell(g, n, x.cells[i], ids); err != nil {
				return err
			}
		}
		g.finish()
	}
	return nil
}

func (x *xlsSheet) fillCell(g *grid, n *numbers, c xlsCell, ids []uint32) error {
	col := int(c.col) + 1 - x.area.left
	if g.unused(col) {
		return g.put(col, unusedText, nil)
	}
	style := int(c.style)
	switch c.kind {
	case xlsNumber:
		value := math.Float64frombits(c.value)
		if math.IsNaN(value) || math.IsInf(value, 0) {
			return g.put(col, nullText, &fault{CodeNumber, "The cell holds a number that is none.", "Enter the value again."})
		}
		text, f := n.value(n.format(style), value)
		return g.putText(col, text, f)
	case xlsOwn:
		return g.putText(col, n.string(style, x.own.at(int(c.value))), nil)
	case xlsBool:
		return g.putText(col, boolText(fmt.Sprint(c.value)), nil)
	case xlsError:
		return g.put(col, nullText, inspectError(errorText(c.value)))
	case xlsNoResult:
		return g.put(col, nullText, noResult())
	}
	if c.value >= uint64(x.book.shared.len()) {
		return fmt.Errorf("cell %s refers to the text %d, which is not there", cellRef(int(c.row)+1, int(c.col)+1), c.value)
	}
	i := int(c.value)
	if n.format(style).text != "" {
		return g.putText(col, n.string(style, x.book.shared.at(i)), nil)
	}
	return g.putShared(col, ids, i, x.book.shared)
}

// errorText returns how Excel shows an error ([MS-XLS] 2.5.10).
func errorText(code uint64) string {
	switch code {
	case 0x00:
		return "#NULL!"
	case 0x07:
		return "#DIV/0!"
	case 0x0F:
		return "#VALUE!"
	case 0x17:
		return "#REF!"
	case 0x1D:
		return "#NAME?"
	case 0x24:
		return "#NUM!"
	case 0x2A:
		return "#N/A"
	}
	return fmt.Sprintf("an error with the code %d", code)
}
