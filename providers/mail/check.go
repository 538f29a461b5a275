package mail

import (
	"fmt"
	"strings"

	"github.com/isaworks/isa/internal/addr"
	"github.com/isaworks/isa/internal/value"
	"github.com/isaworks/isa/providers/directory"
)

// inTwoWaves notes which wave lists each member, and refuses a second one.
func (r *reader) inTwoWaves() {
	for _, w := range r.plan.Waves {
		for i, a := range w.Members {
			first := r.waveOf[a]
			if first == nil {
				r.waveOf[a] = w
			} else if first != w {
				r.report(w.declared, ruleWaveTwice.at(value.Of("members").Index(i), fmt.Sprintf("%s is in %s already", a, first.Address), "take the member out of one of the two"))
			}
		}
	}
}

// check applies the rules that concern several blocks.
func (r *reader) check() {
	r.limits()
	r.gateways()
	r.routes()
	r.mailless()
	r.addresses()
	r.accounts()
	r.perMember()
	r.empty()
}

// limits makes the limits of a server the same for all its sources: those of the
// block that has some.
func (r *reader) limits() {
	of := map[string]*Source{}
	for _, s := range r.plan.Sources {
		first := of[s.place()]
		switch {
		case s.Limits == (Limits{}):
		case first == nil:
			of[s.place()] = s
		case !s.Limits.same(first.Limits):
			r.report(s.declared, ruleLimits.at(value.Of("limits"), fmt.Sprintf("%s has other limits for the same server %s", first.Address, s.place()),
				"write the same limits in both, or in one of them only"))
		}
	}
	for _, s := range r.plan.Sources {
		if first := of[s.place()]; first != nil {
			s.Limits = first.Limits
		}
	}
}

// mailless refuses mail on plans that have none (41 §3).
func (r *reader) mailless() {
	if r.tenant.Plan != "free" && r.tenant.Plan != "lite" {
		return
	}
	for _, m := range r.plan.Migrations {
		r.reportBlock(m.declared, rulePlan.at(nil, "the plan "+r.tenant.Plan+" has no mailboxes", "remove the block, or write the right tenant.plan"))
	}
}

// addresses wants what the mailbox is opened by, and equal addresses for routing
// (guide 0-56).
func (r *reader) addresses() {
	for _, m := range r.plan.Migrations {
		if r.members[m.Member] == nil {
			continue // a reference to nothing was reported
		}
		if m.Mail == "" {
			r.report(m.declared, ruleLoginID.at(value.Of("member"), m.Member.String()+" has no login_id", "write login_id in the member's block"))
			continue
		}
		if user := m.Login.User; m.Coexistence.Mode == CoexistRouting && strings.Contains(user, "@") && !r.hasAddress(m, user) {
			r.report(m.declared, ruleRouting.at(value.Of("login", "user"), fmt.Sprintf("the old address is %s, the new one %s, and %s routes", user, m.Mail, m.Wave),
				fmt.Sprintf("write mode = %q in %s, or give the member the alias %s", CoexistForwarding, m.Wave, user)))
		}
	}
}

// hasAddress reports whether a member receives mail for an address.
func (r *reader) hasAddress(m *Migration, address string) bool {
	who := r.members[m.Member]
	if strings.EqualFold(address, m.Mail) {
		return true
	}
	for _, alias := range list(who.Attrs["aliases"]) {
		if strings.EqualFold(address, directory.FullAddress(alias, who.Company)) {
			return true
		}
	}
	return false
}

// accounts refuses to copy one account twice (guide 0-27), and into the mailboxes
// of two people unless all of them say so.
func (r *reader) accounts() {
	type pair struct {
		account string
		member  addr.Address
	}
	into := map[pair]*Migration{}
	first := map[string]*Migration{}
	for _, m := range r.plan.Migrations {
		if m.Login.User == "" && m.Path == "" {
			continue
		}
		p := pair{m.Account(), m.Member}
		if other := into[p]; other != nil {
			r.report(m.declared, ruleTwice.at(m.opened(), fmt.Sprintf("%s copies %s into the mailbox of %s already", other.Address, m.Account(), m.Member),
				"remove one of the two blocks, or correct the login"))
			continue
		}
		into[p] = m
		other := first[p.account]
		if other == nil {
			first[p.account] = m
			continue
		}
		if value.True(m.declared.Attrs["shared_account"]) && value.True(other.declared.Attrs["shared_account"]) {
			continue
		}
		r.report(m.declared, ruleAccount.at(m.opened(), fmt.Sprintf("%s copies %s into the mailbox of %s, and this block into that of %s", other.Address, m.Account(), other.Member, m.Member),
			"correct the login that is in the wrong place; if both are to have the mail, write shared_account = true in each block"))
	}
}

// opened is the argument that says which account it is.
func (m *Migration) opened() value.Path {
	if Files(m.Source.Type) {
		return value.Of("path")
	}
	return value.Of("login", "user")
}

// perMember refuses migrations of one member in two waves.
func (r *reader) perMember() {
	wave := map[addr.Address]*Migration{}
	for _, m := range r.plan.Migrations {
		if m.Wave.IsZero() {
			continue
		}
		other := wave[m.Member]
		switch {
		case other == nil:
			wave[m.Member] = m
		case other.Wave != m.Wave && r.waveOf[m.Member] == nil: // else choose has reported it
			r.report(m.declared, ruleWaveTwice.at(value.Of("wave"), fmt.Sprintf("%s moves %s with %s", other.Address, m.Member, other.Wave), fmt.Sprintf("write wave = %s here too, or the other way round", other.Wave)))
		}
	}
}

// empty warns of waves that move nothing.
func (r *reader) empty() {
	used := map[addr.Address]bool{}
	for _, m := range r.plan.Migrations {
		used[m.Wave] = true
	}
	for _, w := range r.plan.Waves {
		if !used[w.Address] {
			r.reportBlock(w.declared, ruleWaveEmpty.warn(nil, "no mail_migration belongs to it", "write mail_migration blocks for its members, or remove the wave"))
		}
	}
}
