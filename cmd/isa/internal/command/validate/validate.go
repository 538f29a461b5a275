// Package validate is `isa validate`: the configuration and its tables are read
// and checked, without network and state.
package validate

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/isaworks/isa/cmd/isa/internal/cli"
	"github.com/isaworks/isa/cmd/isa/internal/workspace"
	"github.com/isaworks/isa/config"
	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/internal/view"
)

type options struct {
	env       *cli.Env
	selection workspace.Selection
	format    string
}

// New returns the command.
func New(env *cli.Env) *cobra.Command {
	o := &options{env: env}
	cmd := &cobra.Command{
		Use: "validate", Short: "Check the configuration and its tables, offline", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return run(cmd.Context(), o) },
	}
	o.selection.RegisterInputs(cmd)
	cmd.Flags().StringVar(&o.format, "format", "text", "text or json")
	return cmd
}

func run(ctx context.Context, o *options) error {
	if err := workspace.CheckFormat(o.format); err != nil {
		return err
	}
	ctx, _, stop := o.env.Until(ctx, nil)
	defer stop()
	_, cfg, list, err := workspace.Load(ctx, o.env, o.selection)
	if err != nil {
		return err
	}
	if o.format == "json" {
		return writeJSON(o.env, list)
	}
	if err := workspace.Report(o.env, cfg, list); err != nil {
		return err
	}
	_, err = fmt.Fprintf(o.env.Out, "The configuration is valid: %s.\n", counts(cfg))
	return err
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
	if err := enc.Encode(result{"1", !list.HasErrors(), list}); err != nil {
		return err
	}
	if list.HasErrors() {
		return &cli.Exit{Code: cli.CodeFailed}
	}
	return nil
}

// counts says what is declared: "20 members, 8 org units".
func counts(cfg *config.Config) string {
	n := map[string]int{}
	var kinds []string
	for _, o := range cfg.Objects {
		if n[o.Addr.Type]++; n[o.Addr.Type] == 1 {
			kinds = append(kinds, o.Addr.Type)
		}
	}
	if len(kinds) == 0 {
		return "it declares nothing yet"
	}
	slices.Sort(kinds)
	parts := make([]string, len(kinds))
	for i, k := range kinds {
		parts[i] = view.Plural(n[k], view.KindWord(k))
	}
	return strings.Join(parts, ", ")
}
