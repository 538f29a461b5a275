package e2e

import (
	"fmt"
	"math/rand/v2"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/isaworks/isa/bench/company"
	"github.com/isaworks/isa/providers/works/sandbox"
)

// kills is how many seeded kill stories CI runs; bench/soak runs more.
const kills = 20

// TestKilledAtAnyMoment kills isa with SIGKILL after a random number of requests,
// again and again, until an apply lives to its end: the tenant is the same as
// without kills, no object is there twice, and state and journal can be read at
// every stop. Every third story loses answers on top.
func TestKilledAtAnyMoment(t *testing.T) {
	c := company.Make(company.Size{Members: 40, Units: 12, Grades: 5, Positions: 4, Posts: 8, Seed: 3})
	for seed := range uint64(kills) {
		t.Run(fmt.Sprintf("seed %d", seed), func(t *testing.T) {
			killStory(t, c, seed)
		})
	}
}

func killStory(t *testing.T, c company.Company, seed uint64) {
	o := sandbox.Options{SeedValue: seed}
	if seed%3 == 0 {
		o.Faults = "drop-response=4%,slow=5%:20ms"
	}
	tn := startTenant(t, o)
	dir := write(t, c)
	r := rand.New(rand.NewPCG(seed, 9))
	for stops := 0; ; stops++ {
		if stops > 60 {
			t.Fatal("no apply lived to its end")
		}
		done := tn.killAfter(t, dir, 1+r.IntN(70), time.Duration(r.IntN(3000))*time.Microsecond)
		tn.must(t, 0, dir, "state", "list")
		if done {
			break
		}
	}
	tn.empty(t, dir)
	compare(t, wanted(c), found(t, tn.reader(t)))
	if v := tn.Violations(); len(v) > 0 {
		t.Errorf("the sandbox saw careless calls: %v", v)
	}
}

// killAfter starts an apply and kills it a moment after the sandbox saw that many
// requests. It reports whether the apply ended by itself first.
func (tn *tenant) killAfter(t *testing.T, dir string, requests int, moment time.Duration) (ended bool) {
	t.Helper()
	start := len(tn.Requests())
	cmd := tn.command(dir, "apply", "--yes")
	var out strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	exited := make(chan error, 1)
	go func() { exited <- cmd.Wait() }()
	for len(tn.Requests())-start < requests {
		select {
		case <-exited:
			return tn.verdict(t, cmd, out.String())
		case <-time.After(200 * time.Microsecond):
		}
	}
	time.Sleep(moment)
	if err := cmd.Process.Kill(); err != nil {
		t.Log("killed too late:", err)
	}
	<-exited
	if cmd.ProcessState.ExitCode() == -1 {
		return false
	}
	return tn.verdict(t, cmd, out.String())
}

// verdict wants 0, or 3 when answers are lost, of an apply that ended by itself.
func (tn *tenant) verdict(t *testing.T, cmd *exec.Cmd, out string) bool {
	t.Helper()
	switch code := cmd.ProcessState.ExitCode(); code {
	case 0:
		return true
	case 3:
		return false
	default:
		t.Fatalf("apply ended with %d:\n%s", code, out)
		return false
	}
}
