package mailbox

import (
	"errors"
	"io"
	"slices"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapserver"

	"github.com/isaworks/isa/internal/rawmail"
)

// fetched is how many messages are looked up at a time: the lock is not held while
// they are sent.
const fetched = 256

// picked is a message as it was when it was looked up.
type picked struct {
	message
	seq   uint32
	flags []imap.Flag
	told  bool // its flags were changed by this FETCH: they are part of the answer
}

// Fetch sends messages. What is gone is passed over.
func (s *session) Fetch(w *imapserver.FetchWriter, set imap.NumSet, options *imap.FetchOptions) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	list, err := s.view.pick(set)
	if err != nil {
		return err
	}
	s.conn.raw(true)
	defer s.conn.raw(false)
	seen := !s.view.readOnly && reads(options)
	for part := range slices.Chunk(list, fetched) {
		batch, err := s.look(part, seen)
		if err != nil {
			return err
		}
		for i := range batch {
			if err := s.send(w, &batch[i], options); err != nil {
				return errors.Join(err, s.conn.Close()) // an answer may be half written
			}
			if (len(options.BodySection) > 0 || len(options.BinarySection) > 0) && s.passed() {
				return errors.Join(errCut, s.conn.Close())
			}
		}
	}
	return nil
}

// reads tells that a FETCH sets \Seen.
func reads(options *imap.FetchOptions) bool {
	return slices.ContainsFunc(options.BodySection, func(b *imap.FetchItemBodySection) bool { return !b.Peek }) ||
		slices.ContainsFunc(options.BinarySection, func(b *imap.FetchItemBinarySection) bool { return !b.Peek })
}

// look finds messages and marks them as seen, if asked to.
func (s *session) look(list uids, seen bool) ([]picked, error) {
	var changed uids
	if seen {
		var err error
		if changed, err = s.flag(list, imap.StoreFlagsAdd, []string{string(imap.FlagSeen)}); err != nil {
			return nil, err
		}
	}
	s.box.mu.RLock()
	defer s.box.mu.RUnlock()
	f := s.view.folder
	out := make([]picked, 0, len(list))
	for _, uid := range list {
		i, ok := f.find(uid)
		if !ok || f.gone {
			continue
		}
		_, told := slices.BinarySearch(changed, uid)
		out = append(out, picked{message: f.list[i], seq: s.view.seq(uid), flags: s.box.flagsOf(&f.list[i]), told: told})
	}
	return out, nil
}

// flag changes flags as its client asked, who is not told of its own change again.
func (s *session) flag(list uids, op imap.StoreFlagsOp, flags []string) (uids, error) {
	s.box.mu.Lock()
	defer s.box.mu.Unlock()
	f := s.view.folder
	if f.gone {
		return nil, nil
	}
	current := f.changed == s.view.changed
	changed, err := s.box.store(f, list, op, flags)
	if current {
		s.view.changed = f.changed
	}
	return changed, err
}

// send writes one FETCH answer.
func (s *session) send(w *imapserver.FetchWriter, m *picked, options *imap.FetchOptions) (err error) {
	t := s.open(m)
	out := w.CreateMessage(m.seq)
	defer func() { err = errors.Join(err, out.Close()) }()
	if options.UID {
		out.WriteUID(imap.UID(m.uid))
	}
	if options.Flags || m.told {
		out.WriteFlags(m.flags)
	}
	if options.InternalDate {
		out.WriteInternalDate(m.when())
	}
	if options.RFC822Size {
		out.WriteRFC822Size(t.Size())
	}
	if options.Envelope {
		e, err := t.Envelope()
		if err != nil {
			return err
		}
		out.WriteEnvelope(e.Library())
	}
	if options.BodyStructure != nil {
		root, err := t.Parts()
		if err != nil {
			return err
		}
		out.WriteBodyStructure(root.Library())
	}
	return s.sections(out, t, options)
}

// open reads a message from the bytes of the mailbox.
func (s *session) open(m *picked) *rawmail.Message {
	return rawmail.NewMessage(io.NewSectionReader(s.box.data, m.at, int64(m.size)), int64(m.size), s.buf)
}

