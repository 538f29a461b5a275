// Package sync is `isa sync`: passes over the mailboxes that move, again and again.
package sync

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/isaworks/isa/cmd/isa/internal/cli"
	"github.com/isaworks/isa/cmd/isa/internal/workspace"
	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/internal/view"
	"github.com/isaworks/isa/state"
	"github.com/isaworks/isa/state/ledger"
)

type options struct {
	env       *cli.Env
	selection workspace.Selection
	every     time.Duration
	until     string
	parallel  int
	refused   workspace.Refusals
}

// New returns the command.
func New(env *cli.Env) *cobra.Command {
	o := &options{env: env}
	cmd := &cobra.Command{
		Use: "sync [ADDRESS...]", Short: "Move what is new in the mailboxes; the directory is left alone", Args: cobra.ArbitraryArgs,
		Long: "Move what is new in the mailboxes that mail_migration blocks name: a pass, or one after another.\n" +
			"Nothing of the directory is looked at or changed, and waves stay in the phase that isa apply\n" +
			"brought them into. An address is that of a migration, a member, a wave or a source.\n" +
			"Ctrl-C once: nothing new is begun, what is on its way arrives and is recorded; twice: stop.",
		RunE: func(cmd *cobra.Command, args []string) error {
			o.selection.Content = args
			return run(cmd.Context(), o)
		},
	}
	o.selection.RegisterContent(cmd)
	o.selection.RegisterLost(cmd)
	cmd.Flags().DurationVar(&o.every, "every", 0, "begin a pass every such `time`, e.g. 30m, until --until or Ctrl-C")
	cmd.Flags().StringVar(&o.until, "until", "", "begin nothing new at this `time`: 06:00, or 2026-03-02T06:00:00+09:00")
	workspace.RegisterParallel(cmd, &o.parallel)
	return cmd
}

func run(ctx context.Context, o *options) error {
	end, err := deadline(o.until, o.env.Now())
	if err != nil {
		return err
	}
	if o.every < 0 || o.parallel < 0 {
		return errors.New("--every and --parallel are not below zero")
	}
	once, abort, stop := o.env.Until(ctx, func(n int) {
		if n == 1 {
			o.env.Tell("Stopping: nothing new is begun, what is on its way is recorded. Ctrl-C again stops that too.")
			return
		}
		o.env.Tell("Stopping now. What was on its way is looked for by the next pass.")
	})
	defer stop()
	stops := workspace.Stops{Once: once, Abort: abort}
	if !end.IsZero() {
		limited, cancel := context.WithTimeout(once, end.Sub(o.env.Now()))
		defer cancel()
		stops.Once, stops.Deadline = limited, true
	}
	var night error // the worst of all passes
	for first := true; ; first = false {
		began := o.env.Now()
		err := pass(stops, o)
		night = worse(night, err)
		if o.every == 0 || stops.Once.Err() != nil || lasting(err, first) {
			return night
		}
		if err != nil {
			o.env.Tell("Error: " + view.Line(err.Error()))
		}
		next := began.Add(o.every)
		if now := o.env.Now(); next.Before(now) {
			next = now
		}
		if !end.IsZero() && !next.Before(end) {
			return night
		}
		o.env.Tell("The next pass begins at " + next.Local().Format("15:04:05") + ".")
		if !wait(stops.Once, next.Sub(o.env.Now())) {
			return stopped(stops, once, night)
		}
	}
}

// lasting reports errors that another pass would meet too, and that concern whoever
// started isa. In the first pass that is all but what passes by itself. In later ones
// it is an interrupt only: the configuration was right once, and may be just being
// edited.
func lasting(err error, first bool) bool {
	switch {
	case err == nil:
		return false
	case cli.ExitCode(err) == cli.CodeInterrupted:
		return true
	}
	return first && !passing(err)
}

// passing reports errors that may pass: what is wrong with mailboxes, a ledger or a
// state that somebody else uses for a while, a service that cannot be reached.
func passing(err error) bool {
	var locked *state.LockedError
	switch {
	case cli.ExitCode(err) == cli.CodePartly, ledger.InUse(err), errors.As(err, &locked):
		return true
	}
	class := diag.ClassOf(err)
	return class == diag.Unavailable || class == diag.Limited
}

// worse is the error that a command ends with after both: an interrupt, what failed as
// a whole, what was done in part; of two alike the later.
func worse(a, b error) error {
	rank := func(err error) int {
		switch cli.ExitCode(err) {
		case cli.CodeDone:
			return 0
		case cli.CodePartly:
			return 1
		case cli.CodeInterrupted:
			return 3
		}
		return 2
	}
	if rank(b) >= rank(a) {
		return b
	}
	return a
}

// stopped is how a command ends that was waiting for its next pass.
func stopped(stops workspace.Stops, once context.Context, last error) error {
	if stops.Deadline && once.Err() == nil {
		return last
	}
	return &cli.Exit{Code: cli.CodeInterrupted, Err: errors.New("interrupted between two passes")}
}

func wait(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}

// pass makes one pass. The configuration is read anew, so that a member who was added
// is moved too.
func pass(stops workspace.Stops, o *options) error {
	w, err := workspace.Open(stops.Once, o.env, o.selection)
	if err != nil {
		return err
	}
	w.Refused = &o.refused
	passed, err := w.Sync(stops, o.parallel)
	if err != nil {
		return err
	}
	return w.TellPass(passed, "isa sync")
}

// deadline reads --until: a time of day is the next such time here. Zero: none.
func deadline(text string, now time.Time) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	if at, err := time.Parse(time.RFC3339, text); err == nil {
		if !at.After(now) {
			return at, fmt.Errorf("--until %s is over", text)
		}
		return at, nil
	}
	clock, err := time.Parse("15:04", text)
	if err != nil {
		return time.Time{}, fmt.Errorf("--until %q is no time; write it as 06:00 or 2026-03-02T06:00:00+09:00", text)
	}
	local := now.Local()
	at := time.Date(local.Year(), local.Month(), local.Day(), clock.Hour(), clock.Minute(), 0, 0, local.Location())
	if !at.After(now) {
		at = time.Date(local.Year(), local.Month(), local.Day()+1, clock.Hour(), clock.Minute(), 0, 0, local.Location())
	}
	return at, nil
}
