package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/isaworks/isa/internal/diag"
)

func found(w http.ResponseWriter, _ *request) { answer(w, 200, map[string]any{"userId": "u"}) }

func TestOneTokenForMany(t *testing.T) {
	for _, life := range []any{86400, "86400", nil, "soon"} {
		for _, key := range [][]byte{pkcs1(), pkcs8()} {
			synctest.Test(t, func(t *testing.T) {
				s := newTenant(t, found)
				s.life = life
				c := s.inside(func(o *Options) {
					o.Credentials.PrivateKey = func(context.Context) ([]byte, error) { return key, nil }
				})
				var wg sync.WaitGroup
				for range 50 {
					wg.Go(func() {
						if _, err := c.User(t.Context(), "u"); err != nil {
							t.Error(err)
						}
					})
				}
				wg.Wait()
				if s.tokens != 1 {
					t.Errorf("%d tokens", s.tokens)
				}
			})
		}
	}
}

func TestATokenIsRenewedAheadOfItsEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newTenant(t, found)
		s.life = "3600"
		down := false
		s.grant = func(w http.ResponseWriter) bool {
			if down {
				w.WriteHeader(503)
			}
			return !down
		}
		c := s.inside()
		use := func(want int) {
			t.Helper()
			if _, err := c.User(t.Context(), "u"); err != nil || s.tokens != want {
				t.Errorf("%d tokens, want %d; %v", s.tokens, want, err)
			}
		}
		use(1)
		time.Sleep(54 * time.Minute)
		use(1)
		time.Sleep(2 * time.Minute)
		use(2)
		time.Sleep(56 * time.Minute)
		down = true
		use(2) // it is still good
		time.Sleep(10 * time.Minute)
		if _, err := c.User(t.Context(), "u"); diag.ClassOf(err) != diag.Unavailable {
			t.Errorf("error %v", err)
		}
		down = false
		use(3)
	})
}

func TestARefusedTokenIsReplacedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newTenant(t, found)
		c := s.inside()
		if _, err := c.User(t.Context(), "u"); err != nil {
			t.Fatal(err)
		}
		s.tokens += 10 // the service forgot ours
		var wg sync.WaitGroup
		for range 20 {
			wg.Go(func() {
				if _, err := c.CreateUser(t.Context(), Props{}); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if s.tokens != 12 {
			t.Errorf("%d tokens", s.tokens-10)
		}
		s.answer = func(w http.ResponseWriter, r *request) { fail(w, 401, "UNAUTHORIZED", "no") }
		before := len(s.requests)
		if _, err := c.User(t.Context(), "u"); diag.ClassOf(err) != diag.Denied || len(s.requests)-before != 2 {
			t.Errorf("%d requests, %v", len(s.requests)-before, err)
		}
	})
}

func TestSignInFailures(t *testing.T) {
	withKey := func(key []byte, err error) func(*Options) {
		return func(o *Options) {
			o.Credentials.PrivateKey = func(context.Context) ([]byte, error) { return key, err }
		}
	}
	refuse := func(status int, body string) func(http.ResponseWriter) bool {
		return func(w http.ResponseWriter) bool {
			w.WriteHeader(status)
			_, _ = w.Write([]byte(body))
			return false
		}
	}
	broken := []byte("-----BEGIN PRIVATE KEY-----\ncanary-token\n-----END PRIVATE KEY-----\n")
	for name, c := range map[string]struct {
		change func(*Options)
		grant  func(http.ResponseWriter) bool
		class  diag.Class
		text   string
	}{
		"no PEM":       {withKey([]byte(canaryToken), nil), nil, diag.Denied, "not PEM"},
		"broken key":   {withKey(broken, nil), nil, diag.Denied, "private key cannot be used"},
		"no key":       {withKey(nil, errors.New("file is gone")), nil, diag.Denied, "file is gone"},
		"wrong client": {func(o *Options) { o.Credentials.ClientID = "other" }, nil, diag.Denied, "service account and private key"},
		"bad client":   {nil, refuse(401, `{"error":"invalid_client"}`), diag.Denied, "client ID and client secret"},
		"bad scope":    {nil, refuse(400, `{"error":"invalid_scope"}`), diag.Denied, "enable these scopes"},
		"not found":    {nil, refuse(404, `<html>`), diag.Denied, "check the auth base"},
		"down":         {nil, refuse(503, ``), diag.Unavailable, "HTTP 503"},
		"limited":      {nil, refuse(429, ``), diag.Limited, "HTTP 429"},
		"no token":     {nil, refuse(200, `{"access_token":""}`), diag.Unavailable, "no token"},
		"split header": {nil, refuse(200, `{"access_token":"a\nb"}`), diag.Unavailable, "no header"},
		"not JSON":     {nil, refuse(200, `<html>`), diag.Unavailable, "no token"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newTenant(t, found)
			asked := 0
			s.grant = func(w http.ResponseWriter) bool { asked++; return c.grant == nil || c.grant(w) }
			if c.change == nil {
				c.change = func(*Options) {}
			}
			_, err := s.inside(c.change).CreateUser(t.Context(), Props{})
			if diag.ClassOf(err) != c.class || !strings.Contains(err.Error(), c.text) || diag.MayHaveHappened(err) || len(s.seen()) > 0 {
				t.Errorf("class %s, %v", diag.ClassOf(err), err)
			}
			if asked > tokenAttempts {
				t.Errorf("asked %d times", asked)
			}
			noCanary(t, "the error", fmt.Sprintf("%v %+v", err, err))
		})
	}
}

func TestOneRefusalAnswersAllWhoWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newTenant(t, found)
		asked := 0
		s.grant = func(w http.ResponseWriter) bool {
			asked++
			time.Sleep(time.Second)
			w.WriteHeader(401)
			return false
		}
		c := s.inside()
		var wg sync.WaitGroup
		for range 30 {
			wg.Go(func() {
				if _, err := c.User(t.Context(), "u"); diag.ClassOf(err) != diag.Denied {
					t.Errorf("error %v", err)
				}
			})
		}
		wg.Wait()
		if asked != 1 {
			t.Errorf("asked %d times", asked)
		}
	})
}

func TestAWaiterOutlivesTheOneWhoFetched(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newTenant(t, found)
		s.grant = func(http.ResponseWriter) bool { time.Sleep(time.Second); return true }
		c := s.inside()
		ctx, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		wg.Go(func() { _, _ = c.User(ctx, "u") })
		synctest.Wait()
		wg.Go(func() {
			if _, err := c.User(t.Context(), "u"); err != nil {
				t.Error(err)
			}
		})
		synctest.Wait()
		cancel()
		wg.Wait()
	})
}
