//go:build unix

package mailtest

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"text/template"
)

// Options say how a server is to be. The zero value is one user called "user".
type Options struct {
	Users []string // "user" when empty
	// Caps is what the server says it can do before and after login, instead of what
	// it can: "IMAP4rev1 UIDPLUS". Dovecot only.
	Caps string
	// Format is how Dovecot keeps mail: maildir (as when empty), sdbox or mdbox.
	Format string
	// Fsync makes Dovecot write to disk what it acknowledges; tests of clients do
	// not need it.
	Fsync bool
	// Dir is where the server's files go; it stays at the end. Otherwise they are
	// in memory where there is room, and go.
	Dir string
	// Quota is the bytes that fit into each mailbox; 0: any. Dovecot only.
	Quota int64
	// Connections is how many one user may have at the same time; 0: 200. Dovecot only.
	Connections int
	// Zone is the server's time zone as TZ has it: "KST-9". "" is UTC.
	Zone string
}

// MasterUser may log in as anybody, as "user*master", with Password. Dovecot only.
const MasterUser = "master"

// Dovecot starts a Dovecot that ends with the test.
func Dovecot(t testing.TB, o Options) *Server {
	t.Helper()
	s, err := StartDovecot(t.Context(), o)
	return s.until(t, err)
}

// StartDovecot starts a Dovecot of version 2.3 or 2.4 on free ports, as root or as
// an ordinary user. The caller closes it.
func StartDovecot(ctx context.Context, o Options) (*Server, error) {
	binary, version, err := findDovecot(ctx)
	if err != nil {
		return nil, err
	}
	return start(ctx, o, "dovecot", func(dir string, ports []int) (*Server, error) {
		s := &Server{
			Product: "Dovecot " + version,
			IMAP:    loopback(ports[0]), IMAPS: loopback(ports[1]), POP3: loopback(ports[2]), POP3S: loopback(ports[3]),
			log:     filepath.Join(dir, "dovecot.log"),
			sockets: filepath.Join(dir, "run"),
			env:     []string{"TZ=" + o.zone()},
		}
		conf := filepath.Join(dir, "dovecot.conf")
		s.command = []string{binary, "-F", "-c", conf}
		if s.owner, err = mailOwner(); err != nil {
			return nil, err
		}
		if s.CAFile, s.Roots, err = Certificate(filepath.Join(dir, "tls")); err != nil {
			return nil, err
		}
		text, err := dovecotConf(version, dir, ports, o)
		if err != nil {
			return nil, err
		}
		return s, errors.Join(os.WriteFile(conf, text, 0o644), passwords(dir, s.owner, o.users()))
	})
}

func (o Options) users() []string {
	if len(o.Users) == 0 {
		return []string{"user"}
	}
	return o.Users
}

func (o Options) zone() string {
	if o.Zone == "" {
		return "UTC0"
	}
	return o.Zone
}

// findDovecot looks beside PATH too: system servers are where only root looks.
func findDovecot(ctx context.Context) (binary, version string, err error) {
	path := os.Getenv("PATH")
	for _, dir := range append(filepath.SplitList(path), "/usr/sbin", "/usr/local/sbin", "/opt/homebrew/sbin") {
		candidate := filepath.Join(dir, "dovecot")
		if info, err := os.Stat(candidate); err == nil && info.Mode()&0o111 != 0 {
			binary = candidate
			break
		}
	}
	if binary == "" {
		return "", "", errors.New("dovecot is not installed: ./test.sh installs what the tests need")
	}
	out, err := exec.CommandContext(ctx, binary, "--version").Output()
	if err != nil {
		return "", "", fmt.Errorf("%s --version: %w", binary, err)
	}
	version, _, _ = strings.Cut(strings.TrimSpace(string(out)), " ")
	if !strings.HasPrefix(version, "2.3.") && !strings.HasPrefix(version, "2.4.") {
		return "", "", fmt.Errorf("%s is version %s; the tests need 2.3 or 2.4", binary, version)
	}
	return binary, version, nil
}

// mailOwner is whom Dovecot lets own mail: it refuses root.
func mailOwner() (owner, error) {
	if os.Getuid() != 0 {
		return owner{os.Getuid(), os.Getgid()}, nil
	}
	u, err := user.Lookup("nobody")
	if err != nil {
		return owner{}, err
	}
	uid, err := strconv.Atoi(u.Uid)
	if err != nil {
		return owner{}, err
	}
	gid, err := strconv.Atoi(u.Gid)
	return owner{uid, gid}, err
}

// passwords writes who may log in, and makes their homes.
func passwords(dir string, own owner, users []string) error {
	var text bytes.Buffer
	for _, u := range users {
		home := filepath.Join(dir, "mail", u)
		fmt.Fprintf(&text, "%s:{PLAIN}%s:%d:%d::%s::\n", u, Password, own.uid, own.gid, home)
		if err := os.MkdirAll(home, 0o755); err != nil {
			return err
		}
		if err := os.Chown(home, own.uid, own.gid); err != nil {
			return err
		}
	}
	master := fmt.Sprintf("%s:{PLAIN}%s\n", MasterUser, Password)
	return errors.Join(os.Chown(filepath.Join(dir, "mail"), own.uid, own.gid),
		os.WriteFile(filepath.Join(dir, "passwd"), text.Bytes(), 0o644),
		os.WriteFile(filepath.Join(dir, "masters"), []byte(master), 0o644))
}

func dovecotConf(version, dir string, ports []int, o Options) ([]byte, error) {
	text, endless := dovecot23, "service_count = 0" // a process serves any number of logins
	if strings.HasPrefix(version, "2.4.") {
		text, endless = dovecot24, "restart_request_count = unlimited"
	}
	format := cmp.Or(o.Format, "maildir")
	place, ok := map[string]string{"maildir": "Maildir", "sdbox": "sdbox", "mdbox": "mdbox"}[format]
	if !ok {
		return nil, fmt.Errorf("Dovecot keeps no mail as %q", o.Format)
	}
	fsync, connections := "never", 200
	if o.Fsync {
		fsync = "optimized"
	}
	if o.Connections > 0 {
		connections = o.Connections
	}
	internal, login, group := "dovecot", "dovenull", "dovecot"
	if os.Getuid() != 0 {
		me, err := user.Current()
		if err != nil {
			return nil, err
		}
		g, err := user.LookupGroupId(me.Gid)
		if err != nil {
			return nil, err
		}
		internal, login, group = me.Username, me.Username, g.Name
	}
	var out bytes.Buffer
	err := template.Must(template.New("").Parse(text)).Execute(&out, map[string]any{
		"Dir": dir, "Ports": ports, "Format": format, "Place": place, "Endless": endless, "Fsync": fsync, "Connections": connections,
		"Internal": internal, "Login": login, "Group": group, "Caps": o.Caps, "Quota": o.Quota, "Master": MasterUser,
	})
	return out.Bytes(), err
}
