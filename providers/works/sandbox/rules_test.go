package sandbox

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// step is one request and what it has to answer. Paths and bodies may name the
// objects made before as {name}.
type step struct {
	method, path string
	body         any
	status       int
	code         string
}

// TestRules is every rule of the reference as request → status, code, in a tenant
// that has a unit T, a unit S below it, a member M in S, a level L, a group G.
func TestRules(t *testing.T) {
	long := strings.Repeat("가", 101)
	cases := map[string]struct {
		switches Switches
		steps    []step
	}{
		"user required": {nil, []step{
			{"POST", "/users", member("a1", obj{"domainId": "-"}), 400, "MISSING_PARAMETER"},
			{"POST", "/users", member("a1", obj{"email": "-"}), 400, "MISSING_PARAMETER"},
			{"POST", "/users", member("a1", obj{"userName": "-"}), 400, "MISSING_PARAMETER"},
			{"POST", "/users", member("a1", obj{"userName": obj{}}), 400, "MISSING_PARAMETER"},
			{"POST", "/users", member("a1", obj{"privateEmail": "-"}), 400, "MISSING_PARAMETER"},
			{"POST", "/users", member("a1", nil), 201, ""}}},
		"user values": {nil, []step{
			{"POST", "/users", member("A1", nil), 400, "INVALID_PARAMETER"},
			{"POST", "/users", member("a", nil), 400, "INVALID_PARAMETER"},
			{"POST", "/users", member("a..b", nil), 400, "INVALID_PARAMETER"},
			{"POST", "/users", member("ab.", nil), 400, "INVALID_PARAMETER"},
			{"POST", "/users", member("ab", obj{"email": "ab@elsewhere.kr"}), 400, "INVALID_PARAMETER"},
			{"POST", "/users", member("ab", obj{"userExternalKey": "a/b"}), 400, "INVALID_PARAMETER"},
			{"POST", "/users", member("ab", obj{"userExternalKey": long}), 400, "LIMIT_EXCEEDED"},
			{"POST", "/users", member("ab", obj{"userName": obj{"lastName": "김*"}}), 400, "INVALID_PARAMETER"},
			{"POST", "/users", member("ab", obj{"telephone": "no digit"}), 400, "INVALID_PARAMETER"},
			{"POST", "/users", member("ab", obj{"cellPhone": "010 1234"}), 400, "INVALID_PARAMETER"},
			{"POST", "/users", member("ab", obj{"birthday": "2001-02-30"}), 400, "INVALID_PARAMETER"},
			{"POST", "/users", member("ab", obj{"activationDate": "2020-01-01T00:00:00+09:00"}), 400, "INVALID_PARAMETER"},
			{"POST", "/users", member("ab", obj{"locale": "de_DE"}), 400, "INVALID_PARAMETER"},
			{"POST", "/users", member("ab", obj{"employeeNumber": ""}), 400, "INVALID_PARAMETER"},
			{"POST", "/users", member("ab", obj{"task": long}), 400, "LIMIT_EXCEEDED"},
			{"POST", "/users", member("ab", obj{"searchable": "yes"}), 400, "INVALID_PARAMETER"},
			{"POST", "/users", member("ab", obj{"searchable": nil}), 400, "INVALID_PARAMETER"},
			{"POST", "/users", member("ab", obj{"nonsense": 1}), 400, "INVALID_PARAMETER"},
			{"POST", "/users", member("ab", obj{"isPending": false}), 201, ""}}},
		"user references": {nil, []step{
			{"POST", "/users", member("ab", obj{"organizations": belongs("nowhere", nil)}), 400, "INVALID_PARAMETER"},
			{"POST", "/users", member("ab", obj{"userTypeId": "x"}), 400, "INVALID_PARAMETER"},
			{"POST", "/users", member("ab", obj{"organizations": []obj{{"domainId": dom, "primary": true, "levelId": "externalKey:none"}}}), 400, "INVALID_PARAMETER"},
			{"POST", "/users", member("ab", obj{"organizations": []obj{{"domainId": dom, "orgUnits": []obj{}}}}), 400, "MISSING_PARAMETER"},
			{"POST", "/users", member("ab", obj{"organizations": belongs("{T}", obj{"positionId": "x"})}), 400, "INVALID_PARAMETER"},
			{"POST", "/users", member("ab", obj{"organizations": []obj{{"domainId": dom, "primary": true, "levelId": "externalKey:lv"}}}), 201, ""}}},
		"user passwords": {nil, []step{
			{"POST", "/users", member("p1", obj{"privateEmail": "-", "passwordConfig": obj{"passwordCreationType": "ADMIN"}}), 400, "MISSING_PARAMETER"},
			{"POST", "/users", member("p1", obj{"privateEmail": "-", "passwordConfig": obj{"passwordCreationType": "ADMIN", "password": "short1!"}}), 400, "INVALID_PARAMETER"},
			{"POST", "/users", member("p1", obj{"privateEmail": "-", "passwordConfig": obj{"passwordCreationType": "ADMIN", "password": "Long-enough-1"}}), 201, ""}}},
		"user duplicates": {nil, []step{
			{"POST", "/users", member("m", obj{"email": "mm@acme.co.kr"}), 409, "ALREADY_EXIST"},
			{"POST", "/users", member("n1", obj{"email": "team@acme.co.kr"}), 409, "ALREADY_EXIST"},
			{"POST", "/users", member("n1", obj{"userExternalKey": "E1"}), 409, "ALREADY_EXIST"},
			{"POST", "/users", member("n1", obj{"aliasEmails": []string{"mm@acme.co.kr"}}), 409, "ALREADY_EXIST"}}},
		"user duplicates 400": {Switches{"duplicate-status": "400"}, []step{
			{"POST", "/users", member("m", obj{"email": "mm@acme.co.kr"}), 400, "INVALID_PARAMETER"}}},
		"user states": {nil, []step{
			{"POST", "/users/{M}/suspend", nil, 400, "BAD_REQUEST"}, // pending
			{"POST", "/users/{M}/unsuspend", nil, 400, "BAD_REQUEST"},
			{"POST", "/users/{M}/undelete", nil, 400, "BAD_REQUEST"},
			{"DELETE", "/users/admin@acme.co.kr", nil, 400, "BAD_REQUEST"},
			{"DELETE", "/users/admin@acme.co.kr/forcedelete", nil, 400, "BAD_REQUEST"},
			{"POST", "/users/admin@acme.co.kr/suspend", nil, 400, "BAD_REQUEST"},
			{"DELETE", "/users/externalKey:E1", nil, 204, ""},
			{"DELETE", "/users/{M}", nil, 400, "BAD_REQUEST"},
			{"PATCH", "/users/{M}", obj{"task": "x"}, 400, "BAD_REQUEST"},
			{"POST", "/users", member("mm", nil), 409, "ALREADY_EXIST"}, // still taken
			{"GET", "/users/{M}", nil, 200, ""},
			{"POST", "/users/{M}/undelete", nil, 200, ""},
			{"DELETE", "/users/{M}/forcedelete", nil, 204, ""},
			{"GET", "/users/{M}", nil, 404, "USER_NOT_EXIST"},
			{"POST", "/users", member("mm", nil), 201, ""}}},
		"user deleted switches": {Switches{"deleted-reserved": "no", "deleted-get": "404", "delete-deleted": "410"}, []step{
			{"DELETE", "/users/{M}", nil, 204, ""},
			{"GET", "/users/{M}", nil, 404, "USER_NOT_EXIST"},
			{"DELETE", "/users/{M}", nil, 410, "DELETED"},
			{"POST", "/users", member("mm", nil), 201, ""},
			{"POST", "/users/{M}/undelete", nil, 409, "ALREADY_EXIST"}}},
		"user aliases": {nil, []step{
			{"POST", "/users/{M}/alias-emails/mm2@acme.co.kr", nil, 201, ""},
			{"POST", "/users/{M}/alias-emails/team@acme.co.kr", nil, 409, "ALREADY_EXIST"},
			{"POST", "/users/{M}/alias-emails/UP@acme.co.kr", nil, 400, "INVALID_PARAMETER"},
			{"DELETE", "/users/{M}/alias-emails/mm2@acme.co.kr", nil, 204, ""},
			{"DELETE", "/users/{M}/alias-emails/mm2@acme.co.kr", nil, 404, "NOT_FOUND"}}},
		"user invitation": {nil, []step{
			{"POST", "/users/{M}/send-invitation-email", obj{}, 400, "MISSING_PARAMETER"},
			{"POST", "/users/{M}/send-invitation-email", obj{"usePrivateEmail": false}, 400, "MISSING_PARAMETER"},
			{"POST", "/users/{M}/send-invitation-email", obj{"usePrivateEmail": true}, 204, ""},
			{"POST", "/users/admin@acme.co.kr/send-invitation-email", obj{"usePrivateEmail": true}, 400, "BAD_REQUEST"}}},
		"user keys": {nil, []step{
			{"POST", "/users/external-keys", obj{"users": []obj{}}, 400, "INVALID_PARAMETER"},
			{"POST", "/users/external-keys", obj{"users": []obj{{"id": "nobody", "externalKey": "E9"}}}, 404, "NOT_FOUND"},
			{"POST", "/users/external-keys", obj{"users": []obj{{"id": "admin@acme.co.kr", "externalKey": "E1"}}}, 409, "CONFLICT"},
			{"POST", "/users/external-keys", obj{"users": []obj{{"id": "{M}", "externalKey": "E2"}, {"id": "admin@acme.co.kr", "externalKey": "E1"}}}, 204, ""},
			{"GET", "/users/externalKey:E2", nil, 200, ""}}},
		"lists": {nil, []step{
			{"GET", "/users?count=0", nil, 400, "INVALID_PARAMETER"},
			{"GET", "/users?count=101", nil, 400, "INVALID_PARAMETER"},
			{"GET", "/users?cursor=zzz", nil, 400, "INVALID_PARAMETER"},
			{"GET", "/users?domainId=5", nil, 400, "INVALID_PARAMETER"},
			{"GET", "/users?nonsense=5", nil, 400, "INVALID_PARAMETER"},
			{"GET", "/users?orderBy=NAME&sortOrder=DESCENDING", nil, 200, ""},
			{"GET", "/users/me", nil, 403, "FORBIDDEN"},
			{"GET", "/nothing", nil, 404, "NOT_FOUND"}}},
		"unit rules": {nil, []step{
			{"POST", "/orgunits", unit("A", obj{"displayOrder": "-"}), 400, "MISSING_PARAMETER"},
			{"POST", "/orgunits", unit("A", obj{"displayOrder": 0}), 400, "OUT_OF_RANGE"},
			{"POST", "/orgunits", unit("A*", nil), 400, "INVALID_PARAMETER"},
			{"POST", "/orgunits", unit("A", obj{"parentOrgUnitId": "none"}), 404, "ORGUNIT_NOT_EXIST"},
			{"POST", "/orgunits", unit("A", obj{"orgUnitExternalKey": "T"}), 409, "ALREADY_EXIST"},
			{"POST", "/orgunits", unit("A", obj{"email": "mm@acme.co.kr"}), 409, "ALREADY_EXIST"},
			{"POST", "/orgunits", unit("A", obj{"description": strings.Repeat("x", 161)}), 400, "LIMIT_EXCEEDED"},
			{"PUT", "/orgunits/{T}", obj{"domainId": dom, "orgUnitName": "T"}, 400, "MISSING_PARAMETER"}, // email
			{"PATCH", "/orgunits/{T}", obj{"visible": false}, 200, ""},
			{"PATCH", "/orgunits/{S}", obj{"visible": true}, 400, "INVALID_PARAMETER"},
			{"POST", "/orgunits", unit("A", obj{"parentOrgUnitId": "{T}"}), 400, "INVALID_PARAMETER"},
			{"POST", "/orgunits/{T}/move", obj{"displayOrder": 1, "parentOrgUnitId": "{S}"}, 400, "INVALID_PARAMETER"},
			{"POST", "/orgunits/{S}/move", obj{}, 400, "MISSING_PARAMETER"},
			{"DELETE", "/orgunits/{T}", nil, 400, "BAD_REQUEST"}, // M is in S, below T
			{"PATCH", "/users/{M}", obj{"organizations": []obj{{"domainId": dom, "primary": true, "orgUnits": []obj{}}}}, 200, ""},
			{"DELETE", "/orgunits/{T}", nil, 204, ""},
			{"GET", "/orgunits/{S}", nil, 404, "ORGUNIT_NOT_EXIST"}}},
		"unit delete counts in use": {Switches{"orgunit-delete-counts": "in-use", "orgunit-delete-status": "403"}, []step{
			{"DELETE", "/orgunits/{S}", nil, 403, "FORBIDDEN"},
			{"DELETE", "/users/{M}", nil, 204, ""},
			{"DELETE", "/orgunits/{S}", nil, 204, ""},
			{"POST", "/users/{M}/undelete", nil, 200, ""}}},
		"items off": {nil, []step{
			{"GET", "/directory/positions", nil, 403, "FORBIDDEN"},
			{"POST", "/directory/positions", obj{"domainId": dom, "displayOrder": 1, "positionName": "팀장"}, 403, "FORBIDDEN"},
			{"POST", "/directory/positions/enable", nil, 204, ""},
			{"POST", "/directory/positions", obj{"domainId": dom, "displayOrder": -1, "positionName": "팀장"}, 201, ""},
			{"GET", "/directory/positions", nil, 200, ""}}},
		"items off empty": {Switches{"list-while-off": "empty"}, []step{{"GET", "/directory/positions", nil, 200, ""}}},
		"items rules": {nil, []step{
			{"POST", "/directory/levels", obj{"domainId": dom, "displayOrder": 1, "levelName": "대리"}, 400, "MISSING_PARAMETER"},
			{"POST", "/directory/levels", obj{"domainId": dom, "displayOrder": 1, "levelName": "사원", "executive": false}, 409, "ALREADY_EXIST"},
			{"POST", "/directory/levels", obj{"domainId": dom, "displayOrder": 1, "levelName": "대리", "executive": false, "levelExternalKey": "lv"}, 409, "ALREADY_EXIST"},
			{"PUT", "/directory/levels/{L}", obj{"displayOrder": 1, "levelName": "사원"}, 400, "MISSING_PARAMETER"},
			{"PATCH", "/directory/levels/{L}", obj{"levelExternalKey": nil}, 200, ""},
			{"GET", "/directory/levels/externalKey:lv", nil, 404, "NOT_FOUND"},
			{"PATCH", "/users/{M}", obj{"organizations": []obj{{"domainId": dom, "primary": true, "levelId": "{L}"}}}, 200, ""},
			{"DELETE", "/directory/levels/{L}", nil, 403, "FORBIDDEN"},
			{"POST", "/directory/levels/external-keys", obj{"levels": []obj{{"id": "{L}", "externalKey": "x"}}}, 400, "MISSING_PARAMETER"},
			{"POST", "/directory/levels/external-keys", obj{"levels": []obj{{"domainId": dom, "id": "{L}", "externalKey": "x"}}}, 204, ""},
			{"POST", "/directory/levels/disable", nil, 204, ""},
			{"GET", "/directory/levels/{L}", nil, 403, "FORBIDDEN"}}},
		"group rules": {nil, []step{
			{"POST", "/groups", obj{"domainId": dom, "groupName": "x", "members": []obj{}}, 400, "MISSING_PARAMETER"},
			{"POST", "/groups", obj{"domainId": dom, "groupName": "x", "administrators": []obj{}, "members": []obj{}}, 400, "INVALID_PARAMETER"},
			{"POST", "/groups", obj{"domainId": dom, "groupName": "x", "administrators": []obj{{"userId": "{M}"}}}, 400, "MISSING_PARAMETER"},
			{"POST", "/groups", obj{"domainId": dom, "groupName": "g", "administrators": []obj{{"userId": "{M}"}}, "members": []obj{}}, 409, "ALREADY_EXIST"},
			{"POST", "/groups", obj{"domainId": dom, "groupName": "x", "administrators": []obj{{"userId": "nobody"}}, "members": []obj{}}, 404, "NOT_FOUND"},
			{"POST", "/groups", obj{"domainId": dom, "groupName": "x", "administrators": []obj{{"userId": "{M}"}}, "members": []obj{}, "useMail": true}, 400, "MISSING_PARAMETER"},
			{"POST", "/groups", obj{"domainId": dom, "groupName": "x", "administrators": []obj{{"userId": "{M}"}}, "members": []obj{}, "groupEmail": "x1@acme.co.kr"}, 400, "INVALID_PARAMETER"},
			{"POST", "/groups", obj{"domainId": dom, "groupName": "x", "administrators": []obj{{"userId": "{M}"}}, "members": []obj{{"id": "{T}", "type": "ORGUNIT"}}, "useMail": true, "groupEmail": "mm@acme.co.kr"}, 409, "ALREADY_EXIST"},
			{"POST", "/groups/{G}/members", obj{"id": "{S}", "type": "ORGUNIT"}, 201, ""},
			{"POST", "/groups/{G}/members", obj{"id": "externalKey:S", "type": "ORGUNIT"}, 409, "ALREADY_EXIST"},
			{"POST", "/groups/{G}/members", obj{"id": "{G}", "type": "GROUP"}, 400, "INVALID_PARAMETER"},
			{"DELETE", "/groups/{G}/members/{S}", nil, 400, "MISSING_PARAMETER"},
			{"DELETE", "/groups/{G}/members/{S}?type=ORGUNIT", nil, 204, ""},
			{"DELETE", "/groups/{G}/members/{S}?type=ORGUNIT", nil, 404, "NOT_FOUND"},
			{"POST", "/groups/{G}/administrators", obj{"userId": "mm@acme.co.kr"}, 409, "ALREADY_EXIST"},
			{"DELETE", "/groups/{G}/administrators/{M}", nil, 403, "FORBIDDEN"},
			{"POST", "/groups/{G}/administrators", obj{"userId": "admin@acme.co.kr"}, 201, ""},
			{"DELETE", "/groups/{G}/administrators/{M}", nil, 204, ""},
			{"GET", "/groups/{G}/members", nil, 200, ""},
			{"GET", "/groups/externalKey:G", nil, 200, ""},
			{"DELETE", "/groups/{G}", nil, 204, ""},
			{"GET", "/groups/{G}", nil, 404, "GROUP_NOT_EXIST"}}},
		"read-only rejected": {Switches{"read-only": "rejected", "patch-null": "rejects"}, []step{
			{"POST", "/users", member("ab", obj{"isPending": false}), 400, "INVALID_PARAMETER"},
			{"PATCH", "/users/{M}", obj{"task": nil}, 400, "INVALID_PARAMETER"}}},
		"create status": {Switches{"user-create-status": "200", "service-account-me": "404"}, []step{
			{"POST", "/users", member("ab", nil), 200, ""}, {"GET", "/users/me", nil, 404, "NOT_FOUND"}}},
		"bodies": {nil, []step{
			{"POST", "/users", "{", 400, "BAD_REQUEST"}, {"POST", "/users", "[]", 400, "BAD_REQUEST"},
			{"POST", "/users", "{} {}", 400, "BAD_REQUEST"}, {"POST", "/users", "\"\xff\"", 400, "BAD_REQUEST"}}},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			c := inProcess(t, newServer(t, Options{Switches: tc.switches}))
			ids := c.world()
			for _, s := range tc.steps {
				status, body := c.do(s.method, ids.Replace(s.path), fill(t, s.body, ids))
				if code, _ := body["code"].(string); status != s.status || code != s.code {
					t.Errorf("%s %s %v: got %d %v, want %d %s", s.method, s.path, s.body, status, body, s.status, s.code)
				}
			}
		})
	}
}

