//go:build unix

// Command mail measures account-to-account copies of mail: isa beside the tools one
// would take otherwise, in one run, in turns, on the same mailboxes. For each tool:
// a full copy into an empty mailbox, a pass in which nothing changed, and one with
// 200 new messages and 50 changed flags; wall time, CPU time and peak memory of the
// tool, and what a comparison of all bytes, flags and dates by another client finds.
// Source and target are two Dovecots on 127.0.0.1 with their mail in memory; the
// directory is a sandbox in this process.
//
// Also, of isa alone: one very large mailbox, and very many at once.
//
//	go run ./bench/mail -runs 3
//	go run ./bench/mail -messages 0 -slow-messages 0 -big 500000
//	go run ./bench/mail -messages 0 -slow-messages 0 -mailboxes 2000
//	IMAPSYNC=/opt/imapsync go run ./bench/mail -messages 2000 -rtt 20ms
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/isaworks/isa/bench/mail/tenant"
	"github.com/isaworks/isa/internal/mailtest"
)

// options are the flags.
type options struct {
	messages, slowMessages, runs int
	rtt                          time.Duration
	only                         string
	median, most                 int // bytes of a message
	big                          int
	many                         many
	limit                        time.Duration
	isa                          string // the binary
}

func main() {
	var o options
	flag.IntVar(&o.messages, "messages", 20_000, "messages without delay; 0: leave that out")
	flag.IntVar(&o.slowMessages, "slow-messages", 2_000, "messages with delay; 0: leave that out")
	flag.DurationVar(&o.rtt, "rtt", 20*time.Millisecond, "round trip to both servers, with delay")
	flag.IntVar(&o.runs, "runs", 3, "runs of each tool, in turns")
	flag.StringVar(&o.only, "only", "", "tools to measure, with commas between; all when empty")
	flag.IntVar(&o.median, "median", 0, "median size of a message in bytes; 0: 7.5 KB")
	flag.IntVar(&o.big, "big", 0, "small messages of one mailbox that isa alone copies once; 0: leave that out")
	flag.IntVar(&o.many.mailboxes, "mailboxes", 0, "mailboxes that isa alone copies in one pass; 0: leave that out")
	flag.IntVar(&o.many.each, "each", 50, "messages in each of -mailboxes")
	flag.IntVar(&o.many.large, "large", 20_000, "messages in the first of -mailboxes, which must not keep the others waiting")
	flag.IntVar(&o.many.parallel, "parallel", 0, "isa sync --parallel with -mailboxes; 0: what isa takes by itself")
	flag.DurationVar(&o.limit, "limit", 15*time.Minute, "a tool that takes longer is given up")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := o.run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func (o options) run(ctx context.Context) (err error) {
	dir, err := os.MkdirTemp("", "isa-bench-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	o.isa = filepath.Join(dir, "isa")
	if err := tenant.Build(ctx, o.isa); err != nil {
		return err
	}
	fmt.Printf("%d CPUs, %s/%s, %s.\n", runtime.NumCPU(), runtime.GOOS, runtime.GOARCH, load())
	if o.messages > 0 || o.slowMessages > 0 {
		if err := o.compare(ctx, dir); err != nil {
			return err
		}
	}
	if o.big > 0 {
		if err := o.bigScene().play(ctx, filepath.Join(dir, "big"), []peer{isaPeer()}); err != nil {
			return err
		}
	}
	if o.many.mailboxes > 0 {
		return o.many.play(ctx, o, filepath.Join(dir, "many"))
	}
	return nil
}

// compare measures all tools, without delay and with it.
func (o options) compare(ctx context.Context, dir string) error {
	tools, err := o.tools(ctx)
	if err != nil {
		return err
	}
	for _, s := range []scene{
		{messages: o.messages, options: o},
		{messages: o.slowMessages, rtt: o.rtt, options: o},
	} {
		if s.messages > 0 {
			if err := s.play(ctx, filepath.Join(dir, "state"), tools); err != nil {
				return err
			}
		}
	}
	return nil
}

// bigScene is one large mailbox, whose messages take a page of memory each.
func (o options) bigScene() scene {
	o.median, o.most, o.runs = 1500, 4000, 1
	return scene{messages: o.big, options: o}
}

// tools are those that can run here; the others are named.
func (o options) tools(ctx context.Context) ([]peer, error) {
	var out []peer
	for _, p := range peers() {
		if o.only != "" && !strings.Contains(","+o.only+",", ","+p.name+",") {
			continue
		}
		version, err := p.find(ctx)
		if err != nil {
			fmt.Printf("- %s: not measured: %v\n", p.name, err)
			continue
		}
		if p.note != "" {
			version += "; " + p.note
		}
		fmt.Printf("- %s: %s\n", p.name, version)
		out = append(out, p)
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("no tool is called %q", o.only)
	}
	return out, nil
}

func load() string {
	text, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "load unknown"
	}
	return "load " + strings.Join(strings.Fields(string(text))[:3], " ") + " at the start"
}

// corpus is the mail that is copied.
func (s scene) corpus() mailtest.Corpus {
	return mailtest.Corpus{Messages: s.messages, Seed: 1, MedianBytes: s.median, MaxBytes: s.most}
}
