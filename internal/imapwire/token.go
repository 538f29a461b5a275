package imapwire

import (
	"bufio"
	"fmt"
)

// Bounds on what a server may say. A server that goes beyond them is cut off.
const (
	maxWord    = 64 << 10  // bytes of an atom, a quoted string or a small literal
	maxLine    = 64 << 20  // bytes of a response without its literals: a SEARCH of millions
	maxLiteral = 1 << 40   // bytes a literal may announce
	maxDepth   = 64        // parentheses within parentheses
	maxHeader  = 1 << 20   // bytes kept of header fields
	maxFlags   = 1_000     // flags of a message, attributes of a folder
	maxText    = 4 << 10   // bytes kept of words for people
	maxFolders = 100_000   // folders in a listing
	maxNumber  = 1<<63 - 1 // a number of RFC 9051
)

// malformed is an answer that is not IMAP. Nothing after it can be understood.
type malformed string

// Error says what was found.
func (m malformed) Error() string { return "the server sent what is not IMAP: " + string(m) }

// decoder takes responses apart. Slices it returns are valid until its next call.
type decoder struct {
	r    *bufio.Reader
	lit  int64 // bytes of the literal being read that are still to come
	line int   // bytes of this response so far, without literals
	word []byte
}

// begin readies the decoder for the next response.
func (d *decoder) begin() error {
	if err := d.skipLiteral(); err != nil {
		return err
	}
	if cap(d.word) > maxWord {
		d.word = nil // one large header is not held on to
	}
	d.line = 0
	return nil
}

func (d *decoder) byte() (byte, error) {
	b, err := d.r.ReadByte()
	if err != nil {
		return 0, err
	}
	if d.line++; d.line > maxLine {
		return 0, malformed("a response without an end")
	}
	return b, nil
}

func (d *decoder) back() {
	if d.r.UnreadByte() == nil {
		d.line--
	}
}

// peek returns the next byte without taking it.
func (d *decoder) peek() (byte, error) {
	b, err := d.r.Peek(1)
	if err != nil {
		return 0, err
	}
	return b[0], nil
}

// expect takes one byte that has to be b.
func (d *decoder) expect(b byte) error {
	have, err := d.byte()
	if err != nil {
		return err
	}
	if have != b {
		return malformed(fmt.Sprintf("%q where %q has to stand", have, b))
	}
	return nil
}

// take takes the next byte if it is b.
func (d *decoder) take(b byte) (bool, error) {
	have, err := d.peek()
	if err != nil || have != b {
		return false, err
	}
	_, err = d.byte()
	return err == nil, err
}

// spaces takes spaces, of which lax servers send none or several.
func (d *decoder) spaces() error {
	for {
		if ok, err := d.take(' '); !ok {
			return err
		}
	}
}

// atom reads up to a space, a parenthesis, a bracket's end or the end of line. What
// stands in brackets, as in BODY[HEADER.FIELDS ("TO" CC)]<0>, belongs to the atom.
func (d *decoder) atom() ([]byte, error) {
	d.word = d.word[:0]
	inside, quoted := false, false
	for {
		b, err := d.byte()
		if err != nil {
			return nil, err
		}
		switch {
		case b == '\r' || b == '\n':
			if inside {
				return nil, malformed("a bracket without an end")
			}
			d.back()
			return d.word, nil
		case quoted:
			quoted = b != '"'
		case inside:
			quoted = b == '"'
			inside = b != ']'
		case b == ' ' || b == '(' || b == ')':
			d.back()
			return d.word, nil
		case b == '[':
			inside = true
		}
		if len(d.word) >= maxWord {
			return nil, malformed("a word without an end")
		}
		d.word = append(d.word, b)
	}
}

// number reads an unsigned number.
func (d *decoder) number() (uint64, error) {
	var n uint64
	for digits := 0; ; digits++ {
		b, err := d.byte()
		if err != nil {
			return 0, err
		}
		if b < '0' || b > '9' {
			d.back()
			if digits == 0 {
				return 0, malformed(fmt.Sprintf("%q where a number has to stand", b))
			}
			return n, nil
		}
		if n > (maxNumber-uint64(b-'0'))/10 {
			return 0, malformed("a number beyond all bounds")
		}
		n = n*10 + uint64(b-'0')
	}
}

// number32 reads a number that identifies something: a UID, a UIDVALIDITY.
func (d *decoder) number32() (uint32, error) {
	n, err := d.number()
	if err == nil && n > 1<<32-1 {
		err = malformed(fmt.Sprintf("%d as a number of 32 bits", n))
	}
	return uint32(n), err
}

