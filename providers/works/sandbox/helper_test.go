package sandbox

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"
)

// testKey is made once: making RSA keys is slow.
var testKey = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
})

func keyPEMOf(key *rsa.PrivateKey) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)})
}

// client talks to a sandbox as any HTTP program does.
type client struct {
	t     testing.TB
	http  *http.Client
	base  string
	token string
	env   map[string]string
	now   func() time.Time
}

func newServer(t testing.TB, opt Options) *Server {
	t.Helper()
	if opt.PrivateKey == nil && opt.Dir == "" {
		opt.PrivateKey = keyPEMOf(testKey())
	}
	s, err := New(opt)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// inProcess returns a client with a service-account token.
func inProcess(t testing.TB, s *Server) *client {
	t.Helper()
	c := &client{t: t, http: &http.Client{Transport: s.RoundTripper()}, env: s.Env(), now: s.opt.Now}
	c.base = strings.TrimSuffix(c.env["ISA_API_BASE"], "/v1.0")
	c.login("directory user orgunit group")
	return c
}

func (c *client) assertion(change func(claims map[string]any)) string {
	now := c.now().Unix()
	claims := map[string]any{"iss": c.env["WORKS_CLIENT_ID"], "sub": c.env["WORKS_SERVICE_ACCOUNT"], "iat": now, "exp": now + 1800}
	if change != nil {
		change(claims)
	}
	key, err := parseKey([]byte(c.env["WORKS_PRIVATE_KEY"]))
	if err != nil {
		c.t.Fatal(err)
	}
	return signJWT(c.t, key, claims)
}

func signJWT(t testing.TB, key *rsa.PrivateKey, claims map[string]any) string {
	data, err := json.Marshal(claims)
	if err != nil {
		t.Fatal(err)
	}
	enc := base64.RawURLEncoding
	text := enc.EncodeToString([]byte(`{"alg":"RS256","typ":"JWT"}`)) + "." + enc.EncodeToString(data)
	sum := sha256.Sum256([]byte(text))
	sig, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, sum[:])
	if err != nil {
		t.Fatal(err)
	}
	return text + "." + enc.EncodeToString(sig)
}

func (c *client) form(path string, values map[string]string) (int, map[string]any) {
	c.t.Helper()
	form := url.Values{"client_id": {c.env["WORKS_CLIENT_ID"]}, "client_secret": {c.env["WORKS_CLIENT_SECRET"]}}
	for k, v := range values {
		form.Set(k, v)
	}
	resp, err := c.http.PostForm(c.base+"/oauth2/v2.0/"+path, form)
	if err != nil {
		c.t.Fatal(err)
	}
	return read(c.t, resp)
}

func read(t testing.TB, resp *http.Response) (int, map[string]any) {
	t.Helper()
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]any{}
	if len(data) > 0 && strings.HasPrefix(resp.Header.Get("Content-Type"), "application/json") {
		if err := json.Unmarshal(data, &out); err != nil {
			t.Fatalf("%s: %v", data, err)
		}
	}
	return resp.StatusCode, out
}

func (c *client) login(scope string) {
	c.t.Helper()
	status, body := c.form("token", map[string]string{"grant_type": jwtGrant, "assertion": c.assertion(nil), "scope": scope})
	if status != 200 {
		c.t.Fatalf("token: %d %v", status, body)
	}
	c.token = body["access_token"].(string)
}

// try sends a request; err is a broken connection.
func (c *client) try(method, path string, body any) (*http.Response, error) {
	var in io.Reader
	switch b := body.(type) {
	case nil:
	case string:
		in = strings.NewReader(b)
	default:
		data, err := json.Marshal(b)
		if err != nil {
			c.t.Fatal(err)
		}
		in = bytes.NewReader(data)
	}
	r, err := http.NewRequestWithContext(c.t.Context(), method, c.base+"/v1.0"+path, in)
	if err != nil {
		c.t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+c.token)
	if in != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	return c.http.Do(r)
}

func (c *client) do(method, path string, body any) (int, map[string]any) {
	c.t.Helper()
	resp, err := c.try(method, path, body)
	if err != nil {
		c.t.Fatalf("%s %s: %v", method, path, err)
	}
	return read(c.t, resp)
}

// must sends a request that has to succeed.
func (c *client) must(method, path string, body any) map[string]any {
	c.t.Helper()
	status, out := c.do(method, path, body)
	if status >= 300 {
		c.t.Fatalf("%s %s: %d %v", method, path, status, out)
	}
	return out
}

type obj = map[string]any

const dom = 10000001

func member(local string, more obj) obj {
	out := obj{"domainId": dom, "email": local + "@acme.co.kr", "userName": obj{"lastName": "김", "firstName": local}, "privateEmail": local + "@example.com"}
	for k, v := range more {
		if out[k] = v; v == "-" {
			delete(out, k)
		}
	}
	return out
}

func unit(name string, more obj) obj {
	out := obj{"domainId": dom, "orgUnitName": name, "displayOrder": 1}
	for k, v := range more {
		if out[k] = v; v == "-" {
			delete(out, k)
		}
	}
	return out
}

// belongs is an organizations value with one unit.
func belongs(unitID string, more obj) []obj {
	m := obj{"orgUnitId": unitID, "primary": true}
	for k, v := range more {
		m[k] = v
	}
	return []obj{{"domainId": dom, "primary": true, "orgUnits": []obj{m}}}
}

// at walks into an answer: at(v, "organizations", 0, "email").
func at(v any, path ...any) any {
	for _, p := range path {
		switch k := p.(type) {
		case string:
			m, _ := v.(map[string]any)
			v = m[k]
		case int:
			l, _ := v.([]any)
			if k >= len(l) {
				return nil
			}
			v = l[k]
		}
	}
	return v
}

func want(t testing.TB, what string, got, want any) {
	t.Helper()
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}
