package sheet

import (
	"fmt"
	"io"
	"strings"

	"golang.org/x/text/encoding"
)

// xlsBook is what the globals of a binary workbook tell.
type xlsBook struct {
	book
	stream  io.ReadSeeker
	biff8   bool
	page    encoding.Encoding // of the texts of BIFF5; nil is UTF-8
	shared  *texts            // shared strings of BIFF8
	codes   map[int]string    // number format codes by their numbers
	xfs     []int             // numbers of formats by cell style
	date904 bool

	all     []int  // index in book.sheets by index in the file, -1 for what is no worksheet
	self    []bool // which of the books that names may refer to is this one
	externs []externSheet
	refs    []nameRef
}

// externSheet is what a name refers to by number: sheets of a book.
type externSheet struct{ book, first, last int }

// nameRef is a defined name before its sheet is known.
type nameRef struct {
	name    string
	local   int // sheet of the file, counted from 1; 0 is the workbook
	formula []byte
}

const (
	biff5 = 0x0500
	biff8 = 0x0600
)

// readGlobals reads the first substream. encoding is as in Options.
func readGlobals(stream io.ReadSeeker, encoding string) (*xlsBook, error) {
	records, err := newRecords(stream, 0)
	if err != nil {
		return nil, err
	}
	if err := records.next(); err != nil {
		return nil, err
	}
	f := fields{data: records.data}
	version := f.u16()
	switch {
	case records.id == 0x0009 || records.id == 0x0209 || records.id == 0x0409:
		return nil, errOldBIFF
	case records.id != recBOF || f.bad:
		return nil, fmt.Errorf("its workbook begins with the record %#04x", records.id)
	case version != biff5 && version != biff8:
		return nil, errOldBIFF
	}
	w := &xlsBook{stream: stream, biff8: version == biff8, shared: &texts{}, codes: map[int]string{}}
	if err := w.setPage(949, encoding); err != nil { // of Korean programs that do not say
		return nil, err
	}
	for {
		if err := records.next(); err != nil {
			return nil, err
		}
		if records.id == recEOF {
			w.resolveNames()
			return w, nil
		}
		if err := w.global(records, encoding); err != nil {
			return nil, err
		}
	}
}

// setPage says how the texts of BIFF5 are encoded.
func (w *xlsBook) setPage(number int, given string) error {
	if w.biff8 {
		return nil
	}
	if c, ok := namedEncoding(given); ok {
		w.encoding, w.page = c.name, c.decode
		return nil
	}
	if w.encoding, w.page = codePage(number); w.encoding == "" {
		return pageError(number)
	}
	return nil
}

// pageError is a code page that is not known.
type pageError int

func (p pageError) Error() string {
	return fmt.Sprintf("its texts are in code page %d, which is not read", int(p))
}

// global takes what one record tells.
func (w *xlsBook) global(records *biffRecords, encoding string) error {
	f := fields{data: records.data}
	switch records.id {
	case recFilePass:
		return protectedError("the workbook has a password, or its structure is protected")
	case recCodePage:
		if number := f.u16(); !f.bad {
			return w.setPage(number, encoding)
		}
	case recDateMode:
		w.date904 = f.u16() == 1
	case recXF:
		f.take(2)
		w.xfs = append(w.xfs, f.u16())
	case recFormat:
		return w.format(records)
	case recBoundSheet:
		return w.boundSheet(records)
	case recSST:
		return w.sharedStrings(records)
	case recSupBook:
		f.take(2)
		w.self = append(w.self, f.u16() == 0x0401 && len(records.data) == 4)
		return nil
	case recExternSheet:
		return w.externSheets(&f)
	case recName:
		return w.name(records)
	}
	return f.err()
}

// text reads a text whose length has that many bytes, behind skip bytes.
func (w *xlsBook) text(records *biffRecords, skip, lengthBytes int) (string, error) {
	t, err := records.text(skip)
	if err != nil {
		return "", err
	}
	if w.biff8 {
		return t.unicode(lengthBytes)
	}
	return t.bytes(lengthBytes, w.page)
}

func (w *xlsBook) format(records *biffRecords) error {
	f := fields{data: records.data}
	number, lengthBytes := f.u16(), 2
	if !w.biff8 {
		lengthBytes = 1
	}
	code, err := w.text(records, 2, lengthBytes)
	w.codes[number] = code
	return err
}

// formats returns the number format codes by cell style.
func (w *xlsBook) formats() []string {
	out := make([]string, len(w.xfs))
	for i, number := range w.xfs {
		code, ok := w.codes[number]
		if !ok {
			code = builtInFormat(number)
		}
		out[i] = code
	}
	return out
}

