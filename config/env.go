package config

import (
	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
)

// env is what the expressions of one object may name besides the names that all
// share: each, and the iterators of dynamic blocks. Its form for the language
// library is made at the first need.
type env struct {
	root  *hcl.EvalContext
	outer *env
	own   *frame // nil at the root
	made  *hcl.EvalContext
}

// frame is one name: an item with key and value, or a plain value.
type frame struct {
	name   string
	item   eachOf
	isItem bool
	value  cty.Value
}

// with returns an env that has one more name, which hides an equal one.
func (e *env) with(f *frame) *env { return &env{root: e.root, outer: e, own: f} }

// withItem returns an env in which name has a key and a value.
func (e *env) withItem(name string, item eachOf) *env {
	return e.with(&frame{name: name, item: item, isItem: true})
}

// frame finds a name; nil when it is none of the env's own.
func (e *env) frame(name string) *frame {
	for ; e != nil && e.own != nil; e = e.outer {
		if e.own.name == name {
			return e.own
		}
	}
	return nil
}

// shown is how expressions see the name.
func (f *frame) shown() cty.Value {
	if !f.isItem {
		return f.value
	}
	return cty.ObjectVal(map[string]cty.Value{"key": f.item.key, "value": f.item.value})
}

// context is the env as the language library takes it.
func (e *env) context() *hcl.EvalContext {
	switch {
	case e.own == nil:
		return e.root
	case e.made == nil:
		e.made = e.outer.context().NewChild()
		e.made.Variables = map[string]cty.Value{e.own.name: e.own.shown()}
	}
	return e.made
}
