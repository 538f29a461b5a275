package imapwire

import (
	"context"

	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/internal/dial"
)

// Login logs in: by XOAUTH2 for tokens, by AUTHENTICATE PLAIN for master users and
// for what LOGIN cannot carry, else by LOGIN. Wrong credentials are Denied, too many
// connections Limited. What the server offers is known afterwards.
func (c *Conn) Login(ctx context.Context, cred dial.Credentials) error {
	op := "log in as " + cred.User
	if err := cred.Check(); err != nil {
		return err
	}
	if err := c.Capability(ctx); err != nil { // LOGINDISABLED, SASL-IR
		return err
	}
	if err := c.do(ctx, op, func() error { return kept(cred, c.login(cred)) }); err != nil {
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

func (c *Conn) login(cred dial.Credentials) error {
	switch {
	case cred.Bearer:
		return c.authenticate("XOAUTH2", cred.XOAUTH2())
	case cred.Authorize != "" || c.caps["AUTH=PLAIN"] && (c.caps["LOGINDISABLED"] || !cred.ASCII()):
		return c.authenticate("PLAIN", cred.Plain())
	case c.caps["LOGINDISABLED"] && !c.link.Secure():
		return &diag.Failure{Class: diag.Denied, Detail: "the server takes no password without TLS", Fix: `tls = "tls" or "starttls"`}
	}
	c.forget()
	return c.run(c.start("LOGIN " + c.string(cred.User) + " " + c.string(cred.Secret)))
}

// kept takes the secret out of the words of servers that repeat what they did not
// understand.
func kept(cred dial.Credentials, err error) error {
	r, ok := err.(*Refusal)
	if !ok {
		return err
	}
	hidden := *r
	hidden.Text = cred.Hide(r.Text, quote(cred.Secret))
	return &hidden
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
