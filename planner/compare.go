package planner

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"

	"github.com/isaworks/isa/internal/live"
	"github.com/isaworks/isa/internal/schema"
	"github.com/isaworks/isa/internal/value"
)

// Digest is what the state keeps of a write-only value instead of the value. The
// digest covers handles of secrets, never secrets.
func Digest(v value.Value) value.String {
	data, err := json.Marshal(v)
	if err != nil { // no Value fails to marshal
		data = fmt.Append(nil, v)
	}
	sum := sha256.Sum256(data)
	return value.String("sha256:" + hex.EncodeToString(sum[:]))
}

// compareAll fills in what changes of each object that exists.
func (p *planner) compareAll() {
	for _, o := range p.objects {
		if o.inst == nil || o.unselected || o.unconfirmed {
			continue
		}
		if o.live == nil {
			p.refuseDue(o)
			p.checkRefs(o)
			continue
		}
		p.compare(o)
	}
}

// compare decides attribute by attribute, as docs/formats.md and the design's
// table say: absent is unmanaged, equal is nothing, else it is changed, and when
// the configuration did not ask for the change, it is drift as well.
func (p *planner) compare(o *object) {
	k := o.kind
	for i := range k.Attrs {
		a := &k.Attrs[i]
		w, managed := o.inst.Attrs[a.Name]
		if !managed || a.Steering || k.placed && (a.Name == k.Order || a.Name == k.Parent) {
			continue
		}
		p.compareAttr(o, a, w)
	}
	p.wholly(o)
	p.compareStatus(o)
}

func (p *planner) compareAttr(o *object, a *schema.Attr, w value.Value) {
	rule, write := p.judge(o, a, w)
	switch rule {
	case RuleEqual, RuleApplied, RulePassed, RuleSeed:
		return
	}
	if !p.refsKnown(o, a, w) {
		return
	}
	l := o.live.Attrs[a.Name]
	last := o.lastApplied(a.Name)
	switch rule {
	case RuleIgnored:
		p.drift(o, a, last, l, false)
	case RuleFixed:
		p.fail(o, value.Of(a.Name), "attribute.create_only",
			a.Name+" is fixed when the object is created, and what is wanted differs from what is there",
			"write what is there, or make a new object under another address")
	case RuleAwaited:
		p.unconfirmed(o)
	case RuleReverted:
		o.turned = true
		p.drift(o, a, last, l, true)
		o.set(p, a, write, l)
	case RuleChanged:
		o.set(p, a, write, l)
	}
}

// entries are the entries of a map that change; the others stay by themselves.
func (p *planner) entries(a *schema.Attr, w, l value.Value) value.Value {
	want, ok := w.(value.Object)
	if !ok {
		return w
	}
	have, _ := l.(value.Object)
	out := make(value.Object, len(want))
	for name, v := range want {
		if !p.same(a, a.Type.Elem, v, have[name]) {
			out[name] = v
		}
	}
	return out
}

// set notes that an attribute is to be written.
func (o *object) set(p *planner, a *schema.Attr, write, l value.Value) {
	if o.diff == nil {
		o.diff, o.before, o.after, o.expect = value.Object{}, value.Object{}, value.Object{}, value.Object{}
	}
	o.diff[a.Name] = write
	o.after[a.Name] = write
	if l == nil && a.Unreadable && o.st != nil && o.st.Attrs[a.Name] != nil {
		o.before[a.Name] = o.st.Attrs[a.Name] // as far as isa knows
	}
	_, none := l.(value.Clear)
	none = none || l == nil
	if !none {
		o.before[a.Name] = p.display(&a.Type, l)
	}
	switch {
	case a.Unreadable: // it is written whatever it is, and the next look may not read it
	case none:
		o.expect[a.Name] = value.Clear{}
	default:
		o.expect[a.Name] = l
	}
}

func (p *planner) drift(o *object, a *schema.Attr, last, l value.Value, reverted bool) {
	if a.WriteOnly {
		return
	}
	p.plan.Drift = append(p.plan.Drift, Drift{
		Address: o.addr, Title: o.title(), Attr: a.Name,
		Applied: last, Live: p.display(&a.Type, l), Reverted: reverted,
	})
}

// compareStatus reports objects that were suspended by hand. They are left alone.
func (p *planner) compareStatus(o *object) {
	if p.due(o) {
		p.suspendDue(o)
		return
	}
	if o.live.Status == live.Suspended && !p.returns(o) && !o.taken() && o.lastStatus() != live.Suspended {
		p.plan.Drift = append(p.plan.Drift, Drift{
			Address: o.addr, Title: o.title(), Attr: "status",
			Applied: value.String(live.InUse), Live: value.String(live.Suspended),
		})
	}
}

// taken reports whether this plan takes the live object over, so that nothing of it can
// have changed since the last apply.
func (o *object) taken() bool { return o.st == nil || o.st.ID != o.live.ID }

// checkRefs reports references of an object to be created that name nothing.
func (p *planner) checkRefs(o *object) {
	for i := range o.kind.Attrs {
		a := &o.kind.Attrs[i]
		if w := o.inst.Attrs[a.Name]; w != nil {
			p.refsKnown(o, a, w)
		}
	}
}

func (p *planner) refsKnown(o *object, a *schema.Attr, w value.Value) bool {
	switch w.(type) {
	case value.String, value.Int, value.Bool, value.Clear, value.Secret:
		return true
	}
	for _, r := range value.Refs(w) {
		if t := p.at[r]; t == nil || t.inst == nil {
			p.fail(o, value.Of(a.Name), "reference.unknown", a.Name+" refers to "+r.String()+", which is not declared",
				"declare it or take the reference out")
			return false
		}
	}
	return true
}

