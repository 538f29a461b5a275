package sheet

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/korean"
	"golang.org/x/text/transform"

	"github.com/isaworks/isa/internal/diag"
)

const maxRagged = 20 // rows with too many cells that are told one by one

// readCSV reads a text table.
func readCSV(src source) (*Table, diag.List) {
	text, encoding, d := decodeText(src)
	if d != nil {
		return nil, diag.List{*d}
	}
	comma, d := delimiterOf(src)
	if d != nil {
		return nil, diag.List{*d}
	}
	a := everything()
	if src.opts.Range != "" {
		var err error
		if a, err = parseArea(src.opts.Range); err != nil {
			return nil, diag.List{*src.problem(CodeRange, upperFirst(err.Error())+".", `Write an area such as "B3:K400" or "B:K".`)}
		}
	}
	headerRow, d := headerRowOf(src, a)
	if d != nil {
		return nil, diag.List{*d}
	}
	r := &csvReader{src: src, text: text, comma: comma, area: a, headerRow: headerRow, grid: newGrid()}
	problems := r.read()
	t, d := layout{file: src.file, encoding: encoding, grid: r.grid, area: a, headerRow: headerRow}.table()
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

// decodeText returns the file as UTF-8, with U+FFFD for bytes that are no text.
// A file that is not valid UTF-8 is CP949, unless it begins with the byte order
// mark of UTF-8 or has more broken bytes as CP949 than as UTF-8.
func decodeText(src source) (text []byte, encoding string, d *diag.Diagnostic) {
	const utf8Name, cp949Name = "UTF-8", "CP949"
	data, marked := bytes.CutPrefix(src.data, []byte("\xEF\xBB\xBF"))
	asUTF8 := func() ([]byte, string, *diag.Diagnostic) {
		return replaceInvalid(data), utf8Name, nil
	}
	asCP949 := func() ([]byte, string, *diag.Diagnostic) {
		out, _, err := transform.Bytes(korean.EUCKR.NewDecoder(), src.data)
		if err != nil {
			return nil, "", src.problem(CodeUnreadable, "The file cannot be read as CP949: "+err.Error()+".", `Save it as "CSV UTF-8".`)
		}
		return out, cp949Name, nil
	}
	switch strings.ToLower(src.opts.Encoding) {
	case "":
	case "utf-8", "utf8":
		return asUTF8()
	case "cp949", "euc-kr", "ms949", "uhc":
		return asCP949()
	default:
		return nil, "", src.problem(CodeOption, fmt.Sprintf("encoding is %q.", src.opts.Encoding), `Write "utf-8" or "cp949", or leave it out.`)
	}
	if marked || utf8.Valid(data) {
		return asUTF8()
	}
	text, encoding, d = asCP949()
	if d == nil && broken(text) > broken(replaceInvalid(data)) {
		return asUTF8()
	}
	return text, encoding, d
}

// replaceInvalid writes one U+FFFD for each byte that is no UTF-8.
func replaceInvalid(data []byte) []byte {
	if utf8.Valid(data) {
		return data
	}
	return []byte(string([]rune(string(data))))
}

func broken(text []byte) int { return bytes.Count(text, []byte(string(utf8.RuneError))) }

func delimiterOf(src source) (rune, *diag.Diagnostic) {
	if src.opts.Delimiter == "" {
		if src.ext == ".tsv" {
			return '\t', nil
		}
		return ',', nil
	}
	r, size := utf8.DecodeRuneInString(src.opts.Delimiter)
	if size != len(src.opts.Delimiter) || r >= utf8.RuneSelf || !strings.ContainsRune(",;\t|:~^ ", r) {
		return 0, src.problem(CodeOption, fmt.Sprintf("delimiter is %q.", src.opts.Delimiter),
			`Write one of "," ";" "\t" "|" ":" "~" "^" " ".`)
	}
	return r, nil
}

// csvReader fills a grid from text.
type csvReader struct {
	src       source
	text      []byte
	comma     rune
	area      area
	headerRow int
	grid      *grid
	width     int // cells of the heading row
	ragged    int
	problems  diag.List
}

func (r *csvReader) read() diag.List {
	if !bytes.ContainsRune(r.text, '\n') { // line ends of old Macs
		r.text = bytes.ReplaceAll(r.text, []byte("\r"), []byte("\n"))
	}
	cr := csv.NewReader(bytes.NewReader(r.text))
	cr.Comma, cr.FieldsPerRecord, cr.ReuseRecord = r.comma, -1, true
	number, line, offset := 0, 1, int64(0) // of the record before: row, the line behind it, its end
	for {
		record, err := cr.Read()
		if errors.Is(err, io.EOF) {
			return r.finish()
		}
		if err != nil {
			return append(r.problems, r.syntaxProblem(err))
		}
		start, _ := cr.FieldPos(0)
		number += 1 + start - line // empty lines are rows of a spreadsheet
		end := cr.InputOffset()
		line += bytes.Count(r.text[offset:end], []byte("\n"))
		offset = end
		if number > maxRows {
			return diag.List{*r.src.problem(CodeSize, fmt.Sprintf("The table has more than %d rows.", maxRows), "Split the table.")}
		}
		if err := r.row(number, record); err != nil {
			return diag.List{*r.src.problem(CodeSize, "The table has "+err.Error()+".", "Split the table.")}
		}
	}
}

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
		col := i + 1 - r.area.left
		if f := inspectExported(text); f != nil && number > r.headerRow {
			if err := r.grid.put(col, faultText, f); err != nil {
				return err
			}
		} else if text != "" {
			if err := r.grid.put(col, r.grid.share(col, text), nil); err != nil {
				return err
			}
		}
	}
	r.grid.finish()
	return nil
}

