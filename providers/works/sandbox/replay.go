package sandbox

import (
	"fmt"
	"sort"
	"time"
)

// replay carries out one record of the journal.
func (t *tenant) replay(r *record) error {
	t.serial = r.Serial
	if r.Name != "" {
		t.name = r.Name
	}
	for _, id := range r.Gone {
		t.dropReplayed(id)
	}
	for _, u := range r.Users {
		t.putUser(u)
	}
	for _, u := range r.Units {
		t.putUnit(u)
	}
	for id, n := range r.Orders {
		u := t.units[id]
		if u == nil {
			if contains(r.Gone, id) {
				continue
			}
			return fmt.Errorf("org unit %s is numbered but does not exist", id)
		}
		moved := *u
		moved.Order = n
		t.units[id] = &moved
	}
	for _, g := range r.Groups {
		t.putGroup(g)
	}
	for _, i := range r.Items {
		t.putItem(i)
	}
	for _, p := range r.Properties {
		t.putProperty(p)
	}
	for k, on := range r.Features {
		t.features[k] = on
	}
	for _, id := range r.Spent {
		t.spent[id] = true
	}
	t.rec = &record{At: r.At}
	return nil
}

// dropReplayed is drop without numbering siblings, which the record has itself.
func (t *tenant) dropReplayed(id string) {
	if u := t.units[id]; u != nil {
		t.unindexUnit(u)
		delete(t.units, id)
		delete(t.bySeq, u.Seq)
		delete(t.membersOf, id)
		return
	}
	t.drop(id)
}

// arrange builds the order of children from the units, after a replay.
func (t *tenant) arrange() {
	t.children = map[string][]string{}
	for _, u := range t.units {
		key := t.childKey(u)
		t.children[key] = append(t.children[key], u.ID)
	}
	for _, ids := range t.children {
		sort.Slice(ids, func(a, b int) bool { return t.units[ids[a]].Order < t.units[ids[b]].Order })
	}
}

// snapshot returns the tenant as records.
func (t *tenant) snapshot(at time.Time) []*record {
	const chunk = 500
	ids := make([]uint64, 0, len(t.bySeq))
	for seq := range t.bySeq {
		ids = append(ids, seq)
	}
	sort.Slice(ids, func(a, b int) bool { return ids[a] < ids[b] })
	var out []*record
	rec := &record{At: at, Serial: t.serial, Name: t.name, Features: t.features, Spent: sortedKeys(t.spent)}
	for n, seq := range ids {
		if n%chunk == chunk-1 {
			out = append(out, rec)
			rec = &record{At: at, Serial: t.serial}
		}
		id := t.bySeq[seq]
		switch {
		case t.users[id] != nil:
			rec.Users = append(rec.Users, t.users[id])
		case t.units[id] != nil:
			rec.Units = append(rec.Units, t.units[id])
		case t.groups[id] != nil:
			rec.Groups = append(rec.Groups, t.groups[id])
		case t.items[id] != nil:
			rec.Items = append(rec.Items, t.items[id])
		case t.properties[id] != nil:
			rec.Properties = append(rec.Properties, t.properties[id])
		}
	}
	return append(out, rec)
}
