package mbox

import (
	"bytes"
)

// longestHeader is how far the end of a header is looked for.
const longestHeader = 1 << 20

// sampled is how much of a file is looked at for its style.
const sampled = 8 << 20

// honest tells whether a Content-Length of n, in a field just read, leads to a
// separator or to the end of the file; then the body is that long.
func (s *splitter) honest(n int64) (bool, error) {
	body, err := s.headerEnd()
	if err != nil || body < 0 || n > s.size-body {
		return false, err
	}
	end := body + n
	buf := make([]byte, 1+2*len("\r\n")+longestFrom)
	got, err := s.readAt(buf, end-1)
	if err != nil || got == 0 {
		return false, err
	}
	before, rest := buf[0], buf[1:got]
	trimmed := trimLine(trimLine(rest))
	if len(trimmed) > 0 && (!begins(trimmed, true) || before != '\n' && len(trimmed) == len(rest)) {
		return false, nil
	}
	s.body, s.after = n, end+int64(len(rest)-len(trimmed))
	return true, s.guess()
}

// trimLine is text without an empty line at its beginning.
func trimLine(text []byte) []byte {
	for _, end := range [...]string{"\n", "\r\n"} {
		if rest, ok := bytes.CutPrefix(text, []byte(end)); ok {
			return rest
		}
	}
	return text
}

// headerEnd is where the body of the message under way begins, -1 when its header does
// not end. A line of the header was just read.
func (s *splitter) headerEnd() (int64, error) {
	buf := make([]byte, 4096)
	for from := s.off - 1; from < s.off+longestHeader; {
		got, err := s.readAt(buf, from)
		if err != nil || got < 2 {
			return -1, err
		}
		if i := bytes.Index(buf[:got], []byte("\n\n")); i >= 0 {
			if j := bytes.Index(buf[:i], []byte("\n\r\n")); j >= 0 {
				return from + int64(j) + 3, nil
			}
			return from + int64(i) + 2, nil
		}
		if j := bytes.Index(buf[:got], []byte("\n\r\n")); j >= 0 {
			return from + int64(j) + 3, nil
		}
		if got < len(buf) {
			return -1, nil
		}
		from += int64(got - 2) // an end may lie across two reads
	}
	return -1, nil
}

// readAt reads what the file has from an offset on.
func (s *splitter) readAt(buf []byte, off int64) (int, error) {
	if off < 0 || off >= s.size {
		return 0, nil
	}
	n, err := s.at.ReadAt(buf[:min(int64(len(buf)), s.size-off)], off)
	return n, over(err)
}

// guess finds out how bodies with a Content-Length are quoted.
func (s *splitter) guess() error {
	if s.style != unknown {
		return nil
	}
	s.style = quoted
	sample := newSplitter(s.at, min(s.size, sampled), plain)
	for {
		ok, err := sample.next()
		if err != nil || !ok {
			return err
		}
		found, err := sample.holdsFrom()
		if err != nil {
			return err
		}
		if found {
			s.style = plain
			return nil
		}
	}
}

// holdsFrom reads a message to its end and tells whether it has a Content-Length and a
// line that should be quoted.
func (s *splitter) holdsFrom() (bool, error) {
	found := false
	for !s.done {
		s.out, s.then = nil, nil
		began := s.bol
		if err := s.more(); err != nil {
			return false, err
		}
		line := s.out
		if len(s.then) > 0 {
			line = s.then
		}
		found = found || began && bytes.HasPrefix(line, []byte("From "))
	}
	s.out, s.then = nil, nil
	return found && s.after >= 0, nil
}
