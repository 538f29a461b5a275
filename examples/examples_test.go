package examples_test

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/isaworks/isa/examples"
	"github.com/isaworks/isa/internal/isatest"
	"github.com/isaworks/isa/providers/works/sandbox"
)

var update = flag.Bool("update", false, "rewrite the kept plans")

// TestExamples plans, applies and plans again every example as its reader would:
// the isa binary, a sandbox on a socket, the files as they are.
func TestExamples(t *testing.T) {
	isa := build(t)
	found := 0
	for _, dir := range folders(t) {
		found++
		t.Run(dir, func(t *testing.T) {
			t.Parallel()
			e := newExample(t, isa, dir)
			e.must(t, 0, "validate")
			e.must(t, 0, "fmt", "--check")
			e.keptPlan(t, e.must(t, 2, "plan", "--detailed-exitcode"))
			if strings.HasPrefix(dir, "mail-") {
				return // an apply needs the old server and the gateway; internal/e2e has both
			}
			e.must(t, 0, "apply", "--yes")
			if out := e.must(t, 0, "plan", "--detailed-exitcode"); !strings.HasPrefix(out, "No changes.") {
				t.Errorf("the second plan says\n%s", out)
			}
			if v := e.server.Violations(); len(v) > 0 {
				t.Errorf("the tenant's rules for writers were broken: %v", v)
			}
		})
	}
	if found < 2 {
		t.Errorf("only %d examples found", found)
	}
}

// folders are the examples: folders with HCL files.
func folders(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob("*/*.hcl")
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, f := range files {
		if dir := filepath.Dir(f); len(out) == 0 || out[len(out)-1] != dir {
			out = append(out, dir)
		}
	}
	return out
}

func build(t *testing.T) string {
	t.Helper()
	path, err := isatest.Build(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// example is a copy of a folder and a tenant of its own.
type example struct {
	isa, name, dir string
	server         *sandbox.Server
	env            []string
}

// speed is how much faster the tenants are than real ones; limits are on.
const speed = 60

func newExample(t *testing.T, isa, name string) *example {
	t.Helper()
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(name)); err != nil {
		t.Fatal(err)
	}
	server, err := sandbox.New(sandbox.Options{Limits: true, Features: true, Speed: speed, Domains: []sandbox.Domain{
		{ID: 10000001, Name: "acme.co.kr"}, {ID: 10000002, Name: "acme-lab.co.kr"}, // of multi-company
	}})
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
	e := &example{isa: isa, name: name, dir: dir, server: server}
	e.env = os.Environ()
	for k, v := range server.Env() {
		e.env = append(e.env, k+"="+v)
	}
	return e
}

// must runs isa, wants an exit code and returns what it wrote on stdout.
func (e *example) must(t *testing.T, code int, args ...string) string {
	t.Helper()
	cmd := exec.Command(e.isa, args...)
	cmd.Dir, cmd.Env = e.dir, e.env
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	if got := cmd.ProcessState.ExitCode(); got != code {
		t.Fatalf("isa %s ended with %d, want %d\n%s\n%s", strings.Join(args, " "), got, code, out.String(), errs.String())
	}
	return out.String()
}

func (e *example) keptPlan(t *testing.T, got string) {
	t.Helper()
	path := filepath.Join(e.name, "plan.txt")
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("the plan is not the kept one (-kept +now); -update rewrites it:\n%s", diff)
	}
}

func TestTheQuickstartIsEmbeddedWhole(t *testing.T) {
	embedded, err := fs.Glob(examples.Quickstart(), "*")
	if err != nil {
		t.Fatal(err)
	}
	there, err := filepath.Glob("quickstart/*.hcl")
	if err != nil {
		t.Fatal(err)
	}
	if len(embedded) != len(there) || len(there) == 0 {
		t.Errorf("embedded are %v, there are %v", embedded, there)
	}
}
