package sheet

import (
	"archive/zip"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"path"
	"strconv"
	"strings"
)

// workbook is an opened xlsx file: its sheets, names and number formats.
type workbook struct {
	book
	parts   map[string]*zip.File // by lower-case name
	formats []string             // number format code by cell style; see builtInFormat
	strings string               // name of the part with the shared strings, may be empty
	date904 bool                 // days count from 1904-01-01
}

var (
	errNoWorkbook = errors.New("it is packed like a workbook but holds none")
	errBinary     = errors.New("binary workbook")
	errEncrypted  = errors.New("encrypted")
)

const maxSmallPart = 64 << 20 // of the parts that are read whole

func openWorkbook(at io.ReaderAt, size int64) (*workbook, error) {
	zr, err := zip.NewReader(at, size)
	if err != nil {
		return nil, fmt.Errorf("it cannot be unpacked: %w", err)
	}
	w := &workbook{parts: map[string]*zip.File{}}
	for _, f := range zr.File {
		w.parts[partName(f.Name)] = f
		if f.Flags&1 != 0 {
			return nil, errEncrypted
		}
	}
	if _, ok := w.parts["xl/workbook.bin"]; ok {
		return nil, errBinary
	}
	main, err := w.mainPart()
	if err != nil {
		return nil, err
	}
	return w, w.readMain(main)
}

func partName(name string) string {
	return strings.ToLower(strings.TrimPrefix(strings.ReplaceAll(name, `\`, "/"), "/"))
}

type relationships struct {
	List []struct {
		ID     string `xml:"Id,attr"`
		Type   string `xml:"Type,attr"`
		Target string `xml:"Target,attr"`
		Mode   string `xml:"TargetMode,attr"`
	} `xml:"Relationship"`
}

func (w *workbook) mainPart() (string, error) {
	var rels relationships
	if err := w.decode("_rels/.rels", &rels); err != nil {
		return "", errNoWorkbook
	}
	for _, r := range rels.List {
		if strings.HasSuffix(r.Type, "/officeDocument") {
			return partName(r.Target), nil
		}
	}
	return "", errNoWorkbook
}

// readMain reads the workbook part and what it refers to.
func (w *workbook) readMain(main string) error {
	var book struct {
		Pr struct {
			Date1904 string `xml:"date1904,attr"`
		} `xml:"workbookPr"`
		Sheets []struct {
			Name  string `xml:"name,attr"`
			State string `xml:"state,attr"`
			Rel   string `xml:"id,attr"`
		} `xml:"sheets>sheet"`
		Names []struct {
			Name   string `xml:"name,attr"`
			Sheet  string `xml:"localSheetId,attr"`
			Refers string `xml:",chardata"`
		} `xml:"definedNames>definedName"`
	}
	var rels relationships
	if err := w.decode(main, &book); err != nil {
		return err
	}
	if err := w.decode(path.Join(path.Dir(main), "_rels", path.Base(main)+".rels"), &rels); err != nil {
		return err
	}
	w.date904 = book.Pr.Date1904 == "1" || book.Pr.Date1904 == "true"
	worksheets := map[string]string{}
	styles := ""
	for _, r := range rels.List {
		target := partName(r.Target)
		if !strings.HasPrefix(r.Target, "/") {
			target = partName(path.Join(path.Dir(main), strings.ReplaceAll(r.Target, `\`, "/")))
		}
		switch r.Type[strings.LastIndexByte(r.Type, '/')+1:] {
		case "worksheet":
			worksheets[r.ID] = target
		case "sharedStrings":
			w.strings = target
		case "styles":
			styles = target
		}
	}
	kept := map[int]int{} // index in the file to index in w.sheets
	for i, s := range book.Sheets {
		if part, ok := worksheets[s.Rel]; ok { // chart sheets are none
			kept[i] = len(w.sheets)
			w.sheets = append(w.sheets, sheetInfo{name: clean(s.Name), part: part, hidden: s.State == "hidden" || s.State == "veryHidden"})
		}
	}
	for _, n := range book.Names {
		d := definedName{name: clean(n.Name), refers: strings.TrimSpace(n.Refers), sheet: -1}
		if i, err := strconv.Atoi(n.Sheet); err == nil {
			var ok bool
			if d.sheet, ok = kept[i]; !ok {
				continue
			}
		}
		w.names = append(w.names, d)
	}
	if styles == "" {
		return nil
	}
	return w.readStyles(styles)
}

func (w *workbook) readStyles(part string) error {
	var sheet struct {
		Codes []struct {
			ID   int    `xml:"numFmtId,attr"`
			Code string `xml:"formatCode,attr"`
		} `xml:"numFmts>numFmt"`
		Cells []struct {
			Format int `xml:"numFmtId,attr"`
		} `xml:"cellXfs>xf"`
	}
	if err := w.decode(part, &sheet); err != nil {
		return err
	}
	custom := map[int]string{}
	for _, c := range sheet.Codes {
		custom[c.ID] = c.Code
	}
	for _, c := range sheet.Cells {
		code, ok := custom[c.Format]
		if !ok {
			code = builtInFormat(c.Format)
		}
		w.formats = append(w.formats, code)
	}
	return nil
}

// decode reads a small part whole.
func (w *workbook) decode(part string, into any) error {
	r, err := w.open(part)
	if err != nil {
		return err
	}
	limited := &io.LimitedReader{R: r, N: maxSmallPart}
	err = xml.NewDecoder(limited).Decode(into)
	if limited.N <= 0 {
		err = errTooBig
	}
	if err = errors.Join(err, r.Close()); err != nil {
		return fmt.Errorf("%s: %w", part, err)
	}
	return nil
}

var errTooBig = errors.New("it unpacks to more than isa reads")

// open opens a part; reading more than maxPartBytes of it fails.
func (w *workbook) open(part string) (io.ReadCloser, error) {
	f, ok := w.parts[part]
	if !ok {
		return nil, fmt.Errorf("its part %s is missing", part)
	}
	r, err := f.Open()
	if err != nil {
		return nil, fmt.Errorf("its part %s cannot be unpacked: %w", part, err)
	}
	return &limitedPart{ReadCloser: r, left: maxPartBytes}, nil
}

type limitedPart struct {
	io.ReadCloser
	left int64
}

func (l *limitedPart) Read(p []byte) (int, error) {
	if l.left <= 0 {
		return 0, errTooBig
	}
	n, err := l.ReadCloser.Read(p[:min(int64(len(p)), l.left)])
	l.left -= int64(n)
	return n, err
}
