package workspace

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/isaworks/isa/cmd/isa/internal/cli"
	"github.com/isaworks/isa/internal/addr"
	"github.com/isaworks/isa/internal/live"
	"github.com/isaworks/isa/internal/schema"
	"github.com/isaworks/isa/internal/value"
	"github.com/isaworks/isa/internal/view"
	"github.com/isaworks/isa/planner"
	"github.com/isaworks/isa/providers"
	"github.com/isaworks/isa/state"
)

// OpenPast is Open for commands that need of the configuration only how to reach the
// tenant and where the state is: other errors in it are told as a number, and do not end
// the command.
func OpenPast(ctx context.Context, env *cli.Env, s Selection) (*Workspace, error) {
	w, cfg, list, err := Load(ctx, env, s)
	if err != nil || w != nil {
		return w, err
	}
	if !located(cfg) || len(cfg.Tenant.Companies) == 0 || cfg.Tenant.Companies[0].DomainID == 0 || checkAccess(cfg.Access) != nil {
		return nil, Report(env, cfg, list)
	}
	env.Tell("The configuration has " + view.DiagnosticCount(list) + "; isa validate shows them. What it wants is left out here.")
	sel, err := s.read()
	if err != nil {
		return nil, err
	}
	w = &Workspace{Config: cfg, env: env, selected: sel, kinds: Objects(), partial: true}
	if err := w.readCalibration(); err != nil {
		return nil, err
	}
	return w, w.attach()
}

// Drift compares the tenant with what isa applied last. It writes nothing and takes no
// lock. deep reads what no list gives, one by one. Kinds and objects that cannot be read
// are named in the answer; when nothing at all could be compared, that is an error.
func (w *Workspace) Drift(ctx context.Context, st *state.State, deep bool) (*planner.Hands, map[string]planner.Name, error) {
	if err := w.SameTenant(st); err != nil {
		return nil, nil, err
	}
	if err := w.checkSelection(st); err != nil {
		return nil, nil, err
	}
	if err := w.connected(); err != nil {
		return nil, nil, err
	}
	p := w.env.Progress(w.tenant.Waits)
	defer p.Close()
	d := &drifting{Workspace: w, st: st}
	snap, err := w.confirmed(ctx, p, st, func() (live.Snapshot, error) { return d.look(ctx, p, deep) }, d.judge)
	if err == nil && d.found.Compared == 0 {
		err = d.first
	}
	if err != nil {
		return nil, nil, err
	}
	return d.found, handNames(d.found, w.Config, st, snap, w.kinds), nil
}

// drifting is one comparison under way.
type drifting struct {
	*Workspace
	st    *state.State
	found *planner.Hands

	mu       sync.Mutex
	unlisted map[string]string
	first    error
	deep     map[addr.Address]value.Object
	unread   map[addr.Address]string
}

// look lists the tenant, and reads what lists do not give.
func (d *drifting) look(ctx context.Context, p *view.Progress, deep bool) (live.Snapshot, error) {
	d.unlisted, d.first, d.deep, d.unread = map[string]string{}, nil, nil, nil
	snap, err := d.lookPast(ctx, p, d.st, func(k *schema.Kind, err error) error {
		if ctx.Err() != nil {
			return err
		}
		d.mu.Lock()
		defer d.mu.Unlock()
		d.unlisted[k.Type] = err.Error()
		if d.first == nil {
			d.first = err
		}
		return nil
	})
	switch {
	case err != nil:
		return snap, err
	case deep:
		d.deep, d.unread = map[addr.Address]value.Object{}, map[addr.Address]string{}
		return snap, d.lookAt(ctx, p, snap)
	}
	return snap, nil
}

func (d *drifting) judge(snap live.Snapshot, now time.Time) []addr.Address {
	in := planner.HandInput{
		Now: now, Tenant: d.Config.Tenant, Kinds: d.kinds, State: d.st, Live: snap,
		Wanted: d.Config.Objects, Partial: d.partial, Moves: d.Config.Moves, Targets: d.selected.targets,
		Unlisted: d.unlisted, Deep: d.deep, Unread: d.unread,
	}
	d.found = planner.ByHand(in)
	return d.found.Unconfirmed
}

// lookAt reads, of the objects of the state that are compared, what no list gives. What
// the service may still be at work on is left out.
func (d *drifting) lookAt(ctx context.Context, p *view.Progress, snap live.Snapshot) error {
	now := d.env.Now()
	list := d.asides(d.st, snap, func(k providers.Kind, o *state.Object) []string {
		if !d.targeted(o.Address) || now.Sub(o.Applied) < settledAfter {
			return nil
		}
		return slices.DeleteFunc(unlistedNames(k.Schema()), func(name string) bool { return o.Attrs[name] == nil })
	})
	return d.readAsides(ctx, p, list, func(a aside, attrs value.Object, err error) {
		if err != nil {
			d.unread[a.st.Address] = err.Error()
		} else {
			d.deep[a.st.Address] = attrs
		}
	})
}

// targeted reports whether the selection names the object.
func (d *drifting) targeted(a addr.Address) bool {
	return d.selected.targets == nil || slices.ContainsFunc(d.selected.targets, func(t addr.Address) bool {
		return t == a || !t.Keyed && t == a.Block()
	})
}

// DriftEnd is how isa drift ends that found h; nil: nothing was changed by hand, and all
// was read.
func DriftEnd(h *planner.Hands) error {
	switch {
	case h.Failed():
		return &cli.Exit{Code: cli.CodePartly, Err: errors.New("not all could be read, so that more may have been changed; run it again")}
	case h.Drifted():
		return &cli.Exit{Code: cli.CodePending}
	}
	return nil
}

// NothingApplied is the error of commands that look at what was applied when nothing was.
func NothingApplied() error {
	return fmt.Errorf("the state is empty: isa has applied nothing yet; isa plan shows what it would do")
}
