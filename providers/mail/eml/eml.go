// Package eml reads a directory of .eml files: providers.Origin of mail.
//
// Each directory is a folder, the one at the top the inbox; each file whose name ends
// in .eml (in any case) a message. Other files are no messages. Line ends and dates are
// those of package files: the topmost Received field tells when a message was received,
// else Date, else the time of the file. Messages have no flags.
//
// Item.Key is the file's name and a hash of the message, "0001.eml/4be1c0f2a93d7781":
// a file that is written anew with another message is another item, one that is only
// touched is the same. A file that cannot be read has "-" for the hash. Folder.Mark is
// made of the names, so that a directory in which only the content of files was changed
// counts as unchanged. Folder.Epoch is the same for all folders and never changes, so
// that a directory that got another name is recognised by its messages.
package eml

import (
	"context"
	"os"

	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/providers"
	"github.com/isaworks/isa/providers/mail/files"
)

// Origin is the mail in directory and those below it.
func Origin(directory string) providers.Origin { return origin(directory) }

type origin string

// Name implements providers.Origin: "eml:/export/gildong".
func (o origin) Name() string { return files.Name("eml", string(o)) }

// Host implements providers.Origin.
func (o origin) Host() string { return files.Host }

// Open implements providers.Origin.
func (o origin) Open(ctx context.Context) (providers.Reader, error) {
	if err := ctx.Err(); err != nil {
		return nil, files.Failure("open "+string(o), err)
	}
	root, err := files.Open(string(o))
	if err != nil {
		return nil, err
	}
	return &reader{name: string(o), root: root, session: files.NewSession(), file: files.NewFile()}, nil
}

// reader is an open directory. It is for one goroutine; Close may come from another.
type reader struct {
	name    string
	root    *os.Root
	session *files.Session
	file    *files.File // the one being read
	names   *files.Names
	listed  string // the folder of names
}

// Close implements providers.Reader.
func (r *reader) Close() error {
	if !r.session.Close() {
		return nil
	}
	return files.Failure("close "+r.name, r.root.Close())
}

// open makes names those of a folder.
func (r *reader) open(f providers.Folder) error {
	if f.ID == "" {
		return &diag.Failure{Class: diag.Internal, Op: "read folder", Detail: "a directory without a name"}
	}
	if r.listed != f.ID {
		r.names, r.listed = files.NewNames(r.root, key, f.ID), f.ID
	}
	return nil
}
