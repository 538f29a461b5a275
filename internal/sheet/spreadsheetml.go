package sheet

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/isaworks/isa/internal/diag"
)

// readSpreadsheetML reads the XML of Excel 2002 and 2003 ("XML Spreadsheet 2003"),
// which many programs write and call .xls.
func readSpreadsheetML(src source) (*Table, diag.List) {
	declared, err := src.declared(`(?i)encoding\s*=\s*["']([-\w]+)`)
	if err != nil {
		return nil, diag.List{*src.unreadable(err)}
	}
	set, d := src.charset(declared)
	if d != nil {
		return nil, diag.List{*d}
	}
	w := &xmlBook{book: book{encoding: set.name}, src: src, set: set, formats: map[string]xmlStyle{}}
	if err := w.scan(); err != nil {
		return nil, diag.List{*unreadable(src, err)}
	}
	return readBook(src, w.book, w.readSheet)
}

// xmlBook is what SpreadsheetML tells of its sheets before their cells are read.
type xmlBook struct {
	book
	src     source
	set     charset
	formats map[string]xmlStyle
	date904 bool
}

// xmlStyle is the number format of a style; one without has its parent's.
type xmlStyle struct {
	format, parent string
	own            bool
}

func (w *xmlBook) open() *xmlScanner {
	x := newXMLScanner(w.set.reader(w.src.input))
	x.utf8 = true
	return x
}

// scan reads everything but the cells; what a sheet says of itself stands behind
// its cells.
func (w *xmlBook) scan() error {
	x := w.open()
	style, visible := "", false
	for {
		token, err := x.next()
		if err != nil {
			return err
		}
		switch token {
		case xmlEnd:
			return nil
		case xmlText:
			if visible && len(w.sheets) > 0 && string(x.text) != "SheetVisible" {
				w.sheets[len(w.sheets)-1].hidden = true
			}
		case xmlClose:
			visible = false
		case xmlOpen:
			switch string(x.name) {
			case "Style":
				style = x.attrText("ID")
				w.formats[style] = xmlStyle{parent: x.attrText("Parent")}
			case "NumberFormat":
				s := w.formats[style]
				s.format, s.own = namedFormat(x.attrText("Format")), true
				w.formats[style] = s
			case "NamedRange":
				w.name(x.attrText("Name"), x.attrText("RefersTo"))
			case "Worksheet":
				w.sheets = append(w.sheets, sheetInfo{name: clean(x.attrText("Name")), at: int64(len(w.sheets))})
			case "Visible":
				visible = true
			case "Date1904":
				w.date904 = true
			}
		}
	}
}

func (x *xmlScanner) attrText(name string) string {
	value, _ := x.attr(name)
	return string(value)
}

// name takes a defined name. Those within a worksheet are its own.
func (w *xmlBook) name(name, refers string) {
	n := definedName{name: clean(name), refers: refers, sheet: len(w.sheets) - 1}
	if strings.HasPrefix(n.name, "_") {
		return // Print_Area and the like
	}
	if i := strings.LastIndexByte(refers, '!'); i >= 0 {
		if a, ok := rowColumnArea(refers[i+1:]); ok {
			n.refers = strings.TrimPrefix(refers[:i+1], "=") + cellRef(a.top, a.left) + ":" + cellRef(a.bottom, a.right)
		}
	}
	w.names = append(w.names, n)
}

// rowColumnArea reads R3C2:R400C11 and R3C2.
func rowColumnArea(text string) (area, bool) {
	var a area
	from, to, pair := strings.Cut(text, ":")
	if !pair {
		to = from
	}
	var ok1, ok2 bool
	a.top, a.left, ok1 = rowColumn(from)
	a.bottom, a.right, ok2 = rowColumn(to)
	return a, ok1 && ok2 && a.bottom >= a.top && a.right >= a.left
}

func rowColumn(text string) (row, col int, ok bool) {
	rowText, colText, ok := strings.Cut(strings.TrimPrefix(text, "R"), "C")
	if !ok || !strings.HasPrefix(text, "R") {
		return 0, 0, false
	}
	row, err1 := strconv.Atoi(rowText)
	col, err2 := strconv.Atoi(colText)
	return row, col, err1 == nil && err2 == nil && row >= 1 && row <= maxRows && col >= 1 && col <= maxColumns
}

