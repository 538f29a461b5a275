package workspace

import (
	"github.com/isaworks/isa/config"
	"github.com/isaworks/isa/internal/addr"
	"github.com/isaworks/isa/internal/live"
	"github.com/isaworks/isa/internal/schema"
	"github.com/isaworks/isa/internal/value"
	"github.com/isaworks/isa/planner"
	"github.com/isaworks/isa/state"
)

// nameAll fills plan.Names: titles of what the changes refer to, by address and
// by service ID, the chain of parents above objects of a tree, and the people whom its
// texts quote: what is to hide them knows them by these names.
func nameAll(p *planner.Plan, cfg *config.Config, st *state.State, snap live.Snapshot, kinds []*schema.Kind) {
	n := newNaming(cfg, st, snap, kinds)
	for i := range p.Changes {
		n.change(&p.Changes[i])
	}
	for _, e := range p.Effects {
		n.key(e.Of)
		if !e.To.IsZero() {
			n.address(e.To)
		}
	}
	for _, d := range p.Drift {
		n.refs(d.Applied)
		n.refs(d.Live)
	}
	n.quoted(planTexts(p))
	if len(n.out) > 0 {
		p.Names = n.out
	}
}

// handNames are the titles of what changes by hand refer to.
func handNames(h *planner.Hands, cfg *config.Config, st *state.State, snap live.Snapshot, kinds []*schema.Kind) map[string]planner.Name {
	n := newNaming(cfg, st, snap, kinds)
	for i := range h.Changes {
		c := &h.Changes[i]
		n.address(c.Address)
		for _, v := range []value.Value{c.Element, c.Applied, c.Live, c.Added, c.Removed, c.Wanted} {
			n.refs(v)
		}
	}
	n.quoted(handTexts(h))
	return n.out
}

func newNaming(cfg *config.Config, st *state.State, snap live.Snapshot, kinds []*schema.Kind) *naming {
	n := &naming{out: map[string]planner.Name{}, kinds: map[string]*schema.Kind{}, wanted: map[addr.Address]*schema.Instance{},
		known: map[addr.Address]*state.Object{}, byID: map[string]*state.Object{}, live: map[string]liveObject{}}
	for _, k := range kinds {
		n.kinds[k.Type] = k
		for i := range snap.Objects[k.Type] {
			o := &snap.Objects[k.Type][i]
			n.live[o.ID] = liveObject{k, o}
			n.live[k.Type+":"+o.ID] = liveObject{k, o}
		}
	}
	for _, in := range cfg.Objects {
		n.wanted[in.Addr] = in
	}
	for i := range st.Objects {
		o := &st.Objects[i]
		n.known[o.Address] = o
		n.byID[o.Kind+":"+o.ID] = o
	}
	return n
}

type liveObject struct {
	kind *schema.Kind
	*live.Object
}

// naming collects names. Objects are found in the configuration, else in the
// state, else at the service.
type naming struct {
	out    map[string]planner.Name
	kinds  map[string]*schema.Kind
	wanted map[addr.Address]*schema.Instance
	known  map[addr.Address]*state.Object
	byID   map[string]*state.Object
	live   map[string]liveObject
}

func (n *naming) change(c *planner.Change) {
	for _, attrs := range []value.Object{c.Before, c.After, c.Managed} {
		n.refs(attrs)
	}
	for _, s := range c.Steps {
		n.refs(s.Attrs)
		if s.Place != nil {
			n.refs(value.Object{"parent": s.Place.Parent, "after": s.Place.After})
		}
	}
	if k := n.kinds[c.Kind]; k != nil && k.Parent != "" {
		n.address(c.Address)
	}
}

func (n *naming) refs(attrs value.Value) {
	value.Walk(attrs, func(_ value.Path, v value.Value) {
		switch v := v.(type) {
		case value.Ref:
			n.address(v.Addr)
		case value.String:
			if _, ok := n.live[string(v)]; ok {
				n.id(string(v))
			}
		}
	})
}

// key names what an address or a service ID stands for.
func (n *naming) key(key string) {
	if a, err := addr.Parse(key); err == nil {
		n.address(a)
		return
	}
	n.id(key)
}

// maxTree bounds the way up a tree; the service allows 15 levels.
const maxTree = 64

func (n *naming) address(a addr.Address) {
	for range maxTree {
		if _, done := n.out[a.String()]; done {
			return
		}
		var attrs value.Object
		kind := n.kinds[a.Type]
		if in := n.wanted[a]; in != nil {
			attrs = in.Attrs
		} else if o := n.known[a]; o != nil {
			attrs = o.Attrs
			if _, named := attrs["name"]; !named {
				attrs = n.live[o.ID].attrs(attrs)
			}
		}
		if kind == nil || attrs == nil {
			return
		}
		name := planner.Name{Title: title(kind, attrs), Kind: kind.Type}
		parent := parentOf(kind, attrs)
		switch p := parent.(type) {
		case value.Ref:
			name.Parent = p.Addr.String()
			n.out[a.String()] = name
			a = p.Addr
			continue
		case value.String:
			name.Parent = string(p)
			n.out[a.String()] = name
			n.id(string(p))
			return
		}
		n.out[a.String()] = name
		return
	}
}

// attrs falls back to what the service shows.
func (l liveObject) attrs(otherwise value.Object) value.Object {
	if l.Object == nil {
		return otherwise
	}
	return l.Attrs
}

// id names a service ID: by the address that manages it, so that it stands at its
// place in the tree, else by what the service shows.
func (n *naming) id(id string) {
	for range maxTree {
		if _, done := n.out[id]; done {
			return
		}
		l, ok := n.live[id]
		if !ok {
			return
		}
		name := planner.Name{Title: title(l.kind, l.Attrs), Kind: l.kind.Type, Parent: value.Text(parentOf(l.kind, l.Attrs))}
		if o := n.byID[l.kind.Type+":"+l.ID]; o != nil {
			n.address(o.Address)
			if managed, ok := n.out[o.Address.String()]; ok {
				name.Parent = managed.Parent
			}
		}
		n.out[id] = name
		id = name.Parent
	}
}

func parentOf(k *schema.Kind, attrs value.Object) value.Value {
	if k.Parent == "" {
		return nil
	}
	return attrs[k.Parent]
}

func title(k *schema.Kind, attrs value.Object) string {
	if k.Title == nil {
		return value.Text(attrs["name"])
	}
	return k.Title(attrs)
}
