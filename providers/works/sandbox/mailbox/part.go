package mailbox

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"mime"
	"strings"
)

// The limits of what is looked at as structure; what lies beyond is plain content.
const (
	maxLevels = 64
	maxHeader = 1 << 20 // bytes of one header that are understood
)

// stretch is a part of a message, by its offsets.
type stretch struct{ from, to int64 }

func (s stretch) size() int64 { return s.to - s.from }

// part is a MIME part, or the whole message, by its offsets: RFC 3501 §6.4.5.
type part struct {
	header   stretch // with the empty line at its end
	body     stretch
	lines    int64 // of the body
	kind     string
	sub      string
	params   map[string]string
	fields   fields
	children []*part // of a multipart
	message  *part   // of a message/rfc822
}

// parser cuts a message into parts in one pass, line by line.
type parser struct {
	r          *bufio.Reader
	at         int64 // of the next line
	start      int64 // of this line
	text       []byte
	before     int64 // bytes of the line end before this line
	ending     int64 // of this line
	count      int64 // line ends up to this line's
	counted    int64 // those before it
	boundaries []string
	err        error
}

// stop is why a part ended: a boundary line of one of the multiparts around it, or
// the end of the message (level -1).
type stop struct {
	level int
	last  bool
}

func parseParts(r io.Reader) (*part, error) {
	p := &parser{r: bufio.NewReaderSize(r, 1<<16)}
	root, _ := p.part(false)
	return root, p.err
}

// next reads a line; false at the end. Of a very long line only the beginning is
// kept.
func (p *parser) next() bool {
	p.start, p.before, p.ending, p.counted = p.at, p.ending, 0, p.count
	p.text = p.text[:0]
	var last, beforeLast byte
	for {
		piece, err := p.r.ReadSlice('\n')
		p.at += int64(len(piece))
		if len(p.text) < maxHeader {
			p.text = append(p.text, piece...)
		}
		if n := len(piece); n > 1 {
			beforeLast, last = piece[n-2], piece[n-1]
		} else if n == 1 {
			beforeLast, last = last, piece[0]
		}
		switch {
		case err == nil:
			p.count++
			p.ending = 1
			if last == '\n' && beforeLast == '\r' {
				p.ending = 2
			}
			return true
		case errors.Is(err, bufio.ErrBufferFull):
		case errors.Is(err, io.EOF):
			return p.at > p.start
		default:
			p.err = err
			return false
		}
	}
}

// boundary tells which multipart's boundary this line is.
func (p *parser) boundary() (stop, bool) {
	if !bytes.HasPrefix(p.text, []byte("--")) {
		return stop{}, false
	}
	line := string(bytes.TrimRight(p.text[2:], " \t\r\n"))
	for level := len(p.boundaries) - 1; level >= 0; level-- {
		switch b := p.boundaries[level]; line {
		case b:
			return stop{level, false}, true
		case b + "--":
			return stop{level, true}, true
		}
	}
	return stop{}, false
}

// part reads a part up to the boundary that ends it. digest: it lies in a
// multipart/digest.
func (p *parser) part(digest bool) (*part, stop) {
	q := &part{header: stretch{p.at, p.at}}
	var header []byte
	for {
		if !p.next() {
			q.header.to = p.at
			q.body = stretch{p.at, p.at}
			q.understand(header, digest)
			return q, stop{level: -1}
		}
		if s, ok := p.boundary(); ok {
			q.header.to = max(q.header.from, p.start-p.before)
			q.body = stretch{q.header.to, q.header.to}
			q.understand(header, digest)
			return q, s
		}
		if len(header) < maxHeader {
			header = append(header, p.text...)
		}
		if len(bytes.TrimRight(p.text, "\r\n")) == 0 {
			break
		}
	}
	q.header.to = p.at
	q.understand(header, digest)
	return q, p.content(q)
}

