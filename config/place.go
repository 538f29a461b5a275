package config

import (
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/internal/schema"
	"github.com/isaworks/isa/internal/value"
)

// where finds the place of a value of an instance. It evaluates what it needs
// again, so that values cost nothing as long as nobody asks.
func (l *loader) where(in *instance, path value.Path) diag.Place {
	header := at(in.block.where())
	if len(path) == 0 {
		return header
	}
	b, env := in.block.body, l.envOf(in)
	for {
		for i := range b.fields {
			if f := &b.fields[i]; f.attr.Name == path[0].Name {
				return l.placeAt(f.expr.syntax, env.context(), path[1:])
			}
		}
		n, inner, rest, ok := l.enter(b, env, path)
		if !ok {
			return header
		}
		header = at(n.where)
		if len(rest) == 0 {
			return header
		}
		b, env, path = n.body, inner, rest
	}
}

// enter finds the nested block that a path leads into, and what its expressions
// may name.
func (l *loader) enter(b *body, at *env, path value.Path) (*nested, *env, value.Path, bool) {
	index, rest := 0, path[1:]
	whole := true
	if len(rest) > 0 && rest[0].Name == "" {
		index, rest, whole = rest[0].Index, rest[1:], false
	}
	for i := range b.nested {
		n := &b.nested[i]
		if n.attr.Name != path[0].Name {
			continue
		}
		if whole && n.attr.Type.Kind == schema.List {
			return n, at, nil, true
		}
		if n.forEach == nil {
			if index == 0 {
				return n, at, rest, true
			}
			index--
			continue
		}
		coll, found := l.value(n.forEach.syntax, at.context())
		if found.HasErrors() || coll.IsMarked() || !coll.IsKnown() {
			return nil, nil, nil, false
		}
		items, _ := elementsOf(coll)
		if index < len(items) {
			return n, at.withItem(n.iter, items[index]), rest, true
		}
		index -= len(items)
	}
	return nil, nil, nil, false
}

// placeAt finds the place of a value inside the value of an expression.
func (l *loader) placeAt(e hclsyntax.Expression, ctx *hcl.EvalContext, path value.Path) diag.Place {
	for len(path) > 0 {
		inner, ok := l.descend(e, ctx, path[0])
		if !ok {
			break
		}
		e, path = inner, path[1:]
	}
	return l.placeOf(e, ctx)
}

// descend returns the part of a written list or object that a step leads to.
func (l *loader) descend(e hclsyntax.Expression, ctx *hcl.EvalContext, s value.Elem) (hclsyntax.Expression, bool) {
	switch e := l.taken(e, ctx).(type) {
	case *hclsyntax.TupleConsExpr:
		if s.Name == "" && s.Index < len(e.Exprs) {
			return e.Exprs[s.Index], true
		}
	case *hclsyntax.ObjectConsExpr:
		for _, item := range e.Items {
			k, found := item.KeyExpr.Value(ctx)
			if !found.HasErrors() && k.Type() == cty.String && k.IsKnown() && !k.IsNull() && k.AsString() == s.Name {
				return item.ValueExpr, true
			}
		}
	}
	return nil, false
}

// taken looks through parentheses and at the branch that a condition takes.
func (l *loader) taken(e hclsyntax.Expression, ctx *hcl.EvalContext) hclsyntax.Expression {
	for {
		switch x := e.(type) {
		case *hclsyntax.ParenthesesExpr:
			e = x.Expression
		case *hclsyntax.ConditionalExpr:
			v, found := l.value(x.Condition, ctx)
			if found.HasErrors() || v.IsMarked() || !v.IsKnown() || v.IsNull() || v.Type() != cty.Bool {
				return e
			}
			e = x.FalseResult
			if v.True() {
				e = x.TrueResult
			}
		default:
			return e
		}
	}
}

// placeOf finds the place of an expression, with the cell its value comes from.
func (l *loader) placeOf(e hclsyntax.Expression, ctx *hcl.EvalContext) diag.Place {
	p := at(e.Range())
	if c, ok := l.cellIn(l.taken(e, ctx), ctx); ok {
		p.Cell = &c
	} else if c, ok := l.cellIn(e, ctx); ok {
		p.Cell = &c
	}
	return p
}

// cellIn finds the first cell that an expression reads by a written-out column.
func (l *loader) cellIn(e hclsyntax.Expression, ctx *hcl.EvalContext) (diag.Cell, bool) {
	for _, u := range l.cellsRead(e, ctx) {
		if c, ok := u.row.cell(u.heading); ok {
			return c, true
		}
	}
	return l.keyCell(e, ctx)
}

