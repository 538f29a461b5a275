package mailbox

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/emersion/go-imap/v2"
)

// Place is a folder that an Import writes to: the one with that special use, if the
// mailbox has it, else the one at the path.
type Place struct {
	Path []string
	Use  imap.MailboxAttr // "" none
}

// Letter is a message of an Import or a Deliver.
type Letter struct {
	Place Place
	Date  time.Time
	Flags []string
	Size  int64
	Body  io.Reader // read to Size
}

// Import holds messages that arrive in a mailbox together: they are there when
// Commit returns, or never. Add may be called by several goroutines at once.
type Import struct {
	store   *store
	account Account
	box     *box
	how     *Behaviour

	mu     sync.Mutex
	places []Place
	staged []staged
}

// staged is a message whose bytes are stored and that no folder shows.
type staged struct {
	place    int // in places
	at, size int64
	date     time.Time
	flags    []string
}

// Mark tells which import was the last that arrived. It is written with it.
type Mark struct {
	Run   uint64 `json:"run"`
	Total int64  `json:"total"`
}

// Import begins one. It ends with Commit or Drop.
func (s *Server) Import(account Account) (*Import, error) {
	b, err := s.store.hold(account)
	if err != nil {
		return nil, err
	}
	return &Import{store: s.store, account: account, box: b, how: &s.opt.Behaviour}, nil
}

// Folder makes a folder at Commit, though no message may come into it.
func (i *Import) Folder(p Place) error {
	if err := i.how.check(innerPath(p.Path)); err != nil {
		return err
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	i.number(p)
	return nil
}

func (i *Import) number(p Place) int {
	for n, have := range i.places {
		if have.Use == p.Use && innerPath(have.Path) == innerPath(p.Path) {
			return n
		}
	}
	i.places = append(i.places, p)
	return len(i.places) - 1
}

// Add stores the bytes of a message. The order of messages in a folder is the
// order in which Add is called.
func (i *Import) Add(l Letter) error {
	at := i.box.room(l.Size)
	if n, err := io.Copy(io.NewOffsetWriter(i.box.data, at), io.LimitReader(l.Body, l.Size)); err != nil || n < l.Size {
		return fmt.Errorf("the message was not received to its end: %w", errors.Join(err, io.ErrUnexpectedEOF))
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	i.staged = append(i.staged, staged{i.number(l.Place), at, l.Size, l.Date, normal(l.Flags)})
	return nil
}

// Messages is how many were added.
func (i *Import) Messages() int {
	i.mu.Lock()
	defer i.mu.Unlock()
	return len(i.staged)
}

// Commit shows all that was added. With fresh, folders of the member's own that
// exist already are left alone, and others are made beside them.
func (i *Import) Commit(mark Mark, fresh bool) error {
	i.mu.Lock()
	defer i.mu.Unlock()
	return errors.Join(i.box.arrive(i.places, i.staged, mark, fresh), i.store.release(i.account.ID))
}

// Drop gives up all that was added. With empty, the member's own folders that it was
// to go into lose everything else they hold too.
func (i *Import) Drop(empty bool) error {
	i.mu.Lock()
	defer i.mu.Unlock()
	var err error
	if empty {
		err = i.box.emptyOwn(i.places)
	}
	return errors.Join(err, i.store.release(i.account.ID))
}

// Imported tells which import was the last that arrived in a mailbox.
func (s *Server) Imported(account Account) (Mark, error) {
	b, err := s.store.hold(account)
	if err != nil {
		return Mark{}, err
	}
	b.mu.RLock()
	mark := b.imported
	b.mu.RUnlock()
	return mark, s.store.release(account.ID)
}

// Deliver puts a message into a mailbox, as a mail server does.
func (s *Server) Deliver(account Account, l Letter) error {
	b, err := s.store.hold(account)
	if err != nil {
		return err
	}
	d := delivery{folder: innerPath(l.Place.Path), body: l.Body, size: l.Size, date: l.Date, flags: normal(l.Flags)}
	_, _, err = b.append(d, &Behaviour{}, time.Minute, make([]byte, bufSize))
	return errors.Join(err, s.store.release(account.ID))
}

func innerPath(path []string) string {
	if len(path) > 0 && strings.EqualFold(path[0], inbox) {
		return strings.Join(append([]string{inbox}, path[1:]...), sep)
	}
	return strings.Join(path, sep)
}

// room reserves a place among the bytes.
func (b *box) room(size int64) int64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	at := b.end
	b.end += size
	return at
}

// arrive writes an import in one operation.
func (b *box) arrive(places []Place, list []staged, mark Mark, fresh bool) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	names := b.arrivals(places, fresh)
	changes := []change{{Import: &mark}}
	ids, next := map[string]uint32{}, map[uint32]uint32{}
	for _, f := range b.folders {
		ids[f.name], next[f.id] = f.id, f.next
	}
	id, epoch := b.lastID, b.newEpoch()
	for _, name := range names {
		levels := strings.Split(name, sep)
		for n := range levels {
			path := strings.Join(levels[:n+1], sep)
			if ids[path] == 0 {
				id++
				ids[path], next[id] = id, 1
				changes = append(changes, change{Folder: id, Name: &path, Validity: epoch + id, Next: 1})
			}
		}
	}
	for _, m := range list {
		f := ids[names[m.place]]
		_, zone := m.date.Zone()
		changes = append(changes, change{Folder: f, UID: next[f], At: m.at, Size: m.size, Date: m.date.Unix(), Zone: zone / 60, Flags: m.flags})
		next[f]++
	}
	return b.write(changes)
}

