package sandbox

import (
	"sort"
)

func listGroupMembers(c *call) (any, error) {
	g, p, err := c.groupPage("members of ")
	if err != nil {
		return nil, err
	}
	var rows []wireGroupMember
	for _, m := range g.Props.Members {
		if row, ok := c.wireGroupMember(m); ok {
			rows = append(rows, row)
		}
	}
	sort.Slice(rows, func(a, b int) bool { return rows[a].ID < rows[b].ID })
	byID := map[string]wireGroupMember{}
	ids := make([]string, 0, len(rows))
	for _, r := range rows {
		byID[r.ID], ids = r, append(ids, r.ID)
	}
	page, meta := byKeys(p, ids, ids, func(id string) (wireGroupMember, bool) { return byID[id], true })
	return map[string]any{"members": page, "responseMetaData": meta}, nil
}

func listGroupAdministrators(c *call) (any, error) {
	g, p, err := c.groupPage("administrators of ")
	if err != nil {
		return nil, err
	}
	byID := map[string]wireAllowed{}
	for _, a := range c.wireAllowed(g.Props.Administrators) {
		byID[a.UserID] = a
	}
	ids := sortedKeys(byID)
	page, meta := byKeys(p, ids, ids, func(id string) (wireAllowed, bool) { return byID[id], true })
	return map[string]any{"administrators": page, "responseMetaData": meta}, nil
}

func (c *call) groupPage(list string) (*group, page, error) {
	if err := c.onlyQuery("domainId", "count", "cursor"); err != nil {
		return nil, page{}, err
	}
	g, err := c.group()
	if err != nil {
		return nil, page{}, err
	}
	p, err := c.page(list + g.ID)
	return g, p, err
}

func addGroupMember(c *call) (any, error) {
	g, err := c.group()
	if err != nil {
		return nil, err
	}
	body, err := checker{switches: c.switches}.body(groupMemberShape(), c.body)
	if err != nil {
		return nil, err
	}
	m, err := c.resolveMember(g, groupMember{ID: body["id"].(string), Type: body["type"].(string)})
	if err != nil {
		return nil, err
	}
	if hasMember(g.Props.Members, m) {
		return nil, withStatus(409, "%s is a member already", m.ID)
	}
	with := *g
	with.Props.Members = append(append([]groupMember{}, g.Props.Members...), m)
	c.putGroup(&with)
	row, _ := c.wireGroupMember(m)
	return row, nil
}

func removeGroupMember(c *call) (any, error) {
	if err := c.onlyQuery("type", "domainId"); err != nil {
		return nil, err
	}
	g, err := c.group()
	if err != nil {
		return nil, err
	}
	kind := c.query.Get("type")
	if kind == "" {
		return nil, missing("type")
	}
	if wrong := oneOf("USER", "ORGUNIT", "GROUP")(kind); wrong != "" {
		return nil, invalid("type %s", wrong)
	}
	id := c.memberID(kind, c.path["id"])
	left := *g
	left.Props.Members = make([]groupMember, 0, len(g.Props.Members))
	for _, m := range g.Props.Members {
		if m != (groupMember{id, kind}) {
			left.Props.Members = append(left.Props.Members, m)
		}
	}
	if len(left.Props.Members) == len(g.Props.Members) {
		return nil, notFound("%s is not a member of the group", c.path["id"])
	}
	c.putGroup(&left)
	return nil, nil
}

// memberID resolves the name of a member that is to be removed.
func (c *call) memberID(kind, ref string) string {
	switch kind {
	case "USER":
		if u := c.findUser(ref); u != nil {
			return u.ID
		}
	case "ORGUNIT":
		if u := c.findUnit(ref); u != nil {
			return u.ID
		}
	case "GROUP":
		if g := c.findGroup(ref); g != nil {
			return g.ID
		}
	}
	return ref
}

func addGroupAdministrator(c *call) (any, error) {
	g, err := c.group()
	if err != nil {
		return nil, err
	}
	body, err := checker{switches: c.switches}.body([]prop{{name: "userId", kind: text, need: true, min: 1}, {name: "userExternalKey", readOnly: true}}, c.body)
	if err != nil {
		return nil, err
	}
	u := c.findUser(body["userId"].(string))
	if u == nil || u.DeletedAt != nil {
		return nil, withStatus(c.switches.status("group-unknown-member"), "userId: there is no such member")
	}
	if names(g.Props.Administrators, u.ID) {
		return nil, withStatus(409, "%s is an administrator already", u.ID)
	}
	with := *g
	with.Props.Administrators = append(append([]allowed{}, g.Props.Administrators...), allowed{u.ID})
	c.putGroup(&with)
	return wireAllowed{u.ID, u.Props.Key}, nil
}

func removeGroupAdministrator(c *call) (any, error) {
	if err := c.onlyQuery("domainId"); err != nil {
		return nil, err
	}
	g, err := c.group()
	if err != nil {
		return nil, err
	}
	id := c.memberID("USER", c.path["userId"])
	if !names(g.Props.Administrators, id) {
		return nil, notFound("%s is not an administrator of the group", c.path["userId"])
	}
	left := *g
	left.Props.Administrators = withoutUser(g.Props.Administrators, id)
	if len(left.Props.Administrators) == 0 {
		return nil, withStatus(c.switches.status("group-last-administrator"), "a group needs an administrator")
	}
	c.putGroup(&left)
	return nil, nil
}
