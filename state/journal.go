package state

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"

	"github.com/isaworks/isa/internal/diag"
)

// A line of the journal is a CRC-32C as 8 hexadecimal digits, a space, the entry
// as JSON, and a line break.
const crcLen = 8

// AppendLine appends the entry's journal line to buf.
func AppendLine(buf []byte, e Entry) ([]byte, error) {
	if e.parts() != 1 {
		return buf, &diag.Failure{Class: diag.Internal, Op: "journal", Detail: fmt.Sprintf("an entry has %d parts, not one", e.parts())}
	}
	data, err := json.Marshal(&e)
	if err == nil {
		err = e.check()
	}
	if err != nil {
		return buf, &diag.Failure{Class: diag.Internal, Op: "journal", Err: err}
	}
	buf = append(buf, checksum(data)...)
	buf = append(buf, ' ')
	buf = append(buf, data...)
	return append(buf, '\n'), nil
}

// ReadJournal reads journal lines. A damaged or torn end is what a crash leaves of
// a write that nobody was told had succeeded: it is left out. Damage before a
// good line, and a whole line that says what isa does not know, are a diag.Invalid, since
// something durable would be lost.
func ReadJournal(data []byte) ([]Entry, error) {
	var entries []Entry
	damaged, why := 0, error(nil)
	for line := 1; len(data) > 0; line++ {
		text, rest, whole := bytes.Cut(data, []byte("\n"))
		data = rest
		e, err := readLine(text, whole)
		switch {
		case err != nil && !errors.Is(err, errTorn): // it was written so, by a newer isa or by hand
			return nil, &diag.Failure{Class: diag.Invalid, Op: "journal", Detail: fmt.Sprintf("line %d is not what this isa writes", line), Err: err,
				Fix: "use the isa that wrote it; if none is newer than this one, take the journal from a backup"}
		case err != nil && damaged == 0:
			damaged, why = line, err
		case err == nil && damaged != 0:
			return nil, &diag.Failure{Class: diag.Invalid, Op: "journal", Detail: fmt.Sprintf("damaged at line %d", damaged), Err: why,
				Fix: "take the journal from a backup; if there is none, move it away and run isa plan, which finds applied objects by their keys"}
		case err == nil:
			entries = append(entries, e)
		}
	}
	return entries, nil
}

// errTorn is what a crash may leave of a line.
var errTorn = errors.New("torn")

func readLine(text []byte, whole bool) (Entry, error) {
	if !whole {
		return Entry{}, fmt.Errorf("%w: the line is not finished", errTorn)
	}
	if len(text) < crcLen+1 || text[crcLen] != ' ' || string(text[:crcLen]) != checksum(text[crcLen+1:]) {
		return Entry{}, fmt.Errorf("%w: the checksum is wrong", errTorn)
	}
	var e Entry
	dec := json.NewDecoder(bytes.NewReader(text[crcLen+1:]))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&e); err != nil {
		return Entry{}, err
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) || e.parts() != 1 {
		return Entry{}, errors.New("the line is not one entry")
	}
	return e, e.check()
}

func checksum(data []byte) string {
	sum := crc32.Checksum(data, crc32.MakeTable(crc32.Castagnoli))
	return hex.EncodeToString([]byte{byte(sum >> 24), byte(sum >> 16), byte(sum >> 8), byte(sum)})
}

// parts counts the parts that are set.
func (e *Entry) parts() int {
	n := 0
	for _, set := range []bool{e.Begin != nil, e.Intent != nil, e.Put != nil, e.Drop != nil, e.Wave != nil, e.Ledger != nil, e.Stream != nil, len(e.Tables) > 0, e.Audit != nil} {
		if set {
			n++
		}
	}
	return n
}

// check refuses objects that no state may hold.
func (e *Entry) check() error {
	switch {
	case e.Intent != nil && e.Intent.Object != nil:
		return e.Intent.Object.check()
	case e.Put != nil:
		return e.Put.Object.check()
	case e.Wave != nil:
		return e.Wave.check()
	case e.Ledger != nil:
		return e.Ledger.check()
	case e.Stream != nil:
		return e.Stream.check()
	}
	return nil
}
