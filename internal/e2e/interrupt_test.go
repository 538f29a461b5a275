package e2e

import (
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/isaworks/isa/bench/company"
	"github.com/isaworks/isa/providers/works/sandbox"
)

// TestTwoAppliesAtOnce: the second is refused with holder, host and time, and
// does no harm; when the holder is gone, the lock is too.
func TestTwoAppliesAtOnce(t *testing.T) {
	tn := startTenant(t, sandbox.Options{Faults: "slow=100%:100ms"})
	c := company.Make(company.Size{Members: 60, Units: 8, Grades: 3, Positions: 3, Seed: 2})
	dir := write(t, c)
	first := tn.command(dir, "apply", "--yes")
	if err := first.Start(); err != nil {
		t.Fatal(err)
	}
	tn.wait(t, "POST")
	r := tn.isa(t, dir, "apply", "--yes")
	host, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	if r.code != 1 || !strings.Contains(r.stderr, host) || !strings.Contains(r.stderr, time.Now().Format("2006-01-02")) {
		t.Errorf("the second apply was not refused by holder, host and time: %v", r)
	}
	if err := first.Wait(); err != nil {
		t.Fatalf("the first apply suffered: %v", err)
	}
	tn.empty(t, dir)
	compare(t, wanted(c), found(t, tn.reader(t)))
}

// TestCtrlC: once, no new calls are made and running ones are recorded; twice, it
// stops at once. Either way exit code 130, and the next apply finishes the work.
func TestCtrlC(t *testing.T) {
	for _, story := range []struct {
		name  string
		twice bool
	}{{"once", false}, {"twice", true}} {
		t.Run(story.name, func(t *testing.T) {
			t.Parallel()
			tn := startTenant(t, sandbox.Options{Faults: "slow=100%:150ms"})
			c := company.Make(company.Size{Members: 50, Units: 6, Grades: 3, Positions: 3, Seed: 2})
			dir := write(t, c)
			cmd := tn.command(dir, "apply", "--yes")
			var out strings.Builder
			cmd.Stdout, cmd.Stderr = &out, &out
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			tn.wait(t, "POST")
			if err := cmd.Process.Signal(syscall.SIGINT); err != nil {
				t.Fatal(err)
			}
			if story.twice {
				time.Sleep(20 * time.Millisecond)
				if err := cmd.Process.Signal(syscall.SIGINT); err != nil {
					t.Fatal(err)
				}
			}
			if err := cmd.Wait(); cmd.ProcessState.ExitCode() != 130 {
				t.Fatalf("ended with %v, want exit code 130:\n%s", err, out.String())
			}
			made := writes(tn)
			time.Sleep(300 * time.Millisecond)
			if after := writes(tn); after != made && !story.twice {
				t.Errorf("%d calls were still made after the end", after-made)
			}
			tn.must(t, 0, dir, "state", "list")
			tn.must(t, 0, dir, "apply", "--yes")
			tn.empty(t, dir)
			compare(t, wanted(c), found(t, tn.reader(t)))
		})
	}
}

// wait waits until the sandbox has answered a write with the method below the
// REST base.
func (tn *tenant) wait(t *testing.T, method string) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		for _, e := range tn.Requests() {
			if e.Method == method && strings.HasPrefix(e.Path, "/v1.0/") {
				return
			}
		}
	}
	t.Fatalf("no %s arrived at the sandbox", method)
}

func writes(tn *tenant) int {
	n := 0
	for _, e := range tn.Requests() {
		if e.Method != "GET" {
			n++
		}
	}
	return n
}
