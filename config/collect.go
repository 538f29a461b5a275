package config

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"github.com/isaworks/isa/internal/addr"
	"github.com/isaworks/isa/internal/diag"
)

// heads are the blocks that declare no objects.
type heads struct {
	isa, tenant *head
	isas        []*hclsyntax.Block // all, also those that are too many, and what may be one misspelt
	state       *head
	guards      []*head
}

// head is one of them.
type head struct {
	syntax *hclsyntax.Block
	body   *body
	failed bool // something in it could not be evaluated
}

// block is one block that declares objects.
type block struct {
	addr    addr.Address // without key
	kind    *kind
	syntax  *hclsyntax.Block
	parent  *block // the enclosing block, nil at the top
	body    *body
	forEach *expr
	speaks  *relocation // of moved, removed and import blocks, which declare nothing; else nil

	keys      phase
	values    phase
	instances []*instance
	shown     cty.Value // how expressions see the block; NilVal when to be made again
}

// phase is how far something has been evaluated.
type phase int

const (
	waiting phase = iota
	running
	done
	failed
)

// collect sorts the blocks of all files by what they are.
func (l *loader) collect(sources []source) {
	for _, s := range sources {
		for _, a := range sortedAttributes(s.body) {
			l.problem(diag.Diagnostic{
				Code: "config.attribute_unknown", Summary: "An argument outside a block",
				Detail: a.Name + " stands at the top of the file, where only blocks may stand.",
				Fix:    "move it into a block; values of variables belong in a file named *.vars.hcl",
				Place:  at(a.SrcRange),
			})
		}
		for _, b := range s.body.Blocks {
			l.collectBlock(b)
		}
	}
	if l.heads.tenant == nil && len(sources) > 0 {
		l.problem(diag.Diagnostic{
			Code: "config.tenant_missing", Summary: "No tenant block",
			Detail: "Nothing says which tenant this configuration describes.",
			Fix:    "write tenant { domain = \"…\" and domain_id = … } in one of the files",
			Place:  fileStart(sources[0].name),
		})
	}
}

func (l *loader) collectBlock(b *hclsyntax.Block) {
	switch b.Type {
	case "isa":
		l.heads.isas = append(l.heads.isas, b)
		l.single(b, &l.heads.isa)
	case "tenant":
		l.single(b, &l.heads.tenant)
	case "variable":
		l.declareVariable(b)
	case "locals":
		l.declareLocals(b)
	case "guard":
		l.addGuard(b)
	case movedType, removedType, importType:
		l.relocate(b)
	default:
		k, ok := l.kinds[b.Type]
		if !ok {
			if slices.ContainsFunc(b.Body.Blocks, func(in *hclsyntax.Block) bool { return in.Type == "state" }) {
				l.heads.isas = append(l.heads.isas, b)
			}
			l.unknownBlock(b, l.topBlocks(), "")
			return
		}
		l.declare(b, k, nil)
	}
}

// topBlocks lists the block types of a file.
func (l *loader) topBlocks() []string {
	return slices.Concat([]string{"isa", "tenant", "variable", "locals", "guard"}, relocationTypes(), l.kindNames())
}

func (l *loader) unknownBlock(b *hclsyntax.Block, names []string, in string) {
	where := "at the top of a file"
	if in != "" {
		where = "in " + in
	}
	otherwise := "remove it"
	if len(names) > 0 {
		otherwise = "use one of " + strings.Join(names, ", ")
	}
	l.problem(diag.Diagnostic{
		Code: "config.block_unknown", Summary: "Unknown block type",
		Detail: fmt.Sprintf("There is no block %s %s.", b.Type, where),
		Fix:    didYouMean(b.Type, names, otherwise),
		Place:  at(b.TypeRange),
	})
}

func (l *loader) single(b *hclsyntax.Block, into **head) {
	if !l.noLabels(b) {
		return
	}
	if *into != nil {
		l.duplicateBlock(b, (*into).syntax)
		return
	}
	*into = &head{syntax: b}
}

func (l *loader) addGuard(b *hclsyntax.Block) {
	code, ok := l.labels(b, "the code of a guard, such as member.removal")
	if !ok {
		return
	}
	for _, g := range l.heads.guards {
		if g.syntax.Labels[0] == code {
			l.duplicateBlock(b, g.syntax)
			return
		}
	}
	l.heads.guards = append(l.heads.guards, &head{syntax: b})
}

