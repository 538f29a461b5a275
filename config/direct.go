package config

import (
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

// directCall is a call of lookup() or find(), which take large collections,
// without the library's machinery: that searches all of every argument for marks
// at each call, which costs milliseconds a call with 10,000 rows.
type directCall struct {
	*hclsyntax.FunctionCallExpr
}

// Value makes the call. Calls that fail are left to the library, which explains.
func (d *directCall) Value(ctx *hcl.EvalContext) (cty.Value, hcl.Diagnostics) {
	if v, ok := d.call(ctx); ok {
		return v, nil
	}
	return d.FunctionCallExpr.Value(ctx)
}

func (d *directCall) call(ctx *hcl.EvalContext) (cty.Value, bool) {
	args := make([]cty.Value, len(d.Args))
	for i, a := range d.Args {
		v, found := a.Value(ctx)
		if found.HasErrors() || v.IsMarked() || !v.IsKnown() {
			return cty.NilVal, false
		}
		args[i] = v
	}
	if !args[0].IsNull() && !isMapping(args[0].Type()) {
		return cty.NilVal, false
	}
	v, ok, err := element(args[0], args[1])
	switch {
	case err != nil:
		return cty.NilVal, false
	case ok:
		return v, true
	case d.Name == "lookup" && len(args) == 3:
		return args[2], true
	}
	return cty.NilVal, false
}

// speedUp replaces calls of lookup() and find() in an expression and returns it.
func speedUp(e hclsyntax.Expression) hclsyntax.Expression {
	_ = hclsyntax.VisitAll(e, func(n hclsyntax.Node) hcl.Diagnostics {
		for _, slot := range slots(n) {
			*slot = direct(*slot)
		}
		return nil
	})
	return direct(e)
}

func direct(e hclsyntax.Expression) hclsyntax.Expression {
	call, ok := e.(*hclsyntax.FunctionCallExpr)
	if !ok || call.ExpandFinal {
		return e
	}
	if call.Name == "lookup" && len(call.Args) == 3 || call.Name == "find" && len(call.Args) == 2 {
		return &directCall{call}
	}
	return e
}

// slots lists where the parts of an expression are kept.
func slots(n hclsyntax.Node) []*hclsyntax.Expression {
	var out []*hclsyntax.Expression
	each := func(list []hclsyntax.Expression) []*hclsyntax.Expression {
		for i := range list {
			out = append(out, &list[i])
		}
		return out
	}
	switch n := n.(type) {
	case *hclsyntax.ParenthesesExpr:
		return append(out, &n.Expression)
	case *hclsyntax.ConditionalExpr:
		return append(out, &n.Condition, &n.TrueResult, &n.FalseResult)
	case *hclsyntax.IndexExpr:
		return append(out, &n.Collection, &n.Key)
	case *hclsyntax.RelativeTraversalExpr:
		return append(out, &n.Source)
	case *hclsyntax.TupleConsExpr:
		return each(n.Exprs)
	case *hclsyntax.ObjectConsExpr:
		for i := range n.Items {
			out = append(out, &n.Items[i].ValueExpr)
		}
	case *hclsyntax.ObjectConsKeyExpr:
		return append(out, &n.Wrapped)
	case *hclsyntax.ForExpr:
		return append(out, &n.CollExpr, &n.KeyExpr, &n.ValExpr, &n.CondExpr)
	case *hclsyntax.SplatExpr:
		return append(out, &n.Source)
	case *directCall:
		return each(n.Args)
	case *hclsyntax.FunctionCallExpr:
		return each(n.Args)
	case *hclsyntax.BinaryOpExpr:
		return append(out, &n.LHS, &n.RHS)
	case *hclsyntax.UnaryOpExpr:
		return append(out, &n.Val)
	case *hclsyntax.TemplateExpr:
		return each(n.Parts)
	case *hclsyntax.TemplateWrapExpr:
		return append(out, &n.Wrapped)
	case *hclsyntax.TemplateJoinExpr:
		return append(out, &n.Tuple)
	}
	return out
}
