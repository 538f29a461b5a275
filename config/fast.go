package config

import (
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
)

// fast is the direct form of an expression: it gives the value in the plain case
// (nothing marked, nothing missing, types that need no conversion) or declines,
// and then the language library evaluates the whole expression again and says
// what is wrong. It never gives a value that the library would not give. A company
// of 10,000 evaluates some 200,000 expressions; the library makes a context, a
// path and a search for marks for each.
type fast func(env *env) (cty.Value, bool)

// fastening makes direct forms. inner is set inside what the library evaluates:
// there both branches of a condition are evaluated and made of one type.
type fastening struct {
	loader *loader
	inner  bool
}

// fastOf returns the direct form of an expression, or nil when it has none.
func (l *loader) fastOf(e hclsyntax.Expression) fast {
	if l.opts.plain {
		return nil
	}
	return fastening{loader: l}.of(e)
}

// deep makes direct forms of what stands inside.
func (l fastening) deep(e hclsyntax.Expression) fast {
	l.inner = true
	return l.of(e)
}

func (l fastening) of(e hclsyntax.Expression) fast {
	switch e := e.(type) {
	case *hclsyntax.LiteralValueExpr:
		return constant(e.Val)
	case *hclsyntax.ParenthesesExpr:
		return l.of(e.Expression)
	case *hclsyntax.TemplateWrapExpr:
		return l.deep(e.Wrapped)
	case *hclsyntax.TemplateExpr:
		return l.template(e)
	case *hclsyntax.ScopeTraversalExpr:
		return l.traversal(e.Traversal)
	case *hclsyntax.RelativeTraversalExpr:
		return withSteps(l.deep(e.Source), e.Traversal)
	case *hclsyntax.IndexExpr:
		return l.index(e)
	case *hclsyntax.ConditionalExpr:
		return l.conditional(e)
	case *hclsyntax.BinaryOpExpr:
		return l.operation(e)
	case *hclsyntax.UnaryOpExpr:
		return l.negation(e)
	case *hclsyntax.TupleConsExpr:
		return l.tuple(e)
	case *hclsyntax.ObjectConsExpr:
		return l.object(e)
	case *hclsyntax.ForExpr:
		return l.loop(e)
	case *directCall:
		return l.call(e.FunctionCallExpr)
	case *hclsyntax.FunctionCallExpr:
		return l.call(e)
	}
	return nil
}

// fastAll returns the direct forms of all, or nil when one has none.
func (l fastening) all(list []hclsyntax.Expression, form func(hclsyntax.Expression) fast) []fast {
	out := make([]fast, len(list))
	for i, e := range list {
		if out[i] = form(e); out[i] == nil {
			return nil
		}
	}
	return out
}

func constant(v cty.Value) fast {
	return func(*env) (cty.Value, bool) { return v, true }
}

// plain tells that a value is there: known, not null, not marked.
func plain(v cty.Value) bool { return !v.IsMarked() && v.IsKnown() && !v.IsNull() }

// plainBool returns the truth of a plain switch.
func plainBool(v cty.Value) (is, ok bool) {
	if v.Type() != cty.Bool || !plain(v) {
		return false, false
	}
	return v.True(), true
}

func (l fastening) template(e *hclsyntax.TemplateExpr) fast {
	if e.IsStringLiteral() {
		if v, found := e.Value(nil); !found.HasErrors() {
			return constant(v)
		}
	}
	parts := l.all(e.Parts, l.deep)
	if parts == nil {
		return nil
	}
	return func(env *env) (cty.Value, bool) {
		var b strings.Builder
		for _, part := range parts {
			v, ok := part(env)
			if !ok || v.Type() != cty.String || !plain(v) {
				return cty.NilVal, false
			}
			b.WriteString(v.AsString())
		}
		return cty.StringVal(b.String()), true
	}
}

