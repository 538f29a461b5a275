package mailbox

import (
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"
)

// TestConversation: what is said, word for word.
func TestConversation(t *testing.T) {
	s := start(t, Options{Behaviour: inferred()})
	k := converse(t, s.Addr())
	said := func(what string, got string, lines ...string) {
		t.Helper()
		got = regexp.MustCompile(`(UIDVALIDITY|APPENDUID) \d{10}`).ReplaceAllString(got, "$1 N")
		want(t, what, got, strings.Join(lines, "\n"))
	}
	said("greeting", k.Line(), "* OK [CAPABILITY IMAP4rev1 SASL-IR AUTH=PLAIN] IMAP server ready")
	said("wrong password", k.Command("LOGIN a@acme.co.kr secret"), "x NO [AUTHENTICATIONFAILED] Wrong user name or app password")
	said("too early", k.Command("SELECT INBOX"), "x BAD [CLIENTBUG] This command is only valid in the authenticated state")
	k.Send("x AUTHENTICATE PLAIN\r\n")
	said("challenge", k.Line(), "+ =")
	k.Send("AGFAYWNtZS5jby5rcgBhcHAtYUBhY21lLmNvLmty\r\n")
	said("PLAIN", k.Line(), "x OK [CAPABILITY IMAP4rev1 SASL-IR UNSELECT IDLE UIDPLUS SPECIAL-USE LITERAL+] PLAIN authentication successful")
	said("CAPABILITY", k.Command("CAPABILITY"), "* CAPABILITY IMAP4rev1 SASL-IR UNSELECT IDLE UIDPLUS SPECIAL-USE LITERAL+", "x OK CAPABILITY completed")
	said("delimiter", k.Command(`LIST "" ""`), `* LIST (\Noselect) "/" ""`, "x OK LIST completed")
	said("LIST", k.Command(`LIST "" "%"`), `* LIST (\HasNoChildren) "/" INBOX`, `* LIST (\HasNoChildren \Sent) "/" "Sent"`, `* LIST (\HasNoChildren \Drafts) "/" "Drafts"`,
		`* LIST (\HasNoChildren) "/" "Memo"`, `* LIST (\HasNoChildren \Junk) "/" "Spam"`, `* LIST (\HasNoChildren \Trash) "/" "Trash"`, "x OK LIST completed")
	said("CREATE", k.Command("CREATE &vPSwuLpUx3zVaA-/a"), "x OK CREATE completed")
	said("LIST below", k.Command(`LIST "&vPSwuLpUx3zVaA-" *`), `* LIST (\HasNoChildren) "/" "&vPSwuLpUx3zVaA-/a"`, "x OK LIST completed")
	said("RETURN", k.Command(`LIST (SPECIAL-USE) "" * RETURN (SPECIAL-USE STATUS (MESSAGES UIDNEXT))`),
		`* LIST (\HasNoChildren \Sent) "/" "Sent"`, `* STATUS "Sent" (MESSAGES 0 UIDNEXT 1)`, `* LIST (\HasNoChildren \Drafts) "/" "Drafts"`, `* STATUS "Drafts" (MESSAGES 0 UIDNEXT 1)`,
		`* LIST (\HasNoChildren \Junk) "/" "Spam"`, `* STATUS "Spam" (MESSAGES 0 UIDNEXT 1)`, `* LIST (\HasNoChildren \Trash) "/" "Trash"`, `* STATUS "Trash" (MESSAGES 0 UIDNEXT 1)`, "x OK LIST completed")
	said("LSUB", k.Command(`LSUB "" "T*"`), `* LSUB (\HasNoChildren \Trash \Subscribed) "/" "Trash"`, "x OK LSUB completed")
	k.Send("x APPEND Sent (\\Seen) \" 1-Jan-2020 00:00:00 +0900\" {5}\r\n")
	said("continuation", k.Line(), "+ Ready for literal data")
	k.Send("hello\r\n")
	said("APPEND", k.Line(), "x OK [APPENDUID N 1] APPEND completed")
	k.Send("x APPEND Sent {0+}\r\n\r\nx APPEND nowhere {3+}\r\nabc\r\nx NOOP\r\n")
	said("empty", k.Line(), "x OK [APPENDUID N 2] APPEND completed")
	said("nowhere", k.Line(), "x NO [TRYCREATE] There is no such mailbox")
	said("the next command", k.Line(), "x OK NOOP completed")
	said("SELECT", k.Command("SELECT Sent"), "* 2 EXISTS", "* 0 RECENT", "* OK [UNSEEN 2] First unseen message", "* OK [UIDVALIDITY N] UIDs valid", "* OK [UIDNEXT 3] Predicted next UID",
		`* FLAGS (\Answered \Flagged \Deleted \Seen \Draft)`, `* OK [PERMANENTFLAGS (\Answered \Flagged \Deleted \Seen \Draft \*)] Permanent flags`, "x OK [READ-WRITE] SELECT completed")
	said("FETCH", k.Command("FETCH 1:2 (UID FLAGS INTERNALDATE RFC822.SIZE BODY.PEEK[]<1.3>)"),
		`* 1 FETCH (UID 1 FLAGS (\Seen) INTERNALDATE " 1-Jan-2020 00:00:00 +0900" RFC822.SIZE 5 BODY[]<1> {3}`, "ell)", k.lastDate(t, "2"), ")", "x OK FETCH completed")
	said("STORE", k.Command(`UID STORE 1:* +FLAGS (\Flagged MyOwn)`), `* 1 FETCH (UID 1 FLAGS (\Flagged \Seen MyOwn))`, `* 2 FETCH (UID 2 FLAGS (\Flagged MyOwn))`, "x OK UID STORE completed")
	said("without what", k.Command(`STORE 1 -FLAGS (\SEEN myown)`), `* 1 FETCH (FLAGS (\Flagged))`, "x OK STORE completed")
	said("silent", k.Command(`STORE 1 FLAGS.SILENT ()`), "x OK STORE completed")
	said("nothing to tell", k.Command("NOOP"), "x OK NOOP completed")
	said("$", k.Command("FETCH $ UID"), "x BAD SEARCHRES is not supported")
	said("beyond the end", k.Command("UID FETCH 99:* UID"), "* 2 FETCH (UID 2)", "x OK UID FETCH completed")
	said("not offered", k.Command("MOVE 1 Trash"), "x BAD Unknown command")
	said("MULTIAPPEND is not asked for", k.Command("STATUS Sent (MESSAGES UNSEEN RECENT UIDNEXT)"), `* STATUS "Sent" (MESSAGES 2 UIDNEXT 3 UNSEEN 2 RECENT 0)`, "x OK STATUS completed")
	said("DELETED", k.Command(`STORE 2 +FLAGS.SILENT (\Deleted)`), "x OK STORE completed")
	said("EXPUNGE", k.Command("EXPUNGE"), "* 2 EXPUNGE", "x OK EXPUNGE completed")
	said("EXAMINE", k.tagged("EXAMINE Sent"), "x OK [READ-ONLY] EXAMINE completed")
	said("STORE in EXAMINE", k.Command(`STORE 1 FLAGS (\Deleted)`), "x NO The mailbox is open for reading only")
	said("FETCH in EXAMINE", k.Command("FETCH 1 BODY[]"), "* 1 FETCH (BODY[] {5}", "hello)", "x OK FETCH completed")
	said("unseen still", k.Command("SEARCH UNSEEN"), "* SEARCH 1", "x OK SEARCH completed")
	said("CLOSE in EXAMINE", k.Command("CLOSE"), "x OK CLOSE completed")
	said("LOGOUT", k.Command("LOGOUT"), "* BYE Logging out", "x OK LOGOUT completed")
	said("the end", k.Line(), "")
}

