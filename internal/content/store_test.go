package content

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/providers"
)

// store is a mail server with one account, in memory. It is strict: a connection
// used by two goroutines at once, or after Close, is an error of the test.
type store struct {
	t    testing.TB
	name string
	host string

	condstore, blind bool // blind: it tells no keys of what was put
	limits           providers.Limits
	// fault is asked before each operation, and after each that changes something.
	fault func(op string, after bool, n int) error
	// refuses tells that the server does not take a message; lies is added to sizes
	// in listings; hides leaves items out of scans.
	refuses  func(body []byte) bool
	stays    bool // it cannot move items
	gmail    bool // it names messages
	dates    bool // it does not keep the dates of what is put
	partial  bool // a batch with one that is refused is stored without it
	breaks   func(body []byte) bool
	nextless bool                   // it does not tell the key that comes next
	chokes   func(body []byte) bool // it answers that it cannot, and does not say why
	lies     int64
	hides    int

	mu      sync.Mutex
	folders []*box
	epoch   int64
	modseq  int64
	opens   int
	logins  error
	calls   map[string]int
	open    atomic.Int64 // connections
	most    int64
	holding atomic.Int64 // bodies held by Put at once
}

// box is a folder.
type box struct {
	id    string
	path  []string
	use   providers.Use
	epoch int64
	next  int64
	mod   int64
	mails []*letter
}

// letter is a message.
type letter struct {
	uid   int64
	date  time.Time
	flags []string
	body  []byte
	mod   int64
	same  int64
}

func newStore(t testing.TB, name string, paths ...string) *store {
	s := &store{t: t, name: name, host: name, condstore: true, calls: map[string]int{}, epoch: 100}
	s.add("INBOX", providers.UseInbox)
	for _, p := range paths {
		s.add(p, "")
	}
	return s
}

func (s *store) add(path string, use providers.Use) *box {
	s.epoch++
	b := &box{id: "id:" + path, path: strings.Split(path, "/"), use: use, epoch: s.epoch, next: 1}
	s.folders = append(s.folders, b)
	return b
}

func (s *store) box(path string) *box {
	for _, b := range s.folders {
		if strings.Join(b.path, "/") == path {
			return b
		}
	}
	return nil
}

func (s *store) byID(id string) *box {
	return s.folders[slices.IndexFunc(s.folders, func(b *box) bool { return b.id == id })]
}

// renumber gives a folder a new epoch.
func (b *box) renumber(s *store) {
	s.epoch++
	s.modseq++
	b.epoch, b.next, b.mod = s.epoch, int64(len(b.mails))+1, s.modseq
	for i, l := range b.mails {
		l.uid = int64(i) + 1
	}
}

func (b *box) put(s *store, l letter) *letter {
	s.modseq++
	if l.same == 0 {
		l.same = s.modseq
	}
	l.uid, l.mod, b.mod = b.next, s.modseq, s.modseq
	b.next++
	b.mails = append(b.mails, &l)
	return &l
}

// letterOf makes a message; n tells it from others.
func letterOf(n int, size int) letter {
	head := fmt.Sprintf("Message-ID: <%d@acme.example>\r\nSubject: =?utf-8?B?7JWI64WV?= %d\r\n\r\n", n, n)
	body := append([]byte(head), bytes.Repeat([]byte{byte('a' + n%26)}, size)...)
	return letter{date: time.Unix(1_700_000_000+int64(n)*60, 0), flags: []string{`\Seen`}, body: body}
}

func (b *box) folder(s *store) providers.Folder {
	f := providers.Folder{ID: b.id, Path: slices.Clone(b.path), Use: b.use, Epoch: fmt.Sprint(b.epoch), Next: b.next, Items: int64(len(b.mails)), Bytes: -1}
	if s.nextless {
		f.Next = 0
	}
	if s.condstore {
		f.Mark = fmt.Sprintf("%d;%d;%d", b.next, len(b.mails), b.mod)
	}
	return f
}

func (s *store) Name() string { return "mem://" + s.name }

func (s *store) Host() string { return s.host }

// account opens the store as an Origin or a Target.
type origin struct{ *store }

type target struct{ *store }

func (o origin) Open(ctx context.Context) (providers.Reader, error) { return o.login(ctx, false) }

func (o target) Open(ctx context.Context) (providers.Writer, error) { return o.login(ctx, true) }

func (s *store) login(ctx context.Context, writes bool) (*conn, error) {
	if err := s.enter("open", nil); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.logins != nil {
		return nil, s.logins
	}
	s.opens++
	s.most = max(s.most, s.open.Add(1))
	return &conn{s: s, writes: writes}, nil
}

