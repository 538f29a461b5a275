package secret

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// Harden keeps this process's memory, in which secrets pass by, from others: no
// core dump, no debugger or reader of /proc of the same user. It holds for the
// whole process; children begin without it. On systems other than Linux it does
// less (macOS: no core dump) or nothing (Windows).
func Harden() error {
	if err := unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{}); err != nil {
		return fmt.Errorf("core dumps cannot be switched off: %w", err)
	}
	if err := unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0); err != nil {
		return fmt.Errorf("debuggers cannot be kept out: %w", err)
	}
	return nil
}
