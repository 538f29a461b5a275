// Package drift is `isa drift`: what somebody changed by hand since isa applied last. It
// writes nothing.
package drift

import (
	"context"
	"encoding/json"

	"github.com/spf13/cobra"

	"github.com/isaworks/isa/cmd/isa/internal/cli"
	"github.com/isaworks/isa/cmd/isa/internal/workspace"
	"github.com/isaworks/isa/internal/privacy"
	"github.com/isaworks/isa/internal/view"
	"github.com/isaworks/isa/planner"
)

type options struct {
	env       *cli.Env
	selection workspace.Selection
	deep      bool
	format    string
	privacy   string
}

// New returns the command.
func New(env *cli.Env) *cobra.Command {
	o := &options{env: env, selection: workspace.Selection{State: true}}
	cmd := &cobra.Command{
		Use: "drift", Short: "Show what was changed by hand since the last apply; changes nothing", Args: cobra.NoArgs,
		Long: "Compares the tenant with what isa applied last, attribute by attribute. What isa does not manage is no drift.\n\n" +
			"The state says what was applied, so that errors in the configuration are not in the way.\n\n" +
			"Exit codes: 0 nothing was changed · 1 error · 2 something was changed · 3 not all could be read.\n" +
			"What lifecycle.ignore leaves alone is shown, and counts as nothing.",
		RunE: func(cmd *cobra.Command, _ []string) error { return run(cmd.Context(), o) },
	}
	o.selection.RegisterInputs(cmd)
	cmd.Flags().StringArrayVar(&o.selection.Targets, "target", nil, "compare only this `address`; may be repeated")
	cmd.Flags().BoolVar(&o.deep, "deep", false, "also read what no list gives, one call or more an object")
	cmd.Flags().StringVar(&o.format, "format", "text", "text or json")
	cmd.Flags().StringVar(&o.privacy, "privacy", string(privacy.Full), "ids, names or full: what is shown of people")
	return cmd
}

func run(ctx context.Context, o *options) error {
	if err := workspace.CheckFormat(o.format); err != nil {
		return err
	}
	level, err := privacy.Parse(o.privacy)
	if err != nil {
		return err
	}
	ctx, _, stop := o.env.Until(ctx, nil)
	defer stop()
	w, err := workspace.OpenPast(ctx, o.env, o.selection)
	if err != nil {
		return err
	}
	st, err := w.State(ctx)
	if err != nil {
		return err
	}
	if len(st.Objects) == 0 {
		return workspace.NothingApplied()
	}
	found, titles, err := w.Drift(ctx, st, o.deep)
	if err != nil {
		return err
	}
	shown, titles := privacy.Hands(found, titles, workspace.Objects(), level)
	if level == privacy.Full {
		level = ""
	}
	if err := show(o, level, shown, titles); err != nil {
		return err
	}
	return workspace.DriftEnd(found)
}

// document is what --format json writes (docs/formats.md).
type document struct {
	FormatVersion string `json:"format_version"`
	Tool          string `json:"tool_version"`
	// Privacy says that not all is shown; "": it is.
	Privacy  privacy.Level `json:"privacy,omitempty"`
	Drifted  bool          `json:"drifted"`
	Complete bool          `json:"complete"`
	*planner.Hands
	Names map[string]planner.Name `json:"names,omitempty"`
}

func show(o *options, level privacy.Level, h *planner.Hands, titles map[string]planner.Name) error {
	if o.format != "json" {
		return view.Hands(o.env.Out, h, titles, o.env.OutStyle())
	}
	enc := json.NewEncoder(o.env.Out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(document{planner.FormatVersion, workspace.Version, level, h.Drifted(), !h.Failed(), h, titles})
}
