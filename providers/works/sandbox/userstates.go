package sandbox

import (
	"time"
)

// deleteUser begins the deletion period: reference 10 §2.6.
func deleteUser(c *call) (any, error) {
	u, err := c.user()
	switch {
	case err != nil:
		return nil, err
	case u.Admin:
		return nil, badRequest("administrators cannot be deleted")
	case u.DeletedAt != nil:
		return nil, withStatus(c.switches.status("delete-deleted"), "the member is deleted already")
	}
	gone := *u
	gone.DeletedAt = pointer(c.now)
	c.putUser(&gone)
	return nil, nil
}

// undeleteUser restores a member as before the deletion: reference 10 §2.7.
func undeleteUser(c *call) (any, error) {
	u, err := c.user()
	if err != nil {
		return nil, err
	}
	if u.DeletedAt == nil {
		return nil, badRequest("the member is not deleted")
	}
	if c.server.plan.members > 0 && len(c.users)-len(c.deleted) >= c.server.plan.members {
		return nil, full("the plan allows %d members", c.server.plan.members)
	}
	back := *u
	back.DeletedAt = nil
	if err := c.freeAddresses(u.ID, c.reservedNames(&back)); err != nil {
		return nil, err
	}
	if err := c.freeKey("user", back.Props.Key, u.ID); err != nil {
		return nil, err
	}
	back.Props.Organizations = c.withoutTakenHeads(&back)
	c.putUser(&back)
	return c.wireUser(&back), nil
}

// withoutTakenHeads drops the head of units that got another in the meantime.
func (c *call) withoutTakenHeads(u *user) []organization {
	orgs := append([]organization{}, u.Props.Organizations...)
	for i, o := range orgs {
		units := append([]membership{}, o.OrgUnits...)
		for k := range units {
			if head := c.managers[units[k].OrgUnitID]; head != "" && head != u.ID {
				units[k].IsManager = false
			}
		}
		orgs[i].OrgUnits = units
	}
	return orgs
}

// forceDeleteUser deletes at once and for good: reference 10 §2.8.
func forceDeleteUser(c *call) (any, error) {
	u, err := c.user()
	switch {
	case err != nil:
		return nil, err
	case u.Admin:
		return nil, badRequest("administrators cannot be deleted")
	case u.DeletedAt == nil && c.switches.is("forcedelete-active", "rejected"):
		return nil, badRequest("the member must be deleted first")
	}
	c.expunge(u)
	return nil, nil
}

// expunge removes a member and every reference to him.
func (t *tenant) expunge(u *user) {
	t.leaveGroups(u.ID)
	for _, unit := range t.units {
		if names(unit.Props.Recipients, u.ID) || names(unit.Props.Senders, u.ID) {
			left := *unit
			left.Props.Recipients = withoutUser(unit.Props.Recipients, u.ID)
			left.Props.Senders = withoutUser(unit.Props.Senders, u.ID)
			t.putUnit(&left)
		}
	}
	t.drop(u.ID)
}

func names(list []allowed, id string) bool {
	for _, a := range list {
		if a.UserID == id {
			return true
		}
	}
	return false
}

func withoutUser(list []allowed, id string) []allowed {
	out := make([]allowed, 0, len(list))
	for _, a := range list {
		if a.UserID != id {
			out = append(out, a)
		}
	}
	return out
}

// leaveGroups removes an ID from all groups that name it.
func (t *tenant) leaveGroups(id string) {
	for _, gid := range t.inGroups.of(id) {
		g := *t.groups[gid]
		members := make([]groupMember, 0, len(g.Props.Members))
		for _, m := range g.Props.Members {
			if m.ID != id {
				members = append(members, m)
			}
		}
		g.Props.Members = members
		g.Props.Administrators = withoutUser(g.Props.Administrators, id)
		g.Props.Recipients = withoutUser(g.Props.Recipients, id)
		g.Props.Senders = withoutUser(g.Props.Senders, id)
		t.putGroup(&g)
	}
}

