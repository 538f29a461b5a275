package main

import (
	"bytes"
	"encoding/csv"
	"strconv"

	"github.com/xuri/excelize/v2"
	"golang.org/x/text/encoding/korean"
)

// unitsTable is a CP949 csv, as an old HR system exports it.
func unitsTable(units []unit) ([]byte, error) {
	rows := [][]string{{"조직코드", "조직명", "상위조직코드", "정렬순서", "조직메일"}}
	for _, u := range units {
		rows = append(rows, []string{u.code, u.name, u.parent, strconv.Itoa(u.order), u.mail})
	}
	data, err := csvOf(rows)
	if err != nil {
		return nil, err
	}
	return korean.EUCKR.NewEncoder().Bytes(data)
}

// postsTable is UTF-8 with a byte order mark, as Excel saves it.
func postsTable(posts []post) ([]byte, error) {
	rows := [][]string{{"사번", "부서코드", "직책", "조직장", "주겸"}}
	for _, p := range posts {
		head, kind := "N", "겸"
		if p.head {
			head = "Y"
		}
		if p.primary {
			kind = "주"
		}
		rows = append(rows, []string{number(p.number), p.unit, p.position, head, kind})
	}
	data, err := csvOf(rows)
	return append([]byte("\ufeff"), data...), err
}

func gradesTable() ([]byte, error) {
	return csvOf([][]string{
		{"직급", "순서", "임원"},
		{"대표이사", "10", "Y"}, {"상무", "20", "Y"}, {"부장", "30", "N"}, {"차장", "40", "N"},
		{"과장", "50", "N"}, {"대리", "60", "N"}, {"사원", "70", "N"},
	})
}

func csvOf(rows [][]string) ([]byte, error) {
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	w.UseCRLF = true
	err := w.WriteAll(rows)
	return b.Bytes(), err
}

// number writes an employee number with its leading zeros.
func number(n int) string { return strconv.Itoa(1_000_000 + n)[1:] }

// staffBook is a workbook as people keep it: a title above the headings, numbers
// whose zeros are only a format, phones that lost theirs, real dates beside typed
// ones, and people who have left.
func staffBook(people []person) ([]byte, error) {
	f := excelize.NewFile()
	const sheet = "직원"
	steps := []func() error{
		func() error { return f.SetSheetName("Sheet1", sheet) },
		func() error { return f.SetCellStr(sheet, "A1", "한빛상사 인사 현황") },
		func() error {
			return f.SetSheetRow(sheet, "A3", &[]string{"사번", "성명", "Last", "First", "아이디", "개인메일", "휴대폰", "입사일", "직급", "고용형태", "재직상태", "비고"})
		},
		func() error { return f.SetColWidth(sheet, "A", "L", 14) },
	}
	for _, step := range steps {
		if err := step(); err != nil {
			return nil, err
		}
	}
	digits := "000000"
	keepZeros, err := f.NewStyle(&excelize.Style{CustomNumFmt: &digits})
	if err != nil {
		return nil, err
	}
	date, err := f.NewStyle(&excelize.Style{NumFmt: 14})
	if err != nil {
		return nil, err
	}
	for i, p := range people {
		if err := staffRow(f, sheet, i+4, i, p, keepZeros, date); err != nil {
			return nil, err
		}
	}
	var b bytes.Buffer
	if err := f.Write(&b); err != nil {
		return nil, err
	}
	return b.Bytes(), f.Close()
}

func staffRow(f *excelize.File, sheet string, row, i int, p person, keepZeros, date int) error {
	cell := func(col string) string { return col + strconv.Itoa(row) }
	var phone any = p.phone
	if i%3 == 0 { // typed as text
		text := strconv.Itoa(p.phone)
		phone = "0" + text[:2] + "-" + text[2:6] + "-" + text[6:]
	}
	var hired any = p.hired
	if i%5 == 0 {
		hired = p.hired.Format("2006. 1. 2.")
	}
	for _, c := range []struct {
		col   string
		value any
		style int
	}{
		{"A", p.number, keepZeros}, {"B", p.last + p.first, 0}, {"C", p.latinLast, 0}, {"D", p.latinFirst, 0},
		{"E", p.login, 0}, {"F", p.mail, 0}, {"G", phone, 0}, {"H", hired, date}, {"I", p.grade, 0},
		{"J", p.contract, 0}, {"K", p.status, 0},
	} {
		if err := f.SetCellValue(sheet, cell(c.col), c.value); err != nil {
			return err
		}
		if c.style != 0 {
			if err := f.SetCellStyle(sheet, cell(c.col), cell(c.col), c.style); err != nil {
				return err
			}
		}
	}
	return nil
}
