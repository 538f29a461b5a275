package initial_test

import (
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/isaworks/isa/cmd/isa/internal/cli"
	"github.com/isaworks/isa/cmd/isa/internal/command/format"
	"github.com/isaworks/isa/cmd/isa/internal/command/initial"
	"github.com/isaworks/isa/cmd/isa/internal/workspace"
)

// desk is a person in a directory.
type desk struct {
	cli.Env
	out, err bytes.Buffer
}

func newDesk(t *testing.T, files map[string]string) *desk {
	t.Helper()
	d := &desk{}
	d.Env = cli.Env{Out: &d.out, Err: &d.err, Dir: t.TempDir(), Now: time.Now, Width: func() int { return 80 },
		Lookup:     func(string) (string, bool) { return "", false },
		Interrupts: func() (<-chan os.Signal, func()) { return make(chan os.Signal), func() {} }}
	for name, text := range files {
		path := filepath.Join(d.Dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return d
}

func flags(more ...string) []string {
	return append([]string{"--domain", "acme.co.kr", "--domain-id", "10000001", "--plan", "standard"}, more...)
}

func (d *desk) types(text string, args ...string) error {
	d.out.Reset()
	d.err.Reset()
	d.In = strings.NewReader(text)
	cmd := initial.New(&d.Env)
	cmd.SetArgs(args)
	cmd.SilenceErrors, cmd.SilenceUsage = true, true
	cmd.SetOut(io.Discard)
	return cmd.ExecuteContext(context.Background())
}

// valid wants a configuration that isa fmt --check and isa validate have nothing
// against, and returns what it declares.
func (d *desk) valid(t *testing.T) string {
	t.Helper()
	check := format.New(&d.Env)
	check.SetArgs([]string{"--check"})
	check.SilenceErrors, check.SilenceUsage = true, true
	if err := check.ExecuteContext(context.Background()); err != nil {
		t.Errorf("fmt --check: %v\n%s", err, d.err.String())
	}
	w, cfg, list, err := workspace.Load(context.Background(), &d.Env, workspace.Selection{})
	if err != nil || w == nil {
		t.Fatalf("not valid: %v %v", err, list)
	}
	return workspace.Declared(cfg)
}

func (d *desk) read(t *testing.T, name string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(d.Dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// TestTables gives isa init tables as personnel departments have them, and wants a
// configuration that is valid at once and says what the table says.
func TestTables(t *testing.T) {
	for _, c := range []struct {
		name  string
		files map[string]string
		want  string   // what is declared
		lines []string // of the files, spaces folded
	}{
		{"nothing", nil, "1 org unit", []string{`org_unit "hq"`}},
		{"the usual", map[string]string{"staff.csv": "사번,성명,아이디,부서명,직급,개인메일,휴대폰,입사일\n001,홍길동,gildong,영업팀,과장,a@example.com,1012345678,2024.3.2\n002,남궁민수,minsu,인사팀,대리,b@example.com,010-1111-2222,20200101\n"},
			"2 job grades, 2 members, 2 org units", []string{`external_key = each.key`, `password { mode = "member" }`, `"과장" = 1 "대리" = 2`}},
		{"title above, marks on headings, two columns for the name", map[string]string{"hr/명부.csv": "2026년 직원 명부\n\n사원번호*,성,이름 (필수),계정,부서\n1,홍,길동,gildong@acme.co.kr,영업팀\n"},
			"1 member, 1 org unit", []string{`header_row = 3`, `last_name = each.value["성"]`, `split("@", each.value["계정"])[0]`}},
		{"codes and names of units in one table", map[string]string{"s.csv": "사번,성명,아이디,부서코드,부서명\n1,홍길동,aa,S1,영업1팀\n2,김철수,bb,S2,영업2팀\n3,이영희,cc,S1,영업1팀\n"},
			"3 members, 2 org units", []string{`name = each.value[0]`}},
		{"several rows a person", map[string]string{"s.csv": "사번,성명,아이디,부서명,직책,주겸\n1,홍길동,aa,영업팀,팀장,주\n1,홍길동,aa,기획팀,,겸\n2,김철수,bb,영업팀,,주\n"},
			"2 members, 2 org units, 1 position", []string{`local.posts : k => rows[0]`, `primary = contains(`}},
		{"units with a root that is in no row, people by the name of their unit", map[string]string{
			"p.csv": "사번,성명,아이디,부서\n1,홍길동,aa,영업팀\n2,김철수,bb,\n", "u.tsv": "조직코드\t조직명\t상위조직코드\t정렬순서\nA\t본사\t0\t1\nB\t영업팀\tA\t2\n"},
			"2 members, 2 org units", []string{`|| contains(["0"], each.value["상위조직코드"])`, `local.unit_codes[`, `these people get no unit`}},
		{"leavers by status, some without private address", map[string]string{"s.csv": "사번,성명,아이디,부서,재직상태,개인메일\n1,홍길동,aa,영업팀,재직,a@example.com\n2,김철수,bb,영업팀,퇴직,\n3,이영희,cc,영업팀,육아휴직,\n"},
			"2 members, 1 org unit", []string{`contains(["육아휴직", "재직"], r["재직상태"])`, `2 cells of "개인메일" are empty`}},
		{"leavers by date, no login", map[string]string{"s.csv": "사번,성명,퇴사일\nA1,홍길동,\nA2,김철수,2024-01-01\n"},
			"1 member, 1 org unit", []string{`r["퇴사일"] == null`, `login_id = lower(each.key)`, `org_unit = org_unit.hq`}},
		{"text that means something to the language", map[string]string{"s.csv": "사번,\"성명(\"\"${x}\"\" %{y})\",아이디,부서\n1,홍길동,aa,영업 {1}팀\n"},
			"1 member, 1 org unit", []string{`each.value["성명(\"$${x}\" %%{y})"]`}},
		{"English", map[string]string{"s.csv": "Employee No.,Last Name,First Name,E-mail,Department,Hire Date\n7,Hong,Gildong,gd.hong@acme.co.kr,Sales,2024-03-02\n"},
			"1 member, 1 org unit", []string{`last_name = each.value["Last Name"]`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t, c.files)
			if err := d.types("", flags()...); err != nil {
				t.Fatal(err)
			}
			if got := d.valid(t); got != c.want {
				t.Errorf("declares %s, want %s", got, c.want)
			}
			all := d.read(t, "tenant.hcl") + d.read(t, "org.hcl") + d.read(t, "people.hcl")
			if len(c.files) > 0 {
				all += d.read(t, "tables.hcl")
			}
			folded := regexp.MustCompile(`\s+`).ReplaceAllString(all, " ")
			for _, line := range c.lines {
				if !strings.Contains(folded, line) {
					t.Errorf("%s is not in\n%s", line, all)
				}
			}
		})
	}
}

func TestNothingIsWrittenOver(t *testing.T) {
	d := newDesk(t, map[string]string{"main.hcl": "# mine", ".gitignore": "mine"})
	err := d.types("", flags()...)
	if err == nil || !strings.Contains(err.Error(), "main.hcl") {
		t.Errorf("a directory with a configuration: %v", err)
	}
	if d.read(t, "main.hcl") != "# mine" || d.read(t, ".gitignore") != "mine" {
		t.Error("a refused init wrote something")
	}

	d = newDesk(t, map[string]string{".gitignore": "/mine\nisa.state.*", ".github/workflows/isa.yml": "mine"})
	if err := d.types("", flags()...); err != nil {
		t.Fatal(err)
	}
	if got := d.read(t, ".gitignore"); !strings.HasPrefix(got, "/mine\nisa.state.*\n") || strings.Count(got, "isa.state.*") != 2 || !strings.Contains(got, "*.xlsx\n") {
		t.Errorf(".gitignore became\n%s", got)
	}
	if d.read(t, ".github/workflows/isa.yml") != "mine" || !strings.Contains(d.out.String(), "kept     .github/workflows/isa.yml") {
		t.Errorf("the workflow was written over, or not told: %s", d.out.String())
	}
}

// TestTheServiceIsFoundOut: the git remote says where pull requests are.
func TestTheServiceIsFoundOut(t *testing.T) {
	for _, c := range []struct{ remote, ci, want string }{
		{"git@gitlab.example.com:acme/isa.git", "", ".gitlab-ci.yml"},
		{"git@github.com:acme/isa.git", "", ".github/workflows/isa.yml"},
		{"git@github.com:acme/isa.git", "gitlab", ".gitlab-ci.yml"},
		{"git@github.com:acme/isa.git", "none", ""},
	} {
		d := newDesk(t, map[string]string{".git/config": "[remote \"origin\"]\n\turl = " + c.remote + "\n"})
		if err := d.types("", flags("--ci", c.ci)...); err != nil {
			t.Fatal(err)
		}
		for _, path := range []string{".gitlab-ci.yml", ".github/workflows/isa.yml"} {
			if _, err := os.Stat(filepath.Join(d.Dir, path)); (err == nil) != (path == c.want) {
				t.Errorf("%s with --ci %q: %s: %v", c.remote, c.ci, path, err)
			}
		}
	}
}

// TestEveryPlan is valid at once: plans without mail have a group name.
func TestEveryPlan(t *testing.T) {
	for _, plan := range []string{"free", "lite", "standard", "standard_plus", "trial"} {
		d := newDesk(t, nil)
		if err := d.types("", "--domain", "acme", "--domain-id", "7", "--plan", plan); err != nil {
			t.Fatal(err)
		}
		if got := d.valid(t); got != "1 org unit" {
			t.Errorf("%s declares %s", plan, got)
		}
		if !strings.Contains(d.out.String(), "--domain acme=7 -- isa --chdir ") {
			t.Errorf("the rehearsal of %s is another tenant's: %s", plan, d.out.String())
		}
	}
}

func TestNobodyToAsk(t *testing.T) {
	d := newDesk(t, nil)
	err := d.types("acme.co.kr\n", "--domain-id", "1")
	if err == nil || !strings.Contains(err.Error(), "needs --domain, --plan") {
		t.Errorf("without a terminal: %v", err)
	}
	if entries, _ := os.ReadDir(d.Dir); len(entries) > 0 {
		t.Errorf("it wrote %v", entries)
	}
}

func TestQuestions(t *testing.T) {
	d := newDesk(t, map[string]string{"s.csv": "사번,성명,회사메일,부서\n1,홍길동,gd@acme-lab.co.kr,영업팀\n"})
	d.InTerminal = true
	if err := d.types("no domain!\n\nx\n42\npremium\nlite\n"); err != nil {
		t.Fatal(err, d.err.String())
	}
	text := regexp.MustCompile(` +`).ReplaceAllString(d.read(t, "tenant.hcl"), " ")
	for _, line := range []string{`group = "acme-lab.co.kr"`, `domain_id = 42`, `plan = "lite"`} {
		if !strings.Contains(text, line) {
			t.Errorf("%s is not in\n%s", line, text)
		}
	}
	if !strings.Contains(d.err.String(), "[acme-lab.co.kr]") {
		t.Errorf("the domain of the table was not proposed: %s", d.err.String())
	}

	d = newDesk(t, nil)
	d.InTerminal = true
	if err := d.types("acme.co.kr\n"); err == nil || !strings.Contains(err.Error(), "nothing was written") {
		t.Errorf("answers that end: %v", err)
	}
	if entries, _ := os.ReadDir(d.Dir); len(entries) > 0 {
		t.Errorf("it wrote %v", entries)
	}
}

func TestFlagsThatAreWrong(t *testing.T) {
	tables := map[string]string{"a.csv": "사번,성명\n1,홍길동\n", "b.csv": "사번,성명\n1,홍길동\n", "c.csv": "x,y\n1,2\n"}
	for _, c := range []struct {
		args []string
		want string
	}{
		{flags("--ci", "jenkins"), "use github, gitlab or none"},
		{[]string{"--plan", "gold"}, "use free, lite"},
		{[]string{"--domain", "acme co kr"}, "is not a domain"},
		{flags(), "a.csv, b.csv; name one with --table FILE, or --table none"},
		{flags("--table", "c.csv"), "its headings are: x, y"},
		{flags("--table", "no.csv"), "no.csv"},
		{flags("--table", "../a.csv"), "outside"},
		{flags("--table", "a.csv", "--units", "b.csv"), "--units b.csv: no column"},
	} {
		d := newDesk(t, tables)
		if err := d.types("", c.args...); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v: %v, want %s", c.args, err, c.want)
		}
		if _, err := os.Stat(filepath.Join(d.Dir, ".gitignore")); err == nil {
			t.Errorf("%v: something was written", c.args)
		}
	}
	d := newDesk(t, tables)
	if err := d.types("", flags("--table", "a.csv")...); err != nil {
		t.Error(err)
	}
}

// TestTablesThatAreNotUsedAreTold: nobody must wonder why a table was left alone.
func TestTablesThatAreNotUsedAreTold(t *testing.T) {
	d := newDesk(t, map[string]string{"hr/staff.xlsx": "no workbook", "prices.csv": "품목,가격\n연필,100\n", "notes.txt": "hello"})
	if err := d.types("", flags()...); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"hr/staff.xlsx cannot be read: ", "prices.csv is not used: ", "(품목, 가격)"} {
		if !strings.Contains(d.err.String(), want) {
			t.Errorf("%s is not told: %s", want, d.err.String())
		}
	}
	if strings.Contains(d.err.String(), "notes.txt") {
		t.Errorf("a text is told to be no table: %s", d.err.String())
	}
	d.valid(t)
}

// TestGitignoreCovers goes by the names of the files that isa makes and reads.
func TestGitignoreCovers(t *testing.T) {
	d := newDesk(t, map[string]string{"staff.txt": "사번\t성명\n1\t홍길동\n"})
	if err := d.types("", flags("--table", "none")...); err != nil {
		t.Fatal(err)
	}
	patterns := strings.Split(d.read(t, ".gitignore"), "\n")
	for _, name := range []string{
		"isa.state.json", "isa.state.json.backup", "isa.state.journal", "isa.state.lock", "isa.state.ledger", "isa.state.ledger-wal", "isa.state.ledger-shm",
		"isa.state.ledger.lock", "isa.state.ledger.progress", ".isa.state.json.123.tmp", "isa.handout.age", "calibration.json.lock", "sandbox.env",
		"change.plan", "staff.xlsx", "staff.xls", "staff.csv", "staff.tsv", "works.pem", "gateway.key",
	} {
		covered := false
		for _, p := range patterns {
			if ok, err := filepath.Match(p, name); err == nil && ok {
				covered = true
			}
		}
		if !covered {
			t.Errorf("%s is not covered", name)
		}
	}
	for _, name := range []string{"tenant.hcl", "people.hcl", "calibration.json", "README.md", "prod.vars.hcl"} {
		for _, p := range patterns {
			if ok, err := filepath.Match(p, name); err == nil && ok {
				t.Errorf("%s is covered by %s", name, p)
			}
		}
	}
}
