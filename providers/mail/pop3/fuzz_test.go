package pop3

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/isaworks/isa/internal/dial"
	"github.com/isaworks/isa/providers"
)

// said is a connection on which a server says something, whatever it is asked.
type said struct {
	net.Conn
	*bytes.Reader
}

func (s said) Read(p []byte) (int, error)       { return s.Reader.Read(p) }
func (s said) Write(p []byte) (int, error)      { return len(p), nil }
func (s said) Close() error                     { return nil }
func (s said) SetReadDeadline(time.Time) error  { return nil }
func (s said) SetWriteDeadline(time.Time) error { return nil }

// FuzzAnswers: whatever a server says, a session ends, and keys are in order.
func FuzzAnswers(f *testing.F) {
	f.Add([]byte("+OK hi\r\n+OK\r\nTOP\r\nPIPELINING\r\n.\r\n+OK\r\n1 a\r\n2 a\r\n.\r\n+OK\r\n1 7\r\n2 8\r\n.\r\n+OK\r\nSubject: x\r\n\r\n.\r\n+OK\r\nDate: x\r\n.\r\n+OK\r\n..\r\n.\r\n-ERR no\r\n"))
	f.Add([]byte("+OK hi\n-ERR\n+OK\n1 a\n.\n+OK\n1 7\n.\n-ERR\n+OK\nSubject: x\n\n.\n+OK\nx\n.\n"))
	f.Add([]byte("+OK hi\r\n+OK\r\n.\r\n+OK\r\n.\r\n+OK\r\n.\r\n"))
	f.Fuzz(func(t *testing.T, words []byte) {
		c := &conn{link: dial.New(said{Reader: bytes.NewReader(words)}, dial.Options{Security: dial.Plain})}
		if err := c.begin(t.Context()); err != nil {
			return
		}
		r := &reader{conn: c, account: Account{Temp: t.TempDir()}}
		folders, err := r.Folders(t.Context())
		if err != nil {
			return
		}
		var items []providers.Item
		if _, err := r.Scan(t.Context(), folders[0], providers.Scan{Prints: true}, func(it providers.Item) error {
			if len(items) > 0 && it.Key <= items[len(items)-1].Key {
				t.Fatalf("%q after %q", it.Key, items[len(items)-1].Key)
			}
			items = append(items, it)
			return nil
		}); err != nil {
			return
		}
		if len(items) != len(r.inbox.messages) {
			t.Fatalf("%d items of %d", len(items), len(r.inbox.messages))
		}
		_ = r.Fetch(t.Context(), folders[0], items, func(m providers.Message) error {
			n, err := io.Copy(io.Discard, m.Body)
			if err != nil || n != m.Size {
				t.Fatalf("%d bytes of %d: %v", n, m.Size, err)
			}
			return nil
		})
	})
}

// TestUnstuffing: a body is what it was before points were put into it, however it is
// cut into reads.
func TestUnstuffing(t *testing.T) {
	for _, text := range []string{"", "\r\n", ".\r\n", "..\r\n.x\r\n", "a\r\n.\r\nb\r\n", "a\n.\nb\r\n", strings.Repeat("x", 3*bufferSize) + "\r\n.y\r\n", strings.Repeat("x", bufferSize-1) + "\r\n.\r\n", strings.Repeat("x", bufferSize-2) + "\r\n.\r\n", "\r\r\n.\r\n"} {
		wire := strings.ReplaceAll("\r\n"+text, "\r\n.", "\r\n..")[2:] + ".\r\n+OK next\r\n"
		c := &conn{r: bufio.NewReaderSize(strings.NewReader(wire), bufferSize)}
		got, err := io.ReadAll(c.body())
		if err != nil || string(got) != text {
			t.Errorf("%.40q: %.40q, %d of %d bytes: %v", text, got, len(got), len(text), err)
		}
		if next, err := c.reply("X"); err != nil || next != "next" {
			t.Errorf("%.40q: then %q: %v", text, next, err)
		}
	}
	c := &conn{r: bufio.NewReader(strings.NewReader("half\r\n."))}
	if _, err := io.ReadAll(c.body()); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("cut off: %v", err)
	}
}
