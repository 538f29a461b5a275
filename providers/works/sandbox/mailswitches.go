package sandbox

import (
	"strconv"
	"strings"

	"github.com/isaworks/isa/providers/works/sandbox/mailbox"
)

// mailSwitches are the open facts of reference 41 that concern IMAP.
func mailSwitches() []Switch {
	return []Switch{
		{"imap-admin", []string{"on", "off"}, "IMAP is allowed by the administrator, until `/_sandbox/imap` says otherwise", "41 §3"},
		{"imap-member", []string{"on", "off"}, "members have IMAP switched on in their mail settings, likewise", "41 §3"},
		{"imap-lockout", []string{"none", "5"}, "five wrong passwords in a row lock a member out of IMAP for 5 minutes", "41 §2"},
		{"imap-connections", []string{"10", "2", "1", "unlimited"}, "IMAP connections of one member at a time", "41 §4"},
		{"imap-connections-refusal", []string{"no", "bye"}, "how one too many is refused, after its login", "41 §8"},
		{"imap-uidplus", []string{"offered", "missing"}, "UIDPLUS: APPENDUID, COPYUID, UID EXPUNGE", "41 §4"},
		{"imap-literal-plus", []string{"offered", "missing"}, "LITERAL+", "41 §4"},
		{"imap-idle", []string{"offered", "missing"}, "IDLE", "41 §4"},
		{"imap-special-use", []string{"offered", "missing"}, "SPECIAL-USE and its attributes in LIST", "41 §4"},
		{"imap-more", []string{"missing", "offered"}, "MOVE, NAMESPACE, CHILDREN, LIST-EXTENDED, LIST-STATUS, ESEARCH, STATUS=SIZE, CREATE-SPECIAL-USE, APPENDLIMIT", "41 §4"},
		{"imap-delimiter", []string{"/", "."}, "what divides the levels of folder names", "41 §4"},
		{"imap-folder-language", []string{"account", "korean", "english"}, "names of the system's folders in a new mailbox", "41 §4"},
		{"imap-folder-name", []string{"100", "unlimited"}, "characters of a folder's whole path", "41 §4"},
		{"imap-folder-depth", []string{"unlimited", "5"}, "levels of folders", "41 §4"},
		{"imap-folder-count", []string{"unlimited", "20"}, "folders of a mailbox, the system's among them", "41 §4"},
		{"imap-system-folders", []string{"fixed", "free"}, "the system's folders cannot be renamed or deleted (INBOX never)", "41 §4"},
		{"imap-uidvalidity", []string{"kept", "start", "login"}, "UIDVALIDITY changes: never, with each start of the sandbox, with each login while nobody else is logged in to the mailbox", "41 §4, §8"},
		{"imap-append-limit", []string{"40MB", "25MB", "1MB", "unlimited"}, "largest message of APPEND", "41 §4"},
		{"imap-append-refusal", []string{"code", "text"}, "a larger one is refused with the code TOOBIG, or only with words", "41 §8"},
		{"imap-append-flags", []string{"kept", "ignored"}, "flags of an appended message", "41 §4"},
		{"imap-append-date", []string{"kept", "ignored"}, "internal date of an appended message", "41 §4"},
		{"imap-append-duplicates", []string{"kept", "dropped"}, "a message that its folder holds already, byte for byte, is stored again", "41 §4"},
		{"imap-append-rate", []string{"unlimited", "600"}, "messages appended to a mailbox in a minute; more are refused with the code LIMIT", "41 §4"},
		{"imap-keywords", []string{"kept", "dropped"}, "flags that are not of the system", "41 §4"},
		{"imap-bare-lf", []string{"kept", "mended"}, "a bare LF in an appended message becomes CRLF", "41 §4"},
		{"imap-nul", []string{"kept", "refused"}, "NUL bytes in an appended message", "41 §4"},
	}
}

// mail returns what the switches say of IMAP.
func (w Switches) mail() mailbox.Behaviour {
	return mailbox.Behaviour{
		UIDPlus:        w.is("imap-uidplus", "offered"),
		Idle:           w.is("imap-idle", "offered"),
		LiteralPlus:    w.is("imap-literal-plus", "offered"),
		SpecialUse:     w.is("imap-special-use", "offered"),
		More:           w.is("imap-more", "offered"),
		Delimiter:      rune(w["imap-delimiter"][0]),
		NameLength:     int(w.amount("imap-folder-name")),
		Depth:          int(w.amount("imap-folder-depth")),
		Folders:        int(w.amount("imap-folder-count")),
		SystemFixed:    w.is("imap-system-folders", "fixed"),
		AppendLimit:    w.amount("imap-append-limit"),
		TooBigCode:     w.is("imap-append-refusal", "code"),
		PerMinute:      int(w.amount("imap-append-rate")),
		KeepFlags:      w.is("imap-append-flags", "kept"),
		KeepDate:       w.is("imap-append-date", "kept"),
		KeepKeywords:   w.is("imap-keywords", "kept"),
		OnlyOnce:       w.is("imap-append-duplicates", "dropped"),
		MendLines:      w.is("imap-bare-lf", "mended"),
		RefuseNUL:      w.is("imap-nul", "refused"),
		Connections:    int(w.amount("imap-connections")),
		ConnectionsBye: w.is("imap-connections-refusal", "bye"),
		NewEpoch:       mailbox.Epoch(w["imap-uidvalidity"]),
	}
}

// amount returns a switch whose values are numbers, of 1,048,576 with MB; 0 for
// unlimited.
func (w Switches) amount(name string) int64 {
	digits, mega := strings.CutSuffix(w[name], "MB")
	n, err := strconv.ParseInt(digits, 10, 64)
	if err != nil {
		return 0
	}
	if mega {
		n <<= 20
	}
	return n
}
