package sheet

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/isaworks/isa/internal/diag"
)

const (
	maxRagged = 20       // rows with too many cells that are told one by one
	maxRecord = 16 << 20 // bytes of one row of a text
)

// readCSV reads a text table.
func readCSV(src source) (*Table, diag.List) {
	set, d := src.charset("")
	if d != nil {
		return nil, diag.List{*d}
	}
	a, headerRow, d := plainArea(src)
	if d != nil {
		return nil, diag.List{*d}
	}
	text := textFile{src: src, set: set}
	if d := text.measure(); d != nil {
		return nil, diag.List{*d}
	}
	comma, d := text.delimiter(headerRow)
	if d != nil {
		return nil, diag.List{*d}
	}
	r := &csvReader{text: text, comma: comma, area: a, headerRow: headerRow, grid: newGrid(headerRow, src.opts.Columns)}
	problems := r.read()
	t, d := layout{file: src.file, encoding: set.name, grid: r.grid, area: a, headerRow: headerRow}.table()
	if d == nil {
		if suspect := suspectDelimiter(t, comma); suspect != nil {
			return nil, diag.List{*suspect} // it causes the other problems
		}
	}
	switch {
	case len(problems) > 0:
		return nil, problems
	case d != nil:
		return nil, diag.List{*d}
	}
	return t, nil
}

// plainArea reads Options.Range of a file without sheets.
func plainArea(src source) (a area, headerRow int, d *diag.Diagnostic) {
	a = everything()
	if src.opts.Range != "" {
		var err error
		if a, err = parseArea(src.opts.Range); err != nil {
			return a, 0, src.problem(CodeRange, upperFirst(err.Error())+".", `Write an area such as "B3:K400" or "B:K".`)
		}
	}
	headerRow, d = headerRowOf(src, a)
	return a, headerRow, d
}

// textFile is a text whose encoding and line ends are known.
type textFile struct {
	src source
	set charset
	mac bool // lines end in \r alone
}

// measure looks at the line ends and refuses what is no text.
func (t *textFile) measure() *diag.Diagnostic {
	r := t.set.reader(t.src.input)
	buf := make([]byte, 64<<10)
	t.mac = true
	for {
		n, err := r.Read(buf)
		for _, c := range buf[:n] {
			switch c {
			case '\n':
				t.mac = false
			case 0:
				return t.src.problem(CodeUnreadable, "The file holds zero bytes, so it is not text.", "Save the table again as csv.")
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return t.src.unreadable(err)
		}
	}
}

// open reads the text from its beginning.
func (t *textFile) open() *boundedRecords {
	r := t.set.reader(t.src.input)
	if t.mac {
		r = macLines{r}
	}
	return &boundedRecords{r: r}
}

// macLines makes line ends of old Macs into those of today.
type macLines struct{ r io.Reader }

func (m macLines) Read(p []byte) (int, error) {
	n, err := m.r.Read(p)
	for i, c := range p[:n] {
		if c == '\r' {
			p[i] = '\n'
		}
	}
	return n, err
}

var errLongRecord = errors.New("a row is too long")

// boundedRecords refuses a text that a csv reader would have to hold whole, as
// behind a quote that is never closed: whoever reads calls next at each row.
type boundedRecords struct {
	r    io.Reader
	left int
}

func (b *boundedRecords) next() { b.left = maxRecord }

func (b *boundedRecords) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, errLongRecord
	}
	n, err := b.r.Read(p)
	b.left -= n
	return n, err
}

// csvReader fills a grid from text.
type csvReader struct {
	text      textFile
	comma     rune
	area      area
	headerRow int
	grid      *grid
	width     int // cells of the heading row
	ragged    int
	problems  diag.List
}

// records calls each with the rows of a text, numbered as a spreadsheet shows
// them: empty lines are rows.
func (t *textFile) records(comma rune, each func(number int, record []string) (more bool, err error)) error {
	in := t.open()
	cr := csv.NewReader(in)
	cr.Comma, cr.FieldsPerRecord, cr.ReuseRecord = comma, -1, true
	number, line := 0, 1 // of the row before: its number, the line behind it
	for {
		in.next()
		record, err := cr.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		start, _ := cr.FieldPos(0)
		number += 1 + start - line
		last := len(record) - 1
		end, _ := cr.FieldPos(last)
		line = end + strings.Count(record[last], "\n") + 1
		if more, err := each(number, record); err != nil || !more {
			return err
		}
	}
}

