package config

import (
	"fmt"
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"github.com/isaworks/isa/internal/addr"
	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/internal/schema"
	"github.com/isaworks/isa/internal/value"
)

// The blocks that speak of addresses: what an object was called, how one leaves that
// is not declared any more, which object of the tenant a new one is. They are
// evaluated as blocks of objects are, with for_each, and declare none. An address in
// them is no reference: what it names need not be declared. Its key alone is evaluated.
const (
	movedType   = "moved"
	removedType = "removed"
	importType  = "import"
)

const (
	fromAttr   = "from"
	toAttr     = "to"
	actionAttr = "action"
	idAttr     = "id"
)

// relocation is what such a block names, apart from keys.
type relocation struct {
	from, to addr.Address // without keys; zero where the block has none
}

func relocationTypes() []string { return []string{movedType, removedType, importType} }

// relocationKind describes the arguments of such a block.
func relocationKind(typ string) *schema.Kind {
	from := schema.Attr{Name: fromAttr, Type: schema.Text(), Required: true}
	to := schema.Attr{Name: toAttr, Type: schema.Text(), Required: true}
	k := &schema.Kind{Type: typ}
	switch typ {
	case movedType:
		from.Doc = "The address under which it was known, such as org_unit.sales_2 or member.staff[each.key]. It is not declared any more."
		to.Doc = "The address of a declared object. Both without a key: a whole block, whose instances keep their keys."
		k.Attrs = []schema.Attr{from, to}
	case removedType:
		from.Doc = "The address of what is not declared any more; without a key all instances of the block."
		k.Attrs = []schema.Attr{from, {Name: actionAttr, Type: schema.Text(), Enum: []string{schema.RemoveForget, schema.RemoveSuspend, schema.RemoveDelete},
			Doc: "forget (when not given): isa stops managing it and the tenant is not touched; suspend: people; delete: what is lost is listed by the plan."}}
	case importType:
		to.Doc = "The address of a declared object."
		k.Attrs = []schema.Attr{to, {Name: idAttr, Type: schema.Text(), Required: true,
			Doc: "What the tenant knows it by: the service's ID, externalKey:KEY, or, of members, the login ID."}}
	}
	return k
}

// relocate declares a moved, removed or import block.
func (l *loader) relocate(b *hclsyntax.Block) {
	if !l.noLabels(b) {
		return
	}
	k := relocationKind(b.Type)
	name := addr.New(b.Type, fmt.Sprint("n", len(l.blocks))) // of its own; nothing can name it
	l.blocks = append(l.blocks, &block{addr: name, kind: &kind{Kind: k, attrs: k.Attrs}, syntax: b, speaks: &relocation{}})
}

// compileRelocation prepares the arguments: of an address its key.
func (l *loader) compileRelocation(b *block) {
	src := b.syntax.Body
	p := place{title: b.kind.Type, skip: map[string]bool{}}
	if fe, ok := src.Attributes["for_each"]; ok {
		p.skip["for_each"] = true
		b.forEach = l.compileExpr(fe.Expr, p)
		p.each = true
	}
	b.body = &body{end: src.MissingItemRange()}
	l.unknownArguments(src, b.kind.attrs, p)
	for _, inner := range src.Blocks {
		l.unknownBlock(inner, nil, b.kind.Type)
	}
	for i := range b.kind.attrs {
		a := &b.kind.attrs[i]
		written, ok := src.Attributes[a.Name]
		if !ok {
			continue
		}
		switch a.Name {
		case fromAttr:
			l.compilePointer(b, a, written.Expr, p, &b.speaks.from)
		case toAttr:
			l.compilePointer(b, a, written.Expr, p, &b.speaks.to)
		default:
			b.body.fields = append(b.body.fields, field{attr: a, expr: l.compileExpr(written.Expr, p)})
		}
	}
	l.missingArguments(b.body, src, b.kind.attrs, p)
}

// compilePointer reads an address; its key, if it has one, is evaluated for each
// instance of the block.
func (l *loader) compilePointer(b *block, a *schema.Attr, e hclsyntax.Expression, p place, into *addr.Address) {
	name, key, ok := l.pointer(e)
	if !ok || !l.speakable(b.kind.Type, name, e) {
		return
	}
	*into = name
	if key != nil {
		b.body.fields = append(b.body.fields, field{attr: a, expr: l.compileExpr(key, p)})
	}
}

// pointer takes an address apart: kind and label, and the expression of its key.
func (l *loader) pointer(e hclsyntax.Expression) (name addr.Address, key hclsyntax.Expression, ok bool) {
	whole := e
	for {
		paren, is := e.(*hclsyntax.ParenthesesExpr)
		if !is {
			break
		}
		e = paren.Expression
	}
	if index, is := e.(*hclsyntax.IndexExpr); is {
		e, key = index.Collection, index.Key
	}
	t, is := e.(*hclsyntax.ScopeTraversalExpr)
	if !is {
		return l.notAddress(whole)
	}
	label, named := secondName(t.Traversal)
	switch n := len(t.Traversal); {
	case !named, n > 3, n == 3 && key != nil:
		return l.notAddress(whole)
	case n == 3:
		at, is := t.Traversal[2].(hcl.TraverseIndex)
		if !is || at.Key.Type() != cty.String {
			return l.notAddress(whole)
		}
		key = &hclsyntax.LiteralValueExpr{Val: at.Key, SrcRange: at.SrcRange}
	}
	return addr.New(t.Traversal.RootName(), label), key, true
}

