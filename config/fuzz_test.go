package config

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/internal/value"
)

// FuzzLoad feeds foreign configurations: Load never panics, and answers the same
// twice, with expressions in direct form and without.
func FuzzLoad(f *testing.F) {
	for _, pattern := range []string{"testdata/wrong/*.txtar", "testdata/good/*.txtar"} {
		paths, err := filepath.Glob(pattern)
		if err != nil {
			f.Fatal(err)
		}
		for _, path := range paths {
			archive, err := txtar.ParseFile(path)
			if err != nil {
				f.Fatal(err)
			}
			for _, file := range archive.Files {
				if file.Name == "main.hcl" {
					f.Add(string(file.Data))
				}
			}
		}
	}
	table := []byte("사번,아이디,직급\n1,kim,대리\n2,,\n")
	f.Fuzz(func(t *testing.T, text string) {
		files := fstest.MapFS{"main.hcl": {Data: []byte(text)}, "staff.csv": {Data: table}}
		load := func(plain bool) (*Config, diag.List) {
			return Load(context.Background(), ".", Options{Kinds: toyKinds(), FS: files, plain: plain})
		}
		cfg, list := load(false)
		again, listAgain := load(true)
		if diff := cmp.Diff(list, listAgain); diff != "" {
			t.Fatalf("two runs differ: %s", diff)
		}
		if cfg.Digest != again.Digest || len(cfg.Objects) != len(again.Objects) {
			t.Fatal("two runs give two configurations")
		}
		for i, in := range cfg.Objects {
			if !value.Equal(in.Attrs, again.Objects[i].Attrs) {
				t.Fatalf("%s is %v directly and %v by the library", in.Addr, in.Attrs, again.Objects[i].Attrs)
			}
		}
		for _, in := range cfg.Objects {
			for name := range in.Attrs {
				in.Where(value.Path{{Name: name}})
			}
		}
	})
}

// TestRealDirectory reads a configuration and a table outside of it from a disk.
func TestRealDirectory(t *testing.T) {
	root := t.TempDir()
	dir := filepath.Join(root, "conf")
	write := func(path, text string) {
		t.Helper()
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write(filepath.Join(root, "hr", "grades.csv"), "직급\n대리\n")
	write(filepath.Join(dir, "main.hcl"), `
tenant {
  domain    = "acme.co.kr"
  domain_id = 1
}
job_grade "g" {
  for_each = { for r in sheet("../hr/grades.csv") : r["직급"] => r }
  name     = each.value["직급"]
}
`)
	cfg, list := Load(context.Background(), dir, Options{Kinds: toyKinds()})
	if len(list) > 0 || len(cfg.Objects) != 1 {
		t.Fatalf("%d objects, %v", len(cfg.Objects), list)
	}
	place := cfg.Objects[0].Where(value.Path{{Name: "name"}})
	if place.Cell == nil || place.Cell.String() != "../hr/grades.csv A2 (직급)" {
		t.Errorf("the name comes from %v", place.Cell)
	}
	before := cfg.Digest
	write(filepath.Join(root, "hr", "grades.csv"), "직급\n과장\n")
	if cfg, _ = Load(context.Background(), dir, Options{Kinds: toyKinds()}); cfg.Digest == before {
		t.Error("the digest does not depend on tables")
	}
}

// TestFormat formats what is valid and refuses the rest.
func TestFormat(t *testing.T) {
	out, list := Format("a.hcl", []byte("a \"b\" {\nx=1\nlong=2\n}\n"))
	if want := "a \"b\" {\n  x    = 1\n  long = 2\n}\n"; string(out) != want || len(list) > 0 {
		t.Errorf("formatted as %q, %v", out, list)
	}
	if out, list := Format("a.hcl", []byte("a {")); out != nil || !list.HasErrors() {
		t.Errorf("formatted as %q, %v", out, list)
	}
}

// TestOnlyUsedColumnsAreLoaded follows rows through expressions.
func TestOnlyUsedColumnsAreLoaded(t *testing.T) {
	const table = "a,b,c\n1,2,3\n"
	for _, test := range []struct {
		expr string
		want []string
	}{
		{`[for r in sheet("t.csv") : r["a"]]`, []string{"a"}},
		{`sheet("t.csv")[0].b`, []string{"b"}},
		{`{ for r in sheet("t.csv") : r["a"] => r }`, []string{"a"}},
		{`[for r in sheet("t.csv") : r["a"] if lookup(r, "c", "") == "x"]`, []string{"a", "c"}},
		{`group_by(sheet("t.csv"), "b")`, []string{"b"}},
		{`[for r in sheet("t.csv") : keys(r)]`, []string{"a", "b", "c"}},
		{`jsonencode(sheet("t.csv"))`, []string{"a", "b", "c"}},
		{`sheet("t.csv")[*].c`, []string{"c"}},
		{`flatten([for k, g in group_by(sheet("t.csv"), "a") : [for r in g : r["b"]]])`, []string{"a", "b"}},
		{`[for r in sheet("t.csv") : r[format("%s", "a")]]`, []string{"a", "b", "c"}},
		{`length(sheet("t.csv"))`, nil},
	} {
		files := fstest.MapFS{
			"t.csv":    {Data: []byte(table)},
			"main.hcl": {Data: []byte("tenant {\n domain = \"a.kr\"\n domain_id = 1\n}\nlocals { x = " + test.expr + " }\n")},
		}
		cfg, list := Load(context.Background(), ".", Options{Kinds: toyKinds(), FS: files})
		if list.HasErrors() || len(cfg.Tables) != 1 {
			t.Errorf("%s: %v", test.expr, list)
			continue
		}
		var got []string
		for name := range cfg.Tables[0].Filled {
			got = append(got, name)
		}
		slices.Sort(got)
		if !slices.Equal(got, test.want) {
			t.Errorf("%s uses %v, not %v", test.expr, got, test.want)
		}
	}
}
