package root

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/isaworks/isa/cmd/isa/internal/cli"
)

const smallCompany = `
org_unit "hq" {
  name = "본사"
  org_unit "b" {
    name = "영업팀"
  }
  org_unit "a" { name = "인사팀" }
}
member "m" {
  for_each     = { k1 = "gildong", k2 = "chulsoo" }
  external_key = each.key
  login_id     = each.value
  last_name    = "홍"
  first_name   = "길동"
  password {
    mode  = "admin"
    value = secret_env("FIRST_PASSWORD")
  }
  belongs_to {
    org_unit = org_unit.b
    head     = each.key == "k1"
  }
}
`

func (d *desk) wants(t *testing.T, code int, args ...string) string {
	t.Helper()
	if got := d.types("", args...); got != code {
		t.Fatalf("isa %s ended with %d, want %d: %s", strings.Join(args, " "), got, code, d.err.String())
	}
	return d.out.String()
}

func TestGraph(t *testing.T) {
	d := newDesk(t, smallCompany)
	d.vars["FIRST_PASSWORD"] = "Xy12345678!"
	mermaid := d.wants(t, 0, "graph", "--format", "mermaid")
	want := `%% made by isa graph
flowchart LR
  n0["본사<br/>2 people below"]
  n1["영업팀<br/>홍길동<br/>2 people"]
  n2["인사팀"]
  n0 --> n1
  n0 --> n2
`
	if mermaid != want {
		t.Errorf("the org chart is\n%s\nwant\n%s", mermaid, want)
	}
	if svg := d.wants(t, 0, "graph"); !strings.Contains(svg, ">홍길동</text>") {
		t.Errorf("no svg: %s", svg)
	}
	config := d.wants(t, 0, "graph", "--of", "config")
	for _, line := range []string{`"member.m" [label="member.m\n2 members"`, `"member.m" -> "org_unit.b";`, `"org_unit.b" -> "org_unit.hq";`} {
		if !strings.Contains(config, line) {
			t.Errorf("%s is not in\n%s", line, config)
		}
	}
	if objects := d.wants(t, 0, "graph", "--of", "config", "--instances"); !strings.Contains(objects, `"member.m[\"k2\"]" -> "org_unit.b";`) {
		t.Errorf("the objects are\n%s", objects)
	}
	if part := d.wants(t, 0, "graph", "--below", "org_unit.b", "--format", "dot"); strings.Contains(part, "본사") || !strings.Contains(part, "영업팀") {
		t.Errorf("below org_unit.b is\n%s", part)
	}
	if top := d.wants(t, 0, "graph", "--depth", "1", "--format", "dot"); strings.Contains(top, "영업팀") || !strings.Contains(d.err.String(), "Left out: 2 org units") {
		t.Errorf("the top level is\n%s\n%s", top, d.err.String())
	}
}

func TestGraphOfPlans(t *testing.T) {
	d := newDesk(t, smallCompany)
	d.vars["FIRST_PASSWORD"] = "Xy12345678!"
	blocks := d.wants(t, 0, "graph", "--of", "plan")
	for _, line := range []string{`"org_unit.hq" [label="org_unit.hq\n1 to create", fillcolor="#d7f2dc"`, `"member.m" -> "org_unit.b";`, `"org_unit.a" -> "org_unit.hq";`} {
		if !strings.Contains(blocks, line) {
			t.Errorf("%s is not in\n%s", line, blocks)
		}
	}
	d.wants(t, 0, "apply", "--yes")

	changed := strings.NewReplacer(`name = "영업팀"`, `name = "사업팀"`, `org_unit "a" { name = "인사팀" }`, `org_unit "c" { name = "기획팀" }`).Replace(smallCompany)
	if err := os.WriteFile(filepath.Join(d.Dir, "main.hcl"), []byte(tenantFile+changed), 0o600); err != nil {
		t.Fatal(err)
	}
	d.wants(t, 0, "plan", "--out", "change.plan")
	chart := d.wants(t, 0, "graph", "change.plan", "--format", "mermaid")
	for _, line := range []string{`["사업팀<br/>홍길동<br/>2 people<br/>was 영업팀"]`, `["기획팀"]`, `["인사팀<br/>delete"]`, "  class n1 changed", "  class n2 new", "  class n3 gone"} {
		if !strings.Contains(chart, line) {
			t.Errorf("%s is not in\n%s", line, chart)
		}
	}
	if steps := d.wants(t, 0, "graph", "change.plan", "--of", "plan", "--instances"); !strings.Contains(steps, "create 기획팀") {
		t.Errorf("the steps are\n%s", steps)
	}
	if err := os.WriteFile(filepath.Join(d.Dir, "main.hcl"), []byte(tenantFile+changed+"\norg_unit \"x\" { name = \"실장\" }\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if d.wants(t, 0, "graph", "change.plan"); !strings.Contains(d.err.String(), "is not of this configuration") {
		t.Errorf("an old plan is not told: %s", d.err.String())
	}
}

func TestGraphRefuses(t *testing.T) {
	d := newDesk(t, "")
	if err := os.WriteFile(filepath.Join(d.Dir, "mine.svg"), []byte("<svg>mine</svg>"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ args, want string }{
		{"--of people", "use org, config or plan"},
		{"--format png", "use svg, mermaid or dot"},
		{"--of config --format svg", "dot -Tsvg"},
		{"--of config --below org_unit.hq", "are for the org chart"},
		{"--instances", "is for --of config and --of plan"},
		{"--of config --target org_unit.hq", "are for a plan that is made now"},
		{"--depth -1", "is below 1"},
		{"no.plan", "no.plan"},
		{"--out mine.svg", "is there already and is not a drawing of isa"},
		{"", "declares no org units"},
		{"--below org_unit.x", "no such unit"},
	} {
		if code := d.types("", append([]string{"graph"}, strings.Fields(c.args)...)...); code != cli.CodeFailed || !strings.Contains(d.err.String(), c.want) {
			t.Errorf("isa graph %s ended with %d: %s", c.args, code, d.err.String())
		}
	}
}

func TestGraphWritesOverItsOwn(t *testing.T) {
	d := newDesk(t, `org_unit "hq" { name = "본사" }`)
	for _, name := range []string{"org.svg", "org.mmd", "org.dot"} {
		d.wants(t, 0, "graph", "--out", name)
		d.wants(t, 0, "graph", "--out", name)
	}
	for name, begin := range map[string]string{"org.svg": "<!--", "org.mmd": "%%", "org.dot": "//"} {
		if data, err := os.ReadFile(filepath.Join(d.Dir, name)); err != nil || !strings.HasPrefix(string(data), begin) {
			t.Errorf("%s is %.60q: %v", name, data, err)
		}
	}
}
