package imapwire

import (
	"context"
	"io"
	"strings"
	"time"

	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/internal/dial"
)

// Entry is a message to append. Body is read to its end, which has to be Size bytes
// away. A zero Date leaves the date to the server.
type Entry struct {
	Flags []string
	Date  time.Time
	Size  int64
	Body  io.Reader
}

// Appended tells where messages were stored.
type Appended struct {
	Validity uint32   // UIDVALIDITY; 0: not told
	UIDs     []uint32 // in the order of the messages; nil: not told
}

// Append stores messages in a folder: in one command with MULTIAPPEND, which stores
// all or none; else in one command each, sent ahead of the answers.
//
// An error that is not unknown (diag.MayHaveHappened) means that nothing was stored.
// One of class Invalid concerns a message. A body that fails, or is not as long as
// said, breaks the connection, so that no half message is stored; its own error is in
// the chain.
func (c *Conn) Append(ctx context.Context, name string, entries []Entry) (Appended, error) {
	var done Appended
	err := c.do(ctx, "store in folder "+ReadName(name), func() error {
		if !writable(name) {
			return dial.Settled{Failure: &diag.Failure{Class: diag.NotFound, Detail: "the folder's name cannot be sent"}}
		}
		a := appending{c: c, name: name}
		for len(entries) > 0 {
			n := 1
			if c.caps["MULTIAPPEND"] {
				n = len(entries)
			}
			if err := a.send(entries[:n]); err != nil {
				return a.failed(ctx, err)
			}
			entries = entries[n:]
		}
		if err := a.wait(); err != nil {
			return a.failed(ctx, err)
		}
		done = a.done
		return nil
	})
	return done, err
}

// appending is an Append under way.
type appending struct {
	c      *Conn
	name   string
	under  []batch
	sent   bool // a whole command may have reached the server whose end is not known
	stored bool // a command was carried out
	done   Appended
	untold bool
}

// batch is one APPEND of count messages.
type batch struct {
	*command
	count int
}

func (a *appending) send(entries []Entry) error {
	cmd := a.c.open("APPEND " + a.c.string(a.name))
	a.under = append(a.under, batch{cmd, len(entries)})
	for _, e := range entries {
		a.c.write(entryHead(e))
		if err := a.c.literal(cmd, e.Size, e.Body); err != nil {
			return err
		}
	}
	a.c.write("\r\n")
	a.sent = true
	return nil
}

func entryHead(e Entry) string {
	var b strings.Builder
	b.WriteByte(' ')
	if len(e.Flags) > 0 {
		b.WriteString("(" + strings.Join(e.Flags, " ") + ") ")
	}
	if date := formatDate(e.Date); date != "" {
		b.WriteString(`"` + date + `" `)
	}
	return b.String()
}

// wait takes the answers of all commands. The first refusal is returned after the
// last answer.
func (a *appending) wait() error {
	var first error
	for len(a.under) > 0 {
		b := a.under[0]
		err := a.c.wait(b.command)
		r, refused := err.(*Refusal)
		if err != nil && (!refused || r.Bye || !b.done) {
			return err
		}
		a.under = a.under[1:]
		if err == nil {
			a.stored = true
			a.told(b)
		} else if first == nil {
			first = err
		}
	}
	a.sent = false
	return first
}

// told reads the APPENDUID of a command that was carried out.
func (a *appending) told(b batch) {
	validity, set, _ := strings.Cut(b.answer.args, " ")
	uids := parseUIDs(set, b.count)
	number := parseUIDs(validity, 1)
	if b.answer.code != "APPENDUID" || uids == nil || number == nil || a.untold {
		a.untold, a.done = true, Appended{}
		return
	}
	a.done.Validity = number[0]
	a.done.UIDs = append(a.done.UIDs, uids...)
}

// failed gives an error its class, and says whether something may be stored.
func (a *appending) failed(ctx context.Context, err error) error {
	clean := a.usable(err)
	if clean {
		// One that was refused while it asked for its literal: those before it are
		// complete and get their answers.
		if waitErr := a.wait(); waitErr != nil {
			clean = a.usable(waitErr)
		}
	}
	if !a.sent && !a.stored {
		return err
	}
	told := explain(ctx, "", err)
	f := &diag.Failure{Class: diag.ClassOf(told), Detail: "some of it may be stored", Err: told, Unknown: true}
	if clean {
		return dial.Settled{Failure: f}
	}
	return f
}

// usable tells that after err the connection goes on.
func (a *appending) usable(err error) bool {
	r, refused := err.(*Refusal)
	return refused && !r.Bye && !a.c.link.Closed()
}
