package mail

import (
	"fmt"
	"strings"

	"github.com/isaworks/isa/internal/addr"
	"github.com/isaworks/isa/internal/schema"
	"github.com/isaworks/isa/internal/value"
	"github.com/isaworks/isa/providers/directory"
)

// ForwardingKind is the kind of forwardings of mailboxes at NAVER WORKS.
const ForwardingKind = "mail_forwarding"

// Objects returns the kinds of mail that are objects of the tenant. Each call makes
// new schemas.
func Objects() []*schema.Kind { return []*schema.Kind{forwarding()} }

// forwarding is where a member's mail goes on to: one address, which the service can
// be told and cannot be asked (40 §7).
func forwarding() *schema.Kind {
	return &schema.Kind{
		Type: ForwardingKind, Version: 1, Unread: "member", Natural: []string{"member"}, Removals: []string{"delete", "keep"},
		Attrs: []schema.Attr{
			{Name: "member", Type: schema.RefTo(memberKind), Required: true, CreateOnly: true, Doc: "Whose mail goes on; one block each. The service cannot be asked, so that what is changed by hand is not noticed."},
			{Name: "to", Type: schema.Text(), Required: true, CaseFold: true, Check: texts(forwardText),
				Doc: "Where to: one address, not of a group or an org unit. The administrator must allow forwarding to addresses outside."},
			{Name: "keep_original", Type: schema.Switch(), Doc: "Whether the mail stays in the mailbox too; `true` when not given. With `false` it goes to Trash."},
		},
		Prepare: func(in *schema.Instance) []schema.Problem {
			if in.Attrs["keep_original"] == nil {
				in.Attrs["keep_original"] = value.Bool(true)
			}
			return nil
		},
		Claims: func(attrs value.Object, _ schema.Company, id func(value.Value) string) []schema.Claim {
			who := id(attrs["member"])
			if who == "" {
				return nil
			}
			return []schema.Claim{{Space: ForwardingKind, Name: who, Path: value.Of("member")}}
		},
		Title: func(attrs value.Object) string { return "to " + value.Text(attrs["to"]) },
	}
}

// forwardText checks an address to forward to (40 §7: RFC 822).
func forwardText(text string) string {
	local, host, ok := strings.Cut(text, "@")
	if !ok || local == "" || strings.ContainsAny(text, " \t\r\n<>,;") || strings.Contains(host, "@") || !strings.Contains(host, ".") || hostText(host) != "" {
		return fmt.Sprintf("%q is no mail address; write one, such as gildong@old.example", text)
	}
	return ""
}

var ruleForwardingLoop = breach{"mail.forwarding_loop", "Mail would go round in a ring",
	"A mail_forwarding sends a member's mail from NAVER WORKS to an address whose mail comes back to the member: to the old address while the wave's coexistence forwards old mail to NAVER WORKS, to an address of the member, or to members whose forwardings lead back. Each mail would be sent round until a server stops it. Forward in one direction only: remove the block, or write mode = \"none\" in the wave's coexistence and end the forwarding at the old server first."}

// forwardings refuses forwardings that lead back to where they begin.
func forwardings(objs []*schema.Instance, r *reader) {
	owner := map[string]addr.Address{} // address → member
	next := map[addr.Address]addr.Address{}
	var all []*schema.Instance
	for _, in := range objs {
		switch in.Kind.Type {
		case memberKind:
			for _, a := range append([]value.Value{in.Attrs["login_id"]}, aliases(in)...) {
				if text := value.Text(a); text != "" {
					owner[strings.ToLower(directory.FullAddress(text, in.Company))] = in.Addr
				}
			}
		case ForwardingKind:
			all = append(all, in)
		}
	}
	for _, in := range all {
		if to, ok := owner[target(in)]; ok {
			next[forwards(in)] = to
		}
	}
	for _, in := range all {
		if why := r.leadsBack(in, next); why != "" {
			r.report(in, ruleForwardingLoop.at(value.Of("to"), why, "remove the block, or let mail go in one direction only"))
		}
	}
}

func aliases(in *schema.Instance) []value.Value {
	l, _ := in.Attrs["aliases"].(value.List)
	return l
}

func target(in *schema.Instance) string { return strings.ToLower(value.Text(in.Attrs["to"])) }

func forwards(in *schema.Instance) addr.Address {
	ref, _ := in.Attrs["member"].(value.Ref)
	return ref.Addr
}

// leadsBack tells how the mail of a forwarding comes back; "" when it does not.
func (r *reader) leadsBack(in *schema.Instance, next map[addr.Address]addr.Address) string {
	who := forwards(in)
	for _, m := range r.plan.Migrations {
		if m.Member == who && m.Coexistence.Mode == CoexistForwarding && sameAccount(m.Login.User, target(in)) {
			return fmt.Sprintf("%s forwards to %s, and %s lets that address forward to %s", who, target(in), m.Wave, who)
		}
	}
	seen := map[addr.Address]bool{}
	for at := next[who]; !at.IsZero() && !seen[at]; at = next[at] {
		if at == who {
			return fmt.Sprintf("%s forwards to %s, from where mail comes back to %s", who, target(in), who)
		}
		seen[at] = true
	}
	return ""
}

// sameAccount reports whether an address is that of a login at the old server, which
// may be written without its domain.
func sameAccount(user, address string) bool {
	local, _, _ := strings.Cut(address, "@")
	if strings.Contains(user, "@") {
		return strings.EqualFold(user, address)
	}
	return user != "" && strings.EqualFold(user, local)
}
