package rawmail

import (
	"bytes"
	"encoding/base64"
	"errors"
	"io"
	"mime/quotedprintable"
	"slices"
	"strings"

	"github.com/emersion/go-imap/v2"
)

// Message is one message in its raw bytes. What was found out about it is kept, so
// that asking again is cheap. It is used by one goroutine.
type Message struct {
	r    *io.SectionReader
	size int64
	buf  []byte

	headerEnd int64 // 0: not looked for yet
	root      *Part
}

// NewMessage reads a message of that many bytes; buf is used while it reads, and may
// be shared by messages that are read one after the other.
func NewMessage(r *io.SectionReader, size int64, buf []byte) *Message {
	return &Message{r: r, size: size, buf: buf}
}

// Size is the message's size in bytes.
func (t *Message) Size() int64 { return t.size }

// Content is what a section holds.
type Content struct {
	Reader io.Reader // yields Size bytes, or fails
	Size   int64
	// Span is where in the message these bytes stand; Raw is false when they stand
	// nowhere in one piece: fields of a header, what was decoded.
	Span Span
	Raw  bool
}

func (t *Message) span(s Span) Content {
	return Content{Reader: io.NewSectionReader(t.r, s.From, s.Size()), Size: s.Size(), Span: s, Raw: true}
}

func inMemory(b []byte) Content { return Content{Reader: bytes.NewReader(b), Size: int64(len(b))} }

// Partial cuts <offset.size> out.
func (c Content) Partial(p *imap.SectionPartial) Content {
	if p == nil {
		return c
	}
	from := min(max(p.Offset, 0), c.Size)
	size := min(max(p.Size, 0), c.Size-from)
	out := Content{Reader: bytes.NewReader(nil), Raw: c.Raw, Span: Span{c.Span.From + from, c.Span.From + from + size}}
	if at, ok := c.Reader.(io.ReaderAt); ok {
		out.Reader, out.Size = io.NewSectionReader(at, from, size), size
	}
	return out
}

// Header is the message's own header, without a look at its parts.
func (t *Message) Header() (Span, error) {
	if t.headerEnd == 0 && t.size > 0 {
		end, err := headerEnd(t.r, t.buf)
		if err != nil {
			return Span{}, err
		}
		t.headerEnd = end
	}
	return Span{0, t.headerEnd}, nil
}

// headerEnd finds where the header ends, with its empty line; without such a line
// all is header.
func headerEnd(r *io.SectionReader, buf []byte) (int64, error) {
	buf = buf[:min(len(buf), 8<<10)]
	var line int64 // where this line begins
	var last byte
	for at := int64(0); ; {
		n, err := r.ReadAt(buf, at)
		for i, c := range buf[:n] {
			if c == '\n' {
				length := at + int64(i) - line
				if length == 0 || length == 1 && last == '\r' {
					return at + int64(i) + 1, nil
				}
				line = at + int64(i) + 1
			}
			last = c
		}
		at += int64(n)
		if errors.Is(err, io.EOF) {
			return at, nil
		}
		if err != nil {
			return 0, err
		}
	}
}

// Parts cuts the message into its parts, once.
func (t *Message) Parts() (*Part, error) {
	if t.root == nil {
		root, err := Parse(io.NewSectionReader(t.r, 0, t.size))
		if err != nil {
			return nil, err
		}
		t.root = root
	}
	return t.root, nil
}

// Section returns what BODY[…] names; nothing for a part that does not exist.
func (t *Message) Section(s *imap.FetchItemBodySection) (Content, error) {
	if len(s.Part) == 0 {
		if s.Specifier == imap.PartSpecifierNone {
			return t.span(Span{0, t.size}), nil
		}
		header, err := t.Header()
		if err != nil {
			return Content{}, err
		}
		return t.of(s, header, Span{header.To, t.size}, Span{0, t.size})
	}
	root, err := t.Parts()
	if err != nil {
		return Content{}, err
	}
	q := root.At(s.Part)
	switch {
	case q == nil:
		return inMemory(nil), nil
	case s.Specifier == imap.PartSpecifierMIME:
		return t.span(q.Header), nil
	case s.Specifier == imap.PartSpecifierNone:
		return t.span(q.Body), nil
	case q.Message == nil:
		return inMemory(nil), nil
	}
	return t.of(s, q.Message.Header, q.Message.Body, q.Body)
}

func (t *Message) of(s *imap.FetchItemBodySection, header, body, all Span) (Content, error) {
	switch {
	case len(s.HeaderFields) > 0:
		return t.filtered(header, func(name string) bool { return containsFold(s.HeaderFields, name) })
	case len(s.HeaderFieldsNot) > 0:
		return t.filtered(header, func(name string) bool { return !containsFold(s.HeaderFieldsNot, name) })
	case s.Specifier == imap.PartSpecifierHeader:
		return t.span(header), nil
	case s.Specifier == imap.PartSpecifierText:
		return t.span(body), nil
	}
	return t.span(all), nil
}

func containsFold(list []string, name string) bool {
	return slices.ContainsFunc(list, func(s string) bool { return strings.EqualFold(s, name) })
}

// filtered are some fields of a header, byte for byte, and an empty line.
func (t *Message) filtered(header Span, keep func(name string) bool) (Content, error) {
	all, err := t.fields(header)
	if err != nil {
		return Content{}, err
	}
	var out []byte
	for _, f := range all {
		if keep(f.Name) {
			out = append(out, f.Raw...)
		}
	}
	return inMemory(append(out, '\r', '\n')), nil
}

// Fields are those of the message's own header, of which at most 1 MiB is read.
func (t *Message) Fields() (Fields, error) {
	header, err := t.Header()
	if err != nil {
		return nil, err
	}
	return t.fields(header)
}

func (t *Message) fields(header Span) (Fields, error) {
	raw := make([]byte, min(header.Size(), maxHeader))
	if _, err := t.r.ReadAt(raw, header.From); err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	return SplitFields(raw), nil
}

// Envelope is the message's.
func (t *Message) Envelope() (*Envelope, error) {
	all, err := t.Fields()
	if err != nil {
		return nil, err
	}
	return EnvelopeOf(all), nil
}

// Binary returns a part without its transfer encoding: RFC 3516. It is in memory as a
// whole.
func (t *Message) Binary(path []int) (Content, error) {
	root, err := t.Parts()
	if err != nil {
		return Content{}, err
	}
	if len(path) == 0 {
		return t.span(Span{0, t.size}), nil
	}
	q := root.At(path)
	if q == nil {
		return inMemory(nil), nil
	}
	decoded := t.decoded(q)
	if decoded == nil {
		return t.span(q.Body), nil
	}
	data, err := io.ReadAll(decoded)
	if err != nil && len(data) == 0 { // it cannot be decoded: it is served as it stands
		return t.span(q.Body), nil
	}
	return inMemory(data), nil
}

// decoded reads a part without its transfer encoding; nil: it has none.
func (t *Message) decoded(q *Part) io.Reader {
	body := io.NewSectionReader(t.r, q.Body.From, q.Body.Size())
	switch strings.ToLower(q.Fields.First("Content-Transfer-Encoding")) {
	case "base64":
		return base64.NewDecoder(base64.StdEncoding, body)
	case "quoted-printable":
		return quotedprintable.NewReader(body)
	}
	return nil
}
