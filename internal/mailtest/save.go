//go:build unix

package mailtest

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// Save keeps all that the server holds of user in dir, which must not exist and be
// on the same file system. The server must not be running.
func (s *Server) Save(user, dir string) error {
	return s.clone(filepath.Join(s.Dir, "mail", user), dir)
}

// Restore puts back what Save kept, as often as one likes. The server must not be
// running.
func (s *Server) Restore(user, dir string) error {
	home := filepath.Join(s.Dir, "mail", user)
	if err := removeAll(home); err != nil {
		return err
	}
	return s.clone(dir, home)
}

// clone copies a mailbox. Messages never change on disk, so that they are linked.
func (s *Server) clone(from, to string) error {
	if s.PID() != 0 {
		return fmt.Errorf("%s is running", s.Product)
	}
	times := map[string]fs.FileInfo{} // of folders: what is put into them changes theirs
	err := filepath.WalkDir(from, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		target := filepath.Join(to, name)
		switch base := filepath.Base(filepath.Dir(path)); {
		case d.IsDir():
			err = os.Mkdir(target, 0o755)
		case base == "cur" || base == "new":
			return os.Link(path, target)
		default:
			err = duplicate(path, target)
		}
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		if d.IsDir() {
			times[target] = info
		}
		return errors.Join(os.Chtimes(target, info.ModTime(), info.ModTime()), os.Chown(target, s.owner.uid, s.owner.gid))
	})
	for dir, info := range times {
		err = errors.Join(err, os.Chtimes(dir, info.ModTime(), info.ModTime()))
	}
	return err
}

func duplicate(from, to string) (err error) {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer func() { _ = in.Close() }() // it was only read
	out, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Close())
}
