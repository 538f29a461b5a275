package state

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/isaworks/isa/cmd/isa/internal/cli"
	"github.com/isaworks/isa/cmd/isa/internal/workspace"
	"github.com/isaworks/isa/internal/addr"
	"github.com/isaworks/isa/internal/value"
	"github.com/isaworks/isa/internal/view"
	"github.com/isaworks/isa/state"
)

type showOptions struct {
	env     *cli.Env
	address string
	format  string
}

func newShow(env *cli.Env) *cobra.Command {
	o := &showOptions{env: env}
	cmd := &cobra.Command{
		Use: "show ADDRESS", Short: "Show one object of the state", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.address = args[0]
			return show(cmd.Context(), o)
		},
	}
	cmd.Flags().StringVar(&o.format, "format", "text", "text or json")
	return cmd
}

func show(ctx context.Context, o *showOptions) error {
	if err := workspace.CheckFormat(o.format); err != nil {
		return err
	}
	a, err := addr.Parse(o.address)
	if err != nil {
		return err
	}
	st, err := read(ctx, o.env)
	if err != nil {
		return err
	}
	obj, err := find(st, a)
	if err != nil {
		return err
	}
	if o.format == "json" {
		enc := json.NewEncoder(o.env.Out)
		enc.SetEscapeHTML(false)
		enc.SetIndent("", "  ")
		return enc.Encode(obj)
	}
	for _, line := range view.Table(rows(obj)) {
		if _, err := fmt.Fprintln(o.env.Out, line); err != nil {
			return err
		}
	}
	return nil
}

// rows are the facts of an object, its attributes one a row.
func rows(o *state.Object) [][]string {
	out := [][]string{
		{"address", o.Address.String()}, {"id", o.ID}, {"status", string(o.Status)},
		{"domain", strconv.Itoa(o.DomainID)},
	}
	stamp := func(name string, t time.Time) {
		if !t.IsZero() {
			out = append(out, []string{name, t.Local().Format("2006-01-02 15:04:05")})
		}
	}
	stamp("applied", o.Applied)
	stamp("suspended", o.Suspended)
	stamp("deleted", o.Deleted)
	if o.Lifecycle.Protect {
		out = append(out, []string{"protected", "yes"})
	}
	if o.Lifecycle.OnRemove != "" {
		out = append(out, []string{"on removal", o.Lifecycle.OnRemove})
	}
	if !o.Behind.IsZero() {
		out = append(out, []string{"behind", o.Behind.String()})
	}
	if len(o.Begun) > 0 {
		out = append(out, []string{"begun", strings.Join(o.Begun, ", ")})
	}
	var needs []string
	for _, n := range o.Needs {
		needs = append(needs, n.String())
	}
	if len(needs) > 0 {
		out = append(out, []string{"needs", strings.Join(needs, ", ")})
	}
	for _, name := range slices.Sorted(maps.Keys(o.Attrs)) {
		out = append(out, attribute(name, o.Attrs[name])...)
	}
	return out
}

// attribute writes nested values as paths, so that each line is one fact.
func attribute(path string, v value.Value) [][]string {
	var out [][]string
	value.Walk(v, func(at value.Path, v value.Value) {
		suffix := at.String()
		if suffix != "" && !strings.HasPrefix(suffix, "[") {
			suffix = "." + suffix
		}
		switch v := v.(type) {
		case value.Object:
		case value.List:
			if len(v) == 0 {
				out = append(out, []string{path + suffix, "(empty)"})
			}
		default:
			out = append(out, []string{path + suffix, view.Value(v)})
		}
	})
	return out
}