// content reads the body of a part.
func (p *parser) content(q *part) stop {
	q.body.from = p.at
	first := p.count
	var end stop
	switch {
	case q.kind == "multipart" && q.params["boundary"] != "" && len(p.boundaries) < maxLevels:
		end = p.multipart(q)
	case q.kind == "message" && (q.sub == "rfc822" || q.sub == "global") && len(p.boundaries) < maxLevels:
		p.boundaries = append(p.boundaries, "\n") // a level without a boundary, so that nesting ends
		q.message, end = p.part(false)
		p.boundaries = p.boundaries[:len(p.boundaries)-1]
	default:
		end = p.skip()
	}
	q.body.to, q.lines = p.at, p.count-first
	if end.level >= 0 {
		q.body.to, q.lines = max(q.body.from, p.start-p.before), p.counted-first
	}
	return end
}

// multipart reads the children and what follows them.
func (p *parser) multipart(q *part) stop {
	own := len(p.boundaries)
	p.boundaries = append(p.boundaries, q.params["boundary"])
	end := p.skip()
	for end.level == own && !end.last {
		var child *part
		child, end = p.part(q.sub == "digest")
		q.children = append(q.children, child)
	}
	p.boundaries = p.boundaries[:own]
	if end.level == own {
		end = p.skip()
	}
	return end
}

func (p *parser) skip() stop {
	for p.next() {
		if s, ok := p.boundary(); ok {
			return s
		}
	}
	return stop{level: -1}
}

// understand takes the type of a part from its header.
func (q *part) understand(header []byte, digest bool) {
	q.fields = splitFields(header)
	q.kind, q.sub = "text", "plain"
	if digest {
		q.kind, q.sub = "message", "rfc822"
	}
	value := q.fields.first("Content-Type")
	if value == "" {
		return
	}
	full, params, err := mime.ParseMediaType(value)
	if err != nil && full == "" {
		full, _, _ = strings.Cut(value, ";")
	}
	if kind, sub, ok := strings.Cut(strings.ToLower(strings.TrimSpace(full)), "/"); ok && kind != "" && sub != "" {
		q.kind, q.sub, q.params = kind, sub, params
	}
}

// at finds a part by its number: RFC 3501 §6.4.5. Nil: there is none.
func (q *part) at(path []int) *part {
	for i, n := range path {
		if i > 0 && q.message != nil {
			q = q.message
		}
		switch {
		case q.kind == "multipart" && n >= 1 && n <= len(q.children):
			q = q.children[n-1]
		case q.kind != "multipart" && n == 1:
		default:
			return nil
		}
	}
	return q
}

// field is a header field as it stands, with its line ends.
type field struct {
	name string
	raw  []byte
}

type fields []field

// splitFields cuts a header into its fields. What is no field is passed over.
func splitFields(header []byte) fields {
	var out fields
	for len(header) > 0 {
		end := bytes.IndexByte(header, '\n') + 1
		if end == 0 {
			end = len(header)
		}
		for end < len(header) && (header[end] == ' ' || header[end] == '\t') {
			next := bytes.IndexByte(header[end:], '\n') + 1
			if next == 0 {
				next = len(header) - end
			}
			end += next
		}
		raw := header[:end]
		header = header[end:]
		if name, _, ok := bytes.Cut(raw, []byte(":")); ok && !bytes.ContainsAny(name, "\r\n") {
			out = append(out, field{string(bytes.TrimRight(name, " \t")), raw})
		}
	}
	return out
}

// value is the text of a field on one line.
func (f field) value() string {
	_, v, _ := bytes.Cut(f.raw, []byte(":"))
	v = bytes.ReplaceAll(bytes.ReplaceAll(v, []byte("\r"), nil), []byte("\n"), nil)
	return strings.TrimSpace(string(v))
}

func (l fields) first(name string) string {
	for _, f := range l {
		if strings.EqualFold(f.name, name) {
			return f.value()
		}
	}
	return ""
}
