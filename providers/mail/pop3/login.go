package pop3

import (
	"encoding/base64"
	"slices"
	"strings"

	"github.com/isaworks/isa/internal/diag"
)

// credentials are what a login needs. They have no text form.
type credentials struct {
	user      string
	authorize string // whose mailbox it is, when user is a master user; "" user's own
	secret    string
	bearer    bool
}

// String hides the secret.
func (credentials) String() string { return "(credentials)" }

// GoString hides the secret.
func (credentials) GoString() string { return "(credentials)" }

// login logs in: by XOAUTH2 for tokens, by AUTH PLAIN for master users and for what
// USER and PASS cannot carry, else by these. What the server can is asked again.
func (c *conn) login(cred credentials) error {
	if strings.ContainsAny(cred.user+cred.secret+cred.authorize, "\r\n\x00") {
		return settled{&diag.Failure{Class: diag.Denied, Op: "log in as " + cred.user, Detail: "a user or password holds a line end or NUL"}}
	}
	sasl := strings.Fields(strings.ToUpper(c.caps["SASL"]))
	var err error
	switch {
	case cred.bearer:
		err = c.authenticate("XOAUTH2", cred.token())
	case cred.authorize != "" || slices.Contains(sasl, "PLAIN") && (!c.has("USER") || !ascii(cred.user+cred.secret) || strings.Contains(cred.user, " ")):
		err = c.authenticate("PLAIN", cred.plain())
	default:
		if _, err = c.ask("USER " + cred.user); err == nil {
			_, err = c.ask("PASS " + cred.secret)
		}
	}
	if err != nil {
		return cred.kept(err)
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
func (cred credentials) kept(err error) error {
	r, ok := err.(*refusal) //nolint:errorlint // as reply returns it
	if !ok || cred.secret == "" {
		return err
	}
	hidden := *r
	for _, secret := range []string{cred.secret, clean(cred.secret), cred.token(), cred.plain()} {
		if secret != "" {
			hidden.text = strings.ReplaceAll(hidden.text, secret, "…")
		}
	}
	return &hidden
}

// token is the message of XOAUTH2.
func (cred credentials) token() string {
	return encode("user=" + cred.user + "\x01auth=Bearer " + cred.secret + "\x01\x01")
}

// plain is the message of SASL PLAIN (RFC 4616).
func (cred credentials) plain() string {
	return encode(cred.authorize + "\x00" + cred.user + "\x00" + cred.secret)
}

func encode(text string) string { return base64.StdEncoding.EncodeToString([]byte(text)) }

func ascii(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r < 0x20 || r > 0x7e }) < 0
}
