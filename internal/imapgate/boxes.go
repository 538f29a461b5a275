package imapgate

import (
	"fmt"
	"slices"
	"strings"

	"golang.org/x/text/unicode/norm"

	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/internal/imapwire"
	"github.com/isaworks/isa/providers"
)

const (
	delimiter = "/"
	inbox     = "INBOX"
)

// box is a folder as clients see it.
type box struct {
	Folder
	name     string // levels with the delimiter between
	wire     string // the same in modified UTF-7
	number   int    // of the offer's folders; -1: of none
	selects  bool   // false: it is only there for what is below it
	children bool
	messages []Message
}

// boxesOf are the folders of an offer with INBOX and those above them, INBOX first,
// then by name. Folders that clients could not tell apart are an error: what is not
// shown would not be fetched.
func boxesOf(offer Offer) ([]box, error) {
	byName := map[string]*box{inbox: {name: inbox, number: -1, selects: true, Folder: Folder{UIDValidity: 1, UIDNext: 1}}}
	for i, f := range offer.Folders() {
		levels := slices.Clone(f.Path)
		if !named(levels) {
			return nil, &diag.Failure{Class: diag.Internal, Op: "gateway-login", Detail: fmt.Sprintf("folder %d of the offer has a name that cannot be shown", i+1)}
		}
		if strings.EqualFold(levels[0], inbox) {
			levels[0] = inbox
		}
		for n := 1; n < len(levels); n++ {
			above := strings.Join(levels[:n], delimiter)
			if byName[above] == nil {
				byName[above] = &box{name: above, number: -1}
			}
			byName[above].children = true
		}
		name := strings.Join(levels, delimiter)
		b := &box{Folder: f, name: name, number: i, selects: true, messages: offer.Messages(i)}
		if old := byName[name]; old != nil {
			if old.number >= 0 {
				return nil, &diag.Failure{Class: diag.Internal, Op: "gateway-login", Detail: fmt.Sprintf("folders %d and %d of the offer have the same name", old.number+1, i+1)}
			}
			b.children = old.children
		}
		byName[name] = b
	}
	out := make([]box, 0, len(byName))
	for _, b := range byName {
		b.wire = imapwire.EncodeUTF7(b.name)
		out = append(out, *b)
	}
	slices.SortFunc(out, func(a, b box) int {
		if (a.name == inbox) != (b.name == inbox) {
			if a.name == inbox {
				return -1
			}
			return 1
		}
		return strings.Compare(a.name, b.name)
	})
	return out, nil
}

// named tells whether each level has a name, without the delimiter in it.
func named(levels []string) bool {
	return len(levels) > 0 && !slices.ContainsFunc(levels, func(l string) bool { return l == "" || strings.Contains(l, delimiter) })
}

// box finds a folder by the name that a client uses: in modified UTF-7, or raw.
func (s *session) box(name string) *box {
	name = canonical(name)
	text := readName(name)
	for i := range s.boxes {
		if b := &s.boxes[i]; b.wire == name || b.name == text {
			return b
		}
	}
	return nil
}

// canonical writes INBOX, which has any case, as INBOX.
func canonical(name string) string {
	if len(name) >= len(inbox) && strings.EqualFold(name[:len(inbox)], inbox) && (len(name) == len(inbox) || name[len(inbox)] == '/') {
		return inbox + name[len(inbox):]
	}
	return name
}

// readName is a name as people read it.
func readName(wire string) string {
	if text, ok := imapwire.DecodeUTF7(wire); ok {
		return norm.NFC.String(text)
	}
	return norm.NFC.String(wire)
}

// attrs are the attributes of a folder in LIST.
func (b *box) attrs() []string {
	var out []string
	if !b.selects {
		out = append(out, `\Noselect`)
	}
	if b.children {
		out = append(out, `\HasChildren`)
	} else {
		out = append(out, `\HasNoChildren`)
	}
	if use := useAttr(b.Use); use != "" {
		out = append(out, use)
	}
	return out
}

// useAttr is the attribute of RFC 6154.
func useAttr(use providers.Use) string {
	switch use {
	case providers.UseSent:
		return `\Sent`
	case providers.UseDrafts:
		return `\Drafts`
	case providers.UseTrash:
		return `\Trash`
	case providers.UseJunk:
		return `\Junk`
	case providers.UseArchive:
		return `\Archive`
	case providers.UseAll:
		return `\All`
	case providers.UseFlagged:
		return `\Flagged`
	}
	return ""
}

