package sandbox

import (
	"fmt"
	"slices"
	"time"
	"unicode/utf8"
)

// checkUser checks what one property alone cannot tell, fills what the service
// fills and resolves references to IDs. old is nil for a new member.
func (c *call) checkUser(old, u *user) error {
	p := &u.Props
	self := u.ID
	if c.domain(p.DomainID) == nil {
		return invalid("domainId %d is not a domain of this tenant", p.DomainID)
	}
	if old != nil && p.DomainID != old.Props.DomainID {
		return invalid("domainId cannot change; move the member to the other domain")
	}
	if err := checkUserTexts(p); err != nil {
		return err
	}
	if u.Admin && p.PrivateEmail == nil {
		return missing("privateEmail")
	}
	if err := c.checkActivation(old, p); err != nil {
		return err
	}
	if err := c.resolveUserType(p); err != nil {
		return err
	}
	if err := c.resolveOrganizations(u); err != nil {
		return err
	}
	if err := c.resolveRelations(old, p); err != nil {
		return err
	}
	if err := c.checkCustom(p); err != nil {
		return err
	}
	if len(p.AliasEmails) > 0 && !c.server.plan.mail {
		return invalid("aliasEmails: the plan has no alias addresses")
	}
	if err := c.freeAddresses(self, c.reservedNames(u)); err != nil {
		return err
	}
	if p.EmployeeNumber != nil && c.switches.is("employee-number-unique", "yes") {
		if owner := c.numbers[*p.EmployeeNumber]; owner != "" && owner != self {
			return c.taken("employeeNumber is taken by another member")
		}
	}
	return c.freeKey("user", p.Key, self)
}

func checkUserTexts(p *userProps) error {
	last, first := deref(p.Name.LastName), deref(p.Name.FirstName)
	if last == "" && first == "" {
		return missing("userName.lastName or userName.firstName")
	}
	if utf8.RuneCountInString(last)+utf8.RuneCountInString(first) > 80 {
		return tooMuch("userName has more than 80 characters")
	}
	used := map[string]bool{}
	for _, n := range p.I18nNames {
		if used[n.Language] {
			return invalid("i18nNames has %s twice", n.Language)
		}
		used[n.Language] = true
	}
	if m := p.Messenger; m != nil && m.Protocol == "CUSTOM" && deref(m.CustomProtocol) == "" {
		return missing("messenger.customProtocol")
	}
	return nil
}

func (c *call) checkActivation(old *user, p *userProps) error {
	if p.ActivationDate == nil || old != nil && deref(old.Props.ActivationDate) == *p.ActivationDate {
		return nil
	}
	at, err := time.Parse(time.RFC3339, *p.ActivationDate)
	if err != nil || !at.After(c.now) {
		return invalid("activationDate must be in the future")
	}
	return nil
}

func (c *call) resolveUserType(p *userProps) error {
	if p.UserTypeID == nil {
		return nil
	}
	id, err := c.resolveItem(itemListOf(listUserType), p.DomainID, *p.UserTypeID, "userTypeId")
	p.UserTypeID = &id
	return err
}

// resolveItem resolves a level, position or user type that a member is to have.
func (c *call) resolveItem(l *itemList, domain int, ref, at string) (string, error) {
	if !c.features[itemSpace(l.list, domain)] {
		return "", invalid("%s: %s are switched off in domain %d", at, l.plural, domain)
	}
	i := c.findItem(l, domain, ref)
	if i == nil || i.Props.DomainID != domain {
		return "", invalid("%s: there is no such %s in domain %d", at, l.one, domain)
	}
	return i.ID, nil
}