// lastDate is the answer for the empty message, whose date is of today.
func (k *talk) lastDate(t testing.TB, seq string) string {
	t.Helper()
	got := k.Command("FETCH " + seq + " (UID FLAGS INTERNALDATE RFC822.SIZE BODY.PEEK[]<1.3>)")
	return strings.Split(got, "\n")[0]
}

func (k *talk) tagged(line string) string {
	k.T.Helper()
	got := k.Command(line)
	return got[strings.LastIndex(got, "\n")+1:]
}

// TestTooBig: a message above the limit is refused, and the connection goes on,
// whichever literal was used.
func TestTooBig(t *testing.T) {
	how := inferred()
	how.AppendLimit = 1000
	s := start(t, Options{Behaviour: how})
	k := converse(t, s.Addr())
	k.login("a@acme.co.kr")
	big := strings.Repeat("x NOOP\r\n", 200)
	k.Send("x APPEND INBOX {%d+}\r\n%s\r\nx NOOP\r\n", len(big), big)
	want(t, "refused", k.Line(), "x NO [TOOBIG] The message is too big: 1000 bytes are the limit")
	want(t, "in step", k.Line(), "x OK NOOP completed")
	k.Send("x APPEND INBOX {%d}\r\n", len(big))
	want(t, "continuation", k.Line(), "+ Ready for literal data")
	k.Send("%s\r\nx NOOP\r\n", big)
	want(t, "refused", k.Line(), "x NO [TOOBIG] The message is too big: 1000 bytes are the limit")
	want(t, "in step", k.Line(), "x OK NOOP completed")
}

