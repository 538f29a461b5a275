//go:build unix

package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/isaworks/isa/bench/company"
	"github.com/isaworks/isa/providers/works/sandbox"
)

// fullStory applies while the state's file system takes less and less until the
// run fails, checks what is left, and applies again when there is space. run runs
// isa while the disk is small, with kib KiB of space.
func fullStory(t *testing.T, kib int, stateDir string, run func(tn *tenant, dir string, args ...string) result, more func()) (failed bool) {
	t.Helper()
	c := company.Make(company.Size{Members: 40, Units: 8, Grades: 4, Positions: 3, Posts: 5, Seed: 8})
	tn := startTenant(t, sandbox.Options{SeedValue: uint64(kib)})
	dir := write(t, c)
	path := filepath.Join(stateDir, "isa.state.json")
	settings := fmt.Sprintf("isa {\n  state \"local\" {\n    path = %q\n  }\n}\n", path)
	if err := os.WriteFile(filepath.Join(dir, "isa.hcl"), []byte(settings), 0o600); err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second one finds the disk as full as the first left it
		r := run(tn, dir, "apply", "--yes")
		switch {
		case r.code == 0:
		case r.code == 1 && strings.Contains(r.stderr, "cannot be written") && strings.Contains(r.stderr, "free space"):
			failed = true
		default:
			t.Fatalf("with %d KiB: %v", kib, r)
		}
		if r := tn.isa(t, dir, "state", "list"); r.code != 0 {
			t.Fatalf("with %d KiB the state cannot be read: %v", kib, r)
		}
	}
	more()
	tn.must(t, 0, dir, "apply", "--yes")
	tn.empty(t, dir)
	compare(t, wanted(c), found(t, tn.reader(t)))
	if v := tn.Violations(); len(v) > 0 {
		t.Errorf("with %d KiB the sandbox saw careless calls: %v", kib, v)
	}
	return failed
}

// TestFileSizeLimit: no file may grow beyond a limit, at several limits.
func TestFileSizeLimit(t *testing.T) {
	failures := 0
	for _, kib := range []int{1, 8, 24, 40, 64} {
		limited := func(tn *tenant, dir string, args ...string) result {
			cmd := tn.command(dir, args...)
			// POSIX counts blocks of 512 bytes.
			sh := exec.Command("/bin/sh", append([]string{"-c", fmt.Sprintf(`ulimit -f %d; exec "$0" "$@"`, 2*kib), cmd.Path}, args...)...)
			sh.Dir, sh.Env = cmd.Dir, cmd.Env
			return finish(t, sh)
		}
		if fullStory(t, kib, t.TempDir(), limited, func() {}) {
			failures++
		}
	}
	if failures < 3 {
		t.Errorf("only %d limits were too low, so this test shows little", failures)
	}
}
