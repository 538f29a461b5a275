package dial

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"

	"github.com/isaworks/isa/internal/diag"
)

// Own is an error of a caller's function on its way out: whatever it is, it is not the
// server's, and the connection is as good as it was.
type Own struct{ Err error }

// Error implements error.
func (o Own) Error() string { return o.Err.Error() }

// Unwrap returns the error.
func (o Own) Unwrap() error { return o.Err }

// Settled is a failure that leaves the connection as good as it was.
type Settled struct{ *diag.Failure }

// Do runs one call: it watches the context and gives errors their class. What Own and
// Settled hold comes back as it is, Settled with op where it has none; after any other
// error the connection is cut, and later calls are told that it broke. A call while
// another one is under way is Internal.
func (c *Conn) Do(ctx context.Context, op string, call func() error) error {
	if ctx.Err() != nil {
		return Explain(ctx, op, ctx.Err())
	}
	if !c.busy.CompareAndSwap(false, true) {
		return &diag.Failure{Class: diag.Internal, Op: op, Detail: "two calls on one connection at the same time"}
	}
	defer c.busy.Store(false)
	if c.closed.Load() && c.broken == nil {
		c.broken = errClosed()
	}
	if c.broken != nil {
		return c.broken
	}
	stop := context.AfterFunc(ctx, c.Cut)
	defer stop()
	err := call()
	switch e := err.(type) { //nolint:errorlint // what callbacks return may hold anything
	case nil:
		return nil
	case Own:
		return e.Err
	case Settled:
		if e.Op == "" {
			e.Op = op
		}
		return e.Failure
	}
	err = Explain(ctx, op+" at "+c.o.Addr, err)
	c.Break(err)
	return err
}

// Break cuts the connection for a reason that later calls are told, unless they are
// told of one already. It is for use within Do.
func (c *Conn) Break(why error) {
	c.Cut()
	if c.broken != nil {
		return
	}
	class := diag.ClassOf(why)
	if class == diag.Cancelled {
		class = diag.Unavailable // that call was cancelled, not the later ones
	}
	// Only the words of why: nothing that later calls ask for was done.
	c.broken = &diag.Failure{Class: class, Op: "use the connection", Detail: "it broke before", Err: errors.New(why.Error())}
}

func errClosed() error {
	return &diag.Failure{Class: diag.Unavailable, Op: "use the connection", Detail: "it was closed"}
}

// Hurry leaves the server two seconds for each wait from now on: what it still has to
// say are its last words. It is for use within Do and Close.
func (c *Conn) Hurry() { c.link.stall = lastWords }

// Cut ends the connection at once. It may be called at any time, from anywhere.
func (c *Conn) Cut() {
	c.closed.Store(true)
	_ = c.raw.Close() // there is nobody left to tell
}

// Closed tells that the connection was ended from this side.
func (c *Conn) Closed() bool { return c.closed.Load() }

// Close says goodbye, in a hurry, and ends the connection. While a call is under way,
// and after one that broke it, it is cut instead. It is safe to call twice, and from
// another goroutine.
func (c *Conn) Close(goodbye func()) {
	if c.closed.Load() {
		return
	}
	if c.busy.CompareAndSwap(false, true) {
		if c.broken == nil {
			c.Hurry()
			goodbye()
		}
		c.broken = errClosed()
		c.busy.Store(false)
	}
	c.Cut()
}

// Explain gives an error of a connection its class: Cancelled when ctx has ended, that
// of the failure in its chain, Denied where TLS was refused, else Unavailable. A failure
// without Op gets op.
func Explain(ctx context.Context, op string, err error) error {
	var f *diag.Failure
	var dns *net.DNSError
	var alert tls.AlertError
	out := &diag.Failure{Class: diag.Unavailable, Op: op, Unknown: diag.MayHaveHappened(err)}
	switch {
	case ctx.Err() != nil:
		out.Class, out.Err = diag.Cancelled, context.Cause(ctx)
	case errors.As(err, &f):
		*out = *f
		if out.Op == "" {
			out.Op = op
		}
	case errors.As(err, &dns) && dns.IsNotFound:
		out.Err, out.Fix = err, "check the name of the host"
	case errors.As(err, &alert):
		out.Class, out.Err = diag.Denied, err
	case errors.Is(err, net.ErrClosed):
		out.Detail = "the connection was closed here"
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		out.Detail = "the server closed the connection"
	default:
		out.Err = err
	}
	return out
}
