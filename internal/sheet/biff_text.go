package sheet

import (
	"encoding/binary"
	"unicode/utf16"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/korean"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/traditionalchinese"
)

// biffText reads texts from a record and those that continue it.
type biffText struct {
	records *biffRecords
	data    []byte // what is left of the record read last
	units   []uint16
	out     []byte
}

func (b *biffRecords) text(skip int) (*biffText, error) {
	if len(b.data) < skip {
		return nil, errBIFF
	}
	return &biffText{records: b, data: b.data[skip:]}, nil
}

// more goes on with the next record, which must continue this one.
func (t *biffText) more() error {
	if !t.records.continued() {
		return errEnds
	}
	if err := t.records.next(); err != nil {
		return err
	}
	t.data = t.records.data
	return nil
}

// field reads a number of n bytes; it is never divided.
func (t *biffText) field(n int) (int, error) {
	if len(t.data) == 0 {
		if err := t.more(); err != nil {
			return 0, err
		}
	}
	if len(t.data) < n {
		return 0, errBIFF
	}
	var wide [4]byte
	copy(wide[:], t.data[:n])
	t.data = t.data[n:]
	return int(binary.LittleEndian.Uint32(wide[:])), nil
}

// skip leaves bytes out, over as many records as they fill.
func (t *biffText) skip(n int) error {
	for n > len(t.data) {
		n -= len(t.data)
		if err := t.more(); err != nil {
			return err
		}
	}
	t.data = t.data[n:]
	return nil
}

const (
	textWide  = 0x01 // two bytes a character; else the low bytes of UTF-16 only
	textExtra = 0x04 // how to pronounce it follows
	textRich  = 0x08 // runs of fonts follow
)

// unicode reads a text of BIFF8 whose length, in characters, has that many bytes
// (XLUnicodeRichExtendedString, XLUnicodeString, ShortXLUnicodeString).
func (t *biffText) unicode(lengthBytes int) (string, error) {
	chars, err := t.field(lengthBytes)
	if err != nil {
		return "", err
	}
	return t.characters(chars)
}

// characters reads a text of BIFF8 behind its length.
func (t *biffText) characters(chars int) (string, error) {
	flags, err := t.field(1)
	if err != nil {
		return "", err
	}
	runs, extra := 0, 0
	if flags&textRich != 0 {
		if runs, err = t.field(2); err != nil {
			return "", err
		}
	}
	if flags&textExtra != 0 {
		if extra, err = t.field(4); err != nil {
			return "", err
		}
	}
	if err := t.letters(chars, flags&textWide != 0); err != nil {
		return "", err
	}
	text := string(t.out)
	return text, t.skip(4*runs + extra)
}

// letters reads characters into out. Each record that continues them begins with a
// byte that says again how wide they are.
func (t *biffText) letters(chars int, wide bool) error {
	t.units, t.out = t.units[:0], t.out[:0]
	for len(t.units) < chars {
		if len(t.data) == 0 {
			if err := t.more(); err != nil {
				return err
			}
			flags, err := t.field(1)
			if err != nil {
				return err
			}
			wide = flags&textWide != 0
		}
		size := 1
		if wide {
			size = 2
		}
		n := min(chars-len(t.units), len(t.data)/size)
		if n == 0 && len(t.data) > 0 {
			return errBIFF // half a character
		}
		for i := range n {
			if wide {
				t.units = append(t.units, binary.LittleEndian.Uint16(t.data[2*i:]))
			} else {
				t.units = append(t.units, uint16(t.data[i]))
			}
		}
		t.data = t.data[n*size:]
	}
	for _, r := range utf16.Decode(t.units) {
		t.out = utf8.AppendRune(t.out, r)
	}
	return nil
}

// bytes reads a text of BIFF5: bytes in the code page of the workbook.
func (t *biffText) bytes(lengthBytes int, page encoding.Encoding) (string, error) {
	n, err := t.field(lengthBytes)
	if err != nil {
		return "", err
	}
	return t.pageBytes(n, page)
}

// pageBytes reads a text of BIFF5 behind its length.
func (t *biffText) pageBytes(n int, page encoding.Encoding) (string, error) {
	t.out = t.out[:0]
	for {
		take := min(n-len(t.out), len(t.data))
		t.out = append(t.out, t.data[:take]...)
		t.data = t.data[take:]
		if len(t.out) == n {
			break
		}
		if err := t.more(); err != nil {
			return "", err
		}
	}
	if page == nil {
		return string(t.out), nil // UTF-8
	}
	text, err := page.NewDecoder().Bytes(t.out)
	return string(text), err
}

// codePage returns the encoding of a code page of Windows or Mac, nil for UTF-8; without
// a name it is not known.
func codePage(number int) (name string, page encoding.Encoding) {
	switch number {
	case 949, 10003, 51949:
		return cp949Name, korean.EUCKR
	case 932, 10001:
		return "CP932", japanese.ShiftJIS
	case 936, 10008:
		return "CP936", simplifiedchinese.GBK
	case 950, 10002:
		return "CP950", traditionalchinese.Big5
	case 367: // ASCII
		return utf8Name, nil
	case 65001:
		return utf8Name, nil
	case 1252, 32769: // 0x8001: Excel 5 on Windows
		return "CP1252", charmap.Windows1252
	case 10000, 32768: // 0x8000: Mac
		return "MacRoman", charmap.Macintosh
	case 1250:
		return "CP1250", charmap.Windows1250
	case 1251:
		return "CP1251", charmap.Windows1251
	case 1253:
		return "CP1253", charmap.Windows1253
	case 1254:
		return "CP1254", charmap.Windows1254
	case 437:
		return "CP437", charmap.CodePage437
	case 850:
		return "CP850", charmap.CodePage850
	}
	return "", nil
}
