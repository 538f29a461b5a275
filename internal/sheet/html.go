package sheet

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"github.com/isaworks/isa/internal/diag"
)

// maxToken bounds the bytes of one tag or text of a page.
const maxToken = 16 << 20

var (
	errNested   = errors.New("a cell holds a table of its own")
	errOpenPage = errors.New("the page ends within a table, so rows may be missing")
)

// readHTML reads a web page with tables, as many programs write it and call it
// .xls. Rows count as Excel shows the page: all tables one below another, texts
// between them a row each.
func readHTML(src source) (*Table, diag.List) {
	declared, err := src.declared(`(?i)charset\s*=\s*["']?\s*([-\w]+)`)
	if err != nil {
		return nil, diag.List{*src.unreadable(err)}
	}
	set, d := src.charset(declared)
	if d != nil {
		return nil, diag.List{*d}
	}
	a, headerRow, d := plainArea(src)
	if d != nil {
		return nil, diag.List{*d}
	}
	z := html.NewTokenizer(set.reader(src.input))
	z.SetMaxBuf(maxToken)
	p := &page{z: z, area: a, headerRow: headerRow, grid: newGrid(headerRow, src.opts.Columns)}
	if err := p.read(); err != nil {
		return nil, diag.List{*p.problem(src, err)}
	}
	if p.tables == 0 {
		return nil, diag.List{*src.problem(CodeFormat, "The file is a web page without a table.",
			"Open it in a browser: it may be a login page, an error, or the frame of several sheets. Export it again, or save it in Excel as .xlsx.")}
	}
	t, d := layout{file: src.file, encoding: set.name, grid: p.grid, area: a, headerRow: headerRow, merges: p.merges}.table()
	if d != nil {
		return nil, diag.List{*d}
	}
	return t, nil
}

// declared finds the encoding that a text in markup says it is in.
func (s source) declared(pattern string) (string, error) {
	head, err := s.head(headBytes)
	if err != nil {
		return "", err
	}
	re, err := regexp.Compile(pattern)
	if err != nil {
		return "", err
	}
	if found := re.FindSubmatch(head); found != nil {
		return string(found[1]), nil
	}
	return "", nil
}

// page fills a grid from a web page.
type page struct {
	z         *html.Tokenizer
	area      area
	headerRow int
	grid      *grid
	merges    []area

	tables   int  // that began
	inTable  bool // between a table's tags
	row      int  // read last, counted from 1
	inRow    bool
	col      int       // of the cell being read, counted from 1; 0 outside cells
	next     int       // column where the next cell of the row may stand
	taken    []int     // by column, counted from 0: the last row that a cell from above covers
	spanned  int       // cells covered so far
	columns  int       // that the cell being read covers
	down     int       // rows that it covers
	skipping atom.Atom // the element whose text is not shown, 0 outside
	text     strings.Builder
	space    bool // a space is due before the next word
}

func (p *page) problem(src source, err error) *diag.Diagnostic {
	place := fmt.Sprintf(" (row %d)", p.row)
	switch {
	case errors.Is(err, errNested):
		return src.problem(CodeFormat, upperFirst(err.Error())+place+".", "Open it in Excel, check the rows, and save it as .xlsx.")
	case errors.Is(err, errOpenPage):
		return src.problem(CodeUnreadable, upperFirst(err.Error())+".", "Export it again; if that does not help, open it in Excel and save it as .xlsx.")
	case errors.Is(err, errTooMany), errors.Is(err, html.ErrBufferExceeded):
		return src.problem(CodeSize, "The page is too large"+place+".", "Split the table, or save it in Excel as .xlsx.")
	}
	return src.unreadable(err)
}

func (p *page) read() error {
	for {
		switch p.z.Next() {
		case html.ErrorToken:
			if err := p.z.Err(); !errors.Is(err, io.EOF) {
				return err
			}
			if p.inTable {
				return errOpenPage
			}
			return p.line()
		case html.TextToken:
			if p.skipping == 0 {
				p.words(p.z.Text())
			}
		case html.StartTagToken, html.SelfClosingTagToken:
			if err := p.open(); err != nil {
				return err
			}
		case html.EndTagToken:
			if err := p.close(); err != nil {
				return err
			}
		}
	}
}

// words adds text with its spaces made one, as pages show them.
func (p *page) words(text []byte) {
	text = bytes.ReplaceAll(text, []byte("\u00A0"), []byte(" "))
	for len(text) > 0 {
		n := bytes.IndexAny(text, " \t\r\n\f")
		if n == 0 {
			p.space, text = true, text[1:]
			continue
		}
		if n < 0 {
			n = len(text)
		}
		if p.space && p.text.Len() > 0 {
			p.text.WriteByte(' ')
		}
		p.space = false
		p.text.Write(text[:n])
		text = text[n:]
	}
}

// breakLine ends a line within a cell; outside it ends a row. The begin and the end of a
// block make one line break together.
func (p *page) breakLine(block bool) error {
	if p.col == 0 {
		return p.line()
	}
	if p.text.Len() > 0 && !(block && strings.HasSuffix(p.text.String(), "\n")) {
		p.text.WriteByte('\n')
	}
	p.space = false
	return nil
}

