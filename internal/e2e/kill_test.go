package e2e

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/isaworks/isa/bench/company"
	"github.com/isaworks/isa/bench/soak/story"
)

// killStories is how many seeded kill stories CI runs; each kills isa several times.
// bench/soak runs more.
const killStories = 10

// TestKilledAtAnyMoment sets a company up and reorganises it by applies that are
// killed with SIGKILL after a random number of requests, again and again: the
// tenant is the same as without kills, no object is there twice, and the state can
// be read at every stop. Some stories lose answers or restart the service on top.
func TestKilledAtAnyMoment(t *testing.T) {
	var sum story.Outcome
	told := 0
	for seed := range uint64(killStories) {
		t.Run(fmt.Sprintf("seed %d", seed), func(t *testing.T) {
			o := story.Numbered(seed)
			var err error
			if o.Binary, err = program(); err != nil {
				t.Fatal(err)
			}
			o.Dir = t.TempDir()
			o.Company = company.Make(company.Size{Members: 40, Units: 12, Grades: 5, Positions: 4, Posts: 8, Seed: 3})
			out, err := story.Tell(t.Context(), o)
			if err != nil {
				t.Fatal(err)
			}
			t.Logf("%+v", out)
			sum.Add(out)
			told++
		})
	}
	if told == killStories && sum.Kills < 20 {
		t.Errorf("%d kills in all; want at least 20", sum.Kills)
	}
}

// killAfter starts an apply and kills it as soon as the sandbox saw that many
// requests, unless it ends before.
func (tn *tenant) killAfter(t *testing.T, dir string, requests int) {
	t.Helper()
	start := len(tn.Requests())
	cmd := tn.command(dir, "apply", "--yes")
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	exited := make(chan error, 1)
	go func() { exited <- cmd.Wait() }()
	for len(tn.Requests())-start < requests {
		select {
		case err := <-exited:
			t.Logf("ended before it could be killed: %v\n%s", err, out.String())
			return
		case <-time.After(200 * time.Microsecond):
		}
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Log("killed too late:", err)
	}
	<-exited
}

// killAt starts an apply and kills it at its first request of a method and path:
// after the tenant has carried it out and before its answer, or before it arrives.
func (tn *tenant) killAt(t *testing.T, dir string, after bool, method, path string, args ...string) {
	t.Helper()
	served := tn.Handler()
	reached, killed := make(chan struct{}), make(chan struct{})
	var once sync.Once
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != method || !strings.HasSuffix(r.URL.Path, path) {
			served.ServeHTTP(w, r)
			return
		}
		if after {
			served.ServeHTTP(httptest.NewRecorder(), r)
		}
		once.Do(func() { close(reached) })
		<-killed
	}))
	defer front.Close()
	defer close(killed)
	cmd := tn.command(dir, append([]string{"apply", "--yes"}, args...)...)
	for _, name := range []string{"ISA_API_BASE", "ISA_AUTH_BASE"} {
		cmd.Env = append(cmd.Env, name+"="+strings.Replace(tn.env[name], tn.url, front.URL, 1))
	}
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	exited := make(chan error, 1)
	go func() { exited <- cmd.Wait() }()
	select {
	case <-reached:
	case err := <-exited:
		t.Fatalf("ended before a %s %s: %v\n%s", method, path, err, out.String())
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	<-exited
}
