package sandbox

import (
	"net/http"
	"strings"
)

// groupShape is the body of create and update: reference 22 §2.
func groupShape() []prop {
	return []prop{
		{name: "groupId", readOnly: true},
		{name: "domainId", kind: number, need: true},
		{name: "groupName", kind: text, need: true, max: 100, rule: filled(anyText)},
		{name: "description", kind: text, null: true, max: 300},
		{name: "visible", kind: flag}, {name: "useServiceNotification", kind: flag}, {name: "serviceManageable", kind: flag},
		{name: "groupExternalKey", kind: text, null: true, max: 100, rule: keyRule},
		{name: "administrators", kind: list, need: true, min: 1, elem: &prop{kind: object, props: []prop{
			{name: "userId", kind: text, need: true, min: 1}, {name: "userExternalKey", readOnly: true}}}},
		{name: "members", kind: list, need: true, elem: &prop{kind: object, props: groupMemberShape()}},
		{name: "useMessage", kind: flag}, {name: "useNote", kind: flag}, {name: "useCalendar", kind: flag},
		{name: "useTask", kind: flag}, {name: "useFolder", kind: flag}, {name: "useMail", kind: flag},
		{name: "groupEmail", kind: text, null: true, max: 90, rule: listAddressRule},
		{name: "aliasEmails", kind: list, max: 20, elem: &prop{kind: text, max: 90, rule: listAddressRule}},
		{name: "canReceiveExternalMail", kind: flag},
		{name: "toExternalEmails", kind: list, elem: &prop{kind: text, max: 256, rule: outsideAddressRule}},
		allowedShape("membersAllowedToUseGroupEmailAsRecipient"), allowedShape("membersAllowedToUseGroupEmailAsSender"),
	}
}

func groupMemberShape() []prop {
	return []prop{{name: "id", kind: text, need: true, min: 1},
		{name: "type", kind: text, need: true, rule: oneOf("USER", "ORGUNIT", "GROUP")},
		{name: "externalKey", readOnly: true}}
}

// wireGroup's own fields stand before the stored ones of the same JSON name.
type wireGroup struct {
	groupProps
	GroupID        string            `json:"groupId"`
	Administrators []wireAllowed     `json:"administrators"`
	Members        []wireGroupMember `json:"members"`
	Recipients     []wireAllowed     `json:"membersAllowedToUseGroupEmailAsRecipient"`
	Senders        []wireAllowed     `json:"membersAllowedToUseGroupEmailAsSender"`
}

type wireGroupMember struct {
	ID   string  `json:"id"`
	Type string  `json:"type"`
	Key  *string `json:"externalKey"`
}

func (c *call) wireGroup(g *group) *wireGroup {
	p := &g.Props
	w := &wireGroup{
		groupProps: *p, GroupID: g.ID, Administrators: c.wireAllowed(p.Administrators), Members: make([]wireGroupMember, 0, len(p.Members)),
		Recipients: c.wireAllowed(p.Recipients), Senders: c.wireAllowed(p.Senders),
	}
	w.AliasEmails, w.ToExternal = filledList(p.AliasEmails), filledList(p.ToExternal)
	for _, m := range p.Members {
		if row, ok := c.wireGroupMember(m); ok {
			w.Members = append(w.Members, row)
		}
	}
	return w
}

// wireGroupMember renders a member; who is in the deletion period is hidden.
func (c *call) wireGroupMember(m groupMember) (wireGroupMember, bool) {
	row := wireGroupMember{ID: m.ID, Type: m.Type}
	switch m.Type {
	case "USER":
		u := c.users[m.ID]
		if u == nil || u.DeletedAt != nil {
			return row, false
		}
		row.Key = u.Props.Key
	case "ORGUNIT":
		if u := c.units[m.ID]; u != nil {
			row.Key = u.Props.Key
		}
	case "GROUP":
		if g := c.groups[m.ID]; g != nil {
			row.Key = g.Props.Key
		}
	}
	return row, true
}

