package workspace

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/isaworks/isa/internal/addr"
	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/internal/live"
	"github.com/isaworks/isa/internal/schema"
	"github.com/isaworks/isa/internal/value"
	"github.com/isaworks/isa/planner"
	"github.com/isaworks/isa/providers"
	"github.com/isaworks/isa/state"
	"github.com/isaworks/isa/state/backend/local"
)

// InvitationGuard is the guard of invitations, of creations and by hand.
const InvitationGuard = "member.invitation"

// Registration is somebody whom isa manages and who has not registered.
type Registration struct {
	Address addr.Address
	Kind    string
	ID      string
	Title   string
	Mail    string    // the private address that the service knows, "" for none
	Created time.Time // zero: not known
	Invited time.Time // again, zero: not
	// Days are left for the registration; Known is false when nobody knows.
	Days  int
	Known bool
}

// Registrations lists the people whom the state has and who have not registered, by
// address.
func (w *Workspace) Registrations(ctx context.Context) ([]Registration, error) {
	st, err := w.Store.Read(ctx)
	if err != nil {
		return nil, err
	}
	if err := errors.Join(w.SameTenant(st), w.connected()); err != nil {
		return nil, err
	}
	var out []Registration
	for _, k := range w.kinds {
		if k.Registration == 0 {
			continue
		}
		objects, err := w.tenant.kinds[k.Type].List(ctx, nil)
		if err != nil {
			return nil, err
		}
		out = append(out, w.pending(k, objects, st)...)
	}
	return out, nil
}

func (w *Workspace) pending(k *schema.Kind, objects []live.Object, st *state.State) []Registration {
	byID := make(map[string]*live.Object, len(objects))
	for i := range objects {
		byID[objects[i].ID] = &objects[i]
	}
	var out []Registration
	for i := range st.Objects {
		o := &st.Objects[i]
		l := byID[o.ID]
		if o.Kind != k.Type || l == nil || l.Status != live.Pending {
			continue
		}
		r := Registration{
			Address: o.Address, Kind: o.Kind, ID: o.ID, Title: k.Title(l.Attrs), Mail: value.Text(l.Attrs["private_email"]),
			Created: o.Created, Invited: o.Invited,
		}
		r.Days, r.Known = planner.DaysLeft(k, o.Created, w.env.Now())
		out = append(out, r)
	}
	return out
}

// InvitationLimit is how many invitations may be sent at once, and whether --allow has
// been given for that many.
func (w *Workspace) InvitationLimit(n int) (limit int, allowed bool) {
	limit = planner.InvitationLimit
	for _, g := range w.guards() {
		if g.Code == InvitationGuard && g.MaxCount != nil {
			limit = *g.MaxCount
		}
	}
	return limit, n <= limit || w.selected.allow[InvitationGuard] >= n
}

// Invite sends invitations again, one after the other: to an address, or with "" to each
// one's private one. The state is locked, and records each before it is sent, so that a
// run that was cut off is gone on with and nobody gets a second mail; only a refusal
// takes it back. sent is told of each with its error; the error
// is for what concerns all.
func (w *Workspace) Invite(ctx context.Context, people []Registration, to string, sent func(Registration, error)) (err error) {
	ctx, _, stop := w.env.Until(ctx, nil)
	defer stop()
	session, err := w.Store.Lock(ctx, state.Holder{ID: rand.Text(), Who: local.Who(), PID: os.Getpid(), Since: w.env.Now(), What: "invite"})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, session.Close()) }()
	st := session.State()
	durable := context.WithoutCancel(ctx)
	begin := []state.Entry{
		{Begin: &state.Begin{Lineage: st.Lineage, Serial: st.Serial, Tenant: st.Tenant, Time: w.env.Now(), Tool: Version}},
		Acted(w.env, "invite", addressesOf(people), len(people)),
	}
	if err := session.Append(durable, true, begin...); err != nil {
		return err
	}
	for _, r := range people {
		if ctx.Err() != nil {
			break
		}
		failed := w.invite(ctx, session, r, to)
		sent(r, failed)
	}
	return errors.Join(ctx.Err(), session.Commit(durable))
}

func (w *Workspace) invite(ctx context.Context, session state.Session, r Registration, to string) error {
	inviter, ok := w.tenant.kinds[r.Kind].(providers.Inviter)
	if !ok {
		return fmt.Errorf("nobody of kind %s is invited", r.Kind)
	}
	if err := session.Check(ctx); err != nil {
		return err
	}
	before, known := session.State().Find(r.Address)
	if !known {
		return inviter.Invite(ctx, r.ID, to)
	}
	record := func(o state.Object, sync bool) error {
		return session.Append(context.WithoutCancel(ctx), sync, state.Entry{Put: &state.Put{Step: "invite", Object: o}})
	}
	invited := before
	invited.Invited = w.env.Now()
	if err := record(invited, true); err != nil {
		return err
	}
	err := inviter.Invite(ctx, r.ID, to)
	if err != nil && !diag.MayHaveHappened(err) {
		return errors.Join(err, record(before, false))
	}
	return err
}

// addressesOf lists the addresses of at most ten people.
func addressesOf(people []Registration) string {
	text := ""
	for i, r := range people[:min(len(people), 10)] {
		if i > 0 {
			text += " "
		}
		text += r.Address.String()
	}
	if len(people) > 10 {
		text += fmt.Sprintf(" and %d more", len(people)-10)
	}
	return text
}

// Chosen are those of people whom addresses name, an address without a key all of its
// block; absent are the addresses that name nobody.
func Chosen(people []Registration, addresses []addr.Address) (chosen []Registration, absent []addr.Address) {
	for _, a := range addresses {
		some := false
		for _, r := range people {
			if r.Address != a && (a.Keyed || r.Address.Block() != a) {
				continue
			}
			some = true
			if !slices.ContainsFunc(chosen, func(c Registration) bool { return c.Address == r.Address }) {
				chosen = append(chosen, r)
			}
		}
		if !some {
			absent = append(absent, a)
		}
	}
	return chosen, absent
}
