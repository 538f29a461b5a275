package imapgate

import (
	"crypto/tls"
	"os"
	"sync"
)

// certificate is read again when its files change.
type certificate struct {
	cert, key string
	failed    func(error) // it cannot be read again: the old one stays

	mu      sync.Mutex
	current *tls.Certificate
	seen    [2]os.FileInfo // the files when they were last looked at; nil: not there
}

// look looks at the files. What is not there is nil: reading it tells why.
func (c *certificate) look() (out [2]os.FileInfo) {
	for i, name := range []string{c.cert, c.key} {
		if info, err := os.Stat(name); err == nil {
			out[i] = info
		}
	}
	return out
}

// unchanged reports whether a file is the one that it was, and as it was.
func unchanged(was, is os.FileInfo) bool {
	if was == nil || is == nil {
		return was == is
	}
	return os.SameFile(was, is) && was.Size() == is.Size() && was.ModTime().Equal(is.ModTime())
}

// load reads the files for the first time.
func (c *certificate) load() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.seen = c.look()
	pair, err := tls.LoadX509KeyPair(c.cert, c.key)
	if err != nil {
		return err
	}
	c.current = &pair
	return nil
}

// get is the certificate for the next connection.
func (c *certificate) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	was, is := c.seen, c.look()
	if unchanged(was[0], is[0]) && unchanged(was[1], is[1]) {
		return c.current, nil
	}
	c.seen = is // files that cannot be used are told of once
	pair, err := tls.LoadX509KeyPair(c.cert, c.key)
	if err != nil {
		c.failed(err)
		return c.current, nil
	}
	c.current = &pair
	return c.current, nil
}
