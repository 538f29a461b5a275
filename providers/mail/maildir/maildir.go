// Package maildir reads a Maildir: providers.Origin of mail.
//
// A directory with cur or new is a folder: the one at the top the inbox, others as
// Maildir++ (".Work.2024", names in modified UTF-7), as plain directories within each
// other, or as KMail has them (".Work.directory/2024"). Nothing is moved from new to
// cur, and no file is renamed.
//
// Item.Key is the file's name without flags (the unique name of maildir(5)), which
// never changes. Flags are the letters after ":2,", or ";2," and "!2," where a file
// system knows no colon; lower-case letters are the keywords of dovecot-keywords. The
// time of the file tells when a message was received, as it does for Dovecot: copy
// Maildirs with their times. Line ends are those of package files. Folder.Mark is made
// of all names, flags included. Folder.Epoch never changes.
package maildir

import (
	"context"
	"os"

	"github.com/isaworks/isa/providers"
	"github.com/isaworks/isa/providers/mail/files"
)

// Origin is the mail in the Maildir directory.
func Origin(directory string) providers.Origin { return origin(directory) }

type origin string

// Name implements providers.Origin: "maildir:/var/vmail/gildong".
func (o origin) Name() string { return files.Name("maildir", string(o)) }

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
	file := files.NewFile()
	file.Packed = true
	return &reader{name: string(o), root: root, session: files.NewSession(), file: file}, nil
}

// reader is an open Maildir. It is for one goroutine; Close may come from another.
type reader struct {
	name     string
	root     *os.Root
	session  *files.Session
	file     *files.File // the one being read
	names    *files.Names
	listed   string   // the folder of names
	keywords []string // of that folder, by letter
}

// Close implements providers.Reader.
func (r *reader) Close() error {
	if !r.session.Close() {
		return nil
	}
	return files.Failure("close "+r.name, r.root.Close())
}
