// Package apply is `isa apply`: the plan is made or read, shown, agreed to and
// carried out.
package apply

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/isaworks/isa/cmd/isa/internal/cli"
	"github.com/isaworks/isa/cmd/isa/internal/workspace"
	"github.com/isaworks/isa/internal/addr"
	"github.com/isaworks/isa/internal/executor"
	"github.com/isaworks/isa/internal/live"
	"github.com/isaworks/isa/internal/view"
	"github.com/isaworks/isa/planner"
	"github.com/isaworks/isa/state"
)

type options struct {
	env       *cli.Env
	selection workspace.Selection
	file      string // saved plan, "" = plan now
	expect    string // hash, or path of a saved plan
	yes       bool
	rendering workspace.Rendering

	saved  *planner.Plan // of file
	person *cli.Person
}

// New returns the command.
func New(env *cli.Env) *cobra.Command {
	o := &options{env: env, person: env.Person()}
	cmd := &cobra.Command{
		Use: "apply [PLANFILE]", Short: "Show the plan, ask, and carry it out", Args: cobra.MaximumNArgs(1),
		Long: "Show the plan, ask, and carry it out. With a file saved by isa plan --out, exactly that plan\n" +
			"is carried out, or refused when the configuration, the tenant or the state changed since; give\n" +
			"each --var again that the plan was made with.\n" +
			"Where mail moves, waves come into the phase that the configuration says, and a pass is made.\n" +
			"Ctrl-C once: nothing new is begun, what is under way is finished and recorded; twice: stop.",
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 1 {
				o.file = args[0]
			}
			return run(cmd.Context(), o)
		},
	}
	o.selection.Register(cmd)
	o.selection.RegisterWave(cmd)
	o.rendering.RegisterPrivacy(cmd)
	cmd.Flags().BoolVar(&o.yes, "yes", false, "do not ask")
	cmd.Flags().StringVar(&o.expect, "expect", "", "apply only a plan with this `HASH`; or the path of a saved plan, to see how they differ")
	return cmd
}

// Run shows the plan of a selection, asks unless yes is set, and carries it out.
func Run(ctx context.Context, env *cli.Env, s workspace.Selection, yes bool) error {
	return run(ctx, &options{env: env, selection: s, yes: yes, person: env.Person()})
}

func run(ctx context.Context, o *options) error {
	if err := o.check(); err != nil {
		return err
	}
	once, abort, stop := o.env.Until(ctx, func(n int) {
		if n == 1 {
			o.env.Tell("Stopping: nothing new is begun, what is under way is recorded. Ctrl-C again stops that too.")
			return
		}
		o.env.Tell("Stopping now. What was under way is in the journal; the next run looks for it.")
	})
	defer stop()
	if err := o.readSaved(); err != nil {
		return err
	}
	w, err := o.rendering.Open(once, o.env, o.selection)
	if err != nil {
		return err
	}
	session, err := w.Lock(once, "apply")
	if err != nil {
		var locked *state.LockedError
		if errors.As(err, &locked) {
			return fmt.Errorf("%w; wait until it is done, or stop it", err)
		}
		return err
	}
	content, err := o.locked(once, abort, w, session)
	err = errors.Join(err, session.Close())
	if content == nil {
		return err
	}
	return o.move(workspace.Stops{Once: once, Abort: abort}, w, content, err)
}

// move makes the pass that follows the directory's part, which ended with before.
func (o *options) move(stops workspace.Stops, w *workspace.Workspace, content *workspace.ContentRun, before error) error {
	passed, err := content.Run(stops)
	if err == nil {
		err = w.TellPass(passed, "isa sync")
	}
	switch {
	case err == nil:
		return before
	case before != nil:
		fmt.Fprintln(o.env.Err, "Error: "+view.Line(before.Error()))
	}
	return err
}

