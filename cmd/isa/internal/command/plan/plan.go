// Package plan is `isa plan`: what would be done to make the tenant what the
// configuration says.
package plan

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/isaworks/isa/cmd/isa/internal/cli"
	"github.com/isaworks/isa/cmd/isa/internal/workspace"
)

type options struct {
	env       *cli.Env
	selection workspace.Selection
	out       string
	rendering workspace.Rendering
	detailed  bool
}

// New returns the command.
func New(env *cli.Env) *cobra.Command {
	o := &options{env: env, selection: workspace.Selection{State: true}}
	cmd := &cobra.Command{
		Use: "plan", Short: "Show what apply would do; changes nothing", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return run(cmd.Context(), o) },
	}
	o.selection.Register(cmd)
	o.selection.RegisterWave(cmd)
	cmd.Flags().StringVar(&o.out, "out", "", "save the plan in this `file` for isa apply")
	o.rendering.Register(cmd)
	cmd.Flags().BoolVar(&o.detailed, "detailed-exitcode", false, "exit with 2 when changes are pending")
	return cmd
}

func run(ctx context.Context, o *options) error {
	if err := o.rendering.Check(); err != nil {
		return err
	}
	if o.out != "" {
		if err := workspace.CheckOut(o.env, o.out); err != nil {
			return err
		}
	}
	ctx, _, stop := o.env.Until(ctx, nil)
	defer stop()
	w, err := o.rendering.Open(ctx, o.env, o.selection)
	if err != nil {
		return err
	}
	if o.out != "" {
		if err := w.CheckOut(o.out); err != nil {
			return err
		}
	}
	st, err := w.State(ctx)
	if err != nil {
		return err
	}
	plan, _, err := w.Plan(ctx, st)
	if err != nil {
		return err
	}
	if err := o.rendering.Show(o.env, plan, w.Sources()); err != nil {
		return err
	}
	if err := workspace.Refusal(plan); err != nil {
		return err
	}
	if o.out != "" {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := workspace.SavePlan(o.env, plan, o.out); err != nil {
			return err
		}
		if _, err := fmt.Fprintf(o.env.Err, "Saved in %s; carry it out with: isa apply %s\n", o.out, o.out); err != nil {
			return err
		}
	}
	if o.detailed && !plan.Empty() {
		return &cli.Exit{Code: cli.CodePending}
	}
	return nil
}
