package initial_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
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
			"1 member, 1 org unit", []string{`header_row = 3`, `last_name = each.value["성"]`, `login_id = each.value["계정"] == null ? null : lower(split("@", each.value["계정"])[0])`}},
		{"codes and names of units in one table", map[string]string{"s.csv": "사번,성명,아이디,부서코드,부서명\n1,홍길동,aa,S1,영업1팀\n2,김철수,bb,S2,영업2팀\n3,이영희,cc,S1,영업1팀\n"},
			"3 members, 2 org units", []string{`name = each.value[0]`}},
		{"several rows a person", map[string]string{"s.csv": "사번,성명,아이디,부서명,직책,주겸\n1,홍길동,aa,영업팀,팀장,주\n1,홍길동,aa,기획팀,,겸\n2,김철수,bb,영업팀,,주\n"},
			"2 members, 2 org units, 1 position", []string{`local.posts : k => rows[0]`, `primary = lookup({ "주" = true, "겸" = false }, belongs_to.value["주겸"], null)`}},
		{"units with a root that is in no row, people by the name of their unit", map[string]string{
			"p.csv": "사번,성명,아이디,부서\n1,홍길동,aa,영업팀\n2,김철수,bb,\n", "u.tsv": "조직코드\t조직명\t상위조직코드\t정렬순서\nA\t본사\t0\t1\nB\t영업팀\tA\t2\n"},
			"2 members, 2 org units", []string{`|| contains(["0"], each.value["상위조직코드"])`, `local.unit_codes[`, `these people get no unit`}},
		{"leavers by status, some without private address", map[string]string{"s.csv": "사번,성명,아이디,부서,재직상태,개인메일\n1,홍길동,aa,영업팀,재직,a@example.com\n2,김철수,bb,영업팀,퇴직,\n3,이영희,cc,영업팀,육아휴직,\n"},
			"2 members, 1 org unit", []string{`if !contains(["퇴직"], r["재직상태"])`, `2 cells of "개인메일" are empty`}},
		{"leavers by date, no login", map[string]string{"s.csv": "사번,성명,퇴사일\nA1,홍길동,\nA2,김철수,2024-01-01\n"},
			"1 member, 1 org unit", []string{`!contains(["2024-01-01"], r["퇴사일"])`, `login_id = lower(each.key)`, `org_unit = org_unit.hq`}},
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
	if got := d.read(t, ".gitignore"); !strings.HasPrefix(got, "/mine\nisa.state.*\n") || strings.Count(got, "isa.state.*") != 2 || !strings.Contains(got, "*.[cC][sS][vV]\n") {
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

// TestGitignoreCovers asks git about the files that isa makes and reads, and about those
// that belong to the configuration.
func TestGitignoreCovers(t *testing.T) {
	staff := "사번,성명\n1,홍길동\n"
	tables := map[string]string{"staff.txt": staff, "hr/STAFF.CSV": staff, "직원.CSV": staff, "hr/[2026] 명단.TXT": staff, `hr/a*b\c.txt`: staff, "!#.txt ": "", "hr/s.Xlsx": ""}
	d := newDesk(t, tables)
	git := func(input string, args ...string) string {
		t.Helper()
		cmd := exec.Command("git", append([]string{"-C", d.Dir, "-c", "core.quotePath=false"}, args...)...)
		cmd.Stdin = strings.NewReader(input)
		out, err := cmd.Output()
		var exit *exec.ExitError
		if err != nil && !(errors.As(err, &exit) && exit.ExitCode() == 1) { // 1: none is ignored
			t.Fatal(err)
		}
		return string(out)
	}
	git("", "init", "-q")
	if err := d.types("", flags("--table", "none")...); err != nil {
		t.Fatal(err)
	}
	covered := []string{
		"isa.state.json", "isa.state.json.backup", "isa.state.journal", "isa.state.lock", "isa.state.ledger", "isa.state.ledger-wal", "isa.state.ledger-shm",
		"isa.state.ledger.lock", "isa.state.ledger.progress", ".isa.state.json.123.tmp", "isa.handout.age", "calibration.json.lock", "sandbox.env",
		"change.plan", "staff.xlsx", "staff.xlsm", "staff.XLS", "staff.csv", "hr/staff.tsv", "works.pem", "gateway.key", "org.svg", "people.dot", "a.gv", "a.mmd", "a.mermaid",
		"staff.txt", "hr/STAFF.CSV", "직원.CSV", "hr/[2026] 명단.TXT", `hr/a*b\c.txt`, "hr/s.Xlsx",
	}
	for _, name := range covered {
		if git(name+"\x00", "check-ignore", "-z", "--no-index", "--stdin") == "" {
			t.Errorf("%s is not covered", name)
		}
	}
	for _, name := range []string{"tenant.hcl", "people.hcl", "calibration.json", "README.md", "prod.vars.hcl", "notes.txt", "hr/2 명단.TXT", "hr/aXb.txt"} {
		if git(name+"\x00", "check-ignore", "-z", "--no-index", "--stdin") != "" {
			t.Errorf("%s is covered", name)
		}
	}
}

// TestWhoStaysIn: a table says who has left, and nobody else is left out.
func TestWhoStaysIn(t *testing.T) {
	for _, c := range []struct {
		name, heading string
		texts         []string
		want          string
		told          []string
	}{
		{"a status", "재직상태", []string{"재직", "", "퇴직예정", "휴직", "퇴직", "퇴직후재고용", "정년 퇴직"}, "5 members, 1 org unit",
			[]string{"left out:   2 of 7 rows, by 재직상태: 정년 퇴직 1, 퇴직 1", "left in:    empty 1, 재직 1, 퇴직예정 1, 퇴직후재고용 1, 휴직 1"}},
		{"nobody left", "재직상태", []string{"재직", "inactive"}, "2 members, 1 org unit", nil},
		{"yes and no", "재직여부", []string{"Y", "N", "Y"}, "2 members, 1 org unit", []string{"left out:   1 of 3 rows, by 재직여부: N 1"}},
		{"dates", "퇴사일", []string{"", "2020-01-01", "2020-02-30", "9999-12-31", "2099.1.1"}, "4 members, 1 org unit",
			[]string{"left out:   1 of 5 rows, by 퇴사일", "left in:    2020-02-30 1, 2099.1.1 1, 9999-12-31 1, empty 1"}},
	} {
		table := "사번,성명,아이디," + c.heading + "\n"
		for i, text := range c.texts {
			table += fmt.Sprintf("%d,홍길동,a%d,%s\n", i, i, text)
		}
		d := newDesk(t, map[string]string{"s.csv": table})
		if err := d.types("", flags()...); err != nil {
			t.Fatal(err)
		}
		out := d.out.String()
		if got := d.valid(t); got != c.want {
			t.Errorf("%s declares %s, want %s", c.name, got, c.want)
		}
		for _, line := range c.told {
			if !strings.Contains(out, line+"\n") {
				t.Errorf("%s: %q is not in\n%s", c.name, line, out)
			}
		}
	}
	// Leaving dates that are to come, and come later, say when people are suspended.
	dates := newDesk(t, map[string]string{"s.csv": "사번,성명,아이디,퇴사일\n1,홍길동,aa,2020-01-01\n2,김철수,bb,2099.1.1\n3,이영희,cc,\n"})
	if err := dates.types("", flags()...); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dates.Dir, "s.csv"), []byte("사번,성명,아이디,퇴사일\n1,홍길동,aa,2020-01-01\n2,김철수,bb,2099.1.1\n3,이영희,cc,2098-12-31\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := dates.valid(t); got != "2 members, 1 org unit" || !strings.Contains(dates.read(t, "people.hcl"), `date(each.value["퇴사일"]) # from that day on`) {
		t.Errorf("with a leaving date to come it declares %s:\n%s", got, dates.read(t, "people.hcl"))
	}
	// A status that the table has only later.
	d := newDesk(t, map[string]string{"s.csv": "사번,성명,아이디,재직상태\n1,홍길동,aa,재직\n2,김철수,bb,퇴직\n"})
	if err := d.types("", flags()...); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(d.Dir, "s.csv"), []byte("사번,성명,아이디,재직상태\n1,홍길동,aa,출산휴가\n2,김철수,bb,퇴직\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := d.valid(t); got != "1 member, 1 org unit" {
		t.Errorf("with a new status it declares %s", got)
	}
}

