package dial

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/isaworks/isa/internal/diag"
)

// serve accepts one connection and hands it to talk, which ends with the test.
func serve(t *testing.T, talk func(net.Conn)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		conn, err := l.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		talk(conn)
	}()
	t.Cleanup(func() {
		l.Close()
		<-done
	})
	return l.Addr().String()
}

// silent is a server that waits for the client to end the connection.
func silent(conn net.Conn) { _, _ = io.Copy(io.Discard, conn) }

func opened(t *testing.T, o Options) *Conn {
	t.Helper()
	c, err := Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Cut)
	return c
}

// failed wants a failure of a class, with words in it.
func failed(t *testing.T, err error, class diag.Class, words string) {
	t.Helper()
	if err == nil || diag.ClassOf(err) != class || !strings.Contains(err.Error(), words) {
		t.Errorf("failed with %q: %v; want %q with %q", diag.ClassOf(err), err, class, words)
	}
}

func TestNobodyThere(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	_, err = Open(t.Context(), Options{Addr: l.Addr().String()})
	failed(t, err, diag.Unavailable, l.Addr().String())
	_, err = Open(t.Context(), Options{Addr: "nowhere"})
	failed(t, err, diag.Invalid, "write host:port")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = Open(ctx, Options{Addr: l.Addr().String()})
	failed(t, err, diag.Cancelled, "connect to")
}

// TestSilence: every single wait has its end, whichever way the bytes go.
func TestSilence(t *testing.T) {
	c := opened(t, Options{Addr: serve(t, silent), Security: Plain, Stall: 30 * time.Millisecond})
	one := make([]byte, 1)
	failed(t, c.Do(t.Context(), "listen", func() error { _, err := c.link.Read(one); return err }), diag.Unavailable, "no progress for 30ms")

	held := make(chan struct{})
	c = opened(t, Options{Addr: serve(t, func(net.Conn) { <-held }), Security: Plain, Stall: 30 * time.Millisecond})
	defer close(held)
	much := make([]byte, 64<<20)
	failed(t, c.Do(t.Context(), "speak", func() error { _, err := c.link.Write(much); return err }), diag.Unavailable, "no progress for 30ms")
}

// TestTLS: who the server is, is proven, by the clock that is asked.
func TestTLS(t *testing.T) {
	server := httptest.NewUnstartedServer(nil)
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	defer server.Close()
	roots := x509.NewCertPool()
	roots.AddCert(server.Certificate())
	good := Options{Addr: server.Listener.Addr().String(), Server: "example.com", Roots: roots}
	for name, c := range map[string]struct {
		change func(*Options)
		words  string
	}{
		"good":        {func(*Options) {}, ""},
		"by address":  {func(o *Options) { o.Server = "" }, ""},
		"other name":  {func(o *Options) { o.Server = "other.example.net" }, "does not prove that it is other.example.net"},
		"not trusted": {func(o *Options) { o.Roots = x509.NewCertPool() }, "give the authority's certificate as ca_file"},
		"expired": {func(o *Options) {
			o.Now = func() time.Time { return server.Certificate().NotAfter.Add(time.Hour) }
		}, "expired"},
		"plain": {func(o *Options) {
			o.Addr = serve(t, func(conn net.Conn) { fmt.Fprint(conn, "* OK hello\r\n"); silent(conn) })
		}, "does not speak TLS"},
	} {
		t.Run(name, func(t *testing.T) {
			o := good
			c.change(&o)
			link := opened(t, o)
			conn, err := link.Encrypt(t.Context())
			if link.Secure() != (c.words == "") {
				t.Errorf("secure: %v", link.Secure())
			}
			if c.words != "" {
				failed(t, err, diag.Denied, c.words)
			} else if err != nil || !conn.ConnectionState().PeerCertificates[0].Equal(server.Certificate()) {
				t.Errorf("%v", err)
			}
		})
	}
}