func (w *xlsBook) boundSheet(records *biffRecords) error {
	f := fields{data: records.data}
	at, state, kind := f.u32(), f.u8(), f.u8()
	if err := f.err(); err != nil {
		return err
	}
	name, err := w.text(records, 6, 1)
	if kind != 0 { // a chart or macros
		w.all = append(w.all, -1)
		return err
	}
	w.all = append(w.all, len(w.sheets))
	w.sheets = append(w.sheets, sheetInfo{name: clean(name), at: int64(at), hidden: state&3 != 0})
	return err
}

// sharedStrings reads the texts that cells refer to by number.
func (w *xlsBook) sharedStrings(records *biffRecords) error {
	f := fields{data: records.data}
	f.take(4)
	count := f.u32()
	t, err := records.text(8)
	if err != nil {
		return err
	}
	for range count {
		text, err := t.unicode(2)
		if err != nil {
			return err
		}
		if err := w.shared.add(text); err != nil {
			return err
		}
	}
	return nil
}

func (w *xlsBook) externSheets(f *fields) error {
	if !w.biff8 {
		return nil // names say it themselves
	}
	for range f.u16() {
		w.externs = append(w.externs, externSheet{f.u16(), f.u16(), f.u16()})
		if f.bad {
			break // so many that they go on elsewhere: names beyond are not areas of this book
		}
	}
	return nil
}

// name takes a defined name that the workbook's author made.
func (w *xlsBook) name(records *biffRecords) error {
	const builtIn = 0x20
	f := fields{data: records.data}
	flags, _ := f.u16(), f.u8()
	chars, size, _, local := f.u8(), f.u16(), f.u16(), f.u16()
	if err := f.err(); err != nil || flags&builtIn != 0 {
		return err
	}
	t, err := records.text(14)
	if err != nil {
		return err
	}
	var name string
	if w.biff8 {
		name, err = t.characters(chars)
	} else {
		name, err = t.pageBytes(chars, w.page)
	}
	if err == nil && len(t.data) >= size {
		w.refs = append(w.refs, nameRef{clean(name), local, append([]byte(nil), t.data[:size]...)})
	}
	return err
}

// resolveNames finds the areas that names stand for. Others are kept as what they
// are, so that using one is explained.
func (w *xlsBook) resolveNames() {
	for _, ref := range w.refs {
		n := definedName{name: ref.name, sheet: -1, refers: "a formula"}
		if ref.local > 0 {
			if ref.local > len(w.all) || w.all[ref.local-1] < 0 {
				continue
			}
			n.sheet = w.all[ref.local-1]
		}
		if at, a, ok := w.area(ref.formula); ok && at < len(w.all) && w.all[at] >= 0 {
			sheet := strings.ReplaceAll(w.sheets[w.all[at]].name, "'", "''")
			n.refers = fmt.Sprintf("'%s'!%s:%s", sheet, cellRef(a.top, a.left), cellRef(a.bottom, a.right))
		}
		w.names = append(w.names, n)
	}
}

// area reads a formula that is one area or one cell of one sheet of this workbook
// ([MS-XLS] 2.5.198: PtgRef3d, PtgArea3d). The sheet is an index of the file.
func (w *xlsBook) area(formula []byte) (sheet int, a area, ok bool) {
	f := fields{data: formula}
	token := f.u8() &^ 0x60
	if token != 0x1A && token != 0x1B {
		return 0, area{}, false
	}
	if w.biff8 {
		i := f.u16()
		if i >= len(w.externs) {
			return 0, area{}, false
		}
		e := w.externs[i]
		if e.first != e.last || e.book >= len(w.self) || !w.self[e.book] {
			return 0, area{}, false
		}
		sheet = e.first
	} else {
		f.take(10)
		sheet = f.u16()
		if sheet != f.u16() {
			return 0, area{}, false
		}
	}
	column := f.u16
	if !w.biff8 {
		column = f.u8
	}
	a.top, a.bottom = f.u16(), 0
	if a.bottom = a.top; token == 0x1B {
		a.bottom = f.u16()
	}
	a.left = column()
	if a.right = a.left; token == 0x1B {
		a.right = column()
	}
	rows, columns := 0xFFFF, 0x3FFF // the other bits tell what is relative
	if !w.biff8 {
		rows = 0x3FFF
	}
	a = area{a.top&rows + 1, a.left&columns + 1, a.bottom&rows + 1, a.right&columns + 1}
	return sheet, a, !f.bad && len(f.data) == 0 && a.bottom >= a.top && a.right >= a.left
}
