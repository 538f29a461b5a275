package mailbox

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/emersion/go-imap/v2"
)

// box is one member's mailbox, open. mu guards everything but the bytes of
// messages, which never change once they are stored.
type box struct {
	dir     string
	now     func() time.Time
	durable bool // the files outlive the server: they are synced when it closes

	mu       sync.RWMutex
	index    *os.File
	data     *os.File
	end      int64 // of data: where the next message goes
	broken   error // a write failed: memory and disk may differ
	folders  []*folder
	flags    *flagTable
	last     uint32 // highest UIDVALIDITY and folder ID given out
	lastID   uint32
	imported Mark          // of the last Import that arrived
	bell     chan struct{} // closed at the next change

	started int64 // sandbox time of the minute that PerMinute counts
	stored  int
}

const indexName = "index"

// openBox opens or makes a mailbox. A record that was not finished is cut off.
func openBox(dir string, korean, durable bool, now func() time.Time) (*box, error) {
	b := &box{dir: dir, now: now, durable: durable, flags: newFlagTable(), lastID: uint32(len(systemFolders())), bell: make(chan struct{})}
	if err := b.open(korean); err != nil {
		return nil, errors.Join(fmt.Errorf("mailbox %s: %w", dir, err), b.close())
	}
	return b, nil
}

