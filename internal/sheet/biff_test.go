package sheet

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"golang.org/x/text/encoding/korean"

	"github.com/isaworks/isa/internal/sheettest"
)

// xlsWith makes a workbook of BIFF8 whose globals and first sheet the functions fill.
func xlsWith(globals, cells func(s *sheettest.Stream)) []byte {
	s := &sheettest.Stream{BIFF: 8}
	s.Begin(5)
	if globals != nil {
		globals(s)
	}
	place := s.Sheet(sheettest.Text("직원", 1), false)
	s.End()
	s.Place(place)
	s.Begin(0x10)
	cells(s)
	s.End()
	return sheettest.CFB("Workbook", s.Data)
}

func label(s *sheettest.Stream, row, col int, text string) {
	s.Record(recLabel, sheettest.U16(row, col, 0), sheettest.Text(text, 2))
}

func number(s *sheettest.Stream, row, col, style int, x float64) {
	s.Record(recNumber, sheettest.U16(row, col, style), sheettest.F64(x))
}

// rowsOf opens a table and returns its cells, row by row.
func rowsOf(t *testing.T, data []byte, o Options) [][]string {
	t.Helper()
	table, problems := Open(one("t.xls", data), "t.xls", o)
	if problems != nil {
		t.Fatal(problems)
	}
	out := [][]string{table.Headings}
	for row := range table.Len() {
		var cells []string
		for col := range table.Headings {
			text, null := table.Text(row, col)
			if d, bad := table.Fault(row, col); bad {
				text = "! " + d.Code
			} else if null {
				text = "–"
			}
			cells = append(cells, text)
		}
		out = append(out, cells)
	}
	return out
}

func wantRows(t *testing.T, got [][]string, want ...string) {
	t.Helper()
	var lines []string
	for _, row := range got {
		lines = append(lines, strings.Join(row, "|"))
	}
	if !slices.Equal(lines, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(lines, "\n"), strings.Join(want, "\n"))
	}
}

// TestBIFFCells has every record that holds cells, in an order that only other programs
// than Excel write.
func TestBIFFCells(t *testing.T) {
	styles := func(s *sheettest.Stream) {
		s.Record(recFormat, sheettest.U16(164), sheettest.Text("000000", 2))
		s.Record(recFormat, sheettest.U16(165), sheettest.Text(`yyyy"년" m"월"`, 2))
		for _, format := range []int{0, 164, 165, 10, 14, 4} {
			s.Record(recXF, sheettest.U16(0, format), make([]byte, 16))
		}
	}
	data := xlsWith(styles, func(s *sheettest.Stream) {
		number(s, 2, 0, 1, 42)
		label(s, 0, 1, "이름")
		label(s, 0, 0, "사번")
		label(s, 1, 1, "둘째가 이긴다: 처음")
		s.Record(recRow, sheettest.U16(2, 0, 5, 300, 0, 0, 0x20, 0))
		s.Record(recMulRK, sheettest.U16(1, 2), sheettest.U16(3), sheettest.U32(25<<2|3), sheettest.U16(4), sheettest.U32(45353<<2|2), sheettest.U16(5), sheettest.U32(-150<<2|3), sheettest.U16(4))
		for i, h := range []string{"율", "날", "돈", "참", "잘못", "식", "글", "빈", "새"} {
			label(s, 0, i+2, h)
		}
		s.Record(recRK, sheettest.U16(1, 0, 1), sheettest.U32(7<<2|2))
		s.Record(recBoolErr, sheettest.U16(1, 5, 0), []byte{1, 0})
		s.Record(recBoolErr, sheettest.U16(1, 6, 0), []byte{0x2A, 1})
		s.Record(recFormula, sheettest.U16(1, 7, 0), sheettest.F64(3), sheettest.U16(0), make([]byte, 6))
		s.Record(recFormula, sheettest.U16(1, 8, 0), []byte{0, 0, 0, 0, 0, 0, 0xFF, 0xFF}, sheettest.U16(8), make([]byte, 6))
		s.Record(0x04BC, make([]byte, 10)) // a formula that cells share comes between
		s.Record(recString, sheettest.Text("글의 값", 2))
		s.Record(recFormula, sheettest.U16(1, 9, 0), []byte{3, 0, 0, 0, 0, 0, 0xFF, 0xFF}, sheettest.U16(0), make([]byte, 6))
		s.Record(recFormula, sheettest.U16(1, 10, 0), sheettest.F64(0), sheettest.U16(3), make([]byte, 6))
		s.Record(recFormula, sheettest.U16(2, 5, 0), []byte{1, 0, 0, 0, 0, 0, 0xFF, 0xFF}, sheettest.U16(0), make([]byte, 6))
		s.Record(recFormula, sheettest.U16(2, 6, 0), []byte{2, 0, 7, 0, 0, 0, 0xFF, 0xFF}, sheettest.U16(0), make([]byte, 6))
		s.Record(recFormula, sheettest.U16(2, 8, 0), []byte{0, 0, 0, 0, 0, 0, 0xFF, 0xFF}, sheettest.U16(0), make([]byte, 6)) // its text is missing
		number(s, 2, 3, 2, 45353.5)
		s.Begin(0x20) // a chart in the sheet has numbers of its own
		number(s, 2, 0, 0, 999)
		s.End()
		s.Record(recRString, sheettest.U16(1, 1, 0), sheettest.U16(3), []byte{1}, []byte{0x4D, 0xD6, 0x38, 0xAE, 0xD9, 0xB3}, sheettest.U16(1, 0, 0))
	})
	wantRows(t, rowsOf(t, data, Options{}),
		"사번|이름|율|날|돈|참|잘못|식|글|빈|새",
		"000007|홍길동|25.00%|2024-03-02|-1.50|TRUE|! table.error_value|3|글의 값|–|! table.formula",
		"000042|–|–|2024-03-02T12:00:00|–|FALSE|! table.error_value|–|! table.formula|–|–")
	table, _ := Open(one("t.xls", data), "t.xls", Options{})
	if w := table.Warnings(); len(w) != 1 || w[0].Code != CodeHidden || !strings.Contains(w[0].Detail, "Row 3") {
		t.Errorf("warnings %v", w)
	}
	if d, _ := table.Fault(0, 6); !strings.Contains(d.Detail, "#N/A") || d.Cell.Ref != "G2" || d.Cell.Sheet != "직원" || d.Cell.Heading != "잘못" {
		t.Errorf("fault %+v", d)
	}
}

