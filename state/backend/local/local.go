// Package local keeps the state in a file on this machine.
//
// Beside isa.state.json stand isa.state.json.backup (the state before the last
// commit), isa.state.journal (an apply under way or cut off) and isa.state.lock
// (the lock; it names its holder and is never removed). All are readable by their
// owner only.
//
// A state with a journal folded in bears the serial after that of the file. A
// commit writes a serial one higher than any reader can have seen, so that a plan
// made while an apply was running is known to be stale.
package local

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/isaworks/isa/internal/atomicfile"
	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/state"
	"github.com/isaworks/isa/state/filelock"
)

// perm is the mode of every file: the state holds personal data.
const perm = 0o600

// New returns the store of the state file at path. Nothing is touched yet; the
// folder must exist when the store is locked.
func New(path string) state.Store {
	base := strings.TrimSuffix(path, ".json")
	return &store{files{state: path, backup: path + ".backup", journal: base + ".journal", lock: base + ".lock"}}
}

// Files are the paths that the store of the state file at path uses.
func Files(path string) []string {
	f := New(path).(*store).files
	return []string{f.state, f.backup, f.journal, f.lock}
}

type files struct{ state, backup, journal, lock string }

type store struct{ files }

// readTries bounds how often a journal is read again that another process was
// writing to while it was read.
const readTries = 3

// Read implements state.Store. The journal is read before the state: a commit in
// between then shows as a state newer than the journal, which holds it already.
func (s *store) Read(ctx context.Context) (*state.State, error) {
	var err error
	for range readTries {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		var st *state.State
		if st, _, err = s.load(); err == nil {
			return st, nil
		}
	}
	return nil, err
}

// load returns the state with the journal folded in and whether the journal added
// anything.
func (f files) load() (st *state.State, added bool, err error) {
	journal, err := readFile(f.journal)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, false, unreadable(err)
	}
	data, err := readFile(f.state)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		st = state.Empty()
	case err != nil:
		return nil, false, unreadable(err)
	default:
		if st, err = state.Decode(f.state, data); err != nil {
			return nil, false, err
		}
	}
	entries, err := state.ReadJournal(journal)
	if err != nil {
		return nil, false, fmt.Errorf("%s: %w", f.journal, err)
	}
	after, added, err := state.Continue(st, entries)
	if err != nil {
		return nil, false, fmt.Errorf("%s: %w", f.journal, err)
	}
	if added {
		after.Serial = st.Serial + 1
	}
	return after, added, nil
}

// readFile reads a file, and nothing else: reading a pipe would wait for ever.
func readFile(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("%s is not a file", path)
	}
	if err != nil {
		return nil, err
	}
	return os.ReadFile(path)
}

// save replaces the state file, keeping the one before as backup, and then removes
// the journal, which the new state holds. A crash in between leaves a journal that
// began on an older serial: it is ignored.
func (f files) save(st *state.State) error {
	data, err := state.Encode(st)
	if err != nil {
		return err
	}
	before, err := readFile(f.state)
	switch {
	case err == nil:
		if err := atomicfile.Write(f.backup, perm, before); err != nil {
			return unwritable(err)
		}
	case !errors.Is(err, fs.ErrNotExist):
		return unreadable(err)
	}
	if err := atomicfile.Write(f.state, perm, data); err != nil {
		return unwritable(err)
	}
	return f.removeJournal()
}

func (f files) removeJournal() error {
	switch err := atomicfile.Remove(f.journal); {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return unwritable(err)
	}
	if err := atomicfile.SyncDir(filepath.Dir(f.journal)); err != nil {
		return unwritable(err)
	}
	return nil
}

// Unlock implements state.Store: it refuses, since the lock ends with its holder.
func (s *store) Unlock(context.Context, string) error {
	detail := "nobody holds it"
	if h, ok := filelock.Holder(s.lock); ok {
		detail = fmt.Sprintf("last held by %s (process %d)", h.Who, h.PID)
	}
	return &diag.Failure{Class: diag.Invalid, Op: "unlock", Detail: "a local lock ends with its process; " + detail,
		Fix: "end that process; nothing else is needed"}
}

func unreadable(err error) error {
	return &diag.Failure{Class: diag.Unavailable, Op: "state", Detail: "cannot be read", Err: err,
		Fix: "check the folder and the rights of its files"}
}

func unwritable(err error) error {
	return &diag.Failure{Class: diag.Unavailable, Op: "state", Detail: "cannot be written", Err: err,
		Fix: "check free space and rights of the folder, then run isa again: what was journaled is kept"}
}
