package state

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/isaworks/isa/cmd/isa/internal/cli"
	"github.com/isaworks/isa/cmd/isa/internal/workspace"
	"github.com/isaworks/isa/internal/addr"
	"github.com/isaworks/isa/internal/schema"
	"github.com/isaworks/isa/internal/view"
	"github.com/isaworks/isa/state"
)

type listOptions struct {
	env    *cli.Env
	prefix string
}

func newList(env *cli.Env) *cobra.Command {
	o := &listOptions{env: env}
	return &cobra.Command{
		Use: "list [PREFIX]", Short: "List what isa manages: address, name, status, ID", Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 1 {
				o.prefix = args[0]
			}
			return list(cmd.Context(), o)
		},
	}
}

func list(ctx context.Context, o *listOptions) error {
	st, err := read(ctx, o.env)
	if err != nil {
		return err
	}
	var rows [][]string
	kinds := schemas()
	for _, obj := range st.Objects {
		address := obj.Address.String()
		if !strings.HasPrefix(address, o.prefix) {
			continue
		}
		rows = append(rows, []string{address, title(kinds, &obj), string(obj.Status), obj.ID})
	}
	for _, line := range fitted(rows, o.env) {
		if _, err := fmt.Fprintln(o.env.Out, line); err != nil {
			return err
		}
	}
	return nil
}

// fitted lays the rows out; on a terminal that they do not fit on, without the IDs,
// which state show tells too.
func fitted(rows [][]string, env *cli.Env) []string {
	lines := view.Table(rows)
	wide := slices.ContainsFunc(lines, func(l string) bool { return view.Width(l) > env.OutStyle().Columns() })
	if !env.OutTerminal || !wide {
		return lines
	}
	short := make([][]string, len(rows))
	for i, r := range rows {
		short[i] = r[:len(r)-1]
	}
	return view.Table(short)
}

func read(ctx context.Context, env *cli.Env) (*state.State, error) {
	store, err := workspace.ReadOnly(ctx, env)
	if err != nil {
		return nil, err
	}
	return store.Read(ctx)
}

func schemas() map[string]*schema.Kind {
	kinds := map[string]*schema.Kind{}
	for _, k := range workspace.Objects() {
		kinds[k.Type] = k
	}
	return kinds
}

func title(kinds map[string]*schema.Kind, o *state.Object) string {
	if k := kinds[o.Kind]; k != nil && k.Title != nil {
		return k.Title(o.Attrs)
	}
	return ""
}

// find returns the object at an address, or an error that tells the way out.
func find(st *state.State, a addr.Address) (*state.Object, error) {
	for i := range st.Objects {
		if st.Objects[i].Address == a {
			return &st.Objects[i], nil
		}
	}
	return nil, fmt.Errorf("the state has no %s; isa state list %s shows what there is", a, a.Type)
}
