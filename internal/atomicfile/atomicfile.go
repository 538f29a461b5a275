// Package atomicfile replaces files so that a reader, and a crash at any moment,
// finds either the whole old content or the whole new one.
package atomicfile

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Write replaces the file at path by data, with exactly the permissions perm:
// temporary file beside it, write, fsync, close, rename, fsync of the directory.
// When it returns nil the new content is durable; when it fails the old content
// is still there (only when the last step failed may it be either). A symbolic
// link at path stays: its target is replaced. Concurrent writers do not mix; the
// last rename wins.
//
// renameio is not used: it does not build for Windows and it never syncs the
// directory, without which a crash can undo the rename.
func Write(path string, perm fs.FileMode, data []byte) error {
	target, err := resolve(path)
	if err != nil {
		return err
	}
	dir := filepath.Dir(target)
	temp, err := writeTemp(dir, filepath.Base(target), perm, data)
	if err != nil {
		return err
	}
	if err := patiently(func() error { return os.Rename(temp, target) }); err != nil {
		return errors.Join(fmt.Errorf("replacing %s: %w", target, err), discard(temp))
	}
	return SyncDir(dir)
}

// Remove removes a file, as os.Remove does. On Windows a file that somebody has open
// just now is waited for, two seconds at most.
func Remove(path string) error { return patiently(func() error { return os.Remove(path) }) }

// resolve follows a symbolic link at path, so that the link survives.
func resolve(path string) (string, error) {
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return path, nil
	case err != nil:
		return "", err
	case info.Mode()&fs.ModeSymlink == 0:
		return path, nil
	}
	return filepath.EvalSymlinks(path)
}

// writeTemp makes a durable file with the content in dir and returns its path.
func writeTemp(dir, base string, perm fs.FileMode, data []byte) (path string, err error) {
	f, err := os.CreateTemp(dir, "."+base+".*.tmp")
	if err != nil {
		return "", err
	}
	if err := fill(f, perm, data); err != nil {
		return "", errors.Join(fmt.Errorf("writing %s: %w", f.Name(), err), discard(f.Name()))
	}
	return f.Name(), nil
}

// fill writes data, makes it durable and closes f in any case.
func fill(f *os.File, perm fs.FileMode, data []byte) error {
	_, err := f.Write(data)
	if err == nil {
		err = f.Chmod(perm)
	}
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

func discard(temp string) error {
	if err := os.Remove(temp); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
