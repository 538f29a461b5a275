package workspace

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/isaworks/isa/internal/addr"
	"github.com/isaworks/isa/internal/content"
	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/providers"
	"github.com/isaworks/isa/providers/mail"
	"github.com/isaworks/isa/state"
	"github.com/isaworks/isa/state/ledger"
)

// Stops are the ends of a run: once nothing new begins, Abort cuts off what is under
// way too.
type Stops struct {
	Once, Abort context.Context
	// Deadline tells that Once ends by itself, at a time that was given: no interrupt.
	Deadline bool
}

// Waiting is a mailbox that cannot begin, and why.
type Waiting struct {
	Address addr.Address
	Title   string
	Why     string
}

// Passed is what a pass did.
type Passed struct {
	content.Report
	Waiting []Waiting
	late    bool // its time was over
}

// Sync makes one pass over the mailboxes that were asked for. It makes no call to the
// API. The phases that the state has decide what may be done; where the configuration
// has others, nothing is done.
func (w *Workspace) Sync(stops Stops, parallel int) (Passed, error) {
	st, err := w.Store.Read(stops.Once)
	if err != nil {
		return Passed{}, err
	}
	if err := w.SameTenant(st); err != nil {
		return Passed{}, err
	}
	chosen, err := w.chosen()
	if err != nil {
		return Passed{}, err
	}
	if err := samePhases(st, chosen); err != nil {
		return Passed{}, err
	}
	l, err := w.openLedger(stops.Once, st, "sync")
	if err != nil {
		return Passed{}, err
	}
	p, err := w.pass(stops, l, chosen, parallel)
	return p, errors.Join(err, l.Close())
}

// samePhases refuses to move mail with waves whose phase was changed and not applied.
func samePhases(st *state.State, chosen []*mail.Migration) error {
	said := map[addr.Address]bool{}
	var wrong, flags []string
	for _, m := range chosen {
		if m.Wave.IsZero() || said[m.Wave] {
			continue
		}
		said[m.Wave] = true
		known, ok := st.Wave(m.Wave)
		switch {
		case !ok:
			wrong = append(wrong, fmt.Sprintf("%s is %s in the configuration and was never applied", m.Wave, m.Phase))
		case known.Phase != string(m.Phase):
			wrong = append(wrong, fmt.Sprintf("%s is %s in the configuration and %s in the state", m.Wave, m.Phase, known.Phase))
		default:
			continue
		}
		flags = append(flags, "--wave "+strings.TrimPrefix(m.Wave.String(), mail.WaveKind+"."))
	}
	if len(wrong) == 0 {
		return nil
	}
	return &diag.Failure{Class: diag.Conflict, Op: "sync", Detail: strings.Join(wrong, "; "),
		Fix: "run isa apply " + strings.Join(flags, " ") + ", which shows the plan first and makes a pass"}
}

// pass makes one pass with an open ledger, and notes its mark in the state.
func (w *Workspace) pass(stops Stops, l *ledger.Ledger, chosen []*mail.Migration, parallel int) (p Passed, err error) {
	st, err := w.Store.Read(stops.Once)
	if err != nil {
		return p, err
	}
	known, err := streamsOf(stops.Once, l)
	if err != nil {
		return p, err
	}
	if err := w.askLogins(stops.Once, chosen); err != nil {
		return p, err
	}
	m, err := w.newMover(l)
	if err != nil {
		return p, err
	}
	old, err := w.knownOtherwise(st, known)
	if err != nil {
		return p, err
	}
	if id, _, err := l.Identity(stops.Once); err != nil {
		return p, err
	} else if old || st.Ledger == nil || st.Ledger.ID != id { // before anything is moved
		if err := w.noteLedger(stops.Once, l); err != nil {
			return p, err
		}
	}
	w.tellRoute(chosen, known)
	gates := &gates{w: w}
	defer func() { err = errors.Join(err, gates.close()) }()
	jobs, by := []content.Job{}, map[string]*mail.Migration{}
	expect, moved := int64(0), movedFrom(known)
	for _, one := range chosen {
		info := known[one.Address.String()]
		why, err := w.unfit(stops.Once, l, st, one, info)
		if err != nil {
			return p, err
		}
		if why == "" {
			why = elsewhere(one, m.origin(one).Name(), known, moved)
		}
		j := m.job(one, phaseOf(st, one))
		if why == "" {
			if j.Pull, err = m.pull(stops.Once, gates, st, one); err != nil {
				why = err.Error()
			}
		}
		if why != "" {
			p.Waiting = append(p.Waiting, Waiting{one.Address, one.Title, why})
			continue
		}
		jobs, by[one.Address.String()] = append(jobs, j), one
		n, err := onTheWay(stops.Once, l, info)
		if err != nil {
			return p, err
		}
		expect += n
	}
	show, keep := w.showContent(moving, expect), w.keepProgress(len(jobs), expect)
	p.Report, err = content.Run(stops.Once, content.Options{
		Ledger: l, Jobs: jobs, Limits: m.contentLimits(jobs, by), Parallel: parallel,
		Observe: func(e content.Event) { show.observe(e); keep.observe(e) }, Abort: stops.Abort, Now: w.env.Now,
	})
	show.close()
	keep.end()
	gates.sweep(context.WithoutCancel(stops.Once), l, st)
	p.late = p.Interrupted && stops.Deadline && errors.Is(context.Cause(stops.Once), context.DeadlineExceeded)
	if err == nil && changed(p.Report) {
		err = w.noteAfter(stops, l)
	}
	return p, err
}

