package imapwire

import (
	"bytes"
	"context"
	"errors"
	"io"
	"iter"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/isaworks/isa/internal/dial"
)

// Message is what FETCH tells of a message. It is valid during the callback only,
// but Flags and Labels may be kept and must not be changed.
type Message struct {
	UID     uint32
	Flags   []string // sorted, each once, without \Recent
	Date    time.Time
	Size    int64  // RFC822.SIZE; -1 when not told. Some servers tell it wrong
	ModSeq  uint64 // 0: not told
	Header  []byte // the fields asked for, at most 1 MiB of them
	GmailID uint64
	Labels  []string // X-GM-LABELS, as written
	// Length is of the body, -1 when there is none: not asked for, or the server gave
	// NIL. Body reads it.
	Length int64
	Body   io.Reader

	told told
}

// told are the attributes that were in a response.
type told uint16

const (
	toldUID told = 1 << iota
	toldFlags
	toldDate
	toldSize
	toldHeader
	toldBody
	toldLabels
	toldGmailID
)

// Items are the attributes that a FETCH asks for besides UID, FLAGS and
// INTERNALDATE, which it always does.
type Items struct {
	Size    bool
	Fields  []string // header fields
	Gmail   bool     // X-GM-MSGID X-GM-LABELS
	Body    bool
	Changed uint64 // only messages changed since this mod-sequence
}

func (i Items) wanted() told {
	w := toldUID | toldFlags | toldDate
	if i.Size {
		w |= toldSize
	}
	if len(i.Fields) > 0 {
		w |= toldHeader
	}
	if i.Gmail {
		w |= toldLabels | toldGmailID
	}
	if i.Body {
		w |= toldBody
	}
	return w
}

func (i Items) command(set Set) string {
	var b strings.Builder
	b.WriteString("UID FETCH " + set.String() + " (UID FLAGS INTERNALDATE")
	if i.Size {
		b.WriteString(" RFC822.SIZE")
	}
	if i.Gmail {
		b.WriteString(" X-GM-MSGID X-GM-LABELS")
	}
	if len(i.Fields) > 0 {
		b.WriteString(" BODY.PEEK[HEADER.FIELDS (" + strings.Join(i.Fields, " ") + ")]")
	}
	if i.Body {
		b.WriteString(" BODY.PEEK[]")
	}
	b.WriteString(")")
	if i.Changed > 0 {
		b.WriteString(" (CHANGEDSINCE " + strconv.FormatUint(i.Changed, 10) + ")")
	}
	return b.String()
}

// heldBody is how many bytes of a body are held in memory when a server sends it
// before the attributes that say whose it is.
const heldBody = 1 << 20

// Fetch is a series of FETCH commands over one folder, sent ahead of the answers.
type Fetch struct {
	// Verb opens Folder in the same round trip, "EXAMINE" or "SELECT"; "" when it is
	// open.
	Verb, Folder string
	// Opened hears of the open folder before any message is yielded. May be nil.
	Opened func(*Mailbox) error
	Items  Items
	Sets   iter.Seq[Set]
	// Known is the message that Sets consists of, for bodies that come before their
	// UID: those have to be asked for one by one.
	Known *Message
	// Yield gets messages in the order in which the server tells of them, which need
	// not be that of UIDs. What the server tells unasked is left out. A message whose
	// Length is not -1 and whose Body is nil came too early to be held.
	Yield func(*Message) error
	// Answered hears how each set ended: nil, or the *diag.Failure of its refusal.
	// The series goes on unless it returns an error. May be nil: a refusal then ends
	// the series.
	Answered func(Set, error) error
}

// fetchAhead is how many commands are under way: one that is answered and one that
// the server turns to next.
const fetchAhead = 2

// Fetch carries out a series. An error of a callback ends it and comes back as it
// is; what was asked for until then is skipped, and the connection stays usable.
func (c *Conn) Fetch(ctx context.Context, f Fetch) error {
	op := "read folder " + ReadName(f.Folder)
	return c.do(ctx, op, func() error {
		opening, err := c.fetchOpen(f)
		if err != nil {
			return err
		}
		next, stop := iter.Pull(f.Sets)
		defer stop()
		s := series{c: c, f: f, op: op, next: next}
		s.fill()
		if err := s.opened(opening); err != nil {
			return s.end(err)
		}
		for len(s.under) > 0 {
			if err := s.one(); err != nil {
				return s.end(err)
			}
		}
		return nil
	})
}