func (t *tenant) findGroup(ref string) *group {
	if key, ok := strings.CutPrefix(ref, "externalKey:"); ok {
		return t.groups[t.keys[keyIn("group", key)]]
	}
	return t.groups[ref]
}

func (c *call) group() (*group, error) {
	g := c.findGroup(c.path["groupId"])
	if g == nil {
		return nil, refuse(http.StatusNotFound, "GROUP_NOT_EXIST", "there is no such group")
	}
	return g, nil
}

func listGroups(c *call) (any, error) {
	if err := c.onlyQuery("domainId", "count", "cursor"); err != nil {
		return nil, err
	}
	domain, err := c.domainID()
	if err != nil {
		return nil, err
	}
	p, err := c.page("groups/" + domainKey(domain))
	if err != nil {
		return nil, err
	}
	rows, meta, err := bySequence(c, p, c.groupsIn[domainKey(domain)], func(id string) (*wireGroup, bool) {
		g := seen(c, id, c.groups[id])
		if g == nil {
			return nil, false
		}
		return c.wireGroup(g), true
	})
	return struct {
		Groups []*wireGroup `json:"groups"`
		Meta   metaData     `json:"responseMetaData"`
	}{rows, meta}, err
}

func getGroup(c *call) (any, error) {
	g, err := c.group()
	if err != nil {
		return nil, err
	}
	if g = seen(c, g.ID, g); g == nil {
		return nil, refuse(http.StatusNotFound, "GROUP_NOT_EXIST", "there is no such group")
	}
	return c.wireGroup(g), nil
}

func createGroup(c *call) (any, error) {
	g := &group{}
	if err := c.groupProps(nil, g, groupProps{Visible: true, ServiceManageable: true}); err != nil {
		return nil, err
	}
	if len(c.groups) >= c.server.plan.groups {
		return nil, full("the plan allows %d groups", c.server.plan.groups)
	}
	g.Seq, g.ID = c.next()
	c.putGroup(g)
	return c.wireGroup(g), nil
}

func putGroup(c *call) (any, error) {
	return updateGroup(c, func(*group) groupProps { return groupProps{Visible: true, ServiceManageable: true} })
}

func patchGroup(c *call) (any, error) {
	return updateGroup(c, func(g *group) groupProps { return g.Props })
}

func updateGroup(c *call, base func(*group) groupProps) (any, error) {
	old, err := c.group()
	if err != nil {
		return nil, err
	}
	g := *old
	if err := c.groupProps(old, &g, base(old)); err != nil {
		return nil, err
	}
	c.putGroup(&g)
	return c.wireGroup(&g), nil
}

// groupProps checks a body, lays it over base and resolves its references.
func (c *call) groupProps(old, g *group, base groupProps) error {
	body, err := checker{switches: c.switches, partial: c.patch}.body(groupShape(), c.body)
	if err != nil {
		return err
	}
	if g.Props, err = overlay(base, body, c.patch && c.switches.is("patch-arrays", "merge")); err != nil {
		return err
	}
	p := &g.Props
	if c.domain(p.DomainID) == nil {
		return invalid("domainId %d is not a domain of this tenant", p.DomainID)
	}
	if old != nil && old.Props.DomainID != p.DomainID {
		return invalid("domainId of a group cannot change")
	}
	if err := c.groupSwitches(p, body); err != nil {
		return err
	}
	if err := c.groupMail(p, body); err != nil {
		return err
	}
	if err := c.groupPeople(g, body); err != nil {
		return err
	}
	if owner := c.names[g.nameKey()]; owner != "" && owner != g.ID {
		return c.taken("groupName %s is in use", p.Name)
	}
	if err := c.freeAddresses(g.ID, g.reservedNames()); err != nil {
		return err
	}
	return c.freeKey("group", p.Key, g.ID)
}

func (c *call) groupSwitches(p *groupProps, body map[string]any) error {
	if !p.UseMessage && c.switches.is("group-sub-switch", "rejected") {
		for _, name := range []string{"useNote", "useCalendar", "useTask", "useFolder"} {
			if body[name] == true {
				return invalid("%s needs useMessage", name)
			}
		}
	}
	roomSwitches(p.UseMessage, &p.UseNote, &p.UseCalendar, &p.UseTask, &p.UseFolder)
	return nil
}

