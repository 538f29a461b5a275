package mailbox

import (
	"time"

	"github.com/emersion/go-imap/v2"
)

// Behaviour is how the server behaves where nobody has confirmed what the service
// does (reference 41 §4 and §8). The zero value is the poorest server; the sandbox
// fills it from its switches.
type Behaviour struct {
	UIDPlus     bool // APPENDUID, COPYUID, UID EXPUNGE
	Idle        bool
	LiteralPlus bool
	SpecialUse  bool // attributes in LIST
	// More adds MOVE, NAMESPACE, CHILDREN, LIST-EXTENDED, LIST-STATUS, ESEARCH,
	// STATUS=SIZE, CREATE-SPECIAL-USE and APPENDLIMIT.
	More bool

	Delimiter   rune
	NameLength  int  // characters of a whole folder path; 0: any
	Depth       int  // levels; 0: any
	Folders     int  // folders of a mailbox; 0: any
	SystemFixed bool // the system's folders cannot be renamed or deleted

	AppendLimit int64 // bytes of one message; 0: any
	TooBigCode  bool  // the refusal has the code TOOBIG, not only words
	PerMinute   int   // messages appended to a mailbox in a minute; 0: any

	KeepFlags    bool // of an appended message
	KeepDate     bool
	KeepKeywords bool // false: only system flags can be set
	OnlyOnce     bool // a message that the folder holds already is not stored again
	MendLines    bool // bare LF and CR become CRLF
	RefuseNUL    bool

	Connections    int  // of one member at a time; 0: any
	ConnectionsBye bool // one too many is cut off after its login, instead of a NO

	// NewEpoch says when all UIDVALIDITYs of a mailbox change.
	NewEpoch Epoch
}

// Epoch is when UIDVALIDITY changes by itself.
type Epoch string

// The choices.
const (
	EpochKept    Epoch = "kept"
	EpochStart   Epoch = "start" // once for each start of the server
	EpochSession Epoch = "login" // with a login while nobody else is logged in to the mailbox
)

// caps are what the library is to offer; the connection takes out of its answer
// what it offers unasked.
func (b Behaviour) caps() imap.CapSet {
	set := imap.CapSet{imap.CapIMAP4rev1: {}}
	add := func(on bool, caps ...imap.Cap) {
		if on {
			for _, c := range caps {
				set[c] = struct{}{}
			}
		}
	}
	add(b.UIDPlus, imap.CapUIDPlus)
	add(b.LiteralPlus, imap.CapLiteralPlus)
	add(b.SpecialUse, imap.CapSpecialUse)
	add(b.More, imap.CapMove, imap.CapNamespace, imap.CapChildren, imap.CapListExtended, imap.CapListStatus,
		imap.CapESearch, imap.CapStatusSize)
	add(b.More && b.SpecialUse, imap.CapCreateSpecialUse)
	return set
}

// Fault is trouble made for one command. The zero value is none.
type Fault struct {
	Kind  FaultKind
	Delay time.Duration // of Slow
}

// FaultKind is a kind of trouble.
type FaultKind uint8

// The kinds.
const (
	NoFault      FaultKind = iota
	Refuse                 // NO, nothing done
	DropRequest            // the connection is cut, nothing done
	DropResponse           // done, and the connection is cut before the answer
	Slow                   // done later
)