// sections writes BODY[…] and BINARY[…].
func (s *session) sections(out *imapserver.FetchResponseWriter, t *rawmail.Message, options *imap.FetchOptions) error {
	for _, section := range options.BodySection {
		c, err := t.Section(section)
		if err != nil {
			return err
		}
		c = c.Partial(section.Partial)
		if err := s.copy(out.WriteBodySection(section, c.Size), c); err != nil {
			return err
		}
	}
	for _, section := range options.BinarySection {
		c, err := t.Binary(section.Part)
		if err != nil {
			return err
		}
		c = c.Partial(section.Partial)
		if err := s.copy(out.WriteBinarySection(section, c.Size), c); err != nil {
			return err
		}
	}
	for _, section := range options.BinarySectionSize {
		c, err := t.Binary(section.Part)
		if err != nil {
			return err
		}
		out.WriteBinarySectionSize(section, uint32(c.Size))
	}
	return nil
}

func (s *session) copy(out io.WriteCloser, c rawmail.Content) error {
	n, err := io.CopyBuffer(struct{ io.Writer }{out}, struct{ io.Reader }{c.Reader}, s.buf)
	if err == nil && n != c.Size {
		err = io.ErrUnexpectedEOF
	}
	return errors.Join(err, out.Close())
}

// Store changes flags.
func (s *session) Store(w *imapserver.FetchWriter, set imap.NumSet, flags *imap.StoreFlags, _ *imap.StoreOptions) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.view.readOnly {
		return no("", "The mailbox is open for reading only")
	}
	list, err := s.view.pick(set)
	if err != nil {
		return err
	}
	wanted, err := settable(flags.Flags)
	if err != nil {
		return err
	}
	if _, err := s.flag(list, flags.Op, s.kept(wanted)); err != nil {
		return err
	}
	if flags.Silent {
		return nil
	}
	options := &imap.FetchOptions{Flags: true, UID: isUIDs(set)}
	for part := range slices.Chunk(list, fetched) {
		batch, err := s.look(part, false)
		if err != nil {
			return err
		}
		for i := range batch {
			if err := s.send(w, &batch[i], options); err != nil {
				return err
			}
		}
	}
	return nil
}

func isUIDs(set imap.NumSet) bool {
	_, ok := set.(imap.UIDSet)
	return ok
}

// Expunge removes what is flagged \Deleted. A folder that is open for reading only
// stays as it is: CLOSE, which cannot be told from EXPUNGE here, is no error then.
func (s *session) Expunge(w *imapserver.ExpungeWriter, within *imap.UIDSet) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.view.readOnly {
		return nil
	}
	if within != nil {
		if !s.how.UIDPlus {
			return bad("Unknown command")
		}
		list, err := s.view.pick(*within)
		if err != nil {
			return err
		}
		set := imap.UIDSet{}
		for _, uid := range list {
			set = addUID(set, uid)
		}
		within = &set
	}
	s.box.mu.Lock()
	defer s.box.mu.Unlock()
	if s.view.folder.gone {
		return nil
	}
	if err := s.box.expunge(s.view.folder, within); err != nil {
		return err
	}
	return s.tellExpunged(w.WriteExpunge)
}

// tellExpunged tells the client what is gone. The caller holds the lock of the box.
func (s *session) tellExpunged(tell func(uint32) error) error {
	gone := s.view.drop()
	s.view.expunged = s.view.folder.expunged
	for _, seq := range gone {
		if err := tell(seq); err != nil {
			return err
		}
	}
	return nil
}

// Copy puts messages into another folder.
func (s *session) Copy(set imap.NumSet, to string) (*imap.CopyData, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	done, err := s.carry(set, to, false)
	if err != nil || !s.how.UIDPlus || len(done.from) == 0 {
		return nil, err
	}
	return &imap.CopyData{UIDValidity: done.validity, SourceUIDs: done.from, DestUIDs: done.to}, nil
}

// Move puts messages into another folder and takes them out of this one.
func (s *session) Move(w *imapserver.MoveWriter, set imap.NumSet, to string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.how.More {
		return bad("Unknown command")
	}
	if s.view.readOnly {
		return no("", "The mailbox is open for reading only")
	}
	done, err := s.carry(set, to, true)
	if err != nil {
		return err
	}
	if s.how.UIDPlus && len(done.from) > 0 {
		if err := w.WriteCopyData(&imap.CopyData{UIDValidity: done.validity, SourceUIDs: done.from, DestUIDs: done.to}); err != nil {
			return err
		}
	}
	s.box.mu.RLock()
	defer s.box.mu.RUnlock()
	return s.tellExpunged(w.WriteExpunge)
}

func (s *session) carry(set imap.NumSet, to string, move bool) (*copied, error) {
	list, err := s.view.pick(set)
	if err != nil {
		return nil, err
	}
	s.box.mu.Lock()
	defer s.box.mu.Unlock()
	if s.view.folder.gone {
		return &copied{}, nil
	}
	return s.box.copy(s.view.folder, list, s.names.inner(to), move)
}
