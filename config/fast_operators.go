package config

import (
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

func (l fastening) conditional(e *hclsyntax.ConditionalExpr) fast {
	cond, yes, no := l.of(e.Condition), l.of(e.TrueResult), l.of(e.FalseResult)
	if cond == nil || yes == nil || no == nil {
		return nil
	}
	return func(env *env) (cty.Value, bool) {
		c, ok := cond(env)
		if !ok {
			return cty.NilVal, false
		}
		is, ok := plainBool(c)
		if !ok {
			return cty.NilVal, false
		}
		taken, other := no, yes
		if is {
			taken, other = yes, no
		}
		v, ok := taken(env)
		if !ok || !l.inner {
			return v, ok
		}
		w, ok := other(env)
		return v, ok && v.Type().Equals(w.Type())
	}
}

func (l fastening) operation(e *hclsyntax.BinaryOpExpr) fast {
	left, right, apply := l.deep(e.LHS), l.deep(e.RHS), operator(e.Op)
	if left == nil || right == nil || apply == nil {
		return nil
	}
	return func(env *env) (cty.Value, bool) {
		a, ok := left(env)
		if !ok {
			return cty.NilVal, false
		}
		b, ok := right(env)
		if !ok {
			return cty.NilVal, false
		}
		is, ok := apply(a, b)
		return cty.BoolVal(is), ok
	}
}

// operator is a comparison or a logical operation of two values; nil for others.
func operator(op *hclsyntax.Operation) func(a, b cty.Value) (is, ok bool) {
	numbers := func(is func(sign int) bool) func(a, b cty.Value) (bool, bool) {
		return func(a, b cty.Value) (bool, bool) {
			if a.Type() != cty.Number || b.Type() != cty.Number || !plain(a) || !plain(b) {
				return false, false
			}
			return is(a.AsBigFloat().Cmp(b.AsBigFloat())), true
		}
	}
	switch op {
	case hclsyntax.OpEqual:
		return sameText
	case hclsyntax.OpNotEqual:
		return func(a, b cty.Value) (bool, bool) {
			same, ok := sameText(a, b)
			return !same, ok
		}
	case hclsyntax.OpLogicalAnd:
		return func(a, b cty.Value) (bool, bool) {
			x, ok1 := plainBool(a)
			y, ok2 := plainBool(b)
			return x && y, ok1 && ok2
		}
	case hclsyntax.OpLogicalOr:
		return func(a, b cty.Value) (bool, bool) {
			x, ok1 := plainBool(a)
			y, ok2 := plainBool(b)
			return x || y, ok1 && ok2
		}
	case hclsyntax.OpGreaterThan:
		return numbers(func(sign int) bool { return sign > 0 })
	case hclsyntax.OpGreaterThanOrEqual:
		return numbers(func(sign int) bool { return sign >= 0 })
	case hclsyntax.OpLessThan:
		return numbers(func(sign int) bool { return sign < 0 })
	case hclsyntax.OpLessThanOrEqual:
		return numbers(func(sign int) bool { return sign <= 0 })
	}
	return nil
}

// sameText compares two texts, or a text with the literal null.
func sameText(a, b cty.Value) (same, ok bool) {
	for _, v := range []cty.Value{a, b} {
		if v.IsMarked() || !v.IsKnown() || v.Type() != cty.String && (v.Type() != cty.DynamicPseudoType || !v.IsNull()) {
			return false, false
		}
	}
	if a.IsNull() || b.IsNull() {
		return a.IsNull() && b.IsNull(), true
	}
	return a.AsString() == b.AsString(), true
}

func (l fastening) negation(e *hclsyntax.UnaryOpExpr) fast {
	val := l.deep(e.Val)
	if val == nil || e.Op != hclsyntax.OpLogicalNot {
		return nil
	}
	return func(env *env) (cty.Value, bool) {
		v, ok := val(env)
		if !ok {
			return cty.NilVal, false
		}
		is, ok := plainBool(v)
		return cty.BoolVal(!is), ok
	}
}
