package sandbox

import (
	"sort"
	"strconv"
	"strings"
)

// The three lists of reference 21.
const (
	listLevel    = "level"
	listPosition = "position"
	listUserType = "userType"
)

// maxItems is how long such a list may be: reference 21 §1 (inferred for levels and
// user types).
const maxItems = 200

// itemList is what levels, positions and user types differ in.
type itemList struct {
	list, slug  string // slug: of the operations, "directory-" before it
	one, plural string // in messages; plural is the key of lists too
	param       string // path value
}

func itemLists() []*itemList {
	return []*itemList{
		{listLevel, "level", "level", "levels", "levelId"},
		{listPosition, "position", "position", "positions", "positionId"},
		{listUserType, "user-type", "user type", "userTypes", "userTypeId"},
	}
}

func itemListOf(name string) *itemList {
	for _, l := range itemLists() {
		if l.list == name {
			return l
		}
	}
	return nil
}

// shape is the body of create and update: reference 21 §2.1, §3.1, §4.1.
func (l *itemList) shape(create bool) []prop {
	shape := []prop{
		{name: l.param, readOnly: true},
		{name: "displayOrder", kind: number, need: true},
		{name: l.list + "Name", kind: text, need: true, max: 100, rule: filled(namedWith(unitNameSpecials))},
		{name: l.list + "ExternalKey", kind: text, null: true, max: 100, rule: keyRule},
		i18nShape(),
	}
	if create || l.list != listUserType {
		shape = append(shape, prop{name: "domainId", kind: number, need: create})
	} else {
		shape = append(shape, prop{name: "domainId", readOnly: true})
	}
	switch l.list {
	case listLevel:
		shape = append(shape, prop{name: "executive", kind: flag, need: true})
	case listUserType:
		shape = append(shape, prop{name: "userTypeCode", kind: text, null: true, max: 50, rule: codeRule})
	}
	return shape
}

// props checks a body and lays it over base.
func (l *itemList) props(c *call, base itemProps) (itemProps, error) {
	body, err := checker{switches: c.switches, partial: c.patch, nullable: true}.body(l.shape(c.isCreate()), c.body)
	if err != nil {
		return base, err
	}
	for wire, name := range map[string]string{l.list + "Name": "name", l.list + "ExternalKey": "externalKey"} {
		if v, ok := body[wire]; ok {
			body[name] = v
			delete(body, wire)
		}
	}
	out, err := overlay(base, body, c.patch && c.switches.is("patch-arrays", "merge"))
	if err == nil {
		err = languagesOnce(out.I18nNames)
	}
	return out, err
}

// wire renders an item under the names of its list.
func (l *itemList) wire(i *item) map[string]any {
	p := &i.Props
	out := map[string]any{"domainId": p.DomainID, l.param: i.ID, "displayOrder": p.DisplayOrder, l.list + "Name": p.Name,
		l.list + "ExternalKey": p.Key, "i18nNames": filledList(p.I18nNames)}
	switch l.list {
	case listLevel:
		out["executive"] = p.Executive
	case listUserType:
		out["userTypeCode"] = p.Code
	}
	return out
}

func (t *tenant) findItem(l *itemList, domain int, ref string) *item {
	id := ref
	if key, ok := strings.CutPrefix(ref, "externalKey:"); ok {
		space := itemSpace(l.list, domain)
		if l.list == listUserType {
			space = listUserType
		}
		id = t.keys[keyIn(space, key)]
	}
	if i := t.items[id]; i != nil && i.List == l.list {
		return i
	}
	return nil
}

// on refuses while the feature is off.
func (l *itemList) on(c *call, domain int) error {
	if !c.features[itemSpace(l.list, domain)] {
		return forbidden("%s are switched off in domain %d; enable them first", l.plural, domain)
	}
	return nil
}

// item returns the item of the path.
func (l *itemList) item(c *call) (*item, error) {
	domain, err := c.domainID()
	if err != nil {
		return nil, err
	}
	if v, ok := c.body["domainId"]; ok && c.query.Get("domainId") == "" && c.domain(asInt(v)) != nil {
		domain = asInt(v) // of an update, where externalKey: depends on it
	}
	i := c.findItem(l, domain, c.path[l.param])
	if i == nil {
		if err := l.on(c, domain); err != nil {
			return nil, err
		}
		return nil, notFound("there is no such %s", l.one)
	}
	return i, l.on(c, i.Props.DomainID)
}

func (l *itemList) listItems(c *call) (any, error) {
	if err := c.onlyQuery("domainId", "count", "cursor"); err != nil {
		return nil, err
	}
	domain, err := c.domainID()
	if err != nil {
		return nil, err
	}
	if err := l.on(c, domain); err != nil && c.switches.is("list-while-off", "403") {
		return nil, err
	}
	p, err := c.page(itemSpace(l.list, domain))
	if err != nil {
		return nil, err
	}
	o := l.sorted(c, domain)
	rows, meta := byKeys(p, o.keys, o.ids, func(id string) (map[string]any, bool) {
		i := seen(c, id, c.items[id])
		if i == nil {
			return nil, false
		}
		return l.wire(i), true
	})
	return map[string]any{l.plural: rows, "responseMetaData": meta}, nil
}

