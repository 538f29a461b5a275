package root

import (
	"context"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/isaworks/isa/cmd/isa/internal/cli"
	"github.com/isaworks/isa/providers/works/sandbox"
)

// TestWhatInitWritesIsPlanned follows what isa init says comes next, with and without
// tables, on a plan with mail and on one without: the second plan is empty.
func TestWhatInitWritesIsPlanned(t *testing.T) {
	for _, c := range []struct {
		name, plan, tables string
		more               []string
	}{
		{"acme", "free", "", nil}, {"acme.co.kr", "standard", "", nil},
		{"acme.co.kr", "standard_plus", "../../../../examples/hr-spreadsheet/hr", []string{"--table", "hr/staff.xlsx", "--sheet", "직원"}},
	} {
		t.Run(c.plan, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t, "")
			server, err := sandbox.New(sandbox.Options{Plan: c.plan, Features: true, Domains: []sandbox.Domain{{ID: 7, Name: c.name}}})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := server.Start(context.Background()); err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() {
				if err := server.Close(); err != nil {
					t.Error(err)
				}
			})
			d.vars, d.Dir = server.Env(), t.TempDir()
			if c.tables != "" {
				if err := os.CopyFS(d.Dir+"/hr", os.DirFS(c.tables)); err != nil {
					t.Fatal(err)
				}
			}
			for _, step := range [][]string{
				append([]string{"init", "--domain", c.name, "--domain-id", "7", "--plan", c.plan}, c.more...), {"fmt", "--check"}, {"validate"}, {"graph"},
				{"plan", "--allow", "member.invitation=300"}, {"apply", "--yes", "--allow", "member.invitation=300"}, {"plan", "--detailed-exitcode"},
			} {
				if code := d.types("", step...); code != cli.CodeDone {
					t.Fatalf("isa %v ended with %d: %s%s", step, code, d.out.String(), d.err.String())
				}
			}
		})
	}
}

// TestWorkflows reads the workflows that isa init writes: they are YAML, and each
// command of isa in them is one, with its flags.
func TestWorkflows(t *testing.T) {
	for service, path := range map[string]string{"github": ".github/workflows/isa.yml", "gitlab": ".gitlab-ci.yml"} {
		d := newDesk(t, "")
		d.Dir = t.TempDir()
		d.wants(t, 0, "init", "--domain", "acme.co.kr", "--domain-id", "7", "--plan", "standard", "--ci", service)
		text, err := os.ReadFile(filepath.Join(d.Dir, path))
		if err != nil {
			t.Fatal(err)
		}
		var parsed map[string]any
		if err := yaml.Unmarshal(text, &parsed); err != nil {
			t.Errorf("%s: %v", path, err)
		}
		found := regexp.MustCompile(`(?m)(?:- run: |^ +-? ?|# )(isa(?: [^|>\n]+)?)(?: >.*)?(?: \|\|.*)?$`).FindAllStringSubmatch(string(text), -1)
		if len(found) < 3 {
			t.Errorf("%s has only %d commands: %v", path, len(found), found)
		}
		for _, m := range found {
			if why := unknown(New(&d.Env), strings.Fields(m[1])[1:]); why != "" {
				t.Errorf("%s: %s: %s", path, m[1], why)
			}
		}
	}
}