// TestIdle: a client that idles is told at once.
func TestIdle(t *testing.T) {
	s := start(t, Options{Behaviour: inferred()})
	k := converse(t, s.Addr())
	k.login("a@acme.co.kr")
	k.Command("SELECT INBOX")
	k.Send("x IDLE\r\n")
	want(t, "idling", k.Line(), "+ idling")
	c := dial(t, s, "a@acme.co.kr")
	c.put("INBOX", "new", nil)
	want(t, "told", k.Line(), "* 1 EXISTS")
	c.open("INBOX")
	c.ok(c.Store(imap.UIDSetNum(1), &imap.StoreFlags{Op: imap.StoreFlagsAdd, Flags: []imap.Flag{imap.FlagDeleted}}, nil).Close())
	want(t, "told", k.Line(), `* 1 FETCH (UID 1 FLAGS (\Deleted))`)
	c.ok(c.Expunge().Close())
	want(t, "told", k.Line(), "* 1 EXPUNGE")
	k.Send("DONE\r\n")
	want(t, "done", k.Line(), "x OK IDLE completed")
	k.Send("x IDLE\r\n")
	k.Line()
	_ = k.Conn.Close() // a client that vanishes
}

// TestCutOff: a message that is not sent to its end is not stored.
func TestCutOff(t *testing.T) {
	s := start(t, Options{Behaviour: inferred()})
	k := converse(t, s.Addr())
	k.login("a@acme.co.kr")
	k.Send("x APPEND INBOX {100000+}\r\nhalf of it")
	_ = k.Conn.Close()
	for end := time.Now().Add(10 * time.Second); !s.Idle() && time.Now().Before(end); time.Sleep(time.Millisecond) {
	}
	c := dial(t, s, "a@acme.co.kr")
	c.put("INBOX", "whole", nil)
	want(t, "messages", c.open("INBOX").NumMessages, 1)
	want(t, "body", c.body(1), "whole")
}

// TestManyMailboxes: members without a session cost no open file.
func TestManyMailboxes(t *testing.T) {
	dir := t.TempDir()
	s := start(t, Options{Behaviour: inferred(), Dir: dir})
	for i := range 3 * spare {
		k := converse(t, s.Addr())
		k.login(fmt.Sprintf("m%d@acme.co.kr", i))
		k.Send("x APPEND INBOX {1+}\r\na\r\n")
		k.Line()
		k.Command("LOGOUT")
		_ = k.Conn.Close()
	}
	for end := time.Now().Add(10 * time.Second); openFiles(t, dir) > 2*spare; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%d files of %d mailboxes are open", openFiles(t, dir), 3*spare)
		}
	}
	for _, i := range []int{0, 3*spare - 1} {
		sum, ok := s.Sum(fmt.Sprintf("m%d@acme.co.kr", i))
		want(t, "sum", fmt.Sprint(sum, ok), "{6 1 1} true")
	}
	c := dial(t, s, "m0@acme.co.kr")
	c.open("INBOX")
	want(t, "body", c.body(1), "a")
	if _, ok := s.Sum("nobody"); ok {
		t.Error("a mailbox that nobody opened is counted")
	}
}

// openFiles counts the open files below a folder; on systems without /proc none
// are seen.
func openFiles(t testing.TB, dir string) int {
	t.Helper()
	links, err := filepath.Glob("/proc/self/fd/*")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, l := range links {
		if to, err := os.Readlink(l); err == nil && strings.HasPrefix(to, dir) {
			n++
		}
	}
	return n
}

