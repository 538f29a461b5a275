package dial

import (
	"context"
	"encoding/base64"
	"slices"
	"strings"

	"github.com/isaworks/isa/internal/diag"
)

// Login is a mailbox and who opens it. It holds no secret: Secret is asked each time.
type Login struct {
	User string // whose mailbox it is
	// Master opens the mailbox of User with rights of its own; "" none. With a
	// Separator the login is User, Separator, Master in one ("gildong*master", as
	// Dovecot has it); without one, the authorization identity of SASL PLAIN.
	Master, Separator string
	// Secret is the password of who logs in, or an access token.
	Secret func(ctx context.Context) (string, error)
	Bearer bool // Secret is an OAuth access token, for XOAUTH2
}

// Credentials asks for the secret. One that cannot be had is Denied, unless Secret gives
// its failure another class.
func (l Login) Credentials(ctx context.Context) (Credentials, error) {
	op := "log in as " + l.User
	secret, err := l.Secret(ctx)
	if err != nil {
		if diag.ClassOf(err) != diag.Internal {
			return Credentials{}, err
		}
		return Credentials{}, &diag.Failure{Class: diag.Denied, Op: op, Detail: "the password or token cannot be had", Err: err}
	}
	c := Credentials{User: l.User, Secret: secret, Bearer: l.Bearer}
	switch {
	case l.Master != "" && l.Separator != "":
		c.User = l.User + l.Separator + l.Master
	case l.Master != "":
		c.User, c.Authorize = l.Master, l.User
	}
	return c, nil
}

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

// Check fails, as Denied, where a line end or NUL would end a command within.
func (c Credentials) Check() error {
	if strings.ContainsAny(c.User+c.Secret+c.Authorize, "\r\n\x00") {
		return &diag.Failure{Class: diag.Denied, Op: "log in as " + c.User, Detail: "a user or password holds a line end or NUL"}
	}
	return nil
}

// ASCII tells that user and secret are of visible ASCII and spaces alone.
func (c Credentials) ASCII() bool {
	return strings.IndexFunc(c.User+c.Secret, func(r rune) bool { return r < 0x20 || r > 0x7e }) < 0
}

// XOAUTH2 is the message of that SASL mechanism, encoded.
func (c Credentials) XOAUTH2() string {
	return encode("user=" + c.User + "\x01auth=Bearer " + c.Secret + "\x01\x01")
}

// Plain is the message of SASL PLAIN (RFC 4616), encoded.
func (c Credentials) Plain() string {
	return encode(c.Authorize + "\x00" + c.User + "\x00" + c.Secret)
}

func encode(text string) string { return base64.StdEncoding.EncodeToString([]byte(text)) }

// Hide takes the secret out of the words of servers that repeat what they did not
// understand, in all forms in which it is sent; also are those of the protocol.
func (c Credentials) Hide(text string, also ...string) string {
	if c.Secret == "" {
		return text
	}
	for _, secret := range slices.Concat([]string{c.Secret}, also, []string{c.XOAUTH2(), c.Plain()}) {
		if secret != "" {
			text = strings.ReplaceAll(text, secret, "…")
		}
	}
	return text
}