// fastTraversal follows a name: each and iterators, the variables of for
// expressions, else what the root context holds.
func (l fastening) traversal(t hcl.Traversal) fast {
	name := t.RootName()
	if len(t) > 1 {
		if second, ok := stepName(t[1]); ok && (second == "key" || second == "value") {
			return withSteps(l.item(name, second, t[:2]), t[2:])
		}
	}
	return withSteps(l.root(name), t[1:])
}

// fastItem is each.key, each.value or the same of an iterator, without making an
// object of the two.
func (l fastening) item(name, part string, whole hcl.Traversal) fast {
	otherwise := withSteps(l.root(name), whole[1:])
	return func(env *env) (cty.Value, bool) {
		f := env.frame(name)
		switch {
		case f == nil || !f.isItem:
			return otherwise(env)
		case part == "key":
			return f.item.key, true
		}
		return f.item.value, true
	}
}

func (l fastening) root(name string) fast {
	return func(env *env) (cty.Value, bool) {
		if f := env.frame(name); f != nil {
			return f.shown(), true
		}
		v, ok := l.loader.root.Variables[name]
		return v, ok
	}
}

// withSteps follows the steps of a traversal from a value.
func withSteps(from fast, steps hcl.Traversal) fast {
	if from == nil {
		return nil
	}
	for _, s := range steps {
		name, ok := stepName(s)
		if !ok {
			return nil
		}
		from = withStep(from, name, cty.StringVal(name))
	}
	return from
}

func withStep(from fast, name string, key cty.Value) fast {
	return func(env *env) (cty.Value, bool) {
		v, ok := from(env)
		if !ok || !plain(v) {
			return cty.NilVal, false
		}
		typ := v.Type()
		switch {
		case typ.IsObjectType() && typ.HasAttribute(name):
			return v.GetAttr(name), true
		case typ.IsMapType() && v.HasIndex(key).True():
			return v.Index(key), true
		}
		return cty.NilVal, false
	}
}

func (l fastening) index(e *hclsyntax.IndexExpr) fast {
	coll, key := l.of(e.Collection), l.of(e.Key)
	if coll == nil || key == nil {
		return nil
	}
	return func(env *env) (cty.Value, bool) {
		c, ok := coll(env)
		if !ok || !plain(c) {
			return cty.NilVal, false
		}
		k, ok := key(env)
		if !ok || k.Type() != cty.String || k.IsMarked() || !k.IsKnown() {
			return cty.NilVal, false
		}
		typ := c.Type()
		switch {
		case k.IsNull():
			if isReferences(typ) && !l.inner {
				return cty.NullVal(typ.ElementType()), true
			}
		case typ.IsMapType() && c.HasIndex(k).True():
			return c.Index(k), true
		case typ.IsObjectType() && typ.HasAttribute(k.AsString()):
			return c.GetAttr(k.AsString()), true
		}
		return cty.NilVal, false
	}
}

func (l fastening) tuple(e *hclsyntax.TupleConsExpr) fast {
	parts := l.all(e.Exprs, l.of)
	if parts == nil {
		return nil
	}
	return func(env *env) (cty.Value, bool) {
		vals := make([]cty.Value, len(parts))
		for i, part := range parts {
			v, ok := part(env)
			if !ok {
				return cty.NilVal, false
			}
			vals[i] = v
		}
		return cty.TupleVal(vals), true
	}
}

func (l fastening) object(e *hclsyntax.ObjectConsExpr) fast {
	names := make([]string, len(e.Items))
	vals := make([]fast, len(e.Items))
	for i, item := range e.Items {
		k, found := item.KeyExpr.Value(nil)
		if found.HasErrors() || k.Type() != cty.String || !plain(k) || slices.Contains(names[:i], k.AsString()) {
			return nil
		}
		names[i] = k.AsString()
		if vals[i] = l.of(item.ValueExpr); vals[i] == nil {
			return nil
		}
	}
	return func(env *env) (cty.Value, bool) {
		out := make(map[string]cty.Value, len(vals))
		for i, val := range vals {
			v, ok := val(env)
			if !ok {
				return cty.NilVal, false
			}
			out[names[i]] = v
		}
		return cty.ObjectVal(out), true
	}
}

