package sheet

import (
	"bufio"
	"encoding/binary"
	"errors"
	"io"
)

// The records of a workbook that matter here ([MS-XLS] 2.3; those of BIFF5 have the
// same numbers).
const (
	recFormula     = 0x0006
	recEOF         = 0x000A
	recExternSheet = 0x0017
	recName        = 0x0018
	recDateMode    = 0x0022
	recFilePass    = 0x002F
	recContinue    = 0x003C
	recCodePage    = 0x0042
	recBoundSheet  = 0x0085
	recMulRK       = 0x00BD
	recRString     = 0x00D6
	recXF          = 0x00E0
	recMergedCells = 0x00E5
	recSST         = 0x00FC
	recLabelSST    = 0x00FD
	recSupBook     = 0x01AE
	recNumber      = 0x0203
	recLabel       = 0x0204
	recBoolErr     = 0x0205
	recString      = 0x0207
	recRow         = 0x0208
	recRK          = 0x027E
	recFormat      = 0x041E
	recBOF         = 0x0809
)

// biffRecords reads records one after another.
type biffRecords struct {
	r    *bufio.Reader
	id   uint16
	data []byte // of the record read last, valid until next
	buf  []byte
}

func newRecords(stream io.ReadSeeker, at int64) (*biffRecords, error) {
	if _, err := stream.Seek(at, io.SeekStart); err != nil {
		return nil, err
	}
	return &biffRecords{r: bufio.NewReaderSize(stream, 64<<10), buf: make([]byte, 1<<16)}, nil
}

// next reads a record. A stream that ends is cut off: its last record says so.
func (b *biffRecords) next() error {
	var head [4]byte
	if _, err := io.ReadFull(b.r, head[:]); err != nil {
		return endless(err)
	}
	b.id = binary.LittleEndian.Uint16(head[:])
	b.data = b.buf[:binary.LittleEndian.Uint16(head[2:])]
	_, err := io.ReadFull(b.r, b.data)
	return endless(err)
}

// continued tells that the next record goes on with this one.
func (b *biffRecords) continued() bool {
	head, err := b.r.Peek(2)
	return err == nil && binary.LittleEndian.Uint16(head) == recContinue
}

var errBIFF = errors.New("a record of the workbook is too short")

func endless(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return errEnds
	}
	return err
}

var errEnds = errors.New("the workbook ends in its middle")

// fields reads the fields of one record. After one that is not there it is bad, and all
// are zero.
type fields struct {
	data []byte
	bad  bool
}

func (f *fields) take(n int) []byte {
	if f.bad || len(f.data) < n {
		f.bad = true
		return make([]byte, n)
	}
	out := f.data[:n]
	f.data = f.data[n:]
	return out
}

func (f *fields) u8() int     { return int(f.take(1)[0]) }
func (f *fields) u16() int    { return int(binary.LittleEndian.Uint16(f.take(2))) }
func (f *fields) u32() uint32 { return binary.LittleEndian.Uint32(f.take(4)) }
func (f *fields) u64() uint64 { return binary.LittleEndian.Uint64(f.take(8)) }

func (f *fields) err() error {
	if f.bad {
		return errBIFF
	}
	return nil
}
