//go:build unix

package pop3_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/internal/mailtest"
	"github.com/isaworks/isa/internal/mailtest/sourcetest"
	"github.com/isaworks/isa/providers"
	"github.com/isaworks/isa/providers/mail/pop3"
)

// scripted serves sessions that answer commands by the first rule that fits, each a
// regular expression and an answer; "" hangs up. What no rule knows is refused. It
// counts what was said that must never be.
func scripted(t *testing.T, rules ...[2]string) pop3.Account {
	t.Helper()
	rules = append(rules, [2]string{"^USER|^PASS|^QUIT", "+OK\r\n"}, [2]string{".*", "-ERR unknown\r\n"})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	var deleted atomic.Bool
	t.Cleanup(func() {
		if deleted.Load() {
			t.Error("DELE was sent")
		}
	})
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go serve(conn, rules, &deleted)
		}
	}()
	return pop3.Account{Addr: l.Addr().String(), Security: pop3.Plain, User: "user", Secret: secret("s3cret"), Stall: 20 * time.Second, Temp: t.TempDir()}
}

func serve(conn net.Conn, rules [][2]string, deleted *atomic.Bool) {
	defer conn.Close()
	in := bufio.NewReader(conn)
	if rules[0][0] == "greeting" {
		io.WriteString(conn, rules[0][1])
	} else {
		io.WriteString(conn, "+OK ready\r\n")
	}
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return
		}
		if strings.HasPrefix(line, "DELE") {
			deleted.Store(true)
		}
		for _, r := range rules {
			if r[0] != "greeting" && regexp.MustCompile(r[0]).MatchString(line) {
				if r[1] == "" {
					return
				}
				io.WriteString(conn, r[1])
				break
			}
		}
	}
}

func answer(lines ...string) string { return "+OK\r\n" + strings.Join(lines, "\r\n") + "\r\n.\r\n" }

const (
	mailA = "Message-ID: <a@b>\r\nDate: Fri, 01 Mar 2019 09:00:00 +0900\r\n\r\nbody a\r\n"
	headA = "Message-ID: <a@b>\r\nDate: Fri, 01 Mar 2019 09:00:00 +0900\r\n\r\n"
)

// TestLogins: what servers say to logins, by class, without the secret.
func TestLogins(t *testing.T) {
	for name, c := range map[string]struct {
		rules [][2]string
		class diag.Class
	}{
		"wrong":            {[][2]string{{"^PASS", "-ERR [AUTH] no\r\n"}}, diag.Denied},
		"wrong, plainly":   {[][2]string{{"^PASS", "-ERR Invalid login or password s3cret\r\n"}}, diag.Denied},
		"account locked":   {[][2]string{{"^PASS", "-ERR account is locked\r\n"}}, diag.Denied},
		"in use":           {[][2]string{{"^PASS", "-ERR [IN-USE] Do you have another POP session running?\r\n"}}, diag.Limited},
		"in use, plainly":  {[][2]string{{"^PASS", "-ERR unable to lock maildrop\r\n"}}, diag.Limited},
		"too often":        {[][2]string{{"^PASS", "-ERR [LOGIN-DELAY] minimum time between mail checks violation\r\n"}}, diag.Limited},
		"trouble":          {[][2]string{{"^PASS", "-ERR [SYS/TEMP] try later\r\n"}}, diag.Unavailable},
		"trouble for ever": {[][2]string{{"^PASS", "-ERR [SYS/PERM] no disk\r\n"}}, diag.Denied},
		"hangs up":         {[][2]string{{"^USER", ""}}, diag.Unavailable},
		"silence":          {[][2]string{{"greeting", ""}}, diag.Unavailable},
		"no greeting":      {[][2]string{{"greeting", "-ERR go away\r\n"}}, diag.Unavailable},
		"other protocol":   {[][2]string{{"greeting", "* OK IMAP4rev1\r\n"}}, diag.Unavailable},
		"no STLS":          {[][2]string{{"^STLS", "-ERR what\r\n"}}, diag.Denied},
		"endless line":     {[][2]string{{"greeting", "+OK " + strings.Repeat("x", 1<<20)}}, diag.Unavailable},
		"endless list":     {[][2]string{{"^CAPA", "+OK\r\n" + strings.Repeat("X\r\n", 1000)}}, diag.Unavailable},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := scripted(t, c.rules...)
			switch name {
			case "no STLS":
				a.Security = pop3.StartTLS
			case "endless list", "silence":
				a.Stall = 300 * time.Millisecond
			}
			_, err := pop3.Origin(a).Open(t.Context())
			if diag.ClassOf(err) != c.class || strings.Contains(fmt.Sprint(err), "s3cret") {
				t.Errorf("%v", err)
			}
		})
	}
}

