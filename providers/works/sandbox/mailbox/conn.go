package mailbox

import (
	"bytes"
	"net"
	"strconv"
	"strings"
	"sync"
	"time"
)

// writeLimit is how long a client may take nothing of what is sent to it.
const writeLimit = time.Minute

// gathered is from how many bytes on answers are sent before the client has been
// heard again.
const gathered = 64 << 10

// conn is a client's connection. It gathers answers until the server waits for the
// client, makes the library's limits on reading such on progress, and corrects the
// capabilities that the library offers on its own account.
type conn struct {
	net.Conn
	how *Behaviour

	mu       sync.Mutex
	out      []byte
	waiting  bool // a Read is under way: answers go out at once
	verbatim bool // bytes of messages are among what is written
	err      error
	patience time.Duration // for reading; 0: without end

	close sync.Once
	ended func(*conn)
}

// SetReadDeadline takes the time from now to t as the longest pause.
func (c *conn) SetReadDeadline(t time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.patience = 0
	if !t.IsZero() {
		c.patience = time.Until(t)
	}
	return nil
}

// SetWriteDeadline does nothing: see writeLimit.
func (c *conn) SetWriteDeadline(time.Time) error { return nil }

// Read sends what was gathered before it waits.
func (c *conn) Read(p []byte) (int, error) {
	deadline := time.Time{}
	c.mu.Lock()
	err := c.flush()
	c.waiting = true
	if c.patience > 0 {
		deadline = time.Now().Add(c.patience)
	}
	c.mu.Unlock()
	if err != nil {
		return 0, err
	}
	if err := c.Conn.SetReadDeadline(deadline); err != nil {
		return 0, err
	}
	n, err := c.Conn.Read(p)
	c.mu.Lock()
	c.waiting = false
	c.mu.Unlock()
	return n, err
}

// Write gathers.
func (c *conn) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err != nil {
		return 0, c.err
	}
	n := len(p)
	if !c.verbatim {
		p = c.correct(p)
	}
	c.out = append(c.out, p...)
	if c.waiting || len(c.out) >= gathered {
		return n, c.flush()
	}
	return n, nil
}

func (c *conn) flush() error {
	if c.err != nil || len(c.out) == 0 {
		return c.err
	}
	if c.err = c.Conn.SetWriteDeadline(time.Now().Add(writeLimit)); c.err == nil {
		_, c.err = c.Conn.Write(c.out)
	}
	c.out = c.out[:0]
	return c.err
}

// Close sends what was gathered and closes.
func (c *conn) Close() error {
	err := net.ErrClosed
	c.close.Do(func() {
		c.mu.Lock()
		_ = c.flush() // the client may have gone already
		c.err = net.ErrClosed
		c.mu.Unlock()
		err = c.Conn.Close()
		c.ended(c)
	})
	return err
}

// bye ends the connection with a reason.
func (c *conn) bye(text string) error {
	if _, err := c.Write([]byte("* BYE " + text + "\r\n")); err != nil {
		return err
	}
	return c.Close()
}

// raw tells that bytes of messages are written from now on, or not any more.
func (c *conn) raw(on bool) {
	c.mu.Lock()
	c.verbatim = on
	c.mu.Unlock()
}

// correct changes the list of capabilities in an answer. The library writes such an
// answer in one piece.
func (c *conn) correct(p []byte) []byte {
	_, rest, _ := bytes.Cut(p, []byte(" ")) // behind the tag
	list, ok := bytes.CutPrefix(bytes.TrimPrefix(rest, []byte("OK [")), []byte("CAPABILITY IMAP4rev1"))
	end := bytes.IndexAny(list, "]\r")
	if !ok || end < 0 {
		return p
	}
	from := len(p) - len(list)
	out := append([]byte{}, p[:from]...)
	for _, name := range strings.Fields(string(p[from : from+end])) {
		if name = c.offer(name); name != "" {
			out = append(append(out, ' '), name...)
		}
	}
	return append(out, p[from+end:]...)
}

// offer returns a capability as it is to be offered, "" for not at all.
func (c *conn) offer(name string) string {
	switch {
	case name == "IDLE" && !c.how.Idle, name == "LITERAL-", name == "ENABLE", name == "UTF8=ACCEPT":
		return ""
	case strings.HasPrefix(name, "APPENDLIMIT="):
		if !c.how.More || c.how.AppendLimit == 0 {
			return ""
		}
		return "APPENDLIMIT=" + strconv.FormatInt(c.how.AppendLimit, 10)
	}
	return name
}

// listener hands out connections that it knows, so that they can be ended.
type listener struct {
	net.Listener
	how *Behaviour

	mu    sync.Mutex
	conns map[*conn]struct{}
}

// Accept waits for a client.
func (l *listener) Accept() (net.Conn, error) {
	inner, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	c := &conn{Conn: inner, how: l.how, ended: l.forget}
	l.mu.Lock()
	l.conns[c] = struct{}{}
	l.mu.Unlock()
	return c, nil
}

func (l *listener) forget(c *conn) {
	l.mu.Lock()
	delete(l.conns, c)
	l.mu.Unlock()
}
