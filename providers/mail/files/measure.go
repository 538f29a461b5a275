package files

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"hash"
	"io"

	"github.com/isaworks/isa/providers"
)

// kept is how many bytes of a message are held: all of an ordinary one, and of a
// header as much as prints look at.
const kept = 1 << 20

// Measure is what reading a message once tells. It is used for one message after the
// other, by one goroutine; what it returns is valid until the next.
type Measure struct {
	size int64
	head []byte // the first bytes
	sum  hash.Hash
	buf  []byte
}

// NewMeasure makes one.
func NewMeasure() *Measure { return &Measure{buf: make([]byte, lineBuffer)} }

// Read reads a message to its end. With hashed its bytes are hashed too, for
// Print.Body.
func (m *Measure) Read(r io.Reader, hashed bool) error {
	m.size, m.head, m.sum = 0, m.head[:0], nil
	if hashed {
		m.sum = sha256.New()
	}
	for {
		n, err := r.Read(m.buf)
		m.take(m.buf[:n])
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

func (m *Measure) take(p []byte) {
	m.size += int64(len(p))
	if room := kept - len(m.head); room > 0 {
		m.head = append(m.head, p[:min(room, len(p))]...)
	}
	if m.sum != nil {
		m.sum.Write(p) //nolint:errcheck // never fails
	}
}

// Size is the number of bytes.
func (m *Measure) Size() int64 { return m.size }

// Header is the header, the empty line at its end included, or the first MiB of it.
func (m *Measure) Header() []byte {
	if i := bytes.Index(m.head, []byte("\r\n\r\n")); i >= 0 {
		return m.head[:i+4]
	}
	return m.head
}

// Print is the print of the message.
func (m *Measure) Print() (p providers.Print) {
	p.Head = providers.HeadOf(m.head, m.size)
	if m.sum != nil {
		copy(p.Body[:], m.sum.Sum(make([]byte, 0, sha256.Size)))
	}
	return p
}

// Body is the message once more: from memory, or where it is larger from what again
// returns.
func (m *Measure) Body(again func() (io.Reader, error)) (io.Reader, error) {
	if m.size == int64(len(m.head)) {
		return bytes.NewReader(m.head), nil
	}
	return again()
}
