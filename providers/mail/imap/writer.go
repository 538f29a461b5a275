package imap

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/internal/imapwire"
	"github.com/isaworks/isa/providers"
)

// What one Put holds where the limits do not say otherwise: as many messages as make
// a round trip cheap, as few bytes as are cheap to repeat.
const (
	putItems = 50
	putBytes = 1 << 20
)

// writer is an open account that takes mail.
type writer struct {
	*reader
	limits  providers.Limits
	folders []providers.Folder // as listed or made; nil: not asked yet
	next    uint32             // no message of the selected folder has a UID as high; 0: unknown
}

// Limits implements providers.Writer. What the server says of itself (APPENDLIMIT,
// RFC 7889) counts where it is less.
func (w *writer) Limits() providers.Limits {
	l := w.limits
	if said := w.conn.Value("APPENDLIMIT"); said > 0 && (l.Item == 0 || said < l.Item) {
		l.Item = said
	}
	l.Moves = w.conn.Has("MOVE")
	if l.Batch == 0 {
		l.Batch = putItems
	}
	if l.BatchBytes == 0 {
		l.BatchBytes = putBytes
	}
	return l
}

// Folders implements providers.Reader.
func (w *writer) Folders(ctx context.Context) ([]providers.Folder, error) {
	folders, err := w.reader.Folders(ctx)
	if err == nil {
		w.folders = slices.Clone(folders)
	}
	return folders, err
}

// Create implements providers.Writer. For a special use it returns the folder that
// the account has for it, whatever its name.
func (w *writer) Create(ctx context.Context, path []string, use providers.Use) (providers.Folder, error) {
	if w.folders == nil {
		folders, err := w.list(ctx, false)
		if err != nil {
			return providers.Folder{}, err
		}
		w.folders = append(folders, providers.Folder{ID: "INBOX", Path: []string{"INBOX"}, Use: providers.UseInbox})
	}
	if i := slices.IndexFunc(w.folders, func(f providers.Folder) bool { return use != "" && f.Use == use && f.Unserved == "" }); i >= 0 {
		return w.open(ctx, w.folders[i])
	}
	name, err := w.layout.name(w.conn, path)
	if err != nil {
		return providers.Folder{}, err
	}
	if f := w.find(name); f != nil && f.Unserved == "" {
		return w.open(ctx, *f)
	}
	var making []imapwire.Making
	for depth := 1; depth <= len(path); depth++ {
		above, err := w.layout.name(w.conn, path[:depth])
		if err != nil {
			return providers.Folder{}, err
		}
		if depth == len(path) {
			making = append(making, imapwire.Making{Name: above, Use: attributes()[use]})
		} else if w.find(above) == nil {
			making = append(making, imapwire.Making{Name: above})
		}
	}
	now, err := w.make(ctx, making)
	if err != nil {
		return providers.Folder{}, err
	}
	for _, m := range making[:len(making)-1] {
		w.folders = append(w.folders, providers.Folder{ID: m.Name})
	}
	f := asOf(providers.Folder{ID: name, Path: slices.Clone(path), Use: use, Bytes: -1}, now)
	w.folders = append(w.folders, f)
	w.next = now.Next
	return f, nil
}

// make makes folders; a special use that the server does not let be given is left.
func (w *writer) make(ctx context.Context, making []imapwire.Making) (*imapwire.Mailbox, error) {
	now, err := w.conn.Make(ctx, making)
	for try := 1; err != nil && passing(err) && try < attempts; try++ {
		making[len(making)-1].Use = ""
		now, err = w.conn.Make(ctx, making)
	}
	return now, err
}

// find is the folder of that name.
func (w *writer) find(name string) *providers.Folder {
	i := slices.IndexFunc(w.folders, func(f providers.Folder) bool { return f.ID == name })
	if i < 0 {
		return nil
	}
	return &w.folders[i]
}

