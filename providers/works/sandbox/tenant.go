package sandbox

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"
)

// gracePeriod is how long a deleted member can be restored: reference 10 §2.6.
const gracePeriod = 7 * 24 * time.Hour

// tenant is the data of the sandbox with its indexes. mu guards all of it; objects
// themselves are never changed in place.
type tenant struct {
	mu       sync.RWMutex
	switches Switches
	seed     uint64
	name     string // "" until it is filled
	domains  []Domain

	serial     uint64 // last creation number
	version    uint64 // grows with each change
	users      map[string]*user
	units      map[string]*orgUnit
	groups     map[string]*group
	items      map[string]*item
	properties map[string]*customProperty
	features   map[string]bool // list and domain: "level/10000001"
	spent      map[string]bool

	bySeq      map[uint64]string   // creation number to ID, all kinds
	usersIn    map[string]sequence // by domain
	unitsIn    map[string]sequence
	groupsIn   map[string]sequence
	membersOf  map[string]sequence // by org unit, deleted members too
	children   map[string][]string // by parent ("" and domain for the top), in order
	managers   map[string]string   // org unit to member
	addresses  map[string]string   // address to owner
	keys       map[string]string   // space and key to owner
	names      map[string]string   // space and name to owner, for lists and groups
	numbers    map[string]string   // employee number to member
	itemUse    counts
	inGroups   holders
	deleted    map[string]time.Time // members in the deletion period
	history    map[string][]version // for stale reads; nil while off
	historyFor time.Duration
	ordersMu   sync.Mutex // guards orders: readers fill it
	orders     map[string]*ordering

	rec *record // of the write that holds mu
}

// version is an object as it was until a time; nil when it did not exist.
type version struct {
	old   any
	until time.Time
}

// ordering is a list of IDs in another order than creation.
type ordering struct {
	version uint64
	ids     []string
	keys    []string
}

// ordered returns a list in another order, built once for each state of the tenant.
// The caller holds the tenant's lock at least for reading.
func (t *tenant) ordered(list string, build func(*ordering)) *ordering {
	t.ordersMu.Lock()
	defer t.ordersMu.Unlock()
	if o := t.orders[list]; o != nil && o.version == t.version {
		return o
	}
	o := &ordering{version: t.version}
	build(o)
	t.orders[list] = o
	return o
}

func newTenant(sw Switches, seed uint64, domains []Domain) *tenant {
	return &tenant{
		switches: sw, seed: seed, domains: domains,
		users: map[string]*user{}, units: map[string]*orgUnit{}, groups: map[string]*group{}, items: map[string]*item{}, properties: map[string]*customProperty{},
		features: map[string]bool{}, spent: map[string]bool{},
		bySeq: map[uint64]string{}, usersIn: map[string]sequence{}, unitsIn: map[string]sequence{}, groupsIn: map[string]sequence{},
		membersOf: map[string]sequence{}, children: map[string][]string{}, managers: map[string]string{},
		addresses: map[string]string{}, keys: map[string]string{}, names: map[string]string{}, numbers: map[string]string{},
		itemUse: counts{}, inGroups: holders{}, deleted: map[string]time.Time{}, orders: map[string]*ordering{},
		rec: &record{},
	}
}

// next returns a new creation number and the ID made from it: the same for the same
// seed value and order of creations.
func (t *tenant) next() (uint64, string) {
	t.serial++
	var in [16]byte
	binary.BigEndian.PutUint64(in[:8], t.seed)
	binary.BigEndian.PutUint64(in[8:], t.serial)
	h := sha256.Sum256(in[:])
	x := fmt.Sprintf("%x", h[:16])
	return t.serial, x[:8] + "-" + x[8:12] + "-" + x[12:16] + "-" + x[16:20] + "-" + x[20:]
}

func (t *tenant) domain(id int) *Domain {
	for i := range t.domains {
		if t.domains[i].ID == id {
			return &t.domains[i]
		}
	}
	return nil
}

// ownAddress tells whether an address lies in a domain of the tenant.
func (t *tenant) ownAddress(address string) bool {
	_, host, _ := strings.Cut(address, "@")
	for _, d := range t.domains {
		if strings.EqualFold(d.Name, host) {
			return true
		}
	}
	return false
}

