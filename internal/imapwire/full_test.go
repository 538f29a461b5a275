package imapwire

import (
	"testing"

	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/providers"
)

// TestNoRoom: what is written and finds no room is told from a pace that is too fast, and
// from a server that does not say why.
func TestNoRoom(t *testing.T) {
	for _, c := range []struct {
		r     Refusal
		full  bool
		class diag.Class
	}{
		{Refusal{Verb: "APPEND", Status: "NO", Code: "OVERQUOTA", Text: "Quota exceeded"}, true, diag.Limited},
		{Refusal{Verb: "APPEND", Status: "NO", Text: "Mailbox is full"}, true, diag.Limited},
		{Refusal{Verb: "APPEND", Status: "NO", Code: "SERVERBUG", Text: "write failed: No space left on device"}, true, diag.Limited},
		{Refusal{Verb: "CREATE", Status: "NO", Code: "OVERQUOTA", Text: "Not enough disk space"}, true, diag.Limited},
		{Refusal{Verb: "UID MOVE", Status: "NO", Code: "OVERQUOTA", Text: "Not enough disk space"}, true, diag.Limited},
		{Refusal{Verb: "UID STORE", Status: "NO", Text: "Disk quota exceeded"}, true, diag.Limited},
		{Refusal{Verb: "UID FETCH", Status: "NO", Code: "OVERQUOTA", Text: "Not now"}, false, diag.Limited},
		{Refusal{Verb: "UID SEARCH", Status: "NO", Text: "Disk quota exceeded"}, false, diag.Invalid},
		{Refusal{Verb: "UID MOVE", Status: "NO", Code: "OVERQUOTA", Text: "Account exceeded command or bandwidth limits."}, false, diag.Limited},
		{Refusal{Verb: "EXAMINE", Status: "NO", Code: "OVERQUOTA", Text: "Account exceeded command or bandwidth limits."}, false, diag.Limited},
		{Refusal{Verb: "APPEND", Status: "NO", Code: "SERVERBUG", Text: "Internal error occurred."}, false, diag.Unavailable},
		{Refusal{Verb: "APPEND", Status: "NO", Text: "I do not like this message"}, false, diag.Invalid},
	} {
		f := c.r.failure("store")
		if providers.Full(f) != c.full || f.Class != c.class || !providers.Answered(f) || c.full != (f.Fix != "") {
			t.Errorf("%v: full %v, %s, %q", &c.r, providers.Full(f), f.Class, f.Fix)
		}
	}
	if bye := (&Refusal{Verb: "BYE", Status: "BYE", Bye: true}).failure("store"); providers.Answered(bye) {
		t.Error("a connection that was ended goes on")
	}
}

// TestNoRoomIsOfWrites: the same answer is no room to a command that writes, and a pace
// to one that reads.
func TestNoRoomIsOfWrites(t *testing.T) {
	conn := connect(t, greeting+`
C: UID FETCH .*
S: $ NO [OVERQUOTA] Disk quota
C: UID MOVE .*
S: $ NO [OVERQUOTA] Disk quota`)
	err := conn.Fetch(t.Context(), Fetch{Sets: sets(Set{{5, 5}}), Yield: func(*Message) error { return nil }})
	if diag.ClassOf(err) != diag.Limited || providers.Full(err) {
		t.Errorf("a fetch: %s, full %v: %v", diag.ClassOf(err), providers.Full(err), err)
	}
	_, err = conn.Move(t.Context(), []uint32{5}, "Archive")
	if diag.ClassOf(err) != diag.Limited || !providers.Full(err) {
		t.Errorf("a move: %s, full %v: %v", diag.ClassOf(err), providers.Full(err), err)
	}
}
