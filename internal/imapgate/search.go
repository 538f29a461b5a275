package imapgate

import (
	"io"
	"slices"
	"strings"
	"time"

	"github.com/emersion/go-imap/v2"
	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/htmlindex"

	"github.com/isaworks/isa/internal/rawmail"
)

// maxKeys is how many keys a SEARCH may have.
const maxKeys = 1_000

// searching is a SEARCH as it is read: RFC 3501 §6.4.4, with RETURN of RFC 4731.
type searching struct {
	p       *parser
	keys    int
	charset *encoding.Decoder // of the texts
	results []string          // of RETURN; nil: no RETURN
}

func (s *session) search(p *parser, byUID bool, tag string) error {
	q := &searching{p: p}
	criteria, err := q.read()
	if err != nil {
		return err
	}
	var found []uint32
	for n := range s.open.messages {
		m := &s.open.messages[n]
		c := &rawmail.Candidate{Seq: uint32(n + 1), UID: m.UID, LastSeq: s.open.last(false), LastUID: s.open.last(true),
			Date: m.Date, Flags: libraryFlags(m.Flags)}
		body := &later{open: func() (*io.SectionReader, error) { return s.offer.Body(s.open.number, n) }}
		c.Message = rawmail.NewMessage(io.NewSectionReader(body, 0, m.Size), m.Size, s.copyBuf)
		matches, err := c.Matches(criteria)
		if err != nil {
			return s.trouble(err)
		}
		if matches {
			number := c.Seq
			if byUID {
				number = c.UID
			}
			found = append(found, number)
		}
		if s.wire.inHurry() {
			return s.bye("The gateway is shutting down")
		}
	}
	if q.results != nil {
		s.putExtended(tag, byUID, q.results, found)
		return nil
	}
	s.out.puts("* SEARCH")
	for _, n := range found {
		s.out.puts(" ")
		s.out.number(int64(n))
	}
	s.out.puts("\r\n")
	return nil
}

// later is a body that is asked for when it is read.
type later struct {
	open func() (*io.SectionReader, error)
	body *io.SectionReader
}

// ReadAt opens the body, the first time.
func (l *later) ReadAt(p []byte, at int64) (int, error) {
	if l.body == nil {
		body, err := l.open()
		if err != nil {
			return 0, err
		}
		l.body = body
	}
	return l.body.ReadAt(p, at)
}

func libraryFlags(flags []string) []imap.Flag {
	out := make([]imap.Flag, len(flags))
	for i, f := range flags {
		out[i] = imap.Flag(f)
	}
	return out
}

// putExtended answers as RFC 4731 has it.
func (s *session) putExtended(tag string, byUID bool, results []string, found []uint32) {
	s.out.puts("* ESEARCH (TAG ")
	s.out.str(tag)
	s.out.puts(")")
	if byUID {
		s.out.puts(" UID")
	}
	for _, r := range []string{"MIN", "MAX", "ALL", "COUNT"} {
		if !slices.Contains(results, r) || len(found) == 0 && r != "COUNT" {
			continue
		}
		s.out.puts(" ", r, " ")
		switch r {
		case "MIN":
			s.out.number(int64(found[0]))
		case "MAX":
			s.out.number(int64(found[len(found)-1]))
		case "COUNT":
			s.out.number(int64(len(found)))
		case "ALL":
			s.putSet(found)
		}
	}
	s.out.puts("\r\n")
}

// putSet writes ascending numbers as a sequence-set.
func (s *session) putSet(found []uint32) {
	for i := 0; i < len(found); {
		k := i
		for k+1 < len(found) && found[k+1] == found[k]+1 {
			k++
		}
		if i > 0 {
			s.out.puts(",")
		}
		s.out.number(int64(found[i]))
		if k > i {
			s.out.puts(":")
			s.out.number(int64(found[k]))
		}
		i = k + 1
	}
}

