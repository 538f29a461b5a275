//go:build unix

// Package mailtest has real mail servers, mail that resembles what companies
// have, an independent comparison of two mailboxes, and slow or broken lines
// between client and server: what tests and benchmarks of mail need. Everything
// listens on 127.0.0.1 and ends with the test.
package mailtest

import (
	"bufio"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// Password is every user's, on every server.
const Password = "pw"

// Server is a running mail server with data of its own.
type Server struct {
	Product string // "Dovecot 2.3.19.1"
	Dir     string // configuration, data and log
	// Addresses, as host:port; "" when the server does not serve the protocol.
	IMAP, IMAPS, POP3, POP3S string
	CAFile                   string         // PEM of what signed the certificate of IMAPS and POP3S; "" without TLS
	Roots                    *x509.CertPool // the same
	Users                    []string

	command []string // what runs it, in the foreground
	env     []string
	log     string // its log file
	sockets string // a folder of sockets, which has to go before it starts; "" none
	remove  bool   // Dir goes at the end
	closers []io.Closer
	owner   owner

	mu      sync.Mutex
	process *process // nil: not running
}

// owner is whom the mail on disk belongs to.
type owner struct{ uid, gid int }

// Account is the mailbox of user on s, in plain text.
func (s *Server) Account(user string) Account {
	return Account{Addr: s.IMAP, User: user, Password: Password}
}

// Start starts a server that is not running, with the data and on the ports it had,
// and waits until it answers.
func (s *Server) Start(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.process != nil {
		return errors.New(s.Product + " is running already")
	}
	if s.sockets != "" { // of processes that were killed and may not be quite gone
		if err := errors.Join(removeAll(s.sockets), unlock(filepath.Join(s.Dir, "mail"))); err != nil {
			return err
		}
	}
	litter := ""
	if s.remove {
		litter = s.Dir
	}
	p, err := launch(s.command, s.env, s.log, litter)
	if err != nil {
		return err
	}
	if err := s.answers(ctx, p); err != nil {
		return errors.Join(err, p.kill())
	}
	s.process = p
	return nil
}

// unlock removes the lock files of processes that were killed: Dovecot would wait
// two minutes for them.
func unlock(dir string) error {
	return filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (d.Name() == "cur" || d.Name() == "new" || d.Name() == "tmp"):
			return fs.SkipDir
		case !d.IsDir() && strings.HasSuffix(d.Name(), ".lock"):
			return os.Remove(path)
		}
		return nil
	})
}

// Kill ends the server with all its processes by SIGKILL, as a power cut would.
// What it holds on disk stays, for Start.
func (s *Server) Kill() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.process == nil {
		return nil
	}
	err := s.process.kill()
	s.process = nil
	return errors.Join(err, s.silent())
}

// silent waits until nobody listens on the server's ports any more.
func (s *Server) silent() error {
	for _, addr := range []string{s.IMAP, s.IMAPS, s.POP3, s.POP3S} {
		if addr == "" {
			continue
		}
		for began := time.Now(); ; time.Sleep(2 * time.Millisecond) {
			conn, err := net.DialTimeout("tcp", addr, time.Second)
			if err != nil {
				break
			}
			_ = conn.Close() // it was only knocked
			if time.Since(began) > 10*time.Second {
				return fmt.Errorf("%s still listens on %s after it was killed", s.Product, addr)
			}
		}
	}
	return nil
}

// Restart kills the server and starts it again.
func (s *Server) Restart(ctx context.Context) error {
	if err := s.Kill(); err != nil {
		return err
	}
	return s.Start(ctx)
}

// Close ends the server and removes its data, unless Options.Dir named a place for it.
func (s *Server) Close() error {
	err := s.Kill()
	for _, c := range s.closers {
		err = errors.Join(err, c.Close())
	}
	if s.remove {
		err = errors.Join(err, removeAll(s.Dir))
	}
	return err
}

// removeAll tries again for a moment: a process that was just killed may have
// made a last file.
func removeAll(dir string) error {
	var err error
	for range 20 {
		if err = os.RemoveAll(dir); err == nil {
			return nil
		}
		time.Sleep(50 * time.Millisecond)
	}
	return err
}

// PID is that of the server's first process, 0 when it is not running.
func (s *Server) PID() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.process == nil {
		return 0
	}
	return s.process.cmd.Process.Pid
}

// Log is what the server wrote into its log and to its standard error so far.
func (s *Server) Log() string {
	var all strings.Builder
	for _, name := range []string{s.log, s.log + ".out"} {
		if text, err := os.ReadFile(name); err == nil {
			all.Write(text)
		} else if !errors.Is(err, os.ErrNotExist) {
			all.WriteString(err.Error())
		}
	}
	return all.String()
}

// answers waits for the greeting of IMAP.
func (s *Server) answers(ctx context.Context, p *process) error {
	ctx, stop := context.WithTimeout(ctx, 30*time.Second)
	defer stop()
	for {
		err := greeting(ctx, s.IMAP)
		if err == nil && !p.ended() {
			return nil
		}
		if p.ended() {
			return fmt.Errorf("%s ended at its start; its log:\n%s", s.Product, tail(s.Log(), 20))
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%s does not answer on %s: %w; its log:\n%s", s.Product, s.IMAP, err, tail(s.Log(), 20))
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func greeting(ctx context.Context, addr string) error {
	var d net.Dialer
	conn, err := d.DialContext(ctx, "tcp", addr)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }() // the greeting is all that was asked for
	if err := conn.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		return err
	}
	line, err := bufio.NewReader(conn).ReadString('\n')
	if err != nil {
		return err
	}
	if !strings.HasPrefix(line, "* OK") {
		return fmt.Errorf("greeting %q", line)
	}
	return nil
}

func tail(text string, lines int) string {
	all := strings.Split(strings.TrimRight(text, "\n"), "\n")
	return strings.Join(all[max(0, len(all)-lines):], "\n")
}
