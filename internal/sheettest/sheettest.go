// Package sheettest writes tables in the formats that isa only reads, for tests and
// benchmarks: binary workbooks, web pages, SpreadsheetML.
package sheettest

import (
	"bufio"
	"fmt"
	"html"
	"io"
)

// Rows yields rows of texts until it returns false; they are used up by one writer.
type Rows func(yield func(row []string) bool)

// HTML writes a web page with one table, as programs write it that call it .xls.
func HTML(w io.Writer, rows Rows) error {
	b := bufio.NewWriter(w)
	fmt.Fprint(b, `<html><head><meta http-equiv="Content-Type" content="application/vnd.ms-excel; charset=utf-8"><style>td{mso-number-format:"\@";}</style></head><body><table border="1">`+"\n")
	for row := range rows {
		fmt.Fprint(b, "<tr>")
		for _, cell := range row {
			fmt.Fprintf(b, `<td class="xl24" style="mso-number-format:'\@'">%s</td>`, html.EscapeString(cell))
		}
		fmt.Fprint(b, "</tr>\n")
	}
	fmt.Fprint(b, "</table></body></html>\n")
	return b.Flush()
}

// SpreadsheetML writes an "XML Spreadsheet 2003" with one sheet.
func SpreadsheetML(w io.Writer, sheet string, rows Rows) error {
	b := bufio.NewWriter(w)
	fmt.Fprintf(b, `<?xml version="1.0"?><?mso-application progid="Excel.Sheet"?><Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet" xmlns:ss="urn:schemas-microsoft-com:office:spreadsheet"><Worksheet ss:Name="%s"><Table>`+"\n", html.EscapeString(sheet))
	for row := range rows {
		fmt.Fprint(b, "<Row>")
		for _, cell := range row {
			fmt.Fprintf(b, `<Cell><Data ss:Type="String">%s</Data></Cell>`, html.EscapeString(cell))
		}
		fmt.Fprint(b, "</Row>\n")
	}
	fmt.Fprint(b, "</Table></Worksheet></Workbook>\n")
	return b.Flush()
}
