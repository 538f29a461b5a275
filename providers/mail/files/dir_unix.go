//go:build unix

package files

import (
	"errors"
	"os"
	"syscall"
)

// openDir opens a directory to be listed. What an os.Root opens asks the system for the
// properties of each entry when it is listed, for nobody here and three times as long:
// the same directory under another descriptor does not.
func openDir(root *os.Root, dir string) (*os.File, error) {
	f, err := root.Open(dir)
	if err != nil {
		return nil, err
	}
	syscall.ForkLock.RLock()
	fd, err := syscall.Dup(int(f.Fd()))
	if err == nil {
		syscall.CloseOnExec(fd)
	}
	syscall.ForkLock.RUnlock()
	if err := errors.Join(err, f.Close()); err != nil {
		return nil, &os.PathError{Op: "open", Path: dir, Err: err}
	}
	return os.NewFile(uintptr(fd), f.Name()), nil
}