// TestMemory: a folder of 100,000 messages takes memory for its index only, and
// large messages none.
func TestMemory(t *testing.T) {
	dir := t.TempDir()
	b, err := openBox(filepath.Join(dir, "a@acme.co.kr"), false, false, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	var changes []change
	b.end = 1
	if _, err := b.data.Write([]byte("x")); err != nil {
		t.Fatal(err)
	}
	for i := range 100_000 {
		changes = append(changes, change{Folder: 1, UID: uint32(i + 1), Size: 1, Flags: []string{"\\Seen"}})
	}
	if err := b.write(changes); err != nil {
		t.Fatal(err)
	}
	if err := b.close(); err != nil {
		t.Fatal(err)
	}
	changes = nil
	s := start(t, Options{Behaviour: inferred(), Dir: dir})
	before := heap()
	k := converse(t, s.Addr())
	k.login("a@acme.co.kr")
	want(t, "EXISTS", strings.Split(k.Command("SELECT INBOX"), "\n")[0], "* 100000 EXISTS")
	k.Send("x FETCH 1:* (UID FLAGS)\r\n")
	for n := 1; n <= 100_000; n++ {
		got, err := k.In.ReadSlice('\n')
		if err != nil || n%1000 == 0 && string(got) != fmt.Sprintf("* %d FETCH (UID %d FLAGS (\\Seen))\r\n", n, n) {
			t.Fatal(string(got), err)
		}
	}
	want(t, "end", k.Line(), "x OK FETCH completed")
	k.Send("x APPEND INBOX {%d+}\r\n", 20<<20)
	if _, err := io.CopyN(k.Conn, zeros{}, 20<<20); err != nil {
		t.Fatal(err)
	}
	k.Send("\r\n")
	k.Line()
	if grown := heap() - before; grown > 16<<20 {
		t.Errorf("the heap has grown by %d bytes", grown)
	}
	runtime.KeepAlive(k)
}

func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

// FuzzSession sends anything after a login: the server never fails itself.
func FuzzSession(f *testing.F) {
	for _, seed := range []string{"x SELECT INBOX\r\nx FETCH 1:* (BODY[1.2.MIME] BODYSTRUCTURE ENVELOPE)\r\n", "x UID SEARCH OR NOT 1:* KEYWORD a HEADER b c\r\n",
		"x CREATE a/b (USE (\\Sent))\r\nx RENAME a b\r\nx DELETE b\r\n", "x SELECT INBOX\r\nx STORE 1 +FLAGS (\\Deleted)\r\nx COPY 1 Sent\r\nx UID EXPUNGE 1:*\r\nx CLOSE\r\n",
		"x APPEND INBOX (\\Seen) {3+}\r\nabc\r\nx IDLE\r\nDONE\r\n", "x LIST (SUBSCRIBED) \"\" (a %) RETURN (CHILDREN STATUS (SIZE))\r\n", "x FETCH $ UID\r\nx NAMESPACE\r\nx ENABLE UTF8=ACCEPT\r\n"} {
		f.Add(seed)
	}
	how := inferred()
	how.More = true
	s := start(f, Options{Behaviour: how})
	hostile := "Content-Type: multipart/mixed; boundary=\"\"\r\nFrom: \"a\" <b@c>, d: e@f;\r\n\r\n--\r\n\r\n--\r\n"
	f.Fuzz(func(t *testing.T, script string) {
		conn, err := net.Dial("tcp", s.Addr())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		fmt.Fprintf(conn, "a LOGIN f@acme.co.kr app-f@acme.co.kr\r\na SELECT INBOX\r\na STORE 1:* +FLAGS.SILENT (\\Deleted)\r\na CLOSE\r\na APPEND INBOX {%d+}\r\n%s\r\n%s", len(hostile), hostile, script)
		if c, ok := conn.(*net.TCPConn); ok {
			_ = c.CloseWrite() // the server answers what it got and leaves
		}
		if err := conn.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
			t.Fatal(err)
		}
		if _, err := io.Copy(io.Discard, conn); err != nil && strings.Contains(err.Error(), "timeout") {
			t.Fatal(err)
		}
	})
}