func TestTokens(t *testing.T) {
	a := scripted(t, [2]string{"^CAPA", answer("SASL PLAIN XOAUTH2")}, [2]string{"^AUTH XOAUTH2", "+ \r\n"}, [2]string{"^dXNlcj11c2VyAWF1dGg9QmVhcmVyIHMzY3JldAEB", "+OK\r\n"}, [2]string{"^UIDL|^LIST", answer("1 1")})
	a.Bearer = true
	if f := sourcetest.Folder(t, sourcetest.Open(t, pop3.Origin(a)), "INBOX"); f.Items != 1 {
		t.Errorf("%+v", f)
	}
	a = scripted(t, [2]string{"^AUTH XOAUTH2", "+ \r\n"}, [2]string{"^dXNlcj11c2VyAWF1dGg9QmVhcmVyIHMzY3JldAEB", "+ eyJzdGF0dXMiOiI0MDAifQ==\r\n"}, [2]string{"^\r\n", "-ERR [AUTH] no\r\n"})
	a.Bearer = true
	if _, err := pop3.Origin(a).Open(t.Context()); diag.ClassOf(err) != diag.Denied {
		t.Error(err)
	}
}

// TestServersThatAreOdd: what is odd and can be lived with.
func TestServersThatAreOdd(t *testing.T) {
	list := [][2]string{{"^UIDL", answer("1 a", "2 b")}, {"^LIST", answer("1 7", "2 7000")}}
	top := [2]string{"^TOP [12] 0", "+OK\r\n" + headA + ".\r\n"}
	retr := [2]string{"^RETR [12]", "+OK\r\n" + mailA + ".\r\n"}
	dated := time.Date(2019, 3, 1, 0, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		rules [][2]string
		keys  string
		want  string // the first message, "" mailA
	}{
		"sizes that lie":    {append(list[:2:2], top, retr), "a b", ""},
		"no TOP":            {append(list[:2:2], retr), "a b", ""},
		"TOP of one only":   {append(list[:2:2], [2]string{"^CAPA", answer("TOP", "PIPELINING")}, [2]string{"^TOP 2 0", "+OK\r\n" + headA + ".\r\n"}, retr), "a b", ""},
		"pipelining":        {append(list[:2:2], [2]string{"^CAPA", answer("TOP", "PIPELINING")}, top, retr), "a b", ""},
		"no sizes":          {[][2]string{list[0], {"^LIST", "+OK\r\n.\r\n"}, top, retr}, "a b", ""},
		"no order":          {[][2]string{{"^UIDL", answer("2 b", "1 a", "2 b")}, {"^LIST", answer("2 7", "3 7", "1 7")}, top, retr}, "a b", ""},
		"one id for both":   {[][2]string{{"^UIDL", answer("1 a", "2 a")}, list[1], top, retr}, "a,a 0000002", ""},
		"ids that are none": {[][2]string{{"^UIDL", answer("1 a b", "2 "+strings.Repeat("x", 100))}, list[1], top, retr}, "~c8687a08aa5d6ed2044328fa6a697ab8 ~9e6cbbeeb4f5a2ea", ""},
		"LF alone":          {[][2]string{{"greeting", "+OK\n"}, {"^UIDL", "+OK\n1 a\n2 b\n.\n"}, {"^LIST", "+OK\n1 7\n2 7\n.\n"}, {"^TOP", "+OK\n" + string(mailtest.LF([]byte(headA))) + ".\n"}, {"^RETR", "+OK\n" + string(mailtest.LF([]byte(mailA))) + ".\n"}, {"^USER|^PASS|^QUIT", "+OK\n"}, {".*", "-ERR\n"}}, "a b", ""},
		"points":            {append(list[:2:2], top, [2]string{"^RETR", "+OK\r\n" + headA + "..\r\n...\r\n.x\r\na.\r\n\n.\nb\r\n.\r\n"}), "a b", headA + ".\r\n..\r\nx\r\na.\r\n\n.\nb\r\n"},
		"nothing":           {append(list[:2:2], top, [2]string{"^RETR", "+OK\r\n.\r\n"}), "a b", " "},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := sourcetest.Open(t, pop3.Origin(scripted(t, c.rules...)))
			f := sourcetest.Folder(t, r, "INBOX")
			items, _ := sourcetest.Scan(t, r, f, providers.Scan{Prints: true})
			letters, err := sourcetest.Fetch(t.Context(), r, f, items)
			if err != nil || len(items) != 2 || len(letters) != 2 {
				t.Fatalf("%d and %d: %v", len(items), len(letters), err)
			}
			keys := items[0].Key + " " + items[1].Key
			if strings.Contains(c.keys, ",") {
				keys = items[0].Key + "," + items[1].Key
			}
			want := mailA
			if c.want != "" {
				want = strings.TrimLeft(c.want, " ")
			}
			if strings.HasPrefix(c.keys, "~") {
				if len(keys) != 67 || keys[0] != '~' || items[0].Key >= items[1].Key {
					t.Errorf("keys %q", keys)
				}
			} else if keys != c.keys {
				t.Errorf("keys %q, want %q", keys, c.keys)
			}
			if string(letters[0].Raw) != want {
				t.Errorf("read %q, want %q", letters[0].Raw, want)
			}
			if !items[0].Date.Equal(dated) || want == mailA && !letters[0].Date.Equal(dated) {
				t.Errorf("dated %v and %v", items[0].Date, letters[0].Date)
			}
		})
	}
}

