package e2e

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/isaworks/isa/internal/mailtest"
)

// capSysAdmin is the capability to mount (capabilities(7)).
const capSysAdmin = 21

// ownMounts runs the test again in a name space in which it may mount; false: it is the
// one that runs there. Where there is none to be had, the test is over too.
func ownMounts(t *testing.T) bool {
	t.Helper()
	if os.Getenv(namespaceEnv) != "" {
		return false
	}
	cmd := again(t)
	ids := []syscall.SysProcIDMap{{ContainerID: 0, HostID: 0, Size: 65536}} // mail is not root's
	groups := ids
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWUSER | syscall.CLONE_NEWNS}
	if os.Getuid() != 0 {
		ids = []syscall.SysProcIDMap{{ContainerID: os.Getuid(), HostID: os.Getuid(), Size: 1}}
		groups = []syscall.SysProcIDMap{{ContainerID: os.Getgid(), HostID: os.Getgid(), Size: 1}}
		cmd.SysProcAttr.AmbientCaps = []uintptr{capSysAdmin}
	} else {
		cmd.SysProcAttr.GidMappingsEnableSetgroups = true
	}
	cmd.SysProcAttr.UidMappings, cmd.SysProcAttr.GidMappings = ids, groups
	var out strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &out
	err := cmd.Run()
	var exit *exec.ExitError
	switch {
	case errors.As(err, &exit):
		t.Fatal(out.String())
	case err != nil:
		t.Log("no name space is to be had here:", err)
	default:
		t.Log(out.String())
	}
	return true
}

// disk is a file system of so many KiB, and what gives it room.
func disk(t *testing.T, kib int) (dir string, more func()) {
	t.Helper()
	dir, err := os.MkdirTemp("/tmp", "isa-disk-") // a short name, for sockets
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.Remove(dir); err != nil {
			t.Error(err)
		}
	})
	return dir, diskAt(t, dir, kib)
}

// diskAt puts a file system of so many KiB over an empty folder, and returns what gives
// it room.
func diskAt(t testing.TB, dir string, kib int) (more func()) {
	t.Helper()
	info, err := os.Stat(dir)
	if err != nil {
		t.Fatal(err)
	}
	owner := fmt.Sprintf("mode=755,uid=%d,gid=%d", info.Sys().(*syscall.Stat_t).Uid, info.Sys().(*syscall.Stat_t).Gid)
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, fmt.Sprintf("size=%dk,%s", kib, owner)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	return func() {
		if err := syscall.Mount("tmpfs", dir, "tmpfs", syscall.MS_REMOUNT, "size=200m,"+owner); err != nil {
			t.Fatal(err)
		}
	}
}

// TestMailFullLedger: the disk of the ledger and the state is full in the middle of a
// pass, so that what arrived cannot be recorded.
func TestMailFullLedger(t *testing.T) {
	if ownMounts(t) {
		return
	}
	failed := 0
	for _, kib := range []int{60, 160, 260, 400, 600} {
		t.Run(fmt.Sprintf("%d KiB", kib), func(t *testing.T) {
			dir, more := disk(t, kib)
			m := newMove(t, moveOptions{target: func(t testing.TB, o mailtest.Options) *mailtest.Server { return mailtest.Dovecot(t, o) }})
			if err := m.source.Load("kim", mailtest.Corpus{Messages: fullMail, Folders: 6, Seed: uint64(kib), MedianBytes: 5_000}); err != nil {
				t.Fatal(err)
			}
			state, err := os.ReadFile(filepath.Join(m.dir, "isa.state.json"))
			if err != nil {
				t.Fatal(err)
			}
			path := filepath.Join(dir, "isa.state.json")
			if err := os.WriteFile(path, state, 0o600); err != nil {
				t.Fatal(err)
			}
			m.file("isa.hcl", fmt.Sprintf("isa {\n  state \"local\" {\n    path = %q\n  }\n}\n", path))
			for range 2 {
				if r := m.isa(t, m.dir, "sync"); r.code != 0 {
					failed++
					r.says(t, "free space")
				}
			}
			more()
			m.whole("kim")
		})
	}
	if failed < 4 {
		t.Errorf("only %d passes met a full disk, so this test shows little", failed)
	}
}

// TestMailFullTarget: the disk of the new server is full in the middle of a pass. The
// pass ends and says so; when there is room, the next one moves the rest, once.
func TestMailFullTarget(t *testing.T) {
	if ownMounts(t) {
		return
	}
	failed := 0
	for _, c := range []struct {
		kib    int
		format string // maildir answers an internal error, the others that there is no room
	}{{2500, "maildir"}, {3500, "sdbox"}} {
		t.Run(fmt.Sprintf("%d KiB, %s", c.kib, c.format), func(t *testing.T) {
			var more func()
			m := newMove(t, moveOptions{target: func(t testing.TB, o mailtest.Options) *mailtest.Server {
				o.Format = c.format
				s := mailtest.Dovecot(t, o)
				more = diskAt(t, filepath.Join(s.Dir, "mail", o.Users[0]), c.kib)
				return s
			}})
			if err := m.source.Load("kim", mailtest.Corpus{Messages: fullMail, Folders: 6, Seed: uint64(c.kib), MedianBytes: 20_000}); err != nil {
				t.Fatal(err)
			}
			for range 2 { // the second one finds the disk as full as the first left it
				if r := m.isa(t, m.dir, "sync"); r.code == 3 {
					failed++
					r.says(t, "Failed: kim", "make room", "run isa sync again")
				} else if r.code != 0 {
					t.Fatal(r)
				}
			}
			s := m.status(m.address("kim"))
			if s.Total.all() != fullMail || s.Total["pending"].Items == 0 {
				t.Errorf("the sums are %s", s.Total.text())
			}
			more()
			m.whole("kim")
		})
	}
	if failed < 3 {
		t.Errorf("only %d passes met a full disk, so this test shows little", failed)
	}
}
