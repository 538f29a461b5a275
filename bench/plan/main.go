//go:build unix

// Command plan measures validate and plan of a company that does not change, at
// several sizes: wall time and peak memory of the whole process (median of the
// runs), the calls it took, and where the time goes. The tenant is the sandbox
// without limits, in this process.
//
//	go run ./bench/plan -members 1000,10000,50000 -runs 5
package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/isaworks/isa/bench/company"
	"github.com/isaworks/isa/providers/works/sandbox"
)

func main() {
	members := flag.String("members", "1000,10000,50000", "sizes to measure")
	runs := flag.Int("runs", 5, "runs of each command, after one that is not counted")
	flag.Parse()
	if err := run(*members, *runs); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(sizes string, runs int) (err error) {
	dir, err := os.MkdirTemp("", "isa-bench-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	isa := filepath.Join(dir, "isa")
	if out, err := exec.Command("go", "build", "-trimpath", "-o", isa, "github.com/isaworks/isa/cmd/isa").CombinedOutput(); err != nil {
		return fmt.Errorf("go build: %w\n%s", err, out)
	}
	fmt.Println("| members | units | apply s | validate s | MiB | plan s | CPU s | MiB | configuration s | listing s | comparison s | calls |")
	fmt.Println("| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |")
	for _, text := range strings.Split(sizes, ",") {
		n, err := strconv.Atoi(text)
		if err != nil {
			return err
		}
		if err := measure(isa, filepath.Join(dir, text), n, runs); err != nil {
			return err
		}
	}
	return nil
}

func measure(isa, dir string, n, runs int) (err error) {
	srv, err := sandbox.New(sandbox.Options{Features: true})
	if err != nil {
		return err
	}
	if _, err := srv.Start(context.Background()); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, srv.Close()) }()
	if err := os.Mkdir(dir, 0o755); err != nil {
		return err
	}
	c := company.Make(company.Size{Members: n, Units: n / 10, Grades: 10, Positions: 10, Posts: n / 20, Seed: 1})
	if err := c.Write(dir); err != nil {
		return err
	}
	apply, err := once(isa, dir, srv.Env(), 0, "apply", "--yes")
	if err != nil {
		return err
	}
	validate, err := median(isa, dir, srv.Env(), runs, "validate")
	if err != nil {
		return err
	}
	plan, err := median(isa, dir, srv.Env(), runs, "plan", "--detailed-exitcode")
	if err != nil {
		return err
	}
	listing, calls, err := listed(plan.said)
	if err != nil {
		return err
	}
	fmt.Printf("| %d | %d | %.1f | %.2f | %.0f | %.2f | %.2f | %.0f | %.2f | %.2f | %.2f | %d |\n", n, n/10, apply.wall.Seconds(),
		validate.wall.Seconds(), validate.mib, plan.wall.Seconds(), plan.cpu.Seconds(), plan.mib,
		validate.wall.Seconds(), listing, max(0, (plan.wall-validate.wall).Seconds()-listing), calls)
	return nil
}

// figures are of one whole process.
type figures struct {
	wall time.Duration
	cpu  time.Duration // of all its threads, system calls included
	mib  float64       // peak resident memory
	said string
}

func median(isa, dir string, env map[string]string, runs int, args ...string) (figures, error) {
	var all []figures
	for i := range runs + 1 {
		f, err := once(isa, dir, env, 0, args...)
		if err != nil {
			return figures{}, err
		}
		if i > 0 {
			all = append(all, f)
		}
	}
	byWall := slices.SortedFunc(slices.Values(all), func(a, b figures) int { return int(a.wall - b.wall) })
	byCPU := slices.SortedFunc(slices.Values(all), func(a, b figures) int { return int(a.cpu - b.cpu) })
	byMiB := slices.SortedFunc(slices.Values(all), func(a, b figures) int { return cmp.Compare(a.mib, b.mib) })
	mid := byWall[len(byWall)/2]
	mid.cpu, mid.mib = byCPU[len(byCPU)/2].cpu, byMiB[len(byMiB)/2].mib
	return mid, nil
}

func once(isa, dir string, env map[string]string, code int, args ...string) (figures, error) {
	cmd := exec.Command(isa, args...)
	cmd.Dir = dir
	cmd.Env = os.Environ()
	for k, v := range env {
		cmd.Env = append(cmd.Env, k+"="+v)
	}
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	began := time.Now()
	err := cmd.Run()
	wall := time.Since(began)
	if got := cmd.ProcessState.ExitCode(); got != code {
		return figures{}, fmt.Errorf("isa %s: exit code %d (%w)\n%s", strings.Join(args, " "), got, err, said.Bytes())
	}
	usage, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage)
	if !ok {
		return figures{}, fmt.Errorf("this system tells no peak memory")
	}
	return figures{
		wall: wall, cpu: cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime(),
		mib: float64(usage.Maxrss) / 1024, said: said.String(),
	}, nil
}

// listed reads seconds and calls of listing from what plan says.
func listed(said string) (seconds float64, calls int, err error) {
	m := regexp.MustCompile(`listed in ([\d,]+) calls? \(([\d.]+) (ms|s)\)`).FindStringSubmatch(said)
	if m == nil {
		return 0, 0, fmt.Errorf("plan does not say how long listing took:\n%s", said)
	}
	if calls, err = strconv.Atoi(strings.ReplaceAll(m[1], ",", "")); err != nil {
		return 0, 0, err
	}
	if seconds, err = strconv.ParseFloat(m[2], 64); err != nil {
		return 0, 0, err
	}
	if m[3] == "ms" {
		seconds /= 1000
	}
	return seconds, calls, nil
}
