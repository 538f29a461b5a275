package api

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/isaworks/isa/internal/lanes"
)

// The canaries: no text that the client makes may hold one of them.
const (
	canarySecret   = "canary-client-secret"
	canaryToken    = "canary-token"
	canaryPassword = "canary-Passw0rd"
)

var testKey = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
})

func pkcs1() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(testKey())})
}

func pkcs8() []byte {
	der, err := x509.MarshalPKCS8PrivateKey(testKey())
	if err != nil {
		panic(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
}

// tenant is a small strict service: it verifies assertions and tokens, and hands
// every API request to answer.
type tenant struct {
	t      *testing.T
	answer func(w http.ResponseWriter, r *request)
	scope  string
	life   any // expires_in
	grant  func(w http.ResponseWriter) bool

	mu       sync.Mutex
	tokens   int
	requests []*request
}

// request is one API request as it came.
type request struct {
	*http.Request
	path string // encoded
	body map[string]any
	nth  int // from 1
}

func (s *tenant) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/oauth2/v2.0/token" {
		s.token(w, r)
		return
	}
	s.mu.Lock()
	valid := "Bearer " + canaryToken + fmt.Sprint(s.tokens)
	req := &request{Request: r, path: r.URL.EscapedPath(), nth: len(s.requests) + 1}
	s.requests = append(s.requests, req)
	s.mu.Unlock()
	if r.Header.Get("Authorization") != valid {
		fail(w, 401, "UNAUTHORIZED", "token "+r.Header.Get("Authorization"))
		return
	}
	if text, _ := io.ReadAll(r.Body); len(text) > 0 {
		if r.Header.Get("Content-Type") != "application/json; charset=UTF-8" {
			s.t.Errorf("content type %q", r.Header.Get("Content-Type"))
		}
		if err := json.Unmarshal(text, &req.body); err != nil {
			s.t.Errorf("body %s: %v", text, err)
		}
	}
	s.answer(w, req)
}

func (s *tenant) token(w http.ResponseWriter, r *http.Request) {
	if s.grant != nil && !s.grant(w) {
		return
	}
	claims := jwt.MapClaims{}
	_, err := jwt.ParseWithClaims(r.FormValue("assertion"), claims, func(*jwt.Token) (any, error) { return &testKey().PublicKey, nil },
		jwt.WithValidMethods([]string{"RS256"}), jwt.WithExpirationRequired(), jwt.WithIssuedAt(), jwt.WithIssuer("client"), jwt.WithSubject("sa@acme"))
	if err != nil || len(claims) != 4 || r.FormValue("client_id") != "client" || r.FormValue("client_secret") != canarySecret ||
		r.FormValue("grant_type") != "urn:ietf:params:oauth:grant-type:jwt-bearer" || r.FormValue("scope") == "" {
		w.WriteHeader(400)
		fmt.Fprintf(w, `{"error":"invalid_grant","error_description":"%v %s"}`, err, r.FormValue("client_secret"))
		return
	}
	s.mu.Lock()
	s.tokens++
	n := s.tokens
	s.mu.Unlock()
	answer(w, 200, map[string]any{"access_token": canaryToken + fmt.Sprint(n), "scope": s.scope, "token_type": "Bearer", "expires_in": s.life})
}

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	if err := json.NewEncoder(w).Encode(body); err != nil {
		panic(err)
	}
}

func fail(w http.ResponseWriter, status int, code, description string) {
	answer(w, status, map[string]any{"code": code, "description": description})
}

func (s *tenant) seen() []*request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.requests
}

func newTenant(t *testing.T, answer func(http.ResponseWriter, *request)) *tenant {
	return &tenant{t: t, answer: answer, scope: "directory", life: 86400}
}

func options() Options {
	return Options{
		Credentials: Credentials{
			ClientID: "client", ServiceAccount: "sa@acme",
			ClientSecret: func(context.Context) (string, error) { return canarySecret, nil },
			PrivateKey:   func(context.Context) ([]byte, error) { return pkcs8(), nil },
		},
		Lanes:   lanes.New(lanes.Budget{PerMinute: 10000}),
		Backoff: time.Millisecond,
	}
}

// socket returns a client of the tenant over a loopback socket.
func (s *tenant) socket(change ...func(*Options)) *Client {
	server := httptest.NewServer(s)
	s.t.Cleanup(server.Close)
	o := options()
	o.APIBase, o.AuthBase = server.URL, server.URL
	transport := newTransport().(*http.Transport)
	s.t.Cleanup(transport.CloseIdleConnections)
	o.Transport = transport
	return s.client(o, change...)
}

// inside returns a client of the tenant without sockets, for bubbles of time.
func (s *tenant) inside(change ...func(*Options)) *Client {
	o := options()
	o.APIBase, o.AuthBase = "http://127.0.0.1:1", "http://127.0.0.1:1"
	o.Transport = direct{s}
	return s.client(o, change...)
}

func (s *tenant) client(o Options, change ...func(*Options)) *Client {
	s.t.Helper()
	for _, c := range change {
		c(&o)
	}
	client, err := New(o)
	if err != nil {
		s.t.Fatal(err)
	}
	return client
}

// direct calls a handler as a transport; a handler that aborts loses the answer.
type direct struct{ handler http.Handler }

func (d direct) RoundTrip(r *http.Request) (res *http.Response, err error) {
	defer func() {
		if p := recover(); p == http.ErrAbortHandler {
			res, err = nil, io.ErrUnexpectedEOF
		} else if p != nil {
			panic(p)
		}
	}()
	if r.Body == nil {
		r.Body = http.NoBody
	}
	recorder := httptest.NewRecorder()
	d.handler.ServeHTTP(recorder, r)
	return recorder.Result(), nil
}

// users answers list requests from names, in pages of size.
func users(w http.ResponseWriter, from, to int, next any) {
	page := []any{}
	for i := from; i < to; i++ {
		page = append(page, map[string]any{"userId": fmt.Sprint("u", i), "email": fmt.Sprintf("u%d@acme.co.kr", i), "newProperty": 1})
	}
	body := map[string]any{"users": page}
	if next != "absent" {
		body["responseMetaData"] = map[string]any{"nextCursor": next}
	}
	answer(w, 200, body)
}

func noCanary(t *testing.T, what string, texts ...string) {
	t.Helper()
	keyBody := string(bytes.Split(pkcs8(), []byte("\n"))[1])
	for _, text := range texts {
		for _, canary := range []string{canarySecret, canaryToken, canaryPassword, keyBody} {
			if strings.Contains(text, canary) {
				t.Errorf("%s holds %s: %s", what, canary, text)
			}
		}
	}
}
