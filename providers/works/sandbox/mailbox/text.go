package mailbox

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

// text is a stored message.
type text struct {
	r    *io.SectionReader
	size int64
	buf  []byte

	headerEnd int64 // 0: not looked for yet
	root      *part
}

// content is what a section holds.
type content struct {
	r    io.Reader
	size int64
}

func (t *text) stretch(s stretch) content {
	return content{io.NewSectionReader(t.r, s.from, s.size()), s.size()}
}

func inMemory(b []byte) content { return content{bytes.NewReader(b), int64(len(b))} }

// partial cuts <offset.size> out.
func (c content) partial(p *imap.SectionPartial) content {
	if p == nil {
		return c
	}
	from := min(p.Offset, c.size)
	size := min(p.Size, c.size-from)
	if at, ok := c.r.(io.ReaderAt); ok {
		return content{io.NewSectionReader(at, from, size), size}
	}
	return content{bytes.NewReader(nil), 0}
}

// header is the message's own header, without a look at its parts.
func (t *text) header() (stretch, error) {
	if t.headerEnd == 0 && t.size > 0 {
		end, err := headerEnd(t.r, t.buf)
		if err != nil {
			return stretch{}, err
		}
		t.headerEnd = end
	}
	return stretch{0, t.headerEnd}, nil
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

// parts cuts the message into its parts, once.
func (t *text) parts() (*part, error) {
	if t.root == nil {
		root, err := parseParts(io.NewSectionReader(t.r, 0, t.size))
		if err != nil {
			return nil, err
		}
		t.root = root
	}
	return t.root, nil
}

// section returns what BODY[…] names; nothing for a part that does not exist.
func (t *text) section(s *imap.FetchItemBodySection) (content, error) {
	if len(s.Part) == 0 {
		header, err := t.header()
		if err != nil {
			return content{}, err
		}
		return t.of(s, header, stretch{header.to, t.size}, stretch{0, t.size})
	}
	root, err := t.parts()
	if err != nil {
		return content{}, err
	}
	q := root.at(s.Part)
	switch {
	case q == nil:
		return inMemory(nil), nil
	case s.Specifier == imap.PartSpecifierMIME:
		return t.stretch(q.header), nil
	case s.Specifier == imap.PartSpecifierNone:
		return t.stretch(q.body), nil
	case q.message == nil:
		return inMemory(nil), nil
	}
	return t.of(s, q.message.header, q.message.body, q.body)
}

func (t *text) of(s *imap.FetchItemBodySection, header, body, all stretch) (content, error) {
	switch {
	case len(s.HeaderFields) > 0:
		return t.filtered(header, func(name string) bool { return containsFold(s.HeaderFields, name) })
	case len(s.HeaderFieldsNot) > 0:
		return t.filtered(header, func(name string) bool { return !containsFold(s.HeaderFieldsNot, name) })
	case s.Specifier == imap.PartSpecifierHeader:
		return t.stretch(header), nil
	case s.Specifier == imap.PartSpecifierText:
		return t.stretch(body), nil
	}
	return t.stretch(all), nil
}

func containsFold(list []string, name string) bool {
	return slices.ContainsFunc(list, func(s string) bool { return strings.EqualFold(s, name) })
}

// filtered are some fields of a header, byte for byte, and an empty line.
func (t *text) filtered(header stretch, keep func(name string) bool) (content, error) {
	all, err := t.fields(header)
	if err != nil {
		return content{}, err
	}
	var out []byte
	for _, f := range all {
		if keep(f.name) {
			out = append(out, f.raw...)
		}
	}
	return inMemory(append(out, '\r', '\n')), nil
}

func (t *text) fields(header stretch) (fields, error) {
	raw := make([]byte, min(header.size(), maxHeader))
	if _, err := t.r.ReadAt(raw, header.from); err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	return splitFields(raw), nil
}

// binary returns a part without its transfer encoding: RFC 3516.
func (t *text) binary(path []int) (content, error) {
	root, err := t.parts()
	if err != nil {
		return content{}, err
	}
	if len(path) == 0 {
		return t.stretch(stretch{0, t.size}), nil
	}
	q := root.at(path)
	if q == nil {
		return inMemory(nil), nil
	}
	decoded := t.decoded(q)
	if decoded == nil {
		return t.stretch(q.body), nil
	}
	data, err := io.ReadAll(decoded)
	if err != nil && len(data) == 0 { // it cannot be decoded: it is served as it stands
		return t.stretch(q.body), nil
	}
	return inMemory(data), nil
}

// decoded reads a part without its transfer encoding; nil: it has none.
func (t *text) decoded(q *part) io.Reader {
	body := t.stretch(q.body).r
	switch strings.ToLower(q.fields.first("Content-Transfer-Encoding")) {
	case "base64":
		return base64.NewDecoder(base64.StdEncoding, body)
	case "quoted-printable":
		return quotedprintable.NewReader(body)
	}
	return nil
}
