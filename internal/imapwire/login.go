package imapwire

import (
	"context"
	"encoding/base64"
	"strings"

	"github.com/isaworks/isa/internal/diag"
)

// Credentials are what a login needs. They have no text form.
type Credentials struct {
	User string
	// Authorize is whose mailbox is opened when User is a master user who opens those
	// of others (the authorization identity of SASL PLAIN); "" is User's own.
	Authorize string
	Secret    string
	Bearer    bool // Secret is an OAuth access token, for XOAUTH2
}

// String hides the secret.
func (Credentials) String() string { return "(credentials)" }

// GoString hides the secret.
func (Credentials) GoString() string { return "(credentials)" }

// Login logs in: by XOAUTH2 for tokens, by AUTHENTICATE PLAIN for master users and
// for what LOGIN cannot carry, else by LOGIN. Wrong credentials are Denied, too many
// connections Limited. What the server offers is known afterwards.
func (c *Conn) Login(ctx context.Context, cred Credentials) error {
	op := "log in as " + cred.User
	if strings.ContainsAny(cred.User+cred.Secret+cred.Authorize, "\r\n\x00") {
		return &diag.Failure{Class: diag.Denied, Op: op, Detail: "a user or password holds a line end or NUL"}
	}
	if err := c.Capability(ctx); err != nil { // LOGINDISABLED, SASL-IR
		return err
	}
	if err := c.do(ctx, op, func() error { return cred.kept(c.login(cred)) }); err != nil {
		return err
	}
	if err := c.Capability(ctx); err != nil {
		return err
	}
	if !c.Has("UTF8=ONLY") {
		return nil
	}
	return c.do(ctx, "agree on UTF-8", func() error {
		err := c.run(c.start("ENABLE UTF8=ACCEPT"))
		c.utf8 = err == nil
		return err
	})
}

func (c *Conn) login(cred Credentials) error {
	switch {
	case cred.Bearer:
		return c.authenticate("XOAUTH2", cred.bearer())
	case cred.Authorize != "" || c.caps["AUTH=PLAIN"] && (c.caps["LOGINDISABLED"] || !plainText(cred.User+cred.Secret)):
		return c.authenticate("PLAIN", cred.plain())
	case c.caps["LOGINDISABLED"] && !c.secure:
		return &diag.Failure{Class: diag.Denied, Detail: "the server takes no password without TLS", Fix: `tls = "tls" or "starttls"`}
	}
	c.forget()
	return c.run(c.start("LOGIN " + c.string(cred.User) + " " + c.string(cred.Secret)))
}

// kept takes the secret out of the words of servers that repeat what they did not
// understand.
func (cred Credentials) kept(err error) error {
	r, ok := err.(*Refusal)
	if !ok || cred.Secret == "" {
		return err
	}
	hidden := *r
	for _, secret := range []string{cred.Secret, quote(cred.Secret), cred.bearer(), cred.plain()} {
		hidden.Text = strings.ReplaceAll(hidden.Text, secret, "…")
	}
	return &hidden
}

// bearer is the message of XOAUTH2.
func (cred Credentials) bearer() string {
	return encode("user=" + cred.User + "\x01auth=Bearer " + cred.Secret + "\x01\x01")
}

// plain is the message of SASL PLAIN (RFC 4616).
func (cred Credentials) plain() string {
	return encode(cred.Authorize + "\x00" + cred.User + "\x00" + cred.Secret)
}

func encode(text string) string { return base64.StdEncoding.EncodeToString([]byte(text)) }

func plainText(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r < 0x20 || r > 0x7e }) < 0
}

// authenticate is a SASL exchange of one message. A server that refuses a token
// explains itself in a challenge, which is answered with nothing (RFC 7628, 3.2.3).
func (c *Conn) authenticate(mechanism, encoded string) error {
	var cmd *command
	if c.caps["SASL-IR"] {
		c.forget()
		cmd = c.start("AUTHENTICATE " + mechanism + " " + encoded)
	} else {
		c.forget()
		cmd = c.start("AUTHENTICATE " + mechanism)
		if err := c.ask(cmd); err != nil {
			return err
		}
		c.write(encoded + "\r\n")
	}
	for c.goOn = false; !cmd.done; {
		if err := c.flush(); err != nil {
			return err
		}
		if err := c.step(); err != nil {
			return err
		}
		if c.goOn {
			c.goOn = false
			c.write("\r\n")
		}
	}
	return c.wait(cmd)
}
