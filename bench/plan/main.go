//go:build unix

// Command plan measures plans of isa beside those of Terraform, OpenTofu and
// DNSControl, whichever is on PATH, in one run: of as many objects as each size says,
// fresh (nothing is there yet) and unchanged. Wall and CPU time and peak memory are of
// the tool's process alone, medians of the runs.
//
//	go run ./bench/plan -objects 1000,5000,10000 -runs 5
//
// isa plans a company of that many members with a tenth as many units, from tables,
// against the sandbox without limits in this process. Terraform and OpenTofu plan
// terraform_data, which needs no provider and no network, written as blocks and as one
// block with for_each; DNSControl previews the A records of a zone file.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

func main() {
	var o options
	objects := flag.String("objects", "1000,5000,10000", "sizes to measure")
	flag.StringVar(&o.only, "only", "", "only these tools, such as isa,tofu")
	flag.IntVar(&o.runs, "runs", 5, "runs of each plan, after one that is not counted")
	flag.DurationVar(&o.limit, "limit", 15*time.Minute, "a command that takes longer is ended, and its size is left out")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *objects, o); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

type options struct {
	only  string
	runs  int
	limit time.Duration
}

func run(ctx context.Context, objects string, o options) (err error) {
	if o.runs < 1 {
		return errors.New("-runs must be at least 1")
	}
	var sizes []int
	for text := range strings.SplitSeq(objects, ",") {
		n, err := strconv.Atoi(text)
		if err != nil || n < 10 {
			return fmt.Errorf("-objects: %q is no size; write numbers of 10 or more", text)
		}
		sizes = append(sizes, n)
	}
	dir, err := os.MkdirTemp("", "isa-bench-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	tools, err := found(ctx, dir, o)
	if err != nil {
		return err
	}
	fmt.Println("| objects | tool | fresh s | CPU s | peak MiB | unchanged s | CPU s | peak MiB |")
	fmt.Println("| --- | --- | --- | --- | --- | --- | --- | --- |")
	var all []outcome
	for _, n := range sizes {
		for i, t := range tools {
			out, err := t.measure(ctx, filepath.Join(dir, fmt.Sprint(n, "-", i)), n, o)
			if err != nil {
				return fmt.Errorf("%s, %d objects: %w", t.name(), n, err)
			}
			fmt.Println(out)
			all = append(all, out)
		}
	}
	compare(all, sizes)
	return nil
}