func (b *box) open(korean bool) (err error) {
	if err := os.MkdirAll(b.dir, 0o700); err != nil {
		return err
	}
	if b.index, err = os.OpenFile(filepath.Join(b.dir, indexName), os.O_RDWR|os.O_CREATE, 0o600); err != nil {
		return err
	}
	name := "messages.1"
	good, err := readLines(b.index, func(changes []change) error {
		if changes[0].Data != "" {
			name = changes[0].Data
		}
		for i := range changes {
			if err := b.apply(&changes[i]); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	if err := b.index.Truncate(good); err != nil {
		return err
	}
	if _, err := b.index.Seek(good, io.SeekStart); err != nil {
		return err
	}
	if err := b.openData(name); err != nil {
		return err
	}
	if good == 0 {
		return b.makeSystem(name, korean)
	}
	if err := b.dropLost(); err != nil {
		return err
	}
	return b.compact()
}

func (b *box) openData(name string) (err error) {
	if b.data, err = os.OpenFile(filepath.Join(b.dir, name), os.O_RDWR|os.O_CREATE, 0o600); err != nil {
		return err
	}
	info, err := b.data.Stat()
	if err != nil {
		return err
	}
	b.end = info.Size()
	return nil
}

// dropLost removes messages whose bytes did not reach the disk when the power
// failed.
func (b *box) dropLost() error {
	var changes []change
	for _, f := range b.folders {
		var lost imap.UIDSet
		for i := range f.list {
			if m := &f.list[i]; m.at+int64(m.size) > b.end {
				lost = addUID(lost, m.uid)
			}
		}
		if len(lost) > 0 {
			changes = append(changes, change{Folder: f.id, Expunge: lost.String()})
		}
	}
	if len(changes) == 0 {
		return nil
	}
	return b.write(changes)
}

func (b *box) makeSystem(data string, korean bool) error {
	changes := []change{{Data: data}}
	for i, s := range systemFolders() {
		name := s.english
		if korean {
			name = s.korean
		}
		changes = append(changes, change{Folder: uint32(i + 1), Name: &name, Use: string(s.use), Validity: b.newEpoch() + uint32(i), Follow: pointer(true), Next: 1})
	}
	return b.write(changes)
}

func pointer[T any](v T) *T { return &v }

// newEpoch is a UIDVALIDITY that this mailbox never had.
func (b *box) newEpoch() uint32 { return max(b.last+1, uint32(b.now().Unix())) }

// write makes changes: on disk first, then in memory. The caller holds the lock.
func (b *box) write(changes []change) error {
	if b.broken != nil {
		return b.broken
	}
	line, err := encodeLine(changes)
	if err != nil {
		return err
	}
	if _, err := b.index.Write(line); err != nil {
		b.broken = fmt.Errorf("the mailbox cannot be written: %w", err)
		return b.broken
	}
	for i := range changes {
		if err := b.apply(&changes[i]); err != nil {
			return err
		}
	}
	close(b.bell)
	b.bell = make(chan struct{})
	return nil
}

// apply makes one change in memory.
func (b *box) apply(c *change) error {
	if c.Last > b.last {
		b.last = c.Last
	}
	if c.Import != nil {
		b.imported = *c.Import
	}
	if c.Folder == 0 {
		return nil
	}
	f := b.byID(c.Folder)
	if f == nil {
		if c.Name == nil {
			return fmt.Errorf("folder %d is used but was not made", c.Folder)
		}
		f = &folder{id: c.Folder, use: imap.MailboxAttr(c.Use), system: int(c.Folder) <= len(systemFolders())}
		b.folders = append(b.folders, f)
		b.lastID = max(b.lastID, c.Folder)
	}
	switch {
	case c.UID != 0:
		f.list = append(f.list, message{uid: c.UID, at: c.At, size: uint32(c.Size), date: c.Date, zone: int16(c.Zone), flags: b.flags.number(c.Flags)})
		f.next = max(f.next, c.UID+1)
	case c.Flag != "":
		return b.applyFlags(f, c)
	case c.Expunge != "":
		set, err := parseUIDs(c.Expunge)
		if err != nil {
			return err
		}
		f.remove(set)
	default:
		b.applyFolder(f, c)
	}
	return nil
}

func (b *box) applyFolder(f *folder, c *change) {
	if c.Name != nil {
		f.name = *c.Name
	}
	if c.Follow != nil {
		f.follow = *c.Follow
	}
	if c.Validity != 0 {
		b.last = max(b.last, c.Validity)
		if f.validity != 0 { // a new epoch: whoever has it open must leave
			b.renew(f)
			f = b.byID(f.id)
		}
		f.validity = c.Validity
	}
	f.next = max(f.next, c.Next)
	if c.Gone {
		f.gone = true
		b.folders = slices.DeleteFunc(b.folders, func(o *folder) bool { return o == f })
	}
}

// renew replaces a folder by one with the same messages under UIDs from 1.
func (b *box) renew(old *folder) {
	f := *old
	f.list = slices.Clone(old.list)
	for i := range f.list {
		f.list[i].uid = uint32(i + 1)
	}
	f.next = uint32(len(f.list) + 1)
	old.gone = true
	b.folders[slices.Index(b.folders, old)] = &f
}

func (b *box) applyFlags(f *folder, c *change) error {
	set, err := parseUIDs(c.Flag)
	if err != nil {
		return err
	}
	n := b.flags.number(c.Flags)
	f.changed++
	for _, r := range set {
		i, _ := f.find(uint32(r.Start))
		for ; i < len(f.list) && f.list[i].uid <= uint32(r.Stop); i++ {
			f.list[i].flags, f.list[i].changed = n, f.changed
		}
	}
	return nil
}

func (b *box) byID(id uint32) *folder {
	for _, f := range b.folders {
		if f.id == id {
			return f
		}
	}
	return nil
}

// folder finds a folder by its name; INBOX in any case. The caller holds the lock.
func (b *box) folder(name string) *folder {
	for _, f := range b.folders {
		if f.name == name {
			return f
		}
	}
	return nil
}

// below are the folders under one.
func (b *box) below(name string) []*folder {
	var out []*folder
	for _, f := range b.folders {
		if strings.HasPrefix(f.name, name+sep) {
			out = append(out, f)
		}
	}
	return out
}

// renewAll begins a new epoch in all folders.
func (b *box) renewAll() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	epoch := b.newEpoch()
	var changes []change
	for i, f := range b.folders {
		changes = append(changes, change{Folder: f.id, Validity: epoch + uint32(i)})
	}
	return b.write(changes)
}

// Sum is what a mailbox holds.
type Sum struct {
	Folders, Messages int
	Bytes             int64
}

func (b *box) sum() Sum {
	b.mu.RLock()
	defer b.mu.RUnlock()
	s := Sum{Folders: len(b.folders)}
	for _, f := range b.folders {
		s.Messages += len(f.list)
		s.Bytes += f.bytes()
	}
	return s
}

// close writes what the system still holds back and closes the files.
func (b *box) close() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	var errs []error
	for _, f := range []*os.File{b.data, b.index} {
		if f == nil {
			continue
		}
		if b.durable {
			errs = append(errs, f.Sync())
		}
		errs = append(errs, f.Close())
	}
	if b.broken == nil {
		b.broken = errors.New("the mailbox is closed")
	}
	return errors.Join(errs...)
}
