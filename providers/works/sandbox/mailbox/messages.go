package mailbox

import (
	"slices"

	"github.com/emersion/go-imap/v2"
)

// uids are messages of a folder, in order.
type uids []uint32

// store changes the flags of messages. Those that are gone are passed over. It
// returns those whose flags became other ones.
func (b *box) store(f *folder, list uids, op imap.StoreFlagsOp, flags []string) (uids, error) {
	var changed uids
	groups := map[uint32]imap.UIDSet{} // by old number, since one STORE makes equal sets of equal ones
	for _, uid := range list {
		i, ok := f.find(uid)
		if !ok {
			continue
		}
		old := f.list[i].flags
		if b.flags.number(combine(b.flags.sets[old], op, flags)) != old {
			groups[old] = addUID(groups[old], uid)
			changed = append(changed, uid)
		}
	}
	var changes []change
	for _, old := range sortedKeys(groups) {
		changes = append(changes, change{Folder: f.id, Flag: groups[old].String(), Flags: combine(b.flags.sets[old], op, flags)})
	}
	if len(changes) == 0 {
		return nil, nil
	}
	return changed, b.write(changes)
}

func sortedKeys[V any](m map[uint32]V) []uint32 {
	keys := make([]uint32, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// expunge removes messages that are flagged \Deleted, of those in within (nil: all).
func (b *box) expunge(f *folder, within *imap.UIDSet) error {
	var set imap.UIDSet
	for i := range f.list {
		m := &f.list[i]
		if hasFlag(b.flags.sets[m.flags], string(imap.FlagDeleted)) && (within == nil || within.Contains(imap.UID(m.uid))) {
			set = addUID(set, m.uid)
		}
	}
	if len(set) == 0 {
		return nil
	}
	return b.write([]change{{Folder: f.id, Expunge: set.String()}})
}

// copied tells where messages went; equal in length and order.
type copied struct {
	validity uint32
	from, to imap.UIDSet
}

// copy puts messages into another folder, sharing their bytes; move takes them out
// of the first in the same write.
func (b *box) copy(f *folder, list uids, to string, move bool) (*copied, error) {
	target := b.folder(to)
	if target == nil {
		return nil, noFolder(true)
	}
	done := &copied{validity: target.validity}
	var changes []change
	next := target.next
	for _, uid := range list {
		i, ok := f.find(uid)
		if !ok {
			continue
		}
		m := f.list[i]
		changes = append(changes, change{Folder: target.id, UID: next, At: m.at, Size: int64(m.size), Date: m.date, Zone: int(m.zone), Flags: b.flags.sets[m.flags]})
		done.from, done.to = addUID(done.from, uid), addUID(done.to, next)
		next++
	}
	if len(changes) == 0 {
		return done, nil
	}
	if move {
		changes = append(changes, change{Folder: f.id, Expunge: done.from.String()})
	}
	return done, b.write(changes)
}
