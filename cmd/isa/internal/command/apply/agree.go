package apply

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/isaworks/isa/cmd/isa/internal/cli"
	"github.com/isaworks/isa/cmd/isa/internal/workspace"
	"github.com/isaworks/isa/internal/live"
	"github.com/isaworks/isa/internal/view"
	"github.com/isaworks/isa/planner"
	"github.com/isaworks/isa/state"
)

// patience is how long a question may wait for its answer. After a later one the
// tenant is listed again: a plan stands on what was there when it was made, and
// org units are put beside the siblings that were there.
const patience = 30 * time.Second

// agree asks; only "yes" is taken. late tells that the answer took longer than
// patience.
func (o *options) agree(ctx context.Context) (late bool, err error) {
	if o.yes {
		return false, nil
	}
	asked := o.env.Now().Round(0) // by the wall clock: the other one rests while a machine sleeps
	agreed, err := o.person.Agrees(ctx, "\nApply these changes? Only yes is taken as an answer: ")
	switch {
	case err != nil:
		return false, err
	case !agreed:
		return false, &cli.Exit{Code: cli.CodeFailed, Err: errors.New("not applied; nothing was changed")}
	}
	took := o.env.Now().Round(0).Sub(asked)
	return took > patience || took < 0, nil
}

// again makes the plan again, or checks the saved one again, after a late answer.
// The answer counts when it comes to the same and may be carried out; else what
// changed is told, and the new plan is to be looked at.
func (o *options) again(ctx context.Context, w *workspace.Workspace, st *state.State, agreed *planner.Plan) (plan *planner.Plan, snap live.Snapshot, same bool, err error) {
	fmt.Fprintf(o.env.Err, "The answer took more than %s; looking again.\n", view.Duration(patience))
	plan, snap, err = o.plan(ctx, w, st)
	wrong := err == nil && plan.Diagnostics.HasErrors()
	switch {
	case err != nil, plan.Hash == agreed.Hash && !wrong:
		return plan, snap, true, err
	case wrong:
		fmt.Fprintln(o.env.Err, "The tenant changed while isa waited for the answer, and the plan cannot be carried out any more:")
		return plan, snap, false, nil
	}
	fmt.Fprintln(o.env.Err, "The tenant changed while isa waited for the answer, and the plan with it:")
	for _, line := range planner.Stale(agreed, snap, st) {
		fmt.Fprintf(o.env.Err, "  %s\n", view.Line(line))
	}
	err = view.Difference(o.env.Err, agreed, plan, o.env.ErrStyle())
	return plan, snap, false, err
}
