package rawmail

import "strings"

// Address is one address of a header field, as it stands: a name keeps its encoded
// words. Groups are as RFC 3501 §7.4.2 has them: one with Group and a Mailbox begins
// a group of that name, one with Group alone ends it.
type Address struct {
	Name, Mailbox, Host string
	Group               bool
}

// maxAddresses is how many addresses of one field are understood.
const maxAddresses = 10_000

// ReadAddresses reads a list of addresses and passes over what is none.
func ReadAddresses(value string) []Address {
	s := scanner{text: value}
	var out []Address
	group := false
	for len(out) < maxAddresses {
		phrase, stop := s.until(",;:<")
		switch stop {
		case ':':
			if group { // groups do not lie in each other
				out = append(out, Address{Group: true})
			}
			name := phrase.plain()
			if group = name != ""; group {
				out = append(out, Address{Mailbox: name, Group: true})
			}
			continue
		case '<':
			inside, _ := s.until(">")
			rest, end := s.until(",;") // a comment or nothing
			stop = end
			if a, ok := inside.address(); ok {
				if a.Name = phrase.plain(); a.Name == "" {
					a.Name = rest.comment
				}
				out = append(out, a)
			}
		default:
			if a, ok := phrase.address(); ok {
				a.Name = phrase.comment
				out = append(out, a)
			}
		}
		if group && stop == ';' {
			out = append(out, Address{Group: true})
			group = false
		}
		if stop == 0 {
			break
		}
	}
	if group {
		out = append(out, Address{Group: true})
	}
	return out
}

// scanner reads an address field up to one of several characters outside of quotes
// and comments.
type scanner struct {
	text string
	at   int
}

// phrase is what was read: words with blanks as they stood, quotes removed.
type phrase struct {
	text    string
	at      int // where in text the last "@" outside of quotes stands; -1: nowhere
	comment string
}

// until reads up to one of the characters of stops, which it passes over; 0: the end.
func (s *scanner) until(stops string) (phrase, byte) {
	p := phrase{at: -1}
	var b strings.Builder
	for s.at < len(s.text) {
		c := s.text[s.at]
		s.at++
		switch {
		case c == '"':
			b.WriteString(s.enclosed('"', 0))
		case c == '(':
			p.comment = strings.TrimSpace(s.enclosed(')', '('))
		case strings.IndexByte(stops, c) >= 0:
			p.text = b.String()
			return p, c
		default:
			if c == '@' {
				p.at = b.Len()
			}
			b.WriteByte(c)
		}
	}
	p.text = b.String()
	return p, 0
}

// enclosed reads up to the character that closes a quoted string or a comment, which
// may hold further ones.
func (s *scanner) enclosed(closing, opening byte) string {
	var b strings.Builder
	for depth := 1; s.at < len(s.text); {
		c := s.text[s.at]
		s.at++
		switch {
		case c == '\\' && s.at < len(s.text):
			c = s.text[s.at]
			s.at++
		case c == closing:
			if depth--; depth == 0 {
				return b.String()
			}
		case opening != 0 && c == opening:
			depth++
		}
		b.WriteByte(c)
	}
	return b.String()
}

func (p phrase) plain() string { return strings.Join(strings.Fields(p.text), " ") }

// address reads "mailbox@host", with a route (RFC 822) before it or not. A word
// without a host is an address too: old mail is full of them.
func (p phrase) address() (Address, bool) {
	text, at := p.text, p.at
	if route := strings.IndexByte(text, ':'); route >= 0 && strings.HasPrefix(strings.TrimSpace(text), "@") {
		text, at = text[route+1:], at-route-1
	}
	if at < 0 {
		mailbox := strings.TrimSpace(text)
		return Address{Mailbox: mailbox}, mailbox != ""
	}
	a := Address{Mailbox: strings.TrimSpace(text[:at]), Host: strings.TrimSpace(text[at+1:])}
	return a, a.Mailbox != "" || a.Host != ""
}
