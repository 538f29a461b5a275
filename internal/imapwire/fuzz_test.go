package imapwire

import (
	"bytes"
	"context"
	"io"
	"net"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/isaworks/isa/internal/dial"
)

// canned is a connection on which a server says what was written down, whatever it
// hears.
type canned struct {
	net.Conn // nil: nothing else is called
	r        *bytes.Reader
}

func (c canned) Read(p []byte) (int, error)       { return c.r.Read(p) }
func (c canned) Write(p []byte) (int, error)      { return len(p), nil }
func (c canned) Close() error                     { return nil }
func (c canned) SetReadDeadline(time.Time) error  { return nil }
func (c canned) SetWriteDeadline(time.Time) error { return nil }
func (c canned) SetDeadline(time.Time) error      { return nil }

// FuzzResponses: whatever a server says, a client neither panics nor hangs nor keeps
// much of it.
func FuzzResponses(f *testing.F) {
	for _, said := range []string{
		"* OK [CAPABILITY IMAP4rev1 NAMESPACE] hi\r\n* LIST (\\Sent) \"/\" \"a\"\r\nA1 OK\r\nA2 OK\r\n",
		"* OK hi\r\n* LIST () NIL {3}\r\nabc\r\n* NAMESPACE NIL NIL ((\"\" \"/\"))\r\nA1 OK [APPENDUID 1 2:3] x\r\n",
		"* PREAUTH\r\n* 1 FETCH (UID 1 FLAGS (\\Seen x) BODY[] {5}\r\nhello INTERNALDATE \" 1-Feb-2024 09:00:00 +0900\")\r\nA1 NO [LIMIT] x\r\n* BYE\r\n",
		"* OK\r\n* 1 FETCH (BODY[HEADER.FIELDS (A \"B\")]<0> \"x\" X-GM-LABELS (\\A \"b\") MODSEQ (1))\r\n* STATUS a (MESSAGES 1)\r\nA1 BAD\r\n",
		"* OK [UIDNEXT 1]\r\n+ \r\n* SEARCH 1 2 3\r\n* ESEARCH (TAG \"A1\") ALL 1:*\r\n* VANISHED (EARLIER) 1:9\r\n",
	} {
		f.Add([]byte(said))
	}
	f.Fuzz(func(t *testing.T, said []byte) {
		c := newConn(dial.New(canned{r: bytes.NewReader(said)}, dial.Options{Stall: time.Hour, Security: dial.Plain}))
		ctx := context.Background()
		if err := c.begin(ctx); err == nil {
			_, _, err = c.List(ctx, true)
			if err == nil {
				_ = c.Fetch(ctx, Fetch{Verb: "EXAMINE", Folder: "a", Items: Items{Body: true}, Sets: sets(Set{{1, 0}}), Yield: func(m *Message) error {
					if m.Body == nil {
						return nil
					}
					n, err := io.Copy(io.Discard, m.Body)
					if err == nil && n != m.Length {
						t.Errorf("a body of %d bytes has %d", m.Length, n)
					}
					return nil
				}})
			}
			_, _ = c.Append(ctx, "a", entries("x", "y"))
		}
		if cap(c.d.word) > 4*maxHeader {
			t.Errorf("%d bytes are held", cap(c.d.word))
		}
		_ = c.Close()
	})
}

func FuzzUTF7(f *testing.F) {
	for _, name := range []string{"INBOX", "&vPSwuA-", "&", "&-", "&AA-", "a&-b", "보낸메일함", "😀", "&2D3eAA-", "\xba\xb8", "&ZeVnLIqe", "R&-D"} {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, name string) {
		if text, ok := DecodeUTF7(name); ok && EncodeUTF7(text) != name {
			t.Errorf("%q reads %q, which is written %q", name, text, EncodeUTF7(text))
		}
		if utf8.ValidString(name) && !strings.ContainsRune(name, utf8.RuneError) {
			if text, ok := DecodeUTF7(EncodeUTF7(name)); !ok || text != name {
				t.Errorf("%q comes back as %q, %v", name, text, ok)
			}
		}
		if text := ReadName(name); !utf8.ValidString(text) || !norm.NFC.IsNormalString(text) {
			t.Errorf("%q reads %q", name, text)
		}
	})
}

func TestNames(t *testing.T) {
	for wire, want := range map[string]string{
		"INBOX": "INBOX", "&vPSwuLpUx3zVaA-": "보낸메일함", "R&-D": "R&D", "보낸메일함": "보낸메일함",
		"\xba\xb8\xb3\xbd": "보낸", "\x8cc": "똠", "R&D": "R&D", "&broken": "&broken",
		"caf\xe9": "caf%E9", "ㅂㅗ": "ㅂㅗ", "\u1107\u1169": "보", "&2D3eAA-": "😀", "&AGE-": "&AGE-",
	} {
		if have := ReadName(wire); have != want {
			t.Errorf("%q reads %q, want %q", wire, have, want)
		}
	}
}

func TestSets(t *testing.T) {
	if s := SetOf([]uint32{1, 2, 3, 7, 9, 10}).String(); s != "1:3,7,9:10" {
		t.Error(s)
	}
	if s := (Set{{5, 0}}).String(); s != "5:*" {
		t.Error(s)
	}
	for text, want := range map[string]int{"1:3": 3, "3:1": 3, "1,5,9": 3, "1:4": 0, "1:2": 0, "0:2": 0, "": 0, "1:4294967295": 0, "a": 0, "1:": 0} {
		if got := parseUIDs(text, 3); len(got) != want {
			t.Errorf("%q is %v", text, got)
		}
	}
}