// quoted reads a quoted string; 8-bit bytes pass as they are.
func (d *decoder) quoted() ([]byte, error) {
	if err := d.expect('"'); err != nil {
		return nil, err
	}
	d.word = d.word[:0]
	for {
		b, err := d.byte()
		if err != nil {
			return nil, err
		}
		switch b {
		case '"':
			return d.word, nil
		case '\r', '\n':
			return nil, malformed("a quoted string without an end")
		case '\\':
			if b, err = d.byte(); err != nil {
				return nil, err
			}
			if b == '\r' || b == '\n' {
				return nil, malformed("a quoted string without an end")
			}
		}
		if len(d.word) >= maxWord {
			return nil, malformed("a quoted string without an end")
		}
		d.word = append(d.word, b)
	}
}

// list reads a parenthesised list, calling each at every element.
func (d *decoder) list(each func() error) error {
	if err := d.expect('('); err != nil {
		return err
	}
	for {
		if err := d.spaces(); err != nil {
			return err
		}
		if end, err := d.take(')'); end || err != nil {
			return err
		}
		before := d.line
		if err := each(); err != nil {
			return err
		}
		if d.line == before {
			return malformed("a list that does not go on")
		}
	}
}

// words reads a list of words and strings.
func (d *decoder) words() ([]string, error) {
	var all []string
	err := d.list(func() error {
		word, err := d.name()
		if len(all) < maxFlags {
			all = append(all, word)
		}
		return err
	})
	return all, err
}

// skip takes one value of any kind.
func (d *decoder) skip() error {
	depth := 0
	for {
		if err := d.spaces(); err != nil {
			return err
		}
		b, err := d.peek()
		if err != nil {
			return err
		}
		switch {
		case b == '(':
			if depth++; depth > maxDepth {
				return malformed("too many parentheses within each other")
			}
			_, err = d.byte()
		case b == ')' && depth > 0:
			depth--
			_, err = d.byte()
		case b == ')' || b == '\r' || b == '\n':
			return malformed("nothing where a value has to stand")
		case b == '"':
			_, err = d.quoted()
		default:
			err = d.skipWord()
		}
		if err != nil || depth == 0 {
			return err
		}
	}
}

func (d *decoder) skipWord() error {
	literal, err := d.atLiteral()
	if err != nil {
		return err
	}
	if !literal {
		_, err = d.atom()
		return err
	}
	if _, err = d.literal(); err != nil {
		return err
	}
	return d.skipLiteral()
}

// skipLine takes what is left of a response, with the literals in it.
func (d *decoder) skipLine() error {
	if err := d.skipLiteral(); err != nil {
		return err
	}
	var tail tail
	for {
		b, err := d.byte()
		if err != nil {
			return err
		}
		if b != '\n' {
			tail.add(b)
			continue
		}
		n, ok := tail.literal()
		if !ok {
			return nil
		}
		d.lit = n
		if err := d.skipLiteral(); err != nil {
			return err
		}
		tail = 0
	}
}

// tail recognises a literal's head at the end of a line. It is -1-n while within
// braces with the number n so far, n+1 behind them, 0 anywhere else.
type tail int64

func (t *tail) add(b byte) {
	switch {
	case b == '{':
		*t = -1
	case *t < 0 && b >= '0' && b <= '9' && -1-*t < maxLiteral/10:
		*t = -1 - ((-1-*t)*10 + tail(b-'0'))
	case *t < 0 && b == '+':
	case *t < 0 && b == '}':
		*t = -1 - *t + 1
	case b == '\r':
	default:
		*t = 0
	}
}

func (t tail) literal() (int64, bool) { return int64(t - 1), t > 0 }

// rest reads words for people up to the end of the line; of long ones the beginning.
func (d *decoder) rest() (string, error) {
	d.word = d.word[:0]
	for {
		b, err := d.byte()
		if err != nil {
			return "", err
		}
		if b == '\n' {
			break
		}
		if b != '\r' && len(d.word) < maxText {
			d.word = append(d.word, b)
		}
	}
	return string(d.word), nil
}

func equalFold(b []byte, upper string) bool {
	if len(b) != len(upper) {
		return false
	}
	for i, c := range b {
		if c >= 'a' && c <= 'z' {
			c -= 'a' - 'A'
		}
		if c != upper[i] {
			return false
		}
	}
	return true
}
