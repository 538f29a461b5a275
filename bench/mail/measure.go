//go:build unix

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// figures are of one process with all that it started.
type figures struct {
	wall time.Duration
	cpu  time.Duration
	peak
}

// peak is the most that one process had at a time.
type peak struct {
	mib     float64 // of resident memory
	files   int     // open, connections included
	threads int
}

// errRanOut is the error of a tool that took too long.
var errRanOut = errors.New("the time that -limit allows is over")

// starter makes a command that ends with ctx.
type starter func(ctx context.Context) *exec.Cmd

// run measures what start makes. A command that takes longer than limit is ended.
// What it says goes to also, too, unless that is nil.
func run(ctx context.Context, start starter, limit time.Duration, also io.Writer) (figures, error) {
	ctx, stop := context.WithTimeoutCause(ctx, limit, errRanOut)
	defer stop()
	cmd := start(ctx)
	var said bytes.Buffer
	var out io.Writer = &said
	if also != nil {
		out = io.MultiWriter(&said, also)
	}
	cmd.Stdout, cmd.Stderr = out, out
	began := time.Now()
	if err := cmd.Start(); err != nil {
		return figures{}, err
	}
	most := make(chan peak)
	ended := make(chan struct{})
	go func() { most <- watch(cmd.Process.Pid, ended) }()
	err := cmd.Wait()
	f := figures{wall: time.Since(began), cpu: cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()}
	close(ended)
	if f.peak = <-most; f.mib == 0 {
		if usage, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage); ok {
			f.mib = float64(usage.Maxrss) / 1024
		}
	}
	if err != nil {
		return f, fmt.Errorf("%s: %w: %s", filepath.Base(cmd.Path), errors.Join(err, context.Cause(ctx)), lastLines(said.String(), 5))
	}
	return f, nil
}

// watch reads what a process has until it ends: the peak of its resident memory
// (VmHWM), its open files and threads. What the system counts for a process that has
// ended includes the memory of whoever started it, so that only /proc tells the truth.
func watch(pid int, ended <-chan struct{}) peak {
	tick := time.NewTicker(4 * time.Millisecond)
	defer tick.Stop()
	var most peak
	for n := 0; ; n++ {
		select {
		case <-ended:
			return most
		case <-tick.C:
		}
		now := status(pid)
		if n%8 == 0 { // the list of files costs more
			now.files = openFiles(pid)
		}
		most = peak{max(most.mib, now.mib), max(most.files, now.files), max(most.threads, now.threads)}
	}
}

// status is VmHWM and the threads of a process, zero where the system does not tell.
func status(pid int) (p peak) {
	text, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/status")
	if err != nil {
		return p
	}
	for line := range strings.Lines(string(text)) {
		name, rest, _ := strings.Cut(line, ":")
		number, _, _ := strings.Cut(strings.TrimSpace(rest), " ")
		switch name {
		case "VmHWM":
			if kb, err := strconv.ParseFloat(number, 64); err == nil {
				p.mib = kb / 1024
			}
		case "Threads":
			if n, err := strconv.Atoi(number); err == nil {
				p.threads = n
			}
		}
	}
	return p
}

func openFiles(pid int) int {
	list, err := os.ReadDir("/proc/" + strconv.Itoa(pid) + "/fd")
	if err != nil {
		return 0 // it has ended
	}
	return len(list)
}

func lastLines(s string, n int) string {
	lines := strings.Split(strings.TrimSpace(s), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "\n")
}
