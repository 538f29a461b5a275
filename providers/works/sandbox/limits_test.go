package sandbox

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

func TestRateLimit(t *testing.T) {
	for _, tc := range []struct {
		window string
		start  time.Duration // into a minute of the clock
		wait   time.Duration // until calls are free again
	}{{"first-call", 20 * time.Second, 60 * time.Second}, {"clock", 20 * time.Second, 40 * time.Second}} {
		t.Run(tc.window, func(t *testing.T) {
			now := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC).Add(tc.start)
			c := inProcess(t, newServer(t, Options{Limits: true, Plan: "free", Now: func() time.Time { return now }, Switches: Switches{"window": tc.window}}))
			for i := 1; i <= 60; i++ {
				resp, err := c.try("GET", "/users", nil)
				if err != nil || resp.StatusCode != 200 {
					t.Fatalf("call %d: %v %v", i, resp, err)
				}
				want(t, "used", resp.Header.Get("rateLimit-ssed"), i)
				want(t, "remaining", resp.Header.Get("rateLimit-remaining"), 60-i)
				want(t, "limit", resp.Header.Get("rateLimit-limit"), 60)
				_ = resp.Body.Close()
			}
			now = now.Add(tc.wait - 1500*time.Millisecond)
			resp, err := c.try("GET", "/users", nil)
			if err != nil {
				t.Fatal(err)
			}
			want(t, "reset", resp.Header.Get("rateLimit-reset"), 2)
			status, body := read(t, resp)
			want(t, "over", fmt.Sprint(status, body["code"]), "429TOO_MANY_REQUESTS")
			c.must("GET", "/groups", nil) // another operation has a budget of its own
			now = now.Add(1500 * time.Millisecond)
			c.must("GET", "/users", nil)
		})
	}
}

func TestSpeedShortensTheMinute(t *testing.T) {
	now := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	s := newServer(t, Options{Limits: true, Plan: "free", Speed: 60, Now: func() time.Time { return now }})
	c := inProcess(t, s)
	for range 60 {
		c.must("GET", "/users", nil)
	}
	status, _ := c.do("GET", "/users", nil)
	want(t, "over", status, 429)
	now = now.Add(time.Second)
	c.must("GET", "/users", nil)
	want(t, "the sandbox's clock", s.clock.Now().Sub(now), 59*time.Second)
}

func TestOrgUnitWriters(t *testing.T) {
	now := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	s := newServer(t, Options{Limits: true, Now: func() time.Time { return now }, Domains: []Domain{{dom, "acme.co.kr"}, {2, "beta.kr"}}})
	c := inProcess(t, s)
	c.must("POST", "/orgunits", unit("A", nil))
	c.must("POST", "/orgunits", unit("A", obj{"domainId": 2})) // another domain
	now = now.Add(985 * time.Millisecond)                      // within the tolerance
	c.must("POST", "/orgunits", unit("B", nil))
	now = now.Add(900 * time.Millisecond)
	status, body := c.do("POST", "/orgunits", unit("C", nil))
	want(t, "too early", fmt.Sprint(status, body["code"]), "400ORGUNIT_WRITER_VIOLATION")
	want(t, "counted", len(s.Violations()), 1)
	c.must("GET", "/orgunits", nil)
}

// TestOverlap: writes that overlap are refused though limits are off.
func TestOverlap(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t, Options{Faults: "slow=100%:2s"})
		c := inProcess(t, s)
		u := c.must("POST", "/users", member("kim", nil))["userId"].(string)
		for _, tc := range []struct {
			code, method, path string
			body               any
		}{
			{"USER_WRITE_OVERLAP", "PATCH", "/users/" + u, obj{"task": "x"}},
			{"ORGUNIT_WRITER_VIOLATION", "POST", "/orgunits", unit("A", nil)},
		} {
			var wg sync.WaitGroup
			codes := make([]string, 2)
			for i := range codes {
				wg.Go(func() {
					time.Sleep(time.Duration(i) * time.Second)
					_, body := c.do(tc.method, tc.path, tc.body)
					codes[i], _ = body["code"].(string)
				})
			}
			wg.Wait()
			want(t, "codes", codes, []string{"", tc.code})
		}
		want(t, "counted", len(s.Violations()), 2)
	})
}

