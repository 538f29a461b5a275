package imapgate

import (
	"io"
	"time"

	"github.com/isaworks/isa/providers"
)

// Offers are what the gateway serves. They are used by many connections at once.
type Offers interface {
	// Open returns the offer whose login this is. A wrong name or password is a
	// *diag.Failure of class Denied, the same in time and text for both. Any other
	// error is trouble of the store: the client is told to try again later, and it
	// does not count as a wrong password.
	Open(user, password string) (Offer, error)
}

// Offer is one frozen mailbox: it never changes. Several connections may hold and
// read the same offer at once; each opens and closes it for itself.
type Offer interface {
	// Name is the batch's ID, for logs: no secret.
	Name() string
	// Folders are the folders, in any order, no two of them with the same path: such
	// an offer is not served. Those above them that are not among them are shown as
	// \Noselect; an INBOX that is not among them is shown empty. The slice is shared
	// and not to be changed.
	Folders() []Folder
	// Messages are the messages of Folders()[folder], by UID, ascending. The slice is
	// shared and not to be changed.
	Messages(folder int) []Message
	// Body is the n-th message of a folder: its raw bytes, exactly Message.Size of
	// them. The reader is used by one goroutine until the next call of Body.
	Body(folder, n int) (*io.SectionReader, error)
	// Begun tells that a message begins to be sent: all of it, its first piece, its text
	// or a part of it; not its header alone. It comes again with each new attempt.
	Begun(folder, n int)
	// Complete tells that all bytes of a message, from the first to the last, were
	// written to this client and taken by the kernel. It may come more than once.
	Complete(folder, n int)
	// Close gives the offer back. Nothing is called after it.
	Close() error
}

// Folder is a folder of an offer.
type Folder struct {
	Path        []string // from the top, NFC; without "/" in a level. INBOX is {"INBOX"}
	Use         providers.Use
	UIDValidity uint32 // not 0
	UIDNext     uint32 // above each UID of the folder
}

// Message is a message of an offer.
type Message struct {
	UID   uint32
	Size  int64     // bytes
	Date  time.Time // INTERNALDATE, with the zone in which it is shown
	Flags []string  // "\Seen", "$Forwarded"; what is no atom is not shown
}
