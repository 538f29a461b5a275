package e2e

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
)

// again is the command that runs a test in a name space that is still to be said.
func again(t *testing.T) *exec.Cmd {
	t.Helper()
	path, err := program()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v")
	cmd.Env = append(os.Environ(), namespaceEnv+"="+path)
	return cmd
}

// TestFullDisk: the state is on a file system that is full sooner or later. It is
// mounted in a name space of its own, for which nobody need be root, else here;
// where neither is allowed, TestFileSizeLimit has to do.
func TestFullDisk(t *testing.T) {
	if os.Getenv(namespaceEnv) == "" && inNamespace(t) {
		return
	}
	failures := 0
	for _, kib := range []int{4, 12, 32, 64, 96, 128} {
		dir := t.TempDir()
		if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, fmt.Sprintf("size=%dk", kib)); errors.Is(err, syscall.EPERM) {
			t.Log("file systems may not be mounted here")
			return
		} else if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := syscall.Unmount(dir, 0); err != nil {
				t.Error(err)
			}
		})
		run := func(tn *tenant, dir string, args ...string) result { return tn.isa(t, dir, args...) }
		more := func() {
			if err := syscall.Mount("tmpfs", dir, "tmpfs", syscall.MS_REMOUNT, "size=16m"); err != nil {
				t.Fatal(err)
			}
		}
		if fullStory(t, kib, dir, run, more) {
			failures++
		}
	}
	if failures < 3 {
		t.Errorf("only %d disks were too small, so this test shows little", failures)
	}
}

// inNamespace runs the test as root of a name space of its own; false: there is
// none to be had.
func inNamespace(t *testing.T) bool {
	t.Helper()
	cmd := again(t)
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWUSER | syscall.CLONE_NEWNS,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}},
	}
	var out strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &out
	err := cmd.Run()
	var exit *exec.ExitError
	switch {
	case errors.As(err, &exit):
		t.Fatal(out.String())
	case err != nil:
		t.Log("no name space is to be had here:", err)
		return false
	}
	t.Log(out.String())
	return true
}
