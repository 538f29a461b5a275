package workspace

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/agext/levenshtein"

	"github.com/isaworks/isa/config"
	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/internal/schema"
	"github.com/isaworks/isa/internal/value"
	"github.com/isaworks/isa/internal/view"
	"github.com/isaworks/isa/planner"
	"github.com/isaworks/isa/providers/directory"
)

// check finds what neither the configuration nor the directory can see alone.
func check(cfg *config.Config, kinds []*schema.Kind) diag.List {
	return append(checkHandout(cfg), checkGuards(cfg.Guards, planner.GuardCodes(kinds))...)
}

// checkHandout wants somebody who can read the passwords that isa is to make.
func checkHandout(cfg *config.Config) diag.List {
	if len(cfg.Isa.HandoutRecipients) > 0 {
		return nil
	}
	var first *schema.Instance
	n := 0
	for _, in := range cfg.Objects {
		password, _ := in.Attrs["password"].(value.Object)
		if in.Addr.Type != directory.Member || !value.True(password["generate"]) {
			continue
		}
		if first == nil {
			first = in
		}
		n++
	}
	if first == nil {
		return nil
	}
	path := value.Of("password", "generate")
	detail := "isa is to make a password, and nobody could read it."
	if n > 1 {
		detail = fmt.Sprintf("isa is to make passwords for %s, and nobody could read them.", view.Plural(n, "member"))
	}
	return diag.List{{
		Severity: diag.Error, Code: "handout.recipients", Summary: "Generated passwords without a recipient", Detail: detail,
		Fix:     "write isa { handout { recipients = [\"age1…\"] } } with the public key that age-keygen prints; isa handout shows the passwords",
		Address: first.Addr.String(), Attr: path.String(), Place: first.Where(path),
	}}
}

// checkGuards refuses guard blocks for guards that there are not: a limit that is
// believed to hold and does not.
func checkGuards(guards []config.Guard, codes []string) diag.List {
	var out diag.List
	for _, g := range guards {
		if slices.Contains(codes, g.Code) {
			continue
		}
		r := g.Range
		out = append(out, diag.Diagnostic{
			Severity: diag.Error, Code: "guard.unknown", Summary: "No such guard", Detail: fmt.Sprintf("There is no guard %q.", g.Code),
			Fix: nearestGuard(g.Code, codes), Place: diag.Place{Range: &r},
		})
	}
	return out
}

// checkAllowed refuses --allow for guards that there are not.
func checkAllowed(allow map[string]int, codes []string) error {
	for _, code := range slices.Sorted(maps.Keys(allow)) {
		if !slices.Contains(codes, code) {
			return fmt.Errorf("--allow %s: there is no such guard; %s", code, nearestGuard(code, codes))
		}
	}
	return nil
}

// nearestGuard is the way out after a guard's misspelt name.
func nearestGuard(code string, codes []string) string {
	code = strings.TrimPrefix(code, "guard.")
	best, distance := "", farthest+1
	for _, c := range codes {
		if d := levenshtein.Distance(code, c, nil); d < distance {
			best, distance = c, d
		}
	}
	if best == "" {
		return "isa explain lists the guards; write them without guard. in front"
	}
	return "did you mean " + best + "?"
}