// purge removes members whose deletion period is over. The caller holds the lock.
func (t *tenant) purge(now time.Time) {
	for id, at := range t.deleted {
		if now.Sub(at) >= gracePeriod {
			t.expunge(t.users[id])
		}
	}
}

// purgeDue tells that a read must wait for a purge.
func (s *Server) purgeDue() bool {
	now := s.clock.Now()
	s.tenant.mu.RLock()
	defer s.tenant.mu.RUnlock()
	for _, at := range s.tenant.deleted {
		if now.Sub(at) >= gracePeriod {
			return true
		}
	}
	return false
}

// suspendUser: only members in use, not the super administrator (reference 10 §2.9).
func suspendUser(c *call) (any, error) {
	u, err := c.user()
	switch {
	case err != nil:
		return nil, err
	case u.Admin:
		return nil, badRequest("the super administrator cannot be suspended")
	case !u.inUse() || awaiting(&u.Props, c.now):
		return nil, badRequest("only a member in use can be suspended")
	}
	held := *u
	held.Suspended = true
	c.putUser(&held)
	return nil, nil
}

func unsuspendUser(c *call) (any, error) {
	u, err := c.user()
	switch {
	case err != nil:
		return nil, err
	case !u.Suspended || u.DeletedAt != nil:
		return nil, badRequest("the member is not suspended")
	}
	free := *u
	free.Suspended = false
	c.putUser(&free)
	return nil, nil
}

// signIn makes a pending member in use, as the first login does.
func (c *call) signIn(u *user) error {
	switch {
	case u.DeletedAt != nil:
		return badRequest("the member is deleted")
	case u.Suspended:
		return badRequest("the member is suspended")
	case awaiting(&u.Props, c.now):
		return badRequest("the member waits for the activation date")
	case !u.Pending:
		return nil
	case u.expired(c.now):
		return badRequest("the registration has expired; an administrator renews it")
	}
	in := *u
	in.Pending = false
	c.putUser(&in)
	return nil
}

type aliasAnswer struct {
	AliasEmails []string `json:"aliasEmails"`
}

func addAlias(c *call) (any, error) {
	u, err := c.user()
	if err != nil {
		return nil, err
	}
	email := c.path["email"]
	if err := checkText("email", &prop{max: 90, rule: loginRule}, email); err != nil {
		return nil, err
	}
	switch {
	case u.DeletedAt != nil:
		return nil, badRequest("the member is in the deletion period")
	case !c.server.plan.mail:
		return nil, invalid("the plan has no alias addresses")
	case contains(u.Props.AliasEmails, email):
		return nil, c.taken("%s is an alias of the member already", email)
	case len(u.Props.AliasEmails) >= 10:
		return nil, tooMuch("a member has 10 alias addresses at most")
	}
	with := *u
	with.Props.AliasEmails = append(append([]string{}, u.Props.AliasEmails...), email)
	if err := c.freeAddresses(u.ID, c.reservedNames(&with)); err != nil {
		return nil, err
	}
	c.putUser(&with)
	return aliasAnswer{with.Props.AliasEmails}, nil
}

func removeAlias(c *call) (any, error) {
	u, err := c.user()
	if err != nil {
		return nil, err
	}
	if !contains(u.Props.AliasEmails, c.path["email"]) {
		return nil, notFound("%s is not an alias of the member", c.path["email"])
	}
	left := *u
	left.Props.AliasEmails = nil
	for _, a := range u.Props.AliasEmails {
		if a != c.path["email"] {
			left.Props.AliasEmails = append(left.Props.AliasEmails, a)
		}
	}
	c.putUser(&left)
	return nil, nil
}

// state names the state of a member in refusals.
func (u *user) state() string {
	switch {
	case u.DeletedAt != nil:
		return "deleted"
	case u.Suspended:
		return "suspended"
	case u.Pending:
		return "pending"
	}
	return "in use"
}
