package rawmail

import (
	"bytes"
	"io"
	"net/mail"
	"strings"
	"time"

	"github.com/emersion/go-imap/v2"
)

// maxSearched is how many bytes of a part are searched for words.
const maxSearched = 4 << 20

// Candidate is a message that a SEARCH looks at: what an index knows of it, and its
// bytes, which are read only if they are asked for.
type Candidate struct {
	Seq, UID         uint32
	LastSeq, LastUID uint32 // of the folder: what "*" stands for
	Flags            []imap.Flag
	Date             time.Time // INTERNALDATE
	Message          *Message

	fields Fields // nil: not read yet
}

// Matches tells whether the message is what the criteria ask for: RFC 3501 §6.4.4. It
// asks what is in the index first. An *imap.Error says what is not supported.
func (m *Candidate) Matches(c *imap.SearchCriteria) (bool, error) {
	if ok, err := m.named(c); !ok || err != nil {
		return false, err
	}
	size := m.Message.Size()
	if !flagsMatch(m.Flags, c) || !within(m.Date, c.Since, c.Before) || c.Larger != 0 && size <= c.Larger || c.Smaller != 0 && size >= c.Smaller {
		return false, nil
	}
	if ok, err := m.read(c); !ok || err != nil {
		return false, err
	}
	for i := range c.Not {
		if ok, err := m.Matches(&c.Not[i]); ok || err != nil {
			return false, err
		}
	}
	for i := range c.Or {
		ok, err := m.Matches(&c.Or[i][0])
		if !ok && err == nil {
			ok, err = m.Matches(&c.Or[i][1])
		}
		if !ok || err != nil {
			return false, err
		}
	}
	return true, nil
}

// named tells whether the message is in all sets of the criteria.
func (m *Candidate) named(c *imap.SearchCriteria) (bool, error) {
	for _, set := range c.SeqNum {
		in := false
		for _, r := range set {
			in = in || inRange(m.Seq, r.Start, r.Stop, m.LastSeq)
		}
		if !in {
			return false, nil
		}
	}
	for _, set := range c.UID {
		if imap.IsSearchRes(set) {
			return false, &imap.Error{Type: imap.StatusResponseTypeBad, Text: "SEARCHRES is not supported"}
		}
		in := false
		for _, r := range set {
			in = in || inRange(m.UID, uint32(r.Start), uint32(r.Stop), m.LastUID)
		}
		if !in {
			return false, nil
		}
	}
	return true, nil
}

// inRange: 0 is "*", the last.
func inRange(n, from, to, last uint32) bool {
	if from == 0 {
		from = last
	}
	if to == 0 {
		to = last
	}
	return min(from, to) <= n && n <= max(from, to)
}

func flagsMatch(flags []imap.Flag, c *imap.SearchCriteria) bool {
	have := func(want imap.Flag) bool {
		for _, f := range flags {
			if strings.EqualFold(string(f), string(want)) {
				return true
			}
		}
		return false
	}
	for _, f := range c.Flag {
		if !have(f) {
			return false
		}
	}
	for _, f := range c.NotFlag {
		if have(f) {
			return false
		}
	}
	return true
}

// within compares days, without regard to time and zone: RFC 3501 §6.4.4.
func within(t, since, before time.Time) bool {
	day := func(t time.Time) time.Time { return time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, time.UTC) }
	return (since.IsZero() || !day(t).Before(day(since))) && (before.IsZero() || day(t).Before(day(before)))
}

// read asks what is in the message itself.
func (m *Candidate) read(c *imap.SearchCriteria) (bool, error) {
	if len(c.Header) > 0 || !c.SentSince.IsZero() || !c.SentBefore.IsZero() || len(c.Text) > 0 {
		if err := m.readHeader(); err != nil {
			return false, err
		}
	}
	for _, h := range c.Header {
		if !m.hasField(h.Key, h.Value) {
			return false, nil
		}
	}
	if !c.SentSince.IsZero() || !c.SentBefore.IsZero() {
		sent, err := mail.ParseDate(m.fields.First("Date"))
		if err != nil || !within(sent, c.SentSince, c.SentBefore) { // without a date it was sent at none
			return false, nil
		}
	}
	for _, w := range c.Text {
		if ok, err := m.bodyHas(w); err != nil || !ok && !m.hasField("", w) {
			return false, err
		}
	}
	for _, w := range c.Body {
		if ok, err := m.bodyHas(w); err != nil || !ok {
			return false, err
		}
	}
	return true, nil
}

func (m *Candidate) readHeader() error {
	if m.fields != nil {
		return nil
	}
	all, err := m.Message.Fields()
	if m.fields = all; all == nil {
		m.fields = Fields{}
	}
	return err
}

// hasField tells whether a field (any, if name is empty) contains a text, as it
// stands or decoded.
func (m *Candidate) hasField(name, value string) bool {
	for _, f := range m.fields {
		if name != "" && !strings.EqualFold(f.Name, name) {
			continue
		}
		v := f.Value()
		if contains(v, value) {
			return true
		}
		if decoded, err := decoder().DecodeHeader(v); err == nil && contains(decoded, value) {
			return true
		}
	}
	return false
}

func contains(s, part string) bool {
	return strings.Contains(strings.ToLower(s), strings.ToLower(part))
}

// bodyHas tells whether a text part, decoded, or else the body as it stands
// contains a text.
func (m *Candidate) bodyHas(value string) (bool, error) {
	root, err := m.Message.Parts()
	if err != nil {
		return false, err
	}
	return m.partHas(root, []byte(strings.ToLower(value)))
}

func (m *Candidate) partHas(q *Part, value []byte) (bool, error) {
	for _, child := range append(q.Children[:len(q.Children):len(q.Children)], q.Message) {
		if child == nil {
			continue
		}
		if ok, err := m.partHas(child, value); ok || err != nil {
			return ok, err
		}
	}
	if q.Type != "text" {
		return false, nil
	}
	r := m.Message.decoded(q)
	if r == nil {
		r = io.NewSectionReader(m.Message.r, q.Body.From, q.Body.Size())
	}
	if inner, err := inCharset(q.Params.Value("charset"), r); err == nil {
		r = inner
	}
	data, err := io.ReadAll(io.LimitReader(r, maxSearched))
	if err != nil && len(data) == 0 { // it cannot be decoded: it contains nothing
		return false, nil
	}
	return bytes.Contains(bytes.ToLower(data), value), nil
}
