package sandbox

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"regexp"
	"strconv"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"
)

// importNetwork is how the service reaches mail servers.
type importNetwork struct {
	roots   *x509.CertPool // nil: the system's
	any     bool           // any certificate will do
	timeout time.Duration  // for connecting, and for each read and write
}

// dial connects. The connection is closed when ctx ends.
func (n importNetwork) dial(ctx context.Context, from source) (net.Conn, error) {
	d := &net.Dialer{Timeout: n.timeout}
	raw, err := d.DialContext(ctx, "tcp", from.addr())
	if err != nil {
		return nil, err
	}
	conn := &timedConn{Conn: raw, timeout: n.timeout}
	conn.stop = context.AfterFunc(ctx, func() { _ = raw.Close() }) // whoever uses it sees the end
	if !from.tls {
		return conn, nil
	}
	secure := tls.Client(conn, &tls.Config{ServerName: from.host, RootCAs: n.roots, InsecureSkipVerify: n.any, MinVersion: tls.VersionTLS12})
	if err := secure.HandshakeContext(ctx); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return secure, nil
}

// imap logs in for one piece of work. With rfc822 messages are asked for by that
// name.
func (n importNetwork) imap(ctx context.Context, from source, rfc822 bool, work func(*imapclient.Client) error) error {
	conn, err := n.dial(ctx, from)
	if err != nil {
		return err
	}
	if rfc822 {
		conn = &rfc822Conn{Conn: conn, in: bufio.NewReader(conn)}
	}
	c := imapclient.New(conn, nil)
	defer c.Close() //nolint:errcheck // it is logged out, or given up
	if err := c.WaitGreeting(); err != nil {
		return fmt.Errorf("greeting: %w", err)
	}
	if err := c.Login(from.login, from.password).Wait(); err != nil {
		return fmt.Errorf("login: %w", err)
	}
	if c.Caps().Has(imap.CapIMAP4rev2) { // the library writes names as if it was enabled
		if _, err := c.Enable(imap.CapIMAP4rev2).Wait(); err != nil {
			return fmt.Errorf("enable: %w", err)
		}
	}
	if err := work(c); err != nil {
		return err
	}
	return c.Logout().Wait()
}

// imapLogin logs in and out.
func (n importNetwork) imapLogin(ctx context.Context, from source) error {
	return n.imap(ctx, from, false, func(*imapclient.Client) error { return nil })
}

// timedConn gives each read and write its time, whatever deadlines its user sets.
type timedConn struct {
	net.Conn
	timeout time.Duration
	stop    func() bool
}

func (c *timedConn) Read(p []byte) (int, error) {
	if err := c.Conn.SetReadDeadline(time.Now().Add(c.timeout)); err != nil {
		return 0, err
	}
	return c.Conn.Read(p)
}

func (c *timedConn) Write(p []byte) (int, error) {
	if err := c.Conn.SetWriteDeadline(time.Now().Add(c.timeout)); err != nil {
		return 0, err
	}
	return c.Conn.Write(p)
}

func (c *timedConn) SetDeadline(time.Time) error      { return nil }
func (c *timedConn) SetReadDeadline(time.Time) error  { return nil }
func (c *timedConn) SetWriteDeadline(time.Time) error { return nil }

func (c *timedConn) Close() error {
	c.stop()
	return c.Conn.Close()
}

// rfc822Conn asks for messages by the name RFC822, which the library's client does
// not know, and shows it the answers under the name BODY[].
type rfc822Conn struct {
	net.Conn
	in      *bufio.Reader
	literal int64 // bytes of a literal that are still to come
	line    []byte
}

func (c *rfc822Conn) Write(p []byte) (int, error) {
	if _, err := c.Conn.Write(bytes.Replace(p, []byte("BODY[]"), []byte("RFC822"), 1)); err != nil {
		return 0, err
	}
	return len(p), nil
}

var literalEnd = regexp.MustCompile(`\{(\d+)\}\r\n$`)

func (c *rfc822Conn) Read(p []byte) (int, error) {
	if len(c.line) == 0 && c.literal > 0 {
		n, err := c.in.Read(p[:min(int64(len(p)), c.literal)])
		c.literal -= int64(n)
		return n, err
	}
	if len(c.line) == 0 {
		line, err := c.in.ReadBytes('\n')
		if err != nil && (!errors.Is(err, io.EOF) || len(line) == 0) {
			return 0, err
		}
		if m := literalEnd.FindSubmatch(line); m != nil {
			if c.literal, err = strconv.ParseInt(string(m[1]), 10, 64); err != nil {
				return 0, err
			}
		}
		c.line = bytes.Replace(line, []byte("RFC822 {"), []byte("BODY[] {"), 1)
	}
	n := copy(p, c.line)
	c.line = c.line[n:]
	return n, nil
}
