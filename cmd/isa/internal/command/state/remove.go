package state

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/isaworks/isa/cmd/isa/internal/cli"
	"github.com/isaworks/isa/cmd/isa/internal/workspace"
	"github.com/isaworks/isa/internal/addr"
	"github.com/isaworks/isa/internal/view"
	"github.com/isaworks/isa/state"
)

type removeOptions struct {
	env *cli.Env
	dry bool
}

func newRemove(env *cli.Env) *cobra.Command {
	o := &removeOptions{env: env}
	cmd := &cobra.Command{
		Use: "rm ADDRESS...", Short: "Let the state forget objects; the tenant is not touched", Args: cobra.MinimumNArgs(1),
		Long: "Let the state forget objects: isa does not manage them any more. The tenant is not touched. An\n" +
			"address without a key stands for all instances of its block. What is still declared is taken over\n" +
			"again by the next apply, if its key or its name tells what it is. A removed block in the\n" +
			"configuration does the same with the next apply, for everybody who works with it.",
		Example: `  isa state rm group.old_tf 'member.staff["1042"]'`,
		RunE:    func(cmd *cobra.Command, args []string) error { return remove(cmd.Context(), o, args) },
	}
	cmd.Flags().BoolVar(&o.dry, "dry-run", false, "only tell what would be done")
	return cmd
}

func remove(ctx context.Context, o *removeOptions, texts []string) error {
	var named []addr.Address
	for _, text := range texts {
		a, err := parsed(text)
		if err != nil {
			return err
		}
		if workspace.SteersContent(a.Type) {
			return fmt.Errorf("%s steers content and is no object of the state; take its block away: what was moved stays where it is", a)
		}
		named = append(named, a)
	}
	return change(ctx, o.env, o.dry, "state rm", func(st *state.State) ([]state.Entry, error) {
		found, err := leaving(st, named)
		if err != nil {
			return nil, err
		}
		var entries []state.Entry
		kinds := schemas()
		for _, obj := range found {
			if _, err := fmt.Fprintf(o.env.Out, "%s  %s  (ID %s)\n", obj.Address, view.Line(title(kinds, obj)), view.Line(obj.ID)); err != nil {
				return nil, err
			}
			entries = append(entries, state.Entry{Drop: &state.Drop{Step: "rm", Address: obj.Address}})
		}
		return append(entries, workspace.Acted(o.env, "state rm", strings.Join(texts, " "), len(found))), nil
	})
}

// leaving finds the objects that are meant, each once. One of which nobody knows whether
// it was made stays: the next apply finds out, and nobody else would.
func leaving(st *state.State, named []addr.Address) ([]*state.Object, error) {
	var out []*state.Object
	seen := map[addr.Address]bool{}
	for _, a := range named {
		some := false
		for i := range st.Objects {
			obj := &st.Objects[i]
			if obj.Address != a && (a.Keyed || obj.Address.Block() != a) {
				continue
			}
			some = true
			if obj.Status == state.Pending {
				return nil, fmt.Errorf("whether %s was made is not known, since an apply was cut off; run isa apply, which finds out, and then isa state rm", obj.Address)
			}
			if !seen[obj.Address] {
				seen[obj.Address] = true
				out = append(out, obj)
			}
		}
		if !some {
			return nil, notThere(st, a)
		}
	}
	return out, nil
}
