package ledger

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// fileSystem names the file system that dir is on, as far as remote needs it.
func fileSystem(dir string) (string, error) {
	var st unix.Statfs_t
	if err := ignoringInterrupts(func() error { return unix.Statfs(dir, &st) }); err != nil {
		return "", &os.PathError{Op: "statfs", Path: dir, Err: err}
	}
	switch uint32(st.Type) { //nolint:unconvert // its size differs between machines
	case unix.NFS_SUPER_MAGIC:
		return "nfs", nil
	case unix.SMB_SUPER_MAGIC:
		return "smb", nil
	case unix.SMB2_SUPER_MAGIC:
		return "smb2", nil
	case unix.CIFS_SUPER_MAGIC:
		return "cifs", nil
	case unix.V9FS_MAGIC:
		return "9p", nil
	case unix.AFS_SUPER_MAGIC, unix.AFS_FS_MAGIC:
		return "afs", nil
	case unix.CODA_SUPER_MAGIC:
		return "coda", nil
	case unix.CEPH_SUPER_MAGIC:
		return "ceph", nil
	case unix.NCP_SUPER_MAGIC:
		return "ncp", nil
	case 0x0bd00bd0:
		return "lustre", nil
	}
	return "", nil
}

func ignoringInterrupts(f func() error) error {
	for {
		if err := f(); !errors.Is(err, unix.EINTR) {
			return err
		}
	}
}
