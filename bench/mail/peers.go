//go:build unix

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/isaworks/isa/bench/mail/tenant"
	"github.com/isaworks/isa/bench/measure"
	"github.com/isaworks/isa/internal/mailtest"
)

// who is whose mailbox is copied.
const who = "kim"

// user is its login, on both servers (tenant.User).
const user = who + "@acme.co.kr"

// peer is a tool that copies one account into another.
type peer struct {
	name string
	// find tells its version, or why it cannot run here.
	find func(ctx context.Context) (version string, err error)
	// prepare makes what it needs, outside the measured time. What it remembers goes
	// into w.state.
	prepare func(w work) (job, error)
	note    string // what to know about its figures
}

// job is a tool made ready.
type job struct {
	start measure.Starter // of one run
	// places tells where it put the folders of the source; nil: where they were.
	places func(ctx context.Context) (func(path string) string, error)
}

// work is what a tool runs with.
type work struct {
	state    string // a folder of its own, empty before the full copy
	from, to string // host:port as it sees them: behind the delay
	target   *mailtest.Server
	tenant   *tenant.Tenant
}

// peers are all that this benchmark knows, isa first.
func peers() []peer {
	return []peer{
		isaPeer(),
		{name: "interimap", find: inPath("interimap", "--version"), prepare: command(interimap), note: "two-way; needs QRESYNC at both servers"},
		{name: "mbsync", find: inPath("mbsync", "--version"), prepare: command(mbsync), note: "adds X-TUID to every message"},
		{name: "doveadm backup", find: inPath("doveadm", ""), prepare: command(doveadm), note: "writes the target's files instead of speaking to it"},
		{name: "imapsync", find: findImapsync, prepare: command(imapsync), note: "with --useuid; without it, it takes messages of equal headers for one"},
	}
}

// isaPeer is isa sync. A pass that is not complete (exit code 3) has failed: nothing
// here keeps one from being complete.
func isaPeer() peer {
	return peer{
		name: "isa",
		find: func(context.Context) (string, error) {
			return "isa sync of this source, with configuration, state and ledger", nil
		},
		prepare: func(w work) (job, error) {
			move, err := w.tenant.Move(w.state, w.from, w.to)
			return job{
				start: func(ctx context.Context) *exec.Cmd { return move.Command(ctx, "sync") },
				places: func(ctx context.Context) (func(string) string, error) {
					return move.Places(ctx, who)
				},
			}, err
		},
	}
}

// command is a tool that needs no more than its arguments.
func command(args func(w work) ([]string, error)) func(w work) (job, error) {
	return func(w work) (job, error) {
		words, err := args(w)
		return job{start: func(ctx context.Context) *exec.Cmd {
			cmd := exec.CommandContext(ctx, words[0], words[1:]...)
			cmd.Dir = w.state
			return cmd
		}}, err
	}
}

// inPath finds a program and what it says its version is.
func inPath(name, flag string) func(context.Context) (string, error) {
	return func(ctx context.Context) (string, error) {
		path, err := exec.LookPath(name)
		if err != nil {
			return "", fmt.Errorf("%s is not installed", name)
		}
		if flag == "" {
			return path, nil
		}
		out, err := exec.CommandContext(ctx, path, flag).CombinedOutput()
		line, _, _ := strings.Cut(strings.TrimSpace(string(out)), "\n")
		if err != nil && line == "" {
			return "", err
		}
		return line, nil
	}
}

func interimap(w work) ([]string, error) {
	side := func(name, addr string) string {
		host, port, _ := strings.Cut(addr, ":")
		return fmt.Sprintf("\n[%s]\ntype = imap\nhost = %s\nport = %s\nusername = %s\npassword = %s\nSTARTTLS = no\nauth = PLAIN LOGIN\n",
			name, host, port, user, mailtest.Password)
	}
	conf := filepath.Join(w.state, "config")
	text := "database = " + filepath.Join(w.state, "interimap.db") + "\nlist-mailbox = \"*\"\n" + side("local", w.to) + side("remote", w.from)
	return []string{"env", "HOME=" + w.state, "XDG_DATA_HOME=" + w.state, "interimap", "--config=" + conf}, os.WriteFile(conf, []byte(text), 0o600)
}

func mbsync(w work) ([]string, error) {
	side := func(name, addr string) string {
		host, port, _ := strings.Cut(addr, ":")
		return fmt.Sprintf("IMAPAccount %[1]s\nHost %[2]s\nPort %[3]s\nUser %[4]s\nPass %[5]s\nTimeout 120\nAuthMechs LOGIN\nSSLType None\n\nIMAPStore %[1]s\nAccount %[1]s\n\n",
			name, host, port, user, mailtest.Password)
	}
	conf := filepath.Join(w.state, "mbsyncrc")
	text := side("source", w.from) + side("target", w.to) +
		"Channel copy\nFar :source:\nNear :target:\nPatterns *\nCreate Near\nSync Pull\nCopyArrivalDate yes\nSyncState " + w.state + "/\n"
	return []string{"mbsync", "-q", "-c", conf, "-a"}, os.WriteFile(conf, []byte(text), 0o600)
}

func doveadm(w work) ([]string, error) {
	host, port, _ := strings.Cut(w.from, ":")
	return []string{"doveadm", "-c", filepath.Join(w.target.Dir, "dovecot.conf"),
		"-o", "imapc_host=" + host, "-o", "imapc_port=" + port, "-o", "imapc_user=" + user, "-o", "imapc_password=" + mailtest.Password,
		"-o", "imapc_ssl=no", "-o", "imapc_features=rfc822.size fetch-headers", "backup", "-R", "-u", user, "imapc:"}, nil
}

// imapsyncPath is the script: it is in no distribution's packages.
func imapsyncPath() (string, error) {
	if path := os.Getenv("IMAPSYNC"); path != "" {
		return path, nil
	}
	return exec.LookPath("imapsync")
}

func findImapsync(ctx context.Context) (string, error) {
	path, err := imapsyncPath()
	if err != nil {
		return "", errors.New("imapsync is not installed, and IMAPSYNC names no copy of its script")
	}
	out, err := exec.CommandContext(ctx, "perl", path, "--version").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("imapsync: %w: %s", err, firstLine(string(out)))
	}
	return firstLine(string(out)), nil
}

func imapsync(w work) ([]string, error) {
	path, err := imapsyncPath()
	if err != nil {
		return nil, err
	}
	fromHost, fromPort, _ := strings.Cut(w.from, ":")
	toHost, toPort, _ := strings.Cut(w.to, ":")
	return []string{"perl", path,
		"--host1", fromHost, "--port1", fromPort, "--nossl1", "--notls1", "--user1", user, "--password1", mailtest.Password,
		"--host2", toHost, "--port2", toPort, "--nossl2", "--notls2", "--user2", user, "--password2", mailtest.Password,
		"--useuid", "--nofoldersizes", "--nofoldersizesatend", "--nolog", "--noreleasecheck", "--tmpdir", w.state, "--pidfile", filepath.Join(w.state, "pid")}, nil
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(s), "\n")
	return line
}
