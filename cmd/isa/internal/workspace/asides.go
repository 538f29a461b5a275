package workspace

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/isaworks/isa/internal/addr"
	"github.com/isaworks/isa/internal/live"
	"github.com/isaworks/isa/internal/schema"
	"github.com/isaworks/isa/internal/value"
	"github.com/isaworks/isa/internal/view"
	"github.com/isaworks/isa/providers"
	"github.com/isaworks/isa/state"
)

// What no listing gives counts as it was applied last. So that what somebody changes by
// hand is noticed all the same, a plan reads it one by one where it is declared: as long
// as that takes little of the budget, or when it is asked for.

// asidesAtATime is how many objects are read at a time.
const asidesAtATime = 8

// settledAfter is how long the service may take for what it was asked to do (external
// chat, reference/api/10 section 5); what was applied since is not read.
const settledAfter = 10 * time.Minute

// aside is one object that is to be read, and the attributes.
type aside struct {
	st    *state.Object
	live  live.Object
	kind  providers.Looker
	names []string
}

// asides finds the objects that isa applied and the listing shows of which names gives
// attributes that no listing gives.
func (w *Workspace) asides(st *state.State, snap live.Snapshot, names func(providers.Kind, *state.Object) []string) []aside {
	var out []aside
	there := map[string]map[string]*live.Object{}
	for i := range st.Objects {
		o := &st.Objects[i]
		looker, can := w.tenant.kinds[o.Kind].(providers.Looker)
		if !can || o.Status == state.Retired {
			continue
		}
		asked := names(w.tenant.kinds[o.Kind], o)
		if len(asked) == 0 {
			continue
		}
		if there[o.Kind] == nil {
			there[o.Kind] = indexed(snap.Objects[o.Kind])
		}
		if l := there[o.Kind][o.ID]; l != nil && l.Status != live.Deleted {
			out = append(out, aside{o, *l, looker, asked})
		}
	}
	return out
}

func indexed(objects []live.Object) map[string]*live.Object {
	out := make(map[string]*live.Object, len(objects))
	for i := range objects {
		out[objects[i].ID] = &objects[i]
	}
	return out
}

// readAsides reads them and tells each what came of one, one at a time. Only the end of
// ctx is an error.
func (w *Workspace) readAsides(ctx context.Context, p *view.Progress, list []aside, each func(aside, value.Object, error)) error {
	if len(list) == 0 {
		return nil
	}
	task := p.Task("reading one by one", "object", len(list))
	defer task.Drop()
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(asidesAtATime)
	var done atomic.Int64
	var mu sync.Mutex
	for _, a := range list {
		group.Go(func() error {
			attrs, err := a.kind.Look(ctx, a.live, a.st.Attrs, a.names)
			task.Set(int(done.Add(1)))
			if ctx.Err() != nil {
				return ctx.Err()
			}
			mu.Lock()
			defer mu.Unlock()
			each(a, attrs, err)
			return nil
		})
	}
	return group.Wait()
}

// lookAside completes a listing with what is declared and no listing gives, for a plan.
// What cannot be read, or would take too many calls, counts as it was applied last.
func (w *Workspace) lookAside(ctx context.Context, p *view.Progress, st *state.State, snap live.Snapshot) (live.Snapshot, error) {
	list := w.asides(st, snap, w.declaredAsides())
	if calls := mostCalls(list); calls > w.PerMinute()/2 && !w.selected.deep {
		p.Line(fmt.Sprintf("%s as applied last: no list gives all of them, and reading them takes more than half a minute's calls; --deep reads them", view.Plural(len(list), "object")))
		return snap, nil
	}
	found := map[string]map[string]value.Object{}
	var wrong error
	unread := 0
	err := w.readAsides(ctx, p, list, func(a aside, attrs value.Object, err error) {
		if err != nil {
			unread++
			if wrong == nil {
				wrong = err
			}
			return
		}
		if found[a.st.Kind] == nil {
			found[a.st.Kind] = map[string]value.Object{}
		}
		found[a.st.Kind][a.live.ID] = attrs
	})
	if err != nil {
		return snap, err
	}
	if wrong != nil {
		p.Line(fmt.Sprintf("%s as applied last: not all of them could be read: %v", view.Plural(unread, "object"), wrong))
	}
	return withAsides(snap, found), nil
}

// withAsides is a listing with attributes that were read, by kind and ID.
func withAsides(snap live.Snapshot, found map[string]map[string]value.Object) live.Snapshot {
	if len(found) == 0 {
		return snap
	}
	snap.Objects = maps.Clone(snap.Objects)
	for kind, byID := range found {
		objects := slices.Clone(snap.Objects[kind])
		for i := range objects {
			if attrs := byID[objects[i].ID]; len(attrs) > 0 {
				objects[i].Attrs = maps.Clone(objects[i].Attrs)
				maps.Copy(objects[i].Attrs, attrs)
			}
		}
		snap.Objects[kind] = objects
	}
	return snap
}

// declaredAsides gives what the configuration declares of an object that no listing
// gives, unless it was applied so shortly ago that the service may not have done it yet.
func (w *Workspace) declaredAsides() func(providers.Kind, *state.Object) []string {
	declared := make(map[addr.Address]value.Object, len(w.Config.Objects))
	for _, in := range w.Config.Objects {
		if slices.ContainsFunc(unlistedNames(in.Kind), func(name string) bool { return in.Attrs[name] != nil }) {
			declared[in.Addr] = in.Attrs
		}
	}
	now := w.env.Now()
	return func(k providers.Kind, o *state.Object) []string {
		attrs := declared[o.Address]
		if attrs == nil || now.Sub(o.Applied) < settledAfter {
			return nil
		}
		return slices.DeleteFunc(unlistedNames(k.Schema()), func(name string) bool { return attrs[name] == nil })
	}
}

// unlistedNames are the attributes of a kind that no listing gives.
func unlistedNames(k *schema.Kind) []string {
	var names []string
	for i := range k.Attrs {
		if k.Attrs[i].Unreadable {
			names = append(names, k.Attrs[i].Name)
		}
	}
	return names
}

// mostCalls is how many calls of one operation reading takes.
func mostCalls(list []aside) int {
	calls, most := map[string]int{}, 0
	for _, a := range list {
		for _, c := range a.kind.Looks(a.names) {
			calls[c.Op]++
			most = max(most, calls[c.Op])
		}
	}
	return most
}
