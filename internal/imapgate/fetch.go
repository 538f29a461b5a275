package imapgate

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/isaworks/isa/internal/rawmail"
)

// span is a stretch of the open folder's messages: from up to, without, to.
type span struct{ from, to int }

// fetch is RFC 3501 §6.4.5. Every item is a peek.
func (s *session) fetch(p *parser, byUID bool) error {
	set, err := s.set(p, byUID)
	if err != nil {
		return err
	}
	items, err := fetchItems(p)
	if err != nil {
		return err
	}
	for _, i := range items {
		if i.whole != "" {
			s.commands["FETCH "+i.whole]++
		}
	}
	if byUID && !slices.ContainsFunc(items, func(i item) bool { return i.label == "UID" }) {
		items = append([]item{{label: "UID"}}, items...)
	}
	for _, r := range set {
		for n := r.from; n < r.to; n++ {
			if err := s.send(n, items); err != nil {
				return err
			}
		}
	}
	return nil
}

// set reads which messages are meant, in order, each once. Numbers that nobody has
// are passed over.
func (s *session) set(p *parser, byUID bool) ([]span, error) {
	if err := p.space(); err != nil {
		return nil, err
	}
	ranges, err := p.set()
	if err != nil {
		return nil, err
	}
	if err := p.space(); err != nil && p.at < len(p.b) {
		return nil, err
	}
	spans := make([]span, len(ranges))
	for i, r := range ranges {
		spans[i] = s.open.span(r, byUID)
	}
	slices.SortFunc(spans, func(a, b span) int { return a.from - b.from })
	out, at := spans[:0], 0
	for _, r := range spans {
		if r.from = max(r.from, at); r.to > r.from {
			out = append(out, r)
			at = r.to
		}
	}
	return out, nil
}

func (b *box) span(r numRange, byUID bool) span {
	last := b.last(byUID)
	if r.from == 0 {
		r.from = last
	}
	if r.to == 0 {
		r.to = last
	}
	from, to := min(r.from, r.to), max(r.from, r.to)
	if !byUID {
		return span{max(int(from), 1) - 1, min(int(to), len(b.messages))}
	}
	find := func(uid uint32) (int, bool) {
		return slices.BinarySearchFunc(b.messages, uid, func(m Message, uid uint32) int { return int(int64(m.UID) - int64(uid)) })
	}
	i, _ := find(from)
	k, found := find(to)
	if found {
		k++
	}
	return span{i, k}
}

// last is what "*" stands for; 0 in an empty folder.
func (b *box) last(byUID bool) uint32 {
	if n := len(b.messages); n > 0 && byUID {
		return b.messages[n-1].UID
	}
	return uint32(len(b.messages))
}

// send answers one message. What can fail before anything is written fails the
// command; what fails later ends the connection.
func (s *session) send(n int, items []item) error {
	m := &s.open.messages[n]
	var t *rawmail.Message
	if slices.ContainsFunc(items, func(i item) bool { return i.section != nil || reads(i.label) }) {
		body, err := s.offer.Body(s.open.number, n)
		if err != nil {
			return s.trouble(err)
		}
		t = rawmail.NewMessage(body, m.Size, s.copyBuf)
	}
	prepared, err := prepare(t, items)
	if err != nil {
		return s.trouble(err)
	}
	s.out.puts("* ")
	s.out.number(int64(n + 1))
	s.out.puts(" FETCH (")
	for i := range items {
		if i > 0 {
			s.out.puts(" ")
		}
		s.out.puts(items[i].label, " ")
		if err := s.put(n, &items[i], &prepared[i]); err != nil {
			return err
		}
	}
	s.out.puts(")\r\n")
	return nil
}

// reads tells which items need more than the index.
func reads(label string) bool {
	return label == "ENVELOPE" || label == "BODYSTRUCTURE" || label == "BODY"
}

// ready is what was read of a message for an item.
type ready struct {
	content  rawmail.Content
	envelope *rawmail.Envelope
	root     *rawmail.Part
}

