package mailbox

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapserver"
)

// Account is whose mailbox a login opens.
type Account struct {
	ID     string // name of the folder on disk; never given to another member
	Login  string // for the log
	Korean bool   // the system's folders have Korean names, if they are made now
}

// Denied is a refused login, in words for the client.
type Denied string

// Error returns the words.
func (d Denied) Error() string { return string(d) }

// Options makes a Server.
type Options struct {
	Listen    string      // "" is 127.0.0.1:0
	TLS       *tls.Config // implicit TLS; nil: plain text
	Dir       string      // keeps the mail; "": a temporary folder, removed by Close
	Behaviour Behaviour
	// Login checks a name and an app password. A refusal is a Denied.
	Login func(user, password string) (Account, error)
	// Fault decides what happens to a command; nil: nothing.
	Fault func(command string) Fault
	// CutAfter is after how many messages, put or fetched, a connection is cut; 0: never.
	CutAfter func() int
	Now      func() time.Time // the sandbox's clock
	Minute   time.Duration    // how long its minute takes
	Log      func(line string)
}

// Server serves mailboxes. All methods are safe for concurrent use.
type Server struct {
	opt   Options
	store *store
	imap  *imapserver.Server
	in    *listener
	done  chan struct{}

	ending atomic.Bool
	mu     sync.Mutex
	live   map[string]map[*session]struct{} // by account
	wait   sync.WaitGroup                   // sessions
}

// Start listens and serves until Close.
func Start(ctx context.Context, opt Options) (*Server, error) {
	opt, err := complete(opt)
	if err != nil {
		return nil, err
	}
	durable := opt.Dir != ""
	if !durable { // made with the first mailbox
		opt.Dir = filepath.Join(os.TempDir(), "isa-sandbox-mail-"+rand.Text())
	}
	s := &Server{opt: opt, done: make(chan struct{}), live: map[string]map[*session]struct{}{},
		store: newStore(opt.Dir, durable, opt.Behaviour.NewEpoch, opt.Now)}
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", opt.Listen)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("sandbox mail: listen on %s: %w", opt.Listen, err), s.store.close())
	}
	if opt.TLS != nil {
		l = tls.NewListener(l, opt.TLS)
	}
	s.in = &listener{Listener: l, how: &s.opt.Behaviour, conns: map[*conn]struct{}{}}
	s.imap = imapserver.New(&imapserver.Options{NewSession: s.newSession, Caps: opt.Behaviour.caps(), Logger: logger{s}, InsecureAuth: true})
	go s.serve()
	return s, nil
}

func complete(opt Options) (Options, error) {
	if opt.Listen == "" {
		opt.Listen = "127.0.0.1:0"
	}
	if opt.Behaviour.Delimiter == 0 {
		opt.Behaviour.Delimiter = '/'
	}
	if opt.Now == nil {
		opt.Now = time.Now
	}
	if opt.Minute == 0 {
		opt.Minute = time.Minute
	}
	if opt.Log == nil {
		opt.Log = func(string) {}
	}
	if opt.Fault == nil {
		opt.Fault = func(string) Fault { return Fault{} }
	}
	if opt.CutAfter == nil {
		opt.CutAfter = func() int { return 0 }
	}
	if opt.Login == nil {
		return opt, errors.New("sandbox mail: nobody could log in")
	}
	return opt, nil
}

func (s *Server) serve() {
	defer close(s.done)
	if err := s.imap.Serve(s.in); err != nil && !s.ending.Load() {
		s.opt.Log("imap: the sandbox stopped serving mail: " + err.Error())
	}
}

// Addr is where the server listens: host and port.
func (s *Server) Addr() string { return s.in.Addr().String() }

// Sum tells what a member's mailbox holds; false when nobody has logged in to it
// since the start.
func (s *Server) Sum(account string) (Sum, bool) { return s.store.sum(account) }

// NewEpoch changes all UIDVALIDITYs of a mailbox and gives its messages new UIDs.
// Sessions that have a folder of it open are ended when they next speak.
func (s *Server) NewEpoch(account Account) error { return s.store.renew(account) }

// Remove deletes a member's mailbox and ends its sessions.
func (s *Server) Remove(account string) error {
	s.mu.Lock()
	var ended []*session
	for x := range s.live[account] {
		ended = append(ended, x)
	}
	s.mu.Unlock()
	for _, x := range ended {
		_ = x.conn.bye("The account is gone") // it may have left by itself
		<-x.left
	}
	return s.store.remove(account)
}

// Close ends all sessions and closes the mailboxes. It may be called more than once.
func (s *Server) Close() error {
	s.mu.Lock()
	ended := s.ending.Swap(true)
	s.mu.Unlock()
	if ended {
		return nil
	}
	err := s.imap.Close()
	s.in.mu.Lock()
	var conns []*conn
	for c := range s.in.conns {
		conns = append(conns, c)
	}
	s.in.mu.Unlock()
	for _, c := range conns {
		_ = c.Close() // what remains of it ends with the process
	}
	<-s.done
	s.wait.Wait()
	return errors.Join(err, s.store.close())
}

func (s *Server) newSession(c *imapserver.Conn) (imapserver.Session, *imapserver.GreetingData, error) {
	wire, ok := c.NetConn().(*conn)
	if !ok {
		return nil, nil, errors.New("the connection is not of this server")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ending.Load() {
		return nil, nil, &imap.Error{Type: imap.StatusResponseTypeBye, Text: "The sandbox ends"}
	}
	s.wait.Add(1)
	return &faulty{session: &session{server: s, conn: wire, how: &s.opt.Behaviour,
		names: naming{string(s.opt.Behaviour.Delimiter)}, left: make(chan struct{})}}, &imapserver.GreetingData{}, nil
}

// logger takes what the library has to say. Connections that break are everyday.
type logger struct{ server *Server }

func (l logger) Printf(format string, args ...any) {
	if l.server.ending.Load() {
		return
	}
	for _, a := range args {
		if err, ok := a.(error); ok && (errors.Is(err, net.ErrClosed) || errors.Is(err, errCut)) {
			return
		}
	}
	l.server.opt.Log("imap: " + fmt.Sprintf(format, args...))
}

// Idle tells that nobody is logged in.
func (s *Server) Idle() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.live) == 0
}
