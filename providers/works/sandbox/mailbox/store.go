package mailbox

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"
)

// spare is how many mailboxes stay open after their last session has left.
const spare = 32

// store opens and closes mailboxes: a member without a session costs nothing.
type store struct {
	dir     string
	durable bool
	now     func() time.Time
	epoch   Epoch

	mu     sync.Mutex
	boxes  map[string]*shelf
	unused []string // open without sessions, the longest unused first
	known  map[string]Sum
	begun  map[string]bool // had its new epoch since the start
	closed bool
}

// shelf is the place of one mailbox. Its lock is held while the mailbox opens, so
// that others are not kept waiting.
type shelf struct {
	mu       sync.Mutex
	box      *box
	sessions int // guarded by store.mu; those of Imports among them
	held     int // sessions of Imports, likewise
}

func newStore(dir string, durable bool, epoch Epoch, now func() time.Time) *store {
	return &store{dir: dir, durable: durable, now: now, epoch: epoch, boxes: map[string]*shelf{}, known: map[string]Sum{}, begun: map[string]bool{}}
}

// enter opens a mailbox for a session, unless limit sessions have it open already
// (0: any number). Each enter that succeeds needs a leave.
func (s *store) enter(account Account, limit int) (*box, error) {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return nil, errors.New("the mailboxes are closed")
	}
	if sh := s.boxes[account.ID]; sh != nil && limit > 0 && sh.sessions-sh.held >= limit {
		s.mu.Unlock()
		return nil, errTooMany
	}
	sh := s.take(account.ID)
	renew := sh.sessions-sh.held == 1 && s.epoch == EpochSession || s.epoch == EpochStart && !s.begun[account.ID]
	s.begun[account.ID] = true
	s.mu.Unlock()
	b, err := s.ready(sh, account, renew)
	if err != nil {
		return nil, errors.Join(err, s.leave(account.ID))
	}
	return b, nil
}

// take counts one more session of a mailbox. The caller holds the lock.
func (s *store) take(id string) *shelf {
	sh := s.boxes[id]
	if sh == nil {
		sh = &shelf{}
		s.boxes[id] = sh
	}
	s.unused = slices.DeleteFunc(s.unused, func(u string) bool { return u == id })
	sh.sessions++
	return sh
}

var errTooMany = errors.New("too many sessions")

func (s *store) ready(sh *shelf, account Account, renew bool) (*box, error) {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	if sh.box == nil {
		b, err := openBox(filepath.Join(s.dir, account.ID), account.Korean, s.durable, s.now)
		if err != nil {
			return nil, err
		}
		sh.box = b
	}
	if renew {
		if err := sh.box.renewAll(); err != nil {
			return nil, err
		}
	}
	return sh.box, nil
}

// leave ends a session's use of a mailbox.
func (s *store) leave(id string) error {
	s.mu.Lock()
	sh := s.boxes[id]
	sh.sessions--
	var old *shelf
	if sh.sessions == 0 {
		s.unused = append(s.unused, id)
		if len(s.unused) > spare {
			old = s.takeOut(s.unused[0])
		}
	}
	s.mu.Unlock()
	if old == nil {
		return nil
	}
	return old.close()
}

// takeOut forgets an unused mailbox, which the caller closes. An enter that comes
// at once opens it anew, which is why its place is kept locked until it is closed.
func (s *store) takeOut(id string) *shelf {
	sh := s.boxes[id]
	s.unused = slices.DeleteFunc(s.unused, func(u string) bool { return u == id })
	sh.mu.Lock()
	if sh.box != nil {
		s.known[id] = sh.box.sum()
	}
	return sh
}

// close closes the mailbox of a shelf whose lock is held.
func (sh *shelf) close() error {
	defer sh.mu.Unlock()
	if sh.box == nil {
		return nil
	}
	b := sh.box
	sh.box = nil
	return b.close()
}

// remove deletes a mailbox for good.
func (s *store) remove(id string) error {
	s.mu.Lock()
	sh := s.boxes[id]
	if sh == nil {
		sh = &shelf{}
		s.boxes[id] = sh
	}
	delete(s.known, id)
	s.unused = slices.DeleteFunc(s.unused, func(u string) bool { return u == id })
	s.mu.Unlock()
	sh.mu.Lock()
	return errors.Join(sh.close(), os.RemoveAll(filepath.Join(s.dir, id)))
}

// renew begins a new epoch in a mailbox.
func (s *store) renew(account Account) error {
	b, err := s.enter(account, 0)
	if err != nil {
		return err
	}
	return errors.Join(b.renewAll(), s.leave(account.ID))
}

// sum tells what a mailbox holds; false when it was not opened since the start.
func (s *store) sum(id string) (Sum, bool) {
	s.mu.Lock()
	sh := s.boxes[id]
	known, ok := s.known[id]
	s.mu.Unlock()
	if sh == nil {
		return known, ok
	}
	sh.mu.Lock()
	defer sh.mu.Unlock()
	if sh.box == nil {
		return known, ok
	}
	return sh.box.sum(), true
}

func (s *store) close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	var errs []error
	for _, sh := range s.boxes {
		sh.mu.Lock()
		errs = append(errs, sh.close())
	}
	if !s.durable {
		errs = append(errs, os.RemoveAll(s.dir))
	}
	return errors.Join(errs...)
}
