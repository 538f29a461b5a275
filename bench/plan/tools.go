//go:build unix

package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/isaworks/isa/bench/measure"
)

// tool is a tool in one form of writing objects.
type tool interface {
	name() string
	// prepare makes what a fresh plan of n objects needs in a new folder. A command that
	// takes longer than limit is ended: errLate.
	prepare(ctx context.Context, dir string, n int, limit time.Duration) (scene, error)
}

// scene is a folder in which a tool plans.
type scene interface {
	// plan starts one plan; fresh tells which.
	plan(ctx context.Context, fresh bool) *exec.Cmd
	// says checks what a plan said: that all objects, or none, are to be made.
	says(out string, fresh bool) error
	// settle makes all objects, so that a plan finds nothing to do, within limit likewise.
	settle(ctx context.Context, limit time.Duration) error
	close() error
}

// measured is a tool as it is measured.
type measured struct{ tool }

// found are the tools on PATH, isa first.
func found(ctx context.Context, dir string, o options) ([]measured, error) {
	isa, err := buildIsa(ctx, dir)
	if err != nil {
		return nil, err
	}
	tools := []tool{isa}
	for _, peer := range []string{"terraform", "tofu"} {
		path, err := exec.LookPath(peer)
		if err != nil {
			fmt.Fprintf(os.Stderr, "%s is not on PATH\n", peer)
			continue
		}
		tools = append(tools, terraform{peer, path, false}, terraform{peer, path, true})
	}
	if path, err := exec.LookPath("dnscontrol"); err == nil {
		tools = append(tools, dnscontrol{path})
	} else {
		fmt.Fprintln(os.Stderr, "dnscontrol is not on PATH")
	}
	var out []measured
	for _, t := range tools {
		first, _, _ := strings.Cut(t.name(), " ")
		if o.only == "" || slices.Contains(strings.Split(o.only, ","), first) {
			out = append(out, measured{t})
		}
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("-only %s leaves no tool", o.only)
	}
	return out, nil
}

// outcome is what was measured of one tool at one size.
type outcome struct {
	tool             string
	objects          int
	fresh, unchanged measure.Figures
	late             bool // -limit was over
}

func (o outcome) String() string {
	if o.late {
		return fmt.Sprintf("| %d | %s | more than -limit allows | | | | | |", o.objects, o.tool)
	}
	return fmt.Sprintf("| %d | %s | %.2f | %.2f | %.0f | %.2f | %.2f | %.0f |", o.objects, o.tool,
		o.fresh.Wall.Seconds(), o.fresh.CPU.Seconds(), o.fresh.MiB, o.unchanged.Wall.Seconds(), o.unchanged.CPU.Seconds(), o.unchanged.MiB)
}

func (m measured) measure(ctx context.Context, dir string, n int, o options) (out outcome, err error) {
	if err := os.Mkdir(dir, 0o700); err != nil {
		return out, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	out = outcome{tool: m.name(), objects: n}
	s, err := m.prepare(ctx, dir, n, o.limit)
	if err != nil {
		return out.whenLate(ctx, err)
	}
	defer func() { err = errors.Join(err, s.close()) }()
	if out.fresh, err = median(ctx, s, true, o); err != nil {
		return out.whenLate(ctx, err)
	}
	if err := s.settle(ctx, o.limit); err != nil {
		return out.whenLate(ctx, err)
	}
	if out.unchanged, err = median(ctx, s, false, o); err != nil {
		return out.whenLate(ctx, err)
	}
	return out, nil
}

// errLate is the cause of the end of a command that took longer than -limit.
var errLate = errors.New("the time of -limit is over")

func (o outcome) whenLate(ctx context.Context, err error) (outcome, error) {
	if !errors.Is(err, errLate) || ctx.Err() != nil {
		return o, err
	}
	o.late = true
	return o, nil
}

// within runs a command that is ended when it takes longer than limit: errLate. What it
// says goes to said, too, unless that is nil.
func within(ctx context.Context, limit time.Duration, start measure.Starter, said io.Writer) (measure.Figures, error) {
	began := time.Now()
	f, err := measure.Run(ctx, start, limit, said)
	if err != nil && time.Since(began) >= limit {
		err = errors.Join(errLate, err)
	}
	return f, err
}

// slow is how long a plan takes that is measured once: some forms take minutes.
const slow = time.Minute

// median runs a plan once uncounted and o.runs times more; each figure is the median
// of its own. A slow plan counts at once.
func median(ctx context.Context, s scene, fresh bool, o options) (measure.Figures, error) {
	var all []measure.Figures
	for i := range o.runs + 1 {
		var said strings.Builder
		f, err := within(ctx, o.limit, func(ctx context.Context) *exec.Cmd { return s.plan(ctx, fresh) }, &said)
		if err != nil {
			return f, err
		}
		if err := s.says(said.String(), fresh); err != nil {
			return f, err
		}
		if i > 0 || f.Wall > slow {
			all = append(all, f)
		}
		if f.Wall > slow {
			break
		}
	}
	var mid measure.Figures
	mid.Wall = middle(all, func(f measure.Figures) time.Duration { return f.Wall })
	mid.CPU = middle(all, func(f measure.Figures) time.Duration { return f.CPU })
	mid.MiB = middle(all, func(f measure.Figures) float64 { return f.MiB })
	return mid, nil
}

func middle[T cmp.Ordered](all []measure.Figures, of func(measure.Figures) T) T {
	var list []T
	for _, f := range all {
		list = append(list, of(f))
	}
	slices.Sort(list)
	return list[len(list)/2]
}

// compare prints, for each size, how isa's unchanged plan compares with the fastest
// form of Terraform or OpenTofu, and with DNSControl.
func compare(all []outcome, sizes []int) {
	for _, n := range sizes {
		var isa, best, dns *outcome
		for i := range all {
			o := &all[i]
			switch {
			case o.objects != n || o.late:
			case o.tool == "isa":
				isa = o
			case o.tool == "dnscontrol":
				dns = o
			case best == nil || o.unchanged.Wall < best.unchanged.Wall:
				best = o
			}
		}
		if isa == nil {
			continue
		}
		for _, other := range []*outcome{best, dns} {
			if other != nil {
				fmt.Printf("\n%d unchanged objects: isa is %.1f times as fast as %s and takes %.2f of its memory.", n,
					other.unchanged.Wall.Seconds()/isa.unchanged.Wall.Seconds(), other.tool, isa.unchanged.MiB/other.unchanged.MiB)
			}
		}
	}
	fmt.Println()
}

// write writes a file of a scene.
func write(dir, name, text string) error {
	return os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600)
}
