//go:build !windows

package atomicfile

// patiently does it at once: open files stand in nobody's way.
func patiently(act func() error) error { return act() }
