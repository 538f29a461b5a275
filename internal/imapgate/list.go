package imapgate

import (
	"slices"
	"strings"
)

// listing is a LIST: RFC 3501 §6.3.8, RFC 5258 and 5819.
type listing struct {
	ref        string
	patterns   []string
	subscribed bool // only folders that are subscribed: all that can be selected
	special    bool // only those with a use
	recursive  bool // also what is above a subscribed one
	tell       bool // \Subscribed
	status     []string
}

func (s *session) list(p *parser, name string) error {
	l := listing{subscribed: name == "LSUB"}
	if err := l.read(p, name); err != nil {
		return err
	}
	if len(l.patterns) == 1 && l.patterns[0] == "" { // asks for the delimiter
		s.out.puts("* ", name, " (\\Noselect) \"", delimiter, "\" \"\"\r\n")
		return nil
	}
	for i := range s.boxes {
		b := &s.boxes[i]
		below := l.recursive && b.children
		if !l.matches(b) || l.special && useAttr(b.Use) == "" || l.subscribed && !b.selects && !below && name != "LSUB" {
			continue
		}
		attrs := b.attrs()
		if b.selects && l.tell {
			attrs = append(attrs, `\Subscribed`)
		}
		s.out.puts("* ", name, " ")
		s.out.words(attrs)
		s.out.puts(" \"", delimiter, "\" ")
		s.out.str(b.wire)
		if below {
			s.out.puts(` ("CHILDINFO" ("SUBSCRIBED"))`)
		}
		s.out.puts("\r\n")
		if l.status != nil && b.selects {
			s.putStatus(b, l.status)
		}
	}
	return nil
}

func (l *listing) read(p *parser, name string) error {
	if err := p.space(); err != nil {
		return err
	}
	if p.peek() == '(' && name == "LIST" {
		if err := p.list(func() error { return l.readSelection(p) }); err != nil {
			return err
		}
		if err := p.space(); err != nil {
			return err
		}
	}
	ref, err := p.text(listByte)
	if err != nil {
		return err
	}
	l.ref = readName(ref)
	if err := p.space(); err != nil {
		return err
	}
	pattern := func() error {
		text, err := p.text(listByte)
		l.patterns = append(l.patterns, readName(text))
		return err
	}
	if p.peek() == '(' && name == "LIST" {
		err = p.list(pattern)
	} else {
		err = pattern()
	}
	if err != nil {
		return err
	}
	p.blanks()
	if p.at < len(p.b) && name == "LIST" {
		if err := l.readReturn(p); err != nil {
			return err
		}
	}
	return p.end()
}

func (l *listing) readSelection(p *parser) error {
	option, err := p.atom()
	switch option {
	case "SUBSCRIBED":
		l.subscribed, l.tell = true, true
	case "SPECIAL-USE":
		l.special = true
	case "RECURSIVEMATCH":
		l.recursive = true
	case "REMOTE":
	default:
		if err == nil {
			err = syntaxError("Unknown option of LIST")
		}
	}
	return err
}

func (l *listing) readReturn(p *parser) error {
	word, err := p.atom()
	if err != nil {
		return err
	}
	if word != "RETURN" {
		return syntaxError("expected RETURN")
	}
	if err := p.space(); err != nil {
		return err
	}
	return p.list(func() error {
		option, err := p.atom()
		switch {
		case err != nil:
			return err
		case option == "SUBSCRIBED":
			l.tell = true
		case option == "CHILDREN", option == "SPECIAL-USE":
		case option == "STATUS":
			if err := p.space(); err != nil {
				return err
			}
			l.status, err = statusItems(p)
			return err
		default:
			return syntaxError("Unknown option of LIST")
		}
		return nil
	})
}

func (l *listing) matches(b *box) bool {
	return slices.ContainsFunc(l.patterns, func(p string) bool {
		return wildcard(b.name, canonical(l.ref+p)) || b.name == inbox && strings.EqualFold(l.ref+p, inbox)
	})
}

// wildcard matches a name with "*" for anything and "%" for anything within a level.
// It takes as many steps as the product of both lengths, at most.
func wildcard(name, pattern string) bool {
	reached := make([]bool, len(name)+1) // by the pattern so far
	reached[0] = true
	for i := range len(pattern) {
		c := pattern[i]
		if c == '*' || c == '%' {
			for k := 1; k <= len(name); k++ {
				reached[k] = reached[k] || reached[k-1] && (c == '*' || name[k-1] != delimiter[0])
			}
			continue
		}
		for k := len(name); k > 0; k-- {
			reached[k] = reached[k-1] && name[k-1] == c
		}
		reached[0] = false
	}
	return reached[len(name)]
}