// open selects a folder and returns it as it is now.
func (w *writer) open(ctx context.Context, f providers.Folder) (providers.Folder, error) {
	now, err := w.selectNow(ctx, f)
	if err != nil {
		return providers.Folder{}, err
	}
	f.Bytes = -1
	return asOf(f, now), nil
}

func (w *writer) selectNow(ctx context.Context, f providers.Folder) (now *imapwire.Mailbox, err error) {
	for try := 1; ; try++ {
		if now, err = w.conn.Select(ctx, f.ID); err == nil || try == attempts || !passing(err) {
			break
		}
	}
	if err != nil {
		return nil, err
	}
	if now.ReadOnly {
		return nil, &diag.Failure{Class: diag.Denied, Op: "open folder " + imapwire.ReadName(f.ID), Detail: "the server lets nobody write into it"}
	}
	w.next, w.seen = now.Next, progress{}
	return now, nil
}

// ready makes sure that the folder is selected and still the one whose keys are known.
func (w *writer) ready(ctx context.Context, f providers.Folder) (*imapwire.Mailbox, error) {
	now := w.conn.Selected()
	if now == nil || now.Name != f.ID {
		var err error
		if now, err = w.selectNow(ctx, f); err != nil {
			return nil, err
		}
	}
	return now, fits(f, now)
}

// Put implements providers.Writer. Where the server cannot store several messages in
// one command, some may be stored although it fails: the failure is then unknown
// (diag.MayHaveHappened), whatever its class.
func (w *writer) Put(ctx context.Context, f providers.Folder, messages []providers.Message) ([]providers.Delivery, error) {
	if len(messages) == 0 {
		return nil, nil
	}
	now, err := w.ready(ctx, f)
	if err != nil {
		return nil, err
	}
	entries := make([]imapwire.Entry, len(messages))
	for i, m := range messages {
		entries[i] = imapwire.Entry{Flags: kept(now, m.Flags), Date: m.Date, Size: m.Size, Body: m.Body}
	}
	done, err := w.conn.Append(ctx, f.ID, entries)
	if err != nil {
		return nil, err
	}
	return w.deliveries(ctx, now, messages, done), nil
}

// kept are the flags that the folder keeps.
func kept(now *imapwire.Mailbox, flags []string) []string {
	for i, flag := range flags {
		if !now.Keeps(flag) {
			some := slices.Clone(flags[:i])
			for _, flag := range flags[i+1:] {
				if now.Keeps(flag) {
					some = append(some, flag)
				}
			}
			return some
		}
	}
	return flags
}

// deliveries are the keys of what was stored: as the server told them, or, from one
// without UIDPLUS, as they turn up at the end of the folder in the right number, order
// and size.
func (w *writer) deliveries(ctx context.Context, now *imapwire.Mailbox, messages []providers.Message, done imapwire.Appended) []providers.Delivery {
	out := make([]providers.Delivery, len(messages))
	uids := done.UIDs
	switch {
	case uids != nil && done.Validity != now.Validity:
		uids = nil
	case uids == nil && !w.conn.Has("UIDPLUS") && w.next > 0:
		uids = w.found(ctx, messages)
	}
	for i, uid := range uids {
		out[i].ID = key(uid)
		w.next = max(w.next, uid+1)
	}
	return out
}

// found looks for what was stored last. A failure is no failure of the Put: the keys
// are then unknown, and the next call meets the broken connection.
func (w *writer) found(ctx context.Context, messages []providers.Message) []uint32 {
	uids, err := w.since(ctx, w.next, messages)
	if err == nil && len(uids) == 0 {
		if err = w.conn.Noop(ctx); err == nil {
			uids, err = w.since(ctx, w.next, messages)
		}
	}
	if err != nil || len(uids) != len(messages) {
		return nil
	}
	return uids
}