// TestBIFFSharedStrings divides the table of strings at each byte where a writer may:
// between characters, where the width may change.
func TestBIFFSharedStrings(t *testing.T) {
	wide, chars := sheettest.Wide("홍길동")
	for cut := 0; cut <= len(wide); cut += 2 {
		data := xlsWith(func(s *sheettest.Stream) {
			// "ab" plain; 홍길동 rich with how to say it, cut; "한 길" behind.
			head := slices.Concat(sheettest.U32(3), sheettest.U32(3), sheettest.U16(2), []byte{0, 'a', 'b'},
				sheettest.U16(chars), []byte{textWide | textRich | textExtra}, sheettest.U16(1), sheettest.U32(4))
			s.Record(recSST, head, wide[:cut])
			rest := wide[cut:]
			again := []byte{1}
			if len(rest) == 0 {
				again = nil
			}
			last, n := sheettest.Wide("한 길")
			s.Record(recContinue, again, rest, sheettest.U16(1, 0), []byte("ext!"), sheettest.U16(n), []byte{1}, last[:2])
			s.Record(recContinue, []byte{0}, []byte{' '})
			s.Record(recContinue, []byte{1}, last[4:])
		}, func(s *sheettest.Stream) {
			for i := range 3 {
				s.Record(recLabelSST, sheettest.U16(i, 0, 0), sheettest.U32(i))
			}
			s.Record(recLabelSST, sheettest.U16(3, 0, 0), sheettest.U32(1))
		})
		wantRows(t, rowsOf(t, data, Options{}), "ab", "홍길동", "한 길", "홍길동")
	}
}

