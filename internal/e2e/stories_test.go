package e2e

import (
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

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

// TestStories tells what becomes of a tenant when its configuration changes. A
// story is a txtar file: the comment says what it is about, and then, in order,
//
//	-- NAME.hcl --     replaces the configuration of that name (empty: removes it)
//	-- NAME.csv --     likewise a table
//	-- do --           acts at the tenant, a line each: sign-in LOGIN, clock 168h, METHOD PATH [JSON]
//	-- apply ARGS --   applies: exit code 0, the output holds every line of the section, the plan after it is empty
//	-- refuse ARGS --  plans: the exit code is the section's first word, the output holds every other line
//	-- plan ARGS --    plans: exit code 0, the output holds every line
//	-- has PATH KEY -- reads a list by plain HTTP: holds every line
//	-- not PATH KEY -- and here: holds none of the lines
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
			s := stage{T: t, tenant: startTenant(t, sandbox.Options{SeedValue: 1}), dir: files(t, map[string]string{"tenant.hcl": tenantFile})}
			for _, f := range story.Files {
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

func (s stage) act(name, data string) {
	s.Helper()
	words := strings.Fields(name)
	switch args := words[1:]; words[0] {
	case "apply":
		s.holds(name, s.must(s.T, 0, s.dir, append([]string{"apply", "--yes"}, args...)...).String(), data)
		s.empty(s.T, s.dir)
	case "refuse":
		code, rest, _ := strings.Cut(strings.TrimSpace(data), "\n")
		r := s.isa(s.T, s.dir, append([]string{"plan"}, args...)...)
		if want := map[string]int{"error": 1, "guard": 4}[code]; want == 0 || r.code != want {
			s.Fatalf("%s: want a refusal as %s, have %v", name, code, r)
		}
		s.holds(name, r.String(), rest)
	case "plan":
		s.holds(name, s.must(s.T, 0, s.dir, append([]string{"plan"}, args...)...).String(), data)
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
	for line := range strings.Lines(lines) {
		if line = strings.TrimSpace(line); line != "" && !strings.Contains(text, line) {
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

func (s stage) do(line string) {
	s.Helper()
	words := strings.Fields(line)
	if len(words) == 0 {
		return
	}
	switch words[0] {
	case "sign-in":
		s.post("/_sandbox/sign-in?user=" + url.QueryEscape(words[1]+"@acme.co.kr"))
	case "clock":
		s.post("/_sandbox/clock?advance=" + url.QueryEscape(words[1]))
	default:
		body := strings.TrimSpace(strings.TrimPrefix(strings.TrimPrefix(line, words[0]), " "+words[1]))
		s.reader(s.T).do(s.T, words[0], words[1], body)
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
