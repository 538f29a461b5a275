package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/isaworks/isa/providers/works/sandbox"
)

// TestNoCoreDumpNoPtrace looks at a running isa from outside: its core limit is
// zero, and the kernel keeps its /proc files for root, as it does for processes
// that may be neither dumped nor traced (proc(5), prctl(2) PR_SET_DUMPABLE).
func TestNoCoreDumpNoPtrace(t *testing.T) {
	tn := startTenant(t, sandbox.Options{Faults: "slow=100%:500ms"})
	dir := files(t, map[string]string{"tenant.hcl": tenantFile})
	cmd := tn.command(dir, "plan")
	if os.Getuid() == 0 {
		// As another user, since root owns its own processes' files anyway.
		const nobody = 65534
		for path := dir; path != os.TempDir() && path != "/"; path = filepath.Dir(path) {
			if err := os.Chmod(path, 0o755); err != nil {
				t.Fatal(err)
			}
		}
		for path := programDir; path != os.TempDir() && path != "/"; path = filepath.Dir(path) {
			if err := os.Chmod(path, 0o755); err != nil {
				t.Fatal(err)
			}
		}
		if err := os.Chmod(filepath.Join(dir, "tenant.hcl"), 0o644); err != nil {
			t.Fatal(err)
		}
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	}
	var out strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := cmd.Wait(); err != nil {
			t.Errorf("plan failed: %v\n%s", err, out.String())
		}
	}()
	tn.wait(t, "GET")
	proc := fmt.Sprintf("/proc/%d/", cmd.Process.Pid)
	limits, err := os.ReadFile(proc + "limits")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(limits)) {
		if rest, ok := strings.CutPrefix(line, "Max core file size"); ok && !strings.HasPrefix(strings.TrimSpace(rest), "0 ") {
			t.Errorf("core dumps are on: %s", line)
		}
	}
	info, err := os.Stat(proc + "environ")
	if err != nil {
		t.Fatal(err)
	}
	if owner := info.Sys().(*syscall.Stat_t).Uid; owner != 0 {
		t.Errorf("%senviron belongs to user %d: the process may be traced", proc, owner)
	}
}