// resolveOrganizations checks domains, units and the one primary of each level:
// reference 10 §9.5 and §9.6.
func (c *call) resolveOrganizations(u *user) error {
	p := &u.Props
	if len(p.Organizations) == 0 {
		p.Organizations = []organization{{DomainID: p.DomainID, Primary: true, Email: p.Email}}
	}
	orgs := append([]organization{}, p.Organizations...)
	p.Organizations = orgs
	if err := onePrimary(len(orgs), "organizations", func(i int) *bool { return &orgs[i].Primary }); err != nil {
		return err
	}
	seen := map[int]bool{}
	for i := range orgs {
		o := &orgs[i]
		at := fmt.Sprintf("organizations[%d]", i)
		switch {
		case c.domain(o.DomainID) == nil:
			return invalid("%s.domainId %d is not a domain of this tenant", at, o.DomainID)
		case seen[o.DomainID]:
			return invalid("%s.domainId %d is given twice", at, o.DomainID)
		case o.Primary != (o.DomainID == p.DomainID):
			return invalid("%s: the primary organization must be the one of domainId %d", at, p.DomainID)
		}
		seen[o.DomainID] = true
		if o.Email == "" || o.Primary {
			o.Email = p.Email
		}
		if o.LevelID != nil {
			id, err := c.resolveItem(itemListOf(listLevel), o.DomainID, *o.LevelID, at+".levelId")
			if err != nil {
				return err
			}
			o.LevelID = &id
		}
		if err := c.resolveMemberships(o, at); err != nil {
			return err
		}
	}
	return nil
}

func (c *call) resolveMemberships(o *organization, at string) error {
	units := append([]membership{}, o.OrgUnits...)
	o.OrgUnits = units
	if err := onePrimary(len(units), at+".orgUnits", func(i int) *bool { return &units[i].Primary }); err != nil {
		return err
	}
	used := map[string]bool{}
	for i := range units {
		m := &units[i]
		here := fmt.Sprintf("%s.orgUnits[%d]", at, i)
		unit := c.findUnit(m.OrgUnitID)
		switch {
		case unit == nil:
			return invalid("%s.orgUnitId: there is no such org unit", here)
		case unit.Props.DomainID != o.DomainID:
			return invalid("%s.orgUnitId: the org unit belongs to another domain", here)
		case used[unit.ID]:
			return invalid("%s.orgUnitId: the org unit is given twice", here)
		}
		used[unit.ID] = true
		m.OrgUnitID = unit.ID
		if m.PositionID != nil {
			id, err := c.resolveItem(itemListOf(listPosition), o.DomainID, *m.PositionID, here+".positionId")
			if err != nil {
				return err
			}
			m.PositionID = &id
		}
	}
	return nil
}

// onePrimary makes the first primary when none is, and refuses two.
func onePrimary(n int, at string, primary func(int) *bool) error {
	count := 0
	for i := range n {
		if *primary(i) {
			count++
		}
	}
	if count > 1 {
		return invalid("%s has %d primary entries, exactly one is allowed", at, count)
	}
	if count == 0 && n > 0 {
		*primary(0) = true
	}
	return nil
}

// resolveRelations refuses whom nobody knows. Who was removed for good since the relation
// was made has left it.
func (c *call) resolveRelations(old *user, p *userProps) error {
	out := make([]relation, 0, len(p.Relations))
	for i, r := range p.Relations {
		switch {
		case c.users[r.UserID] != nil:
		case old != nil && slices.ContainsFunc(old.Props.Relations, func(had relation) bool { return had.UserID == r.UserID }):
			continue
		default:
			return invalid("relations[%d].relationUserId: there is no such member", i)
		}
		out = append(out, r)
	}
	p.Relations = out
	return nil
}

// taken refuses what is unique and used already.
func (c *call) taken(format string, args ...any) error {
	if c.switches.is("duplicate-status", "400") {
		return invalid(format, args...)
	}
	return withStatus(409, format, args...)
}

// freeAddresses checks that addresses lie in the tenant and belong to nobody else:
// members, org units and groups share them.
func (c *call) freeAddresses(self string, list []string) error {
	used := map[string]bool{}
	for _, a := range list {
		if !c.ownAddress(a) {
			return invalid("%s is not in a domain of this tenant", a)
		}
		if used[a] {
			return invalid("%s is given twice", a)
		}
		used[a] = true
		if owner := c.addresses[a]; owner != "" && owner != self {
			return c.taken("%s is in use", a)
		}
	}
	return nil
}

// freeKey checks that an external key is free in its space.
func (c *call) freeKey(space string, key *string, self string) error {
	if key == nil {
		return nil
	}
	if owner := c.keys[keyIn(space, *key)]; owner != "" && owner != self {
		return c.taken("external key %s is in use", *key)
	}
	return nil
}
