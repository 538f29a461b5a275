//go:build unix

// Package measure measures processes: how long they take, and how much of the machine.
package measure

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

// Figures are of one process with all that it started.
type Figures struct {
	Wall time.Duration
	CPU  time.Duration // user and system
	Peak
}

// Peak is the most that one process had at a time.
type Peak struct {
	MiB     float64 // of resident memory
	Files   int     // open, connections included
	Threads int
}

// Starter makes a command that ends with ctx.
type Starter func(ctx context.Context) *exec.Cmd

// Run runs what start makes. A command that takes longer than limit is ended.
// What it says goes to also, too, unless that is nil. The error of a command that
// failed has its last words, and wraps the *exec.ExitError.
func Run(ctx context.Context, start Starter, limit time.Duration, also io.Writer) (Figures, error) {
	ctx, stop := context.WithTimeoutCause(ctx, limit, errors.New("the time that -limit allows is over"))
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
		return Figures{}, err
	}
	most := make(chan Peak)
	ended := make(chan struct{})
	go func() { most <- Watch(cmd.Process.Pid, ended) }()
	err := cmd.Wait()
	f := Figures{Wall: time.Since(began), CPU: cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()}
	close(ended)
	if f.Peak = <-most; f.MiB == 0 {
		if usage, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage); ok {
			f.MiB = float64(usage.Maxrss) / 1024
		}
	}
	if err != nil {
		return f, fmt.Errorf("%s: %w: %s", filepath.Base(cmd.Path), errors.Join(err, context.Cause(ctx)), lastLines(said.String(), 5))
	}
	return f, nil
}

// Watch reads what a process has until it ends: the peak of its resident memory
// (VmHWM), its open files and threads. What the system counts for a process that has
// ended includes the memory of whoever started it, so that only /proc tells the truth.
func Watch(pid int, ended <-chan struct{}) Peak {
	tick := time.NewTicker(4 * time.Millisecond)
	defer tick.Stop()
	var most Peak
	for n := 0; ; n++ {
		select {
		case <-ended:
			return most
		case <-tick.C:
		}
		now := status(pid)
		if n%8 == 0 { // the list of files costs more
			now.Files = OpenFiles(pid)
		}
		most = Peak{max(most.MiB, now.MiB), max(most.Files, now.Files), max(most.Threads, now.Threads)}
	}
}

// Now is what a process has had at most of memory so far, and what it has of the rest
// now.
func Now(pid int) Peak {
	p := status(pid)
	p.Files = OpenFiles(pid)
	return p
}

// status is VmHWM and the threads of a process, zero where the system does not tell.
func status(pid int) (p Peak) {
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
				p.MiB = kb / 1024
			}
		case "Threads":
			if n, err := strconv.Atoi(number); err == nil {
				p.Threads = n
			}
		}
	}
	return p
}

// OpenFiles is how many files a process has open, connections included; 0 when it has
// ended, or the system does not tell.
func OpenFiles(pid int) int {
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
