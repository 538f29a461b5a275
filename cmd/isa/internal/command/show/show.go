// Package show is `isa show`: a saved plan as text, JSON, Markdown or HTML.
package show

import (
	"github.com/spf13/cobra"

	"github.com/isaworks/isa/cmd/isa/internal/cli"
	"github.com/isaworks/isa/cmd/isa/internal/workspace"
)

type options struct {
	env       *cli.Env
	path      string
	rendering workspace.Rendering
}

// New returns the command.
func New(env *cli.Env) *cobra.Command {
	o := &options{env: env}
	cmd := &cobra.Command{
		Use: "show PLANFILE", Short: "Show a saved plan", Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			o.path = args[0]
			return run(o)
		},
	}
	o.rendering.Register(cmd)
	return cmd
}

func run(o *options) error {
	if err := o.rendering.Check(); err != nil {
		return err
	}
	plan, err := workspace.ReadPlan(o.env, o.path)
	if err != nil {
		return err
	}
	return o.rendering.Show(o.env, plan, nil)
}
