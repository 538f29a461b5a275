package imap

import (
	"errors"
	"fmt"
	"strconv"

	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/internal/imapwire"
	"github.com/isaworks/isa/providers"
)

// reader is an open account. It is for one goroutine; Close may come from another.
type reader struct {
	conn    *imapwire.Conn
	account Account
	verb    string // EXAMINE, or SELECT for a writer
	layout  layout
	labels  *labels // nil unless the server is Gmail; known after list
	seen    progress
}

func newReader(conn *imapwire.Conn, a Account, verb string) *reader {
	return &reader{conn: conn, account: a, verb: verb}
}

// Close implements providers.Reader.
func (r *reader) Close() error { return r.conn.Close() }

// attempts is how often a question is asked that the server refused without a
// reason: some servers refuse now and then.
const attempts = 5

// passing tells whether asking again may help.
func passing(err error) bool {
	var refused *imapwire.Refusal
	return errors.As(err, &refused) && refused.Passing()
}

// own is an error of a caller's function on its way through the connection: whatever
// is in its chain, it is not the server's.
type own struct{ error }

// disown returns the caller's error as it was.
func disown(err error) error {
	if mine, ok := err.(own); ok {
		return mine.error
	}
	return err
}

// fits makes sure that a folder that was opened is the one whose keys are known.
func fits(f providers.Folder, now *imapwire.Mailbox) error {
	if epoch := strconv.FormatUint(uint64(now.Validity), 10); f.Epoch != "" && f.Epoch != epoch {
		return &diag.Failure{Class: diag.Conflict, Op: "open folder " + imapwire.ReadName(f.ID),
			Detail: "its UIDVALIDITY was " + f.Epoch + " and is " + epoch + ": the server numbered its messages anew",
			Fix:    "the next pass recognises them by their content"}
	}
	return nil
}

// asOf is a folder as it was when it was opened.
func asOf(f providers.Folder, now *imapwire.Mailbox) providers.Folder {
	f.Epoch = strconv.FormatUint(uint64(now.Validity), 10)
	f.Next, f.Items = int64(now.Next), int64(now.Messages)
	f.Mark = mark(now.Next, now.Messages, now.ModSeq)
	return f
}

// key is a UID as Item.Key.
func key(uid uint32) string { return fmt.Sprintf("%010d", uid) }

// uidOf is Item.Key as a UID.
func uidOf(key string) (uint32, error) {
	n, err := strconv.ParseUint(key, 10, 32)
	if err != nil || n == 0 || len(key) != 10 {
		return 0, &diag.Failure{Class: diag.Internal, Op: "read a key", Detail: strconv.Quote(key) + " is no key of a message"}
	}
	return uint32(n), nil
}
