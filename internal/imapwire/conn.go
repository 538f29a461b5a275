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
	"net"
	"strconv"
	"strings"

	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/internal/dial"
)

const bufferSize = 64 << 10

// Conn is a connection. It is for one goroutine; Close alone may come from another.
type Conn struct {
	link    *dial.Conn
	w       *bufio.Writer
	d       decoder
	tags    int
	pending []*command // sent and not answered, in the order of sending
	goOn    bool       // the server asked for the rest of a literal
	hello   answer     // the greeting, then the last BYE
	caps    map[string]bool
	fresh   bool                // caps were told since the last login
	utf8    bool                // UTF8=ACCEPT is enabled
	ctx     context.Context     // of the call under way
	now     Mailbox             // the selected folder, as last heard
	flags   map[string][]string // lists of flags as they were written, to share them
	copied  string              // what the last COPYUID told
}

// Dial connects, agrees on TLS and reads the greeting. A greeting that refuses is
// Limited or Unavailable, a certificate that does not fit is Denied.
func Dial(ctx context.Context, o dial.Options) (*Conn, error) {
	link, err := dial.Open(ctx, o)
	if err != nil {
		return nil, err
	}
	c := newConn(link)
	if err := c.begin(ctx); err != nil {
		link.Cut()
		return nil, err
	}
	return c, nil
}

func newConn(link *dial.Conn) *Conn {
	return &Conn{link: link, flags: map[string][]string{}}
}

// begin reads the greeting and agrees on TLS.
func (c *Conn) begin(ctx context.Context) error {
	p := dial.Protocol{Over: c.over, Greeting: c.greeting, StartTLS: c.startTLS}
	return c.do(ctx, "connect to "+c.link.Addr(), func() error { return c.link.Begin(ctx, p) })
}

func (c *Conn) over(conn net.Conn) {
	c.w = bufio.NewWriterSize(conn, bufferSize)
	c.d = decoder{r: bufio.NewReaderSize(conn, bufferSize)}
}

func (c *Conn) startTLS() error {
	if c.Preauthenticated() {
		return &diag.Failure{Class: diag.Denied, Detail: "the server is logged in before TLS could begin"}
	}
	if err := c.run(c.start("STARTTLS")); err != nil {
		return err
	}
	if c.d.r.Buffered() > 0 {
		return malformed("words before the TLS that follows them")
	}
	c.forget()
	return nil
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
	return c.link.Do(ctx, op, func() error {
		c.ctx = ctx
		err := call()
		if r, ok := err.(*Refusal); ok {
			return r.ended()
		}
		return err
	})
}

// Close logs out and ends the connection. While a call is under way it cuts that
// off. It is safe to call twice, and from another goroutine.
func (c *Conn) Close() error {
	c.link.Close(func() {
		if len(c.pending) == 0 {
			c.start("LOGOUT")
			_ = c.w.Flush() // courtesy; the server sees the end in any case
		}
	})
	return nil
}
