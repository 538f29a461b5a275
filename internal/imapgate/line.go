package imapgate

import (
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// stretch is how many bytes a client has to take within Limits.Stall.
const stretch = 64 << 10

// line is a client's connection below TLS. It cuts off a client that takes too little
// in too long a time, whatever the size of what is sent; waiting for the client's next
// command does not count.
type line struct {
	net.Conn
	stall time.Duration

	mu      sync.Mutex
	ending  bool      // reading is over
	writeBy time.Time // zero: only the stall counts

	spent time.Duration // waited for the client while it took taken bytes
	taken int

	received, sent atomic.Int64
}

func newLine(c net.Conn, stall time.Duration) *line { return &line{Conn: c, stall: stall} }

// Read counts what comes.
func (l *line) Read(p []byte) (int, error) {
	n, err := l.Conn.Read(p)
	l.received.Add(int64(n))
	return n, err
}

// Write fails when the client takes less than a stretch in the time of a stall.
func (l *line) Write(p []byte) (int, error) {
	l.mu.Lock()
	start := time.Now()
	by := start.Add(l.stall - l.spent)
	if !l.writeBy.IsZero() && l.writeBy.Before(by) {
		by = l.writeBy
	}
	err := l.Conn.SetWriteDeadline(by)
	l.mu.Unlock()
	if err != nil {
		return 0, err
	}
	n, err := l.Conn.Write(p)
	l.sent.Add(int64(n))
	l.spent += time.Since(start)
	if l.taken += n; l.taken >= stretch {
		l.spent, l.taken = 0, 0
	}
	return n, err
}

// SetReadDeadline is net.Conn's, as long as nobody is in a hurry.
func (l *line) SetReadDeadline(t time.Time) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.ending {
		return nil
	}
	return l.Conn.SetReadDeadline(t)
}

// SetWriteDeadline ends writing at t, if the stall does not end it before.
func (l *line) SetWriteDeadline(t time.Time) error {
	l.mu.Lock()
	l.writeBy = t
	l.mu.Unlock()
	return nil
}

// SetDeadline is both.
func (l *line) SetDeadline(t time.Time) error {
	_ = l.SetWriteDeadline(t) // cannot fail
	return l.SetReadDeadline(t)
}

// hurry ends reading, now and for ever.
func (l *line) hurry() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ending = true
	_ = l.Conn.SetReadDeadline(time.Unix(1, 0)) // a connection that is gone has ended too
}

// inHurry tells that reading was ended by the server.
func (l *line) inHurry() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.ending
}
