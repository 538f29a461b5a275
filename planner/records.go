package planner

import (
	"slices"

	"github.com/isaworks/isa/internal/live"
	"github.com/isaworks/isa/internal/schema"
	"github.com/isaworks/isa/internal/value"
	"github.com/isaworks/isa/state"
)

// records finds what the state must learn about objects for which there is nothing
// to do: attributes that are at the service as they are wanted, and were never
// written, or that are not managed any more. Without it a person whom somebody put
// into a group by hand, and whom the configuration then listed, would not count as
// put there by isa.
func (p *planner) records() {
	for _, o := range p.objects {
		if o.inst == nil || o.live == nil || o.st == nil || o.unselected || o.unconfirmed || len(o.steps.all()) > 0 {
			continue
		}
		if attrs := p.remembered(o); attrs != nil {
			p.plan.Records = append(p.plan.Records, Record{Address: o.addr, Attrs: attrs, Found: o.found()})
		}
	}
}

// remembered is what the state must hold of an object without steps; nil: it does.
func (p *planner) remembered(o *object) value.Object {
	differs := slices.ContainsFunc(o.st.Begun, func(name string) bool { return name != state.OrderName }) || // sequences tell of that
		o.st.Found != o.found()
	if !differs && value.Equal(o.st.Attrs, o.inst.Attrs) {
		return nil // the usual case, and cheaper than what follows
	}
	known := 0
	for i := range o.kind.Attrs {
		a := &o.kind.Attrs[i]
		v, last := p.remember(o, a), o.st.Attrs[a.Name]
		if v != nil && last != nil {
			known++
		}
		differs = differs || !p.recorded(a, v, last)
	}
	if !differs && known == len(o.st.Attrs) {
		return nil
	}
	out := make(value.Object, len(o.st.Attrs))
	for i := range o.kind.Attrs {
		if v := p.remember(o, &o.kind.Attrs[i]); v != nil {
			out[o.kind.Attrs[i].Name] = v
		}
	}
	return out
}

// found is the status in which the object was taken over, as long as it has not worked
// since.
func (o *object) found() string {
	if o.live.Status == live.InUse {
		return ""
	}
	return o.st.Found
}

// remember is what the state must hold of one attribute, nil for nothing. What is
// left alone although it differs stays what it was.
func (p *planner) remember(o *object, a *schema.Attr) value.Value {
	w, managed := o.inst.Attrs[a.Name]
	switch {
	case !managed || a.Steering && a.Name != o.kind.SuspendOn:
		return nil
	case a.WriteOnly && a.CreateOnly, !p.settled(o, a, w):
		return o.st.Attrs[a.Name]
	case a.WriteOnly:
		return Digest(w)
	}
	return w
}

// settled reports whether an attribute that no step writes is as wanted. Only what
// the lifecycle leaves alone may differ.
func (p *planner) settled(o *object, a *schema.Attr, w value.Value) bool {
	if !slices.Contains(o.inst.Lifecycle.Seed, a.Name) && !slices.Contains(o.inst.Lifecycle.Ignore, a.Name) {
		return true
	}
	l := o.live.Attrs[a.Name]
	switch {
	case a.WriteOnly, a.Unreadable, o.kind.placed && a.Name == o.kind.Order:
		return false
	case listed(a, o.inst):
		_, some := p.edit(a, w, l, o.st.Attrs[a.Name])
		return !some
	}
	return p.same(a, &a.Type, w, l)
}

// recorded reports whether the state's value says the same.
func (p *planner) recorded(a *schema.Attr, v, last value.Value) bool {
	if v == nil || last == nil {
		return v == nil && last == nil
	}
	return value.Equal(v, last) || !a.WriteOnly && p.canon(a, &a.Type, v) == p.canon(a, &a.Type, last)
}