// read is one column of one row that an expression reads.
type read struct {
	row     origin
	heading string
}

// cellsRead lists the cells that an expression reads by written-out columns.
func (l *loader) cellsRead(e hclsyntax.Expression, ctx *hcl.EvalContext) []read {
	var out []read
	_ = hclsyntax.VisitAll(e, func(n hclsyntax.Node) hcl.Diagnostics {
		switch n := n.(type) {
		case *hclsyntax.ScopeTraversalExpr:
			out = append(out, l.readBy(n.Traversal, ctx)...)
		case *hclsyntax.IndexExpr:
			coll, found := l.value(n.Collection, ctx)
			key, more := n.Key.Value(ctx)
			if found.HasErrors() || more.HasErrors() || key.IsMarked() || !key.IsKnown() || key.IsNull() || key.Type() != cty.String {
				return nil
			}
			if o, ok := l.tables.origin(coll); ok {
				out = append(out, read{o, key.AsString()})
			}
		case *directCall:
			out = append(out, l.readByLookup(n.FunctionCallExpr, ctx)...)
		case *hclsyntax.FunctionCallExpr:
			if n.Name == "lookup" && len(n.Args) > 1 {
				out = append(out, l.readByLookup(n, ctx)...)
			}
		}
		return nil
	})
	return out
}

func (l *loader) readByLookup(n *hclsyntax.FunctionCallExpr, ctx *hcl.EvalContext) []read {
	coll, found := l.value(n.Args[0], ctx)
	key, more := n.Args[1].Value(ctx)
	if found.HasErrors() || more.HasErrors() || key.IsMarked() || !key.IsKnown() || key.IsNull() || key.Type() != cty.String {
		return nil
	}
	if o, ok := l.tables.origin(coll); ok {
		return []read{{o, key.AsString()}}
	}
	return nil
}

func (l *loader) readBy(t hcl.Traversal, ctx *hcl.EvalContext) []read {
	for i := 1; i < len(t); i++ {
		heading, ok := stepName(t[i])
		if !ok {
			continue
		}
		v, found := t[:i].TraverseAbs(ctx)
		if found.HasErrors() {
			return nil
		}
		if o, ok := l.tables.origin(v); ok {
			return []read{{o, heading}}
		}
	}
	return nil
}

// keyCell finds the cell of each.key: the one column of the row in each.value
// that holds the key.
func (l *loader) keyCell(e hclsyntax.Expression, ctx *hcl.EvalContext) (diag.Cell, bool) {
	usesKey := slices.ContainsFunc(e.Variables(), func(t hcl.Traversal) bool {
		name, _ := secondName(t)
		return t.RootName() == "each" && name == "key"
	})
	if !usesKey {
		return diag.Cell{}, false
	}
	for c := ctx; c != nil; c = c.Parent() {
		v, ok := c.Variables["each"]
		if !ok {
			continue
		}
		o, ok := l.tables.origin(v.GetAttr("value"))
		if !ok {
			return diag.Cell{}, false
		}
		found := -1
		for _, col := range o.table.used {
			if text, _ := o.table.table.Text(o.row, col); text == v.GetAttr("key").AsString() {
				if found >= 0 {
					return diag.Cell{}, false
				}
				found = col
			}
		}
		if found < 0 {
			return diag.Cell{}, false
		}
		return o.table.table.Cell(o.row, found), true
	}
	return diag.Cell{}, false
}

// faultIn finds a faulty cell that an expression reads.
func (l *loader) faultIn(e hclsyntax.Expression, ctx *hcl.EvalContext) (diag.Diagnostic, bool) {
	for _, u := range l.cellsRead(e, ctx) {
		if d, bad := u.row.fault(u.heading); bad {
			r := rangeOf(e.Range())
			d.Range = &r
			return d, true
		}
	}
	return diag.Diagnostic{}, false
}

// reportFaults reports the faulty cells in use of all tables, when the value of
// an expression is not known because of them and nothing says which.
func (l *loader) reportFaults(e *expr) bool {
	found := false
	r := rangeOf(e.syntax.Range())
	for _, t := range l.tables.sorted() {
		for _, col := range t.used {
			for _, row := range t.table.Faults(col) {
				if d, bad := t.table.Fault(row, col); bad {
					d.Range = &r
					l.problem(d)
					found = true
				}
			}
		}
	}
	return found
}