// read reads the command.
func (q *searching) read() (*imap.SearchCriteria, error) {
	if err := q.p.space(); err != nil {
		return nil, err
	}
	if q.word("RETURN") {
		if err := q.readReturn(); err != nil {
			return nil, err
		}
	}
	if q.word("CHARSET") {
		if err := q.readCharset(); err != nil {
			return nil, err
		}
	}
	criteria := &imap.SearchCriteria{}
	for {
		if err := q.key(criteria); err != nil {
			return nil, err
		}
		if q.p.blanks(); q.p.at >= len(q.p.b) {
			return criteria, nil
		}
	}
}

// word passes over a word and what separates it, if it comes next.
func (q *searching) word(want string) bool {
	rest := q.p.b[q.p.at:]
	if len(rest) <= len(want) || rest[len(want)] != ' ' || !strings.EqualFold(string(rest[:len(want)]), want) {
		return false
	}
	q.p.at += len(want)
	q.p.blanks()
	return true
}

func (q *searching) readReturn() error {
	q.results = []string{}
	err := q.p.list(func() error {
		option, err := q.p.atom()
		if err != nil {
			return err
		}
		switch option {
		case "MIN", "MAX", "ALL", "COUNT":
			q.results = append(q.results, option)
			return nil
		}
		return syntaxError("Unknown option of SEARCH")
	})
	if len(q.results) == 0 {
		q.results = []string{"ALL"}
	}
	q.p.blanks()
	return err
}

func (q *searching) readCharset() error {
	name, err := q.p.astring()
	if err != nil {
		return err
	}
	if err := q.p.space(); err != nil {
		return err
	}
	if strings.EqualFold(name, "US-ASCII") || strings.EqualFold(name, "UTF-8") {
		return nil
	}
	charset, err := htmlindex.Get(name)
	if err != nil {
		return no("BADCHARSET (US-ASCII UTF-8 EUC-KR)", "Unknown charset")
	}
	q.charset = charset.NewDecoder()
	return nil
}

// key reads one search key into criteria.
func (q *searching) key(c *imap.SearchCriteria) error {
	p := q.p
	if q.keys++; q.keys > maxKeys {
		return syntaxError("too many search keys")
	}
	if p.peek() == '(' {
		return p.list(func() error { return q.key(c) })
	}
	if b := p.peek(); b == '*' || b >= '0' && b <= '9' {
		set, err := p.set()
		if err != nil {
			return err
		}
		c.SeqNum = append(c.SeqNum, seqSet(set))
		return nil
	}
	name, err := p.atom()
	if err != nil {
		return err
	}
	if q.flagKey(c, name) {
		return nil
	}
	if err := p.space(); err != nil {
		return err
	}
	return q.keyWithArguments(c, name)
}

