package imapgate

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"github.com/isaworks/isa/internal/diag"
)

// Options makes a Server.
type Options struct {
	Offers Offers
	// Certificate and Key are PEM files, the certificate with what it was signed by.
	// When they change, new connections get the new one; while they cannot be read,
	// the old one.
	Certificate, Key string
	// Allow are the addresses that may connect; empty: all.
	Allow []netip.Prefix
	// Log is told what happens, from several goroutines at once. It must return soon.
	// Nil: nobody is told.
	Log    func(Event)
	Limits Limits
}

// Limits bound what clients can take. Zero: the default.
type Limits struct {
	Connections int // open at a time, about 150 KB each (512)
	PerAddress  int // of these, from one address; an IPv6 /64 counts as one (256)
	// Waiting are of these not logged in, a quarter of them from one address (64).
	// Beyond, who has waited longest is cut off.
	Waiting int
	Wrong   int // wrong passwords a minute; beyond, only addresses that logged in before may try (300)
	Command int // bytes of a command with its literals (64 KiB)

	Login time.Duration // from connecting to the end of the login (1 minute)
	Idle  time.Duration // between commands (31 minutes; RFC 3501 §5.4 wants 30)
	Stall time.Duration // in which a client takes 64 KiB, or sends a command that it began (1 minute)
	Grace time.Duration // for commands under way when the server ends (10 seconds)
}

func (l Limits) complete() Limits {
	number := func(n *int, d int) {
		if *n <= 0 {
			*n = d
		}
	}
	number(&l.Connections, 512)
	number(&l.PerAddress, 256)
	number(&l.Waiting, 64)
	number(&l.Wrong, 300)
	number(&l.Command, 64<<10)
	span := func(t *time.Duration, d time.Duration) {
		if *t <= 0 {
			*t = d
		}
	}
	span(&l.Login, time.Minute)
	span(&l.Idle, 31*time.Minute)
	span(&l.Stall, time.Minute)
	span(&l.Grace, 10*time.Second)
	return l
}

// Server is the gateway. All methods are safe for concurrent use.
type Server struct {
	opt     Options
	tls     *tls.Config
	guard   *guard
	readers *readers
	clock   clock
	last    atomic.Uint64 // number of the last connection

	refused refusals
}

// New reads the certificate. Nothing listens yet.
func New(opt Options) (*Server, error) {
	if opt.Offers == nil {
		return nil, &diag.Failure{Class: diag.Internal, Op: "gateway", Detail: "there are no offers to serve"}
	}
	opt.Limits = opt.Limits.complete()
	if opt.Log == nil {
		opt.Log = func(Event) {}
	}
	s := &Server{opt: opt, clock: wallClock{}, readers: newReaders()}
	s.guard = newGuard(opt.Limits, opt.Allow)
	cert := &certificate{cert: opt.Certificate, key: opt.Key, failed: func(err error) {
		s.log(Event{Kind: Certificate, Reason: err.Error()})
	}}
	if err := cert.load(); err != nil {
		return nil, &diag.Failure{Class: diag.Invalid, Op: "gateway", Detail: "the certificate cannot be used", Err: err,
			Fix: "name PEM files of a certificate and of its key that the process may read"}
	}
	s.tls = &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: cert.get, DynamicRecordSizingDisabled: true}
	return s, nil
}

// Serve takes connections from l until ctx ends; then clients are told so, commands
// under way get Limits.Grace to end, and it returns nil. It closes l. Several
// listeners may be served at once.
func (s *Server) Serve(ctx context.Context, l net.Listener) error {
	stop := context.AfterFunc(ctx, func() { _ = l.Close() }) // Accept tells what is to be told
	defer stop()
	var conns sync.WaitGroup
	open := &lines{all: map[*line]struct{}{}}
	err := s.accept(ctx, l, func(c net.Conn) {
		if t := s.admit(c); t != nil {
			wire := newLine(c, s.opt.Limits.Stall)
			open.add(wire)
			conns.Go(func() {
				defer open.remove(wire)
				s.handle(ctx, wire, t)
			})
		}
	})
	open.hurry()
	gone := make(chan struct{})
	go func() { conns.Wait(); close(gone) }()
	select {
	case <-gone:
	case <-s.clock.after(s.opt.Limits.Grace):
		open.cut()
		<-gone
	}
	if errors.Is(err, net.ErrClosed) && ctx.Err() != nil {
		return nil
	}
	_ = l.Close() // it failed already
	return fmt.Errorf("gateway: accepting connections: %w", err)
}

