//go:build !windows

package executor

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/isaworks/isa/state"
	"github.com/isaworks/isa/state/backend/local"
)

const (
	dirEnv  = "ISA_TEST_DIR"
	killEnv = "ISA_TEST_KILL"
	seedEnv = "ISA_TEST_SEED"
)

// TestMain lets the test binary be the apply that is killed.
func TestMain(m *testing.M) {
	if os.Getenv(dirEnv) == "" {
		os.Exit(m.Run())
	}
	m.Run() // runs TestVictim only
}

func killDir(dir string) (tenantPath, statePath string) {
	return filepath.Join(dir, "tenant.jsonl"), filepath.Join(dir, "isa.state.json")
}

// TestVictim applies in a process of its own that kills itself at a given moment:
// before or after an append, before or after the service did its work.
func TestVictim(t *testing.T) {
	dir := os.Getenv(dirEnv)
	if dir == "" {
		return // this is the parent
	}
	at, err := strconv.Atoi(os.Getenv(killEnv))
	if err != nil {
		t.Fatal(err)
	}
	seed, err := strconv.ParseUint(os.Getenv(seedEnv), 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	var moments atomic.Int32
	tick := func() {
		if int(moments.Add(1)) != at {
			return
		}
		if err := syscall.Kill(os.Getpid(), syscall.SIGKILL); err != nil {
			panic(err)
		}
		select {}
	}
	tenantPath, statePath := killDir(dir)
	n := newTenant(t, tenantPath)
	n.hook = func(context.Context, string, string) error { tick(); return nil }
	n.after = tick
	want := wishes(rand.New(rand.NewPCG(seed, 9)), 10)
	if _, err := apply(t, t.Context(), n, statePath, want, func(o *Options) { o.Session = mortal{o.Session, tick} }); err != nil {
		t.Fatal(err)
	}
}

// mortal may die before and after each append and commit.
type mortal struct {
	state.Session
	tick func()
}

func (m mortal) Append(ctx context.Context, sync bool, e ...state.Entry) error {
	m.tick()
	err := m.Session.Append(ctx, sync, e...)
	m.tick()
	return err
}

func (m mortal) Commit(ctx context.Context) error {
	m.tick()
	err := m.Session.Commit(ctx)
	m.tick()
	return err
}

func TestKillsLoseNothingAndDoubleNothing(t *testing.T) {
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	killed := 0
	for seed := range uint64(20) {
		r := rand.New(rand.NewPCG(seed, 10))
		dir := t.TempDir()
		tenantPath, statePath := killDir(dir)
		for range 1 + int(seed%4)/3 { // some are killed twice
			ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
			cmd := exec.CommandContext(ctx, exe, "-test.run=^TestVictim$")
			cmd.Env = append(os.Environ(), dirEnv+"="+dir, fmt.Sprintf("%s=%d", killEnv, 1+r.IntN(100)), fmt.Sprintf("%s=%d", seedEnv, seed))
			out, err := cmd.CombinedOutput()
			cancel()
			var exit *exec.ExitError
			switch {
			case errors.As(err, &exit) && exit.Sys().(syscall.WaitStatus).Signal() == syscall.SIGKILL:
				killed++
			case err != nil:
				t.Fatalf("seed %d: %v\n%s", seed, err, out)
			}
			if _, err := local.New(statePath).Read(t.Context()); err != nil {
				t.Fatalf("seed %d: after the kill: %v", seed, err)
			}
		}
		want := wishes(rand.New(rand.NewPCG(seed, 9)), 10)
		n := newTenant(t, tenantPath)
		if rep, err := apply(t, t.Context(), n, statePath, want, nil); err != nil || !rep.Complete() {
			t.Fatalf("seed %d: %+v, %v", seed, rep, err)
		}
		agree(t, n, stateAt(t, statePath), want)
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
	if killed < 20 {
		t.Errorf("only %d applies were killed", killed)
	}
}
