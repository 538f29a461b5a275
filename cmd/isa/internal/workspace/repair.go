package workspace

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"slices"

	"github.com/isaworks/isa/cmd/isa/internal/cli"
	"github.com/isaworks/isa/internal/schema"
	"github.com/isaworks/isa/state"
	"github.com/isaworks/isa/state/backend/local"
)

// Repair changes the state of the configuration in env's directory, of which nothing but
// the state's place need be right. The state is locked meanwhile, what an apply that was
// cut off has journaled is in it, and all of the entries become durable before they
// count. Nothing is asked of the tenant. Entries may be nil: then nothing is written.
func Repair(ctx context.Context, env *cli.Env, what string, entries func(*state.State) ([]state.Entry, error)) (err error) {
	ctx, _, stop := env.Until(ctx, nil)
	defer stop()
	store, err := ReadOnly(ctx, env)
	if err != nil {
		return err
	}
	session, err := store.Lock(ctx, state.Holder{ID: rand.Text(), Who: local.Who(), PID: os.Getpid(), Since: env.Now(), What: what})
	var locked *state.LockedError
	if errors.As(err, &locked) {
		return fmt.Errorf("%w; wait until it is done, or stop it", err)
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, session.Close()) }()
	st := session.State()
	list, err := entries(st)
	if err != nil || len(list) == 0 {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	durable := context.WithoutCancel(ctx)
	begin := state.Entry{Begin: &state.Begin{Lineage: st.Lineage, Serial: st.Serial, Tenant: st.Tenant, Time: env.Now(), Tool: Version}}
	if err := session.Append(durable, true, append([]state.Entry{begin}, list...)...); err != nil {
		return err
	}
	return session.Commit(durable)
}

// SteersContent reports whether blocks of a type steer content and are no objects of the
// tenant.
func SteersContent(typ string) bool {
	return slices.ContainsFunc(blocks(), func(k *schema.Kind) bool { return k.Type == typ && k.Content })
}

// Acted is the entry of the audit trail for a change of the state by hand.
func Acted(env *cli.Env, act, what string, count int) state.Entry {
	return state.Entry{Audit: &state.Audit{Time: env.Now(), Act: act, What: what, Count: count, Who: local.Who()}}
}
