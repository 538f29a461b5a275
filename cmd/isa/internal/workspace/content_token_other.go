//go:build !unix

package workspace

import "os/exec"

// group does nothing here; see the Unix one. WaitDelay ends the wait for what a command
// has started.
func group(*exec.Cmd) {}
