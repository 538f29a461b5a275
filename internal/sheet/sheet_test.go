package sheet

import (
	"archive/zip"
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/xuri/excelize/v2"

	"github.com/isaworks/isa/internal/diag"
)

func one(name string, data []byte) fstest.MapFS {
	return fstest.MapFS{name: &fstest.MapFile{Data: data}}
}

func wantCode(t *testing.T, list diag.List, code string) {
	t.Helper()
	if len(list) != 1 || list[0].Code != code || list[0].Severity != diag.Error {
		t.Fatalf("want one error %s, got %v", code, list)
	}
	if list[0].Fix == "" || list[0].Summary == "" || list[0].Cell == nil {
		t.Fatalf("no way out, summary or place: %+v", list[0])
	}
}

// TestCodes: every code has a summary of its own and a page.
func TestCodes(t *testing.T) {
	seen := map[string]bool{}
	for code, page := range Codes() {
		s := summary(code)
		if s == code || seen[s] || len(page) < 60 {
			t.Errorf("%s: summary %q, page %q", code, s, page)
		}
		seen[s] = true
	}
}

func TestSuggest(t *testing.T) {
	table, problems := Open(one("t.csv", []byte("사번,개인 메일,휴대폰\n1,a,b\n")), "t.csv", Options{})
	if problems != nil {
		t.Fatal(problems)
	}
	for in, want := range map[string]string{"개인메일": "개인 메일", "사 번": "사번", "휴대전화": "", "메일": "개인 메일", "주소지": ""} {
		if got := table.Suggest(in); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
}

func TestDigestIsOfTheBytes(t *testing.T) {
	a, _ := Open(one("t.csv", []byte("a\n1\n")), "t.csv", Options{})
	b, _ := Open(one("t.csv", []byte("a\r\n1\r\n")), "t.csv", Options{})
	if a.Digest() == b.Digest() || a.Digest() == [32]byte{} {
		t.Error("digests do not tell the files apart")
	}
}

// TestBomb: a sheet that unpacks to one endless text is refused early.
func TestBomb(t *testing.T) {
	var b bytes.Buffer
	zw := zip.NewWriter(&b)
	write := func(name, text string) io.Writer {
		w, err := zw.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(w, text); err != nil {
			t.Fatal(err)
		}
		return w
	}
	write("_rels/.rels", `<Relationships><Relationship Id="a" Type="x/officeDocument" Target="xl/workbook.xml"/></Relationships>`)
	write("xl/workbook.xml", `<workbook xmlns:r="r"><sheets><sheet name="가" sheetId="1" r:id="s"/></sheets></workbook>`)
	write("xl/_rels/workbook.xml.rels", `<Relationships><Relationship Id="s" Type="x/worksheet" Target="s.xml"/></Relationships>`)
	w := write("xl/s.xml", `<worksheet><sheetData><row r="1"><c r="A1" t="str"><v>`)
	if _, err := w.Write(bytes.Repeat([]byte("a"), 40<<20)); err != nil {
		t.Fatal(err)
	}
	if err := zw.Close(); err != nil {
		t.Fatal(err)
	}
	_, problems := Open(one("t.xlsx", b.Bytes()), "t.xlsx", Options{})
	wantCode(t, problems, CodeUnreadable)
	if !strings.Contains(problems[0].Detail, "too long") {
		t.Error(problems[0].Detail)
	}
}

func TestLimits(t *testing.T) {
	g := newGrid(1, nil)
	g.begin(1, false)
	if err := g.put(maxCells, 5, nil); err == nil {
		t.Error("a grid takes any number of cells")
	}
	part := &limitedPart{ReadCloser: io.NopCloser(strings.NewReader("abcdef")), left: 4}
	if data, err := io.ReadAll(part); !errors.Is(err, errTooBig) || string(data) != "abcd" {
		t.Errorf("%q, %v", data, err)
	}
	wantCode(t, diag.List{*unreadable(source{input: &input{file: "t.xlsx"}}, fmt.Errorf("x: %w", errTooBig))}, CodeSize)
}

func TestAreas(t *testing.T) {
	for in, want := range map[string]area{
		"B3:K400": {3, 2, 400, 11}, "$B$3:$K$400": {3, 2, 400, 11}, "b3:k400": {3, 2, 400, 11}, "B:K": {1, 2, maxRows, 11},
		"3:400": {3, 1, 400, maxColumns}, "B3:K": {3, 2, maxRows, 11}, "C4": {4, 3, 4, 3}, "A1:XFD1048576": everything(),
	} {
		if got, err := parseArea(in); err != nil || got != want {
			t.Errorf("%q: got %v, %v, want %v", in, got, err, want)
		}
	}
	for _, in := range []string{"", "A", "1", "A0:B2", "XFE1:XFF2", "A1:B1048577", "A1:B2:C3", "A1 B2", "가1", "A-1:B2", "A+1:B2", ":", "A1:", "AAAAAAAAAAAAAAAA1:B2"} {
		if got, err := parseArea(in); err == nil {
			t.Errorf("%q: got %v", in, got)
		}
	}
	for col := 1; col <= maxColumns; col++ {
		ref := cellRef(7, col)
		if c, r, err := splitRef(ref); err != nil || c != col || r != 7 {
			t.Fatalf("%s: %d, %d, %v", ref, c, r, err)
		}
	}
}

// FuzzXML compares the scanner with encoding/xml on what both accept.
func FuzzXML(f *testing.F) {
	for _, s := range []string{
		`<a/>`, `<a b="1>2" c='x'>t&amp;<b/><!-- c --><![CDATA[<x>]]></a>`, `<?xml version="1.0" encoding="UTF-8"?><x:a xmlns:x="u"><x:b>&#xAC00;</x:b></x:a>`,
		"<a>\r\n<b> </b></a>", `<a><b></a>`, `<a`, `<a>&nope;</a>`, `<a b=c/>`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		want, err := referenceTokens(data)
		got, scanErr := scannerTokens(data)
		if err != nil || scanErr != nil {
			return // only reading on after damage would be dangerous; see TestTruncated
		}
		if got != want {
			t.Fatalf("%q:\n got %s\nwant %s", data, got, want)
		}
	})
}

