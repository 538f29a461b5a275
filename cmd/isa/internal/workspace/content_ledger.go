package workspace

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"time"

	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/internal/view"
	"github.com/isaworks/isa/providers"
	"github.com/isaworks/isa/providers/mail"
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
	err = w.recall(ctx, l, st)
	if err == nil {
		err = w.readdress(ctx, l, st)
	}
	if err != nil {
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
// is there already adopted. Where nobody can look what is there, the engine is told and
// refuses.
func (w *Workspace) recall(ctx context.Context, l providers.Ledger, st *state.State) error {
	streams, err := streamsOf(ctx, l)
	if err != nil {
		return err
	}
	routes, err := w.routesIn(st)
	if err != nil {
		return err
	}
	now := map[string]providers.StreamInfo{} // by the name that the state has
	for name, was := range rememberedStreams(st, slices.Collect(maps.Values(streams)), nil) {
		now[was.Name] = streams[name]
	}
	for _, known := range st.Streams {
		route := routes[known.Name]
		if is := now[known.Name]; is.Name != "" {
			known.Name, known.Target = is.Name, is.Target
		}
		if !known.Passed.After(streams[known.Name].Passed) || route == mail.RouteGateway || routes[known.Name] == mail.RouteGateway {
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
// fetched is what the service was asked to fetch, and members the IDs of those whose
// mailboxes are the targets, by the stream's name. An old name is forgotten when the new one
// is there.
func passes(st *state.State, streams []providers.StreamInfo, fetched map[string]fetchedStream, members map[string]string) []state.Entry {
	remembered := rememberedStreams(st, streams, members)
	var out []state.Entry
	written := map[string]bool{}
	for _, info := range streams {
		was, its := remembered[info.Name], fetched[info.Name]
		now := state.Stream{Name: info.Name, Origin: info.Origin, Target: info.Target, Wave: info.Wave, Passed: info.Passed.UTC(), Closed: info.Closed.UTC(), Served: its.served.UTC(), Batches: its.batches, Member: members[info.Name]}
		if now.Member == "" && was.Target == now.Target {
			now.Member = was.Member
		}
		if was.Passed.After(now.Passed) { // the ledger is older, and what it lacks is not to be forgotten
			if was.Name != info.Name {
				was.Name, was.Target = now.Name, now.Target
				out, written[now.Name] = append(out, state.Entry{Stream: &was}), true
			}
			continue
		}
		if now.Served.IsZero() {
			now.Served = was.Served
		}
		if !its.looked || now.Passed.Equal(was.Passed) { // else a pass has found out what is there
			now.Batches = max(now.Batches, was.Batches)
		}
		same := was.Name == info.Name && was.Member == now.Member && was.Served.Equal(now.Served) && was.Origin == now.Origin && was.Target == now.Target && was.Wave == now.Wave && was.Passed.Equal(now.Passed) && was.Closed.Equal(now.Closed) && was.Batches == now.Batches
		if same || was.Name == "" && now.Served.IsZero() && now.Batches == 0 && (info.Wave == "" || info.Passed.IsZero()) {
			continue
		}
		out, written[now.Name] = append(out, state.Entry{Stream: &now}), true
	}
	var old []string
	for name, was := range remembered {
		if was.Name != name && written[name] && !written[was.Name] {
			old = append(old, was.Name)
		}
	}
	return append(out, forgotten(old...)...)
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
	fetched, err := w.fetchedStreams(ctx, l, streams)
	if err != nil {
		return err
	}
	st, err := w.Store.Read(ctx)
	if err != nil {
		return err
	}
	members, err := w.membersOf(st, streams)
	if err != nil {
		return err
	}
	mark := state.Ledger{ID: id, HighWater: high}
	until := w.env.Now().Add(lockPatience)
	for {
		err := w.brief(ctx, "noting the ledger", func(st *state.State) []state.Entry {
			if st.Ledger != nil && st.Ledger.ID == mark.ID && st.Ledger.HighWater >= mark.HighWater {
				return passes(st, streams, fetched, members)
			}
			return append([]state.Entry{{Ledger: &mark}}, passes(st, streams, fetched, members)...)
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
