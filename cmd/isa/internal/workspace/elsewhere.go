package workspace

import (
	"cmp"
	"context"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/isaworks/isa/internal/addr"
	"github.com/isaworks/isa/internal/live"
	"github.com/isaworks/isa/internal/schema"
	"github.com/isaworks/isa/internal/view"
	"github.com/isaworks/isa/providers"
	"github.com/isaworks/isa/state"
)

// unseen is an object that the state knows and no listing shows.
type unseen struct {
	kind     string
	id       string
	traveler providers.Traveler
}

// seek completes a listing with those whom the state knows and no list of a declared
// company shows, but who are there: somebody moved them to a company that no block
// declares. Without it they would count as deleted, and get a second account. It takes
// one call for each who is missing, which are few or an emergency.
func (w *Workspace) seek(ctx context.Context, p *view.Progress, st *state.State, snap live.Snapshot) (live.Snapshot, error) {
	list := w.unseen(st, snap)
	if len(list) == 0 {
		return snap, nil
	}
	task := p.Task("looking for who is in no list", "object", len(list))
	defer task.Drop()
	var mu sync.Mutex
	done, found := 0, map[string][]live.Object{}
	before := w.tenant.calls.Load()
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(asidesAtATime)
	for _, u := range list {
		group.Go(func() error {
			o, there, err := u.traveler.Whereabouts(ctx, u.id)
			if err != nil {
				return err
			}
			mu.Lock()
			defer mu.Unlock()
			done++
			task.Set(done)
			if there && o.ID == u.id && w.undeclared(o.DomainID) {
				found[u.kind] = append(found[u.kind], o)
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return snap, err
	}
	snap.Calls += int(w.tenant.calls.Load() - before)
	return with(snap, found), nil
}

// unseen lists whom to seek. Whom isa deleted is not sought: lists need not show them. Nor
// are those whom nobody declares in a company that nobody declares any more: they are left
// as they are.
func (w *Workspace) unseen(st *state.State, snap live.Snapshot) []unseen {
	var out []unseen
	there := map[string]map[string]*live.Object{}
	declared := w.declaring()
	for i := range st.Objects {
		o := &st.Objects[i]
		traveler, can := w.tenant.kinds[o.Kind].(providers.Traveler)
		if !can || w.tenant.kinds[o.Kind].Schema().Relocate == nil || o.ID == "" || !o.Deleted.IsZero() || snap.Objects[o.Kind] == nil ||
			w.undeclared(o.DomainID) && !declared[o.Address] && len(w.Config.Moves) == 0 {
			continue
		}
		if there[o.Kind] == nil {
			there[o.Kind] = indexed(snap.Objects[o.Kind])
		}
		if there[o.Kind][o.ID] == nil {
			out = append(out, unseen{o.Kind, o.ID, traveler})
		}
	}
	return out
}

// undeclared reports whether a domain is that of no company block. Of the declared ones
// the lists speak.
func (w *Workspace) undeclared(domain int) bool {
	return domain != 0 && !slices.ContainsFunc(w.Config.Tenant.Companies, func(c schema.Company) bool { return c.DomainID == domain })
}

// declaring gives the addresses that the configuration declares, under earlier names too.
func (w *Workspace) declaring() map[addr.Address]bool {
	out := make(map[addr.Address]bool, len(w.Config.Objects))
	for _, in := range w.Config.Objects {
		out[in.Addr] = true
		for _, key := range in.Previous {
			before := in.Addr
			before.Key = key
			out[before] = true
		}
	}
	return out
}

// with is a listing with more objects, by kind, in the order of their IDs.
func with(snap live.Snapshot, more map[string][]live.Object) live.Snapshot {
	if len(more) == 0 {
		return snap
	}
	objects := make(map[string][]live.Object, len(snap.Objects))
	for kind, list := range snap.Objects {
		slices.SortFunc(more[kind], func(a, b live.Object) int { return cmp.Compare(a.ID, b.ID) })
		objects[kind] = slices.Concat(list, more[kind])
	}
	snap.Objects = objects
	return snap
}
