package mailbox

import (
	"errors"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapserver"
)

// faulty makes trouble around the commands of a session.
type faulty struct{ *session }

// run does a command's work with the trouble that is its lot.
func (f *faulty) run(command string, work func() error) error {
	fault := f.server.opt.Fault(command)
	switch fault.Kind {
	case Refuse:
		return no(imap.ResponseCodeUnavailable, "A failure that is to be rehearsed; try again")
	case DropRequest:
		return errors.Join(errCut, f.conn.Close())
	case Slow:
		f.pause(fault.Delay)
	}
	err := work()
	if fault.Kind == DropResponse {
		return errors.Join(errCut, f.conn.Close())
	}
	return err
}

// passed counts a message; true: it is the connection's last.
func (s *session) passed() bool {
	s.moved++
	after := s.server.opt.CutAfter()
	return after > 0 && s.moved%after == 0
}

// Select is session's, with trouble; so are those below.
func (f *faulty) Select(name string, options *imap.SelectOptions) (data *imap.SelectData, err error) {
	err = f.run("SELECT", func() error { data, err = f.session.Select(name, options); return err })
	return data, err
}

// Create makes a folder.
func (f *faulty) Create(name string, options *imap.CreateOptions) error {
	return f.run("CREATE", func() error { return f.session.Create(name, options) })
}

// Delete deletes a folder.
func (f *faulty) Delete(name string) error {
	return f.run("DELETE", func() error { return f.session.Delete(name) })
}

// Rename renames a folder.
func (f *faulty) Rename(from, to string, options *imap.RenameOptions) error {
	return f.run("RENAME", func() error { return f.session.Rename(from, to, options) })
}

// Status counts a folder.
func (f *faulty) Status(name string, options *imap.StatusOptions) (data *imap.StatusData, err error) {
	err = f.run("STATUS", func() error { data, err = f.session.Status(name, options); return err })
	return data, err
}

// List lists folders.
func (f *faulty) List(w *imapserver.ListWriter, ref string, patterns []string, options *imap.ListOptions) error {
	return f.run("LIST", func() error { return f.session.List(w, ref, patterns, options) })
}

// Append stores a message.
func (f *faulty) Append(name string, body imap.LiteralReader, options *imap.AppendOptions) (data *imap.AppendData, err error) {
	err = f.run("APPEND", func() error {
		data, err = f.session.Append(name, body, options)
		if err == nil && f.passed() {
			err = errors.Join(errCut, f.conn.Close())
		}
		return err
	})
	return data, err
}

// Expunge removes what is flagged \Deleted.
func (f *faulty) Expunge(w *imapserver.ExpungeWriter, within *imap.UIDSet) error {
	return f.run("EXPUNGE", func() error { return f.session.Expunge(w, within) })
}

// Search finds messages.
func (f *faulty) Search(kind imapserver.NumKind, criteria *imap.SearchCriteria, options *imap.SearchOptions) (data *imap.SearchData, err error) {
	err = f.run("SEARCH", func() error { data, err = f.session.Search(kind, criteria, options); return err })
	return data, err
}

// Fetch sends messages.
func (f *faulty) Fetch(w *imapserver.FetchWriter, set imap.NumSet, options *imap.FetchOptions) error {
	return f.run("FETCH", func() error { return f.session.Fetch(w, set, options) })
}

// Store changes flags.
func (f *faulty) Store(w *imapserver.FetchWriter, set imap.NumSet, flags *imap.StoreFlags, options *imap.StoreOptions) error {
	return f.run("STORE", func() error { return f.session.Store(w, set, flags, options) })
}

// Copy puts messages into another folder.
func (f *faulty) Copy(set imap.NumSet, to string) (data *imap.CopyData, err error) {
	err = f.run("COPY", func() error { data, err = f.session.Copy(set, to); return err })
	return data, err
}

// Move moves messages to another folder.
func (f *faulty) Move(w *imapserver.MoveWriter, set imap.NumSet, to string) error {
	return f.run("MOVE", func() error { return f.session.Move(w, set, to) })
}
