package sheet

import (
	"errors"
	"fmt"
	"strings"

	"github.com/isaworks/isa/internal/diag"
)

const saveAgain = "Open it in Excel and save it again as .xlsx; copy it again if it came over a network."

// readXLSX reads a worksheet. Whatever goes wrong inside a library on a damaged
// file is an error of the file.
func readXLSX(src source) (t *Table, problems diag.List) {
	defer func() {
		if r := recover(); r != nil {
			t, problems = nil, diag.List{*src.problem(CodeUnreadable, fmt.Sprintf("Reading it broke off: %v.", r), saveAgain)}
		}
	}()
	w, err := openWorkbook(src.data)
	if err != nil {
		return nil, diag.List{*unreadable(src, err)}
	}
	sheet, a, d := w.choose(src)
	if d != nil {
		return nil, diag.List{*d}
	}
	headerRow, d := headerRowOf(src, a)
	if d != nil {
		return nil, diag.List{*d}
	}
	grid, merges, err := w.readSheet(sheet, a)
	if err != nil {
		d := unreadable(src, err)
		d.Cell.Sheet = sheet.name
		return nil, diag.List{*d}
	}
	t, d = layout{file: src.file, sheet: sheet.name, grid: grid, area: a, headerRow: headerRow, merges: merges}.table()
	if d != nil {
		return nil, diag.List{*d}
	}
	return t, nil
}

func unreadable(src source, err error) *diag.Diagnostic {
	switch {
	case errors.Is(err, errEncrypted):
		return src.problem(CodeProtected, "The file is packed with a password.", "Save an unprotected copy.")
	case errors.Is(err, errBinary):
		return src.problem(CodeFormat, "The file is a binary workbook (.xlsb) under another name. "+formats, "Save it as .xlsx.")
	case errors.Is(err, errTooBig), errors.Is(err, errTooMany):
		return src.problem(CodeSize, upperFirst(err.Error())+".", "Remove what does not belong to the table, or set range.")
	}
	return src.problem(CodeUnreadable, upperFirst(err.Error())+".", saveAgain)
}

// choose finds the sheet and the area that the options ask for.
func (w *workbook) choose(src source) (sheetInfo, area, *diag.Diagnostic) {
	a := everything()
	wanted := clean(src.opts.Sheet)
	if src.opts.Range != "" {
		from, found, d := w.resolve(src, wanted)
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
	for _, s := range w.sheets {
		if wanted == "" && !s.hidden || wanted != "" && strings.EqualFold(s.name, wanted) {
			return s, a, nil
		}
	}
	return sheetInfo{}, a, w.noSheet(src, wanted)
}

func (w *workbook) noSheet(src source, wanted string) *diag.Diagnostic {
	var names, shown []string
	for _, s := range w.sheets {
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
func (w *workbook) resolve(src source, wanted string) (sheet string, a area, d *diag.Diagnostic) {
	text := clean(src.opts.Range)
	if sheet, a, err := parseQualified(text); err == nil {
		return sheet, a, nil
	}
	var names []string
	refers := ""
	for _, n := range w.names {
		if !strings.HasPrefix(n.name, "_xlnm.") {
			names = append(names, n.name)
		}
		local := n.sheet >= 0
		if !strings.EqualFold(n.name, text) || local && wanted != "" && !strings.EqualFold(w.sheets[n.sheet].name, wanted) {
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
