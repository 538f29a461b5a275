package sandbox

import (
	"crypto/rand"
	"crypto/rsa"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

func TestTokenRequests(t *testing.T) {
	now := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	c := inProcess(t, newServer(t, Options{Now: func() time.Time { return now }}))
	other, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	claim := func(name string, v any) string {
		return c.assertion(func(m map[string]any) { m[name] = v })
	}
	good := c.assertion(nil)
	tampered := strings.Split(good, ".")
	tampered[1] = strings.Split(claim("exp", now.Unix()+10), ".")[1]
	cases := map[string]struct {
		form   map[string]string
		status int
		code   string
	}{
		"good":            {map[string]string{"grant_type": jwtGrant, "assertion": good, "scope": "directory"}, 200, ""},
		"wrong secret":    {map[string]string{"grant_type": jwtGrant, "assertion": good, "scope": "directory", "client_secret": "no"}, 401, "invalid_client"},
		"no client":       {map[string]string{"grant_type": jwtGrant, "assertion": good, "scope": "directory", "client_id": ""}, 400, "invalid_request"},
		"grant type":      {map[string]string{"grant_type": "password", "scope": "directory"}, 400, "unsupported_grant_type"},
		"no grant type":   {map[string]string{}, 400, "invalid_request"},
		"no assertion":    {map[string]string{"grant_type": jwtGrant, "scope": "directory"}, 400, "invalid_request"},
		"no scope":        {map[string]string{"grant_type": jwtGrant, "assertion": good}, 400, "invalid_request"},
		"unknown scope":   {map[string]string{"grant_type": jwtGrant, "assertion": good, "scope": "everything"}, 400, "invalid_scope"},
		"comma":           {map[string]string{"grant_type": jwtGrant, "assertion": good, "scope": "directory,user"}, 400, "invalid_scope"},
		"signature":       {map[string]string{"grant_type": jwtGrant, "assertion": signJWT(t, other, map[string]any{}), "scope": "directory"}, 400, "invalid_grant"},
		"tampered":        {map[string]string{"grant_type": jwtGrant, "assertion": strings.Join(tampered, "."), "scope": "directory"}, 400, "invalid_grant"},
		"iss":             {map[string]string{"grant_type": jwtGrant, "assertion": claim("iss", "x"), "scope": "directory"}, 400, "invalid_grant"},
		"sub":             {map[string]string{"grant_type": jwtGrant, "assertion": claim("sub", "x"), "scope": "directory"}, 400, "invalid_grant"},
		"expired":         {map[string]string{"grant_type": jwtGrant, "assertion": claim("exp", now.Unix()), "scope": "directory"}, 400, "invalid_grant"},
		"too long":        {map[string]string{"grant_type": jwtGrant, "assertion": claim("exp", now.Unix()+3601), "scope": "directory"}, 400, "invalid_grant"},
		"future":          {map[string]string{"grant_type": jwtGrant, "assertion": claim("iat", now.Unix()+300), "scope": "directory"}, 400, "invalid_grant"},
		"not a JWT":       {map[string]string{"grant_type": jwtGrant, "assertion": "a.b.c", "scope": "directory"}, 400, "invalid_grant"},
		"unknown refresh": {map[string]string{"grant_type": "refresh_token", "refresh_token": "x"}, 400, "invalid_grant"},
		"unknown code":    {map[string]string{"grant_type": "authorization_code", "code": "x"}, 400, "invalid_grant"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			status, body := c.form("token", tc.form)
			code, _ := body["error"].(string)
			if status != tc.status || code != tc.code {
				t.Errorf("got %d %v, want %d %s", status, body, tc.status, tc.code)
			}
		})
	}
}

func TestTokenLife(t *testing.T) {
	now := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	c := inProcess(t, newServer(t, Options{Now: func() time.Time { return now }}))
	_, first := c.form("token", map[string]string{"grant_type": jwtGrant, "assertion": c.assertion(nil), "scope": "directory user"})
	now = now.Add(25 * time.Hour)
	c.token = first["access_token"].(string)
	status, _ := c.do("GET", "/users", nil)
	want(t, "expired", status, 401)
	status, fresh := c.form("token", map[string]string{"grant_type": "refresh_token", "refresh_token": first["refresh_token"].(string)})
	want(t, "refresh", status, 200)
	want(t, "no rotation", fresh["refresh_token"], nil)
	c.token = fresh["access_token"].(string)
	c.must("GET", "/users", nil)
	status, _ = c.form("revoke", map[string]string{"token": c.token, "token_type_hint": "access_token"})
	want(t, "revoke", status, 200)
	status, _ = c.do("GET", "/users", nil)
	want(t, "revoked", status, 401)
	now = now.Add(91 * 24 * time.Hour)
	status, body := c.form("token", map[string]string{"grant_type": "refresh_token", "refresh_token": first["refresh_token"].(string)})
	want(t, "refresh token is over", fmt.Sprint(status, body["error"]), "400invalid_grant")
}

func TestAuthorizationCode(t *testing.T) {
	c := inProcess(t, newServer(t, Options{}))
	c.must("POST", "/users", member("kim", nil))
	c.http.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	ask := url.Values{"client_id": {c.env["WORKS_CLIENT_ID"]}, "redirect_uri": {"http://127.0.0.1:9/back"}, "scope": {"user.read openid directory"}, "response_type": {"code"}, "state": {"s1"}}
	resp, err := c.http.Get(c.base + "/oauth2/v2.0/authorize?" + ask.Encode())
	if err != nil || resp.StatusCode != 200 {
		t.Fatal(resp, err)
	}
	choose := func(change func(url.Values)) url.Values {
		form := url.Values{}
		for k, v := range ask {
			form[k] = v
		}
		form.Set("user", "kim@acme.co.kr")
		form.Set("allow", "yes")
		if change != nil {
			change(form)
		}
		resp, err := c.http.PostForm(c.base+"/oauth2/v2.0/authorize", form)
		if err != nil {
			t.Fatal(err)
		}
		u, err := url.Parse(resp.Header.Get("Location"))
		if err != nil {
			t.Fatal(err)
		}
		return u.Query()
	}
	want(t, "denied", choose(func(f url.Values) { f.Set("allow", "no") }).Get("error"), "access_denied")
	want(t, "unknown member", choose(func(f url.Values) { f.Set("user", "nobody@acme.co.kr") }).Get("error"), "access_denied")
	want(t, "foreign redirect", len(choose(func(f url.Values) { f.Set("redirect_uri", "https://example.com/") })), 0)
	back := choose(nil)
	want(t, "state", back.Get("state"), "s1")
	status, body := c.form("token", map[string]string{"grant_type": "authorization_code", "code": back.Get("code")})
	want(t, "exchange", status, 200)
	want(t, "ID token", body["id_token"] != nil, true)
	status, again := c.form("token", map[string]string{"grant_type": "authorization_code", "code": back.Get("code")})
	want(t, "used twice", fmt.Sprint(status, again["error"]), "400invalid_grant")
	c.token = body["access_token"].(string)
	me := c.must("GET", "/users/me", nil)
	want(t, "me", me["email"], "kim@acme.co.kr")
	want(t, "signed in", me["isPending"], false)
	status, _ = c.do("POST", "/users", member("x1", nil))
	want(t, "no administrator", status, 403)
	c.login("directory")
	c.must("DELETE", "/users/kim@acme.co.kr", nil)
	c.token = body["access_token"].(string)
	status, _ = c.do("GET", "/users/me", nil)
	want(t, "deleted member", status, 401)
}
