// Package validate is `isa validate`: the configuration and its tables are read
// and checked, without network and state.
package validate

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/isaworks/isa/cmd/isa/internal/cli"
	"github.com/isaworks/isa/cmd/isa/internal/command/explain"
	"github.com/isaworks/isa/cmd/isa/internal/workspace"
	"github.com/isaworks/isa/config"
	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/internal/privacy"
	"github.com/isaworks/isa/internal/view"
)

type options struct {
	env       *cli.Env
	selection workspace.Selection
	format    string
	privacy   string // "" as the format wants
}

// New returns the command.
func New(env *cli.Env) *cobra.Command {
	o := &options{env: env}
	cmd := &cobra.Command{
		Use: "validate", Short: "Check the configuration and its tables, offline", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return run(cmd.Context(), o) },
	}
	o.selection.RegisterInputs(cmd)
	cmd.Flags().StringVar(&o.format, "format", "text", "text, json, sarif (for code scanning) or junit (for CI servers)")
	cmd.Flags().StringVar(&o.privacy, "privacy", "", "ids, names or full: what is shown of people (default ids in sarif and junit, else full)")
	return cmd
}

func run(ctx context.Context, o *options) error {
	if err := workspace.CheckFormat(o.format, "text", "json", "sarif", "junit"); err != nil {
		return err
	}
	level, err := o.level()
	if err != nil {
		return err
	}
	ctx, _, stop := o.env.Until(ctx, nil)
	defer stop()
	_, cfg, list, err := workspace.Load(ctx, o.env, o.selection)
	if err != nil {
		return err
	}
	shown := workspace.Shown(list, level)
	switch o.format {
	case "json":
		err = writeJSON(o.env, shown)
	case "sarif":
		err = view.SARIF(o.env.Out, shown, o.check(cfg))
	case "junit":
		err = view.JUnit(o.env.Out, shown)
	default:
		quoted := cfg // its lines stand below what is about them
		if level != privacy.Full {
			quoted = nil
		}
		if err := workspace.Report(o.env, quoted, shown); err != nil {
			return err
		}
		_, err = fmt.Fprintf(o.env.Out, "The configuration is valid: %s.\n", workspace.Declared(cfg))
		return err
	}
	if err == nil && list.HasErrors() {
		err = &cli.Exit{Code: cli.CodeFailed}
	}
	return err
}

// level is how much of people is shown.
func (o *options) level() (privacy.Level, error) {
	switch {
	case o.privacy != "":
		return privacy.Parse(o.privacy)
	case o.format == "sarif", o.format == "junit":
		return privacy.IDs, nil
	}
	return privacy.Full, nil
}

// check is what reports say besides the diagnostics.
func (o *options) check(cfg *config.Config) view.Check {
	c := view.Check{Version: workspace.Version, Pages: explain.Pages(), Dir: cli.InRepository(o.env.ConfigDir())}
	if cfg != nil {
		c.Sources = cfg.Sources
	}
	return c
}

// result is what --format json writes (docs/formats.md).
type result struct {
	FormatVersion string    `json:"format_version"`
	Valid         bool      `json:"valid"`
	Diagnostics   diag.List `json:"diagnostics"`
}

func writeJSON(env *cli.Env, list diag.List) error {
	enc := json.NewEncoder(env.Out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if list == nil {
		list = diag.List{}
	}
	return enc.Encode(result{"1", !list.HasErrors(), list})
}
