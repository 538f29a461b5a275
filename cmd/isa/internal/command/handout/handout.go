// Package handout is `isa handout`: the generated passwords, for those who hand
// them out.
package handout

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/spf13/cobra"

	"github.com/isaworks/isa/cmd/isa/internal/cli"
	"github.com/isaworks/isa/cmd/isa/internal/workspace"
	"github.com/isaworks/isa/internal/secret"
	"github.com/isaworks/isa/internal/view"
)

type options struct {
	env      *cli.Env
	file     string // "" = the configuration's
	identity string // "" = what secret.IdentityEnv names
}

// New returns the command.
func New(env *cli.Env) *cobra.Command {
	o := &options{env: env}
	cmd := &cobra.Command{
		Use: "handout [FILE]", Short: "Show the passwords that isa made", Args: cobra.MaximumNArgs(1),
		Long: "Show who got which password, for those who hand them out: a table on a terminal, else CSV.\n" +
			"Without FILE it is the configuration's. The key is the age identity of one of the recipients in\n" +
			"the handout block; age-keygen makes one. What is shown is secret: do not redirect it into a file\n" +
			"that others can read.",
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 1 {
				o.file = args[0]
			}
			return run(cmd.Context(), o)
		},
	}
	cmd.Flags().StringVar(&o.identity, "identity", "", "the `KEYFILE` with the age identity (default: what "+secret.IdentityEnv+" names)")
	return cmd
}

func run(ctx context.Context, o *options) error {
	key := o.env.Path(o.identity)
	if o.identity == "" {
		key = o.env.Get(secret.IdentityEnv)
	}
	if key == "" {
		return fmt.Errorf("the passwords are encrypted; give --identity KEYFILE, or set %s to the path of an age identity file", secret.IdentityEnv)
	}
	if o.file == "" {
		var err error
		if o.file, err = workspace.HandoutPath(ctx, o.env); err != nil {
			return err
		}
	}
	entries, others, err := o.read(key)
	if err != nil {
		return err
	}
	if others > 0 {
		o.env.Tell(fmt.Sprintf("%s encrypted to other keys.", view.Plural(others, "entry")))
	}
	if len(entries) == 0 && others > 0 {
		return fmt.Errorf("%s holds nothing that %s opens; use the key of one of its recipients", o.file, key)
	}
	return o.show(latest(entries))
}

func (o *options) read(key string) (entries []secret.Entry, others int, err error) {
	identities, err := secret.Identities(key)
	if err != nil {
		return nil, 0, err
	}
	f, err := os.Open(o.env.Path(o.file))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, 0, fmt.Errorf("there is no %s: isa makes it with the first password it generates; name another file with isa handout FILE", o.file)
	}
	if err != nil {
		return nil, 0, fmt.Errorf("handout: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	return secret.ReadHandout(f, identities...)
}

// latest keeps the last entry of each person: a password that was made again
// replaced the one before.
func latest(entries []secret.Entry) []secret.Entry {
	last := make(map[string]int, len(entries))
	for i, e := range entries {
		last[e.Who] = i
	}
	out := make([]secret.Entry, 0, len(last))
	for i, e := range entries {
		if last[e.Who] == i {
			out = append(out, e)
		}
	}
	return out
}

func (o *options) show(entries []secret.Entry) error {
	rows := [][]string{{"who", "password"}}
	for _, e := range entries {
		rows = append(rows, []string{e.Who, e.Password})
	}
	if !o.env.OutTerminal {
		w := csv.NewWriter(o.env.Out)
		return w.WriteAll(rows)
	}
	for _, line := range view.Table(rows) {
		if _, err := fmt.Fprintln(o.env.Out, line); err != nil {
			return err
		}
	}
	return nil
}
