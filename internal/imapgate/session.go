package imapgate

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"time"

	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/internal/rawmail"
)

// The bounds of nonsense after which a connection ends.
const (
	maxBad      = 20 // commands in a row that make no sense
	maxWrong    = 3  // wrong passwords
	maxStranger = 50 // commands before the login
	loginLine   = 8 << 10
)

// farewell is how long a client may take to be told why the connection ends.
const farewell = 5 * time.Second

// state of a session: RFC 3501 §3.
type state uint8

const (
	stranger state = 1 << iota
	loggedIn
	selected
	anyState = stranger | loggedIn | selected
	known    = loggedIn | selected
)

// session is one client's connection, from its greeting on.
type session struct {
	server  *Server
	ctx     context.Context
	ticket  *ticket
	wire    *line
	addr    string
	number  uint64
	started time.Time

	conn    net.Conn // TLS
	loginBy time.Time
	in      input
	out     *output
	copyBuf []byte // for reading messages

	state    state
	offer    Offer
	reading  *reading
	boxes    []box
	open     *box // selected
	readOnly bool // by EXAMINE

	due      []due // messages on their way, in order
	messages int   // sent to their end
	commands map[string]int
	bad      int // in a row
	wrong    int
	leaving  bool
	closing  string // why the server ends the connection
	failed   error
}

// due is a part of a message that was sent when so many bytes of answers were.
type due struct {
	until int64
	place place
	span  rawmail.Span
	size  int64
}

// answer is how a command ends; as an error it ends a command's work.
type answer struct{ word, code, text string }

// Error returns the words.
func (a *answer) Error() string { return a.word + " " + a.text }

func ok(code, text string) error  { return &answer{"OK", code, text} }
func no(code, text string) error  { return &answer{"NO", code, text} }
func bad(code, text string) error { return &answer{"BAD", code, text} }

// errBye ends a connection that was told so.
var errBye = errors.New("the connection was ended")

// serve speaks until the client leaves or is cut off. An error is trouble of the
// connection.
func (s *session) serve(conn net.Conn, loginBy time.Time) error {
	s.conn, s.loginBy, s.state = conn, loginBy, stranger
	s.in = input{r: bufio.NewReader(conn), limit: loginLine}
	s.out = newOutput(conn, s.sent)
	s.out.puts("* OK [CAPABILITY ", s.capabilities(), "] isa gateway ready\r\n")
	for !s.leaving {
		if err := s.command(); err != nil {
			if errors.Is(err, errBye) {
				return s.out.Flush()
			}
			return err
		}
	}
	return s.out.Flush()
}

// sent tells the offer of messages that are complete now.
func (s *session) sent(n int64) {
	k := 0
	for ; k < len(s.due) && s.due[k].until <= n; k++ {
		d := s.due[k]
		if s.reading.add(d.place, d.span, d.size) {
			s.messages++
			s.offer.Complete(d.place.folder, d.place.n)
		}
	}
	s.due = append(s.due[:0], s.due[k:]...)
}

// bye tells the client that the connection ends.
func (s *session) bye(why string) error {
	s.out.puts("* BYE ", why, "\r\n")
	s.closing = why
	if err := s.conn.SetWriteDeadline(time.Now().Add(farewell)); err != nil {
		return err
	}
	return errBye
}

// command reads and carries out one command.
func (s *session) command() error {
	if err := s.await(); err != nil {
		return err
	}
	text, err := s.in.next(s.ask, takesLiteral)
	var refused *refusedLiteral
	switch {
	case errors.As(err, &refused):
		return s.answer(refused.tag, "", no("CANNOT", "This mailbox takes nothing, and no long literals"))
	case err != nil:
		return s.over(err)
	case len(text) == 0:
		if s.bad++; s.bad > maxBad {
			return s.bye("Too many bad commands")
		}
		return nil
	}
	return s.run(text)
}

// await sends what there is to send and waits for the beginning of a command.
func (s *session) await() error {
	if s.in.r.Buffered() == 0 {
		if err := s.out.Flush(); err != nil {
			return err
		}
		by := s.loginBy
		if s.state != stranger {
			by = time.Now().Add(s.server.opt.Limits.Idle)
		}
		if err := s.conn.SetReadDeadline(by); err != nil {
			return err
		}
		if _, err := s.in.r.Peek(1); err != nil {
			return s.over(err)
		}
	}
	if s.wire.inHurry() {
		return s.bye("The gateway is shutting down")
	}
	return s.patience()
}

