package sandbox

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"sort"
	"strings"
)

// maxDepth is the deepest level of a tree: reference 20 §6 (inferred for the API).
const maxDepth = 15

func allowedShape(name string) prop {
	return prop{name: name, kind: list, null: true, elem: &prop{kind: object, props: []prop{
		{name: "userId", kind: text, need: true, min: 1}, {name: "userExternalKey", readOnly: true}}}}
}

func i18nShape() prop {
	return prop{name: "i18nNames", kind: list, elem: &prop{kind: object, props: []prop{
		{name: "language", kind: text, need: true, rule: oneOf(languages()...)},
		{name: "name", kind: text, need: true, min: 1, max: 100, rule: namedWith(unitNameSpecials)}}}}
}

// unitShape is the body of create and update: reference 20 §2 and §3.
func unitShape(create, full bool) []prop {
	shape := []prop{
		{name: "domainId", kind: number, need: true},
		{name: "orgUnitId", readOnly: true}, {name: "parentExternalKey", readOnly: true}, {name: "displayLevel", readOnly: true},
		{name: "orgUnitExternalKey", kind: text, null: true, max: 100, rule: keyRule},
		{name: "orgUnitName", kind: text, need: true, max: 100, rule: filled(namedWith(unitNameSpecials))},
		i18nShape(),
		{name: "email", kind: text, need: full, max: 90, rule: listAddressRule},
		{name: "description", kind: text, null: true, max: 160},
		{name: "visible", kind: flag},
		{name: "aliasEmails", kind: list, max: 20, elem: &prop{kind: text, max: 90, rule: listAddressRule}},
		{name: "canReceiveExternalMail", kind: flag}, {name: "useMessage", kind: flag}, {name: "useNote", kind: flag},
		{name: "useCalendar", kind: flag}, {name: "useTask", kind: flag}, {name: "useFolder", kind: flag},
		{name: "useServiceNotification", kind: flag},
		allowedShape("membersAllowedToUseOrgUnitEmailAsRecipient"), allowedShape("membersAllowedToUseOrgUnitEmailAsSender"),
	}
	// Written by create and move only; ignored in updates.
	return append(shape,
		prop{name: "parentOrgUnitId", kind: text, null: true, min: 1, readOnly: !create},
		prop{name: "displayOrder", kind: number, need: create, min: 1, readOnly: !create})
}

// wireUnit's own fields stand before the stored ones of the same JSON name.
type wireUnit struct {
	unitProps
	OrgUnitID    string        `json:"orgUnitId"`
	ParentID     *string       `json:"parentOrgUnitId"`
	ParentKey    *string       `json:"parentExternalKey"`
	DisplayOrder int           `json:"displayOrder"`
	DisplayLevel int           `json:"displayLevel"`
	Recipients   []wireAllowed `json:"membersAllowedToUseOrgUnitEmailAsRecipient"`
	Senders      []wireAllowed `json:"membersAllowedToUseOrgUnitEmailAsSender"`
}

type wireAllowed struct {
	UserID string  `json:"userId"`
	Key    *string `json:"userExternalKey"`
}

// wireAllowed renders a list of members; those in the deletion period are hidden.
func (c *call) wireAllowed(list []allowed) []wireAllowed {
	out := make([]wireAllowed, 0, len(list))
	for _, a := range list {
		if u := c.users[a.UserID]; u != nil && u.DeletedAt == nil {
			out = append(out, wireAllowed{u.ID, u.Props.Key})
		}
	}
	return out
}

func (c *call) wireUnit(u *orgUnit) *wireUnit {
	p := &u.Props
	w := &wireUnit{
		unitProps: *p, OrgUnitID: u.ID, DisplayOrder: u.Order, DisplayLevel: 1,
		Recipients: c.wireAllowed(p.Recipients), Senders: c.wireAllowed(p.Senders),
	}
	w.I18nNames, w.AliasEmails = filledList(p.I18nNames), filledList(p.AliasEmails)
	if parent := c.units[u.Parent]; parent != nil {
		w.ParentID, w.ParentKey, w.DisplayLevel = &parent.ID, parent.Props.Key, c.depth(parent)+1
	}
	return w
}

func (t *tenant) findUnit(ref string) *orgUnit {
	if key, ok := strings.CutPrefix(ref, "externalKey:"); ok {
		return t.units[t.keys[keyIn("orgunit", key)]]
	}
	return t.units[ref]
}

