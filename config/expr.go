package config

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"

	"github.com/isaworks/isa/internal/addr"
	"github.com/isaworks/isa/internal/diag"
)

// expr is an expression with what must be ready before it is evaluated.
type expr struct {
	syntax hclsyntax.Expression
	place  place
	locals []string
	blocks []*block
	fast   fast // nil when it has no direct form
	broken bool // it names something that does not exist; that was reported
}

// compileExpr checks the names that an expression uses.
func (l *loader) compileExpr(syntax hclsyntax.Expression, p place) *expr {
	syntax = speedUp(syntax)
	e := &expr{syntax: syntax, place: p}
	l.exprs = append(l.exprs, e)
	for _, t := range syntax.Variables() {
		l.checkName(e, t)
	}
	if !e.broken {
		e.fast = l.fastOf(syntax)
	}
	return e
}

func (l *loader) checkName(e *expr, t hcl.Traversal) {
	root := t.RootName()
	second, named := secondName(t)
	switch {
	case slices.Contains(e.place.iters, root), root == "clear", root == "each" && e.place.each:
	case root == "each":
		l.unknownName(e, t, "each exists only in a block with for_each.", "add for_each to the block")
	case root == "var":
		if _, ok := l.variables[second]; !ok {
			l.unknownName(e, t, fmt.Sprintf("There is no variable %s.", second),
				didYouMean(second, slices.Sorted(maps.Keys(l.variables)), fmt.Sprintf("declare variable %q { … }", second)))
		}
	case root == "local":
		if _, ok := l.locals[second]; !ok {
			l.unknownName(e, t, fmt.Sprintf("There is no local value %s.", second),
				didYouMean(second, slices.Sorted(maps.Keys(l.locals)), "define it in a locals block"))
			return
		}
		e.locals = append(e.locals, second)
	case l.kinds[root] != nil:
		l.checkReference(e, t, second, named)
	default:
		l.unknownName(e, t, fmt.Sprintf("There is nothing called %s.", root), didYouMean(root, l.rootNames(e.place), quoteFix(root)))
	}
}

func quoteFix(name string) string {
	return fmt.Sprintf("write %q in quotes if it is a text", name)
}

func (l *loader) checkReference(e *expr, t hcl.Traversal, label string, named bool) {
	kind := t.RootName()
	if !named {
		e.blocks = append(e.blocks, l.byType[kind]...)
		return
	}
	if b, ok := l.byName[addr.New(kind, label)]; ok {
		e.blocks = append(e.blocks, b)
		return
	}
	var labels []string
	for _, b := range l.byType[kind] {
		labels = append(labels, kind+"."+b.addr.Label)
	}
	l.unknownName(e, t, fmt.Sprintf("There is no block %s.%s.", kind, label),
		didYouMean(kind+"."+label, labels, fmt.Sprintf("declare %s %q { … }", kind, label)))
}

func (l *loader) unknownName(e *expr, t hcl.Traversal, detail, fix string) {
	e.broken = true
	r := t.SourceRange()
	if len(t) > 1 {
		r = hcl.RangeBetween(t[0].SourceRange(), t[1].SourceRange())
	}
	l.problem(diag.Diagnostic{
		Code: "reference.unknown", Summary: "A name that is not declared", Detail: detail, Fix: fix,
		Address: e.place.owner.String(), Place: at(r),
	})
}

// rootNames lists the names an expression may begin with.
func (l *loader) rootNames(p place) []string {
	names := []string{"var", "local", "clear"}
	if p.each {
		names = append(names, "each")
	}
	return append(append(names, p.iters...), l.kindNames()...)
}

// secondName returns the name behind the root: local.NAME, org_unit.LABEL.
func secondName(t hcl.Traversal) (string, bool) {
	if len(t) < 2 {
		return "", false
	}
	return stepName(t[1])
}

// stepName returns the text of a step .name or ["name"].
func stepName(s hcl.Traverser) (string, bool) {
	switch s := s.(type) {
	case hcl.TraverseAttr:
		return s.Name, true
	case hcl.TraverseIndex:
		if s.Key.Type() == cty.String && s.Key.IsKnown() && !s.Key.IsNull() {
			return s.Key.AsString(), true
		}
	}
	return "", false
}

// evaluate gives the value of an expression whose needs are ready. The warnings
// of functions come back placed.
func (l *loader) evaluate(e *expr, env *env) (cty.Value, diag.List) {
	if e.broken {
		return cty.DynamicVal, nil
	}
	mark := len(l.noted)
	if e.fast != nil {
		if v, ok := e.fast(env); ok {
			return v, l.takeNotes(nil, mark, e, env)
		}
		l.noted = l.noted[:mark]
	}
	ctx := env.context()
	v, found := l.value(e.syntax, ctx)
	if len(found) == 0 {
		return v, l.takeNotes(nil, mark, e, env)
	}
	list := l.takeNotes(l.translate(found, e, ctx), mark, e, env)
	if found.HasErrors() {
		v = cty.DynamicVal
	}
	return v, list
}

