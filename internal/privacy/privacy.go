// Package privacy takes what is personal out of a plan before others read it. What
// it returns is a plan like any other: every format shows the same and hides the same.
package privacy

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/isaworks/isa/internal/addr"
	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/internal/schema"
	"github.com/isaworks/isa/internal/value"
	"github.com/isaworks/isa/planner"
)

// Level says how much is shown of people.
type Level string

// The levels, from least to most.
const (
	IDs   Level = "ids"   // addresses, keys and service IDs; of values, that they change
	Names Level = "names" // names, login IDs and what else is no schema.Attr.Personal
	Full  Level = "full"  // everything
)

// Parse reads a level by its name.
func Parse(text string) (Level, error) {
	switch l := Level(text); l {
	case IDs, Names, Full:
		return l, nil
	}
	return "", fmt.Errorf("--privacy %q is not known; use ids, names or full", text)
}

// Plan returns p as it may be shown at a level; p stays as it is. kinds are those that
// the plan is about, content too: what is not described there is hidden. The hash is that
// of p, and what comes back cannot be carried out.
//
// Texts that are hidden are told apart within one change: "(hidden 1)", "(hidden 2)".
// Texts for people (reasons, warnings) lose the words that tell who somebody is: titles,
// login IDs and addresses of people, and personal texts of one word. Those about a person or
// a cell of a table are left out, since they may quote more.
func Plan(p *planner.Plan, kinds []*schema.Kind, level Level) *planner.Plan {
	if level == Full {
		return p
	}
	shown, _ := hide(p, kinds, level)
	return shown
}

// Scrubber returns what takes the words that Plan hides out of other texts: of what is told
// while p is carried out. It is safe for concurrent use; nil where nothing is hidden.
func Scrubber(p *planner.Plan, kinds []*schema.Kind, level Level) func(text string) string {
	if level == Full {
		return nil
	}
	_, h := hide(p, kinds, level)
	return h.scrub
}

func hide(p *planner.Plan, kinds []*schema.Kind, level Level) (*planner.Plan, *hiding) {
	h := newHiding(p, kinds, level)
	out := *p
	out.Changes = mapped(p.Changes, h.change)
	out.Drift = mapped(p.Drift, h.drift)
	out.Records = mapped(p.Records, h.record)
	out.Names = h.names(p.Names)
	h.learn(p)
	for i := range out.Changes {
		h.texts(&out.Changes[i])
	}
	out.Content = mapped(p.Content, h.content)
	out.Unserved = mapped(p.Unserved, h.unserved)
	out.Diagnostics = mapped(p.Diagnostics, h.diagnostic)
	return &out, h
}

// Diagnostics returns the diagnostics of a configuration as they may be shown at a level:
// those about a person or a cell of a table keep their place and what their code says.
func Diagnostics(list diag.List, kinds []*schema.Kind, level Level) diag.List {
	if level == Full {
		return list
	}
	return mapped(list, newHiding(&planner.Plan{}, kinds, level).diagnostic)
}

func mapped[T any](list []T, f func(T) T) []T {
	if list == nil {
		return nil
	}
	out := make([]T, len(list))
	for i, v := range list {
		out[i] = f(v)
	}
	return out
}

// hiding is one plan on its way to its readers.
type hiding struct {
	level Level
	kinds map[string]*schema.Kind
	keys  map[string]bool // words of addresses: they are shown
	words map[string]bool // words that are hidden
}

func newHiding(p *planner.Plan, kinds []*schema.Kind, level Level) *hiding {
	h := &hiding{level: level, kinds: map[string]*schema.Kind{}, keys: map[string]bool{}, words: map[string]bool{}}
	for _, k := range kinds {
		h.kinds[k.Type] = k
	}
	for i := range p.Changes {
		h.key(p.Changes[i].Address)
		h.key(p.Changes[i].Previous)
	}
	for i := range p.Content {
		h.key(p.Content[i].Address)
	}
	for key := range p.Names {
		if a, err := addr.Parse(key); err == nil {
			h.key(a)
		}
	}
	return h
}

func (h *hiding) key(a addr.Address) {
	for _, w := range words(a.String()) {
		h.keys[w] = true
	}
}

// personal reports whether objects of a type are people, or are about one person each:
// settings of theirs, and content.
func (h *hiding) personal(typ string) bool {
	k := h.kinds[typ]
	return k == nil || k.Person || k.Content || k.Unread != ""
}

// nameless reports whether objects of a type go without their titles.
func (h *hiding) nameless(typ string) bool { return h.level == IDs && h.personal(typ) }

func (h *hiding) change(c planner.Change) planner.Change {
	v := h.veil(c.Kind)
	for _, attrs := range []value.Object{c.Before, c.After, c.Managed, c.Expect} {
		h.identify(c.Kind, c.Company, attrs)
	}
	c.Before, c.After = v.object(c.Before), v.object(c.After)
	c.Managed, c.Expect = v.object(c.Managed), v.object(c.Expect)
	c.Steps = mapped(c.Steps, func(s planner.Step) planner.Step {
		s.Attrs = v.object(s.Attrs)
		return s
	})
	if h.nameless(c.Kind) {
		h.hide(c.Title)
		c.Title = ""
	}
	return c
}

