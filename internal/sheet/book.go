package sheet

import (
	"fmt"
	"strings"

	"github.com/isaworks/isa/internal/diag"
)

// book is what a workbook of any format tells of its sheets.
type book struct {
	sheets   []sheetInfo
	names    []definedName
	encoding string // of its texts, if it has one
}

type sheetInfo struct {
	name   string
	part   string // xlsx: name of its part
	at     int64  // xls: where it begins in the stream
	hidden bool
}

type definedName struct {
	name, refers string
	sheet        int // index of the sheet it belongs to, -1 for the workbook
}

// choose finds the sheet and the area that the options ask for.
func (b book) choose(src source) (sheetInfo, area, *diag.Diagnostic) {
	a := everything()
	wanted := clean(src.opts.Sheet)
	if src.opts.Range != "" {
		from, found, d := b.resolve(src, wanted)
		if d != nil {
			return sheetInfo{}, a, d
		}
		if from != "" && wanted != "" && !strings.EqualFold(from, wanted) {
			return sheetInfo{}, a, src.problem(CodeRange, fmt.Sprintf("The range lies in sheet %q, but sheet is %q.", from, wanted),
				"Remove sheet, or choose a range in it.")
		}
		if a = found; from != "" {
			wanted = from
		}
	}
	for _, s := range b.sheets {
		if wanted == "" && !s.hidden || wanted != "" && strings.EqualFold(s.name, wanted) {
			return s, a, nil
		}
	}
	return sheetInfo{}, a, b.noSheet(src, wanted)
}

func (b book) noSheet(src source, wanted string) *diag.Diagnostic {
	var names, shown []string
	for _, s := range b.sheets {
		names = append(names, s.name)
		if text := fmt.Sprintf("%q", s.name); s.hidden {
			shown = append(shown, text+" (hidden)")
		} else {
			shown = append(shown, text)
		}
	}
	list := "The workbook has " + strings.Join(shown, ", ") + "."
	if len(names) == 0 {
		list = "The workbook has no worksheet."
	}
	if wanted == "" {
		return src.problem(CodeSheet, "No sheet is visible. "+list, "Name a hidden sheet with sheet, or show it in Excel.")
	}
	fix := "Write one of these names."
	if near := nearest(wanted, names); near != "" {
		fix = fmt.Sprintf("Did you mean %q?", near)
	}
	return src.problem(CodeSheet, fmt.Sprintf("There is no sheet %q. %s", wanted, list), fix)
}

// resolve turns Options.Range into an area, with the sheet it names if it does.
func (b book) resolve(src source, wanted string) (sheet string, a area, d *diag.Diagnostic) {
	text := clean(src.opts.Range)
	if sheet, a, err := parseQualified(text); err == nil {
		return sheet, a, nil
	}
	var names []string
	refers := ""
	for _, n := range b.names {
		if !strings.HasPrefix(n.name, "_xlnm.") {
			names = append(names, n.name)
		}
		local := n.sheet >= 0
		if !strings.EqualFold(n.name, text) || local && wanted != "" && !strings.EqualFold(b.sheets[n.sheet].name, wanted) {
			continue
		}
		if refers == "" || local {
			refers = n.refers
		}
	}
	if refers == "" {
		fix := `Write an area such as "B3:K400" or "B:K", or a defined name.`
		if near := nearest(text, names); near != "" {
			fix = fmt.Sprintf("Did you mean the name %q?", near)
		}
		return "", a, src.problem(CodeRange, fmt.Sprintf("%q is neither an area nor a defined name of the workbook.", text), fix)
	}
	sheet, a, err := parseQualified(refers)
	if err != nil {
		return "", a, src.problem(CodeRange, fmt.Sprintf("The name %q stands for %q, which is not one area of cells.", text, clipped(refers)),
			"Let the name stand for one area, or write the area.")
	}
	return sheet, a, nil
}

// parseQualified reads 직원!B3:K400 and '직원 명부'!$B$3:$K$400.
func parseQualified(text string) (sheet string, a area, err error) {
	if i := strings.LastIndexByte(text, '!'); i >= 0 {
		sheet, text = text[:i], text[i+1:]
		if n := len(sheet); n >= 2 && sheet[0] == '\'' && sheet[n-1] == '\'' {
			sheet = strings.ReplaceAll(sheet[1:n-1], "''", "'")
		}
		sheet = clean(sheet)
	}
	a, err = parseArea(text)
	return sheet, a, err
}
