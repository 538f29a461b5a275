package sandbox

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/isaworks/isa/providers/works/api/op"
)

func encode(t testing.TB, v any) string {
	t.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// TestEveryOperation: the router serves all of the table.
func TestEveryOperation(t *testing.T) {
	s := newServer(t, Options{})
	for _, o := range op.Table() {
		path := o.Path
		for strings.Contains(path, "{") {
			i, j := strings.Index(path, "{"), strings.Index(path, "}")
			path = path[:i] + "value" + path[j+1:]
		}
		ro, _, err := s.routes.find(o.Method, path)
		if err != nil || ro.op.Name != o.Name {
			t.Errorf("%s: %s %s leads to %v, %v", o.Name, o.Method, path, ro, err)
		}
	}
}

func TestPutResetsPatchKeeps(t *testing.T) {
	c := inProcess(t, newServer(t, Options{}))
	u := c.must("POST", "/users", member("lee", obj{"task": "일", "searchable": false, "nickName": "별", "telephone": "02-1"}))
	want(t, "pending", u["isPending"], true)
	want(t, "organization made by the service", at(u, "organizations", 0, "email"), "lee@acme.co.kr")
	for _, name := range []string{"birthday", "userTypeName", "leaveOfAbsence", "customProperties", "relations", "suspendedReason"} {
		if _, ok := u[name]; !ok {
			t.Errorf("%s is not in the answer", name)
		}
	}
	path := "/users/" + u["userId"].(string)
	u = c.must("PATCH", path, obj{"location": "서울", "nickName": nil})
	want(t, "kept", u["task"], "일")
	want(t, "cleared by null", u["nickName"], nil)
	want(t, "set", u["location"], "서울")
	u = c.must("PUT", path, member("lee", nil))
	want(t, "reset", u["task"], nil)
	want(t, "default", u["searchable"], true)

	g := c.must("POST", "/groups", obj{"domainId": dom, "groupName": "g", "administrators": []obj{{"userId": u["userId"]}}, "members": []obj{}, "useMessage": true, "useNote": true})
	want(t, "note", g["useNote"], true)
	g = c.must("PATCH", "/groups/"+g["groupId"].(string), obj{"useMessage": false})
	want(t, "cascade", g["useNote"], false)
}

func TestHeadMovesSilently(t *testing.T) {
	c := inProcess(t, newServer(t, Options{}))
	a := c.must("POST", "/orgunits", unit("A", nil))["orgUnitId"].(string)
	u1 := c.must("POST", "/users", member("u1", obj{"organizations": belongs(a, obj{"isManager": true, "primary": false})}))
	want(t, "first becomes primary", at(u1, "organizations", 0, "orgUnits", 0, "primary"), true)
	want(t, "default", at(u1, "organizations", 0, "orgUnits", 0, "visible"), true)
	c.must("POST", "/users", member("u2", obj{"organizations": belongs(a, obj{"isManager": true})}))
	u1 = c.must("GET", "/users/u1@acme.co.kr", nil)
	want(t, "head of the first", at(u1, "organizations", 0, "orgUnits", 0, "isManager"), false)
	members := c.must("GET", "/orgunits/"+a+"/members", nil)["members"].([]any)
	want(t, "members", len(members), 2)
	want(t, "new head", at(members[1], "isManager"), true)
}

func TestSiblingsAreNumbered(t *testing.T) {
	c := inProcess(t, newServer(t, Options{}))
	ids := map[string]string{}
	for i, name := range []string{"A", "B", "C", "D"} {
		ids[name] = c.must("POST", "/orgunits", unit(name, obj{"displayOrder": i + 1}))["orgUnitId"].(string)
	}
	order := func() string {
		names := make([]string, 8)
		for _, u := range c.must("GET", "/orgunits", nil)["orgUnits"].([]any) {
			if at(u, "parentOrgUnitId") == nil {
				names[int(at(u, "displayOrder").(float64))] += at(u, "orgUnitName").(string)
			}
		}
		return strings.Join(names, "")
	}
	c.must("POST", "/orgunits/"+ids["D"]+"/move", obj{"displayOrder": 2})
	want(t, "moved up", order(), "ADBC")
	c.must("POST", "/orgunits", unit("E", obj{"displayOrder": 99}))
	want(t, "appended", order(), "ADBCE")
	moved := c.must("POST", "/orgunits/"+ids["A"]+"/move", obj{"displayOrder": 1, "parentOrgUnitId": ids["B"]})
	want(t, "level", moved["displayLevel"], 2)
	want(t, "left", order(), "DBCE")
	c.must("PATCH", "/orgunits/"+ids["C"], obj{"displayOrder": 1, "parentOrgUnitId": nil})
	want(t, "ignored in PATCH", order(), "DBCE")
	c.must("DELETE", "/orgunits/"+ids["D"], nil)
	want(t, "deleted", order(), "BCE")
}

func TestPaging(t *testing.T) {
	for _, query := range []string{"", "&orderBy=NAME", "&sortOrder=DESCENDING", "&orderBy=NAME&sortOrder=DESCENDING"} {
		s := newServer(t, Options{Seed: 251})
		c := inProcess(t, s)
		walk(t, c, "/users?count=100"+query, "users", "userId", 251, 3)
	}
	c := inProcess(t, newServer(t, Options{Seed: 2500, Switches: Switches{"orgunit-order": "random"}}))
	walk(t, c, "/orgunits?count=50", "orgUnits", "orgUnitId", 208, 5)
	walk(t, c, "/users/external-keys?hasExternalKey=false", "users", "id", 1, 1)
	walk(t, c, "/directory/levels?count=2", "levels", "levelId", 5, 3)
}

func walk(t *testing.T, c *client, path, list, id string, rows, pages int) {
	t.Helper()
	been := map[string]bool{}
	cursor := ""
	for n := 1; ; n++ {
		page := c.must("GET", path+cursor, nil)
		for _, r := range page[list].([]any) {
			been[at(r, id).(string)] = true
		}
		next, ok := at(page, "responseMetaData", "nextCursor").(string)
		if !ok {
			if len(been) != rows || n != pages {
				t.Errorf("%s: %d rows on %d pages, want %d on %d", path, len(been), n, rows, pages)
			}
			return
		}
		if !strings.ContainsAny(next, "+/=") {
			t.Errorf("cursor %q needs no encoding", next)
		}
		join := "&"
		if !strings.Contains(path, "?") {
			join = "?"
		}
		cursor = join + "cursor=" + url.QueryEscape(next)
	}
}

func TestGracePeriod(t *testing.T) {
	s := newServer(t, Options{})
	c := inProcess(t, s)
	u := c.must("POST", "/users", member("kim", nil))["userId"].(string)
	if err := s.SignIn("kim@acme.co.kr"); err != nil {
		t.Fatal(err)
	}
	c.must("POST", "/users/"+u+"/suspend", nil)
	c.must("DELETE", "/users/"+u, nil)
	advance := func(d string) {
		resp, err := c.http.PostForm(c.base+"/_sandbox/clock", url.Values{"advance": {d}})
		if err != nil || resp.StatusCode != 204 {
			t.Fatalf("%v %v", resp, err)
		}
	}
	advance("167h")
	back := c.must("POST", "/users/"+u+"/undelete", nil)
	want(t, "as before", back["isSuspended"], true)
	want(t, "reason", back["suspendedReason"], "MASTER")
	c.must("DELETE", "/users/"+u, nil)
	advance("169h")
	status, _ := c.do("GET", "/users/"+u, nil)
	want(t, "purged", status, 404)
	c.must("POST", "/users", member("kim", nil))
}

func TestPlansAndSSO(t *testing.T) {
	c := inProcess(t, newServer(t, Options{Plan: "free", Seed: 29}))
	c.must("POST", "/users", member("last", nil))
	status, body := c.do("POST", "/users", member("more", nil))
	want(t, "free plan", fmt.Sprint(status, body["code"]), "403LIMIT_EXCEEDED")
	status, _ = c.do("POST", "/users/last@acme.co.kr/alias-emails/one@acme.co.kr", nil)
	want(t, "no aliases", status, 400)
	if _, err := New(Options{Plan: "free", Seed: 31}); err == nil {
		t.Error("31 members fit into the free plan")
	}
	c = inProcess(t, newServer(t, Options{SSO: true}))
	status, _ = c.do("POST", "/users", member("sso", nil))
	want(t, "key required", status, 400)
	u := c.must("POST", "/users", member("sso", obj{"userExternalKey": "1", "privateEmail": "-"}))
	want(t, "in use at once", u["isPending"], false)
}

func TestTwoDomains(t *testing.T) {
	c := inProcess(t, newServer(t, Options{Domains: []Domain{{dom, "acme.co.kr"}, {2, "beta.kr"}}}))
	b := c.must("POST", "/orgunits", unit("B", obj{"domainId": 2}))["orgUnitId"].(string)
	status, _ := c.do("POST", "/users", member("x1", obj{"organizations": belongs(b, nil)}))
	want(t, "unit of the other domain", status, 400)
	u := c.must("POST", "/users", member("x1", obj{"organizations": []obj{{"domainId": dom, "primary": true, "orgUnits": []obj{}},
		{"domainId": 2, "primary": false, "email": "x1@beta.kr", "orgUnits": []obj{{"orgUnitId": b, "primary": true}}}}}))
	want(t, "second address", at(u, "organizations", 1, "email"), "x1@beta.kr")
	status, _ = c.do("POST", "/users", member("x2", obj{"domainId": 2, "email": "x1@beta.kr"}))
	want(t, "taken", status, 409)
	want(t, "list of the domain", len(c.must("GET", "/orgunits?domainId=2", nil)["orgUnits"].([]any)), 1)
	want(t, "default domain", len(c.must("GET", "/orgunits", nil)["orgUnits"].([]any)), 0)
}
