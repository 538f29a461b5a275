package providers

import (
	"context"
	"io"
	"time"
)

// Outcome is how an item of content ended. Every item of a source ends in
// exactly one; their sum equals what was seen.
type Outcome string

// The outcomes.
const (
	Copied      Outcome = "copied"
	Adopted     Outcome = "adopted"     // was already there
	Excluded    Outcome = "excluded"    // by a rule, named in Note
	TooLarge    Outcome = "too_large"   // the target takes no item of this size
	Refused     Outcome = "refused"     // with the server's words in Note
	Quarantined Outcome = "quarantined" // a bad item, isolated so that the run goes on
	Unproven    Outcome = "unproven"    // handed over, arrival not confirmed
	Gone        Outcome = "gone"        // vanished at the source before it could be read
	OnTheWay    Outcome = "pending"     // not tried yet
)

// Outcomes are all of them, in the order in which reports name them.
func Outcomes() []Outcome {
	return []Outcome{Copied, Adopted, Excluded, TooLarge, Refused, Quarantined, Unproven, Gone, OnTheWay}
}

// Final tells that a later pass does not try the item again.
func (o Outcome) Final() bool {
	switch o {
	case Copied, Adopted, Excluded, TooLarge, Gone:
		return true
	}
	return false
}

// Use is what a folder is for, where the store says so ("" otherwise). The words
// are those of RFC 6154 in lower case.
type Use string

// The uses.
const (
	UseInbox   Use = "inbox"
	UseSent    Use = "sent"
	UseDrafts  Use = "drafts"
	UseTrash   Use = "trash"
	UseJunk    Use = "junk"
	UseArchive Use = "archive"
	UseAll     Use = "all"     // shows what other folders hold
	UseFlagged Use = "flagged" // likewise
)

// FoldersOnly is Folder.Unserved of what only holds other folders: nothing stays behind
// with it.
const FoldersOnly = "holds folders only"

// Folder is a part of a store: a mailbox of an account, a calendar, a directory.
type Folder struct {
	ID    string   // the store's own name, as it is on the wire; opaque, unique in the store
	Path  []string // from the top, as people read it, NFC
	Use   Use
	Epoch string // keys are valid within one epoch only (UIDVALIDITY); "" when keys never change
	Next  int64  // no item has a key as high as this yet (UIDNEXT); 0: the store cannot tell
	Mark  string // changes when anything in the folder does; "" when the store cannot tell cheaply
	Items int64  // -1: unknown
	Bytes int64  // -1: unknown
	// Unserved is why the folder holds nothing that can be moved: "holds
	// appointments", "cannot be selected: …". "" for folders that can be read.
	Unserved string
}

// Item is one message, event, contact or file.
type Item struct {
	// Key identifies the item within its folder and epoch. Keys sort as text in the
	// order in which Scan yields them (a UID is written with ten digits).
	Key   string
	Size  int64     // bytes; -1 when the store does not tell
	Date  time.Time // when the store received it (INTERNALDATE), to the second
	Flags []string  // sorted, each once; keywords as written. \Recent is no flag of an item
	Print Print
	// Title helps a person to recognise an item that stays behind (a subject); only
	// filled for those. Never logged.
	Title string
	// Copies are further folders that show the same item (labels), by Folder.ID.
	Copies []string
	// Same names the item wherever the store shows it, also after it was filed
	// elsewhere (Gmail's X-GM-MSGID); "" where the store has no such name.
	Same string
}

// Print recognises an item without its key. Zero halves are unknown.
type Print struct {
	Head [16]byte // of Message-ID and size, or what the store has like them
	Body [16]byte // of all bytes
}

// Message is an item with its bytes. Body is read once, to its end.
type Message struct {
	Item
	Body io.Reader
}

// Reader is an open, read-only view of a store. It never changes what it reads:
// IMAP folders are examined, bodies peeked. It is used by one goroutine.
type Reader interface {
	// Folders lists all folders in a stable order, those that cannot be read with
	// their reason. A store without any folder is an error.
	Folders(ctx context.Context) ([]Folder, error)
	// Scan yields the items of a folder in the order of their keys, from what to on.
	// It returns the folder as it was then.
	Scan(ctx context.Context, f Folder, what Scan, yield func(Item) error) (Folder, error)
	// Fetch yields the bytes of items, each at most once. What it does not yield
	// without an error has vanished. The message is valid during the call; an error
	// of yield ends Fetch with that error.
	Fetch(ctx context.Context, f Folder, items []Item, yield func(Message) error) error
	// Close logs out. It is safe to call twice, and from another goroutine to cut
	// off a call under way.
	Close() error
}

// Scan says what a scan is to yield.
type Scan struct {
	From   string // keys from this one on; "" all
	Since  string // a Folder.Mark: only items that are new or changed since, where the store can tell; else all
	Prints bool   // fill Print.Head, for comparing without keys
	// Without are folders, by ID, that are left out. Where the store shows an item in
	// several folders, it is an item of one of the others if there is one.
	Without []string
}

// Writer is an open store that takes items. It has no way to delete.
type Writer interface {
	Reader
	// Create makes a folder, with those above it, unless it exists.
	Create(ctx context.Context, path []string, use Use) (Folder, error)
	// Put stores all messages, in order, or (with an error whose class is not
	// unknown, see diag.MayHaveHappened) none. Deliveries are in the order of the
	// messages. An error of class Invalid concerns one of the messages: the caller
	// divides; of class Limited: the caller waits.
	Put(ctx context.Context, f Folder, messages []Message) ([]Delivery, error)
	// Flag replaces the flags of items that were put there before. Items that are
	// not there any more are passed over.
	Flag(ctx context.Context, f Folder, items []Item) error
	// Rename moves a folder with all that is below it.
	Rename(ctx context.Context, f Folder, path []string) (Folder, error)
	// Move takes items out of a folder and puts them into another one, where
	// Limits.Moves says so. Items that are not there any more are passed over.
	// Deliveries are in the order of the items; the ID of one that was passed over, or
	// whose key the store does not tell, is "".
	Move(ctx context.Context, from Folder, items []Item, to Folder) ([]Delivery, error)
	// Limits tells what the store takes.
	Limits() Limits
}

// Limits is what a store takes. Zero: no limit is known.
type Limits struct {
	Item       int64 // bytes of one item
	Depth      int   // levels of folders
	Name       int   // characters of a whole folder path
	Batch      int   // items in one Put
	BatchBytes int64 // bytes in one Put of more than one item
	Moves      bool  // Move works
}

// Delivery is what became of an item that was put.
type Delivery struct {
	ID string // its key at the target, "" when the target does not tell
}

// Origin is a store to read from, before logging in.
type Origin interface {
	// Name identifies the account for people and for the ledger, without secrets:
	// "imap://mail.acme-old.co.kr/gildong".
	Name() string
	// Host is what limits on connections and rates count by.
	Host() string
	// Open logs in.
	Open(ctx context.Context) (Reader, error)
}

// Target is a store to write to, before logging in.
type Target interface {
	Name() string
	Host() string
	Open(ctx context.Context) (Writer, error)
}