func (c *call) unit() (*orgUnit, error) {
	u := c.findUnit(c.path["orgUnitId"])
	if u == nil {
		return nil, refuse(http.StatusNotFound, "ORGUNIT_NOT_EXIST", "there is no such org unit")
	}
	return u, nil
}

func listUnits(c *call) (any, error) {
	if err := c.onlyQuery("domainId", "count", "cursor"); err != nil {
		return nil, err
	}
	domain, err := c.domainID()
	if err != nil {
		return nil, err
	}
	p, err := c.page("orgunits/" + domainKey(domain))
	if err != nil {
		return nil, err
	}
	render := func(id string) (*wireUnit, bool) {
		u := seen(c, id, c.units[id])
		if u == nil {
			return nil, false
		}
		return c.wireUnit(u), true
	}
	var rows []*wireUnit
	var meta metaData
	if c.switches.is("orgunit-order", "random") {
		o := c.ordered(p.list, func(o *ordering) { c.shuffleUnits(o, domain) })
		rows, meta = byKeys(p, o.keys, o.ids, render)
	} else {
		rows, meta, err = bySequence(c, p, c.unitsIn[domainKey(domain)], render)
	}
	return struct {
		Units []*wireUnit `json:"orgUnits"`
		Meta  metaData    `json:"responseMetaData"`
	}{rows, meta}, err
}

func (c *call) shuffleUnits(o *ordering, domain int) {
	for _, seq := range c.unitsIn[domainKey(domain)] {
		id := c.bySeq[seq]
		h := sha256.Sum256([]byte("order of " + id))
		o.ids, o.keys = append(o.ids, id), append(o.keys, hex.EncodeToString(h[:8])+id)
	}
	sort.Sort(o)
}

func getUnit(c *call) (any, error) {
	u, err := c.unit()
	if err != nil {
		return nil, err
	}
	if u = seen(c, u.ID, u); u == nil {
		return nil, refuse(http.StatusNotFound, "ORGUNIT_NOT_EXIST", "there is no such org unit")
	}
	return c.wireUnit(u), nil
}

func createUnit(c *call) (any, error) {
	body, err := checker{switches: c.switches}.body(unitShape(true, c.switches.is("orgunit-email", "required")), c.body)
	if err != nil {
		return nil, err
	}
	place, parentRef := body["displayOrder"], body["parentOrgUnitId"]
	delete(body, "displayOrder")
	delete(body, "parentOrgUnitId")
	props, err := overlay(unitProps{Visible: true}, body, false)
	if err != nil {
		return nil, err
	}
	if c.domain(props.DomainID) == nil {
		return nil, invalid("domainId %d is not a domain of this tenant", props.DomainID)
	}
	if c.server.plan.units > 0 && len(c.units) >= c.server.plan.units {
		return nil, full("the plan allows %d org units", c.server.plan.units)
	}
	u := &orgUnit{Props: props}
	if ref, ok := parentRef.(string); ok {
		parent := c.findUnit(ref)
		if parent == nil {
			return nil, refuse(http.StatusNotFound, "ORGUNIT_NOT_EXIST", "parentOrgUnitId: there is no such org unit")
		}
		u.Parent = parent.ID
	}
	if err := c.checkPlace(u, 1); err != nil {
		return nil, err
	}
	seq, id := c.serial, ""
	u.Seq, id = c.next()
	if u.Props.Email == "" {
		u.Props.Email = "team-" + id[:8] + "@" + c.domain(props.DomainID).Name
	}
	if err := c.checkUnit(u, true, body); err != nil {
		c.serial = seq
		return nil, err
	}
	u.ID = id
	c.putUnit(u)
	c.place(u, asInt(place))
	return c.wireUnit(c.units[u.ID]), nil
}

// asInt turns a checked number into an int.
func asInt(v any) int {
	n := 0
	if _, err := fmt.Sscan(fmt.Sprint(v), &n); err != nil {
		return 0
	}
	return n
}

// checkPlace checks where a unit is to stand; height is the number of levels of the
// unit and what is below it.
func (c *call) checkPlace(u *orgUnit, height int) error {
	if u.Parent == "" {
		return nil
	}
	parent := c.units[u.Parent]
	if parent.Props.DomainID != u.Props.DomainID {
		return invalid("parentOrgUnitId: the parent belongs to another domain")
	}
	if c.depth(parent)+height > maxDepth {
		return full("the tree would have more than %d levels", maxDepth)
	}
	return nil
}

