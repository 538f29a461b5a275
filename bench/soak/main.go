// Command soak kills isa again and again and checks that nothing is lost or
// doubled: stories of bench/soak/story with one seed after the other, until there
// were enough kills. Every third story loses answers, every fourth restarts the
// service.
//
//	go run ./bench/soak -kills 200
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

	"github.com/isaworks/isa/bench/company"
	"github.com/isaworks/isa/bench/soak/story"
)

func main() {
	kills := flag.Int("kills", 200, "kills in all, at least")
	seed := flag.Uint64("seed", 1, "seed of the first story")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *kills, *seed); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, kills int, seed uint64) (err error) {
	dir, err := os.MkdirTemp("", "isa-soak-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	binary := filepath.Join(dir, "isa")
	if out, err := exec.CommandContext(ctx, "go", "build", "-o", binary, "github.com/isaworks/isa/cmd/isa").CombinedOutput(); err != nil {
		return fmt.Errorf("go build: %w\n%s", err, out)
	}
	began, stories := time.Now(), 0
	var sum story.Outcome
	for ; sum.Kills < kills; seed++ {
		o := story.Numbered(seed)
		o.Binary, o.Dir = binary, filepath.Join(dir, strconv.FormatUint(seed, 10))
		o.Company = company.Make(company.Size{Members: 40, Units: 12, Grades: 5, Positions: 4, Posts: 8, Seed: seed})
		out, err := story.Tell(ctx, o)
		sum.Add(out)
		stories++
		if err != nil {
			return fmt.Errorf("story %d: %w", seed, err)
		}
		fmt.Printf("story %d: %+v\n", seed, out)
		if err := os.RemoveAll(o.Dir); err != nil {
			return err
		}
	}
	fmt.Printf("%d stories, %d applies, %d killed, %d restarts of the service, %d applies finished in part, %d requests in %s: nothing lost, nothing doubled\n",
		stories, sum.Applies, sum.Kills, sum.Restarts, sum.Partly, sum.Requests, time.Since(began).Round(time.Second))
	return nil
}
