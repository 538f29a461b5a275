// Package dial is what the clients of mail servers have in common, whatever they speak:
// connections over TCP and TLS on which no wait is endless, calls that end with their
// context and fail by class, and what a login needs.
//
// Every error is a *diag.Failure, except those of callbacks, which come back as they
// are. Secrets are in none.
package dial

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/isaworks/isa/internal/diag"
)

// Security is how a connection is protected.
type Security string

// The ways of protection.
const (
	TLS      Security = "tls"      // from the first byte
	StartTLS Security = "starttls" // after the greeting; never falls back
	Plain    Security = "none"     // not at all
)

// Options say where to connect and how.
type Options struct {
	Addr     string         // host:port
	Server   string         // the name in the certificate; "" is Addr's host
	Security Security       // "" is TLS
	Roots    *x509.CertPool // nil: those of the system
	// Stall is how long the server may stay silent, or refuse to take bytes, while it
	// is waited for. 0 is two minutes. Nothing limits how long a call takes in all.
	Stall time.Duration
	// Now is by which time certificates are judged; nil: time.Now.
	Now func() time.Time
}

const (
	connectWithin = 30 * time.Second
	defaultStall  = 2 * time.Minute
	// lastWords is how long a server that goes, or is left, is listened to.
	lastWords = 2 * time.Second
)

// Conn is a connection to a server. Calls on it are made by Do, one at a time; Close
// and Cut alone may come from another goroutine.
type Conn struct {
	o      Options
	raw    net.Conn // closing it ends every wait
	link   *progress
	secure bool
	broken error // why the connection is of no use any more
	closed atomic.Bool
	busy   atomic.Bool
}

// Open connects; nothing is said yet. An address without a port is Invalid, a server
// that cannot be reached Unavailable.
func Open(ctx context.Context, o Options) (*Conn, error) {
	op := "connect to " + o.Addr
	host, _, err := net.SplitHostPort(o.Addr)
	if err != nil {
		return nil, &diag.Failure{Class: diag.Invalid, Op: op, Err: err, Fix: "write host:port"}
	}
	if o.Server == "" {
		o.Server = host
	}
	dialer := net.Dialer{Timeout: connectWithin}
	raw, err := dialer.DialContext(ctx, "tcp", o.Addr)
	if err != nil {
		return nil, Explain(ctx, op, err)
	}
	return New(raw, o), nil
}

// New makes a connection of one that is open.
func New(raw net.Conn, o Options) *Conn {
	if o.Stall == 0 {
		o.Stall = defaultStall
	}
	return &Conn{o: o, raw: raw, link: &progress{raw, o.Stall}}
}

// Addr is where the server is, host:port.
func (c *Conn) Addr() string { return c.o.Addr }

// Secure tells that what is said is protected by TLS.
func (c *Conn) Secure() bool { return c.secure }

// Protocol is how a protocol begins. Its functions are called by Begin, in its time.
type Protocol struct {
	Over     func(net.Conn) // what is said from now on goes over it
	Greeting func() error   // reads the server's first words
	// StartTLS asks for TLS and reads the answer. It fails when more was read than
	// that: what is slipped in before TLS is not the server's.
	StartTLS func() error
}

// Begin reads the greeting and agrees on TLS. A certificate that does not fit is Denied.
func (c *Conn) Begin(ctx context.Context, p Protocol) error {
	encrypt := func() error {
		conn, err := c.Encrypt(ctx)
		if err == nil {
			p.Over(conn)
		}
		return err
	}
	p.Over(c.link)
	switch c.o.Security {
	case TLS, "":
		if err := encrypt(); err != nil {
			return err
		}
		return p.Greeting()
	case StartTLS:
		for _, step := range []func() error{p.Greeting, p.StartTLS, encrypt} {
			if err := step(); err != nil {
				return err
			}
		}
		return nil
	case Plain:
		return p.Greeting()
	}
	return &diag.Failure{Class: diag.Invalid, Detail: fmt.Sprintf("%q is no kind of protection", c.o.Security), Fix: "tls, starttls or none"}
}

// Encrypt agrees on TLS. A certificate that does not fit, and a server that does not
// speak TLS, are Denied. The failure has no Op.
func (c *Conn) Encrypt(ctx context.Context) (*tls.Conn, error) {
	conn := tls.Client(c.link, &tls.Config{ServerName: c.o.Server, RootCAs: c.o.Roots, MinVersion: tls.VersionTLS12, Time: c.o.Now})
	err := conn.HandshakeContext(ctx)
	var cert *tls.CertificateVerificationError
	var record tls.RecordHeaderError
	switch {
	case err == nil:
		c.secure = true
		return conn, nil
	case errors.As(err, &cert):
		return nil, &diag.Failure{Class: diag.Denied, Detail: "its certificate does not prove that it is " + c.o.Server, Err: cert.Err,
			Fix: "correct the name of the server, or give the authority's certificate as ca_file"}
	case errors.As(err, &record):
		return nil, &diag.Failure{Class: diag.Denied, Detail: "the server does not speak TLS on this port",
			Fix: `993 (IMAP) and 995 (POP3) are the usual ports of TLS; on 143 and 110 use tls = "starttls"`}
	}
	return nil, Explain(ctx, "", err)
}

// Host is the server of an address: in small letters, without the port when it is one
// of the usual.
func Host(addr string, usual ...string) string {
	addr = strings.ToLower(addr)
	host, port, err := net.SplitHostPort(addr)
	if err == nil && slices.Contains(usual, port) {
		return host
	}
	return addr
}

// progress is a connection on which every single read and write has a deadline, and
// the whole has none.
type progress struct {
	net.Conn
	stall time.Duration
}

// Read implements net.Conn.
func (p *progress) Read(b []byte) (int, error) {
	if err := p.SetReadDeadline(time.Now().Add(p.stall)); err != nil {
		return 0, err
	}
	n, err := p.Conn.Read(b)
	return n, p.stalled(err)
}

// Write implements net.Conn.
func (p *progress) Write(b []byte) (int, error) {
	if err := p.SetWriteDeadline(time.Now().Add(p.stall)); err != nil {
		return 0, err
	}
	n, err := p.Conn.Write(b)
	return n, p.stalled(err)
}

func (p *progress) stalled(err error) error {
	var timeout net.Error
	if errors.As(err, &timeout) && timeout.Timeout() {
		return fmt.Errorf("no progress for %s", p.stall)
	}
	return err
}