// fastLoop is a for expression over a collection that is there, whose conditions
// are known and whose keys are different texts.
func (l fastening) loop(e *hclsyntax.ForExpr) fast {
	loop := loop{keyVar: e.KeyVar, valVar: e.ValVar, coll: l.deep(e.CollExpr), val: l.deep(e.ValExpr)}
	if loop.coll == nil || loop.val == nil || e.Group {
		return nil
	}
	if e.KeyExpr != nil {
		if loop.key = l.deep(e.KeyExpr); loop.key == nil {
			return nil
		}
	}
	if e.CondExpr != nil {
		if loop.cond = l.deep(e.CondExpr); loop.cond == nil {
			return nil
		}
	}
	return loop.run
}

// loop is a for expression in direct form; key and cond may be nil.
type loop struct {
	keyVar, valVar       string
	coll, key, val, cond fast
}

func (f *loop) run(outer *env) (cty.Value, bool) {
	coll, ok := f.coll(outer)
	if !ok || !plain(coll) || !coll.CanIterateElements() || isReference(coll.Type()) {
		return cty.NilVal, false
	}
	keys := &frame{name: f.keyVar}
	vals := &frame{name: f.valVar}
	inner := outer.with(keys).with(vals)
	byKey := map[string]cty.Value{}
	var list []cty.Value
	if f.key == nil {
		list = make([]cty.Value, 0, coll.LengthInt())
	}
	for it := coll.ElementIterator(); it.Next(); {
		keys.value, vals.value = it.Element()
		if take, ok := f.takes(inner); !ok {
			return cty.NilVal, false
		} else if !take {
			continue
		}
		v, ok := f.val(inner)
		if !ok {
			return cty.NilVal, false
		}
		if f.key == nil {
			list = append(list, v)
			continue
		}
		k, ok := f.key(inner)
		if !ok || k.Type() != cty.String || !plain(k) {
			return cty.NilVal, false
		}
		if _, twice := byKey[k.AsString()]; twice {
			return cty.NilVal, false
		}
		byKey[k.AsString()] = v
	}
	if f.key == nil {
		return cty.TupleVal(list), true
	}
	return cty.ObjectVal(byKey), true
}

// takes tells whether the condition holds.
func (f *loop) takes(env *env) (take, ok bool) {
	if f.cond == nil {
		return true, true
	}
	v, ok := f.cond(env)
	if !ok {
		return false, false
	}
	return plainBool(v)
}

// fastCall calls one of isa's own functions without the library's search through
// all of every argument for marks.
func (l fastening) call(e *hclsyntax.FunctionCallExpr) fast {
	spec := l.loader.specs[e.Name]
	if spec == nil || e.ExpandFinal || len(e.Args) < len(spec.Params) || len(e.Args) > len(spec.Params) && spec.VarParam == nil {
		return nil
	}
	args := l.all(e.Args, l.deep)
	if args == nil {
		return nil
	}
	return func(env *env) (cty.Value, bool) {
		vals := make([]cty.Value, len(args))
		for i, arg := range args {
			param := spec.VarParam
			if i < len(spec.Params) {
				param = &spec.Params[i]
			}
			v, ok := arg(env)
			if !ok || !fits(param, v) {
				return cty.NilVal, false
			}
			vals[i] = v
		}
		typ, err := spec.Type(vals)
		if err != nil {
			return cty.NilVal, false
		}
		v, err := spec.Impl(vals, typ)
		return v, err == nil
	}
}

// fits tells that a function can take a value as it is.
func fits(p *function.Parameter, v cty.Value) bool {
	switch {
	case v.IsMarked() || !v.IsKnown() || v.IsNull() && !p.AllowNull:
		return false
	case p.Type == cty.DynamicPseudoType:
		return p.AllowMarked
	}
	return p.Type == v.Type() && p.Type.IsPrimitiveType()
}
