//go:build unix

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/isaworks/isa/bench/mail/tenant"
	"github.com/isaworks/isa/bench/measure"
	"github.com/isaworks/isa/internal/mailtest"
	"github.com/isaworks/isa/providers/works/sandbox"
)

// many is a company whose mailboxes isa copies in one pass: small ones, and a large
// one that begins first.
type many struct {
	mailboxes, each, large, parallel int
}

// sampled is how many of the mailboxes are compared byte by byte.
const sampled = 20

func (m many) messages() int { return m.large + (m.mailboxes-1)*m.each }

func (m many) names() []string {
	out := make([]string, m.mailboxes)
	for i := range out {
		out[i] = fmt.Sprintf("m%05d", i)
	}
	return out
}

func (m many) corpus(i int) mailtest.Corpus {
	c := mailtest.Corpus{Messages: m.each, Folders: 4, Seed: uint64(i) + 1, MedianBytes: 2000, MaxBytes: 20_000}
	if i == 0 {
		c.Messages = m.large
	}
	return c
}

func (m many) play(ctx context.Context, o options, dir string) (err error) {
	who := m.names()
	t, err := tenant.Start(ctx, o.isa, dir, who, sandbox.Options{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, t.Close()) }()
	var servers [2]*mailtest.Server
	for i := range servers {
		server, failed := mailtest.StartDovecot(ctx, mailtest.Options{Users: tenant.Users(who)})
		if failed != nil {
			return failed
		}
		defer func() { err = errors.Join(err, server.Close()) }()
		servers[i] = server
	}
	source, target := servers[0], servers[1]
	for i, w := range who {
		if err := source.Load(tenant.User(w), m.corpus(i)); err != nil {
			return err
		}
	}
	move, err := t.Move(filepath.Join(dir, "move"), source.IMAP, target.IMAP)
	if err != nil {
		return err
	}
	pass := func(ctx context.Context) *exec.Cmd {
		return move.Command(ctx, "sync", "--parallel", strconv.Itoa(m.parallel))
	}
	ends := &ends{began: time.Now()}
	full, err := measure.Run(ctx, pass, o.limit, ends)
	if err != nil {
		return fmt.Errorf("full copy: %w", err)
	}
	same, err := measure.Run(ctx, pass, o.limit, nil)
	if err != nil {
		return fmt.Errorf("unchanged pass: %w", err)
	}
	fidelity, err := m.fidelity(ctx, move, source, target, who)
	if err != nil {
		return err
	}
	m.print(full, same, ends, who[0], fidelity)
	return nil
}

// fidelity checks that isa counts every message as copied, and compares some of the
// mailboxes, the large one among them.
func (m many) fidelity(ctx context.Context, move *tenant.Move, source, target *mailtest.Server, who []string) (string, error) {
	s, err := move.Status(ctx, "")
	if err != nil {
		return "", err
	}
	if n := s.Total["copied"].Items; !s.Balanced || n != int64(m.messages()) {
		return "", fmt.Errorf("isa status has %d messages copied of %d (balanced: %t)", n, m.messages(), s.Balanced)
	}
	compared := 0
	for i := 0; i < len(who); i += max(1, len(who)/sampled) {
		places, err := move.Places(ctx, who[i])
		if err != nil {
			return "", err
		}
		user := tenant.User(who[i])
		text, exact, err := compare(ctx, source.Account(user), target.Account(user), mailtest.Comparison{Rename: places})
		if err != nil {
			return "", err
		}
		if !exact {
			return who[i] + ": " + text, nil
		}
		compared++
	}
	return fmt.Sprintf("sums balance, %d mailboxes compared: identical", compared), nil
}

func (m many) print(full, same measure.Figures, e *ends, large, fidelity string) {
	fmt.Printf("\n%d mailboxes of %d messages and one of %d, isa alone, no delay\n\n", m.mailboxes-1, m.each, m.large)
	fmt.Println("| full copy s | messages/s | CPU s | peak MiB | open files | threads | unchanged s | CPU s | fidelity |")
	fmt.Println("| --- | --- | --- | --- | --- | --- | --- | --- | --- |")
	fmt.Printf("| %.2f | %.0f | %.2f | %.0f | %d | %d | %.2f | %.2f | %s |\n\n", full.Wall.Seconds(), float64(m.messages())/full.Wall.Seconds(),
		full.CPU.Seconds(), max(full.MiB, same.MiB), max(full.Files, same.Files), max(full.Threads, same.Threads),
		same.Wall.Seconds(), same.CPU.Seconds(), fidelity)
	small, at := e.of(large)
	if len(small) == 0 || at == 0 {
		fmt.Println("isa did not say when each mailbox ended: nothing about fairness.")
		return
	}
	before, _ := slices.BinarySearch(small, at)
	fmt.Printf("The small mailboxes ended after %.2f s (first), %.2f s (median), %.2f s (last), the large one after %.2f s: %d of %d small ones before it.\n",
		small[0].Seconds(), small[len(small)/2].Seconds(), small[len(small)-1].Seconds(), at.Seconds(), before, len(small))
	fmt.Printf("Of the small ones %s had ended after a tenth, a quarter, a half, three quarters, nine tenths of the time.\n", spread(small, full.Wall))
}

// spread is how many of some had ended after a tenth, a quarter … of the time.
func spread(ended []time.Duration, all time.Duration) string {
	var parts []string
	for _, percent := range []time.Duration{10, 25, 50, 75, 90} {
		n, _ := slices.BinarySearch(ended, all*percent/100)
		parts = append(parts, fmt.Sprintf("%d %%", 100*n/len(ended)))
	}
	return strings.Join(parts, ", ")
}

// ends notes when isa said of each mailbox that it ended.
type ends struct {
	began time.Time

	mu   sync.Mutex
	rest []byte // of a line that is not over
	at   map[string]time.Duration
}

// endOf is the line about a mailbox that ended, where there is no terminal.
var endOf = regexp.MustCompile(`mail_migration\.staff\["([^"]+)"\]: .* mailbox(es)?\)$`)

// Write takes what isa says.
func (e *ends) Write(p []byte) (int, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.rest = append(e.rest, p...)
	for {
		line, rest, ok := bytes.Cut(e.rest, []byte("\n"))
		if !ok {
			return len(p), nil
		}
		if m := endOf.FindSubmatch(line); m != nil {
			if e.at == nil {
				e.at = map[string]time.Duration{}
			}
			e.at[string(m[1])] = time.Since(e.began)
		}
		e.rest = rest
	}
}

// of are the ends of all but one mailbox, sorted, and of that one.
func (e *ends) of(large string) (small []time.Duration, at time.Duration) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for who, d := range e.at {
		if who != large {
			small = append(small, d)
		}
	}
	slices.Sort(small)
	return small, e.at[large]
}
