package imapgate

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/isaworks/isa/internal/imapwire"
	"github.com/isaworks/isa/internal/mailtest"
)

// run runs a program until it ends, and fails with what it said.
func run(t testing.TB, dir string, env []string, name string, args ...string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Fatalf("%s is not installed; ./test.sh --install installs it", name)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), append([]string{"HOME=" + dir, "LC_ALL=C.UTF-8"}, env...)...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", name, err, tail(out))
	}
	return string(out)
}

func tail(out []byte) []byte { return out[max(0, len(out)-4000):] }

func write(t testing.TB, name, text string) string {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

func (g *gate) port() string {
	_, port, _ := net.SplitHostPort(g.addr)
	return port
}

// unixSum is a message with LF for line ends, as programs on Unix keep it, and without
// the field that mbsync adds.
func unixSum(raw []byte) [sha256.Size]byte {
	raw = bytes.ReplaceAll(raw, []byte("\r\n"), []byte("\n"))
	if at := bytes.Index(raw, []byte("X-TUID: ")); at >= 0 && (at == 0 || raw[at-1] == '\n') {
		if end := bytes.IndexByte(raw[at:], '\n'); end == len("X-TUID: ")+12 {
			raw = append(bytes.Clone(raw[:at]), raw[at+end+1:]...)
		}
	}
	return sha256.Sum256(raw)
}

// kept compares what a program stored in files, by their sums, with the messages of
// the offer, as multisets. folderOf tells the folder of a file; "" for one that is no
// message.
func kept(t testing.TB, c mailtest.Corpus, root string, sumOf func([]byte) [sha256.Size]byte, folderOf func(path string) string, only ...string) {
	t.Helper()
	count := map[string]int{}
	key := func(folder string, sum [sha256.Size]byte) string { return fmt.Sprintf("%s %x", folder, sum) }
	err := c.Each(func(_ int, m mailtest.Message) error {
		if len(only) == 0 || m.Folder == only[0] {
			count[key(m.Folder, sumOf(m.Raw))]++
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	all := 0
	err = filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		name, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		folder := folderOf(name)
		if folder == "" {
			return nil
		}
		raw, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		all++
		count[key(folder, sumOf(raw))]--
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	wrong := 0
	for k, n := range count {
		if n != 0 {
			if wrong++; wrong < 10 {
				t.Errorf("%s: %+d", k, n)
			}
		}
	}
	t.Logf("%d files, %d of them or of the messages without an equal", all, wrong)
}

// maildir is the folder of a file in a tree of maildirs.
func maildir(path string) string {
	dir := filepath.Dir(path)
	switch filepath.Base(dir) {
	case "cur", "new":
		return filepath.ToSlash(filepath.Dir(dir))
	}
	return ""
}

// utf7Maildir is maildir for a program that leaves names as IMAP writes them.
func utf7Maildir(path string) string {
	folder := maildir(path)
	if text, ok := imapwire.DecodeUTF7(folder); ok {
		return text
	}
	return folder
}

func TestMbsync(t *testing.T) {
	c := corpus(t, 150)
	f := corpusFile(t, c)
	g := start(t, f)
	dir := t.TempDir()
	conf := write(t, filepath.Join(dir, "rc"), fmt.Sprintf("FSync no\nIMAPAccount gate\nHost localhost\nPort %s\nUser %s\nPass %s\nTimeout 120\nSSLType IMAPS\nCertificateFile %s\n\nIMAPStore gate\nAccount gate\n\n"+
		"MaildirStore local\nPath %s/mail/\nInbox %s/mail/INBOX\nSubFolders Verbatim\n\nChannel copy\nFar :gate:\nNear :local:\nPatterns *\nCreate Near\nSync Pull\nCopyArrivalDate yes\nSyncState %s/\n",
		g.port(), testUser, testPassword, g.caFile, dir, dir, dir))
	if err := os.Mkdir(filepath.Join(dir, "mail"), 0o700); err != nil {
		t.Fatal(err)
	}
	run(t, dir, nil, "mbsync", "-q", "-c", conf, "-a")
	kept(t, c, filepath.Join(dir, "mail"), unixSum, utf7Maildir)
	f.whole(t)
	before := f.completed()
	run(t, dir, nil, "mbsync", "-q", "-c", conf, "-a") // and again: nothing new
	want(t, "complete after the second run", f.completed(), before)
}

func TestDoveadm(t *testing.T) {
	c := corpus(t, 150)
	f := corpusFile(t, c)
	g := start(t, f)
	server := mailtest.Dovecot(t, mailtest.Options{Format: "sdbox"})
	ca, err := os.ReadFile(g.caFile)
	if err != nil {
		t.Fatal(err)
	}
	caFile := write(t, filepath.Join(server.Dir, "gate.pem"), string(ca)) // where another user can read it
	if err := os.Chmod(caFile, 0o644); err != nil {
		t.Fatal(err)
	}
	for _, how := range []string{"backup", "sync"} {
		run(t, server.Dir, nil, "doveadm", "-c", filepath.Join(server.Dir, "dovecot.conf"), "-o", "imapc_host=localhost", "-o", "imapc_port="+g.port(),
			"-o", "imapc_user="+testUser, "-o", "imapc_password="+testPassword, "-o", "imapc_ssl=imaps", "-o", "ssl_client_ca_file="+caFile,
			"-o", "imapc_features=rfc822.size fetch-headers", how, "-R", "-u", "user", "imapc:")
	}
	got, err := mailtest.Read(t.Context(), server.Account("user"))
	if err != nil {
		t.Fatal(err)
	}
	differences(t, mailtest.Comparison{AnyCase: true}, c.Mailbox(), got)
	f.whole(t)
}

func TestCurl(t *testing.T) {
	c := corpus(t, 150)
	f := corpusFile(t, c)
	g := start(t, f)
	dir := t.TempDir()
	var conf strings.Builder
	fmt.Fprintf(&conf, "user = %q\ncacert = %q\nsilent\nshow-error\nfail\n", testUser+":"+testPassword, g.caFile)
	for i, folder := range f.folders {
		out := filepath.Join(dir, "mail", filepath.FromSlash(strings.Join(folder.Path, "/")), "cur")
		if err := os.MkdirAll(out, 0o700); err != nil {
			t.Fatal(err)
		}
		for _, m := range f.messages[i] {
			fmt.Fprintf(&conf, "url = \"imaps://localhost:%s/%s;UID=%d\"\noutput = %q\n", g.port(), percent(strings.Join(folder.Path, "/")), m.UID, filepath.Join(out, itoa(int(m.UID))))
		}
	}
	run(t, dir, nil, "curl", "-K", write(t, filepath.Join(dir, "rc"), conf.String()))
	kept(t, c, filepath.Join(dir, "mail"), unixSum, maildir)
	f.whole(t)
	want(t, "connections", g.Server.last.Load(), 1)
}

// percent writes a folder's name as a URL has it: in modified UTF-7.
func percent(name string) string {
	var b strings.Builder
	for _, c := range []byte(mailtest.ModifiedUTF7(name)) {
		fmt.Fprintf(&b, "%%%02X", c)
	}
	return b.String()
}

func TestPythonImaplib(t *testing.T) {
	c := corpus(t, 150)
	f := corpusFile(t, c)
	g := start(t, f)
	dir := t.TempDir()
	script := write(t, filepath.Join(dir, "read.py"), `
import imaplib, ssl, sys, json, hashlib, re, time, calendar
host, port, user, password, ca = sys.argv[1:]
box = imaplib.IMAP4_SSL(host, int(port), ssl_context=ssl.create_default_context(cafile=ca))
box.login(user, password)
ok, folders = box.list()
for line in folders:
    m = re.match(rb'\((.*?)\) "/" (.*)$', line)
    if rb'\Noselect' in m.group(1): continue
    name = m.group(2)
    ok, n = box.select(name.decode())          # raises when it is read-only
    assert ok == 'OK', n
    count = int(n[0])
    ok, found = box.uid('SEARCH', None, 'ALL')
    assert len(found[0].split()) == count
    for uid in found[0].split():
        head = box.uid('FETCH', uid, '(RFC822.SIZE INTERNALDATE FLAGS)')[1][0]
        size = int(re.search(rb'RFC822.SIZE (\d+)', head).group(1))
        raw, at = b'', 0
        while at < size:                       # in pieces
            piece = box.uid('FETCH', uid, '(BODY.PEEK[]<%d.10000>)' % at)[1][0][1]
            raw += piece
            at += len(piece)
        if size == 0: box.uid('FETCH', uid, '(BODY.PEEK[])')
        assert len(raw) == size
        date = re.search(rb'INTERNALDATE "(.*?)"', head).group(1).decode().strip()
        zone = date[-5:]
        at = calendar.timegm(time.strptime(date[:-6], '%d-%b-%Y %H:%M:%S')) - int(zone[0]+'1')*(int(zone[1:3])*3600+int(zone[3:])*60)
        flags = sorted(x.decode().lower() if x.startswith(b'\\') else x.decode() for x in re.search(rb'FLAGS \((.*?)\)', head).group(1).split())
        print(json.dumps({'folder': name.decode().strip('"'), 'sum': hashlib.sha256(raw).hexdigest(), 'date': at, 'flags': ' '.join(flags)}))
    box.close()
box.logout()
`)
	out := run(t, dir, nil, "python3", script, "localhost", g.port(), testUser, testPassword, g.caFile)
	count := map[string]int{}
	for _, line := range strings.Split(strings.TrimSpace(out), "\n") {
		var m struct {
			Folder, Sum, Flags string
			Date               int64
		}
		if err := json.Unmarshal([]byte(line), &m); err != nil {
			t.Fatalf("%v in %q", err, line)
		}
		count[fmt.Sprint(m.Folder, m.Sum, m.Flags, m.Date)]++
	}
	for folder, list := range c.Mailbox() {
		for _, m := range list {
			count[fmt.Sprint(mailtest.ModifiedUTF7(folder), fmt.Sprintf("%x", m.Sum), m.Flags, m.Date)]--
		}
	}
	for k, n := range count {
		if n != 0 {
			t.Errorf("%s: %+d", k, n)
		}
	}
	f.whole(t)
}

// TestOfflineIMAP, like those below, runs a program that Debian has.
func TestOfflineIMAP(t *testing.T) {
	c := corpus(t, 30)
	f := corpusFile(t, c)
	g := start(t, f)
	dir := t.TempDir()
	conf := write(t, filepath.Join(dir, "rc"), fmt.Sprintf("[general]\naccounts = a\nmetadata = %s/meta\n[Account a]\nlocalrepository = l\nremoterepository = r\n"+
		"[Repository l]\ntype = Maildir\nlocalfolders = %s/mail\nsep = /\n[Repository r]\ntype = IMAP\nremotehost = localhost\nremoteport = %s\nremoteuser = %s\nremotepass = %s\nssl = yes\nsslcacertfile = %s\nreadonly = True\n",
		dir, dir, g.port(), testUser, testPassword, g.caFile))
	run(t, dir, nil, "offlineimap", "-c", conf, "-o", "-u", "quiet")
	kept(t, c, filepath.Join(dir, "mail"), unixSum, utf7Maildir)
	f.whole(t)
}

func TestFetchmail(t *testing.T) {
	c := corpus(t, 30)
	c.Folders = 1
	f := corpusFile(t, c)
	g := start(t, f)
	dir := t.TempDir()
	mail, mda := intoFiles(t, dir)
	conf := write(t, filepath.Join(dir, "rc"), fmt.Sprintf("set invisible\nset no bouncemail\npoll localhost protocol imap service %s auth password\nuser %q password %q ssl sslcertfile %q\nmda %q\nkeep fetchall norewrite no mimedecode forcecr\n",
		g.port(), testUser, testPassword, g.caFile, mda))
	run(t, dir, []string{"FETCHMAILHOME=" + dir}, "fetchmail", "-f", conf, "--pidfile", filepath.Join(dir, "pid"), "--nosyslog")
	kept(t, c, mail, unixSum, func(string) string { return "INBOX" }, "INBOX")
	f.whole(t, "INBOX")
}

// intoFiles is a program that puts each message that it is given into a file of a
// folder.
func intoFiles(t testing.TB, dir string) (mail, program string) {
	t.Helper()
	mail = filepath.Join(dir, "mail")
	if err := os.Mkdir(mail, 0o700); err != nil {
		t.Fatal(err)
	}
	program = write(t, filepath.Join(dir, "mda"), "#!/bin/sh\nexec cat > $(mktemp "+mail+"/XXXXXXXXXX)\n")
	if err := os.Chmod(program, 0o700); err != nil {
		t.Fatal(err)
	}
	return mail, program
}

// TestPerl: the library that imapsync is made of.
func TestPerl(t *testing.T) {
	c := corpus(t, 150)
	f := corpusFile(t, c)
	g := start(t, f)
	dir := t.TempDir()
	script := write(t, filepath.Join(dir, "read.pl"), `
use strict; use warnings; use Mail::IMAPClient; use IO::Socket::SSL;
my ($port, $user, $password, $ca, $out) = @ARGV;
my $box = Mail::IMAPClient->new(Server => 'localhost', Port => $port, User => $user, Password => $password, Uid => 1, Peek => 1,
	Ssl => [SSL_ca_file => $ca, SSL_verify_mode => SSL_VERIFY_PEER]) or die "connect: $@";
for my $folder ($box->folders) {
	$box->examine($folder) or next; # \Noselect
	mkdir "$out/$_" for map { my @l = split m{/}, $folder; join '/', @l[0..$_] } 0 .. (split m{/}, $folder) - 1;
	mkdir "$out/$folder/cur" or die "$folder: $!";
	for my $uid ($box->messages) {
		my $raw = $box->message_string($uid);
		die "UID $uid: " . $box->LastError unless defined $raw && length($raw) == $box->size($uid);
		open my $file, '>:raw', "$out/$folder/cur/$uid" or die $!;
		print $file $raw;
		close $file or die $!;
	}
}
$box->logout or die $@;
`)
	mail := filepath.Join(dir, "mail")
	if err := os.Mkdir(mail, 0o700); err != nil {
		t.Fatal(err)
	}
	run(t, dir, nil, "perl", script, g.port(), testUser, testPassword, g.caFile, mail)
	kept(t, c, mail, unixSum, utf7Maildir)
	f.whole(t)
}
