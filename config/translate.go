package config

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"github.com/isaworks/isa/internal/diag"
)

// note is a warning of a function, which does not know where it was called.
type note struct{ code, summary, detail, fix string }

func (n note) diagnostic(p diag.Place) diag.Diagnostic {
	return diag.Diagnostic{Severity: diag.Warning, Code: n.code, Summary: n.summary, Detail: n.detail, Fix: n.fix, Place: p}
}

func (l *loader) note(n note) { l.noted = append(l.noted, n) }

// listError carries diagnostics of a function through the language library.
type listError struct{ list diag.List }

func (e *listError) Error() string { return e.list.Err().Error() }

// translate turns what the language library says into diagnostics of isa.
func (l *loader) translate(found hcl.Diagnostics, e *expr, ctx *hcl.EvalContext) diag.List {
	var list diag.List
	for _, d := range found {
		if d.Severity == hcl.DiagError {
			list = append(list, l.translateOne(d, e, ctx)...)
		}
	}
	return list
}

func (l *loader) translateOne(d *hcl.Diagnostic, e *expr, ctx *hcl.EvalContext) diag.List {
	if d.EvalContext != nil {
		ctx = d.EvalContext
	}
	culprit := e.syntax
	if x, ok := d.Expression.(hclsyntax.Expression); ok {
		culprit = x
	}
	out := diag.Diagnostic{
		Code: "config.expression", Summary: "An expression that cannot be evaluated",
		Detail: strings.TrimSpace(d.Summary + ": " + d.Detail), Fix: "correct the expression",
		Place: l.placeOf(culprit, ctx),
	}
	if d.Subject != nil {
		r := rangeOf(*d.Subject)
		out.Range = &r
	}
	if list, ok := l.functionProblem(d, &out); ok {
		return list
	}
	if l.usesSecret(culprit, ctx) {
		out.Code, out.Summary, out.Detail, out.Fix = "secret.use", secretSummary, "A secret cannot be part of an expression.", secretFix
		return diag.List{out}
	}
	switch d.Summary {
	case "Duplicate object key":
		l.duplicateKey(d, e, ctx, &out)
	case "Null value as key", "Invalid object key":
		out.Code, out.Summary = "config.key_null", "A key that is empty"
		out.Detail = "The key of an object is null or no text."
		out.Fix = `leave rows without a key out: if r["…"] != null`
	case "Invalid index", "Unsupported attribute", "Missing map element", "Attempt to index null value", "Attempt to get attribute from null value":
		l.explainStep(culprit, ctx, &out)
	case "Invalid template interpolation value":
		out.Fix = `give a default for empty cells: coalesce(each.value["…"], "")`
	case "Iteration over null value", "Null condition", "Condition is null", "Splat of null value":
		out.Fix = "compare with null first, or give a default"
	case "Invalid operand", "Incorrect condition type":
		out.Fix = `use a value of that type; number(…) reads a number from a cell, == "Y" makes a condition`
	}
	return diag.List{out}
}

// functionProblem translates what is wrong with the call of a function.
func (l *loader) functionProblem(d *hcl.Diagnostic, out *diag.Diagnostic) (diag.List, bool) {
	if unknown, ok := hcl.DiagnosticExtra[hclsyntax.FunctionCallUnknownDiagExtra](d); ok && unknown.CalledFunctionName() != "" {
		out.Code, out.Summary = "config.function_unknown", "Unknown function"
		out.Detail, _, _ = strings.Cut(d.Detail, " Did you mean ") // which of several alike is left to chance
		names := slices.Sorted(maps.Keys(l.root.Functions))
		out.Fix = didYouMean(unknown.CalledFunctionName(), names, "use a function of the language reference")
		return diag.List{*out}, true
	}
	call, ok := hcl.DiagnosticExtra[hclsyntax.FunctionCallDiagExtra](d)
	if !ok || call.CalledFunctionName() == "" {
		return nil, false
	}
	err := call.FunctionCallError()
	var carried *listError
	if errors.As(err, &carried) {
		list := slices.Clone(carried.list)
		for i := range list {
			if list[i].Range == nil {
				list[i].Range = out.Range
			}
			if list[i].Cell == nil {
				list[i].Cell = out.Cell
			}
		}
		return list, true
	}
	out.Code, out.Summary = "config.function", "A function cannot do that"
	out.Fix = "correct the arguments"
	if err != nil {
		out.Detail = fmt.Sprintf("%s: %s.", call.CalledFunctionName(), strings.TrimSuffix(err.Error(), "."))
		if fix, ok := wayOut(err); ok {
			out.Fix = fix
		}
	}
	if err == nil && strings.Contains(d.Summary, "function arguments") {
		out.Fix = "correct the number of arguments"
	}
	return nil, false
}

