// Package invite is `isa invite`: those who have not registered, and their invitations
// sent again.
package invite

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/isaworks/isa/cmd/isa/internal/cli"
	"github.com/isaworks/isa/cmd/isa/internal/workspace"
	"github.com/isaworks/isa/internal/addr"
	"github.com/isaworks/isa/internal/view"
)

// lately is for how long --all-pending leaves somebody alone who was invited again.
const lately = 24 * time.Hour

type options struct {
	env       *cli.Env
	selection workspace.Selection
	all       bool
	again     bool
	to        string
	format    string
	yes       bool
}

// New returns the command.
func New(env *cli.Env) *cobra.Command {
	o := &options{env: env}
	cmd := &cobra.Command{
		Use: "invite [ADDRESS...]", Short: "List who has not registered, and send invitations again",
		Long: "List the members who have not registered, with the days that are left of the 30 that the service\n" +
			"gives them, or send them the invitation again: those at the given addresses (one without a key:\n" +
			"all of its block), or with --all-pending everybody who was not invited again in the last 24 hours.\n" +
			"isa asks first. More than 50 at once need --allow member.invitation=COUNT. The days count from the\n" +
			"creation by isa; of others they are not known. An expired registration is renewed in the admin console.",
		Example: "  isa invite\n  isa invite 'member.staff[\"1042\"]' --to gildong@example.com\n  isa invite --all-pending",
		RunE:    func(cmd *cobra.Command, args []string) error { return run(cmd.Context(), o, args) },
	}
	o.selection.RegisterInputs(cmd)
	o.selection.RegisterAllow(cmd)
	f := cmd.Flags()
	f.BoolVar(&o.all, "all-pending", false, "send to everybody who has not registered")
	f.BoolVar(&o.again, "again", false, "with --all-pending: also to who was invited again in the last 24 hours")
	f.StringVar(&o.to, "to", "private", "`private`: to each one's private address; or one mail address, for one person")
	f.StringVar(&o.format, "format", "text", "`text` or json")
	f.BoolVar(&o.yes, "yes", false, "do not ask")
	return cmd
}

// check refuses what cannot be meant, before anything is asked of the tenant.
func (o *options) check(texts []string) ([]addr.Address, error) {
	switch {
	case o.format != "text" && o.format != "json":
		return nil, fmt.Errorf("--format %q: write text or json", o.format)
	case o.all && len(texts) > 0:
		return nil, errors.New("--all-pending and addresses exclude each other")
	case o.to != "private" && !strings.Contains(o.to, "@"):
		return nil, fmt.Errorf("--to %q is neither private nor a mail address", o.to)
	case o.to != "private" && o.all:
		return nil, errors.New("--to with an address is for one person; --all-pending sends to the private addresses")
	case (o.all || len(texts) > 0) && !o.yes && !o.env.InTerminal:
		return nil, errors.New("there is no terminal to ask on; give --yes to send without being asked")
	}
	var out []addr.Address
	for _, text := range texts {
		a, err := addr.Parse(text)
		if err != nil {
			return nil, fmt.Errorf(`%w; write it as 'member.staff["1042"]', in single quotes`, err)
		}
		out = append(out, a)
	}
	return out, nil
}

func run(ctx context.Context, o *options, texts []string) error {
	addresses, err := o.check(texts)
	if err != nil {
		return err
	}
	w, err := workspace.Open(ctx, o.env, o.selection)
	if err != nil {
		return err
	}
	people, err := w.Registrations(ctx)
	if err != nil {
		return err
	}
	if !o.all && len(addresses) == 0 {
		return o.list(people, nil, nil)
	}
	chosen, left, err := o.choose(people, addresses)
	if err != nil {
		return err
	}
	for _, r := range left {
		o.env.Tell(fmt.Sprintf("Left out: %s %s, %s.", r.Address, view.Line(r.Title), why(r, o.env.Now())))
	}
	if len(chosen) == 0 {
		o.env.Tell("Nobody is to be invited.")
		return o.list(people, nil, nil)
	}
	if limit, allowed := w.InvitationLimit(len(chosen)); !allowed {
		return &cli.Exit{Code: cli.CodeRefused, Err: fmt.Errorf("guard.%s: %d invitations would be sent, the limit is %d; if all of them are meant, run again with --allow %s=%d",
			workspace.InvitationGuard, len(chosen), limit, workspace.InvitationGuard, len(chosen))}
	}
	if err := o.agree(ctx, chosen); err != nil {
		return err
	}
	return o.send(ctx, w, people, chosen)
}

