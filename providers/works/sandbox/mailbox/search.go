package mailbox

import (
	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapserver"

	"github.com/isaworks/isa/internal/rawmail"
)

// Search finds messages of the selected folder.
func (s *session) Search(kind imapserver.NumKind, criteria *imap.SearchCriteria, _ *imap.SearchOptions) (*imap.SearchData, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	all, err := s.look(s.view.uids, false)
	if err != nil {
		return nil, err
	}
	var seqs imap.SeqSet
	var found imap.UIDSet
	data := &imap.SearchData{}
	for i := range all {
		m := &all[i]
		c := &rawmail.Candidate{Seq: m.seq, UID: m.uid, LastSeq: uint32(len(s.view.uids)), LastUID: s.view.last(),
			Flags: m.flags, Date: m.when(), Message: s.open(m)}
		ok, err := c.Matches(criteria)
		if err != nil {
			return nil, err
		}
		if !ok {
			continue
		}
		n := m.uid
		if kind == imapserver.NumKindSeq {
			n = m.seq
		}
		found = addUID(found, n)
		if data.Count == 0 {
			data.Min = n
		}
		data.Max = n
		data.Count++
	}
	data.All = found
	if kind == imapserver.NumKindSeq {
		for _, r := range found {
			seqs = append(seqs, imap.SeqRange{Start: uint32(r.Start), Stop: uint32(r.Stop)})
		}
		data.All = seqs
	}
	return data, nil
}
