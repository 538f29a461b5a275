package sheet

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/isaworks/isa/internal/sheettest"
)

// table5 has rows with cells in columns that are used and in others.
func table5(yield func([]string) bool) {
	for _, row := range [][]string{
		{"사번", "성명", "비고", "", "부서"}, {"1", "가", "긴 글 1", "이름 없는 칸", "영업"}, {"", "", "이 줄에는 비고만", "", ""}, {"2", "나", "#N/A", "", ""}, {"", "", "", "", ""}, {"3", "다", "", "", "개발"},
	} {
		if !yield(slices.Clone(row)) {
			return
		}
	}
}

// TestUnusedColumns: in each format the columns in use and the rows are the same whether
// all texts are kept or not, and the others' texts are not there.
func TestUnusedColumns(t *testing.T) {
	var html, xml, csv bytes.Buffer
	if err := sheettest.HTML(&html, table5); err != nil {
		t.Fatal(err)
	}
	if err := sheettest.SpreadsheetML(&xml, "s", table5); err != nil {
		t.Fatal(err)
	}
	for row := range table5 {
		csv.WriteString(strings.Join(row, ",") + "\n")
	}
	xlsx := makeWorkbook(t, "row 1 사번|성명|비고||부서\nrow 2 1|가|긴 글 1|이름 없는 칸|영업\nrow 3 ||이 줄에는 비고만\nrow 4 2|나|#N/A\nrow 6 3|다|||개발\n")
	for name, data := range map[string][]byte{"t.xlsx": xlsx, "t.csv": csv.Bytes(), "html.xls": html.Bytes(), "xml.xls": xml.Bytes(), "t.xls": sheettest.XLS("s", table5)} {
		whole, problems := Open(one(name, data), name, Options{})
		part, more := Open(one(name, data), name, Options{Columns: []string{" 사번", "부서", "없는 칸"}})
		if problems != nil || more != nil {
			t.Fatal(name, problems, more)
		}
		if whole.Len() != 4 || part.Len() != whole.Len() || !slices.Equal(part.Headings, whole.Headings) || part.Digest() != whole.Digest() {
			t.Errorf("%s: %d and %d rows, headings %q and %q", name, whole.Len(), part.Len(), whole.Headings, part.Headings)
		}
		for _, heading := range []string{"사번", "부서"} {
			col, _ := whole.Column(heading)
			if whole.Filled(col) != part.Filled(col) {
				t.Errorf("%s: %s is filled %d and %d times", name, heading, whole.Filled(col), part.Filled(col))
			}
			for row := range whole.Len() {
				a, noA := whole.Text(row, col)
				b, noB := part.Text(row, col)
				if a != b || noA != noB || whole.Cell(row, col) != part.Cell(row, col) {
					t.Errorf("%s: %v is %q and %q", name, whole.Cell(row, col), a, b)
				}
			}
		}
		for _, text := range part.grid.texts {
			if strings.Contains(text, "이 줄에는") {
				t.Errorf("%s keeps %q", name, text)
			}
		}
		col, _ := part.Column("비고")
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: a text that was left out is taken for empty", name)
				}
			}()
			part.Text(1, col)
		}()
	}
}

// TestUnusedColumnsUnderGroups: headings of two rows are only known when the merged cells
// are, behind the data.
func TestUnusedColumnsUnderGroups(t *testing.T) {
	data := makeWorkbook(t, "row 1 사번|연락처||비고\nmerge B1:C1\nmerge A1:A2\nmerge D1:D2\nrow 2 |휴대폰|집|\nrow 3 1|010|02|x\n")
	table, problems := Open(one("t.xlsx", data), "t.xlsx", Options{Columns: []string{"연락처 휴대폰", "연락처 집"}})
	if problems != nil {
		t.Fatal(problems)
	}
	for heading, want := range map[string]string{"연락처 휴대폰": "010", "연락처 집": "02"} {
		col, ok := table.Column(heading)
		if got, _ := table.Text(0, col); !ok || got != want {
			t.Errorf("%s: %q, %v", heading, got, ok)
		}
	}
}

// FuzzMarkup reads pages and SpreadsheetML that are anything.
func FuzzMarkup(f *testing.F) {
	for _, s := range []string{
		`<table><tr><td rowspan=99999 colspan=99999>a<td>b</table>x`, `<table><td>a<td>b<tr><td rowspan=2>1</table>`, strings.Repeat("<div>", 5000) + "<table><tr><td>a</table>",
		`<?xml version="1.0"?><Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet"><Styles><Style ss:ID="a" ss:Parent="a"><NumberFormat ss:Format="0.0"/></Style></Styles><Worksheet ss:Name="가"><Table><Column ss:Index="2" ss:StyleID="a"/><Row ss:Index="2" ss:Hidden="1"><Cell ss:Index="2" ss:MergeAcross="1"><Data ss:Type="Number">1</Data></Cell></Row></Table></Worksheet></Workbook>`,
	} {
		f.Add([]byte(s), 0)
	}
	f.Fuzz(func(t *testing.T, data []byte, header int) {
		checkTable(t, one("t.xls", data), "t.xls", Options{HeaderRow: header})
	})
}

// FuzzText reads texts of any encoding and delimiter.
func FuzzText(f *testing.F) {
	for _, s := range []string{"\xFF\xFEa\x00\t\x00b\x00\n\x00", "\xFE\xFF\x00a\x00;\x00b", "a|b\r1|2\r", "a\tb\n\"1\t2", "\xBB\xE7\t\xB9\xF8\n1\t2"} {
		f.Add([]byte(s), "", "")
	}
	f.Fuzz(func(t *testing.T, data []byte, encoding, delimiter string) {
		checkTable(t, one("t.txt", data), "t.txt", Options{Encoding: encoding, Delimiter: delimiter})
	})
}
