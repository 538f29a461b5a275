package privacy

import (
	"strings"

	"github.com/isaworks/isa/internal/schema"
	"github.com/isaworks/isa/internal/value"
	"github.com/isaworks/isa/planner"
)

// Hands returns what was changed by hand, and the names that go with it, as they may be
// shown at a level; what is given stays as it is.
func Hands(found *planner.Hands, titles map[string]planner.Name, kinds []*schema.Kind, level Level) (*planner.Hands, map[string]planner.Name) {
	if level == Full {
		return found, titles
	}
	h := newHiding(&planner.Plan{Names: titles}, kinds, level)
	veils := map[string]*veil{} // one an object, so that its texts are told apart
	out := *found
	out.Changes = mapped(found.Changes, func(c planner.Hand) planner.Hand {
		key := c.Address.String()
		if veils[key] == nil {
			veils[key] = h.veil(c.Kind)
		}
		return h.hand(veils[key], c)
	})
	out.Unseen = mapped(found.Unseen, func(u planner.Unseen) planner.Unseen {
		if u.Failed && h.personal(u.Address.Type) {
			u.Why = "reading it failed; --privacy full shows why"
		}
		return u
	})
	names := h.names(titles)
	h.showKeys()
	for i := range out.Changes {
		out.Changes[i].Note = h.scrub(out.Changes[i].Note)
	}
	for i := range out.Unseen {
		out.Unseen[i].Why = h.scrub(out.Unseen[i].Why)
	}
	return &out, names
}

func (h *hiding) hand(v *veil, c planner.Hand) planner.Hand {
	c.Applied, c.Live = v.path(c.Attr, c.Applied), v.path(c.Attr, c.Live)
	top, _, _ := strings.Cut(c.Attr, ".")
	c.Wanted = v.path(top, c.Wanted)
	c.Added, _ = v.path(c.Attr, c.Added).(value.List)
	c.Removed, _ = v.path(c.Attr, c.Removed).(value.List)
	if h.nameless(c.Kind) {
		h.hide(c.Title)
		c.Title, c.Note = "", ""
	}
	return c
}

// path hides a value that stands at the path of an attribute: names.en_US.last, or of an
// element of a list belongs_to.head.
func (v *veil) path(path string, val value.Value) value.Value {
	if l, isList := val.(value.List); val == nil || isList && l == nil {
		return nil
	}
	names := strings.Split(path, ".")
	if len(names) == 1 || v.kind == nil {
		return v.attr(path, val)
	}
	a, ok := v.kind.Attr(names[0])
	if !ok {
		return v.value(nil, nil, val, true)
	}
	t, hide := &a.Type, a.Personal
	for _, name := range names[1:] {
		if t != nil && t.Kind == schema.List {
			t = t.Elem
		}
		switch {
		case t == nil:
		case t.Kind == schema.Map:
			t = t.Elem
			continue
		default:
			inner := t
			t = nil
			for i := range inner.Attrs {
				if in := &inner.Attrs[i]; in.Name == name {
					a, t, hide = *in, &in.Type, hide || in.Personal
				}
			}
		}
	}
	if t == nil {
		return v.value(nil, nil, val, true)
	}
	return v.value(&a, t, val, hide)
}
