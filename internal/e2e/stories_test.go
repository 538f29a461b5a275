package e2e

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/isaworks/isa/providers/works/sandbox"
)

// tenantFile stands beside the files of every story.
const tenantFile = `tenant {
  domain    = "acme.co.kr"
  domain_id = 10000001
  plan      = "standard"
  features {
    job_grades = true
    positions  = true
    user_types = true
  }
  credentials {
    client_id       = env("WORKS_CLIENT_ID")
    client_secret   = secret_env("WORKS_CLIENT_SECRET")
    service_account = env("WORKS_SERVICE_ACCOUNT")
    private_key     = secret_env("WORKS_PRIVATE_KEY")
  }
}
`

// guardsFile widens the guards whose limit is one in a company of three, so that
// a story is about what it tells. A story about guards removes it.
func guardsFile() string {
	var b strings.Builder
	for _, code := range []string{
		"member.login_id", "member.key", "member.name", "member.phone", "member.private_email", "member.employee_number",
		"member.primary_unit", "member.removal", "member.cleared", "member.belongs_to.removal",
		"org_unit.removal", "org_unit.cleared", "group.removal", "group.cleared", "group.members.removal",
		"group.administrators.removal", "group.senders.removal", "group.send_as.removal",
		"job_grade.removal", "position.removal", "user_type.removal",
	} {
		fmt.Fprintf(&b, "guard %q { max_count = 100 }\n", code)
	}
	return b.String()
}

// TestStories tells what becomes of a tenant when its configuration changes. A
// story is a txtar file: the comment says what it is about, and then, in order,
// beside tenant.hcl and the wide guards of guards.hcl,
//
//	-- NAME.hcl --     replaces the configuration of that name (empty: removes it)
//	-- NAME.csv --     likewise a table
//	-- sandbox NAME=VALUE -- in front: another tenant; speed=60 (with limits), faults=SPEC, switch=NAME=VALUE, seed=N, company=DOMAIN=ID (a second one)
//	-- do --           acts at the tenant, a line each: sign-in LOGIN, expire LOGIN, clock 168h (time goes by, for isa too), faults SPEC, METHOD PATH [JSON]
//	-- apply ARGS --   applies: exit code 0, the output holds every line of the section, the plan after it is empty
//	-- part ARGS --    applies like apply; the plan after it need not be empty
//	-- refuse ARGS --  plans: the exit code is the section's first word, the output holds every other line
//	-- plan ARGS --    plans: exit code 0, the output holds every line
//	-- isa CODE ARGS -- runs isa, arguments quoted as in a shell: exit code CODE, the output holds every line
//	-- hides CODE ARGS -- likewise: the output holds none of the lines
//	-- has PATH KEY -- reads a list by plain HTTP: holds every line
//	-- not PATH KEY -- and here: holds none of the lines
//	-- killed before METHOD PATH ARGS -- applies, and is killed as the first such request is on its way
//	-- killed after METHOD PATH -- likewise, once it is carried out and before its answer
//	-- order PATH KEY -- the org units of these names stand in this order, by displayOrder
func TestStories(t *testing.T) {
	paths, err := filepath.Glob("testdata/stories/*.txtar")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no stories: %v", err)
	}
	for _, path := range paths {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) {
			t.Parallel()
			story, err := txtar.ParseFile(path)
			if err != nil {
				t.Fatal(err)
			}
			o, acts := stageOptions(t, story.Files)
			s := stage{T: t, tenant: startTenant(t, o), dir: files(t, map[string]string{"tenant.hcl": tenantFile, "guards.hcl": guardsFile()})}
			for _, f := range acts {
				s.act(f.Name, string(f.Data))
			}
		})
	}
}

type stage struct {
	*testing.T
	*tenant
	dir string
}