// sorted returns the items of a domain by displayOrder, then by creation.
func (l *itemList) sorted(c *call, domain int) *ordering {
	return c.ordered(itemSpace(l.list, domain), func(o *ordering) {
		for id, i := range c.items {
			if i.List == l.list && i.Props.DomainID == domain {
				o.ids = append(o.ids, id)
				o.keys = append(o.keys, sortKey(uint64(int64(i.Props.DisplayOrder)+1<<32))+sortKey(i.Seq))
			}
		}
		sort.Sort(o)
	})
}

func (l *itemList) create(c *call) (any, error) {
	props, err := l.props(c, itemProps{})
	if err != nil {
		return nil, err
	}
	if c.domain(props.DomainID) == nil {
		return nil, invalid("domainId %d is not a domain of this tenant", props.DomainID)
	}
	if err := l.on(c, props.DomainID); err != nil {
		return nil, err
	}
	if len(l.sorted(c, props.DomainID).ids) >= maxItems {
		return nil, full("a domain has %d %s at most", maxItems, l.plural)
	}
	i := &item{List: l.list, Props: props}
	if err := l.free(c, i); err != nil {
		return nil, err
	}
	i.Seq, i.ID = c.next()
	c.putItem(i)
	return l.wire(i), nil
}

// free checks the name in the domain and the key in its space.
func (l *itemList) free(c *call, i *item) error {
	owner := c.names[keyIn(itemSpace(l.list, i.Props.DomainID), i.Props.Name)]
	if owner != "" && owner != i.ID {
		return c.taken("%sName %s is in use", l.list, i.Props.Name)
	}
	return c.freeKey(i.keySpace(), i.Props.Key, i.ID)
}

func (l *itemList) get(c *call) (any, error) {
	if err := c.onlyQuery("domainId"); err != nil {
		return nil, err
	}
	i, err := l.item(c)
	if err != nil {
		return nil, err
	}
	if i = seen(c, i.ID, i); i == nil {
		return nil, notFound("there is no such %s", l.one)
	}
	return l.wire(i), nil
}

func (l *itemList) put(c *call) (any, error) {
	i, err := l.item(c)
	if err != nil {
		return nil, err
	}
	return l.update(c, i, itemProps{DomainID: i.Props.DomainID})
}

func (l *itemList) patch(c *call) (any, error) {
	i, err := l.item(c)
	if err != nil {
		return nil, err
	}
	return l.update(c, i, i.Props)
}

func (l *itemList) update(c *call, old *item, base itemProps) (any, error) {
	i := *old
	var err error
	if i.Props, err = l.props(c, base); err != nil {
		return nil, err
	}
	if i.Props.DomainID != old.Props.DomainID {
		return nil, invalid("domainId of a %s cannot change", l.one)
	}
	if err := l.free(c, &i); err != nil {
		return nil, err
	}
	c.putItem(&i)
	return l.wire(&i), nil
}

func (l *itemList) delete(c *call) (any, error) {
	known := []string{"domainId"}
	if l.list == listUserType {
		known = nil
	}
	if err := c.onlyQuery(known...); err != nil {
		return nil, err
	}
	i, err := l.item(c)
	if err != nil {
		return nil, err
	}
	if n := c.itemUse[i.ID]; n > 0 && c.switches.is("item-in-use-delete", "403") {
		return nil, forbidden("the %s is held %s times by members", l.one, strconv.Itoa(n))
	}
	c.takeItem(i)
	return nil, nil
}

// takeItem removes an item and takes it from the members who hold it.
func (t *tenant) takeItem(i *item) {
	if t.itemUse[i.ID] > 0 {
		for _, id := range sortedKeys(t.users) {
			t.takeFrom(t.users[id], i.ID)
		}
	}
	t.drop(i.ID)
}

func (t *tenant) takeFrom(u *user, id string) {
	held := u.Props.UserTypeID != nil && *u.Props.UserTypeID == id
	for _, o := range u.Props.Organizations {
		held = held || o.LevelID != nil && *o.LevelID == id
		for _, m := range o.OrgUnits {
			held = held || m.PositionID != nil && *m.PositionID == id
		}
	}
	if !held {
		return
	}
	drop := func(p *string) *string {
		if p != nil && *p == id {
			return nil
		}
		return p
	}
	c := *u
	c.Props.UserTypeID = drop(u.Props.UserTypeID)
	c.Props.Organizations = append([]organization{}, u.Props.Organizations...)
	for i := range c.Props.Organizations {
		o := &c.Props.Organizations[i]
		o.LevelID = drop(o.LevelID)
		o.OrgUnits = append([]membership{}, o.OrgUnits...)
		for k := range o.OrgUnits {
			o.OrgUnits[k].PositionID = drop(o.OrgUnits[k].PositionID)
		}
	}
	t.putUser(&c)
}

func (l *itemList) enable(c *call) (any, error) { return l.turn(c, true) }

// disable deletes the list and what members hold of it: reference 21 §1.
func (l *itemList) disable(c *call) (any, error) { return l.turn(c, false) }

func (l *itemList) turn(c *call, on bool) (any, error) {
	if err := c.onlyQuery("domainId"); err != nil {
		return nil, err
	}
	domain, err := c.domainID()
	if err != nil {
		return nil, err
	}
	if !on {
		for _, id := range append([]string{}, l.sorted(c, domain).ids...) {
			c.takeItem(c.items[id])
		}
	}
	c.setFeature(itemSpace(l.list, domain), on)
	return nil, nil
}