// line makes a row of the text that stands outside cells.
func (p *page) line() error {
	text := clean(p.text.String())
	p.text.Reset()
	p.space = false
	if text == "" || p.inRow {
		return nil
	}
	if err := p.beginRow(false); err != nil {
		return err
	}
	if err := p.put(1, text); err != nil {
		return err
	}
	return p.endRow()
}

func (p *page) open() error {
	name, more := p.z.TagName()
	tag := atom.Lookup(name)
	switch tag {
	case atom.Script, atom.Style, atom.Title:
		p.skipping = tag
	case atom.Table:
		return p.beginTable()
	case atom.Tr:
		if err := p.endRow(); err != nil {
			return err
		}
		return p.beginRow(p.hides(more))
	case atom.Td, atom.Th:
		return p.beginCell(more)
	case atom.Br:
		return p.breakLine(false)
	}
	if isBlock(tag) {
		return p.breakLine(true)
	}
	return nil
}

func isBlock(tag atom.Atom) bool {
	switch tag {
	case atom.P, atom.Div, atom.Li, atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6, atom.Caption, atom.Hr:
		return true
	}
	return false
}

func (p *page) close() error {
	name, _ := p.z.TagName()
	tag := atom.Lookup(name)
	switch tag {
	case p.skipping:
		p.skipping = 0
	case atom.Td, atom.Th:
		return p.endCell()
	case atom.Tr:
		return p.endRow()
	case atom.Table:
		err := p.endRow()
		p.inTable, p.taken = false, nil
		return err
	}
	if isBlock(tag) {
		return p.breakLine(true)
	}
	return nil
}

func (p *page) beginTable() error {
	if p.col > 0 {
		return errNested
	}
	if err := p.endRow(); err != nil {
		return err
	}
	err := p.line()
	p.tables++
	p.inTable, p.taken = true, nil
	return err
}

// hides tells whether the style of a tag leaves its element out of what is shown.
func (p *page) hides(more bool) bool {
	for more {
		var key, value []byte
		key, value, more = p.z.TagAttr()
		if string(key) == "style" && bytes.Contains(bytes.ReplaceAll(bytes.ToLower(value), []byte(" "), nil), []byte("display:none")) {
			return true
		}
	}
	return false
}

func (p *page) beginRow(hidden bool) error {
	if p.row++; p.row > maxRows {
		return errTooMany
	}
	p.text.Reset()
	p.inRow, p.space, p.next = true, false, 1
	if p.inside() {
		p.grid.begin(p.row, hidden)
	}
	return nil
}

func (p *page) inside() bool { return p.row >= p.area.top && p.row <= p.area.bottom }

func (p *page) endRow() error {
	if !p.inRow {
		return nil
	}
	err := p.endCell()
	p.inRow = false
	if p.inside() {
		p.grid.finish()
	}
	return err
}

// beginCell finds the column of a cell: the first that no cell from above covers.
func (p *page) beginCell(more bool) error {
	if err := p.endCell(); err != nil {
		return err
	}
	if !p.inRow {
		if err := p.line(); err != nil {
			return err
		}
		if err := p.beginRow(false); err != nil {
			return err
		}
	}
	p.columns, p.down = 1, 1
	for more {
		var key, value []byte
		key, value, more = p.z.TagAttr()
		switch string(key) {
		case "colspan":
			p.columns = span(value, 1000) // the limits of the HTML standard
		case "rowspan":
			p.down = span(value, 65534)
		}
	}
	p.text.Reset()
	p.space = false
	p.col = p.next
	for p.col <= len(p.taken) && p.taken[p.col-1] >= p.row {
		p.col++
	}
	p.next = p.col + p.columns
	if p.spanned += p.columns; p.next-1 > maxColumns || p.spanned > maxCells {
		return errTooMany
	}
	if p.down > 1 {
		for len(p.taken) < p.next-1 {
			p.taken = append(p.taken, 0)
		}
		for col := p.col; col < p.next; col++ {
			p.taken[col-1] = p.row + p.down - 1
		}
	}
	return nil
}

func span(value []byte, limit int) int {
	n, err := strconv.Atoi(string(bytes.TrimSpace(value)))
	if err != nil || n < 1 {
		return 1
	}
	return min(n, limit)
}

func (p *page) endCell() error {
	if p.col == 0 {
		return nil
	}
	col := p.col
	p.col = 0
	if p.columns > 1 || p.down > 1 {
		if len(p.merges) >= maxMerges {
			return errTooMany
		}
		if p.area.has(p.row, col) {
			p.merges = append(p.merges, area{p.row, col, min(p.row+p.down-1, maxRows), col + p.columns - 1})
		}
	}
	text := clean(p.text.String())
	p.text.Reset()
	return p.put(col, text)
}

func (p *page) put(col int, text string) error {
	if !p.area.has(p.row, col) {
		return nil
	}
	return p.grid.putExported(col-p.area.left, p.row > p.headerRow, text)
}
