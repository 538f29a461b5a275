package imapwire

import (
	"io"
	"net"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/internal/dial"
)

const (
	poorGreeting    = "S: * OK [CAPABILITY IMAP4rev1] hello\n"
	literalGreeting = "S: * OK [CAPABILITY IMAP4rev1 LITERAL+ UIDPLUS] hello\n"
)

func entries(bodies ...string) []Entry {
	var all []Entry
	for _, b := range bodies {
		all = append(all, Entry{Flags: []string{`\Seen`}, Date: time.Date(2024, 2, 1, 9, 0, 0, 0, time.FixedZone("", 9*3600)), Size: int64(len(b)), Body: strings.NewReader(b)})
	}
	return all
}

func TestAppend(t *testing.T) {
	const head = `\(\\Seen\) " 1-Feb-2024 09:00:00 \+0900" `
	for _, c := range []struct {
		name, script string
		want         []uint32
		class        diag.Class
		unknown      bool
		words        string
		usable       bool
	}{
		{name: "MULTIAPPEND", want: []uint32{7, 8, 4}, usable: true,
			script: greeting + `C: APPEND "INBOX" ` + head + `\{3\+\}one ` + head + `\{3\+\}two ` + head + `\{0\+\}` + "\nS: * 3 EXISTS\nS: $ OK [APPENDUID 9 7:8,4] done"},
		{name: "one command each", want: []uint32{7, 8, 9}, usable: true,
			script: literalGreeting + `C: APPEND "INBOX" ` + head + `\{3\+\}one` + "\n" + `C: APPEND "INBOX" .*two` + "\nC: APPEND .*\nS: $ OK [APPENDUID 9 7]\nS: $ OK [APPENDUID 9 8]\nS: $ OK [APPENDUID 9 9]"},
		{name: "asking for each literal", usable: true,
			script: poorGreeting + `C: APPEND "INBOX" ` + head + `\{3\}` + "\nS: + go on\nB: one\n" + `C: APPEND .*\{3\}` + "\nS: $ OK done\nS: +\nB: two\n" + `C: APPEND .*\{0\}` + "\nS: $ OK done\nS: + go on\nB: \nS: $ OK done"},
		{name: "no UIDs worth the name", usable: true,
			script: greeting + "C: APPEND .*\nS: $ OK [APPENDUID 9 7:900000000]"},
		{name: "refused", class: diag.Invalid, words: "no viruses here", usable: true,
			script: greeting + "C: APPEND .*\nS: $ NO no viruses here"},
		{name: "too big", class: diag.Invalid, words: "TOOBIG", usable: true,
			script: poorGreeting + "C: APPEND .*\nS: $ NO [TOOBIG] Message too large"},
		{name: "bad", class: diag.Invalid, words: "bad date", usable: true,
			script: greeting + "C: APPEND .*\nS: $ BAD bad date"},
		{name: "full", class: diag.Limited, words: "make room", usable: true,
			script: greeting + "C: APPEND .*\nS: $ NO [OVERQUOTA] Quota exceeded"},
		{name: "full, in words only", class: diag.Limited, words: "make room", usable: true,
			script: greeting + "C: APPEND .*\nS: $ NO Mailbox is full (over quota)"},
		{name: "folder gone", class: diag.NotFound, words: "TRYCREATE", usable: true,
			script: greeting + "C: APPEND .*\nS: $ NO [TRYCREATE] no such mailbox"},
		{name: "some refused", class: diag.Invalid, unknown: true, words: "no viruses here", usable: true,
			script: literalGreeting + "C: APPEND .*\nC: APPEND .*\nC: APPEND .*\nS: $ OK done\nS: $ NO no viruses here\nS: $ OK done"},
		{name: "all refused", class: diag.Invalid, words: "no viruses here", usable: true,
			script: literalGreeting + "C: APPEND .*\nC: APPEND .*\nC: APPEND .*\nS: $ NO no viruses here\nS: $ NO nor here\nS: $ NO nor here"},
		{name: "some refused while asking", class: diag.Invalid, unknown: true, words: "too large", usable: true,
			script: poorGreeting + "C: APPEND .*\nS: +\nB: one\nC: APPEND .*\nS: $ OK\nS: $ NO too large"},
		{name: "refused while asking and before", class: diag.Invalid, words: "too large", usable: true,
			script: poorGreeting + "C: APPEND .*\nS: +\nB: one\nC: APPEND .*\nS: $ NO nor this\nS: $ NO too large"},
		{name: "answer lost", class: diag.Unavailable, unknown: true, words: "may be stored",
			script: greeting + "C: APPEND .*"},
		{name: "thrown out", class: diag.Limited, unknown: true, words: "Too many requests",
			script: greeting + "C: APPEND .*\nS: * BYE Too many requests"},
		{name: "cut while asking", class: diag.Unavailable, words: "closed the connection",
			script: poorGreeting + "C: APPEND .*"},
		{name: "answer lost while asking", class: diag.Unavailable, unknown: true, words: "may be stored",
			script: poorGreeting + "C: APPEND .*\nS: +\nB: one\nC: APPEND .*"},
	} {
		t.Run(c.name, func(t *testing.T) {
			script := c.script
			if c.usable {
				script += "\nC: NOOP\nS: $ OK"
			}
			conn := connect(t, script)
			done, err := conn.Append(t.Context(), "INBOX", entries("one", "two", ""))
			if c.class != "" {
				refused(t, err, c.class, c.words)
			} else if err != nil {
				t.Fatal(err)
			}
			if diag.MayHaveHappened(err) != c.unknown {
				t.Errorf("unknown is %v after %v", !c.unknown, err)
			}
			if !slices.Equal(done.UIDs, c.want) || c.want != nil && done.Validity != 9 {
				t.Errorf("stored as %v, want %v", done, c.want)
			}
			if err := conn.Noop(t.Context()); (err == nil) != c.usable {
				t.Errorf("the connection afterwards: %v", err)
			}
		})
	}
}

