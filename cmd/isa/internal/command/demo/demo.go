// Package demo is `isa demo`: a company is planned, applied and planned again on
// a local tenant, in one command, with nothing to set up.
package demo

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/isaworks/isa/cmd/isa/internal/cli"
	"github.com/isaworks/isa/examples"
	"github.com/isaworks/isa/providers/works/sandbox"
)

// Isa runs one isa command in a directory and returns its exit code.
type Isa func(ctx context.Context, dir string, out, errs io.Writer, lookup func(string) (string, bool), args ...string) int

// speed is how much faster the demo's tenant is than a real one: what takes a
// minute there takes six seconds here.
const speed = 10

type options struct {
	env *cli.Env
	isa Isa
}

// New returns the command. isa runs the commands that the demo shows.
func New(env *cli.Env, isa Isa) *cobra.Command {
	o := &options{env: env, isa: isa}
	return &cobra.Command{
		Use: "demo", Short: "See a company planned, applied and planned again, on a local tenant", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return run(cmd.Context(), o) },
	}
}

func run(ctx context.Context, o *options) (err error) {
	ctx, _, stop := o.env.Until(ctx, nil)
	defer stop()
	dir, err := os.MkdirTemp("", "isa-demo-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	if err := unpack(examples.Quickstart(), dir); err != nil {
		return err
	}
	server, err := sandbox.New(sandbox.Options{Limits: true, Features: true, Speed: speed, Plan: "standard"})
	if err != nil {
		return err
	}
	base, err := server.Start(context.WithoutCancel(ctx))
	if err != nil {
		return errors.Join(err, server.Close())
	}
	defer func() { err = errors.Join(err, server.Close()) }()
	t := &tour{options: o, dir: dir, lookup: overlay(o.env.Lookup, server.Env())}
	t.say("A local tenant runs at %s: empty, with the limits of a real one, %d times as fast.", base, speed)
	t.say("The company is in examples/quickstart: 20 people and their org tree, as HCL.")
	return t.run(ctx)
}

// tour is one run of the demo.
type tour struct {
	*options
	dir    string
	lookup func(string) (string, bool)
	broken error // the first failure of Out
}

func (t *tour) run(ctx context.Context) error {
	t.say("\n1. What would be done? Nothing is changed yet.")
	if code := t.show(ctx, t.env.Out, "plan"); code != cli.CodeDone {
		return t.failed(code, "plan")
	}
	t.say("\n2. Do it. Without --yes, isa shows the plan again and asks.")
	var out bytes.Buffer // the plan was just shown: only what follows it is
	if code := t.show(ctx, &out, "apply", "--yes"); code != cli.CodeDone {
		if _, err := t.env.Out.Write(out.Bytes()); err != nil {
			return err
		}
		return t.failed(code, "apply")
	}
	t.say("%s", lastLine(out.String()))
	t.say("\n3. Plan again: the tenant must be what the configuration says.")
	if code := t.show(ctx, t.env.Out, "plan", "--detailed-exitcode"); code != cli.CodeDone {
		return t.failed(code, "the second plan")
	}
	t.say("\nThat was all. The tenant is gone again; nothing was kept. To go on by yourself:")
	t.say("  isa sandbox -- bash                    a tenant, and a shell in which isa works on it")
	t.say("  isa --chdir examples/quickstart plan   or hr-spreadsheet: 300 people from tables")
	return t.broken
}

// show runs a command as a user would, after telling which.
func (t *tour) show(ctx context.Context, out io.Writer, args ...string) int {
	t.say("$ isa %s\n", strings.Join(args, " "))
	return t.isa(ctx, t.dir, out, t.env.Err, t.lookup, args...)
}

func (t *tour) say(format string, args ...any) {
	if _, err := fmt.Fprintf(t.env.Out, format+"\n", args...); err != nil && t.broken == nil {
		t.broken = err
	}
}

func (t *tour) failed(code int, what string) error {
	return &cli.Exit{Code: max(code, cli.CodeFailed), Err: fmt.Errorf("%s did not end as it should (exit code %d)", what, code)}
}

func lastLine(text string) string {
	text = strings.TrimRight(text, "\n")
	return text[strings.LastIndexByte(text, '\n')+1:]
}

// overlay looks a variable up among extra first.
func overlay(lookup func(string) (string, bool), extra map[string]string) func(string) (string, bool) {
	return func(name string) (string, bool) {
		if v, ok := extra[name]; ok {
			return v, true
		}
		return lookup(name)
	}
}

func unpack(files fs.FS, dir string) error {
	return fs.WalkDir(files, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		target := filepath.Join(dir, filepath.FromSlash(path))
		if d.IsDir() {
			return os.MkdirAll(target, 0o700)
		}
		data, err := fs.ReadFile(files, path)
		if err != nil {
			return err
		}
		return os.WriteFile(target, data, 0o600)
	})
}
