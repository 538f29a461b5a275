//go:build unix

// Command mail kills isa, the source and the target at random moments of a copy,
// loses answers and cuts connections, and checks that nothing is lost or doubled. Isa
// is the binary that users run, with configuration, state and ledger. It tells stories of bench/soak/mail/story with one seed after the other.
//
//	go run ./bench/soak/mail -stories 100
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"time"

	"github.com/isaworks/isa/bench/mail/tenant"
	"github.com/isaworks/isa/bench/soak/mail/story"
	"github.com/isaworks/isa/providers/works/sandbox"
)

// who is whose mail moves in every story.
const who = "kim"

func main() {
	stories := flag.Int("stories", 100, "stories to tell")
	seed := flag.Uint64("seed", 1, "seed of the first one")
	messages := flag.Int("messages", 400, "messages at the beginning of each")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *stories, *seed, *messages); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, stories int, seed uint64, messages int) (err error) {
	dir, err := os.MkdirTemp("", "isa-soak-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	binary := filepath.Join(dir, "isa")
	if err := tenant.Build(ctx, binary); err != nil {
		return err
	}
	members, err := tenant.Start(ctx, binary, filepath.Join(dir, "tenant"), []string{who}, sandbox.Options{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, members.Close()) }()
	began := time.Now()
	var sum story.Outcome
	for n := range uint64(stories) {
		place := filepath.Join(dir, strconv.FormatUint(seed+n, 10))
		out, err := story.Tell(ctx, story.Options{Seed: seed + n, Messages: messages, User: tenant.User(who), Move: func(from, to string) (story.Move, error) {
			m, err := members.Move(place, from, to)
			return story.Move{
				Pass:   func(ctx context.Context) *exec.Cmd { return m.Command(ctx, "sync") },
				Places: func(ctx context.Context) (func(string) string, error) { return m.Places(ctx, who) },
			}, err
		}})
		sum.Add(out)
		if err != nil {
			return fmt.Errorf("story %d: %+v: %w", seed+n, out, err)
		}
		fmt.Printf("story %d: %+v\n", seed+n, out)
		if err := os.RemoveAll(place); err != nil {
			return err
		}
	}
	fmt.Printf("%d stories, %+v in %s: nothing lost, nothing doubled\n", stories, sum, time.Since(began).Round(time.Second))
	return nil
}
