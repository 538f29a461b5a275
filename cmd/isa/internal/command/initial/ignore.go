package initial

import (
	"strings"

	"github.com/isaworks/isa/internal/calibration"
)

// ignored are the files beside a configuration that must not be in git: they hold
// personal data or keys, or belong to one machine. All tables that were found are among
// them, whether they are used or not. git minds capitals, and isa does not.
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
		"*.[xX][lL][sS]*", "*.[cC][sS][vV]", "*.[tT][sS][vV]",
		"*.svg", "*.dot", "*.gv", "*.mmd", "*.mermaid", // what isa graph draws names people
		"photos/",
	}
	for _, path := range c.tables {
		out = append(out, onlyThat(path))
	}
	return out
}

// onlyThat is a pattern for one file. What git would read in another way, or cannot
// tell in a line, stands for any character.
func onlyThat(path string) string {
	var b strings.Builder
	b.WriteByte('/')
	for i := range len(path) {
		switch c := path[i]; {
		case c < ' ', c == ' ' && i == len(path)-1:
			b.WriteByte('?')
		case strings.IndexByte(`\*?[`, c) >= 0:
			b.WriteString(`\` + string(c))
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
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
