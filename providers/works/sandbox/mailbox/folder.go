package mailbox

import (
	"slices"
	"sort"
	"strings"
	"time"

	"github.com/emersion/go-imap/v2"
)

// sep divides the levels of a folder's name inside the store. The delimiter that
// clients see is Behaviour's.
const sep = "\x1f"

const inbox = "INBOX"

// folder is one folder of a mailbox, guarded by the lock of its box.
type folder struct {
	id       uint32
	name     string
	use      imap.MailboxAttr // "" none
	validity uint32
	next     uint32
	follow   bool // subscribed
	system   bool
	gone     bool // deleted, or in a new epoch: sessions that have it open are cut off
	list     []message
	expunged uint64 // grows with each expunge
	changed  uint64 // grows with each change of flags; message.changed is its value then
}

// message is what memory holds of a message.
type message struct {
	at      int64
	date    int64
	changed uint64
	uid     uint32
	size    uint32
	flags   uint32 // number of a set in box.flags
	zone    int16
}

func (m *message) when() time.Time {
	return time.Unix(m.date, 0).In(time.FixedZone("", int(m.zone)*60))
}

// find returns where a UID is or would be.
func (f *folder) find(uid uint32) (int, bool) {
	i := sort.Search(len(f.list), func(i int) bool { return f.list[i].uid >= uid })
	return i, i < len(f.list) && f.list[i].uid == uid
}

// remove takes out messages whose UIDs are in the set.
func (f *folder) remove(set imap.UIDSet) {
	f.list = slices.DeleteFunc(f.list, func(m message) bool { return set.Contains(imap.UID(m.uid)) })
	f.expunged++
}

func (f *folder) bytes() int64 {
	var n int64
	for i := range f.list {
		n += int64(f.list[i].size)
	}
	return n
}

// flagTable numbers sets of flags, each of which is kept once. Keywords keep the
// case in which they were written.
type flagTable struct {
	sets    [][]string
	numbers map[string]uint32
}

func newFlagTable() *flagTable {
	return &flagTable{sets: [][]string{nil}, numbers: map[string]uint32{"": 0}}
}

// number returns the number of a set that is in order (see normal).
func (t *flagTable) number(set []string) uint32 {
	key := strings.Join(set, " ")
	n, ok := t.numbers[key]
	if !ok {
		n = uint32(len(t.sets))
		t.sets = append(t.sets, set)
		t.numbers[key] = n
	}
	return n
}

// normal sorts flags and drops repetitions, which do not count case.
func normal(flags []string) []string {
	out := slices.Clone(flags)
	slices.SortStableFunc(out, func(a, b string) int { return strings.Compare(strings.ToLower(a), strings.ToLower(b)) })
	return slices.CompactFunc(out, strings.EqualFold)
}

func hasFlag(set []string, flag string) bool {
	return slices.ContainsFunc(set, func(have string) bool { return strings.EqualFold(have, flag) })
}

// combine returns a set after a STORE.
func combine(old []string, op imap.StoreFlagsOp, flags []string) []string {
	switch op {
	case imap.StoreFlagsAdd:
		return normal(append(slices.Clone(old), flags...))
	case imap.StoreFlagsDel:
		return slices.DeleteFunc(slices.Clone(old), func(f string) bool { return hasFlag(flags, f) })
	default:
		return normal(flags)
	}
}

// systemFolder is a folder that every mailbox has: reference 41 §4.
type systemFolder struct {
	english, korean string
	use             imap.MailboxAttr
}

func systemFolders() []systemFolder {
	return []systemFolder{
		{inbox, inbox, ""},
		{"Sent", "보낸메일함", imap.MailboxAttrSent},
		{"Drafts", "임시보관함", imap.MailboxAttrDrafts},
		{"Memo", "내게쓴메일함", ""},
		{"Spam", "스팸메일함", imap.MailboxAttrJunk},
		{"Trash", "휴지통", imap.MailboxAttrTrash},
	}
}
