// Package explain is `isa explain CODE`: what a code of a diagnostic or guard
// means and what to do about it.
package explain

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/agext/levenshtein"
	"github.com/spf13/cobra"

	"github.com/isaworks/isa/cmd/isa/internal/cli"
	"github.com/isaworks/isa/internal/view"
)

type options struct {
	env  *cli.Env
	code string
}

// New returns the command.
func New(env *cli.Env) *cobra.Command {
	o := &options{env: env}
	return &cobra.Command{
		Use: "explain [CODE]", Short: "Tell what a code means; without a code, list all", Args: cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) == 1 {
				o.code = args[0]
			}
			return run(o)
		},
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return slices.Sorted(maps.Keys(codes())), cobra.ShellCompDirectiveNoFileComp
		},
	}
}

func run(o *options) error {
	all := codes()
	if o.code == "" {
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
	code := strings.Trim(o.code, "[]")
	page, ok := all[code]
	if !ok {
		return unknown(code, slices.Sorted(maps.Keys(all)))
	}
	_, err := fmt.Fprintf(o.env.Out, "%s\n\n%s\n", code, strings.Join(view.Wrap(page, 80), "\n"))
	return err
}

func unknown(code string, all []string) error {
	best, distance := "", 4
	for _, c := range all {
		if d := levenshtein.Distance(code, c, nil); d < distance {
			best, distance = c, d
		}
		if strings.TrimPrefix(c, "guard.") == code {
			best, distance = c, 0
		}
	}
	if best != "" {
		return fmt.Errorf("%q is not a code; did you mean %s?", code, best)
	}
	return errors.New(view.Line(fmt.Sprintf("%q is not a code; isa explain lists all", code)))
}
