// Package pop3 reads an account over POP3: providers.Origin of mail (RFC 1939, with
// CAPA and response codes of RFC 2449 and 3206, STLS of RFC 2595, SASL of RFC 5034).
//
// POP3 knows one folder, the inbox, no flags, and no time of receipt: that is taken
// from the topmost Received field, else from Date, else it is now. Nothing is deleted:
// DELE is never sent, and where a server may delete what was read at the end of a
// session (EXPIRE 0, RFC 2449, 6.6) the connection is cut instead of ended by QUIT, after
// which it must not (RFC 1939, 6).
//
// Item.Key is the unique-id (UIDL), which holds for ever; servers without it cannot be
// told what is new, and are refused. Messages that share one, which RFC 1939 allows for
// equal ones, are told apart by a number behind it. Keys sort as text, whatever the
// order of arrival. Folder.Mark is made of all unique-ids in the order of the server, so
// that a scan since a mark reads only what was added behind it. What a session shows is
// the mailbox as it was at the login.
//
// Commands are pipelined where the server can (PIPELINING). Memory is about 100 bytes a
// message of the mailbox and a MiB for the message that is read; larger ones lie in a
// temporary file meanwhile, since what LIST says of sizes may be wrong and POP3 tells
// none other before the end.
//
// The libraries that there are hold a whole message in memory, know neither pipelining
// nor STLS, contexts or response codes, and fail at lines that are not as they should be.
package pop3

import (
	"context"
	"crypto/x509"
	"net/url"
	"time"

	"github.com/isaworks/isa/internal/dial"
	"github.com/isaworks/isa/providers"
)

// Security is how connections are protected.
type Security = dial.Security

// The ways of protection.
const (
	TLS      = dial.TLS      // from the first byte, port 995
	StartTLS = dial.StartTLS // STLS, port 110; never falls back
	Plain    = dial.Plain
)

// Account is a mailbox and the way to log in to it. It holds no secret: Secret is
// asked at each login. A server lets one session at a time into a mailbox.
type Account struct {
	Addr       string // host:port
	ServerName string // the name in the certificate; "" is Addr's host
	Security   Security
	Roots      *x509.CertPool // nil: those of the system
	Stall      time.Duration  // how long the server may stay silent; 0: two minutes
	Temp       string         // directory for large messages while they are read; "": the system's

	User string // whose mailbox it is
	// Master opens the mailbox of User with rights of its own; "" none. With a
	// Separator the login is User, Separator, Master in one ("gildong*master"); without
	// one, the authorization identity of SASL PLAIN.
	Master, Separator string
	// Secret is the password of who logs in, or an access token.
	Secret func(ctx context.Context) (string, error)
	Bearer bool // Secret is an OAuth access token, for XOAUTH2
}

// Origin is the account to read from.
func Origin(a Account) providers.Origin { return origin{a} }

type origin struct{ Account }

// Open implements providers.Origin. A mailbox that is in use is Limited.
func (o origin) Open(ctx context.Context) (providers.Reader, error) {
	c, err := o.login(ctx)
	if err != nil {
		return nil, err
	}
	return &reader{conn: c, account: o.Account, opened: time.Now().Truncate(time.Second)}, nil
}

// Host is the server's name, with the port unless it is 995 or 110.
func (a Account) Host() string { return dial.Host(a.Addr, "995", "110") }

// Name is the account as a URL, "pop3://mail.acme-old.co.kr/gildong".
func (a Account) Name() string { return "pop3://" + a.Host() + "/" + url.PathEscape(a.User) }

// login connects and logs in.
func (a Account) login(ctx context.Context) (*conn, error) {
	c, err := open(ctx, dial.Options{Addr: a.Addr, Server: a.ServerName, Security: a.Security, Roots: a.Roots, Stall: a.Stall})
	if err != nil {
		return nil, err
	}
	if err := a.authenticate(ctx, c); err != nil {
		c.link.Cut() // the login's error is the one to tell
		return nil, err
	}
	return c, nil
}

func (a Account) authenticate(ctx context.Context, c *conn) error {
	login := dial.Login{User: a.User, Master: a.Master, Separator: a.Separator, Secret: a.Secret, Bearer: a.Bearer}
	cred, err := login.Credentials(ctx)
	if err == nil {
		err = cred.Check()
	}
	if err != nil {
		return err
	}
	return c.do(ctx, "log in as "+a.User, func() error { return c.login(cred) })
}
