// Package imapwire is the client's end of one IMAP connection: RFC 3501 and 9051
// with LITERAL+ (7888), MULTIAPPEND (3502), UIDPLUS (4315), CONDSTORE (7162),
// LIST-STATUS (5819), SPECIAL-USE (6154), STATUS=SIZE (8438), NAMESPACE (2342) and
// Gmail's X-GM-EXT-1.
//
// Commands are pipelined, bodies are streamed in both directions, and memory does
// not depend on what the server says. Folder names are the bytes of the wire.
//
// Every error is a *diag.Failure, except those of callbacks, which come back as they
// are. What the server refused is in the chain as *Refusal. Secrets are in none.
package imapwire

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/isaworks/isa/internal/diag"
)

// Security is how a connection is protected.
type Security string

// The ways of protection.
const (
	TLS      Security = "tls"      // from the first byte, port 993
	StartTLS Security = "starttls" // after the greeting, port 143; never falls back
	Plain    Security = "none"     // not at all
)

// Options say where to connect and how.
type Options struct {
	Addr     string         // host:port
	Server   string         // the name in the certificate; "" is Addr's host
	Security Security       // "" is TLS
	Roots    *x509.CertPool // nil: those of the system
	// Stall is how long the server may stay silent, or refuse to take bytes, while it
	// is waited for. 0 is two minutes. Nothing limits how long a command takes in all.
	Stall time.Duration
}

const (
	connectWithin = 30 * time.Second
	defaultStall  = 2 * time.Minute
	// lastWords is how long a server that closed the connection is listened to.
	lastWords  = 2 * time.Second
	bufferSize = 64 << 10
)

// Conn is a connection. It is for one goroutine; Close alone may come from another.
type Conn struct {
	host    string
	raw     net.Conn // closing it ends every wait
	link    *progress
	w       *bufio.Writer
	d       decoder
	tags    int
	pending []*command // sent and not answered, in the order of sending
	goOn    bool       // the server asked for the rest of a literal
	hello   answer     // the greeting, then the last BYE
	caps    map[string]bool
	fresh   bool // caps were told since the last login
	utf8    bool // UTF8=ACCEPT is enabled
	secure  bool
	broken  error           // why the connection is of no use any more
	ctx     context.Context // of the call under way
	closed  atomic.Bool
	busy    atomic.Bool
	now     Mailbox             // the selected folder, as last heard
	flags   map[string][]string // lists of flags as they were written, to share them
	copied  string              // what the last COPYUID told
}

// Dial connects, agrees on TLS and reads the greeting. A greeting that refuses is
// Limited or Unavailable, a certificate that does not fit is Denied.
func Dial(ctx context.Context, o Options) (*Conn, error) {
	host, _, err := net.SplitHostPort(o.Addr)
	if err != nil {
		return nil, &diag.Failure{Class: diag.Invalid, Op: "connect to " + o.Addr, Err: err, Fix: "write host:port"}
	}
	if o.Stall == 0 {
		o.Stall = defaultStall
	}
	if o.Server == "" {
		o.Server = host
	}
	dialer := net.Dialer{Timeout: connectWithin}
	raw, err := dialer.DialContext(ctx, "tcp", o.Addr)
	if err != nil {
		return nil, explain(ctx, "connect to "+o.Addr, err)
	}
	c := newConn(o, raw)
	if err := c.do(ctx, "connect to "+o.Addr, func() error { return c.greet(ctx, o) }); err != nil {
		c.cut()
		return nil, err
	}
	return c, nil
}

func newConn(o Options, raw net.Conn) *Conn {
	c := &Conn{host: o.Addr, raw: raw, link: &progress{raw, o.Stall}, flags: map[string][]string{}}
	c.over(c.link)
	return c
}

func (c *Conn) over(conn net.Conn) {
	c.w = bufio.NewWriterSize(conn, bufferSize)
	c.d = decoder{r: bufio.NewReaderSize(conn, bufferSize)}
}

func (c *Conn) greet(ctx context.Context, o Options) error {
	switch o.Security {
	case TLS, "":
		if err := c.encrypt(ctx, o); err != nil {
			return err
		}
		return c.greeting()
	case StartTLS:
		if err := c.greeting(); err != nil {
			return err
		}
		if c.hello.status == "PREAUTH" {
			return &diag.Failure{Class: diag.Denied, Detail: "the server is logged in before TLS could begin"}
		}
		if err := c.run(c.start("STARTTLS")); err != nil {
			return err
		}
		if c.d.r.Buffered() > 0 {
			return malformed("words before the TLS that follows them")
		}
		c.forget()
		return c.encrypt(ctx, o)
	case Plain:
		return c.greeting()
	}
	return &diag.Failure{Class: diag.Invalid, Detail: fmt.Sprintf("%q is no kind of protection", o.Security), Fix: "tls, starttls or none"}
}

