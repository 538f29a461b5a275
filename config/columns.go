package config

import (
	"maps"
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

// columns tells which columns of each table expressions name. It is found by
// following rows through the expressions without evaluating them: a sheet() call
// is a source of rows, for and for_each take rows out of collections, an index
// that is written out names a column. Where a row goes somewhere that cannot be
// followed, all columns of its table are in use.
type columns struct {
	bySource map[string]map[string]*columnUses // table key → heading
	opaque   map[string]bool
}

// anySource is the source of tables whose path is not written out.
const anySource = ""

// columnUses are the places that name a column.
type columnUses struct {
	ranges []hcl.Range
	soft   []hcl.Range // inside try() and the like, where the column may be missing
	exact  bool        // certainly of this table
}

// of returns the columns in use of one table.
func (c *columns) of(key string) map[string]*columnUses {
	out := maps.Clone(c.bySource[key])
	if out == nil {
		out = map[string]*columnUses{}
	}
	if _, static := c.bySource[key]; static || c.opaque[key] {
		return out
	}
	for name, u := range c.bySource[anySource] {
		if out[name] == nil {
			out[name] = u
		}
	}
	return out
}

// all tells whether all columns of a table may be in use.
func (c *columns) all(key string) bool {
	_, static := c.bySource[key]
	return c.opaque[key] || !static && c.opaque[anySource]
}

// flow says which tables' rows are in a value, and how many collections deep:
// 0 is a row.
type flow map[string]int

// columnFinder walks expressions.
type columnFinder struct {
	l      *loader
	out    *columns
	locals map[string]flow
	busy   map[string]bool
	soft   int // depth of calls in which a column may be missing
}

// flows are the names in scope that may hold rows.
type flows map[string]flow

func (f flows) with(name string, v flow) flows {
	out := maps.Clone(f)
	if out == nil {
		out = flows{}
	}
	out[name] = v
	return out
}

func (l *loader) findColumns() *columns {
	f := &columnFinder{
		l: l, out: &columns{bySource: map[string]map[string]*columnUses{}, opaque: map[string]bool{}},
		locals: map[string]flow{}, busy: map[string]bool{},
	}
	for _, name := range slices.Sorted(maps.Keys(l.locals)) {
		f.local(name)
	}
	for _, h := range l.allHeads() {
		f.body(h.body, nil)
	}
	for _, b := range l.blocks {
		var scope flows
		if b.forEach != nil {
			v := f.expr(b.forEach.syntax, nil)
			f.rowAsCollection(v)
			scope = scope.with("each", v)
		}
		f.body(b.body, scope)
	}
	return f.out
}

func (f *columnFinder) body(b *body, scope flows) {
	if b == nil {
		return
	}
	for _, fl := range b.fields {
		f.escape(f.expr(fl.expr.syntax, scope))
	}
	for _, n := range b.nested {
		inner := scope
		if n.forEach != nil {
			v := f.expr(n.forEach.syntax, scope)
			f.rowAsCollection(v)
			inner = scope.with(n.iter, v)
		}
		f.body(n.body, inner)
	}
}

func (f *columnFinder) local(name string) flow {
	if v, ok := f.locals[name]; ok || f.busy[name] {
		return v
	}
	loc, ok := f.l.locals[name]
	if !ok {
		return nil
	}
	f.busy[name] = true
	v := f.expr(loc.expr.syntax, nil)
	f.locals[name] = v
	return v
}

// escape notes that a value goes where it cannot be followed.
func (f *columnFinder) escape(v flow) {
	for src := range v {
		f.out.opaque[src] = true
	}
}

// rowAsCollection notes rows that are taken apart column by column.
func (f *columnFinder) rowAsCollection(v flow) {
	for src, depth := range v {
		if depth == 0 {
			f.out.opaque[src] = true
		}
	}
}

// collections is v without what is a row.
func collections(v flow) flow {
	out := maps.Clone(v)
	maps.DeleteFunc(out, func(_ string, depth int) bool { return depth == 0 })
	return out
}

// element is what is inside a collection.
func (f *columnFinder) element(v flow) flow {
	out := flow{}
	for src, depth := range v {
		if depth == 0 {
			f.out.opaque[src] = true
			continue
		}
		out[src] = depth - 1
	}
	return out
}

// wrap is a collection of what v is.
func wrap(v flow) flow {
	out := make(flow, len(v))
	for src, depth := range v {
		out[src] = depth + 1
	}
	return out
}

// join is one value or another.
func (f *columnFinder) join(vs ...flow) flow {
	out := flow{}
	for _, v := range vs {
		for src, depth := range v {
			if d, ok := out[src]; ok && d != depth {
				f.out.opaque[src] = true
				depth = min(d, depth)
			}
			out[src] = depth
		}
	}
	return out
}

// named is v.name or v["name"]: a column of a row, or an element.
func (f *columnFinder) named(v flow, name string, r hcl.Range) flow {
	out := flow{}
	for src, depth := range v {
		if depth > 0 {
			out[src] = depth - 1
			continue
		}
		f.column(src, name, r)
	}
	return out
}

func (f *columnFinder) column(src, name string, r hcl.Range) {
	uses := f.source(src)
	u := uses[name]
	if u == nil {
		u = &columnUses{exact: src != anySource}
		uses[name] = u
	}
	into := &u.ranges
	if f.soft > 0 {
		into = &u.soft
	}
	if !slices.Contains(*into, r) {
		*into = append(*into, r)
	}
}

func (f *columnFinder) source(src string) map[string]*columnUses {
	uses := f.out.bySource[src]
	if uses == nil {
		uses = map[string]*columnUses{}
		f.out.bySource[src] = uses
	}
	return uses
}

func (f *columnFinder) traversal(v flow, t hcl.Traversal) flow {
	for _, s := range t {
		name, ok := stepName(s)
		switch {
		case ok:
			v = f.named(v, name, s.SourceRange())
		default:
			v = f.element(v)
		}
	}
	return v
}

// expr follows the rows through an expression.
func (f *columnFinder) expr(e hclsyntax.Expression, scope flows) flow {
	switch e := e.(type) {
	case *hclsyntax.ScopeTraversalExpr:
		return f.root(e.Traversal, scope)
	case *hclsyntax.RelativeTraversalExpr:
		return f.traversal(f.expr(e.Source, scope), e.Traversal)
	case *hclsyntax.ParenthesesExpr:
		return f.expr(e.Expression, scope)
	case *hclsyntax.ConditionalExpr:
		f.expr(e.Condition, scope)
		return f.join(f.expr(e.TrueResult, scope), f.expr(e.FalseResult, scope))
	case *hclsyntax.IndexExpr:
		v := f.expr(e.Collection, scope)
		f.escape(f.expr(e.Key, scope))
		if k, found := e.Key.Value(nil); !found.HasErrors() && k.Type() == cty.String && k.IsKnown() && !k.IsNull() {
			return f.named(v, k.AsString(), e.BracketRange)
		}
		return f.element(v)
	case *hclsyntax.ForExpr:
		return f.loop(e, scope)
	case *hclsyntax.TupleConsExpr:
		var vs []flow
		for _, x := range e.Exprs {
			vs = append(vs, wrap(f.expr(x, scope)))
		}
		return f.join(vs...)
	case *hclsyntax.ObjectConsExpr:
		var vs []flow
		for _, item := range e.Items {
			f.escape(f.expr(item.KeyExpr, scope))
			vs = append(vs, wrap(f.expr(item.ValueExpr, scope)))
		}
		return f.join(vs...)
	case *hclsyntax.ObjectConsKeyExpr:
		if hcl.ExprAsKeyword(e.Wrapped) != "" && !e.ForceNonLiteral {
			return nil
		}
		return f.expr(e.Wrapped, scope)
	case *hclsyntax.SplatExpr:
		return f.splat(e, scope)
	case *hclsyntax.FunctionCallExpr:
		return f.call(e, scope)
	case *directCall:
		return f.call(e.FunctionCallExpr, scope)
	case *hclsyntax.BinaryOpExpr:
		left, right := f.expr(e.LHS, scope), f.expr(e.RHS, scope)
		if !isNull(e.LHS) && !isNull(e.RHS) { // a whole row can only be compared
			f.escape(left)
			f.escape(right)
		}
		return nil
	}
	for _, child := range children(e) {
		f.escape(f.expr(child, scope))
	}
	return nil
}

// isNull reports whether an expression is written null.
func isNull(e hclsyntax.Expression) bool {
	l, ok := e.(*hclsyntax.LiteralValueExpr)
	return ok && l.Val.IsNull()
}

// children lists the expressions directly inside one.
func children(e hclsyntax.Expression) []hclsyntax.Expression {
	switch e := e.(type) {
	case *hclsyntax.TemplateExpr:
		return e.Parts
	case *hclsyntax.TemplateWrapExpr:
		return []hclsyntax.Expression{e.Wrapped}
	case *hclsyntax.TemplateJoinExpr:
		return []hclsyntax.Expression{e.Tuple}
	case *hclsyntax.UnaryOpExpr:
		return []hclsyntax.Expression{e.Val}
	}
	return nil
}

func (f *columnFinder) root(t hcl.Traversal, scope flows) flow {
	name := t.RootName()
	if v, ok := scope[name]; ok {
		rest := t[1:]
		if f.isIterator(name, scope) {
			return f.eachStep(v, rest)
		}
		return f.traversal(v, rest)
	}
	if name != "local" || len(t) < 2 {
		return nil
	}
	second, _ := secondName(t)
	return f.traversal(f.local(second), t[2:])
}

// isIterator tells iterators of dynamic blocks, which have key and value, from
// the plain variables of for.
func (f *columnFinder) isIterator(name string, scope flows) bool {
	_, plain := scope["\x00"+name]
	return !plain
}

// eachStep follows each.value; each.key is no row.
func (f *columnFinder) eachStep(coll flow, t hcl.Traversal) flow {
	if len(t) == 0 {
		f.escape(coll)
		return nil
	}
	if name, _ := stepName(t[0]); name != "value" {
		return nil
	}
	return f.traversal(f.element(coll), t[1:])
}

func (f *columnFinder) loop(e *hclsyntax.ForExpr, scope flows) flow {
	coll := f.expr(e.CollExpr, scope)
	inner := scope.with(e.ValVar, f.element(coll)).with("\x00"+e.ValVar, nil)
	if e.KeyVar != "" {
		inner = inner.with(e.KeyVar, nil).with("\x00"+e.KeyVar, nil)
	}
	if e.CondExpr != nil {
		f.expr(e.CondExpr, inner)
	}
	if e.KeyExpr != nil {
		f.escape(f.expr(e.KeyExpr, inner))
	}
	v := wrap(f.expr(e.ValExpr, inner))
	if e.Group {
		v = wrap(v)
	}
	return v
}

func (f *columnFinder) splat(e *hclsyntax.SplatExpr, scope flows) flow {
	v := f.expr(e.Source, scope)
	elem := f.element(v)
	if t, ok := e.Each.(*hclsyntax.RelativeTraversalExpr); ok {
		if _, direct := t.Source.(*hclsyntax.AnonSymbolExpr); direct {
			return wrap(f.traversal(elem, t.Traversal))
		}
	}
	if _, whole := e.Each.(*hclsyntax.AnonSymbolExpr); whole {
		return v
	}
	f.escape(elem)
	return nil
}

// call follows rows through those functions that pass them on.
func (f *columnFinder) call(e *hclsyntax.FunctionCallExpr, scope flows) flow {
	soft := e.Name == "try" || e.Name == "can" || e.Name == "lookup"
	if soft {
		f.soft++
		defer func() { f.soft-- }()
	}
	if e.Name == "sheet" {
		return f.sheet(e, scope)
	}
	args := make([]flow, len(e.Args))
	for i, a := range e.Args {
		args[i] = f.expr(a, scope)
	}
	switch e.Name {
	case "distinct", "toset", "setunion", "setintersection", "setsubtract": // they compare rows
		v := f.join(args...)
		f.escape(v)
		return v
	case "try", "coalesce", "coalescelist", "concat":
		return f.join(args...)
	case "tolist", "tomap", "reverse", "slice", "compact", "sort":
		if len(args) > 0 {
			return args[0]
		}
	case "merge":
		v := f.join(args...)
		f.rowAsCollection(v)
		return collections(v) // a row of several tables has columns that each of them lacks
	case "values":
		f.rowAsCollection(f.join(args...))
		return f.join(args...)
	case "keys":
		f.rowAsCollection(f.join(args...))
		return nil
	case "length", "can":
		return nil
	case "element", "one", "find":
		return f.element(f.join(args...))
	case "lookup":
		return f.lookup(e, args)
	case "group_by":
		return f.groupBy(e, args)
	case "flatten":
		return f.flatten(args)
	}
	for _, v := range args {
		f.escape(v)
	}
	return nil
}

func (f *columnFinder) lookup(e *hclsyntax.FunctionCallExpr, args []flow) flow {
	if len(args) < 2 {
		return nil
	}
	v := f.element0(args[0], e.Args[1])
	return f.join(append([]flow{v}, args[2:]...)...)
}

// element0 is an element by a key expression: a column when the key is written
// out and the value is a row.
func (f *columnFinder) element0(v flow, key hclsyntax.Expression) flow {
	if k, found := key.Value(nil); !found.HasErrors() && k.Type() == cty.String && k.IsKnown() && !k.IsNull() {
		return f.named(v, k.AsString(), key.Range())
	}
	return f.element(v)
}

func (f *columnFinder) groupBy(e *hclsyntax.FunctionCallExpr, args []flow) flow {
	if len(args) != 2 {
		return nil
	}
	rows := f.element(args[0])
	return wrap(wrap(f.join(rows, f.element0(rows, e.Args[1]))))
}

func (f *columnFinder) flatten(args []flow) flow {
	out := flow{}
	for src, depth := range f.join(args...) {
		if depth == 0 {
			f.out.opaque[src] = true
		}
		out[src] = min(depth, 1) // all lists in lists become one
	}
	return out
}

// sheet is a source of rows.
func (f *columnFinder) sheet(e *hclsyntax.FunctionCallExpr, scope flows) flow {
	for _, a := range e.Args {
		f.escape(f.expr(a, scope))
	}
	src := anySource
	if path, opts, ok := literalTable(e.Args); ok {
		src = tableKey(path, opts)
	}
	f.source(src)
	return flow{src: 1}
}
