//go:build unix

package imap_test

import (
	"strings"
	"testing"

	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/providers"
)

func TestWritingToPoorServers(t *testing.T) {
	script := `
C: LIST .*
S: * LIST (\Sent) "/" "&vPSwuA-"
S: $ OK
C: SELECT "&vPSwuA-"
S: * OK [UIDVALIDITY 3] v
S: * OK [UIDNEXT 11] n
S: * OK [PERMANENTFLAGS (\Seen \Flagged)] flags
S: $ OK
C: APPEND "&vPSwuA-" \(\\Seen\) .*\{1\}
S: + go
B: a
C: APPEND .*\{2\}
S: + go
S: $ OK
B: bb
S: $ OK
C: UID FETCH 11:\* .*
S: * 11 FETCH (UID 11 FLAGS (\Seen) ` + when + ` RFC822.SIZE 1)
S: * 12 FETCH (UID 12 FLAGS (\Seen) ` + when + ` RFC822.SIZE 2)
S: $ OK
C: APPEND .*\{1\}
S: + go
B: a
S: $ OK
C: UID FETCH 13:\* .*
S: * 12 FETCH (UID 12 FLAGS (\Seen) ` + when + ` RFC822.SIZE 2)
S: $ OK
C: NOOP
S: $ OK
C: UID FETCH 13:\* .*
S: * 13 FETCH (UID 13 FLAGS (\Seen) ` + when + ` RFC822.SIZE 1)
S: * 14 FETCH (UID 14 FLAGS (\Seen) ` + when + ` RFC822.SIZE 1)
S: $ OK
C: APPEND .*\{1\}
S: $ NO [TOOBIG] too large
C: UID STORE 11,13 FLAGS.SILENT \(\\Flagged\)
S: $ NO try again
C: UID STORE 11,13 FLAGS.SILENT \(\\Flagged\)
S: $ OK`
	w := writing(t, scripted(t, "APPENDLIMIT=35000000", script))
	if l := w.Limits(); l.Item != 35_000_000 {
		t.Errorf("limits are %+v", l)
	}
	f, err := w.Create(t.Context(), []string{"보낸편지함"}, providers.UseSent)
	if err != nil || f.ID != "&vPSwuA-" || f.Next != 11 || f.Mark != "" {
		t.Fatalf("made %v: %v", f, err)
	}
	message := func(body string) providers.Message {
		return providers.Message{Item: providers.Item{Size: int64(len(body)), Flags: []string{`\Draft`, `\Seen`, "$x"}}, Body: strings.NewReader(body)}
	}
	put, err := w.Put(t.Context(), f, []providers.Message{message("a"), message("bb")})
	if err != nil {
		t.Fatal(err)
	}
	wantTold(t, put, []providers.Delivery{{ID: "0000000011"}, {ID: "0000000012"}})
	// Somebody else put a message there at the same time: which is which cannot be told.
	if put, err = w.Put(t.Context(), f, []providers.Message{message("a")}); err != nil {
		t.Fatal(err)
	}
	wantTold(t, put, []providers.Delivery{{}})
	if _, err = w.Put(t.Context(), f, []providers.Message{message("a")}); diag.ClassOf(err) != diag.Invalid || diag.MayHaveHappened(err) {
		t.Errorf("too large: %v", err)
	}
	if err := w.Flag(t.Context(), f, []providers.Item{{Key: "0000000013", Flags: []string{`\Flagged`, "$x"}}, {Key: "0000000011", Flags: []string{`\Flagged`}}}); err != nil {
		t.Error(err)
	}
}

func TestASpecialUseIsGiven(t *testing.T) {
	w := writing(t, scripted(t, "CREATE-SPECIAL-USE LITERAL+", `
C: LIST .*
S: * LIST () "/" INBOX
S: $ OK
C: CREATE "&vPSwuA-" \(USE \(\\Sent\)\)
C: SUBSCRIBE .*
C: SELECT .*
S: $ NO [USEATTR] not that
S: $ NO
S: $ NO no such mailbox
C: CREATE "&vPSwuA-"
C: SUBSCRIBE .*
C: SELECT .*
S: $ OK
S: $ OK
S: * OK [UIDVALIDITY 7] v
S: $ OK [READ-WRITE] open
C: SELECT "INBOX"
S: $ OK [READ-ONLY] look only`))
	f, err := w.Create(t.Context(), []string{"보낸"}, providers.UseSent)
	if err != nil || f.Use != providers.UseSent || f.Epoch != "7" {
		t.Errorf("made %v: %v", f, err)
	}
	if _, err := w.Create(t.Context(), []string{"inbox"}, ""); diag.ClassOf(err) != diag.Denied {
		t.Errorf("a folder that takes nothing: %v", err)
	}
}
