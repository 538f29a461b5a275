package directory

import (
	"context"
	"errors"

	"github.com/isaworks/isa/internal/diag"
)

// Invite sends a pending member the invitation again (10 §2.20).
func (k *kind[T]) Invite(ctx context.Context, id, to string) error {
	if k.schema.Registration == 0 {
		return k.fault("invite", "nobody of this kind registers")
	}
	err := k.client.SendInvitation(ctx, id, to)
	var f *diag.Failure
	if diag.ClassOf(err) != diag.Invalid || !errors.As(err, &f) {
		return err
	}
	told := *f
	told.Fix = "the service invites only who has not registered, within 30 days, at an address that it knows: write private_email and apply, or name one with --to; an expired registration is renewed in the admin console"
	return &told
}