// enter counts an operation and asks for a fault.
func (s *store) enter(op string, c *conn) error {
	s.mu.Lock()
	s.calls[op]++
	n := s.calls[op]
	s.mu.Unlock()
	if c != nil && c.broken {
		return down(op)
	}
	if s.fault == nil {
		return nil
	}
	err := s.fault(op, false, n)
	if c != nil && diag.ClassOf(err) == diag.Unavailable && !providers.Answered(err) {
		c.broken = true
	}
	return err
}

func down(op string) error {
	return &diag.Failure{Class: diag.Unavailable, Op: op, Detail: "connection reset"}
}

// conn is a connection.
type conn struct {
	s      *store
	writes bool
	busy   atomic.Bool
	closed atomic.Bool
	broken bool
}

// use begins an operation.
func (c *conn) use(op string) func() {
	if c.closed.Load() {
		c.s.t.Errorf("%s: %s after Close", c.s.name, op)
	}
	if !c.busy.CompareAndSwap(false, true) {
		c.s.t.Errorf("%s: %s while another operation is under way", c.s.name, op)
	}
	return func() { c.busy.Store(false) }
}

func (c *conn) Close() error {
	if !c.closed.Swap(true) {
		c.s.open.Add(-1)
	}
	return nil
}

func (c *conn) Folders(ctx context.Context) ([]providers.Folder, error) {
	defer c.use("folders")()
	if err := c.s.enter("folders", c); err != nil {
		return nil, err
	}
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	var out []providers.Folder
	for _, b := range c.s.folders {
		out = append(out, b.folder(c.s))
	}
	return out, nil
}

// find returns a copy of a folder's letters, so that yields run without the lock.
func (c *conn) find(f providers.Folder) (providers.Folder, []letter, error) {
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	for _, b := range c.s.folders {
		if b.id != f.ID {
			continue
		}
		if fmt.Sprint(b.epoch) != f.Epoch {
			return f, nil, &diag.Failure{Class: diag.Conflict, Op: "select", Detail: "new epoch"}
		}
		out := make([]letter, len(b.mails))
		for i, l := range b.mails {
			out[i] = *l
		}
		return b.folder(c.s), out, nil
	}
	return f, nil, &diag.Failure{Class: diag.NotFound, Op: "select", Detail: f.ID + " is not there"}
}

func keyFor(uid int64) string { return fmt.Sprintf("%010d", uid) }

func (c *conn) Scan(ctx context.Context, f providers.Folder, what providers.Scan, yield func(providers.Item) error) (providers.Folder, error) {
	defer c.use("scan")()
	if err := c.s.enter("scan", c); err != nil {
		return f, err
	}
	now, mails, err := c.find(f)
	if err != nil {
		return f, err
	}
	var since int64
	if what.Since != "" && c.s.condstore {
		if _, err := fmt.Sscanf(what.Since[strings.LastIndex(what.Since, ";")+1:], "%d", &since); err != nil {
			c.s.t.Errorf("%s: mark %q is none of mine", c.s.name, what.Since)
		}
	}
	for i, l := range mails {
		if i < c.s.hides || keyFor(l.uid) < what.From || since > 0 && l.mod <= since {
			continue
		}
		it := providers.Item{Key: keyFor(l.uid), Size: int64(len(l.body)) + c.s.lies, Date: l.date, Flags: slices.Clone(l.flags)}
		if what.Prints {
			it.Print.Head = providers.HeadOf(l.body, it.Size)
		}
		if c.s.gmail {
			it.Same = fmt.Sprint(l.same)
		}
		if err := c.s.enter("scanned", c); err != nil {
			return now, err
		}
		if err := yield(it); err != nil {
			return now, err
		}
	}
	return now, nil
}

func (c *conn) Fetch(ctx context.Context, f providers.Folder, items []providers.Item, yield func(providers.Message) error) error {
	defer c.use("fetch")()
	if err := c.s.enter("fetch", c); err != nil {
		return err
	}
	_, mails, err := c.find(f)
	if err != nil {
		return err
	}
	for _, it := range items {
		i, ok := slices.BinarySearchFunc(mails, after(it.Key)-1, func(l letter, uid int64) int { return cmp.Compare(l.uid, uid) })
		if !ok {
			continue
		}
		if err := c.s.enter("fetched", c); err != nil {
			return err
		}
		m := providers.Message{Item: it, Body: bytes.NewReader(mails[i].body)}
		m.Size = int64(len(mails[i].body))
		if err := yield(m); err != nil {
			return err
		}
	}
	return nil
}