func scannerTokens(data []byte) (string, error) {
	var b strings.Builder
	x := newXMLScanner(bytes.NewReader(data))
	for {
		token, err := x.next()
		if err != nil {
			return "", err
		}
		switch token {
		case xmlEnd:
			return b.String(), nil
		case xmlText:
			fmt.Fprintf(&b, "%s", x.text)
		case xmlOpen:
			fmt.Fprintf(&b, "\x00<%s", x.name)
			for _, a := range x.attrs {
				fmt.Fprintf(&b, " %s=%q", a.name, a.value)
			}
			b.WriteString(">\x00")
		case xmlClose:
			fmt.Fprintf(&b, "\x00</%s>\x00", x.name)
		}
	}
}

func referenceTokens(data []byte) (string, error) {
	var b strings.Builder
	d := xml.NewDecoder(bytes.NewReader(data))
	depth := 0
	for {
		token, err := d.RawToken()
		if errors.Is(err, io.EOF) {
			return b.String(), nil
		}
		if err != nil {
			return "", err
		}
		switch v := token.(type) {
		case xml.StartElement:
			depth++
			fmt.Fprintf(&b, "\x00<%s", v.Name.Local)
			for _, a := range v.Attr {
				fmt.Fprintf(&b, " %s=%q", a.Name.Local, a.Value)
			}
			b.WriteString(">\x00")
		case xml.EndElement:
			depth--
			fmt.Fprintf(&b, "\x00</%s>\x00", v.Name.Local)
		case xml.CharData:
			if depth > 0 {
				b.Write(v)
			}
		case xml.Directive:
			return "", errDoctype
		}
	}
}

