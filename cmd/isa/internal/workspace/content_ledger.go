package workspace

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/internal/view"
	"github.com/isaworks/isa/state"
	"github.com/isaworks/isa/state/backend/local"
	"github.com/isaworks/isa/state/ledger"
)

// LedgerPath is where the ledger stands: beside the state.
func (w *Workspace) LedgerPath() string { return ledger.Beside(w.statePath) }

// lostAllowed tells that the guard against a missing or older ledger is lifted.
func (w *Workspace) lostAllowed() bool { return w.selected.allow[ledger.Lost] > 0 }

// writeLedger opens the ledger for a pass or a survey: nobody else writes to it then.
// what is told to others who try.
func (w *Workspace) writeLedger(ctx context.Context, st *state.State, what string) (*ledger.Ledger, error) {
	o := ledger.Options{Adopt: w.lostAllowed(), Holder: state.Holder{Who: local.Who(), PID: os.Getpid(), Since: w.env.Now(), What: what}}
	if st.Ledger != nil {
		o.Expect = *st.Ledger
	}
	return ledger.Open(ctx, w.LedgerPath(), o)
}

// openLedger is writeLedger for commands that do not hold the state's lock. A ledger that
// was lost, and is accepted, is the state's from then on, with an entry in the audit
// trail.
func (w *Workspace) openLedger(ctx context.Context, st *state.State, what string) (*ledger.Ledger, error) {
	l, err := w.writeLedger(ctx, st, what)
	if err != nil || !w.lostAllowed() || st.Ledger == nil {
		return l, err
	}
	id, high, err := l.Identity(ctx)
	if err == nil {
		err = w.brief(ctx, what, func(*state.State) []state.Entry {
			return []state.Entry{
				{Ledger: &state.Ledger{ID: id, HighWater: high}},
				{Audit: &state.Audit{Time: w.env.Now(), Act: "allow", Code: ledger.Lost, Count: w.selected.allow[ledger.Lost], Who: local.Who()}},
			}
		})
	}
	if err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return l, nil
}

// readLedger opens the ledger for reports, beside whoever writes to it. Without a
// ledger, where none is expected, it is nil.
func (w *Workspace) readLedger(ctx context.Context, st *state.State) (*ledger.Ledger, error) {
	o := ledger.Options{ReadOnly: true}
	if st.Ledger != nil && !w.lostAllowed() {
		o.Expect = *st.Ledger
	}
	l, err := ledger.Open(ctx, w.LedgerPath(), o)
	if diag.ClassOf(err) == diag.NotFound {
		return nil, nil
	}
	return l, err
}

// lockPatience is how long the state's lock is waited for when the mark of the ledger
// is to be written. Without it the state knows an older mark, which the ledger
// fulfils too.
const lockPatience = time.Minute

// noteLedger writes identity and high-water mark of the ledger into the state, unless
// they are there. The state is locked for that moment only; while somebody applies, it
// is tried again.
func (w *Workspace) noteLedger(ctx context.Context, l *ledger.Ledger) error {
	id, high, err := l.Identity(ctx)
	if err != nil {
		return err
	}
	mark := state.Ledger{ID: id, HighWater: high}
	until := w.env.Now().Add(lockPatience)
	for {
		err := w.brief(ctx, "noting the ledger", func(st *state.State) []state.Entry {
			if st.Ledger != nil && st.Ledger.ID == mark.ID && st.Ledger.HighWater >= mark.HighWater {
				return nil
			}
			return []state.Entry{{Ledger: &mark}}
		})
		var locked *state.LockedError
		if !errors.As(err, &locked) {
			return err
		}
		if w.env.Now().After(until) {
			w.env.Tell(fmt.Sprintf("The ledger's mark is not in the state yet: %v. The next pass writes it.", view.Line(err.Error())))
			return nil
		}
		if err := sleep(ctx, time.Second); err != nil {
			return err
		}
	}
}

// brief locks the state, lets entries say what to add, and gives it back.
func (w *Workspace) brief(ctx context.Context, what string, entries func(*state.State) []state.Entry) (err error) {
	session, err := w.Lock(ctx, what)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, session.Close()) }()
	return w.append(ctx, session, "", entries(session.State()))
}

// append writes entries into the state, behind a Begin, and commits.
func (w *Workspace) append(ctx context.Context, session state.Session, hash string, entries []state.Entry) error {
	if len(entries) == 0 {
		return nil
	}
	st := session.State()
	lineage := st.Lineage
	if lineage == "" {
		lineage = state.NewLineage()
	}
	begin := state.Entry{Begin: &state.Begin{Lineage: lineage, Serial: st.Serial, Tenant: w.Identity(), Hash: hash, Time: w.env.Now(), Tool: Version}}
	if err := session.Append(ctx, true, append([]state.Entry{begin}, entries...)...); err != nil {
		return err
	}
	return session.Commit(ctx)
}
