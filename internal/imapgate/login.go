package imapgate

import (
	"encoding/base64"
	"errors"
	"strings"
	"time"

	"github.com/isaworks/isa/internal/diag"
)

func (s *session) login(p *parser, _ string) error {
	var words [2]string
	for i := range words {
		if err := p.space(); err != nil {
			return err
		}
		var err error
		if words[i], err = p.astring(); err != nil {
			return err
		}
	}
	if err := p.end(); err != nil {
		return err
	}
	return s.check(words[0], words[1])
}

// authenticate is SASL with PLAIN (RFC 4616) or LOGIN, with an initial response
// (RFC 4959) or without.
func (s *session) authenticate(p *parser, _ string) error {
	if err := p.space(); err != nil {
		return err
	}
	mechanism, err := p.atom()
	if err != nil {
		return err
	}
	p.blanks()
	first := p.run(func(c byte) bool { return c > ' ' })
	if err := p.end(); err != nil {
		return err
	}
	switch mechanism {
	case "PLAIN":
		said, err := s.said(first, "")
		if err != nil {
			return err
		}
		words := strings.Split(said, "\x00")
		if len(words) != 3 {
			return syntaxError("PLAIN has three parts")
		}
		return s.check(words[1], words[2])
	case "LOGIN":
		user, err := s.said(first, "Username:")
		if err != nil {
			return err
		}
		password, err := s.said("", "Password:")
		if err != nil {
			return err
		}
		return s.check(user, password)
	}
	return no("CANNOT", "This mechanism is not offered")
}

// said is a client's response, decoded: the first, which came with the command, or
// the answer to a challenge.
func (s *session) said(first, challenge string) (string, error) {
	if first == "" {
		s.out.puts("+ ", base64.StdEncoding.EncodeToString([]byte(challenge)), "\r\n")
		if err := s.out.Flush(); err != nil {
			return "", err
		}
		line, err := s.in.next(s.ask, noLiteral)
		if err != nil {
			if err := s.over(err); err != nil {
				return "", err
			}
			return "", errBye // the client has left
		}
		if first = string(line); first == "*" {
			return "", bad("", "The login was given up")
		}
	} else if first == "=" {
		return "", nil
	}
	said, err := base64.StdEncoding.DecodeString(first)
	if err != nil {
		return "", syntaxError("that is no base64")
	}
	return string(said), nil
}

// check opens the offer whose login this is, no sooner than the address may.
func (s *session) check(user, password string) error {
	g := s.server.guard
	pause, checked := g.attempt(s.ticket, s.server.clock.now())
	if checked && pause > 0 {
		checked = s.pause(pause)
	}
	if !checked {
		s.server.log(s.event(Denied, "not checked, after too many wrong passwords"))
		return s.bye("Too many wrong passwords; try again later")
	}
	offer, err := s.server.opt.Offers.Open(user, password)
	if diag.ClassOf(err) == diag.Denied && err != nil {
		g.failed(s.ticket, s.server.clock.now())
		s.server.log(s.event(Denied, "wrong name or password"))
		if s.wrong++; s.wrong >= maxWrong {
			return s.bye("Wrong name or password")
		}
		return no("AUTHENTICATIONFAILED", "Wrong name or password")
	}
	if err != nil {
		s.server.log(s.event(Denied, err.Error()))
		return no("UNAVAILABLE", "The mailbox cannot be opened now; try again later")
	}
	boxes, err := boxesOf(offer)
	if err != nil {
		s.server.log(s.event(Denied, errors.Join(err, offer.Close()).Error()))
		return no("UNAVAILABLE", "The mailbox cannot be opened now; try again later")
	}
	s.offer, s.boxes = offer, boxes
	s.reading = s.server.readers.enter(offer.Name())
	if !g.succeeded(s.ticket, s.server.clock.now()) {
		return s.bye("Too many connections")
	}
	if err := s.conn.SetWriteDeadline(time.Time{}); err != nil {
		return err
	}
	s.state = loggedIn
	s.in.limit = s.server.opt.Limits.Command
	s.copyBuf = make([]byte, 32<<10)
	s.server.log(s.event(LoggedIn, ""))
	return ok("CAPABILITY "+s.capabilities(), "Logged in")
}

// pause waits; false: the time for logging in is over before.
func (s *session) pause(d time.Duration) bool {
	limit := s.server.opt.Limits.Login - s.server.clock.now().Sub(s.started)
	if d > limit {
		return false
	}
	select {
	case <-s.server.clock.after(d):
		return true
	case <-s.ctx.Done():
		return false
	}
}