// TestBegin: in which order the two sides agree, and that StartTLS never falls back.
func TestBegin(t *testing.T) {
	server := httptest.NewUnstartedServer(nil)
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	defer server.Close()
	roots := x509.NewCertPool()
	roots.AddCert(server.Certificate())
	for _, c := range []struct {
		security Security
		refuse   string // the step that fails
		want     string
		class    diag.Class
	}{
		{"", "", "over TCP, over TLS, greeting", ""},
		{TLS, "", "over TCP, over TLS, greeting", ""},
		{StartTLS, "", "over TCP, greeting, ask, over TLS", ""},
		{StartTLS, "greeting", "over TCP, greeting", diag.Limited},
		{StartTLS, "ask", "over TCP, greeting, ask", diag.Limited},
		{Plain, "", "over TCP, greeting", ""},
		{Plain, "greeting", "over TCP, greeting", diag.Limited},
		{"perhaps", "", "over TCP", diag.Invalid},
	} {
		link := opened(t, Options{Addr: server.Listener.Addr().String(), Security: c.security, Roots: roots})
		var steps []string
		step := func(name string) error {
			if steps = append(steps, name); name == c.refuse {
				return &diag.Failure{Class: diag.Limited, Detail: "no"}
			}
			return nil
		}
		p := Protocol{
			Over: func(conn net.Conn) {
				name := "over TCP"
				if _, ok := conn.(*tls.Conn); ok {
					name = "over TLS"
				}
				_ = step(name)
			},
			Greeting: func() error { return step("greeting") },
			StartTLS: func() error { return step("ask") },
		}
		err := link.Do(t.Context(), "connect", func() error { return link.Begin(t.Context(), p) })
		if have := strings.Join(steps, ", "); have != c.want || diag.ClassOf(err) != c.class {
			t.Errorf("%q, %q refused: %s, %v", c.security, c.refuse, have, err)
		}
		if link.Secure() != strings.Contains(c.want, "over TLS") {
			t.Errorf("%q, %q refused: secure %v", c.security, c.refuse, link.Secure())
		}
	}
}

func TestHost(t *testing.T) {
	for addr, want := range map[string]string{
		"Mail.Acme.co.kr:993": "mail.acme.co.kr", "mail.acme.co.kr:143": "mail.acme.co.kr", "mail.acme.co.kr:1993": "mail.acme.co.kr:1993",
		"[::1]:993": "::1", "Mail": "mail",
	} {
		if have := Host(addr, "993", "143"); have != want {
			t.Errorf("%s is %s, want %s", addr, have, want)
		}
	}
}

func TestExplain(t *testing.T) {
	ended, end := context.WithCancelCause(t.Context())
	end(errors.New("pulled the plug"))
	lost := &diag.Failure{Class: diag.Conflict, Detail: "lost", Unknown: true}
	for _, c := range []struct {
		ctx     context.Context
		err     error
		class   diag.Class
		words   string
		unknown bool
	}{
		{ended, io.EOF, diag.Cancelled, "pulled the plug", false},
		{ended, lost, diag.Cancelled, "pulled the plug", true},
		{t.Context(), fmt.Errorf("here: %w", lost), diag.Conflict, "act: lost", true},
		{t.Context(), &diag.Failure{Class: diag.Exists, Op: "make"}, diag.Exists, "make", false},
		{t.Context(), &net.DNSError{IsNotFound: true, Name: "x"}, diag.Unavailable, "check the name of the host", false},
		{t.Context(), fmt.Errorf("remote: %w", tls.AlertError(40)), diag.Denied, "handshake", false},
		{t.Context(), &net.OpError{Op: "read", Err: net.ErrClosed}, diag.Unavailable, "closed here", false},
		{t.Context(), io.ErrUnexpectedEOF, diag.Unavailable, "the server closed the connection", false},
		{t.Context(), errors.New("odd"), diag.Unavailable, "act: odd", false},
	} {
		err := Explain(c.ctx, "act", c.err)
		failed(t, err, c.class, c.words)
		if diag.MayHaveHappened(err) != c.unknown {
			t.Errorf("%v: unknown %v", err, !c.unknown)
		}
	}
}
