package dedupe

import (
	"bytes"
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"slices"
	"strings"

	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/providers"
)

const (
	chunk = 200 // messages whose bytes are asked for at once
	// finest is how finely heads are divided. What does not fit into memory even then
	// is so alike that dividing does not help.
	finest = 1 << 16
	// observed is how many messages pass between two words about progress.
	observed = 1000
)

// share is a part of all heads: those that leave nth when divided by of.
type share struct{ nth, of uint64 }

func (s share) has(head [16]byte) bool { return binary.BigEndian.Uint64(head[:8])%s.of == s.nth }

// message is one whose head was read.
type message struct {
	head, body [16]byte
	date       int64 // seconds since 1970
	size       int64
	key        string
	folder     int32 // in run.folders
	read       bool  // body is known
}

// named tells that the message has a Message-ID.
func (m *message) named() bool { return m.head[15]&1 == 1 }

// errOverfull ends a scan that yields more than is held.
var errOverfull = errors.New("more messages than are held")

// deleted tells that somebody marked a message as deleted.
func deleted(flags []string) bool {
	return slices.ContainsFunc(flags, func(f string) bool { return strings.EqualFold(f, `\Deleted`) })
}

// share searches among the messages of a share, and moves what is to be moved of it.
// fits is false when they are too many: nothing was done then.
func (r *run) share(ctx context.Context, s share) (fits bool, err error) {
	tally := make([]Folder, len(r.folders))
	messages, err := r.scan(ctx, s, tally)
	if errors.Is(err, errOverfull) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	messages = repeated(messages)
	if err := r.read(ctx, messages, tally); err != nil {
		return false, err
	}
	messages = slices.DeleteFunc(messages, func(m message) bool { return !m.read })
	elsewhere(messages, tally)
	sets := proven(messages, tally)
	for i := range tally {
		r.found.Folders[i].add(tally[i])
	}
	return true, r.move(ctx, sets)
}

// scan reads the heads of a share. Folders that cannot be read are left out from then
// on.
func (r *run) scan(ctx context.Context, s share, tally []Folder) (out []message, err error) {
	for i, f := range r.folders {
		if r.found.Folders[i].Err != nil {
			continue
		}
		out, err = r.scanFolder(ctx, s, i, f, out, &tally[i].Messages)
		if errors.Is(err, errOverfull) || err != nil && !r.sick(ctx, i, err) {
			return nil, err
		}
	}
	return out, nil
}

// sick notes why a folder cannot be searched, unless that concerns the whole mailbox.
func (r *run) sick(ctx context.Context, i int, err error) bool {
	switch diag.ClassOf(err) {
	case diag.Cancelled, diag.Denied, diag.Limited, diag.Internal:
		return false
	}
	if r.link.once(ctx, func(providers.Writer) error { return nil }) != nil {
		return false // the mailbox cannot be reached at all
	}
	r.link.gotOn()
	r.found.Folders[i].Err = err
	return true
}

func (r *run) scanFolder(ctx context.Context, s share, at int, f providers.Folder, out []message, count *int64) ([]message, error) {
	last := ""
	err := r.link.do(ctx, func(w providers.Writer) error {
		_, err := w.Scan(ctx, f, providers.Scan{From: last, Prints: true}, func(it providers.Item) error {
			if it.Key <= last {
				return nil
			}
			last = it.Key
			r.link.gotOn()
			if r.done.Scanned++; r.done.Scanned%observed == 0 {
				r.tell()
			}
			if err := ctx.Err(); err != nil {
				return err
			}
			if !s.has(it.Print.Head) {
				return nil
			}
			*count++
			if deleted(it.Flags) {
				return nil
			}
			if len(out) >= r.Held*2 && s.of < finest {
				return errOverfull
			}
			out = append(out, message{head: it.Print.Head, date: it.Date.Unix(), size: it.Size, key: it.Key, folder: int32(at)})
			return nil
		})
		return err
	})
	return out, err
}

// repeated are the messages whose head is there more than once, by folder and key.
func repeated(all []message) []message {
	slices.SortFunc(all, func(a, b message) int { return bytes.Compare(a.head[:], b.head[:]) })
	out := all[:0]
	for same := range runs(all, func(a, b *message) bool { return a.head == b.head }) {
		if len(same) > 1 {
			out = append(out, same...)
		}
	}
	slices.SortFunc(out, byPlace)
	return slices.Clip(out)
}

func byPlace(a, b message) int {
	return cmp.Or(cmp.Compare(a.folder, b.folder), strings.Compare(a.key, b.key))
}

