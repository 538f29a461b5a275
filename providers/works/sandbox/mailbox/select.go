package mailbox

import (
	"slices"
	"strings"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapserver"
)

// Select opens a folder. No session holds it open for others.
func (s *session) Select(name string, options *imap.SelectOptions) (*imap.SelectData, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.box.mu.RLock()
	defer s.box.mu.RUnlock()
	f := s.box.folder(s.names.inner(name))
	if f == nil {
		return nil, noFolder(false)
	}
	s.view = newView(f, options.ReadOnly)
	data := &imap.SelectData{NumMessages: uint32(len(f.list)), UIDNext: imap.UID(f.next), UIDValidity: f.validity}
	seen := make([]bool, len(s.box.flags.sets))
	for i := range f.list {
		m := &f.list[i]
		if data.FirstUnseenSeqNum == 0 && !hasFlag(s.box.flags.sets[m.flags], string(imap.FlagSeen)) {
			data.FirstUnseenSeqNum = uint32(i + 1)
		}
		if !seen[m.flags] {
			seen[m.flags] = true
			data.Flags = append(data.Flags, s.box.flagsOf(m)...)
		}
	}
	system := []imap.Flag{imap.FlagAnswered, imap.FlagFlagged, imap.FlagDeleted, imap.FlagSeen, imap.FlagDraft}
	data.Flags = once(append(slices.Clone(system), data.Flags...))
	if options.ReadOnly {
		return data, nil
	}
	data.PermanentFlags = system
	if s.how.KeepKeywords {
		data.PermanentFlags = append(slices.Clone(data.Flags), imap.FlagWildcard)
	}
	return data, nil
}

// once drops flags that were named before.
func once(flags []imap.Flag) []imap.Flag {
	var out []imap.Flag
	have := map[string]bool{}
	for _, f := range flags {
		if key := strings.ToLower(string(f)); !have[key] {
			have[key] = true
			out = append(out, f)
		}
	}
	return out
}

// Unselect leaves the folder.
func (s *session) Unselect() error {
	s.mu.Lock()
	s.view = nil
	s.mu.Unlock()
	return nil
}

// Status counts a folder.
func (s *session) Status(name string, options *imap.StatusOptions) (*imap.StatusData, error) {
	s.box.mu.RLock()
	defer s.box.mu.RUnlock()
	f := s.box.folder(s.names.inner(name))
	if f == nil {
		return nil, noFolder(false)
	}
	return s.status(f, options), nil
}

// status fills everything that was asked for. The caller holds the lock of the box.
func (s *session) status(f *folder, options *imap.StatusOptions) *imap.StatusData {
	count := func(flag imap.Flag, has bool) *uint32 {
		with := make([]bool, len(s.box.flags.sets))
		for i, set := range s.box.flags.sets {
			with[i] = hasFlag(set, string(flag))
		}
		var n uint32
		for i := range f.list {
			if with[f.list[i].flags] == has {
				n++
			}
		}
		return &n
	}
	data := &imap.StatusData{Mailbox: s.names.outer(f.name), NumMessages: pointer(uint32(len(f.list))), NumRecent: new(uint32),
		UIDNext: imap.UID(f.next), UIDValidity: f.validity, DeletedStorage: new(int64)}
	if options.NumUnseen {
		data.NumUnseen = count(imap.FlagSeen, false)
	}
	if options.NumDeleted {
		data.NumDeleted = count(imap.FlagDeleted, true)
	}
	if options.Size {
		data.Size = pointer(f.bytes())
	}
	if options.DeletedStorage {
		data.DeletedStorage = pointer(s.deletedBytes(f))
	}
	if s.how.AppendLimit > 0 && s.how.AppendLimit <= largest {
		data.AppendLimit = pointer(uint32(s.how.AppendLimit))
	}
	return data
}

func (s *session) deletedBytes(f *folder) int64 {
	var n int64
	for i := range f.list {
		if m := &f.list[i]; hasFlag(s.box.flags.sets[m.flags], string(imap.FlagDeleted)) {
			n += int64(m.size)
		}
	}
	return n
}

// List lists folders: the system's in their order, then by name.
func (s *session) List(w *imapserver.ListWriter, ref string, patterns []string, options *imap.ListOptions) error {
	if len(patterns) == 0 { // RFC 3501 §6.3.8: asks for the delimiter
		return w.WriteList(&imap.ListData{Attrs: []imap.MailboxAttr{imap.MailboxAttrNoSelect}, Delim: s.how.Delimiter})
	}
	s.box.mu.RLock()
	var list []*imap.ListData
	for _, f := range s.box.sorted() {
		if s.listed(f, ref, patterns, options) {
			list = append(list, s.listData(f, options))
		}
	}
	s.box.mu.RUnlock()
	for _, data := range list {
		if err := w.WriteList(data); err != nil {
			return err
		}
	}
	return nil
}

func (s *session) listed(f *folder, ref string, patterns []string, options *imap.ListOptions) bool {
	if options.SelectSubscribed && !f.follow || options.SelectSpecialUse && (f.use == "" || !s.how.SpecialUse) {
		return false
	}
	name := s.names.outer(f.name)
	return slices.ContainsFunc(patterns, func(p string) bool {
		if strings.EqualFold(p, inbox) {
			p = inbox
		}
		return imapserver.MatchList(name, s.how.Delimiter, ref, p)
	})
}

func (s *session) listData(f *folder, options *imap.ListOptions) *imap.ListData {
	data := &imap.ListData{Mailbox: s.names.outer(f.name), Delim: s.how.Delimiter}
	if len(s.box.below(f.name)) > 0 {
		data.Attrs = append(data.Attrs, imap.MailboxAttrHasChildren)
	} else {
		data.Attrs = append(data.Attrs, imap.MailboxAttrHasNoChildren)
	}
	if f.use != "" && s.how.SpecialUse {
		data.Attrs = append(data.Attrs, f.use)
	}
	if f.follow && (options.SelectSubscribed || options.ReturnSubscribed) {
		data.Attrs = append(data.Attrs, imap.MailboxAttrSubscribed)
	}
	if options.ReturnStatus != nil {
		data.Status = s.status(f, options.ReturnStatus)
	}
	return data
}

// sorted returns the folders in the order in which they are listed.
func (b *box) sorted() []*folder {
	out := slices.Clone(b.folders)
	slices.SortFunc(out, func(x, y *folder) int {
		switch {
		case x.system && y.system:
			return int(x.id) - int(y.id)
		case x.system:
			return -1
		case y.system:
			return 1
		}
		return strings.Compare(x.name, y.name)
	})
	return out
}
