package workspace

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/isaworks/isa/internal/addr"
	"github.com/isaworks/isa/internal/lanes"
	"github.com/isaworks/isa/internal/live"
	"github.com/isaworks/isa/internal/schema"
	"github.com/isaworks/isa/internal/view"
	"github.com/isaworks/isa/planner"
	"github.com/isaworks/isa/state"
)

// confirmations are the pauses before the tenant is listed again because it does
// not show yet what was just applied: 15 seconds for values, and above a minute for
// objects that are not listed at all, which would be made a second time. The
// planner believes the listing a minute after the object was applied.
func confirmations(missing bool) []time.Duration {
	pauses := []time.Duration{time.Second, 2 * time.Second, 4 * time.Second, 8 * time.Second}
	if missing {
		pauses = append(pauses, slices.Repeat([]time.Duration{8 * time.Second}, 6)...)
	}
	return pauses
}

// missing reports whether one of the objects is not listed at all, or is a leaver
// who is not listed as suspended yet.
func missing(objects []addr.Address, st *state.State, snap live.Snapshot) bool {
	listed, works := map[string]bool{}, map[string]bool{}
	for kind, list := range snap.Objects {
		for i := range list {
			listed[kind+"\x00"+list[i].ID] = true
			works[kind+"\x00"+list[i].ID] = list[i].Status != live.Suspended && list[i].Status != live.Deleted
		}
	}
	there := map[addr.Address]bool{}
	for i := range st.Objects {
		o := &st.Objects[i]
		id := o.Kind + "\x00" + o.ID
		there[o.Address] = listed[id] && !(o.Shut() && works[id])
	}
	return slices.ContainsFunc(objects, func(a addr.Address) bool { return !there[a] })
}

// lateness is how much later than now a plan is made once waiting for the listing
// to show what was applied is over: all that was applied counts as old then.
const lateness = 2 * time.Minute

// connected makes the connection unless there is one.
func (w *Workspace) connected() error {
	if w.tenant != nil {
		return nil
	}
	t, err := w.connect(w.pace.budget(lanes.Budget{PerMinute: w.PerMinute(), WriterGap: lanes.OrgUnitGap}))
	w.tenant = t
	return err
}

// look lists the tenant; what cannot be listed is there as st says.
func (w *Workspace) look(ctx context.Context, p *view.Progress, st *state.State) (live.Snapshot, error) {
	return w.lookPast(ctx, p, st, func(_ *schema.Kind, err error) error { return err })
}

// lookPast is look for who may go on without kinds that cannot be listed, as snapshot
// says.
func (w *Workspace) lookPast(ctx context.Context, p *view.Progress, st *state.State, refused func(*schema.Kind, error) error) (live.Snapshot, error) {
	began := w.env.Now()
	snap, err := w.snapshot(ctx, w.tenant, p, refused)
	if err != nil {
		return snap, err
	}
	if snap, err = w.seek(ctx, p, st, snap); err != nil {
		return snap, err
	}
	p.Line(listed(w, snap, w.env.Now().Sub(began)))
	return planner.Remembered(snap, w.kinds, st), w.sameDomains(snap)
}

// listed says what was found: "acme.co.kr: 298 members, 39 org units listed in 6
// calls (1.2 s)".
func listed(w *Workspace, snap live.Snapshot, took time.Duration) string {
	var domains, parts []string
	for _, c := range w.Config.Tenant.Companies {
		domains = append(domains, c.Domain)
	}
	for _, k := range w.kinds {
		if n := len(snap.Objects[k.Type]); n > 0 {
			parts = append(parts, view.Plural(n, view.KindWord(k.Type)))
		}
	}
	if len(parts) == 0 {
		parts = []string{"nothing"}
	}
	return fmt.Sprintf("%s: %s listed in %s (%s)", strings.Join(domains, ", "), strings.Join(parts, ", "),
		view.Plural(snap.Calls, "call"), view.Duration(took))
}

// Plan lists the tenant and makes the plan from the configuration and st. When the
// listing does not show yet what was applied moments ago, it waits and lists
// again: at most 15 seconds in all, and until a minute after it was applied when an
// object is not shown at all, by the service's clock. The end of ctx ends the waiting.
func (w *Workspace) Plan(ctx context.Context, st *state.State) (*planner.Plan, live.Snapshot, error) {
	if err := w.SameTenant(st); err != nil {
		return nil, live.Snapshot{}, err
	}
	if err := w.checkSelection(st); err != nil {
		return nil, live.Snapshot{}, err
	}
	if err := w.connected(); err != nil {
		return nil, live.Snapshot{}, err
	}
	var err error
	if w.declared, err = w.declaredContent(ctx, st); err != nil {
		return nil, live.Snapshot{}, err
	}
	shareEqual(st, w.Config.Objects)
	p := w.env.Progress(w.tenant.Waits)
	defer p.Close()
	w.tellTables(p)
	var plan *planner.Plan
	snap, err := w.confirmed(ctx, p, st, func() (live.Snapshot, error) {
		snap, err := w.look(ctx, p, st)
		if err != nil {
			return snap, err
		}
		return w.lookAside(ctx, p, st, snap)
	},
		func(snap live.Snapshot, now time.Time) []addr.Address {
			plan = w.build(st, snap, now)
			return plan.Unconfirmed
		})
	if err == nil {
		err = ctx.Err() // who stopped it wants no plan
	}
	if err != nil {
		return nil, snap, err
	}
	return plan, snap, nil
}

