//go:build unix

package main

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net"
	"slices"
	"strings"
	"time"
)

// way is a way of abuse.
type way struct {
	name    string
	workers int
	pause   time.Duration // between two acts of a worker
	act     func(x *attacker, ctx context.Context)
}

// ways are all of them. Workers come from addresses of their own, as far as 127.0.0.0/8
// goes; the rightful client's is another.
func ways() []way {
	return []way{
		{"wrong passwords", 40, time.Second, (*attacker).guess},
		{"readers that take nothing", 20, time.Second, (*attacker).idle},
		{"connections that say nothing", 500, time.Second, (*attacker).silent},
		{"commands that are too long", 8, 200 * time.Millisecond, (*attacker).oversize},
		{"streams of nonsense", 8, 100 * time.Millisecond, (*attacker).nonsense},
	}
}

func sortedKeys(m map[string]int) []string { return slices.Sorted(maps.Keys(m)) }

// attacker is a worker.
type attacker struct {
	*attack
	name   string
	from   net.IP
	random *rand.Rand
}

func newAttacker(a *attack, name string, kind, n int) *attacker {
	return &attacker{a, name, net.IPv4(127, 1, byte(kind), byte(n%100+1)), rand.New(rand.NewPCG(uint64(kind), uint64(n)))}
}

// longest is how long one act takes at most.
const longest = 90 * time.Second

// dial connects, without TLS; nil: refused.
func (x *attacker) dial(ctx context.Context) net.Conn {
	d := net.Dialer{LocalAddr: &net.TCPAddr{IP: x.from}, Timeout: 10 * time.Second}
	c, err := d.DialContext(ctx, "tcp", x.gate.account.Addr)
	if err != nil {
		x.count(x.name+": not even connected", 1)
		return nil
	}
	context.AfterFunc(ctx, func() { _ = c.Close() }) // whoever uses it is told
	if err := c.SetDeadline(time.Now().Add(longest)); err != nil {
		return nil
	}
	return c
}

// secure connects with TLS; nil: refused. end gives the connection back.
func (x *attacker) secure(ctx context.Context) (conn *tls.Conn, end func()) {
	ctx, end = context.WithCancel(ctx)
	c := x.dial(ctx)
	if c == nil {
		return nil, end
	}
	conn = tls.Client(c, x.gate.account.TLS)
	if err := conn.HandshakeContext(ctx); err != nil {
		x.count(x.name+": cut off before", 1)
		return nil, end
	}
	return conn, end
}

// login connects and logs in; nil: refused.
func (x *attacker) login(ctx context.Context) (conn *tls.Conn, in *bufio.Reader, end func()) {
	conn, end = x.secure(ctx)
	if conn == nil {
		return nil, nil, end
	}
	in = bufio.NewReader(conn)
	_, _ = fmt.Fprintf(conn, "a LOGIN %s %s\r\nb SELECT INBOX\r\n", x.gate.account.User, x.gate.account.Password) // the answer tells
	for {
		line, err := in.ReadString('\n')
		switch {
		case err != nil || strings.HasPrefix(line, "a NO"):
			x.count(x.name+": not let in", 1)
			return nil, nil, end
		case strings.HasPrefix(line, "b OK"):
			return conn, in, end
		}
	}
}

// guess tries ten passwords at once.
func (x *attacker) guess(ctx context.Context) {
	conn, end := x.secure(ctx)
	defer end()
	if conn == nil {
		return
	}
	var script strings.Builder
	for range 10 {
		fmt.Fprintf(&script, "x LOGIN %s %d\r\n", x.gate.account.User, x.random.Uint64())
	}
	if _, err := io.WriteString(conn, script.String()); err != nil {
		return
	}
	x.count(x.name, 10)
	answer, _ := io.ReadAll(conn) // it may be cut off in the middle
	if strings.Contains(string(answer), "x OK") {
		x.fail(errors.New("a wrong password was taken"))
	}
}

// idle asks for everything and takes nothing, until it is cut off.
func (x *attacker) idle(ctx context.Context) {
	conn, _, end := x.login(ctx)
	defer end()
	if conn == nil {
		return
	}
	_, _ = fmt.Fprint(conn, "c FETCH 1:* BODY.PEEK[]\r\n") // it may be cut off
	x.count(x.name, 1)
	select {
	case <-ctx.Done():
	case <-time.After(longest):
	}
}