// prepare reads all that is needed of a message but the bytes of its sections.
func prepare(t *rawmail.Message, items []item) ([]ready, error) {
	out := make([]ready, len(items))
	for i, it := range items {
		var err error
		switch {
		case it.section != nil:
			out[i].content, err = t.Section(it.section)
			out[i].content = out[i].content.Partial(it.section.Partial)
		case it.label == "ENVELOPE":
			out[i].envelope, err = t.Envelope()
		case reads(it.label):
			out[i].root, err = t.Parts()
		}
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

// put writes the value of an item.
func (s *session) put(n int, it *item, r *ready) error {
	m := &s.open.messages[n]
	switch {
	case it.section != nil:
		return s.putSection(n, it, r.content)
	case it.label == "UID":
		s.out.number(int64(m.UID))
	case it.label == "FLAGS":
		s.putFlags(m)
	case it.label == "INTERNALDATE":
		s.out.puts(`"`, internalDate(m.Date), `"`)
	case it.label == "RFC822.SIZE":
		s.out.number(m.Size)
	case r.envelope != nil:
		s.out.envelope(r.envelope)
	case r.root != nil:
		s.out.structure(r.root, it.label == "BODYSTRUCTURE")
	}
	return nil
}

func (s *session) putFlags(m *Message) {
	s.out.puts("(")
	first := true
	for _, f := range m.Flags {
		if !isFlag(f) || strings.EqualFold(f, `\Recent`) {
			continue
		}
		if !first {
			s.out.puts(" ")
		}
		first = false
		s.out.puts(f)
	}
	s.out.puts(")")
}

// internalDate writes a date-time; one that it cannot hold is the beginning of 1970.
func internalDate(t time.Time) string {
	if t.Year() < 1 || t.Year() > 9999 {
		t = time.Unix(0, 0).UTC()
	}
	return t.Format("_2-Jan-2006 15:04:05 -0700")
}

// putSection writes a literal, and has the offer told of it.
func (s *session) putSection(n int, it *item, c rawmail.Content) error {
	s.out.puts("{")
	s.out.number(c.Size)
	s.out.puts("}\r\n")
	p := place{s.open.number, n}
	if it.text && (it.section.Partial == nil || it.section.Partial.Offset == 0) {
		s.offer.Begun(p.folder, p.n)
	}
	copied, err := io.Copy(s.out, c.Reader)
	if err != nil {
		return fmt.Errorf("in the middle of a message: %w", err)
	}
	if copied != c.Size {
		return fmt.Errorf("in the middle of a message: %d of %d bytes: %w", copied, c.Size, io.ErrUnexpectedEOF)
	}
	if c.Raw {
		s.due = append(s.due, due{s.out.queued(), p, c.Span, s.open.messages[n].Size})
	}
	return nil
}

// store changes nothing and tells the flags as they are: RFC 3501 lets a server keep
// what PERMANENTFLAGS does not name for no longer than it likes.
func (s *session) store(p *parser, byUID bool) error {
	set, err := s.set(p, byUID)
	if err != nil {
		return err
	}
	what, err := p.atom()
	if err != nil {
		return err
	}
	verb := strings.TrimLeft(what, "+-")
	if verb != "FLAGS" && verb != "FLAGS.SILENT" {
		return syntaxError("Unknown item of STORE")
	}
	if s.readOnly {
		return no("READ-ONLY", "The mailbox is open for reading only")
	}
	if verb == "FLAGS.SILENT" {
		return nil
	}
	items := []item{{label: "FLAGS"}}
	if byUID {
		items = []item{{label: "UID"}, {label: "FLAGS"}}
	}
	for _, r := range set {
		for n := r.from; n < r.to; n++ {
			if err := s.send(n, items); err != nil {
				return err
			}
		}
	}
	return nil
}

// expunge finds nothing to remove.
func (s *session) expunge(*parser, string) error {
	if s.readOnly {
		return no("READ-ONLY", "The mailbox is open for reading only")
	}
	return nil
}
