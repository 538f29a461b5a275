package ledger

import (
	"context"
	"errors"
	"io/fs"
	"strings"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/isaworks/isa/internal/diag"
)

// op is the Op of every failure.
const op = "ledger"

// classified makes a *diag.Failure of an error of the file or of SQLite.
func classified(err error) error {
	var known *diag.Failure
	var s *sqlite.Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &known):
		return err
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return &diag.Failure{Class: diag.Cancelled, Op: op, Err: err}
	case errors.As(err, &s):
		return ofCode(s.Code()&0xff, err)
	}
	var path *fs.PathError
	switch {
	case errors.As(err, &path):
		return unwritable(err)
	case errors.Is(err, errDamaged):
		return damaged(err)
	}
	return &diag.Failure{Class: diag.Internal, Op: op, Err: err}
}

// errDamaged is wrapped by what finds something in the file that isa never writes.
var errDamaged = errors.New("unexpected content")

func ofCode(code int, err error) error {
	switch code {
	case sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM, sqlite3.SQLITE_CANTOPEN:
		return unwritable(err)
	case sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_MISMATCH:
		return damaged(err)
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_PROTOCOL:
		return &diag.Failure{Class: diag.Conflict, Op: op, Detail: "another program is using the file", Err: err,
			Fix: "end that program, and run isa again"}
	}
	return &diag.Failure{Class: diag.Internal, Op: op, Err: err}
}

// inUse begins what is said of a ledger that somebody else writes to.
const inUse = "in use by "

// InUse reports an error of Open that says that somebody else writes to the ledger,
// which ends by itself.
func InUse(err error) bool {
	var f *diag.Failure
	return errors.As(err, &f) && f.Op == op && f.Class == diag.Conflict && strings.HasPrefix(f.Detail, inUse)
}

func unwritable(err error) error {
	return &diag.Failure{Class: diag.Unavailable, Op: op, Detail: "the file cannot be used", Err: err,
		Fix: "check free space and the rights of the folder, then run isa again: what was settled is kept"}
}

func damaged(err error) error {
	return &diag.Failure{Class: diag.Conflict, Op: op, Detail: "the file is damaged", Err: err, Fix: restore}
}

// restore is the way out for whoever's ledger is not what it was.
const restore = "restore the file, with those named like it and ending in -wal and -shm, from a backup; or move it away and run isa with --allow " + Lost + "=1" +
	": what is at the targets already is then recognised there, not copied again"

func refuse(class diag.Class, detail, fix string) error {
	return &diag.Failure{Class: class, Op: op, Detail: detail, Fix: fix}
}

func closed() error {
	return refuse(diag.Internal, "it was closed while something was still at work with it", "")
}

func readOnly() error {
	return refuse(diag.Denied, "it was opened for reading only", "")
}

// isRefusal tells whether a change was refused before anything of it was done.
func isRefusal(err error) bool {
	var f *diag.Failure
	return errors.As(err, &f)
}

// noTransaction tells that there was nothing to roll back: SQLite had done it.
func noTransaction(err error) bool {
	var s *sqlite.Error
	return errors.As(err, &s) && s.Code() == sqlite3.SQLITE_ERROR
}