// listed reports whether isa owns only a part of the list.
func listed(a *schema.Attr, inst *schema.Instance) bool {
	if a.Ownership == "" || a.Type.Kind != schema.List {
		return false
	}
	mode := a.Ownership
	if v, ok := inst.Attrs["ownership"].(value.String); ok {
		mode = v
	}
	return mode == "listed"
}

// edit compares a list of which isa owns a part: what is wanted and missing or
// different is added, what isa applied and nobody wants any more is removed.
func (p *planner) edit(a *schema.Attr, w, l, last value.Value) (value.Edit, bool) {
	want, _ := w.(value.List)
	have, _ := l.(value.List)
	was, _ := last.(value.List)
	ident := func(v value.Value) string {
		if o, ok := v.(value.Object); ok && a.ElemKey != "" {
			if k := attrIn(a.Type.Elem.Attrs, a.ElemKey); k != nil {
				return p.canon(k, &k.Type, o[a.ElemKey])
			}
		}
		return p.canon(a, a.Type.Elem, v)
	}
	there := make(map[string]value.Value, len(have))
	for _, v := range have {
		there[ident(v)] = v
	}
	var e value.Edit
	wanted := make(map[string]bool, len(want))
	for _, v := range want {
		id := ident(v)
		if wanted[id] {
			continue
		}
		wanted[id] = true
		if l, ok := there[id]; !ok || !p.same(a, a.Type.Elem, v, l) {
			e.Add = append(e.Add, v)
		}
	}
	for _, v := range was {
		id := ident(v)
		if l, ok := there[id]; ok && !wanted[id] {
			e.Remove = append(e.Remove, l)
			wanted[id] = true
		}
	}
	return e, len(e.Add)+len(e.Remove) > 0
}

// empty reports whether a value holds nothing.
func empty(v value.Value) bool {
	switch v := v.(type) {
	case nil, value.Clear:
		return true
	case value.String:
		return v == ""
	case value.List:
		return len(v) == 0
	case value.Object:
		return len(v) == 0
	}
	return false
}

// same reports whether the live value l is what w wants. Attributes of objects
// and names of maps that w does not have are unmanaged. It allocates only for
// sets whose order differs.
func (p *planner) same(a *schema.Attr, t *schema.Type, w, l value.Value) bool {
	switch w.(type) {
	case nil:
		return true
	case value.Clear:
		return empty(l)
	}
	if t.Kind == schema.Free {
		return !empty(l) && p.canon(a, t, w) == p.canon(a, t, l)
	}
	switch w := w.(type) {
	case value.String:
		text, ok := l.(value.String)
		if !ok {
			return w == "" && empty(l)
		}
		return w == text || (a.CaseFold || a.Normalise != nil) && a.Normal(string(w)) == a.Normal(string(text))
	case value.Ref:
		if w.Attr != "id" {
			v := p.deref(w)
			return v != nil && p.same(a, t, v, l)
		}
		text, ok := l.(value.String)
		return ok && p.isRef(t, w, string(text))
	case value.List:
		return p.sameList(a, t, w, l)
	case value.Object:
		return p.sameObject(a, t, w, l)
	case value.Secret:
		return false
	}
	return w == l
}

func (p *planner) sameList(a *schema.Attr, t *schema.Type, w value.List, l value.Value) bool {
	have, ok := l.(value.List)
	if !ok {
		return len(w) == 0 && empty(l)
	}
	if a.ElemKey != "" {
		return p.sameElements(a, t, w, have)
	}
	if len(w) == len(have) {
		equal := true
		for i := 0; i < len(w) && equal; i++ {
			equal = p.same(a, t.Elem, w[i], have[i])
		}
		if equal {
			return true
		}
	}
	return a.Set && p.canon(a, t, w) == p.canon(a, t, have)
}

// sameElements compares element by element; their order means nothing.
func (p *planner) sameElements(a *schema.Attr, t *schema.Type, w, have value.List) bool {
	if len(w) != len(have) {
		return false
	}
	key := attrIn(t.Elem.Attrs, a.ElemKey)
	if key == nil {
		return false
	}
	for i, e := range w {
		obj, _ := e.(value.Object)
		other := p.element(key, obj[a.ElemKey], have, i)
		if other == nil || !p.sameObject(a, t.Elem, obj, other) {
			return false
		}
	}
	return true
}

// element finds the live element with the wanted key, trying index first.
func (p *planner) element(key *schema.Attr, want value.Value, have value.List, first int) value.Object {
	is := func(i int) value.Object {
		if obj, ok := have[i].(value.Object); ok && p.same(key, &key.Type, want, obj[key.Name]) {
			return obj
		}
		return nil
	}
	if first < len(have) {
		if obj := is(first); obj != nil {
			return obj
		}
	}
	for i := range have {
		if obj := is(i); obj != nil {
			return obj
		}
	}
	return nil
}

func (p *planner) sameObject(a *schema.Attr, t *schema.Type, w value.Object, l value.Value) bool {
	have, ok := l.(value.Object)
	if !ok && !empty(l) {
		return false
	}
	if t.Kind == schema.Map {
		for name, v := range w {
			if !p.same(a, t.Elem, v, have[name]) {
				return false
			}
		}
		return true
	}
	for i := range t.Attrs {
		inner := &t.Attrs[i]
		if v, ok := w[inner.Name]; ok && !inner.Steering && !inner.WriteOnly && !p.same(inner, &inner.Type, v, have[inner.Name]) {
			return false
		}
	}
	return true
}