// arrivals are the names of the folders that an import goes into.
func (b *box) arrivals(places []Place, fresh bool) []string {
	beside := map[string]string{} // top level → its name in this import
	out := make([]string, len(places))
	for n, p := range places {
		if f := b.system(p); f != nil {
			out[n] = f.name
			continue
		}
		out[n] = innerPath(p.Path)
		if !fresh {
			continue
		}
		top, rest, nested := strings.Cut(out[n], sep)
		if beside[top] == "" {
			beside[top] = b.unused(top)
		}
		out[n] = beside[top]
		if nested {
			out[n] += sep + rest
		}
	}
	return out
}

// system is the system's folder that a place is; nil: it is none.
func (b *box) system(p Place) *folder {
	if p.Use != "" {
		for _, f := range b.folders {
			if f.use == p.Use {
				return f
			}
		}
	}
	if f := b.folder(innerPath(p.Path)); f != nil && f.system {
		return f
	}
	return nil
}

// unused is a name like one that no folder has.
func (b *box) unused(name string) string {
	free := name
	for n := 2; b.folder(free) != nil; n++ {
		free = fmt.Sprintf("%s (%d)", name, n)
	}
	return free
}

// emptyOwn removes all messages from the member's own folders among the places.
func (b *box) emptyOwn(places []Place) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	var changes []change
	for _, p := range places {
		f := b.folder(innerPath(p.Path))
		if f == nil || b.system(p) != nil || len(f.list) == 0 {
			continue
		}
		all := imap.UIDSet{{Start: 1, Stop: imap.UID(f.next)}}
		changes = append(changes, change{Folder: f.id, Expunge: all.String()})
	}
	if len(changes) == 0 {
		return nil
	}
	return b.write(changes)
}

// hold opens a mailbox without a session, which counts for no limit and begins no
// epoch. Each hold that succeeds needs a release.
func (s *store) hold(account Account) (*box, error) {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return nil, errors.New("the mailboxes are closed")
	}
	sh := s.take(account.ID)
	sh.held++
	s.mu.Unlock()
	b, err := s.ready(sh, account, false)
	if err != nil {
		return nil, errors.Join(err, s.release(account.ID))
	}
	return b, nil
}

// release ends a hold.
func (s *store) release(id string) error {
	s.mu.Lock()
	s.boxes[id].held--
	s.mu.Unlock()
	return s.leave(id)
}
