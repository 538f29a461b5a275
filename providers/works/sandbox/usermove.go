package sandbox

import (
	"slices"
	"strings"
)

func moveShape() []prop {
	return []prop{
		{name: "organizations", kind: list, need: true, min: 1, elem: &prop{kind: object, props: organizationShape()}},
		{name: "userExternalKey", kind: text, null: true, max: 100, rule: keyRule},
		{name: "preserveGroup", kind: flag, def: false},
	}
}

// moveUser relocates a member to another domain of the tenant: reference 10 §2.13.
func moveUser(c *call) (any, error) {
	u, err := c.user()
	if err != nil {
		return nil, err
	}
	body, err := checker{switches: c.switches}.body(moveShape(), c.body)
	if err != nil {
		return nil, err
	}
	moved, err := c.movedTo(u, body)
	if err != nil {
		return nil, err
	}
	target := moved.Props.DomainID
	switch {
	case u.DeletedAt != nil:
		return nil, badRequest("a deleted member cannot be moved")
	case u.Admin:
		return nil, badRequest("the super administrator cannot be moved")
	case target == u.Props.DomainID:
		return nil, badRequest("the member is in domain %d already", target)
	case (u.Chat.Works || u.Chat.LINE) && c.switches.is("move-external-chat", "refused"):
		return nil, badRequest("domain %d does not support the external chat that the member may use", target)
	}
	before := *u
	before.Props.DomainID = target
	if err := c.checkUser(&before, moved); err != nil {
		return nil, err
	}
	if body["preserveGroup"] != true {
		c.leaveGroups(u.ID)
	}
	c.demoteManagers(moved)
	c.putUser(moved)
	if c.status = c.switches.status("user-move-status"); c.status == 204 {
		return nil, nil
	}
	return c.wireUser(moved), nil
}

// movedTo is the member as a move makes it, unchecked: the domain, address, key and teams
// of the body, without what belongs to the old domain.
func (c *call) movedTo(u *user, body map[string]any) (*user, error) {
	list := body["organizations"].([]any)
	main := list[0].(map[string]any)
	for _, o := range list {
		if org := o.(map[string]any); org["primary"] == true {
			main = org
		}
	}
	write := map[string]any{"organizations": list, "domainId": main["domainId"]}
	if email, _ := main["email"].(string); email != "" {
		write["email"] = email
	} else {
		return nil, missing("organizations.email")
	}
	for _, from := range []map[string]any{body, main} {
		if key, given := from["userExternalKey"]; given {
			write["userExternalKey"] = key
			break
		}
	}
	props, err := overlay(u.Props, write, false)
	if err != nil {
		return nil, err
	}
	props.Custom = nil
	if i := c.itemOf(props.UserTypeID); i != nil && i.Props.DomainID != props.DomainID {
		props.UserTypeID = nil
	}
	held := slices.ContainsFunc(props.Organizations, func(o organization) bool { return o.Email == u.Props.Email })
	if c.switches.is("user-move-alias", "kept") && !held && c.server.plan.mail && len(props.AliasEmails) < 10 && props.Email != u.Props.Email {
		props.AliasEmails = append(append([]string{}, without(props.AliasEmails, props.Email)...), u.Props.Email)
	}
	moved := *u
	moved.Props = props
	return &moved, nil
}

func without(list []string, out string) []string {
	left := make([]string, 0, len(list))
	for _, s := range list {
		if !strings.EqualFold(s, out) {
			left = append(left, s)
		}
	}
	return left
}

// usersOf are the members that the list of a domain shows.
func (t *tenant) usersOf(domain int) sequence {
	all := t.usersIn[domainKey(domain)]
	if t.switches.is("concurrent-listed", "no") {
		return all
	}
	all = slices.Clone(all)
	for _, u := range t.users {
		for _, o := range u.Props.Organizations {
			if o.DomainID == domain && u.Props.DomainID != domain {
				all = all.with(u.Seq)
			}
		}
	}
	return all
}
