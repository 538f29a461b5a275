package ledger

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/providers"
)

// namespaceEnv tells this test program that it runs in a name space of its own.
const namespaceEnv = "ISA_TEST_NAMESPACE"

// TestFullDisk: the ledger is on a file system that is full sooner or later. What was
// settled stays, and when there is space the same process goes on. Who is not root gets
// a name space in which to mount one; where neither is allowed, there is nothing to see.
func TestFullDisk(t *testing.T) {
	if os.Getuid() != 0 && os.Getenv(namespaceEnv) == "" {
		inNamespace(t)
		return
	}
	failures := 0
	for _, kib := range []int{8, 60, 150, 230, 320} {
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
		if fillDisk(t, kib, dir) {
			failures++
		}
	}
	if failures < 3 {
		t.Errorf("only %d disks were too small, so this test shows little", failures)
	}
}

// fillDisk settles until the disk is full, if it ever is.
func fillDisk(t *testing.T, kib int, dir string) (full bool) {
	path := filepath.Join(dir, "l")
	more := func() {
		must(t, syscall.Mount("tmpfs", dir, "tmpfs", syscall.MS_REMOUNT, "size=16m"))
	}
	l, err := Open(t.Context(), path, Options{})
	if err != nil {
		full = true
		wantFailure(t, err, diag.Unavailable, "free space")
		more()
		l, err = Open(t.Context(), path, Options{})
		must(t, err)
	}
	defer func() { must(t, l.Close()) }()
	s, err := l.Stream(t.Context(), about("s"))
	if err != nil {
		full = true
		wantFailure(t, err, diag.Unavailable, "free space")
		more()
		s = openStream(t, l, "s")
	}
	f, err := s.Folder(t.Context(), source("INBOX"))
	if err != nil {
		full = true
		wantFailure(t, err, diag.Unavailable, "free space")
		more()
		f = openFolder(t, s, "INBOX")
	}
	settled, failed := 0, 0
	for settled < 1000 && failed < 3 {
		if err := f.Settle(t.Context(), batch(1+settled, 50)); err != nil {
			wantFailure(t, err, diag.Unavailable, "free space")
			failed++
			full = true
			continue
		}
		settled += 50
	}
	check := func() {
		t.Helper()
		if n := f.Record().Sums[providers.Copied].Items; n != int64(settled) {
			t.Errorf("with %d KiB, %d of %d are settled", kib, n, settled)
		}
		recount(t, l)
	}
	check()
	more()
	must(t, f.Settle(t.Context(), batch(1+settled, 50)))
	settled += 50
	check()
	return full
}

func inNamespace(t *testing.T) {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^TestFullDisk$")
	cmd.Env = append(os.Environ(), namespaceEnv+"=1")
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
	}
}
