// Package imap reads and writes mailboxes over IMAP: providers.Origin and
// providers.Target of mail.
//
// A source is never changed: folders are examined, bodies peeked. Folder.ID is the
// name on the wire, Item.Key the UID with ten digits, Folder.Epoch the UIDVALIDITY,
// Folder.Mark "next;messages;highestmodseq", and "" on servers without CONDSTORE,
// which prove nothing about flags. A call that meets another UIDVALIDITY than the
// folder's Epoch fails as diag.Conflict: what is known about keys is void.
package imap

import (
	"context"
	"crypto/x509"
	"net/url"
	"time"

	"github.com/isaworks/isa/internal/dial"
	"github.com/isaworks/isa/internal/imapwire"
	"github.com/isaworks/isa/providers"
)

// Security is how connections are protected.
type Security = dial.Security

// The ways of protection.
const (
	TLS      = dial.TLS
	StartTLS = dial.StartTLS
	Plain    = dial.Plain
)

// Account is a mailbox and the way to log in to it. It holds no secret: Secret is
// asked at each login.
type Account struct {
	Addr       string // host:port
	ServerName string // the name in the certificate; "" is Addr's host
	Security   Security
	Roots      *x509.CertPool // nil: those of the system
	Stall      time.Duration  // how long the server may stay silent; 0: two minutes

	User string // whose mailbox it is
	// Master opens the mailbox of User with rights of its own; "" none. With a
	// Separator the login is User, Separator, Master in one ("gildong*master", as
	// Dovecot has it); without one, the authorization identity of SASL PLAIN.
	Master, Separator string
	// Secret is the password of who logs in, or an access token.
	Secret func(ctx context.Context) (string, error)
	Bearer bool // Secret is an OAuth access token, for XOAUTH2

	Quirks Quirks
}

// Quirks are what a server does that no capability tells.
type Quirks struct {
	// Exchange shows calendars, contacts and tasks as folders of mail.
	Exchange bool
}

// Origin is the account to read from.
func Origin(a Account) providers.Origin { return origin{a} }

// Target is the account to write to. Zero limits are replaced by what the server
// tells and by batches of 50 messages and 1 MiB.
func Target(a Account, limits providers.Limits) providers.Target { return target{a, limits} }

type origin struct{ Account }

// Open implements providers.Origin.
func (o origin) Open(ctx context.Context) (providers.Reader, error) {
	conn, err := o.login(ctx)
	if err != nil {
		return nil, err
	}
	return newReader(conn, o.Account, "EXAMINE"), nil
}

type target struct {
	Account
	limits providers.Limits
}

// Open implements providers.Target.
func (t target) Open(ctx context.Context) (providers.Writer, error) {
	conn, err := t.login(ctx)
	if err != nil {
		return nil, err
	}
	return &writer{reader: newReader(conn, t.Account, "SELECT"), limits: t.limits}, nil
}

// Host is the server's name, with the port unless it is 993 or 143.
func (a Account) Host() string { return dial.Host(a.Addr, "993", "143") }

// Name is the account as a URL, "imap://mail.acme-old.co.kr/gildong".
func (a Account) Name() string { return "imap://" + a.Host() + "/" + url.PathEscape(a.User) }

// login connects and logs in.
func (a Account) login(ctx context.Context) (*imapwire.Conn, error) {
	conn, err := imapwire.Dial(ctx, dial.Options{
		Addr: a.Addr, Server: a.ServerName, Security: a.Security, Roots: a.Roots, Stall: a.Stall,
	})
	if err != nil {
		return nil, err
	}
	if err := a.authenticate(ctx, conn); err != nil {
		_ = conn.Close() // the login's error is the one to tell
		return nil, err
	}
	return conn, nil
}

func (a Account) authenticate(ctx context.Context, conn *imapwire.Conn) error {
	if conn.Preauthenticated() {
		return conn.Capability(ctx)
	}
	login := dial.Login{User: a.User, Master: a.Master, Separator: a.Separator, Secret: a.Secret, Bearer: a.Bearer}
	cred, err := login.Credentials(ctx)
	if err != nil {
		return err
	}
	return conn.Login(ctx, cred)
}
