package imapwire

import (
	"context"
	"slices"
	"strings"

	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/internal/dial"
)

// Mailbox is a selected folder.
type Mailbox struct {
	Name      string   // bytes of the wire
	Validity  uint32   // UIDVALIDITY; 0: not told
	Next      uint32   // UIDNEXT; 0: not told
	Messages  uint32   // EXISTS
	ModSeq    uint64   // HIGHESTMODSEQ; 0: the folder keeps none
	ReadOnly  bool     // it was examined, or cannot be changed
	Permanent []string // PERMANENTFLAGS
	Expunged  uint32   // messages that went since the folder was opened

	saidPermanent bool
}

// Keeps tells whether the folder keeps a flag or keyword beyond the session. A
// server that does not tell keeps all. \Recent cannot be given.
func (m *Mailbox) Keeps(flag string) bool {
	if strings.EqualFold(flag, `\Recent`) || !sendable(flag) {
		return false
	}
	if !m.saidPermanent {
		return true
	}
	return slices.ContainsFunc(m.Permanent, func(p string) bool {
		return strings.EqualFold(p, flag) || p == `\*` && flag[0] != '\\'
	})
}

// sendable tells whether a flag can be written in a command: an atom, after one
// backslash for those of the system.
func sendable(flag string) bool {
	name := strings.TrimPrefix(flag, `\`)
	return name != "" && !strings.ContainsFunc(name, func(r rune) bool {
		return r <= 0x20 || r > 0x7e || strings.ContainsRune(`(){%*"\]`, r)
	})
}

// Selected is the selected folder as last heard of, nil when there is none.
func (c *Conn) Selected() *Mailbox {
	if c.now.Name == "" {
		return nil
	}
	m := c.now
	return &m
}

// Examine opens a folder read-only.
func (c *Conn) Examine(ctx context.Context, name string) (*Mailbox, error) {
	return c.selectBy(ctx, "EXAMINE", name)
}

// Select opens a folder for writing.
func (c *Conn) Select(ctx context.Context, name string) (*Mailbox, error) {
	return c.selectBy(ctx, "SELECT", name)
}

func (c *Conn) selectBy(ctx context.Context, verb, name string) (*Mailbox, error) {
	op := "open folder " + ReadName(name)
	err := c.do(ctx, op, func() error {
		cmd, err := c.sendSelect(verb, name)
		if err != nil {
			return err
		}
		return c.selected(cmd, verb, name)
	})
	if err != nil {
		return nil, err
	}
	return c.Selected(), nil
}

// sendSelect writes a SELECT or EXAMINE. What is heard until it is answered is about
// the folder that is opened.
func (c *Conn) sendSelect(verb, name string) (*command, error) {
	if !writable(name) {
		return nil, dial.Settled{Failure: &diag.Failure{Class: diag.NotFound, Detail: "the folder's name cannot be sent"}}
	}
	text := verb + " " + c.string(name)
	if c.caps["CONDSTORE"] || c.caps["QRESYNC"] {
		text += " (CONDSTORE)"
	}
	c.now = Mailbox{}
	return c.start(text), nil
}

func (c *Conn) selected(cmd *command, verb, name string) error {
	if err := c.wait(cmd); err != nil {
		c.now = Mailbox{}
		return err
	}
	c.now.Name = name
	c.now.ReadOnly = c.now.ReadOnly || verb == "EXAMINE"
	return nil
}

// Making is a folder to be made.
type Making struct {
	Name string // bytes of the wire
	Use  string // an attribute of RFC 6154, where the server takes that; "" none
}

// Make makes folders, subscribes to them and selects the last of them, in one round
// trip. Folders that are there already are no error.
func (c *Conn) Make(ctx context.Context, folders []Making) (*Mailbox, error) {
	last := folders[len(folders)-1]
	err := c.do(ctx, "make folder "+ReadName(last.Name), func() error {
		var made, all []*command
		for _, f := range folders {
			if !writable(f.Name) {
				return dial.Settled{Failure: &diag.Failure{Class: diag.Invalid, Detail: "the folder's name cannot be sent"}}
			}
		}
		for _, f := range folders {
			text := "CREATE " + c.string(f.Name)
			if f.Use != "" && c.caps["CREATE-SPECIAL-USE"] {
				text += " (USE (" + f.Use + "))"
			}
			made = append(made, c.start(text))
			all = append(all, made[len(made)-1], c.start("SUBSCRIBE "+c.string(f.Name)))
		}
		opening, err := c.sendSelect("SELECT", last.Name)
		if err != nil {
			return err
		}
		if err := c.run(all...); err != nil && !passing(err) {
			return err
		}
		err = c.selected(opening, "SELECT", last.Name)
		if refused, ok := err.(*Refusal); ok && !refused.Bye {
			if why := made[len(made)-1].refusal(); why != nil {
				return why // that it is not there follows from that
			}
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return c.Selected(), nil
}

// passing tells that an error is a refusal after which the connection goes on.
func passing(err error) bool {
	r, ok := err.(*Refusal)
	return ok && !r.Bye
}

// Rename gives a folder, with what is below it, another name, and subscribes to it.
// No folder is selected afterwards.
func (c *Conn) Rename(ctx context.Context, from, to string) error {
	return c.do(ctx, "rename folder "+ReadName(from), func() error {
		if !writable(to) {
			return dial.Settled{Failure: &diag.Failure{Class: diag.Invalid, Detail: "the new name cannot be sent"}}
		}
		rename, subscribe := c.start("RENAME "+c.string(from)+" "+c.string(to)), c.start("SUBSCRIBE "+c.string(to))
		c.now = Mailbox{}
		if err := c.run(rename, subscribe); err != nil && !passing(err) {
			return err
		}
		return rename.refusal()
	})
}

// Noop lets the server tell what is new.
func (c *Conn) Noop(ctx context.Context) error {
	return c.do(ctx, "ask for news", func() error { return c.run(c.start("NOOP")) })
}
