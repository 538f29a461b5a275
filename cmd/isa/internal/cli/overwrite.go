package cli

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// Replaceable refuses to write a file that the user named when that would lose
// something: a file that is there and is none of isa's own, as ours tells by its
// content. A new and an empty file lose nothing. what says what isa writes there,
// named where the name was given.
func (e *Env) Replaceable(path, named, what string, ours func(r io.ReaderAt, size int64) bool) (err error) {
	info, err := os.Stat(e.Path(path))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if dir, err := os.Stat(filepath.Dir(e.Path(path))); err != nil || !dir.IsDir() {
			return fmt.Errorf("%s %s: there is no directory %s; make it, or name a file in another one", named, path, filepath.Dir(path))
		}
		return nil
	case err != nil:
		return fmt.Errorf("%s %s: %w", named, path, err)
	case info.IsDir():
		return fmt.Errorf("%s %s is a directory; name a file", named, path)
	case !info.Mode().IsRegular():
		return fmt.Errorf("%s %s is no ordinary file; name another one", named, path)
	}
	f, err := os.Open(e.Path(path))
	if err != nil {
		return fmt.Errorf("%s %s: %w", named, path, err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if info.Size() == 0 || ours(f, info.Size()) {
		return nil
	}
	return fmt.Errorf("%s %s is there already and is not %s: it would be lost, and was left as it is; name another file, or move this one away", named, path, what)
}
