package content

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/isaworks/isa/providers"
)

// endless is a store that makes up its messages and keeps none.
type endless struct {
	n    int
	next int64
}

func (e *endless) Name() string                                       { return fmt.Sprint("endless://", e.n) }
func (e *endless) Host() string                                       { return "endless" }
func (e *endless) Open(ctx context.Context) (providers.Reader, error) { return e, nil }
func (e *endless) Close() error                                       { return nil }

type endlessTarget struct{ *endless }

func (e endlessTarget) Open(ctx context.Context) (providers.Writer, error) { return e, nil }

func (e *endless) folder() providers.Folder {
	return providers.Folder{ID: "INBOX", Path: []string{"INBOX"}, Use: providers.UseInbox, Epoch: "1", Next: int64(e.n) + 1, Items: int64(e.n), Bytes: -1, Mark: fmt.Sprint(e.n)}
}

func (e *endless) Folders(ctx context.Context) ([]providers.Folder, error) {
	return []providers.Folder{e.folder()}, nil
}

func (e *endless) Scan(ctx context.Context, f providers.Folder, what providers.Scan, yield func(providers.Item) error) (providers.Folder, error) {
	from := int64(1)
	if what.From != "" {
		from = after(what.From) - 1
	}
	for i := from; i <= int64(e.n); i++ {
		if err := yield(providers.Item{Key: keyFor(i), Size: 300, Date: time.Unix(1_700_000_000+i, 0)}); err != nil {
			return e.folder(), err
		}
	}
	return e.folder(), nil
}

func (e *endless) Fetch(ctx context.Context, f providers.Folder, items []providers.Item, yield func(providers.Message) error) error {
	body := bytes.Repeat([]byte("x"), 300)
	for _, it := range items {
		copy(body, "Message-ID: <"+it.Key+">\r\n\r\n")
		if err := yield(providers.Message{Item: it, Body: bytes.NewReader(body)}); err != nil {
			return err
		}
	}
	return nil
}

func (e endlessTarget) Create(ctx context.Context, path []string, use providers.Use) (providers.Folder, error) {
	return e.folder(), nil
}

func (e endlessTarget) Put(ctx context.Context, f providers.Folder, messages []providers.Message) ([]providers.Delivery, error) {
	out := make([]providers.Delivery, len(messages))
	for i, m := range messages {
		if _, err := io.Copy(io.Discard, m.Body); err != nil {
			return nil, err
		}
		e.next++
		out[i].ID = keyFor(e.next)
	}
	return out, nil
}

func (e endlessTarget) Flag(ctx context.Context, f providers.Folder, items []providers.Item) error {
	return nil
}

func (e endlessTarget) Rename(ctx context.Context, f providers.Folder, path []string) (providers.Folder, error) {
	return f, nil
}

func (e endlessTarget) Move(ctx context.Context, from providers.Folder, items []providers.Item, to providers.Folder) ([]providers.Delivery, error) {
	return make([]providers.Delivery, len(items)), nil
}

func (e endlessTarget) Limits() providers.Limits { return providers.Limits{} }

// counted tells a map how many connections are open.
type counted[C any] struct {
	origin
	mu   *sync.Mutex
	open map[string]int
}

func (c counted[C]) Open(ctx context.Context) (providers.Reader, error) {
	r, err := c.origin.Open(ctx)
	return countedConn{Writer: r.(*conn), mu: c.mu, open: c.open, host: c.host, once: &sync.Once{}}, err
}

type countedTarget struct {
	target
	mu   *sync.Mutex
	open map[string]int
}

func (c countedTarget) Open(ctx context.Context) (providers.Writer, error) {
	w, err := c.target.Open(ctx)
	return countedConn{Writer: w, mu: c.mu, open: c.open, host: c.host, once: &sync.Once{}}, err
}

type countedConn struct {
	providers.Writer
	mu   *sync.Mutex
	open map[string]int
	host string
	once *sync.Once
}

func (c countedConn) Close() error {
	c.once.Do(func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.open[c.host]--
	})
	return c.Writer.Close()
}
