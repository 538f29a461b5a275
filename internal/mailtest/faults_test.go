//go:build unix

package mailtest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"
)

// through is the account of user behind a faulty line.
func through(t *testing.T, s *Server, f Faults) (Account, *FaultLine) {
	t.Helper()
	line := Faulty(t, s.IMAP, f)
	a := s.Account("user")
	a.Addr = line.Addr
	return a, line
}

func items(t *testing.T, s *Server, folder string) int {
	t.Helper()
	m, err := Read(t.Context(), s.Account("user"))
	if err != nil {
		t.Fatal(err)
	}
	return len(m[folder])
}

func TestFaults(t *testing.T) {
	s := Dovecot(t, Options{})
	corpus := Corpus{Messages: 60, Seed: 2}
	if err := s.Load("user", corpus); err != nil {
		t.Fatal(err)
	}
	want, err := Read(t.Context(), s.Account("user"))
	if err != nil {
		t.Fatal(err)
	}
	message := Message{Folder: "Archive", Raw: []byte("Subject: new\r\n\r\n" + strings.Repeat("x", 9000) + "\r\n"), Date: time.Unix(1e9, 0)}

	t.Run("none", func(t *testing.T) {
		a, line := through(t, s, Faults{})
		got, err := Read(t.Context(), a)
		if err != nil {
			t.Fatal(err)
		}
		if d := (Comparison{}).Compare(want, got); len(d) > 0 {
			t.Error(d[0])
		}
		if did := line.Happened(); did.Messages != 60 {
			t.Errorf("%d messages passed", did.Messages)
		}
	})
	t.Run("cut each so many messages", func(t *testing.T) {
		a, line := through(t, s, Faults{CutMessages: 10})
		conn := fetchAll(t, a)
		if got, err := io.ReadAll(conn); bytes.Contains(got, []byte("c OK")) {
			t.Error("everything passed", err)
		} else if n := bytes.Count(got, []byte("BODY[] {")); n != 10 {
			t.Errorf("%d messages began", n)
		}
		if did := line.Happened(); did.Cut != 1 || did.Messages != 10 {
			t.Errorf("%+v", did)
		}
	})
	t.Run("cut each so many bytes", func(t *testing.T) {
		a, line := through(t, s, Faults{CutBytes: 60_000})
		conn := fetchAll(t, a)
		if got, _ := io.ReadAll(conn); len(got) > 60_000 {
			t.Errorf("%d bytes passed", len(got))
		}
		if did := line.Happened(); did.Cut == 0 {
			t.Errorf("%+v", did)
		}
	})
	t.Run("lost answer", func(t *testing.T) {
		before := items(t, s, "Archive")
		a, line := through(t, s, Faults{LoseAppends: 2})
		if err := Append(t.Context(), a, message, message); err == nil {
			t.Error("no answer was lost")
		}
		if did := line.Happened(); did.Appends != 2 || did.Lost != 1 {
			t.Errorf("%+v", did)
		}
		if got := items(t, s, "Archive"); got != before+2 {
			t.Errorf("%d messages, want %d: the server was to do its work", got, before+2)
		}
	})
	t.Run("refused by chance", func(t *testing.T) {
		a, line := through(t, s, Faults{RefuseOneIn: 5, Seed: 1})
		refused := 0
		err := Do(t.Context(), a, func(c *imapclient.Client) error {
			for range 100 {
				var no *imap.Error
				if _, err := c.Status("INBOX", &imap.StatusOptions{NumMessages: true}).Wait(); errors.As(err, &no) {
					refused++
				} else if err != nil {
					return err
				}
			}
			return nil
		})
		if did := line.Happened(); err != nil || refused < 5 || refused > 50 || did.Refused != refused {
			t.Errorf("%v, %d refused, %+v", err, refused, did)
		}
	})
	t.Run("refused by command", func(t *testing.T) {
		a, _ := through(t, s, Faults{Refuse: func(c string) bool { return strings.HasPrefix(c, "EXAMINE") }, Answer: "[NOPERM] no"})
		_, err := Read(t.Context(), a)
		var no *imap.Error
		if !errors.As(err, &no) || no.Code != "NOPERM" {
			t.Errorf("got %v", err)
		}
	})
	t.Run("refused append with a literal", func(t *testing.T) {
		before := items(t, s, "Archive")
		a, _ := through(t, s, Faults{Refuse: func(c string) bool { return strings.HasPrefix(c, "APPEND") }})
		var no *imap.Error
		if err := Append(t.Context(), a, message); !errors.As(err, &no) {
			t.Errorf("got %v", err)
		}
		if got := items(t, s, "Archive"); got != before {
			t.Errorf("%d messages, want %d", got, before)
		}
	})
	t.Run("refused message", func(t *testing.T) {
		before := items(t, s, "Archive")
		a, _ := through(t, s, Faults{RefuseMessage: func(raw []byte) bool { return bytes.Contains(raw, []byte("poison")) }})
		poison := message
		poison.Raw = []byte("Subject: poison\r\n\r\nbody\r\n")
		var no *imap.Error
		if err := Append(t.Context(), a, message, message, poison); !errors.As(err, &no) {
			t.Errorf("got %v", err)
		}
		if got := items(t, s, "Archive"); got != before+2 {
			t.Errorf("%d messages, want %d", got, before+2)
		}
	})
	t.Run("lies about sizes", func(t *testing.T) {
		a, line := through(t, s, Faults{Size: func(n int64) int64 { return n + 1 }})
		err := Do(t.Context(), a, func(c *imapclient.Client) error {
			if _, err := c.Select("INBOX", nil).Wait(); err != nil {
				return err
			}
			all, err := c.Fetch(imap.SeqSetNum(1), &imap.FetchOptions{RFC822Size: true,
				BodySection: []*imap.FetchItemBodySection{{Peek: true}}}).Collect()
			if err == nil && all[0].RFC822Size != int64(len(all[0].BodySection[0].Bytes))+1 {
				t.Errorf("size %d of %d bytes", all[0].RFC822Size, len(all[0].BodySection[0].Bytes))
			}
			return err
		})
		if err != nil || line.Happened().Lied != 1 {
			t.Error(err, line.Happened())
		}
	})
	t.Run("stalls", func(t *testing.T) {
		a, line := through(t, s, Faults{StallMessages: 3})
		conn := fetchAll(t, a)
		got := make([]byte, 1<<20)
		n := 0
		for line.Happened().Stalled == 0 {
			k, err := conn.Read(got[n:])
			if err != nil {
				t.Fatal(err)
			}
			n += k
		}
		for { // what was under way when it fell silent
			if err := conn.SetReadDeadline(time.Now().Add(500 * time.Millisecond)); err != nil {
				t.Fatal(err)
			}
			k, err := conn.Read(got[n:])
			n += k
			if errors.Is(err, os.ErrDeadlineExceeded) {
				break
			} else if err != nil {
				t.Fatalf("not silent but ended: %v", err)
			}
		}
		if begun := bytes.Count(got[:n], []byte("BODY[] {")); begun != 3 {
			t.Errorf("%d messages began", begun)
		}
	})
}

