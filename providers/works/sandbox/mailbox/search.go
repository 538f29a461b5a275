package mailbox

import (
	"bytes"
	"io"
	"net/mail"
	"strings"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapserver"
)

// maxSearched is how many bytes of a part are searched for words.
const maxSearched = 4 << 20

// Search finds messages of the selected folder.
func (s *session) Search(kind imapserver.NumKind, criteria *imap.SearchCriteria, _ *imap.SearchOptions) (*imap.SearchData, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	q := &search{session: s, sets: map[*imap.SearchCriteria][]map[uint32]bool{}}
	if err := q.prepare(criteria); err != nil {
		return nil, err
	}
	all, err := s.look(s.view.uids, false)
	if err != nil {
		return nil, err
	}
	var seqs imap.SeqSet
	var found imap.UIDSet
	data := &imap.SearchData{}
	for i := range all {
		m := &candidate{picked: &all[i], text: &text{r: io.NewSectionReader(s.box.data, all[i].at, int64(all[i].size)), size: int64(all[i].size), buf: s.buf}}
		ok, err := q.matches(m, criteria)
		if err != nil {
			return nil, err
		}
		if !ok {
			continue
		}
		n := m.uid
		if kind == imapserver.NumKindSeq {
			n = m.seq
		}
		found = addUID(found, n)
		if data.Count == 0 {
			data.Min = n
		}
		data.Max = n
		data.Count++
	}
	data.All = found
	if kind == imapserver.NumKindSeq {
		for _, r := range found {
			seqs = append(seqs, imap.SeqRange{Start: uint32(r.Start), Stop: uint32(r.Stop)})
		}
		data.All = seqs
	}
	return data, nil
}

// search is one SEARCH. sets holds, for criteria that name messages, which these are.
type search struct {
	session *session
	sets    map[*imap.SearchCriteria][]map[uint32]bool
}

// candidate is a message with what was read of it.
type candidate struct {
	*picked
	text   *text
	fields fields // nil: not read yet
}

func (q *search) prepare(c *imap.SearchCriteria) error {
	var named []imap.NumSet
	for _, set := range c.SeqNum {
		named = append(named, set)
	}
	for _, set := range c.UID {
		named = append(named, set)
	}
	for _, set := range named {
		list, err := q.session.view.pick(set)
		if err != nil {
			return err
		}
		in := make(map[uint32]bool, len(list))
		for _, uid := range list {
			in[uid] = true
		}
		q.sets[c] = append(q.sets[c], in)
	}
	for i := range c.Not {
		if err := q.prepare(&c.Not[i]); err != nil {
			return err
		}
	}
	for i := range c.Or {
		for k := range c.Or[i] {
			if err := q.prepare(&c.Or[i][k]); err != nil {
				return err
			}
		}
	}
	return nil
}

// matches asks what is in the index first.
func (q *search) matches(m *candidate, c *imap.SearchCriteria) (bool, error) {
	for _, set := range q.sets[c] {
		if !set[m.uid] {
			return false, nil
		}
	}
	if !flagsMatch(m.flags, c) || !within(m.when(), c.Since, c.Before) ||
		c.Larger != 0 && int64(m.size) <= c.Larger || c.Smaller != 0 && int64(m.size) >= c.Smaller {
		return false, nil
	}
	if ok, err := m.read(c); !ok || err != nil {
		return false, err
	}
	for i := range c.Not {
		if ok, err := q.matches(m, &c.Not[i]); ok || err != nil {
			return false, err
		}
	}
	for i := range c.Or {
		ok, err := q.matches(m, &c.Or[i][0])
		if !ok && err == nil {
			ok, err = q.matches(m, &c.Or[i][1])
		}
		if !ok || err != nil {
			return false, err
		}
	}
	return true, nil
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
func (m *candidate) read(c *imap.SearchCriteria) (bool, error) {
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
		sent, err := mail.ParseDate(m.fields.first("Date"))
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

func (m *candidate) readHeader() error {
	if m.fields != nil {
		return nil
	}
	header, err := m.text.header()
	if err != nil {
		return err
	}
	m.fields, err = m.text.fields(header)
	if m.fields == nil {
		m.fields = fields{}
	}
	return err
}

// hasField tells whether a field (any, if name is empty) contains a text, as it
// stands or decoded.
func (m *candidate) hasField(name, value string) bool {
	for _, f := range m.fields {
		if name != "" && !strings.EqualFold(f.name, name) {
			continue
		}
		v := f.value()
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
func (m *candidate) bodyHas(value string) (bool, error) {
	root, err := m.text.parts()
	if err != nil {
		return false, err
	}
	return m.partHas(root, []byte(strings.ToLower(value)))
}

func (m *candidate) partHas(q *part, value []byte) (bool, error) {
	for _, child := range append(q.children[:len(q.children):len(q.children)], q.message) {
		if child == nil {
			continue
		}
		if ok, err := m.partHas(child, value); ok || err != nil {
			return ok, err
		}
	}
	if q.kind != "text" {
		return false, nil
	}
	r := m.text.decoded(q)
	if r == nil {
		r = m.text.stretch(q.body).r
	}
	if inner, err := inCharset(q.params["charset"], r); err == nil {
		r = inner
	}
	data, err := io.ReadAll(io.LimitReader(r, maxSearched))
	if err != nil && len(data) == 0 { // it cannot be decoded: it contains nothing
		return false, nil
	}
	return bytes.Contains(bytes.ToLower(data), value), nil
}
