//go:build unix

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/isaworks/isa/bench/gateway/stock"
	"github.com/isaworks/isa/bench/mail/tenant"
	"github.com/isaworks/isa/bench/measure"
	"github.com/isaworks/isa/internal/mailtest"
	"github.com/isaworks/isa/providers/works/sandbox"
)

// size is mail in files that is moved through a gateway whose spool holds a small part
// of it. isa is a process of its own, which serves the gate; the sandbox that fetches
// is in this one.
type size struct {
	eml     int   // files, for members in equal parts
	mbox    int64 // bytes, for one member
	members int   // of eml
	quota   int64 // of the spool
	limit   time.Duration
}

// play moves the EML files, then the mbox, as far as there are any.
func (s size) play(ctx context.Context) (err error) {
	dir, err := os.MkdirTemp("", "isa-bench-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	isa := filepath.Join(dir, "isa")
	if err := tenant.Build(ctx, isa); err != nil {
		return err
	}
	var who []string
	for i := range s.members {
		who = append(who, fmt.Sprintf("eml%d", i))
	}
	if s.eml > 0 {
		err := s.move(ctx, isa, filepath.Join(dir, "eml"), "eml", who, func(i int, to string) (*stock.Stock, error) {
			return stock.EML(to, s.eml/s.members, uint64(i)+1)
		})
		if err != nil {
			return err
		}
	}
	if s.mbox == 0 {
		return nil
	}
	return s.move(ctx, isa, filepath.Join(dir, "mbox"), "mbox", []string{"mbox"}, func(_ int, to string) (*stock.Stock, error) {
		return stock.Mbox(to, s.mbox, true, 1)
	})
}

// move makes the mail of some members, has isa move it, and compares what arrived.
func (s size) move(ctx context.Context, isa, dir, kind string, who []string, make func(i int, to string) (*stock.Stock, error)) (err error) {
	began := time.Now()
	mail := filepath.Join(dir, "mail")
	want := map[string]*stock.Stock{}
	var all stock.Stock
	for i, w := range who {
		one, err := make(i, filepath.Join(mail, w))
		if err != nil {
			return err
		}
		want[w] = one
		all.Messages, all.Bytes, all.Unread, all.TooLarge = all.Messages+one.Messages, all.Bytes+one.Bytes, all.Unread+one.Unread, all.TooLarge+one.TooLarge
	}
	fmt.Printf("\n%s: %d messages, %.2f GB, made in %s; %d CPUs\n", kind, all.Messages, float64(all.Bytes)/1e9, time.Since(began).Round(time.Second), runtime.NumCPU())
	_, roots, err := mailtest.Certificate(filepath.Join(dir, "tls"))
	if err != nil {
		return err
	}
	t, err := tenant.Start(ctx, isa, filepath.Join(dir, "tenant"), who, sandbox.Options{ImportRoots: roots})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, t.Close(), os.RemoveAll(dir)) }()
	port, err := freePort()
	if err != nil {
		return err
	}
	spool := filepath.Join(dir, "spool")
	m, err := t.Through(filepath.Join(dir, "move"), tenant.Gateway{
		Port: port, Certificates: filepath.Join(dir, "tls"), Spool: spool, Quota: fmt.Sprintf("%dKB", s.quota/1024),
		Batch: fmt.Sprintf("    size = \"%dKB\"", s.batch()/1024),
	}, fmt.Sprintf("  %s { directory = %q }", kind, mail), fmt.Sprintf("  path     = each.key\n  max_size = \"%dKB\"", min(s.batch(), 40<<20)/1024))
	if err != nil {
		return err
	}
	full, said, most, err := s.pass(ctx, m, spool)
	if err != nil {
		return err
	}
	fmt.Printf("\n| messages | GB | quota MB | spool at most MB | waits for room | wall s | messages/s | MB/s | CPU s | peak MiB | files |\n| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |\n")
	fmt.Printf("| %d | %.2f | %.0f | %.1f | %d | %.1f | %.0f | %.1f | %.1f | %.0f | %d |\n\n", all.Messages, float64(all.Bytes)/1e9, float64(s.quota)/1e6, float64(most)/1e6,
		strings.Count(said, "waits for room"), full.Wall.Seconds(), float64(all.Messages)/full.Wall.Seconds(), float64(all.Bytes)/1e6/full.Wall.Seconds(), full.CPU.Seconds(), full.MiB, full.Files)
	if most > s.quota {
		return fmt.Errorf("the spool held %d bytes, more than its quota of %d", most, s.quota)
	}
	if err := s.settled(ctx, t, m, want, &all); err != nil {
		return err
	}
	again, said, _, err := s.pass(ctx, m, spool)
	if err != nil {
		return err
	}
	for _, w := range who {
		a, err := t.Mailbox(w)
		if err != nil {
			return err
		}
		if n, _, err := tenant.TakeNotices(ctx, a); err != nil || n > 0 {
			return fmt.Errorf("a pass with nothing to do began %d runs for %s: %w\n%s", n/2, w, errors.Join(err), said)
		}
	}
	fmt.Printf("Each message arrived, byte for byte, once. A second pass moved nothing: %.1f s, CPU %.1f s, %.0f MiB.\n", again.Wall.Seconds(), again.CPU.Seconds(), again.MiB)
	return nil
}

