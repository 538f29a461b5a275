package workspace

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"

	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/planner"
	"github.com/isaworks/isa/providers/mail"
	"github.com/isaworks/isa/state"
	"github.com/isaworks/isa/state/backend/local"
	"github.com/isaworks/isa/state/ledger"
)

// NamesWaves tells that content was asked for by --wave.
func (w *Workspace) NamesWaves() bool { return len(w.selected.waves) > 0 }

// Moves reports whether carrying a plan out makes a pass: something is new, was never
// looked at, or its wave comes into another phase; or asked says that a pass is
// wanted in any case.
func Moves(p *planner.Plan, asked bool) bool {
	changing := func(c planner.Content) bool {
		return slices.ContainsFunc(p.Waves, func(w planner.WaveChange) bool { return w.Address == c.Wave })
	}
	return len(p.Waves) > 0 || slices.ContainsFunc(p.Content, func(c planner.Content) bool {
		return !c.Forgotten && (asked || c.Pending() || changing(c))
	})
}

// ContentRun is the part of an apply that is about content. Its ledger is open.
type ContentRun struct {
	w       *Workspace
	ledger  *ledger.Ledger
	chosen  []*mail.Migration
	waiting []Waiting
}

// BeginContent opens the ledger and records the phases that the plan brings waves into.
// While somebody else writes to the ledger it refuses (diag.Conflict): a pass under way
// goes by the phases it began with.
func (w *Workspace) BeginContent(ctx context.Context, session state.Session, plan *planner.Plan) (*ContentRun, error) {
	st := session.State()
	l, err := w.writeLedger(ctx, st, "apply")
	if err != nil {
		return nil, err
	}
	c := &ContentRun{w: w, ledger: l}
	if err := c.begin(ctx, session, plan); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return c, nil
}

func (c *ContentRun) begin(ctx context.Context, session state.Session, plan *planner.Plan) error {
	lines := make(map[string]*planner.Content, len(plan.Content))
	for i := range plan.Content {
		if line := &plan.Content[i]; !line.Forgotten {
			lines[line.Address.String()] = line
		}
	}
	for _, m := range c.w.Mail.Migrations {
		line := lines[m.Address.String()]
		switch {
		case line == nil:
		case line.Waits != "":
			c.waiting = append(c.waiting, Waiting{m.Address, m.Title, line.Waits})
		default:
			c.chosen = append(c.chosen, m)
		}
	}
	if err := c.w.append(ctx, session, plan.Hash, c.w.phases(session.State(), plan)); err != nil {
		return err
	}
	return c.rewave(ctx, lines)
}

// phases are what the state learns of waves: their phases, and which guards were lifted
// for that unless it knows already.
func (w *Workspace) phases(st *state.State, plan *planner.Plan) []state.Entry {
	var out []state.Entry
	for _, wave := range plan.Waves {
		now := state.Wave{Address: wave.Address, Phase: wave.To, Since: w.env.Now().UTC(), Who: local.Who()}
		if known, ok := st.Wave(wave.Previous); ok && known.Phase == wave.To { // only its address is another one
			now.Since, now.Who = known.Since, known.Who
		}
		out = append(out, state.Entry{Wave: &now})
		if !wave.Previous.IsZero() {
			out = append(out, state.Entry{Drop: &state.Drop{Step: "rekey", Address: wave.Previous}})
		}
	}
	for _, code := range slices.Sorted(maps.Keys(plan.Allowed)) {
		known := slices.ContainsFunc(st.Audit, func(a state.Audit) bool { return a.Act == "allow" && a.Code == code && a.Hash == plan.Hash })
		if !known && (strings.HasPrefix(code, mail.WaveKind+".") || code == ledger.Lost) {
			out = append(out, state.Entry{Audit: &state.Audit{Time: w.env.Now(), Act: "allow", Code: code, Count: plan.Allowed[code], Who: local.Who(), Hash: plan.Hash}})
		}
	}
	return out
}

// rewave notes the wave that mailboxes are in now, where the plan says that it is
// another one than they were moved with: a guard has let that pass.
func (c *ContentRun) rewave(ctx context.Context, lines map[string]*planner.Content) error {
	known, err := streamsOf(ctx, c.ledger)
	if err != nil {
		return err
	}
	for _, m := range c.chosen {
		info, ok := known[m.Address.String()]
		if !ok || lines[info.Name].Moved.IsZero() {
			continue
		}
		stream, err := c.ledger.Stream(ctx, info)
		if err != nil {
			return err
		}
		info.Wave = m.Wave.String()
		if err := stream.Note(ctx, info); err != nil {
			return err
		}
	}
	return nil
}

// Run makes the pass and closes the ledger. The state must not be locked by the caller
// any more.
func (c *ContentRun) Run(stops Stops) (Passed, error) {
	p, err := c.w.pass(stops, c.ledger, c.chosen, 0)
	p.Waiting = append(p.Waiting, c.waiting...)
	return p, errors.Join(err, c.ledger.Close())
}

// Close gives the ledger up without a pass.
func (c *ContentRun) Close() error { return c.ledger.Close() }

// Busy reports an error that says that somebody else is at work with the ledger.
func Busy(err error) bool { return diag.ClassOf(err) == diag.Conflict }
