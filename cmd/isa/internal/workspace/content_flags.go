package workspace

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/isaworks/isa/cmd/isa/internal/cli"
)

// Reporting is what the reports about mail share: flags, and the choice of a format.
type Reporting struct {
	Selection Selection
	Format    string // text, csv or json
	Parallel  int    // mailboxes at once; 0: what is taken by itself
}

// Register adds the flags of a report.
func (r *Reporting) Register(cmd *cobra.Command) {
	r.Selection.RegisterContent(cmd)
	cmd.Flags().StringVar(&r.Format, "format", "text", "text, csv or json")
}

// RegisterParallel adds the flag of commands that log in to mailboxes.
func (r *Reporting) RegisterParallel(cmd *cobra.Command) { RegisterParallel(cmd, &r.Parallel) }

// RegisterParallel adds the flag that says how many mailboxes are under way at once.
func RegisterParallel(cmd *cobra.Command, parallel *int) {
	cmd.Flags().IntVar(parallel, "parallel", 0, "mailboxes at once; 8 when not given")
}

// Check refuses flags that make no sense. Names are the addresses to report about.
func (r *Reporting) Check(names []string) error {
	switch r.Format {
	case "text", "csv", "json":
	default:
		return fmt.Errorf("--format %q is not known; use text, csv or json", r.Format)
	}
	if r.Parallel < 0 {
		return errors.New("--parallel is not below zero")
	}
	r.Selection.Content = names
	return nil
}

// Write writes the report in the format that was chosen.
func (r *Reporting) Write(env *cli.Env, text, csv func() error, document func() any) error {
	switch r.Format {
	case "json":
		return WriteJSON(env, document())
	case "csv":
		return csv()
	}
	return text()
}