// checkUnit checks what one property alone cannot tell, and resolves references.
// visible tells that the request decides the visibility; sent is its checked body.
func (c *call) checkUnit(u *orgUnit, visible bool, sent map[string]any) error {
	p := &u.Props
	roomSwitches(p.UseMessage, &p.UseNote, &p.UseCalendar, &p.UseTask, &p.UseFolder)
	if len(p.AliasEmails) > 0 && !c.server.plan.mail {
		return invalid("aliasEmails: the plan has no alias addresses")
	}
	if parent := c.units[u.Parent]; visible && parent != nil && p.Visible && !parent.Props.Visible {
		return invalid("visible must be false below a hidden org unit")
	}
	if err := languagesOnce(p.I18nNames); err != nil {
		return err
	}
	if c.switches.is("orgunit-name-unique", "yes") {
		for _, id := range c.children[c.childKey(u)] {
			if id != u.ID && c.units[id].Props.Name == p.Name {
				return c.taken("orgUnitName is taken by a sibling")
			}
		}
	}
	for _, l := range []struct {
		name string
		list *[]allowed
	}{{"membersAllowedToUseOrgUnitEmailAsRecipient", &p.Recipients}, {"membersAllowedToUseOrgUnitEmailAsSender", &p.Senders}} {
		if _, ok := sent[l.name]; !ok {
			continue // as stored, checked before
		}
		resolved, err := c.resolveAllowed(l.name, *l.list, invalid)
		if err != nil {
			return err
		}
		*l.list = resolved
	}
	if err := c.freeAddresses(u.ID, u.reservedNames()); err != nil {
		return err
	}
	return c.freeKey("orgunit", p.Key, u.ID)
}

func languagesOnce(list []i18nName) error {
	used := map[string]bool{}
	for _, n := range list {
		if used[n.Language] {
			return invalid("i18nNames has %s twice", n.Language)
		}
		used[n.Language] = true
	}
	return nil
}

// roomSwitches switches off what needs the message room: reference 20 §7, 22 §4.
func roomSwitches(message bool, others ...*bool) {
	for _, o := range others {
		*o = *o && message
	}
}

// resolveAllowed resolves members named in a list to their IDs, each once.
func (c *call) resolveAllowed(at string, in []allowed, wrong func(string, ...any) *refusal) ([]allowed, error) {
	out := make([]allowed, 0, len(in))
	for i, a := range in {
		u := c.findUser(a.UserID)
		if u == nil || u.DeletedAt != nil {
			return nil, wrong("%s[%d].userId: there is no such member", at, i)
		}
		if names(out, u.ID) {
			return nil, invalid("%s[%d].userId: the member is given twice", at, i)
		}
		out = append(out, allowed{u.ID})
	}
	return out, nil
}

func putUnit(c *call) (any, error) {
	u, err := c.unit()
	if err != nil {
		return nil, err
	}
	return c.updateUnit(u, unitProps{Visible: true}, true)
}

func patchUnit(c *call) (any, error) {
	u, err := c.unit()
	if err != nil {
		return nil, err
	}
	if _, ok := c.body["email"]; !ok && c.switches.is("orgunit-patch-without-email", "rejected") {
		return nil, missing("email")
	}
	_, visible := c.body["visible"]
	return c.updateUnit(u, u.Props, visible)
}

func (c *call) updateUnit(old *orgUnit, base unitProps, visible bool) (any, error) {
	body, err := checker{switches: c.switches, partial: c.patch}.body(unitShape(false, true), c.body)
	if err != nil {
		return nil, err
	}
	u := *old
	if u.Props, err = overlay(base, body, c.patch && c.switches.is("patch-arrays", "merge")); err != nil {
		return nil, err
	}
	if u.Props.DomainID != old.Props.DomainID {
		return nil, invalid("domainId of an org unit cannot change")
	}
	if err := c.checkUnit(&u, visible, body); err != nil {
		return nil, err
	}
	c.putUnit(&u)
	return c.wireUnit(&u), nil
}

