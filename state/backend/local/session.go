package local

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"sync"

	"github.com/isaworks/isa/internal/atomicfile"
	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/state"
	"github.com/isaworks/isa/state/filelock"
)

// session implements state.Session. Appends that come while another is being
// written wait together and share the next write and fsync.
type session struct {
	files
	lock *filelock.Lock

	writing sync.Mutex // held by whoever uses the journal file
	journal journalFile

	mu      sync.Mutex // guards all below; taken after writing
	base    *state.State
	first   *state.Begin  // of the journal; nil before the first append
	entries []state.Entry // durable, behind base
	next    *group        // gathers appends; nil when there is none
	fault   error         // why nothing can be appended any more
	closed  bool
}

// journalFile is what the journal is written to.
type journalFile interface {
	io.Writer
	Sync() error
	Close() error
}

// group is one write.
type group struct {
	lines   []byte
	entries []state.Entry
	done    chan struct{}
	err     error // set before done is closed
}

// State implements state.Session. After a Commit it returns what was committed.
func (s *session) State() *state.State {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.base
}

// Append implements state.Session. Its entries are written all together or, when
// it fails, perhaps in part. After a failed write the session takes nothing more:
// every later Append fails with the same cause, and what was durable stays so.
func (s *session) Append(ctx context.Context, _ bool, entries ...state.Entry) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if len(entries) == 0 {
		return nil
	}
	var lines []byte
	for _, e := range entries {
		var err error
		if lines, err = state.AppendLine(lines, e); err != nil {
			return err
		}
	}
	g, first, err := s.join(lines, entries)
	if err != nil {
		return err
	}
	if first {
		s.write(g)
	}
	<-g.done
	return g.err
}

// join adds entries to the next group; first tells that the caller must write it.
func (s *session) join(lines []byte, entries []state.Entry) (g *group, first bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.usable(); err != nil {
		return nil, false, err
	}
	if err := s.follows(entries); err != nil {
		return nil, false, err
	}
	if s.next == nil {
		s.next, first = &group{done: make(chan struct{})}, true
	}
	s.next.lines = append(s.next.lines, lines...)
	s.next.entries = append(s.next.entries, entries...)
	return s.next, first, nil
}

func (s *session) usable() error {
	if s.closed {
		return lost("the session is closed")
	}
	return s.fault
}

// follows refuses entries that the next load would refuse: the first must be a
// Begin on this state, and every later Begin the same.
func (s *session) follows(entries []state.Entry) error {
	first := s.first
	var heads []state.Entry
	if first != nil {
		heads = append(heads, state.Entry{Begin: first})
	}
	for i, e := range entries {
		if e.Begin != nil || first == nil && i == 0 {
			heads = append(heads, e)
		}
	}
	base := &state.State{Format: state.Format, Lineage: s.base.Lineage, Serial: s.base.Serial}
	_, added, err := state.Continue(base, heads)
	if err == nil && !added && len(heads) > 0 {
		err = &diag.Failure{Class: diag.Conflict, Op: "journal", Detail: "it begins on an older serial than the state's", Fix: "plan again"}
	}
	if err == nil && first == nil {
		s.first = entries[0].Begin
	}
	return err
}

// write makes a group durable. The group takes appends until its turn has come.
func (s *session) write(g *group) {
	s.writing.Lock()
	defer s.writing.Unlock()
	s.mu.Lock()
	s.next = nil
	err := s.usable()
	s.mu.Unlock()
	if err == nil {
		err = s.flush(g.lines)
	}
	s.mu.Lock()
	if err == nil {
		s.entries = append(s.entries, g.entries...)
	} else if s.fault == nil {
		s.fault = err
	}
	g.err = err
	s.mu.Unlock()
	close(g.done)
}

func (s *session) flush(lines []byte) error {
	if s.journal == nil {
		if err := s.create(); err != nil {
			return unwritable(err)
		}
	}
	n, err := s.journal.Write(lines)
	if err == nil && n < len(lines) {
		err = io.ErrShortWrite
	}
	if err == nil {
		err = s.journal.Sync()
	}
	if err != nil {
		return unwritable(err)
	}
	return nil
}

// create makes the journal; it must be new, since a leftover one was folded when
// the session began.
func (s *session) create() error {
	f, err := os.OpenFile(s.files.journal, os.O_CREATE|os.O_EXCL|os.O_WRONLY|os.O_APPEND, perm)
	if err != nil {
		return err
	}
	if err := atomicfile.SyncDir(filepath.Dir(s.files.journal)); err != nil {
		return errors.Join(err, f.Close())
	}
	s.journal = f
	return nil
}

// Check implements state.Session. It costs two stat calls.
func (s *session) Check(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.mu.Lock()
	err := s.usable()
	s.mu.Unlock()
	if err != nil {
		return err
	}
	return held(s.lock)
}

// Commit implements state.Session. With nothing appended it writes nothing. It
// must not run together with Append. After a failed write it refuses: the journal
// may hold more than what was confirmed, and the next load reads it.
func (s *session) Commit(ctx context.Context) error {
	if err := s.Check(ctx); err != nil {
		return err
	}
	s.writing.Lock()
	defer s.writing.Unlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.entries) == 0 {
		return nil
	}
	after := state.Fold(s.base, s.entries)
	after.Serial = s.base.Serial + 2 // readers of the journal saw one higher
	if err := s.closeJournal(); err != nil {
		s.fault = unwritable(err)
		return s.fault
	}
	if err := s.save(after); err != nil {
		s.fault = err
		return err
	}
	s.base, s.first, s.entries = after, nil, nil
	return nil
}

func (s *session) closeJournal() error {
	if s.journal == nil {
		return nil
	}
	err := s.journal.Close()
	s.journal = nil
	return err
}

// Close implements state.Session. Closing twice is no error.
func (s *session) Close() error {
	s.writing.Lock()
	defer s.writing.Unlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil
	}
	s.closed = true
	return errors.Join(s.closeJournal(), s.lock.Close())
}