// TestABodyThatIsNotAsLongAsSaid: half a message is never complete for the server.
func TestABodyThatIsNotAsLongAsSaid(t *testing.T) {
	for name, body := range map[string]io.Reader{
		"short": strings.NewReader("on"), "long": strings.NewReader("one and more"),
		"failing": io.MultiReader(strings.NewReader("on"), iotest.ErrReader(&diag.Failure{Class: diag.NotFound, Op: "read", Detail: "it vanished"})),
	} {
		t.Run(name, func(t *testing.T) {
			addr, heard := sink(t, literalGreeting)
			conn, err := Dial(t.Context(), dial.Options{Addr: addr, Security: dial.Plain})
			if err != nil {
				t.Fatal(err)
			}
			all := entries("one")
			all[0].Body = body
			_, err = conn.Append(t.Context(), "INBOX", all)
			if err == nil || diag.MayHaveHappened(err) {
				t.Errorf("failed with %v", err)
			}
			if name == "failing" {
				refused(t, err, diag.NotFound, "it vanished")
			}
			refused(t, conn.Noop(t.Context()), diag.ClassOf(err), "it broke before")
			if err := conn.Close(); err != nil {
				t.Error(err)
			}
			got := <-heard
			if strings.HasSuffix(string(got), "\r\n") && strings.Contains(string(got), "{3+}\r\none") {
				t.Errorf("the server got a whole command: %q", got)
			}
		})
	}
}

// sink is a server that says hello and never answers; what it heard comes when the
// client has ended.
func sink(t *testing.T, hello string) (addr string, heard <-chan []byte) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	got := make(chan []byte, 1)
	go func() {
		defer close(got)
		c, err := l.Accept()
		if err != nil {
			return
		}
		defer c.Close()
		if _, err := io.WriteString(c, strings.TrimPrefix(strings.TrimSpace(hello), "S: ")+"\r\n"); err != nil {
			return
		}
		all, _ := io.ReadAll(c) // what came before the line broke counts
		got <- all
	}()
	return l.Addr().String(), got
}

// TestARefusalInTheMiddleOfALiteral: a server that closes the connection rather than
// take a body is still heard.
func TestARefusalInTheMiddleOfALiteral(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() {
		c, err := l.Accept()
		if err != nil {
			return
		}
		defer c.Close()
		_, _ = io.WriteString(c, "* OK [CAPABILITY IMAP4rev1 LITERAL+] hello\r\n")
		_, _ = io.ReadFull(c, make([]byte, 1000))
		_, _ = io.WriteString(c, "* BYE [TOOBIG] far too large\r\n")
		_ = c.(*net.TCPConn).CloseWrite()
		_, _ = io.ReadFull(c, make([]byte, 100_000)) // then the rest is refused
	}()
	conn, err := Dial(t.Context(), dial.Options{Addr: l.Addr().String(), Security: dial.Plain})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	const size = 64 << 20
	_, err = conn.Append(t.Context(), "INBOX", []Entry{{Size: size, Body: io.LimitReader(zeros{}, size)}})
	if err == nil || diag.MayHaveHappened(err) {
		t.Errorf("failed with %v", err)
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }
