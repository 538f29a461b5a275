package state

import (
	"context"
	"fmt"

	"github.com/isaworks/isa/cmd/isa/internal/cli"
	"github.com/isaworks/isa/cmd/isa/internal/workspace"
	"github.com/isaworks/isa/internal/addr"
	"github.com/isaworks/isa/state"
)

// change makes a change of the state by hand, or with dry only tells of it.
func change(ctx context.Context, env *cli.Env, dry bool, what string, entries func(*state.State) ([]state.Entry, error)) error {
	if dry {
		st, err := read(ctx, env)
		if err != nil {
			return err
		}
		if _, err := entries(st); err != nil {
			return err
		}
		env.Tell("Nothing was changed (--dry-run).")
		return nil
	}
	if err := workspace.Repair(ctx, env, what, entries); err != nil {
		return err
	}
	env.Tell("Done, in the state only. The state before is kept beside it as .backup. isa plan shows what follows from it.")
	return nil
}

// parsed reads an address of the command line.
func parsed(text string) (addr.Address, error) {
	a, err := addr.Parse(text)
	if err != nil {
		return a, fmt.Errorf(`%w; write it as 'member.staff["1042"]', in single quotes, or org_unit.hq`, err)
	}
	return a, nil
}

// notThere says that the state has no object of that address, and which one may be meant.
func notThere(st *state.State, a addr.Address) error {
	known := map[addr.Address]bool{}
	var first addr.Address
	count := 0
	for i := range st.Objects {
		is := st.Objects[i].Address
		known[is], known[is.Block()] = true, true
		if is.Block() == a {
			if count++; count == 1 {
				first = is
			}
		}
	}
	if count > 0 {
		return fmt.Errorf("%s has for_each, and the state has %d of its objects: write which one is meant by its key, such as '%s'", a, count, first)
	}
	return fmt.Errorf("the state has no %s%s", a, workspace.Closest(a, known, "; isa state list shows what is managed"))
}
