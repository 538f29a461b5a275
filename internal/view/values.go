package view

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/isaworks/isa/internal/schema"
	"github.com/isaworks/isa/internal/value"
	"github.com/isaworks/isa/planner"
)

const (
	arrow = " → "
	none  = "(none)"

	cleared = "(cleared)"
)

// names finds what people call the things that values refer to.
type names map[string]planner.Name

func namesOf(p *planner.Plan) names {
	n := maps.Clone(names(p.Names))
	if n == nil {
		n = names{}
	}
	for _, c := range p.Changes {
		known := n[c.Address.String()]
		if c.Title != "" {
			known.Title = c.Title
		}
		n[c.Address.String()] = known
		if _, ok := n[c.ID]; c.ID != "" && !ok {
			n[c.ID] = known
		}
	}
	return n
}

// title returns the title for an address or service ID, or the key itself.
func (n names) title(key string) string {
	if known, ok := n[key]; ok && known.Title != "" {
		return Line(known.Title)
	}
	return Line(key)
}

// shownSum is how many digits of a file's digest are shown.
const shownSum = 12

// text writes a value on one line.
func (n names) text(v value.Value) string {
	switch v := v.(type) {
	case nil:
		return none
	case value.String:
		if v == "" {
			return `""`
		}
		if known, ok := n[string(v)]; ok && known.Title != "" {
			return Line(known.Title)
		}
		if path, sum := schema.FileParts(string(v)); len(sum) > shownSum { // enough to tell two files apart
			return Line(path + " (sha256 " + sum[:shownSum] + "…)")
		}
		return Line(string(v))
	case value.Ref:
		if v.Attr != "id" {
			return n.title(v.Addr.String()) + "." + v.Attr
		}
		return n.title(v.Addr.String())
	case value.Secret:
		return "(secret " + Line(string(v)) + ")"
	case value.Clear:
		return cleared
	case value.List:
		if len(v) == 0 {
			return "(empty)"
		}
		return strings.Join(n.texts(v), ", ")
	case value.Object:
		return n.object(v)
	case value.Edit:
		return strings.Join(n.edit(v.Add, v.Remove), ", ")
	}
	return fmt.Sprint(v)
}

func (n names) texts(l value.List) []string {
	out := make([]string, len(l))
	for i, e := range l {
		out[i] = n.text(e)
	}
	return out
}

// object writes what an object refers to, then its other values by name; a switch
// that is off is left out, one that is on is its name.
func (n names) object(o value.Object) string {
	var first, then []string
	for _, name := range slices.Sorted(maps.Keys(o)) {
		switch v := o[name].(type) {
		case value.Ref:
			first = append(first, n.text(v))
		case value.Bool:
			if v {
				then = append(then, KindWord(name))
			}
		case value.String:
			if _, ok := n[string(v)]; ok {
				first = append(first, n.text(v))
				continue
			}
			then = append(then, KindWord(name)+" "+n.text(v))
		case value.Clear: // emptied: nothing to show beside the rest
		default:
			then = append(then, KindWord(name)+" "+n.text(v))
		}
	}
	return strings.Join(append(first, then...), " ")
}

func (n names) edit(add, remove value.List) []string {
	var out []string
	for _, t := range n.texts(add) {
		out = append(out, "+"+t)
	}
	for _, e := range remove {
		if _, lead := n.lead(e); lead != "" { // what goes is named, not described
			out = append(out, "-"+lead)
			continue
		}
		out = append(out, "-"+n.text(e))
	}
	return out
}

// differences writes what changes between two objects, one line an attribute, in
// the order of their names. Attributes named in skip are left out.
func (n names) differences(before, after value.Object, skip ...string) []detail {
	return n.diff("", before, after, skip)
}

func (n names) diff(prefix string, before, after value.Object, skip []string) []detail {
	all := maps.Clone(before)
	if all == nil {
		all = value.Object{}
	}
	maps.Copy(all, after)
	var out []detail
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if slices.Contains(skip, name) {
			continue
		}
		out = append(out, n.difference(prefix+KindWord(name), before[name], after[name])...)
	}
	return out
}

func (n names) difference(label string, before, after value.Value) []detail {
	if edit, ok := after.(value.Edit); ok {
		return []detail{{label: label, list: n.edit(edit.Add, edit.Remove)}}
	}
	b, bIsObject := before.(value.Object)
	a, aIsObject := after.(value.Object)
	switch {
	case aIsObject && (bIsObject || before == nil):
		return n.diff(label+" ", said(b, a), a, nil)
	case bIsObject && after == nil:
		return n.diff(label+" ", b, nil, nil)
	}
	oldList, wasList := before.(value.List)
	newList, isList := after.(value.List)
	if wasList && isList || isList && before == nil {
		if out, ok := n.elements(label, oldList, newList); ok {
			return out
		}
		return n.lists(label, oldList, newList)
	}
	old, next := n.text(before), n.text(after)
	if _, taken := after.(value.Clear); old == next || taken && before == nil {
		return nil
	}
	return []detail{{label: label, old: old, new: next}}
}

