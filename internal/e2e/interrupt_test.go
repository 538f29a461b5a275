package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
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
// stops at once. Either way exit code 130, nothing counts as failed that was only
// stopped, and the next apply finishes the work. The last story stops steps that
// wait for their turn, as nearly all do under the service's limits.
func TestCtrlC(t *testing.T) {
	for _, story := range []struct {
		name    string
		options sandbox.Options
		twice   bool
	}{
		{"once", sandbox.Options{Faults: "slow=100%:300ms"}, false},
		{"twice", sandbox.Options{Faults: "slow=100%:300ms"}, true},
		{"while waiting", sandbox.Options{Faults: "slow=100%:300ms", Limits: true}, false},
	} {
		t.Run(story.name, func(t *testing.T) {
			t.Parallel()
			tn := startTenant(t, story.options)
			c := company.Make(company.Size{Members: 40, Units: 6, Grades: 3, Positions: 3, Seed: 2})
			dir := write(t, c)
			cmd := tn.command(dir, "apply", "--yes")
			var out syncBuffer
			cmd.Stdout, cmd.Stderr = &out, &out
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			tn.wait(t, "POST")
			signal := func(answer string) {
				if err := cmd.Process.Signal(syscall.SIGINT); err != nil {
					t.Fatal(err)
				}
				out.wait(t, answer)
			}
			signal("nothing new is begun")
			if story.twice {
				signal("Stopping now")
			}
			time.Sleep(100 * time.Millisecond) // what was on the socket already arrives
			sent := len(tn.Requests())
			if err := cmd.Wait(); cmd.ProcessState.ExitCode() != 130 {
				t.Fatalf("ended with %v, want exit code 130:\n%s", err, out.String())
			}
			if after := len(tn.Requests()); after != sent {
				t.Errorf("%d new calls were made:\n%s", after-sent, out.String())
			}
			if !story.twice && strings.Contains(strings.ToLower(out.String()), "failed") {
				t.Errorf("something failed:\n%s", out.String())
			}
			state, err := os.ReadFile(filepath.Join(dir, "isa.state.json"))
			if err != nil {
				t.Fatal(err)
			}
			if pending := strings.Contains(string(state), `"pending"`); pending && !story.twice {
				t.Errorf("the state holds what was not begun:\n%s", state)
			}
			tn.must(t, 0, dir, "state", "list")
			if err := tn.SetFaults(""); err != nil {
				t.Fatal(err)
			}
			tn.must(t, 0, dir, "apply", "--yes")
			tn.empty(t, dir)
			compare(t, wanted(c), found(t, tn.reader(t)))
		})
	}
}

// syncBuffer is what a running process has written so far.
type syncBuffer struct {
	mu  sync.Mutex
	buf strings.Builder
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

// wait waits until the process has written a text.
func (b *syncBuffer) wait(t *testing.T, text string) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		if strings.Contains(b.String(), text) {
			return
		}
	}
	t.Fatalf("%q was never written:\n%s", text, b.String())
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