// accept yields connections until the listener is closed. What may pass, as when
// there are too many open files, is waited for.
func (s *Server) accept(ctx context.Context, l net.Listener, yield func(net.Conn)) error {
	pause := 5 * time.Millisecond
	for {
		c, err := l.Accept()
		if err == nil {
			pause = 5 * time.Millisecond
			yield(c)
			continue
		}
		if errors.Is(err, net.ErrClosed) || ctx.Err() != nil {
			return net.ErrClosed
		}
		var passing interface{ Temporary() bool }
		if !errors.As(err, &passing) || !passing.Temporary() {
			return err
		}
		s.log(Event{Kind: Refused, Reason: err.Error(), Count: 1})
		select {
		case <-ctx.Done():
		case <-s.clock.after(pause):
		}
		pause = min(2*pause, time.Second)
	}
}

// admit lets a connection in, or closes it: nil.
func (s *Server) admit(c net.Conn) *ticket {
	t, reason := s.guard.admit(addrOf(c), s.clock.now(), func() { _ = c.Close() }) // whoever reads from it is told
	if t == nil {
		_ = c.Close() // nothing was said on it
		if n := s.refused.count(s.clock.now()); n > 0 {
			s.log(Event{Kind: Refused, Addr: c.RemoteAddr().String(), Reason: reason, Count: n})
		}
	}
	return t
}

// handle speaks to one client to the end.
func (s *Server) handle(ctx context.Context, wire *line, t *ticket) {
	x := &session{server: s, ctx: ctx, ticket: t, wire: wire, addr: wire.RemoteAddr().String(), number: s.last.Add(1),
		started: s.clock.now(), commands: map[string]int{}}
	defer func() {
		if v := recover(); v != nil {
			x.failed = fmt.Errorf("internal error: %v\n%s", v, debug.Stack())
		}
		x.leave()
		t.leave()
		_ = wire.Conn.Close() // it may be closed already
		s.log(x.event(Closed, x.reason()))
	}()
	limit := time.Now().Add(s.opt.Limits.Login)
	if x.failed = errors.Join(wire.SetReadDeadline(limit), wire.SetWriteDeadline(limit)); x.failed != nil {
		return
	}
	secure := tls.Server(wire, s.tls)
	if x.failed = secure.Handshake(); x.failed != nil {
		return
	}
	if err := x.serve(secure, limit); err != nil {
		x.failed = errors.Join(x.failed, err)
		return
	}
	_ = secure.Close() // the client may have gone already
}

func (s *Server) log(e Event) {
	e.Time = s.clock.now()
	s.opt.Log(e)
}

// lines are the connections of one listener.
type lines struct {
	mu     sync.Mutex
	ending bool
	all    map[*line]struct{}
}

func (l *lines) add(x *line) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all[x] = struct{}{}
	if l.ending {
		x.hurry()
	}
}

func (l *lines) remove(x *line) {
	l.mu.Lock()
	delete(l.all, x)
	l.mu.Unlock()
}

// hurry ends the waiting for commands.
func (l *lines) hurry() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ending = true
	for x := range l.all {
		x.hurry()
	}
}

func (l *lines) cut() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for x := range l.all {
		_ = x.Conn.Close() // whoever uses it is told
	}
}

// clock is what limits are counted by; a test's goes as it likes.
type clock interface {
	now() time.Time
	after(d time.Duration) <-chan time.Time
}

type wallClock struct{}

func (wallClock) now() time.Time                         { return time.Now() }
func (wallClock) after(d time.Duration) <-chan time.Time { return time.After(d) }