// takeNotes adds the warnings that functions noted since mark, placed.
func (l *loader) takeNotes(list diag.List, mark int, e *expr, env *env) diag.List {
	if len(l.noted) == mark {
		return list
	}
	for _, n := range l.noted[mark:] {
		list = append(list, n.diagnostic(l.placeOf(e.syntax, env.context())))
	}
	l.noted = l.noted[:mark]
	return list
}

// value evaluates the shapes that stand on top of most arguments itself: the
// branch of a condition that is not taken is left alone, so branches need no
// common type, and an index that is null gives a null reference. The language
// library does the rest.
func (l *loader) value(e hclsyntax.Expression, ctx *hcl.EvalContext) (cty.Value, hcl.Diagnostics) {
	switch e := e.(type) {
	case *hclsyntax.ParenthesesExpr:
		return l.value(e.Expression, ctx)
	case *hclsyntax.ConditionalExpr:
		return l.conditional(e, ctx)
	case *hclsyntax.IndexExpr:
		return l.index(e, ctx)
	case *hclsyntax.TupleConsExpr:
		return l.tuple(e, ctx)
	case *hclsyntax.ObjectConsExpr:
		return l.object(e, ctx)
	}
	return e.Value(ctx)
}

func (l *loader) conditional(e *hclsyntax.ConditionalExpr, ctx *hcl.EvalContext) (cty.Value, hcl.Diagnostics) {
	cond, found := l.value(e.Condition, ctx)
	if found.HasErrors() {
		return cty.DynamicVal, found
	}
	if !cond.IsKnown() {
		return cty.DynamicVal, found
	}
	if b, err := convert.Convert(cond, cty.Bool); err == nil && !b.IsMarked() && !b.IsNull() {
		branch := e.FalseResult
		if b.True() {
			branch = e.TrueResult
		}
		v, more := l.value(branch, ctx)
		return v, append(found, more...)
	}
	return e.Value(ctx) // says what is wrong with the condition
}

func (l *loader) index(e *hclsyntax.IndexExpr, ctx *hcl.EvalContext) (cty.Value, hcl.Diagnostics) {
	coll, found := l.value(e.Collection, ctx)
	key, more := l.value(e.Key, ctx)
	found = append(found, more...)
	if found.HasErrors() {
		return cty.DynamicVal, found
	}
	if key.IsNull() && !coll.IsNull() && isReferences(coll.Type()) {
		return cty.NullVal(coll.Type().ElementType()), found
	}
	v, more := hcl.Index(coll, key, &e.BracketRange)
	for _, d := range more {
		d.Expression, d.EvalContext = e, ctx
	}
	return v, append(found, more...)
}

func (l *loader) tuple(e *hclsyntax.TupleConsExpr, ctx *hcl.EvalContext) (cty.Value, hcl.Diagnostics) {
	var found hcl.Diagnostics
	vals := make([]cty.Value, 0, len(e.Exprs))
	for _, inner := range e.Exprs {
		v, more := l.value(inner, ctx)
		found = append(found, more...)
		vals = append(vals, v)
	}
	return cty.TupleVal(vals), found
}

func (l *loader) object(e *hclsyntax.ObjectConsExpr, ctx *hcl.EvalContext) (cty.Value, hcl.Diagnostics) {
	var found hcl.Diagnostics
	vals := make(map[string]cty.Value, len(e.Items))
	for _, item := range e.Items {
		k, more := item.KeyExpr.Value(ctx)
		found = append(found, more...)
		text, err := convert.Convert(k, cty.String)
		if more.HasErrors() || err != nil || text.IsNull() || !text.IsKnown() || text.IsMarked() {
			return e.Value(ctx) // says what is wrong with the key
		}
		v, more := l.value(item.ValueExpr, ctx)
		found = append(found, more...)
		vals[text.AsString()] = v
	}
	return cty.ObjectVal(vals), found
}

// ready makes what expressions need ready: local values and blocks. It tells
// whether all of it is final; if not, something under way was seen only as
// placeholders.
func (l *loader) ready(exprs ...*expr) bool {
	final := true
	for _, e := range exprs {
		if e == nil {
			continue
		}
		for _, name := range e.locals {
			final = l.readyLocal(name, e) && final
		}
		for _, b := range e.blocks {
			final = l.readyBlock(b, e) && final
		}
	}
	l.refresh()
	return final
}

// cycle reports that something needs itself.
func (l *loader) cycle(name string, e *expr) {
	start := max(0, slices.Index(l.stack, name))
	steps := append(slices.Clone(l.stack[start:]), name)
	l.problem(diag.Diagnostic{
		Code: "reference.cycle", Summary: "Something needs itself",
		Detail: strings.Join(steps, " → ") + ".",
		Fix:    "break the circle: one of them must be written without the next",
		Place:  at(e.syntax.Range()),
	})
}
