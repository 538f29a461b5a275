package tenant

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"time"
)

// Service is an isa gateway that runs.
type Service struct {
	cmd   *exec.Cmd
	ended chan error
	out   log
}

// log is what a process says, to be read at any time.
type log struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// Serve starts isa gateway, without any credentials, and waits until it serves, or waits
// for another process that does. Ending ctx kills it.
func (m *Move) Serve(ctx context.Context) (*Service, error) {
	s := &Service{cmd: m.Command(ctx, "gateway"), ended: make(chan error, 1)}
	for _, name := range []string{"WORKS_CLIENT_ID", "WORKS_CLIENT_SECRET", "WORKS_SERVICE_ACCOUNT", "WORKS_PRIVATE_KEY", "OLD_PASSWORD"} {
		s.cmd.Env = append(s.cmd.Env, name+"=")
	}
	s.cmd.Stdout, s.cmd.Stderr = &s.out, &s.out
	if err := s.cmd.Start(); err != nil {
		return nil, err
	}
	go func() { s.ended <- s.cmd.Wait() }()
	for range 600 {
		if text := s.Log(); strings.Contains(text, "Serving ") || strings.Contains(text, "Waiting: ") {
			return s, nil
		}
		select {
		case err := <-s.ended:
			return nil, fmt.Errorf("isa gateway: %w\n%s", err, s.Log())
		case <-time.After(50 * time.Millisecond):
		}
	}
	return nil, errors.Join(fmt.Errorf("isa gateway never said that it serves:\n%s", s.Log()), s.Kill())
}

// PID is the process.
func (s *Service) PID() int { return s.cmd.Process.Pid }

// Log is what it said so far.
func (s *Service) Log() string { return s.out.String() }

// Stop ends it in order.
func (s *Service) Stop() error {
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	if err := <-s.ended; err != nil {
		return fmt.Errorf("isa gateway: %w\n%s", err, s.Log())
	}
	return nil
}

// Kill ends it at once.
func (s *Service) Kill() error {
	err := s.cmd.Process.Kill()
	<-s.ended // the signal is what it says
	if errors.Is(err, os.ErrProcessDone) {
		return nil
	}
	return err
}