// namedFormat returns the code of a format that is called by a name.
func namedFormat(format string) string {
	switch format {
	case "General Number", "Yes/No", "True/False", "On/Off":
		return "General"
	case "General Date":
		return "yyyy-mm-dd h:mm"
	case "Long Date", "Medium Date", "Short Date":
		return "yyyy-mm-dd"
	case "Long Time", "Medium Time", "Short Time":
		return "h:mm:ss"
	case "Currency", "Euro Currency":
		return "#,##0.00"
	case "Fixed":
		return "0.00"
	case "Standard":
		return "#,##0.00"
	case "Percent":
		return "0.00%"
	case "Scientific":
		return "0.00E+00"
	}
	return format
}

// code returns the number format code of a style.
func (w *xmlBook) code(style string) string {
	for range 16 { // parents of parents; a ring ends here too
		s := w.formats[style]
		if s.own || s.parent == "" {
			return s.format
		}
		style = s.parent
	}
	return ""
}

// xmlSheet fills a grid from the XML of one worksheet.
type xmlSheet struct {
	book    *xmlBook
	xml     *xmlScanner
	area    area
	grid    *grid
	numbers *numbers
	styles  map[string]int // index in numbers by style
	merges  []area

	tableStyle string
	columns    []xmlColumns
	nextColumn int
	row, col   int // of the cell being read, counted from 1
	rowStyle   string
}

// xmlColumns are columns with a style.
type xmlColumns struct {
	from, to int
	style    string
}

func (w *xmlBook) readSheet(s sheetInfo, a area, g *grid) (merges []area, err error) {
	r := &xmlSheet{book: w, xml: w.open(), area: a, grid: g, styles: map[string]int{}, nextColumn: 1}
	var codes []string
	for style := range w.formats {
		r.styles[style] = len(codes)
		codes = append(codes, w.code(style))
	}
	r.numbers = newNumbers(codes, w.date904)
	defer func() { err = errors.Join(err, r.numbers.close()) }()
	if err := r.read(int(s.at)); err != nil {
		return nil, fmt.Errorf("sheet %q: %w", s.name, err)
	}
	return r.merges, nil
}

// read goes to worksheet number index and reads its rows.
func (r *xmlSheet) read(index int) error {
	sheet := -1
	for {
		token, err := r.xml.next()
		if err != nil {
			return err
		}
		name := string(r.xml.name)
		switch {
		case token == xmlEnd || token == xmlClose && name == "Worksheet" && sheet == index:
			return nil
		case token == xmlOpen && name == "Worksheet":
			sheet++
		case token != xmlOpen || sheet != index:
		case name == "Table":
			r.tableStyle = r.xml.attrText("StyleID")
		case name == "Column":
			err = r.column()
		case name == "Row":
			err = r.readRow()
		}
		if err != nil {
			return err
		}
	}
}

// index reads an attribute that counts; without it the result is otherwise.
func (r *xmlSheet) index(name string, otherwise, least, limit int) (int, error) {
	text, ok := r.xml.attr(name)
	if !ok {
		return otherwise, nil
	}
	n, err := strconv.Atoi(string(text))
	if err != nil || n < least || n > limit {
		return 0, fmt.Errorf("row %d has the %s %q", r.row, name, text)
	}
	return n, nil
}

func (r *xmlSheet) column() error {
	from, err := r.index("Index", r.nextColumn, r.nextColumn, maxColumns)
	if err != nil {
		return err
	}
	more, err := r.index("Span", 0, 0, maxColumns)
	if err != nil {
		return err
	}
	r.nextColumn = from + more + 1
	if style := r.xml.attrText("StyleID"); style != "" && len(r.columns) < maxColumns {
		r.columns = append(r.columns, xmlColumns{from, from + more, style})
	}
	return nil
}

// readRow reads a row up to its end tag.
func (r *xmlSheet) readRow() error {
	number, err := r.index("Index", r.row+1, r.row+1, maxRows)
	if err != nil {
		return err
	}
	more, err := r.index("Span", 0, 0, maxRows)
	if err != nil {
		return err
	}
	if number > maxRows {
		return errTooMany
	}
	r.row, r.col, r.rowStyle = number, 0, r.xml.attrText("StyleID")
	inside := number >= r.area.top && number <= r.area.bottom
	if inside {
		r.grid.begin(number, r.xml.attrText("Hidden") == "1")
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
			r.row += more
			return nil
		case token == xmlOpen && string(r.xml.name) == "Cell":
			if err := r.readCell(); err != nil {
				return err
			}
		}
	}
}

