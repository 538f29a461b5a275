package sandbox

import (
	"net/http"
	"sort"
	"strings"
)

// maxKeys is the number of items of a bulk key call.
const maxKeys = 50

// keyed is one kind of object in the external-key calls: reference 10 §3, 20 §4.9,
// 21 §2.2, 22 §3.8.
type keyed struct {
	plural   string
	email    bool                                          // rows have one, items may be named by it
	domainID bool                                          // items name their domain
	rows     func(c *call, domain int) []keyRow            // in a fixed order
	find     func(c *call, domain int, ref string) *keyRow // nil: unknown
	assign   func(c *call, id string, key *string)         // puts a copy with the key
	space    func(domain int) string                       // where the key is unique
	ready    func(c *call, domain int) error               // may be called at all
}

type keyRow struct {
	domain          int
	id, name, email string
	key             *string
	sort            string
}

func userKeys() keyed {
	return keyed{
		plural: "users", email: true,
		rows: func(c *call, domain int) []keyRow {
			var out []keyRow
			for _, seq := range c.usersIn[domainKey(domain)] {
				if u := c.users[c.bySeq[seq]]; u.DeletedAt == nil {
					out = append(out, u.keyRow())
				}
			}
			return out
		},
		find: func(c *call, _ int, ref string) *keyRow {
			if u := c.findUser(ref); u != nil {
				return pointer(u.keyRow())
			}
			return nil
		},
		assign: func(c *call, id string, key *string) {
			u := *c.users[id]
			u.Props.Key = key
			c.putUser(&u)
		},
		space: func(int) string { return "user" },
	}
}

func (u *user) keyRow() keyRow {
	return keyRow{u.Props.DomainID, u.ID, u.fullName(), u.Props.Email, u.Props.Key, sortKey(u.Seq)}
}

func unitKeys() keyed {
	return keyed{
		plural: "orgUnits", email: true,
		rows: func(c *call, domain int) []keyRow {
			var out []keyRow
			for _, seq := range c.unitsIn[domainKey(domain)] {
				out = append(out, c.units[c.bySeq[seq]].keyRow())
			}
			return out
		},
		find: func(c *call, _ int, ref string) *keyRow {
			u := c.findUnit(ref)
			if u == nil && strings.Contains(ref, "@") {
				if u = c.units[c.addresses[ref]]; u != nil && u.Props.Email != ref {
					u = nil
				}
			}
			if u == nil {
				return nil
			}
			return pointer(u.keyRow())
		},
		assign: func(c *call, id string, key *string) {
			u := *c.units[id]
			u.Props.Key = key
			c.putUnit(&u)
		},
		space: func(int) string { return "orgunit" },
	}
}

func (u *orgUnit) keyRow() keyRow {
	return keyRow{u.Props.DomainID, u.ID, u.Props.Name, u.Props.Email, u.Props.Key, sortKey(u.Seq)}
}

func groupKeys() keyed {
	return keyed{
		plural: "groups", email: true,
		rows: func(c *call, domain int) []keyRow {
			var out []keyRow
			for _, seq := range c.groupsIn[domainKey(domain)] {
				out = append(out, c.groups[c.bySeq[seq]].keyRow())
			}
			return out
		},
		find: func(c *call, _ int, ref string) *keyRow {
			g := c.findGroup(ref)
			if g == nil && strings.Contains(ref, "@") {
				if g = c.groups[c.addresses[ref]]; g != nil && deref(g.Props.Email) != ref {
					g = nil
				}
			}
			if g == nil {
				return nil
			}
			return pointer(g.keyRow())
		},
		assign: func(c *call, id string, key *string) {
			g := *c.groups[id]
			g.Props.Key = key
			c.putGroup(&g)
		},
		space: func(int) string { return "group" },
	}
}

func (g *group) keyRow() keyRow {
	return keyRow{g.Props.DomainID, g.ID, g.Props.Name, deref(g.Props.Email), g.Props.Key, sortKey(g.Seq)}
}

// keys are the key calls of a list of reference 21.
func (l *itemList) keys() keyed {
	return keyed{
		plural: l.plural, domainID: l.list != listUserType,
		rows: func(c *call, domain int) []keyRow {
			var out []keyRow
			for _, id := range l.sorted(c, domain).ids {
				out = append(out, c.items[id].keyRow())
			}
			sort.Slice(out, func(a, b int) bool { return out[a].sort < out[b].sort })
			return out
		},
		find: func(c *call, domain int, ref string) *keyRow {
			if i := c.findItem(l, domain, ref); i != nil {
				return pointer(i.keyRow())
			}
			return nil
		},
		assign: func(c *call, id string, key *string) {
			i := *c.items[id]
			i.Props.Key = key
			c.putItem(&i)
		},
		space: func(domain int) string { return (&item{List: l.list, Props: itemProps{DomainID: domain}}).keySpace() },
		ready: l.on,
	}
}

