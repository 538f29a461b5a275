// Package sheet reads xlsx, csv and tsv files as rows of text that remember
// their cells. Nothing of a table is an error before it is used: a broken cell
// in a column that nobody refers to is never reported.
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
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strings"

	"golang.org/x/text/unicode/norm"

	"github.com/isaworks/isa/internal/diag"
)

// Options tell where in a file the table is. The zero Options fit a file whose
// first row holds the headings.
type Options struct {
	// Sheet is the name of a worksheet (xlsx). Empty: the first visible one.
	// Hidden sheets are read only when named.
	Sheet string

	// HeaderRow is the row of the headings, counted from 1 as in the file. 0 is
	// the first row, or the first row of Range. Rows above it are titles and
	// left out.
	HeaderRow int

	// Range is a part of the sheet: "B3:K400", "B:K", "직원!B3:K400", or (xlsx)
	// a defined name. Empty: everything.
	Range string

	// Encoding of csv and tsv: "utf-8" or "cp949" (also "euc-kr"). Empty:
	// UTF-8, with or without byte order mark, if the file is that, else CP949.
	Encoding string

	// Delimiter of csv and tsv, one character. Empty: a comma for .csv, a tab
	// for .tsv.
	Delimiter string
}

// Limits of a table. They keep a hostile file from filling the memory and are
// far above what an organisation's tables need.
const (
	maxFileBytes = 256 << 20 // of the file
	maxPartBytes = 1 << 30   // of one unpacked part of an xlsx file
	maxCells     = 32 << 20  // of the table, gaps included
	maxColumns   = 16384     // Excel's own limit
	maxRows      = 1 << 20   // Excel's own limit, used for csv too
)

// Open reads the table at name, a slash-separated path in fsys. The list holds
// errors only; with errors the table is nil. Warnings are in Table.Warnings.
func Open(fsys fs.FS, name string, opts Options) (*Table, diag.List) {
	data, actual, d := readFile(fsys, name)
	if d != nil {
		return nil, diag.List{*d}
	}
	if d := checkOptions(name, opts); d != nil {
		return nil, diag.List{*d}
	}
	src := source{file: name, ext: strings.ToLower(path.Ext(actual)), data: data, opts: opts}
	if d := src.checkContent(); d != nil {
		return nil, diag.List{*d}
	}
	var t *Table
	var problems diag.List
	if src.workbook() {
		t, problems = readXLSX(src)
	} else {
		t, problems = readCSV(src)
	}
	if problems.HasErrors() {
		return nil, problems
	}
	t.digest = sha256.Sum256(data)
	return t, nil
}

// source is the file to read and how to read it.
type source struct {
	file string
	ext  string
	data []byte
	opts Options
}

func (s source) workbook() bool { return s.ext == ".xlsx" || s.ext == ".xlsm" }

func (s source) problem(code, detail, fix string) *diag.Diagnostic {
	return fileProblem(s.file, code, detail, fix)
}

func fileProblem(file, code, detail, fix string) *diag.Diagnostic {
	d := problem(code, detail, fix)
	d.Cell = &diag.Cell{File: file}
	return &d
}

// readFile returns the bytes of the file and the name it has in fsys, which may
// differ from name in its Unicode form: macOS stores Hangul taken apart.
func readFile(fsys fs.FS, name string) ([]byte, string, *diag.Diagnostic) {
	if !fs.ValidPath(name) || name == "." {
		return nil, "", fileProblem(name, CodeMissing, "The path is not a file below the configuration.",
			"Write a path with slashes, without .. and without a leading slash.")
	}
	actual := name
	f, err := fsys.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		near := ""
		if actual, near = lookAround(fsys, name); actual == "" {
			fix := "Check the path; it is relative to the folder of the configuration."
			if near != "" {
				fix = fmt.Sprintf("Did you mean %q?", near)
			}
			return nil, "", fileProblem(name, CodeMissing, "There is no such file.", fix)
		}
		f, err = fsys.Open(actual)
	}
	if err != nil {
		return nil, "", fileProblem(name, CodeMissing, "The file cannot be opened: "+reason(err)+".",
			"Check the permissions of the file, and close it where it is open.")
	}
	data, err := io.ReadAll(io.LimitReader(f, maxFileBytes+1))
	if err = errors.Join(err, f.Close()); err != nil {
		return nil, "", fileProblem(name, CodeMissing, "The file cannot be read: "+reason(err)+".",
			"Check that it is a file, its permissions, and close it where it is open.")
	}
	if len(data) > maxFileBytes {
		return nil, "", fileProblem(name, CodeSize, fmt.Sprintf("The file has more than %d MiB.", maxFileBytes>>20),
			"Remove pictures and unused sheets, or split the table.")
	}
	return data, actual, nil
}

// reason is an error's text without the path that the place already tells.
func reason(err error) string {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		return pe.Err.Error()
	}
	return err.Error()
}

// lookAround looks in the folder of name for the same name in another Unicode
// form, or else for the most alike table.
func lookAround(fsys fs.FS, name string) (same, near string) {
	entries, err := fs.ReadDir(fsys, path.Dir(name))
	if err != nil {
		return "", ""
	}
	var names []string
	for _, e := range entries {
		if norm.NFC.String(e.Name()) == norm.NFC.String(path.Base(name)) {
			return path.Join(path.Dir(name), e.Name()), ""
		}
		if !e.IsDir() {
			names = append(names, e.Name())
		}
	}
	if best := nearest(path.Base(name), names); best != "" {
		near = path.Join(path.Dir(name), best)
	}
	return "", near
}

