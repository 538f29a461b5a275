//go:build unix

package mailtest

import (
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// A test that is killed leaves neither a server nor its files.
func TestServersEndWithTheirProgram(t *testing.T) {
	if os.Getenv("MAILTEST_DIE") != "" {
		s, err := StartDovecot(t.Context(), Options{})
		if err != nil {
			t.Fatal(err)
		}
		os.Stdout.WriteString("here: " + s.Dir + " " + s.IMAP + "\n")
		self, err := os.FindProcess(os.Getpid())
		if err != nil {
			t.Fatal(err)
		}
		if err := self.Kill(); err != nil {
			t.Fatal(err)
		}
		select {}
	}
	cmd := exec.Command(os.Args[0], "-test.run=^TestServersEndWithTheirProgram$")
	cmd.Env = append(os.Environ(), "MAILTEST_DIE=yes")
	out, _ := cmd.Output() // it was killed
	_, rest, ok := strings.Cut(string(out), "here: ")
	dir, addr, _ := strings.Cut(strings.TrimSpace(rest), " ")
	if !ok {
		t.Fatalf("the other program said %q", out)
	}
	for range 1000 {
		conn, dialErr := net.Dial("tcp", addr)
		if dialErr == nil {
			conn.Close()
		}
		if _, err := os.Stat(dir); err != nil && dialErr != nil {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Errorf("%s or %s is still there", dir, addr)
}
