package imapgate

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/emersion/go-imap/v2"
)

// item is a data item of a FETCH.
type item struct {
	label   string                     // as it is answered
	section *imap.FetchItemBodySection // nil: none
	text    bool                       // more than a header
	whole   string                     // how all bytes of a message are asked for: "BODY.PEEK[]"; "" they are not
}

// fetchItems reads what is asked for.
func fetchItems(p *parser) ([]item, error) {
	var items []item
	add := func(i item) {
		if !slices.ContainsFunc(items, func(have item) bool { return have.label == i.label }) {
			items = append(items, i)
		}
	}
	if p.peek() != '(' {
		name := p.run(itemByte)
		for _, plain := range macro(strings.ToUpper(name)) {
			add(item{label: plain})
		}
		if len(items) == 0 {
			i, err := fetchItem(p, name)
			if err != nil {
				return nil, err
			}
			add(i)
		}
		return items, p.end()
	}
	err := p.list(func() error {
		i, err := fetchItem(p, p.run(itemByte))
		if err == nil {
			add(i)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return items, p.end()
}

func itemByte(c byte) bool { return c != '[' && atomByte(c) }

func macro(name string) []string {
	switch name {
	case "FAST":
		return []string{"FLAGS", "INTERNALDATE", "RFC822.SIZE"}
	case "ALL":
		return []string{"FLAGS", "INTERNALDATE", "RFC822.SIZE", "ENVELOPE"}
	case "FULL":
		return []string{"FLAGS", "INTERNALDATE", "RFC822.SIZE", "ENVELOPE", "BODY"}
	}
	return nil
}

func fetchItem(p *parser, name string) (item, error) {
	name = strings.ToUpper(name)
	switch name {
	case "UID", "FLAGS", "INTERNALDATE", "RFC822.SIZE", "ENVELOPE", "BODYSTRUCTURE":
		return item{label: name}, nil
	case "RFC822", "RFC822.PEEK":
		return item{label: "RFC822", section: &imap.FetchItemBodySection{}, text: true, whole: name}, nil
	case "RFC822.HEADER":
		return item{label: name, section: &imap.FetchItemBodySection{Specifier: imap.PartSpecifierHeader}}, nil
	case "RFC822.TEXT", "RFC822.TEXT.PEEK":
		return item{label: "RFC822.TEXT", section: &imap.FetchItemBodySection{Specifier: imap.PartSpecifierText}, text: true}, nil
	case "BODY", "BODY.PEEK":
		if p.peek() == '[' {
			i, err := fetchSection(p)
			if err == nil && strings.HasPrefix(i.label, "BODY[]") {
				i.whole = name + "[]"
				if i.section.Partial != nil {
					i.whole += "<>"
				}
			}
			return i, err
		}
		if name == "BODY" {
			return item{label: name}, nil
		}
	}
	return item{}, syntaxError("Unknown item of FETCH")
}

// fetchSection reads [section]<partial>.
func fetchSection(p *parser) (item, error) {
	section := &imap.FetchItemBodySection{}
	var label strings.Builder
	label.WriteString("BODY[")
	p.take('[')
	for p.peek() >= '0' && p.peek() <= '9' {
		n, err := p.number()
		if err != nil || n == 0 || n > 1<<31 || len(section.Part) > 100 {
			return item{}, syntaxError("expected the number of a part")
		}
		section.Part = append(section.Part, int(n))
		label.WriteString(strconv.FormatInt(n, 10))
		if !p.take('.') {
			break
		}
		label.WriteByte('.')
	}
	if err := readSpecifier(p, section, &label); err != nil {
		return item{}, err
	}
	if err := p.expect(']'); err != nil {
		return item{}, err
	}
	label.WriteByte(']')
	if p.take('<') {
		offset, err := p.number()
		if err != nil || offset > 1<<32-1 {
			return item{}, syntaxError("expected an offset")
		}
		if err := p.expect('.'); err != nil {
			return item{}, err
		}
		size, err := p.number()
		if err != nil {
			return item{}, err
		}
		if err := p.expect('>'); err != nil {
			return item{}, err
		}
		section.Partial = &imap.SectionPartial{Offset: offset, Size: size}
		fmt.Fprintf(&label, "<%d>", offset)
	}
	return item{label: label.String(), section: section,
		text: section.Specifier == imap.PartSpecifierNone || section.Specifier == imap.PartSpecifierText}, nil
}

func readSpecifier(p *parser, section *imap.FetchItemBodySection, label *strings.Builder) error {
	word := strings.ToUpper(p.run(func(c byte) bool { return atomByte(c) }))
	label.WriteString(word)
	nested := len(section.Part) > 0
	switch word {
	case "":
		if nested && strings.HasSuffix(label.String(), ".") {
			return syntaxError("expected the number of a part")
		}
		return nil
	case "HEADER", "TEXT":
	case "MIME":
		if !nested {
			return syntaxError("MIME is of a part")
		}
	case "HEADER.FIELDS", "HEADER.FIELDS.NOT":
		return readFieldNames(p, section, label, word == "HEADER.FIELDS")
	default:
		return syntaxError("Unknown section")
	}
	section.Specifier = imap.PartSpecifier(word)
	return nil
}

func readFieldNames(p *parser, section *imap.FetchItemBodySection, label *strings.Builder, these bool) error {
	section.Specifier = imap.PartSpecifierHeader
	if err := p.space(); err != nil {
		return err
	}
	var names []string
	err := p.list(func() error {
		name, err := p.astring()
		if err == nil && strings.ContainsFunc(name, func(r rune) bool { return r < ' ' || r > '~' }) {
			err = syntaxError("that is no name of a field")
		}
		names = append(names, name)
		return err
	})
	if err != nil {
		return err
	}
	if len(names) == 0 {
		return syntaxError("expected names of fields")
	}
	if section.HeaderFieldsNot = names; these {
		section.HeaderFields, section.HeaderFieldsNot = names, nil
	}
	for i, name := range names {
		if names[i] = name; strings.ContainsFunc(name, func(r rune) bool { return !isAtom(r) }) || name == "" {
			names[i] = strconv.Quote(name)
		}
	}
	label.WriteString(" (" + strings.Join(names, " ") + ")")
	return nil
}