func (r *csvReader) tellRagged(number, i int) {
	if r.ragged++; r.ragged > maxRagged {
		return
	}
	d := problem(CodeRagged, fmt.Sprintf("Row %d has text in cell %d, but there are %d headings.", number, i+1, r.width),
		"Put a cell that holds the delimiter into quotes, or give the column a heading.")
	d.Cell = &diag.Cell{File: r.src.file, Ref: cellRef(number, i+1)}
	r.problems = append(r.problems, d)
}

func (r *csvReader) finish() diag.List {
	if more := r.ragged - maxRagged; more > 0 {
		r.problems = append(r.problems, *r.src.problem(CodeRagged, fmt.Sprintf("%d more rows have too many cells.", more),
			"Put cells that hold the delimiter into quotes."))
	}
	return r.problems
}

// syntaxProblem places an error of encoding/csv. Its columns count bytes.
func (r *csvReader) syntaxProblem(err error) diag.Diagnostic {
	var pe *csv.ParseError
	if !errors.As(err, &pe) {
		return *r.src.problem(CodeUnreadable, upperFirst(err.Error())+".", "Save the table again.")
	}
	detail, fix := "A quote stands inside a cell that does not begin with one.", "Put the whole cell into quotes and write the quote inside twice."
	line := pe.Line
	pos := r.position(line, pe.Column)
	if errors.Is(pe.Err, csv.ErrQuote) {
		detail, fix = "A quoted cell goes on behind its closing quote, or its quote is never closed.", "Close the quote, or write a quote inside the cell twice."
		if pe.StartLine != pe.Line {
			detail += fmt.Sprintf(" The row begins in line %d.", pe.StartLine)
		}
	}
	d := problem(CodeSyntax, detail, fix)
	d.Range = &diag.Range{File: r.src.file, Start: pos, End: pos}
	return d
}

// position turns a line and a column in bytes into a place.
func (r *csvReader) position(line, column int) diag.Pos {
	at := 0
	for range line - 1 {
		next := bytes.IndexByte(r.text[at:], '\n')
		if next < 0 {
			break
		}
		at += next + 1
	}
	end := min(at+max(column-1, 0), len(r.text))
	return diag.Pos{Line: line, Column: utf8.RuneCount(r.text[at:end]) + 1, Byte: end}
}

// suspectDelimiter finds headings that all ended up in one cell.
func suspectDelimiter(t *Table, comma rune) *diag.Diagnostic {
	if names := t.named(); len(names) != 1 {
		return nil
	}
	for _, r := range ";\t|," {
		for col, h := range t.Headings {
			raw := t.grid.texts[t.grid.at(max(t.first-1, 0), col)]
			if r == comma || h == "" || !strings.ContainsRune(raw, r) {
				continue
			}
			d := problem(CodeDelimiter, fmt.Sprintf("The only heading is %q.", h), fmt.Sprintf("Set delimiter = %q.", string(r)))
			cell := t.headingCell(col)
			d.Cell = &cell
			return &d
		}
	}
	return nil
}

func upperFirst(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}