// said is of before what after says something about: the rest is unmanaged, and
// stays.
func said(before, after value.Object) value.Object {
	out := maps.Clone(before)
	maps.DeleteFunc(out, func(name string, _ value.Value) bool { _, managed := after[name]; return !managed })
	return out
}

// applied is of live what is to be compared with what was applied: names that it
// does not have any more are there without a value, and those that were never
// applied are left out.
func applied(was, now value.Value) value.Value {
	before, ok := was.(value.Object)
	after, isObject := now.(value.Object)
	if !ok || !isObject {
		return now
	}
	out := value.Object{}
	for name, v := range before {
		if _, cleared := v.(value.Clear); cleared && after[name] == nil {
			continue
		}
		out[name] = applied(v, after[name])
	}
	return out
}

// elements tells what changes in a list of objects that each stand for what they
// refer to first, such as a member's units: which come, which go, and what changes
// in those that stay. What after does not say of one is unmanaged. ok is false for
// other lists, and where two go by one name.
func (n names) elements(label string, before, after value.List) (out []detail, ok bool) {
	was := map[string]value.Object{}
	for _, e := range before {
		o, lead := n.lead(e)
		if lead == "" || was[lead] != nil {
			return nil, false
		}
		was[lead] = o
	}
	var parts []string
	stays := map[string]bool{}
	for i, e := range after {
		o, lead := n.lead(e)
		old, known := was[lead]
		switch {
		case lead == "" || stays[lead]:
			return nil, false
		case !known:
			parts = append(parts, "+"+n.element(i, o))
		default:
			for _, d := range n.differences(said(old, o), o) {
				parts = append(parts, lead+": "+d.text())
			}
		}
		stays[lead] = true
	}
	for _, e := range before {
		if _, lead := n.lead(e); !stays[lead] {
			parts = append(parts, "-"+lead)
		}
	}
	return []detail{{label: label, list: parts}}, len(parts) > 0
}

// lead returns an object and the title of what it refers to first by attribute
// names; "" when it refers to nothing.
func (n names) lead(e value.Value) (value.Object, string) {
	o, ok := e.(value.Object)
	if !ok {
		return nil, ""
	}
	for _, name := range slices.Sorted(maps.Keys(o)) {
		switch v := o[name].(type) {
		case value.Ref:
			return o, n.text(v)
		case value.String:
			if _, known := n[string(v)]; known {
				return o, n.text(v)
			}
		}
	}
	return o, ""
}

// lists tells which elements come and go; when none does, the new order.
func (n names) lists(label string, before, after value.List) []detail {
	old, next := n.texts(before), n.texts(after)
	var parts []string
	for _, t := range without(next, old) {
		parts = append(parts, "+"+t)
	}
	for _, t := range without(old, next) {
		parts = append(parts, "-"+t)
	}
	if len(parts) > 0 {
		return []detail{{label: label, list: parts}}
	}
	if slices.Equal(old, next) {
		return nil
	}
	return []detail{{label: label + " in the order", list: next}}
}

// without returns the texts of a that are not in b, counting repetitions.
func without(a, b []string) []string {
	left := map[string]int{}
	for _, t := range b {
		left[t]++
	}
	var out []string
	for _, t := range a {
		if left[t] > 0 {
			left[t]--
			continue
		}
		out = append(out, t)
	}
	return out
}

// referred tells what an object refers to, in the order of attribute names: each
// reference by its title, an element of a list of objects with what it says beside
// it. Attributes named in skip are left out.
func (n names) referred(o value.Object, skip ...string) []string {
	var out []string
	add := func(text string) {
		if text != "" && !slices.Contains(out, text) {
			out = append(out, text)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(o)) {
		if slices.Contains(skip, name) {
			continue
		}
		switch v := o[name].(type) {
		case value.Ref:
			add(n.text(v))
		case value.List:
			for i, e := range v {
				add(n.element(i, e))
			}
		}
	}
	return out
}

// element writes an element of a list when it refers to something. That the first
// one is the primary one goes without saying.
func (n names) element(i int, e value.Value) string {
	switch e := e.(type) {
	case value.Ref:
		return n.text(e)
	case value.Object:
		if _, lead := n.lead(e); lead == "" {
			return ""
		}
		e = maps.Clone(e)
		if i == 0 {
			delete(e, "primary")
		}
		return n.object(e)
	}
	return ""
}

// Value writes a value on one line: references by address, secrets by handle.
func Value(v value.Value) string { return names{}.text(v) }
