package mail_test

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

	"github.com/isaworks/isa/config"
	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/providers/directory"
	"github.com/isaworks/isa/providers/mail"
)

var update = flag.Bool("update", false, "rewrite what the test files want")

// people is what each configuration of the tests has besides its own files, unless it
// has a people.hcl of its own.
const people = `tenant {
  domain    = "acme.co.kr"
  domain_id = 10000001
  plan      = "standard"
  features {
    external_mail_import = true
    ip_restricted        = false
  }
}
member "a" {
  external_key = "1"
  login_id     = "gildong.hong"
  last_name    = "홍"
  first_name   = "길동"
  aliases      = ["hong"]
}
member "b" {
  external_key = "2"
  login_id     = "hk.kim"
  last_name    = "김"
  first_name   = "한국"
}
`

const want = "want"

func TestWrongConfigurations(t *testing.T) {
	golden(t, "testdata/wrong/*.txtar", func(t *testing.T, _ mail.Plan, list diag.List) string {
		if len(list) == 0 {
			t.Error("nothing is wrong")
		}
		return render(t, list)
	})
}

func TestGoodConfigurations(t *testing.T) {
	golden(t, "testdata/good/*.txtar", func(t *testing.T, p mail.Plan, list diag.List) string {
		if list.HasErrors() {
			t.Errorf("errors: %v", list.Err())
		}
		return show(t, p) + render(t, list)
	})
}

// load reads a configuration as validate does: what concerns several blocks is
// looked at once each block is right by itself.
func load(t *testing.T, archive *txtar.Archive) (mail.Plan, diag.List) {
	t.Helper()
	files := fstest.MapFS{"people.hcl": {Data: []byte(people)}}
	for _, f := range archive.Files {
		if f.Name != want {
			files[f.Name] = &fstest.MapFile{Data: f.Data}
		}
	}
	cfg, list := config.Load(context.Background(), ".", config.Options{Kinds: append(directory.Schemas(), mail.Schemas()...), FS: files})
	var plan mail.Plan
	if !list.HasErrors() {
		found := diag.List{}
		plan, found = mail.Read(cfg.Objects, cfg.Tenant)
		list = append(append(list, found...), plan.Unreachable()...)
	}
	list.Sort()
	return plan, list
}

func golden(t *testing.T, pattern string, shown func(*testing.T, mail.Plan, diag.List) string) {
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
			plan, list := load(t, archive)
			got := shown(t, plan, list)
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

// render writes diagnostics with code, place and way out; warnings of the members
// themselves are none of mail's.
func render(t *testing.T, list diag.List) string {
	var b strings.Builder
	codes := config.Codes()
	for code, page := range mail.Codes() {
		codes[code] = page
	}
	for _, d := range list {
		if strings.HasPrefix(d.Address, "member.") {
			continue
		}
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
		if d.Fix == "" || d.Summary == "" || d.Detail == "" || d.Range == nil {
			t.Errorf("%s lacks a summary, a detail, a place or a way out", d.Code)
		}
		if codes[d.Code] == "" {
			t.Errorf("%s is not explained", d.Code)
		}
	}
	return b.String()
}

// show writes a plan as text.
func show(t *testing.T, p mail.Plan) string {
	var b strings.Builder
	for _, s := range p.Sources {
		fmt.Fprintf(&b, "%s %s %s quirk=%q limits=%+v\n", s.Address, s.Server(), s.TLS, s.Quirk, s.Limits)
		for _, u := range s.Unserved {
			fmt.Fprintf(&b, "  unserved: %s\n", u)
		}
	}
	for _, g := range p.Gateways {
		fmt.Fprintf(&b, "%s %s listen=%s spool=%s of %d allow=%v %+v\n", g.Address, g.Public(), g.Listen, g.Spool, g.Quota, g.Allow, g.Batch)
	}
	for _, w := range p.Waves {
		fmt.Fprintf(&b, "%s %s %s %s\n", w.Address, w.Phase, w.Coexistence.Mode, w.Members)
	}
	for _, m := range p.Migrations {
		fmt.Fprintf(&b, "%s: %s → %s (%s) by %s, wave %q %s\n", m.Address, m.Account(), m.Mail, m.Title, m.Route, m.Wave, m.Phase)
		if m.Gateway != nil {
			fmt.Fprintf(&b, "  through %s\n", m.Gateway.Address)
		}
		for _, v := range []any{m.Login, m.AppPassword, m.Rules, m.Filters} {
			data, err := json.Marshal(v)
			if err != nil {
				t.Fatal(err)
			}
			fmt.Fprintf(&b, "  %s\n", data)
		}
	}
	return b.String()
}