func (h *hiding) drift(d planner.Drift) planner.Drift {
	v := h.veil(d.Address.Type)
	h.identify(d.Address.Type, schema.Company{}, value.Object{d.Attr: d.Applied})
	h.identify(d.Address.Type, schema.Company{}, value.Object{d.Attr: d.Live})
	d.Applied = v.attr(d.Attr, d.Applied)
	d.Live = v.attr(d.Attr, d.Live)
	if h.nameless(d.Address.Type) {
		h.hide(d.Title)
		d.Title = ""
	}
	return d
}

func (h *hiding) record(r planner.Record) planner.Record {
	h.identify(r.Address.Type, schema.Company{}, r.Attrs)
	r.Attrs = h.veil(r.Address.Type).object(r.Attrs)
	return r
}

// names keeps the names of what is no person.
func (h *hiding) names(all map[string]planner.Name) map[string]planner.Name {
	out := map[string]planner.Name{}
	for _, key := range slices.Sorted(maps.Keys(all)) {
		name := all[key]
		kind := name.Kind
		if a, err := addr.Parse(key); err == nil {
			kind = a.Type
		}
		if h.nameless(kind) {
			h.hide(name.Title)
			continue
		}
		out[key] = name
	}
	return out
}

// veil hides values of one object.
type veil struct {
	h    *hiding
	kind *schema.Kind // nil: not known
	typ  string
	seen map[string]int
}

func (h *hiding) veil(typ string) *veil {
	return &veil{h: h, kind: h.kinds[typ], typ: typ, seen: map[string]int{}}
}

func (v *veil) object(o value.Object) value.Object {
	if o == nil {
		return nil
	}
	out := make(value.Object, len(o))
	for _, name := range slices.Sorted(maps.Keys(o)) {
		out[name] = v.attr(name, o[name])
	}
	return out
}

// status are what plans keep of an object beside its attributes.
func status(name string) bool { return name == "status" || name == "$status" }

func (v *veil) attr(name string, val value.Value) value.Value {
	if status(name) {
		return val
	}
	if v.kind != nil {
		if a, ok := v.kind.Attr(name); ok {
			return v.value(&a, &a.Type, val, a.Personal)
		}
	}
	return v.value(nil, nil, val, true)
}

// value hides what is below one attribute; hide tells that something above is personal.
func (v *veil) value(a *schema.Attr, t *schema.Type, val value.Value, hide bool) value.Value {
	switch val := val.(type) {
	case value.List:
		return v.list(a, t, val, hide)
	case value.Edit:
		return value.Edit{Add: v.list(a, t, val.Add, hide), Remove: v.list(a, t, val.Remove, hide)}
	case value.Object:
		return v.inner(a, t, val, hide)
	case value.String:
		return v.text(a, t, val, hide)
	case value.Int, value.Bool:
		if hide {
			return v.pseudonym(fmt.Sprint(val))
		}
	}
	return val
}

func (v *veil) list(a *schema.Attr, t *schema.Type, l value.List, hide bool) value.List {
	if l == nil {
		return nil
	}
	var elem *schema.Type
	if t != nil {
		elem = t.Elem
	}
	out := make(value.List, len(l))
	for i, e := range l {
		out[i] = v.value(a, elem, e, hide)
	}
	return out
}

func (v *veil) inner(a *schema.Attr, t *schema.Type, o value.Object, hide bool) value.Object {
	out := make(value.Object, len(o))
	for _, name := range slices.Sorted(maps.Keys(o)) {
		out[name] = v.member(a, t, name, o[name], hide)
	}
	return out
}

// member hides what an object or a map has under a name.
func (v *veil) member(a *schema.Attr, t *schema.Type, name string, val value.Value, hide bool) value.Value {
	if t != nil && t.Kind == schema.Map {
		return v.value(a, t.Elem, val, hide)
	}
	if t != nil {
		for i := range t.Attrs {
			if in := &t.Attrs[i]; in.Name == name {
				return v.value(in, &in.Type, val, hide || in.Personal)
			}
		}
	}
	return v.value(a, nil, val, hide || v.h.nameless(v.typ))
}

// text hides a text that is personal or, where names are, anything that a person has
// that is no reference, no key and none of a few words.
func (v *veil) text(a *schema.Attr, t *schema.Type, s value.String, hide bool) value.Value {
	switch {
	case s == "":
		return s
	case hide:
	case !v.h.nameless(v.typ):
		return s
	case t != nil && t.Kind == schema.Reference:
		return s
	case a != nil && (len(a.Enum) > 0 || v.kind != nil && a.Name == v.kind.Key):
		return s
	}
	if (hide || strings.Contains(string(s), "@")) && (a == nil || len(a.Enum) == 0) {
		v.h.hideWord(string(s))
	}
	return v.pseudonym(string(s))
}

// pseudonym is what a text is called within one object.
func (v *veil) pseudonym(text string) value.String {
	n, ok := v.seen[text]
	if !ok {
		n = len(v.seen) + 1
		v.seen[text] = n
	}
	return value.String(fmt.Sprintf("(hidden %d)", n))
}