func checkOptions(name string, o Options) *diag.Diagnostic {
	ext := strings.ToLower(path.Ext(name))
	text := ext == ".csv" || ext == ".tsv"
	switch {
	case o.HeaderRow < 0 || o.HeaderRow > maxRows:
		return fileProblem(name, CodeOption, fmt.Sprintf("header_row is %d.", o.HeaderRow), "Rows count from 1.")
	case text && o.Sheet != "":
		return fileProblem(name, CodeOption, "A "+ext+" file has no sheets.", "Remove sheet.")
	case !text && o.Encoding != "":
		return fileProblem(name, CodeOption, "encoding is for csv and tsv files.", "Remove encoding.")
	case !text && o.Delimiter != "":
		return fileProblem(name, CodeOption, "delimiter is for csv and tsv files.", "Remove delimiter.")
	}
	return nil
}

const formats = "isa reads .xlsx, .xlsm, .csv and .tsv."

// checkContent recognises files that are not what their names say by their
// first bytes.
func (s source) checkContent() *diag.Diagnostic {
	if d := s.checkExtension(); d != nil {
		return d
	}
	data := s.data
	oldExcel := "Open it in Excel and save it as .xlsx."
	switch {
	case len(data) == 0:
		return s.problem(CodeEmpty, "The file is empty.", "Save the table again.")
	case bytes.HasPrefix(data, []byte("\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1")):
		if utf16Contains(data, "EncryptedPackage") {
			return s.problem(CodeProtected, "The file is encrypted: it has a password or is rights-managed.",
				"Remove the password or the rights management in Excel, or save an unprotected copy.")
		}
		if utf16Contains(data, "Workbook") || utf16Contains(data, "Book") {
			return s.problem(CodeFormat, "The file is an old Excel workbook (.xls) under another name. "+formats, oldExcel)
		}
		return s.problem(CodeFormat, "The file is an OLE document, not a table. "+formats, oldExcel)
	case rightsManaged(data):
		return s.problem(CodeProtected, "The file is encrypted by a document-protection (DRM) product.",
			"Release it from document protection, or save an unprotected copy.")
	case looksLikeHTML(data):
		return s.problem(CodeFormat, "The file is a web page or XML that calls itself a table. "+formats, oldExcel)
	case s.workbook() && !isZip(data):
		return s.problem(CodeUnreadable, "The file is not an Excel workbook: it does not begin like one.",
			"Save it again in Excel as .xlsx; if it is text, name it .csv.")
	case !s.workbook() && isZip(data):
		return s.problem(CodeFormat, "The file is packed like an Excel workbook. "+formats, "Name it .xlsx.")
	case !s.workbook() && (bytes.HasPrefix(data, []byte("\xFF\xFE")) || bytes.HasPrefix(data, []byte("\xFE\xFF"))):
		return s.problem(CodeFormat, "The file is text in UTF-16. "+formats+" Text must be UTF-8 or CP949.",
			`Save it as "CSV UTF-8".`)
	case !s.workbook() && bytes.IndexByte(data, 0) >= 0:
		return s.problem(CodeUnreadable, "The file holds zero bytes, so it is not text.", "Save the table again as csv.")
	}
	return nil
}

func (s source) checkExtension() *diag.Diagnostic {
	switch s.ext {
	case ".xlsx", ".xlsm", ".csv", ".tsv":
		return nil
	case ".xls", ".xlsb", ".ods", ".numbers":
		return s.problem(CodeFormat, "A "+s.ext+" file is not read. "+formats, "Save it as .xlsx.")
	case ".txt":
		return s.problem(CodeFormat, "A .txt file is not read. "+formats, "Name it .tsv if tabs part its cells, else .csv.")
	}
	return s.problem(CodeFormat, fmt.Sprintf("The name ends in %q. %s", s.ext, formats), "Save the table as .xlsx or .csv.")
}

func isZip(data []byte) bool { return bytes.HasPrefix(data, []byte("PK")) }

// rightsManaged knows the first bytes of the document-protection products that
// are common in Korean companies.
func rightsManaged(data []byte) bool {
	for _, magic := range []string{"\x9B DRMONE", "SCDSA0", "<## NASCA DRM FILE", "<DOCUMENT SAFER", "\x9BDRMONE"} {
		if bytes.HasPrefix(data, []byte(magic)) {
			return true
		}
	}
	return false
}

func looksLikeHTML(data []byte) bool {
	head := bytes.ToLower(data[:min(len(data), 2048)])
	head = bytes.TrimLeft(bytes.TrimPrefix(head, []byte("\xEF\xBB\xBF")), " \t\r\n")
	for _, start := range []string{"<html", "<!doctype", "<table", "<?xml", "<head", "<meta", "<style"} {
		if bytes.HasPrefix(head, []byte(start)) {
			return true
		}
	}
	return false
}

func utf16Contains(data []byte, name string) bool {
	wide := make([]byte, 0, 2*len(name))
	for _, c := range []byte(name) {
		wide = append(wide, c, 0)
	}
	return bytes.Contains(data, wide)
}
