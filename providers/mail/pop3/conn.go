package pop3

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync/atomic"
	"time"

	"github.com/isaworks/isa/internal/diag"
)

const (
	connectWithin = 30 * time.Second
	defaultStall  = 2 * time.Minute
	lastWords     = 2 * time.Second // for the answer to QUIT, which gives the mailbox free
	bufferSize    = 64 << 10
)

// conn is a connection. It is for one goroutine; Close alone may come from another.
type conn struct {
	host   string
	raw    net.Conn // closing it ends every wait
	link   *stalling
	r      *bufio.Reader
	w      *bufio.Writer
	caps   map[string]string // what the server can, in upper case, with its arguments
	lf     bool              // the server ends lines with LF alone
	secure bool
	broken error // why the connection is of no use any more
	closed atomic.Bool
	busy   atomic.Bool
}

// dial connects, agrees on TLS and asks what the server can.
func dial(ctx context.Context, a Account) (*conn, error) {
	host, _, err := net.SplitHostPort(a.Addr)
	if err != nil {
		return nil, &diag.Failure{Class: diag.Invalid, Op: "connect to " + a.Addr, Err: err, Fix: "write host:port"}
	}
	if a.ServerName == "" {
		a.ServerName = host
	}
	if a.Stall == 0 {
		a.Stall = defaultStall
	}
	dialer := net.Dialer{Timeout: connectWithin}
	raw, err := dialer.DialContext(ctx, "tcp", a.Addr)
	if err != nil {
		return nil, explain(ctx, "connect to "+a.Addr, err)
	}
	c := &conn{host: a.Addr, raw: raw, link: &stalling{raw, a.Stall}}
	c.over(c.link)
	if err := c.do(ctx, "connect to "+a.Addr, func() error { return c.greet(ctx, a) }); err != nil {
		c.cut()
		return nil, err
	}
	return c, nil
}

func (c *conn) over(link net.Conn) {
	c.r, c.w = bufio.NewReaderSize(link, bufferSize), bufio.NewWriterSize(link, 4096)
}

func (c *conn) greet(ctx context.Context, a Account) error {
	switch a.Security {
	case TLS, "":
		if err := c.encrypt(ctx, a); err != nil {
			return err
		}
		if _, err := c.reply("the greeting"); err != nil {
			return err
		}
	case StartTLS:
		if _, err := c.reply("the greeting"); err != nil {
			return err
		}
		if _, err := c.ask("STLS"); err != nil {
			return err
		}
		if c.r.Buffered() > 0 {
			return malformed("words before the TLS that follows them")
		}
		if err := c.encrypt(ctx, a); err != nil {
			return err
		}
	case Plain:
		if _, err := c.reply("the greeting"); err != nil {
			return err
		}
	default:
		return &diag.Failure{Class: diag.Invalid, Detail: fmt.Sprintf("%q is no kind of protection", a.Security), Fix: "tls, starttls or none"}
	}
	return c.capabilities()
}

func (c *conn) encrypt(ctx context.Context, a Account) error {
	secure := tls.Client(c.link, &tls.Config{ServerName: a.ServerName, RootCAs: a.Roots, MinVersion: tls.VersionTLS12})
	if err := secure.HandshakeContext(ctx); err != nil {
		return handshakeFailure(a.ServerName, err)
	}
	c.over(secure)
	c.secure = true
	return nil
}

func handshakeFailure(server string, err error) error {
	var cert *tls.CertificateVerificationError
	var record tls.RecordHeaderError
	switch {
	case errors.As(err, &cert):
		return &diag.Failure{Class: diag.Denied, Detail: "the certificate is not one for " + server, Err: cert.Err,
			Fix: "name the host that the certificate is for, or trust its issuer"}
	case errors.As(err, &record):
		return &diag.Failure{Class: diag.Denied, Detail: "the server does not speak TLS on this port", Fix: `995 is the usual port of TLS; on 110 use tls = "starttls"`}
	}
	return err
}