// patience is how long the rest of a command may take.
func (s *session) patience() error {
	by := time.Now().Add(s.server.opt.Limits.Stall)
	if s.state == stranger && s.loginBy.Before(by) {
		by = s.loginBy
	}
	return s.conn.SetReadDeadline(by)
}

// over tells why reading ended: nil when the client has left. What is inside of a
// command is read to its end also when it makes no sense.
func (s *session) over(err error) error {
	var timeout net.Error
	var refused *refusedLiteral
	switch {
	case errors.As(err, &refused):
		return syntaxError("no literal belongs here")
	case errors.Is(err, errTooLong):
		return s.bye("The command is too long")
	case errors.Is(err, io.EOF):
		s.leaving = true
		s.closing = "the client closed the connection"
		return nil
	case s.wire.inHurry():
		return s.bye("The gateway is shutting down")
	case errors.As(err, &timeout) && timeout.Timeout():
		return s.bye("You took too long")
	}
	return err
}

// ask asks for a literal.
func (s *session) ask() error {
	s.out.puts("+ Ready for literal data\r\n")
	if err := s.out.Flush(); err != nil {
		return err
	}
	return s.patience()
}

// takesLiteral: a message to be appended is not even read.
func takesLiteral(start []byte) bool {
	words := strings.Fields(string(start[:min(len(start), 200)]))
	return len(words) < 2 || !strings.EqualFold(words[1], "APPEND")
}

// run carries out a command and answers.
func (s *session) run(text []byte) error {
	p := &parser{b: text}
	tag := tagOf(text)
	p.at = len(tag)
	if tag == "*" {
		return s.nonsense("*", "a command begins with a tag")
	}
	p.blanks()
	name, err := p.atom()
	if name == "UID" && p.space() == nil {
		var sub string
		sub, err = p.atom()
		name += " " + sub
	}
	if err != nil {
		return s.nonsense(tag, err.Error())
	}
	c, exists := s.find(name)
	if !exists {
		s.commands["?"]++
		return s.nonsense(tag, "Unknown command")
	}
	s.commands[name]++
	if s.state == stranger && s.count() > maxStranger {
		return s.bye("Log in")
	}
	if s.state&c.in == 0 {
		return s.nonsense(tag, name+" is not possible now")
	}
	return s.answer(tag, name, c.do(s, p, tag))
}

func (s *session) count() int {
	n := 0
	for _, k := range s.commands {
		n += k
	}
	return n
}

// nonsense answers a command that makes no sense.
func (s *session) nonsense(tag, why string) error {
	s.out.puts(tag, " BAD ", why, "\r\n")
	if s.bad++; s.bad > maxBad {
		return s.bye("Too many bad commands")
	}
	return nil
}

// answer ends a command.
func (s *session) answer(tag, name string, err error) error {
	a := &answer{"OK", "", name + " completed"}
	var syntax syntaxError
	switch {
	case err == nil:
	case errors.As(err, &syntax):
		return s.nonsense(tag, string(syntax))
	case errors.As(err, &a):
	default:
		return err
	}
	s.bad = 0
	s.out.puts(tag, " ", a.word, " ")
	if a.code != "" {
		s.out.puts("[", a.code, "] ")
	}
	s.out.puts(a.text, "\r\n")
	return nil
}

// trouble is a failure of the store, before anything was written.
func (s *session) trouble(err error) error {
	if s.failed == nil {
		s.failed = err
	}
	if diag.ClassOf(err) == diag.Cancelled {
		return s.bye("The gateway is shutting down")
	}
	return no("UNAVAILABLE", "The message cannot be read now; try again later")
}

// leave closes the offer.
func (s *session) leave() {
	if s.offer == nil {
		return
	}
	name := s.offer.Name()
	if err := s.offer.Close(); err != nil && s.failed == nil {
		s.failed = err
	}
	s.server.readers.leave(name)
}

// reason is why the connection ended, for the log; "" when the client logged out.
func (s *session) reason() string {
	if s.failed != nil {
		return s.failed.Error()
	}
	return s.closing
}

// event is an event of this connection.
func (s *session) event(kind EventKind, reason string) Event {
	e := Event{Kind: kind, Conn: s.number, Addr: s.addr, Reason: reason}
	if s.offer != nil {
		e.Batch = s.offer.Name()
	}
	if kind == Closed {
		e.Duration = s.server.clock.now().Sub(s.started)
		e.Commands, e.Received, e.Sent, e.Messages = s.commands, s.wire.received.Load(), s.wire.sent.Load(), s.messages
	}
	return e
}
