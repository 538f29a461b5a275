package mailbox

import (
	"errors"
	"sync"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapserver"
)

// bufSize is what a session holds of a message on its way.
const bufSize = 64 << 10

// session is one client's connection. The library calls its methods one after the
// other, but for Idle, which may overlap with Poll and Close when a client vanishes.
type session struct {
	server *Server
	conn   *conn
	how    *Behaviour
	names  naming
	left   chan struct{} // closed when the session has left its mailbox

	account Account
	box     *box // nil before the login
	buf     []byte
	moved   int // messages put or fetched

	mu   sync.Mutex // guards view
	view *view      // of the selected folder; nil: none
}

// Close ends the session.
func (s *session) Close() error {
	s.mu.Lock()
	s.view = nil
	s.mu.Unlock()
	var err error
	if s.box != nil {
		s.server.mu.Lock()
		delete(s.server.live[s.account.ID], s)
		if len(s.server.live[s.account.ID]) == 0 {
			delete(s.server.live, s.account.ID)
		}
		s.server.mu.Unlock()
		err = s.server.store.leave(s.account.ID)
	}
	close(s.left)
	s.server.wait.Done()
	return err
}

// Login opens the member's mailbox.
func (s *session) Login(user, password string) error {
	account, err := s.server.opt.Login(user, password)
	if err != nil {
		s.server.opt.Log("imap: login refused: " + err.Error())
		var denied Denied
		if errors.As(err, &denied) {
			return no(imap.ResponseCodeAuthenticationFailed, "%s", denied)
		}
		return err
	}
	b, err := s.server.store.enter(account, s.how.Connections)
	switch {
	case errors.Is(err, errTooMany) && s.how.ConnectionsBye:
		return errors.Join(errCut, s.conn.bye("Too many simultaneous connections"))
	case errors.Is(err, errTooMany):
		return no(imap.ResponseCodeLimit, "Too many simultaneous connections")
	case err != nil:
		return err
	}
	s.account, s.box, s.buf = account, b, make([]byte, bufSize)
	s.server.mu.Lock()
	defer s.server.mu.Unlock()
	if s.server.live[account.ID] == nil {
		s.server.live[account.ID] = map[*session]struct{}{}
	}
	s.server.live[account.ID][s] = struct{}{}
	return nil
}

// Create makes a folder.
func (s *session) Create(name string, options *imap.CreateOptions) error {
	if len(name) > 1 && name[len(name)-1:] == s.names.delimiter { // RFC 3501 §6.3.3
		name = name[:len(name)-1]
	}
	var use imap.MailboxAttr
	if len(options.SpecialUse) > 0 {
		if !s.how.More || !s.how.SpecialUse || len(options.SpecialUse) > 1 {
			return bad("CREATE takes no such special use")
		}
		use = options.SpecialUse[0]
	}
	return s.box.create(s.names.inner(name), use, s.how)
}

// Delete deletes a folder.
func (s *session) Delete(name string) error { return s.box.remove(s.names.inner(name), s.how) }

// Rename renames a folder.
func (s *session) Rename(from, to string, _ *imap.RenameOptions) error {
	return s.box.rename(s.names.inner(from), s.names.inner(to), s.how)
}

// Subscribe notes that clients show a folder.
func (s *session) Subscribe(name string) error { return s.box.follow(s.names.inner(name), true) }

// Unsubscribe takes that back.
func (s *session) Unsubscribe(name string) error { return s.box.follow(s.names.inner(name), false) }

// Namespace tells where a member's folders are.
func (s *session) Namespace() (*imap.NamespaceData, error) {
	if !s.how.More {
		return nil, bad("Unknown command")
	}
	return &imap.NamespaceData{Personal: []imap.NamespaceDescriptor{{Delim: s.how.Delimiter}}}, nil
}

// AppendLimit is the most that the library lets through. The limit of the service
// is kept by Append, which reads what it refuses: a literal that is left unread
// would be taken for commands.
func (s *session) AppendLimit() uint32 { return largest }

// Append stores a message.
func (s *session) Append(name string, body imap.LiteralReader, options *imap.AppendOptions) (*imap.AppendData, error) {
	if limit := s.how.AppendLimit; limit > 0 && body.Size() > limit {
		code := imap.ResponseCodeTooBig
		if !s.how.TooBigCode {
			code = ""
		}
		return nil, no(code, "The message is too big: %d bytes are the limit", limit)
	}
	flags, err := settable(options.Flags)
	if err != nil {
		return nil, err
	}
	d := delivery{folder: s.names.inner(name), body: body, size: body.Size(), date: options.Time, flags: s.kept(flags)}
	if d.date.IsZero() || !s.how.KeepDate {
		d.date = s.server.opt.Now()
	}
	if !s.how.KeepFlags {
		d.flags = nil
	}
	validity, uid, err := s.box.append(d, s.how, s.server.opt.Minute, s.buf)
	if err != nil || !s.how.UIDPlus {
		return nil, err
	}
	return &imap.AppendData{UIDValidity: validity, UID: imap.UID(uid)}, nil
}

// settable returns flags in order, or refuses those that a client cannot set.
func settable(flags []imap.Flag) ([]string, error) {
	out := make([]string, 0, len(flags))
	for _, f := range flags {
		switch f {
		case imap.FlagSeen, imap.FlagAnswered, imap.FlagFlagged, imap.FlagDeleted, imap.FlagDraft:
		default:
			if f[0] == '\\' {
				return nil, bad("The flag %s cannot be set", f)
			}
		}
		out = append(out, string(f))
	}
	return normal(out), nil
}

// kept drops keywords where the service does not keep them.
func (s *session) kept(flags []string) []string {
	if s.how.KeepKeywords {
		return flags
	}
	var out []string
	for _, f := range flags {
		if f[0] == '\\' {
			out = append(out, f)
		}
	}
	return out
}

// Poll tells what has changed since it was told last.
func (s *session) Poll(w *imapserver.UpdateWriter, allowExpunge bool) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.view == nil {
		return nil
	}
	s.box.mu.RLock()
	news, gone := s.view.news(s.box, allowExpunge), s.view.folder.gone
	s.box.mu.RUnlock()
	if gone {
		return errors.Join(errCut, s.conn.bye("The mailbox is not there any more, or its UIDVALIDITY has changed"))
	}
	return news.write(w)
}

// Idle tells changes as they happen.
func (s *session) Idle(w *imapserver.UpdateWriter, stop <-chan struct{}) error {
	for {
		s.box.mu.RLock()
		bell := s.box.bell
		s.box.mu.RUnlock()
		if err := s.Poll(w, true); err != nil {
			return err
		}
		select {
		case <-bell:
		case <-stop:
			if !s.how.Idle {
				return bad("Unknown command")
			}
			return nil
		}
	}
}

// pause waits, unless the server ends.
func (s *session) pause(d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-s.server.done:
	}
}

var errCut = errors.New("the connection was cut")
