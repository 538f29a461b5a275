// Package filelock locks a file and names who holds the lock. The lock is the operating
// system's, so it ends with its process, however that ends; the file stays.
package filelock

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"os"
	"os/user"
	"path/filepath"
	"time"

	"github.com/gofrs/flock"

	"github.com/isaworks/isa/state"
)

// perm is the mode of a lock file: it names a person.
const perm = 0o600

// Lock is exclusive use of what stands beside the lock file.
type Lock struct {
	path string
	file *flock.Flock
}

// Take takes the lock at path for holder, whose empty fields are filled in. It fails
// at once with *state.LockedError when somebody else has it, in this process too.
func Take(ctx context.Context, path string, holder state.Holder) (*Lock, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if err := prepare(path); err != nil {
		return nil, err
	}
	file := flock.New(path, flock.SetFlag(os.O_CREATE|os.O_RDWR), flock.SetPermissions(perm))
	ok, err := tryLock(ctx, file)
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, &state.LockedError{Holder: waitHolder(ctx, path)}
	}
	holder = complete(holder)
	if err := writeHolder(path, &holder); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return &Lock{path, file}, nil
}

// Lost says why the lock does not protect any more, or nil: were the file removed,
// somebody else could lock a new one.
func (l *Lock) Lost() error {
	if !l.file.Locked() {
		return errors.New("it was given up")
	}
	mine, err := l.file.Stat()
	if err != nil {
		return err
	}
	there, err := os.Stat(l.path)
	if err != nil {
		return err
	}
	if !os.SameFile(mine, there) {
		return errors.New("the lock file was replaced")
	}
	return nil
}

// Close gives the lock up, in the file too. Closing twice is no error.
func (l *Lock) Close() error {
	var err error
	if l.Lost() == nil {
		err = writeHolder(l.path, nil)
	}
	return errors.Join(err, l.file.Close())
}

// Holder reads who holds the lock at path, or held it when its process was killed.
func Holder(path string) (state.Holder, bool) {
	var holder state.Holder
	f, err := os.Open(path)
	if err != nil {
		return holder, false
	}
	defer f.Close() //nolint:errcheck // only read from
	data := make([]byte, 4096)
	n, _ := f.ReadAt(data, holderAt) // the end of the file is expected; what is not JSON is no holder
	err = json.Unmarshal(bytes.TrimSpace(data[:n]), &holder)
	return holder, err == nil
}

// Who is who runs this process, as user@host.
func Who() string {
	name, host := "unknown", "unknown"
	if u, err := user.Current(); err == nil {
		name = filepath.Base(u.Username)
	}
	if h, err := os.Hostname(); err == nil {
		host = h
	}
	return name + "@" + host
}

// The lock file's first byte is a line break, behind which the holder stands as
// one line of JSON. Windows makes the locked first byte unreadable for others.
const holderAt = 1

func prepare(path string) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, perm)
	if err != nil {
		return err
	}
	info, err := f.Stat()
	if err == nil && info.Size() == 0 {
		_, err = f.WriteAt([]byte("\n"), 0)
	}
	return errors.Join(err, f.Close())
}

// writeHolder writes who holds the lock; nil: nobody.
func writeHolder(path string, holder *state.Holder) error {
	var data []byte
	if holder != nil {
		var err error
		if data, err = json.Marshal(holder); err != nil {
			return err
		}
		data = append(data, '\n')
	}
	f, err := os.OpenFile(path, os.O_RDWR, perm)
	if err != nil {
		return err
	}
	if err = f.Truncate(holderAt); err == nil {
		_, err = f.WriteAt(data, holderAt)
	}
	return errors.Join(err, f.Close())
}

// waitHolder reads who holds the lock. One who took it this moment may not have
// written its name yet.
func waitHolder(ctx context.Context, path string) state.Holder {
	for range 20 {
		if holder, ok := Holder(path); ok {
			return holder
		}
		select {
		case <-ctx.Done():
		case <-time.After(10 * time.Millisecond):
		}
	}
	return state.Holder{Who: "an unknown process"}
}

func complete(h state.Holder) state.Holder {
	if h.ID == "" {
		h.ID = rand.Text()
	}
	if h.PID == 0 {
		h.PID = os.Getpid()
	}
	if h.Since.IsZero() {
		h.Since = time.Now()
	}
	if h.Who == "" {
		h.Who = Who()
	}
	return h
}
