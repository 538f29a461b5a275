package config

import (
	"fmt"
	"math/big"
	"slices"
	"strings"
	"unicode"

	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"

	"github.com/isaworks/isa/internal/addr"
	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/internal/schema"
	"github.com/isaworks/isa/internal/value"
)

// scope is the evaluation of one object: it decodes values by the schema and
// collects what is wrong with them.
type scope struct {
	l     *loader
	owner addr.Address
	diags diag.List
	open  bool

	expr  *expr // of the argument that is being decoded
	env   *env
	depth int // elements of the path that lead to the argument
}

// step is a path that costs nothing until it is needed.
type step struct {
	up    *step
	name  string
	index int
}

func (s *step) path() value.Path {
	if s == nil {
		return nil
	}
	return append(s.up.path(), value.Elem{Name: s.name, Index: s.index})
}

// body evaluates the inside of a block.
func (s *scope) body(b *body, env *env, up *step) value.Object {
	out := make(value.Object, len(b.fields)+len(b.nested))
	for i := range b.fields {
		f := &b.fields[i]
		if v := s.field(f, env, up); v != nil {
			out[f.attr.Name] = v
		}
	}
	for i := range b.nested {
		s.nested(out, &b.nested[i], env, up)
	}
	for i := range b.nested {
		a := b.nested[i].attr
		if v, ok := out[a.Name]; ok && a.Check != nil {
			s.check(a, v, &step{up: up, name: a.Name})
		}
	}
	return out
}

// field evaluates one argument.
func (s *scope) field(f *field, env *env, up *step) value.Value {
	if f.inherited {
		said := s.diags
		defer func() { s.diags = said }()
	}
	v, list := s.l.evaluate(f.expr, env)
	at := step{up: up, name: f.attr.Name}
	for _, d := range list {
		d.Address, d.Attr = s.owner.String(), at.path().String()
		s.diags = append(s.diags, d)
	}
	if f.expr.broken || list.HasErrors() {
		return nil
	}
	s.expr, s.env, s.depth = f.expr, env, 1
	for u := up; u != nil; u = u.up {
		s.depth++
	}
	return s.attribute(f.attr, v, &at)
}

// nested evaluates a nested block, or all the blocks a dynamic one makes. When
// that is none, the argument is unmanaged: a table without rows empties nothing.
func (s *scope) nested(out value.Object, n *nested, in *env, up *step) {
	name := n.attr.Name
	at := &step{up: up, name: name}
	add := func(env *env) {
		if n.attr.Type.Kind == schema.Object {
			out[name] = s.body(n.body, env, at)
			return
		}
		list, _ := out[name].(value.List)
		out[name] = append(list, s.body(n.body, env, &step{up: at, index: len(list)}))
	}
	if n.forEach == nil {
		add(in)
		return
	}
	coll, list := s.l.evaluate(n.forEach, in)
	for _, d := range list {
		d.Address, d.Attr = s.owner.String(), at.path().String()
		s.diags = append(s.diags, d)
	}
	if n.forEach.broken || list.HasErrors() {
		return
	}
	s.expr, s.env, s.depth = n.forEach, in, 1<<20
	items, ok := s.elements(coll, at)
	if !ok {
		return
	}
	if len(items) > 1 && n.attr.Type.Kind == schema.Object {
		s.report(at, "config.block_duplicate", "A block that may stand only once",
			fmt.Sprintf("This makes %d %s blocks.", len(items), name), "make one at most")
		return
	}
	for _, e := range items {
		add(in.withItem(n.iter, e))
	}
}

// elements lists what a dynamic block is made for.
func (s *scope) elements(coll cty.Value, at *step) ([]eachOf, bool) {
	switch {
	case coll.IsMarked():
		s.report(at, "secret.use", secretSummary, "The number of blocks depends on a secret.", secretFix)
		return nil, false
	case !coll.IsKnown():
		s.unknown(at)
		return nil, false
	}
	items, ok := elementsOf(coll)
	if !ok {
		s.report(at, "config.for_each", "A for_each that cannot be used",
			fmt.Sprintf("for_each is a %s, not a list or a map.", friendly(coll.Type())), "use a list, a set or a map")
	}
	return items, ok
}

func elementsOf(coll cty.Value) ([]eachOf, bool) {
	if coll.IsNull() {
		return nil, true
	}
	if !coll.CanIterateElements() || isReference(coll.Type()) {
		return nil, false
	}
	var items []eachOf
	set := coll.Type().IsSetType()
	for it := coll.ElementIterator(); it.Next(); {
		k, v := it.Element()
		if set {
			k = v
		}
		items = append(items, eachOf{k, v})
	}
	return items, true
}

