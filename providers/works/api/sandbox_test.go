package api_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/internal/lanes"
	"github.com/isaworks/isa/providers/works/api"
	"github.com/isaworks/isa/providers/works/sandbox"
)

const acme = 10000001

// sandboxClient makes a client of a local tenant; transport nil is net/http.
func sandboxClient(t *testing.T, s *sandbox.Server, transport http.RoundTripper, l *lanes.Set) *api.Client {
	t.Helper()
	env := s.Env()
	c, err := api.New(api.Options{
		APIBase: env["ISA_API_BASE"], AuthBase: env["ISA_AUTH_BASE"], Transport: transport, Lanes: l,
		Backoff: 10 * time.Millisecond,
		Credentials: api.Credentials{
			ClientID: env["WORKS_CLIENT_ID"], ServiceAccount: env["WORKS_SERVICE_ACCOUNT"],
			ClientSecret: func(context.Context) (string, error) { return env["WORKS_CLIENT_SECRET"], nil },
			PrivateKey:   func(context.Context) ([]byte, error) { return []byte(env["WORKS_PRIVATE_KEY"]), nil },
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func newSandbox(t *testing.T, o sandbox.Options) *sandbox.Server {
	t.Helper()
	s, err := sandbox.New(o)
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

func TestSandboxOverASocket(t *testing.T) {
	s := newSandbox(t, sandbox.Options{Seed: 250})
	if _, err := s.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	t.Cleanup(transport.CloseIdleConnections)
	c := sandboxClient(t, s, transport, lanes.New(lanes.Budget{PerMinute: 100000}))
	users, err := api.Collect(c.Users(t.Context(), api.ListOptions{DomainID: acme}))
	if err != nil || len(users) < 250 {
		t.Fatalf("%d users, %v", len(users), err)
	}
	key := "a key:+&=@한글"
	created, err := c.CreateUser(t.Context(), api.Props{
		"domainId": acme, "email": "gildong@acme.co.kr", "userExternalKey": key, "privateEmail": "gildong@example.com",
		"userName": api.Props{"lastName": "홍", "firstName": "길동"},
	})
	if err != nil {
		t.Fatal(err)
	}
	got, err := c.User(t.Context(), api.ExternalKey(key))
	if err != nil || got.UserID != created.UserID {
		t.Errorf("by key: %+v, %v", got, err)
	}
	patched, err := c.PatchUser(t.Context(), created.UserID, api.Props{"task": "영업 <A&B>", "userExternalKey": nil})
	if err != nil || *patched.Task != "영업 <A&B>" || patched.UserExternalKey != nil {
		t.Errorf("patched: %+v, %v", patched, err)
	}
	if _, err := c.CreateUser(t.Context(), api.Props{
		"domainId": acme, "email": "gildong@acme.co.kr", "privateEmail": "x@example.com", "userName": api.Props{"lastName": "홍"},
	}); diag.ClassOf(err) != diag.Exists || diag.MayHaveHappened(err) {
		t.Errorf("a taken address: %v", err)
	}
	if err := c.DeleteUser(t.Context(), created.UserID); err != nil {
		t.Error(err)
	}
	if restored, err := c.UndeleteUser(t.Context(), created.UserID); err != nil || restored.UserID != created.UserID {
		t.Errorf("restored: %v", err)
	}
	if _, err := c.User(t.Context(), "nobody"); diag.ClassOf(err) != diag.NotFound {
		t.Errorf("nobody: %v", err)
	}
}

// TestSandboxUnderItsLimits runs more writes than a minute allows, of every kind
// of lane, and looks for what a careful client never does.
func TestSandboxUnderItsLimits(t *testing.T) {
	for _, window := range []string{"first-call", "clock"} {
		t.Run(window, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newSandbox(t, sandbox.Options{Limits: true, Seed: 20, Switches: sandbox.Switches{"window": window, "expires-in": "text"}})
				c := sandboxClient(t, s, s.RoundTripper(), lanes.New(lanes.Budget{PerMinute: 240, WriterGap: time.Second}))
				start := time.Now()
				var wg sync.WaitGroup
				const people, units = 500, 30
				for i := range people {
					wg.Go(func() {
						if _, err := c.CreateUser(t.Context(), api.Props{
							"domainId": acme, "email": fmt.Sprintf("p%d@acme.co.kr", i), "privateEmail": "x@example.com",
							"userName": api.Props{"lastName": "김"},
						}); err != nil {
							t.Error(err)
						}
					})
				}
				for i := range units {
					wg.Go(func() {
						if _, err := c.CreateOrgUnit(t.Context(), acme, api.Props{
							"domainId": acme, "orgUnitName": fmt.Sprint("팀 ", i), "displayOrder": 1,
						}); err != nil {
							t.Error(err)
						}
					})
				}
				wg.Wait()
				took, bound := time.Since(start), 2*time.Minute // 500 creations at 240 a minute
				if took > bound*105/100 {
					t.Errorf("took %v, the bound is %v", took, bound)
				}
				if bad := s.Violations(); len(bad) > 0 {
					t.Errorf("violations: %s", strings.Join(bad, "; "))
				}
				refused := 0
				for _, r := range s.Requests() {
					if r.Status == http.StatusTooManyRequests {
						refused++
					}
				}
				if refused > 0 {
					t.Errorf("%d refused by the limit", refused)
				}
			})
		})
	}
}

func TestSandboxFaults(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSandbox(t, sandbox.Options{Seed: 300, Faults: "429=5%,500=5%,502=5%,drop-response=5%,drop-request=5%,html-error=3%,cursor-expired=2%"})
		c := sandboxClient(t, s, s.RoundTripper(), lanes.New(lanes.Budget{PerMinute: 100000}))
		for range 10 {
			users, err := api.Collect(c.Users(t.Context(), api.ListOptions{DomainID: acme}))
			if err != nil || len(users) < 300 {
				t.Errorf("%d users, %v", len(users), err)
			}
		}
		for i := range 100 {
			email := fmt.Sprintf("p%d@acme.co.kr", i)
			_, err := c.CreateUser(t.Context(), api.Props{
				"domainId": acme, "email": email, "privateEmail": "x@example.com", "userName": api.Props{"lastName": "김"},
			})
			if err != nil && !diag.MayHaveHappened(err) {
				t.Errorf("%s: %v", email, err)
			}
		}
	})
}
