package imapwire

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/internal/dial"
	"github.com/isaworks/isa/internal/imapwire/wiretest"
)

const greeting = "S: * OK [CAPABILITY IMAP4rev1 LITERAL+ MULTIAPPEND UIDPLUS CONDSTORE SPECIAL-USE LIST-EXTENDED LIST-STATUS NAMESPACE] hello\n"

func connect(t *testing.T, script string) *Conn {
	t.Helper()
	c, err := Dial(t.Context(), dial.Options{Addr: wiretest.Serve(t, script), Security: dial.Plain})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	return c
}

// refused wants a failure of a class, said in the server's words.
func refused(t *testing.T, err error, class diag.Class, words string) {
	t.Helper()
	if diag.ClassOf(err) != class || !strings.Contains(fmt.Sprint(err), words) {
		t.Errorf("failed with class %q: %v; want %q with %q", diag.ClassOf(err), err, class, words)
	}
}

func TestGreetings(t *testing.T) {
	for _, c := range []struct {
		name, script, words string
		class               diag.Class
	}{
		{"busy", "S: * BYE Too many simultaneous connections", "Too many simultaneous", diag.Limited},
		{"down", "S: * BYE server is going down", "going down", diag.Unavailable},
		{"closed at once", "#", "closed the connection", diag.Unavailable},
		{"another protocol", "S: 220 smtp ready", "not IMAP", diag.Unavailable},
		{"never ending", "S| * OK [AAAA" + strings.Repeat("A", maxWord), "not IMAP", diag.Unavailable},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := Dial(t.Context(), dial.Options{Addr: wiretest.Serve(t, c.script), Security: dial.Plain})
			refused(t, err, c.class, c.words)
		})
	}
	c := connect(t, "S: * PREAUTH you are in")
	if !c.Preauthenticated() {
		t.Error("PREAUTH was not heard")
	}
}

func TestNobodyListens(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	_, err = Dial(t.Context(), dial.Options{Addr: l.Addr().String(), Security: dial.Plain})
	refused(t, err, diag.Unavailable, l.Addr().String())
	_, err = Dial(t.Context(), dial.Options{Addr: "nowhere"})
	refused(t, err, diag.Invalid, "host:port")
	_, err = Dial(t.Context(), dial.Options{Addr: wiretest.Serve(t, "#"), Security: "perhaps"})
	refused(t, err, diag.Invalid, "perhaps")
}

func TestTLSIsNotGivenUp(t *testing.T) {
	_, err := Dial(t.Context(), dial.Options{Addr: wiretest.Serve(t, "S: * OK plain words"), Security: dial.TLS})
	refused(t, err, diag.Denied, "does not speak TLS")
	_, err = Dial(t.Context(), dial.Options{Addr: wiretest.Serve(t, "S: * OK hello\nC: STARTTLS\nS: $ NO not today"), Security: dial.StartTLS})
	refused(t, err, diag.Invalid, "not today")
	_, err = Dial(t.Context(), dial.Options{Addr: wiretest.Serve(t, "S: * PREAUTH hello"), Security: dial.StartTLS})
	refused(t, err, diag.Denied, "before TLS")
	// What was slipped in before TLS is not taken for the server's words.
	_, err = Dial(t.Context(), dial.Options{Addr: wiretest.Serve(t, "S: * OK hello\nC: STARTTLS\nS| $ OK begin\\r\\n* OK [CAPABILITY X] slipped in\\r\\n"), Security: dial.StartTLS})
	refused(t, err, diag.Unavailable, "before the TLS")
}