// readCell reads a cell up to its end tag.
func (r *xmlSheet) readCell() error {
	col, err := r.index("Index", r.col+1, r.col+1, maxColumns)
	if err != nil {
		return err
	}
	across, err := r.index("MergeAcross", 0, 0, maxColumns)
	if err != nil {
		return err
	}
	down, err := r.index("MergeDown", 0, 0, maxRows)
	if err != nil {
		return err
	}
	r.col = col
	if col+across > maxColumns {
		return fmt.Errorf("row %d has more than %d columns", r.row, maxColumns)
	}
	if err := r.merge(area{r.row, col, min(r.row+down, maxRows), col + across}); err != nil {
		return err
	}
	style := r.style()
	_, formula := r.xml.attr("Formula")
	kind, value, valued, err := r.data()
	if err != nil {
		return err
	}
	r.col = col + across
	if !r.area.has(r.row, col) || !valued && !formula {
		return nil
	}
	return r.put(col-r.area.left, style, kind, value, valued)
}

func (r *xmlSheet) merge(m area) error {
	switch {
	case m.top == m.bottom && m.left == m.right || !r.area.has(m.top, m.left):
		return nil
	case len(r.merges) >= maxMerges:
		return errTooMany
	}
	r.merges = append(r.merges, m)
	return nil
}

// style returns the index in numbers of the style of the cell whose tag was read.
func (r *xmlSheet) style() int {
	names := []string{r.xml.attrText("StyleID"), r.rowStyle}
	for _, c := range r.columns {
		if r.col >= c.from && r.col <= c.to {
			names = append(names, c.style)
		}
	}
	for _, name := range append(names, r.tableStyle, "Default") {
		if i, ok := r.styles[name]; ok && name != "" {
			return i
		}
	}
	return -1
}

// data reads the value of a cell. A comment has data of its own.
func (r *xmlSheet) data() (kind, value string, valued bool, err error) {
	depth := r.xml.depth()
	take, skip := 0, 0
	var text []byte
	for {
		token, err := r.xml.next()
		if err != nil {
			return "", "", false, err
		}
		at := r.xml.depth()
		switch token {
		case xmlOpen:
			switch name := string(r.xml.name); {
			case skip > 0:
			case name == "Comment":
				skip = at
			case name == "Data":
				kind, valued, take = r.xml.attrText("Type"), true, at
			}
		case xmlText:
			if take > 0 && skip == 0 {
				text = append(text, r.xml.text...)
			}
		case xmlClose:
			if at < take {
				take = 0
			}
			if at < skip {
				skip = 0
			}
			if at < depth {
				return kind, string(text), valued, nil
			}
		}
	}
}

func (r *xmlSheet) put(col, style int, kind, value string, valued bool) error {
	switch {
	case valued && value == "":
		return nil
	case r.grid.unused(col):
		return r.grid.put(col, unusedText, nil)
	case !valued:
		return r.grid.put(col, nullText, noResult())
	}
	switch kind {
	case "Number":
		text, f := r.numbers.number(style, value)
		return r.grid.putText(col, text, f)
	case "DateTime":
		text, f := r.numbers.instant(style, value)
		return r.grid.putText(col, text, f)
	case "Boolean":
		return r.grid.putText(col, boolText(value), nil)
	case "Error":
		return r.grid.put(col, nullText, inspectError(value))
	case "String":
		return r.grid.putText(col, r.numbers.string(style, value), nil)
	}
	return fmt.Errorf("cell %s has the unknown type %q", cellRef(r.row, r.col), kind)
}

// instant returns the text of a day with a time of day, written as
// 2024-03-02T09:30:00.000.
func (n *numbers) instant(style int, value string) (string, *fault) {
	const layout = "2006-01-02T15:04:05"
	t, err := time.Parse(layout, strings.TrimSpace(value))
	if err != nil {
		return "", &fault{CodeDate, fmt.Sprintf("The cell holds %q as a date.", clipped(value)), "Enter the date again."}
	}
	clock := t.Format(time.TimeOnly)
	if t.Year() < 1900 || n.date904 && t.Year() < 1904 {
		if f := n.format(style); f.time && !f.date || clock != "00:00:00" {
			return clock, nil
		}
		return "", &fault{CodeDate, "The cell is formatted as a date but holds none.", "Empty the cell or correct the formula behind it."}
	}
	if clock == "00:00:00" {
		return t.Format(time.DateOnly), nil
	}
	return t.Format(layout), nil
}
