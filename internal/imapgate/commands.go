package imapgate

import "strings"

// handler is a command: where it may be given, and what it does. An error that is an
// *answer or a syntaxError is the client's, any other ends the connection.
type handler struct {
	in state
	do func(s *session, p *parser, tag string) error
}

// find is the handler of a command.
func (s *session) find(name string) (handler, bool) {
	switch name {
	case "CAPABILITY":
		return handler{anyState, (*session).capability}, true
	case "NOOP":
		return handler{anyState, nothing}, true
	case "CHECK":
		return handler{selected, nothing}, true
	case "LOGOUT":
		return handler{anyState, (*session).logout}, true
	case "ID":
		return handler{anyState, (*session).id}, true
	case "STARTTLS":
		return handler{anyState, refused("", "The connection is encrypted already")}, true
	case "LOGIN":
		return handler{stranger, (*session).login}, true
	case "AUTHENTICATE":
		return handler{stranger, (*session).authenticate}, true
	case "NAMESPACE":
		return handler{known, (*session).namespace}, true
	case "LIST", "LSUB":
		return handler{known, func(s *session, p *parser, _ string) error { return s.list(p, name) }}, true
	case "STATUS":
		return handler{known, (*session).status}, true
	case "SELECT", "EXAMINE":
		return handler{known, func(s *session, p *parser, _ string) error { return s.selectBox(p, name == "EXAMINE") }}, true
	case "CLOSE", "UNSELECT":
		return handler{selected, (*session).unselect}, true
	case "IDLE":
		return handler{known, (*session).idle}, true
	case "SUBSCRIBE":
		return handler{known, accepted}, true
	case "CREATE", "DELETE", "RENAME", "UNSUBSCRIBE", "APPEND", "SETACL", "DELETEACL", "SETMETADATA":
		return handler{known, refused("CANNOT", "This mailbox cannot be changed")}, true
	case "FETCH", "UID FETCH":
		return handler{selected, func(s *session, p *parser, _ string) error { return s.fetch(p, name == "UID FETCH") }}, true
	case "SEARCH", "UID SEARCH":
		return handler{selected, func(s *session, p *parser, tag string) error { return s.search(p, name == "UID SEARCH", tag) }}, true
	case "STORE", "UID STORE":
		return handler{selected, func(s *session, p *parser, _ string) error { return s.store(p, name == "UID STORE") }}, true
	case "EXPUNGE", "UID EXPUNGE":
		return handler{selected, (*session).expunge}, true
	case "COPY", "UID COPY", "MOVE", "UID MOVE":
		return handler{selected, refused("CANNOT", "This mailbox cannot be changed")}, true
	}
	return handler{}, false
}

// capabilities are what the server can do: after the login, more.
func (s *session) capabilities() string {
	caps := "IMAP4rev1 SASL-IR LITERAL- ID"
	if s.state == stranger {
		return caps + " AUTH=PLAIN AUTH=LOGIN"
	}
	return caps + " IDLE UNSELECT NAMESPACE CHILDREN LIST-EXTENDED LIST-STATUS SPECIAL-USE ESEARCH STATUS=SIZE"
}

func (s *session) capability(p *parser, _ string) error {
	if err := p.end(); err != nil {
		return err
	}
	s.out.puts("* CAPABILITY ", s.capabilities(), "\r\n")
	return nil
}

// nothing happens, whatever the arguments are.
func nothing(*session, *parser, string) error { return nil }

// accepted is nothing, for what changes nothing that anybody can see.
func accepted(_ *session, p *parser, _ string) error {
	if err := p.space(); err != nil {
		return err
	}
	if _, err := p.astring(); err != nil {
		return err
	}
	return p.end()
}

func refused(code, text string) func(*session, *parser, string) error {
	return func(*session, *parser, string) error { return no(code, text) }
}

func (s *session) logout(p *parser, _ string) error {
	if err := p.end(); err != nil {
		return err
	}
	s.out.puts("* BYE Logging out\r\n")
	s.leaving = true
	return nil
}

// id is RFC 2971's. What the client says of itself is not kept.
func (s *session) id(*parser, string) error {
	s.out.puts("* ID (\"name\" \"isa\")\r\n")
	return nil
}

func (s *session) namespace(p *parser, _ string) error {
	if err := p.end(); err != nil {
		return err
	}
	s.out.puts("* NAMESPACE ((\"\" \"/\")) NIL NIL\r\n")
	return nil
}

// idle waits until the client has enough: there is never any news.
func (s *session) idle(p *parser, _ string) error {
	if err := p.end(); err != nil {
		return err
	}
	s.out.puts("+ idling\r\n")
	if err := s.await(); err != nil || s.leaving {
		return err
	}
	text, err := s.in.next(s.ask, noLiteral)
	if err != nil {
		return s.over(err)
	}
	if !strings.EqualFold(strings.TrimSpace(string(text)), "DONE") {
		return syntaxError("expected DONE")
	}
	return nil
}

func noLiteral([]byte) bool { return false }