func TestLogins(t *testing.T) {
	for _, c := range []struct {
		name, script string
		cred         dial.Credentials
		class        diag.Class
		words        string
	}{
		{name: "login", cred: dial.Credentials{User: "gil dong", Secret: `p"w\`},
			script: "S: * OK hello\nC: CAPABILITY\nS: * CAPABILITY IMAP4rev1\nS: $ OK\n" +
				`C: LOGIN "gil dong" "p\\"w\\\\"` + "\nS: $ OK [CAPABILITY IMAP4rev1 UIDPLUS] in"},
		{name: "eight bits", cred: dial.Credentials{User: "gd", Secret: "비밀"},
			script: "S: * OK [CAPABILITY IMAP4rev1 AUTH=PLAIN SASL-IR] hello\nC: AUTHENTICATE PLAIN AGdkAOu5hOuwgA==\nS: $ OK\nC: CAPABILITY\nS: * CAPABILITY IMAP4rev1 UIDPLUS\nS: $ OK"},
		{name: "master without initial response", cred: dial.Credentials{User: "root", Authorize: "gd", Secret: "pw"},
			script: "S: * OK [CAPABILITY IMAP4rev1 AUTH=PLAIN] hello\nC: AUTHENTICATE PLAIN\nS: +\nM: Z2QAcm9vdABwdw==\nS: $ OK [CAPABILITY IMAP4rev1 UIDPLUS]"},
		{name: "token", cred: dial.Credentials{User: "gd", Secret: "tok", Bearer: true},
			script: "S: * OK [CAPABILITY IMAP4rev1 SASL-IR] hello\nC: AUTHENTICATE XOAUTH2 dXNlcj1nZAFhdXRoPUJlYXJlciB0b2sBAQ==\nS: $ OK [CAPABILITY IMAP4rev1 UIDPLUS]"},
		{name: "token refused", cred: dial.Credentials{User: "gd", Secret: "tok", Bearer: true}, class: diag.Denied, words: "SASL authentication failed",
			script: "S: * OK [CAPABILITY IMAP4rev1 SASL-IR] hello\nC: AUTHENTICATE XOAUTH2 .*\nS: + eyJzdGF0dXMiOiI0MDAifQ==\nM: \nS: $ NO SASL authentication failed"},
		{name: "wrong", cred: dial.Credentials{User: "gd", Secret: "hush-hush"}, class: diag.Denied, words: "check the user and the password",
			script: "S: * OK [CAPABILITY IMAP4rev1] hello\nC: LOGIN .*\nS: $ NO [AUTHENTICATIONFAILED] Invalid credentials"},
		{name: "Gmail", cred: dial.Credentials{User: "gd", Secret: "hush-hush"}, class: diag.Limited, words: "Too many simultaneous",
			script: "S: * OK [CAPABILITY IMAP4rev1] hello\nC: LOGIN .*\nS: $ NO [ALERT] Too many simultaneous connections. (Failure)"},
		{name: "Gmail bandwidth", cred: dial.Credentials{User: "gd", Secret: "hush-hush"}, class: diag.Limited, words: "bandwidth",
			script: "S: * OK [CAPABILITY IMAP4rev1] hello\nC: LOGIN .*\nS: $ NO [OVERQUOTA] Account exceeded command or bandwidth limits. (Failure)"},
		{name: "Dovecot", cred: dial.Credentials{User: "gd", Secret: "hush-hush"}, class: diag.Limited, words: "Maximum number",
			script: "S: * OK [CAPABILITY IMAP4rev1] hello\nC: LOGIN .*\nS: $ NO [LIMIT] Maximum number of connections from user+IP exceeded (mail_max_userip_connections=10)"},
		{name: "trouble", cred: dial.Credentials{User: "gd", Secret: "hush-hush"}, class: diag.Unavailable, words: "Temporary",
			script: "S: * OK [CAPABILITY IMAP4rev1] hello\nC: LOGIN .*\nS: $ NO [UNAVAILABLE] Temporary authentication failure."},
		{name: "dropped", cred: dial.Credentials{User: "gd", Secret: "hush-hush"}, class: diag.Unavailable, words: "closed the connection",
			script: "S: * OK [CAPABILITY IMAP4rev1] hello\nC: LOGIN .*"},
		{name: "an echo", cred: dial.Credentials{User: "gd", Secret: "hush-hush"}, class: diag.Denied, words: `not understood: LOGIN "gd" "…"`,
			script: "S: * OK [CAPABILITY IMAP4rev1] hello\nC: LOGIN .*\nS: $ BAD not understood: LOGIN \"gd\" \"hush-hush\""},
		{name: "no plain text", cred: dial.Credentials{User: "gd", Secret: "hush-hush"}, class: diag.Denied, words: "without TLS",
			script: "S: * OK [CAPABILITY IMAP4rev1 LOGINDISABLED] hello"},
		{name: "line end", cred: dial.Credentials{User: "gd", Secret: "a\r\nA1 LOGOUT"}, class: diag.Denied, words: "line end",
			script: "S: * OK [CAPABILITY IMAP4rev1 LOGINDISABLED] hello"},
		{name: "UTF-8 only", cred: dial.Credentials{User: "gd", Secret: "pw"},
			script: "S: * OK [CAPABILITY IMAP4rev1] hello\nC: LOGIN .*\nS: $ OK [CAPABILITY IMAP4rev1 UIDPLUS UTF8=ONLY] in\nC: ENABLE UTF8=ACCEPT\nS: * ENABLED UTF8=ACCEPT\nS: $ OK"},
	} {
		t.Run(c.name, func(t *testing.T) {
			conn := connect(t, c.script)
			err := conn.Login(t.Context(), c.cred)
			if strings.Contains(fmt.Sprintf("%v %+v %#v", err, c.cred, c.cred), "hush-hush") {
				t.Errorf("the password is in %v", err)
			}
			if c.class != "" {
				refused(t, err, c.class, c.words)
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if !conn.Has("UIDPLUS") {
				t.Error("what the server offers after login is not known")
			}
		})
	}
}

// TestBackOff: what servers say when they want to be left alone, in their words.
func TestBackOff(t *testing.T) {
	for _, c := range []struct {
		answer string
		class  diag.Class
		wait   time.Duration
	}{
		{"BAD Request is throttled. Suggested Backoff Time: 92415 milliseconds", diag.Limited, 92415 * time.Millisecond},
		{"NO Server Busy. Back off for a while", diag.Limited, 0},
		{"NO [LIMIT] Rate limit hit. Try again in 30 seconds", diag.Limited, 30 * time.Second},
		{"NO [THROTTLED] wait 5 minutes", diag.Limited, 5 * time.Minute},
		{"NO [INUSE] Mailbox is locked", diag.Unavailable, 0},
		{"NO [SERVERBUG] Internal error occurred. Refer to server log for more information.", diag.Unavailable, 0},
		{"NO [NONEXISTENT] Mailbox doesn't exist", diag.NotFound, 0},
		{"NO [NOPERM] no", diag.Denied, 0},
		{"NO no reason", diag.Invalid, 0},
		{"BAD Unknown command", diag.Internal, 0},
	} {
		conn := connect(t, greeting+"C: NOOP\nS: $ "+c.answer+"\nC: NOOP\nS: $ OK")
		err := conn.Noop(t.Context())
		refused(t, err, c.class, c.answer[strings.LastIndex(c.answer, "]")+1:][3:])
		var r *Refusal
		if !errors.As(err, &r) || r.RetryAfter() != c.wait {
			t.Errorf("%s: to wait %v, want %v", c.answer, r.RetryAfter(), c.wait)
		}
		if err := conn.Noop(t.Context()); err != nil {
			t.Errorf("after %s: %v", c.answer, err)
		}
	}
}

func TestACutConnectionStaysCut(t *testing.T) {
	c := connect(t, greeting+"C: NOOP\nS: * BYE idle for too long")
	refused(t, c.Noop(t.Context()), diag.Unavailable, "idle for too long")
	refused(t, c.Noop(t.Context()), diag.Unavailable, "it broke before")
}

func TestTheContextEndsEveryWait(t *testing.T) {
	c := connect(t, greeting+"C: NOOP\nW:")
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(20*time.Millisecond, cancel)
	refused(t, c.Noop(ctx), diag.Cancelled, "canceled")
	refused(t, c.Noop(t.Context()), diag.Unavailable, "it broke before")
}

func TestCloseCutsOffACall(t *testing.T) {
	c := connect(t, greeting+"C: NOOP\nW:")
	done := make(chan error)
	go func() { done <- c.Noop(t.Context()) }()
	time.Sleep(20 * time.Millisecond)
	if err := c.Close(); err != nil {
		t.Error(err)
	}
	refused(t, <-done, diag.Unavailable, "closed")
}

func TestAStalledServerIsLeft(t *testing.T) {
	c, err := Dial(t.Context(), dial.Options{Addr: wiretest.Serve(t, greeting+"C: NOOP\nW:"), Security: dial.Plain, Stall: 50 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	refused(t, c.Noop(t.Context()), diag.Unavailable, "no progress for 50ms")
}

func TestOneCallAtATime(t *testing.T) {
	c := connect(t, greeting+"C: EXAMINE .*\nS: * 1 EXISTS\nS: $ OK\nC: UID FETCH .*\nS: * 1 FETCH (UID 1 FLAGS () INTERNALDATE NIL)\nS: $ OK")
	if _, err := c.Examine(t.Context(), "INBOX"); err != nil {
		t.Fatal(err)
	}
	err := c.Fetch(t.Context(), Fetch{Sets: sets(Set{{1, 0}}), Yield: func(*Message) error { return c.Noop(t.Context()) }})
	refused(t, err, diag.Internal, "two calls")
}

func sets(all ...Set) func(func(Set) bool) {
	return func(yield func(Set) bool) {
		for _, s := range all {
			if !yield(s) {
				return
			}
		}
	}
}
