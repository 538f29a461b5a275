package planner

import (
	"slices"

	"github.com/isaworks/isa/internal/addr"
	"github.com/isaworks/isa/internal/live"
	"github.com/isaworks/isa/internal/schema"
	"github.com/isaworks/isa/internal/value"
	"github.com/isaworks/isa/state"
)

// Remembered completes a listing with the objects of kinds that the service cannot
// list (schema.Kind.Unread): each is there as the state says it was applied, as long
// as the object that it belongs to is. Of one whose creation did not come to its end
// nothing but its place is known, so that all of it is written again. Neither snap
// nor st is changed. A change that somebody makes by hand is not seen.
func Remembered(snap live.Snapshot, kinds []*schema.Kind, st *state.State) live.Snapshot {
	if !slices.ContainsFunc(kinds, func(k *schema.Kind) bool { return k.Unread != "" }) {
		return snap
	}
	m := memory{byAddr: map[addr.Address]*state.Object{}, there: map[string]bool{}}
	out := snap
	out.Objects = make(map[string][]live.Object, len(snap.Objects)+1)
	for kind, objects := range snap.Objects {
		out.Objects[kind] = objects
		for i := range objects {
			m.there[kind+"\x00"+objects[i].ID] = true
		}
	}
	if st != nil {
		for i := range st.Objects {
			m.byAddr[st.Objects[i].Address] = &st.Objects[i]
		}
	}
	for _, k := range kinds {
		if k.Unread != "" {
			out.Objects[k.Type] = m.objects(k, st)
		}
	}
	return out
}

// memory is what the state and the listing say of other objects.
type memory struct {
	byAddr map[addr.Address]*state.Object
	there  map[string]bool // kind and ID
}

func (m memory) objects(k *schema.Kind, st *state.State) []live.Object {
	out := []live.Object{} // never nil: the kind is not switched off
	if st == nil {
		return out
	}
	owner, _ := k.Attr(k.Unread)
	for i := range st.Objects {
		o := &st.Objects[i]
		if o.Kind != k.Type || o.Status == state.Retired {
			continue
		}
		id := o.ID
		if o.Status == state.Pending {
			id = value.Text(m.resolve(o.Attrs[k.Unread]))
		}
		if id == "" || !slices.ContainsFunc(owner.Type.Kinds, func(kind string) bool { return m.there[kind+"\x00"+id] }) {
			continue
		}
		attrs := value.Object{k.Unread: value.String(id)}
		if o.Status != state.Pending {
			attrs = schema.Merger{Resolve: func(r value.Ref) value.Value { return m.resolve(r) }}.Merge(k.Attrs, nil, o.Attrs)
			attrs[k.Unread] = value.String(id)
		}
		out = append(out, live.Object{Kind: k.Type, ID: id, DomainID: o.DomainID, Attrs: attrs, Status: live.InUse})
	}
	return out
}

// resolve is what a value stands for by the state: of a reference the service's ID,
// or the attribute that it names. nil when there is none.
func (m memory) resolve(v value.Value) value.Value {
	r, ok := v.(value.Ref)
	if !ok {
		return v
	}
	switch o := m.byAddr[r.Addr]; {
	case o == nil:
		return nil
	case r.Attr != "id":
		return o.Attrs[r.Attr]
	case o.ID == "":
		return nil
	default:
		return value.String(o.ID)
	}
}

// wholly adds what does not change to the attributes that are written: nobody can
// read the rest of such an object, so that it is always written as a whole.
func (p *planner) wholly(o *object) {
	if o.kind.Unread == "" || len(o.diff) == 0 {
		return
	}
	for i := range o.kind.Attrs {
		a := &o.kind.Attrs[i]
		w, managed := o.inst.Attrs[a.Name]
		if _, written := o.diff[a.Name]; written || !managed || a.Steering || a.CreateOnly {
			continue
		}
		if l := o.live.Attrs[a.Name]; l != nil { // as applied, also where the lifecycle leaves it alone
			w = l
		}
		o.diff[a.Name] = w
	}
}
