//go:build unix

package main

import (
	"bufio"
	"encoding/csv"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"unicode/utf16"

	"github.com/xuri/excelize/v2"
	"golang.org/x/text/encoding/korean"
	"golang.org/x/text/transform"

	"github.com/isaworks/isa/internal/sheettest"
)

// headings are those of an export of a personnel system, as many as wanted.
func headings(columns int) []string {
	out := []string{"사번", "성명", "아이디", "직급", "부서", "휴대폰", "입사일", "재직상태"}
	for len(out) < columns {
		out = append(out, fmt.Sprintf("항목%d", len(out)+1))
	}
	return out[:columns]
}

// people yields the headings and so many people. One in five is employed; the columns
// behind the first eight hold texts that do not repeat.
func people(rows, columns int) sheettest.Rows {
	return func(yield func([]string) bool) {
		if !yield(headings(columns)) {
			return
		}
		row := make([]string, columns)
		for i := range rows {
			for col := range row {
				row[col] = cell(i, col)
			}
			if !yield(row) {
				return
			}
		}
	}
}

func cell(row, col int) string {
	switch col {
	case 0:
		return fmt.Sprintf("A%06d", row)
	case 1:
		return "김" + string([]rune{rune('가' + row%11172), rune('가' + row/7%11172)})
	case 2:
		return fmt.Sprintf("user%06d", row)
	case 3:
		return []string{"사원", "대리", "과장", "차장", "부장"}[row%5]
	case 4:
		return fmt.Sprintf("부서%d", row%900)
	case 5:
		return fmt.Sprintf("010-%04d-%04d", row%10000, row/10000)
	case 6:
		return fmt.Sprintf("20%02d-%02d-%02d", row%24, row%12+1, row%28+1)
	case 7:
		return []string{"퇴직", "재직", "퇴직", "퇴직", "퇴직"}[row%5]
	}
	return fmt.Sprintf("값 %d-%d", row, col)
}

// formats are the tables to measure, by the names of their files. Binary workbooks of
// Excel 97 have at most 65,536 rows.
func formats() []format {
	return []format{
		{"staff.xlsx", writeXLSX}, {"staff.csv", writeCSV(nil)},
		{"cp949.csv", writeCSV(func(w io.Writer) io.WriteCloser { return transform.NewWriter(w, korean.EUCKR.NewEncoder()) })},
		{"utf16.txt", writeUTF16}, {"biff.xls", writeXLS},
		{"page.xls", sheettest.HTML},
		{"xml.xls", func(w io.Writer, rows sheettest.Rows) error { return sheettest.SpreadsheetML(w, "직원", rows) }},
	}
}

type format struct {
	name  string
	write func(io.Writer, sheettest.Rows) error
}

// most is the number of people that a table of the format can hold.
func (f format) most(wanted int) int {
	if f.name == "biff.xls" {
		return min(wanted, 65_535)
	}
	return wanted
}

func (f format) file(dir string, rows sheettest.Rows) (err error) {
	out, err := os.Create(filepath.Join(dir, f.name))
	if err != nil {
		return err
	}
	if err := f.write(out, rows); err != nil {
		return err
	}
	return out.Close()
}

func writeXLS(w io.Writer, rows sheettest.Rows) error {
	_, err := w.Write(sheettest.XLS("직원", rows))
	return err
}

func writeXLSX(w io.Writer, rows sheettest.Rows) error {
	f := excelize.NewFile()
	s, err := f.NewStreamWriter("Sheet1")
	if err != nil {
		return err
	}
	number := 1
	for row := range rows {
		cells := make([]any, len(row))
		for i, c := range row {
			cells[i] = c
		}
		ref, err := excelize.CoordinatesToCellName(1, number)
		if err != nil {
			return err
		}
		if err := s.SetRow(ref, cells); err != nil {
			return err
		}
		number++
	}
	if err := s.Flush(); err != nil {
		return err
	}
	if err := f.Write(w); err != nil {
		return err
	}
	return f.Close()
}

// writeCSV writes text in the encoding that into makes, UTF-8 without one.
func writeCSV(into func(io.Writer) io.WriteCloser) func(io.Writer, sheettest.Rows) error {
	return func(w io.Writer, rows sheettest.Rows) error {
		if into == nil {
			return writeRecords(w, rows)
		}
		encoded := into(w)
		if err := writeRecords(encoded, rows); err != nil {
			return err
		}
		return encoded.Close()
	}
}

func writeRecords(w io.Writer, rows sheettest.Rows) error {
	out := csv.NewWriter(w)
	for row := range rows {
		if err := out.Write(row); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}

// writeUTF16 writes the "Unicode text" of Excel.
func writeUTF16(w io.Writer, rows sheettest.Rows) error {
	out := bufio.NewWriter(w)
	put := func(text string) {
		for _, u := range utf16.Encode([]rune(text)) {
			out.Write([]byte{byte(u), byte(u >> 8)})
		}
	}
	put("\uFEFF")
	for row := range rows {
		for i, c := range row {
			if i > 0 {
				put("\t")
			}
			put(c)
		}
		put("\r\n")
	}
	return out.Flush()
}
