// Package e2e runs the isa that users run, as a process of its own, against a
// sandbox over real sockets.
package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/isaworks/isa/bench/company"
	"github.com/isaworks/isa/internal/isatest"
	"github.com/isaworks/isa/providers/works/sandbox"
)

// namespaceEnv tells this test program that it runs again in a name space of its own, and
// holds the path of the isa under test, which is built once.
const namespaceEnv = "ISA_TEST_NAMESPACE"

// program is the isa under test, built by the first test that runs it.
var program = sync.OnceValues(func() (string, error) {
	if path := os.Getenv(namespaceEnv); path != "" {
		return path, nil
	}
	return isatest.Build(programDir)
})

// programDir is where it is built: a directory that TestMain makes and removes.
var programDir string

func TestMain(m *testing.M) {
	os.Exit(run(m))
}

func run(m *testing.M) int {
	var err error
	if programDir, err = os.MkdirTemp("", "isa-e2e-"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(programDir)
	return m.Run()
}

// tenant is a sandbox and how to reach it.
type tenant struct {
	*sandbox.Server
	url string
	env map[string]string
}

func startTenant(t testing.TB, o sandbox.Options) *tenant {
	t.Helper()
	srv, err := sandbox.New(withFeatures(o))
	if err != nil {
		t.Fatal(err)
	}
	base, err := srv.Start(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := srv.Close(); err != nil {
			t.Error(err)
		}
	})
	return &tenant{Server: srv, url: base, env: srv.Env()}
}

// result is how a run of isa ended.
type result struct {
	stdout, stderr string
	code           int
}

func (r result) String() string {
	return fmt.Sprintf("exit code %d\n--- stdout\n%s\n--- stderr\n%s", r.code, r.stdout, r.stderr)
}

func (tn *tenant) command(dir string, args ...string) *exec.Cmd {
	path, err := program()
	cmd := exec.Command(path, args...)
	cmd.Dir = dir
	cmd.Err = errors.Join(cmd.Err, err)
	cmd.Env = append(os.Environ(), "NO_COLOR=1")
	for k, v := range tn.env {
		cmd.Env = append(cmd.Env, k+"="+v)
	}
	return cmd
}

func (tn *tenant) isa(t testing.TB, dir string, args ...string) result {
	t.Helper()
	return finish(t, tn.command(dir, args...))
}

// finish runs a command to its end. One that cannot be run, as when isa does not build,
// ends the test.
func finish(t testing.TB, cmd *exec.Cmd) result {
	t.Helper()
	if cmd.Err != nil { // that of a build wraps an exec.ExitError too
		t.Fatalf("%s: %v", strings.Join(cmd.Args, " "), cmd.Err)
	}
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatalf("%s: %v", strings.Join(cmd.Args, " "), err)
	}
	return result{stdout.String(), stderr.String(), cmd.ProcessState.ExitCode()}
}

// fatal keeps what a test would have ended with.
type fatal struct {
	testing.TB
	said string
}

func (*fatal) Helper() {}

func (f *fatal) Fatalf(format string, args ...any) {
	f.said = fmt.Sprintf(format, args...)
	runtime.Goexit()
}

// TestFinishTellsWhyIsaWasNotBuilt: that the compiler ended with an error is no exit code
// of isa.
func TestFinishTellsWhyIsaWasNotBuilt(t *testing.T) {
	t.Parallel()
	cmd := exec.Command("go")
	cmd.Err = fmt.Errorf("building isa: %w\n./main.go:7: undefined", &exec.ExitError{})
	f := &fatal{TB: t}
	var over sync.WaitGroup
	over.Go(func() { finish(f, cmd) })
	over.Wait()
	if !strings.Contains(f.said, "main.go:7: undefined") {
		t.Errorf("ended with %q", f.said)
	}
}

// must runs isa and wants an exit code.
func (tn *tenant) must(t testing.TB, code int, dir string, args ...string) result {
	t.Helper()
	r := tn.isa(t, dir, args...)
	if r.code != code {
		t.Fatalf("isa %s: want exit code %d, have %v", strings.Join(args, " "), code, r)
	}
	return r
}

// empty wants a plan without changes.
func (tn *tenant) empty(t testing.TB, dir string) {
	t.Helper()
	if r := tn.isa(t, dir, "plan", "--detailed-exitcode"); r.code != 0 {
		t.Fatalf("the plan after an apply is not empty: %v", r)
	}
}

