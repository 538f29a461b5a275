package imapgate

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"strconv"
)

// maxSkipped is how many bytes of literals that nobody wants are read, so that the
// connection can go on. Only clients that ignore LITERAL- (RFC 7888) send such.
const maxSkipped = 1 << 20

// errTooLong is a command that cannot be skipped: the connection ends.
var errTooLong = errors.New("the command is too long")

// input reads commands: lines with their literals. Memory is bounded by limit.
type input struct {
	r     *bufio.Reader
	limit int
	buf   []byte // of the last command
}

// refusedLiteral is a command whose literal is not taken; the connection goes on.
type refusedLiteral struct{ tag string }

// Error says so.
func (r *refusedLiteral) Error() string { return "the literal is not taken" }

// next reads a command without its line end; literals stand in it as they came. ask
// asks the client for a literal, takes tells whether the command that begins like
// this may have one.
func (in *input) next(ask func() error, takes func(start []byte) bool) ([]byte, error) {
	in.buf = in.buf[:0]
	var refused *refusedLiteral
	skipped := int64(0)
	for start := 0; ; start = len(in.buf) {
		if err := in.line(); err != nil {
			return nil, err
		}
		n, sync, is := literal(in.buf[start:])
		fits := is && refused == nil && n <= int64(in.limit-len(in.buf)) && takes(in.buf)
		switch {
		case !is && refused != nil:
			return nil, refused
		case !is:
			return bytes.TrimRight(in.buf, "\r\n"), nil
		case sync && !fits: // it is not sent before somebody asks for it
			return nil, &refusedLiteral{tagOf(in.buf)}
		case fits:
			if err := in.body(int(n), sync, ask); err != nil {
				return nil, err
			}
			continue
		}
		if refused == nil {
			refused = &refusedLiteral{tagOf(in.buf)}
		}
		if skipped += n; skipped > maxSkipped || skipped < 0 {
			return nil, errTooLong
		}
		if _, err := io.CopyN(io.Discard, in.r, n); err != nil {
			return nil, err
		}
	}
}

// line appends up to a line end.
func (in *input) line() error {
	for {
		piece, err := in.r.ReadSlice('\n')
		if len(in.buf)+len(piece) > in.limit {
			return errTooLong
		}
		in.buf = append(in.buf, piece...)
		if !errors.Is(err, bufio.ErrBufferFull) {
			return err
		}
	}
}

// body appends a literal as it comes, so that memory is not taken in advance.
func (in *input) body(n int, sync bool, ask func() error) error {
	if sync {
		if err := ask(); err != nil {
			return err
		}
	}
	for n > 0 {
		piece, err := in.r.Peek(min(n, max(in.r.Buffered(), 1)))
		if err != nil {
			return err
		}
		in.buf = append(in.buf, piece...)
		n -= len(piece)
		if _, err := in.r.Discard(len(piece)); err != nil {
			return err
		}
	}
	return nil
}

// literal tells whether a line ends with the beginning of a literal, and whether the
// client waits until it is asked for.
func literal(line []byte) (n int64, sync, ok bool) {
	line = bytes.TrimRight(line, "\r\n")
	open := bytes.LastIndexByte(line, '{')
	if open < 0 || !bytes.HasSuffix(line, []byte("}")) {
		return 0, false, false
	}
	digits := line[open+1 : len(line)-1]
	digits, plus := bytes.CutSuffix(digits, []byte("+"))
	if len(digits) == 0 || digits[0] < '0' || digits[0] > '9' {
		return 0, false, false
	}
	n, err := strconv.ParseInt(string(digits), 10, 64)
	if err != nil && !errors.Is(err, strconv.ErrRange) { // one that is too long for a number is too long
		return 0, false, false
	}
	return n, !plus, true
}

// tagOf is the tag of a command, which the answer repeats; "*" when it has none.
func tagOf(line []byte) string {
	tag, _, _ := bytes.Cut(line, []byte(" "))
	tag = bytes.TrimRight(tag, "\r\n")
	if len(tag) == 0 || len(tag) > 100 || bytes.ContainsFunc(tag, func(r rune) bool { return !isAtom(r) || r == '+' }) {
		return "*"
	}
	return string(tag)
}