// runs yields neighbours that are the same.
func runs(all []message, same func(a, b *message) bool) func(yield func([]message) bool) {
	return func(yield func([]message) bool) {
		for from := 0; from < len(all); {
			to := from + 1
			for to < len(all) && same(&all[from], &all[to]) {
				to++
			}
			if !yield(all[from:to]) {
				return
			}
			from = to
		}
	}
}

func sameFolder(a, b *message) bool { return a.folder == b.folder }

// read reads the bytes of messages, which are in the order of folder and key.
func (r *run) read(ctx context.Context, messages []message, tally []Folder) error {
	for inFolder := range runs(messages, sameFolder) {
		at := int(inFolder[0].folder)
		for part := range slices.Chunk(inFolder, chunk) {
			unread, err := r.readChunk(ctx, r.folders[at], part)
			if err != nil && !r.sick(ctx, at, err) {
				return err
			}
			tally[at].Unread += unread
			if err != nil {
				break
			}
		}
	}
	return nil
}

// readChunk reads the bytes of some messages of a folder, and counts those that the
// store does not hand over. What has vanished stays unread.
func (r *run) readChunk(ctx context.Context, f providers.Folder, part []message) (unread int64, err error) {
	at := make(map[string]*message, len(part))
	for i := range part {
		at[part[i].key] = &part[i]
	}
	gone := map[string]bool{} // marked as deleted meanwhile
	printer := providers.NewPrinter()
	rest := func() (items []providers.Item) {
		for i := range part {
			if m := &part[i]; !m.read && !gone[m.key] {
				items = append(items, providers.Item{Key: m.key, Size: m.size})
			}
		}
		return items
	}
	err = r.link.do(ctx, func(w providers.Writer) error {
		return w.Fetch(ctx, f, rest(), func(it providers.Message) error {
			printer.Reset()
			n, err := io.Copy(printer, it.Body)
			if err != nil {
				return err
			}
			r.link.gotOn()
			m := at[it.Key]
			if m == nil {
				return nil
			}
			if deleted(it.Flags) {
				gone[it.Key] = true
				return nil
			}
			m.body, m.read, m.size = printer.Print().Body, true, n
			r.done.Compared, r.done.Bytes = r.done.Compared+1, r.done.Bytes+n
			r.tell()
			return ctx.Err()
		})
	})
	if diag.ClassOf(err) == diag.Invalid {
		return int64(len(rest())), nil
	}
	return 0, err
}

// elsewhere counts messages that other folders hold too.
func elsewhere(messages []message, tally []Folder) {
	slices.SortFunc(messages, func(a, b message) int {
		return cmp.Or(bytes.Compare(a.body[:], b.body[:]), byPlace(a, b))
	})
	for same := range runs(messages, func(a, b *message) bool { return a.body == b.body }) {
		if same[0].folder == same[len(same)-1].folder {
			continue
		}
		for inFolder := range runs(same, sameFolder) {
			tally[inFolder[0].folder].Elsewhere++
		}
	}
}

// copied is a proven copy and the message that stays.
type copied struct {
	stays, copy string // keys
	folder      int32
}

// proven finds the proven sets, by folder, and within it by key of the copy.
func proven(messages []message, tally []Folder) []copied {
	slices.SortFunc(messages, func(a, b message) int {
		return cmp.Or(cmp.Compare(a.folder, b.folder), bytes.Compare(a.head[:], b.head[:]), bytes.Compare(a.body[:], b.body[:]),
			cmp.Compare(a.receipt(), b.receipt()), strings.Compare(a.key, b.key))
	})
	var out []copied
	for alike := range runs(messages, func(a, b *message) bool { return a.folder == b.folder && a.head == b.head }) {
		t := &tally[alike[0].folder]
		others := int64(len(alike)) - 1
		for same := range runs(alike, func(a, b *message) bool { return a.body == b.body && a.receipt() == b.receipt() }) {
			if len(same) == 1 {
				continue
			}
			t.Sets++
			for _, m := range same[1:] {
				t.Copies++
				t.Bytes += m.size
				out = append(out, copied{same[0].key, m.key, m.folder})
			}
			others -= int64(len(same)) - 1
		}
		t.Alike += others
	}
	slices.SortFunc(out, func(a, b copied) int {
		return cmp.Or(cmp.Compare(a.folder, b.folder), strings.Compare(a.copy, b.copy))
	})
	return out
}

// receipt is what of the date of receipt counts: nothing where a Message-ID names the
// message, since there are servers and tools that do not keep the date.
func (m *message) receipt() int64 {
	if m.named() {
		return 0
	}
	return m.date
}
