//go:build unix

package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/isaworks/isa/bench/mail/tenant"
	"github.com/isaworks/isa/bench/measure"
	"github.com/isaworks/isa/internal/mailtest"
	"github.com/isaworks/isa/internal/spool"
	"github.com/isaworks/isa/providers/works/sandbox"
)

// abused has a client read a gateway again and again, first alone, then while it is
// abused in all ways at once. The gateway is isa gateway, a process of its own.
func (o options) abused(ctx context.Context) (err error) {
	dir, err := os.MkdirTemp(inMemory(), "isa-bench-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	g, err := o.gateway(ctx, dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, g.stop()) }()
	alone := max(o.abuse/10, 10*time.Second)
	before, err := g.read(ctx, alone)
	if err != nil {
		return fmt.Errorf("without abuse: %w", err)
	}
	peak, files := g.peak()
	fmt.Printf("alone:    %7.0f messages/s, %d messages in %s; %.0f MiB, %d files\n", before.rate(), before.messages, before.took.Round(time.Second), peak, files)
	attack := newAttack(g)
	end := attack.begin(ctx)
	during, err := g.read(ctx, o.abuse)
	most := g.most.Load()
	end()
	if err := errors.Join(err, attack.failed()); err != nil {
		return fmt.Errorf("with abuse: %w", err)
	}
	abused, _ := g.peak()
	fmt.Printf("abused:   %7.0f messages/s, %d messages in %s; %.0f MiB, at most %d files\n", during.rate(), during.messages, during.took.Round(time.Second), abused, most)
	after, err := g.read(ctx, alone)
	if err != nil {
		return fmt.Errorf("after the abuse: %w", err)
	}
	left, err := g.drained(ctx, files)
	if err != nil {
		return err
	}
	fmt.Printf("after:    %7.0f messages/s, %d messages in %s; %d files\n\n%s\nEach message the rightful client read was right, byte by byte; %.2f of its rate alone.\n",
		after.rate(), after.messages, after.took.Round(time.Second), left, attack.String(), during.rate()/before.rate())
	return nil
}

// abusedGate is the gateway.
type abusedGate struct {
	account mailtest.Account
	want    mailtest.Mailbox
	pid     int
	most    atomic.Int64 // open files
	stop    func() error
}

// gateway starts isa gateway on a spool with the corpus.
func (o options) gateway(ctx context.Context, dir string) (g *abusedGate, err error) {
	isa := filepath.Join(dir, "isa")
	if err := tenant.Build(ctx, isa); err != nil {
		return nil, err
	}
	_, roots, err := mailtest.Certificate(filepath.Join(dir, "tls"))
	if err != nil {
		return nil, err
	}
	t, err := tenant.Start(ctx, isa, filepath.Join(dir, "tenant"), []string{"kim"}, sandbox.Options{})
	if err != nil {
		return nil, err
	}
	port, err := freePort()
	if err != nil {
		return nil, errors.Join(err, t.Close())
	}
	place := filepath.Join(dir, "spool")
	m, err := t.Through(filepath.Join(dir, "move"), tenant.Gateway{Port: port, Certificates: filepath.Join(dir, "tls"), Spool: place, Quota: "1GB"},
		"  eml { directory = \".\" }", "  path = \".\"")
	if err != nil {
		return nil, errors.Join(err, t.Close())
	}
	corpus := mailtest.Corpus{Messages: o.messages, MedianBytes: o.median, Seed: 1}
	s, err := spool.Open(place, 0)
	if err != nil {
		return nil, errors.Join(err, t.Close())
	}
	password, err := fill(ctx, s, corpus)
	if err != nil {
		return nil, errors.Join(err, t.Close())
	}
	g = &abusedGate{want: corpus.Mailbox(), account: mailtest.Account{Addr: "127.0.0.1:" + port, User: batch + "@gateway.invalid", Password: password, TLS: trusting(roots)}}
	if err := g.start(ctx, m); err != nil {
		return nil, errors.Join(err, t.Close())
	}
	stop := g.stop
	g.stop = func() error { return errors.Join(stop(), t.Close()) }
	fmt.Printf("%d messages, %.1f MB.\n", o.messages, float64(corpus.Bytes())/1e6)
	return g, nil
}

func trusting(roots *x509.CertPool) *tls.Config {
	return &tls.Config{RootCAs: roots, ServerName: "localhost", MinVersion: tls.VersionTLS12}
}

// start starts the process and waits until it answers.
func (g *abusedGate) start(ctx context.Context, m *tenant.Move) error {
	service, err := m.Serve(ctx)
	if err != nil {
		return err
	}
	g.pid = service.PID()
	watching := make(chan struct{})
	var watch sync.WaitGroup
	watch.Go(func() {
		tick := time.NewTicker(250 * time.Millisecond)
		defer tick.Stop()
		for {
			g.most.Store(max(g.most.Load(), int64(measure.OpenFiles(g.pid))))
			select {
			case <-watching:
				return
			case <-tick.C:
			}
		}
	})
	g.stop = func() error {
		close(watching)
		watch.Wait()
		return service.Stop()
	}
	return nil
}

// peak is the most memory of the process so far in MiB, and the files it has open.
func (g *abusedGate) peak() (mib float64, files int) {
	now := measure.Now(g.pid)
	return now.MiB, now.Files
}

// readings is what the rightful client got.
type readings struct {
	messages int
	took     time.Duration
}

func (r readings) rate() float64 { return float64(r.messages) / r.took.Seconds() }

// read reads everything again and again for some time, each time with a login of its
// own, and compares it.
func (g *abusedGate) read(ctx context.Context, long time.Duration) (r readings, err error) {
	began := time.Now()
	for r.took < long {
		got, err := mailtest.Read(ctx, g.account)
		if err != nil {
			return r, err
		}
		if wrong := (mailtest.Comparison{}).Compare(g.want, got); len(wrong) > 0 {
			return r, fmt.Errorf("%d differences, the first: %s", len(wrong), wrong[0])
		}
		r.messages += got.Items()
		r.took = time.Since(began)
	}
	return r, nil
}

// drained waits until the process has as many files open as before, two minutes at
// most: so long it bears who is slow.
func (g *abusedGate) drained(ctx context.Context, before int) (files int, err error) {
	for range 240 {
		if files = measure.OpenFiles(g.pid); files <= before {
			return files, nil
		}
		select {
		case <-ctx.Done():
			return files, ctx.Err()
		case <-time.After(500 * time.Millisecond):
		}
	}
	return files, fmt.Errorf("%d files are open, and %d were before", files, before)
}

// attack is all the abuse.
type attack struct {
	gate *abusedGate
	mu   sync.Mutex
	done map[string]int
	bad  []error
}

func newAttack(g *abusedGate) *attack { return &attack{gate: g, done: map[string]int{}} }

// begin begins it; end ends it and waits for the end.
func (a *attack) begin(ctx context.Context) (end func()) {
	ctx, stop := context.WithCancel(ctx)
	var all sync.WaitGroup
	for kind, w := range ways() {
		for n := range w.workers {
			all.Go(func() {
				x := newAttacker(a, w.name, kind, n)
				for ctx.Err() == nil {
					w.act(x, ctx)
					select {
					case <-ctx.Done():
					case <-time.After(w.pause):
					}
				}
			})
		}
	}
	return func() { stop(); all.Wait() }
}

func (a *attack) count(what string, n int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.done[what] += n
}

func (a *attack) fail(err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.bad) < 10 {
		a.bad = append(a.bad, err)
	}
}

func (a *attack) failed() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	return errors.Join(a.bad...)
}

// String tells what was done, a line each.
func (a *attack) String() string {
	a.mu.Lock()
	defer a.mu.Unlock()
	var b strings.Builder
	for _, name := range sortedKeys(a.done) {
		fmt.Fprintf(&b, "%9d %s\n", a.done[name], name)
	}
	return b.String()
}
