package sheettest

import (
	"encoding/binary"
	"math"
	"unicode/utf16"
)

// Stream is the stream of a binary workbook, record by record ([MS-XLS] 2.3). Numbers
// that tests put in by hand need no help; texts have methods.
type Stream struct {
	Data []byte
	BIFF int // 5 or 8
}

// Record adds a record whose content the parts make.
func (s *Stream) Record(id uint16, parts ...[]byte) {
	n := 0
	for _, p := range parts {
		n += len(p)
	}
	s.Data = binary.LittleEndian.AppendUint16(s.Data, id)
	s.Data = binary.LittleEndian.AppendUint16(s.Data, uint16(n))
	for _, p := range parts {
		s.Data = append(s.Data, p...)
	}
}

// U16 is numbers of two bytes.
func U16(numbers ...int) []byte {
	var out []byte
	for _, n := range numbers {
		out = binary.LittleEndian.AppendUint16(out, uint16(n))
	}
	return out
}

// U32 is a number of four bytes.
func U32(n int) []byte { return binary.LittleEndian.AppendUint32(nil, uint32(n)) }

// F64 is a number with a fraction.
func F64(x float64) []byte { return binary.LittleEndian.AppendUint64(nil, math.Float64bits(x)) }

// Wide is the characters of a text in two bytes each, and how many they are.
func Wide(text string) (data []byte, chars int) {
	units := utf16.Encode([]rune(text))
	for _, u := range units {
		data = binary.LittleEndian.AppendUint16(data, u)
	}
	return data, len(units)
}

// Text is a text of BIFF8 behind a length of lengthBytes bytes.
func Text(text string, lengthBytes int) []byte {
	data, chars := Wide(text)
	head := []byte{byte(chars), byte(chars >> 8), 1}
	if lengthBytes == 1 {
		head = []byte{byte(chars), 1}
	}
	return append(head, data...)
}

// Begin adds the record that begins a substream: kind 5 is the workbook, 0x10 a
// worksheet, 0x20 a chart.
func (s *Stream) Begin(kind int) {
	if s.BIFF == 5 {
		s.Record(0x0809, U16(0x0500, kind, 0, 0))
		return
	}
	s.Record(0x0809, U16(0x0600, kind, 0, 0), make([]byte, 8))
}

// End adds the record that ends a substream.
func (s *Stream) End() { s.Record(0x000A) }

// Sheet adds a sheet to the workbook's part and returns the place where the offset of
// its substream belongs, for Place. name is its name as BIFF writes it.
func (s *Stream) Sheet(name []byte, hidden bool) (place int) {
	state := byte(0)
	if hidden {
		state = 1
	}
	place = len(s.Data) + 4
	s.Record(0x0085, U32(0), []byte{state, 0}, name)
	return place
}

// Place says that a sheet's substream begins here.
func (s *Stream) Place(place int) {
	binary.LittleEndian.PutUint32(s.Data[place:], uint32(len(s.Data)))
}

// XLS returns a workbook of Excel 97 with one sheet of texts, in a compound file. It
// has at most 65,536 rows and 256 columns.
func XLS(sheet string, rows Rows) []byte {
	s := &Stream{BIFF: 8}
	s.Begin(5)
	s.Record(0x00E0, make([]byte, 20))
	place := s.Sheet(Text(sheet, 1), false)
	table := shared{ids: map[string]int{}, s: s}
	cells := &Stream{BIFF: 8}
	cells.Begin(0x10)
	number := 0
	for row := range rows {
		for col, cell := range row {
			if cell != "" {
				cells.Record(0x00FD, U16(number, col, 0), U32(table.id(cell)))
			}
		}
		number++
	}
	cells.End()
	table.write()
	s.End()
	s.Place(place)
	s.Data = append(s.Data, cells.Data...)
	return CFB("Workbook", s.Data)
}

// shared is the table of shared strings.
type shared struct {
	s     *Stream
	ids   map[string]int
	texts []string
}

func (t *shared) id(text string) int {
	id, ok := t.ids[text]
	if !ok {
		id = len(t.texts)
		t.ids[text] = id
		t.texts = append(t.texts, text)
	}
	return id
}

// write divides the table between texts, and texts that do not fit within them.
func (t *shared) write() {
	const most = 8224
	id := uint16(0x00FC)
	data := append(U32(len(t.texts)), U32(len(t.texts))...)
	flush := func() {
		t.s.Record(id, data)
		id, data = 0x003C, nil
	}
	for _, text := range t.texts {
		letters, chars := Wide(text)
		if len(data)+3 > most {
			flush()
		}
		data = append(append(data, U16(chars)...), 1)
		for len(letters) > 0 {
			n := min(len(letters), (most-len(data))&^1)
			if n == 0 {
				flush()
				data = []byte{1} // still two bytes a character
				continue
			}
			data, letters = append(data, letters[:n]...), letters[n:]
		}
	}
	flush()
}
