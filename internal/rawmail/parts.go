package rawmail

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"strings"
)

// The limits of what is looked at as structure; what lies beyond is plain content.
const (
	maxLevels = 64
	maxParts  = 10_000
	maxHeader = 1 << 20 // bytes of one header that are understood
)

// Span is a stretch of a message: the bytes from From up to, without, To.
type Span struct{ From, To int64 }

// Size is the span's length in bytes.
func (s Span) Size() int64 { return s.To - s.From }

// Part is a MIME part, or the whole message, by its offsets: RFC 3501 §6.4.5. Parts
// lie within their parent's Body and do not overlap.
type Part struct {
	Header  Span // with the empty line at its end
	Body    Span
	Lines   int64  // of the body
	Type    string // in lower case; "text" where the header names none
	Subtype string
	Params  Params // of the Content-Type
	Fields  Fields // of the header
	// Children are the parts of a multipart, Message is what a message/rfc822 holds.
	Children []*Part
	Message  *Part
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
	parts      int
	err        error
}

// stop is why a part ended: a boundary line of one of the multiparts around it, or
// the end of the message (level -1).
type stop struct {
	level int
	last  bool
}

// Parse cuts a message into its parts. Memory holds headers, at most 1 MiB of each,
// and no body. An error is the reader's.
func Parse(r io.Reader) (*Part, error) {
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
func (p *parser) part(digest bool) (*Part, stop) {
	p.parts++
	q := &Part{Header: Span{p.at, p.at}}
	var header []byte
	for {
		if !p.next() {
			q.Header.To = p.at
			q.Body = Span{p.at, p.at}
			q.understand(header, digest)
			return q, stop{level: -1}
		}
		if s, ok := p.boundary(); ok {
			q.Header.To = max(q.Header.From, p.start-p.before)
			q.Body = Span{q.Header.To, q.Header.To}
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
	q.Header.To = p.at
	q.understand(header, digest)
	return q, p.content(q)
}

// content reads the body of a part.
func (p *parser) content(q *Part) stop {
	q.Body.From = p.at
	first := p.count
	var end stop
	switch {
	case q.Type == "multipart" && q.Params.Value("boundary") != "" && len(p.boundaries) < maxLevels:
		end = p.multipart(q)
	case q.Type == "message" && (q.Subtype == "rfc822" || q.Subtype == "global") && len(p.boundaries) < maxLevels:
		p.boundaries = append(p.boundaries, "\n") // a level without a boundary, so that nesting ends
		q.Message, end = p.part(false)
		p.boundaries = p.boundaries[:len(p.boundaries)-1]
	default:
		end = p.skip()
	}
	q.Body.To, q.Lines = p.at, p.count-first
	if end.level >= 0 {
		q.Body.To, q.Lines = max(q.Body.From, p.start-p.before), p.counted-first
		if q.Message != nil {
			q.Message.within(q.Body.To)
		}
	}
	return end
}

// within ends a part where the one around it ends: the line end before a boundary belongs
// to the boundary, also when it is the empty line behind a header.
func (q *Part) within(to int64) {
	q.Header.To, q.Body.From, q.Body.To = min(q.Header.To, to), min(q.Body.From, to), min(q.Body.To, to)
	if q.Message != nil {
		q.Message.within(to)
	}
	if n := len(q.Children); n > 0 {
		q.Children[n-1].within(to)
	}
}

// multipart reads the children and what follows them.
func (p *parser) multipart(q *Part) stop {
	own := len(p.boundaries)
	p.boundaries = append(p.boundaries, q.Params.Value("boundary"))
	end := p.skip()
	for end.level == own && !end.last && p.parts < maxParts {
		var child *Part
		child, end = p.part(q.Subtype == "digest")
		q.Children = append(q.Children, child)
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
func (q *Part) understand(header []byte, digest bool) {
	q.Fields = SplitFields(header)
	q.Type, q.Subtype = "text", "plain"
	if digest {
		q.Type, q.Subtype = "message", "rfc822"
	}
	full, params := readParams(q.Fields.First("Content-Type"))
	if kind, sub, ok := strings.Cut(strings.ToLower(full), "/"); ok && kind != "" && sub != "" {
		q.Type, q.Subtype, q.Params = strings.TrimSpace(kind), strings.TrimSpace(sub), params
	}
}

// At finds a part by its number: RFC 3501 §6.4.5. Nil: there is none.
func (q *Part) At(path []int) *Part {
	for i, n := range path {
		if i > 0 && q.Message != nil {
			q = q.Message
		}
		switch {
		case q.Type == "multipart" && n >= 1 && n <= len(q.Children):
			q = q.Children[n-1]
		case q.Type != "multipart" && n == 1:
		default:
			return nil
		}
	}
	return q
}
