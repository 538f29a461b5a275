// Package graph is `isa graph`: the org chart, and what depends on what, as pictures.
package graph

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/isaworks/isa/cmd/isa/internal/cli"
	"github.com/isaworks/isa/cmd/isa/internal/workspace"
	"github.com/isaworks/isa/internal/atomicfile"
	"github.com/isaworks/isa/internal/graph"
	"github.com/isaworks/isa/internal/view"
	"github.com/isaworks/isa/planner"
)

type options struct {
	env       *cli.Env
	selection workspace.Selection
	of        string
	format    string
	out       string
	below     string
	depth     int
	instances bool
	planFile  string
}

// New returns the command.
func New(env *cli.Env) *cobra.Command {
	o := &options{env: env}
	cmd := &cobra.Command{
		Use: "graph [PLANFILE]", Short: "Draw the org chart, or what depends on what", Args: cobra.MaximumNArgs(1),
		Long: "Draw the org chart of the configuration, or what depends on what in it or in a plan.\n\n" +
			"  isa graph --out org.svg               the org chart: units, heads, people\n" +
			"  isa graph change.plan --out org.svg   the same with what a saved plan does to it in colour\n" +
			"  isa graph --format mermaid            for Markdown, as a block of ```mermaid\n" +
			"  isa graph --of config | dot -Tsvg     which blocks refer to which\n" +
			"  isa graph --of plan                   what waits for what; without a PLANFILE a plan is made\n\n" +
			"Arrows lead from what needs to what is needed, and in an org chart down. Nothing but\n" +
			"`--of plan` without a PLANFILE needs the tenant.",
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 1 {
				o.planFile = args[0]
			}
			return run(cmd.Context(), o)
		},
	}
	o.selection.Register(cmd)
	f := cmd.Flags()
	f.StringVar(&o.of, "of", "org", "org, config or plan")
	f.StringVar(&o.format, "format", "", "svg, mermaid or dot; without it as --out ends, else svg for the org chart and dot for the others")
	f.StringVar(&o.out, "out", "", "write to this `file`")
	f.StringVar(&o.below, "below", "", "of the org chart, only the unit at this `address` and what is below it")
	f.IntVar(&o.depth, "depth", 0, "of the org chart, only this `number` of levels")
	f.BoolVar(&o.instances, "instances", false, "of config and plan, draw each object and each step, not the blocks")
	return cmd
}

func run(ctx context.Context, o *options) error {
	if err := o.check(); err != nil {
		return err
	}
	ctx, _, stop := o.env.Until(ctx, nil)
	defer stop()
	made, err := o.draw(ctx)
	if err != nil {
		return err
	}
	if o.out == "" {
		_, err := o.env.Out.Write(made)
		return err
	}
	return atomicfile.Write(o.env.Path(o.out), mode, made)
}

// mode is the mode of drawings: they name people.
const mode = 0o600

// check refuses flags that do not fit together, and settles the format.
func (o *options) check() error {
	switch o.of {
	case "org", "config", "plan":
	default:
		return fmt.Errorf("--of %q is not known; use org, config or plan", o.of)
	}
	if o.format == "" {
		o.format = formatOf(o.out, o.of)
	}
	switch {
	case o.format != "svg" && o.format != "mermaid" && o.format != "dot":
		return fmt.Errorf("--format %q is not known; use svg, mermaid or dot", o.format)
	case o.format == "svg" && o.of != "org":
		return fmt.Errorf("isa draws svg of org charts only; of dependencies Graphviz does: isa graph --of %s --format dot | dot -Tsvg", o.of)
	case o.of != "org" && (o.below != "" || o.depth != 0):
		return fmt.Errorf("--below and --depth are for the org chart, not for --of %s", o.of)
	case o.of == "org" && o.instances:
		return fmt.Errorf("--instances is for --of config and --of plan; an org chart shows each unit anyway")
	case o.depth < 0:
		return fmt.Errorf("--depth %d is below 1; the top level is 1", o.depth)
	case o.of == "config" && o.planFile != "":
		return fmt.Errorf("--of config draws the configuration; with %s use --of plan, or --of org for the chart in colour", o.planFile)
	}
	if s := o.selection; len(s.Targets)+len(s.Exclude)+len(s.Allow) > 0 && (o.of != "plan" || o.planFile != "") {
		return fmt.Errorf("--target, --exclude and --allow are for a plan that is made now: --of plan without a PLANFILE")
	}
	if o.out == "" {
		return nil
	}
	return o.env.Replaceable(o.out, "--out", "a drawing of isa", isDrawing)
}

