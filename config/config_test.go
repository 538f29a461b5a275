package config

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/internal/schema"
	"github.com/isaworks/isa/internal/value"
)

var update = flag.Bool("update", false, "rewrite what the test files want")

// toyKinds are small kinds with every trait that configuration obeys.
func toyKinds() []*schema.Kind {
	short := func(v value.Value) string {
		if len([]rune(value.Text(v))) > 20 {
			return fmt.Sprintf("It has %d characters; at most 20 are allowed.", len([]rune(value.Text(v))))
		}
		return ""
	}
	return []*schema.Kind{
		{Type: "job_grade", Removals: []string{"delete", "keep"}, Attrs: []schema.Attr{
			{Name: "name", Type: schema.Text(), Required: true, Check: short},
			{Name: "order", Type: schema.Whole()},
			{Name: "executive", Type: schema.Switch()},
		}},
		{Type: "position", Removals: []string{"delete"}, Attrs: []schema.Attr{
			{Name: "name", Type: schema.Text(), Required: true}, {Name: "order", Type: schema.Whole()},
		}},
		{Type: "org_unit", Key: "external_key", Parent: "parent", Order: "order", Placed: true, Removals: []string{"delete", "keep"},
			Attrs: []schema.Attr{
				{Name: "external_key", Type: schema.Text()},
				{Name: "name", Type: schema.Text(), Required: true, Check: short},
				{Name: "parent", Type: schema.RefTo("org_unit"), Clearable: true},
				{Name: "order", Type: schema.Whole()},
				{Name: "email", Type: schema.Text(), Clearable: true},
				{Name: "senders", Type: schema.ListOf(schema.RefTo("member", "org_unit")), Deferred: true, Set: true},
			}},
		{Type: "member", Key: "external_key", Person: true, Removals: []string{"suspend", "delete", "keep"},
			Attrs: []schema.Attr{
				{Name: "external_key", Type: schema.Text()},
				{Name: "previous_keys", Type: schema.ListOf(schema.Text()), Steering: true},
				{Name: "login_id", Type: schema.Text(), Required: true, Check: short},
				{Name: "last_name", Type: schema.Text()},
				{Name: "first_name", Type: schema.Text()},
				{Name: "job_grade", Type: schema.RefTo("job_grade"), Clearable: true},
				{Name: "cell_phone", Type: schema.Text(), Clearable: true},
				{Name: "hired_on", Type: schema.Text()},
				{Name: "locale", Type: schema.Text(), Enum: []string{"ko_KR", "en_US"}},
				{Name: "aliases", Type: schema.ListOf(schema.Text()), Set: true, Clearable: true},
				{Name: "names", Type: schema.MapOf(schema.ObjectOf(
					schema.Attr{Name: "last", Type: schema.Text(), Required: true}, schema.Attr{Name: "first", Type: schema.Text()}))},
				{Name: "password", Block: true, Type: schema.ObjectOf(
					schema.Attr{Name: "mode", Type: schema.Text(), Required: true, Enum: []string{"member", "admin"}},
					schema.Attr{Name: "value", Type: schema.SecretType()}, schema.Attr{Name: "generate", Type: schema.Switch()})},
				{Name: "belongs_to", Block: true, ElemKey: "org_unit", Type: schema.ListOf(schema.ObjectOf(
					schema.Attr{Name: "org_unit", Type: schema.RefTo("org_unit"), Required: true},
					schema.Attr{Name: "position", Type: schema.RefTo("position"), Clearable: true},
					schema.Attr{Name: "head", Type: schema.Switch()}, schema.Attr{Name: "primary", Type: schema.Switch()}))},
			},
			Prepare: func(in *schema.Instance) []schema.Problem {
				id := value.Text(in.Attrs["login_id"])
				in.Attrs["login_id"] = value.String(strings.ToLower(id))
				if strings.Contains(id, " ") {
					return []schema.Problem{{Code: "member.login_id", Path: value.Of("login_id"), Summary: "A login ID with a space",
						Detail: fmt.Sprintf("%q has a space.", id), Fix: "remove the space"}}
				}
				return nil
			}},
		{Type: "group", Removals: []string{"delete"}, Attrs: []schema.Attr{
			{Name: "name", Type: schema.Text(), Required: true},
			{Name: "members", Type: schema.ListOf(schema.RefTo("member", "org_unit", "group")), Set: true, Ownership: "listed"},
		}},
	}
}

// want is the name of the section of a test file that holds the result.
const want = "want"

func TestWrongConfigurations(t *testing.T) { golden(t, "testdata/wrong/*.txtar", renderDiagnostics) }

func TestGoodConfigurations(t *testing.T) { golden(t, "testdata/good/*.txtar", renderConfig) }

