package explain

import (
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/isaworks/isa/cmd/isa/internal/workspace"
	"github.com/isaworks/isa/planner"
)

var update = flag.Bool("update", false, "rewrite docs/codes.md")

// top is the root of the repository.
const top = "../../../../.."

// raising are the folders whose code makes diagnostics.
var raising = []string{"cmd", "config", "planner", "providers/directory", "providers/mail", "internal/sheet", "internal/secret", "internal/view", "internal/executor", "state"}

var codeForm = regexp.MustCompile(`^[a-z_]+(\.[a-z_]+)+$`)

// literals gathers the texts in code that have the form of a code, with a place
// of each. Pages are told apart: they stand in files called codes.go.
func literals(t *testing.T) map[string]string {
	t.Helper()
	found := map[string]string{}
	for _, dir := range raising {
		err := filepath.WalkDir(filepath.Join(top, dir), func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			files := token.NewFileSet()
			f, err := parser.ParseFile(files, path, nil, parser.SkipObjectResolution)
			if err != nil {
				return err
			}
			ast.Inspect(f, func(n ast.Node) bool {
				switch n := n.(type) {
				case *ast.KeyValueExpr: // the key of a map of pages
					if key, ok := n.Key.(*ast.BasicLit); ok && key.Kind == token.STRING && strings.HasSuffix(path, "codes.go") {
						return false
					}
				case *ast.BasicLit:
					if text, err := strconv.Unquote(n.Value); n.Kind == token.STRING && err == nil && codeForm.MatchString(text) {
						found[text] = files.Position(n.Pos()).String()
					}
				}
				return true
			})
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return found
}

// notCodes are texts that look like codes: names of files.
var notCodes = []string{"plan.json", "tenant.hcl"}

// TestEachCodeRaisedHasAPage wants a page for each code in the code: a text of the
// form family.word whose family has pages, or that is given as a Code.
func TestEachCodeRaisedHasAPage(t *testing.T) {
	pages := codes()
	families := map[string]bool{}
	for code := range pages {
		family, _, _ := strings.Cut(strings.TrimPrefix(code, "guard."), ".")
		families[family] = true
	}
	raised := literals(t)
	if len(raised) < 100 {
		t.Fatalf("only %d codes were found in the code", len(raised))
	}
	for code, at := range raised {
		family, _, _ := strings.Cut(code, ".")
		if pages[code] != "" || pages["guard."+code] != "" || slices.Contains(notCodes, code) {
			continue
		}
		if families[family] {
			t.Errorf("%s: %s has no page; write one beside the others of its package", at, code)
		}
	}
}

// TestEachPageIsRaised finds pages of codes that nothing raises any more. Guards of
// kinds are made from the schemas.
func TestEachPageIsRaised(t *testing.T) {
	raised := literals(t)
	made := planner.CodesFor(workspace.Objects())
	for _, code := range slices.Sorted(maps.Keys(codes())) {
		if _, generated := made[code]; generated || raised[code] != "" || raised[strings.TrimPrefix(code, "guard.")] != "" {
			continue
		}
		t.Errorf("%s has a page, and nothing raises it", code)
	}
}

// TestCodesDocument keeps docs/codes.md equal to the pages.
func TestCodesDocument(t *testing.T) {
	path := filepath.Join(top, "docs/codes.md")
	var b strings.Builder
	b.WriteString("# Codes\n\nEach problem that isa tells has a code; `isa explain CODE` prints its page. `--allow` takes the codes of guards without `guard.` in front. Made by `go test ./cmd/isa/internal/command/explain -update`.\n")
	family := ""
	all := codes()
	for _, code := range slices.Sorted(maps.Keys(all)) {
		if f, _, _ := strings.Cut(code, "."); f != family {
			family = f
			fmt.Fprintf(&b, "\n## %s\n\n", family)
		}
		fmt.Fprintf(&b, "- **`%s`** %s\n", code, strings.ReplaceAll(all[code], "\n", " "))
	}
	if *update {
		if err := os.WriteFile(path, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	kept, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(kept), b.String()); diff != "" {
		t.Errorf("docs/codes.md is stale (-kept +made); -update rewrites it:\n%s", diff)
	}
}
