package e2e

import (
	"bytes"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/isaworks/isa/bench/company"
	"github.com/isaworks/isa/providers/works/sandbox"
)

// TestEveryFault: with each fault of the sandbox at 5 %, apply ends 0 or 3, one
// repeat under the same faults ends 0, and then the plan is empty.
func TestEveryFault(t *testing.T) {
	c := company.Make(company.Size{Members: 40, Units: 10, Grades: 5, Positions: 4, Posts: 8, Seed: 5})
	const all = "429=5%,500=5%,502=5%,drop-response=5%,drop-request=5%,slow=5%:20ms,stale-read=1s,cursor-expired=5%,html-error=5%"
	for _, story := range []struct {
		faults string
		seed   uint64
	}{
		{"429=5%", 0}, {"500=5%", 0}, {"502=5%", 0}, {"drop-response=5%", 0}, {"drop-request=5%", 0}, {"slow=5%:50ms", 0},
		{"stale-read=1s", 0}, {"cursor-expired=5%", 0}, {"html-error=5%", 0}, {all, 1}, {all, 2},
	} {
		t.Run(fmt.Sprintf("%s seed %d", story.faults, story.seed), func(t *testing.T) {
			t.Parallel()
			tn := startTenant(t, sandbox.Options{Faults: story.faults, SeedValue: story.seed, Speed: 60})
			dir := write(t, c)
			if r := tn.isa(t, dir, "apply", "--yes"); r.code != 0 {
				if r.code != 3 {
					t.Fatalf("the first apply: %v", r)
				}
				t.Logf("the first apply: %v", r)
			}
			tn.must(t, 0, dir, "apply", "--yes")
			tn.empty(t, dir)
			if err := tn.SetFaults(""); err != nil { // the reader below knows no retry
				t.Fatal(err)
			}
			compare(t, wanted(c), found(t, tn.reader(t)))
			if v := tn.Violations(); len(v) > 0 {
				t.Errorf("the sandbox saw careless calls: %v", v)
			}
		})
	}
}

// TestAnswersLostForAWhile: for some seconds the service does what it is told and
// nobody hears of it. The apply finds out what was done and ends with everything
// there once.
func TestAnswersLostForAWhile(t *testing.T) {
	c := company.Make(company.Size{Members: 40, Units: 10, Grades: 5, Positions: 4, Posts: 8, Seed: 6})
	for _, after := range []int{2, 12, 35} { // writes, until the answers are lost
		t.Run(fmt.Sprintf("after %d writes", after), func(t *testing.T) {
			t.Parallel()
			tn := startTenant(t, sandbox.Options{Faults: "slow=100%:20ms"})
			dir := write(t, c)
			cmd := tn.command(dir, "apply", "--yes")
			var out bytes.Buffer
			cmd.Stdout, cmd.Stderr = &out, &out
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			exited := make(chan error, 1)
			go func() { exited <- cmd.Wait() }()
			for writes(tn) < after && len(exited) == 0 {
				time.Sleep(time.Millisecond)
			}
			faults(t, tn, "drop-response=100%")
			time.Sleep(1500 * time.Millisecond)
			faults(t, tn, "")
			if err := <-exited; err != nil {
				t.Fatalf("%v\n%s", err, out.String())
			}
			if n := strings.Count(out.String(), "answer was lost"); n == 0 {
				t.Errorf("no answer was lost, so this test shows nothing:\n%s", out.String())
			}
			tn.empty(t, dir)
			compare(t, wanted(c), found(t, tn.reader(t)))
		})
	}
}

// faults replaces the faults of a running sandbox.
func faults(t *testing.T, tn *tenant, text string) {
	t.Helper()
	resp, err := http.PostForm(tn.url+"/_sandbox/faults", url.Values{"faults": {text}})
	if err != nil {
		t.Fatal(err)
	}
	if err := resp.Body.Close(); err != nil || resp.StatusCode >= 300 {
		t.Fatalf("setting faults: %s, %v", resp.Status, err)
	}
}

// TestServiceRestarts: the service is killed and started again on its data, twice,
// in the middle of an apply, which goes on.
func TestServiceRestarts(t *testing.T) {
	t.Parallel()
	c := company.Make(company.Size{Members: 40, Units: 10, Grades: 5, Positions: 4, Posts: 8, Seed: 7})
	o := sandbox.Options{Faults: "slow=100%:20ms", Dir: t.TempDir()}
	tn := startTenant(t, o)
	dir := write(t, c)
	cmd := tn.command(dir, "apply", "--yes")
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	exited := make(chan error, 1)
	go func() { exited <- cmd.Wait() }()
	o.Listen = strings.TrimPrefix(tn.url, "http://")
	for range 2 {
		for writes(tn) < 12 && len(exited) == 0 {
			time.Sleep(time.Millisecond)
		}
		if err := tn.Close(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(700 * time.Millisecond)
		tn = startTenant(t, o)
	}
	if err := <-exited; err != nil {
		t.Fatalf("%v\n%s", err, out.String())
	}
	tn.empty(t, dir)
	compare(t, wanted(c), found(t, tn.reader(t)))
}
