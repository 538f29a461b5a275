package sheet

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

const maxMerges = 1 << 20

// readSheet reads the cells and the merged cells of a worksheet that lie in a into g.
func (w *workbook) readSheet(s sheetInfo, a area, g *grid) (merges []area, err error) {
	texts, err := w.sharedStrings()
	if err != nil {
		return nil, err
	}
	part, err := w.open(s.part)
	if err != nil {
		return nil, err
	}
	numbers := newNumbers(w.formats, w.date904)
	defer func() { err = errors.Join(err, part.Close(), numbers.close()) }()
	r := &sheetReader{xml: newXMLScanner(part), area: a, grid: g, numbers: numbers, shared: texts, sharedIDs: make([]uint32, texts.len())}
	if err := r.read(); err != nil {
		return nil, fmt.Errorf("sheet %q: %w", s.name, err)
	}
	return r.merges, nil
}

// sheetReader fills a grid from the XML of a worksheet.
type sheetReader struct {
	xml       *xmlScanner
	area      area
	grid      *grid
	numbers   *numbers
	shared    *texts   // shared strings as stored
	sharedIDs []uint32 // their indexes in grid.texts, 0 when not used yet
	merges    []area

	row, col int // of the cell being read, counted from 1
	cell     rawCell
}

// rawCell is a cell as stored. Its buffers are used again.
type rawCell struct {
	kind    string // the attribute t
	style   int
	value   []byte // of v, or of is
	valued  bool   // v or is is there
	formula bool
}

func (r *sheetReader) read() error {
	inData := false
	for {
		token, err := r.xml.next()
		if err != nil {
			return err
		}
		switch {
		case token == xmlEnd:
			return nil
		case token == xmlOpen && string(r.xml.name) == "sheetData":
			inData = true
		case token == xmlClose && string(r.xml.name) == "sheetData":
			inData = false
		case token == xmlOpen && inData && string(r.xml.name) == "row":
			err = r.readRow()
		case token == xmlOpen && string(r.xml.name) == "mergeCell":
			err = r.readMerge()
		}
		if err != nil {
			return err
		}
	}
}

func (r *sheetReader) readMerge() error {
	ref, _ := r.xml.attr("ref")
	m, err := parseArea(string(ref))
	if err != nil {
		return fmt.Errorf("a merged cell: %w", err)
	}
	if len(r.merges) >= maxMerges {
		return errTooMany
	}
	if m.top == m.bottom && m.left == m.right || !r.area.has(m.top, m.left) {
		return nil
	}
	r.merges = append(r.merges, m)
	return nil
}

// readRow reads a row up to its end tag.
func (r *sheetReader) readRow() error {
	number := r.row + 1
	if text, ok := r.xml.attr("r"); ok {
		n, err := strconv.Atoi(string(text))
		if err != nil || n <= r.row || n > maxRows {
			return fmt.Errorf("row %q follows row %d", text, r.row)
		}
		number = n
	}
	hidden, _ := r.xml.attr("hidden")
	isHidden := string(hidden) == "1" || string(hidden) == "true"
	r.row, r.col = number, 0
	inside := number >= r.area.top && number <= r.area.bottom
	if inside {
		r.grid.begin(number, isHidden)
	}
	depth := r.xml.depth()
	for {
		token, err := r.xml.next()
		switch {
		case err != nil:
			return err
		case token == xmlClose && r.xml.depth() < depth:
			if inside {
				r.grid.finish()
			}
			return nil
		case token == xmlOpen && string(r.xml.name) == "c":
			if err := r.readCell(); err != nil {
				return err
			}
			if inside && r.col >= r.area.left && r.col <= r.area.right {
				if err := r.putCell(); err != nil {
					return err
				}
			}
		}
	}
}

// readCell reads a cell up to its end tag into r.cell.
func (r *sheetReader) readCell() error {
	if err := r.startCell(); err != nil {
		return err
	}
	c := &r.cell
	depth := r.xml.depth()
	take, skip := 0, 0 // depths of the element whose text is the value, of one left out
	for {
		token, err := r.xml.next()
		if err != nil {
			return err
		}
		at := r.xml.depth()
		switch token {
		case xmlOpen:
			switch name := string(r.xml.name); {
			case skip > 0:
			case name == "rPh":
				skip = at
			case name == "f":
				c.formula = true
			case name == "v":
				c.valued, take = true, at
			case name == "is":
				c.valued = true
			case name == "t" && c.kind == "inlineStr":
				take = at
			}
		case xmlText:
			if take > 0 && skip == 0 {
				c.value = append(c.value, r.xml.text...)
			}
		case xmlClose:
			if at < take {
				take = 0
			}
			if at < skip {
				skip = 0
			}
			if at < depth {
				return nil
			}
		}
	}
}

// startCell reads the attributes of a cell.
func (r *sheetReader) startCell() error {
	r.cell = rawCell{kind: "n", value: r.cell.value[:0]}
	r.col++
	for _, a := range r.xml.attrs {
		switch string(a.name) {
		case "r":
			col, row, err := fastRef(a.value)
			if err != nil || row != r.row {
				return fmt.Errorf("row %d holds a cell %q", r.row, a.value)
			}
			r.col = col
		case "s":
			n, err := strconv.Atoi(string(a.value))
			if err != nil {
				return fmt.Errorf("cell %s has the style %q", cellRef(r.row, r.col), a.value)
			}
			r.cell.style = n
		case "t":
			r.cell.kind = cellKind(a.value)
		}
	}
	if r.col > maxColumns {
		return fmt.Errorf("row %d has more than %d columns", r.row, maxColumns)
	}
	return nil
}

