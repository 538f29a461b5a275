//go:build unix

package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"
	"golang.org/x/sys/unix"

	"github.com/isaworks/isa/bench/mail/tenant"
	"github.com/isaworks/isa/bench/measure"
	"github.com/isaworks/isa/internal/mailtest"
	"github.com/isaworks/isa/providers/works/sandbox"
)

// scene is one corpus over one line, for all tools.
type scene struct {
	options
	messages int
	rtt      time.Duration
}

// stage is a source and a target, set up.
type stage struct {
	source, target *mailtest.Server
	from, to       string // as the tools see them
	kept           string // the source as it was at first
	tenant         *tenant.Tenant
	bytes          int64
	closers        []func() error
}

// result is what one tool did in one run.
type result struct {
	full, same, more measure.Figures
	fidelity         string // of all that was there in the end
	exact            bool
	err              error
}

func (s scene) play(ctx context.Context, dir string, tools []peer) (err error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	g, err := s.set(ctx, filepath.Join(dir, "tenant"+s.rtt.String()))
	defer func() { err = errors.Join(err, g.close()) }()
	if err != nil {
		return err
	}
	results := map[string][]result{}
	for run := range s.runs {
		for i := range tools { // another one begins each time
			p := tools[(i+run)%len(tools)]
			r := s.measure(ctx, g, p, filepath.Join(dir, fmt.Sprintf("%s-%d-%d", s.rtt, run, i)))
			if ctx.Err() != nil {
				return ctx.Err()
			}
			if r.err != nil {
				fmt.Fprintf(os.Stderr, "%s, run %d: %v\n", p.name, run+1, r.err)
			}
			results[p.name] = append(results[p.name], r)
		}
	}
	s.print(g, tools, results)
	return nil
}

// set starts the servers and fills the source. The stage is to be closed also when
// it fails.
func (s scene) set(ctx context.Context, dir string) (*stage, error) {
	g := &stage{}
	var err error
	if g.tenant, err = tenant.Start(ctx, s.isa, dir, []string{who}, sandbox.Options{}); err != nil {
		return g, err
	}
	g.closers = append(g.closers, g.tenant.Close)
	for _, server := range []**mailtest.Server{&g.source, &g.target} {
		if *server, err = mailtest.StartDovecot(ctx, mailtest.Options{Users: []string{user}}); err != nil {
			return g, err
		}
		g.closers = append(g.closers, (*server).Close)
	}
	g.bytes = s.corpus().Bytes()
	if err := s.room(g.source.Dir, g.bytes); err != nil {
		return g, err
	}
	if err := g.source.Load(user, s.corpus()); err != nil {
		return g, err
	}
	// The source is one that people have used: its indexes are there.
	if _, err := mailtest.Read(ctx, g.source.Account(user)); err != nil {
		return g, err
	}
	g.from, g.to = g.source.IMAP, g.target.IMAP
	if s.rtt > 0 {
		for _, addr := range []*string{&g.from, &g.to} {
			line, err := mailtest.StartDelay(*addr, s.rtt/2)
			if err != nil {
				return g, err
			}
			*addr = line.Addr
			g.closers = append(g.closers, line.Close)
		}
	}
	g.kept = filepath.Join(g.source.Dir, "kept")
	return g, errors.Join(g.source.Kill(), g.source.Save(user, g.kept), g.source.Start(ctx))
}

// room refuses to begin where the mail does not fit twice: a file for each message,
// on pages, with what the system keeps for it.
func (s scene) room(dir string, size int64) error {
	var fs unix.Statfs_t
	if err := unix.Statfs(dir, &fs); err != nil {
		return err
	}
	const page, inode = 4096, 1024
	need := 2 * (size + int64(s.messages)*(page/2+inode))
	if free := int64(fs.Bavail) * int64(fs.Bsize); free < need {
		return fmt.Errorf("%d messages of %d MB need %d MB in %s, and %d MB are free", s.messages, size>>20, need>>20, dir, free>>20)
	}
	return nil
}

