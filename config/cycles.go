package config

import (
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"github.com/isaworks/isa/internal/addr"
	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/internal/schema"
	"github.com/isaworks/isa/internal/value"
)

// checkCycles reports objects that refer to themselves through arguments that
// must be written when an object is created. Deferred arguments may form
// circles: they are written later.
func (l *loader) checkCycles() {
	edges := map[addr.Address][]addr.Address{}
	byAddr := map[addr.Address]*instance{}
	var order []*instance
	circular := l.circularKinds()
	for _, b := range l.blocks {
		attrs := referring(b.kind.Attrs)
		if !circular[b.kind.Type] {
			continue
		}
		for _, in := range b.instances {
			if in.object == nil {
				continue
			}
			var to []addr.Address
			for _, a := range attrs {
				if v := in.object.Attrs[a.Name]; v != nil {
					to = targets(to, a.Type, v)
				}
			}
			if len(to) > 0 {
				edges[in.addr] = to
				byAddr[in.addr] = in
				order = append(order, in)
			}
		}
	}
	for _, c := range findCircles(order, edges) {
		in := byAddr[c[0]]
		place := rangeOf(in.block.where())
		l.problem(cycleProblem(c, in, place))
	}
}

// circularKinds are the kinds whose objects can refer to themselves, directly or
// through others. Objects of all other kinds are on no circle.
func (l *loader) circularKinds() map[string]bool {
	to := map[string][]string{}
	for _, k := range l.kinds {
		for _, a := range referring(k.Attrs) {
			to[k.Type] = kindsIn(to[k.Type], a.Type)
		}
	}
	out := map[string]bool{}
	for from := range to {
		seen := map[string]bool{}
		for next := slices.Clone(to[from]); len(next) > 0 && !out[from]; {
			typ := next[len(next)-1]
			next = next[:len(next)-1]
			if !seen[typ] {
				seen[typ] = true
				next = append(next, to[typ]...)
			}
			out[from] = typ == from
		}
	}
	return out
}

// kindsIn adds the kinds that values of a type refer to.
func kindsIn(into []string, t schema.Type) []string {
	switch t.Kind {
	case schema.Reference:
		return append(into, t.Kinds...)
	case schema.List, schema.Map:
		return kindsIn(into, *t.Elem)
	case schema.Object:
		for _, a := range referring(t.Attrs) {
			into = kindsIn(into, a.Type)
		}
	}
	return into
}

func cycleProblem(c []addr.Address, in *instance, r diag.Range) diag.Diagnostic {
	names := make([]string, 0, len(c)+1)
	for _, a := range append(slices.Clone(c), c[0]) {
		names = append(names, a.String())
	}
	d := diag.Diagnostic{
		Code: "reference.cycle", Summary: "Something needs itself",
		Detail: strings.Join(names, " → ") + ".", Fix: "break the circle: one of them must be written without the next",
		Address: in.addr.String(), Place: diag.Place{Range: &r},
	}
	if in.object == nil {
		return d
	}
	next := c[0]
	if len(c) > 1 {
		next = c[1]
	}
	var path value.Path
	for _, a := range referring(in.block.kind.Attrs) {
		value.Walk(in.object.Attrs[a.Name], func(p value.Path, v value.Value) {
			if ref, ok := v.(value.Ref); ok && ref.Addr == next && path == nil {
				path = append(value.Of(a.Name), p...)
			}
		})
	}
	if path != nil {
		d.Attr, d.Place = path.String(), in.object.Where(path)
	}
	return d
}

// referring lists the arguments that hold references which are not deferred.
func referring(attrs []schema.Attr) []schema.Attr {
	var out []schema.Attr
	for _, a := range attrs {
		if !a.Deferred && !a.Steering && refers(a.Type) {
			out = append(out, a)
		}
	}
	return out
}

func refers(t schema.Type) bool {
	switch t.Kind {
	case schema.Reference:
		return true
	case schema.List, schema.Map:
		return refers(*t.Elem)
	case schema.Object:
		return len(referring(t.Attrs)) > 0
	}
	return false
}

// targets adds the addresses that a value refers to.
func targets(to []addr.Address, t schema.Type, v value.Value) []addr.Address {
	switch v := v.(type) {
	case value.Ref:
		return append(to, v.Addr)
	case value.List:
		for _, e := range v {
			to = targets(to, *t.Elem, e)
		}
	case value.Object:
		if t.Kind == schema.Map {
			for _, name := range sortedNames(v) {
				to = targets(to, *t.Elem, v[name])
			}
			return to
		}
		for _, a := range t.Attrs {
			if e := v[a.Name]; e != nil && !a.Deferred {
				to = targets(to, a.Type, e)
			}
		}
	}
	return to
}

// findCircles returns circles among the edges, each once, each from its first
// member in the given order. It does not recurse: chains may be long.
func findCircles(order []*instance, edges map[addr.Address][]addr.Address) [][]addr.Address {
	const open, closed = 1, 2
	type frame struct {
		at   addr.Address
		next int
	}
	state := map[addr.Address]int{}
	var circles [][]addr.Address
	for _, start := range order {
		if state[start.addr] != 0 {
			continue
		}
		stack := []frame{{at: start.addr}}
		state[start.addr] = open
		for len(stack) > 0 {
			f := &stack[len(stack)-1]
			if f.next == len(edges[f.at]) {
				state[f.at] = closed
				stack = stack[:len(stack)-1]
				continue
			}
			to := edges[f.at][f.next]
			f.next++
			switch state[to] {
			case open:
				i := slices.IndexFunc(stack, func(g frame) bool { return g.at == to })
				var c []addr.Address
				for _, g := range stack[i:] {
					c = append(c, g.at)
				}
				circles = append(circles, c)
			case 0:
				state[to] = open
				stack = append(stack, frame{at: to})
			}
		}
	}
	return circles
}

// openNeeds lists the objects whose arguments an open instance reads.
func (l *loader) openNeeds(in *instance) []addr.Address {
	var out []addr.Address
	ctx := l.envOf(in).context()
	for _, e := range in.block.needs() {
		_ = hclsyntax.VisitAll(e.syntax, func(n hclsyntax.Node) hcl.Diagnostics {
			switch n := n.(type) {
			case *hclsyntax.IndexExpr, *hclsyntax.ScopeTraversalExpr, *hclsyntax.RelativeTraversalExpr:
				out = append(out, l.reached(n.(hclsyntax.Expression), ctx)...)
			}
			return nil
		})
	}
	return out
}

// reached returns the objects that an expression passes through.
func (l *loader) reached(e hclsyntax.Expression, ctx *hcl.EvalContext) []addr.Address {
	if t, ok := e.(*hclsyntax.ScopeTraversalExpr); ok {
		for n := 1; n <= len(t.Traversal); n++ {
			v, found := t.Traversal[:n].TraverseAbs(ctx)
			if found.HasErrors() {
				return nil
			}
			if a, ok := addressOf(v); ok {
				return []addr.Address{a}
			}
		}
		return nil
	}
	v, found := l.value(e, ctx)
	if a, ok := addressOf(v); ok && !found.HasErrors() {
		return []addr.Address{a}
	}
	return nil
}
