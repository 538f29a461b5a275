package sandbox

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/isaworks/isa/providers/works/sandbox/mailbox"
)

// source is where mail is imported from.
type source struct {
	host, login, password string
	port                  int
	tls                   bool
}

func (f source) addr() string { return net.JoinHostPort(f.host, strconv.Itoa(f.port)) }

// sourceOf reads a checked body of the IMAP call.
func sourceOf(body map[string]any) source {
	var f source
	f.host, _ = body["host"].(string)
	f.login, _ = body["importedEmail"].(string)
	f.password, _ = body["password"].(string)
	f.tls, _ = body["useSsl"].(bool)
	f.port = portOf(body["port"])
	return f
}

func portOf(v any) int {
	n, _ := v.(json.Number)
	port, _ := strconv.Atoi(n.String()) // it was checked to be a number
	return port
}

// Why runs end early.
var (
	errForgotten = errors.New("the settings were removed")
	errEnding    = errors.New("the sandbox ends")
)

// migrationRun is a run of the import, of IMAP or POP3.
type migrationRun struct {
	user   string
	serial uint64
	from   source
	done   chan struct{} // closed when it has left the mailbox

	ctx    context.Context // ends the run; its cause says why
	cancel context.CancelCauseFunc

	total, copied, skipped atomic.Int64
}

// migrations are the runs of a server.
type migrations struct {
	network importNetwork
	perHost int // runs logged in at a host at a time; 0: any
	ctx     context.Context
	cancel  context.CancelCauseFunc
	wait    sync.WaitGroup

	mu     sync.Mutex
	closed bool
	live   map[string]*migrationRun // by member
	slots  map[string]chan struct{} // by host
}

func newMigrations(network importNetwork, perHost int) *migrations {
	m := &migrations{network: network, perHost: perHost, live: map[string]*migrationRun{}, slots: map[string]chan struct{}{}}
	m.ctx, m.cancel = context.WithCancelCause(context.Background())
	return m
}

// begin registers a run.
func (m *migrations) begin(user string, serial uint64, from source) (*migrationRun, error) {
	r := &migrationRun{user: user, serial: serial, from: from, done: make(chan struct{})}
	r.ctx, r.cancel = context.WithCancelCause(m.ctx)
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		r.cancel(errEnding)
		return nil, errEnding
	}
	m.live[user] = r
	m.wait.Add(1)
	return r, nil
}

// end takes it away.
func (m *migrations) end(r *migrationRun) {
	m.mu.Lock()
	if m.live[r.user] == r {
		delete(m.live, r.user)
	}
	m.mu.Unlock()
	r.cancel(nil)
	m.wait.Done()
}

// running is the run of a member; nil: there is none.
func (m *migrations) running(user string) *migrationRun {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.live[user]
}

// stop ends the run of a member and waits until it is rolled back.
func (m *migrations) stop(user string, why error) {
	if r := m.running(user); r != nil {
		r.cancel(why)
		<-r.done
	}
}

func (m *migrations) stopAll(why error) {
	m.mu.Lock()
	var users []string
	for user := range m.live {
		users = append(users, user)
	}
	m.mu.Unlock()
	for _, user := range users {
		m.stop(user, why)
	}
}

// close ends all runs and refuses new ones.
func (m *migrations) close() {
	m.mu.Lock()
	m.closed = true
	m.mu.Unlock()
	m.cancel(errEnding)
	m.wait.Wait()
}

// slot waits until a run may log in at a host; the returned function gives it back.
func (m *migrations) slot(ctx context.Context, host string) (func(), error) {
	if m.perHost == 0 {
		return func() {}, nil
	}
	m.mu.Lock()
	slots := m.slots[host]
	if slots == nil {
		slots = make(chan struct{}, m.perHost)
		m.slots[host] = slots
	}
	m.mu.Unlock()
	select {
	case slots <- struct{}{}:
		return func() { <-slots }, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// loginAttempts and loginPause are how often the service tries before it refuses a
// start, so that a client must wait for more than 10 seconds: reference 40 §2.1.
const (
	loginAttempts = 3
	loginPause    = 2 * time.Second
	loginPatience = 10 * time.Second // real time, for each answer of the source
)

// tryLogin logs in and out.
func (m *migrations) tryLogin(from source, pause func(time.Duration)) error {
	var err error
	quick := m.network
	quick.timeout = min(quick.timeout, loginPatience)
	for n := range loginAttempts {
		if n > 0 {
			pause(loginPause)
		}
		if err = quick.imapLogin(m.ctx, from); err == nil {
			return nil
		}
	}
	return errors.New(trimmed(err))
}

// pause waits for some time of the sandbox's clock, or until the sandbox ends.
func (s *Server) pause(d time.Duration) {
	sleep(s.migrations.ctx.Done(), time.Duration(float64(d)/s.opt.Speed))
}

// migrate carries out a run that was started.
func (s *Server) migrate(run *migrationRun, to mailbox.Account) {
	defer s.migrations.end(run)
	s.noteError(s.notice(to, startNotice(run, s.clock.Now())))
	total, err := s.carry(run, to, func(imp *mailbox.Import) error { return s.newTransfer(run, imp).all() })
	switch why := context.Cause(run.ctx); {
	case errors.Is(why, errForgotten):
		return
	case err != nil && errors.Is(why, errEnding):
		return // the next start rolls it back, as after any other end
	}
	if s.memberID(run.user) == "" {
		return
	}
	s.noteError(s.notice(to, endNotice(run, err, s.clock.Now())))
	s.noteError(s.settle(run, total, err))
}

// carry brings mail into a mailbox: all of it, or nothing when it fails.
func (s *Server) carry(run *migrationRun, to mailbox.Account, fetch func(*mailbox.Import) error) (total int64, err error) {
	defer close(run.done)
	box := s.mail.server.Load()
	before, err := box.Imported(to)
	if err != nil {
		return 0, err
	}
	imp, err := box.Import(to)
	if err != nil {
		return 0, err
	}
	err = fetch(imp)
	total = run.total.Load()
	if s.switches.is("migration-total", "copied") {
		total = run.copied.Load()
	}
	keep := errors.Is(context.Cause(run.ctx), errForgotten) && s.switches.is("migration-cancel", "kept")
	if err == nil || keep {
		return total, imp.Commit(mailbox.Mark{Run: run.serial, Total: total}, before.Run > 0 && s.switches.is("migration-again", "new-folders"))
	}
	return total, errors.Join(err, imp.Drop(s.switches.is("migration-rollback", "folders")))
}

func (s *Server) noteError(err error) {
	if err != nil {
		s.log.note("migration: " + trimmed(err))
	}
}

// count tells the run that a message was copied, and makes the trouble that is to be
// rehearsed.
func (r *migrationRun) count(faults migrationFaults, poisoned bool, patience time.Duration) error {
	if poisoned {
		return errors.New("a message could not be stored")
	}
	n := int(r.copied.Add(1))
	sleep(r.ctx.Done(), faults.slow)
	if faults.stall > 0 && n >= faults.stall {
		sleep(r.ctx.Done(), patience)
		return fmt.Errorf("no answer of the source within %s", patience)
	}
	if faults.fail > 0 && n >= faults.fail {
		return fmt.Errorf("a failure that is to be rehearsed, after %d messages", n)
	}
	return context.Cause(r.ctx)
}