func (c *Conn) encrypt(ctx context.Context, o Options) error {
	conn := tls.Client(c.link, &tls.Config{ServerName: o.Server, RootCAs: o.Roots, MinVersion: tls.VersionTLS12})
	if err := conn.HandshakeContext(ctx); err != nil {
		return handshakeFailure(o.Server, err)
	}
	c.over(conn)
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
		return &diag.Failure{Class: diag.Denied, Detail: "the server does not speak TLS on this port", Fix: `993 is the usual port of TLS; on 143 use tls = "starttls"`}
	}
	return err
}

// greeting reads the server's first words.
func (c *Conn) greeting() error {
	for c.hello.status == "" {
		if err := c.step(); err != nil {
			return err
		}
	}
	return nil
}

// Preauthenticated tells that the server wants no login.
func (c *Conn) Preauthenticated() bool { return c.hello.status == "PREAUTH" }

// Has tells whether the server offers a capability, such as "MULTIAPPEND". What was
// not asked for yet is not offered: see Capability.
func (c *Conn) Has(name string) bool { return c.caps[name] }

// Value is the number of a capability like "APPENDLIMIT=35000000", 0 when there is none.
func (c *Conn) Value(name string) int64 {
	for offered := range c.caps {
		if value, ok := strings.CutPrefix(offered, name+"="); ok {
			n, err := strconv.ParseInt(value, 10, 64)
			if err == nil && n > 0 {
				return n
			}
		}
	}
	return 0
}

// Capability asks what the server offers, unless it said so by itself since login.
func (c *Conn) Capability(ctx context.Context) error {
	if c.fresh {
		return nil
	}
	return c.do(ctx, "ask for capabilities", func() error { return c.run(c.start("CAPABILITY")) })
}

func (c *Conn) forget() { c.caps, c.fresh = nil, false }

func (c *Conn) offer(names []string) {
	c.caps = map[string]bool{}
	for _, name := range names {
		c.caps[strings.ToUpper(name)] = true
	}
	c.fresh = true
}

// do runs one call: it watches the context and gives errors their class.
func (c *Conn) do(ctx context.Context, op string, call func() error) error {
	if err := ctx.Err(); err != nil {
		return explain(ctx, op, err)
	}
	if !c.busy.CompareAndSwap(false, true) {
		return &diag.Failure{Class: diag.Internal, Op: op, Detail: "two calls on one connection at the same time"}
	}
	defer c.busy.Store(false)
	if c.broken != nil {
		return c.broken
	}
	c.ctx = ctx
	stop := context.AfterFunc(ctx, c.cut)
	defer stop()
	err := call()
	switch e := err.(type) {
	case nil:
		return nil
	case callbackError:
		return e.error
	case settled:
		if e.Op == "" {
			e.Op = op
		}
		return e.Failure
	case *Refusal:
		if !e.Bye {
			return e.failure(op)
		}
	}
	c.cut()
	if err = explain(ctx, op+" at "+c.host, err); c.broken == nil {
		c.broken = gone(err)
	}
	return err
}

// settled is a failure that leaves the connection as good as it was.
type settled struct{ *diag.Failure }

// gone is what later calls hear of a connection that broke: nothing they asked for
// was done.
func gone(err error) error {
	class := diag.ClassOf(err)
	if class == diag.Cancelled {
		class = diag.Unavailable // that call was cancelled, not the later ones
	}
	return &diag.Failure{Class: class, Op: "use the connection", Detail: "it broke before", Err: errors.New(err.Error())}
}

// cut ends the connection at once. It may be called at any time, from anywhere.
func (c *Conn) cut() {
	c.closed.Store(true)
	_ = c.raw.Close() // there is nobody left to tell
}

// Close logs out and ends the connection. While a call is under way it cuts that
// off. It is safe to call twice, and from another goroutine.
func (c *Conn) Close() error {
	if c.closed.Load() {
		return nil
	}
	if c.busy.CompareAndSwap(false, true) {
		if c.broken == nil && len(c.pending) == 0 {
			c.start("LOGOUT")
			_ = c.raw.SetWriteDeadline(time.Now().Add(lastWords))
			_ = c.w.Flush() // courtesy; the server sees the end in any case
		}
		c.broken = &diag.Failure{Class: diag.Unavailable, Op: "use the connection", Detail: "it was closed"}
		c.busy.Store(false)
	}
	c.cut()
	return nil
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
