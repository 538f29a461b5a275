package imapgate

import (
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/netip"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/isaworks/isa/internal/mailtest"
)

// rightful reads all messages again and again until stop, and tells how many.
func rightful(t *testing.T, g *gate, f *file, stop <-chan struct{}) (wait func() int) {
	t.Helper()
	k := g.converse(t)
	if err := k.Conn.SetDeadline(time.Now().Add(5 * time.Minute)); err != nil {
		t.Fatal(err)
	}
	k.login()
	k.Command("SELECT INBOX")
	read := make(chan int, 1)
	go func() {
		n := 0
		defer func() { read <- n }()
		for {
			select {
			case <-stop:
				return
			default:
			}
			if _, err := fmt.Fprintf(k.Conn, "x FETCH 1:* (BODY.PEEK[])\r\n"); err != nil {
				t.Error(err)
				return
			}
			for {
				line, err := k.In.ReadString('\n')
				if err != nil {
					t.Errorf("the rightful client was cut off after %d messages: %v", n, err)
					return
				}
				if strings.HasPrefix(line, "x OK") {
					break
				}
				if strings.HasPrefix(line, "* ") && strings.Contains(line, " FETCH (BODY[] {") {
					n++
				}
			}
		}
	}()
	return func() int { return <-read }
}

// hundred is an offer of a hundred messages of 10 KB.
func hundred(t testing.TB) *file {
	var list []mailtest.Message
	for i := range 100 {
		list = append(list, mailtest.Message{Folder: "INBOX", Raw: []byte(fmt.Sprintf("Subject: %d\r\n\r\n%s", i, strings.Repeat("0123456789abcd\r\n", 640))), Date: time.Unix(1e9, 0)})
	}
	return messages(t, list...)
}

// TestWrongPasswords: five hundred of them (ten thousand with ISA_GATEWAY_MESSAGES=20000) from
// forty addresses. Few are even checked,
// and who has the password goes on, and can come anew.
func TestWrongPasswords(t *testing.T) {
	f := hundred(t)
	counted := &counting{file: f}
	clock := &fastClock{at: time.Unix(2e9, 0)}
	g := start(t, counted, func(_ *Options, s *Server) {
		if s != nil {
			s.clock = clock
		}
	})
	stop := make(chan struct{})
	wait := rightful(t, g, f, stop)
	before, began := counted.opened.Load(), time.Now()
	const addresses = 40
	tries := int64(corpus(t, 1_000).Messages / 2)
	var sent atomic.Int64
	var all sync.WaitGroup
	for a := range 8 {
		all.Go(func() {
			for i := a; sent.Load() < tries; i++ {
				attack(t, g, fmt.Sprintf("127.0.1.%d", i%addresses+1), &sent)
			}
		})
	}
	all.Wait()
	if checked := counted.opened.Load() - before; checked > tries/3 {
		t.Errorf("%d of %d passwords were checked", checked, sent.Load())
	} else {
		t.Logf("%d passwords sent, %d checked; clients would have waited %s", sent.Load(), checked, clock.waited)
	}
	k := g.converse(t) // of an address that logged in before
	k.login()
	close(stop)
	n := wait()
	if n < 100 {
		t.Errorf("the rightful client read %d messages meanwhile", n)
	}
	t.Logf("the rightful client read %d messages of 10 KB in %s", n, time.Since(began).Round(time.Millisecond))
}

// counting counts logins.
type counting struct {
	*file
	opened atomic.Int64
}

func (c *counting) Open(user, password string) (Offer, error) {
	c.opened.Add(1)
	return c.file.Open(user, password)
}

// attack tries passwords on one connection until it is cut off, after three; all are
// sent at once.
func attack(t *testing.T, g *gate, from string, sent *atomic.Int64) {
	d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}}
	raw, err := d.Dial("tcp", g.addr)
	if err != nil {
		t.Error(err)
		return
	}
	defer raw.Close()
	conn := tls.Client(raw, g.tls())
	if err := conn.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Error(err)
		return
	}
	var script strings.Builder
	for i := range 10 {
		fmt.Fprintf(&script, "x LOGIN %s wrong%d\r\n", testUser, i)
	}
	if _, err := io.WriteString(conn, script.String()); err != nil {
		return // refused
	}
	sent.Add(10)
	answer, _ := io.ReadAll(conn) // it may be cut off in the middle
	if strings.Contains(string(answer), "x OK") {
		t.Error("somebody got in")
	}
}