// TestHeads: a column says who is a head by yes and no, or it says nothing about it.
func TestHeads(t *testing.T) {
	for _, c := range []struct{ heads, want string }{
		{"김철수 최지우 김철수", ""},
		{"N N N", ""},
		{"Y N Y", `head = lookup({ "Y" = true, "N" = false }, each.value["부서장"], null)`},
		{"예 - 아니오", `head = lookup({ "예" = true, "-" = false, "아니오" = false }, each.value["부서장"], null)`},
		{"O  ", `head = each.value["부서장"] == null ? false : lookup({ "O" = true }, each.value["부서장"], null)`},
		{"Y 대행 N", ""},
	} {
		table := "사번,성명,아이디,부서,부서장\n"
		for i, text := range strings.Split(c.heads, " ") {
			table += fmt.Sprintf("%d,홍길동,a%d,팀 %d,%s\n", i, i, i, text)
		}
		d := newDesk(t, map[string]string{"s.csv": table})
		if err := d.types("", flags()...); err != nil {
			t.Fatal(err)
		}
		told := strings.Contains(d.out.String(), "not used:   부서장 (not only yes and no)")
		d.valid(t)
		text := regexp.MustCompile(` +`).ReplaceAllString(d.read(t, "people.hcl"), " ")
		if got := strings.Contains(text, " head ="); got != (c.want != "") || !strings.Contains(text, c.want) || told == got {
			t.Errorf("%s: want %s in\n%s", c.heads, c.want, text)
		}
	}
}

