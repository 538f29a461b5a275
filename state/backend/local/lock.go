package local

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

	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/state"
)

// Lock implements state.Store. The lock is the operating system's, so it ends with
// its process, however that ends. Empty fields of holder are filled in. A journal
// that a cut-off apply left is folded into the state file first.
func (s *store) Lock(ctx context.Context, holder state.Holder) (state.Session, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	lock, err := take(ctx, s.lock)
	if err != nil {
		return nil, err
	}
	sess, err := s.begin(lock, complete(holder))
	if err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	return sess, nil
}

func (s *store) begin(lock *flock.Flock, holder state.Holder) (*session, error) {
	if err := writeHolder(s.lock, &holder); err != nil {
		return nil, unwritable(err)
	}
	st, added, err := s.load()
	if err != nil {
		return nil, err
	}
	if added {
		err = s.save(st)
	} else {
		err = s.removeJournal()
	}
	if err != nil {
		return nil, err
	}
	return &session{files: s.files, lock: lock, base: st}, nil
}

// take takes the lock, or names who has it.
func take(ctx context.Context, path string) (*flock.Flock, error) {
	if err := prepare(path); err != nil {
		return nil, unwritable(err)
	}
	lock := flock.New(path, flock.SetFlag(os.O_CREATE|os.O_RDWR), flock.SetPermissions(perm))
	ok, err := lock.TryLock()
	if err != nil {
		return nil, unwritable(err)
	}
	if !ok {
		return nil, &state.LockedError{Holder: waitHolder(ctx, path)}
	}
	return lock, nil
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

func readHolder(path string) (state.Holder, bool) {
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

// waitHolder reads who holds the lock. One who took it this moment may not have
// written its name yet.
func waitHolder(ctx context.Context, path string) state.Holder {
	for range 20 {
		if holder, ok := readHolder(path); ok {
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

// held tells whether the lock file is still the one that was locked: were it
// removed, somebody else could lock a new one.
func held(lock *flock.Flock, path string) error {
	if !lock.Locked() {
		return lost("it was given up")
	}
	mine, err := lock.Stat()
	if err != nil {
		return lost(err.Error())
	}
	there, err := os.Stat(path)
	if err != nil {
		return lost(err.Error())
	}
	if !os.SameFile(mine, there) {
		return lost("the lock file was replaced")
	}
	return nil
}

func lost(detail string) error {
	return &diag.Failure{Class: diag.Conflict, Op: "state lock", Detail: "lost: " + detail,
		Fix: "let no other isa run on this state, leave its lock file alone, and run isa again"}
}
