package sheet

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"
)

// xmlScanner reads the XML of worksheets and shared strings as a stream without
// an allocation a token; encoding/xml would take most of the time of a run. It
// knows UTF-8 without document types, as spreadsheets are written, and refuses
// what is cut off. Names are without their prefixes.
type xmlScanner struct {
	r      *bufio.Reader
	name   []byte    // of the tag read last, valid until next
	text   []byte    // of the text read last, valid until next
	attrs  []xmlAttr // of the start tag read last, valid until next
	buf    []byte    // the tag read last
	acc    []byte
	open   []byte // full names of open elements, one behind another
	ends   []int  // their ends in open
	closed bool   // the start tag read last closes itself
	inTag  bool   // a '<' has been read
	root   bool   // the root element has begun
	utf8   bool   // the text is in UTF-8, whatever its declaration says
}

type xmlAttr struct{ name, value []byte }

type xmlToken int

const (
	xmlEnd  xmlToken = iota // of the document
	xmlText                 // also CDATA; a text may come in pieces
	xmlOpen
	xmlClose
)

const (
	maxXMLToken = 16 << 20
	maxXMLDepth = 256
)

var (
	errCutOff   = errors.New("the XML ends in its middle")
	errTooLong  = errors.New("the XML has a piece that is too long")
	errDoctype  = errors.New("the XML has a document type")
	errEncoding = errors.New("the XML is not in UTF-8")
)

func newXMLScanner(r io.Reader) *xmlScanner {
	return &xmlScanner{r: bufio.NewReaderSize(r, 64<<10)}
}

// next reads a token.
func (x *xmlScanner) next() (xmlToken, error) {
	if x.closed {
		x.closed = false
		return xmlClose, x.pop(x.fullName())
	}
	for {
		if !x.inTag {
			more, err := x.readText()
			if err != nil || more {
				return xmlText, err
			}
		}
		if !x.inTag {
			if len(x.ends) > 0 || !x.root {
				return xmlEnd, errCutOff
			}
			return xmlEnd, nil
		}
		x.inTag = false
		token, done, err := x.readTag()
		if err != nil || done {
			return token, err
		}
	}
}

// readText reads up to the next '<' or the end; more tells whether there was
// text.
func (x *xmlScanner) readText() (more bool, err error) {
	s, err := x.until('<', x.acc[:0])
	switch {
	case err == nil:
		x.inTag = true
		s = s[:len(s)-1]
	case !errors.Is(err, io.EOF):
		return false, err
	}
	if len(x.ends) == 0 {
		s = bytes.TrimPrefix(s, []byte("\xEF\xBB\xBF"))
		if len(trimStart(s)) > 0 {
			return false, errors.New("the XML has text outside its root")
		}
		return false, nil
	}
	if len(s) == 0 {
		return false, nil
	}
	x.text, err = unescape(x.text[:0], s)
	return true, err
}

// until reads up to and with delim, appending to acc only when the buffer does
// not hold it.
func (x *xmlScanner) until(delim byte, acc []byte) ([]byte, error) {
	for {
		s, err := x.r.ReadSlice(delim)
		if err == nil && len(acc) == 0 {
			return s, nil
		}
		acc = append(acc, s...)
		x.acc = acc
		if !errors.Is(err, bufio.ErrBufferFull) {
			return acc, err
		}
		if len(acc) > maxXMLToken {
			return nil, errTooLong
		}
	}
}

// readTag reads what follows a '<'; done is false for comments and the like.
func (x *xmlScanner) readTag() (token xmlToken, done bool, err error) {
	c, err := x.r.ReadByte()
	if err != nil {
		return 0, false, cutOff(err)
	}
	switch c {
	case '?':
		return 0, false, x.instruction()
	case '!':
		return x.declaration()
	case '/':
		s, err := x.until('>', x.acc[:0])
		if err != nil {
			return 0, false, cutOff(err)
		}
		full := trimEnd(s[:len(s)-1])
		x.name = localName(full)
		return xmlClose, true, x.pop(full)
	}
	if err := x.r.UnreadByte(); err != nil {
		return 0, false, err
	}
	return xmlOpen, true, x.readOpen()
}

// through reads up to and with a longer delimiter.
func (x *xmlScanner) through(end string) ([]byte, error) {
	x.buf = x.buf[:0]
	for {
		s, err := x.until(end[len(end)-1], x.acc[:0])
		if err != nil {
			return nil, cutOff(err)
		}
		x.buf = append(x.buf, s...)
		if bytes.HasSuffix(x.buf, []byte(end)) {
			return x.buf[:len(x.buf)-len(end)], nil
		}
		if len(x.buf) > maxXMLToken {
			return nil, errTooLong
		}
	}
}

func (x *xmlScanner) instruction() error {
	s, err := x.through("?>")
	if err != nil || x.utf8 || !bytes.HasPrefix(s, []byte("xml ")) {
		return err
	}
	_, after, found := bytes.Cut(bytes.ToLower(s), []byte("encoding"))
	if found && !bytes.Contains(after, []byte("utf-8")) && !bytes.Contains(after, []byte("ascii")) {
		return errEncoding
	}
	return nil
}

func (x *xmlScanner) declaration() (xmlToken, bool, error) {
	head, err := x.r.Peek(2)
	if err != nil {
		return 0, false, cutOff(err)
	}
	if string(head) == "--" {
		if _, err := x.r.Discard(2); err != nil {
			return 0, false, err
		}
		_, err := x.through("-->")
		return 0, false, err
	}
	head, err = x.r.Peek(7)
	if err != nil {
		return 0, false, cutOff(err)
	}
	if string(head) != "[CDATA[" {
		return 0, false, errDoctype
	}
	if len(x.ends) == 0 {
		return 0, false, errors.New("the XML has text outside its root")
	}
	if _, err := x.r.Discard(7); err != nil {
		return 0, false, err
	}
	s, err := x.through("]]>")
	x.text = normalLines(x.text[:0], s)
	return xmlText, true, err
}

