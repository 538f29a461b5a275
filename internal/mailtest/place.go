//go:build unix

package mailtest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// attempts is how often a server is started on other ports when others took them.
const attempts = 5

// start makes a folder, lets configure write what the server needs into it, and
// starts the server.
func start(ctx context.Context, o Options, name string, configure func(dir string, ports []int) (*Server, error)) (*Server, error) {
	dir, err := place(o.Dir, name)
	if err != nil {
		return nil, err
	}
	for attempt := 1; ; attempt++ {
		s, err := tryStart(ctx, o, dir, configure)
		if err == nil {
			return s, nil
		}
		if attempt == attempts || !strings.Contains(err.Error(), "in use") {
			if o.Dir == "" {
				err = errors.Join(err, removeAll(dir))
			}
			return nil, err
		}
	}
}

func tryStart(ctx context.Context, o Options, dir string, configure func(string, []int) (*Server, error)) (*Server, error) {
	ports, err := freePorts(4)
	if err != nil {
		return nil, err
	}
	s, err := configure(dir, ports)
	if err != nil {
		return nil, err
	}
	s.Dir, s.Users, s.remove = dir, o.users(), o.Dir == ""
	if err := s.Start(ctx); err != nil {
		s.remove = false // another attempt may follow
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// place is a folder that the server's users may pass through. Its name is short,
// since sockets below it have names of at most 103 bytes.
func place(dir, name string) (string, error) {
	var err error
	if dir == "" {
		if dir, err = os.MkdirTemp(memory(), "isa-"+name+"-"); err != nil {
			return "", err
		}
	} else if dir, err = filepath.Abs(dir); err != nil {
		return "", err
	}
	for _, d := range []string{dir, filepath.Join(dir, "mail")} {
		if err := os.MkdirAll(d, 0o755); err != nil {
			return "", err
		}
	}
	return dir, os.Chmod(dir, 0o755)
}

// memory is a folder in memory with a gigabyte free, else the usual place for
// temporary files, unless that has too long a name.
func memory() string {
	const shm = "/dev/shm"
	var fs syscall.Statfs_t
	if err := syscall.Statfs(shm, &fs); err == nil && uint64(fs.Bavail)*uint64(fs.Bsize) >= 1<<30 {
		return shm
	}
	if dir := os.TempDir(); len(dir) <= 40 {
		return dir
	}
	return "/tmp"
}

// freePorts are ports that nobody listens on. They lie below those that systems
// give to outgoing connections, so that a server finds its own again after Kill.
func freePorts(n int) ([]int, error) {
	var ports []int
	for range 1000 {
		port := 10_000 + rand.IntN(22_000)
		l, err := net.Listen("tcp", loopback(port))
		if err != nil {
			continue
		}
		if err := l.Close(); err != nil {
			return nil, err
		}
		if ports = append(ports, port); len(ports) == n {
			return ports, nil
		}
	}
	return nil, fmt.Errorf("no %d free ports on 127.0.0.1", n)
}

func loopback(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }

// until makes a server end with the test.
func (s *Server) until(t testing.TB, err error) *Server {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the log of %s:\n%s", s.Product, tail(s.Log(), 40))
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}