// TestServersThatFail: what cannot be lived with is said, by class.
func TestServersThatFail(t *testing.T) {
	list := [][2]string{{"^UIDL", answer("1 a", "2 b", "3 c")}, {"^LIST", answer("1 7", "2 7", "3 7")}, {"^CAPA", answer("PIPELINING", "TOP")}}
	top := [2]string{"^TOP", "+OK\r\n" + headA + ".\r\n"}
	ok := [2]string{"^RETR [13]", "+OK\r\n" + mailA + ".\r\n"}
	for name, c := range map[string]struct {
		rules [][2]string
		class diag.Class
		read  int
	}{
		"no UIDL":             {[][2]string{{"^LIST", answer("1 7")}}, diag.Invalid, 0},
		"nonsense in UIDL":    {[][2]string{{"^UIDL", answer("one a")}, list[1]}, diag.Unavailable, 0},
		"one refused":         {append(list[:3:3], top, ok, [2]string{"^RETR 2", "-ERR no such file\r\n"}), diag.Invalid, 2},
		"one in trouble":      {append(list[:3:3], top, ok, [2]string{"^RETR 2", "-ERR [SYS/TEMP] later\r\n"}), diag.Unavailable, 1},
		"cut off in a header": {append(list[:3:3], [2]string{"^TOP 2", "+OK\r\nMess"}, top), diag.Unavailable, 0},
		"cut off in a body":   {append(list[:3:3], top, ok, [2]string{"^RETR 2", ""}), diag.Unavailable, 1},
		"never ends":          {append(list[:2:2], top, ok, [2]string{"^RETR 2", "+OK\r\nMess"}), diag.Unavailable, 1},
		"answers nonsense":    {append(list[:3:3], top, ok, [2]string{"^RETR 2", "OK here it is\r\n"}), diag.Unavailable, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := scripted(t, c.rules...)
			if name == "never ends" || name == "cut off in a header" {
				a.Stall = 300 * time.Millisecond
			}
			r := sourcetest.Open(t, pop3.Origin(a))
			folders, err := r.Folders(t.Context())
			var letters []sourcetest.Letter
			if err == nil {
				var items []providers.Item
				_, err = r.Scan(t.Context(), folders[0], providers.Scan{}, func(it providers.Item) error {
					items = append(items, it)
					return nil
				})
				if err == nil {
					letters, err = sourcetest.Fetch(t.Context(), r, folders[0], items)
				}
			}
			if diag.ClassOf(err) != c.class || len(letters) != c.read {
				t.Errorf("%d were read: %v", len(letters), err)
			}
		})
	}
}

// TestSessionsEnd: by QUIT, and without it where that may delete.
func TestSessionsEnd(t *testing.T) {
	for caps, want := range map[string]bool{"EXPIRE 0": false, "EXPIRE 30 USER": true, "TOP": true} {
		quit := make(chan bool, 1)
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		go func() {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			defer conn.Close()
			in := bufio.NewReader(conn)
			io.WriteString(conn, "+OK\r\n")
			for {
				line, err := in.ReadString('\n')
				if err != nil || strings.HasPrefix(line, "QUIT") {
					quit <- err == nil
					return
				}
				if strings.HasPrefix(line, "CAPA") {
					io.WriteString(conn, answer(caps))
				} else {
					io.WriteString(conn, "+OK\r\n")
				}
			}
		}()
		r, err := pop3.Origin(pop3.Account{Addr: l.Addr().String(), Security: pop3.Plain, User: "user", Secret: secret("x")}).Open(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if err := r.Close(); err != nil {
			t.Fatal(err)
		}
		if got := <-quit; got != want {
			t.Errorf("%s: QUIT was sent: %v", caps, got)
		}
	}
}
