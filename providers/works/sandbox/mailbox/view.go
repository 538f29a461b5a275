package mailbox

import (
	"slices"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapserver"
)

// view is a folder as one session sees it: the n-th UID has the sequence number
// n+1, also while its message is expunged and the client was not told yet.
type view struct {
	folder   *folder
	readOnly bool
	uids     []uint32
	expunged uint64 // folder.expunged that the client was told of
	changed  uint64 // likewise folder.changed
}

func newView(f *folder, readOnly bool) *view {
	v := &view{folder: f, readOnly: readOnly, uids: make([]uint32, len(f.list)), expunged: f.expunged, changed: f.changed}
	for i := range f.list {
		v.uids[i] = f.list[i].uid
	}
	return v
}

// news is what a client has to be told, in this order.
type news struct {
	expunged []uint32 // sequence numbers, the highest first
	exists   uint32   // 0: as before
	flags    []flagNews
}

type flagNews struct {
	seq   uint32
	uid   imap.UID
	flags []imap.Flag
}

// news brings the view up to date. The caller holds the lock of the box.
func (v *view) news(b *box, allowExpunge bool) news {
	var n news
	f := v.folder
	if f.gone {
		return n
	}
	if allowExpunge && f.expunged != v.expunged {
		n.expunged = v.drop()
		v.expunged = f.expunged
	}
	last, before := v.last(), len(v.uids)
	for i, _ := f.find(last + 1); i < len(f.list); i++ {
		v.uids = append(v.uids, f.list[i].uid)
	}
	if len(v.uids) != before {
		n.exists = uint32(len(v.uids))
	}
	if f.changed != v.changed {
		for i := range f.list {
			if m := &f.list[i]; m.changed > v.changed {
				n.flags = append(n.flags, flagNews{v.seq(m.uid), imap.UID(m.uid), b.flagsOf(m)})
			}
		}
		v.changed = f.changed
	}
	return n
}

// drop takes messages out of the view that are gone.
func (v *view) drop() []uint32 {
	var gone []uint32
	kept := v.uids[:0]
	k := 0
	for i, uid := range v.uids {
		for k < len(v.folder.list) && v.folder.list[k].uid < uid {
			k++
		}
		if k < len(v.folder.list) && v.folder.list[k].uid == uid {
			kept = append(kept, uid)
		} else {
			gone = append(gone, uint32(i+1))
		}
	}
	v.uids = kept
	slices.Reverse(gone)
	return gone
}

// last is the highest UID; 0 when there is none.
func (v *view) last() uint32 {
	if len(v.uids) == 0 {
		return 0
	}
	return v.uids[len(v.uids)-1]
}

// seq is the sequence number of a UID.
func (v *view) seq(uid uint32) uint32 {
	i, _ := slices.BinarySearch(v.uids, uid)
	return uint32(i + 1)
}

func (n news) write(w *imapserver.UpdateWriter) error {
	for _, seq := range n.expunged {
		if err := w.WriteExpunge(seq); err != nil {
			return err
		}
	}
	if n.exists > 0 {
		if err := w.WriteNumMessages(n.exists); err != nil {
			return err
		}
	}
	for _, f := range n.flags {
		if err := w.WriteMessageFlags(f.seq, f.uid, f.flags); err != nil {
			return err
		}
	}
	return nil
}

// flagsOf returns a message's flags as the library writes them.
func (b *box) flagsOf(m *message) []imap.Flag { return asFlags(b.flags.sets[m.flags]) }

func asFlags(set []string) []imap.Flag {
	out := make([]imap.Flag, len(set))
	for i, f := range set {
		out[i] = imap.Flag(f)
	}
	return out
}

// pick returns the messages of the view that a client names, in order, each once.
func (v *view) pick(set imap.NumSet) (uids, error) {
	if imap.IsSearchRes(set) {
		return nil, bad("SEARCHRES is not supported")
	}
	var spans []span
	switch set := set.(type) {
	case imap.SeqSet:
		for _, r := range set {
			spans = append(spans, v.seqSpan(r))
		}
	case imap.UIDSet:
		for _, r := range set {
			spans = append(spans, v.uidSpan(r))
		}
	}
	slices.SortFunc(spans, func(a, b span) int { return a.from - b.from })
	var out uids
	at := 0
	for _, s := range spans {
		from := max(at, s.from)
		if s.to > from {
			out = append(out, v.uids[from:s.to]...)
			at = s.to
		}
	}
	return out, nil
}

// span is a part of view.uids.
type span struct{ from, to int }

// seqSpan: 0 is "*", the last message.
func (v *view) seqSpan(r imap.SeqRange) span {
	n := len(v.uids)
	from, to := int(r.Start), int(r.Stop)
	if from == 0 {
		from = n
	}
	if to == 0 {
		to = n
	}
	if from > to {
		from, to = to, from
	}
	return span{max(from-1, 0), min(to, n)}
}

func (v *view) uidSpan(r imap.UIDRange) span {
	if len(v.uids) == 0 {
		return span{}
	}
	last := v.uids[len(v.uids)-1]
	from, to := uint32(r.Start), uint32(r.Stop)
	if from == 0 {
		from = last
	}
	if to == 0 {
		to = last
	}
	if from > to {
		from, to = to, from
	}
	i, _ := slices.BinarySearch(v.uids, from)
	k, found := slices.BinarySearch(v.uids, to)
	if found {
		k++
	}
	return span{i, k}
}
