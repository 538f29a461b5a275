package spool

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"sort"
	"strings"
	"sync"

	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/internal/imapgate"
	"github.com/isaworks/isa/providers"
)

// Share is how much a batch may hold. Zero: no bound.
type Share struct {
	Items int
	Bytes int64 // of messages
}

// besides is the room that index and log of a batch take besides its messages, names of
// folders and flags with it.
func (s Share) besides() int64 {
	if s.Items <= 0 {
		return 0
	}
	return int64(s.Items)*(entrySize+slotSize) + namesMost
}

// namesMost is the room for all names of a batch, its password, and what is written
// once whatever the batch holds.
const namesMost = 8 << 10

// Batch is a batch that is being filled. It is safe for concurrent use. Of each of its
// messages what has to be known is held in memory, about 200 bytes.
type Batch struct {
	s     *Spool
	id    string
	share Share
	file  *os.File

	mu      sync.Mutex
	x       index
	at      map[string]int // folders, by path
	end     int64          // of what is allotted in the file
	bytes   int64
	items   int
	allowed int // items that have a place, written or not
	next    uint32
	over    bool
	done    bool
}

// validity is the UIDVALIDITY of each folder: each batch is an account of its own.
const validity = 1

// Begin makes a batch, of which nothing is to be seen until it is frozen. Its share is
// reserved: what was begun never waits for room that others hold. On the disk only the
// room of what comes besides the messages is, so that a batch that fills the disk can be
// frozen. When there is no room for it now, the error wraps ErrFull.
func (s *Spool) Begin(id string, share Share) (*Batch, error) {
	if !legal(id) {
		return nil, illegal(id)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	share, err := s.room(share)
	if err != nil {
		return nil, err
	}
	if err := os.Mkdir(s.path(id), dirPerm); err != nil {
		return nil, fault("begin a batch", err)
	}
	file, err := os.OpenFile(s.path(id, messagesFile), os.O_CREATE|os.O_EXCL|os.O_RDWR, filePerm)
	if err == nil && share.Items > 0 {
		if err = os.WriteFile(s.path(id, roomFile), make([]byte, share.besides()), filePerm); err != nil {
			err = errors.Join(err, file.Close())
		}
	}
	if err != nil {
		return nil, errors.Join(fault("begin a batch", err), os.RemoveAll(s.path(id)))
	}
	s.reserved[id] = share.Bytes + share.besides()
	return &Batch{s: s, id: id, share: share, file: file, at: map[string]int{}, next: 1}, nil
}

// Room tells whether there is room for a batch now, as Begin does.
func (s *Spool) Room(share Share) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, err := s.room(share)
	return err
}

// room returns the share that a batch gets. The caller holds mu.
func (s *Spool) room(share Share) (Share, error) {
	if s.quota == 0 {
		return share, nil
	}
	used, err := s.used()
	if err != nil {
		return share, err
	}
	want := share.Bytes + share.besides()
	if share.Bytes <= 0 || want > s.quota {
		want = s.quota
	}
	if used+want > s.quota {
		return share, full(fmt.Sprintf("%s holds %d bytes of %d, and a batch takes up to %d", s.dir, used, s.quota, want))
	}
	if share.Bytes = want - share.besides(); share.Bytes <= 0 {
		return share, &diag.Failure{Class: diag.Invalid, Op: "spool", Detail: fmt.Sprintf("a spool of %d bytes holds no batch of %d messages", s.quota, share.Items), Fix: "write a larger quota"}
	}
	return share, nil
}

// ID is the batch's.
func (b *Batch) ID() string { return b.id }

// Items is how many messages, and how many bytes, the batch holds.
func (b *Batch) Items() (items int, bytes int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.items, b.bytes
}

// Full tells that something did not fit, or that nothing more will.
func (b *Batch) Full() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.over || b.share.Items > 0 && b.items >= b.share.Items
}

// folder returns the number of a folder, making it if needed.
func (b *Batch) folder(path []string, use providers.Use) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	name := strings.Join(path, "\x00")
	i, ok := b.at[name]
	if !ok {
		i = len(b.x.folders)
		b.at[name] = i
		b.x.folders = append(b.x.folders, imapgate.Folder{Path: slices.Clone(path), Use: use, UIDValidity: validity, UIDNext: 1})
		b.x.messages, b.x.offsets = append(b.x.messages, nil), append(b.x.offsets, nil)
	}
	return i
}

// put stores all messages or none, and returns their numbers.
func (b *Batch) put(folder int, messages []providers.Message) ([]uint32, error) {
	var size int64
	for _, m := range messages {
		if m.Size < 0 {
			return nil, &diag.Failure{Class: diag.Internal, Op: "spool", Detail: "a message of unknown size"}
		}
		size += m.Size
	}
	from, first, err := b.allot(len(messages), size)
	if err != nil {
		return nil, err
	}
	at := from
	offsets := make([]int64, len(messages))
	for i, m := range messages {
		offsets[i] = at
		if err := b.write(at, m); err != nil {
			return nil, b.failed(from, size, len(messages), err)
		}
		at += m.Size
	}
	return b.take(folder, messages, offsets, first), nil
}

