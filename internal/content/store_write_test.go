package content

import (
	"context"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/providers"
)

func (c *conn) Limits() providers.Limits {
	l := c.s.limits
	l.Moves = !c.s.stays
	return l
}

func (c *conn) Create(ctx context.Context, path []string, use providers.Use) (providers.Folder, error) {
	defer c.use("create")()
	if err := c.s.enter("create", c); err != nil {
		return providers.Folder{}, err
	}
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	if b := c.s.box(strings.Join(path, "/")); b != nil {
		return b.folder(c.s), nil
	}
	return c.s.add(strings.Join(path, "/"), use).folder(c.s), nil
}

func (c *conn) Put(ctx context.Context, f providers.Folder, messages []providers.Message) ([]providers.Delivery, error) {
	defer c.use("put")()
	if err := c.s.enter("put", c); err != nil {
		return nil, err
	}
	var letters []letter
	refused := false
	for _, m := range messages {
		body, err := io.ReadAll(m.Body)
		if err == nil && int64(len(body)) != m.Size {
			c.s.t.Errorf("%s: a body of %d bytes was announced as %d", c.s.name, len(body), m.Size)
		}
		if err != nil {
			c.broken = true
			return nil, &diag.Failure{Class: diag.Unavailable, Op: "put", Err: err}
		}
		if c.s.breaks != nil && c.s.breaks(body) {
			c.broken = true
			return nil, &diag.Failure{Class: diag.Unavailable, Op: "put", Unknown: true, Detail: "connection reset"}
		}
		if c.s.chokes != nil && c.s.chokes(body) {
			return nil, &diag.Failure{Class: diag.Unavailable, Op: "put", Err: internal{}}
		}
		refused = refused || c.s.refuses != nil && c.s.refuses(body)
		letters = append(letters, letter{date: m.Date, flags: slices.Clone(m.Flags), body: body})
	}
	if refused && c.s.partial && len(letters) > 1 {
		c.s.mu.Lock()
		defer c.s.mu.Unlock()
		for _, l := range letters {
			if !c.s.refuses(l.body) {
				c.s.byID(f.ID).put(c.s, l)
			}
		}
		return nil, &diag.Failure{Class: diag.Invalid, Op: "put", Detail: "some of it may be stored", Unknown: true}
	}
	if refused {
		return nil, &diag.Failure{Class: diag.Invalid, Op: "put", Detail: "NO I do not like it"}
	}
	if _, _, err := c.find(f); err != nil {
		return nil, err
	}
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	to := c.s.byID(f.ID)
	out := make([]providers.Delivery, len(letters))
	for n, l := range letters {
		if c.s.fault != nil {
			if err := c.s.fault("stored", true, n); err != nil { // between two, or after the last
				c.broken = true
				return nil, err
			}
		}
		if c.s.dates {
			l.date = time.Unix(1_800_000_000, 0)
		}
		kept := to.put(c.s, l)
		if !c.s.blind {
			out[n].ID = keyFor(kept.uid)
		}
	}
	if c.s.fault != nil {
		if err := c.s.fault("stored", true, len(letters)); err != nil {
			c.broken = true
			return nil, err
		}
	}
	return out, nil
}

func (c *conn) Flag(ctx context.Context, f providers.Folder, items []providers.Item) error {
	defer c.use("flag")()
	if err := c.s.enter("flag", c); err != nil {
		return err
	}
	if _, _, err := c.find(f); err != nil {
		return err
	}
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	for _, b := range c.s.folders {
		for _, l := range b.mails {
			for _, it := range items {
				if b.id == f.ID && keyFor(l.uid) == it.Key {
					c.s.modseq++
					l.flags, l.mod, b.mod = slices.Clone(it.Flags), c.s.modseq, c.s.modseq
				}
			}
		}
	}
	return nil
}

func (c *conn) Move(ctx context.Context, from providers.Folder, items []providers.Item, to providers.Folder) ([]providers.Delivery, error) {
	defer c.use("move")()
	if err := c.s.enter("move", c); err != nil {
		return nil, err
	}
	if c.s.stays {
		c.s.t.Errorf("%s: a move, though it cannot", c.s.name)
	}
	for _, f := range []providers.Folder{from, to} {
		if _, _, err := c.find(f); err != nil {
			return nil, err
		}
	}
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	out := make([]providers.Delivery, len(items))
	was, now := c.s.byID(from.ID), c.s.byID(to.ID)
	for n, it := range items {
		if c.s.fault != nil {
			if err := c.s.fault("moved", true, n); err != nil {
				c.broken = true
				return nil, err
			}
		}
		if kept := was.moveTo(c.s, now, it.Key); kept != nil && !c.s.blind {
			out[n].ID = keyFor(kept.uid)
		}
	}
	if c.s.fault != nil {
		if err := c.s.fault("moved", true, len(items)); err != nil {
			c.broken = true
			return nil, err
		}
	}
	return out, nil
}

// moveTo takes a message out of a folder and puts it into another one; nil: it is not
// there.
func (b *box) moveTo(s *store, to *box, key string) *letter {
	i := slices.IndexFunc(b.mails, func(l *letter) bool { return keyFor(l.uid) == key })
	if i < 0 {
		return nil
	}
	l := *b.mails[i]
	b.mails = slices.Delete(b.mails, i, i+1)
	s.modseq++
	b.mod = s.modseq
	return to.put(s, l)
}

func (c *conn) Rename(ctx context.Context, f providers.Folder, path []string) (providers.Folder, error) {
	defer c.use("rename")()
	if err := c.s.enter("rename", c); err != nil {
		return providers.Folder{}, err
	}
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	to := strings.Join(path, "/")
	if c.s.box(to) != nil {
		return providers.Folder{}, &diag.Failure{Class: diag.Exists, Op: "rename", Detail: to}
	}
	var out providers.Folder
	for _, b := range c.s.folders {
		if b.id == f.ID {
			out = c.s.rename(b, to)
			break
		}
	}
	if c.s.fault != nil {
		if err := c.s.fault("renamed", true, 0); err != nil {
			c.broken = true
			return out, err
		}
	}
	if out.ID == "" {
		return out, &diag.Failure{Class: diag.NotFound, Op: "rename", Detail: f.ID}
	}
	return out, nil
}

// rename moves a folder with what is below it.
func (s *store) rename(b *box, to string) providers.Folder {
	from := strings.Join(b.path, "/")
	for _, x := range s.folders {
		old := strings.Join(x.path, "/")
		if old == from || strings.HasPrefix(old, from+"/") {
			name := to + strings.TrimPrefix(old, from)
			x.path, x.id = strings.Split(name, "/"), "id:"+name
		}
	}
	return b.folder(s)
}