// attribute decodes the value of an argument; nil is unmanaged.
func (s *scope) attribute(a *schema.Attr, v cty.Value, at *step) value.Value {
	if a.Block && v.Type() != clearType && !v.IsNull() {
		s.report(at, "config.attribute_block", blockAsArgument, fmt.Sprintf("%s is a block; as an argument it takes clear only.", a.Name),
			fmt.Sprintf("write %s { … } without the equals sign", a.Name))
		return nil
	}
	if v.Type() == clearType {
		if !a.Clearable {
			s.report(at, "value.clear", "An argument that cannot be cleared",
				fmt.Sprintf("%s does not take clear.", a.Name), "leave it out, or write a value")
			return nil
		}
		return value.Clear{}
	}
	open, errs := s.open, len(s.diags)
	s.open = false
	out := s.decode(&a.Type, a.Set, v, at)
	unknown := s.open
	s.open = s.open || open
	if out == nil {
		if a.Required && !unknown && len(s.diags) == errs {
			s.report(at, "value.missing", "A required value is empty",
				fmt.Sprintf("%s is needed, but its value is null or empty.", a.Name), "fill it in, or leave the row out of for_each")
		}
		return nil
	}
	if unknown || len(s.diags) > errs {
		return out
	}
	if text, ok := out.(value.String); ok && len(a.Enum) > 0 && !slices.Contains(a.Enum, string(text)) {
		s.report(at, "value.enum", "Not one of the values allowed",
			fmt.Sprintf("%s is %q.", a.Name, string(text)),
			didYouMean(string(text), a.Enum, "use "+strings.Join(a.Enum, ", ")))
		return out
	}
	s.check(a, out, at)
	return out
}

// check applies the product's rules to a value.
func (s *scope) check(a *schema.Attr, v value.Value, at *step) {
	if a.Check == nil {
		return
	}
	if wrong := a.Check(v); wrong != "" {
		s.report(at, "value.rule", "A value that the service would refuse", wrong, "correct the value")
	}
}

// decode turns a value into one of the type; nil is unmanaged, unknown or wrong.
func (s *scope) decode(t *schema.Type, set bool, v cty.Value, at *step) value.Value {
	if t.Kind == schema.SecretText {
		return s.secret(v, at)
	}
	if v.IsMarked() || v.Type() == secretType {
		s.report(at, "secret.use", secretSummary, "This argument does not take secrets.", secretFix)
		return nil
	}
	if v.Type() == clearType {
		s.report(at, "value.clear", "An argument that cannot be cleared", "clear stands for a whole argument or an entry of a map, not for an element of a list.", "write null or leave the part out")
		return nil
	}
	if v.IsNull() {
		return nil
	}
	if !v.IsKnown() {
		s.unknown(at)
		return nil
	}
	switch t.Kind {
	case schema.String:
		return s.text(v, at)
	case schema.Int:
		return s.whole(v, at)
	case schema.Bool:
		return s.truth(v, at)
	case schema.Reference:
		return s.reference(t.Kinds, v, at)
	case schema.List:
		return s.list(t, set, v, at)
	case schema.Map:
		return s.mapping(t, v, at)
	case schema.Object:
		return s.object(t, v, at)
	case schema.File:
		return s.file(t.File, v, at)
	case schema.Free:
		return s.free(v, at)
	}
	panic(fmt.Sprintf("config: the schema has a type of kind %d", t.Kind))
}

func (s *scope) text(v cty.Value, at *step) value.Value {
	if v.Type() != cty.String {
		c, err := convert.Convert(v, cty.String)
		if err != nil {
			s.wrongType(v, at, "a text", "write a text, or take one argument of the object")
			return nil
		}
		v = c
	}
	if text := trimmed(v.AsString()); text != "" {
		return value.String(text)
	}
	return nil // empty is unmanaged; only clear empties
}

// trimmed is a text without blanks and invisible characters at its ends. Texts of
// the language are in NFC, and a part of one is, too.
func trimmed(text string) string {
	return strings.TrimFunc(text, func(r rune) bool {
		return unicode.IsSpace(r) || r >= 0x200b && r <= 0x200d || r == 0xfeff || r == 0x2060
	})
}

func (s *scope) whole(v cty.Value, at *step) value.Value {
	if v.Type() == cty.String && trimmed(v.AsString()) == "" {
		return nil
	}
	c, err := convert.Convert(v, cty.Number)
	if err == nil {
		if n, accuracy := c.AsBigFloat().Int64(); accuracy == big.Exact {
			return value.Int(n)
		}
	}
	s.wrongType(v, at, "a whole number", `write a number; number(each.value["…"]) reads one from a cell`)
	return nil
}

func (s *scope) truth(v cty.Value, at *step) value.Value {
	if v.Type() == cty.String && trimmed(v.AsString()) == "" {
		return nil
	}
	c, err := convert.Convert(v, cty.Bool)
	if err != nil {
		s.wrongType(v, at, "true or false", `compare the cell: each.value["…"] == "Y"`)
		return nil
	}
	return value.Bool(c.True())
}

func (s *scope) list(t *schema.Type, set bool, v cty.Value, at *step) value.Value {
	typ := v.Type()
	if !typ.IsListType() && !typ.IsTupleType() && !typ.IsSetType() {
		s.wrongType(v, at, "a list", "write it in brackets: [ … ]")
		return nil
	}
	out := make(value.List, 0, v.LengthInt())
	i := 0
	for it := v.ElementIterator(); it.Next(); i++ {
		_, e := it.Element()
		d := s.decode(t.Elem, false, e, &step{up: at, index: i})
		if d == nil || set && slices.ContainsFunc(out, func(o value.Value) bool { return value.Equal(o, d) }) {
			continue
		}
		out = append(out, d)
	}
	if len(out) == 0 && i > 0 {
		return nil // only empty cells: unmanaged. An empty list is written as [].
	}
	return out
}