// TestBIFFNames reads ranges by the names that a workbook gives them, and 1904 days.
func TestBIFFNames(t *testing.T) {
	name := func(s *sheettest.Stream, flags int, text string, formula []byte) {
		data, chars := sheettest.Wide(text)
		s.Record(recName, sheettest.U16(flags), []byte{0, byte(chars)}, sheettest.U16(len(formula), 0, 0), make([]byte, 4), []byte{1}, data, formula)
	}
	data := xlsWith(func(s *sheettest.Stream) {
		s.Record(recDateMode, sheettest.U16(1))
		s.Record(recXF, sheettest.U16(0, 14), make([]byte, 16))
		s.Record(recSupBook, sheettest.U16(1, 0x0401))
		s.Record(recExternSheet, sheettest.U16(1, 0, 0, 0))
		name(s, 0, "명부", slices.Concat([]byte{0x3B}, sheettest.U16(0, 2, 4, 1, 2)))
		name(s, 0, "합계", []byte{0x1E, 1, 0})
		name(s, 0x20, "\x06", slices.Concat([]byte{0x3B}, sheettest.U16(0, 0, 4, 1, 2)))
	}, func(s *sheettest.Stream) {
		label(s, 0, 0, "제목")
		label(s, 2, 1, "가")
		label(s, 2, 2, "나")
		label(s, 3, 1, "1")
		number(s, 3, 2, 0, 43891)
		label(s, 4, 3, "밖")
		s.Record(recMergedCells, sheettest.U16(1, 3, 4, 1, 1))
	})
	wantRows(t, rowsOf(t, data, Options{Range: "명부"}), "가|나", "1|2024-03-02")
	wantRows(t, rowsOf(t, data, Options{Range: "직원!B3:C5"}), "가|나", "1|2024-03-02")
	for _, o := range []Options{{Range: "합계"}, {Range: "없음"}, {Range: "\x06"}} {
		_, problems := Open(one("t.xls", data), "t.xls", o)
		wantCode(t, problems, CodeRange)
	}
	_, problems := Open(one("t.xls", data), "t.xls", Options{Sheet: "직윈"})
	wantCode(t, problems, CodeSheet)
	if !strings.Contains(problems[0].Fix, "직원") {
		t.Error(problems[0].Fix)
	}
	_, problems = Open(one("t.xls", data), "t.xls", Options{Encoding: "cp949"})
	wantCode(t, problems, CodeOption)
}

