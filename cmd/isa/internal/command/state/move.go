package state

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/spf13/cobra"

	"github.com/isaworks/isa/cmd/isa/internal/cli"
	"github.com/isaworks/isa/cmd/isa/internal/workspace"
	"github.com/isaworks/isa/internal/addr"
	"github.com/isaworks/isa/state"
)

type moveOptions struct {
	env *cli.Env
	dry bool
}

func newMove(env *cli.Env) *cobra.Command {
	o := &moveOptions{env: env}
	cmd := &cobra.Command{
		Use: "mv FROM TO", Short: "Let the state know an object by another address", Args: cobra.ExactArgs(2),
		Long: "Let the state know an object, and what refers to it, by another address. Neither address with a\n" +
			"key: all instances of a block, which keep their keys. The tenant is not touched. A moved block in\n" +
			"the configuration does the same with the next apply, for everybody who works with it.",
		Example: `  isa state mv org_unit.sales 'org_unit.hr["S200"]'` + "\n" + `  isa state mv member.people member.staff`,
		RunE:    func(cmd *cobra.Command, args []string) error { return move(cmd.Context(), o, args[0], args[1]) },
	}
	cmd.Flags().BoolVar(&o.dry, "dry-run", false, "only tell what would be done")
	return cmd
}

func move(ctx context.Context, o *moveOptions, fromText, toText string) error {
	from, err := parsed(fromText)
	if err != nil {
		return err
	}
	to, err := parsed(toText)
	if err != nil {
		return err
	}
	switch {
	case from == to:
		return fmt.Errorf("%s is where it is already", from)
	case from.Type != to.Type:
		return fmt.Errorf("%s is a %s and cannot become a %s; write an address of the same kind", from, from.Type, to.Type)
	case workspace.SteersContent(from.Type):
		return fmt.Errorf("%s steers content and is no object of the state; write a moved block, which the next isa apply or isa sync obeys", from)
	}
	return change(ctx, o.env, o.dry, "state mv", func(st *state.State) ([]state.Entry, error) {
		moves, err := moving(st, from, to)
		if err != nil {
			return nil, err
		}
		for _, a := range slices.SortedFunc(maps.Keys(moves), addr.Compare) {
			if _, err := fmt.Fprintf(o.env.Out, "%s → %s\n", a, moves[a]); err != nil {
				return nil, err
			}
		}
		return append(state.Rename(st, moves, "mv"), workspace.Acted(o.env, "state mv", from.String()+" → "+to.String(), len(moves))), nil
	})
}

// moving finds the objects that are meant, and their new addresses, which nobody may
// have. None is that of another one that moves: all leave one block for another.
func moving(st *state.State, from, to addr.Address) (map[addr.Address]addr.Address, error) {
	whole := !from.Keyed && !to.Keyed
	moves := map[addr.Address]addr.Address{}
	for i := range st.Objects {
		a := st.Objects[i].Address
		switch {
		case a == from:
			moves[a] = to
		case whole && a.Block() == from:
			moves[a] = addr.Instance(to.Type, to.Label, a.Key)
		}
	}
	if len(moves) == 0 {
		return nil, notThere(st, from)
	}
	for _, target := range slices.SortedFunc(maps.Values(moves), addr.Compare) {
		if there, taken := st.Find(target); taken {
			return nil, fmt.Errorf("the state has %s already (ID %s); give that another address first, or let isa forget it with isa state rm", target, there.ID)
		}
	}
	return moves, nil
}