// TestTruncated: no beginning of a worksheet is taken for the whole.
func TestTruncated(t *testing.T) {
	full := `<?xml version="1.0"?><w:worksheet xmlns:w="u"><w:sheetData><w:row r="1"><w:c r="A1" t="str"><w:v>a&amp;b</w:v></w:c></w:row></w:sheetData><!-- x --></w:worksheet>`
	if _, err := scannerTokens([]byte(full)); err != nil {
		t.Fatal(err)
	}
	for i := range len(full) {
		if got, err := scannerTokens([]byte(full[:i])); err == nil {
			t.Errorf("%q is taken for whole: %q", full[:i], got)
		}
	}
}

func FuzzCSV(f *testing.F) {
	for _, s := range []string{"사번,이름\n1,가\n", "a;b\n1;2", "a,b\n1,\"x\ny\"\n\n2,#N/A", "\xEF\xBB\xBFa\r\n1", "\xbb\xe7\xb9\xf8\n1", "a,a\n1,2,3", "a\r1\r2"} {
		f.Add([]byte(s), 0, "")
	}
	f.Add([]byte("t,,\n,a,b\n,1,2"), 2, "B2:C3")
	f.Fuzz(func(t *testing.T, data []byte, header int, area string) {
		checkTable(t, one("t.csv", data), "t.csv", Options{HeaderRow: header, Range: area})
	})
}

// FuzzXLSX is best run with -fuzzminimizetime 1x: minimising inputs takes most of
// the time otherwise.
func FuzzXLSX(f *testing.F) {
	f.Add([]byte(`<worksheet><sheetData><row r="1"><c r="A1" t="str"><v>a</v></c></row><row r="2"><c r="A2" s="1"><v>45353</v></c></row></sheetData></worksheet>`), "yyyy-mm-dd", 0)
	f.Add([]byte(`<worksheet><sheetData><row><c t="s"><v>0</v></c><c t="b"><v>1</v></c></row><row hidden="1"><c><f>A1</f></c><c t="e"><v>#N/A</v></c></row></sheetData><mergeCells><mergeCell ref="A1:B1"/></mergeCells></worksheet>`), `[<=99]0;"x"@`, 1)
	f.Add([]byte(`<worksheet><sheetData><row r="1"><c r="B1" t="inlineStr"><is><r><t>a</t></r></is></c></row></sheetData></worksheet>`), "000-0000", 0)
	f.Fuzz(func(t *testing.T, sheet []byte, format string, header int) {
		checkTable(t, one("t.xlsx", tinyWorkbook(t, sheet, format)), "t.xlsx", Options{HeaderRow: header})
	})
}