func golden(t *testing.T, pattern string, render func(*testing.T, *Config, diag.List) string) {
	paths, err := filepath.Glob(pattern)
	if err != nil || len(paths) == 0 {
		t.Fatalf("no test files at %s: %v", pattern, err)
	}
	for _, path := range paths {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(path)
			if err != nil {
				t.Fatal(err)
			}
			cfg, list := Load(context.Background(), ".", archiveOptions(t, archive))
			got := render(t, cfg, list)
			i := slices.IndexFunc(archive.Files, func(f txtar.File) bool { return f.Name == want })
			if *update {
				if i < 0 {
					archive.Files = append(archive.Files, txtar.File{Name: want})
					i = len(archive.Files) - 1
				}
				archive.Files[i].Data = []byte(got)
				if err := os.WriteFile(path, txtar.Format(archive), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if i < 0 {
				t.Fatalf("%s wants nothing", path)
			}
			if diff := cmp.Diff(string(archive.Files[i].Data), got); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
		})
	}
}

// archiveOptions reads the options of a test file: lines "var name=value",
// "env NAME=value", "as_of DATE" and "version V" above its files.
func archiveOptions(t *testing.T, archive *txtar.Archive) Options {
	files := fstest.MapFS{}
	for _, f := range archive.Files {
		if f.Name != want {
			files[f.Name] = &fstest.MapFile{Data: f.Data}
		}
	}
	env := map[string]string{}
	o := Options{Kinds: toyKinds(), FS: files, Vars: map[string]string{}, Version: "0.3.0"}
	for line := range strings.Lines(string(archive.Comment)) {
		line = strings.TrimSuffix(line, "\n")
		word, rest, _ := strings.Cut(line, " ")
		name, val, _ := strings.Cut(rest, "=")
		switch word {
		case "var":
			o.Vars[name] = val
		case "env":
			env[name] = val
		case "as_of":
			o.AsOf = rest
		case "version":
			o.Version = rest
		case "", "#":
		default:
			t.Fatalf("%q is no option of a test file", line)
		}
	}
	o.Env = func(name string) (string, bool) { v, ok := env[name]; return v, ok }
	return o
}

// renderDiagnostics writes diagnostics as the test files hold them.
func renderDiagnostics(t *testing.T, _ *Config, list diag.List) string {
	var b strings.Builder
	codes := Codes()
	for _, d := range list {
		fmt.Fprintf(&b, "%s %s", d.Severity, d.Code)
		if d.Range != nil {
			fmt.Fprintf(&b, " at %s", d.Range)
		}
		if d.Cell != nil {
			fmt.Fprintf(&b, " cell %s", d.Cell)
		}
		if d.Address != "" {
			fmt.Fprintf(&b, " of %s", d.Address)
		}
		if d.Attr != "" {
			fmt.Fprintf(&b, " %s", d.Attr)
		}
		fmt.Fprintf(&b, "\n  %s: %s\n  fix: %s\n", d.Summary, d.Detail, d.Fix)
		if d.Fix == "" || d.Summary == "" || d.Detail == "" {
			t.Errorf("%s lacks a summary, a detail or a way out", d.Code)
		}
		if codes[d.Code] == "" && !strings.HasPrefix(d.Code, "table.") && d.Code != "member.login_id" {
			t.Errorf("%s is not explained", d.Code)
		}
	}
	if b.Len() == 0 {
		t.Error("nothing is wrong")
	}
	return b.String()
}

type shownInstance struct {
	Address   string           `json:"address"`
	Company   string           `json:"company"`
	Written   bool             `json:"written"`
	Previous  []string         `json:"previous,omitempty"`
	Attrs     value.Object     `json:"attrs"`
	Lifecycle schema.Lifecycle `json:"lifecycle,omitzero"`
}

// renderConfig writes what was evaluated, with the warnings.
func renderConfig(t *testing.T, cfg *Config, list diag.List) string {
	if list.HasErrors() {
		t.Errorf("errors: %v", list.Err())
	}
	var b strings.Builder
	for _, in := range cfg.Objects {
		data, err := json.Marshal(shownInstance{in.Addr.String(), in.Company.Domain, in.Written, in.Previous, in.Attrs, in.Lifecycle})
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&b, "%s\n", data)
	}
	for _, m := range cfg.Moves {
		fmt.Fprintf(&b, "moved %s → %s\n", m.From, m.To)
	}
	for _, one := range cfg.Removals {
		fmt.Fprintf(&b, "removed %s: %s\n", one.From, one.Action)
	}
	for _, one := range cfg.Imports {
		fmt.Fprintf(&b, "import %s as %s\n", one.ID, one.To)
	}
	for i, in := range cfg.Objects {
		if in.Seq != i {
			t.Errorf("%s has the number %d, not %d", in.Addr, in.Seq, i)
		}
	}
	for _, table := range cfg.Tables {
		data, _ := json.Marshal(struct { // digest_test.go has the rest
			File, Sheet, Encoding string
			Rows                  int
			Filled                map[string]int
		}{table.File, table.Sheet, table.Encoding, table.Rows, table.Filled})
		fmt.Fprintf(&b, "table %s\n", data)
	}
	for _, d := range list {
		fmt.Fprintf(&b, "%s\n", d.Error())
	}
	return b.String()
}
