package local

import (
	"context"
	"errors"

	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/state"
	"github.com/isaworks/isa/state/filelock"
)

// Lock implements state.Store. The lock is the operating system's, so it ends with
// its process, however that ends. Empty fields of holder are filled in. A journal
// that a cut-off apply left is folded into the state file first.
func (s *store) Lock(ctx context.Context, holder state.Holder) (state.Session, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	l, err := filelock.Take(ctx, s.lock, holder)
	var locked *state.LockedError
	if errors.As(err, &locked) {
		return nil, err
	} else if err != nil {
		return nil, unwritable(err)
	}
	sess, err := s.begin(l)
	if err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return sess, nil
}

func (s *store) begin(l *filelock.Lock) (*session, error) {
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
	return &session{files: s.files, lock: l, base: st}, nil
}

// Who is who runs this process, as user@host.
func Who() string { return filelock.Who() }

// held tells whether the lock file is still the one that was locked.
func held(l *filelock.Lock) error {
	if err := l.Lost(); err != nil {
		return lost(err.Error())
	}
	return nil
}

func lost(detail string) error {
	return &diag.Failure{Class: diag.Conflict, Op: "state lock", Detail: "lost: " + detail,
		Fix: "let no other isa run on this state, leave its lock file alone, and run isa again"}
}
