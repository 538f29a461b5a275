package sandbox

import (
	"maps"
	"net/http"
	"sort"
	"strings"
	"time"
)

// findUser resolves the three forms of a member's name: reference 00 §5.
func (t *tenant) findUser(ref string) *user {
	if key, ok := strings.CutPrefix(ref, "externalKey:"); ok {
		return t.users[t.keys[keyIn("user", key)]]
	}
	if strings.Contains(ref, "@") {
		if u := t.users[t.addresses[ref]]; u != nil && u.Props.Email == ref {
			return u
		}
		return nil
	}
	return t.users[ref]
}

// user returns the member of the path.
func (c *call) user() (*user, error) {
	u := c.findUser(c.path["userId"])
	if u == nil {
		return nil, refuse(http.StatusNotFound, "USER_NOT_EXIST", "there is no such member")
	}
	return u, nil
}

func awaiting(p *userProps, now time.Time) bool {
	if p.ActivationDate == nil {
		return false
	}
	at, err := time.Parse(time.RFC3339, *p.ActivationDate)
	return err == nil && at.After(now)
}

func listUsers(c *call) (any, error) {
	if err := c.onlyQuery("domainId", "count", "cursor", "searchFilterType", "orderBy", "sortOrder"); err != nil {
		return nil, err
	}
	domain, err := c.domainID()
	if err != nil {
		return nil, err
	}
	orderBy, sortOrder, filter := c.query.Get("orderBy"), c.query.Get("sortOrder"), c.query.Get("searchFilterType")
	switch {
	case orderBy != "" && orderBy != "NAME" && orderBy != "CREATED_TIME":
		return nil, invalid("orderBy must be NAME or CREATED_TIME")
	case sortOrder != "" && sortOrder != "ASCENDING" && sortOrder != "DESCENDING":
		return nil, invalid("sortOrder must be ASCENDING or DESCENDING")
	case filter != "" && filter != "VIP":
		return nil, invalid("searchFilterType must be VIP")
	}
	p, err := c.page("users/" + domainKey(domain) + orderBy + sortOrder + filter)
	if err != nil {
		return nil, err
	}
	render := func(id string) (*wireUser, bool) {
		u := seen(c, id, c.users[id])
		if u == nil || filter != "" || u.DeletedAt != nil && c.switches.is("deleted-listed", "no") {
			return nil, false // nobody is a favourite of the service account
		}
		return c.wireUser(u), true
	}
	var rows []*wireUser
	var meta metaData
	if orderBy != "NAME" && sortOrder != "DESCENDING" {
		rows, meta, err = bySequence(c, p, c.usersOf(domain), render)
	} else {
		o := c.sortedUsers(p.list, domain, orderBy == "NAME", sortOrder == "DESCENDING")
		rows, meta = byKeys(p, o.keys, o.ids, render)
	}
	return struct {
		Users []*wireUser `json:"users"`
		Meta  metaData    `json:"responseMetaData"`
	}{rows, meta}, err
}

func (u *user) fullName() string {
	return deref(u.Props.Name.LastName) + deref(u.Props.Name.FirstName)
}

