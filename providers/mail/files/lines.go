package files

import (
	"bytes"
	"context"
	"io"
)

// Lines reads what r holds with CRLF at the end of each line: LF without a CR before
// it becomes CRLF, all else stays. It holds one buffer.
type Lines struct {
	from io.Reader
	buf  []byte
	in   []byte // read and not converted yet
	cr   bool   // the byte before in is CR
	owed bool   // the LF after a CR that was put in
	err  error
}

const lineBuffer = 32 << 10

// NewLines reads r so.
func NewLines(r io.Reader) *Lines { return &Lines{from: r, buf: make([]byte, lineBuffer)} }

// Reset begins anew with another reader.
func (l *Lines) Reset(r io.Reader) { l.from, l.in, l.cr, l.owed, l.err = r, nil, false, false, nil }

// Read implements io.Reader.
func (l *Lines) Read(p []byte) (n int, err error) {
	if len(p) == 0 {
		return 0, nil
	}
	for n == 0 {
		if len(l.in) == 0 {
			if l.err != nil {
				return 0, l.err
			}
			var got int
			got, l.err = l.from.Read(l.buf)
			l.in = l.buf[:got]
			continue
		}
		n = l.convert(p)
	}
	return n, nil
}

// convert fills p from what was read.
func (l *Lines) convert(p []byte) (n int) {
	for n < len(p) && len(l.in) > 0 {
		if l.in[0] == '\n' {
			if !l.cr && !l.owed {
				p[n], l.owed = '\r', true
				n++
				continue
			}
			p[n], l.owed, l.cr = '\n', false, false
			n++
			l.in = l.in[1:]
			continue
		}
		run := l.in
		if i := bytes.IndexByte(run, '\n'); i >= 0 {
			run = run[:i]
		}
		k := copy(p[n:], run)
		l.cr = run[k-1] == '\r'
		l.in = l.in[k:]
		n += k
	}
	return n
}

// Cut is r, ended by the end of ctx.
func Cut(ctx context.Context, r io.Reader) io.Reader { return &cut{ctx, r} }

type cut struct {
	ctx  context.Context
	from io.Reader
}

// Read implements io.Reader.
func (c *cut) Read(p []byte) (int, error) {
	if err := Ended(c.ctx); err != nil {
		return 0, err
	}
	return c.from.Read(p)
}
