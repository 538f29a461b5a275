// Package sheet reads tables as rows of text that remember their cells: xlsx, the
// old xls (BIFF5 and BIFF8), web pages and SpreadsheetML that call themselves xls,
// csv, tsv and txt. What a file is, its content tells, not its name. Nothing of a
// table is an error before it is used: a broken cell in a column that nobody
// refers to is never reported, and its texts are not kept.
//
// A table has one row of headings and rows of data below it. Texts are in
// Unicode form NFC without spaces at the ends; a cell of spaces only is empty.
// Empty rows are left out, but cell references are always those of the file.
//
// Headings of two rows are joined ("연락처" over "휴대폰" and "집" gives
// "연락처 휴대폰" and "연락처 집") when real merged cells say so: a cell of the
// heading row is merged over several columns, not over all, and the row below
// has text under such merges only. Otherwise the row below is data.
package sheet

import (
	"fmt"
	"io/fs"

	"github.com/isaworks/isa/internal/diag"
)

// Options tell where in a file the table is. The zero Options fit a file whose
// first row holds the headings.
type Options struct {
	// Sheet is the name of a worksheet (xlsx, xls, SpreadsheetML). Empty: the first
	// visible one. Hidden sheets are read only when named.
	Sheet string

	// HeaderRow is the row of the headings, counted from 1 as in the file. 0 is
	// the first row, or the first row of Range. Rows above it are titles and
	// left out.
	HeaderRow int

	// Range is a part of the sheet: "B3:K400", "B:K", and in workbooks
	// "직원!B3:K400" or a defined name. Empty: everything.
	Range string

	// Encoding of text, web pages, SpreadsheetML, and xls of Excel 5 and 95: "utf-8",
	// "utf-16" (little-endian unless a byte order mark says otherwise) or "cp949"
	// (also "euc-kr"). Empty: what a byte order mark or, in an old xls, the code page
	// says, else UTF-8 if the file is that, else CP949.
	Encoding string

	// Delimiter of text, one character. Empty: a comma for .csv, a tab for .tsv,
	// else what parts the headings into most cells.
	Delimiter string

	// Columns are the headings in use, nil for all. The texts of columns that
	// certainly have another heading are not kept: asking for them is a mistake of
	// the program.
	Columns []string
}

// Limits of a table. They keep a hostile file from filling the memory and are
// far above what an organisation's tables need.
const (
	maxFileBytes = 512 << 20 // of the file
	maxPartBytes = 1 << 30   // of one unpacked part of an xlsx file
	maxCells     = 32 << 20  // of the table, gaps included
	maxColumns   = 16384     // Excel's own limit
	maxRows      = 1 << 20   // Excel's own limit, used for csv too
)

// Open reads the table at name, a slash-separated path in fsys. The list holds
// errors only; with errors the table is nil. Warnings are in Table.Warnings.
// A file that changes while it is read is an error.
func Open(fsys fs.FS, name string, opts Options) (*Table, diag.List) {
	in, d := openInput(fsys, name)
	if d != nil {
		return nil, diag.List{*d}
	}
	t, problems := read(source{input: in, opts: opts})
	if err := in.close(); err != nil && !problems.HasErrors() {
		problems = diag.List{*in.unreadable(err)}
	}
	if problems.HasErrors() {
		return nil, problems
	}
	t.digest = in.digest
	return t, nil
}

// read finds out what the file is and reads it. Whatever goes wrong inside a
// library on a damaged file is an error of the file.
func read(src source) (t *Table, problems diag.List) {
	defer func() {
		if r := recover(); r != nil {
			t, problems = nil, diag.List{*src.problem(CodeUnreadable, fmt.Sprintf("Reading it broke off: %v.", r), saveAgain)}
		}
	}()
	kind, d := src.kind()
	if d == nil {
		d = src.checkOptions(kind)
	}
	if d != nil {
		return nil, diag.List{*d}
	}
	t, problems = readers()[kind](src)
	if problems.HasErrors() {
		return nil, problems
	}
	if d := src.unchanged(); d != nil {
		return nil, diag.List{*d}
	}
	return t, nil
}

// readers has what reads each kind of file.
func readers() map[kind]func(source) (*Table, diag.List) {
	return map[kind]func(source) (*Table, diag.List){
		kindXLSX: readXLSX, kindXLS: readXLS, kindText: readCSV, kindHTML: readHTML, kindXML: readSpreadsheetML,
	}
}

// source is the file to read and how to read it.
type source struct {
	*input
	opts Options
}

func (s source) problem(code, detail, fix string) *diag.Diagnostic {
	return fileProblem(s.file, code, detail, fix)
}

func fileProblem(file, code, detail, fix string) *diag.Diagnostic {
	d := problem(code, detail, fix)
	d.Cell = &diag.Cell{File: file}
	return &d
}
