package config

import (
	"fmt"
	"maps"
	"slices"

	"github.com/zclconf/go-cty/cty"

	"github.com/isaworks/isa/internal/addr"
	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/internal/schema"
	"github.com/isaworks/isa/internal/value"
)

// instance is one object of a block while it is evaluated.
type instance struct {
	block  *block
	addr   addr.Address
	each   eachOf
	object *schema.Instance
	diags  diag.List
	open   bool // a value is not known yet, because something it needs is not
}

// eachOf is each.key and each.value; the zero eachOf is that of a block without
// for_each.
type eachOf struct{ key, value cty.Value }

// compile prepares everything that can be evaluated.
func (l *loader) compile() {
	l.compileHeads()
	for _, name := range slices.Sorted(maps.Keys(l.locals)) {
		loc := l.locals[name]
		loc.expr = l.compileExpr(loc.syntax.Expr, place{})
	}
	for _, b := range l.blocks {
		l.compileBlock(b)
	}
}

func (l *loader) compileBlock(b *block) {
	if b.speaks != nil {
		l.compileRelocation(b)
		return
	}
	p := place{owner: b.addr, title: b.addr.String(), skip: map[string]bool{}}
	if b.kind.Parent != "" {
		p.inner = b.kind.Type
	}
	if fe, ok := b.syntax.Body.Attributes["for_each"]; ok && b.kind.Type != companyType {
		p.skip["for_each"] = true
		b.forEach = l.compileExpr(fe.Expr, p)
		p.each = true
	}
	if b.parent != nil {
		p.skip[b.kind.Parent] = true
		if a, twice := b.syntax.Body.Attributes[b.kind.Parent]; twice {
			l.problem(diag.Diagnostic{
				Code: "config.parent_twice", Summary: "Two parents",
				Detail:  fmt.Sprintf("%s stands inside %s and also names a parent.", b.addr, b.parent.addr),
				Fix:     fmt.Sprintf("remove %s, or move the block out", b.kind.Parent),
				Address: b.addr.String(), Attr: b.kind.Parent, Place: at(a.SrcRange),
			})
		}
	}
	b.body = l.compileBody(b.syntax.Body, b.kind.attrs, p)
	b.body.fields = append(b.inherited(companyAttr), b.body.fields...)
}

// inherited is an argument of the enclosing blocks that an inner one takes over unless it
// has a value of its own, which comes behind it. Enclosing blocks are compiled before
// inner ones.
func (b *block) inherited(name string) []field {
	if b.parent == nil {
		return nil
	}
	var out []field
	for _, f := range b.parent.body.fields {
		if f.attr.Name == name {
			f.inherited = true
			out = append(out, f)
		}
	}
	return out
}

// evaluateBlocks evaluates all local values and blocks, and then again those
// instances that could not be finished, as long as that helps.
func (l *loader) evaluateBlocks() {
	for _, name := range slices.Sorted(maps.Keys(l.locals)) {
		l.readyLocal(name, l.locals[name].expr)
	}
	for _, b := range l.blocks {
		l.readyBlock(b, nil)
	}
	for l.again() {
	}
	for _, name := range slices.Sorted(maps.Keys(l.locals)) {
		l.diags = append(l.diags, l.locals[name].diags...)
	}
	l.reportOpen()
	for _, b := range l.blocks {
		for _, in := range b.instances {
			if b.speaks != nil { // it has no address
				for i := range in.diags {
					in.diags[i].Address = ""
				}
			}
			l.diags = append(l.diags, in.diags...)
		}
	}
}

// again evaluates the open instances once more; it tells whether one was closed.
func (l *loader) again() bool {
	progress := false
	for _, b := range l.blocks {
		if b.values != done || !b.open() {
			continue
		}
		if l.ctx.Err() != nil {
			return false
		}
		l.ready(b.needs()...)
		for _, in := range b.instances {
			if !in.open {
				continue
			}
			l.evaluateInstance(in)
			if !in.open {
				progress = true
				b.shown = cty.NilVal
				l.stale[b.kind.Type] = true
			}
		}
		l.refresh()
	}
	return progress
}

func (b *block) open() bool {
	return slices.ContainsFunc(b.instances, func(in *instance) bool { return in.open })
}

// needs lists the expressions of a block.
func (b *block) needs() []*expr { return b.body.exprs(nil) }

func (b *body) exprs(into []*expr) []*expr {
	for _, f := range b.fields {
		into = append(into, f.expr)
	}
	for _, n := range b.nested {
		if n.forEach != nil {
			into = append(into, n.forEach)
		}
		into = n.body.exprs(into)
	}
	return into
}

