package sheet

import (
	"bytes"
	"fmt"

	"github.com/isaworks/isa/internal/diag"
)

// kind is what a file is.
type kind int

const (
	kindText kind = iota
	kindXLSX
	kindXLS
	kindHTML
	kindXML // SpreadsheetML 2003
)

// workbook tells that the kind has sheets.
func (k kind) workbook() bool { return k == kindXLSX || k == kindXLS || k == kindXML }

const (
	formats   = "isa reads .xlsx, .xlsm, .xls, .csv, .tsv and .txt."
	saveAgain = "Open it in Excel and save it again as .xlsx; copy it again if it came over a network."
	headBytes = 4096 // enough to tell what a file is
)

// kind finds out by the first bytes what the file is.
func (s source) kind() (kind, *diag.Diagnostic) {
	if d := s.checkExtension(); d != nil {
		return 0, d
	}
	head, err := s.head(headBytes)
	if err != nil {
		return 0, s.unreadable(err)
	}
	given, _ := namedEncoding(s.opts.Encoding)
	wide := bytes.HasPrefix(head, []byte("\xFF\xFE")) || bytes.HasPrefix(head, []byte("\xFE\xFF")) || given.name == utf16Name
	switch {
	case len(head) == 0:
		return 0, s.problem(CodeEmpty, "The file is empty.", "Save the table again.")
	case bytes.HasPrefix(head, []byte("PK")):
		return kindXLSX, nil
	case bytes.HasPrefix(head, []byte(cfbMagic)):
		return kindXLS, nil
	case rightsManaged(head):
		return 0, s.problem(CodeProtected, "The file is encrypted by a document-protection (DRM) product.",
			"Release it from document protection, or save an unprotected copy.")
	case bareBIFF(head):
		return kindXLS, nil
	case wide:
		head = narrowed(head)
	case bytes.IndexByte(head, 0) >= 0:
		return 0, s.problem(CodeUnreadable, "The file holds zero bytes, so it is neither text nor a workbook.",
			`Save it again in Excel as .xlsx; if it is text in UTF-16, save it as "CSV UTF-8".`)
	}
	if markup := markupKind(head); markup != kindText {
		return markup, nil
	}
	switch {
	case bytes.HasPrefix(bytes.ToLower(head), []byte("mime-version:")):
		return 0, s.problem(CodeFormat, "The file is a web archive (.mht) under another name. "+formats, "Open it in Excel and save it as .xlsx.")
	case s.ext == ".xlsx" || s.ext == ".xlsm":
		return 0, s.problem(CodeUnreadable, "The file is not an Excel workbook: it does not begin like one.",
			"Save it again in Excel as .xlsx; if it is text, name it .csv or .txt.")
	}
	return kindText, nil
}

func (s source) checkExtension() *diag.Diagnostic {
	switch s.ext {
	case ".xlsx", ".xlsm", ".xls", ".csv", ".tsv", ".txt":
		return nil
	case ".xlsb", ".ods", ".numbers":
		return s.problem(CodeFormat, "A "+s.ext+" file is not read. "+formats, "Save it as .xlsx.")
	}
	return s.problem(CodeFormat, fmt.Sprintf("The name ends in %q. %s", s.ext, formats), "Save the table as .xlsx or .csv.")
}

// checkOptions refuses options that the kind of file cannot have.
func (s source) checkOptions(k kind) *diag.Diagnostic {
	o := s.opts
	switch {
	case o.HeaderRow < 0 || o.HeaderRow > maxRows:
		return s.problem(CodeOption, fmt.Sprintf("header_row is %d.", o.HeaderRow), "Rows count from 1.")
	case !k.workbook() && o.Sheet != "":
		return s.problem(CodeOption, "A text or a web page has no sheets.", "Remove sheet.")
	case k == kindXLSX && o.Encoding != "":
		return s.problem(CodeOption, "encoding is not for .xlsx files, which are always Unicode.", "Remove encoding.")
	case k != kindText && o.Delimiter != "":
		return s.problem(CodeOption, "delimiter is for csv, tsv and txt files.", "Remove delimiter.")
	}
	if o.Encoding != "" {
		if _, ok := namedEncoding(o.Encoding); !ok {
			return s.problem(CodeOption, fmt.Sprintf("encoding is %q.", o.Encoding), `Write "utf-8", "utf-16" or "cp949", or leave it out.`)
		}
	}
	return nil
}

// rightsManaged knows the first bytes of the document-protection products that
// are common in Korean companies.
func rightsManaged(head []byte) bool {
	for _, magic := range []string{"\x9B DRMONE", "SCDSA0", "<## NASCA DRM FILE", "<DOCUMENT SAFER", "\x9BDRMONE"} {
		if bytes.HasPrefix(head, []byte(magic)) {
			return true
		}
	}
	return false
}

// narrowed drops the byte order mark and the zero bytes of ASCII in UTF-16.
func narrowed(head []byte) []byte {
	out := make([]byte, 0, len(head)/2)
	for _, b := range head {
		if b != 0 && b < 0xFE {
			out = append(out, b)
		}
	}
	return out
}

// markupKind tells a web page and SpreadsheetML by what a text begins with.
func markupKind(head []byte) kind {
	head = bytes.ToLower(bytes.TrimLeft(bytes.TrimPrefix(head, []byte("\xEF\xBB\xBF")), " \t\r\n"))
	if bytes.HasPrefix(head, []byte("<?xml")) {
		if bytes.Contains(head, []byte("urn:schemas-microsoft-com:office:spreadsheet")) || bytes.Contains(head, []byte("<workbook")) {
			return kindXML
		}
		return kindHTML
	}
	for _, start := range []string{"<html", "<!doctype", "<!--", "<table", "<head", "<meta", "<style", "<body", "<div", "<title", "<script", "<center", "<tr", "<font"} {
		if bytes.HasPrefix(head, []byte(start)) {
			return kindHTML
		}
	}
	if bytes.HasPrefix(head, []byte("<workbook")) || bytes.HasPrefix(head, []byte("<ss:workbook")) {
		return kindXML
	}
	return kindText
}
