package sheet

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/agext/levenshtein"
	"golang.org/x/text/unicode/norm"
)

// fault is what is wrong with one cell.
type fault struct{ code, detail, fix string }

// clean returns text in NFC without spaces, no-break spaces and zero-width
// characters at its ends. Bytes that are no UTF-8 become U+FFFD.
func clean(text string) string {
	if plainASCII(text) {
		return text
	}
	if !utf8.ValidString(text) {
		text = strings.ToValidUTF8(text, string(utf8.RuneError))
	}
	return norm.NFC.String(strings.TrimFunc(text, blank))
}

// plainASCII tells that there is nothing to clean, as with most numbers.
func plainASCII(text string) bool {
	for i := range len(text) {
		if text[i] <= ' ' && (i == 0 || i == len(text)-1) || text[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

func blank(r rune) bool {
	switch r {
	case '\u200B', '\u200C', '\u200D', '\u2060', '\uFEFF', '\u180E', '\u3164', '\u0000':
		return true
	}
	return unicode.IsSpace(r)
}

// cleanHeading cleans a heading and makes one space of line breaks and runs of
// spaces inside it.
func cleanHeading(text string) string {
	return strings.Join(strings.FieldsFunc(clean(text), blank), " ")
}

// inspect finds what is wrong with a cleaned text; nil when nothing is.
func inspect(text string) *fault {
	if text == "" {
		return nil
	}
	if text[0] == '#' && errorValue(text) {
		return &fault{CodeErrorValue, "The cell holds " + text + ".", "Correct the formula behind it, or empty the cell."}
	}
	if strings.ContainsRune(text, utf8.RuneError) {
		return &fault{CodeEncoding, "Some bytes of the cell are no text in the encoding of the file.",
			"Export the table again as xlsx or as \"CSV UTF-8\", or type the cell again."}
	}
	return nil
}

// inspectExported finds, besides, what Excel spoils when it writes csv.
func inspectExported(text string) *fault {
	if text == "" {
		return nil
	}
	if len(text) >= 3 && strings.Trim(text, "#") == "" {
		return &fault{CodePrecision, "The cell holds " + text + ": the column was too narrow when the file was written.",
			"Make the column wider and export again, or use the xlsx file."}
	}
	if scientific(text) {
		return &fault{CodePrecision, "The cell holds " + text + ": the digits were cut when the file was written.",
			"Format the column as text or as 0 and export again, or use the xlsx file."}
	}
	return inspect(text)
}

func errorValue(text string) bool {
	switch text {
	case "#N/A", "#REF!", "#VALUE!", "#DIV/0!", "#NAME?", "#NULL!", "#NUM!", "#SPILL!", "#CALC!", "#FIELD!",
		"#BLOCKED!", "#CONNECT!", "#UNKNOWN!", "#GETTING_DATA", "#BUSY!", "#PYTHON!":
		return true
	}
	return false
}

// scientific recognises 1.01235E+10, Excel's way of showing a long number.
func scientific(text string) bool {
	mantissa, exponent, ok := strings.Cut(text, "E+")
	if !ok || len(exponent) < 2 || !strings.Contains(mantissa, ".") {
		return false
	}
	_, err1 := strconv.ParseFloat(mantissa, 64)
	_, err2 := strconv.ParseUint(exponent, 10, 16)
	return err1 == nil && err2 == nil
}

// nearest returns the candidate most like text, or "" when none is alike.
func nearest(text string, candidates []string) string {
	best, bestDistance := "", 0
	fold := strings.ToLower(text)
	for _, c := range candidates {
		d := levenshtein.Distance(fold, strings.ToLower(c), nil)
		if c != "" && (best == "" || d < bestDistance) {
			best, bestDistance = c, d
		}
	}
	switch {
	case best == "":
		return ""
	case bestDistance <= max(1, utf8.RuneCountInString(text)/3):
		return best
	}
	for _, c := range candidates { // 사번 for 사원 사번, or the other way round
		if c != "" && (strings.Contains(c, text) || strings.Contains(text, c)) {
			return c
		}
	}
	return ""
}