func domainKey(id int) string { return strconv.Itoa(id) }

func keyIn(space, key string) string { return space + "\x00" + key }

func itemSpace(list string, domain int) string { return list + "/" + domainKey(domain) }

// keySpace is where keys of a list are unique: reference 21 §1 and 00 §5.
func (i *item) keySpace() string {
	if i.List == listUserType {
		return listUserType
	}
	return itemSpace(i.List, i.Props.DomainID)
}

// remember keeps what an object was, for stale reads.
func (t *tenant) remember(id string, old any, now time.Time) {
	t.version++
	if t.history == nil {
		return
	}
	kept := t.history[id]
	for len(kept) > 0 && now.Sub(kept[0].until) > t.historyFor {
		kept = kept[1:]
	}
	t.history[id] = append(kept, version{old, now})
}

func (t *tenant) putUser(u *user) {
	old := t.users[u.ID]
	if old != nil {
		t.unindexUser(old)
		t.remember(u.ID, old, t.rec.At)
	} else {
		t.remember(u.ID, nil, t.rec.At)
	}
	t.users[u.ID] = u
	t.bySeq[u.Seq] = u.ID
	t.indexUser(u)
	t.rec.Users = append(t.rec.Users, u)
}

// reservedNames are the addresses a member holds.
func (t *tenant) reservedNames(u *user) []string {
	if u.DeletedAt != nil && t.switches.is("deleted-reserved", "no") {
		return nil
	}
	out := append([]string{u.Props.Email}, u.Props.AliasEmails...)
	for _, o := range u.Props.Organizations {
		if o.Email != "" && o.Email != u.Props.Email {
			out = append(out, o.Email)
		}
	}
	return out
}

func (t *tenant) indexUser(u *user) {
	for _, a := range t.reservedNames(u) {
		t.addresses[a] = u.ID
	}
	if u.Props.Key != nil && (u.DeletedAt == nil || t.switches.is("deleted-reserved", "yes")) {
		t.keys[keyIn("user", *u.Props.Key)] = u.ID
	}
	if u.Props.EmployeeNumber != nil {
		t.numbers[*u.Props.EmployeeNumber] = u.ID
	}
	if u.DeletedAt != nil {
		t.deleted[u.ID] = *u.DeletedAt
	}
	d := domainKey(u.Props.DomainID)
	t.usersIn[d] = t.usersIn[d].with(u.Seq)
	t.itemUse.add(u.Props.UserTypeID, 1)
	for _, o := range u.Props.Organizations {
		t.itemUse.add(o.LevelID, 1)
		for _, m := range o.OrgUnits {
			t.itemUse.add(m.PositionID, 1)
			t.membersOf[m.OrgUnitID] = t.membersOf[m.OrgUnitID].with(u.Seq)
			if m.IsManager {
				t.managers[m.OrgUnitID] = u.ID
			}
		}
	}
}

func (t *tenant) unindexUser(u *user) {
	for _, a := range t.reservedNames(u) {
		forget(t.addresses, a, u.ID)
	}
	if u.Props.Key != nil {
		forget(t.keys, keyIn("user", *u.Props.Key), u.ID)
	}
	if u.Props.EmployeeNumber != nil {
		forget(t.numbers, *u.Props.EmployeeNumber, u.ID)
	}
	delete(t.deleted, u.ID)
	d := domainKey(u.Props.DomainID)
	t.usersIn[d] = t.usersIn[d].without(u.Seq)
	t.itemUse.add(u.Props.UserTypeID, -1)
	for _, o := range u.Props.Organizations {
		t.itemUse.add(o.LevelID, -1)
		for _, m := range o.OrgUnits {
			t.itemUse.add(m.PositionID, -1)
			t.membersOf[m.OrgUnitID] = t.membersOf[m.OrgUnitID].without(u.Seq)
			if m.IsManager {
				forget(t.managers, m.OrgUnitID, u.ID)
			}
		}
	}
}

