package config

import (
	"fmt"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"github.com/isaworks/isa/internal/addr"
	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/internal/schema"
)

// body is the inside of a block, checked against its schema once, before any
// instance is evaluated.
type body struct {
	fields []field  // in the schema's order
	nested []nested // as written
	end    hcl.Range
}

// field is an argument.
type field struct {
	attr      *schema.Attr
	expr      *expr
	inherited bool // from the enclosing block, which tells what is wrong with it
}

// nested is a nested block, or a dynamic one that makes many.
type nested struct {
	attr    *schema.Attr
	elem    []schema.Attr
	body    *body
	where   hcl.Range
	forEach *expr // nil unless dynamic
	iter    string
}

// place is where a body stands: what its expressions may name.
type place struct {
	owner addr.Address
	title string   // for messages: member.staff, belongs_to …
	each  bool     // each.key and each.value exist
	iters []string // iterators of enclosing dynamic blocks
	skip  map[string]bool
	inner string // block type that is handled by the caller
}

// compileBody checks names and nesting of a body and prepares its expressions.
func (l *loader) compileBody(b *hclsyntax.Body, attrs []schema.Attr, p place) *body {
	out := &body{end: b.MissingItemRange()}
	l.unknownArguments(b, attrs, p)
	for i := range attrs {
		a := &attrs[i]
		syntax, written := b.Attributes[a.Name]
		if !written || p.skip[a.Name] {
			continue
		}
		if a.Block && (!a.Clearable || writesBlock(b, a.Name)) {
			l.problem(diag.Diagnostic{
				Code: "config.attribute_block", Summary: blockAsArgument,
				Detail:  fmt.Sprintf("%s of %s is a block.", a.Name, p.title),
				Fix:     fmt.Sprintf("write %s { … } without the equals sign", a.Name),
				Address: p.owner.String(), Attr: a.Name, Place: at(syntax.SrcRange),
			})
			continue
		}
		out.fields = append(out.fields, field{attr: a, expr: l.compileExpr(syntax.Expr, p)})
	}
	l.compileBlocks(out, b, attrs, p)
	l.missingArguments(out, b, attrs, p)
	return out
}

func (l *loader) unknownArguments(b *hclsyntax.Body, attrs []schema.Attr, p place) {
	for _, syntax := range sortedAttributes(b) {
		if p.skip[syntax.Name] {
			continue
		}
		if _, known := attrNamed(attrs, syntax.Name); known {
			continue
		}
		l.problem(diag.Diagnostic{
			Code: "config.attribute_unknown", Summary: "Unknown argument",
			Detail:  fmt.Sprintf("%s has no argument %s.", p.title, syntax.Name),
			Fix:     didYouMean(syntax.Name, argumentNames(attrs, p), "remove it"),
			Address: p.owner.String(), Place: at(syntax.NameRange),
		})
	}
}

func argumentNames(attrs []schema.Attr, p place) []string {
	var names []string
	for _, a := range attrs {
		names = append(names, a.Name)
	}
	if p.skip["for_each"] {
		names = append(names, "for_each")
	}
	return names
}

func (l *loader) missingArguments(out *body, b *hclsyntax.Body, attrs []schema.Attr, p place) {
	for i := range attrs {
		a := &attrs[i]
		if !a.Required || p.skip[a.Name] || b.Attributes[a.Name] != nil || out.has(a) {
			continue
		}
		l.problem(diag.Diagnostic{
			Code: "config.attribute_missing", Summary: "A required argument is missing",
			Detail:  fmt.Sprintf("%s needs %s.", p.title, a.Name),
			Fix:     "add " + example(a),
			Address: p.owner.String(), Attr: a.Name, Place: at(out.end),
		})
	}
}

func example(a *schema.Attr) string {
	if a.Block {
		return a.Name + " { … }"
	}
	return a.Name + " = …"
}

// has tells whether a nested block for the attribute is written.
func (b *body) has(a *schema.Attr) bool {
	for _, n := range b.nested {
		if n.attr == a {
			return true
		}
	}
	return false
}

func (l *loader) compileBlocks(out *body, b *hclsyntax.Body, attrs []schema.Attr, p place) {
	first := map[string]*hclsyntax.Block{}
	for _, syntax := range b.Blocks {
		switch {
		case syntax.Type == p.inner && p.inner != "":
		case syntax.Type == "dynamic":
			l.compileDynamic(out, syntax, attrs, p)
		default:
			l.compileStatic(out, syntax, attrs, p, first)
		}
	}
}

