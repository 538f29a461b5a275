//go:build linux

package mailtest

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"text/template"
)

// Cyrus starts a Cyrus IMAP server that ends with the test. It takes the programs
// that ./test.sh unpacked, since Debian's packages of Cyrus and Dovecot exclude each
// other; it works as root and as an ordinary user, on Linux (tests that use it say
// so with a build tag). Load, Wipe and what else touches Dovecot's files do not work
// on it: use Append.
func Cyrus(t testing.TB, o Options) *Server {
	t.Helper()
	s, err := StartCyrus(t.Context(), o)
	return s.until(t, err)
}

// StartCyrus starts a Cyrus on free ports. The caller closes it.
func StartCyrus(ctx context.Context, o Options) (*Server, error) {
	root, err := findCyrus()
	if err != nil {
		return nil, err
	}
	return start(ctx, o, "cyrus", func(dir string, ports []int) (*Server, error) {
		s := &Server{
			Product: "Cyrus",
			IMAP:    loopback(ports[0]), IMAPS: loopback(ports[1]), POP3: loopback(ports[2]),
			log:     filepath.Join(dir, "master.log"),
			command: []string{filepath.Join(root, "usr/lib/cyrus/bin/master"), "-D", "-C", filepath.Join(dir, "imapd.conf"), "-M", filepath.Join(dir, "cyrus.conf"), "-p", filepath.Join(dir, "master.pid")},
			env:     []string{"TZ=" + o.zone(), "LD_LIBRARY_PATH=" + libraries(root), "SASL_PATH=" + saslPlugins(root)},
		}
		if s.owner, err = mailOwner(); err != nil {
			return nil, err
		}
		if s.CAFile, s.Roots, err = Certificate(filepath.Join(dir, "tls")); err != nil {
			return nil, err
		}
		if err := cyrusConf(root, dir, ports, s.owner); err != nil {
			return nil, err
		}
		auth, err := serveLogins(filepath.Join(dir, "auth", "mux"), o.users())
		if err != nil {
			return nil, err
		}
		s.closers = append(s.closers, auth)
		return s, nil
	})
}

// findCyrus is where ./test.sh unpacks Cyrus and the libraries that the system
// lacks. Cyrus refuses to run as root, so that root's own cache is no place for it.
func findCyrus() (string, error) {
	cache := "/var/cache"
	if os.Getuid() != 0 {
		var err error
		if cache, err = os.UserCacheDir(); err != nil {
			return "", err
		}
	}
	root := filepath.Join(cache, "isa-test", "cyrus")
	if _, err := os.Stat(filepath.Join(root, "usr/lib/cyrus/bin/imapd")); err != nil {
		return "", fmt.Errorf("Cyrus is not in %s: ./test.sh puts what the tests need there", root)
	}
	return root, nil
}

func libraries(root string) string {
	var dirs []string
	for _, pattern := range []string{"usr/lib/*-linux-gnu*", "lib/*-linux-gnu*"} {
		found, _ := filepath.Glob(filepath.Join(root, pattern)) // the pattern is well-formed
		dirs = append(dirs, found...)
	}
	return strings.Join(dirs, ":")
}

// saslPlugins are the system's and those unpacked beside Cyrus.
func saslPlugins(root string) string {
	var dirs []string
	for _, pattern := range []string{filepath.Join(root, "usr/lib/*-linux-gnu*/sasl2"), "/usr/lib/*-linux-gnu*/sasl2"} {
		found, _ := filepath.Glob(pattern) // the pattern is well-formed
		dirs = append(dirs, found...)
	}
	return strings.Join(dirs, ":")
}

