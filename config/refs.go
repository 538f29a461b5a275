package config

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"github.com/isaworks/isa/internal/addr"
	"github.com/isaworks/isa/internal/value"
)

// A reference is an object with the hidden attribute refAttr, which carries the
// address, and those plain arguments of the object that some expression reads.
const refAttr = "$ref"

// secretMark is on every secret, so that whatever is made from one is known to
// be. Nothing else in the language is marked.
type secretMark struct{}

const (
	secretSummary = "A secret where none is taken"
	secretFix     = "give the secret to an argument that takes one, by itself: not in a text, a condition or another argument"
)

// The types of references, secrets and clear in expressions. They are constants.
var (
	refType = cty.CapsuleWithOps("reference", reflect.TypeFor[addr.Address](), &cty.CapsuleOps{
		Equals: func(a, b any) cty.Value {
			return cty.BoolVal(*a.(*addr.Address) == *b.(*addr.Address))
		},
		RawEquals: func(a, b any) bool { return *a.(*addr.Address) == *b.(*addr.Address) },
		HashKey:   func(v any) string { return v.(*addr.Address).String() },
	})
	secretType = cty.Capsule("secret", reflect.TypeFor[value.Secret]())
	clearType  = cty.Capsule("clear", reflect.TypeFor[value.Clear]())
)

// isReference tells whether values of a type are references.
func isReference(t cty.Type) bool {
	return t == refType || t.IsObjectType() && t.HasAttribute(refAttr)
}

// isReferences tells whether a type is that of a block with for_each.
func isReferences(t cty.Type) bool { return t.IsMapType() && isReference(t.ElementType()) }

// addressOf returns the address in a reference.
func addressOf(v cty.Value) (addr.Address, bool) {
	v, _ = v.Unmark()
	if v.IsNull() || !v.IsKnown() || !isReference(v.Type()) {
		return addr.Address{}, false
	}
	if v.Type() != refType {
		v = v.GetAttr(refAttr)
		if v.IsNull() || !v.IsKnown() {
			return addr.Address{}, false
		}
	}
	return *v.EncapsulatedValue().(*addr.Address), true
}

// reference decodes a reference and checks what it points to.
func (s *scope) reference(k []string, v cty.Value, at *step) value.Value {
	a, ok := addressOf(v)
	if !ok {
		s.notReference(k, v, at)
		return nil
	}
	if !slices.Contains(k, a.Type) {
		s.report(at, "reference.kind", "A reference to the wrong kind",
			fmt.Sprintf("%s is of the kind %s; a reference to %s is needed.", a, a.Type, strings.Join(k, " or ")),
			"refer to "+k[0]+".… instead")
		return nil
	}
	ref, ok := s.l.refs[a]
	if !ok {
		ref = value.ID(a)
		s.l.refs[a] = ref
	}
	return ref
}

func (s *scope) notReference(k []string, v cty.Value, at *step) {
	detail := fmt.Sprintf("A reference to %s is needed, not %s.", strings.Join(k, " or "), described(v))
	fix := fmt.Sprintf("name the object without quotes, such as %s.label or %s.label[\"key\"]", k[0], k[0])
	switch {
	case v.Type() == cty.String:
		text := trimmed(v.AsString())
		if text == "" {
			return
		}
		fix = s.l.suggestReference(k, text, fix)
	case isReferences(v.Type()):
		detail = fmt.Sprintf("A reference to one %s is needed, not all the objects of a block with for_each.", strings.Join(k, " or "))
		fix = "choose one by its key: …[each.key]"
	}
	s.report(at, "reference.text", "Not a reference", detail, fix)
}

// suggestReference looks for an object that a text might mean.
func (l *loader) suggestReference(k []string, text, otherwise string) string {
	if a, err := addr.Parse(text); err == nil && l.byName[a.Block()] != nil {
		return "write " + a.String() + " without quotes"
	}
	for _, b := range l.blocks {
		if !slices.Contains(k, b.addr.Type) {
			continue
		}
		if b.forEach == nil && b.addr.Label == text {
			return "did you mean " + b.addr.String() + "?"
		}
		for _, in := range b.instances {
			if in.addr.Keyed && in.addr.Key == text {
				return "did you mean " + in.addr.String() + "?"
			}
		}
	}
	return otherwise
}

// secret decodes a secret.
func (s *scope) secret(v cty.Value, at *step) value.Value {
	v, _ = v.Unmark()
	switch {
	case v.IsNull():
		return nil
	case !v.IsKnown():
		s.unknown(at)
		return nil
	case v.Type() == secretType:
		return *v.EncapsulatedValue().(*value.Secret)
	case v.Type() == clearType:
		s.report(at, "value.clear", "An argument that cannot be cleared", "A secret cannot be cleared.", "leave it out")
		return nil
	}
	s.report(at, "secret.plain", "A secret that is written out", "This argument takes only the handle of a secret, never its text.",
		`use secret_env("NAME"), secret_file("path"), secret_table("file", key) or secret_command("program"); if the text was a real secret, change it: it may be in the history of the file`)
	return nil
}

