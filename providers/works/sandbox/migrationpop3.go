package sandbox

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/isaworks/isa/providers/works/sandbox/mailbox"
)

// Limits of POP3 accounts: reference 40 §3. How many failures lock a member out is
// not published.
const (
	pop3Accounts  = 10
	pop3PerDay    = 20
	pop3Failures  = 5
	pop3LockedFor = 24 * time.Hour
)

// userPOP3 is what the service keeps of a member's POP3 accounts.
type userPOP3 struct {
	Accounts []pop3Account `json:"accounts,omitempty"`
	Day      string        `json:"day,omitempty"` // on which Today were registered
	Today    int           `json:"today,omitempty"`
	Failures int           `json:"failures,omitempty"` // in a row
	Locked   time.Time     `json:"locked,omitzero"`    // until then
}

// pop3Account is one of them; Seen are hashes of the UIDLs that were brought.
type pop3Account struct {
	ID   string   `json:"id"`
	Host string   `json:"host"`
	Port int      `json:"port"`
	Seen []string `json:"seen,omitempty"`
}

func pop3Shape() []prop {
	return []prop{
		{name: "pop3Id", kind: text, need: true, min: 1},
		{name: "pop3Address", kind: text, need: true, min: 1},
		{name: "pop3Password", kind: text, need: true, min: 1},
		{name: "pop3Port", kind: number, need: true, min: 1},
		{name: "isNewFolder", kind: flag},
		{name: "newFolderName", kind: text, min: 1, max: 100},
	}
}

// startPOP3 registers an account, or finds it, and brings what is new.
func startPOP3(c *call) (any, error) {
	s := c.server
	body, err := checker{switches: s.switches}.body(pop3Shape(), c.body)
	if err != nil {
		return nil, err
	}
	place, err := pop3Place(body)
	if err != nil {
		return nil, err
	}
	from := s.pop3Source(body)
	if err := s.mayRegister(c, from); err != nil {
		return nil, err
	}
	if err := s.migrations.network.pop3(s.migrations.ctx, from, func(*pop3) error { return nil }); err != nil {
		return nil, errors.Join(badRequest("the login at %s was not possible: %s", from.addr(), trimmed(err)), s.pop3Failed(c))
	}
	run, u, seen, err := s.register(c, from)
	if err != nil {
		return nil, err
	}
	go s.fetchPOP3(run, s.account(u), place, seen)
	return nil, nil
}

func (s *Server) pop3Source(body map[string]any) source {
	var from source
	from.login, _ = body["pop3Id"].(string)
	from.host, _ = body["pop3Address"].(string)
	from.password, _ = body["pop3Password"].(string)
	from.port = portOf(body["pop3Port"])
	from.tls = s.switches.is("pop3-tls", "always") || s.switches.is("pop3-tls", "port") && from.port == 995
	return from
}

func pop3Place(body map[string]any) (mailbox.Place, error) {
	name, _ := body["newFolderName"].(string)
	if body["isNewFolder"] != true {
		return mailbox.Place{Path: []string{"INBOX"}}, nil
	}
	if name == "" {
		return mailbox.Place{}, missing("newFolderName")
	}
	path := strings.Split(name, "/")
	if why := refusedPath(path); why != "" {
		return mailbox.Place{}, invalid("newFolderName %s", why)
	}
	return mailbox.Place{Path: path}, nil
}

// mayRegister checks what needs no login.
func (s *Server) mayRegister(c *call, from source) error {
	s.tenant.mu.RLock()
	defer s.tenant.mu.RUnlock()
	u, err := c.importer()
	switch {
	case err != nil:
		return err
	case s.mail.server.Load() == nil:
		return badRequest("this sandbox serves no mail; start it, without --imap off")
	case s.clock.Now().Before(u.Mail.POP3.Locked):
		return denied("there were too many failures; try again after 24 hours")
	case s.migrations.running(u.ID) != nil:
		return conflict("an import is in progress")
	}
	_, err = u.Mail.POP3.registered(from, s.clock.Now())
	return err
}

