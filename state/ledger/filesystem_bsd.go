//go:build darwin || freebsd

package ledger

import (
	"os"

	"golang.org/x/sys/unix"
)

// fileSystem names the file system that dir is on.
func fileSystem(dir string) (string, error) {
	var st unix.Statfs_t
	if err := unix.Statfs(dir, &st); err != nil {
		return "", &os.PathError{Op: "statfs", Path: dir, Err: err}
	}
	return unix.ByteSliceToString(st.Fstypename[:]), nil
}
