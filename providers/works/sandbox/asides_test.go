package sandbox

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// TestLeaveRules: both times or neither, one after the other; the new leave takes the
// place of the old one, and whether it runs follows the clock.
func TestLeaveRules(t *testing.T) {
	s := newServer(t, Options{SSO: true})
	c := inProcess(t, s)
	c.must("POST", "/users", member("mm", obj{"userExternalKey": "1"}))
	set := "/users/mm@acme.co.kr/set-leave-of-absence"
	now := s.clock.Now()
	at := func(d time.Duration) string { return now.Add(d).UTC().Format(time.RFC3339) }
	for _, wrong := range []obj{
		{"startTime": at(0)}, {"endTime": at(0)}, {"startTime": at(time.Hour), "endTime": at(0)}, {"startTime": "2030-01-01", "endTime": "2030-01-02"}, {},
		{"startTime": nil, "endTime": nil},
	} {
		if got := status(c.do("POST", set, wrong)); got != "400" {
			t.Errorf("%v: %s", wrong, got)
		}
	}
	onLeave := func() string {
		return fmt.Sprint(at2(c.must("GET", "/users/mm@acme.co.kr", nil), "isLeaveOfAbsence"))
	}
	c.must("POST", set, obj{"startTime": at(24 * time.Hour), "endTime": at(48 * time.Hour)})
	if got := onLeave(); got != "false" {
		t.Errorf("before it begins: %s", got)
	}
	c.must("POST", set, obj{"startTime": at(-time.Hour), "endTime": at(48 * time.Hour)})
	if got := onLeave(); got != "true" {
		t.Errorf("while it runs: %s", got)
	}
	if err := s.Advance(49 * time.Hour); err != nil {
		t.Fatal(err)
	}
	if got := onLeave(); got != "false" {
		t.Errorf("after its end: %s", got)
	}
	for range 2 {
		c.must("POST", "/users/mm@acme.co.kr/clear-leave-of-absence", nil)
	}
	if got := at2(c.must("GET", "/users/mm@acme.co.kr", nil), "startTime"); got != nil {
		t.Errorf("after clear: %v", got)
	}
	nulls := inProcess(t, newServer(t, Options{SSO: true, Switches: Switches{"leave-null": "clears"}}))
	nulls.must("POST", "/users", member("mm", obj{"userExternalKey": "1"}))
	nulls.must("POST", set, obj{"startTime": "2030-01-01T00:00:00Z", "endTime": "2030-02-01T00:00:00Z"})
	nulls.must("POST", set, obj{"startTime": nil, "endTime": nil})
	if got := at2(nulls.must("GET", "/users/mm@acme.co.kr", nil), "startTime"); got != nil {
		t.Errorf("both null: %v", got)
	}
}

func at2(user map[string]any, name string) any { return at(user, "leaveOfAbsence", name) }

// TestLinks: a permission begins (202) or is there (204), a link is known while there is
// one, each reset makes another one, and scopes of the directory do not do.
func TestLinks(t *testing.T) {
	s := newServer(t, Options{SSO: true, Switches: Switches{"external-chat-delay": "2s"}})
	c := inProcess(t, s)
	c.must("POST", "/users", member("mm", obj{"userExternalKey": "1"}))
	const mm = "/users/mm@acme.co.kr/"
	later := func() {
		if err := s.Advance(3 * time.Second); err != nil {
			t.Fatal(err)
		}
	}
	for _, step := range []struct{ method, path, want string }{
		{"GET", "link-url", "403"}, {"POST", "link-url/reset", "403"}, {"POST", "unlink-to-works", "204"},
		{"POST", "link-to-works", "202"}, {"POST", "link-to-line", "403"}, {"GET", "link-url", "403"}, {"", "", ""},
		{"POST", "link-to-works", "204"}, {"GET", "link-url", "200"}, {"POST", "link-url/reset", "200"},
		{"POST", "link-to-line", "202"}, {"", "", ""}, {"POST", "unlink-to-works", "202"}, {"", "", ""}, {"GET", "link-url", "200"},
		{"POST", "unlink-to-line", "202"}, {"", "", ""}, {"GET", "link-url", "403"},
	} {
		if step.method == "" {
			later()
			continue
		}
		if got := status(c.do(step.method, mm+step.path, nil)); got != step.want {
			t.Errorf("%s %s: %s, want %s", step.method, step.path, got, step.want)
		}
	}
	c.must("POST", mm+"link-to-line", nil)
	later()
	links := map[string]bool{}
	links[fmt.Sprint(c.must("GET", mm+"link-url", nil)["linkUrl"])] = true
	for range 2 {
		links[fmt.Sprint(c.must("POST", mm+"link-url/reset", nil)["linkUrl"])] = true
	}
	if len(links) != 3 {
		t.Errorf("links %v, want three", links)
	}
	c.login("directory")
	if got := status(c.do("POST", mm+"link-to-works", nil)); got != "403" {
		t.Errorf("with the scope directory: %s", got)
	}
	all := inProcess(t, newServer(t, Options{SSO: true, Switches: Switches{"external-chat": "all"}}))
	all.must("POST", "/users", member("mm", obj{"userExternalKey": "1"}))
	for path, want := range map[string]string{"link-to-works": "403", "unlink-to-line": "403"} {
		if got := status(all.do("POST", mm+path, nil)); got != want {
			t.Errorf("permitted to all, %s: %s, want %s", path, got, want)
		}
	}
	all.must("GET", mm+"link-url", nil)
	named := inProcess(t, newServer(t, Options{SSO: true}))
	named.must("POST", "/users", member("mm", obj{"userExternalKey": "1", "nickName": "Newline"}))
	if got := status(named.do("POST", mm+"link-to-line", nil)); got != "400" {
		t.Errorf("LINE for somebody called so: %s", got)
	}
}

