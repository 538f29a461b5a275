package initial

import (
	"path"
	"strings"

	"github.com/isaworks/isa/internal/calibration"
)

// ignored are the files beside a configuration that must not be in git: they hold
// personal data or keys, or belong to one machine. The tables are among them.
func ignored(c *company) []string {
	out := []string{
		"# isa: personal data, keys, and what belongs to one machine",
		"isa.state.*",     // state, backup, journal, lock; the ledger with its -wal, -shm, lock and progress
		".isa.state.*",    // what a kill leaves of writing them
		"isa.handout.age", // generated passwords, encrypted
		"*.age",
		"*.pem",
		"*.key",
		"sandbox.env",
		"*.plan",
		calibration.File + ".lock",
		"spool/",
		"*.xlsx", "*.xls", "*.csv", "*.tsv",
		"photos/",
	}
	for _, t := range []*table{c.people, c.units, c.posts} {
		if t != nil && path.Ext(t.path) == ".txt" {
			out = append(out, "/"+t.path)
		}
	}
	return out
}

// lackingLines are the lines of want that a .gitignore does not have.
func lackingLines(text string, want []string) []string {
	have := map[string]bool{}
	for line := range strings.Lines(text) {
		have[strings.TrimSpace(line)] = true
	}
	var out []string
	for _, line := range want {
		if !have[line] {
			out = append(out, line)
		}
	}
	if len(out) == 1 && strings.HasPrefix(out[0], "#") {
		return nil
	}
	return out
}
