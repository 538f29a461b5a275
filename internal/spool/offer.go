package spool

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"

	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/internal/imapgate"
)

// Offers serve the frozen batches of the spool, those too that another process froze.
// The login of a batch is an e-mail address whose first part is the batch's ID.
func (s *Spool) Offers() imapgate.Offers { return offers{s} }

type offers struct{ s *Spool }

// denied is the answer to a wrong name and to a wrong password.
func denied() error {
	return &diag.Failure{Class: diag.Denied, Op: "log in", Detail: "wrong name or password"}
}

// Open implements imapgate.Offers. A wrong name costs what a wrong password does: the
// secret of another batch is read and compared.
func (o offers) Open(user, password string) (imapgate.Offer, error) {
	ids, err := o.s.List("")
	if err != nil {
		return nil, err
	}
	id, _, _ := strings.Cut(strings.ToLower(user), "@")
	_, known := slices.BinarySearch(ids, id)
	read := id
	if !known && len(ids) > 0 {
		read = ids[0]
	}
	want := make([]byte, secretsMost*sha256.Size)
	if known || len(ids) > 0 {
		have, err := o.s.secrets(read)
		if err != nil {
			return nil, err
		}
		copy(want, have)
	}
	sum, equal := sha256.Sum256([]byte(password)), 0
	for one := range slices.Chunk(want, sha256.Size) {
		equal |= subtle.ConstantTimeCompare(sum[:], one)
	}
	if equal != 1 || !known {
		return nil, denied()
	}
	return o.s.serve(id)
}

// secrets reads the hashes of a batch's passwords, one after another; nil when it has
// none.
func (s *Spool) secrets(id string) ([]byte, error) {
	text, err := os.ReadFile(s.path(id, secretFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fault("log in", err)
	}
	sums, err := hex.DecodeString(string(text))
	if err != nil || len(sums) == 0 || len(sums)%sha256.Size != 0 || len(sums) > secretsMost*sha256.Size {
		return nil, &diag.Failure{Class: diag.Conflict, Op: "log in", Detail: "the password of batch " + id + " is damaged"}
	}
	return sums, nil
}

// mailbox is a batch that is being served. It is shared by all who read it.
type mailbox struct {
	s        *Spool
	id       string
	users    int // the spool's mu guards it
	x        *index
	messages *os.File
	log      log
}

// serve opens a batch for one more reader.
func (s *Spool) serve(id string) (imapgate.Offer, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	m := s.open[id]
	if m == nil {
		var err error
		if m, err = s.load(id); errors.Is(err, fs.ErrNotExist) {
			return nil, denied() // removed meanwhile
		} else if err != nil {
			return nil, err
		}
		s.open[id] = m
	}
	m.users++
	m.log.opened()
	return &offer{mailbox: m}, nil
}

func (s *Spool) load(id string) (*mailbox, error) {
	x, err := s.read(id)
	if err != nil {
		return nil, err
	}
	messages, err := os.Open(s.path(id, messagesFile))
	if err != nil {
		return nil, fault("serve a batch", err)
	}
	log, err := os.OpenFile(s.path(id, logFile), os.O_RDWR, filePerm)
	if err != nil {
		return nil, errors.Join(fault("serve a batch", err), messages.Close())
	}
	m := &mailbox{s: s, id: id, x: x, messages: messages}
	m.log.file = log
	return m, nil
}

// leave ends the use by one reader.
func (m *mailbox) leave() error {
	m.s.mu.Lock()
	defer m.s.mu.Unlock()
	if m.users--; m.users > 0 {
		return nil
	}
	if m.s.open[m.id] == m {
		delete(m.s.open, m.id)
	}
	return fault("serve a batch", errors.Join(m.log.file.Sync(), m.log.file.Close(), m.messages.Close()))
}

// offer is a mailbox as one connection reads it.
type offer struct {
	*mailbox
	closed bool
}

// Name implements imapgate.Offer.
func (o *offer) Name() string { return o.id }

// Folders implements imapgate.Offer.
func (o *offer) Folders() []imapgate.Folder { return o.x.folders }

// Messages implements imapgate.Offer.
func (o *offer) Messages(folder int) []imapgate.Message { return o.x.messages[folder] }

// Body implements imapgate.Offer. When the log cannot be written nothing is served:
// what is sent and not noted would be sent again.
func (o *offer) Body(folder, n int) (*io.SectionReader, error) {
	if err := o.log.failed(); err != nil {
		return nil, fault("serve a batch", err)
	}
	return io.NewSectionReader(o.messages, o.x.offsets[folder][n], o.x.messages[folder][n].Size), nil
}

// Begun implements imapgate.Offer.
func (o *offer) Begun(folder, n int) { o.log.begun(o.x.messages[folder][n].UID) }

// Complete implements imapgate.Offer.
func (o *offer) Complete(folder, n int) { o.log.complete(o.x.messages[folder][n].UID) }

// Close implements imapgate.Offer.
func (o *offer) Close() error {
	if o.closed {
		return nil
	}
	o.closed = true
	return o.leave()
}
