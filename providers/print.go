package providers

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"hash"
	"time"
)

// Head is Print.Head of a message by its Message-ID. Its last bit is 1
// (Head[15]&1 == 1), which says that the head names a Message-ID: when no other
// message has the head, and the dates are equal, it is the message. A head without
// one (see HeadOf) ends in 0, and bodies have to be compared.
//
// id counts without white space, line ends and bytes beyond ASCII, which servers
// treat differently. The date of receipt does not count: there are servers that do not
// keep it.
func Head(id string, size int64) [16]byte {
	return head(1, []string{id}, size)
}

// head hashes the kind of head, then each text with an end mark, and the size.
func head(named byte, texts []string, size int64) (h [16]byte) {
	buf := make([]byte, 0, 256)
	buf = append(buf, named)
	for _, text := range texts {
		buf = append(essence(buf, text), 0)
	}
	buf = binary.BigEndian.AppendUint64(buf, uint64(size))
	sum := sha256.Sum256(buf)
	copy(h[:], sum[:])
	h[15] = h[15]&^1 | named
	return h
}

// essence appends the visible ASCII of text.
func essence(buf []byte, text string) []byte {
	for i := range len(text) {
		if text[i] > 0x20 && text[i] < 0x7f {
			buf = append(buf, text[i])
		}
	}
	return buf
}

// HeadFields are the header fields that HeadOf looks at.
func HeadFields() []string { return []string{"MESSAGE-ID", "FROM", "TO", "DATE", "SUBJECT"} }

// HeadOf is Print.Head of a message by its header, or by the HeadFields of it: by the
// first Message-ID, else by the first From, To, Date and Subject. The header may end
// anywhere.
func HeadOf(header []byte, size int64) [16]byte {
	fields := HeadFields()
	values := make([]string, len(fields))
	seen := make([]bool, len(fields))
	current := -1
	for line := range bytes.Lines(header) {
		if len(bytes.TrimRight(line, "\r\n")) == 0 {
			break
		}
		if line[0] == ' ' || line[0] == '\t' {
			if current >= 0 {
				values[current] += string(line)
			}
			continue
		}
		current = -1
		name, value, ok := bytes.Cut(line, []byte{':'})
		if !ok {
			continue
		}
		for i, field := range fields {
			if !seen[i] && bytes.EqualFold(bytes.TrimRight(name, " \t"), []byte(field)) {
				current, seen[i], values[i] = i, true, string(value)
			}
		}
	}
	if len(essence(nil, values[0])) > 0 {
		return head(1, values[:1], size)
	}
	return head(0, values[1:], size)
}

// Printer makes the Print of a message from its bytes as they pass. The zero value
// is not ready; use NewPrinter. It is for one goroutine.
type Printer struct {
	sum    hash.Hash
	header []byte
	whole  bool // the header is complete
	size   int64
}

// printedHeader is how much of a header is looked at.
const printedHeader = 1 << 20

// NewPrinter makes a Printer.
func NewPrinter() *Printer { return &Printer{sum: sha256.New()} }

// Reset makes the printer ready for another message.
func (p *Printer) Reset() {
	p.sum.Reset()
	p.header, p.whole, p.size = p.header[:0], false, 0
}

// Write takes the next bytes of the message. It never fails.
func (p *Printer) Write(b []byte) (int, error) {
	p.size += int64(len(b))
	p.sum.Write(b)
	if !p.whole {
		p.take(b)
	}
	return len(b), nil
}

// take keeps b as far as the header goes.
func (p *Printer) take(b []byte) {
	from := max(0, len(p.header)-3) // an end may lie across two writes
	p.header = append(p.header, b[:min(len(b), printedHeader-len(p.header))]...)
	rest := p.header[from:]
	for _, end := range [...]string{"\r\n\r\n", "\n\n", "\n\r\n"} {
		if i := bytes.Index(rest, []byte(end)); i >= 0 {
			p.header, p.whole = p.header[:from+i+len(end)], true
			rest = p.header[from:]
		}
	}
	p.whole = p.whole || len(p.header) >= printedHeader
}

// Size is the number of bytes so far.
func (p *Printer) Size() int64 { return p.size }

// Print is the print of all bytes so far as a message.
func (p *Printer) Print() Print {
	out := Print{Head: HeadOf(p.header, p.size)}
	copy(out.Body[:], p.sum.Sum(make([]byte, 0, sha256.Size)))
	return out
}

// RetryAfter is how long a service asked to wait before trying again, 0 when err
// does not tell. Causes tell it by a method RetryAfter.
func RetryAfter(err error) time.Duration {
	var told interface{ RetryAfter() time.Duration }
	if errors.As(err, &told) {
		return told.RetryAfter()
	}
	return 0
}