// silent connects, may begin a handshake, and waits until it is cut off.
func (x *attacker) silent(ctx context.Context) {
	ctx, end := context.WithCancel(ctx)
	defer end()
	c := x.dial(ctx)
	if c == nil {
		return
	}
	x.count(x.name, 1)
	if x.random.IntN(2) == 0 {
		_, _ = c.Write([]byte{22, 3, 1, 2, 0, 1}) // it may be cut off
	}
	_, _ = io.Copy(io.Discard, c)
}

// oversize sends a command that is too long, before the login or after it.
func (x *attacker) oversize(ctx context.Context) {
	scripts := []string{
		"x LOGIN " + strings.Repeat("a", 1<<20), "x LOGIN {9223372036854775807}\r\n", "x SELECT " + strings.Repeat("a", 1<<20),
		"x SELECT {1000000000}\r\n", "x SELECT {1000000000+}\r\n" + strings.Repeat("a", 1<<20), "x SELECT " + strings.Repeat("{10+}\r\n0123456789 ", 10_000),
		"x SEARCH " + strings.Repeat("(", 20_000) + "\r\n", "x SEARCH " + strings.Repeat("NOT ", 10_000) + "ALL\r\n", `x LIST "" ` + strings.Repeat("*a", 5_000) + "\r\n",
		"x FETCH " + strings.Repeat("1:*,", 10_000) + "1 FLAGS\r\n",
	}
	x.say(ctx, scripts[x.random.IntN(len(scripts))])
}

// nonsense sends bytes without sense: before TLS, inside of it, or after the login.
func (x *attacker) nonsense(ctx context.Context) {
	text := make([]byte, 1+x.random.IntN(4096))
	for i := range text {
		text[i] = byte(x.random.Uint32())
	}
	seeds := []string{"x FETCH 1:5 (BODY[1.2.MIME]<1.2> BODYSTRUCTURE ENVELOPE FLAGS)\r\n", "x UID SEARCH CHARSET EUC-KR OR NOT 1:9 HEADER b {1+}\r\nc SENTON 1-Feb-2020\r\n",
		"x LIST (SUBSCRIBED) \"\" (% *&-) RETURN (STATUS (SIZE UNSEEN))\r\n", "x STORE 1 +FLAGS (\\Deleted)\r\nx EXPUNGE\r\nx CLOSE\r\n", "x APPEND INBOX {3+}\r\nabc\r\nx IDLE\r\nDONE\r\n"}
	if x.random.IntN(3) == 0 {
		ctx, end := context.WithCancel(ctx)
		defer end()
		if c := x.dial(ctx); c != nil {
			_, _ = c.Write(text) // it may be cut off
			x.count(x.name, 1)
			_, _ = io.Copy(io.Discard, c)
		}
		return
	}
	command := []byte(strings.Repeat(seeds[x.random.IntN(len(seeds))], 1+x.random.IntN(4)))
	for range x.random.IntN(6) { // sense with holes in it
		command[x.random.IntN(len(command))] = text[0]
		text = text[len(text)/2:]
	}
	x.say(ctx, string(command)+string(text)+"\r\n")
}

// say sends a text, before or after the login, and reads what comes for a while.
func (x *attacker) say(ctx context.Context, text string) {
	var conn *tls.Conn
	var end func()
	if x.random.IntN(2) == 0 {
		conn, end = x.secure(ctx)
	} else {
		conn, _, end = x.login(ctx)
	}
	defer end()
	if conn == nil {
		return
	}
	x.count(x.name, 1)
	sent := make(chan struct{})
	go func() { defer close(sent); _, _ = io.WriteString(conn, text) }() // it may be cut off
	if err := conn.SetReadDeadline(time.Now().Add(2 * time.Second)); err != nil {
		x.fail(err)
	}
	_, _ = io.CopyN(io.Discard, conn, 1<<20) // whatever it is
	_ = conn.NetConn().Close()
	<-sent
}