// referenceType returns the type of references to a kind, with the arguments
// that some expression reads.
func (l *loader) referenceType(k *kind) cty.Type {
	types := map[string]cty.Type{refAttr: refType}
	k.exposed = nil
	for _, a := range k.Attrs {
		if !l.reads[a.Name] {
			continue
		}
		if t := typeOf(a.Type); t != cty.NilType {
			types[a.Name] = t
			k.exposed = append(k.exposed, a)
		}
	}
	return cty.Object(types)
}

// shownAs is how expressions see one object.
func (l *loader) shownAs(in *instance) cty.Value {
	k, a := in.block.kind, in.addr
	vals := make(map[string]cty.Value, len(k.exposed)+1)
	vals[refAttr] = cty.CapsuleVal(refType, &a)
	closed := in.object != nil && !in.open && in.block.values != waiting
	for i := range k.exposed {
		e := &k.exposed[i]
		switch {
		case closed:
			vals[e.Name] = ctyOf(e.Type, in.object.Attrs[e.Name])
		case in.object != nil && in.object.Attrs[e.Name] != nil && !hasUnknown(in, e.Name):
			vals[e.Name] = ctyOf(e.Type, in.object.Attrs[e.Name])
		default:
			vals[e.Name] = cty.UnknownVal(typeOf(e.Type))
		}
	}
	return cty.ObjectVal(vals)
}

// hasUnknown tells whether an argument of an open instance may still change:
// only single texts, numbers and switches are known for certain.
func hasUnknown(in *instance, name string) bool {
	switch in.object.Attrs[name].(type) {
	case value.String, value.Int, value.Bool:
		return false
	}
	return true
}

// collection is how expressions see a block.
func (l *loader) collection(b *block) cty.Value {
	if b.shown != cty.NilVal {
		return b.shown
	}
	switch {
	case b.forEach == nil:
		in := &instance{block: b, addr: b.addr}
		if len(b.instances) > 0 {
			in = b.instances[0]
		}
		b.shown = l.shownAs(in)
	case b.keys == failed || b.keys == waiting || b.keys == running:
		return cty.DynamicVal
	case len(b.instances) == 0:
		b.shown = cty.MapValEmpty(b.kind.refType)
	default:
		vals := make(map[string]cty.Value, len(b.instances))
		for _, in := range b.instances {
			vals[in.addr.Key] = l.shownAs(in)
		}
		b.shown = cty.MapVal(vals)
	}
	return b.shown
}

// refresh brings the names that expressions use up to date.
func (l *loader) refresh() {
	for name := range l.stale {
		if name == "local" {
			vals := map[string]cty.Value{}
			for n, loc := range l.locals {
				vals[n] = loc.value
			}
			l.root.Variables["local"] = cty.ObjectVal(vals)
			continue
		}
		vals := map[string]cty.Value{}
		for _, b := range l.byType[name] {
			vals[b.addr.Label] = l.collection(b)
		}
		l.root.Variables[name] = cty.ObjectVal(vals)
	}
	clear(l.stale)
}

// makeRoot makes the names and functions that every expression may use.
func (l *loader) makeRoot() {
	l.root = &hcl.EvalContext{Variables: map[string]cty.Value{}, Functions: l.functions()}
	vars := map[string]cty.Value{}
	for name, v := range l.variables {
		vars[name] = v.value
	}
	l.root.Variables["var"] = cty.ObjectVal(vars)
	l.root.Variables["clear"] = cty.CapsuleVal(clearType, &value.Clear{})
	l.stale["local"] = true
	for name, k := range l.kinds {
		k.refType = l.referenceType(k)
		l.stale[name] = true
	}
	l.refresh()
}

// findReads notes the names that any expression reads, so that references carry
// no more than these.
func (l *loader) findReads() {
	for _, e := range l.exprs {
		_ = hclsyntax.VisitAll(e.syntax, func(n hclsyntax.Node) hcl.Diagnostics {
			switch n := n.(type) {
			case *hclsyntax.ScopeTraversalExpr:
				l.noteReads(n.Traversal)
			case *hclsyntax.RelativeTraversalExpr:
				l.noteReads(n.Traversal)
			case *hclsyntax.LiteralValueExpr:
				if n.Val.Type() == cty.String && !n.Val.IsNull() {
					l.reads[n.Val.AsString()] = true
				}
			}
			return nil
		})
	}
}

func (l *loader) noteReads(t hcl.Traversal) {
	for _, s := range t {
		if name, ok := stepName(s); ok {
			l.reads[name] = true
		}
	}
}
