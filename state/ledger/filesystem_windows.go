package ledger

import (
	"os"
	"path/filepath"

	"golang.org/x/sys/windows"
)

// fileSystem returns "network" when dir is on another machine.
func fileSystem(dir string) (string, error) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	root, err := windows.UTF16PtrFromString(filepath.VolumeName(abs) + `\`)
	if err != nil {
		return "", &os.PathError{Op: "volume", Path: dir, Err: err}
	}
	if windows.GetDriveType(root) == windows.DRIVE_REMOTE {
		return "network", nil
	}
	return "", nil
}