func (c *Conn) fetchOpen(f Fetch) (*command, error) {
	if f.Verb == "" {
		return nil, nil
	}
	return c.sendSelect(f.Verb, f.Folder)
}

// series is a Fetch under way.
type series struct {
	c      *Conn
	f      Fetch
	op     string
	next   func() (Set, bool)
	under  []asked
	m      Message
	held   []byte
	header []byte
}

type asked struct {
	*command
	set Set
}

func (s *series) fill() {
	for len(s.under) < fetchAhead {
		set, ok := s.next()
		if !ok {
			return
		}
		cmd := s.c.start(s.f.Items.command(set))
		cmd.data = s.hear
		s.under = append(s.under, asked{cmd, set})
	}
}

func (s *series) opened(opening *command) error {
	if opening != nil {
		if err := s.c.selected(opening, s.f.Verb, s.f.Folder); err != nil {
			return err
		}
	}
	if s.f.Opened == nil {
		return nil
	}
	if err := s.f.Opened(s.c.Selected()); err != nil {
		return dial.Own{Err: err}
	}
	return nil
}

func (s *series) one() error {
	first := s.under[0]
	err := s.c.wait(first.command)
	s.under = s.under[1:]
	refused, isRefusal := err.(*Refusal)
	switch {
	case err != nil && (!isRefusal || refused.Bye):
		return err
	case isRefusal && refused.Code == "EXPUNGEISSUED":
		err = nil // some are gone; the others came
	}
	if s.f.Answered == nil {
		if err != nil {
			return err
		}
	} else {
		var told error
		if err != nil {
			told = refused.failure(s.op)
		}
		if err := s.f.Answered(first.set, told); err != nil {
			return dial.Own{Err: err}
		}
	}
	s.fill()
	return nil
}

// end skips what is still under way, so that the connection can be used again.
func (s *series) end(err error) error {
	var own dial.Own
	r, refused := err.(*Refusal)
	if !errors.As(err, &own) && (!refused || r.Bye) {
		return err
	}
	for _, cmd := range s.under {
		cmd.data = nil
	}
	for _, cmd := range s.under {
		waitErr := s.c.wait(cmd.command)
		if r, refused := waitErr.(*Refusal); waitErr != nil && (!refused || r.Bye) {
			s.c.link.Break(explain(context.Background(), s.op, waitErr))
			return err
		}
	}
	return err
}

// hear takes one FETCH response.
func (s *series) hear(r response) error {
	if r.name != "FETCH" {
		return nil
	}
	s.m = Message{Size: -1, Length: -1}
	if s.f.Known != nil {
		s.m = *s.f.Known
		s.m.Length, s.m.Body = -1, nil
	}
	yielded := false
	err := s.c.d.list(func() error {
		word, err := s.c.d.atom()
		if err != nil {
			return err
		}
		name := attribute(word)
		if err := s.c.d.spaces(); err != nil {
			return err
		}
		if name == "BODY[]" && !yielded {
			yielded, err = s.body()
			return err
		}
		return s.attribute(name)
	})
	if err != nil || yielded || s.m.told&toldUID == 0 || s.m.told&^(toldUID|toldFlags) == 0 {
		return err
	}
	return s.yield()
}

func (s *series) yield() error {
	if err := s.f.Yield(&s.m); err != nil {
		return dial.Own{Err: err}
	}
	return nil
}

// attribute is an attribute's name in upper case, HEADER.FIELDS without its fields.
func attribute(word []byte) string {
	for _, name := range [...]string{"UID", "FLAGS", "INTERNALDATE", "RFC822.SIZE", "MODSEQ", "BODY[]", "X-GM-MSGID", "X-GM-LABELS"} {
		if equalFold(word, name) {
			return name
		}
	}
	if fields := "BODY[HEADER.FIELDS"; len(word) > len(fields) && equalFold(word[:len(fields)], fields) {
		return fields
	}
	if equalFold(word, "RFC822") {
		return "BODY[]"
	}
	return ""
}