func (g *stage) close() error {
	var err error
	for i := range g.closers {
		err = errors.Join(err, g.closers[len(g.closers)-1-i]())
	}
	return err
}

// reset makes source and target what they were at first.
func (g *stage) reset(ctx context.Context) error {
	return errors.Join(
		g.source.Kill(), g.source.Restore(user, g.kept), g.source.Start(ctx),
		g.target.Kill(), g.target.Wipe(user), g.target.Start(ctx))
}

func (s scene) measure(ctx context.Context, g *stage, p peer, state string) (r result) {
	r.err = func() error {
		if err := errors.Join(g.reset(ctx), os.Mkdir(state, 0o755)); err != nil {
			return err
		}
		ready, err := p.prepare(work{state: state, from: g.from, to: g.to, target: g.target, tenant: g.tenant})
		if err != nil {
			return err
		}
		if r.full, err = measure.Run(ctx, ready.start, s.limit, nil); err != nil {
			return fmt.Errorf("full copy: %w", err)
		}
		if r.same, err = measure.Run(ctx, ready.start, s.limit, nil); err != nil {
			return fmt.Errorf("unchanged pass: %w", err)
		}
		if err := s.churn(ctx, g.source.Account(user)); err != nil {
			return err
		}
		if r.more, err = measure.Run(ctx, ready.start, s.limit, nil); err != nil {
			return fmt.Errorf("pass with new mail: %w", err)
		}
		c := mailtest.Comparison{}
		if ready.places != nil {
			if c.Rename, err = ready.places(ctx); err != nil {
				return err
			}
		}
		r.fidelity, r.exact, err = compare(ctx, g.source.Account(user), g.target.Account(user), c)
		return err
	}()
	return r
}

// churn is what happens at the source between two passes: 200 new messages in
// folders that are there, 50 changed flags.
func (s scene) churn(ctx context.Context, a mailtest.Account) error {
	fresh := mailtest.Corpus{Messages: 200, Seed: 77, Prefix: "new-"}
	var all []mailtest.Message
	for i := range fresh.Messages {
		all = append(all, fresh.Message(i))
	}
	if err := mailtest.Append(ctx, a, all...); err != nil {
		return err
	}
	return mailtest.Do(ctx, a, func(c *imapclient.Client) error {
		if _, err := c.Select("INBOX", nil).Wait(); err != nil {
			return err
		}
		var set imap.SeqSet
		set.AddRange(1, 50)
		return c.Store(set, &imap.StoreFlags{Op: imap.StoreFlagsAdd, Flags: []imap.Flag{imap.FlagFlagged, "$Later"}, Silent: true}, nil).Close()
	})
}

// compare reads both mailboxes by a client that is none of the tools', and says
// what the copy lacks.
func compare(ctx context.Context, from, to mailtest.Account, c mailtest.Comparison) (text string, exact bool, err error) {
	source, err := mailtest.Read(ctx, from)
	if err != nil {
		return "", false, err
	}
	target, err := mailtest.Read(ctx, to)
	if err != nil {
		return "", false, err
	}
	found := map[mailtest.Kind]int{}
	for _, d := range c.Compare(source, target) {
		found[d.Kind]++
	}
	if len(found) == 0 {
		return fmt.Sprintf("all %d identical", source.Items()), true, nil
	}
	var parts []string
	if changed := min(found[mailtest.Missing], found[mailtest.Extra]); changed > 0 {
		parts = append(parts, fmt.Sprintf("%d with other bytes", changed))
		found[mailtest.Missing] -= changed
		found[mailtest.Extra] -= changed
	}
	for _, kind := range slices.Sorted(maps.Keys(found)) {
		if found[kind] > 0 {
			parts = append(parts, fmt.Sprintf("%s: %d", kind, found[kind]))
		}
	}
	return strings.Join(parts, ", ") + fmt.Sprintf(" of %d", source.Items()), false, nil
}
