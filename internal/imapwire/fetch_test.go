package imapwire

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/isaworks/isa/internal/diag"
)

// told is a message as a test compares it.
func describe(m *Message) string {
	text := fmt.Sprintf("%d %v %s %d", m.UID, m.Flags, m.Date.UTC().Format(time.RFC3339), m.Size)
	if len(m.Header) > 0 {
		text += fmt.Sprintf(" header %q", m.Header)
	}
	if len(m.Labels) > 0 {
		text += fmt.Sprintf(" gmail %d %q", m.GmailID, m.Labels)
	}
	switch {
	case m.Body != nil:
		body, err := io.ReadAll(m.Body)
		text += fmt.Sprintf(" body %d %q", m.Length, body)
		if err != nil {
			text += " " + err.Error()
		}
	case m.Length >= 0:
		text += fmt.Sprintf(" body %d too early", m.Length)
	}
	return text
}

const at = `"01-Feb-2024 09:00:00 +0900"`

func TestFetchAnswers(t *testing.T) {
	big := strings.Repeat("x", heldBody+1)
	for _, c := range []struct {
		name, said string
		items      Items
		known      *Message
		want       []string
	}{
		{name: "in order", items: Items{Size: true}, said: `* 1 FETCH (UID 5 FLAGS (\Seen $b $a \Recent $a) INTERNALDATE ` + at + ` RFC822.SIZE 12)`,
			want: []string{`5 [$a $b \Seen] 2024-02-01T00:00:00Z 12`}},
		{name: "another order and other attributes", said: `* 1 fetch (MODSEQ (7) BODYSTRUCTURE ("text" ("a" NIL) ({3}\r\n)(")) RFC822.SIZE 12 INTERNALDATE " 1-Feb-2024 09:00:00 +0900" FLAGS () uid 5)`,
			want: []string{`5 [] 2024-02-01T00:00:00Z 12`}},
		{name: "flags of others in between", said: `* 9 FETCH (FLAGS (\Seen))\r\n* 9 FETCH (UID 9 FLAGS (\Seen) MODSEQ (8))\r\n* 1 FETCH (UID 5 FLAGS () INTERNALDATE ` + at + `)\r\n* 3 EXPUNGE\r\n* 8 EXISTS\r\n* VANISHED 1:3\r\n* OK [HIGHESTMODSEQ 9] news\r\n* FLAGS (\Seen)`,
			want: []string{`5 [] 2024-02-01T00:00:00Z -1`}},
		{name: "header", items: Items{Fields: []string{"MESSAGE-ID"}}, said: `* 1 FETCH (UID 5 BODY[HEADER.FIELDS ("MESSAGE-ID")] {21}\r\nMessage-ID: <a@b>\r\n\r\n FLAGS () INTERNALDATE ` + at + `)`,
			want: []string{`5 [] 2024-02-01T00:00:00Z -1 header "Message-ID: <a@b>\r\n\r\n"`}},
		{name: "body", items: Items{Body: true}, said: `* 1 FETCH (UID 5 FLAGS () INTERNALDATE ` + at + ` BODY[] {6}\r\na\r\n)\r\n)\r\n* 2 FETCH (UID 6 FLAGS () INTERNALDATE ` + at + ` BODY[] "quoted")`,
			want: []string{`5 [] 2024-02-01T00:00:00Z -1 body 6 "a\r\n)\r\n"`, `6 [] 2024-02-01T00:00:00Z -1 body 6 "quoted"`}},
		{name: "body first", items: Items{Body: true}, said: `* 1 FETCH (BODY[] ~{3}\r\na\x00b FLAGS (\Seen) UID 5 INTERNALDATE ` + at + `)`,
			want: []string{`5 [\Seen] 2024-02-01T00:00:00Z -1 body 3 "a\x00b"`}},
		{name: "big body first", items: Items{Body: true}, said: fmt.Sprintf(`* 1 FETCH (BODY[] {%d}\r\n%s UID 5 FLAGS () INTERNALDATE `, len(big), big) + at + `)`,
			want: []string{fmt.Sprintf(`5 [] 2024-02-01T00:00:00Z -1 body %d too early`, len(big))}},
		{name: "big body of the only one", items: Items{Body: true}, known: Describe(5, []string{`\Seen`}, time.Unix(0, 0)),
			said: fmt.Sprintf(`* 1 FETCH (BODY[] {%d}\r\n%s UID 5)`, len(big), big),
			want: []string{fmt.Sprintf(`5 [\Seen] 1970-01-01T00:00:00Z -1 body %d %q`, len(big), big)}},
		{name: "no bytes, empty bytes, bad date", items: Items{Body: true}, said: `* 1 FETCH (UID 5 FLAGS () INTERNALDATE NIL BODY[] NIL)\r\n* 2 FETCH (UID 6 FLAGS () INTERNALDATE NIL BODY[] {0}\r\n)\r\n* 3 FETCH (UID 7 FLAGS () INTERNALDATE NIL BODY[] "")`,
			want: []string{`5 [] 0001-01-01T00:00:00Z -1`, `6 [] 0001-01-01T00:00:00Z -1 body 0 ""`, `7 [] 0001-01-01T00:00:00Z -1 body 0 ""`}},
		{name: "Gmail", items: Items{Gmail: true}, said: `* 1 FETCH (X-GM-MSGID 1278455344230334865 X-GM-LABELS ("\\Inbox" \Sent Important "a b" {5}\r\n(x) {) UID 5 FLAGS () INTERNALDATE ` + at + `)`,
			want: []string{`5 [] 2024-02-01T00:00:00Z -1 gmail 1278455344230334865 ["\\Inbox" "\\Sent" "Important" "a b" "(x) {"]`}},
		{name: "without UID", said: `* 1 FETCH (FLAGS () INTERNALDATE ` + at + `)`},
	} {
		t.Run(c.name, func(t *testing.T) {
			conn := connect(t, greeting+"C: UID FETCH 5 \\(UID FLAGS INTERNALDATE.*\nS: "+c.said+"\nS: $ OK done\nC: NOOP\nS: $ OK")
			var have []string
			err := conn.Fetch(t.Context(), Fetch{Items: c.items, Known: c.known, Sets: sets(Set{{5, 5}}), Yield: func(m *Message) error {
				have = append(have, describe(m))
				return nil
			}})
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(have, c.want) {
				t.Errorf("told\n%.300q\nwant\n%.300q", have, c.want)
			}
			if err := conn.Noop(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestNonsenseEndsTheConnection(t *testing.T) {
	for _, said := range []string{
		`* 1 FETCH (UID 5 FLAGS (\Seen INTERNALDATE`,
		`* 1 FETCH (UID 99999999999999 FLAGS ())`,
		`* 1 FETCH (UID -1)`,
		`* 1 FETCH (INTERNALDATE "yesterday" UID 1)`,
		`* 1 FETCH UID 5`,
		`* 1 FETCH (BODYSTRUCTURE ` + strings.Repeat("(", maxDepth+1) + `)`,
		`* 1 FETCH (BODY[] {99999999999999999999}` + `\r\n`,
		`* 1 FETCH (BODY[ UID 5)`,
		`* 1 FETCH (UID "5)`,
		`A77 OK another's answer`,
		`nonsense`,
	} {
		conn := connect(t, greeting+"C: UID FETCH .*\nS: "+said+"\nW:")
		err := conn.Fetch(t.Context(), Fetch{Items: Items{Body: true}, Sets: sets(Set{{5, 5}}), Yield: func(*Message) error { return nil }})
		refused(t, err, diag.Unavailable, "not IMAP")
	}
	conn := connect(t, greeting+"C: UID FETCH .*\nS| * 1 FETCH (UID 5 FLAGS () INTERNALDATE "+at+" BODY[] {100}\\r\\nhalf")
	err := conn.Fetch(t.Context(), Fetch{Items: Items{Body: true}, Sets: sets(Set{{5, 5}}), Yield: func(m *Message) error {
		_, err := io.ReadAll(m.Body)
		refused(t, err, diag.Unavailable, "closed the connection")
		return err
	}})
	refused(t, err, diag.Unavailable, "closed the connection")
}

func TestFetchOpensTheFolderAndGoesAhead(t *testing.T) {
	conn := connect(t, greeting+`
C: EXAMINE "INBOX" \(CONDSTORE\)
C: UID FETCH 1:10 .*
C: UID FETCH 11:20 .*
S: * 3 EXISTS
S: * OK [UIDVALIDITY 9] v
S: * OK [UIDNEXT 40] n
S: * OK [HIGHESTMODSEQ 12] h
S: $ OK [READ-ONLY] open
S: * 1 FETCH (UID 5 FLAGS () INTERNALDATE `+at+`)
S: $ OK
C: UID FETCH 21:\* .*
S: $ NO [EXPUNGEISSUED] some are gone
S: $ NO [UNAVAILABLE] not now
C: NOOP
S: $ OK`)
	var have []string
	err := conn.Fetch(t.Context(), Fetch{Verb: "EXAMINE", Folder: "INBOX", Sets: sets(Set{{1, 10}}, Set{{11, 20}}, Set{{21, 0}}),
		Opened: func(m *Mailbox) error {
			have = append(have, fmt.Sprint("opened ", m.Validity, m.Next, m.Messages, m.ModSeq, m.ReadOnly))
			return nil
		},
		Yield:    func(m *Message) error { have = append(have, fmt.Sprint("message ", m.UID)); return nil },
		Answered: func(s Set, err error) error { have = append(have, fmt.Sprint(s, " ", diag.ClassOf(err))); return nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"opened 9 40 3 12 true", "message 5", "1:10 ", "11:20 ", "21:* unavailable"}
	if !slices.Equal(have, want) {
		t.Errorf("heard %q, want %q", have, want)
	}
	if err := conn.Noop(t.Context()); err != nil {
		t.Error(err)
	}
}

// TestACallbackEndsASeries: what was asked for by then is skipped, and the connection
// goes on.
func TestACallbackEndsASeries(t *testing.T) {
	enough := errors.New("enough")
	script := greeting + `
C: EXAMINE .*
C: UID FETCH 1:10 .*
C: UID FETCH 11:20 .*
S: $ OK
S: * 1 FETCH (UID 5 FLAGS () INTERNALDATE ` + at + ` BODY[] {4}\r\nbody)
S: * 2 FETCH (UID 6 FLAGS () INTERNALDATE ` + at + ` BODY[] {4}\r\nbody)
S: $ OK
S: * 3 FETCH (UID 15 FLAGS () INTERNALDATE ` + at + ` BODY[] {4}\r\nbody)
S: $ OK
C: NOOP
S: $ OK`
	for _, at := range []string{"opened", "yield", "answered"} {
		conn := connect(t, script)
		heard := 0
		end := func(where string) error {
			heard++
			if where == at {
				return enough
			}
			return nil
		}
		err := conn.Fetch(t.Context(), Fetch{Verb: "EXAMINE", Folder: "INBOX", Items: Items{Body: true}, Sets: sets(Set{{1, 10}}, Set{{11, 20}}, Set{{21, 0}}),
			Opened: func(*Mailbox) error { return end("opened") }, Yield: func(*Message) error { return end("yield") },
			Answered: func(Set, error) error { return end("answered") }})
		if err != enough {
			t.Errorf("%s: ended with %v", at, err)
		}
		if err := conn.Noop(t.Context()); err != nil {
			t.Errorf("%s: %v", at, err)
		}
	}
}

func TestAFolderThatCannotBeOpened(t *testing.T) {
	conn := connect(t, greeting+`
C: EXAMINE "gone" .*
C: UID FETCH 1:\* .*
S: $ NO [NONEXISTENT] Mailbox doesn't exist: gone
S: $ BAD No mailbox selected
C: NOOP
S: $ OK`)
	err := conn.Fetch(t.Context(), Fetch{Verb: "EXAMINE", Folder: "gone", Sets: sets(Set{{1, 0}}), Yield: func(*Message) error { return nil }})
	refused(t, err, diag.NotFound, "doesn't exist")
	if conn.Selected() != nil {
		t.Error("a folder is selected")
	}
	if err := conn.Noop(t.Context()); err != nil {
		t.Error(err)
	}
	_, err = conn.Examine(t.Context(), "two\r\nlines")
	refused(t, err, diag.NotFound, "cannot be sent")
}

func TestStore(t *testing.T) {
	conn := connect(t, greeting+`
C: SELECT "INBOX" .*
S: * OK [PERMANENTFLAGS (\Seen \Answered $known \*)] flags
S: $ OK [READ-WRITE] open
C: UID STORE 1:3,7 FLAGS.SILENT \(\\Seen \$x\)
C: UID STORE 9 FLAGS.SILENT \(\)
S: * 1 FETCH (MODSEQ (9))
S: $ OK
S: $ NO [CANNOT] too many keywords`)
	now, err := conn.Select(t.Context(), "INBOX")
	if err != nil {
		t.Fatal(err)
	}
	for flag, keeps := range map[string]bool{`\seen`: true, `\Flagged`: false, "$anything": true, `\Recent`: false, "a b": false, "": false, "한글": false, `\`: false, "a]": false} {
		if now.Keeps(flag) != keeps {
			t.Errorf("keeps %q: %v", flag, !keeps)
		}
	}
	err = conn.Store(t.Context(), []Flagging{{SetOf([]uint32{1, 2, 3, 7}), []string{`\Seen`, "$x"}}, {SetOf([]uint32{9}), nil}})
	refused(t, err, diag.Invalid, "too many keywords")
}