// since are the UIDs from next on, when they are as many as the messages and of the
// same sizes.
func (w *writer) since(ctx context.Context, next uint32, messages []providers.Message) ([]uint32, error) {
	var uids []uint32
	same := true
	err := w.conn.Fetch(ctx, imapwire.Fetch{
		Folder: w.conn.Selected().Name, Items: imapwire.Items{Size: true},
		Sets: func(yield func(imapwire.Set) bool) { yield(imapwire.Set{{From: next}}) },
		Yield: func(m *imapwire.Message) error {
			at := len(uids)
			if m.UID < next || at > len(messages) {
				return nil
			}
			same = same && at < len(messages) && m.Size == messages[at].Size && (at == 0 || m.UID > uids[at-1])
			uids = append(uids, m.UID)
			w.next = max(w.next, m.UID+1)
			return nil
		},
	})
	if !same {
		return nil, err
	}
	return uids, err
}

// Flag implements providers.Writer.
func (w *writer) Flag(ctx context.Context, f providers.Folder, items []providers.Item) error {
	if len(items) == 0 {
		return nil
	}
	now, err := w.ready(ctx, f)
	if err != nil {
		return err
	}
	var order []string
	alike := map[string][]uint32{}
	sets := map[string][]string{}
	for _, it := range items {
		uid, err := uidOf(it.Key)
		if err != nil {
			return err
		}
		flags := kept(now, it.Flags)
		same := strings.Join(flags, " ")
		if _, ok := sets[same]; !ok {
			order = append(order, same)
			sets[same] = flags
		}
		alike[same] = append(alike[same], uid)
	}
	var all []imapwire.Flagging
	for _, same := range order {
		slices.Sort(alike[same])
		for uids := range slices.Chunk(slices.Compact(alike[same]), fetchItems) {
			all = append(all, imapwire.Flagging{Set: imapwire.SetOf(uids), Flags: sets[same]})
		}
	}
	for try := 1; ; try++ {
		if err = w.conn.Store(ctx, all); err == nil || try == attempts || !passing(err) {
			return err
		}
	}
}

// Rename implements providers.Writer.
func (w *writer) Rename(ctx context.Context, f providers.Folder, path []string) (providers.Folder, error) {
	if w.folders == nil {
		if _, err := w.Folders(ctx); err != nil {
			return providers.Folder{}, err
		}
	}
	name, err := w.layout.name(w.conn, path)
	if err != nil {
		return providers.Folder{}, err
	}
	if len(path) > 1 {
		if above, err := w.layout.name(w.conn, path[:len(path)-1]); err == nil && w.find(above) == nil {
			if _, err := w.Create(ctx, path[:len(path)-1], ""); err != nil {
				return providers.Folder{}, err
			}
		}
	}
	if err := w.conn.Rename(ctx, f.ID, name); err != nil {
		return providers.Folder{}, err
	}
	w.folders = nil // what was below has other names too
	f.ID, f.Path = name, slices.Clone(path)
	return w.open(ctx, f)
}

// Move implements providers.Writer, by UID MOVE (RFC 6851).
func (w *writer) Move(ctx context.Context, from providers.Folder, items []providers.Item, to providers.Folder) ([]providers.Delivery, error) {
	out := make([]providers.Delivery, len(items))
	uids := make([]uint32, len(items))
	at := make(map[uint32]int, len(items))
	for i, it := range items {
		uid, err := uidOf(it.Key)
		if err != nil {
			return nil, err
		}
		uids[i], at[uid] = uid, i
	}
	if _, err := w.ready(ctx, from); err != nil || len(items) == 0 {
		return out, err
	}
	slices.Sort(uids)
	moved, err := w.conn.Move(ctx, slices.Compact(uids), to.ID)
	if err != nil {
		return nil, err
	}
	if strconv.FormatUint(uint64(moved.Validity), 10) == to.Epoch {
		for uid, now := range moved.To {
			if i, ok := at[uid]; ok {
				out[i].ID = key(now)
			}
		}
	}
	return out, nil
}