// fetchAll asks for all of INBOX on a bare connection.
func fetchAll(t *testing.T, a Account) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", a.Addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	fmt.Fprintf(conn, "a LOGIN %s %s\r\nb EXAMINE INBOX\r\nc FETCH 1:* BODY.PEEK[]\r\n", a.User, a.Password)
	return conn
}

func TestDelayedLineCarriesEverything(t *testing.T) {
	s := Dovecot(t, Options{})
	corpus := Corpus{Messages: 200, Seed: 4, Folders: 5}
	if err := s.Load("user", corpus); err != nil {
		t.Fatal(err)
	}
	a := s.Account("user")
	line := Delay(t, s.IMAP, 3*time.Millisecond)
	a.Addr = line.Addr
	got, err := Read(t.Context(), a)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range (Comparison{}).Compare(corpus.Mailbox(), got) {
		t.Error(d)
	}
	began := time.Now()
	err = Do(t.Context(), a, func(c *imapclient.Client) error {
		for range 5 {
			if err := c.Noop().Wait(); err != nil {
				return err
			}
		}
		return nil
	})
	// A line cannot be faster than it says: 5 NOOPs, a greeting, LOGIN, LOGOUT.
	if took := time.Since(began); err != nil || took < 8*6*time.Millisecond {
		t.Errorf("%v after %s", err, took)
	}
}