// readyBlock evaluates a block unless that was done or is under way. It tells
// whether what expressions see of it is final.
func (l *loader) readyBlock(b *block, from *expr) bool {
	if b.values == done {
		return !b.open()
	}
	if b.values == running {
		if b.keys == running && from != nil {
			l.cycle("for_each of "+b.addr.String(), from)
			b.keys = failed
		}
		return false
	}
	b.values, b.keys = running, running
	name := b.addr.String()
	if b.forEach != nil {
		name = "for_each of " + name
	}
	l.stack = append(l.stack, name)
	l.makeInstances(b)
	l.stack[len(l.stack)-1] = b.addr.String()
	if b.keys == running {
		b.keys = done
	}
	l.stale[b.kind.Type] = true
	l.ready(b.needs()...)
	for _, in := range b.instances {
		if l.ctx.Err() != nil {
			break
		}
		l.evaluateInstance(in)
	}
	l.stack = l.stack[:len(l.stack)-1]
	b.values = done
	b.shown = cty.NilVal
	l.stale[b.kind.Type] = true
	return !b.open()
}

// env is what the expressions outside of instances may name.
func (l *loader) env() *env { return &env{root: l.root} }

// envOf returns what an instance's expressions may name.
func (l *loader) envOf(in *instance) *env {
	if in.each.key == cty.NilVal {
		return l.env()
	}
	return l.env().withItem("each", in.each)
}

// evaluateInstance makes the object of an instance from its block's body.
func (l *loader) evaluateInstance(in *instance) {
	in.diags, in.open = nil, false
	b := in.block
	s := &scope{l: l, owner: in.addr}
	attrs := s.body(b.body, l.envOf(in), nil)
	in.diags, in.open = s.diags, s.open
	obj := in.object
	if obj == nil {
		obj = &schema.Instance{
			Addr: in.addr, Kind: b.kind.Kind, Range: rangeOf(b.where()), Written: b.forEach == nil,
			Where: func(p value.Path) diag.Place { return l.find(in, p) },
		}
	}
	obj.Attrs = attrs
	switch {
	case b.parent != nil:
		attrs[b.kind.Parent] = value.ID(b.parent.addr)
	case b.topLevel():
		attrs[b.kind.Parent] = value.Clear{}
	}
	in.object = obj
	if in.open {
		return
	}
	l.takeShared(in)
	if !in.diags.HasErrors() && b.kind.Prepare != nil {
		for _, p := range b.kind.Prepare(obj) {
			in.diags = append(in.diags, obj.Report(p))
		}
	}
}

// topLevel tells that a block stands for one object of a tree at its top: the tree
// is written as a tree, so a block that stands in no other and names no parent has
// none, and moving a block out of another moves the object. Objects made from
// tables (for_each) without a parent leave it unmanaged, as any other argument.
func (b *block) topLevel() bool {
	if b.kind.Parent == "" || b.forEach != nil || b.syntax.Body.Attributes[b.kind.Parent] != nil {
		return false
	}
	a, ok := b.kind.Attr(b.kind.Parent)
	return ok && a.Clearable
}

// checkCancelled reports that the run was stopped.
func (l *loader) checkCancelled() {
	if err := l.ctx.Err(); err != nil {
		l.problem(diag.Diagnostic{
			Code: "config.cancelled", Summary: "Reading the configuration was stopped", Detail: err.Error() + ".", Fix: "run again",
		})
	}
}

// reportOpen explains the instances that could not be finished: a circle of
// values, or a need that failed and was reported itself.
func (l *loader) reportOpen() {
	l.checkCancelled()
	open := map[addr.Address]*instance{}
	var order []*instance
	for _, b := range l.blocks {
		for _, in := range b.instances {
			if in.open {
				open[in.addr] = in
				order = append(order, in)
			}
		}
	}
	if len(order) == 0 {
		return
	}
	edges := map[addr.Address][]addr.Address{}
	for _, in := range order {
		for _, to := range l.openNeeds(in) {
			if open[to] != nil {
				edges[in.addr] = append(edges[in.addr], to)
			}
		}
	}
	circles := findCircles(order, edges)
	for _, c := range circles {
		in := open[c[0]]
		l.problem(cycleProblem(c, in, rangeOf(in.block.where())))
	}
	if len(circles) == 0 && !l.anyErrors() {
		for _, in := range order {
			l.problem(diag.Diagnostic{
				Code: "reference.not_known", Summary: "A value that is not known",
				Detail:  "A value of " + in.addr.String() + " depends on something that is known only later.",
				Fix:     "use only arguments of other objects that are written in the configuration",
				Address: in.addr.String(), Place: at(in.block.where()),
			})
		}
	}
}

func (l *loader) anyErrors() bool {
	if l.diags.HasErrors() || l.tables.diags.HasErrors() {
		return true
	}
	for _, loc := range l.locals {
		if loc.diags.HasErrors() {
			return true
		}
	}
	for _, b := range l.blocks {
		for _, in := range b.instances {
			if in.diags.HasErrors() {
				return true
			}
		}
	}
	return false
}