// TestSlowReaders: who takes nothing is cut off, and keeps nobody waiting.
func TestSlowReaders(t *testing.T) {
	t.Parallel()
	f := messages(t, mailtest.Message{Folder: "INBOX", Raw: make([]byte, 20<<20), Date: time.Unix(1e9, 0)},
		mailtest.Message{Folder: "INBOX", Raw: []byte(letter), Date: time.Unix(1e9, 0)})
	g := start(t, f, limits(Limits{Stall: 300 * time.Millisecond}))
	var slow []*talk
	for range 10 {
		k := g.converse(t)
		k.login()
		k.Command("SELECT INBOX")
		k.Send("x FETCH 1 BODY[]\r\n") // and not a byte is read
		slow = append(slow, k)
	}
	stop := make(chan struct{})
	k := g.converse(t)
	k.login()
	k.Command("SELECT INBOX")
	for range 200 {
		k.Command("FETCH 2 BODY[]")
	}
	close(stop)
	for range slow {
		g.told(t, func(e Event) bool { return e.Kind == Closed && strings.Contains(e.Reason, "timeout") })
	}
	want(t, "complete", f.completed(), 1)
	f.mu.Lock()
	defer f.mu.Unlock()
	want(t, "begun", f.begun[place{0, 0}], 10)
}

// TestSlowButSteady: who takes enough is not cut off, however long it takes.
func TestSlowButSteady(t *testing.T) {
	t.Parallel()
	f := messages(t, mailtest.Message{Folder: "INBOX", Raw: make([]byte, 12<<20), Date: time.Unix(1e9, 0)})
	g := start(t, f, limits(Limits{Stall: time.Second}))
	k := g.converse(t)
	k.login()
	k.Command("SELECT INBOX")
	k.Send("x FETCH 1 BODY[]\r\n")
	begun := time.Now()
	buf := make([]byte, 256<<10)
	for range 48 {
		if _, err := io.ReadFull(k.In, buf); err != nil {
			t.Fatal(err)
		}
		time.Sleep(30 * time.Millisecond)
	}
	k.Until("x OK")
	if time.Since(begun) <= time.Second {
		t.Error("that was too fast to prove anything")
	}
	want(t, "complete", f.completed(), 1)
}

// TestManyConnections: five hundred that say nothing, half of them without TLS.
func TestManyConnections(t *testing.T) {
	f := hundred(t)
	g := start(t, f)
	stop := make(chan struct{})
	wait := rightful(t, g, f, stop)
	goroutines := runtime.NumGoroutine()
	var open []net.Conn
	for i := range 500 {
		d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 2, byte(i%100+1))}}
		c, err := d.Dial("tcp", g.addr)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		if i%2 == 0 {
			if _, err := c.Write([]byte{22, 3, 1, 2, 0, 1}); err != nil { // the beginning of a handshake
				continue // cut off
			}
		}
		open = append(open, c)
	}
	strangers := func() int { return runtime.NumGoroutine() - goroutines }
	for range 200 { // those that are refused take a moment to go
		if strangers() <= 64+20 {
			break
		}
		time.Sleep(50 * time.Millisecond)
	}
	if n := strangers(); n > 64+20 {
		t.Errorf("%d goroutines for strangers", n)
	}
	for range 20 { // there is always room for who knows the password, and comes from elsewhere
		k := g.converse(t)
		k.login()
		k.Command("LOGOUT")
	}
	close(stop)
	if n := wait(); n < 100 {
		t.Errorf("the rightful client read %d messages meanwhile", n)
	}
	_ = open
}

// TestOneAddress: an address has so many connections and no more.
func TestOneAddress(t *testing.T) {
	g := start(t, hundred(t), limits(Limits{PerAddress: 3}))
	var open []*talk
	for range 3 {
		k := g.converse(t)
		k.login()
		open = append(open, k)
	}
	want(t, "the fourth", g.converse2(t), "")
	e := g.told(t, func(e Event) bool { return e.Kind == Refused })
	want(t, "why", e.Reason, "too many connections of one address")
	open[0].Command("LOGOUT")
	g.told(t, func(e Event) bool { return e.Kind == Closed })
	k := g.converse(t)
	k.login()
}

