// Package root puts the commands of isa together and runs one.
package root

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/isaworks/isa/cmd/isa/internal/cli"
	"github.com/isaworks/isa/cmd/isa/internal/command/apply"
	"github.com/isaworks/isa/cmd/isa/internal/command/chatlink"
	"github.com/isaworks/isa/cmd/isa/internal/command/demo"
	"github.com/isaworks/isa/cmd/isa/internal/command/doctor"
	"github.com/isaworks/isa/cmd/isa/internal/command/drift"
	"github.com/isaworks/isa/cmd/isa/internal/command/explain"
	"github.com/isaworks/isa/cmd/isa/internal/command/export"
	"github.com/isaworks/isa/cmd/isa/internal/command/format"
	"github.com/isaworks/isa/cmd/isa/internal/command/gateway"
	"github.com/isaworks/isa/cmd/isa/internal/command/graph"
	"github.com/isaworks/isa/cmd/isa/internal/command/handout"
	"github.com/isaworks/isa/cmd/isa/internal/command/importing"
	"github.com/isaworks/isa/cmd/isa/internal/command/initial"
	"github.com/isaworks/isa/cmd/isa/internal/command/invite"
	"github.com/isaworks/isa/cmd/isa/internal/command/mail"
	"github.com/isaworks/isa/cmd/isa/internal/command/plan"
	"github.com/isaworks/isa/cmd/isa/internal/command/sandbox"
	"github.com/isaworks/isa/cmd/isa/internal/command/show"
	"github.com/isaworks/isa/cmd/isa/internal/command/state"
	"github.com/isaworks/isa/cmd/isa/internal/command/status"
	"github.com/isaworks/isa/cmd/isa/internal/command/survey"
	"github.com/isaworks/isa/cmd/isa/internal/command/sync"
	"github.com/isaworks/isa/cmd/isa/internal/command/validate"
	"github.com/isaworks/isa/cmd/isa/internal/command/verify"
	"github.com/isaworks/isa/cmd/isa/internal/command/version"
	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/internal/secret"
	"github.com/isaworks/isa/internal/view"
)

// Main hardens the process against reading its memory and runs the command that
// env's arguments name. The result is the exit code.
func Main(env *cli.Env) int {
	if err := secret.Harden(); err != nil {
		fmt.Fprintf(env.Err, "Warning: %v; core dumps and debuggers may read secrets\n", err)
	}
	cli.OutliveReaders()
	return Run(context.Background(), env)
}

// Run runs one command and returns its exit code. A panic is told without values:
// they may be secrets or people's data.
func Run(ctx context.Context, env *cli.Env) (code int) {
	defer func() {
		if fault := recover(); fault != nil {
			fmt.Fprintf(env.Err, "Error: isa has a fault of its own. %s\n%s", wayOut, callers())
			code = cli.CodeFailed
		}
	}()
	env.Begin()
	cmd := New(env)
	cmd.SetArgs(env.Args)
	err := cmd.ExecuteContext(ctx)
	tell(env, err)
	return cli.ExitCode(err)
}

const wayOut = "What was done is in the state and its journal; run the command again. " +
	"Please report these lines, they hold no data of yours:"

// callers lists where a panic came from: functions and lines, no arguments.
func callers() string {
	pcs := make([]uintptr, 40)
	frames := runtime.CallersFrames(pcs[:runtime.Callers(3, pcs)])
	var b strings.Builder
	for {
		f, more := frames.Next()
		if !strings.HasPrefix(f.Function, "runtime.") {
			fmt.Fprintf(&b, "  %s:%d\n", f.Function, f.Line)
		}
		if !more {
			return b.String()
		}
	}
}

// tell shows why a command ended.
func tell(env *cli.Env, err error) {
	var exit *cli.Exit
	switch {
	case err == nil, errors.As(err, &exit) && exit.Err == nil, errors.Is(err, syscall.EPIPE):
	case exit == nil && cli.ExitCode(err) == cli.CodeInterrupted:
		fmt.Fprintln(env.Err, "Interrupted.")
	default:
		// The way out of a failure is on a line of its own.
		var f *diag.Failure
		fix := ""
		text := err.Error()
		if errors.As(err, &f) && f.Fix != "" && strings.HasSuffix(text, "; "+f.Fix) {
			text, fix = strings.TrimSuffix(text, "; "+f.Fix), f.Fix
		}
		for line := range strings.SplitSeq(text, "\n") {
			if text != "" {
				paragraph(env, "Error: ", "  ", line)
			}
		}
		if fix != "" {
			paragraph(env, "  → ", "    ", fix)
		}
	}
}

// paragraph writes text behind a head: on a terminal wrapped to its width, with
// further lines behind margin, else as one line, which is easier to search.
func paragraph(env *cli.Env, head, margin, text string) {
	lines := []string{view.Line(text)}
	if env.ErrTerminal {
		lines = view.Wrap(lines[0], env.ErrStyle().Columns()-view.Width(head))
	}
	for _, line := range lines {
		fmt.Fprintln(env.Err, head+line)
		head = margin
	}
}

// New builds the command tree.
func New(env *cli.Env) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "isa",
		Short: "Moves an organisation into NAVER WORKS and keeps the tenant as code",
		Long: "isa (이사, moving house) moves an organisation into NAVER WORKS and keeps the tenant as code:\n" +
			"HCL files and spreadsheets are planned, shown and applied. `isa demo` shows it without a tenant.\n\n" +
			"Exit codes: 0 done or no changes · 1 error · 2 changes pending (--detailed-exitcode) ·\n" +
			"3 finished in part, run again · 4 a guard refused · 5 plan stale or hash differs · 130 interrupted.",
		SilenceErrors: true, SilenceUsage: true,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.SetIn(env.In)
	cmd.SetOut(env.Out)
	cmd.SetErr(env.Err)
	cmd.PersistentFlags().StringVar(&env.Dir, "chdir", env.Dir, "the `directory` of the configuration; relative paths begin there")
	cmd.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		return fmt.Errorf("%w; see %s --help", err, c.CommandPath())
	})
	again := func(ctx context.Context, dir string, out, errs io.Writer, lookup func(string) (string, bool), args ...string) int {
		inner := *env
		inner.Args, inner.Dir, inner.Out, inner.Err, inner.Lookup = args, dir, out, errs, lookup
		return Run(ctx, &inner)
	}
	cmd.AddCommand(
		initial.New(env), validate.New(env), format.New(env), plan.New(env), apply.New(env), show.New(env), drift.New(env), explain.New(env),

		survey.New(env), sync.New(env), status.New(env), verify.New(env), mail.New(env), gateway.New(env), export.New(env),
		graph.New(env), state.New(env), handout.New(env), importing.New(env), invite.New(env), chatlink.New(env), doctor.New(env), sandbox.New(env), demo.New(env, again), version.New(env),
	)
	complete(cmd, env)
	return cmd
}