func deref(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// sortedUsers returns members in another order than creation.
func (c *call) sortedUsers(list string, domain int, byName, down bool) *ordering {
	return c.ordered(list, func(o *ordering) { c.sortUsers(o, domain, byName, down) })
}

func (c *call) sortUsers(o *ordering, domain int, byName, down bool) {
	for _, seq := range c.usersOf(domain) {
		id := c.bySeq[seq]
		key := sortKey(seq)
		if byName {
			key = c.users[id].fullName() + "\x01" + key
		}
		o.ids, o.keys = append(o.ids, id), append(o.keys, key)
	}
	if down {
		for i, k := range o.keys {
			o.keys[i] = complement(k)
		}
	}
	sort.Sort(o)
}

// complement turns the order of texts of bytes around.
func complement(s string) string {
	b := []byte(s)
	for i := range b {
		b[i] = ^b[i]
	}
	return string(b) + "\xff"
}

func (o *ordering) Len() int           { return len(o.ids) }
func (o *ordering) Less(i, j int) bool { return o.keys[i] < o.keys[j] }
func (o *ordering) Swap(i, j int) {
	o.ids[i], o.ids[j] = o.ids[j], o.ids[i]
	o.keys[i], o.keys[j] = o.keys[j], o.keys[i]
}

func getUser(c *call) (any, error) {
	u, err := c.user()
	if err != nil {
		return nil, err
	}
	u = seen(c, u.ID, u)
	if u == nil || u.DeletedAt != nil && c.switches.is("deleted-get", "404") {
		return nil, refuse(http.StatusNotFound, "USER_NOT_EXIST", "there is no such member")
	}
	return c.wireUser(u), nil
}

func createUser(c *call) (any, error) {
	password, err := c.passwordConfig()
	if err != nil {
		return nil, err
	}
	props, err := c.userProps(userProps{Searchable: true, Locale: "ko_KR", TimeZone: "Asia/Seoul"}, c.body)
	if err != nil {
		return nil, err
	}
	if c.server.plan.members > 0 && len(c.users)-len(c.deleted) >= c.server.plan.members {
		return nil, full("the plan allows %d members", c.server.plan.members)
	}
	if c.server.opt.SSO {
		if props.Key == nil {
			return nil, missing("userExternalKey")
		}
	} else if password == "MEMBER" && props.PrivateEmail == nil {
		return nil, missing("privateEmail")
	}
	u := &user{Props: props, Pending: !c.server.opt.SSO}
	if err := c.checkUser(nil, u); err != nil {
		return nil, err
	}
	u.Seq, u.ID = c.next()
	if u.Pending {
		u.Registration.Begun = c.now
		if password == "MEMBER" {
			u.invited(*props.PrivateEmail, c.now)
		}
	}
	c.demoteManagers(u)
	c.putUser(u)
	c.status = c.switches.status("user-create-status")
	return c.wireUser(u), nil
}

// passwordConfig checks and removes the password of a creation. It is not kept.
func (c *call) passwordConfig() (string, error) {
	v, ok := c.body["passwordConfig"]
	delete(c.body, "passwordConfig")
	if c.server.opt.SSO || !ok {
		return "MEMBER", nil
	}
	p := passwordShape(c.switches)
	checked, err := checker{switches: c.switches}.value(p.name, &p, v)
	if err != nil {
		return "", err
	}
	config := checked.(map[string]any)
	kind := config["passwordCreationType"].(string)
	if _, ok := config["password"]; kind == "ADMIN" && !ok {
		return "", missing("passwordConfig.password")
	}
	return kind, nil
}

// userProps checks a body, lays it over base and resolves its references.
func (c *call) userProps(base userProps, body map[string]any) (userProps, error) {
	shape := userShape(c.switches)
	if !c.isCreate() {
		shape = append(shape, prop{name: "passwordConfig", readOnly: true})
	}
	custom, err := c.customValues(base.Custom, body)
	if err != nil {
		return base, err
	}
	body = maps.Clone(body)
	delete(body, "customProperties")
	if custom, ok := body["customFields"].([]any); ok && len(custom) > 0 {
		return base, invalid("customFields[0].customFieldId does not exist")
	}
	checked, err := checker{switches: c.switches, partial: c.patch}.body(shape, body)
	if err != nil {
		return base, err
	}
	delete(checked, "customFields")
	if v, ok := checked["employmentTypeId"]; ok {
		if _, both := checked["userTypeId"]; !both {
			checked["userTypeId"] = v // two names of one thing: reference 21, head
		}
		delete(checked, "employmentTypeId")
	}
	out, err := overlay(base, checked, c.patch && c.switches.is("patch-arrays", "merge"))
	out.Custom = custom
	return out, err
}

func (c *call) isCreate() bool { return strings.HasSuffix(c.route.op.Name, "-create") }

func putUser(c *call) (any, error) {
	u, err := c.user()
	if err != nil {
		return nil, err
	}
	return c.updateUser(u, userProps{Searchable: true, Locale: "ko_KR", TimeZone: "Asia/Seoul"})
}

func patchUser(c *call) (any, error) {
	u, err := c.user()
	if err != nil {
		return nil, err
	}
	return c.updateUser(u, u.Props)
}

func (c *call) updateUser(old *user, base userProps) (any, error) {
	if old.DeletedAt != nil {
		return nil, badRequest("the member is in the deletion period")
	}
	if email, ok := c.body["email"].(string); ok && email != base.Email {
		base.Organizations = followEmail(base.Organizations, base.Email, email)
	}
	props, err := c.userProps(base, c.body)
	if err != nil {
		return nil, err
	}
	u := *old
	u.Props = props
	if err := c.checkUser(old, &u); err != nil {
		return nil, err
	}
	c.demoteManagers(&u)
	c.putUser(&u)
	return c.wireUser(&u), nil
}

// followEmail lets the address of organizations follow the login ID.
func followEmail(in []organization, old, now string) []organization {
	out := append([]organization{}, in...)
	for i := range out {
		if out[i].Email == old {
			out[i].Email = now
		}
	}
	return out
}

// demoteManagers takes the head from whoever has it in a unit that gets another:
// silently, as reference 10 §9.6 says.
func (c *call) demoteManagers(now *user) {
	for _, o := range now.Props.Organizations {
		for _, m := range o.OrgUnits {
			id := c.managers[m.OrgUnitID]
			if !m.IsManager || id == "" || id == now.ID {
				continue
			}
			c.changeMemberships(c.users[id], func(held membership) (membership, bool) {
				if held.OrgUnitID == m.OrgUnitID {
					held.IsManager = false
				}
				return held, true
			})
		}
	}
}

// changeMemberships puts a copy of a member with changed units; false drops a unit.
func (t *tenant) changeMemberships(u *user, change func(membership) (membership, bool)) {
	c := *u
	c.Props.Organizations = append([]organization{}, u.Props.Organizations...)
	for i, o := range c.Props.Organizations {
		kept := make([]membership, 0, len(o.OrgUnits))
		for _, m := range o.OrgUnits {
			if m, ok := change(m); ok {
				kept = append(kept, m)
			}
		}
		c.Props.Organizations[i].OrgUnits = kept
	}
	t.putUser(&c)
}
