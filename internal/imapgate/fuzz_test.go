package imapgate

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/isaworks/isa/internal/mailtest"
)

// script is a connection on which a client said everything already.
type script struct {
	net.Conn
	in  *strings.Reader
	out io.Writer
}

func (c *script) Read(p []byte) (int, error)       { return c.in.Read(p) }
func (c *script) Write(p []byte) (int, error)      { return c.out.Write(p) }
func (c *script) SetReadDeadline(time.Time) error  { return nil }
func (c *script) SetWriteDeadline(time.Time) error { return nil }
func (c *script) RemoteAddr() net.Addr             { return &net.TCPAddr{} }

// speak carries out what a client says and returns the answers.
func speak(t testing.TB, offers Offers, text string) string {
	t.Helper()
	s := &Server{opt: Options{Offers: offers, Limits: Limits{}.complete(), Log: func(Event) {}}, clock: &fastClock{at: time.Unix(2e9, 0)}, readers: newReaders()}
	s.guard = newGuard(s.opt.Limits, nil)
	ticket, reason := s.guard.admit(addrOf(&script{}), s.clock.now(), func() {})
	if ticket == nil {
		t.Fatal(reason)
	}
	var out strings.Builder
	wire := newLine(&script{in: strings.NewReader(text), out: &out}, time.Minute)
	x := &session{server: s, ctx: context.Background(), ticket: ticket, wire: wire, started: s.clock.now(), commands: map[string]int{}}
	err := x.serve(wire, s.clock.now().Add(time.Hour))
	x.leave()
	ticket.leave()
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.EOF) {
		t.Fatalf("%v\n%s", err, out.String())
	}
	if s.guard.open != 0 || s.guard.waiting.Len() != 0 || len(s.readers.all) != 0 {
		t.Fatal("something of the connection is left")
	}
	return out.String()
}

// FuzzStranger is anything said before a login.
func FuzzStranger(f *testing.F) {
	for _, seed := range []string{"x LOGIN {3}\r\nabc {2+}\r\nde\r\n", "x AUTHENTICATE LOGIN\r\n{3+}\r\nabc\r\n", "x AUTHENTICATE PLAIN\r\nAGEAYg==\r\nx AUTHENTICATE LOGIN\r\n*\r\n", "\x16\x03\x01\x02\x00", "GET / HTTP/1.1\r\nHost: x\r\n\r\n",
		"x ID NIL\r\ny STARTTLS\r\nz LOGOUT\r\n", "x LOGIN \"a\\\"b\" \"\"\r\n", "x {99999999999999999999+}\r\n", "x CAPABILITY \r\n\r\n\n"} {
		f.Add(seed)
	}
	offers := small(f)
	f.Fuzz(func(t *testing.T, text string) {
		if strings.Contains(text, testPassword) { // that one may come in
			return
		}
		if answers := speak(t, offers, text); strings.Contains(answers, "Logged in") {
			t.Fatal("somebody got in")
		}
	})
}

// FuzzSession is anything said after the login. A client that reads the answers can
// tell where each begins and ends.
func FuzzSession(f *testing.F) {
	for _, seed := range []string{"x FETCH 1:* (BODY[1.2.MIME]<1.2> BODYSTRUCTURE ENVELOPE BODY.PEEK[HEADER.FIELDS.NOT (A \"b\")] RFC822 FULL)\r\n", "x UID FETCH *:4,2 (UID FLAGS BODY[2.HEADER])\r\n",
		"x UID SEARCH RETURN (ALL COUNT) CHARSET EUC-KR OR NOT 1:* KEYWORD a HEADER b {1+}\r\nc SENTON 1-Feb-2020 LARGER 0\r\n", "x LIST (SUBSCRIBED RECURSIVEMATCH) \"\" (a % *&-) RETURN (CHILDREN STATUS (SIZE UNSEEN))\r\n",
		"x LSUB \"\" %\r\nx STATUS \"&1QS4XA-\" (SIZE)\r\nx EXAMINE INBOX\r\nx STORE 1 +FLAGS (\\Deleted)\r\nx CLOSE\r\n", "x APPEND INBOX (\\Seen) {3+}\r\nabc\r\nx IDLE\r\nDONE\r\nx IDLE\r\n {3+}\r\nabc\r\nx UID STORE 1:* FLAGS ()\r\n",
		"x SEARCH BODY a TEXT b FROM c UID 4:* BEFORE 1-Jan-2030\r\nx COPY 1 a\r\nx EXPUNGE\r\nx LOGOUT\r\n"} {
		f.Add(seed)
	}
	var list []mailtest.Message
	for _, h := range mailtest.Hostile("INBOX", 64<<10) {
		list = append(list, h.Message)
	}
	list = append(list, mailtest.Message{Folder: "INBOX", Raw: []byte(letter)}, mailtest.Message{Folder: "프로젝트/네이버웍스 이전", Raw: []byte(letter)})
	offers := messages(f, list...)
	f.Fuzz(func(t *testing.T, text string) {
		answers := speak(t, offers, "a LOGIN "+testUser+" "+testPassword+"\r\nb SELECT INBOX\r\n"+text)
		readAnswers(t, answers)
	})
}

// readAnswers checks that answers are lines with literals, lists and strings that end.
func readAnswers(t *testing.T, answers string) {
	t.Helper()
	for rest := answers; rest != ""; {
		depth := 0
		for line := true; line; {
			text, after, found := strings.Cut(rest, "\r\n")
			if !found {
				t.Fatalf("an answer does not end: %.200q", rest)
			}
			rest = after
			n, _, is := literal([]byte(text))
			if is = is && strings.HasPrefix(text, "* ") || depth > 0 && is; is {
				if n > int64(len(rest)) {
					t.Fatalf("a literal does not end: %.200q", text)
				}
				rest = rest[n:]
			}
			if strings.HasPrefix(text, "* ") && strings.Contains(text, " FETCH (") || depth > 0 {
				depth += balance(t, text)
			}
			line = is || depth > 0
			if depth < 0 {
				t.Fatalf("parentheses: %.200q", text)
			}
		}
	}
}

// balance counts parentheses outside of quoted strings.
func balance(t *testing.T, text string) int {
	n, quoted := 0, false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case !quoted && c == '(':
			n++
		case !quoted && c == ')':
			n--
		}
	}
	if quoted {
		t.Fatalf("a string does not end: %.200q", text)
	}
	return n
}