// cellKind returns the kind without allocating.
func cellKind(t []byte) string {
	for _, kind := range [...]string{"s", "n", "str", "b", "e", "d", "inlineStr"} {
		if string(t) == kind {
			return kind
		}
	}
	return string(t)
}

// fastRef is splitRef for a full reference in bytes.
func fastRef(ref []byte) (col, row int, err error) {
	i := 0
	for ; i < len(ref) && ref[i] >= 'A' && ref[i] <= 'Z' && col <= maxColumns; i++ {
		col = col*26 + int(ref[i]-'A') + 1
	}
	letters := i
	for ; i < len(ref) && ref[i] >= '0' && ref[i] <= '9' && row <= maxRows; i++ {
		row = row*10 + int(ref[i]-'0')
	}
	if letters == 0 || i < len(ref) || row == 0 || col > maxColumns || row > maxRows {
		return 0, 0, fmt.Errorf("%q is not a cell", ref)
	}
	return col, row, nil
}

// putCell puts r.cell into the grid.
func (r *sheetReader) putCell() error {
	col := r.col - r.area.left
	c := &r.cell
	switch {
	case !c.valued && !c.formula || c.kind == "n" && c.valued && len(c.value) == 0:
		return nil
	case r.grid.unused(col):
		return r.grid.put(col, unusedText, nil)
	case !c.valued:
		return r.grid.put(col, nullText, noResult())
	}
	switch c.kind {
	case "s":
		return r.putShared(col)
	case "n":
		text, f := r.numbers.number(c.style, string(c.value))
		return r.grid.putText(col, text, f)
	case "b":
		return r.grid.putText(col, boolText(string(c.value)), nil)
	case "e":
		return r.grid.put(col, nullText, inspectError(string(c.value)))
	case "d":
		return r.grid.putText(col, strings.TrimSuffix(strings.TrimSuffix(string(c.value), "Z"), "T00:00:00"), nil)
	case "str", "inlineStr":
		return r.grid.putText(col, r.numbers.string(c.style, unescapeCell(string(c.value))), nil)
	}
	return fmt.Errorf("cell %s has the unknown type %q", cellRef(r.row, r.col), c.kind)
}

func boolText(value string) string {
	if value == "0" || value == "false" {
		return "FALSE"
	}
	return "TRUE"
}

func inspectError(value string) *fault {
	return &fault{CodeErrorValue, "The cell holds " + clipped(value) + ".", "Correct the formula behind it, or empty the cell."}
}

// noResult is the fault of a formula that no program has computed.
func noResult() *fault {
	return &fault{CodeFormula, "The file holds the formula but not its result.", "Open the file in Excel and save it once."}
}

// putShared puts a shared string.
func (r *sheetReader) putShared(col int) error {
	i, err := strconv.Atoi(string(r.cell.value))
	if err != nil || i < 0 || i >= r.shared.len() {
		return fmt.Errorf("cell %s refers to the text %q, which is not there", cellRef(r.row, r.col), r.cell.value)
	}
	if shown := r.numbers.format(r.cell.style).text; shown != "" {
		return r.grid.putText(col, r.numbers.string(r.cell.style, r.shared.at(i)), nil)
	}
	return r.grid.putShared(col, r.sharedIDs, i, r.shared)
}

// sharedStrings reads the texts that cells refer to by number. Hints on how to
// pronounce them (rPh) are left out.
func (w *workbook) sharedStrings() (shared *texts, err error) {
	shared = &texts{}
	if w.strings == "" {
		return shared, nil
	}
	part, err := w.open(w.strings)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, part.Close()) }()
	x := newXMLScanner(part)
	var text []byte
	take, skip := 0, 0
	for {
		token, err := x.next()
		if err != nil {
			return nil, fmt.Errorf("shared strings: %w", err)
		}
		at := x.depth()
		switch token {
		case xmlEnd:
			return shared, nil
		case xmlOpen:
			switch name := string(x.name); {
			case skip > 0:
			case name == "si":
				text = text[:0]
			case name == "rPh":
				skip = at
			case name == "t":
				take = at
			}
		case xmlText:
			if take > 0 && skip == 0 {
				text = append(text, x.text...)
			}
		case xmlClose:
			if at < take {
				take = 0
			}
			if at < skip {
				skip = 0
			}
			if string(x.name) == "si" && skip == 0 {
				if err := shared.add(unescapeCell(string(text))); err != nil {
					return nil, err
				}
			}
		}
	}
}

// unescapeCell resolves _x000D_, the way of workbooks to write characters that
// XML cannot hold (ECMA-376 part 1, 22.4.2.4, ST_Xstring).
func unescapeCell(s string) string {
	if !strings.Contains(s, "_x") {
		return s
	}
	var units []uint16
	var b strings.Builder
	flush := func() {
		b.WriteString(string(utf16.Decode(units)))
		units = units[:0]
	}
	for s != "" {
		if len(s) >= 7 && s[:2] == "_x" && s[6] == '_' {
			if n, err := strconv.ParseUint(s[2:6], 16, 16); err == nil {
				units, s = append(units, uint16(n)), s[7:]
				continue
			}
		}
		flush()
		_, n := utf8.DecodeRuneInString(s)
		b.WriteString(s[:n])
		s = s[n:]
	}
	flush()
	return b.String()
}
