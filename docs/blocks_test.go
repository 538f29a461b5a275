package docs_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/isaworks/isa/config"
	"github.com/isaworks/isa/internal/isatest"
	"github.com/isaworks/isa/providers/directory"
	"github.com/isaworks/isa/providers/mail"
)

// The folder blocks has a file for each block of the language: a comment that says what
// it is for, and an example. All of them together are one configuration.

// introduction is what language.md says of a block before its arguments: the comment and
// the example. "" for blocks that stand inside of others.
func introduction(header string) string {
	name, _, _ := strings.Cut(header, " ")
	if name == "state" || name == "lifecycle" {
		return ""
	}
	data, err := os.ReadFile(filepath.Join("blocks", name+".hcl"))
	if err != nil {
		return "blocks/" + name + ".hcl is missing\n\n" // TestEachBlockHasAnExample tells it
	}
	var about []string
	text := string(data)
	for strings.HasPrefix(text, "#") {
		var line string
		line, text, _ = strings.Cut(text, "\n")
		about = append(about, strings.TrimSpace(strings.TrimPrefix(line, "#")))
	}
	return strings.Join(about, " ") + "\n\n```hcl\n" + text + "```\n\n"
}

func TestEachBlockHasAnExample(t *testing.T) {
	files := map[string]bool{}
	for _, d := range config.Describe(append(directory.Schemas(), mail.Schemas()...)) {
		about := introduction(d.Header)
		name, _, _ := strings.Cut(d.Header, " ")
		files[name+".hcl"] = true
		switch {
		case strings.HasSuffix(about, "is missing\n\n"):
			t.Errorf("%s: %s", d.Header, strings.TrimSpace(about))
		case about != "" && (strings.HasPrefix(about, "\n") || !strings.Contains(about, "\n"+name+" ")):
			t.Errorf("%s has no comment, or its example no such block:\n%s", d.Header, about)
		}
	}
	there, err := os.ReadDir("blocks")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range there {
		if !files[f.Name()] {
			t.Errorf("blocks/%s is of no block", f.Name())
		}
	}
}

// TestExamplesAreValid has isa itself validate the examples, as one configuration.
func TestExamplesAreValid(t *testing.T) {
	isa, err := isatest.Build(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"fmt", "--check"}, {"validate"}} {
		cmd := exec.Command(isa, args...)
		cmd.Dir = "blocks"
		cmd.Env = append(os.Environ(), "WORKS_CLIENT_ID=x", "WORKS_SERVICE_ACCOUNT=x")
		out, err := cmd.CombinedOutput()
		if err != nil || bytes.Contains(out, []byte("Warning")) {
			t.Errorf("isa %s: %v\n%s", strings.Join(args, " "), err, out)
		}
	}
}