// converse2 is the greeting, "" when the connection ends without one.
func (g *gate) converse2(t testing.TB) string {
	raw, err := net.Dial("tcp", g.addr)
	if err != nil {
		t.Fatal(err)
	}
	defer raw.Close()
	conn := tls.Client(raw, g.tls())
	if conn.Handshake() != nil {
		return ""
	}
	b := make([]byte, 100)
	n, _ := conn.Read(b)
	return string(b[:n])
}

// TestOversized: commands and literals that are too long end the connection, or are
// refused, in bounded memory.
func TestOversized(t *testing.T) {
	g := start(t, hundred(t))
	before := heap()
	for _, tc := range []struct {
		name   string
		login  bool
		script string
		want   string
	}{
		{"line before the login", false, "x LOGIN " + strings.Repeat("a", 1<<20), "* BYE The command is too long"},
		{"line", true, "x SELECT " + strings.Repeat("a", 1<<20), "* BYE The command is too long"},
		{"literal that is asked for", true, "x SELECT {1000000000}\r\n", "x NO [CANNOT] This mailbox takes nothing, and no long literals"},
		{"before the login", false, "x LOGIN {9223372036854775807}\r\n", "x NO [CANNOT] This mailbox takes nothing, and no long literals"},
		{"literal that is not", true, "x SELECT {1000000000+}\r\n" + strings.Repeat("a", 1<<20), "* BYE The command is too long"},
		{"many", true, "x SELECT " + strings.Repeat("{10+}\r\n0123456789 ", 10_000), "* BYE The command is too long"},
		{"number", true, "x SELECT {99999999999999999999}\r\n", "x NO [CANNOT] This mailbox takes nothing, and no long literals"},
		{"lists", true, "x SEARCH " + strings.Repeat("(", 20_000) + "\r\n", "x BAD lists lie too deep in each other"},
		{"keys", true, "x SEARCH " + strings.Repeat("NOT ", 10_000) + "ALL\r\n", "x BAD search keys lie too deep in each other"},
		{"patterns", true, `x LIST "" ` + strings.Repeat("*a", 5_000) + "\r\n", "x OK LIST completed"},
		{"nonsense", true, strings.Repeat("x XYZZY\r\n", 1_000), "x BAD Unknown command"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			k := g.converse(t)
			if tc.login {
				k.login()
				k.Command("SELECT INBOX")
			} else {
				k.Line()
			}
			go func() { _, _ = io.WriteString(k.Conn, tc.script) }() // it may be cut off
			want(t, "answer", k.Line(), tc.want)
		})
	}
	if grown := heap() - before; grown > 20<<20 {
		t.Errorf("memory grew by %d bytes", grown)
	}
}

func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// TestTooLate: who does not log in, or begins a command and does not end it, is cut off.
func TestTooLate(t *testing.T) {
	t.Parallel()
	g := start(t, hundred(t), limits(Limits{Login: 2 * time.Second, Stall: time.Second, Idle: 2 * time.Second}))
	t.Run("cases", func(t *testing.T) {
		t.Run("no handshake", func(t *testing.T) {
			t.Parallel()
			raw, err := net.Dial("tcp", g.addr)
			if err != nil {
				t.Fatal(err)
			}
			defer raw.Close()
			if _, err := io.ReadAll(raw); err != nil {
				t.Error(err)
			}
		})
		for name, script := range map[string]string{"no login": "", "half a command": "x LOGIN " + testUser + " " + testPassword + "\r\nx FET",
			"nothing to do": "x LOGIN " + testUser + " " + testPassword + "\r\n"} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				k := g.converse(t)
				k.Line()
				k.Send("%s", script)
				want(t, "the last line", lastLine(k.Until("* BYE")), "* BYE You took too long")
			})
		}
	})
}

func TestAllow(t *testing.T) {
	g := start(t, small(t), func(o *Options, _ *Server) {
		o.Allow = []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24"), netip.MustParsePrefix("127.0.3.0/24")}
	})
	want(t, "from elsewhere", g.converse2(t), "")
	want(t, "why", g.told(t, func(e Event) bool { return e.Kind == Refused }).Reason, "the address is not among those allowed")
	k := g.converse(t, "127.0.3.7")
	k.login()
}