// changed reports whether a pass did anything that a ledger from before it would not
// know.
func changed(r content.Report) bool {
	closed := slices.ContainsFunc(r.Jobs, func(j content.JobReport) bool { return j.Closed })
	if slices.ContainsFunc(r.Jobs, func(j content.JobReport) bool { return j.Runs > 0 }) {
		return true
	}
	return settled(r.Moved).Items > 0 || r.Flags+r.Renamed+r.Reclaimed+r.Followed+r.Brought > 0 || closed
}

// noteAfter notes the ledger's mark after a pass, after one that was interrupted too:
// then it does not wait long.
func (w *Workspace) noteAfter(stops Stops, l *ledger.Ledger) error {
	ctx := context.WithoutCancel(stops.Once)
	if stops.Once.Err() != nil {
		short, cancel := context.WithTimeout(ctx, 5*time.Second)
		defer cancel()
		if err := w.noteLedger(short, l); !errors.Is(err, context.DeadlineExceeded) {
			return err
		}
		return nil
	}
	return w.noteLedger(stops.Once, l)
}

// streamsOf are the streams that the ledger knows, by name.
func streamsOf(ctx context.Context, l providers.Ledger) (map[string]providers.StreamInfo, error) {
	infos, err := l.Streams(ctx)
	out := make(map[string]providers.StreamInfo, len(infos))
	for _, info := range infos {
		out[info.Name] = info
	}
	return out, err
}

func onTheWay(ctx context.Context, l providers.Ledger, info providers.StreamInfo) (int64, error) {
	if info.Name == "" {
		return 0, nil
	}
	stream, err := l.Stream(ctx, info)
	if err != nil {
		return 0, err
	}
	sums, err := stream.Sums(ctx)
	return sums[providers.OnTheWay].Items, err
}

// unfit says why the mail of a migration cannot be moved now, "" when it can.
func (w *Workspace) unfit(ctx context.Context, l providers.Ledger, st *state.State, one *mail.Migration, info providers.StreamInfo) (string, error) {
	why := notReady(st, one, info)
	if why != "" || one.Route != mail.RouteServer || info.Name == "" {
		if why == "" {
			why = notServed(one, info.Surveyed, nil)
		}
		return why, nil
	}
	stream, err := l.Stream(ctx, info)
	if err != nil {
		return "", err
	}
	if begun, err := served(ctx, stream); err != nil || !begun.IsZero() {
		return "", err // how it ended is to be found out
	}
	records, err := stream.Folders(ctx)
	return notServed(one, info.Surveyed, records), err
}

// notReady says why the mail of a member cannot be moved, "" when it can.
func notReady(st *state.State, m *mail.Migration, info providers.StreamInfo) string {
	o, ok := st.Find(m.Member)
	switch {
	case !ok || o.Status == state.Pending:
		return "the member is not created yet: isa apply"
	case o.Status == state.Retired:
		return "the member has left"
	case o.Shut():
		return "the member is suspended"
	case info.Moved && info.Wave != m.Wave.String() && (info.Wave != "" || !m.Wave.IsZero()):
		return fmt.Sprintf("it was moved with %s before and is in %s now: put it back, or isa apply --allow wave.membership=1", waveOr(info.Wave), waveOr(m.Wave.String()))
	}
	return ""
}