// deleteUnit deletes a unit with the empty units below it: reference 20 §4.6.
func deleteUnit(c *call) (any, error) {
	u, err := c.unit()
	if err != nil {
		return nil, err
	}
	if err := c.onlyQuery(); err != nil {
		return nil, err
	}
	all := c.below(u.ID)
	for _, id := range all {
		for _, seq := range c.membersOf[id] {
			m := c.users[c.bySeq[seq]]
			if c.switches.is("orgunit-delete-counts", "all") || m.DeletedAt == nil && !m.Suspended {
				return nil, withStatus(c.switches.status("orgunit-delete-status"), "the org unit or one below it has members")
			}
		}
	}
	if len(all) > 1 && c.switches.is("orgunit-delete-children", "refused") {
		return nil, withStatus(c.switches.status("orgunit-delete-status"), "the org unit has units below it")
	}
	for i := len(all) - 1; i >= 0; i-- {
		c.forgetUnit(all[i])
	}
	return nil, nil
}

// forgetUnit removes a unit and every reference to it.
func (t *tenant) forgetUnit(id string) {
	for _, seq := range append(sequence{}, t.membersOf[id]...) {
		t.changeMemberships(t.users[t.bySeq[seq]], func(m membership) (membership, bool) { return m, m.OrgUnitID != id })
	}
	t.leaveGroups(id)
	t.unspecify(id)
	t.drop(id)
}

// moveUnit changes parent and place: reference 20 §4.7.
func moveUnit(c *call) (any, error) {
	old, err := c.unit()
	if err != nil {
		return nil, err
	}
	body, err := checker{switches: c.switches}.body([]prop{
		{name: "displayOrder", kind: number, need: true, min: 1},
		{name: "parentOrgUnitId", kind: text, null: true, min: 1},
	}, c.body)
	if err != nil {
		return nil, err
	}
	u := *old
	switch ref, ok := body["parentOrgUnitId"].(string); {
	case ok:
		parent := c.findUnit(ref)
		if parent == nil {
			return nil, refuse(http.StatusNotFound, "ORGUNIT_NOT_EXIST", "parentOrgUnitId: there is no such org unit")
		}
		u.Parent = parent.ID
	case c.switches.is("move-without-parent", "top"):
		u.Parent = ""
	}
	under := c.below(old.ID)
	if contains(under, u.Parent) {
		return nil, invalid("an org unit cannot move below itself")
	}
	height := 1
	for _, id := range under {
		height = max(height, c.depth(c.units[id])-c.depth(old)+1)
	}
	if err := c.checkPlace(&u, height); err != nil {
		return nil, err
	}
	if parent := c.units[u.Parent]; parent != nil && u.Props.Visible && !parent.Props.Visible {
		return nil, invalid("a visible org unit cannot move below a hidden one")
	}
	c.unplace(old)
	u.Order = 0
	c.putUnit(&u)
	c.place(&u, asInt(body["displayOrder"]))
	return c.wireUnit(c.units[u.ID]), nil
}

type wireUnitMember struct {
	UserID         string  `json:"userId"`
	Key            *string `json:"userExternalKey"`
	IsManager      bool    `json:"isManager"`
	Visible        bool    `json:"visible"`
	UseTeamFeature bool    `json:"useTeamFeature"`
}

func listUnitMembers(c *call) (any, error) {
	if err := c.onlyQuery("domainId", "count", "cursor"); err != nil {
		return nil, err
	}
	u, err := c.unit()
	if err != nil {
		return nil, err
	}
	p, err := c.page("members of " + u.ID)
	if err != nil {
		return nil, err
	}
	scope := []string{u.ID}
	seqs := c.membersOf[u.ID]
	if c.switches.is("orgunit-members", "subtree") {
		scope = c.below(u.ID)
		seqs = nil
		for _, id := range scope {
			for _, n := range c.membersOf[id] {
				seqs = seqs.with(n)
			}
		}
	}
	rows, meta, err := bySequence(c, p, seqs, func(id string) (wireUnitMember, bool) {
		m := c.users[id]
		for _, o := range m.Props.Organizations {
			for _, held := range o.OrgUnits {
				if m.DeletedAt == nil && contains(scope, held.OrgUnitID) {
					return wireUnitMember{m.ID, m.Props.Key, held.IsManager, held.Visible, held.UseTeamFeature}, true
				}
			}
		}
		return wireUnitMember{}, false
	})
	return struct {
		Members []wireUnitMember `json:"members"`
		Meta    metaData         `json:"responseMetaData"`
	}{rows, meta}, err
}
