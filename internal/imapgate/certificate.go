package imapgate

import (
	"crypto/tls"
	"os"
	"sync"
	"time"
)

// certificate is read again when its files change.
type certificate struct {
	cert, key string
	failed    func(error) // it cannot be read again: the old one stays

	mu      sync.Mutex
	current *tls.Certificate
	stamp   [2]stamp // of the files when they were last looked at
}

// stamp tells a file's content from another.
type stamp struct {
	size int64
	at   time.Time
}

func stampOf(name string) stamp {
	info, err := os.Stat(name)
	if err != nil { // as a file that is not there; reading it tells why
		return stamp{size: -1}
	}
	return stamp{info.Size(), info.ModTime()}
}

// load reads the files for the first time.
func (c *certificate) load() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.stamp = [2]stamp{stampOf(c.cert), stampOf(c.key)}
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
	now := [2]stamp{stampOf(c.cert), stampOf(c.key)}
	if now == c.stamp {
		return c.current, nil
	}
	c.stamp = now // files that cannot be used are told of once
	pair, err := tls.LoadX509KeyPair(c.cert, c.key)
	if err != nil {
		c.failed(err)
		return c.current, nil
	}
	c.current = &pair
	return c.current, nil
}