// registered returns the accounts with that of from, which is the last.
func (p userPOP3) registered(from source, now time.Time) (userPOP3, error) {
	if day := now.Format(time.DateOnly); p.Day != day {
		p.Day, p.Today = day, 0
	}
	if p.Today++; p.Today > pop3PerDay {
		return p, full("there were %d registrations today, which is the most", pop3PerDay)
	}
	this := pop3Account{ID: from.login, Host: from.host, Port: from.port}
	var others []pop3Account
	for _, a := range p.Accounts {
		if a.ID == this.ID && a.Host == this.Host && a.Port == this.Port {
			this = a
		} else {
			others = append(others, a)
		}
	}
	if len(others) >= pop3Accounts {
		return p, full("a member has %d external accounts at most", pop3Accounts)
	}
	p.Accounts = append(others, this)
	return p, nil
}

// pop3Failed counts a login that failed.
func (s *Server) pop3Failed(c *call) error {
	return s.change(func(now time.Time) error {
		u, err := c.importer()
		if err != nil {
			return err
		}
		changed := *u
		p := &changed.Mail.POP3
		if p.Failures++; p.Failures >= pop3Failures {
			p.Failures, p.Locked = 0, now.Add(pop3LockedFor)
		}
		s.tenant.putUser(&changed)
		return nil
	})
}

// register keeps the account and begins the run.
func (s *Server) register(c *call, from source) (run *migrationRun, u *user, seen []string, err error) {
	err = s.change(func(now time.Time) error {
		if u, err = c.importer(); err != nil {
			return err
		}
		if s.migrations.running(u.ID) != nil {
			return conflict("an import is in progress")
		}
		changed := *u
		if changed.Mail.POP3, err = u.Mail.POP3.registered(from, now); err != nil {
			return err
		}
		changed.Mail.POP3.Failures = 0
		seen = changed.Mail.POP3.Accounts[len(changed.Mail.POP3.Accounts)-1].Seen
		s.tenant.serial++
		s.tenant.putUser(&changed)
		run, err = s.migrations.begin(u.ID, s.tenant.serial, from)
		return err
	})
	if err != nil && run != nil {
		close(run.done)
		s.migrations.end(run)
	}
	return run, u, seen, err
}

// fetchPOP3 brings what is new in the source's inbox. Nobody is told: reference 40 §3.
func (s *Server) fetchPOP3(run *migrationRun, to mailbox.Account, place mailbox.Place, seen []string) {
	defer s.migrations.end(run)
	known := map[string]bool{}
	for _, hash := range seen {
		known[hash] = true
	}
	var brought []string
	_, err := s.carry(run, to, func(imp *mailbox.Import) error {
		if err := imp.Folder(place); err != nil {
			return err
		}
		return s.migrations.network.pop3(run.ctx, run.from, func(p *pop3) (err error) {
			brought, err = s.newMail(run, imp, place, p, known)
			return err
		})
	})
	if err != nil {
		s.noteError(err)
		return
	}
	s.noteError(s.change(func(time.Time) error {
		u := s.tenant.users[run.user]
		if u == nil {
			return nil
		}
		changed := *u
		changed.Mail.POP3.Accounts = nil
		for _, a := range u.Mail.POP3.Accounts {
			if a.ID == run.from.login && a.Host == run.from.host && a.Port == run.from.port {
				a.Seen = append(append([]string{}, a.Seen...), brought...)
			}
			changed.Mail.POP3.Accounts = append(changed.Mail.POP3.Accounts, a)
		}
		s.tenant.putUser(&changed)
		return nil
	}))
}

// newMail stores the messages whose UIDL is not known.
func (s *Server) newMail(run *migrationRun, imp *mailbox.Import, place mailbox.Place, p *pop3, known map[string]bool) (brought []string, err error) {
	ids, err := p.list("UIDL")
	if err != nil {
		return nil, err
	}
	sizes, err := p.list("LIST")
	if err != nil {
		return nil, err
	}
	faults := s.faults.migration()
	run.total.Store(int64(len(ids)))
	for n, id := range ids {
		hash := pop3Hash(id[1])
		if known[hash] {
			continue
		}
		brought = append(brought, hash)
		if size, _ := strconv.ParseInt(sizes[n][1], 10, 64); size >= importLimit {
			run.skipped.Add(1)
			continue
		}
		poisoned := false
		err := p.retrieve(id[0], func(size int64, body io.Reader) error {
			w := &watcher{in: body, mark: []byte(faults.poison)}
			err := imp.Add(mailbox.Letter{Place: place, Date: s.clock.Now(), Size: size, Body: w})
			poisoned = w.seen
			return err
		})
		if err == nil {
			err = run.count(faults, poisoned, s.migrations.network.timeout)
		}
		if err != nil {
			return nil, err
		}
	}
	return brought, nil
}

