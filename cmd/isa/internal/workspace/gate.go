package workspace

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"sync"
	"time"

	"github.com/isaworks/isa/cmd/isa/internal/cli"
	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/internal/imapgate"
	mailspool "github.com/isaworks/isa/internal/spool"
	"github.com/isaworks/isa/internal/view"
	"github.com/isaworks/isa/providers/mail"
	"github.com/isaworks/isa/state"
	"github.com/isaworks/isa/state/filelock"
)

// servingLock is the file in a spool that whoever serves it has locked: one process at
// a time, isa gateway or a pass.
const servingLock = "serving.lock"

// lookAgain is how often one who waits to serve a spool looks whether it is free.
const lookAgain = time.Second

// expiresSoon is how long before its end a certificate is warned of.
const expiresSoon = 14 * 24 * time.Hour

// Gate serves what a spool offers, by what a mail_gateway says.
type Gate struct {
	Spool *mailspool.Spool
	about *mail.Gateway
	env   *cli.Env

	mu   sync.Mutex
	down error // why nobody serves it any more
}

// newGate opens the spool of a gateway; nobody is served yet.
func newGate(env *cli.Env, about *mail.Gateway) (*Gate, error) {
	dir, err := spoolDir(env, about.Spool)
	if err != nil {
		return nil, fmt.Errorf("%s: spool: %w", about.Address, err)
	}
	s, err := mailspool.Open(dir, about.Quota)
	if err != nil {
		return nil, fmt.Errorf("%s: spool: %w", about.Address, err)
	}
	return &Gate{Spool: s, about: about, env: env}, nil
}

// Name is the gateway's address in the configuration.
func (g *Gate) Name() string { return g.about.Address.String() }

// Listens is where the gate listens, and by which name it is reached.
func (g *Gate) Listens() string {
	return g.about.Listen + ", reached as " + g.about.Public()
}

// Serve serves until ctx ends. While another process serves the spool it waits, after
// waiting was told by whom; begun is told when it serves. log gets the access log.
func (g *Gate) Serve(ctx context.Context, waiting func(state.Holder), begun func(), log func(imapgate.Event)) (err error) {
	lock, err := g.lock(ctx, waiting)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, lock.Close()) }()
	server, l, err := g.listen(log)
	if err != nil {
		return err
	}
	begun()
	return server.Serve(ctx, l)
}

// lock takes the spool for serving, waiting for whoever has it.
func (g *Gate) lock(ctx context.Context, waiting func(state.Holder)) (*filelock.Lock, error) {
	said := false
	for {
		lock, held, err := g.tryLock(ctx)
		if lock != nil || err != nil {
			return lock, err
		}
		if !said {
			said = true
			waiting(held)
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(lookAgain):
		}
	}
}

// tryLock takes the spool for serving, or tells who has it.
func (g *Gate) tryLock(ctx context.Context) (*filelock.Lock, state.Holder, error) {
	lock, err := filelock.Take(ctx, filepath.Join(g.Spool.Dir(), servingLock), state.Holder{What: "gateway"})
	var locked *state.LockedError
	if errors.As(err, &locked) {
		return nil, locked.Holder, nil
	}
	return lock, state.Holder{}, err
}

// listen makes the server and takes its port.
func (g *Gate) listen(log func(imapgate.Event)) (*imapgate.Server, net.Listener, error) {
	server, err := imapgate.New(imapgate.Options{
		Offers: g.Spool.Offers(), Certificate: g.env.Path(g.about.Certificate), Key: g.env.Path(g.about.Key), Allow: g.about.Allow, Log: log,
	})
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", g.Name(), err)
	}
	l, err := net.Listen("tcp", g.about.Listen)
	if err != nil {
		return nil, nil, &diag.Failure{Class: diag.Unavailable, Op: g.Name(), Detail: "isa cannot listen on " + g.about.Listen, Err: err,
			Fix: "write another listen, and pass the public port on to it; ports below 1024 need the right to use them"}
	}
	return server, l, nil
}

// during serves in the background for the time of a pass, unless another process
// serves the spool; when that one ends, this one goes on. A failure is told at once, and
// by Down. seen gets the access log as well; nil: nobody does. stop ends it and returns
// why serving failed, if it did.
func (g *Gate) during(ctx context.Context, seen func(imapgate.Event)) (stop func() error, err error) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	log := func(e imapgate.Event) {
		if e.Kind == imapgate.Certificate {
			g.env.Tell("Warning: " + g.Name() + ": " + view.Line(e.String()))
		}
		if seen != nil {
			seen(e)
		}
	}
	waits, serves, ended := make(chan state.Holder, 1), make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		under := false // the pass has begun, and nobody waits for what comes
		err := g.Serve(ctx, func(h state.Holder) { under = true; waits <- h }, func() { under = true; close(serves) }, log)
		if errors.Is(err, context.Canceled) {
			return
		}
		g.fails(err)
		if under && err != nil {
			g.env.Tell(fmt.Sprintf("Warning: nobody serves %s any more, and no run is begun: %s", g.Name(), view.Line(err.Error())))
		}
	}()
	stop = func() error {
		cancel()
		<-ended
		return g.Down()
	}
	select {
	case <-ended:
		return nil, stop()
	case <-serves:
		for _, text := range g.Warnings() {
			g.env.Tell("Warning: " + text)
		}
	case h := <-waits:
		g.env.Tell(fmt.Sprintf("%s is served by %s (process %d).", g.Name(), view.Line(h.Who), h.PID))
	}
	return stop, nil
}

func (g *Gate) fails(err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.down = err
}

// Down returns why nobody serves the spool any more, nil while somebody does.
func (g *Gate) Down() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.down
}

// Warnings tells what of the certificate clients will not like.
func (g *Gate) Warnings() []string {
	pair, err := tls.LoadX509KeyPair(g.env.Path(g.about.Certificate), g.env.Path(g.about.Key))
	if err != nil || pair.Leaf == nil {
		return nil // serving tells what is wrong with it
	}
	var out []string
	now := g.env.Now()
	if err := pair.Leaf.VerifyHostname(g.about.Host); err != nil {
		out = append(out, fmt.Sprintf("%s: the certificate is for another name: %v; get one for %s", g.Name(), err, g.about.Host))
	}
	switch end := pair.Leaf.NotAfter; {
	case !end.After(now):
		out = append(out, fmt.Sprintf("%s: the certificate has expired on %s; renew it", g.Name(), end.Format(time.DateOnly)))
	case end.Before(now.Add(expiresSoon)):
		out = append(out, fmt.Sprintf("%s: the certificate expires on %s; renew it", g.Name(), end.Format(time.DateOnly)))
	}
	if !g.trusted(pair, now) {
		out = append(out, fmt.Sprintf("%s: no authority that this machine trusts has signed the certificate; NAVER WORKS may refuse it", g.Name()))
	}
	return out
}

// trusted reports whether this machine's authorities signed a certificate, the
// certificates beside it being there to get to them.
func (g *Gate) trusted(pair tls.Certificate, now time.Time) bool {
	between := x509.NewCertPool()
	for _, der := range pair.Certificate[1:] {
		if c, err := x509.ParseCertificate(der); err == nil {
			between.AddCert(c)
		}
	}
	_, err := pair.Leaf.Verify(x509.VerifyOptions{Intermediates: between, CurrentTime: now})
	var unknown x509.UnknownAuthorityError
	return !errors.As(err, &unknown)
}
