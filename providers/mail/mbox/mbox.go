// Package mbox reads mbox files (RFC 4155): providers.Origin of mail.
//
// A file is a folder, and so are the files of a directory, as Thunderbird (Work and
// Work.sbd/2024) and Apple Mail (Work.mbox/mbox) keep them. Files of 10 GB and more
// are read as a stream: no index is made, and memory does not depend on the file.
//
// # Messages
//
// A message begins with a line "From ", at the beginning of the file or after an empty
// line, that ends in a date, or holds an address or nothing and stands before a header
// field (as Thunderbird writes it); without an empty line before it, it needs both a
// date and a header field after it. The empty line before it belongs to it. Where a
// field Content-Length leads to such a line or to the end of the file, it counts
// (mboxcl, mboxcl2); where it does not, it is a field like any other.
//
// Lines of ">" and "From " lose one ">" (mboxrd). For mboxo, which cannot be read back
// for certain, that is right but for messages that had such lines of their own. Bodies
// with a Content-Length are read as they are (mboxcl2) when such a body among the first
// 8 MiB of the file has a line that begins with "From ", which mboxcl never has.
//
// What mbox programs write into headers is taken out again: Status, X-Status, X-UID,
// X-Keywords, X-IMAP, X-IMAPbase, X-Evolution, X-Mozilla-Status, -Status2 and -Keys, and
// the Content-Length that counts with the Lines behind it. The flags are taken from there. Messages that Thunderbird
// shows no more (X-Mozilla-Status 0008) and those that mail servers keep for themselves
// ("FOLDER INTERNAL DATA") are none. Line ends and dates are those of package files; the
// date of the From line (UTC unless it says otherwise) counts when no field tells one.
//
// # Keys
//
// Item.Key is the offset of the From line with 15 digits. Folder.Epoch names the file as
// it is: its size, its time, and a hash of its first and last 64 KiB. Offsets prove
// nothing about a file that was written anew, and no store but the file remembers what
// it was, so that any change makes another epoch, and messages are recognised by their
// prints. Folder.Mark is the same. A file that grows while it is read is read as it was;
// one that is changed otherwise fails as diag.Conflict.
package mbox

import (
	"context"
	"os"
	"path/filepath"

	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/providers"
	"github.com/isaworks/isa/providers/mail/files"
)

// Origin is the mail in path, an mbox file or a directory of such files.
func Origin(path string) providers.Origin { return origin(path) }

type origin string

// Name implements providers.Origin: "mbox:/export/gildong".
func (o origin) Name() string { return files.Name("mbox", string(o)) }

// Host implements providers.Origin.
func (o origin) Host() string { return files.Host }

// Open implements providers.Origin.
func (o origin) Open(ctx context.Context) (providers.Reader, error) {
	if err := ctx.Err(); err != nil {
		return nil, files.Failure("open "+string(o), err)
	}
	path, err := filepath.EvalSymlinks(string(o))
	if err != nil {
		return nil, files.Failure("open "+string(o), err)
	}
	info, err := os.Stat(path)
	if err != nil {
		return nil, files.Failure("open "+string(o), err)
	}
	dir, single := path, ""
	if !info.IsDir() {
		dir, single = filepath.Dir(path), filepath.Base(path)
	}
	root, err := files.Open(dir)
	if err != nil {
		return nil, err
	}
	return &reader{name: string(o), root: root, single: single, session: files.NewSession(), measure: files.NewMeasure(), lines: files.NewLines(nil)}, nil
}

// reader is an open file or directory. It is for one goroutine; Close may come from
// another.
type reader struct {
	name    string
	root    *os.Root
	single  string // the one file that counts, "" all
	session *files.Session
	measure *files.Measure
	lines   *files.Lines
	styles  map[string]style // by the epoch of their files; only for the last
}

// Close implements providers.Reader.
func (r *reader) Close() error {
	if !r.session.Close() {
		return nil
	}
	return files.Failure("close "+r.name, r.root.Close())
}

// changed is the failure of a call that meets another file than the one whose keys are
// known.
func changed(f providers.Folder) error {
	return &diag.Failure{Class: diag.Conflict, Op: "read " + files.Level(f.ID), Detail: "the file was changed while it was read",
		Fix: "end the program that writes it; the next pass recognises its messages by their content"}
}