func (s *series) attribute(name string) (err error) {
	d := &s.c.d
	switch name {
	case "UID":
		s.m.UID, err = d.number32()
		s.tell(toldUID)
	case "FLAGS":
		s.m.Flags, err = s.c.flagList()
		s.tell(toldFlags)
	case "INTERNALDATE":
		var text []byte
		var ok bool
		if text, ok, _, err = d.text(maxText); err == nil && ok {
			s.m.Date, err = parseDate(text)
		}
		s.tell(toldDate)
	case "RFC822.SIZE":
		var n uint64
		n, err = d.number()
		s.m.Size = int64(n)
		s.tell(toldSize)
	case "MODSEQ":
		err = d.list(func() error {
			s.m.ModSeq, err = d.number()
			return err
		})
	case "X-GM-MSGID":
		s.m.GmailID, err = d.number()
		s.tell(toldGmailID)
	case "X-GM-LABELS":
		s.m.Labels, err = d.words()
		s.tell(toldLabels)
	case "BODY[HEADER.FIELDS":
		var text []byte
		text, _, _, err = d.text(maxHeader)
		s.header = append(s.header[:0], text...)
		s.m.Header = s.header
		s.tell(toldHeader)
	default:
		err = d.skip()
	}
	return err
}

func (s *series) tell(what told) { s.m.told |= what }

// body takes BODY[]. It is handed on as it comes when everything else that was asked
// for has been told before it.
func (s *series) body() (yielded bool, err error) {
	d := &s.c.d
	s.tell(toldBody)
	literal, err := d.atLiteral()
	if err != nil {
		return false, err
	}
	if !literal {
		text, ok, _, err := d.text(maxWord)
		if err == nil && ok {
			s.hold(text)
		}
		return false, err
	}
	n, err := d.literal()
	if err != nil {
		return false, err
	}
	s.m.Length = n
	switch wanted := s.f.Items.wanted(); {
	case s.m.told&wanted == wanted:
		s.m.Body = body{s.c}
		if err := s.yield(); err != nil {
			return true, err
		}
		return true, d.skipLiteral()
	case n > heldBody:
		return false, d.skipLiteral()
	}
	text, err := d.small(n)
	if err == nil {
		s.hold(text)
	}
	return false, err
}

// body is a literal as a message's Body.
type body struct{ c *Conn }

// Read implements io.Reader. A connection that ends within is a *diag.Failure.
func (b body) Read(p []byte) (int, error) {
	n, err := b.c.d.read(p)
	if err != nil && err != io.EOF {
		err = explain(b.c.ctx, "read a message at "+b.c.link.Addr(), err)
	}
	return n, err
}

func (s *series) hold(text []byte) {
	s.held = append(s.held[:0], text...)
	s.m.Length, s.m.Body = int64(len(text)), bytes.NewReader(s.held)
}

// Describe makes a message known by what was told of it before, for Fetch.Known.
func Describe(uid uint32, flags []string, date time.Time) *Message {
	return &Message{UID: uid, Flags: flags, Date: date, Size: -1, Length: -1, told: toldUID | toldFlags | toldDate}
}

// Of knownFlags different lists of flags, each of at most sharedFlags bytes, messages
// share one copy.
const (
	knownFlags  = 1 << 10
	sharedFlags = 512
)

// flagList reads a list of flags: sorted, each once, without \Recent.
func (c *Conn) flagList() ([]string, error) {
	if err := c.d.expect('('); err != nil {
		return nil, err
	}
	raw := c.d.word[:0]
	for {
		b, err := c.d.byte()
		if err != nil {
			return nil, err
		}
		if b == ')' {
			break
		}
		if b == '\r' || b == '\n' || len(raw) >= maxWord {
			return nil, malformed("a list of flags without an end")
		}
		raw = append(raw, b)
	}
	c.d.word = raw
	if flags, ok := c.flags[string(raw)]; ok {
		return flags, nil
	}
	flags := strings.Fields(string(raw))
	flags = slices.DeleteFunc(flags, func(f string) bool { return strings.EqualFold(f, `\Recent`) })
	slices.Sort(flags)
	flags = slices.Clip(slices.Compact(flags))
	if len(c.flags) < knownFlags && len(raw) <= sharedFlags {
		c.flags[string(raw)] = flags
	}
	return flags, nil
}
