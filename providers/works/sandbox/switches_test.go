package sandbox

import (
	"fmt"
	"strings"
	"sync"
	"testing"
)

// TestSwitchValues: what a switch changes, seen from outside.
func TestSwitchValues(t *testing.T) {
	type try struct {
		value string
		want  string
	}
	cases := map[string]struct {
		run   func(c *client, ids *strings.Replacer) string
		tries []try
	}{
		"patch-arrays": {func(c *client, ids *strings.Replacer) string {
			c.must("PATCH", "/users/mm@acme.co.kr", obj{"aliasEmails": []string{"a1@acme.co.kr"}})
			return fmt.Sprint(c.must("PATCH", "/users/mm@acme.co.kr", obj{"aliasEmails": []string{"a2@acme.co.kr"}})["aliasEmails"])
		}, []try{{"replace", "[a2@acme.co.kr]"}, {"merge", "[a1@acme.co.kr a2@acme.co.kr]"}}},
		"unknown-property": {func(c *client, ids *strings.Replacer) string {
			return status(c.do("PATCH", "/users/mm@acme.co.kr", obj{"nonsense": 1}))
		}, []try{{"rejected", "400"}, {"ignored", "200"}}},
		"move-without-parent": {func(c *client, ids *strings.Replacer) string {
			return fmt.Sprint(c.must("POST", ids.Replace("/orgunits/{S}/move"), obj{"displayOrder": 1})["displayLevel"])
		}, []try{{"top", "1"}, {"keep", "2"}}},
		"orgunit-patch-without-email": {func(c *client, ids *strings.Replacer) string {
			return status(c.do("PATCH", ids.Replace("/orgunits/{S}"), obj{"orgUnitName": "X"}))
		}, []try{{"accepted", "200"}, {"rejected", "400"}}},
		"orgunit-name-unique": {func(c *client, ids *strings.Replacer) string {
			return status(c.do("POST", "/orgunits", unit("T", nil)))
		},
			[]try{{"no", "201"}, {"yes", "409"}}},
		"orgunit-delete-children": {func(c *client, ids *strings.Replacer) string {
			c.must("POST", "/users/mm@acme.co.kr/alias-emails/zz@acme.co.kr", nil)
			c.must("PATCH", "/users/mm@acme.co.kr", obj{"organizations": []obj{}})
			return status(c.do("DELETE", ids.Replace("/orgunits/{T}"), nil))
		}, []try{{"deleted", "204"}, {"refused", "400"}}},
		"orgunit-members": {func(c *client, ids *strings.Replacer) string {
			return fmt.Sprint(len(c.must("GET", ids.Replace("/orgunits/{T}/members"), nil)["members"].([]any)))
		}, []try{{"direct", "0"}, {"subtree", "1"}}},
		"deleted-listed": {func(c *client, ids *strings.Replacer) string {
			c.must("DELETE", "/users/mm@acme.co.kr", nil)
			return fmt.Sprint(len(c.must("GET", "/users", nil)["users"].([]any)))
		}, []try{{"yes", "2"}, {"no", "1"}}},
		"forcedelete-active": {func(c *client, ids *strings.Replacer) string {
			return status(c.do("DELETE", "/users/mm@acme.co.kr/forcedelete", nil))
		},
			[]try{{"accepted", "204"}, {"rejected", "400"}}},
		"phone-space": {func(c *client, ids *strings.Replacer) string {
			return status(c.do("PATCH", "/users/mm@acme.co.kr", obj{"telephone": "02 1"}))
		}, []try{{"rejected", "400"}, {"accepted", "200"}}},
		"password-policy": {func(c *client, ids *strings.Replacer) string {
			return status(c.do("POST", "/users", member("pw", obj{"passwordConfig": obj{"passwordCreationType": "ADMIN", "password": "weak"}})))
		}, []try{{"inferred", "400"}, {"none", "201"}}},
		"employee-number-unique": {func(c *client, ids *strings.Replacer) string {
			c.must("PATCH", "/users/mm@acme.co.kr", obj{"employeeNumber": "7"})
			return status(c.do("POST", "/users", member("en", obj{"employeeNumber": "7"})))
		}, []try{{"no", "201"}, {"yes", "409"}}},
		"messenger-name": {func(c *client, ids *strings.Replacer) string {
			return fmt.Sprint(at(c.must("PATCH", "/users/mm@acme.co.kr", obj{"messenger": obj{"protocol": "TWITTER", "messengerId": "m"}}), "messenger", "protocol"))
		}, []try{{"X", "X"}, {"TWITTER", "TWITTER"}}},
		"item-in-use-delete": {func(c *client, ids *strings.Replacer) string {
			c.must("PATCH", "/users/mm@acme.co.kr", obj{"organizations": []obj{{"domainId": dom, "primary": true, "levelId": ids.Replace("{L}")}}})
			s := status(c.do("DELETE", ids.Replace("/directory/levels/{L}"), nil))
			return s + fmt.Sprint(at(c.must("GET", "/users/mm@acme.co.kr", nil), "organizations", 0, "levelName"))
		}, []try{{"403", "403사원"}, {"clears", "204<nil>"}}},
		"group-empty-members": {func(c *client, ids *strings.Replacer) string {
			return status(c.do("PATCH", ids.Replace("/groups/{G}"), obj{"members": []obj{}}))
		}, []try{{"accepted", "200"}, {"rejected", "400"}}},
		"group-member-key": {func(c *client, ids *strings.Replacer) string {
			return status(c.do("POST", ids.Replace("/groups/{G}/members"), obj{"id": "externalKey:T", "type": "ORGUNIT"}))
		}, []try{{"accepted", "201"}, {"rejected", "400"}}},
		"group-email-without-mail": {func(c *client, ids *strings.Replacer) string {
			return status(c.do("PATCH", ids.Replace("/groups/{G}"), obj{"groupEmail": "gg@acme.co.kr"}))
		}, []try{{"rejected", "400"}, {"cleared", "200"}}},
		"group-sub-switch": {func(c *client, ids *strings.Replacer) string {
			return status(c.do("PATCH", ids.Replace("/groups/{G}"), obj{"useNote": true}))
		}, []try{{"false", "200"}, {"rejected", "400"}}},
		"group-unknown-member": {func(c *client, ids *strings.Replacer) string {
			return status(c.do("POST", ids.Replace("/groups/{G}/members"), obj{"id": "nobody", "type": "USER"}))
		}, []try{{"404", "404"}, {"400", "400"}}},
		"group-last-administrator": {func(c *client, ids *strings.Replacer) string {
			return status(c.do("DELETE", ids.Replace("/groups/{G}/administrators/{M}"), nil))
		}, []try{{"403", "403"}, {"400", "400"}}},
		"group-cycles": {func(c *client, ids *strings.Replacer) string {
			h := c.must("POST", "/groups", obj{"domainId": dom, "groupName": "H", "administrators": []obj{{"userId": "mm@acme.co.kr"}}, "members": []obj{{"id": ids.Replace("{G}"), "type": "GROUP"}}})
			return status(c.do("POST", ids.Replace("/groups/{G}/members"), obj{"id": h["groupId"], "type": "GROUP"}))
		}, []try{{"rejected", "400"}, {"accepted", "201"}}},
		"bulk-keys": {func(c *client, ids *strings.Replacer) string {
			s := status(c.do("POST", "/users/external-keys", obj{"users": []obj{{"id": "mm@acme.co.kr", "externalKey": "E7"}, {"id": "nobody", "externalKey": "E8"}}}))
			return s + fmt.Sprint(c.must("GET", "/users/mm@acme.co.kr", nil)["userExternalKey"])
		}, []try{{"all-or-nothing", "404E1"}, {"one-by-one", "404E7"}}},
		"scope-comma": {func(c *client, ids *strings.Replacer) string {
			return status(c.form("token", map[string]string{"grant_type": jwtGrant, "assertion": c.assertion(nil), "scope": "user,group"}))
		}, []try{{"rejected", "400"}, {"accepted", "200"}}},
		"expires-in": {func(c *client, ids *strings.Replacer) string {
			_, body := c.form("token", map[string]string{"grant_type": jwtGrant, "assertion": c.assertion(nil), "scope": "user"})
			return fmt.Sprintf("%T", body["expires_in"])
		}, []try{{"number", "float64"}, {"text", "string"}}},
	}
	for name, tc := range cases {
		for _, try := range tc.tries {
			t.Run(name+"="+try.value, func(t *testing.T) {
				c := inProcess(t, newServer(t, Options{Switches: Switches{name: try.value}}))
				want(t, "behaviour", tc.run(c, c.world()), try.want)
			})
		}
	}
	c := inProcess(t, newServer(t, Options{Switches: Switches{"orgunit-email": "required"}}))
	want(t, "orgunit-email=required", status(c.do("POST", "/orgunits", unit("A", nil))), "400")
}

func status(code int, _ map[string]any) string { return fmt.Sprint(code) }

// TestTogether: many clients at once, for the race detector; nothing is lost.
func TestTogether(t *testing.T) {
	s := newServer(t, Options{Dir: t.TempDir(), Faults: "stale-read=1ms"})
	c := inProcess(t, s)
	var wg sync.WaitGroup
	for w := range 6 {
		wg.Go(func() {
			for i := range 10 {
				name := fmt.Sprintf("w%dn%d", w, i)
				c.must("POST", "/users", member(name, nil))
				c.must("GET", "/users?orderBy=NAME", nil)
				if i%2 == 0 {
					c.must("DELETE", "/users/"+name+"@acme.co.kr/forcedelete", nil)
				}
			}
		})
	}
	wg.Wait()
	want(t, "members", len(s.state().Users), 1+6*5)
	want(t, "violations", s.Violations(), []string{})
}
