package planner

import (
	"maps"
	"slices"

	"github.com/isaworks/isa/internal/schema"
	"github.com/isaworks/isa/internal/value"
)

// attrs compares the attributes that isa applied.
func (h *hands) attrs(o *object) {
	var unread []string
	for i := range o.kind.Attrs {
		a := &o.kind.Attrs[i]
		last, managed := o.st.Attrs[a.Name]
		if !managed || a.Steering || a.WriteOnly || o.kind.placed && (a.Name == o.kind.Order || a.Name == o.kind.Parent) ||
			slices.Contains(o.st.Lifecycle.Seed, a.Name) {
			continue
		}
		now := o.live.Attrs[a.Name]
		if deep, read := h.in.Deep[o.addr][a.Name]; read {
			if now = deep; empty(deep) {
				now = nil
			}
		} else if a.Unreadable && now == nil {
			unread = append(unread, a.Name)
			continue
		}
		last, now, passed := h.passed(a, h.applied(last), now)
		if !passed {
			h.attr(o, a, last, now)
		}
	}
	if unread == nil {
		return
	}
	switch why, failed := h.in.Unread[o.addr]; {
	case failed:
		h.unseen(o, unread, why, true)
	case h.in.Deep == nil:
		h.unseen(o, unread, "no list of the service gives it; isa drift --deep reads what it can", false)
	default:
		h.unseen(o, unread, "the service does not tell it, or was asked for it only minutes ago", false)
	}
}

// passed leaves out what was for a time that is over (schema.Attr.Over). It reports whether
// both values were.
func (h *hands) passed(a *schema.Attr, last, now value.Value) (value.Value, value.Value, bool) {
	if a.Over == nil {
		return last, now, false
	}
	was, is := a.Over(last, h.in.Now), empty(now) || a.Over(now, h.in.Now)
	if was {
		last = value.Clear{}
	}
	if is {
		now = nil
	}
	return last, now, was && is
}

// applied is a value as it was when it was applied: what it took from another object is
// what the state has of that.
func (h *hands) applied(v value.Value) value.Value {
	return value.Map(v, func(v value.Value) value.Value {
		r, ok := v.(value.Ref)
		if !ok || r.Attr == "id" {
			return v
		}
		t := h.p.at[r.Addr]
		if t == nil {
			return v
		}
		if was, known := t.st.Attrs[r.Attr]; known {
			return was
		}
		if t.live != nil {
			return t.live.Attrs[r.Attr]
		}
		return v
	})
}

// attr compares one attribute.
func (h *hands) attr(o *object, a *schema.Attr, last, now value.Value) {
	found := &handDiff{hands: h, whole: !h.listed(o, a)}
	found.value(a, &a.Type, value.Of(a.Name), nil, last, now)
	switch {
	case len(found.changes) == 0:
		return
	case slices.Contains(o.st.Begun, a.Name):
		h.unseen(o, []string{a.Name}, cutOff, false)
		return
	case h.p.recent(o):
		h.await(o)
		return
	}
	wanted := h.wants(o, a, last)
	note := h.heldNow(o, a)
	for _, c := range found.changes {
		c.Sort, c.Wanted, c.Note = HandChanged, wanted, note
		h.add(o, c, slices.Contains(o.st.Lifecycle.Ignore, a.Name))
	}
}

// listed reports whether isa owns only a part of a list. Where nothing says so, a list
// that may be owned in part is.
func (h *hands) listed(o *object, a *schema.Attr) bool {
	if inst := h.instance(o); inst != nil {
		return listed(a, inst)
	}
	return a.Ownership != "" && a.Type.Kind == schema.List
}

// wants is what the configuration wants of an attribute by now, nil when that is what was
// applied, or nothing.
func (h *hands) wants(o *object, a *schema.Attr, last value.Value) value.Value {
	inst := h.instance(o)
	if inst == nil || h.in.Partial {
		return nil
	}
	w := inst.Attrs[a.Name]
	if w == nil || value.Equal(w, last) || h.p.canon(a, &a.Type, w) == h.p.canon(a, &a.Type, last) {
		return nil
	}
	return w
}

// heldNow tells who else has a name that isa gave to the object and that it has lost.
func (h *hands) heldNow(o *object, a *schema.Attr) string {
	if o.kind.Claims == nil {
		return ""
	}
	for _, c := range o.kind.Claims(o.st.Attrs, o.company, h.p.claimID) {
		if len(c.Path) == 0 || c.Path[0].Name != a.Name {
			continue
		}
		if l := h.p.held()[c.Held()]; l != nil && l != o.live {
			return h.p.spoken(c) + " is held by " + titleOf(h.p.kinds[l.Kind], l.Attrs, l.ID) + " now"
		}
	}
	return ""
}

// handDiff collects what differs in one attribute.
type handDiff struct {
	*hands
	whole   bool // isa owns all of the list
	changes []Hand
}

func (d *handDiff) changed(path value.Path, element value.Value, c Hand) {
	c.Attr, c.Element = path.String(), element
	d.changes = append(d.changes, c)
}

// value compares one value, applied and live, down to what differs.
func (d *handDiff) value(a *schema.Attr, t *schema.Type, path value.Path, element, last, now value.Value) {
	list, isList := last.(value.List)
	obj, isObject := last.(value.Object)
	have, isThere := now.(value.Object)
	switch {
	case isList && t.Kind == schema.List:
		there, _ := now.(value.List)
		d.list(a, t, path, list, there)
	case isObject && isThere && t.Kind == schema.Map:
		for _, name := range slices.Sorted(maps.Keys(obj)) {
			d.value(a, t.Elem, path.Name(name), element, obj[name], have[name])
		}
	case isObject && isThere && t.Kind == schema.Object:
		for i := range t.Attrs {
			inner := &t.Attrs[i]
			if v, ok := obj[inner.Name]; ok && !inner.Steering && !inner.WriteOnly {
				d.value(inner, &inner.Type, path.Name(inner.Name), element, v, have[inner.Name])
			}
		}
	case !d.p.same(a, t, last, now):
		if _, cleared := last.(value.Clear); cleared {
			last = nil
		}
		d.changed(path, element, Hand{Applied: last, Live: d.p.display(t, now)})
	}
}

// list compares two lists: by elements where they can be told apart, else as a whole.
func (d *handDiff) list(a *schema.Attr, t *schema.Type, path value.Path, last, now value.List) {
	id := func(v value.Value) string { return d.p.elementID(a, t, v) }
	there, was := map[string]value.Value{}, map[string]bool{}
	for _, v := range now {
		there[id(v)] = v
	}
	var c Hand
	for _, v := range last {
		was[id(v)] = true
		live, still := there[id(v)]
		switch {
		case !still:
			c.Removed = append(c.Removed, v)
		case a.ElemKey != "":
			d.value(&schema.Attr{}, t.Elem, path, elementKey(a, v), v, live)
		}
	}
	for _, v := range now {
		if !was[id(v)] && d.whole {
			c.Added = append(c.Added, d.p.display(t.Elem, v))
		}
	}
	switch {
	case len(c.Added)+len(c.Removed) > 0:
		d.changed(path, nil, c)
	case d.whole && !a.Set && a.ElemKey == "" && !d.p.same(a, t, last, now):
		d.changed(path, nil, Hand{Applied: last, Live: d.p.display(t, now)})
	}
}

// elementKey is what an element is told apart by.
func elementKey(a *schema.Attr, v value.Value) value.Value {
	if obj, ok := v.(value.Object); ok {
		return obj[a.ElemKey]
	}
	return v
}
