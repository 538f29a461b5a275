package sandbox

import (
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestSeedIsDeterministic(t *testing.T) {
	state := func(seed uint64) string {
		st := newServer(t, Options{Seed: 300, SeedValue: seed}).state()
		want(t, "members", len(st.Users), 300)
		deepest := 0
		for _, u := range st.OrgUnits {
			deepest = max(deepest, u.DisplayLevel)
		}
		if deepest < 2 || deepest > 5 {
			t.Errorf("the tree has %d levels", deepest)
		}
		return encode(t, st.Users)
	}
	if first, again := state(1), state(1); first != again {
		t.Error("one seed, two companies")
	}
	if state(1) == state(2) {
		t.Error("two seeds, one company")
	}
}

// TestSeededIsValid: every seeded member passes the sandbox's own rules.
func TestSeededIsValid(t *testing.T) {
	c := inProcess(t, newServer(t, Options{Seed: 120}))
	for _, l := range []struct{ path, list, id string }{{"/users", "users", "userId"}, {"/orgunits", "orgUnits", "orgUnitId"}, {"/groups", "groups", "groupId"}} {
		for _, row := range c.must("GET", l.path+"?count=100", nil)[l.list].([]any) {
			before := encode(t, row)
			want(t, "PUT of what was read", encode(t, c.must("PUT", l.path+"/"+at(row, l.id).(string), row)), before)
		}
	}
}

func TestPageAndControls(t *testing.T) {
	s := newServer(t, Options{Seed: 30, Limits: true})
	c := inProcess(t, s)
	c.must("POST", "/users", member("pending", obj{"userName": obj{"lastName": "대기자"}}))
	get := func(path string) string {
		resp, err := c.http.Get(c.base + path)
		if err != nil || resp.StatusCode != 200 {
			t.Fatalf("%s: %v %v", path, resp, err)
		}
		defer resp.Body.Close()
		data, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		return string(data)
	}
	for path, part := range map[string]string{"/?view=people": "대기자", "/?view=requests": "1 / 240", "/": "acme.co.kr"} {
		if !strings.Contains(get(path), part) {
			t.Errorf("%s has no %q", path, part)
		}
	}
	post := func(path string, form url.Values, status int) {
		t.Helper()
		resp, err := c.http.PostForm(c.base+path, form)
		if err != nil {
			t.Fatal(err)
		}
		want(t, path, resp.StatusCode, status)
	}
	post("/_sandbox/sign-in", url.Values{"user": {"pending@acme.co.kr"}}, 204)
	post("/_sandbox/sign-in", url.Values{"user": {"nobody"}}, 404)
	post("/_sandbox/clock", url.Values{"advance": {"-1h"}}, 400)
	post("/_sandbox/faults", url.Values{"faults": {"nonsense"}}, 400)
	want(t, "signed in", c.must("GET", "/users/pending@acme.co.kr", nil)["isPending"], false)
	if log := get("/_sandbox/log"); !strings.Contains(log, `"op":"user-create"`) || strings.Contains(log, c.token) {
		t.Error("the log lacks the request or has a token")
	}
	want(t, "violations", get("/_sandbox/violations"), "[]")
	if !strings.Contains(get("/_sandbox/state"), "대기자") {
		t.Error("the state lacks a member")
	}
}

func TestOptions(t *testing.T) {
	for name, opt := range map[string]Options{
		"plan": {Plan: "gold"}, "speed": {Speed: -1}, "switch": {Switches: Switches{"nonsense": "1"}}, "value": {Switches: Switches{"read-only": "1"}},
		"domain": {Domains: []Domain{{0, "x.kr"}}}, "twice": {Domains: []Domain{{1, "x.kr"}, {1, "y.kr"}}}, "faults": {Faults: "x"},
	} {
		if _, err := New(opt); err == nil {
			t.Errorf("%s is accepted", name)
		}
	}
	if _, err := ParseSwitches([]string{"read-only"}); err == nil {
		t.Error("a switch without a value is accepted")
	}
	sw, err := ParseSwitches([]string{"read-only=rejected"})
	if err != nil || !sw.is("read-only", "rejected") {
		t.Error(sw, err)
	}
}

// TestDocs: docs/sandbox.md lists the switches as the program has them.
func TestDocs(t *testing.T) {
	data, err := os.ReadFile(filepath.Join("..", "..", "..", "docs", "sandbox.md"))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(data), Markdown()) {
		t.Errorf("docs/sandbox.md must contain this table:\n%s", Markdown())
	}
}

// FuzzRequest sends anything: the sandbox never fails itself.
func FuzzRequest(f *testing.F) {
	f.Add("POST", "/v1.0/users", `{"domainId":10000001,"email":"ab@acme.co.kr","userName":{"lastName":"x"},"privateEmail":"a@b.kr"}`)
	f.Add("PATCH", "/v1.0/users/admin@acme.co.kr", `{"organizations":[{"domainId":10000001,"primary":true,"orgUnits":[{}]}],"relations":null}`)
	f.Add("PUT", "/v1.0/groups/externalKey:a%2Fb", `{"members":[1]}`)
	f.Add("GET", "/v1.0/users?cursor=%2B%2F%2B%2FAA%3D%3D&count=3", ``)
	f.Add("POST", "/v1.0/orgunits/external-keys", `{"orgUnits":[{"id":"a","externalKey":null}]}`)
	f.Add("POST", "/v1.0/orgunits/x/move", `{"displayOrder":1e3}`)
	f.Add("POST", "/oauth2/v2.0/token", `a=b`)
	s := newServer(f, Options{Seed: 10})
	c := inProcess(f, s)
	f.Fuzz(func(t *testing.T, method, path, body string) {
		if !strings.HasPrefix(path, "/") || strings.HasPrefix(path, "/_sandbox") {
			return
		}
		u, err := url.Parse(c.base)
		if err != nil {
			t.Fatal(err)
		}
		ref, err := url.Parse(path)
		if err != nil || ref.Host != "" {
			return
		}
		r, err := http.NewRequest(method, u.ResolveReference(ref).String(), strings.NewReader(body))
		if err != nil {
			return
		}
		r.Header.Set("Authorization", "Bearer "+c.token)
		r.Header.Set("Content-Type", "application/json")
		resp, err := s.RoundTripper().RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		if resp.StatusCode >= 500 {
			t.Errorf("%s %s %q: %d", method, path, body, resp.StatusCode)
		}
	})
}

func BenchmarkSeed50k(b *testing.B) {
	for b.Loop() {
		newServer(b, Options{Seed: 50_000})
	}
}

func BenchmarkListPage(b *testing.B) {
	c := inProcess(b, newServer(b, Options{Seed: 10_000}))
	for b.Loop() {
		c.must("GET", "/users", nil)
	}
}
