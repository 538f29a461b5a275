package workspace

import (
	"context"
	"errors"
	"time"

	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/providers"
	"github.com/isaworks/isa/providers/mail"
	"github.com/isaworks/isa/state"
)

// noteAsked writes into the state, before the service is asked to fetch a batch of a
// migration, that it is: should the ledger be lost during the pass, or one of before be
// restored, the next pass knows that mail may be there which the ledger does not know.
// While somebody else has the state locked it waits.
func (m *mover) noteAsked(one *mail.Migration) func(ctx context.Context, about providers.StreamInfo, batches int) error {
	return func(ctx context.Context, about providers.StreamInfo, batches int) error {
		m.asking.Lock() // the mailboxes of a pass share the state
		defer m.asking.Unlock()
		until := m.w.env.Now().Add(lockPatience)
		for {
			err := m.w.brief(ctx, "noting a run", func(st *state.State) []state.Entry { return m.asked(st, one, about, batches) })
			var locked *state.LockedError
			if !errors.As(err, &locked) {
				return err
			}
			if m.w.env.Now().After(until) {
				return &diag.Failure{Class: diag.Unavailable, Op: about.Name, Detail: "the state has to remember a run before it begins, and is locked", Err: err,
					Fix: "wait until that is over; what was read is kept for the next pass"}
			}
			if err := sleep(ctx, time.Second); err != nil {
				return err
			}
		}
	}
}

// asked are the entries that say that the service was asked to fetch the last of so many
// batches.
func (m *mover) asked(st *state.State, one *mail.Migration, about providers.StreamInfo, batches int) []state.Entry {
	was := m.w.memory(st).of(one.Address, about.Origin, about.Target)
	now := was
	now.Name, now.Origin, now.Target, now.Batches = about.Name, about.Origin, about.Target, max(was.Batches, batches)
	if was.Name == "" {
		now.Wave, now.Passed, now.Closed = one.Wave.String(), about.Passed.UTC(), about.Closed.UTC()
	}
	if one.Route == mail.RouteServer && now.Served.IsZero() {
		now.Served = m.w.env.Now().UTC()
	}
	if o, ok := st.Find(one.Member); ok && m.target(one).Name() == about.Target {
		now.Member = o.ID
	}
	if was == now {
		return nil
	}
	out := []state.Entry{{Stream: &now}}
	if was.Name != "" && was.Name != now.Name {
		out = append(out, forgotten(was.Name)...)
	}
	return out
}