// forget removes an entry only if it still belongs to the owner.
func forget(m map[string]string, key, owner string) {
	if m[key] == owner {
		delete(m, key)
	}
}

func (t *tenant) childKey(u *orgUnit) string {
	if u.Parent == "" {
		return "top/" + domainKey(u.Props.DomainID)
	}
	return u.Parent
}

func (u *orgUnit) reservedNames() []string {
	return append([]string{u.Props.Email}, u.Props.AliasEmails...)
}

// putUnit stores a unit. Its place among the siblings is not touched: place does that.
func (t *tenant) putUnit(u *orgUnit) {
	if old := t.units[u.ID]; old != nil {
		t.unindexUnit(old)
		t.remember(u.ID, old, t.rec.At)
	} else {
		t.remember(u.ID, nil, t.rec.At)
	}
	t.units[u.ID] = u
	t.indexUnit(u)
	t.rec.Units = append(t.rec.Units, u)
}

func (t *tenant) indexUnit(u *orgUnit) {
	t.bySeq[u.Seq] = u.ID
	for _, a := range u.reservedNames() {
		t.addresses[a] = u.ID
	}
	if u.Props.Key != nil {
		t.keys[keyIn("orgunit", *u.Props.Key)] = u.ID
	}
	d := domainKey(u.Props.DomainID)
	t.unitsIn[d] = t.unitsIn[d].with(u.Seq)
}

func (t *tenant) unindexUnit(u *orgUnit) {
	for _, a := range u.reservedNames() {
		forget(t.addresses, a, u.ID)
	}
	if u.Props.Key != nil {
		forget(t.keys, keyIn("orgunit", *u.Props.Key), u.ID)
	}
	d := domainKey(u.Props.DomainID)
	t.unitsIn[d] = t.unitsIn[d].without(u.Seq)
}

// place puts a unit at a place (1…) among the children of its parent; a place
// beyond the last appends. The siblings are numbered 1..n again.
func (t *tenant) place(u *orgUnit, at int) {
	key := t.childKey(u)
	rest := t.children[key]
	at = min(max(at, 1), len(rest)+1)
	all := make([]string, 0, len(rest)+1)
	all = append(all, rest[:at-1]...)
	all = append(all, u.ID)
	all = append(all, rest[at-1:]...)
	t.renumber(key, all)
}

// unplace takes a unit from among its siblings.
func (t *tenant) unplace(u *orgUnit) {
	key := t.childKey(u)
	all := make([]string, 0, len(t.children[key]))
	for _, id := range t.children[key] {
		if id != u.ID {
			all = append(all, id)
		}
	}
	t.renumber(key, all)
}

func (t *tenant) renumber(key string, all []string) {
	if len(all) == 0 {
		delete(t.children, key)
		return
	}
	t.children[key] = all
	for i, id := range all {
		old := t.units[id]
		if old.Order == i+1 {
			continue
		}
		moved := *old
		moved.Order = i + 1
		t.remember(id, old, t.rec.At)
		t.units[id] = &moved
		if t.rec.Orders == nil {
			t.rec.Orders = map[string]int{}
		}
		t.rec.Orders[id] = i + 1
	}
}

// below returns the units under one, itself first.
func (t *tenant) below(id string) []string {
	out := []string{id}
	for i := 0; i < len(out); i++ {
		out = append(out, t.children[out[i]]...)
	}
	return out
}

func (t *tenant) depth(u *orgUnit) int {
	n := 1
	for u.Parent != "" {
		u = t.units[u.Parent]
		n++
	}
	return n
}

func (g *group) reservedNames() []string {
	out := append([]string{}, g.Props.AliasEmails...)
	if g.Props.Email != nil {
		out = append(out, *g.Props.Email)
	}
	return out
}

func (g *group) nameKey() string {
	return keyIn(itemSpace("group", g.Props.DomainID), strings.ToLower(g.Props.Name))
}

