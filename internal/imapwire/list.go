package imapwire

import (
	"context"
	"strings"

	"github.com/isaworks/isa/internal/diag"
)

// Listed is a folder as LIST tells of it.
type Listed struct {
	Name  string   // bytes of the wire
	Attrs []string // \Noselect, \Sent …
	Delim string   // between levels; "" for a flat name
	// Status is what is in it; nil when the folder was not asked or Refused.
	Status  *Status
	Refused error // why the server tells nothing about it
}

// Is tells whether the folder has an attribute.
func (l *Listed) Is(attr string) bool {
	for _, a := range l.Attrs {
		if strings.EqualFold(a, attr) {
			return true
		}
	}
	return false
}

// Status is what is in a folder.
type Status struct {
	Messages, Next, Validity uint32
	ModSeq                   uint64 // 0: the folder keeps none
	Bytes                    int64  // -1: the server does not tell
}

// Space is a namespace (RFC 2342).
type Space struct {
	Prefix string // bytes of the wire
	Delim  string
}

// Spaces are the namespaces: the account's own, other people's, and shared ones.
type Spaces struct{ Own, Others, Shared []Space }

// window is how many commands are sent before the first answer is read: more than a
// round trip's worth, less than what sockets hold.
const window = 32

// List lists all folders, in the server's order, in one round trip where it can.
// With status each folder that can be selected is asked for it; none is selected
// afterwards where the server can do that, since a server tells old news about the
// selected one.
func (c *Conn) List(ctx context.Context, status bool) ([]*Listed, Spaces, error) {
	var folders []*Listed
	var spaces Spaces
	err := c.do(ctx, "list folders", func() error {
		var err error
		if folders, spaces, err = c.list(status); err != nil || !status {
			return err
		}
		return c.statuses(folders)
	})
	return folders, spaces, err
}

func (c *Conn) list(status bool) ([]*Listed, Spaces, error) {
	l := listing{c: c, byName: map[string]*Listed{}}
	var commands []*command
	if status && c.now.Name != "" {
		cmd, err := c.leave()
		if err != nil {
			return nil, Spaces{}, err
		}
		commands = append(commands, cmd)
	}
	if c.caps["NAMESPACE"] {
		cmd := c.start("NAMESPACE")
		cmd.data = l.hear
		commands = append(commands, cmd)
	}
	cmd := c.start(`LIST "" "*"` + c.listReturn(status))
	cmd.data = l.hear
	err := c.run(append(commands, cmd)...)
	return l.folders, l.spaces, err
}

// leave begins to leave the selected folder, or hears the news about it.
func (c *Conn) leave() (*command, error) {
	if c.caps["UNSELECT"] || c.caps["IMAP4REV2"] {
		c.now = Mailbox{}
		return c.start("UNSELECT"), nil
	}
	noop := c.start("NOOP")
	return noop, c.wait(noop)
}

func (c *Conn) listReturn(status bool) string {
	extended := c.caps["LIST-EXTENDED"] || c.caps["IMAP4REV2"]
	var options []string
	if extended && (c.caps["SPECIAL-USE"] || c.caps["IMAP4REV2"]) {
		options = append(options, "SPECIAL-USE")
	}
	if status && (c.caps["LIST-STATUS"] || c.caps["IMAP4REV2"]) {
		options = append(options, "STATUS "+c.statusItems())
	}
	if len(options) == 0 {
		return ""
	}
	return " RETURN (" + strings.Join(options, " ") + ")"
}

func (c *Conn) statusItems() string {
	items := "(MESSAGES UIDNEXT UIDVALIDITY"
	if c.caps["CONDSTORE"] || c.caps["QRESYNC"] {
		items += " HIGHESTMODSEQ"
	}
	if c.caps["STATUS=SIZE"] || c.caps["IMAP4REV2"] {
		items += " SIZE"
	}
	return items + ")"
}

// statuses asks about the folders of which LIST told nothing. A refusal without a
// reason is asked again: some servers refuse now and then.
func (c *Conn) statuses(folders []*Listed) error {
	var ask []*Listed
	for _, f := range folders {
		if f.Status == nil && !f.Is(`\Noselect`) && !f.Is(`\NonExistent`) && writable(f.Name) {
			ask = append(ask, f)
		}
	}
	for range attempts {
		var again []*Listed
		for len(ask) > 0 {
			some := ask[:min(window, len(ask))]
			ask = ask[len(some):]
			refused, err := c.statusOf(some)
			if err != nil {
				return err
			}
			again = append(again, refused...)
		}
		ask = again
	}
	return nil
}

// attempts is how often a question is asked that was refused without a reason.
const attempts = 5

