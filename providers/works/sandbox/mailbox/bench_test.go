package mailbox

import (
	"bufio"
	"fmt"
	"io"
	"strings"
	"testing"
)

// BenchmarkAppend puts messages of 14 KB with LITERAL+, many under way at a time.
func BenchmarkAppend(b *testing.B) {
	s := start(b, Options{Behaviour: inferred()})
	k := converse(b, s.Addr())
	k.login("a@acme.co.kr")
	body := "Message-ID: <1@x>\r\n\r\n" + strings.Repeat(strings.Repeat("x", 76)+"\r\n", 180)
	b.SetBytes(int64(len(body)))
	b.ResetTimer()
	out := bufio.NewWriterSize(k.Conn, 1<<18)
	go func() {
		for range b.N {
			fmt.Fprintf(out, "x APPEND INBOX (\\Seen) \"01-Jan-2020 00:00:00 +0900\" {%d+}\r\n%s\r\n", len(body), body)
		}
		_ = out.Flush()
	}()
	for range b.N {
		if got := k.Until("x "); !strings.HasPrefix(got, "x OK [APPENDUID") {
			b.Fatal(got)
		}
	}
}

// BenchmarkFetch reads them.
func BenchmarkFetch(b *testing.B) {
	s := start(b, Options{Behaviour: inferred()})
	c := dial(b, s, "a@acme.co.kr")
	body := strings.Repeat(strings.Repeat("x", 76)+"\r\n", 180)
	for range 1000 {
		c.put("INBOX", body, nil)
	}
	k := converse(b, s.Addr())
	k.login("a@acme.co.kr")
	k.Command("SELECT INBOX")
	b.SetBytes(int64(len(body)))
	b.ResetTimer()
	for n := b.N; n > 0; n -= 1000 {
		k.Send("x FETCH 1:%d BODY.PEEK[]\r\n", min(n, 1000))
		for range min(n, 1000) {
			k.Line()
			if _, err := io.CopyN(io.Discard, k.In, int64(len(body))); err != nil {
				b.Fatal(err)
			}
			k.Line()
		}
		k.Until("x ")
	}
}