// selectBox opens a folder: RFC 3501 §6.3.1. It says READ-WRITE, since clients give up
// when what they SELECT is not; PERMANENTFLAGS says that nothing can be set.
func (s *session) selectBox(p *parser, examine bool) error {
	if err := p.space(); err != nil {
		return err
	}
	name, err := p.astring()
	if err != nil {
		return err
	}
	p.at = len(p.b) // parameters (RFC 4466) are of extensions that are not offered
	s.state, s.open = loggedIn, nil
	b := s.box(name)
	if b == nil || !b.selects {
		return noBox()
	}
	s.state, s.open = selected, b
	s.readOnly = examine
	flags := []string{`\Answered`, `\Flagged`, `\Deleted`, `\Seen`, `\Draft`}
	s.out.puts("* FLAGS ")
	s.out.words(append(flags, keywords(b.messages)...))
	s.out.puts("\r\n* OK [PERMANENTFLAGS ()] Nothing can be set\r\n* ")
	s.out.number(int64(len(b.messages)))
	s.out.puts(" EXISTS\r\n* 0 RECENT\r\n")
	if i := slices.IndexFunc(b.messages, func(m Message) bool { return !hasFlag(m.Flags, `\Seen`) }); i >= 0 {
		s.out.puts("* OK [UNSEEN ")
		s.out.number(int64(i + 1))
		s.out.puts("] First unseen\r\n")
	}
	s.out.puts("* OK [UIDVALIDITY ")
	s.out.number(int64(b.UIDValidity))
	s.out.puts("] UIDs valid\r\n* OK [UIDNEXT ")
	s.out.number(int64(b.UIDNext))
	s.out.puts("] Next UID\r\n")
	if examine {
		return ok("READ-ONLY", "EXAMINE completed")
	}
	return ok("READ-WRITE", "SELECT completed")
}

func noBox() error { return no("NONEXISTENT", "There is no such mailbox") }

// keywords are the flags of messages that are no system flags.
func keywords(messages []Message) []string {
	var out []string
	seen := map[string]bool{}
	for i := range messages {
		for _, f := range messages[i].Flags {
			if key := strings.ToLower(f); !strings.HasPrefix(f, `\`) && isFlag(f) && !seen[key] {
				seen[key] = true
				out = append(out, f)
			}
		}
	}
	return out
}

// isFlag tells whether a flag can be written.
func isFlag(f string) bool {
	return f != "" && f != `\` && !strings.ContainsFunc(strings.TrimPrefix(f, `\`), func(r rune) bool { return !isAtom(r) || r > '~' })
}

func hasFlag(flags []string, want string) bool {
	return slices.ContainsFunc(flags, func(f string) bool { return strings.EqualFold(f, want) })
}

func (s *session) unselect(p *parser, _ string) error {
	if err := p.end(); err != nil {
		return err
	}
	s.state, s.open = loggedIn, nil
	return nil
}

// status is RFC 3501 §6.3.10, with SIZE of RFC 8438.
func (s *session) status(p *parser, _ string) error {
	if err := p.space(); err != nil {
		return err
	}
	name, err := p.astring()
	if err != nil {
		return err
	}
	if err := p.space(); err != nil {
		return err
	}
	items, err := statusItems(p)
	if err != nil {
		return err
	}
	if err := p.end(); err != nil {
		return err
	}
	b := s.box(name)
	if b == nil || !b.selects {
		return noBox()
	}
	s.putStatus(b, items)
	return nil
}

func statusItems(p *parser) ([]string, error) {
	var items []string
	err := p.list(func() error {
		item, err := p.atom()
		if err != nil {
			return err
		}
		switch item {
		case "MESSAGES", "RECENT", "UIDNEXT", "UIDVALIDITY", "UNSEEN", "DELETED", "SIZE":
		default:
			return syntaxError("Unknown item of STATUS")
		}
		if !slices.Contains(items, item) {
			items = append(items, item)
		}
		return nil
	})
	return items, err
}

func (s *session) putStatus(b *box, items []string) {
	s.out.puts("* STATUS ")
	s.out.str(b.wire)
	s.out.puts(" (")
	for i, item := range items {
		if i > 0 {
			s.out.puts(" ")
		}
		s.out.puts(item, " ")
		s.out.number(b.count(item))
	}
	s.out.puts(")\r\n")
}

// count is the value of an item of STATUS.
func (b *box) count(item string) int64 {
	var n int64
	switch item {
	case "MESSAGES":
		return int64(len(b.messages))
	case "UIDNEXT":
		return int64(b.UIDNext)
	case "UIDVALIDITY":
		return int64(b.UIDValidity)
	}
	for i := range b.messages {
		m := &b.messages[i]
		switch {
		case item == "SIZE":
			n += m.Size
		case item == "UNSEEN" && !hasFlag(m.Flags, `\Seen`), item == "DELETED" && hasFlag(m.Flags, `\Deleted`):
			n++
		}
	}
	return n
}
