// Package files has what the sources of mail in files share: the way into a
// directory that leads nowhere else, the names of a directory in order and in bounded
// memory, line ends, dates, and messages that are counted before they are handed on.
//
// Mail in files has the line ends of the machine that wrote it. IMAP wants CRLF (RFC
// 9051, 2.2), so every LF without a CR before it is read as CRLF; sizes and prints
// are those of what is read so. All other bytes stay as they are.
package files

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/internal/imapwire"
	"github.com/isaworks/isa/providers"
	"github.com/isaworks/isa/providers/mail"
)

// Host is the Host of origins that are files on this machine.
const Host = "files"

// Name is the Name of an origin that is a file or directory: the kind of source and
// the path as it was given, with slashes: "eml:/export/gildong".
func Name(kind, path string) string { return kind + ":" + filepath.ToSlash(filepath.Clean(path)) }

// Open opens a directory. What is read by way of it never lies outside, whatever
// links say.
func Open(dir string) (*os.Root, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, Failure("open "+dir, err)
	}
	return root, nil
}

// OpenFile opens a file of messages. What is no file, such as a pipe, is Invalid.
func OpenFile(root *os.Root, path string) (*os.File, fs.FileInfo, error) {
	info, err := root.Stat(path)
	if err != nil {
		return nil, nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, nil, &diag.Failure{Class: diag.Invalid, Op: "read message", Detail: Level(path) + " is no file"}
	}
	f, err := root.Open(path)
	if err != nil {
		return nil, nil, err
	}
	return f, info, nil
}

// Failure gives an error of the file system its class: what is not there is NotFound,
// what may not be read Invalid (Denied is for accounts), all else Unavailable. A
// Failure stays what it is.
func Failure(op string, err error) error {
	var f *diag.Failure
	var path *fs.PathError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &f):
		return err
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return &diag.Failure{Class: diag.Cancelled, Op: op, Err: err}
	}
	cause := err
	if errors.As(err, &path) {
		cause = path.Err // op names the path
	}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return &diag.Failure{Class: diag.NotFound, Op: op, Err: cause, Fix: "check the path"}
	case errors.Is(err, fs.ErrPermission):
		return &diag.Failure{Class: diag.Invalid, Op: op, Err: cause, Fix: "let isa's user read it"}
	case errors.Is(err, fs.ErrClosed):
		return &diag.Failure{Class: diag.Unavailable, Op: op, Detail: "it was closed here"}
	}
	return &diag.Failure{Class: diag.Unavailable, Op: op, Err: cause}
}

// Unreadable is the failure of one message, which leaves the others readable: Invalid.
// Calls that were cancelled or closed stay what they are.
func Unreadable(name string, err error) error {
	failure := Failure("read "+name, err)
	switch diag.ClassOf(failure) {
	case diag.Cancelled, diag.Invalid:
		return failure
	}
	if errors.Is(err, fs.ErrClosed) {
		return failure
	}
	cause := err
	var path *fs.PathError
	if errors.As(err, &path) {
		cause = path.Err
	}
	return &diag.Failure{Class: diag.Invalid, Op: "read message", Detail: "the file " + Level(name) + " cannot be read: " + cause.Error(), Err: quiet{cause}}
}

// quiet is a cause that Detail tells already.
type quiet struct{ error }

// Error is nothing.
func (quiet) Error() string { return "" }

// Unwrap returns the cause.
func (q quiet) Unwrap() error { return q.error }

// Level is the name of a file or directory as a level of Folder.Path: NFC, and read
// as EUC-KR when it is no UTF-8.
func Level(name string) string {
	if utf8.ValidString(name) {
		return norm.NFC.String(name)
	}
	return imapwire.ReadName(name)
}

// Uses says what folders are for by well-known names, each use once: for folders at
// the top that have no use yet. "Inbox" in any case is the inbox.
func Uses(folders []providers.Folder) {
	taken := map[providers.Use]bool{}
	for _, f := range folders {
		taken[f.Use] = true
	}
	for i, f := range folders {
		if f.Use != "" || len(f.Path) != 1 || f.Unserved != "" {
			continue
		}
		use := mail.UsualUse(f.Path[0])
		if isInbox(f.Path[0]) {
			use = providers.UseInbox
		}
		if use != "" && !taken[use] {
			folders[i].Use, taken[use] = use, true
		}
	}
}

// isInbox tells the name that RFC 9051 gives the inbox, in any case.
func isInbox(name string) bool { return strings.EqualFold(name, "INBOX") }

// Session is the life of a reader of files: it lets Close end a call under way.
type Session struct {
	closed atomic.Bool
	end    chan struct{}
}

// NewSession begins one.
func NewSession() *Session { return &Session{end: make(chan struct{})} }

// Close ends the session and all calls in it. It reports whether it was open.
func (s *Session) Close() bool {
	if s.closed.Swap(true) {
		return false
	}
	close(s.end)
	return true
}

// During is ctx, ended by Close too. The caller calls stop when the call is over.
func (s *Session) During(ctx context.Context) (during context.Context, stop func()) {
	during, cancel := context.WithCancelCause(ctx)
	done := make(chan struct{})
	go func() {
		select {
		case <-s.end:
			cancel(closed())
		case <-done:
		}
	}()
	if s.closed.Load() {
		cancel(closed())
	}
	return during, func() { close(done); cancel(nil) }
}

// Ended is why a context of During ended, nil when it did not: Unavailable after
// Close, else Cancelled.
func Ended(ctx context.Context) error {
	if ctx.Err() == nil {
		return nil
	}
	var f *diag.Failure
	if cause := context.Cause(ctx); errors.As(cause, &f) {
		return f
	}
	return &diag.Failure{Class: diag.Cancelled, Op: "read files", Err: ctx.Err()}
}

func closed() error {
	return &diag.Failure{Class: diag.Unavailable, Op: "read files", Detail: "the source was closed"}
}
