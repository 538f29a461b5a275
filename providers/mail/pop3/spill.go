package pop3

import (
	"bytes"
	"io"
	"os"

	"github.com/isaworks/isa/internal/diag"
)

const (
	headerBytes = 1 << 20 // of a header that are looked at
	memoryBytes = 1 << 20 // of a message that are held in memory
	mostBytes   = 1 << 31 // of a message, so that a server cannot fill the disk
)

// spill holds one message after the other: what is larger than its room lies in a file.
type spill struct {
	dir  string
	room int
	buf  []byte // the beginning
	size int64
	file *os.File // nil: buf is all of it
}

func newSpill(dir string, room int) *spill { return &spill{dir: dir, room: room} }

// head keeps the beginning of what r holds, and reads all of it.
func (s *spill) head(r io.Reader) error {
	s.clear()
	if err := s.fill(r); err != nil {
		return err
	}
	n, err := io.Copy(io.Discard, r)
	s.size += n
	return err
}

// all keeps all that r holds.
func (s *spill) all(r io.Reader) error {
	s.clear()
	if err := s.fill(r); err != nil || len(s.buf) < s.room {
		return err
	}
	file, err := os.CreateTemp(s.dir, "isa-message-")
	if err != nil {
		return &diag.Failure{Class: diag.Unavailable, Op: "keep a large message", Err: err}
	}
	s.file = file
	if _, err := file.Write(s.buf); err != nil {
		return &diag.Failure{Class: diag.Unavailable, Op: "keep a large message", Err: err}
	}
	n, err := io.Copy(file, io.LimitReader(r, mostBytes))
	if s.size += n; n == mostBytes {
		return malformed("a message without end")
	}
	return err
}

// fill reads what there is room for.
func (s *spill) fill(r io.Reader) error {
	if s.buf == nil {
		s.buf = make([]byte, 0, 64<<10)
	}
	for len(s.buf) < s.room {
		if len(s.buf) == cap(s.buf) {
			s.buf = append(s.buf, 0)[:len(s.buf)]
		}
		n, err := r.Read(s.buf[len(s.buf):min(cap(s.buf), s.room)])
		s.buf = s.buf[:len(s.buf)+n]
		s.size += int64(n)
		if err == io.EOF { //nolint:errorlint // what readers return at their end is io.EOF itself
			return nil
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// header is the header, the empty line at its end included, as far as it is held.
func (s *spill) header() []byte {
	if i := bytes.Index(s.buf, []byte("\r\n\r\n")); i >= 0 {
		return s.buf[:i+4]
	}
	return s.buf
}

// body is the message from its beginning.
func (s *spill) body() (io.Reader, error) {
	if s.file == nil {
		return bytes.NewReader(s.buf), nil
	}
	_, err := s.file.Seek(0, io.SeekStart)
	return s.file, err
}

func (s *spill) clear() {
	s.close()
	s.buf, s.size = s.buf[:0], 0
}

// close removes the file.
func (s *spill) close() {
	if s.file != nil {
		_ = s.file.Close()           // nobody needs it any more
		_ = os.Remove(s.file.Name()) // it lies where such files are removed
		s.file = nil
	}
}
