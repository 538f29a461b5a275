package pop3

import (
	"slices"
	"strings"

	"github.com/isaworks/isa/internal/dial"
)

// login logs in: by XOAUTH2 for tokens, by AUTH PLAIN for master users and for what
// USER and PASS cannot carry, else by these. What the server can is asked again.
func (c *conn) login(cred dial.Credentials) error {
	sasl := strings.Fields(strings.ToUpper(c.caps["SASL"]))
	var err error
	switch {
	case cred.Bearer:
		err = c.authenticate("XOAUTH2", cred.XOAUTH2())
	case cred.Authorize != "" || slices.Contains(sasl, "PLAIN") && (!c.has("USER") || !cred.ASCII() || strings.Contains(cred.User, " ")):
		err = c.authenticate("PLAIN", cred.Plain())
	default:
		if _, err = c.ask("USER " + cred.User); err == nil {
			_, err = c.ask("PASS " + cred.Secret)
		}
	}
	if err != nil {
		return kept(cred, err)
	}
	return c.capabilities()
}

// authenticate is a SASL exchange of one message (RFC 5034). A server that refuses a
// token explains itself in a challenge, which is answered with nothing.
func (c *conn) authenticate(mechanism, encoded string) error {
	if err := c.command("AUTH " + mechanism); err != nil {
		return err
	}
	for sent := false; ; {
		if err := c.w.Flush(); err != nil {
			return err
		}
		next, err := c.r.Peek(1)
		if err != nil {
			return err
		}
		if more, err := c.r.Peek(2); next[0] != '+' || err == nil && more[1] != ' ' && more[1] != '\r' && more[1] != '\n' {
			_, err := c.reply("AUTH")
			return err
		}
		if _, err := c.line(); err != nil { // a challenge
			return err
		}
		answer := ""
		if !sent {
			answer, sent = encoded, true
		}
		if err := c.command(answer); err != nil {
			return err
		}
	}
}

// kept takes the secret out of the words of servers that repeat what they did not
// understand.
func kept(cred dial.Credentials, err error) error {
	r, ok := err.(*refusal) //nolint:errorlint // as reply returns it
	if !ok {
		return err
	}
	hidden := *r
	hidden.text = cred.Hide(r.text, clean(cred.Secret))
	return &hidden
}
