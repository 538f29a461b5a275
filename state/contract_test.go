package state_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/isaworks/isa/internal/addr"
	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/state"
)

// remote is a toy of a state kept elsewhere: entries reach it when asked for with
// sync, else later; its lock is a lease that an administrator may break.
type remote struct {
	mu     sync.Mutex
	state  *state.State
	stored []state.Entry
	lease  *state.Holder
}

func (r *remote) Read(context.Context) (*state.State, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return state.Fold(r.state, r.stored), nil
}

func (r *remote) Lock(_ context.Context, h state.Holder) (state.Session, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.lease != nil {
		return nil, &state.LockedError{Holder: *r.lease}
	}
	r.lease = &h
	return &lease{store: r, id: h.ID, state: r.state}, nil
}

func (r *remote) Unlock(_ context.Context, id string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.lease == nil || r.lease.ID != id {
		return &diag.Failure{Class: diag.NotFound, Op: "unlock", Detail: "nobody holds the lock " + id}
	}
	r.lease = nil
	return nil
}

type lease struct {
	store *remote
	id    string
	state *state.State
	later []state.Entry
}

func (l *lease) State() *state.State { return l.state }

func (l *lease) Append(ctx context.Context, sync bool, entries ...state.Entry) error {
	l.later = append(l.later, entries...)
	if !sync {
		return nil
	}
	return l.flush(ctx)
}

func (l *lease) flush(ctx context.Context) error {
	if err := l.Check(ctx); err != nil {
		return err
	}
	l.store.mu.Lock()
	defer l.store.mu.Unlock()
	l.store.stored, l.later = append(l.store.stored, l.later...), nil
	return nil
}

func (l *lease) Check(context.Context) error {
	l.store.mu.Lock()
	defer l.store.mu.Unlock()
	if l.store.lease == nil || l.store.lease.ID != l.id {
		return &diag.Failure{Class: diag.Conflict, Op: "lock", Detail: "somebody broke the lock of this run"}
	}
	return nil
}

func (l *lease) Commit(ctx context.Context) error {
	if err := l.flush(ctx); err != nil {
		return err
	}
	l.store.mu.Lock()
	defer l.store.mu.Unlock()
	l.store.state, l.store.stored = state.Fold(l.store.state, l.store.stored), nil
	return nil
}

func (l *lease) Close() error { return l.store.Unlock(context.Background(), l.id) }

// TestTheRulesOfARemoteStore: one holder at a time; what was appended with sync is
// there for others at once; who lost the lease writes nothing any more.
func TestTheRulesOfARemoteStore(t *testing.T) {
	var store state.Store = &remote{state: state.Empty()}
	ctx := t.Context()
	mine, err := store.Lock(ctx, state.Holder{ID: "one", Who: "kim@build", Since: time.Now(), What: "apply"})
	if err != nil {
		t.Fatal(err)
	}
	var locked *state.LockedError
	if _, err := store.Lock(ctx, state.Holder{ID: "two"}); !errors.As(err, &locked) || locked.Holder.Who != "kim@build" {
		t.Errorf("a second lock: %v", err)
	}
	put := func(label string) state.Entry {
		return state.Entry{Put: &state.Put{Step: label, Object: state.Object{Address: addr.New("org_unit", label), Kind: "org_unit", ID: label}}}
	}
	if err := mine.Append(ctx, true, put("a")); err != nil {
		t.Fatal(err)
	}
	if err := mine.Append(ctx, false, put("b")); err != nil {
		t.Fatal(err)
	}
	if seen, err := store.Read(ctx); err != nil || len(seen.Objects) < 1 || seen.Objects[0].ID != "a" {
		t.Errorf("others see %+v, %v", seen, err)
	}
	if err := store.Unlock(ctx, "one"); err != nil {
		t.Fatal(err)
	}
	if err := mine.Check(ctx); diag.ClassOf(err) != diag.Conflict {
		t.Errorf("after the lock was broken Check says %v", err)
	}
	if err := mine.Commit(ctx); diag.ClassOf(err) != diag.Conflict {
		t.Errorf("after the lock was broken Commit says %v", err)
	}
	if seen, err := store.Read(ctx); err != nil || len(seen.Objects) != 1 {
		t.Errorf("a run without the lock wrote: %+v, %v", seen, err)
	}
}