// tinyWorkbook packs a worksheet with two styles and one shared string.
func tinyWorkbook(t testing.TB, sheet []byte, format string) []byte {
	var code bytes.Buffer
	if err := xml.EscapeText(&code, []byte(format)); err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	zw := zip.NewWriter(&b)
	for name, data := range map[string]string{
		"_rels/.rels":     `<Relationships><Relationship Id="a" Type="x/officeDocument" Target="/xl/workbook.xml"/></Relationships>`,
		"xl/workbook.xml": `<workbook xmlns:r="r"><sheets><sheet name="가" sheetId="1" r:id="s"/></sheets></workbook>`,
		"xl/_rels/workbook.xml.rels": `<Relationships><Relationship Id="s" Type="x/worksheet" Target="s.xml"/>` +
			`<Relationship Id="t" Type="x/styles" Target="t.xml"/><Relationship Id="u" Type="x/sharedStrings" Target="u.xml"/></Relationships>`,
		"xl/t.xml": `<styleSheet><numFmts><numFmt numFmtId="164" formatCode="` + code.String() + `"/></numFmts><cellXfs><xf numFmtId="0"/><xf numFmtId="164"/></cellXfs></styleSheet>`,
		"xl/u.xml": `<sst><si><t>나</t></si></sst>`,
		"xl/s.xml": string(sheet),
	} {
		w, err := zw.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(w, data); err != nil {
			t.Fatal(err)
		}
	}
	if err := zw.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// checkTable opens whatever it is given and checks what always holds.
func checkTable(t *testing.T, fsys fstest.MapFS, name string, o Options) {
	table, problems := Open(fsys, name, o)
	if (table == nil) != problems.HasErrors() {
		t.Fatalf("table %v with problems %v", table != nil, problems)
	}
	for _, d := range problems {
		if d.Summary == "" || d.Fix == "" || Codes()[d.Code] == "" || d.Cell == nil && d.Range == nil {
			t.Fatalf("poor diagnostic: %+v", d)
		}
	}
	if table == nil {
		return
	}
	for col, heading := range table.Headings {
		if c, ok := table.Column(heading); ok && c != col {
			t.Fatalf("column %q is %d, not %d", heading, c, col)
		}
		faults := map[int]bool{}
		for _, row := range table.Faults(col) {
			faults[row] = true
		}
		for row := range min(table.Len(), 1000) {
			text, null := table.Text(row, col)
			if null != (text == "") || text != clean(text) {
				t.Fatalf("text %q, null %v", text, null)
			}
			if _, faulty := table.Fault(row, col); faulty != faults[row] || faulty && !null {
				t.Fatalf("row %d, column %d: fault %v, text %q", row, col, faulty, text)
			}
			if table.Cell(row, col).Ref == "" {
				t.Fatal("a cell without a place")
			}
		}
	}
}

// big writes a table as an export of a personnel system looks.
func big(b testing.TB, rows, cols int) (xlsx, csv []byte) {
	f := excelize.NewFile()
	w, err := f.NewStreamWriter("Sheet1")
	if err != nil {
		b.Fatal(err)
	}
	var text bytes.Buffer
	for row := range rows + 1 {
		cells := make([]any, cols)
		for col := range cells {
			switch {
			case row == 0:
				cells[col] = fmt.Sprintf("제목%d", col)
			case col == 0:
				cells[col] = row
			case col%3 == 0:
				cells[col] = fmt.Sprintf("이름%d-%d", row, col)
			case col%3 == 1:
				cells[col] = fmt.Sprintf("부서%d", row%200)
			default:
				cells[col] = 1000000000 + row*31 + col
			}
			fmt.Fprintf(&text, "%v", cells[col])
			text.WriteByte(",\n"[(col+1)/cols])
		}
		if err := w.SetRow(cellRef(row+1, 1), cells); err != nil {
			b.Fatal(err)
		}
	}
	if err := w.Flush(); err != nil {
		b.Fatal(err)
	}
	var out bytes.Buffer
	if err := f.Write(&out); err != nil {
		b.Fatal(err)
	}
	if err := f.Close(); err != nil {
		b.Fatal(err)
	}
	return out.Bytes(), text.Bytes()
}

// TestSameTable: the same rows as xlsx and as csv give the same texts, and every
// row arrives.
func TestSameTable(t *testing.T) {
	xlsx, csv := big(t, 2000, 8)
	a, problems := Open(one("t.xlsx", xlsx), "t.xlsx", Options{})
	b, more := Open(one("t.csv", csv), "t.csv", Options{})
	if len(problems)+len(more) > 0 {
		t.Fatal(problems, more)
	}
	if a.Len() != 2000 || b.Len() != 2000 {
		t.Fatalf("%d and %d rows", a.Len(), b.Len())
	}
	for row := range a.Len() {
		for col := range a.Headings {
			x, _ := a.Text(row, col)
			y, _ := b.Text(row, col)
			if x != y || x == "" {
				t.Fatalf("%v: %q and %q", a.Cell(row, col), x, y)
			}
		}
	}
}

func BenchmarkOpen(b *testing.B) {
	xlsx, csv := big(b, 50_000, 20)
	for name, fsys := range map[string]fstest.MapFS{"t.xlsx": one("t.xlsx", xlsx), "t.csv": one("t.csv", csv)} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				table, problems := Open(fsys, name, Options{})
				if problems != nil || table.Len() != 50_000 {
					b.Fatal(problems)
				}
			}
		})
	}
}