func (c *Conn) statusOf(folders []*Listed) (again []*Listed, err error) {
	commands := make([]*command, len(folders))
	for i, f := range folders {
		cmd := c.start("STATUS " + c.string(f.Name) + " " + c.statusItems())
		cmd.data = func(r response) error {
			if r.name != "STATUS" {
				return nil
			}
			if _, err := c.d.name(); err != nil {
				return err
			}
			f.Status, err = c.status()
			return err
		}
		commands[i] = cmd
	}
	for i, cmd := range commands {
		f := folders[i]
		err := c.wait(cmd)
		r, refused := err.(*Refusal)
		if err != nil && (!refused || r.Bye) {
			return nil, err
		}
		switch f.Refused = nil; {
		case refused:
			f.Refused = r.failure("ask about folder " + ReadName(f.Name))
			if r.Passing() {
				again = append(again, f)
			}
		case f.Status == nil:
			f.Refused = &diag.Failure{Class: diag.Unavailable, Op: "ask about folder " + ReadName(f.Name), Detail: "the server told nothing"}
		}
	}
	return again, nil
}

// listing collects what LIST and NAMESPACE tell.
type listing struct {
	c       *Conn
	folders []*Listed
	byName  map[string]*Listed
	spaces  Spaces
}

func (l *listing) hear(r response) error {
	d := &l.c.d
	switch r.name {
	case "LIST", "LSUB", "XLIST":
		f, err := d.listed()
		if err != nil {
			return err
		}
		if l.byName[f.Name] == nil && f.Name != "" {
			if len(l.folders) >= maxFolders {
				return malformed("more than 100,000 folders")
			}
			l.byName[f.Name] = f
			l.folders = append(l.folders, f)
		}
	case "STATUS":
		name, err := d.name()
		if err != nil {
			return err
		}
		status, err := l.c.status()
		if f := l.byName[name]; f != nil && err == nil {
			f.Status = status
		}
		return err
	case "NAMESPACE":
		for _, kind := range []*[]Space{&l.spaces.Own, &l.spaces.Others, &l.spaces.Shared} {
			var err error
			if *kind, err = d.namespaces(); err != nil {
				return err
			}
		}
	}
	return nil
}

func (d *decoder) listed() (*Listed, error) {
	attrs, err := d.words()
	if err != nil {
		return nil, err
	}
	f := &Listed{Attrs: attrs}
	if f.Delim, err = d.delim(); err != nil {
		return nil, err
	}
	if err := d.spaces(); err != nil {
		return nil, err
	}
	f.Name, err = d.name()
	return f, err
}

// delim reads a hierarchy delimiter: a quoted character, or NIL for none.
func (d *decoder) delim() (string, error) {
	if err := d.spaces(); err != nil {
		return "", err
	}
	text, ok, _, err := d.text(1)
	if err != nil || !ok {
		return "", err
	}
	return string(text), nil
}

// namespaces reads one of the three parts of a NAMESPACE response.
func (d *decoder) namespaces() ([]Space, error) {
	if err := d.spaces(); err != nil {
		return nil, err
	}
	if b, err := d.peek(); err != nil {
		return nil, err
	} else if b != '(' {
		_, err := d.atom() // NIL
		return nil, err
	}
	var spaces []Space
	err := d.list(func() error {
		var s Space
		at := 0
		err := d.list(func() error {
			var err error
			switch at++; at {
			case 1:
				s.Prefix, err = d.name()
			case 2:
				s.Delim, err = d.delim()
			default:
				err = d.skip()
			}
			return err
		})
		if len(spaces) < maxFlags {
			spaces = append(spaces, s)
		}
		return err
	})
	return spaces, err
}

// status reads the list of a STATUS response.
func (c *Conn) status() (*Status, error) {
	s := &Status{Bytes: -1}
	if err := c.d.spaces(); err != nil {
		return nil, err
	}
	return s, c.d.list(func() error {
		word, err := c.d.atom()
		if err != nil {
			return err
		}
		item := strings.ToUpper(string(word))
		if err := c.d.spaces(); err != nil {
			return err
		}
		n, err := c.d.number()
		if err != nil {
			return err
		}
		switch item {
		case "MESSAGES":
			s.Messages = uint32(min(n, 1<<32-1))
		case "UIDNEXT":
			s.Next = uint32(min(n, 1<<32-1))
		case "UIDVALIDITY":
			s.Validity = uint32(min(n, 1<<32-1))
		case "HIGHESTMODSEQ":
			s.ModSeq = n
		case "SIZE":
			s.Bytes = int64(n)
		}
		return nil
	})
}