// TestRestrictions: one a unit, of known units, and gone with them.
func TestRestrictions(t *testing.T) {
	for _, tries := range []struct {
		switches    Switches
		none, again string
	}{{nil, "404", "409"}, {Switches{"access-restrict-none": "empty", "access-restrict-again": "replaces"}, "200", "201"}} {
		c := inProcess(t, newServer(t, Options{SSO: true, Switches: tries.switches}))
		a := c.must("POST", "/orgunits", unit("A", nil))["orgUnitId"].(string)
		b := c.must("POST", "/orgunits", unit("B", nil))["orgUnitId"].(string)
		path := "/orgunits/" + a + "/orgunit-access-restrict"
		if got := status(c.do("GET", path, nil)); got != tries.none {
			t.Errorf("get of none: %s, want %s", got, tries.none)
		}
		for body, want := range map[string]string{
			"ONLY_YOU": "400", "ONLY_MY_AND_SPECIFIED_ORGUNIT": "400", "PUT": "404", "DELETE": "404",
		} {
			method, payload := "POST", obj{"accessRestrictType": body}
			if len(body) <= 6 {
				method, payload = body, obj{"accessRestrictType": "ONLY_ME"}
			}
			if got := status(c.do(method, path, payload)); got != want {
				t.Errorf("%s: %s, want %s", body, got, want)
			}
		}
		specified := obj{"accessRestrictType": "ONLY_MY_AND_SPECIFIED_ORGUNIT", "specifiedOrgUnits": []obj{{"orgUnitId": b}}}
		c.must("POST", path, specified)
		if got := status(c.do("POST", path, specified)); got != tries.again {
			t.Errorf("create again: %s, want %s", got, tries.again)
		}
		for _, wrong := range []obj{
			{"accessRestrictType": "ONLY_ME", "specifiedOrgUnits": []obj{{"orgUnitId": b}}},
			{"accessRestrictType": "ONLY_MY_AND_SPECIFIED_ORGUNIT", "specifiedOrgUnits": []obj{{"orgUnitId": b}, {"orgUnitId": b}}},
		} {
			if got := status(c.do("PUT", path, wrong)); got != "400" {
				t.Errorf("%v: %s", wrong, got)
			}
		}
		if got := fmt.Sprint(at(c.must("GET", path, nil), "specifiedOrgUnits", 0, "includeSubOrgUnits")); got != "false" {
			t.Errorf("includeSubOrgUnits is %s when not given", got)
		}
		c.must("DELETE", "/orgunits/"+b, nil)
		if got := status(c.do("GET", path, nil)); got != tries.none {
			t.Errorf("after the only unit it named is gone: %s, want %s", got, tries.none)
		}
	}
}

// TestPhotosLast: photos and what else has calls of its own survive a restart.
func TestPhotosLast(t *testing.T) {
	dir := t.TempDir()
	content := []byte("\xff\xd8\xff\xe0 a photo")
	for run := range 2 {
		s := newServer(t, Options{SSO: true, Dir: dir})
		c := inProcess(t, s)
		if run == 0 {
			id := c.must("POST", "/users", member("mm", obj{"userExternalKey": "1"}))["userId"].(string)
			if err := s.keepPhoto(ticket{user: id, name: "a.jpg", size: len(content)}, content); err != nil {
				t.Fatal(err)
			}
		}
		if got := s.Photo("mm@acme.co.kr"); string(got) != string(content) {
			t.Errorf("run %d: the photo is %q", run, got)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// TestPhotoRules: what is announced is bounded, and a ticket is good for one upload.
func TestPhotoRules(t *testing.T) {
	c := inProcess(t, newServer(t, Options{SSO: true}))
	c.must("POST", "/users", member("mm", obj{"userExternalKey": "1"}))
	path := "/users/mm@acme.co.kr/photo"
	for _, wrong := range []obj{{"fileName": "a.jpg"}, {"fileSize": 1}, {"fileName": "a.jpg", "fileSize": 0}, {"fileName": "a.jpg", "fileSize": maxPhoto + 1}} {
		if got := status(c.do("POST", path, wrong)); got != "400" {
			t.Errorf("%v: %s", wrong, got)
		}
	}
	to, _ := c.must("POST", path, obj{"fileName": "a.jpg", "fileSize": 3})["uploadUrl"].(string)
	if !strings.Contains(to, "/_storage/upload/") {
		t.Errorf("uploadUrl %q", to)
	}
	if got := status(c.do("GET", path, nil)); got != "404" {
		t.Errorf("before the upload there is a photo: %s", got)
	}
}