// allot finds a place for so many messages.
func (b *Batch) allot(n int, size int64) (from int64, first uint32, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case b.done:
		return 0, 0, &diag.Failure{Class: diag.Internal, Op: "spool", Detail: "batch " + b.id + " is frozen"}
	case b.share.Items > 0 && b.allowed+n > b.share.Items, b.share.Bytes > 0 && b.end+size > b.share.Bytes:
		b.over = true
		return 0, 0, ErrBatchFull
	}
	from, first = b.end, b.next
	b.end += size
	b.allowed += n
	b.next += uint32(n)
	return from, first, nil
}

// worth is how many messages a batch that a full disk ends has at least: each run
// mails its member.
const worth = 20

// failed gives a place back that was not filled. In the middle of the file it stays
// empty: the share is not exceeded, only not used up. On a full disk the batch is full
// too when nothing else in the spool is about to give room back.
func (b *Batch) failed(from, size int64, n int, err error) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.allowed -= n
	if b.end == from+size && !b.done {
		b.end = from
		if err := b.file.Truncate(from); err != nil {
			return fault("fill a batch", err)
		}
	}
	if !errors.Is(err, ErrFull) || b.items < worth {
		return err
	}
	ids, listed := b.s.List("")
	if listed != nil {
		return listed
	}
	for _, id := range ids {
		if frozen, looked := b.s.Frozen(id); looked != nil || frozen {
			return errors.Join(err, looked)
		}
	}
	b.over = true
	return ErrBatchFull
}

// write writes the bytes of a message.
func (b *Batch) write(at int64, m providers.Message) error {
	out := &counting{w: io.NewOffsetWriter(b.file, at)}
	// One byte more shows a body that does not end where it should.
	n, err := io.Copy(out, io.LimitReader(m.Body, m.Size))
	switch {
	case out.err != nil:
		return fault("fill a batch", out.err)
	case err != nil:
		return err
	case n != m.Size:
		return &diag.Failure{Class: diag.Invalid, Op: "spool", Detail: fmt.Sprintf("the message ends after %d of its %d bytes", n, m.Size)}
	}
	var one [1]byte
	if n, err := io.ReadFull(m.Body, one[:]); n > 0 {
		return &diag.Failure{Class: diag.Invalid, Op: "spool", Detail: fmt.Sprintf("the message goes on after its %d bytes", m.Size)}
	} else if !errors.Is(err, io.EOF) {
		return err
	}
	return nil
}

// counting tells errors of writing from those of reading.
type counting struct {
	w   io.Writer
	err error
}

// Write writes.
func (c *counting) Write(p []byte) (int, error) {
	n, err := c.w.Write(p)
	if err != nil {
		c.err = err
	}
	return n, err
}

// take notes messages that were written.
func (b *Batch) take(folder int, messages []providers.Message, offsets []int64, first uint32) []uint32 {
	b.mu.Lock()
	defer b.mu.Unlock()
	numbers := make([]uint32, len(messages))
	for i, m := range messages {
		numbers[i] = first + uint32(i)
		b.x.messages[folder] = append(b.x.messages[folder], imapgate.Message{UID: numbers[i], Size: m.Size, Date: m.Date, Flags: slices.Clone(m.Flags)})
		b.bytes += m.Size
		b.items++
	}
	b.x.offsets[folder] = append(b.x.offsets[folder], offsets...)
	f := &b.x.folders[folder]
	f.UIDNext = max(f.UIDNext, first+uint32(len(messages)))
	b.x.top = max(b.x.top, f.UIDNext-1)
	return numbers
}

// Freeze makes the batch one that can be served, durably. Nothing is put into it any
// more. Folders without messages are no part of it. A batch that could not be frozen is
// to be discarded.
func (b *Batch) Freeze() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.done = true
	err := b.file.Sync()
	if err = fault("freeze a batch", errors.Join(err, b.file.Close())); err != nil {
		return err
	}
	if err := os.Remove(b.s.path(b.id, roomFile)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fault("freeze a batch", err)
	}
	if err := b.s.seal(b.id, only(func(uint32) bool { return true }, &b.x)); err != nil {
		return err
	}
	b.s.mu.Lock()
	delete(b.s.reserved, b.id) // from now on what it holds counts
	b.s.mu.Unlock()
	b.s.freed.Add(1)
	return nil
}

// Discard throws the batch away.
func (b *Batch) Discard() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.done {
		b.done = true
		if err := b.file.Close(); err != nil {
			return errors.Join(fault("discard a batch", err), b.s.Remove(b.id))
		}
	}
	return b.s.Remove(b.id)
}

// byUID sorts messages and their offsets together.
type byUID struct {
	messages []imapgate.Message
	offsets  []int64
}

func (s byUID) sort() {
	if !sort.IsSorted(s) {
		sort.Sort(s)
	}
}

// Len is the number of messages.
func (s byUID) Len() int { return len(s.messages) }

// Less compares UIDs.
func (s byUID) Less(i, j int) bool { return s.messages[i].UID < s.messages[j].UID }

// Swap swaps two messages.
func (s byUID) Swap(i, j int) {
	s.messages[i], s.messages[j] = s.messages[j], s.messages[i]
	s.offsets[i], s.offsets[j] = s.offsets[j], s.offsets[i]
}
