package sheet

import "github.com/isaworks/isa/internal/diag"

// The codes of everything that can be wrong with a table.
const (
	CodeMissing    = "table.missing"
	CodeFormat     = "table.format"
	CodeProtected  = "table.protected"
	CodeUnreadable = "table.unreadable"
	CodeSize       = "table.size"
	CodeOption     = "table.option"
	CodeSheet      = "table.sheet"
	CodeRange      = "table.range"
	CodeEmpty      = "table.empty"
	CodeTitle      = "table.title"
	CodeSyntax     = "table.syntax"
	CodeRagged     = "table.ragged"
	CodeDelimiter  = "table.delimiter"
	CodeColumn     = "table.column"
	CodeDuplicate  = "table.duplicate"
	CodeErrorValue = "table.error_value"
	CodeFormula    = "table.formula"
	CodeEncoding   = "table.encoding"
	CodePrecision  = "table.precision"
	CodeNumber     = "table.number"
	CodeDate       = "table.date"
	CodeMerged     = "table.merged"
	CodeHidden     = "table.hidden_rows"
	CodeResident   = "table.resident_number"
)

// summary is the constant first line of a code.
func summary(code string) string {
	switch code {
	case CodeMissing:
		return "Table cannot be opened"
	case CodeFormat:
		return "File format is not read"
	case CodeProtected:
		return "Table is protected"
	case CodeUnreadable:
		return "Table is damaged"
	case CodeSize:
		return "Table is too large"
	case CodeOption:
		return "Option does not fit the table"
	case CodeSheet:
		return "Sheet not found"
	case CodeRange:
		return "Range cannot be used"
	case CodeEmpty:
		return "Table has no headings"
	case CodeTitle:
		return "Title where headings are expected"
	case CodeSyntax:
		return "Text table is malformed"
	case CodeRagged:
		return "Row has more cells than the headings"
	case CodeDelimiter:
		return "Delimiter seems wrong"
	case CodeColumn:
		return "Column not found"
	case CodeDuplicate:
		return "Heading occurs more than once"
	case CodeErrorValue:
		return "Cell holds an error"
	case CodeFormula:
		return "Formula has no stored result"
	case CodeEncoding:
		return "Cell holds bytes that are no text"
	case CodePrecision:
		return "Number has lost digits"
	case CodeNumber:
		return "Cell cannot be read as a number"
	case CodeDate:
		return "Cell holds no possible date"
	case CodeMerged:
		return "Cell is covered by a merged cell"
	case CodeHidden:
		return "Table has hidden rows"
	case CodeResident:
		return "Table holds resident registration numbers"
	}
	return code
}

func problem(code, detail, fix string) diag.Diagnostic {
	return diag.Diagnostic{Severity: diag.Error, Code: code, Summary: summary(code), Detail: detail, Fix: fix}
}

// Codes explains each code this package raises, with the way out. The map is
// new with each call.
func Codes() map[string]string {
	return map[string]string{
		CodeMissing:    "sheet() names a file that is not there or cannot be opened. Paths are relative to the folder of the configuration and use slashes. Correct the path, or close the file where it is open exclusively.",
		CodeFormat:     "isa reads .xlsx, .xlsm, .xls (Excel 5 and later, and the web page or SpreadsheetML that calls itself so), and text: .csv (comma), .tsv (tab), .txt (found out), in UTF-8, UTF-16 or CP949. The content counts, not the name. Open other files in Excel and save them as .xlsx, or as \"CSV UTF-8\". A page without a table is often a login page or an error that was saved as a table.",
		CodeProtected:  "The workbook has a password, a protected structure, or is rights-managed (DRM, IRM), so its cells are encrypted. Remove the protection or save an unprotected copy: in Excel, File, Info, Protect Workbook. isa never asks for passwords of tables.",
		CodeUnreadable: "The file is cut off, damaged, or changed while it was read; isa reads none of it, since missing rows would look like people who left. Save it again in Excel and copy it again.",
		CodeSize:       "The file is larger than any table of an organisation; a crafted file may unpack to gigabytes. Remove what does not belong to the table, or use range.",
		CodeOption:     "An option of sheet() has a value that cannot be, or does not fit the file: sheet is for workbooks, delimiter for text, encoding for text, web pages and the .xls of Excel 5 and 95.",
		CodeSheet:      "The workbook has no worksheet of that name. Names are compared without case. Write one of the names listed. Without sheet, the first visible one is read.",
		CodeRange:      "range is neither an area like \"B3:K400\" or \"B:K\" nor a defined name of the workbook that stands for one area.",
		CodeEmpty:      "The row of headings is empty. Set header_row to the row that holds the headings, counted from 1 as Excel shows it.",
		CodeTitle:      "The heading row holds a title over the whole table, not headings. Set header_row to the row below it that holds the headings.",
		CodeSyntax:     "A quote of a text table is opened and not closed, or stands inside a cell without being doubled. Correct the line; a quote inside a quoted cell is written twice.",
		CodeRagged:     "A row of a text table has text beyond the last heading: mostly a comma inside a cell without quotes, which shifts the cells behind it. Quote the cell, or give the column a heading.",
		CodeDelimiter:  "All headings are in one cell that holds semicolons, tabs or commas. Set delimiter to the character that parts the cells.",
		CodeColumn:     "The table has no column of that heading. Headings are compared as written, without spaces at the ends. Correct the name, or header_row if the headings are in another row.",
		CodeDuplicate:  "Two columns have the same heading, so nobody can tell which is meant. Rename one, or use range to leave one out. It is an error only where the column is used.",
		CodeErrorValue: "The cell shows #N/A, #REF! or the like, often a VLOOKUP that found nothing. Correct the formula or empty the cell; isa does not take an error for an empty cell.",
		CodeFormula:    "The workbook was written by a program that stores formulas without results. Open it in Excel and save it once.",
		CodeEncoding:   "The cell holds bytes that are no text in the encoding of the file, or a replacement character left by an earlier wrong conversion. Export the table again, or set encoding.",
		CodePrecision:  "Excel keeps 15 digits of a number and shows long ones as 1.01E+10; the rest is lost. Format the column as text and enter the value again, or export again with the column wide enough.",
		CodeNumber:     "The workbook says that the cell is a number, but its content is none. Enter the value again.",
		CodeDate:       "The cell is formatted as a date, but its number is no day: often 0, the result of a formula that looked up an empty cell (Excel shows 1900-01-00). Empty the cell or correct the formula.",
		CodeMerged:     "The cell lies under a merged cell, so it looks filled in Excel but is empty in the file. Unmerge the cells and fill in each of them.",
		CodeHidden:     "Rows hidden by hand or by a filter are read like all others. Delete the rows if they shall not count, or show them to be sure.",
		CodeResident:   "A column seems to hold resident registration numbers (주민등록번호). isa never needs them. Remove the column from the table that is kept with the configuration.",
	}
}
