package mbox

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"strconv"
	"strings"
)

// style is how bodies with a Content-Length are quoted.
type style byte

const (
	unknown style = iota
	quoted        // mboxcl: like all others
	plain         // mboxcl2: not at all
)

// splitter reads the messages of an mbox, one after the other: next begins one, Read
// reads it. Line ends are those of the file. Memory is one buffer.
type splitter struct {
	at    io.ReaderAt
	size  int64
	b     *bufio.Reader
	off   int64 // of what comes next in b
	style style

	// The message under way.
	start  int64
	from   string // its From line
	header bool   // its header is being read
	bol    bool   // what comes next begins a line
	drop   bool   // the field under way is no part of the message
	body   int64  // bytes of the body that are left, by Content-Length; -1 unknown
	after  int64  // where the message after it begins, by Content-Length; -1 unknown
	done   bool
	blank  []byte // an empty line that may belong to the separator after it
	first  bool   // nothing of it was read yet
	status status

	out, then []byte // to be read, before anything else
}

const splitBuffer = 64 << 10

func newSplitter(at io.ReaderAt, size int64, s style) *splitter {
	p := &splitter{at: at, size: size, style: s, done: true}
	p.b = bufio.NewReaderSize(io.NewSectionReader(at, 0, size), splitBuffer)
	return p
}

// seek goes to an offset, after which next is called.
func (s *splitter) seek(off int64) error {
	s.done, s.out, s.then = true, nil, nil
	if skip := off - s.off; skip >= 0 && skip <= splitBuffer {
		return s.discard(skip)
	}
	s.b.Reset(io.NewSectionReader(s.at, off, max(0, s.size-off)))
	s.off = off
	return nil
}

func (s *splitter) discard(n int64) error {
	done, err := s.b.Discard(int(n))
	s.off += int64(done)
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

// next begins the next message. It reports false at the end of the file, and where no
// message begins. A message that was not read to its end must not be left by next, but
// by seek.
func (s *splitter) next() (bool, error) {
	if s.off == 0 {
		if err := s.preamble(); err != nil {
			return false, err
		}
	}
	begin, err := s.peek()
	if err != nil || !begins(begin, true) {
		return false, err
	}
	line, err := s.b.ReadSlice('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return false, err
	}
	s.start, s.from = s.off, strings.TrimRight(string(line), "\r\n")
	s.off += int64(len(line))
	s.header, s.bol, s.drop, s.body, s.after, s.done, s.blank, s.first, s.status = true, true, false, -1, -1, false, s.blank[:0], true, status{}
	return true, nil
}

// preamble skips what may stand before the first message: a mark of UTF-8, empty lines.
func (s *splitter) preamble() error {
	if mark, err := s.b.Peek(3); err == nil && string(mark) == "\xef\xbb\xbf" {
		if err := s.discard(3); err != nil {
			return err
		}
	}
	for {
		line, err := s.b.Peek(2)
		switch {
		case len(line) > 0 && line[0] == '\n':
			err = s.discard(1)
		case string(line) == "\r\n":
			err = s.discard(2)
		default:
			return over(err)
		}
		if err != nil {
			return over(err)
		}
	}
}

// over leaves out the end of the file.
func over(err error) error {
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

// peek is what comes next, as much as a separator may need.
func (s *splitter) peek() ([]byte, error) {
	text, err := s.b.Peek(longestFrom)
	return text, over(err)
}

// Read implements io.Reader: the message, to its end.
func (s *splitter) Read(p []byte) (int, error) {
	for len(s.out) == 0 {
		if s.out, s.then = s.then, nil; len(s.out) > 0 {
			break
		}
		if s.done {
			return 0, io.EOF
		}
		if err := s.more(); err != nil {
			return 0, err
		}
	}
	n := copy(p, s.out)
	s.out = s.out[n:]
	return n, nil
}

// more reads on.
func (s *splitter) more() error {
	if s.body >= 0 && !s.header {
		return s.bounded()
	}
	if s.bol {
		if end, err := s.ends(); end || err != nil {
			return err
		}
	}
	s.first = false
	line, err := s.b.ReadSlice('\n')
	s.off += int64(len(line))
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, bufio.ErrBufferFull) {
		return err
	}
	if len(line) == 0 {
		s.done = true // in the middle of a line
		return nil
	}
	began := s.bol
	s.bol = line[len(line)-1] == '\n'
	if began && isBlank(line) {
		return s.empty(line)
	}
	if s.header {
		if began {
			if err := s.field(line); err != nil {
				return err
			}
		}
		if s.drop {
			return nil
		}
	}
	if began {
		line = unquoted(line)
	}
	s.emit(line)
	return nil
}

// ends tells whether the message is at its end: at a separator, or at that of the file.
func (s *splitter) ends() (bool, error) {
	begin, err := s.b.Peek(len("From "))
	switch {
	case len(begin) == 0 && errors.Is(err, io.EOF):
		s.done = true
		return true, nil
	case over(err) != nil:
		return false, err
	case string(begin) != "From " || s.first:
		return false, nil // a separator has an empty line, or a message, before it
	}
	text, err := s.peek()
	if err != nil {
		return false, err
	}
	s.done = begins(text, len(s.blank) > 0)
	return s.done, nil
}

// empty takes an empty line: it ends the header, and may belong to the separator.
func (s *splitter) empty(line []byte) error {
	was := s.header
	s.header, s.drop = false, false
	switch {
	case was && s.body == 0 && s.after == s.off:
		return nil // the separator's own: the header has no end
	case was && s.body >= 0:
		s.emit(line)
		return nil
	}
	held := append([]byte(nil), s.blank...)
	s.blank = append(s.blank[:0], line...)
	s.out = held
	return nil
}

// emit gives a line out, after the empty line before it.
func (s *splitter) emit(line []byte) {
	if len(s.blank) == 0 {
		s.out = line
		return
	}
	s.out, s.then = append([]byte(nil), s.blank...), line
	s.blank = s.blank[:0]
}

// field looks at a line of the header.
func (s *splitter) field(line []byte) error {
	if line[0] == ' ' || line[0] == '\t' {
		return nil // goes with the field that it continues
	}
	name, value, ok := bytes.Cut(line, []byte{':'})
	s.drop = false
	if !ok || len(name) > 200 {
		return nil
	}
	text := strings.TrimSpace(string(value[:min(len(value), 4096)]))
	if s.body < 0 && bytes.EqualFold(name, []byte("Content-Length")) {
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil || n < 0 {
			return nil
		}
		s.drop, err = s.honest(n)
		return err
	}
	if s.after >= 0 && bytes.EqualFold(name, []byte("Lines")) { // mutt writes it behind the other
		s.drop = true
		return nil
	}
	s.drop = s.status.note(string(name), text)
	return nil
}

// bounded reads a body whose length is known.
func (s *splitter) bounded() error {
	if s.body == 0 {
		s.done = true
		return s.jump(s.after)
	}
	line, err := s.b.ReadSlice('\n')
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, bufio.ErrBufferFull) {
		return err
	}
	s.off += int64(len(line))
	if len(line) == 0 {
		return io.ErrUnexpectedEOF // the file became shorter
	}
	began := s.bol
	s.bol = line[len(line)-1] == '\n'
	line = line[:min(int64(len(line)), s.body)]
	s.body -= int64(len(line))
	if began && s.style != plain {
		line = unquoted(line)
	}
	s.emit(line)
	return nil
}

// jump goes on at an offset that is not before what was read.
func (s *splitter) jump(off int64) error {
	out, then := s.out, s.then
	err := s.seek(off)
	s.out, s.then = out, then
	return err
}