func pop3Hash(id string) string {
	sum := sha256.Sum256([]byte(id))
	return base64.RawStdEncoding.EncodeToString(sum[:9])
}

// pop3 is a session at a POP3 server: RFC 1939.
type pop3 struct {
	conn net.Conn
	in   *bufio.Reader
}

// pop3 logs in for one piece of work.
func (n importNetwork) pop3(ctx context.Context, from source, work func(*pop3) error) (err error) {
	conn, err := n.dial(ctx, from)
	if err != nil {
		return err
	}
	defer conn.Close() //nolint:errcheck // it is ended by QUIT, or given up
	p := &pop3{conn, bufio.NewReaderSize(conn, 64<<10)}
	if _, err := p.line(); err != nil {
		return err
	}
	for _, command := range []string{"USER " + from.login, "PASS " + from.password} {
		if err := p.do(command); err != nil {
			return err
		}
	}
	if err := work(p); err != nil {
		return err
	}
	return p.do("QUIT")
}

// do sends a command that is answered with one line. Its error does not repeat the
// command.
func (p *pop3) do(command string) error {
	if strings.ContainsAny(command, "\r\n") {
		return errors.New("a name or password holds the end of a line")
	}
	if _, err := io.WriteString(p.conn, command+"\r\n"); err != nil {
		return err
	}
	_, err := p.line()
	return err
}

// line reads the first line of an answer.
func (p *pop3) line() (string, error) {
	line, err := p.in.ReadString('\n')
	if err != nil {
		return "", err
	}
	text, ok := strings.CutPrefix(strings.TrimRight(line, "\r\n"), "+OK")
	if !ok {
		return "", fmt.Errorf("the server refuses: %s", trimmed(errors.New(line)))
	}
	return text, nil
}

// list reads an answer of lines of two words.
func (p *pop3) list(command string) ([][2]string, error) {
	if err := p.do(command); err != nil {
		return nil, err
	}
	var out [][2]string
	for {
		line, err := p.in.ReadString('\n')
		if err != nil {
			return nil, err
		}
		line = strings.TrimRight(line, "\r\n")
		if line == "." {
			return out, nil
		}
		number, rest, ok := strings.Cut(line, " ")
		if !ok {
			return nil, fmt.Errorf("the answer to %s has the line %q", command, line)
		}
		out = append(out, [2]string{number, rest})
	}
}

// retrieve brings a message, without the dots that the protocol adds. It lies in a
// file, since its size is known at its end.
func (p *pop3) retrieve(number string, take func(size int64, body io.Reader) error) (err error) {
	if err := p.do("RETR " + number); err != nil {
		return err
	}
	file, err := os.CreateTemp("", "isa-sandbox-pop3-*")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close(), os.Remove(file.Name())) }()
	out := bufio.NewWriter(file)
	for {
		line, err := p.in.ReadSlice('\n')
		long := errors.Is(err, bufio.ErrBufferFull)
		if err != nil && !long {
			return err
		}
		if !long && bytes.Equal(bytes.TrimRight(line, "\r\n"), []byte(".")) {
			break
		}
		if _, err := out.Write(bytes.TrimPrefix(line, []byte("."))); err != nil {
			return err
		}
		for long { // the rest of a line beyond the buffer has no dot of its own
			line, err = p.in.ReadSlice('\n')
			if long = errors.Is(err, bufio.ErrBufferFull); err != nil && !long {
				return err
			}
			if _, err := out.Write(line); err != nil {
				return err
			}
		}
	}
	if err := out.Flush(); err != nil {
		return err
	}
	size, err := file.Seek(0, io.SeekCurrent)
	if err != nil {
		return err
	}
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return err
	}
	return take(size, file)
}