// flagKey takes keys without arguments.
func (q *searching) flagKey(c *imap.SearchCriteria, name string) bool {
	const recent = imap.Flag(`\Recent`)
	switch name {
	case "ALL":
	case "ANSWERED", "DELETED", "DRAFT", "FLAGGED", "RECENT", "SEEN":
		c.Flag = append(c.Flag, imap.Flag(`\`+name))
	case "UNANSWERED", "UNDELETED", "UNDRAFT", "UNFLAGGED", "UNSEEN":
		c.NotFlag = append(c.NotFlag, imap.Flag(`\`+strings.TrimPrefix(name, "UN")))
	case "NEW":
		c.Flag, c.NotFlag = append(c.Flag, recent), append(c.NotFlag, imap.FlagSeen)
	case "OLD":
		c.NotFlag = append(c.NotFlag, recent)
	default:
		return false
	}
	return true
}

func (q *searching) keyWithArguments(c *imap.SearchCriteria, name string) error {
	switch name {
	case "BCC", "CC", "FROM", "SUBJECT", "TO", "BODY", "TEXT", "HEADER", "KEYWORD", "UNKEYWORD":
		return q.textKey(c, name)
	case "BEFORE", "ON", "SINCE", "SENTBEFORE", "SENTON", "SENTSINCE":
		return q.dateKey(c, name)
	case "LARGER", "SMALLER":
		n, err := q.p.number()
		if err != nil {
			return err
		}
		switch { // the library's criteria take 0 for any
		case name == "LARGER" && n > 0:
			c.And(&imap.SearchCriteria{Larger: n})
		case name == "LARGER":
			c.Not = append(c.Not, imap.SearchCriteria{Smaller: 1})
		case n > 0:
			c.And(&imap.SearchCriteria{Smaller: n})
		default: // nothing is
			c.Not = append(c.Not, imap.SearchCriteria{})
		}
		return nil
	case "UID":
		set, err := q.p.set()
		if err != nil {
			return err
		}
		c.UID = append(c.UID, uidSet(set))
		return nil
	case "NOT", "OR":
		return q.nested(c, name)
	}
	return syntaxError("Unknown search key")
}

// nested reads keys of keys.
func (q *searching) nested(c *imap.SearchCriteria, name string) error {
	if q.p.depth++; q.p.depth > maxDepth {
		return syntaxError("search keys lie too deep in each other")
	}
	defer func() { q.p.depth-- }()
	var a, b imap.SearchCriteria
	if err := q.key(&a); err != nil {
		return err
	}
	if name == "NOT" {
		c.Not = append(c.Not, a)
		return nil
	}
	if err := q.p.space(); err != nil {
		return err
	}
	if err := q.key(&b); err != nil {
		return err
	}
	c.Or = append(c.Or, [2]imap.SearchCriteria{a, b})
	return nil
}

func (q *searching) textKey(c *imap.SearchCriteria, name string) error {
	value, err := q.p.astring()
	if err != nil {
		return err
	}
	switch name {
	case "HEADER":
		field := value
		if err := q.p.space(); err != nil {
			return err
		}
		if value, err = q.p.astring(); err != nil {
			return err
		}
		c.Header = append(c.Header, imap.SearchCriteriaHeaderField{Key: field, Value: q.decoded(value)})
	case "BODY":
		c.Body = append(c.Body, q.decoded(value))
	case "TEXT":
		c.Text = append(c.Text, q.decoded(value))
	case "KEYWORD":
		c.Flag = append(c.Flag, imap.Flag(value))
	case "UNKEYWORD":
		c.NotFlag = append(c.NotFlag, imap.Flag(value))
	default:
		c.Header = append(c.Header, imap.SearchCriteriaHeaderField{Key: name, Value: q.decoded(value)})
	}
	return nil
}

func (q *searching) decoded(value string) string {
	if q.charset != nil {
		if text, err := q.charset.String(value); err == nil {
			return text
		}
	}
	return value
}

func (q *searching) dateKey(c *imap.SearchCriteria, name string) error {
	text, err := q.p.astring()
	if err != nil {
		return err
	}
	day, err := time.Parse("2-Jan-2006", text)
	if err != nil {
		return syntaxError("expected a date")
	}
	var d imap.SearchCriteria
	since, before := &d.Since, &d.Before
	if plain, sent := strings.CutPrefix(name, "SENT"); sent {
		since, before, name = &d.SentSince, &d.SentBefore, plain
	}
	if name != "BEFORE" {
		*since = day
	}
	if name == "BEFORE" {
		*before = day
	}
	if name == "ON" {
		*before = day.AddDate(0, 0, 1)
	}
	c.And(&d)
	return nil
}

func seqSet(ranges []numRange) imap.SeqSet {
	var out imap.SeqSet
	for _, r := range ranges {
		out = append(out, imap.SeqRange{Start: r.from, Stop: r.to})
	}
	return out
}

func uidSet(ranges []numRange) imap.UIDSet {
	var out imap.UIDSet
	for _, r := range ranges {
		out = append(out, imap.UIDRange{Start: imap.UID(r.from), Stop: imap.UID(r.to)})
	}
	return out
}