// stageOptions reads the section in front that says what tenant a story is about.
func stageOptions(t *testing.T, files []txtar.File) (sandbox.Options, []txtar.File) {
	t.Helper()
	o := sandbox.Options{SeedValue: 1}
	words := strings.Fields(files[0].Name)
	if words[0] != "sandbox" {
		return o, files
	}
	for _, word := range words[1:] {
		name, text, _ := strings.Cut(word, "=")
		var err error
		switch name {
		case "speed":
			o.Limits = true // else no time passes for isa
			o.Speed, err = strconv.ParseFloat(text, 64)
		case "faults":
			o.Faults = text
		case "switch":
			var more sandbox.Switches
			if more, err = sandbox.ParseSwitches([]string{text}); o.Switches == nil {
				o.Switches = more
			}
			maps.Copy(o.Switches, more)
		case "company": // NAME=ID, beside acme.co.kr
			name, id, _ := strings.Cut(text, "=")
			var n int
			n, err = strconv.Atoi(id)
			if len(o.Domains) == 0 {
				o.Domains = []sandbox.Domain{{ID: 10000001, Name: "acme.co.kr"}}
			}
			o.Domains = append(o.Domains, sandbox.Domain{ID: n, Name: name})
		case "seed":
			o.SeedValue, err = strconv.ParseUint(text, 10, 64)
		default:
			t.Fatalf("a sandbox has no %s", name)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return o, files[1:]
}

func (s stage) act(name, data string) {
	s.Helper()
	words := strings.Fields(name)
	switch args := words[1:]; words[0] {
	case "apply":
		s.holds(name, s.must(s.T, 0, s.dir, append([]string{"apply", "--yes"}, args...)...).String(), data)
		s.empty(s.T, s.dir)
	case "part":
		s.holds(name, s.must(s.T, 0, s.dir, append([]string{"apply", "--yes"}, args...)...).String(), data)
	case "order":
		s.ordered(args, strings.Fields(data))
	case "refuse":
		code, rest, _ := strings.Cut(strings.TrimSpace(data), "\n")
		r := s.isa(s.T, s.dir, append([]string{"plan"}, args...)...)
		if want := map[string]int{"error": 1, "guard": 4}[code]; want == 0 || r.code != want {
			s.Fatalf("%s: want a refusal as %s, have %v", name, code, r)
		}
		s.holds(name, r.String(), rest)
	case "plan":
		s.holds(name, s.must(s.T, 0, s.dir, append([]string{"plan"}, args...)...).String(), data)
	case "isa", "hides":
		code, err := strconv.Atoi(args[0])
		if err != nil {
			s.Fatal(err)
		}
		text := s.must(s.T, code, s.dir, unquoted(s.T, strings.TrimSpace(strings.TrimPrefix(strings.TrimPrefix(name, words[0]+" "), args[0])))...).String()
		if words[0] == "isa" {
			s.holds(name, text, data)
			return
		}
		for line := range strings.Lines(data) {
			if line = strings.TrimSpace(line); strings.Contains(text, line) {
				s.Errorf("%s: it tells %q: %s", name, line, text)
			}
		}
	case "killed":
		s.killAt(s.T, s.dir, args[0] == "after", args[1], args[2], args[3:]...)
	case "has", "not":
		s.sees(name, args, data)
	case "do":
		for line := range strings.Lines(data) {
			s.do(strings.TrimSpace(line))
		}
	default:
		s.put(name, data)
	}
}

// unquoted takes a command line apart; single quotes keep what is in them together.
func unquoted(t *testing.T, line string) []string {
	t.Helper()
	var args []string
	for rest := strings.TrimSpace(line); rest != ""; rest = strings.TrimSpace(rest) {
		arg, quotes := "", false
		if rest, quotes = strings.CutPrefix(rest, "'"); quotes {
			var ok bool
			if arg, rest, ok = strings.Cut(rest, "'"); !ok {
				t.Fatalf("%s: a quote is not closed", line)
			}
		} else {
			arg, rest, _ = strings.Cut(rest, " ")
		}
		args = append(args, arg)
	}
	return args
}

func (s stage) put(name, data string) {
	s.Helper()
	path := filepath.Join(s.dir, name)
	var err error
	if data == "" {
		err = os.Remove(path)
	} else {
		err = os.WriteFile(path, []byte(data), 0o600)
	}
	if err != nil {
		s.Fatal(err)
	}
}

func (s stage) holds(name, text, lines string) {
	s.Helper()
	flat := strings.Join(strings.Fields(text), " ") // lines are broken at 80 columns
	for line := range strings.Lines(lines) {
		if line = strings.TrimSpace(line); !strings.Contains(flat, line) {
			s.Errorf("%s: %q is missing in %s", name, line, text)
		}
	}
}

// sees looks for lines like `email=kim@acme.co.kr userExternalKey=1` among the
// rows of a list; each must match one row.
func (s stage) sees(name string, args []string, lines string) {
	s.Helper()
	rows := s.reader(s.T).list(s.T, args[0], args[1])
	for line := range strings.Lines(lines) {
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		found := false
		for _, row := range rows {
			found = found || matches(row, strings.Fields(line))
		}
		if found != strings.HasPrefix(name, "has") {
			s.Errorf("%s: %q: found %v among %v", name, line, found, rows)
		}
	}
}

func (s stage) ordered(args, want []string) {
	s.Helper()
	rows := s.reader(s.T).list(s.T, args[0], args[1])
	slices.SortFunc(rows, func(a, b map[string]any) int {
		return cmp.Compare(a["displayOrder"].(float64), b["displayOrder"].(float64))
	})
	var have []string
	for _, row := range rows {
		if name, _ := row["orgUnitName"].(string); slices.Contains(want, name) {
			have = append(have, name)
		}
	}
	if !slices.Equal(have, want) {
		s.Errorf("order %v, want %v", have, want)
	}
}

func (s stage) do(line string) {
	s.Helper()
	words := strings.Fields(line)
	if len(words) == 0 {
		return
	}
	switch words[0] {
	case "sign-in":
		s.post("/_sandbox/sign-in?user=" + url.QueryEscape(whole(words[1])))
	case "expire":
		s.post("/_sandbox/expire?user=" + url.QueryEscape(whole(words[1])))
	case "clock":
		s.post("/_sandbox/clock?advance=" + url.QueryEscape(words[1]))
		s.age(words[1])
	case "faults":
		faults(s.T, s.tenant, strings.Join(words[1:], " "))
	default:
		body := strings.TrimSpace(strings.TrimPrefix(strings.TrimPrefix(line, words[0]), " "+words[1]))
		s.reader(s.T).do(s.T, words[0], words[1], body)
	}
}

// whole is a login with its domain.
func whole(login string) string {
	if strings.Contains(login, "@") {
		return login
	}
	return login + "@acme.co.kr"
}

// age moves the dates in the state back: the sandbox's clock can be moved
// on, isa's own cannot.
func (s stage) age(by string) {
	s.Helper()
	d, err := time.ParseDuration(by)
	path := filepath.Join(s.dir, "isa.state.json")
	data, readErr := os.ReadFile(path)
	if err := errors.Join(err, readErr); err != nil {
		s.Fatal(err)
	}
	dates := regexp.MustCompile(`"(suspended|deleted|applied|created|invited)": *"([^"]+)"`)
	data = dates.ReplaceAllFunc(data, func(b []byte) []byte {
		m := dates.FindSubmatch(b)
		at, err := time.Parse(time.RFC3339Nano, string(m[2]))
		if err != nil {
			s.Fatal(err)
		}
		return fmt.Appendf(nil, "%q: %q", m[1], at.Add(-d).Format(time.RFC3339Nano))
	})
	if err := os.WriteFile(path, data, 0o600); err != nil {
		s.Fatal(err)
	}
}

func (s stage) post(path string) {
	s.Helper()
	resp, err := http.Post(s.url+path, "", nil)
	if err != nil {
		s.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode >= 300 {
		s.Fatalf("POST %s: %s", path, resp.Status)
	}
}
