package secret

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// TestHarden looks at a child process, since hardening cannot be undone.
func TestHarden(t *testing.T) {
	if os.Getenv("ISA_TEST_HARDEN") == "1" {
		if err := Harden(); err != nil {
			t.Fatal(err)
		}
		var core unix.Rlimit
		if err := unix.Getrlimit(unix.RLIMIT_CORE, &core); err != nil || core.Cur != 0 || core.Max != 0 {
			t.Errorf("core limit %+v, %v", core, err)
		}
		if on, err := unix.PrctlRetInt(unix.PR_GET_DUMPABLE, 0, 0, 0, 0); err != nil || on != 0 {
			t.Errorf("dumpable %d, %v", on, err)
		}
		return
	}
	child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestHarden$")
	child.Env = append(os.Environ(), "ISA_TEST_HARDEN=1")
	if out, err := child.CombinedOutput(); err != nil || !strings.Contains(string(out), "PASS") {
		t.Errorf("%v: %s", err, out)
	}
}