// readOpen reads a start tag with its attributes.
func (x *xmlScanner) readOpen() error {
	x.buf = x.buf[:0]
	for quote := byte(0); ; {
		s, err := x.until('>', x.acc[:0])
		if err != nil {
			return cutOff(err)
		}
		x.buf = append(x.buf, s...)
		for _, c := range s {
			switch {
			case quote == 0 && (c == '"' || c == '\''):
				quote = c
			case c == quote:
				quote = 0
			}
		}
		if quote == 0 {
			break
		}
		if len(x.buf) > maxXMLToken {
			return errTooLong
		}
	}
	tag := x.buf[:len(x.buf)-1]
	if n := len(tag); n > 0 && tag[n-1] == '/' {
		x.closed, tag = true, tag[:n-1]
	}
	n := 0
	for n < len(tag) && !xmlSpace(tag[n]) {
		n++
	}
	if n == 0 || len(x.ends) >= maxXMLDepth || len(x.ends) == 0 && x.root {
		return errors.New("the XML is not well formed")
	}
	x.root = true
	x.name = localName(tag[:n])
	x.open = append(x.open, tag[:n]...)
	x.ends = append(x.ends, len(x.open))
	return x.readAttrs(tag[n:])
}

func (x *xmlScanner) readAttrs(s []byte) error {
	x.attrs = x.attrs[:0]
	for {
		s = trimStart(s)
		if len(s) == 0 {
			return nil
		}
		eq := bytes.IndexByte(s, '=')
		if eq <= 0 {
			return errors.New("the XML has an attribute without a value")
		}
		name := localName(trimEnd(s[:eq]))
		s = trimStart(s[eq+1:])
		if len(s) < 2 || s[0] != '"' && s[0] != '\'' {
			return errors.New("the XML has an attribute without quotes")
		}
		end := bytes.IndexByte(s[1:], s[0])
		if end < 0 {
			return errCutOff
		}
		value := s[1 : 1+end]
		if bytes.IndexByte(value, '&') >= 0 || bytes.IndexByte(value, '\r') >= 0 {
			var err error
			if value, err = unescape(nil, value); err != nil {
				return err
			}
		}
		x.attrs = append(x.attrs, xmlAttr{name, value})
		s = s[2+end:]
	}
}

// attr returns an attribute of the start tag read last.
func (x *xmlScanner) attr(name string) ([]byte, bool) {
	for _, a := range x.attrs {
		if string(a.name) == name {
			return a.value, true
		}
	}
	return nil, false
}

func (x *xmlScanner) fullName() []byte {
	start := 0
	if n := len(x.ends); n > 1 {
		start = x.ends[n-2]
	}
	return x.open[start:]
}

func (x *xmlScanner) pop(full []byte) error {
	n := len(x.ends)
	if n == 0 || !bytes.Equal(full, x.fullName()) {
		return fmt.Errorf("the XML closes %q, which is not open", full)
	}
	x.open = x.open[:len(x.open)-len(full)]
	x.ends = x.ends[:n-1]
	return nil
}

// depth is the number of open elements; behind the start tag of an empty
// element it still counts.
func (x *xmlScanner) depth() int { return len(x.ends) }

func xmlSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\r' || c == '\n' }

func trimStart(s []byte) []byte {
	for len(s) > 0 && xmlSpace(s[0]) {
		s = s[1:]
	}
	return s
}

func trimEnd(s []byte) []byte {
	for len(s) > 0 && xmlSpace(s[len(s)-1]) {
		s = s[:len(s)-1]
	}
	return s
}

func localName(full []byte) []byte {
	if i := bytes.IndexByte(full, ':'); i > 0 && i < len(full)-1 {
		return full[i+1:]
	}
	return full // a colon at an end divides nothing
}

func cutOff(err error) error {
	if errors.Is(err, io.EOF) {
		return errCutOff
	}
	return err
}

// unescape appends s with its entities resolved and line ends made "\n".
func unescape(dst, s []byte) ([]byte, error) {
	for {
		amp := bytes.IndexByte(s, '&')
		if amp < 0 {
			return normalLines(dst, s), nil
		}
		dst = normalLines(dst, s[:amp])
		semi := bytes.IndexByte(s[amp:], ';')
		if semi < 0 {
			return nil, errors.New("the XML has an open entity")
		}
		r, err := entity(string(s[amp+1 : amp+semi]))
		if err != nil {
			return nil, err
		}
		dst = utf8.AppendRune(dst, r)
		s = s[amp+semi+1:]
	}
}

func normalLines(dst, s []byte) []byte {
	if bytes.IndexByte(s, '\r') < 0 {
		return append(dst, s...)
	}
	s = bytes.ReplaceAll(s, []byte("\r\n"), []byte("\n"))
	return append(dst, bytes.ReplaceAll(s, []byte("\r"), []byte("\n"))...)
}

func entity(name string) (rune, error) {
	switch name {
	case "lt":
		return '<', nil
	case "gt":
		return '>', nil
	case "amp":
		return '&', nil
	case "quot":
		return '"', nil
	case "apos":
		return '\'', nil
	}
	digits, base := strings.TrimPrefix(name, "#"), 10
	if hex, ok := strings.CutPrefix(digits, "x"); ok {
		digits, base = hex, 16
	}
	n, err := strconv.ParseUint(digits, base, 32)
	if err != nil || !strings.HasPrefix(name, "#") || n > utf8.MaxRune {
		return 0, fmt.Errorf("the XML has an unknown entity %q", name)
	}
	return rune(n), nil
}