// usesSecret tells whether a secret is part of an expression.
func (l *loader) usesSecret(e hclsyntax.Expression, ctx *hcl.EvalContext) bool {
	found := false
	_ = hclsyntax.VisitAll(e, func(n hclsyntax.Node) hcl.Diagnostics {
		switch n := n.(type) {
		case *hclsyntax.FunctionCallExpr:
			found = found || strings.HasPrefix(n.Name, "secret_")
		case *hclsyntax.ScopeTraversalExpr:
			v, more := n.Traversal.TraverseAbs(ctx)
			found = found || !more.HasErrors() && v.IsMarked()
		}
		return nil
	})
	return found
}

// explainStep finds out which step of an expression failed and says what is
// there instead.
func (l *loader) explainStep(e hclsyntax.Expression, ctx *hcl.EvalContext, out *diag.Diagnostic) {
	var coll cty.Value
	var name string
	switch e := e.(type) {
	case *hclsyntax.IndexExpr:
		coll, _ = l.value(e.Collection, ctx)
		key, _ := l.value(e.Key, ctx)
		if key.IsNull() {
			l.nullKey(coll, out)
			return
		}
		name = keyText(key)
	case *hclsyntax.ScopeTraversalExpr:
		coll, name = failingStep(e.Traversal, ctx)
	case *hclsyntax.RelativeTraversalExpr:
		coll, _ = l.value(e.Source, ctx)
		if len(e.Traversal) > 0 {
			name, _ = stepName(e.Traversal[0])
		}
	default:
		return
	}
	if coll == cty.NilVal || coll.IsMarked() || name == "" {
		return
	}
	l.explainMissing(coll, name, out)
}

func (l *loader) explainMissing(coll cty.Value, name string, out *diag.Diagnostic) {
	typ := coll.Type()
	switch {
	case coll.IsNull():
		out.Code, out.Summary = "reference.null", "Something of a null value is used"
		out.Detail = fmt.Sprintf("The value is null, so it has no %s.", name)
		out.Fix = "compare it with null first"
	case isReferences(typ):
		l.explainKey(coll, name, out)
	case isReference(typ):
		l.explainArgument(coll, name, out)
	default:
		o, isRow := l.tables.origin(coll)
		if isRow {
			d := o.table.table.Missing(name)
			out.Code, out.Summary = "reference.column", "A column that the table does not have"
			out.Detail, out.Fix, out.Cell = d.Detail, d.Fix, d.Cell
			return
		}
		if !coll.IsKnown() || !isMapping(typ) {
			return
		}
		names := slices.Sorted(maps.Keys(coll.AsValueMap()))
		out.Code, out.Summary = "reference.key", "A key that does not exist"
		out.Detail = fmt.Sprintf("There is no %q here.", name)
		out.Fix = didYouMean(name, names, "use a key that exists, or lookup(…, key, default)")
	}
}

// explainKey tells that a block with for_each has no such object.
func (l *loader) explainKey(coll cty.Value, name string, out *diag.Diagnostic) {
	var keys []string
	block := "the block"
	if coll.IsKnown() {
		for it := coll.ElementIterator(); it.Next(); {
			k, v := it.Element()
			keys = append(keys, k.AsString())
			if a, ok := addressOf(v); ok {
				block = a.Block().String()
			}
		}
	}
	out.Code, out.Summary = "reference.key", "A key that does not exist"
	out.Detail = fmt.Sprintf("%s has no object with the key %q.", block, name)
	out.Fix = "correct the key, or use find() where the object may be gone"
	if near := closest(name, keys); near != "" {
		out.Fix = fmt.Sprintf("did you mean %q?", near)
	}
}

// explainArgument tells that an object has no such argument that can be read.
func (l *loader) explainArgument(ref cty.Value, name string, out *diag.Diagnostic) {
	a, ok := addressOf(ref)
	if !ok {
		return
	}
	k := l.kinds[a.Type]
	out.Code, out.Summary = "reference.attribute", "An argument that cannot be read"
	attr, exists := attrNamed(k.Attrs, name)
	switch {
	case !exists && !a.Keyed && strings.Contains(out.Detail, "Invalid index"):
		out.Detail = fmt.Sprintf("%s is one object without for_each, so it has no %q.", a, name)
		out.Fix = "write " + a.String() + " alone"
	case name == "id":
		out.Detail = fmt.Sprintf("The ID of %s is known only after apply.", a)
		out.Fix = "refer to the object itself: " + a.String()
	case exists && typeOf(attr.Type) == cty.NilType:
		out.Detail = fmt.Sprintf("%s of %s is a secret.", name, a)
		out.Fix = "call the secret_ function again"
	default:
		out.Detail = fmt.Sprintf("%s has no argument %s.", a, name)
		out.Fix = didYouMean(name, argumentNames(k.Attrs, place{}), "use an argument of the kind")
	}
}

