package mailbox

import (
	"fmt"
	"io"
	"net"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"

	"github.com/isaworks/isa/internal/imapwire/wiretest"
)

// inferred is the default of the sandbox.
func inferred() Behaviour {
	return Behaviour{UIDPlus: true, Idle: true, LiteralPlus: true, SpecialUse: true, Delimiter: '/', NameLength: 100, SystemFixed: true,
		AppendLimit: 40 << 20, TooBigCode: true, KeepFlags: true, KeepDate: true, KeepKeywords: true, Connections: 10, NewEpoch: EpochKept}
}

// people lets everybody in whose password is "app-" and the name.
func people(user, password string) (Account, error) {
	if password != "app-"+user {
		return Account{}, Denied("Wrong user name or app password")
	}
	return Account{ID: user, Login: user, Korean: strings.HasPrefix(user, "ko")}, nil
}

func start(t testing.TB, opt Options) *Server {
	t.Helper()
	if opt.Login == nil {
		opt.Login = people
	}
	var mu sync.Mutex
	ended := false
	opt.Log = func(line string) {
		mu.Lock()
		defer mu.Unlock()
		if !ended && strings.Contains(line, "panic") {
			t.Error(line)
		}
	}
	s, err := Start(t.Context(), opt)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		mu.Lock()
		ended = true
		mu.Unlock()
	})
	return s
}

// client is the library's client, which fails the test.
type client struct {
	t testing.TB
	*imapclient.Client
}

func dial(t testing.TB, s *Server, user string) *client {
	t.Helper()
	c, err := imapclient.DialInsecure(s.Addr(), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() }) // it may be closed already
	if err := c.Login(user, "app-"+user).Wait(); err != nil {
		t.Fatal(err)
	}
	return &client{t, c}
}

func (c *client) ok(err error) {
	c.t.Helper()
	if err != nil {
		c.t.Fatal(err)
	}
}

func (c *client) put(folder, body string, options *imap.AppendOptions) *imap.AppendData {
	c.t.Helper()
	data, err := c.tryPut(folder, body, options)
	c.ok(err)
	return data
}

func (c *client) tryPut(folder, body string, options *imap.AppendOptions) (*imap.AppendData, error) {
	cmd := c.Append(folder, int64(len(body)), options)
	if _, err := io.WriteString(cmd, body); err != nil {
		return nil, err
	}
	if err := cmd.Close(); err != nil {
		return nil, err
	}
	return cmd.Wait()
}

func (c *client) open(folder string) *imap.SelectData {
	c.t.Helper()
	data, err := c.Select(folder, nil).Wait()
	c.ok(err)
	return data
}

// body fetches all bytes of a message.
func (c *client) body(uid imap.UID) string {
	c.t.Helper()
	list, err := c.Fetch(imap.UIDSetNum(uid), &imap.FetchOptions{BodySection: []*imap.FetchItemBodySection{{Peek: true}}}).Collect()
	c.ok(err)
	if len(list) != 1 || len(list[0].BodySection) != 1 {
		c.t.Fatalf("UID %d: %d answers", uid, len(list))
	}
	return string(list[0].BodySection[0].Bytes)
}

// talk is a conversation on a raw connection.
type talk struct{ *wiretest.Talk }

func converse(t testing.TB, addr string) *talk {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	return &talk{wiretest.NewTalk(t, conn)}
}

func (k *talk) login(user string) {
	k.T.Helper()
	k.Line()
	if got := k.Command("LOGIN " + user + " app-" + user); !strings.HasPrefix(got, "x OK") {
		k.T.Fatal(got)
	}
}

func want(t testing.TB, what string, got, want any) {
	t.Helper()
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%s:\n got %v\nwant %v", what, got, want)
	}
}

func messageFile(s *Server, user string) string {
	return filepath.Join(s.opt.Dir, user, "messages.1")
}