// batch is how much a batch holds: two of them fit into the spool.
func (s size) batch() int64 { return s.quota * 45 / 100 }

// pass is one isa sync, with the most that the spool held meanwhile.
func (s size) pass(ctx context.Context, m *tenant.Move, spool string) (f measure.Figures, said string, most int64, err error) {
	var out bytes.Buffer
	ended := make(chan struct{})
	var watch sync.WaitGroup
	watch.Go(func() { most = measure.WatchFolder(spool, ended) })
	f, err = measure.Run(ctx, func(ctx context.Context) *exec.Cmd { return m.Command(ctx, "sync") }, s.limit, &out)
	close(ended)
	watch.Wait()
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.ExitCode() == tenant.Partly {
		err = nil
	}
	return f, out.String(), most, err
}

// settled compares what arrived, and what isa says of it.
func (s size) settled(ctx context.Context, t *tenant.Tenant, m *tenant.Move, want map[string]*stock.Stock, all *stock.Stock) error {
	status, err := m.Status(ctx, "")
	if err != nil {
		return err
	}
	unread := status.Total["refused"].Items + status.Total["quarantined"].Items
	if n := status.Total["copied"].Items; !status.Balanced || n != int64(all.Messages) || status.Total["too_large"].Items != int64(all.TooLarge) || unread != int64(all.Unread) {
		return fmt.Errorf("isa status says %v (balanced: %t), and there are %d messages, %d too large ones, %d files that cannot be read", status.Total, status.Balanced, all.Messages, all.TooLarge, all.Unread)
	}
	for w, one := range want {
		a, err := t.Mailbox(w)
		if err != nil {
			return err
		}
		if _, _, err := tenant.TakeNotices(ctx, a); err != nil {
			return err
		}
		places, err := m.Places(ctx, w)
		if err != nil {
			return err
		}
		got, err := mailtest.Read(ctx, a)
		if err != nil {
			return err
		}
		if err := one.Compare(got, func(folder string) string { return tenant.Shown(places(folder)) }); err != nil {
			return fmt.Errorf("%s: %w", w, err)
		}
	}
	return nil
}

// freePort is a port of 127.0.0.1 that nobody has at the moment.
func freePort() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	_, port, err := net.SplitHostPort(l.Addr().String())
	return port, errors.Join(err, l.Close())
}

// bytesFlag reads a size such as 10GB.
func bytesFlag(to *int64) func(string) error {
	return func(text string) error {
		factor := int64(1)
		for unit, n := range map[string]int64{"KB": 1e3, "MB": 1e6, "GB": 1e9} {
			if number, ok := strings.CutSuffix(text, unit); ok {
				text, factor = number, n
			}
		}
		n, err := strconv.ParseInt(text, 10, 64)
		*to = n * factor
		return err
	}
}