func (r *csvReader) read() diag.List {
	err := r.text.records(r.comma, func(number int, record []string) (bool, error) {
		if number > maxRows {
			return false, errTooManyRows
		}
		return true, r.row(number, record)
	})
	src := r.text.src
	var syntax *csv.ParseError
	switch {
	case err == nil:
		return r.finish()
	case errors.As(err, &syntax):
		return append(r.problems, r.syntaxProblem(syntax))
	case errors.Is(err, errTooManyRows):
		return diag.List{*src.problem(CodeSize, fmt.Sprintf("The table has more than %d rows.", maxRows), "Split the table.")}
	case errors.Is(err, errTooMany):
		return diag.List{*src.problem(CodeSize, upperFirst(err.Error())+".", "Split the table.")}
	case errors.Is(err, errLongRecord):
		return diag.List{*src.problem(CodeSize, fmt.Sprintf("A row has more than %d MiB.", maxRecord>>20), "A quote may be open: close it, or save the table again.")}
	}
	return append(r.problems, *src.unreadable(err))
}

var errTooManyRows = errors.New("too many rows")

func (r *csvReader) row(number int, record []string) error {
	if number < r.area.top || number > r.area.bottom {
		return nil
	}
	if number == r.headerRow {
		r.width = len(record)
	}
	r.grid.begin(number, false)
	for i, raw := range record {
		if !r.area.has(number, i+1) {
			continue
		}
		text := clean(raw)
		if number > r.headerRow && i >= r.width && text != "" && r.width > 0 {
			r.tellRagged(number, i)
			break
		}
		if err := r.grid.putExported(i+1-r.area.left, number > r.headerRow, text); err != nil {
			return err
		}
	}
	r.grid.finish()
	return nil
}

// putExported puts a cleaned text that a program has written as text; only in the
// data can something be wrong with it.
func (g *grid) putExported(col int, data bool, text string) error {
	switch {
	case text == "":
		return nil
	case g.unused(col):
		return g.put(col, unusedText, nil)
	case data:
		if f := inspectExported(text); f != nil {
			return g.put(col, faultText, f)
		}
	}
	return g.put(col, g.share(col, text), nil)
}

func (r *csvReader) tellRagged(number, i int) {
	if r.ragged++; r.ragged > maxRagged {
		return
	}
	d := problem(CodeRagged, fmt.Sprintf("Row %d has text in cell %d, but there are %d headings.", number, i+1, r.width),
		"Put a cell that holds the delimiter into quotes, or give the column a heading.")
	d.Cell = &diag.Cell{File: r.text.src.file, Ref: cellRef(number, i+1)}
	r.problems = append(r.problems, d)
}

func (r *csvReader) finish() diag.List {
	if more := r.ragged - maxRagged; more > 0 {
		r.problems = append(r.problems, *r.text.src.problem(CodeRagged, fmt.Sprintf("%d more rows have too many cells.", more),
			"Put cells that hold the delimiter into quotes."))
	}
	return r.problems
}

// syntaxProblem places an error of encoding/csv. Its columns count bytes.
func (r *csvReader) syntaxProblem(pe *csv.ParseError) diag.Diagnostic {
	detail, fix := "A quote stands inside a cell that does not begin with one.", "Put the whole cell into quotes and write the quote inside twice."
	if errors.Is(pe.Err, csv.ErrQuote) {
		detail, fix = "A quoted cell goes on behind its closing quote, or its quote is never closed.", "Close the quote, or write a quote inside the cell twice."
		if pe.StartLine != pe.Line {
			detail += fmt.Sprintf(" The row begins in line %d.", pe.StartLine)
		}
	}
	pos, err := r.text.position(pe.Line, pe.Column)
	if err != nil {
		return *r.text.src.unreadable(err)
	}
	d := problem(CodeSyntax, detail, fix)
	d.Range = &diag.Range{File: r.text.src.file, Start: pos, End: pos}
	return d
}

// position turns a line and a column in bytes into a place.
func (t *textFile) position(line, column int) (diag.Pos, error) {
	r := t.set.reader(t.src.input)
	if t.mac {
		r = macLines{r}
	}
	b := bufio.NewReader(r)
	at := 0
	for skipped := 1; skipped < line; {
		part, err := b.ReadSlice('\n')
		at += len(part)
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		case errors.Is(err, io.EOF):
			return diag.Pos{Line: line, Column: 1, Byte: at}, nil
		case err != nil:
			return diag.Pos{}, err
		}
		skipped++
	}
	before, err := io.ReadAll(io.LimitReader(b, int64(max(column-1, 0))))
	return diag.Pos{Line: line, Column: utf8.RuneCount(before) + 1, Byte: at + len(before)}, err
}

func upperFirst(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}
