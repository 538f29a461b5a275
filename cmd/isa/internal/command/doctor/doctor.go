// Package doctor is `isa doctor`: whether what isa needs is there and works.
package doctor

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/isaworks/isa/cmd/isa/internal/cli"
	"github.com/isaworks/isa/cmd/isa/internal/workspace"
	"github.com/isaworks/isa/internal/view"
)

type options struct {
	env       *cli.Env
	selection workspace.Selection
	format    string
	calibrate bool
	yes       bool   // agreed to what --calibrate makes, or --probe-mail sends
	member    string // of --probe-mail
	answers   string // of --answers, a file
}

// New returns the command.
func New(env *cli.Env) *cobra.Command {
	o := &options{env: env}
	cmd := &cobra.Command{
		Use: "doctor", Short: "Check credentials, state, mail servers and gateways", Args: cobra.NoArgs,
		Long: "Check what isa needs in this directory: configuration, credentials, sign-in, clock, quota, state,\n" +
			"ledger, the servers that mail comes from and goes to, and gateways with name, port, certificate and\n" +
			"spool. Nothing is changed, and nobody is logged in to a mailbox. The exit code is 1 when a check\n" +
			"failed.\n\n" +
			"With --calibrate, find out how this tenant behaves where the documentation leaves it open, and record\n" +
			"it in calibration.json beside the configuration. With --probe-mail, send three messages to a member\n" +
			"through the gateway before anybody's mail goes there, and record what arrived.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			switch {
			case o.calibrate:
				return findOut(cmd.Context(), o)
			case o.member != "":
				return probeMail(cmd.Context(), o)
			case o.answers != "":
				return handIn(cmd.Context(), o)
			}
			return run(cmd.Context(), o)
		},
	}
	o.selection.RegisterInputs(cmd)
	cmd.Flags().StringVar(&o.format, "format", "text", "text or json")
	o.registerProbe(cmd)
	cmd.Flags().BoolVar(&o.calibrate, "calibrate", false, "find out what the documentation leaves open, with objects that are made for it and removed again")
	cmd.Flags().BoolVar(&o.yes, "yes", false, "agree beforehand to what --calibrate makes or --probe-mail sends")
	cmd.MarkFlagsMutuallyExclusive("calibrate", "probe-mail", "answers")
	return cmd
}

func run(ctx context.Context, o *options) error {
	if err := workspace.CheckFormat(o.format); err != nil {
		return err
	}
	ctx, _, stop := o.env.Until(ctx, nil)
	defer stop()
	checks := workspace.Examine(ctx, o.env, o.selection)
	if err := ctx.Err(); err != nil {
		return err
	}
	write := o.text
	if o.format == "json" {
		write = func(checks []workspace.Check) error { return workspace.WriteJSON(o.env, jsonOf(checks)) }
	}
	if err := write(checks); err != nil {
		return err
	}
	if n := count(checks, workspace.Failed); n > 0 {
		return &cli.Exit{Code: cli.CodeFailed, Err: errors.New(view.Plural(n, "check") + " failed, as told above")}
	}
	return nil
}

func count(checks []workspace.Check, v workspace.Verdict) (n int) {
	for _, c := range checks {
		if c.Verdict == v {
			n++
		}
	}
	return n
}

// words are verdicts as people read them, all as wide.
func words() map[workspace.Verdict]string {
	return map[workspace.Verdict]string{
		workspace.Fine: "ok         ", workspace.Doubtful: "warning    ", workspace.Failed: "failed     ", workspace.Unchecked: "not checked",
	}
}

func (o *options) text(checks []workspace.Check) error {
	word := words()
	for _, c := range checks {
		lines := []string{fmt.Sprintf("%s  %s: %s", word[c.Verdict], view.Line(c.Name), view.Line(c.What))}
		if c.Why != "" {
			lines = append(lines, "             "+view.Line(c.Why))
		}
		if c.Fix != "" {
			lines = append(lines, "             → "+view.Line(c.Fix))
		}
		if err := workspace.Print(o.env, lines...); err != nil {
			return err
		}
	}
	return workspace.Print(o.env, "", fmt.Sprintf("%d ok, %s, %d failed, %d not checked.", count(checks, workspace.Fine),
		view.Plural(count(checks, workspace.Doubtful), "warning"), count(checks, workspace.Failed), count(checks, workspace.Unchecked)))
}

// document is what --format json writes (docs/formats.md).
type document struct {
	FormatVersion string  `json:"format_version"`
	Failed        bool    `json:"failed"`
	Checks        []check `json:"checks"`
}

type check struct {
	Name    string            `json:"name"`
	Verdict workspace.Verdict `json:"verdict"`
	What    string            `json:"what"`
	Why     string            `json:"why,omitempty"`
	Fix     string            `json:"fix,omitempty"`
}

func jsonOf(checks []workspace.Check) document {
	d := document{FormatVersion: workspace.ReportVersion, Failed: count(checks, workspace.Failed) > 0, Checks: []check{}}
	for _, c := range checks {
		d.Checks = append(d.Checks, check(c))
	}
	return d
}