// biff5 makes a workbook of Excel 95 whose texts are in a code page; page 0 tells none.
func biff5Book(t *testing.T, page int, bare bool) []byte {
	t.Helper()
	encode := func(text string) []byte {
		out, err := korean.EUCKR.NewEncoder().Bytes([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	short := func(text string) []byte { b := encode(text); return append([]byte{byte(len(b))}, b...) }
	s := &sheettest.Stream{BIFF: 5}
	s.Begin(5)
	if page != 0 {
		s.Record(recCodePage, sheettest.U16(page))
	}
	s.Record(recFormat, sheettest.U16(164), short("0000"))
	s.Record(recXF, sheettest.U16(0, 164), make([]byte, 12))
	s.Record(recName, sheettest.U16(0), []byte{0, 4}, sheettest.U16(21, 0, 0), make([]byte, 4), encode("명부"), []byte{0x3B}, sheettest.U16(0xFFFF), make([]byte, 8), sheettest.U16(0, 0, 0, 2), []byte{0, 1})
	place := s.Sheet(short("직원"), false)
	s.End()
	s.Place(place)
	s.Begin(0x10)
	for i, text := range []string{"사번", "이름"} {
		b := encode(text)
		s.Record(recLabel, sheettest.U16(0, i, 0, len(b)), b)
	}
	number(s, 1, 0, 0, 7)
	b := encode("홍길동")
	s.Record(recRString, sheettest.U16(1, 1, 0, len(b)), b, []byte{1, 0, 0})
	s.Record(recFormula, sheettest.U16(2, 1, 0), []byte{0, 0, 0, 0, 0, 0, 0xFF, 0xFF}, sheettest.U16(0), make([]byte, 6))
	b = encode("똠방각하")
	s.Record(recString, sheettest.U16(len(b)), b)
	s.End()
	if bare {
		return s.Data
	}
	return sheettest.CFB("Book", s.Data)
}

func TestBIFF5(t *testing.T) {
	for _, data := range [][]byte{biff5Book(t, 949, false), biff5Book(t, 949, true), biff5Book(t, 0, false)} {
		wantRows(t, rowsOf(t, data, Options{}), "사번|이름", "0007|홍길동", "–|똠방각하")
		wantRows(t, rowsOf(t, data, Options{Range: "명부"}), "사번|이름", "0007|홍길동", "–|똠방각하")
		table, _ := Open(one("t.xls", data), "t.xls", Options{})
		if table.Encoding != "CP949" || table.Sheet != "직원" {
			t.Errorf("encoding %q, sheet %q", table.Encoding, table.Sheet)
		}
	}
	// A program that tells the wrong page is put right by encoding.
	wrong := biff5Book(t, 1252, false)
	wantRows(t, rowsOf(t, wrong, Options{Encoding: "cp949"}), "사번|이름", "0007|홍길동", "–|똠방각하")
	if table, problems := Open(one("t.xls", wrong), "t.xls", Options{}); problems != nil || table.Headings[0] == "사번" || table.Encoding != "CP1252" {
		t.Errorf("a page that is told is not used: %v", problems)
	}
	// Texts of a page that isa does not know are not taken for other letters.
	unknown := biff5Book(t, 12345, false)
	_, problems := Open(one("t.xls", unknown), "t.xls", Options{})
	wantCode(t, problems, CodeFormat)
	wantRows(t, rowsOf(t, unknown, Options{Encoding: "cp949"}), "사번|이름", "0007|홍길동", "–|똠방각하")
}

func TestXLSProtected(t *testing.T) {
	pass := xlsWith(func(s *sheettest.Stream) { s.Record(recFilePass, sheettest.U16(1, 1, 1), make([]byte, 48)) }, func(*sheettest.Stream) {})
	for what, data := range map[string][]byte{
		"has a password": pass, "encrypted with a password": sheettest.CFB("EncryptionInfo", nil, "EncryptedPackage", make([]byte, 9000)),
		"rights-managed": sheettest.CFB("\x06DataSpaces", nil, "EncryptedPackage", make([]byte, 9000), "DRMEncryptedTransform", nil),
	} {
		for _, name := range []string{"t.xls", "t.xlsx"} {
			_, problems := Open(one(name, data), name, Options{})
			wantCode(t, problems, CodeProtected)
			if !strings.Contains(problems[0].Detail, what) || !strings.Contains(problems[0].Fix, "unprotected copy") {
				t.Errorf("%s: %s; %s", what, problems[0].Detail, problems[0].Fix)
			}
		}
	}
	_, problems := Open(one("t.xls", sheettest.CFB("WordDocument", nil)), "t.xls", Options{})
	wantCode(t, problems, CodeFormat)
	_, problems = Open(one("t.xls", []byte{9, 4, 6, 0, 0, 0, 0x10, 0, 0, 0}), "t.xls", Options{})
	wantCode(t, problems, CodeFormat)
}

// TestXLSCutOff cuts a workbook at every place of its stream, and its file at every
// sector: what is left is an error, or it is the whole table.
func TestXLSCutOff(t *testing.T) {
	whole := biff5Book(t, 949, true)
	for n := 8; n < len(whole); n++ {
		if _, problems := Open(one("t.xls", whole[:n]), "t.xls", Options{}); !problems.HasErrors() {
			t.Fatalf("%d of %d bytes are taken for a table", n, len(whole))
		}
	}
	rows := func(yield func([]string) bool) {
		for i := range 3000 {
			if !yield([]string{fmt.Sprint("가", i), "나"}) {
				return
			}
		}
	}
	file := sheettest.XLS("s", rows)
	for n := 512; n < len(file); n += 512 {
		if table, problems := Open(one("t.xls", file[:n]), "t.xls", Options{}); !problems.HasErrors() && table.Len() != 2999 {
			t.Fatalf("%d of %d bytes are taken for a table of %d rows", n, len(file), table.Len())
		}
	}
}

// TestXLSHostile changes sectors of the file's own tables: chains in rings, sizes beyond
// the file.
func TestXLSHostile(t *testing.T) {
	file := biff5Book(t, 949, false)
	for at := 30; at < 512; at += 2 {
		for _, v := range []byte{0, 1, 0x7F, 0xFF} {
			bad := bytes.Clone(file)
			bad[at], bad[at+1] = v, v
			checkTable(t, one("t.xls", bad), "t.xls", Options{})
		}
	}
	for at := len(file) - 512; at < len(file); at += 4 { // each sector follows itself, or the first
		for _, v := range []byte{0, byte((at - len(file) + 512) / 4)} {
			bad := bytes.Clone(file)
			copy(bad[at:], []byte{v, 0, 0, 0})
			checkTable(t, one("t.xls", bad), "t.xls", Options{})
		}
	}
}

// FuzzXLS reads streams of workbooks that are anything.
func FuzzXLS(f *testing.F) {
	f.Add([]byte("\x09\x08\x08\x00\x00\x05\x05\x00\x00\x00\x00\x00\x0A\x00\x00\x00"), false)
	cells := xlsWith(func(s *sheettest.Stream) { s.Record(recXF, make([]byte, 20)) }, func(s *sheettest.Stream) {
		label(s, 0, 0, "가")
		s.Record(recMulRK, sheettest.U16(1, 0), sheettest.U16(0), sheettest.U32(9), sheettest.U16(0))
		s.Record(recMergedCells, sheettest.U16(1, 0, 1, 0, 0))
	})
	f.Add(cells[512:], true)
	f.Add(sheettest.XLS("s", func(yield func([]string) bool) { yield([]string{"a", "가"}) })[512:2048], true)
	f.Fuzz(func(t *testing.T, stream []byte, packed bool) {
		if packed {
			stream = sheettest.CFB("Workbook", stream)
		}
		checkTable(t, one("t.xls", stream), "t.xls", Options{})
	})
}