func (l *loader) compileStatic(out *body, syntax *hclsyntax.Block, attrs []schema.Attr, p place, first map[string]*hclsyntax.Block) {
	a, ok := attrNamed(attrs, syntax.Type)
	switch {
	case !ok:
		l.unknownBlock(syntax, blockNames(attrs, p), p.title)
		return
	case !a.Block:
		l.problem(diag.Diagnostic{
			Code: "config.attribute_block", Summary: "An argument written as a block",
			Detail:  fmt.Sprintf("%s of %s is an argument.", a.Name, p.title),
			Fix:     fmt.Sprintf("write %s = …", a.Name),
			Address: p.owner.String(), Attr: a.Name, Place: at(syntax.TypeRange),
		})
		return
	case !l.noLabels(syntax):
		return
	}
	if a.Type.Kind != schema.List {
		if f, twice := first[a.Name]; twice {
			l.duplicateBlock(syntax, f)
			return
		}
		first[a.Name] = syntax
	}
	elem, ok := elementAttrs(a)
	if !ok {
		return
	}
	inner := p
	inner.title, inner.skip, inner.inner = a.Name, nil, ""
	out.nested = append(out.nested, nested{
		attr: a, elem: elem, where: syntax.DefRange(), body: l.compileBody(syntax.Body, elem, inner),
	})
}

func (l *loader) compileDynamic(out *body, syntax *hclsyntax.Block, attrs []schema.Attr, p place) {
	wrong := func(r hcl.Range, detail, fix string) {
		l.problem(diag.Diagnostic{
			Code: "config.dynamic", Summary: "A dynamic block that makes no sense", Detail: detail, Fix: fix,
			Address: p.owner.String(), Place: at(r),
		})
	}
	if len(syntax.Labels) != 1 {
		wrong(syntax.DefRange(), "dynamic needs one label, the type of the blocks to make.", `write dynamic "type" {`)
		return
	}
	a, ok := attrNamed(attrs, syntax.Labels[0])
	if !ok || !a.Block {
		names := blockNames(attrs, p)
		wrong(syntax.LabelRanges[0], fmt.Sprintf("%s has no block %s.", p.title, syntax.Labels[0]),
			didYouMean(syntax.Labels[0], names, "use one of "+strings.Join(names, ", ")))
		return
	}
	elem, ok := elementAttrs(a)
	if !ok {
		return
	}
	n := nested{attr: a, elem: elem, where: syntax.DefRange(), iter: a.Name}
	if !l.dynamicHead(&n, syntax.Body, p, wrong) {
		return
	}
	var content *hclsyntax.Block
	for _, inner := range syntax.Body.Blocks {
		switch {
		case inner.Type != "content":
			wrong(inner.TypeRange, "dynamic holds one block named content.", "move "+inner.Type+" into content")
			return
		case content != nil:
			wrong(inner.TypeRange, "dynamic holds one content block only.", "write one content block")
			return
		}
		content = inner
	}
	if content == nil {
		wrong(syntax.Body.MissingItemRange(), "The block has no content.", "add content { … }")
		return
	}
	inner := p
	inner.title, inner.skip, inner.inner = a.Name, nil, ""
	inner.iters = append(p.iters[:len(p.iters):len(p.iters)], n.iter)
	n.body = l.compileBody(content.Body, elem, inner)
	out.nested = append(out.nested, n)
}

// dynamicHead reads for_each and iterator of a dynamic block.
func (l *loader) dynamicHead(n *nested, b *hclsyntax.Body, p place, wrong func(hcl.Range, string, string)) bool {
	for _, a := range sortedAttributes(b) {
		switch a.Name {
		case "for_each":
			n.forEach = l.compileExpr(a.Expr, p)
		case "iterator":
			name := hcl.ExprAsKeyword(a.Expr)
			if name == "" {
				wrong(a.Expr.Range(), "iterator is a single name.", "write iterator = post")
				return false
			}
			n.iter = name
		default:
			wrong(a.NameRange, fmt.Sprintf("dynamic has no argument %s.", a.Name),
				didYouMean(a.Name, []string{"for_each", "iterator"}, "move it into content"))
			return false
		}
	}
	if n.forEach == nil {
		wrong(b.MissingItemRange(), "The block has no for_each.", "add for_each = …")
		return false
	}
	return true
}

// elementAttrs returns the attributes of a nested block.
func elementAttrs(a *schema.Attr) ([]schema.Attr, bool) {
	switch {
	case a.Type.Kind == schema.Object:
		return a.Type.Attrs, true
	case a.Type.Kind == schema.List && a.Type.Elem.Kind == schema.Object:
		return a.Type.Elem.Attrs, true
	}
	return nil, false
}

func blockNames(attrs []schema.Attr, p place) []string {
	var names []string
	for _, a := range attrs {
		if a.Block {
			names = append(names, a.Name)
		}
	}
	if p.inner != "" {
		names = append(names, p.inner)
	}
	return names
}

func attrNamed(attrs []schema.Attr, name string) (*schema.Attr, bool) {
	for i := range attrs {
		if attrs[i].Name == name {
			return &attrs[i], true
		}
	}
	return nil, false
}