// check finds what is wrong with the flags before anything is read.
func (o *options) check() error {
	if err := o.rendering.Check(); err != nil {
		return err
	}
	if !o.yes && !o.env.InTerminal {
		return errors.New("there is no terminal to ask on; give --yes to apply without being asked, or isa plan --out FILE, then isa apply --yes FILE")
	}
	if o.file != "" && len(o.selection.Targets)+len(o.selection.Exclude)+len(o.selection.Allow)+len(o.selection.Waves) > 0 {
		return errors.New("a saved plan is carried out as it is; give --target, --exclude, --allow and --wave to isa plan")
	}
	if o.expect != "" && !looksLikeFile(o.expect) && len(o.expect) < view.HashLength {
		return fmt.Errorf("--expect needs at least %d characters of the hash; isa plan prints them", view.HashLength)
	}
	return nil
}

// locked plans, asks and carries the directory's part out while the state is locked. What
// it returns is the content's part, which is to follow when the lock is given up; nil:
// there is none.
func (o *options) locked(once, abort context.Context, w *workspace.Workspace, session state.Session) (*workspace.ContentRun, error) {
	plan, snap, err := o.plan(once, w, session.State())
	if err != nil {
		return nil, err
	}
	if !plan.Empty() {
		w.NoteUncalibrated(session.State())
	}
	moves := false
	for agreed := false; !agreed; {
		if err := o.show(plan, w); err != nil {
			return nil, err
		}
		moves = workspace.Moves(plan, w.NamesWaves())
		if plan.Empty() && !moves { // nothing is sent; how full the tables are is recorded
			_, err := w.Execute(once, abort, session, plan, snap)
			return nil, err
		}
		late, err := o.agree(once)
		if err != nil {
			return nil, err
		}
		if agreed = !late; late {
			if plan, snap, agreed, err = o.again(once, w, session.State(), plan); err != nil {
				return nil, err
			}
		}
	}
	report, err := w.Execute(once, abort, session, plan, snap)
	if err != nil {
		return nil, err
	}
	if len(plan.Changes) > 0 {
		err = o.conclude(report)
	}
	if !moves || report.Interrupted || once.Err() != nil {
		return nil, err
	}
	content, busy := w.BeginContent(once, session, plan)
	if busy == nil {
		return content, err
	}
	if !workspace.Busy(busy) {
		return nil, errors.Join(err, busy)
	}
	return nil, &cli.Exit{Code: cli.CodePartly, Err: fmt.Errorf("mail was left alone, and waves stay in their phases: %w", busy)}
}

// show shows the plan and refuses one that may not be carried out.
func (o *options) show(plan *planner.Plan, w *workspace.Workspace) error {
	if err := o.rendering.Show(o.env, plan, w.Sources()); err != nil {
		return err
	}
	if err := workspace.Refusal(plan); err != nil {
		return err
	}
	if err := w.CheckHandout(plan); err != nil {
		return err
	}
	return o.expected(plan)
}

// readSaved reads the saved plan. The configuration is read as of its date, unless
// another is given, and what it lifted counts as lifted when it is checked.
func (o *options) readSaved() (err error) {
	if o.file == "" {
		return nil
	}
	if o.saved, err = o.read(o.file); err != nil {
		return err
	}
	if o.selection.AsOf == "" {
		o.selection.AsOf = o.saved.AsOf
	}
	o.onlySaved()
	for _, code := range slices.Sorted(maps.Keys(o.saved.Allowed)) {
		o.selection.Allow = append(o.selection.Allow, fmt.Sprintf("%s=%d", code, o.saved.Allowed[code]))
	}
	return nil
}

// read reads a saved plan and hides of it what is not to be told.
func (o *options) read(file string) (*planner.Plan, error) {
	p, err := workspace.ReadPlan(o.env, file)
	if err != nil {
		return nil, err
	}
	return p, o.rendering.Hide(o.env, p)
}

// onlySaved restricts content to that of the saved plan.
func (o *options) onlySaved() {
	var streams, waves []addr.Address
	for _, c := range o.saved.Content {
		if !c.Forgotten {
			streams, waves = append(streams, c.Address), append(waves, c.Wave)
		}
	}
	for _, w := range o.saved.Waves {
		waves = append(waves, w.Address)
	}
	o.selection.Only(streams, waves)
}

