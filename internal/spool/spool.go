// Package spool keeps batches of mail on disk between the engine, which fills them, and
// internal/imapgate, which serves them: frozen, byte for byte, until it is known that
// they arrived.
//
// A spool is a directory, and a batch a directory in it: messages (the bytes, one after
// another), index (which messages they are; written last, so that a batch without it is
// not frozen), log (when each message was fetched) and secret (the hashes of its
// passwords). Parts of a divided batch share its messages by hard links. Nothing is kept
// in memory that the directory does not tell, so that one process may fill a spool
// while another serves it, and a process that was killed leaves nothing half done: a
// batch that was not frozen is thrown away.
//
// Directories are 0700 and files 0600: they hold mail.
package spool

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"

	"github.com/isaworks/isa/internal/atomicfile"
	"github.com/isaworks/isa/internal/diag"
)

// Names and modes of what is in a spool.
const (
	messagesFile = "messages"
	indexFile    = "index"
	logFile      = "log"
	secretFile   = "secret"
	roomFile     = "room" // of a batch that is not frozen: what index and log will take
	dirPerm      = 0o700
	filePerm     = 0o600
)

// Spool is a directory of batches. It is safe for concurrent use.
type Spool struct {
	dir   string
	quota int64
	freed atomic.Int64

	mu       sync.Mutex
	reserved map[string]int64 // of batches that this process fills: what each may hold
	open     map[string]*mailbox
}

// Open opens the spool in dir, making the directory if needed. quota is the most that
// all batches may hold together, in bytes; 0: no bound but the disk. To divide a batch
// takes about 50 bytes a message more for as long as it and its parts are both there.
func Open(dir string, quota int64) (*Spool, error) {
	if err := os.MkdirAll(dir, dirPerm); err != nil {
		return nil, fault("open the spool", err)
	}
	info, err := os.Stat(dir)
	if err == nil && info.Mode().Perm()&0o077 != 0 {
		err = os.Chmod(dir, dirPerm)
	}
	if err != nil {
		return nil, fault("open the spool", err)
	}
	return &Spool{dir: dir, quota: quota, reserved: map[string]int64{}, open: map[string]*mailbox{}}, nil
}

// Look opens a spool that is there, and makes and changes nothing of its directory. When
// there is none the error wraps fs.ErrNotExist.
func Look(dir string) (*Spool, error) {
	if _, err := os.ReadDir(dir); err != nil {
		return nil, fault("look into the spool", err)
	}
	return &Spool{dir: dir, reserved: map[string]int64{}, open: map[string]*mailbox{}}, nil
}

// Dir is the directory.
func (s *Spool) Dir() string { return s.dir }

// Freed counts how often room was given back in this process: one who waits for room
// sees by it that others go on.
func (s *Spool) Freed() int64 { return s.freed.Load() }

func (s *Spool) path(id string, file ...string) string {
	return filepath.Join(append([]string{s.dir, id}, file...)...)
}

// legal tells what may be the ID of a batch: it is a directory's name, and the first
// part of an e-mail address, whose case may be lost on the way.
func legal(id string) bool {
	if len(id) < 8 || len(id) > 60 {
		return false
	}
	for _, c := range []byte(id) {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' {
			return false
		}
	}
	return true
}

// List returns the batches whose IDs begin with prefix, frozen or not, sorted.
func (s *Spool) List(prefix string) ([]string, error) {
	entries, err := os.ReadDir(s.dir)
	if err != nil {
		return nil, fault("list the spool", err)
	}
	var out []string
	for _, e := range entries {
		if e.IsDir() && legal(e.Name()) && strings.HasPrefix(e.Name(), prefix) {
			out = append(out, e.Name())
		}
	}
	return out, nil
}

// Frozen tells whether there is a frozen batch of that ID.
func (s *Spool) Frozen(id string) (bool, error) {
	if !legal(id) {
		return false, nil
	}
	_, err := os.Stat(s.path(id, indexFile))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, fault("look into the spool", err)
}

// Remove removes a batch, whatever its state. Connections that read it go on. It is no
// error that there is none.
func (s *Spool) Remove(id string) error {
	if !legal(id) {
		return illegal(id)
	}
	// The index goes first: what is half removed is not frozen.
	if err := os.Remove(s.path(id, indexFile)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fault("remove a batch", err)
	}
	if err := os.RemoveAll(s.path(id)); err != nil {
		return fault("remove a batch", err)
	}
	s.mu.Lock()
	delete(s.reserved, id)
	s.mu.Unlock()
	s.freed.Add(1)
	return nil
}

// Used is how many bytes the batches hold, and may come to hold: of one that this
// process fills, its share counts, with what comes besides the messages. Bytes that
// several batches share count once.
func (s *Spool) Used() (int64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.used()
}

// used is Used; the caller holds mu.
func (s *Spool) used() (sum int64, err error) {
	ids, err := s.List("")
	if err != nil {
		return 0, err
	}
	for _, share := range s.reserved {
		sum += share
	}
	var shared []fs.FileInfo // messages
	for _, id := range ids {
		if _, mine := s.reserved[id]; mine {
			continue
		}
		entries, err := os.ReadDir(s.path(id))
		if err != nil && !errors.Is(err, fs.ErrNotExist) { // it was just removed
			return 0, fault("measure the spool", err)
		}
		for _, e := range entries {
			info, err := e.Info()
			if errors.Is(err, fs.ErrNotExist) {
				continue
			}
			if err != nil {
				return 0, fault("measure the spool", err)
			}
			if e.Name() == messagesFile {
				if slices.ContainsFunc(shared, func(f fs.FileInfo) bool { return f.Size() == info.Size() && os.SameFile(f, info) }) {
					continue
				}
				shared = append(shared, info)
			}
			sum += info.Size()
		}
	}
	return sum, nil
}

// ErrFull is wrapped by the error of Begin when the spool has no room now, and of Put
// when the disk has none. Both are of class Limited: room comes back when batches have
// arrived.
var ErrFull = errors.New("the spool is full")

// ErrBatchFull is the error of Put when the messages do not fit into the batch.
var ErrBatchFull = errors.New("the batch is full")

// full is a spool without room.
func full(detail string) error {
	return &diag.Failure{Class: diag.Limited, Op: "spool", Detail: detail, Err: ErrFull}
}

// fault is an error of the disk.
func fault(what string, err error) error {
	var known *diag.Failure
	switch {
	case err == nil:
		return nil
	case errors.As(err, &known):
		return err
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return full("the disk of the spool has no room: " + err.Error())
	}
	return &diag.Failure{Class: diag.Unavailable, Op: what, Err: err, Fix: "see to the directory of the spool: its rights, its disk"}
}

func illegal(id string) error {
	return &diag.Failure{Class: diag.Internal, Op: "spool", Detail: fmt.Sprintf("%q is no ID of a batch", id)}
}

// syncDir makes what is in the directory of a batch, and the directory itself, last.
func (s *Spool) syncDir(id string) error {
	return errors.Join(atomicfile.SyncDir(s.path(id)), atomicfile.SyncDir(s.dir))
}