// mapping decodes a map. An entry that is cleared is taken out at the tenant, the
// entries that are not written stay.
func (s *scope) mapping(t *schema.Type, v cty.Value, at *step) value.Value {
	if !isMapping(v.Type()) {
		s.wrongType(v, at, "a map", "write it in braces: { name = … }")
		return nil
	}
	out := value.Object{}
	for it := v.ElementIterator(); it.Next(); {
		k, e := it.Element()
		name := trimmed(k.AsString())
		if !e.IsMarked() && e.Type() == clearType {
			out[name] = value.Clear{}
			continue
		}
		if d := s.decode(t.Elem, false, e, &step{up: at, name: name}); d != nil {
			out[name] = d
		}
	}
	if len(out) == 0 && v.LengthInt() > 0 {
		return nil // nothing in it is managed
	}
	return out
}

func (s *scope) object(t *schema.Type, v cty.Value, at *step) value.Value {
	if !isMapping(v.Type()) {
		s.wrongType(v, at, "an object", "write it in braces: { name = … }")
		return nil
	}
	given := v.AsValueMap()
	for _, name := range unknownNames(given, t.Attrs) {
		s.report(at, "config.attribute_unknown", "Unknown argument", fmt.Sprintf("There is no %s here.", name),
			didYouMean(name, argumentNames(t.Attrs, place{}), "remove it"))
	}
	if allNull(given) {
		return nil
	}
	out := value.Object{}
	for i := range t.Attrs {
		a := &t.Attrs[i]
		e, ok := given[a.Name]
		if !ok {
			e = cty.NullVal(cty.DynamicPseudoType)
		}
		if d := s.attribute(a, e, &step{up: at, name: a.Name}); d != nil {
			out[a.Name] = d
		}
	}
	if len(out) == 0 {
		return nil // nothing in it is managed
	}
	return out
}

// unknownNames lists the names that no attribute has, sorted.
func unknownNames(given map[string]cty.Value, attrs []schema.Attr) []string {
	var out []string
	for name := range given {
		if _, ok := attrNamed(attrs, name); !ok {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return out
}

// allNull tells that nothing of an object is filled in: a row whose cells for it
// are all empty leaves it unmanaged, required parts too.
func allNull(given map[string]cty.Value) bool {
	for _, v := range given {
		empty := v.IsNull() || !v.IsMarked() && v.Type() == cty.String && v.IsKnown() && trimmed(v.AsString()) == ""
		if !empty {
			return false
		}
	}
	return true
}

// isMapping tells whether values of a type are maps or plain objects.
func isMapping(t cty.Type) bool { return (t.IsMapType() || t.IsObjectType()) && !isReference(t) }

// unknown notes that a value is not known: because of a faulty cell, which is
// reported, or because it needs an object that is not evaluated yet.
func (s *scope) unknown(at *step) {
	if d, ok := s.l.faultIn(s.expr.syntax, s.env.context()); ok {
		d.Address, d.Attr = s.owner.String(), at.path().String()
		if d.Range == nil {
			r := rangeOf(s.expr.syntax.Range())
			d.Range = &r
		}
		s.diags = append(s.diags, d)
		return
	}
	s.open = true
}

func (s *scope) wrongType(v cty.Value, at *step, want, fix string) {
	s.report(at, "value.type", "A value of the wrong type", fmt.Sprintf("%s is needed, not %s.", want, described(v)), fix)
}

// report adds an error at a value.
func (s *scope) report(at *step, code, summary, detail, fix string) {
	path := at.path()
	rel := path
	if s.depth <= len(path) {
		rel = path[s.depth:]
	} else {
		rel = nil
	}
	s.diags = append(s.diags, diag.Diagnostic{
		Code: code, Summary: summary, Detail: detail, Fix: fix,
		Address: s.owner.String(), Attr: path.String(), Place: s.l.placeAt(s.expr.syntax, s.env.context(), rel),
	})
}

// described names a value in an error: short texts and numbers as they are.
func described(v cty.Value) string {
	if v.IsMarked() || !v.IsKnown() || v.IsNull() {
		return friendly(v.Type())
	}
	if v.Type().IsPrimitiveType() {
		if c, err := convert.Convert(v, cty.String); err == nil && len(c.AsString()) <= 60 {
			return fmt.Sprintf("%q", c.AsString())
		}
	}
	return "a " + friendly(v.Type())
}

// friendly names a type in an error.
func friendly(t cty.Type) string {
	switch {
	case isReference(t):
		return "reference"
	case t == secretType:
		return "secret"
	case t == clearType:
		return "clear"
	case t.IsObjectType():
		return "object"
	case t.IsTupleType():
		return "list"
	}
	return t.FriendlyName()
}