func cyrusConf(root, dir string, ports []int, own owner) error {
	u, err := user.LookupId(strconv.Itoa(own.uid))
	if err != nil {
		return err
	}
	g, err := user.LookupGroupId(strconv.Itoa(own.gid))
	if err != nil {
		return err
	}
	for _, sub := range []string{"conf/db", "conf/socket", "conf/log", "conf/proc", "conf/lock", "conf/backup", "spool", "sock", "auth", "tls"} {
		if err := os.MkdirAll(filepath.Join(dir, sub), 0o755); err != nil {
			return err
		}
	}
	facts := map[string]any{"Dir": dir, "Bin": filepath.Join(root, "usr/lib/cyrus/bin"), "Ports": ports, "User": u.Username, "Group": g.Name}
	for name, text := range map[string]string{"imapd.conf": imapdConf, "cyrus.conf": masterConf} {
		var out bytes.Buffer
		if err := template.Must(template.New("").Parse(text)).Execute(&out, facts); err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(dir, name), out.Bytes(), 0o644); err != nil {
			return err
		}
	}
	return filepath.WalkDir(dir, func(path string, _ os.DirEntry, err error) error {
		return errors.Join(err, os.Chown(path, own.uid, own.gid))
	})
}

const imapdConf = `configdirectory: {{.Dir}}/conf
partition-default: {{.Dir}}/spool
defaultpartition: default
cyrus_user: {{.User}}
cyrus_group: {{.Group}}
proc_path: {{.Dir}}/conf/proc
mboxname_lockpath: {{.Dir}}/conf/lock
sasl_pwcheck_method: saslauthd
sasl_saslauthd_path: {{.Dir}}/auth/mux
sasl_mech_list: PLAIN LOGIN
allowplaintext: yes
tls_server_cert: {{.Dir}}/tls/cert.pem
tls_server_key: {{.Dir}}/tls/key.pem
unixhierarchysep: yes
altnamespace: yes
virtdomains: userid
autocreate_quota: 0
autocreate_post: yes
servername: localhost
lmtpsocket: {{.Dir}}/sock/lmtp
idlesocket: {{.Dir}}/sock/idle
notifysocket: {{.Dir}}/sock/notify
duplicatesuppression: no
conversations: no
munge8bit: no
reject8bit: no
`

const masterConf = `START {
  recover cmd="{{.Bin}}/ctl_cyrusdb -C {{.Dir}}/imapd.conf -r"
}
SERVICES {
  imap cmd="{{.Bin}}/imapd -C {{.Dir}}/imapd.conf -U 30" listen="127.0.0.1:{{index .Ports 0}}" prefork=0 maxchild=100
  imaps cmd="{{.Bin}}/imapd -C {{.Dir}}/imapd.conf -s -U 30" listen="127.0.0.1:{{index .Ports 1}}" prefork=0 maxchild=100
  pop3 cmd="{{.Bin}}/pop3d -C {{.Dir}}/imapd.conf -U 30" listen="127.0.0.1:{{index .Ports 2}}" prefork=0 maxchild=20
}
EVENTS {
  checkpoint cmd="{{.Bin}}/ctl_cyrusdb -C {{.Dir}}/imapd.conf -c" period=30
}
`

// serveLogins answers what Cyrus asks saslauthd: whether a password is right.
func serveLogins(path string, users []string) (io.Closer, error) {
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	l, err := net.Listen("unix", path)
	if err != nil {
		return nil, err
	}
	if err := os.Chmod(path, 0o777); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return // closed
			}
			go func() {
				_ = checkLogin(conn, users) // whoever asked sees the connection end
				_ = conn.Close()
			}()
		}
	}()
	return l, nil
}

// checkLogin reads user, password, service and realm, each with its length before it.
func checkLogin(conn io.ReadWriter, users []string) error {
	var asked [4]string
	for i := range asked {
		var n uint16
		if err := binary.Read(conn, binary.BigEndian, &n); err != nil {
			return err
		}
		raw := make([]byte, n)
		if _, err := io.ReadFull(conn, raw); err != nil {
			return err
		}
		asked[i] = string(raw)
	}
	answer := "NO"
	user := asked[0]
	if realm := asked[3]; realm != "" {
		user += "@" + realm
	}
	if asked[1] == Password && (slices.Contains(users, asked[0]) || slices.Contains(users, user)) {
		answer = "OK"
	}
	if err := binary.Write(conn, binary.BigEndian, uint16(len(answer))); err != nil {
		return err
	}
	_, err := io.WriteString(conn, answer)
	return err
}