func (i *item) keyRow() keyRow {
	return keyRow{i.Props.DomainID, i.ID, i.Props.Name, "", i.Props.Key, sortKey(i.Seq)}
}

func (k *keyed) wire(r keyRow) map[string]any {
	out := map[string]any{"domainId": r.domain, "id": r.id, "name": r.name, "externalKey": r.key}
	if k.email {
		out["email"] = r.email
	}
	return out
}

func (k keyed) list(c *call) (any, error) {
	if err := c.onlyQuery("domainId", "count", "cursor", "hasExternalKey"); err != nil {
		return nil, err
	}
	domain, err := c.domainID()
	if err != nil {
		return nil, err
	}
	if k.ready != nil {
		if err := k.ready(c, domain); err != nil {
			return nil, err
		}
	}
	has := c.query.Get("hasExternalKey")
	if has != "" && has != "true" && has != "false" {
		return nil, invalid("hasExternalKey must be true or false")
	}
	p, err := c.page("keys of " + k.plural + domainKey(domain) + has)
	if err != nil {
		return nil, err
	}
	byID := map[string]keyRow{}
	o := &ordering{}
	for _, r := range k.rows(c, domain) {
		if has == "" || (has == "true") == (r.key != nil) {
			byID[r.id] = r
			o.ids, o.keys = append(o.ids, r.id), append(o.keys, r.sort)
		}
	}
	rows, meta := byKeys(p, o.keys, o.ids, func(id string) (map[string]any, bool) { return k.wire(byID[id]), true })
	return map[string]any{k.plural: rows, "responseMetaData": meta}, nil
}

// assignment is one checked item of a bulk call.
type assignment struct {
	row   *keyRow
	space string
	key   *string
}

func (k keyed) set(c *call) (any, error) {
	shape := []prop{{name: "id", kind: text, need: true, min: 1}, {name: "externalKey", kind: text, null: true, max: 100, rule: keyRule}}
	if k.domainID {
		shape = append(shape, prop{name: "domainId", kind: number, need: true})
	}
	body, err := checker{switches: c.switches}.body([]prop{{name: k.plural, kind: list, need: true, min: 1, max: maxKeys,
		elem: &prop{kind: object, props: shape}}}, c.body)
	if err != nil {
		return nil, err
	}
	items := body[k.plural].([]any)
	if c.switches.is("bulk-keys", "one-by-one") {
		for _, it := range items {
			if err := k.assignAll(c, []any{it}); err != nil {
				return nil, err
			}
		}
		return nil, nil
	}
	return nil, k.assignAll(c, items)
}

// assignAll checks all items against the keys as they will be, then carries all out.
func (k keyed) assignAll(c *call, items []any) error {
	var all []assignment
	owner := map[string]string{} // key in space → who will have it
	given := map[string]bool{}
	for _, it := range items {
		m := it.(map[string]any)
		a, err := k.assignment(c, m)
		if err != nil {
			return err
		}
		if given[a.row.id] {
			return invalid("%s: an item is given twice", k.plural)
		}
		given[a.row.id] = true
		all = append(all, a)
	}
	for _, a := range all {
		if a.key == nil {
			continue
		}
		at := keyIn(a.space, *a.key)
		holder := c.tenant.keys[at]
		if owner[at] != "" || holder != "" && holder != a.row.id && !given[holder] {
			return conflict("external key %s is in use", *a.key)
		}
		owner[at] = a.row.id
	}
	for _, a := range all { // first give up, then take
		if a.row.key != nil {
			k.assign(c, a.row.id, nil)
		}
	}
	for _, a := range all {
		if a.key != nil {
			k.assign(c, a.row.id, a.key)
		}
	}
	return nil
}

func (k keyed) assignment(c *call, m map[string]any) (assignment, error) {
	domain := c.who.Domain
	if v, ok := m["domainId"]; ok {
		if domain = asInt(v); c.domain(domain) == nil {
			return assignment{}, invalid("domainId %d is not a domain of this tenant", domain)
		}
	}
	if k.ready != nil {
		if err := k.ready(c, domain); err != nil {
			return assignment{}, err
		}
	}
	ref := m["id"].(string)
	row := k.find(c, domain, ref)
	if row == nil || k.domainID && row.domain != domain {
		return assignment{}, refuse(http.StatusNotFound, "NOT_FOUND", "%s: %s does not exist", k.plural, ref)
	}
	a := assignment{row: row, space: k.space(row.domain)}
	if key, ok := m["externalKey"].(string); ok {
		a.key = &key
	}
	return a, nil
}
