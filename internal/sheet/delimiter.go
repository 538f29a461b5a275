package sheet

import (
	"encoding/csv"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/isaworks/isa/internal/diag"
)

// delimiter returns what parts the cells of a text.
func (t *textFile) delimiter(headerRow int) (rune, *diag.Diagnostic) {
	given := t.src.opts.Delimiter
	switch {
	case given == "" && t.src.ext == ".tsv":
		return '\t', nil
	case given == "" && t.src.ext == ".csv":
		return ',', nil
	case given == "":
		return t.guessDelimiter(headerRow)
	}
	r, size := utf8.DecodeRuneInString(given)
	if size != len(given) || r >= utf8.RuneSelf || !strings.ContainsRune(",;\t|:~^ ", r) {
		return 0, t.src.problem(CodeOption, fmt.Sprintf("delimiter is %q.", given), `Write one of "," ";" "\t" "|" ":" "~" "^" " ".`)
	}
	return r, nil
}

// guessDelimiter returns what parts the headings into most cells, the first of the
// list among equals.
func (t *textFile) guessDelimiter(headerRow int) (rune, *diag.Diagnostic) {
	best, most := '\t', 0
	for _, comma := range "\t,;|^" {
		cells := 0
		err := t.records(comma, func(number int, record []string) (bool, error) {
			if number == headerRow {
				cells = len(record)
			}
			return number < headerRow, nil
		})
		var syntax *csv.ParseError
		if err != nil && !errors.As(err, &syntax) && !errors.Is(err, errLongRecord) {
			return 0, t.src.unreadable(err)
		}
		if err == nil && cells > most {
			best, most = comma, cells
		}
	}
	return best, nil
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