func waveOr(address string) string {
	if address == "" {
		return "no wave"
	}
	return address
}

// phaseOf is the phase that the state has for a migration's wave.
func phaseOf(st *state.State, m *mail.Migration) content.Phase {
	if known, ok := st.Wave(m.Wave); ok && !m.Wave.IsZero() {
		return content.Phase(known.Phase)
	}
	return content.Presync
}

// Survey logs in to the sources only and stores what they hold. folders wants each
// folder of each mailbox in the report, as it has for a single mailbox anyway.
func (w *Workspace) Survey(stops Stops, parallel int, folders bool) (*Surveyed, error) {
	st, err := w.Store.Read(stops.Once)
	if err != nil {
		return nil, err
	}
	if err := w.SameTenant(st); err != nil {
		return nil, err
	}
	chosen, err := w.chosen()
	if err != nil {
		return nil, err
	}
	l, err := w.openLedger(stops.Once, st, "survey")
	if err != nil {
		return nil, err
	}
	out, err := w.survey(stops, l, chosen, parallel, folders)
	return out, errors.Join(err, l.Close())
}

func (w *Workspace) survey(stops Stops, l *ledger.Ledger, chosen []*mail.Migration, parallel int, folders bool) (*Surveyed, error) {
	if err := w.askLogins(stops.Once, chosen); err != nil {
		return nil, err
	}
	m, err := w.newMover(l)
	if err != nil {
		return nil, err
	}
	jobs, by := []content.Job{}, map[string]*mail.Migration{}
	for _, one := range chosen {
		jobs, by[one.Address.String()] = append(jobs, m.job(one, content.Presync)), one
	}
	show := w.showContent(counting, 0)
	report, err := content.Survey(stops.Once, content.Options{
		Ledger: l, Jobs: jobs, Limits: m.contentLimits(jobs, by), Parallel: parallel,
		Observe: show.observe, Abort: stops.Abort, Now: w.env.Now,
	})
	show.close()
	if err != nil {
		return nil, err
	}
	return w.surveyed(stops.Abort, l, report, by, folders || len(chosen) == 1)
}

// Verify compares both ends of the mailboxes that were asked for and changes neither.
func (w *Workspace) Verify(stops Stops, how content.Verification, parallel int) (v Compared, err error) {
	st, err := w.Store.Read(stops.Once)
	if err != nil {
		return v, err
	}
	if err := w.SameTenant(st); err != nil {
		return v, err
	}
	chosen, err := w.chosen()
	if err != nil {
		return v, err
	}
	l, err := w.readLedger(stops.Once, st)
	if err != nil {
		return v, err
	}
	if l == nil {
		return v, errors.New("nothing was moved yet, so that there is nothing to compare; run isa sync first")
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	known, err := streamsOf(stops.Once, l)
	if err != nil {
		return v, err
	}
	if err := w.askLogins(stops.Once, chosen); err != nil {
		return v, err
	}
	m, err := w.newMover(l)
	if err != nil {
		return v, err
	}
	jobs, by := []content.Job{}, map[string]*mail.Migration{}
	for _, one := range chosen {
		info, ok := known[one.Address.String()]
		if !ok || info.Passed.IsZero() && !info.Moved {
			v.Waiting = append(v.Waiting, Waiting{one.Address, one.Title, "nothing was moved yet"})
			continue
		}
		j := m.job(one, phaseOf(st, one))
		if j.Pull, err = m.pull(stops.Once, &gates{w: w, closed: true}, st, one); err != nil {
			return v, err
		}
		jobs, by[one.Address.String()] = append(jobs, j), one
	}
	show := w.showContent(comparing, 0)
	v.Verified, err = content.Verify(stops.Once, content.Options{
		Ledger: l, Jobs: jobs, Limits: m.contentLimits(jobs, by), Parallel: parallel,
		Observe: show.observe, Abort: stops.Abort, Now: w.env.Now,
	}, how)
	show.close()
	v.How = how
	return v, err
}
