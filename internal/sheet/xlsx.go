package sheet

import (
	"errors"

	"github.com/isaworks/isa/internal/diag"
)

// readXLSX reads a worksheet.
func readXLSX(src source) (*Table, diag.List) {
	w, err := openWorkbook(src.at, src.size)
	if err != nil {
		return nil, diag.List{*unreadable(src, err)}
	}
	return readBook(src, w.book, w.readSheet)
}

// readBook reads the sheet of a workbook that the options ask for; read fills the
// grid with its cells and returns its merged cells.
func readBook(src source, b book, read func(sheetInfo, area, *grid) ([]area, error)) (*Table, diag.List) {
	sheet, a, d := b.choose(src)
	if d != nil {
		return nil, diag.List{*d}
	}
	headerRow, d := headerRowOf(src, a)
	if d != nil {
		return nil, diag.List{*d}
	}
	g := newGrid(headerRow, src.opts.Columns)
	merges, err := read(sheet, a, g)
	if err != nil {
		d := unreadable(src, err)
		d.Cell.Sheet = sheet.name
		return nil, diag.List{*d}
	}
	t, d := layout{file: src.file, sheet: sheet.name, encoding: b.encoding, grid: g, area: a, headerRow: headerRow, merges: merges}.table()
	if d != nil {
		return nil, diag.List{*d}
	}
	return t, nil
}

func unreadable(src source, err error) *diag.Diagnostic {
	var protected protectedError
	var page pageError
	switch {
	case errors.As(err, &page):
		return src.problem(CodeFormat, upperFirst(err.Error())+".", `If you know the encoding, set encoding = "cp949" or another; else open the file in Excel and save it as .xlsx.`)
	case errors.As(err, &protected):
		return src.problem(CodeProtected, upperFirst(err.Error())+".", "Remove the protection in Excel, or save an unprotected copy.")
	case errors.Is(err, errEncrypted):
		return src.problem(CodeProtected, "The file is packed with a password.", "Save an unprotected copy.")
	case errors.Is(err, errOldBIFF), errors.Is(err, errNoTable):
		return src.problem(CodeFormat, upperFirst(err.Error())+". "+formats, "Open it in Excel and save it as .xlsx.")
	case errors.Is(err, errBinary):
		return src.problem(CodeFormat, "The file is a binary workbook (.xlsb) under another name. "+formats, "Save it as .xlsx.")
	case errors.Is(err, errTooBig), errors.Is(err, errTooMany):
		return src.problem(CodeSize, upperFirst(err.Error())+".", "Remove what does not belong to the table, or set range.")
	}
	return src.problem(CodeUnreadable, upperFirst(err.Error())+".", saveAgain)
}