func (t *tenant) putGroup(g *group) {
	if old := t.groups[g.ID]; old != nil {
		t.unindexGroup(old)
		t.remember(g.ID, old, t.rec.At)
	} else {
		t.remember(g.ID, nil, t.rec.At)
	}
	t.groups[g.ID] = g
	t.bySeq[g.Seq] = g.ID
	for _, a := range g.reservedNames() {
		t.addresses[a] = g.ID
	}
	if g.Props.Key != nil {
		t.keys[keyIn("group", *g.Props.Key)] = g.ID
	}
	t.names[g.nameKey()] = g.ID
	d := domainKey(g.Props.DomainID)
	t.groupsIn[d] = t.groupsIn[d].with(g.Seq)
	for _, id := range g.refs() {
		t.inGroups.add(id, g.ID)
	}
	t.rec.Groups = append(t.rec.Groups, g)
}

func (t *tenant) unindexGroup(g *group) {
	for _, a := range g.reservedNames() {
		forget(t.addresses, a, g.ID)
	}
	if g.Props.Key != nil {
		forget(t.keys, keyIn("group", *g.Props.Key), g.ID)
	}
	forget(t.names, g.nameKey(), g.ID)
	d := domainKey(g.Props.DomainID)
	t.groupsIn[d] = t.groupsIn[d].without(g.Seq)
	for _, id := range g.refs() {
		t.inGroups.remove(id, g.ID)
	}
}

// refs are the IDs a group names.
func (g *group) refs() []string {
	var out []string
	for _, m := range g.Props.Members {
		out = append(out, m.ID)
	}
	for _, l := range [][]allowed{g.Props.Administrators, g.Props.Recipients, g.Props.Senders} {
		for _, a := range l {
			out = append(out, a.UserID)
		}
	}
	return out
}

func (t *tenant) putItem(i *item) {
	if old := t.items[i.ID]; old != nil {
		t.unindexItem(old)
		t.remember(i.ID, old, t.rec.At)
	} else {
		t.remember(i.ID, nil, t.rec.At)
	}
	t.items[i.ID] = i
	t.bySeq[i.Seq] = i.ID
	if i.Props.Key != nil {
		t.keys[keyIn(i.keySpace(), *i.Props.Key)] = i.ID
	}
	t.names[keyIn(itemSpace(i.List, i.Props.DomainID), i.Props.Name)] = i.ID
	t.rec.Items = append(t.rec.Items, i)
}

func (t *tenant) unindexItem(i *item) {
	if i.Props.Key != nil {
		forget(t.keys, keyIn(i.keySpace(), *i.Props.Key), i.ID)
	}
	forget(t.names, keyIn(itemSpace(i.List, i.Props.DomainID), i.Props.Name), i.ID)
}

// drop removes an object for good, whatever its kind. References to it are the
// caller's matter.
func (t *tenant) drop(id string) {
	if u := t.users[id]; u != nil {
		t.unindexUser(u)
		t.remember(id, u, t.rec.At)
		delete(t.users, id)
		delete(t.bySeq, u.Seq)
	}
	if u := t.units[id]; u != nil {
		t.unplace(u)
		t.unindexUnit(u)
		t.remember(id, u, t.rec.At)
		delete(t.units, id)
		delete(t.bySeq, u.Seq)
		delete(t.membersOf, id)
	}
	if g := t.groups[id]; g != nil {
		t.unindexGroup(g)
		t.remember(id, g, t.rec.At)
		delete(t.groups, id)
		delete(t.bySeq, g.Seq)
	}
	if i := t.items[id]; i != nil {
		t.unindexItem(i)
		t.remember(id, i, t.rec.At)
		delete(t.items, id)
		delete(t.bySeq, i.Seq)
	}
	if p := t.properties[id]; p != nil {
		t.unindexProperty(p)
		t.remember(id, p, t.rec.At)
		delete(t.properties, id)
		delete(t.bySeq, p.Seq)
	}
	t.rec.Gone = append(t.rec.Gone, id)
}

func (t *tenant) setFeature(key string, on bool) {
	t.version++
	t.features[key] = on
	if t.rec.Features == nil {
		t.rec.Features = map[string]bool{}
	}
	t.rec.Features[key] = on
}

func (t *tenant) spend(id string) {
	t.spent[id] = true
	t.rec.Spent = append(t.rec.Spent, id)
}
