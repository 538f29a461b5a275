package makespan

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/isaworks/isa/internal/isatest"
	"github.com/isaworks/isa/planner"
	"github.com/isaworks/isa/providers/works/sandbox"
)

// TestOneMinuteOfApplyOverASocket applies 30 units and 300 members by the isa that
// users run, over loopback, in real time: 60 s and a little.
func TestOneMinuteOfApplyOverASocket(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, text := range wide(300).files() {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	srv, err := sandbox.New(sandbox.Options{Limits: true, Features: true})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := srv.Start(context.Background()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := srv.Close(); err != nil {
			t.Error(err)
		}
	})
	binary, err := isatest.Build(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	var plan planner.Plan
	if err := json.Unmarshal(run(t, dir, srv.Env(), binary, "plan", "--format", "json"), &plan); err != nil {
		t.Fatal(err)
	}
	bound := time.Duration(plan.Cost.Seconds * float64(time.Second))
	if bound != time.Minute {
		t.Errorf("the bound is %v, a second window of members begins after a minute", bound)
	}
	listed := len(srv.Requests())
	run(t, dir, srv.Env(), binary, "apply", "--yes")
	for _, v := range srv.Violations() {
		t.Errorf("violation: %s", v)
	}
	checkLog(t, srv.Requests()[listed:], bound, 20*time.Millisecond) // as the sandbox allows
}

// run runs a command that must succeed and returns what it prints.
func run(t *testing.T, dir string, env map[string]string, name string, args ...string) []byte {
	t.Helper()
	cmd := exec.Command(name, args...)
	cmd.Dir, cmd.Env = dir, os.Environ()
	for k, v := range env {
		cmd.Env = append(cmd.Env, k+"="+v)
	}
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s %v: %v\n%s", filepath.Base(name), args, err, stderr.Bytes())
	}
	return out
}
