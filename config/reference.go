package config

import (
	"maps"
	"slices"

	"github.com/isaworks/isa/internal/schema"
)

// Described is a block of the language with its arguments, for the language
// reference.
type Described struct {
	Header string // how the block begins: `job_grade "NAME"`
	Doc    string // one sentence
	Attrs  []schema.Attr
	Kind   *schema.Kind // nil for blocks that declare no objects
}

// Describe lists the blocks of the language whose arguments are data: those that
// declare no objects, the kinds, and last the lifecycle block, which every kind has.
func Describe(kinds []*schema.Kind) []Described {
	var trees []string
	for _, k := range kinds {
		if k.Parent != "" {
			trees = append(trees, k.Type)
		}
	}
	company := companyKind()
	out := []Described{
		{Header: "isa", Doc: "About isa itself; may be left out.", Attrs: isaAttrs()},
		{Header: `state "local"`, Doc: "Inside `isa`: where the state lies.", Attrs: stateAttrs()},
		{Header: "tenant", Doc: "The tenant; exactly one.", Attrs: tenantAttrs()},
		{Header: `company "NAME"`, Doc: "A further domain of the same tenant.", Attrs: company.Attrs},
		{Header: `guard "CODE"`, Doc: "Sets the limit of one guard; `isa explain` lists the codes, here without `guard.` in front.", Attrs: guardAttrs()},
	}
	for _, r := range []struct{ typ, doc string }{
		{movedType, "An object is known by another address from now on, and stays the object it is. Takes `for_each`."},
		{removedType, "How objects leave that are not declared any more. Takes `for_each`."},
		{importType, "An object of the tenant is the one that is declared. Takes `for_each`."},
	} {
		attrs := relocationKind(r.typ).Attrs
		for i := range attrs {
			if attrs[i].Name == fromAttr || attrs[i].Name == toAttr { // only the key is a text
				attrs[i].Type = schema.RefTo("address")
			}
		}
		out = append(out, Described{Header: r.typ, Doc: r.doc, Attrs: attrs})
	}
	for _, k := range kinds {
		out = append(out, Described{Header: k.Type + ` "NAME"`, Attrs: k.Attrs, Kind: k})
	}
	person := lifecycleBlock(&schema.Kind{Person: true}, trees)
	return append(out, Described{Header: "lifecycle", Doc: "Rules for the life of the objects, in every block that declares some at the tenant.", Attrs: person.Type.Attrs})
}

// FunctionNames lists what expressions may call, sorted.
func FunctionNames() []string {
	l := &loader{}
	names := map[string]bool{}
	for name := range libraryFunctions() {
		names[name] = true
	}
	for name := range l.ownFunctions() {
		names[name] = true
	}
	return slices.Sorted(maps.Keys(names))
}