// groupMail checks the mailing list; switching it off frees its addresses.
func (c *call) groupMail(p *groupProps, body map[string]any) error {
	if !p.UseMail {
		email, _ := body["groupEmail"].(string)
		aliases, _ := body["aliasEmails"].([]any)
		if (email != "" || len(aliases) > 0) && c.switches.is("group-email-without-mail", "rejected") {
			return invalid("groupEmail and aliasEmails need useMail")
		}
		p.Email, p.AliasEmails = nil, nil
		return nil
	}
	if !c.server.plan.mail {
		return invalid("useMail: the plan has no mail")
	}
	if deref(p.Email) == "" {
		return missing("groupEmail")
	}
	return nil
}

func (c *call) groupPeople(g *group, body map[string]any) error {
	p := &g.Props
	if members, ok := body["members"].([]any); ok && len(members) == 0 && c.switches.is("group-empty-members", "rejected") {
		return invalid("members must not be empty")
	}
	unknown := func(format string, args ...any) *refusal {
		return withStatus(c.switches.status("group-unknown-member"), format, args...)
	}
	var err error
	for _, l := range []struct {
		name string
		list *[]allowed
	}{{"administrators", &p.Administrators}, {"membersAllowedToUseGroupEmailAsRecipient", &p.Recipients}, {"membersAllowedToUseGroupEmailAsSender", &p.Senders}} {
		if _, sent := body[l.name]; !sent {
			continue // as stored, checked before
		}
		if *l.list, err = c.resolveAllowed(l.name, *l.list, unknown); err != nil {
			return err
		}
	}
	if _, sent := body["members"]; !sent {
		return nil
	}
	resolved := make([]groupMember, 0, len(p.Members))
	for _, m := range p.Members {
		if m, err = c.resolveMember(g, m); err != nil {
			return err
		}
		if hasMember(resolved, m) {
			return invalid("members: %s is given twice", m.ID)
		}
		resolved = append(resolved, m)
	}
	p.Members = resolved
	return nil
}

func hasMember(list []groupMember, m groupMember) bool {
	for _, have := range list {
		if have == m {
			return true
		}
	}
	return false
}

// resolveMember finds the object that a member names, and refuses cycles.
func (c *call) resolveMember(g *group, m groupMember) (groupMember, error) {
	if m.Type != "USER" && strings.HasPrefix(m.ID, "externalKey:") && c.switches.is("group-member-key", "rejected") {
		return m, invalid("members: externalKey: names users only")
	}
	id := ""
	switch m.Type {
	case "USER":
		if u := c.findUser(m.ID); u != nil && (u.DeletedAt == nil || hasMember(g.Props.Members, groupMember{u.ID, "USER"})) {
			id = u.ID
		}
	case "ORGUNIT":
		if u := c.findUnit(m.ID); u != nil {
			id = u.ID
		}
	case "GROUP":
		if other := c.findGroup(m.ID); other != nil {
			id = other.ID
			if g.ID != "" && c.switches.is("group-cycles", "rejected") && c.reaches(other, g.ID, map[string]bool{}) {
				return m, invalid("members: the group would contain itself")
			}
		}
	}
	if id == "" {
		return m, withStatus(c.switches.status("group-unknown-member"), "members: there is no %s %s", m.Type, m.ID)
	}
	return groupMember{id, m.Type}, nil
}

// reaches tells whether a group is or contains another.
func (c *call) reaches(from *group, id string, been map[string]bool) bool {
	if from.ID == id {
		return true
	}
	been[from.ID] = true
	for _, m := range from.Props.Members {
		if next := c.groups[m.ID]; m.Type == "GROUP" && next != nil && !been[m.ID] && c.reaches(next, id, been) {
			return true
		}
	}
	return false
}

func deleteGroup(c *call) (any, error) {
	g, err := c.group()
	if err != nil {
		return nil, err
	}
	c.leaveGroups(g.ID)
	c.drop(g.ID)
	return nil, nil
}