// TestAnEmptyLogin is told with its cell.
func TestAnEmptyLogin(t *testing.T) {
	d := newDesk(t, map[string]string{"s.csv": "사번,성명,회사메일\n1,홍길동,aa@acme.co.kr\n2,김철수,\n"})
	if err := d.types("", flags()...); err != nil {
		t.Fatal(err)
	}
	_, _, list, err := workspace.Load(context.Background(), &d.Env, workspace.Selection{})
	if err != nil || list.Errors() != 1 || list[0].Code != "value.missing" || list[0].Cell == nil || list[0].Cell.Ref != "C3" {
		t.Errorf("it is told as %v %v", list, err)
	}
}

// TestNext: the commands can be typed as they stand, and no guard is turned off for good.
func TestNext(t *testing.T) {
	var table strings.Builder
	table.WriteString("사번,성명,아이디,개인메일\n")
	for i := range 60 {
		fmt.Fprintf(&table, "%d,홍길동,a%d,a%d@example.com\n", i, i, i)
	}
	d := newDesk(t, map[string]string{"새 폴더's/s.csv": table.String()})
	if err := d.types("", append(flags(), "새 폴더's")...); err != nil {
		t.Fatal(err)
	}
	at := filepath.Join(d.Dir, "새 폴더's")
	quoted := "'" + strings.ReplaceAll(at, "'", `'\''`) + "'"
	for _, line := range []string{"  isa --chdir " + quoted + " validate\n", "  isa --chdir " + quoted + " plan --allow member.invitation=60\n", "a guard stops above 50"} {
		if !strings.Contains(d.out.String(), line) {
			t.Errorf("%q is not in\n%s", line, d.out.String())
		}
	}
	d.Dir = at
	if strings.Contains(d.read(t, "people.hcl"), "guard") {
		t.Error("a guard is turned off for good")
	}
	if got := d.valid(t); got != "60 members, 1 org unit" {
		t.Error(got)
	}
}

// TestInterrupted: whoever interrupts isa waits for no table.
func TestInterrupted(t *testing.T) {
	d := newDesk(t, map[string]string{"s.csv": "사번,성명\n1,홍길동\n"})
	cmd := initial.New(&d.Env)
	cmd.SetArgs(flags())
	cmd.SilenceErrors, cmd.SilenceUsage = true, true
	ctx, stop := context.WithCancel(context.Background())
	stop()
	if err := cmd.ExecuteContext(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("interrupted: %v", err)
	}
	if exists(t, filepath.Join(d.Dir, ".gitignore")) {
		t.Error("something was written")
	}
}

func exists(t *testing.T, path string) bool {
	t.Helper()
	_, err := os.Lstat(path)
	return err == nil
}

// TestTheGuideQuotesTheWorkflows: docs/ci.md shows what isa init writes, and installs the
// same version in the jobs that it adds.
func TestTheGuideQuotesTheWorkflows(t *testing.T) {
	data, err := os.ReadFile("../../../../../docs/ci.md")
	if err != nil {
		t.Fatal(err)
	}
	guide := string(data)
	for service, path := range map[string]string{"github": ".github/workflows/isa.yml", "gitlab": ".gitlab-ci.yml"} {
		d := newDesk(t, nil)
		if err := d.types("", flags("--ci", service)...); err != nil {
			t.Fatal(err)
		}
		if text := d.read(t, path); !strings.Contains(guide, "```yaml\n"+text+"```\n") {
			t.Errorf("docs/ci.md does not have the %s of isa init:\n%s", path, text)
		}
	}
	const install = "github.com/isaworks/isa/cmd/isa@"
	if n, all := strings.Count(guide, install+"v"+workspace.Version+"\n"), strings.Count(guide, install); n != all || n < 4 {
		t.Errorf("%d of %d lines of docs/ci.md install version %s", n, all, workspace.Version)
	}
}
