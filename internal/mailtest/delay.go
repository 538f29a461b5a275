package mailtest

import (
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"testing"
	"time"
)

// Proxy is a line to a server, for as many connections as come.
type Proxy struct {
	Addr string // host:port on 127.0.0.1

	target   string
	serve    func(client, server net.Conn)
	listener net.Listener
	group    sync.WaitGroup

	mu     sync.Mutex
	conns  map[net.Conn]struct{}
	closed bool
}

// Delay is a line that ends with the test; see StartDelay.
func Delay(t testing.TB, target string, oneWay time.Duration) *Proxy {
	t.Helper()
	p, err := StartDelay(target, oneWay)
	return ending(t, p, err)
}

func ending(t testing.TB, p *Proxy, err error) *Proxy {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	})
	return p
}

// StartDelay is a line on which every byte takes oneWay, in both directions, and
// opening a connection a round trip. Its width is not limited. The caller closes it.
func StartDelay(target string, oneWay time.Duration) (*Proxy, error) {
	return startProxy(target, func(client, server net.Conn) {
		time.Sleep(2 * oneWay)
		var both sync.WaitGroup
		both.Go(func() { late(server, client, oneWay) })
		both.Go(func() { late(client, server, oneWay) })
		both.Wait()
	})
}

func startProxy(target string, serve func(client, server net.Conn)) (*Proxy, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	p := &Proxy{Addr: l.Addr().String(), target: target, serve: serve, listener: l, conns: map[net.Conn]struct{}{}}
	p.group.Go(p.accept)
	return p, nil
}

func (p *Proxy) accept() {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return // Close
		}
		p.group.Go(func() {
			defer p.drop(client)
			if !p.keep(client) {
				return
			}
			server, err := (&net.Dialer{}).DialContext(context.Background(), "tcp", p.target)
			if err != nil {
				return // the client sees its connection close, as with a server that is down
			}
			defer p.drop(server)
			if p.keep(server) {
				p.serve(client, server)
			}
		})
	}
}

func (p *Proxy) keep(c net.Conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.closed {
		p.conns[c] = struct{}{}
	}
	return !p.closed
}

func (p *Proxy) drop(c net.Conn) {
	_ = c.Close() // it may be closed already
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.conns, c)
}

// Cut closes all connections that are open now.
func (p *Proxy) Cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for c := range p.conns {
		_ = c.Close() // it may be closed already
	}
}

// Open is how many clients are connected.
func (p *Proxy) Open() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return (len(p.conns) + 1) / 2
}

// Close cuts the line and waits until nothing of it is left.
func (p *Proxy) Close() error {
	p.mu.Lock()
	p.closed = true
	p.mu.Unlock()
	err := p.listener.Close()
	if errors.Is(err, net.ErrClosed) {
		err = nil
	}
	p.Cut()
	p.group.Wait()
	return err
}

// underway bounds the bytes that one direction of a delayed line holds.
const underway = 64 << 20

// chunk is bytes that are due at a time.
type chunk struct {
	due time.Time
	raw []byte
}

// late copies src to dst, each byte when its time has come.
func late(dst, src net.Conn, delay time.Duration) {
	queue := make(chan chunk, underway/(16<<10))
	go func() {
		defer close(queue)
		for {
			buf := make([]byte, 16<<10)
			n, err := src.Read(buf)
			if n > 0 {
				queue <- chunk{time.Now().Add(delay), buf[:n]}
			}
			if err != nil {
				return
			}
		}
	}()
	var failed error
	for c := range queue {
		if failed != nil {
			continue // the reader must not wait for ever
		}
		time.Sleep(time.Until(c.due))
		if _, failed = dst.Write(c.raw); failed != nil {
			_ = src.Close() // ends the reader
		}
	}
	halfClose(dst)
}

// halfClose tells the other side that nothing more comes.
func halfClose(c net.Conn) {
	if w, ok := c.(interface{ CloseWrite() error }); ok {
		_ = w.CloseWrite() // it may be closed already
	}
}

var _ io.Closer = (*Proxy)(nil)
