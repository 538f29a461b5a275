package config

import (
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"github.com/isaworks/isa/internal/schema"
	"github.com/isaworks/isa/internal/value"
)

// blockAsArgument is said of `messenger = { … }`.
const blockAsArgument = "A block written as an argument"

// writesBlock tells whether a body has a block, or a dynamic one, for an argument.
func writesBlock(b *hclsyntax.Body, name string) bool {
	for _, inner := range b.Blocks {
		if inner.Type == name || inner.Type == "dynamic" && len(inner.Labels) == 1 && inner.Labels[0] == name {
			return true
		}
	}
	return false
}

// free decodes a value whose shape another object says: a text, a whole number, an
// object of texts, or a list of these.
func (s *scope) free(v cty.Value, at *step) value.Value {
	elem := schema.FreeValue()
	switch typ := v.Type(); {
	case typ == cty.String:
		return s.text(v, at)
	case typ == cty.Number:
		return s.whole(v, at)
	case typ.IsListType(), typ.IsTupleType(), typ.IsSetType():
		list := schema.ListOf(elem)
		return s.list(&list, true, v, at)
	case isMapping(typ):
		texts := schema.MapOf(schema.Text())
		return s.mapping(&texts, v, at)
	}
	s.wrongType(v, at, "a text, a whole number, an object of texts or a list of these", "write one of these")
	return nil
}