func TestFaults(t *testing.T) {
	cases := map[string]struct {
		status int
		made   bool
	}{"429=100%": {429, false}, "500=100%": {500, false}, "502=100%": {502, false}, "html-error=100%": {502, false},
		"drop-request=100%": {0, false}, "drop-response=100%": {0, true}, "cursor-expired=100%": {201, true}, "": {201, true}}
	for faults, tc := range cases {
		t.Run(faults, func(t *testing.T) {
			s := newServer(t, Options{})
			base, err := s.Start(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			c := inProcess(t, s)
			c.base, c.http = base, &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
			if err := s.SetFaults(faults); err != nil {
				t.Fatal(err)
			}
			status := 0
			if resp, err := c.try("POST", "/users", member("kim", nil)); err == nil {
				status, _ = read(t, resp)
			}
			want(t, "status", status, tc.status)
			if err := s.SetFaults(""); err != nil {
				t.Fatal(err)
			}
			inner, _ := c.do("GET", "/users/kim@acme.co.kr", nil)
			want(t, "work done", inner == 200, tc.made)
		})
	}
}

func TestFaultsInProcess(t *testing.T) {
	s := newServer(t, Options{Faults: "drop-response=100%"})
	c := inProcess(t, s)
	if _, err := c.try("POST", "/users", member("kim", nil)); err == nil {
		t.Error("the cut connection is no error")
	}
	want(t, "members", len(s.state().Users), 2)
	want(t, "logged", s.Requests()[0].Code, "DROP_RESPONSE")
}

func TestFaultsAreDeterministic(t *testing.T) {
	run := func(seed uint64) string {
		s := newServer(t, Options{SeedValue: seed, Faults: "429=20%,500=20%,slow=10%:1ns"})
		var b strings.Builder
		for range 200 {
			fmt.Fprint(&b, s.faults.next("user-list").kind)
		}
		return b.String()
	}
	if first, again := run(1), run(1); first != again {
		t.Error("one seed, two sequences")
	}
	if run(1) == run(2) {
		t.Error("two seeds, one sequence")
	}
	if n := strings.Count(run(3), "0"); n < 60 || n > 140 {
		t.Errorf("%d of 200 requests without a fault, about half are meant", n)
	}
}

func TestStaleRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t, Options{Faults: "stale-read=3s"})
		c := inProcess(t, s)
		c.must("POST", "/users", member("kim", obj{"task": "old"}))
		time.Sleep(4 * time.Second)
		c.must("PATCH", "/users/kim@acme.co.kr", obj{"task": "new"})
		been := map[any]bool{}
		for range 50 {
			been[c.must("GET", "/users/kim@acme.co.kr", nil)["task"]] = true
		}
		want(t, "old and new are seen", been, map[any]bool{"old": true, "new": true})
		time.Sleep(4 * time.Second)
		for range 50 {
			want(t, "later", c.must("GET", "/users/kim@acme.co.kr", nil)["task"], "new")
		}
	})
}

func TestParseFaults(t *testing.T) {
	for _, bad := range []string{"x=1%", "500", "500=1", "500=-1%", "500=101%", "500=60%,502=60%", "slow=1%", "slow=1%:x", "500=1%:2s", "stale-read=0s", "500=NaN%"} {
		if _, err := ParseFaults(bad); err == nil {
			t.Errorf("%q is accepted", bad)
		}
	}
	if _, err := ParseFaults("429=2%,500=1%,502=1%,drop-response=1%,drop-request=1%,slow=5%:2s,stale-read=3s,cursor-expired=1%,html-error=1%"); err != nil {
		t.Error(err)
	}
}