// plan makes the plan, or takes the saved one and checks that it still holds.
func (o *options) plan(ctx context.Context, w *workspace.Workspace, st *state.State) (*planner.Plan, live.Snapshot, error) {
	fresh, snap, err := w.Plan(ctx, st)
	if err == nil {
		err = o.rendering.Hide(o.env, fresh)
	}
	if err != nil || o.file == "" {
		return fresh, snap, err
	}
	saved := o.saved
	why := slices.Concat(w.Outdated(saved), planner.Stale(saved, snap, st), planner.Superseded(saved, fresh))
	if len(why) == 0 {
		return saved, snap, nil
	}
	var b strings.Builder
	for _, line := range why {
		fmt.Fprintf(&b, "  %s\n", view.Line(line))
	}
	fmt.Fprintf(o.env.Err, "The plan in %s no longer holds:\n%s", o.file, b.String())
	if saved.Hash != fresh.Hash {
		fmt.Fprintln(o.env.Err, "Compared with it, a plan made now would differ in:")
		if err := view.Difference(o.env.Err, saved, fresh, o.env.ErrStyle()); err != nil {
			return nil, snap, err
		}
	}
	return nil, snap, &cli.Exit{Code: cli.CodeStale, Err: errors.New("the saved plan is stale; nothing was changed; plan again with isa plan --out")}
}

// expected refuses a plan that is not the approved one.
func (o *options) expected(plan *planner.Plan) error {
	switch {
	case o.expect == "":
		return nil
	case looksLikeFile(o.expect):
		approved, err := o.read(o.expect)
		if err != nil {
			return err
		}
		if approved.Hash == plan.Hash {
			return nil
		}
		fmt.Fprintln(o.env.Err, "Compared with the approved plan, this one differs in:")
		if err := view.Difference(o.env.Err, approved, plan, o.env.ErrStyle()); err != nil {
			return err
		}
	case strings.HasPrefix(plan.Hash, strings.ToLower(o.expect)):
		return nil
	default:
		fmt.Fprintln(o.env.Err, "The plan above is not the approved one. To see only the differences, save the approved plan with isa plan --out FILE and give --expect FILE.")
	}
	return &cli.Exit{Code: cli.CodeStale, Err: fmt.Errorf("the plan's hash is %s, not the expected one; nothing was changed; have the new plan approved", plan.Hash)}
}

// looksLikeFile tells a path from a hash: a hash is hexadecimal.
func looksLikeFile(text string) bool {
	return strings.Trim(strings.ToLower(text), "0123456789abcdef") != ""
}

// conclude tells what the run did.
func (o *options) conclude(r workspace.Result) error {
	if _, err := fmt.Fprintf(o.env.Out, "\n%s\n", workspace.Outcome(r)); err != nil {
		return err
	}
	for _, f := range r.Failed {
		fmt.Fprintf(o.env.Err, "Failed: %s %s: %s\n", workspace.VerbWord(f.Verb), f.Address, view.Line(f.Err.Error()))
	}
	o.tellSkipped(r.Skipped)
	switch {
	case r.Interrupted:
		return &cli.Exit{Code: cli.CodeInterrupted, Err: errors.New("interrupted; the state is consistent: run isa apply again to go on")}
	case !r.Complete():
		return &cli.Exit{Code: cli.CodePartly, Err: errors.New("finished in part; the state is consistent: run isa apply again to go on")}
	}
	return nil
}

// mostSkipped is how many steps skipped for one cause are named.
const mostSkipped = 10

// tellSkipped names what was skipped because something it needs failed, and
// counts what was not begun.
func (o *options) tellSkipped(skipped []executor.Skipped) {
	causes, unbegun := map[string]int{}, map[string]int{}
	for _, s := range skipped {
		if s.Cause == "" {
			unbegun[s.Reason]++
			continue
		}
		causes[s.Cause]++
		if causes[s.Cause] <= mostSkipped {
			fmt.Fprintf(o.env.Err, "Skipped: %s %s: %s\n", workspace.VerbWord(s.Verb), s.Address, view.Line(s.Reason))
		}
	}
	more := 0
	for _, n := range causes {
		more += max(n-mostSkipped, 0)
	}
	if more > 0 {
		fmt.Fprintf(o.env.Err, "… and %s more skipped.\n", view.Plural(more, "step"))
	}
	for _, reason := range slices.Sorted(maps.Keys(unbegun)) {
		fmt.Fprintf(o.env.Err, "Left: %s, %s\n", view.Plural(unbegun[reason], "step"), view.Line(reason))
	}
}
