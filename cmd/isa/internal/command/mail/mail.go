// Package mail is `isa mail`: work in the new mailboxes that is no move.
package mail

import (
	"github.com/spf13/cobra"

	"github.com/isaworks/isa/cmd/isa/internal/cli"
)

// New returns the command.
func New(env *cli.Env) *cobra.Command {
	cmd := &cobra.Command{
		Use: "mail", Short: "Work in the new mailboxes: find copies of earlier migrations", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newDedupe(env))
	return cmd
}