// write makes the files of a company in a fresh directory.
func write(t testing.TB, c company.Company) string {
	t.Helper()
	dir := t.TempDir()
	if err := c.Write(dir); err != nil {
		t.Fatal(err)
	}
	return dir
}

// files writes files in a fresh directory.
func files(t testing.TB, texts map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range texts {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// reader reads a tenant by plain HTTP, written from the reference and apart from
// isa's client.
type reader struct {
	base, token string
}

func (tn *tenant) reader(t testing.TB) reader {
	t.Helper()
	key, err := jwt.ParseRSAPrivateKeyFromPEM([]byte(tn.env["WORKS_PRIVATE_KEY"]))
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	assertion, err := jwt.NewWithClaims(jwt.SigningMethodRS256, jwt.MapClaims{
		"iss": tn.env["WORKS_CLIENT_ID"], "sub": tn.env["WORKS_SERVICE_ACCOUNT"],
		"iat": now.Unix(), "exp": now.Add(30 * time.Minute).Unix(),
	}).SignedString(key)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.PostForm(tn.url+"/oauth2/v2.0/token", url.Values{
		"assertion": {assertion}, "grant_type": {"urn:ietf:params:oauth:grant-type:jwt-bearer"},
		"client_id": {tn.env["WORKS_CLIENT_ID"]}, "client_secret": {tn.env["WORKS_CLIENT_SECRET"]}, "scope": {"directory user"},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var answer struct {
		AccessToken string `json:"access_token"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil || answer.AccessToken == "" {
		t.Fatalf("no token: %s, %v", resp.Status, err)
	}
	return reader{base: tn.url + "/v1.0", token: answer.AccessToken}
}

// list reads all pages of a list.
func (r reader) list(t testing.TB, path, key string) []map[string]any {
	t.Helper()
	var all []map[string]any
	for cursor := ""; ; {
		query := url.Values{"count": {"100"}}
		if cursor != "" {
			query.Set("cursor", cursor)
		}
		separator := "?"
		if strings.Contains(path, "?") {
			separator = "&"
		}
		req, err := http.NewRequest(http.MethodGet, r.base+path+separator+query.Encode(), nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+r.token)
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(resp.Body)
		if err := errors.Join(err, resp.Body.Close()); err != nil {
			t.Fatal(err)
		}
		if resp.StatusCode != http.StatusOK {
			t.Fatalf("GET %s: %s %s", path, resp.Status, body)
		}
		var page map[string]json.RawMessage
		var rows []map[string]any
		var meta struct{ NextCursor string }
		if err := json.Unmarshal(body, &page); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(page[key], &rows); err != nil {
			t.Fatal(err)
		}
		if raw := page["responseMetaData"]; raw != nil {
			if err := json.Unmarshal(raw, &meta); err != nil {
				t.Fatal(err)
			}
		}
		all = append(all, rows...)
		if cursor = meta.NextCursor; cursor == "" {
			return all
		}
	}
}

// do makes one call and wants it to succeed.
func (r reader) do(t testing.TB, method, path, body string) {
	t.Helper()
	req, err := http.NewRequest(method, r.base+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+r.token)
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode >= 300 {
		text, _ := io.ReadAll(resp.Body)
		t.Fatalf("%s %s: %s %s", method, path, resp.Status, text)
	}
}

// matches reports whether a row has every name=value of the words. A name may be a
// path (organizations.0.levelName); a value may be a part of a list or text.
func matches(row map[string]any, words []string) bool {
	for _, word := range words {
		name, want, _ := strings.Cut(word, "=")
		var v any = row
		for _, step := range strings.Split(name, ".") {
			switch w := v.(type) {
			case map[string]any:
				v = w[step]
			case []any:
				i, err := strconv.Atoi(step)
				if err != nil || i >= len(w) {
					return false
				}
				v = w[i]
			default:
				v = nil
			}
		}
		have := fmt.Sprint(v)
		if v == nil {
			have = ""
		}
		if _, isList := v.([]any); isList && !strings.Contains(have, want) || !isList && have != want {
			return false
		}
	}
	return true
}

// withFeatures switches on what every test's configuration says is on.
func withFeatures(o sandbox.Options) sandbox.Options {
	o.Features = true
	return o
}
