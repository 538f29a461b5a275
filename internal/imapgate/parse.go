package imapgate

import (
	"bytes"
	"strconv"
	"strings"
)

// syntaxError is what is wrong with a command, for the client.
type syntaxError string

// Error returns the words.
func (e syntaxError) Error() string { return string(e) }

// maxDepth is how deep lists may lie in each other.
const maxDepth = 50

// parser reads the parts of a command (RFC 3501 §9). It takes more than the grammar
// does: several blanks for one, blanks at the end, atoms with "]".
type parser struct {
	b     []byte
	at    int
	depth int
}

// isAtom: RFC 3501's ATOM-CHAR, and bytes beyond ASCII, which some clients send raw.
func isAtom(r rune) bool {
	return r > ' ' && r != 0x7f && !strings.ContainsRune(`(){%*"\]`, r)
}

func (p *parser) peek() byte {
	if p.at < len(p.b) {
		return p.b[p.at]
	}
	return 0
}

// take passes over c, if it comes next.
func (p *parser) take(c byte) bool {
	if p.at < len(p.b) && p.b[p.at] == c {
		p.at++
		return true
	}
	return false
}

func (p *parser) expect(c byte) error {
	if !p.take(c) {
		return syntaxError("expected " + strconv.QuoteRune(rune(c)))
	}
	return nil
}

// space passes over blanks; there must be one, unless a list begins.
func (p *parser) space() error {
	if p.peek() != ' ' && p.peek() != '(' {
		return syntaxError("expected a blank")
	}
	p.blanks()
	return nil
}

func (p *parser) blanks() {
	for p.take(' ') {
	}
}

// end expects that nothing follows.
func (p *parser) end() error {
	p.blanks()
	if p.at < len(p.b) {
		return syntaxError("something follows that does not belong to the command")
	}
	return nil
}

// run reads as long as ok says so.
func (p *parser) run(ok func(c byte) bool) string {
	start := p.at
	for p.at < len(p.b) && ok(p.b[p.at]) {
		p.at++
	}
	return string(p.b[start:p.at])
}

func atomByte(c byte) bool    { return isAtom(rune(c)) }
func astringByte(c byte) bool { return isAtom(rune(c)) || c == ']' }
func listByte(c byte) bool    { return astringByte(c) || c == '%' || c == '*' }

// atom reads an atom, in upper case.
func (p *parser) atom() (string, error) {
	s := p.run(atomByte)
	if s == "" {
		return "", syntaxError("expected an atom")
	}
	return strings.ToUpper(s), nil
}

// text reads a string, or else characters that ok takes.
func (p *parser) text(ok func(c byte) bool) (string, error) {
	switch p.peek() {
	case '"':
		return p.quoted()
	case '{':
		return p.literal()
	}
	s := p.run(ok)
	if s == "" {
		return "", syntaxError("expected a string")
	}
	return s, nil
}

func (p *parser) astring() (string, error) { return p.text(astringByte) }

func (p *parser) quoted() (string, error) {
	var b strings.Builder
	for p.at++; p.at < len(p.b); p.at++ {
		c := p.b[p.at]
		switch c {
		case '"':
			p.at++
			return b.String(), nil
		case '\\':
			if p.at++; p.at < len(p.b) {
				b.WriteByte(p.b[p.at])
			}
		case '\r', '\n', 0:
			return "", syntaxError("a quoted string does not end")
		default:
			b.WriteByte(c)
		}
	}
	return "", syntaxError("a quoted string does not end")
}

// literal reads what input.next put in place.
func (p *parser) literal() (string, error) {
	head, rest, found := bytes.Cut(p.b[p.at:], []byte("\n"))
	n, _, ok := literal(head)
	if !found || !ok || n > int64(len(rest)) || head[0] != '{' || bytes.Count(head, []byte("{")) != 1 {
		return "", syntaxError("a literal is not in order")
	}
	p.at += len(head) + 1 + int(n)
	return string(rest[:n]), nil
}

// number reads a number of 63 bits at most.
func (p *parser) number() (int64, error) {
	s := p.run(func(c byte) bool { return c >= '0' && c <= '9' })
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		return 0, syntaxError("expected a number")
	}
	return n, nil
}

// list reads a list in parentheses; what is between them is read by each.
func (p *parser) list(each func() error) error {
	if err := p.expect('('); err != nil {
		return err
	}
	if p.depth++; p.depth > maxDepth {
		return syntaxError("lists lie too deep in each other")
	}
	defer func() { p.depth-- }()
	p.blanks()
	for !p.take(')') {
		if p.at >= len(p.b) {
			return syntaxError("a list does not end")
		}
		if err := each(); err != nil {
			return err
		}
		if p.peek() != ')' {
			if err := p.space(); err != nil {
				return err
			}
		}
	}
	return nil
}

// numRange is a part of a set; 0 is "*", the last.
type numRange struct{ from, to uint32 }

// set reads a sequence-set.
func (p *parser) set() ([]numRange, error) {
	var out []numRange
	for {
		from, err := p.setNumber()
		if err != nil {
			return nil, err
		}
		r := numRange{from, from}
		if p.take(':') {
			if r.to, err = p.setNumber(); err != nil {
				return nil, err
			}
		}
		out = append(out, r)
		if !p.take(',') {
			return out, nil
		}
	}
}

func (p *parser) setNumber() (uint32, error) {
	if p.take('*') {
		return 0, nil
	}
	n, err := p.number()
	if err != nil || n == 0 || n > 1<<32-1 {
		return 0, syntaxError("expected the number of a message")
	}
	return uint32(n), nil
}
