package sandbox

import (
	"testing"
	"time"
)

// twoDomains is a tenant of two domains, the second as 10000002.
func twoDomains(t *testing.T, switches Switches) (*Server, *client) {
	s := newServer(t, Options{Features: true, Switches: switches, Domains: []Domain{
		{ID: dom, Name: "acme.co.kr"}, {ID: 10000002, Name: "acme-lab.co.kr"},
	}})
	c := inProcess(t, s)
	c.login("directory")
	return s, c
}

func toLab(more obj) obj {
	org := obj{"domainId": 10000002, "primary": true, "email": "kim@acme-lab.co.kr"}
	for k, v := range more {
		if org[k] = v; v == "-" {
			delete(org, k)
		}
	}
	return obj{"organizations": []obj{org}}
}

// TestMoveBetweenDomains is reference 10 §2.13.
func TestMoveBetweenDomains(t *testing.T) {
	_, c := twoDomains(t, nil)
	unitID := c.must("POST", "/orgunits", unit("영업팀", nil))["orgUnitId"].(string)
	there := c.must("POST", "/orgunits", unit("AI팀", obj{"domainId": 10000002}))["orgUnitId"].(string)
	kind := c.must("POST", "/directory/user-types", obj{"domainId": dom, "displayOrder": 1, "userTypeName": "정규직"})["userTypeId"].(string)
	id := c.must("POST", "/users", member("kim", obj{"userExternalKey": "1", "userTypeId": kind, "organizations": belongs(unitID, obj{"isManager": true})}))["userId"].(string)
	other := c.must("POST", "/users", member("lee", nil))["userId"].(string)
	group := c.must("POST", "/groups", obj{"domainId": dom, "groupName": "TF", "administrators": []obj{{"userId": other}},
		"members": []obj{{"id": id, "type": "USER"}, {"id": other, "type": "USER"}}})["groupId"].(string)

	for name, refused := range map[string]struct {
		path   string
		body   obj
		status int
	}{
		"without organizations": {"/users/" + id + "/move", obj{}, 400},
		"none of them":          {"/users/" + id + "/move", obj{"organizations": []obj{}}, 400},
		"without an address":    {"/users/" + id + "/move", toLab(obj{"email": "-"}), 400},
		"to the same domain":    {"/users/" + id + "/move", toLab(obj{"domainId": dom, "email": "kim2@acme.co.kr"}), 400},
		"to no domain":          {"/users/" + id + "/move", toLab(obj{"domainId": 7}), 400},
		"to a unit elsewhere":   {"/users/" + id + "/move", toLab(obj{"orgUnits": []obj{{"orgUnitId": unitID, "primary": true}}}), 400},
		"to a taken address":    {"/users/" + id + "/move", toLab(obj{"email": "lee@acme.co.kr"}), 409},
		"an administrator":      {"/users/admin@acme.co.kr/move", toLab(nil), 400},
		"nobody":                {"/users/nobody@acme.co.kr/move", toLab(nil), 404},
	} {
		if status, body := c.do("POST", refused.path, refused.body); status != refused.status {
			t.Errorf("%s: %d %v", name, status, body)
		}
	}

	body := toLab(obj{"userExternalKey": "ignored", "orgUnits": []obj{{"orgUnitId": there, "primary": true, "isManager": true}}})
	body["userExternalKey"] = "L1"
	c.must("POST", "/users/"+id+"/move", body)
	u := c.must("GET", "/users/externalKey:L1", nil)
	want(t, "the account", u["userId"], id)
	want(t, "domain", u["domainId"], 10000002.0)
	want(t, "address", u["email"], "kim@acme-lab.co.kr")
	want(t, "alias", u["aliasEmails"], []any{"kim@acme.co.kr"})
	want(t, "type", u["userTypeId"], nil)
	want(t, "domains", len(u["organizations"].([]any)), 1)
	want(t, "unit", at(u, "organizations", 0, "orgUnits", 0, "orgUnitId"), there)
	want(t, "the group", len(c.must("GET", "/groups/"+group, nil)["members"].([]any)), 1)
	want(t, "the old domain", len(c.must("GET", "/users", nil)["users"].([]any)), 2)
	want(t, "the new domain", len(c.must("GET", "/users?domainId=10000002", nil)["users"].([]any)), 1)

	c.must("DELETE", "/users/"+id, nil)
	if status, _ := c.do("POST", "/users/"+id+"/move", obj{"organizations": []obj{{"domainId": dom, "primary": true, "email": "kim@acme.co.kr"}}}); status != 400 {
		t.Errorf("a deleted member is moved: %d", status)
	}
}

func TestMoveSwitches(t *testing.T) {
	_, c := twoDomains(t, Switches{"user-move-status": "204", "user-move-alias": "dropped", "concurrent-listed": "yes"})
	id := c.must("POST", "/users", member("kim", nil))["userId"].(string)
	body := toLab(nil)
	body["organizations"] = append(body["organizations"].([]obj), obj{"domainId": dom, "primary": false})
	if status, out := c.do("POST", "/users/"+id+"/move", body); status != 204 || len(out) > 0 {
		t.Errorf("the move is answered with %d %v", status, out)
	}
	u := c.must("GET", "/users/"+id, nil)
	want(t, "aliases", u["aliasEmails"], []any{})
	want(t, "the list of the concurrent post's domain", len(c.must("GET", "/users", nil)["users"].([]any)), 2)
}

// TestARegistrationExpires: by hand and by the clock; neither a login nor, unless the
// switch says so, an invitation helps then.
func TestARegistrationExpires(t *testing.T) {
	for value, status := range map[string]int{"rejected": 400, "renews": 204} {
		s, c := twoDomains(t, Switches{"invitation-expired": value})
		c.must("POST", "/users", member("kim", nil))
		c.must("POST", "/users", member("lee", nil))
		c.must("POST", "/users/kim@acme.co.kr/send-invitation-email", obj{"usePrivateEmail": false, "email": "home@example.com"})
		sent := s.Invitations()
		if len(sent) != 3 || sent[1].To != "home@example.com" || sent[0].To != "kim@example.com" {
			t.Errorf("invited are %v", sent)
		}
		if err := s.Expire("kim@acme.co.kr"); err != nil {
			t.Fatal(err)
		}
		if err := s.SignIn("kim@acme.co.kr"); err == nil {
			t.Error("an expired registration signs in")
		}
		if err := s.SignIn("lee@acme.co.kr"); err != nil {
			t.Error(err)
		}
		c.must("POST", "/users", member("park", nil))
		if err := s.Advance(30 * 24 * time.Hour); err != nil {
			t.Fatal(err)
		}
		if got, _ := c.do("POST", "/users/park@acme.co.kr/send-invitation-email", obj{"usePrivateEmail": true}); got != status {
			t.Errorf("%s: the invitation is answered with %d", value, got)
		}
		if err := s.SignIn("park@acme.co.kr"); (err == nil) != (value == "renews") {
			t.Errorf("%s: signing in says %v", value, err)
		}
		if err := s.Expire("lee@acme.co.kr"); err == nil {
			t.Error("who has registered expires")
		}
	}
}