// world makes the objects that the rules are tried on.
func (c *client) world() *strings.Replacer {
	c.t.Helper()
	c.must("POST", "/directory/levels/enable", nil)
	top := c.must("POST", "/orgunits", unit("T", obj{"orgUnitExternalKey": "T", "email": "team@acme.co.kr"}))["orgUnitId"].(string)
	sub := c.must("POST", "/orgunits", unit("S", obj{"orgUnitExternalKey": "S", "parentOrgUnitId": "externalKey:T"}))["orgUnitId"].(string)
	m := c.must("POST", "/users", member("mm", obj{"userExternalKey": "E1", "organizations": belongs(sub, nil)}))["userId"].(string)
	l := c.must("POST", "/directory/levels", obj{"domainId": dom, "displayOrder": 1, "levelName": "사원", "levelExternalKey": "lv", "executive": false})["levelId"].(string)
	g := c.must("POST", "/groups", obj{"domainId": dom, "groupName": "G", "groupExternalKey": "G", "administrators": []obj{{"userId": m}}, "members": []obj{{"id": "externalKey:E1", "type": "USER"}}})["groupId"].(string)
	return strings.NewReplacer("{T}", top, "{S}", sub, "{M}", m, "{L}", l, "{G}", g)
}

func fill(t *testing.T, body any, ids *strings.Replacer) any {
	switch b := body.(type) {
	case nil:
		return nil
	case string:
		return b
	default:
		return ids.Replace(encode(t, b))
	}
}

// TestWrongHeaders: what is refused before a body is looked at.
func TestWrongHeaders(t *testing.T) {
	c := inProcess(t, newServer(t, Options{}))
	for _, header := range []string{"", "Bearer", "Bearer  " + c.token, "bearer " + c.token, "Bearer " + c.token + "x"} {
		r, _ := http.NewRequestWithContext(t.Context(), "GET", c.base+"/v1.0/users", nil)
		r.Header.Set("Authorization", header)
		resp, err := c.http.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		want(t, "status of a wrong header", resp.StatusCode, 401)
		want(t, "Server", resp.Header.Get("Server"), "isa-sandbox")
		_ = resp.Body.Close()
	}
	c.login("orgunit.read")
	status, body := c.do("GET", "/users", nil)
	want(t, "missing scope", status, 403)
	want(t, "missing scope", body["code"], "FORBIDDEN")
	want(t, "cursor needs encoding", url.QueryEscape(sealCursor("x", "1")) == sealCursor("x", "1"), false)
}