// formatOf is the format that a file's name asks for.
func formatOf(out, of string) string {
	switch strings.ToLower(filepath.Ext(out)) {
	case ".svg":
		return "svg"
	case ".mmd", ".mermaid":
		return "mermaid"
	case ".dot", ".gv":
		return "dot"
	}
	if of == "org" {
		return "svg"
	}
	return "dot"
}

func isDrawing(r io.ReaderAt, size int64) bool {
	head := make([]byte, min(size, 64))
	if _, err := r.ReadAt(head, 0); err != nil {
		return false
	}
	line, _, _ := strings.Cut(string(head), "\n")
	return strings.Contains(line, graph.Made)
}

// draw makes the picture.
func (o *options) draw(ctx context.Context) ([]byte, error) {
	var plan *planner.Plan
	var err error
	if o.planFile != "" {
		if plan, err = workspace.ReadPlan(o.env, o.planFile); err != nil {
			return nil, err
		}
	}
	if o.of == "plan" && plan != nil {
		return o.network(steps(plan, o.instances))
	}
	w, err := workspace.Open(ctx, o.env, o.selection)
	if err != nil {
		return nil, err
	}
	if err := workspace.Report(o.env, w.Config, w.Warnings); err != nil {
		return nil, err
	}
	switch o.of {
	case "config":
		return o.network(references(w.Config, o.instances))
	case "plan":
		if plan, err = o.plan(ctx, w); err != nil {
			return nil, err
		}
		return o.network(steps(plan, o.instances))
	}
	return o.org(w, plan)
}

// plan makes a plan of the tenant as it is now.
func (o *options) plan(ctx context.Context, w *workspace.Workspace) (*planner.Plan, error) {
	st, err := w.State(ctx)
	if err != nil {
		return nil, err
	}
	plan, _, err := w.Plan(ctx, st)
	if err != nil {
		return nil, err
	}
	if err := view.Diagnostics(o.env.Err, plan.Diagnostics, w.Sources(), o.env.ErrStyle()); err != nil {
		return nil, err
	}
	return plan, workspace.Refusal(plan)
}

// org draws the org chart; plan may be nil.
func (o *options) org(w *workspace.Workspace, plan *planner.Plan) ([]byte, error) {
	c := chart(w.Config, plan)
	if plan != nil {
		for _, why := range w.Outdated(plan) {
			fmt.Fprintf(o.env.Err, "Warning: %s is not of this configuration: %s\n", o.planFile, why)
		}
	}
	if o.below != "" {
		u := c.Find(o.below)
		if u == nil {
			return nil, fmt.Errorf("--below %s: the chart has no such unit; isa graph --format dot lists the addresses", o.below)
		}
		c.Top = []*graph.Unit{u}
	}
	if len(c.Top) == 0 {
		return nil, fmt.Errorf("the configuration declares no org units, so there is no chart to draw")
	}
	if o.depth > 0 {
		if n := c.Cut(o.depth); n > 0 {
			fmt.Fprintf(o.env.Err, "Left out: %s below level %d.\n", view.Plural(n, "org unit"), o.depth)
		}
	}
	if o.format == "svg" {
		return c.SVG(), nil
	}
	return o.network(c.Network())
}

func (o *options) network(n *graph.Network) ([]byte, error) {
	if o.format == "dot" {
		return n.DOT(), nil
	}
	made := n.Mermaid()
	if len(n.Edges) > graph.MermaidEdges || len([]rune(string(made))) > graph.MermaidText {
		less := "; draw less with --below or --depth, or use --format svg"
		if o.of != "org" {
			less = "; use --format dot"
		}
		fmt.Fprintf(o.env.Err, "Warning: Mermaid draws at most %d arrows and %s characters unless its page is set up for more; these are %s and %s%s\n",
			graph.MermaidEdges, view.Number(graph.MermaidText), view.Number(len(n.Edges)), view.Number(len([]rune(string(made)))), less)
	}
	return made, nil
}
