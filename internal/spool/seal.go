package spool

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"time"

	"github.com/isaworks/isa/internal/atomicfile"
	"github.com/isaworks/isa/internal/diag"
)

// seal writes log and index of a batch whose messages are there, durably, the index
// last.
func (s *Spool) seal(id string, x *index) error {
	data, err := x.encode()
	if err != nil {
		return err
	}
	if err := atomicfile.Write(s.path(id, logFile), filePerm, make([]byte, slotSize*(int(x.top)+1))); err != nil {
		return fault("freeze a batch", err)
	}
	if err := atomicfile.Write(s.path(id, indexFile), filePerm, data); err != nil {
		return fault("freeze a batch", err)
	}
	return fault("freeze a batch", s.syncDir(id))
}

// read reads the index of a frozen batch.
func (s *Spool) read(id string) (*index, error) {
	if !legal(id) {
		return nil, illegal(id)
	}
	data, err := os.ReadFile(s.path(id, indexFile))
	if err != nil {
		return nil, fault("read a batch", err)
	}
	info, err := os.Stat(s.path(id, messagesFile))
	if err != nil {
		return nil, fault("read a batch", err)
	}
	return decode(data, info.Size())
}

// Regroup makes frozen batches, called to, of the messages of frozen batches that are
// parts of one: which returns, for a message's number, the index in to, or -1 for a
// message that is left out. The batches they are made of stay. Parts share their bytes.
func (s *Spool) Regroup(from, to []string, which func(number uint32) int) error {
	if len(from) == 0 {
		return illegal("")
	}
	var all []*index
	for _, id := range from {
		x, err := s.read(id)
		if err != nil {
			return err
		}
		all = append(all, x)
	}
	for i, id := range to {
		if err := s.part(from[0], id, only(func(n uint32) bool { return which(n) == i }, all...)); err != nil {
			return err
		}
	}
	return nil
}

// part makes a batch that shares the bytes of another.
func (s *Spool) part(of, id string, x *index) error {
	if !legal(id) {
		return illegal(id)
	}
	if err := os.Mkdir(s.path(id), dirPerm); err != nil {
		return fault("divide a batch", err)
	}
	if err := share(s.path(of, messagesFile), s.path(id, messagesFile)); err != nil {
		return fault("divide a batch", err)
	}
	return s.seal(id, x)
}

// share links a file, or copies it where the disk knows no links.
func share(from, to string) error {
	if os.Link(from, to) == nil {
		return nil
	}
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close() //nolint:errcheck // it was only read
	out, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, filePerm)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	if err == nil {
		err = out.Sync()
	}
	return errors.Join(err, out.Close())
}

// secretsMost is how many passwords of a batch are good at once.
const secretsMost = 4

// Secret makes a new password of a frozen batch, of 128 random bits or more, and
// returns it: only its hash is kept. Those of before stay good, for a start whose answer
// was lost, but the last ones only. A part of a batch has none of them.
func (s *Spool) Secret(id string) (password string, err error) {
	frozen, err := s.Frozen(id)
	if err != nil {
		return "", err
	}
	if !frozen {
		return "", &diag.Failure{Class: diag.NotFound, Op: "spool", Detail: fmt.Sprintf("there is no batch %s in %s", id, s.dir)}
	}
	before, err := s.secrets(id)
	if err != nil {
		return "", err
	}
	password = rand.Text()
	sum := sha256.Sum256([]byte(password))
	all := append(before, sum[:]...)
	all = all[max(0, len(all)-secretsMost*sha256.Size):]
	err = atomicfile.Write(s.path(id, secretFile), filePerm, []byte(hex.EncodeToString(all)))
	return password, fault("make a password", err)
}

// Promised is when a password of a batch was made last: from then on somebody may have
// fetched it. Zero: never, or there is no such batch.
func (s *Spool) Promised(id string) (time.Time, error) {
	if !legal(id) {
		return time.Time{}, illegal(id)
	}
	info, err := os.Stat(s.path(id, secretFile))
	if errors.Is(err, fs.ErrNotExist) {
		return time.Time{}, nil
	}
	if err != nil {
		return time.Time{}, fault("look into the spool", err)
	}
	return info.ModTime(), nil
}

// Heads yields the first bytes of messages, at most n of each, by their numbers. The
// bytes are valid during the call.
func (s *Spool) Heads(id string, numbers []uint32, n int64, yield func(number uint32, head []byte)) error {
	x, err := s.read(id)
	if err != nil {
		return err
	}
	f, err := os.Open(s.path(id, messagesFile))
	if err != nil {
		return fault("read a batch", err)
	}
	defer f.Close() //nolint:errcheck // it was only read
	buf := make([]byte, n)
	for _, number := range numbers {
		folder, at, ok := x.find(number)
		if !ok {
			continue
		}
		head := buf[:min(n, x.messages[folder][at].Size)]
		if _, err := f.ReadAt(head, x.offsets[folder][at]); err != nil {
			return fault("read a batch", err)
		}
		yield(number, head)
	}
	return nil
}
