package state

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/isaworks/isa/cmd/isa/internal/cli"
	"github.com/isaworks/isa/cmd/isa/internal/workspace"
)

func newUnlock(env *cli.Env) *cobra.Command {
	return &cobra.Command{
		Use: "unlock ID", Short: "Break the lock with this ID, when its holder is gone for good", Args: cobra.ExactArgs(1),
		Long: "Break the lock with this ID, when its holder is gone for good.\n" +
			"The lock of a local state ends with the process that holds it; there is nothing to break.",
		RunE: func(cmd *cobra.Command, args []string) error { return unlock(cmd.Context(), env, args[0]) },
	}
}

func unlock(ctx context.Context, env *cli.Env, id string) error {
	store, err := workspace.ReadOnly(ctx, env)
	if err != nil {
		return err
	}
	if err := store.Unlock(ctx, id); err != nil {
		return err
	}
	_, err = fmt.Fprintf(env.Err, "The lock %s is broken.\n", id)
	return err
}