func (l *loader) nullKey(coll cty.Value, out *diag.Diagnostic) {
	out.Code, out.Summary = "reference.null", "Something of a null value is used"
	out.Detail = "The key is null; the cell it comes from may be empty."
	out.Fix = "compare the key with null first"
	if coll.IsNull() {
		out.Detail = "The value is null, so it has no elements."
	}
}

// failingStep returns the value before the first step of a traversal that fails.
func failingStep(t hcl.Traversal, ctx *hcl.EvalContext) (cty.Value, string) {
	for i := 1; i < len(t); i++ {
		if _, found := t[:i+1].TraverseAbs(ctx); !found.HasErrors() {
			continue
		}
		v, found := t[:i].TraverseAbs(ctx)
		if found.HasErrors() {
			break
		}
		name, _ := stepName(t[i])
		return v, name
	}
	return cty.NilVal, ""
}

func keyText(v cty.Value) string {
	if v.IsMarked() || !v.IsKnown() || v.IsNull() || !v.Type().IsPrimitiveType() {
		return ""
	}
	if v.Type() == cty.String {
		return v.AsString()
	}
	return strings.Trim(described(v), `"`)
}

// duplicateKey names both cells of a key that two rows give.
func (l *loader) duplicateKey(d *hcl.Diagnostic, e *expr, ctx *hcl.EvalContext, out *diag.Diagnostic) {
	out.Code, out.Summary = "config.key_duplicate", "A key that occurs twice"
	out.Fix = "correct one of the rows; group_by() or ... behind the value keeps several rows a key"
	loop := findLoop(e.syntax, d.Context)
	if loop == nil || loop.KeyExpr == nil {
		return
	}
	key, found := loop.KeyExpr.Value(ctx)
	if found.HasErrors() {
		return
	}
	out.Detail = fmt.Sprintf("The key %q was given before.", keyText(key))
	row, ok := l.tables.origin(ctx.Variables[loop.ValVar])
	if !ok {
		return
	}
	first, seen := l.firstRows(loop, row.table, ctx)[keyText(key)]
	if !seen || first >= row.row {
		return
	}
	if c, ok := l.cellIn(loop.KeyExpr, rowContext(loop, row.table, first, ctx)); ok {
		out.Detail = fmt.Sprintf("The key %q was given before, in %s.", keyText(key), c)
	}
}

// firstRows tells for each key of a for expression the first row that gives it.
func (l *loader) firstRows(loop *hclsyntax.ForExpr, t *loaded, ctx *hcl.EvalContext) map[string]int {
	if known, ok := l.firstKeys[loop]; ok {
		return known
	}
	first := map[string]int{}
	for i := range t.rows {
		key, ok := loopKey(loop, rowContext(loop, t, i, ctx))
		if _, seen := first[key]; ok && !seen {
			first[key] = i
		}
	}
	l.firstKeys[loop] = first
	return first
}

// rowContext is what a for expression may name at one row.
func rowContext(loop *hclsyntax.ForExpr, t *loaded, row int, ctx *hcl.EvalContext) *hcl.EvalContext {
	child := ctx.Parent().NewChild()
	child.Variables = maps.Clone(ctx.Variables)
	child.Variables[loop.ValVar] = t.rows[row]
	return child
}

// loopKey returns the key that a for expression gives in a context, if any.
func loopKey(loop *hclsyntax.ForExpr, ctx *hcl.EvalContext) (string, bool) {
	key, found := loop.KeyExpr.Value(ctx)
	if found.HasErrors() || key.IsNull() || !key.IsKnown() {
		return "", false
	}
	if loop.CondExpr != nil {
		take, found := loop.CondExpr.Value(ctx)
		if found.HasErrors() || !take.RawEquals(cty.True) {
			return "", false
		}
	}
	return keyText(key), true
}

func findLoop(e hclsyntax.Expression, r *hcl.Range) *hclsyntax.ForExpr {
	var out *hclsyntax.ForExpr
	_ = hclsyntax.VisitAll(e, func(n hclsyntax.Node) hcl.Diagnostics {
		if f, ok := n.(*hclsyntax.ForExpr); ok && r != nil && f.SrcRange == *r {
			out = f
		}
		return nil
	})
	return out
}
