package config

import (
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/hashicorp/hcl/v2/hclwrite"

	"github.com/isaworks/isa/internal/diag"
)

// Format returns the text of an HCL file in the usual layout: aligned equals
// signs, two spaces a level. name is used in diagnostics. A text that is not
// valid HCL is not formatted; the diagnostics then say why.
func Format(name string, src []byte) ([]byte, diag.List) {
	if _, found := hclsyntax.ParseConfig(src, name, hcl.InitialPos); found.HasErrors() {
		list := syntaxProblems(found)
		list.Sort()
		return nil, list
	}
	return hclwrite.Format(src), nil
}
