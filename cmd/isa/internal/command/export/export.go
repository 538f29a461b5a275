// Package export is `isa export`: lists for systems that isa does not reach.
package export

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/isaworks/isa/cmd/isa/internal/cli"
	"github.com/isaworks/isa/cmd/isa/internal/workspace"
	"github.com/isaworks/isa/internal/view"
	"github.com/isaworks/isa/providers/mail"
)

// New returns the command.
func New(env *cli.Env) *cobra.Command {
	cmd := &cobra.Command{
		Use: "export", Short: "Write lists for systems that isa does not reach", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(forwarding(env))
	return cmd
}

type options struct {
	env       *cli.Env
	selection workspace.Selection
	format    string
	domain    string
}

func forwarding(env *cli.Env) *cobra.Command {
	o := &options{env: env}
	cmd := &cobra.Command{
		Use: "mail-forwarding [ADDRESS...]", Short: "How the old server is to pass arriving mail on", Args: cobra.ArbitraryArgs,
		Long: "Write, for the administrator of the old server, who gets arriving mail at which new address: as a\n" +
			"table (csv), or as the old server's own settings. Mail stays at the old server too. Nothing is\n" +
			"looked up or changed anywhere. Forwardings that would send mail round in a ring are refused.\n" +
			"Only members whose wave says mode = \"forwarding\" are in settings. Routing is a setting of the\n" +
			"whole old server: its members, and those of whom no wave says anything, are in the table only.",
		RunE: func(cmd *cobra.Command, args []string) error {
			o.selection.Content = args
			return run(cmd.Context(), o)
		},
	}
	o.selection.RegisterContent(cmd)
	cmd.Flags().StringVar(&o.format, "format", "csv", "csv, postfix (virtual_alias_maps), exchange (PowerShell) or sieve (a script for all)")
	cmd.Flags().StringVar(&o.domain, "old-domain", "", "the old mail `domain`, for login names that are no addresses")
	return cmd
}

func run(ctx context.Context, o *options) error {
	write, ok := map[string]func(*options, []mail.Onward) error{"csv": table, "postfix": postfix, "exchange": exchange, "sieve": sieve}[o.format]
	if !ok {
		return fmt.Errorf("--format %q is not known; use csv, postfix, exchange or sieve", o.format)
	}
	w, err := workspace.Open(ctx, o.env, o.selection)
	if err != nil {
		return err
	}
	list, left, err := w.Onwards(o.domain)
	if err != nil {
		return err
	}
	if o.format != "csv" {
		if list, err = forwardings(o, list); err != nil {
			return err
		}
	}
	if err := write(o, list); err != nil {
		return err
	}
	for _, who := range left {
		fmt.Fprintf(o.env.Err, "Warning: %s: the old address is not known; give --old-domain, or write the address as login\n", view.Line(who))
	}
	if len(left) > 0 {
		return workspace.Partly(view.Plural(len(left), "mailbox") + " left out, as told above")
	}
	return nil
}

// table writes everything for people and spreadsheets.
func table(o *options, list []mail.Onward) error {
	c, err := workspace.NewCSV(o.env.Out, "name", "member", "old_address", "new_address", "mode", "since", "wave")
	if err != nil {
		return err
	}
	for _, e := range list {
		wave := ""
		if !e.Wave.IsZero() {
			wave = e.Wave.String()
		}
		if err := c.Row(e.Title, e.Member.String(), e.Old, e.New, e.Mode, e.Since.In(mail.Korea()), wave); err != nil {
			return err
		}
	}
	return c.Close()
}

// forwardings are the entries that settings of a server are made of: those of waves that
// say so. Routing is none of a mailbox; the others are told.
func forwardings(o *options, list []mail.Onward) ([]mail.Onward, error) {
	routed, none := 0, 0
	var out []mail.Onward
	for _, e := range list {
		switch {
		case e.Mode == mail.CoexistRouting:
			routed++
		case e.Mode != mail.CoexistForwarding:
			none++
		case !plain(e.Old) || !plain(e.New):
			return nil, fmt.Errorf("%s: the address %q or %q has characters that the format %s would have to quote; use --format csv", view.Line(e.Title), e.Old, e.New, o.format)
		default:
			out = append(out, e)
		}
	}
	if routed > 0 {
		o.env.Tell(fmt.Sprintf("Left out: %s of waves with routing, which is set for the old server as a whole; --format csv lists them.", view.Plural(routed, "member")))
	}
	if none > 0 {
		o.env.Tell(fmt.Sprintf("Left out: %s whose wave does not say mode = \"forwarding\"; --format csv lists them.", view.Plural(none, "member")))
	}
	if len(out) == 0 {
		return nil, errors.New("there is nobody whose mail is forwarded")
	}
	return out, nil
}

// plain reports an address that needs no quoting in any of the formats.
func plain(address string) bool {
	local, domain, ok := strings.Cut(address, "@")
	odd := func(r rune) bool {
		return !('a' <= r && r <= 'z' || '0' <= r && r <= '9' || strings.ContainsRune("._+-", r))
	}
	return ok && local != "" && domain != "" && !strings.ContainsFunc(local, odd) && !strings.ContainsFunc(domain, odd)
}

// byOld gathers the new addresses of each old one, in order.
func byOld(list []mail.Onward) (old []string, to map[string][]string) {
	to = map[string][]string{}
	for _, e := range list {
		if to[e.Old] == nil {
			old = append(old, e.Old)
		}
		to[e.Old] = append(to[e.Old], e.New)
	}
	slices.Sort(old)
	return old, to
}

// postfix writes a table of virtual_alias_maps. An address that stands for itself
// besides others is not expanded again (virtual(5)).
func postfix(o *options, list []mail.Onward) error {
	lines := []string{
		"# Postfix: mail stays in the old mailbox and is passed on to NAVER WORKS.",
		"# Save as /etc/postfix/isa-forwarding, run postmap on it, and add it to virtual_alias_maps.",
	}
	old, to := byOld(list)
	for _, address := range old {
		lines = append(lines, address+"\t"+strings.Join(append([]string{address}, to[address]...), ", "))
	}
	return workspace.Print(o.env, lines...)
}

// exchange writes commands of the Exchange Management Shell. A mailbox forwards to one
// address there.
func exchange(o *options, list []mail.Onward) error {
	old, to := byOld(list)
	lines := []string{"# Exchange: mail stays in the old mailbox and is passed on to NAVER WORKS. Forwarding outside must be allowed there."}
	for _, address := range old {
		if n := len(to[address]); n > 1 {
			return fmt.Errorf("%s is to go to %d addresses, and a mailbox of Exchange forwards to one; make a group of them there, or use --format csv", address, n)
		}
		lines = append(lines, fmt.Sprintf("Set-Mailbox -Identity '%s' -ForwardingSmtpAddress 'smtp:%s' -DeliverToMailboxAndForward $true", address, to[address][0]))
	}
	return workspace.Print(o.env, lines...)
}

// sieve writes one script for a whole server (RFC 5228, RFC 3894), to run before those
// of the users.
func sieve(o *options, list []mail.Onward) error {
	lines := []string{
		"# Sieve, for all users, before their own scripts (Dovecot: sieve_before): mail stays in the old mailbox and is",
		"# passed on to NAVER WORKS.",
		`require ["copy", "envelope"];`,
	}
	old, to := byOld(list)
	for _, address := range old {
		lines = append(lines, fmt.Sprintf(`if envelope :is "to" "%s" {`, address))
		for _, target := range to[address] {
			lines = append(lines, fmt.Sprintf(`  redirect :copy "%s";`, target))
		}
		lines = append(lines, "}")
	}
	return workspace.Print(o.env, lines...)
}