func (l *loader) notAddress(e hclsyntax.Expression) (addr.Address, hclsyntax.Expression, bool) {
	fix := `write it without quotes, such as org_unit.sales, org_unit.hr["S200"] or org_unit.hr[each.key]`
	if v, found := e.Value(nil); !found.HasErrors() && v.Type() == cty.String && v.IsKnown() && !v.IsNull() {
		if a, err := addr.Parse(v.AsString()); err == nil {
			fix = "write " + a.String() + " without quotes"
		}
	}
	l.problem(diag.Diagnostic{
		Code: "config.address", Summary: "Not an address",
		Detail: "An address is needed here: a block's type and label, and the key in brackets if the block has for_each.",
		Fix:    fix, Place: at(e.Range()),
	})
	return addr.Address{}, nil, false
}

// speakable checks the kind of an address.
func (l *loader) speakable(typ string, name addr.Address, e hclsyntax.Expression) bool {
	k := l.kinds[name.Type]
	wrong := func(detail, fix string) bool {
		l.problem(diag.Diagnostic{Code: "config.address", Summary: "Not an address", Detail: detail, Fix: fix, Place: at(e.Range())})
		return false
	}
	if _, err := addr.Parse(name.String()); err != nil {
		return wrong(err.Error()+".", "labels have letters, digits, _ and -, and begin with a letter")
	}
	switch {
	case k == nil || name.Type == companyType:
		return wrong(fmt.Sprintf("There is no kind of object called %s.", name.Type),
			didYouMean(name.Type, slices.DeleteFunc(l.kindNames(), func(n string) bool { return n == companyType }), "begin with the type of a block, such as member or org_unit"))
	case typ == removedType && k.Content:
		return wrong(fmt.Sprintf("%s steers content and is no object of the tenant, so that nothing of it can be removed.", name.Type), "take the block away; what was moved stays where it is")
	case typ == importType && (k.Content || k.Unread != ""):
		return wrong(fmt.Sprintf("The tenant's lists have no %s that could be taken over.", name.Type), "declare it; there is nothing to import")
	}
	return true
}

// relocations turns what was evaluated into moves, removals and imports, and checks
// that they make sense.
func (l *loader) relocations() {
	r := &relocating{loader: l, declared: map[addr.Address]bool{}}
	for _, b := range l.blocks {
		for _, in := range b.instances {
			if b.speaks == nil {
				r.declared[in.addr] = true
			}
		}
	}
	for _, b := range l.blocks {
		if b.speaks == nil || b.keys == failed {
			continue
		}
		for _, in := range b.instances {
			if in.object != nil && !in.open && !in.diags.HasErrors() {
				r.take(b, in)
			}
		}
	}
	r.checkMoves()
	r.checkRemovals()
	r.checkImports()
}

// relocating collects and checks them.
type relocating struct {
	*loader
	declared map[addr.Address]bool
}

// take adds what one instance of a block says.
func (r *relocating) take(b *block, in *instance) {
	from, ok := r.keyed(b, in, fromAttr, b.speaks.from)
	to, ok2 := r.keyed(b, in, toAttr, b.speaks.to)
	if !ok || !ok2 {
		return
	}
	where := func(attr string) diag.Place {
		p := r.where(in, value.Of(attr))
		if e, written := b.syntax.Body.Attributes[attr]; written && p.Cell == nil {
			p = at(e.Expr.Range())
		}
		return p
	}
	switch b.kind.Type {
	case movedType:
		r.cfg.Moves = append(r.cfg.Moves, schema.Move{From: from, To: to, Place: where(fromAttr)})
	case removedType:
		action := value.Text(in.object.Attrs[actionAttr])
		if action == "" {
			action = schema.RemoveForget
		}
		r.cfg.Removals = append(r.cfg.Removals, schema.Removal{From: from, Action: action, Place: where(fromAttr)})
	case importType:
		r.cfg.Imports = append(r.cfg.Imports, schema.Import{To: to, ID: value.Text(in.object.Attrs[idAttr]), Place: where(idAttr)})
	}
}

// keyed is an address with the key of an instance; false when the block has none there,
// though it needs one, which was reported. Keys are taken as they are, like those of
// for_each.
func (r *relocating) keyed(b *block, in *instance, attr string, a addr.Address) (addr.Address, bool) {
	if _, needed := attrNamed(b.kind.attrs, attr); !needed {
		return a, true
	}
	if a.IsZero() {
		return a, false
	}
	for _, f := range b.body.fields {
		if f.attr.Name != attr {
			continue
		}
		v, list := r.evaluate(f.expr, r.envOf(in))
		if list.HasErrors() || v.IsNull() || !v.IsKnown() || v.IsMarked() {
			return a, false
		}
		key := value.Text(in.object.Attrs[attr])
		if v.Type() == cty.String {
			key = v.AsString()
		}
		return addr.Instance(a.Type, a.Label, key), true
	}
	return a, true
}