// capabilities asks what the server can; one without CAPA says nothing (RFC 2449).
func (c *conn) capabilities() error {
	c.caps = map[string]string{}
	var refused *refusal
	_, err := c.ask("CAPA")
	if errors.As(err, &refused) {
		return nil
	}
	if err != nil {
		return err
	}
	return c.lines("CAPA", func(line string) error {
		name, args, _ := strings.Cut(line, " ")
		if len(c.caps) < 100 {
			c.caps[strings.ToUpper(name)] = args
		}
		return nil
	})
}

func (c *conn) has(name string) bool { _, ok := c.caps[name]; return ok }

// mayDelete tells servers that delete at the end of a session what was read in it.
func (c *conn) mayDelete() bool {
	days, _, _ := strings.Cut(c.caps["EXPIRE"], " ")
	return days == "0"
}

// do runs one call: it watches the context and gives errors their class.
func (c *conn) do(ctx context.Context, op string, call func() error) error {
	if err := ctx.Err(); err != nil {
		return explain(ctx, op, err)
	}
	if !c.busy.CompareAndSwap(false, true) {
		return &diag.Failure{Class: diag.Internal, Op: op, Detail: "two calls on one connection at the same time"}
	}
	defer c.busy.Store(false)
	if c.closed.Load() && c.broken == nil {
		c.broken = &diag.Failure{Class: diag.Unavailable, Op: "use the connection", Detail: "it was closed"}
	}
	if c.broken != nil {
		return c.broken
	}
	stop := context.AfterFunc(ctx, c.cut)
	defer stop()
	err := call()
	switch e := err.(type) { //nolint:errorlint // what callbacks return may hold anything
	case nil:
		return nil
	case own:
		return e.error
	case *refusal:
		return e.failure(op)
	case settled:
		return e.error
	}
	c.cut()
	err = explain(ctx, op+" at "+c.host, err)
	c.broken = &diag.Failure{Class: diag.Unavailable, Op: "use the connection", Detail: "it broke before: " + err.Error()}
	return err
}

// own is an error of a caller's function on its way out: whatever it is, it is not the
// server's. settled is a failure that leaves the connection as good as it was.
type (
	own     struct{ error }
	settled struct{ error }
)

// cut ends the connection at once. It may be called at any time, from anywhere.
func (c *conn) cut() {
	c.closed.Store(true)
	_ = c.raw.Close() // there is nobody left to tell
}

// Close ends the session; while a call is under way it cuts that off. It is safe to
// call twice, and from another goroutine.
func (c *conn) Close() error {
	if c.closed.Load() {
		return nil
	}
	if c.busy.CompareAndSwap(false, true) {
		if c.broken == nil && !c.mayDelete() {
			c.link.stall = lastWords
			_, _ = c.ask("QUIT") // courtesy; the server sees the end in any case
		}
		c.broken = &diag.Failure{Class: diag.Unavailable, Op: "use the connection", Detail: "it was closed"}
		c.busy.Store(false)
	}
	c.cut()
	return nil
}

// stalling is a connection on which every single read and write has a deadline, and
// the whole has none.
type stalling struct {
	net.Conn
	stall time.Duration
}

// Read implements net.Conn.
func (s *stalling) Read(b []byte) (int, error) {
	if err := s.SetReadDeadline(time.Now().Add(s.stall)); err != nil {
		return 0, err
	}
	n, err := s.Conn.Read(b)
	return n, s.told(err)
}

// Write implements net.Conn.
func (s *stalling) Write(b []byte) (int, error) {
	if err := s.SetWriteDeadline(time.Now().Add(s.stall)); err != nil {
		return 0, err
	}
	n, err := s.Conn.Write(b)
	return n, s.told(err)
}

func (s *stalling) told(err error) error {
	var timeout net.Error
	if errors.As(err, &timeout) && timeout.Timeout() {
		return fmt.Errorf("no progress for %s", s.stall)
	}
	return err
}
