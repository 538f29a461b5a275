package pop3

import (
	"bufio"
	"context"
	"errors"
	"net"
	"strings"

	"github.com/isaworks/isa/internal/dial"
)

const bufferSize = 64 << 10

// conn is a connection. It is for one goroutine; Close alone may come from another.
type conn struct {
	link *dial.Conn
	r    *bufio.Reader
	w    *bufio.Writer
	caps map[string]string // what the server can, in upper case, with its arguments
	lf   bool              // the server ends lines with LF alone
}

// open connects, agrees on TLS and asks what the server can.
func open(ctx context.Context, o dial.Options) (*conn, error) {
	link, err := dial.Open(ctx, o)
	if err != nil {
		return nil, err
	}
	c := &conn{link: link}
	if err := c.begin(ctx); err != nil {
		link.Cut()
		return nil, err
	}
	return c, nil
}

// begin reads the greeting, agrees on TLS and asks what the server can.
func (c *conn) begin(ctx context.Context) error {
	p := dial.Protocol{Over: c.over, Greeting: c.greeting, StartTLS: c.startTLS}
	return c.do(ctx, "connect to "+c.link.Addr(), func() error {
		if err := c.link.Begin(ctx, p); err != nil {
			return err
		}
		return c.capabilities()
	})
}

func (c *conn) over(link net.Conn) {
	c.r, c.w = bufio.NewReaderSize(link, bufferSize), bufio.NewWriterSize(link, 4096)
}

func (c *conn) greeting() error {
	_, err := c.reply("the greeting")
	return err
}

func (c *conn) startTLS() error {
	if _, err := c.ask("STLS"); err != nil {
		return err
	}
	if c.r.Buffered() > 0 {
		return malformed("words before the TLS that follows them")
	}
	return nil
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
	return c.link.Do(ctx, op, func() error {
		err := call()
		if r, ok := err.(*refusal); ok { //nolint:errorlint // what callbacks return may hold anything
			return dial.Settled{Failure: r.failure("")}
		}
		return err
	})
}

// Close ends the session; while a call is under way it cuts that off. QUIT gives the
// mailbox free, once it is answered. It is safe to call twice, and from another
// goroutine.
func (c *conn) Close() error {
	c.link.Close(func() {
		if !c.mayDelete() {
			_, _ = c.ask("QUIT") // courtesy; the server sees the end in any case
		}
	})
	return nil
}