// choose says who is invited, and who of --all-pending is left out.
func (o *options) choose(people []workspace.Registration, addresses []addr.Address) (chosen, left []workspace.Registration, err error) {
	if o.all {
		for _, r := range people {
			if r.Known && r.Days == 0 || !o.again && invitedLately(r, o.env.Now()) {
				left = append(left, r)
			} else {
				chosen = append(chosen, r)
			}
		}
		return chosen, left, nil
	}
	chosen, absent := workspace.Chosen(people, addresses)
	if len(absent) > 0 {
		var names []string
		for _, a := range absent {
			names = append(names, a.String())
		}
		return nil, nil, fmt.Errorf("%s: nobody there who has not registered; isa invite lists who has not", strings.Join(names, ", "))
	}
	if o.to != "private" && len(chosen) > 1 {
		return nil, nil, fmt.Errorf("--to with an address is for one person, and %d are named", len(chosen))
	}
	return chosen, nil, nil
}

func invitedLately(r workspace.Registration, now time.Time) bool {
	return !r.Invited.IsZero() && now.Sub(r.Invited) < lately
}

func why(r workspace.Registration, now time.Time) string {
	if invitedLately(r, now) {
		return "invited again in the last 24 hours (--again sends all the same)"
	}
	return "the registration has expired; renew it in the admin console"
}

func (o *options) agree(ctx context.Context, chosen []workspace.Registration) error {
	if o.yes {
		return nil
	}
	for _, r := range chosen[:min(len(chosen), 20)] {
		fmt.Fprintf(o.env.Err, "  %s  %s  to %s\n", r.Address, view.Line(r.Title), view.Line(o.target(r)))
	}
	if n := len(chosen) - 20; n > 0 {
		fmt.Fprintf(o.env.Err, "  and %d more\n", n)
	}
	agreed, err := o.env.Person().Agrees(ctx, fmt.Sprintf("\nSend %s? Only yes is taken as an answer: ", view.Plural(len(chosen), "invitation")))
	if err == nil && !agreed {
		err = &cli.Exit{Code: cli.CodeFailed, Err: errors.New("nothing was sent")}
	}
	return err
}

// target is where an invitation goes, for people.
func (o *options) target(r workspace.Registration) string {
	switch {
	case o.to != "private":
		return o.to
	case r.Mail == "":
		return "the private address (the service shows none)"
	}
	return r.Mail
}

func (o *options) send(ctx context.Context, w *workspace.Workspace, people, chosen []workspace.Registration) error {
	to := o.to
	if to == "private" {
		to = ""
	}
	sent, failed := map[addr.Address]bool{}, map[addr.Address]error{}
	err := w.Invite(ctx, chosen, to, func(r workspace.Registration, err error) {
		if err != nil {
			failed[r.Address] = err
			fmt.Fprintf(o.env.Err, "not sent: %s %s: %v\n", r.Address, view.Line(r.Title), err)
			return
		}
		sent[r.Address] = true
		fmt.Fprintf(o.env.Err, "sent: %s %s to %s\n", r.Address, view.Line(r.Title), view.Line(o.target(r)))
	})
	if listErr := o.list(people, sent, failed); listErr != nil || err != nil {
		return errors.Join(err, listErr)
	}
	if len(failed) > 0 {
		return &cli.Exit{Code: cli.CodePartly, Err: fmt.Errorf("%s could not be sent", view.Plural(len(failed), "invitation"))}
	}
	return nil
}
