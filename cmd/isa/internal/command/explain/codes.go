package explain

import (
	"maps"

	"github.com/isaworks/isa/cmd/isa/internal/workspace"
	"github.com/isaworks/isa/config"
	"github.com/isaworks/isa/internal/sheet"
	"github.com/isaworks/isa/planner"
	"github.com/isaworks/isa/providers/directory"
	"github.com/isaworks/isa/providers/mail"
)

// codes gathers the pages of all codes: what each means and the way out.
func codes() map[string]string {
	all := map[string]string{}
	for _, pages := range []map[string]string{
		sheet.Codes(), config.Codes(), directory.Codes(), mail.Codes(), planner.Codes(), planner.CodesFor(workspace.Objects()),
		workspace.Codes(),
	} {
		maps.Copy(all, pages)
	}
	return all
}

// Pages are the pages of all codes: what each means and the way out.
func Pages() map[string]string { return codes() }
