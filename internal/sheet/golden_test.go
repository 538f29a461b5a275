package sheet

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/rogpeppe/go-internal/txtar"
	"github.com/xuri/excelize/v2"
	"golang.org/x/text/encoding/korean"
	"golang.org/x/text/encoding/unicode"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the want sections of testdata")

// TestGolden runs each testdata/*.txtar: files (name.cp949 and name.utf16 are encoded,
// name.quoted is a Go string a line, name.make describes a workbook, name.packed is
// gzip in base64), "open" with options,
// "use" with the headings in use, and "want".
func TestGolden(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) < 40 {
		t.Fatalf("%d cases, %v", len(files), err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			t.Parallel()
			ar, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			fsys, sections := unpack(t, ar)
			name, opts := parseOpen(t, sections["open"])
			got := describe(fsys, name, opts, strings.Split(strings.TrimSpace(sections["use"]), "\n"))
			if *update {
				writeWant(t, file, ar, got)
				return
			}
			if diff := cmp.Diff(sections["want"], got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func writeWant(t *testing.T, file string, ar *txtar.Archive, got string) {
	kept := ar.Files[:0]
	for _, f := range ar.Files {
		if f.Name != "want" {
			kept = append(kept, f)
		}
	}
	ar.Files = append(kept, txtar.File{Name: "want", Data: []byte(got)})
	if err := os.WriteFile(file, txtar.Format(ar), 0o644); err != nil {
		t.Fatal(err)
	}
}

func unpack(t *testing.T, ar *txtar.Archive) (fstest.MapFS, map[string]string) {
	fsys, sections := fstest.MapFS{}, map[string]string{}
	for _, f := range ar.Files {
		name, data := f.Name, f.Data
		switch ext := filepath.Ext(name); ext {
		case "":
			sections[name] = string(data)
			continue
		case ".cp949":
			name = strings.TrimSuffix(name, ext)
			out, err := korean.EUCKR.NewEncoder().Bytes(data)
			if err != nil {
				t.Fatal(err)
			}
			data = out
		case ".utf16":
			name = strings.TrimSuffix(name, ext)
			out, err := unicode.UTF16(unicode.BigEndian, unicode.UseBOM).NewEncoder().Bytes(data)
			if err != nil {
				t.Fatal(err)
			}
			data = out
		case ".packed":
			name = strings.TrimSuffix(name, ext)
			data = unpacked(t, data)
		case ".quoted":
			name = strings.TrimSuffix(name, ext)
			data = unquote(t, string(data))
		case ".make":
			name = strings.TrimSuffix(name, ext)
			data = makeWorkbook(t, string(data))
		}
		fsys[name] = &fstest.MapFile{Data: data}
	}
	return fsys, sections
}

func unpacked(t *testing.T, text []byte) []byte {
	r, err := gzip.NewReader(base64.NewDecoder(base64.StdEncoding, bytes.NewReader(text)))
	if err != nil {
		t.Fatal(err)
	}
	data, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func unquote(t *testing.T, text string) []byte {
	var out []byte
	for line := range strings.Lines(text) {
		s, err := strconv.Unquote(strings.TrimSpace(line))
		if err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		out = append(out, s...)
	}
	return out
}

func parseOpen(t *testing.T, text string) (name string, o Options) {
	for line := range strings.Lines(text) {
		key, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		switch key {
		case "file":
			name = value
		case "sheet":
			o.Sheet = value
		case "header_row":
			n, err := strconv.Atoi(value)
			if err != nil {
				t.Fatal(err)
			}
			o.HeaderRow = n
		case "range":
			o.Range = value
		case "encoding":
			o.Encoding = value
		case "delimiter":
			o.Delimiter = value
		default:
			t.Fatalf("unknown option %q", key)
		}
	}
	return name, o
}

// describe writes all that a caller can learn of a table.
func describe(fsys fstest.MapFS, name string, o Options, use []string) string {
	var b strings.Builder
	table, problems := Open(fsys, name, o)
	if table != nil {
		fmt.Fprintf(&b, "table %s %q %s %d rows\n", table.File, table.Sheet, table.Encoding, table.Len())
		fmt.Fprintf(&b, "headings %q\n", table.Headings)
		for row := range table.Len() {
			describeRow(&b, table, row)
		}
		problems = append(problems, table.Warnings()...)
		for _, heading := range use {
			if heading == "" {
				continue
			}
			col, ok := table.Column(heading)
			if !ok {
				problems = append(problems, table.Missing(heading))
				continue
			}
			fmt.Fprintf(&b, "%s: %d filled\n", heading, table.Filled(col))
			for _, row := range table.Faults(col) {
				d, _ := table.Fault(row, col)
				problems = append(problems, d)
			}
		}
	}
	problems.Sort()
	for _, d := range problems {
		place := ""
		if d.Range != nil {
			place = d.Range.String() + " "
		}
		fmt.Fprintf(&b, "%s %s%s\n", d.Severity, place, d.Error())
	}
	return b.String()
}

func describeRow(b *strings.Builder, table *Table, row int) {
	fmt.Fprintf(b, "%s:", table.Cell(row, 0).Ref)
	for col := range table.Headings {
		text, null := table.Text(row, col)
		if null {
			b.WriteString(" –")
		} else {
			fmt.Fprintf(b, " %q", text)
		}
	}
	b.WriteByte('\n')
}

// makeWorkbook builds a workbook from lines: "sheet NAME", "hide", "number REF
// VALUE FORMAT", "text REF TEXT", "quoted REF GO-STRING", "bool REF true",
// "formula REF TEXT", "style REF FORMAT", "merge A1:B2", "hiderow N", "name NAME
// REFERS", "patch OLD => NEW" on the XML, "cut PART" to half, "password WORD".
func makeWorkbook(t *testing.T, text string) []byte {
	t.Helper()
	m := &maker{t: t, f: excelize.NewFile(), sheet: "Sheet1"}
	for line := range strings.Lines(text) {
		if line = strings.TrimSuffix(line, "\n"); line != "" {
			m.line(line)
		}
	}
	if len(m.sheets) > 0 && m.sheets[0] != "Sheet1" {
		m.must(m.f.DeleteSheet("Sheet1"))
	}
	if len(m.hidden) > 0 { // the active sheet cannot be hidden
		index, err := m.f.GetSheetIndex(m.sheet)
		m.must(err)
		m.f.SetActiveSheet(index)
	}
	for _, hidden := range m.hidden {
		m.must(m.f.SetSheetVisible(hidden, false))
	}
	var b bytes.Buffer
	m.must(m.f.Write(&b, excelize.Options{Password: m.password}))
	m.must(m.f.Close())
	if len(m.patches)+len(m.cuts) == 0 {
		return b.Bytes()
	}
	return m.patch(b.Bytes())
}

type maker struct {
	t        *testing.T
	f        *excelize.File
	sheet    string
	sheets   []string
	hidden   []string
	patches  [][2]string
	cuts     []string
	password string
}

func (m *maker) must(err error) {
	m.t.Helper()
	if err != nil {
		m.t.Fatal(err)
	}
}

func (m *maker) style(ref, format string) {
	id, err := m.f.NewStyle(&excelize.Style{CustomNumFmt: &format})
	if n, atoi := strconv.Atoi(strings.TrimPrefix(format, "builtin ")); atoi == nil && strings.HasPrefix(format, "builtin ") {
		id, err = m.f.NewStyle(&excelize.Style{NumFmt: n})
	}
	m.must(err)
	m.must(m.f.SetCellStyle(m.sheet, ref, ref, id))
}

func (m *maker) line(line string) {
	verb, rest, _ := strings.Cut(line, " ")
	ref, arg, _ := strings.Cut(rest, " ")
	switch verb {
	case "sheet":
		_, err := m.f.NewSheet(rest)
		m.must(err)
		m.sheet, m.sheets = rest, append(m.sheets, rest)
	case "hide":
		m.hidden = append(m.hidden, m.sheet)
	case "row":
		for i, cell := range strings.Split(arg, "|") {
			n, err := strconv.Atoi(ref)
			m.must(err)
			if cell = strings.TrimSpace(cell); cell != "" {
				m.must(m.f.SetCellStr(m.sheet, cellRef(n, i+1), cell))
			}
		}
	case "text":
		m.must(m.f.SetCellStr(m.sheet, ref, arg))
	case "quoted":
		s, err := strconv.Unquote(arg)
		m.must(err)
		m.must(m.f.SetCellStr(m.sheet, ref, s))
	case "number":
		value, format, styled := strings.Cut(arg, " ")
		x, err := strconv.ParseFloat(value, 64)
		m.must(err)
		m.must(m.f.SetCellFloat(m.sheet, ref, x, -1, 64))
		if styled {
			m.style(ref, format)
		}
	case "style":
		m.style(ref, arg)
	case "bool":
		m.must(m.f.SetCellBool(m.sheet, ref, arg == "true"))
	case "formula":
		m.must(m.f.SetCellFormula(m.sheet, ref, arg))
	case "merge":
		from, to, _ := strings.Cut(rest, ":")
		m.must(m.f.MergeCell(m.sheet, from, to))
	case "hiderow":
		n, err := strconv.Atoi(rest)
		m.must(err)
		m.must(m.f.SetRowVisible(m.sheet, n, false))
	case "name":
		m.must(m.f.SetDefinedName(&excelize.DefinedName{Name: ref, RefersTo: arg}))
	case "patch":
		from, to, ok := strings.Cut(rest, " => ")
		if !ok {
			m.t.Fatalf("%q has no =>", line)
		}
		m.patches = append(m.patches, [2]string{from, to})
	case "cut":
		m.cuts = append(m.cuts, rest)
	case "password":
		m.password = rest
	default:
		m.t.Fatalf("unknown line %q", line)
	}
}

// patch replaces texts in the parts of a workbook; each must be found.
func (m *maker) patch(data []byte) []byte {
	zr, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	m.must(err)
	var out bytes.Buffer
	zw := zip.NewWriter(&out)
	found := make([]bool, len(m.patches))
	for _, f := range zr.File {
		r, err := f.Open()
		m.must(err)
		part, err := io.ReadAll(r)
		m.must(err)
		m.must(r.Close())
		for i, p := range m.patches {
			found[i] = found[i] || bytes.Contains(part, []byte(p[0]))
			part = bytes.ReplaceAll(part, []byte(p[0]), []byte(p[1]))
		}
		for _, cut := range m.cuts {
			if f.Name == cut {
				part = part[:len(part)/2]
			}
		}
		w, err := zw.Create(f.Name)
		m.must(err)
		_, err = w.Write(part)
		m.must(err)
	}
	m.must(zw.Close())
	for i, ok := range found {
		if !ok {
			m.t.Fatalf("nothing to patch: %q", m.patches[i][0])
		}
	}
	return out.Bytes()
}
