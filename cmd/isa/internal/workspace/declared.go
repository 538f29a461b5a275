package workspace

import (
	"slices"
	"strings"

	"github.com/isaworks/isa/config"
	"github.com/isaworks/isa/internal/view"
)

// Declared says what a configuration declares: "20 members, 8 org units".
func Declared(cfg *config.Config) string {
	n := map[string]int{}
	var kinds []string
	for _, o := range cfg.Objects {
		if n[o.Addr.Type]++; n[o.Addr.Type] == 1 {
			kinds = append(kinds, o.Addr.Type)
		}
	}
	if len(kinds) == 0 {
		return "it declares nothing yet"
	}
	slices.Sort(kinds)
	parts := make([]string, len(kinds))
	for i, k := range kinds {
		parts[i] = view.Plural(n[k], view.KindWord(k))
	}
	return strings.Join(parts, ", ")
}
