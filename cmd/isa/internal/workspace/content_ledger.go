package workspace

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/internal/view"
	"github.com/isaworks/isa/providers"
	"github.com/isaworks/isa/state"
	"github.com/isaworks/isa/state/backend/local"
	"github.com/isaworks/isa/state/ledger"
)

// LedgerPath is where the ledger stands: beside the state.
func (w *Workspace) LedgerPath() string { return ledger.Beside(w.statePath) }

// lostAllowed tells that the guard against a missing or older ledger is lifted.
func (w *Workspace) lostAllowed() bool { return w.selected.allow[ledger.Lost] > 0 }

// writeLedger opens the ledger for a pass or a survey: nobody else writes to it then.
// what is told to others who try. What the state knows better is in it from then on,
// whether it was lost now or in an earlier run that came no further.
func (w *Workspace) writeLedger(ctx context.Context, st *state.State, what string) (*ledger.Ledger, error) {
	o := ledger.Options{Adopt: w.lostAllowed(), Holder: state.Holder{Who: local.Who(), PID: os.Getpid(), Since: w.env.Now(), What: what}}
	if st.Ledger != nil {
		o.Expect = *st.Ledger
	}
	l, err := ledger.Open(ctx, w.LedgerPath(), o)
	if err != nil {
		return nil, err
	}
	if err := recall(ctx, l, st); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return l, nil
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

// recall tells a ledger that knows less than the state when its streams were passed over
// last, so that a live mailbox goes on being live: only what is newer is added, and what
// is there already adopted.
func recall(ctx context.Context, l providers.Ledger, st *state.State) error {
	streams, err := streamsOf(ctx, l)
	if err != nil {
		return err
	}
	for _, known := range st.Streams {
		if !known.Passed.After(streams[known.Name].Passed) {
			continue
		}
		s, err := l.Stream(ctx, providers.StreamInfo{Name: known.Name, Origin: known.Origin, Target: known.Target, Wave: known.Wave})
		if diag.ClassOf(err) == diag.Conflict {
			continue // it is another stream there; the pass over it says so
		}
		if err != nil {
			return err
		}
		info := s.Info()
		info.Passed, info.Wave = known.Passed, known.Wave
		if info.Closed.IsZero() {
			info.Closed = known.Closed
		}
		if err := s.Note(ctx, info); err != nil {
			return err
		}
	}
	return nil
}

// passes are the entries that tell the state when streams of waves were passed over.
// served is when the service was asked to fetch a source itself, by the stream's name.
func passes(st *state.State, streams []providers.StreamInfo, served map[string]time.Time) []state.Entry {
	have := make(map[string]state.Stream, len(st.Streams))
	for _, s := range st.Streams {
		have[s.Name] = s
	}
	var out []state.Entry
	for _, info := range streams {
		now := state.Stream{Name: info.Name, Origin: info.Origin, Target: info.Target, Wave: info.Wave, Passed: info.Passed.UTC(), Closed: info.Closed.UTC()}
		was := have[info.Name]
		if now.Served = served[info.Name].UTC(); now.Served.IsZero() {
			now.Served = was.Served
		}
		same := was.Served.Equal(now.Served) && was.Origin == now.Origin && was.Target == now.Target && was.Wave == now.Wave && was.Passed.Equal(now.Passed) && was.Closed.Equal(now.Closed)
		if same || now.Served.IsZero() && (info.Wave == "" || info.Passed.IsZero()) {
			continue
		}
		out = append(out, state.Entry{Stream: &now})
	}
	return out
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

// noteLedger writes identity and high-water mark of the ledger into the state, and when
// the streams of waves were passed over last, unless they are there. The state is locked for that moment only; while somebody applies, it
// is tried again.
func (w *Workspace) noteLedger(ctx context.Context, l *ledger.Ledger) error {
	id, high, err := l.Identity(ctx)
	if err != nil {
		return err
	}
	streams, err := l.Streams(ctx)
	if err != nil {
		return err
	}
	served, err := w.servedStreams(ctx, l, streams)
	if err != nil {
		return err
	}
	mark := state.Ledger{ID: id, HighWater: high}
	until := w.env.Now().Add(lockPatience)
	for {
		err := w.brief(ctx, "noting the ledger", func(st *state.State) []state.Entry {
			if st.Ledger != nil && st.Ledger.ID == mark.ID && st.Ledger.HighWater >= mark.HighWater {
				return passes(st, streams, served)
			}
			return append([]state.Entry{{Ledger: &mark}}, passes(st, streams, served)...)
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
