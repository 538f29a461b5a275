// Package explain is `isa explain`: what a code of a diagnostic or guard means and what
// to do about it, and why a plan does with an address what it does.
package explain

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/agext/levenshtein"
	"github.com/spf13/cobra"

	"github.com/isaworks/isa/cmd/isa/internal/cli"
	"github.com/isaworks/isa/cmd/isa/internal/workspace"
	"github.com/isaworks/isa/internal/addr"
	"github.com/isaworks/isa/internal/view"
	"github.com/isaworks/isa/planner"
)

type options struct {
	env       *cli.Env
	selection workspace.Selection
	format    string
	what      string // code or address; "": all codes
	plan      string // a saved plan
}

// New returns the command.
func New(env *cli.Env) *cobra.Command {
	o := &options{env: env, selection: workspace.Selection{State: true}}
	cmd := &cobra.Command{
		Use: "explain [CODE | ADDRESS [PLANFILE]]", Args: cobra.MaximumNArgs(2),
		Short: "Tell what a code means, or why an address is in the plan or not; without either, list all codes",
		Long: "Of a code: what it means, and what to do.\n\n" +
			"Of an address: why it is in the plan or not, attribute by attribute, where each value comes from, " +
			"what its steps wait for, and what changed it last. The tenant is asked as isa plan asks it, and nothing is changed. " +
			"With PLANFILE, what the saved plan says about it, and nobody is asked.",
		RunE: func(cmd *cobra.Command, args []string) error {
			for i, to := range []*string{&o.what, &o.plan} {
				if i < len(args) {
					*to = args[i]
				}
			}
			return run(cmd.Context(), o)
		},
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return slices.Sorted(maps.Keys(codes())), cobra.ShellCompDirectiveNoFileComp
		},
	}
	o.selection.RegisterInputs(cmd)
	cmd.Flags().StringVar(&o.format, "format", "text", "text or json")
	return cmd
}

func run(ctx context.Context, o *options) error {
	if err := workspace.CheckFormat(o.format); err != nil {
		return err
	}
	all := codes()
	if o.what == "" {
		return list(o, all)
	}
	code, page := pageOf(strings.Trim(o.what, "[]"), all)
	if page != "" && o.plan == "" {
		return show(o, code, page)
	}
	a, err := addr.Parse(o.what)
	if err != nil || !workspace.Declares(a.Type) {
		if o.plan != "" || strings.ContainsAny(o.what, `["'`) {
			return fmt.Errorf(`%q is not an address; write it as 'member.staff["1042"]' or org_unit.hq`, o.what)
		}
		return unknown(code, slices.Sorted(maps.Keys(all)))
	}
	if o.plan != "" {
		return saved(o, a)
	}
	return address(ctx, o, a)
}

// pageOf finds the page of a code; those of guards also without "guard." in front, as
// --allow takes them.
func pageOf(code string, all map[string]string) (string, string) {
	if page, ok := all[code]; ok {
		return code, page
	}
	if page, ok := all["guard."+code]; ok {
		return "guard." + code, page
	}
	return code, ""
}

func list(o *options, all map[string]string) error {
	if o.format == "json" {
		pages := []page{}
		for _, code := range slices.Sorted(maps.Keys(all)) {
			pages = append(pages, page{Code: code, Page: all[code]})
		}
		return o.json(struct {
			FormatVersion string `json:"format_version"`
			Codes         []page `json:"codes"`
		}{planner.FormatVersion, pages})
	}
	width := 0
	columns := o.env.OutStyle().Columns()
	for code := range all {
		width = max(width, view.Width(code))
	}
	for _, code := range slices.Sorted(maps.Keys(all)) {
		first, _, _ := strings.Cut(all[code], ". ")
		if _, err := fmt.Fprintf(o.env.Out, "%s  %s\n", view.Pad(code, width), view.Cut(first, max(columns-width-2, 30))); err != nil {
			return err
		}
	}
	return nil
}

// page is what --format json writes of a code.
type page struct {
	Code string `json:"code"`
	Page string `json:"page"`
}

func show(o *options, code, text string) error {
	if o.format == "json" {
		return o.json(struct {
			FormatVersion string `json:"format_version"`
			page
		}{planner.FormatVersion, page{code, text}})
	}
	_, err := fmt.Fprintf(o.env.Out, "%s\n\n%s\n", code, strings.Join(view.Wrap(text, 80), "\n"))
	return err
}

// address explains an address by a plan made now.
func address(ctx context.Context, o *options, a addr.Address) error {
	ctx, _, stop := o.env.Until(ctx, nil)
	defer stop()
	w, err := workspace.Open(ctx, o.env, o.selection)
	if err != nil {
		return err
	}
	st, err := w.State(ctx)
	if err != nil {
		return err
	}
	found, err := w.Explain(ctx, st, a)
	if err != nil {
		return err
	}
	return o.told(found)
}

// saved explains an address by a saved plan.
func saved(o *options, a addr.Address) error {
	plan, err := workspace.ReadPlan(o.env, o.plan)
	if err != nil {
		return err
	}
	found, err := workspace.ExplainSaved(plan, a)
	if err != nil {
		return err
	}
	return o.told(found)
}

func (o *options) told(e *workspace.Explained) error {
	if o.format == "json" {
		return o.json(struct {
			FormatVersion string `json:"format_version"`
			*workspace.Explained
		}{planner.FormatVersion, e})
	}
	return view.Explanation(o.env.Out, e.Explanation, e.Serial, e.Audit, e.Names, o.env.OutStyle())
}

func (o *options) json(document any) error {
	enc := json.NewEncoder(o.env.Out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(document)
}

func unknown(code string, all []string) error {
	best, distance := "", 4
	for _, c := range all {
		if d := levenshtein.Distance(code, c, nil); d < distance {
			best, distance = c, d
		}
	}
	if best != "" {
		return fmt.Errorf("%q is neither a code nor an address; did you mean %s?", code, best)
	}
	return errors.New(view.Line(fmt.Sprintf("%q is neither a code nor an address; isa explain lists all codes, isa state list all addresses", code)))
}
