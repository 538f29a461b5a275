package dial

import (
	"context"
	"errors"
	"io"
	"testing"

	"github.com/isaworks/isa/internal/diag"
)

func TestCalls(t *testing.T) {
	theirs := &diag.Failure{Class: diag.Conflict, Op: "store", Err: io.EOF}
	for name, c := range map[string]struct {
		err   error
		class diag.Class
		words string
		lives bool
	}{
		"fine":               {nil, "", "", true},
		"a caller's error":   {Own{theirs}, diag.Conflict, "store: EOF", true},
		"settled":            {Settled{&diag.Failure{Class: diag.Denied, Detail: "no"}}, diag.Denied, "ask: no", true},
		"settled, with op":   {Settled{&diag.Failure{Class: diag.Denied, Op: "log in", Detail: "no"}}, diag.Denied, "log in: no", true},
		"broken":             {io.EOF, diag.Unavailable, "the server closed the connection", false},
		"broken, with class": {&diag.Failure{Class: diag.Limited, Detail: "BYE"}, diag.Limited, "BYE", false},
	} {
		t.Run(name, func(t *testing.T) {
			conn := opened(t, Options{Addr: serve(t, silent), Security: Plain})
			err := conn.Do(t.Context(), "ask", func() error { return c.err })
			if c.class != "" {
				failed(t, err, c.class, c.words)
			} else if err != nil {
				t.Error(err)
			}
			if name == "a caller's error" && err != error(theirs) {
				t.Errorf("%#v is another error", err)
			}
			err = conn.Do(t.Context(), "ask", func() error { return nil })
			if c.lives {
				if err != nil || conn.Closed() {
					t.Errorf("afterwards: %v", err)
				}
				return
			}
			failed(t, err, c.class, "it broke before: ask at "+conn.Addr())
			if !conn.Closed() {
				t.Error("it is still open")
			}
		})
	}
}

// TestTheContextEndsACall: that call is Cancelled, later ones are not.
func TestTheContextEndsACall(t *testing.T) {
	conn := opened(t, Options{Addr: serve(t, silent), Security: Plain})
	ctx, cancel := context.WithCancel(t.Context())
	err := conn.Do(ctx, "listen", func() error {
		cancel()
		_, err := conn.link.Read(make([]byte, 1))
		return err
	})
	failed(t, err, diag.Cancelled, "canceled")
	failed(t, conn.Do(t.Context(), "listen", func() error { return nil }), diag.Unavailable, "it broke before")
	failed(t, conn.Do(ctx, "listen", nil), diag.Cancelled, "canceled")
}

func TestOneCallAtATime(t *testing.T) {
	conn := opened(t, Options{Addr: serve(t, silent), Security: Plain})
	err := conn.Do(t.Context(), "one", func() error {
		return Own{conn.Do(t.Context(), "two", func() error { return nil })}
	})
	failed(t, err, diag.Internal, "two calls")
}

// TestGoodbyes: they are said once, and only where somebody may hear them.
func TestGoodbyes(t *testing.T) {
	said := 0
	goodbye := func() { said++ }
	conn := opened(t, Options{Addr: serve(t, silent), Security: Plain})
	conn.Close(goodbye)
	conn.Close(goodbye)
	if said != 1 || !conn.Closed() {
		t.Errorf("said %d times, closed %v", said, conn.Closed())
	}
	failed(t, conn.Do(t.Context(), "ask", nil), diag.Unavailable, "it was closed")

	for _, broken := range []func(*Conn){
		func(c *Conn) { c.Cut() },
		func(c *Conn) { _ = c.Do(t.Context(), "ask", func() error { return errors.New("no") }) },
	} {
		conn = opened(t, Options{Addr: serve(t, silent), Security: Plain})
		broken(conn)
		conn.Close(goodbye)
	}

	conn = opened(t, Options{Addr: serve(t, silent), Security: Plain})
	begun, ended := make(chan struct{}), make(chan error)
	go func() {
		ended <- conn.Do(t.Context(), "listen", func() error {
			close(begun)
			_, err := conn.link.Read(make([]byte, 1))
			return err
		})
	}()
	<-begun
	conn.Close(goodbye)
	failed(t, <-ended, diag.Unavailable, "closed")
	if said != 1 {
		t.Errorf("goodbye was said %d times more", said-1)
	}
}

// TestLastWords: a server that is left, or that goes, is not waited for.
func TestLastWords(t *testing.T) {
	conn := opened(t, Options{Addr: serve(t, silent), Security: Plain})
	if conn.link.stall != defaultStall {
		t.Errorf("it may be silent for %s", conn.link.stall)
	}
	conn.Close(func() {
		if conn.link.stall != lastWords {
			t.Errorf("goodbye may take %s", conn.link.stall)
		}
	})
}
