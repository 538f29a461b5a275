package root

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

// TestDocumentsNameRealCommands looks up every command line of the documents: its
// command and each of its flags must be there.
func TestDocumentsNameRealCommands(t *testing.T) {
	d := newDesk(t, "")
	tree := New(&d.Env)
	tree.InitDefaultCompletionCmd()
	line := regexp.MustCompile(`(?:^|\$ |-- |&& )(?:\./)?isa((?: +--chdir +\S+)?(?: +[^\s|;&#>(]+)*)`)
	const module = "../../../.."
	found := 0
	for _, pattern := range []string{"README*.md", "docs/*.md", "examples/*/README.md"} {
		files, err := filepath.Glob(filepath.Join(module, pattern))
		if err != nil || len(files) == 0 {
			t.Fatalf("%s matches nothing: %v", pattern, err)
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			for _, command := range commands(string(text)) {
				for _, l := range line.FindAllStringSubmatch(command, -1) {
					found++
					if why := unknown(tree, strings.Fields(l[1])); why != "" {
						t.Errorf("%s: isa%s: %s", filepath.Base(file), l[1], why)
					}
				}
			}
		}
	}
	if found < 100 {
		t.Errorf("only %d command lines were found", found)
	}
}

// commands are the pieces of code in a Markdown text: inline, and lines of blocks.
func commands(text string) []string {
	inline := regexp.MustCompile("`([^`\n]+)`")
	var out []string
	block := false
	for line := range strings.Lines(text) {
		switch line = strings.TrimSpace(line); {
		case strings.HasPrefix(line, "```"):
			block = !block
		case block:
			out = append(out, line)
		default:
			for _, m := range inline.FindAllStringSubmatch(line, -1) {
				out = append(out, m[1])
			}
		}
	}
	return out
}

// unknown says what of a command line isa does not know, "" for nothing. What stands
// behind -- is another command.
func unknown(tree *cobra.Command, words []string) string {
	cmd, path := tree, true
	for i := 0; i < len(words); i++ {
		word := strings.Trim(words[i], "[]'\",…:.)")
		switch {
		case word == "" && words[i] == "--":
			return ""
		case strings.HasPrefix(word, "--"):
			name, _, _ := strings.Cut(strings.TrimPrefix(word, "--"), "=")
			if name == "" {
				return ""
			}
			if name == "chdir" {
				i++
			}
			if name != "help" && cmd.Flags().Lookup(name) == nil && cmd.InheritedFlags().Lookup(name) == nil && tree.PersistentFlags().Lookup(name) == nil {
				return "there is no flag --" + name + " of " + cmd.CommandPath()
			}
			path = path && name == "chdir"
		case path:
			next := child(cmd, word)
			if next == nil && cmd == tree && regexp.MustCompile(`^[a-z-]+$`).MatchString(word) {
				return "there is no command " + word
			}
			if path = next != nil; path {
				cmd = next
			}
		}
	}
	return ""
}

func child(cmd *cobra.Command, name string) *cobra.Command {
	for _, c := range cmd.Commands() {
		if c.Name() == name || strings.HasPrefix(name, c.Name()+"|") {
			return c
		}
	}
	return nil
}
