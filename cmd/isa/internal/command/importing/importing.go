// Package importing is `isa import`: one object of the tenant is taken over as one that
// the configuration declares, as an import block and an apply of it would.
package importing

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/isaworks/isa/cmd/isa/internal/cli"
	"github.com/isaworks/isa/cmd/isa/internal/command/apply"
	"github.com/isaworks/isa/cmd/isa/internal/workspace"
	"github.com/isaworks/isa/internal/addr"
	"github.com/isaworks/isa/internal/schema"
	"github.com/isaworks/isa/internal/view"
	"github.com/isaworks/isa/planner"
)

type options struct {
	env       *cli.Env
	selection workspace.Selection
	yes       bool
}

// New returns the command.
func New(env *cli.Env) *cobra.Command {
	o := &options{env: env}
	cmd := &cobra.Command{
		Use: "import ADDRESS ID", Short: "Take one object of the tenant over as a declared one", Args: cobra.ExactArgs(2),
		Long: "Take one object of the tenant over as the one that the configuration declares at ADDRESS, and bring\n" +
			"it to what the block says. ID is the service's ID, externalKey:KEY or, of a member, the login ID.\n" +
			"The plan is shown, and isa asks before anything is done. An import block and isa apply do the same;\n" +
			"what bears the external key, login ID or name of a block is taken over without either.",
		Example: `  isa import 'member.staff["1042"]' gildong.hong` + "\n" + `  isa import org_unit.hq externalKey:HQ`,
		RunE:    func(cmd *cobra.Command, args []string) error { return run(cmd.Context(), o, args[0], args[1]) },
	}
	o.selection.RegisterInputs(cmd)
	o.selection.RegisterAllow(cmd)
	cmd.Flags().BoolVar(&o.yes, "yes", false, "do not ask")
	return cmd
}

func run(ctx context.Context, o *options, address, id string) error {
	to, err := addr.Parse(address)
	if err != nil {
		return fmt.Errorf(`%w; write it as 'member.staff["1042"]' or org_unit.hq`, err)
	}
	if id == "" {
		return errors.New("the ID is empty; give the service's ID, externalKey:KEY or, of a member, the login ID")
	}
	if !o.yes && !o.env.InTerminal {
		return errors.New("there is no terminal to ask on; give --yes to import without being asked")
	}
	o.selection.Import = &workspace.Imported{To: to, ID: id}
	if done, err := o.check(ctx, to, id); done || err != nil {
		return err
	}
	return apply.Run(ctx, o.env, o.selection, o.yes)
}

// check tells without a call what is imported already, and refuses what nobody can
// import. Whether an address is managed as another object, which may be gone, only the
// tenant tells: the plan says so.
func (o *options) check(ctx context.Context, to addr.Address, id string) (done bool, err error) {
	w, err := workspace.Open(ctx, o.env, o.selection)
	if err != nil {
		return false, err
	}
	kind, err := w.Declared(to)
	if err != nil {
		return false, err
	}
	if kind.Content || kind.Unread != "" {
		return false, fmt.Errorf("the tenant's lists have no %s that could be taken over; isa apply writes what the block says", kind.Type)
	}
	st, err := w.State(ctx)
	if err != nil {
		return false, err
	}
	moves := schema.NewMoves(w.Config.Moves)
	for i := range st.Objects {
		known := &st.Objects[i]
		if known.Address != to && moves.Now(known.Address) != to {
			continue
		}
		company, _ := w.Config.Tenant.Company(known.Company)
		if planner.Imported(kind, company.Domain, known, id) {
			o.env.Tell(fmt.Sprintf("%s is imported already (ID %s); isa plan shows what differs.", known.Address, view.Line(known.ID)))
			return true, nil
		}
	}
	return false, nil
}