func (l *loader) duplicateBlock(b, first *hclsyntax.Block) {
	l.problem(diag.Diagnostic{
		Code: "config.block_duplicate", Summary: "A block that may stand only once",
		Detail: fmt.Sprintf("Another %s block is at %s.", b.Type, rangeOf(first.DefRange())),
		Fix:    "write both as one block", Place: at(b.DefRange()),
	})
}

func (l *loader) noLabels(b *hclsyntax.Block) bool {
	if len(b.Labels) == 0 {
		return true
	}
	l.problem(diag.Diagnostic{
		Code: "config.block_label", Summary: "Wrong labels of a block",
		Detail: fmt.Sprintf("%s takes no label.", b.Type), Fix: "remove the label", Place: at(b.LabelRanges[0]),
	})
	return false
}

// labels returns the one label of a block.
func (l *loader) labels(b *hclsyntax.Block, what string) (string, bool) {
	switch len(b.Labels) {
	case 1:
		return b.Labels[0], true
	case 0:
		l.problem(diag.Diagnostic{
			Code: "config.block_label", Summary: "Wrong labels of a block",
			Detail: fmt.Sprintf("%s needs one label: %s.", b.Type, what),
			Fix:    fmt.Sprintf("write %s \"…\" {", b.Type), Place: at(b.TypeRange),
		})
	default:
		l.problem(diag.Diagnostic{
			Code: "config.block_label", Summary: "Wrong labels of a block",
			Detail: fmt.Sprintf("%s takes one label, not %d.", b.Type, len(b.Labels)),
			Fix:    "remove the others", Place: at(b.LabelRanges[1]),
		})
	}
	return "", false
}

// declare adds a block of objects and the ones of its own type inside it.
func (l *loader) declare(b *hclsyntax.Block, k *kind, parent *block) {
	label, ok := l.labels(b, "the name of the block")
	if !ok {
		return
	}
	if !hclsyntax.ValidIdentifier(label) {
		l.problem(diag.Diagnostic{
			Code: "config.block_label", Summary: "Wrong labels of a block",
			Detail: fmt.Sprintf("%q cannot be part of an address.", label),
			Fix:    "use letters, digits, _ and -, and begin with a letter", Place: at(b.LabelRanges[0]),
		})
		return
	}
	name := addr.New(k.Type, label)
	if _, err := addr.Parse(name.String()); err != nil {
		l.problem(diag.Diagnostic{
			Code: "config.block_label", Summary: "Wrong labels of a block", Detail: err.Error() + ".",
			Fix: "use letters, digits, _ and -, and begin with a letter", Place: at(b.LabelRanges[0]),
		})
		return
	}
	if first, taken := l.byName[name]; taken {
		l.problem(diag.Diagnostic{
			Code: "config.address_duplicate", Summary: "Two blocks with one address",
			Detail:  fmt.Sprintf("%s is also declared at %s. Nested blocks share one space of names with the others.", name, rangeOf(first.syntax.DefRange())),
			Fix:     "give one of them another label",
			Address: name.String(), Place: at(b.DefRange()),
		})
		return
	}
	decl := &block{addr: name, kind: k, syntax: b, parent: parent}
	l.byName[name] = decl
	l.byType[k.Type] = append(l.byType[k.Type], decl)
	l.blocks = append(l.blocks, decl)
	if k.Parent == "" {
		return
	}
	for _, inner := range b.Body.Blocks {
		if inner.Type != k.Type {
			continue
		}
		if fe, many := b.Body.Attributes["for_each"]; many {
			l.problem(diag.Diagnostic{
				Code: "config.nested", Summary: "A block nested in a block with for_each",
				Detail:  fmt.Sprintf("%s stands for many objects (for_each at %s), so none of them can be the parent.", name, rangeOf(fe.SrcRange)),
				Fix:     fmt.Sprintf("move the inner block out and say %s = %s[\"key\"] in it", k.Parent, name),
				Address: name.String(), Place: at(inner.DefRange()),
			})
			continue
		}
		l.declare(inner, k, decl)
	}
}

// sortedAttributes lists the arguments of a body as written.
func sortedAttributes(b *hclsyntax.Body) []*hclsyntax.Attribute {
	out := make([]*hclsyntax.Attribute, 0, len(b.Attributes))
	for _, a := range b.Attributes {
		out = append(out, a)
	}
	slices.SortFunc(out, func(x, y *hclsyntax.Attribute) int { return x.SrcRange.Start.Byte - y.SrcRange.Start.Byte })
	return out
}

// where returns the range of a block's header.
func (b *block) where() hcl.Range { return b.syntax.DefRange() }