// confirmed looks at the tenant and lets judge decide, again and again while judge names
// objects that were applied moments ago and that the listing does not show yet. What is
// not shown in the end is believed: judge is asked once more, as of a later time.
func (w *Workspace) confirmed(ctx context.Context, p *view.Progress, st *state.State, look func() (live.Snapshot, error),
	judge func(live.Snapshot, time.Time) []addr.Address) (live.Snapshot, error) {
	snap, err := look()
	if err != nil {
		return snap, err
	}
	open := judge(snap, w.env.Now())
	for n := 0; len(open) > 0; n++ {
		absent := missing(open, st, snap)
		pauses := confirmations(absent)
		if n >= len(pauses) {
			break
		}
		pause := w.pace.pause(pauses[n])
		p.Line(waiting(len(open), absent && n == 0, pause))
		if err := sleep(ctx, pause); err != nil {
			return snap, err
		}
		if snap, err = look(); err != nil {
			return snap, err
		}
		open = judge(snap, w.env.Now())
	}
	if len(open) > 0 {
		judge(snap, w.env.Now().Add(lateness))
	}
	return snap, nil
}

// waiting tells when the tenant is listed again and, for objects that are absent,
// why nothing else is done meanwhile.
func waiting(objects int, absent bool, pause time.Duration) string {
	why := ""
	if absent {
		why = " (its lists may lag by a minute, and are not believed before)"
	}
	return fmt.Sprintf("%s applied moments ago not shown by the service yet%s; listing again in %s",
		view.Plural(objects, "object"), why, view.Duration(pause))
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// tellTables says which tables were read: "hr/staff.xlsx 직원 312 rows".
func (w *Workspace) tellTables(p *view.Progress) {
	line := ""
	for _, t := range w.Config.Tables {
		text := t.File
		if t.Sheet != "" {
			text += " " + t.Sheet
		}
		text += " " + view.Plural(t.Rows, "row")
		if t.Encoding != "" && !strings.EqualFold(t.Encoding, "utf-8") {
			text += " (" + strings.ToUpper(t.Encoding) + ")"
		}
		switch joined := line + " · " + text; {
		case line == "":
			line = text
		case view.Width(joined) < w.env.ErrStyle().Columns():
			line = joined
		default:
			p.Line(line)
			line = text
		}
	}
	if line != "" {
		p.Line(line)
	}
}

// Outdated tells in which way the configuration is not the one that a saved plan
// was made from, one sentence each.
func (w *Workspace) Outdated(saved *planner.Plan) []string {
	var out []string
	if saved.AsOf != w.Config.AsOf {
		out = append(out, fmt.Sprintf("as_of() is %s now, planned with %s", orNone(w.Config.AsOf), orNone(saved.AsOf)))
	}
	if saved.Config != w.Config.Digest && len(out) == 0 { // the digest covers the date
		out = append(out, "the configuration is another one: its files, tables, variables (give the same --var again) or what it reads from the environment changed")
	}
	return out
}

func orNone(text string) string {
	if text == "" {
		return "none"
	}
	return text
}

func (w *Workspace) build(st *state.State, snap live.Snapshot, now time.Time) *planner.Plan {
	plan := planner.Build(w.input(st, snap, now))
	w.complete(plan, st, snap)
	return plan
}

// input is what a plan depends on.
func (w *Workspace) input(st *state.State, snap live.Snapshot, now time.Time) planner.Input {
	return planner.Input{
		Tool: Version, Now: now, AsOf: w.Config.AsOf, Tenant: w.Config.Tenant,
		Kinds: w.kinds, Wanted: w.Config.Objects, State: st, Live: snap, Config: w.Config.Digest,
		Moves: w.Config.Moves, Removals: w.Config.Removals, Imports: slices.Concat(w.selected.imports, w.Config.Imports),
		Content: w.declared, Guards: w.guards(), Tables: w.tables(), Allow: w.selected.allow,
		Targets: w.selected.targets, Exclude: w.selected.exclude,
		Calls: w.tenant.callsOf, PerMinute: w.PerMinute(),
	}
}

// complete adds what the planner cannot know: the warnings of the configuration, and names.
func (w *Workspace) complete(plan *planner.Plan, st *state.State, snap live.Snapshot) {
	plan.Diagnostics = append(plan.Diagnostics, w.Warnings...)
	plan.Diagnostics.Sort()
	plan.Flags = w.selected.flags()
	nameAll(plan, w.Config, st, snap, w.kinds)
}
