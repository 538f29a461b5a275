package wiretest

import (
	"bufio"
	"fmt"
	"net"
	"strings"
	"testing"
)

// Talk is a conversation with a server on a raw connection, in which things are said
// that no client says. It is for one goroutine.
type Talk struct {
	T    testing.TB
	Conn net.Conn
	In   *bufio.Reader // what the server says
}

// NewTalk begins a conversation. Whoever opened the connection closes it.
func NewTalk(t testing.TB, conn net.Conn) *Talk { return &Talk{t, conn, bufio.NewReader(conn)} }

// Send says something.
func (k *Talk) Send(format string, args ...any) {
	k.T.Helper()
	if _, err := fmt.Fprintf(k.Conn, format, args...); err != nil {
		k.T.Fatal(err)
	}
}

// Line reads one line without its end; "" when the connection has ended.
func (k *Talk) Line() string {
	line, err := k.In.ReadString('\n')
	if err != nil {
		return ""
	}
	return strings.TrimRight(line, "\r\n")
}

// Command sends a line with the tag x and returns what comes until its answer.
func (k *Talk) Command(line string) string {
	k.T.Helper()
	k.Send("x %s\r\n", line)
	return k.Until("x ")
}

// Until returns the lines up to one with the prefix.
func (k *Talk) Until(prefix string) string {
	k.T.Helper()
	var out []string
	for {
		line, err := k.In.ReadString('\n')
		if err != nil {
			k.T.Fatalf("the connection ended after %q: %v", out, err)
		}
		out = append(out, strings.TrimRight(line, "\r\n"))
		if strings.HasPrefix(line, prefix) {
			return strings.Join(out, "\n")
		}
	}
}
