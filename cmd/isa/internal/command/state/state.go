// Package state is `isa state`: looking at what isa remembers, changing addresses in it,
// letting it forget, and breaking a lock that nobody holds any more.
package state

import (
	"github.com/spf13/cobra"

	"github.com/isaworks/isa/cmd/isa/internal/cli"
)

// New returns the command.
func New(env *cli.Env) *cobra.Command {
	cmd := &cobra.Command{
		Use: "state", Short: "Look at the state and repair it", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newList(env), newShow(env), newMove(env), newRemove(env), newUnlock(env))
	return cmd
}
