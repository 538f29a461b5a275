package workspace

import (
	"context"

	"github.com/isaworks/isa/internal/secret"
	"github.com/isaworks/isa/internal/value"
	"github.com/isaworks/isa/planner"
	"github.com/isaworks/isa/providers/mail"
)

// askFor asks for the secrets of a plan that a person is to type, each question once,
// before anything is sent: nobody waits then in the middle of an apply. Without an answer
// nothing is sent.
func (w *Workspace) askFor(ctx context.Context, plan *planner.Plan) error {
	r := w.resolver()
	var wrong error
	for _, c := range plan.Changes {
		for _, s := range c.Steps {
			value.Walk(s.Attrs, func(_ value.Path, v value.Value) {
				if handle, ok := v.(value.Secret); ok && secret.Prompts(handle) && wrong == nil {
					_, wrong = r.Resolve(ctx, handle)
				}
			})
		}
	}
	return wrong
}

// askLogins asks for the passwords of mailboxes before a pass begins. Without a terminal
// each mailbox says for itself what it lacks, and the others go on.
func (w *Workspace) askLogins(ctx context.Context, chosen []*mail.Migration) error {
	if w.env.SecretAsker() == nil {
		return nil
	}
	r := w.resolver()
	for _, one := range chosen {
		for _, handle := range []value.Secret{one.Login.Password, one.AppPassword} {
			if !secret.Prompts(handle) {
				continue
			}
			if _, err := r.Resolve(ctx, handle); err != nil {
				return err
			}
		}
	}
	return nil
}
