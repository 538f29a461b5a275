package sandbox

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// imapTalk is a conversation with the sandbox's IMAP port, in plain lines.
type imapTalk struct {
	t    testing.TB
	conn net.Conn
	in   *bufio.Reader
}

func mailServer(t testing.TB, opt Options) *Server {
	t.Helper()
	s := newServer(t, opt)
	if _, err := s.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	return s
}

func dialMail(t testing.TB, s *Server) *imapTalk {
	t.Helper()
	addr := strings.TrimPrefix(s.Env()["ISA_IMAP_BASE"], "imap://")
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	k := &imapTalk{t, conn, bufio.NewReader(conn)}
	k.until("* OK")
	return k
}

// do sends a command and returns what comes up to its tagged answer, or to the end
// of the connection.
func (k *imapTalk) do(format string, args ...any) string {
	k.t.Helper()
	if _, err := fmt.Fprintf(k.conn, "x "+format+"\r\n", args...); err != nil {
		return "cut"
	}
	return k.until("x ")
}

func (k *imapTalk) until(prefix string) string {
	var out []string
	for {
		line, err := k.in.ReadString('\n')
		if err != nil {
			return strings.Join(append(out, "cut"), "\n")
		}
		line = strings.TrimRight(line, "\r\n")
		out = append(out, line)
		if strings.HasPrefix(line, prefix) {
			return strings.Join(out, "\n")
		}
	}
}

func (k *imapTalk) put(body string) string {
	return k.do("APPEND INBOX (\\Seen Blue) \"01-Feb-2003 04:05:06 +0900\" {%d+}\r\n%s", len(body), body)
}

const administrator = "admin@acme.co.kr"

// mailClient logs in as the administrator.
func mailClient(t testing.TB, s *Server) *imapTalk {
	t.Helper()
	made, err := s.AppPassword(administrator, true)
	if err != nil {
		t.Fatal(err)
	}
	k := dialMail(t, s)
	if got := k.do("LOGIN %s %s", administrator, made.Password); !strings.HasPrefix(got, "x OK") {
		t.Fatal(got)
	}
	return k
}

// TestMailLogin: whom the mailbox lets in.
func TestMailLogin(t *testing.T) {
	s := mailServer(t, Options{})
	c := inProcess(t, s)
	c.must("POST", "/users", member("kim", nil))
	c.must("POST", "/users/kim@acme.co.kr/alias-emails/kk@acme.co.kr", nil)
	if _, err := s.AppPassword("kim@acme.co.kr", false); err == nil {
		t.Error("a pending member made an app password")
	}
	if err := s.SignIn("kim@acme.co.kr"); err != nil {
		t.Fatal(err)
	}
	var made AppPassword
	for range maxAppPasswords {
		var err error
		if made, err = s.AppPassword("kim@acme.co.kr", false); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.AppPassword("kim@acme.co.kr", false); err == nil {
		t.Error("a member made six app passwords")
	}
	if !regexp.MustCompile(`^[A-Za-z0-9]{16}$`).MatchString(made.Password) {
		t.Errorf("app password %q", made.Password)
	}
	login := func(user, password string) string {
		answer := dialMail(t, s).do("LOGIN %s %q", user, password)
		return strings.TrimPrefix(strings.TrimPrefix(answer, "x NO [AUTHENTICATIONFAILED] "), "x ")[:10]
	}
	const in = "OK [CAPABI"
	want(t, "full address", login("kim@acme.co.kr", made.Password), in)
	want(t, "capitals", login("Kim@Acme.co.kr", made.Password), in)
	want(t, "name only", login("kim", made.Password), "Wrong user")
	want(t, "alias", login("kk@acme.co.kr", made.Password), "Wrong user")
	want(t, "nobody", login("no@acme.co.kr", made.Password), "Wrong user")
	want(t, "another password", login("kim@acme.co.kr", "Secret-1234"), "Wrong user")
	want(t, "another member's", login(administrator, made.Password), "Wrong user")
	c.must("POST", "/users/kim@acme.co.kr/suspend", nil)
	want(t, "suspended", login("kim@acme.co.kr", made.Password), "The accoun")
	c.must("POST", "/users/kim@acme.co.kr/unsuspend", nil)
	want(t, "again in use", login("kim@acme.co.kr", made.Password), in)
	if err := s.SetIMAP("kim@acme.co.kr", false); err != nil {
		t.Fatal(err)
	}
	want(t, "member's switch", login("kim@acme.co.kr", made.Password), "IMAP is sw")
	if err := s.SetIMAP("kim@acme.co.kr", true); err != nil {
		t.Fatal(err)
	}
	if err := s.SetIMAP("", false); err != nil {
		t.Fatal(err)
	}
	want(t, "administrator's switch", login("kim@acme.co.kr", made.Password), "IMAP is no")
	if err := s.SetIMAP("", true); err != nil {
		t.Fatal(err)
	}
	again, err := s.AppPassword("kim@acme.co.kr", true)
	if err != nil {
		t.Fatal(err)
	}
	want(t, "taken back", login("kim@acme.co.kr", made.Password), "Wrong user")
	want(t, "renewed", login("kim@acme.co.kr", again.Password), in)
	state, err := http.Get(s.Env()["ISA_API_BASE"] + "/../_sandbox/state")
	if err != nil {
		t.Fatal(err)
	}
	if _, body := read(t, state); strings.Contains(fmt.Sprint(body), sumOf(again.Password)) {
		t.Error("the state shows app passwords")
	}
	free := mailServer(t, Options{Plan: "free"})
	if _, err := free.AppPassword(administrator, false); err == nil {
		t.Error("an app password on a plan without mail")
	}
}

// TestAppPasswords: the table for rehearsals.
func TestAppPasswords(t *testing.T) {
	s := mailServer(t, Options{Seed: 12})
	c := inProcess(t, s)
	c.must("POST", "/users", member("new", nil))
	post := func(form url.Values) (*http.Response, string) {
		resp, err := http.PostForm(strings.TrimSuffix(s.Env()["ISA_API_BASE"], "/v1.0")+"/_sandbox/app-passwords", form)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		var b strings.Builder
		if _, err := bufio.NewReader(resp.Body).WriteTo(&b); err != nil {
			t.Fatal(err)
		}
		return resp, b.String()
	}
	resp, table := post(nil)
	want(t, "rows", strings.Count(table, "\n"), 1+12)
	want(t, "left out", resp.Header.Get("Isa-Without"), 1)
	_, table = post(url.Values{"sign-in": {"yes"}, "renew": {"yes"}})
	want(t, "rows with everybody", strings.Count(table, "\n"), 1+13)
	rows := strings.Split(strings.TrimSpace(table), "\n")
	want(t, "head", rows[0], "login,password")
	login, password, _ := strings.Cut(rows[13], ",")
	want(t, "the last", login, "new@acme.co.kr")
	if got := dialMail(t, s).do("LOGIN %s %s", login, password); !strings.HasPrefix(got, "x OK") {
		t.Error(got)
	}
}

// TestEpochs: when UIDVALIDITY changes.
func TestEpochs(t *testing.T) {
	status := func(k *imapTalk) string {
		return regexp.MustCompile(`UIDVALIDITY \d+`).FindString(k.do("STATUS INBOX (UIDVALIDITY)"))
	}
	visit := func(s *Server) string {
		k := mailClient(t, s)
		v := status(k)
		k.do("LOGOUT")
		k.until("never") // until the server has closed
		return v
	}
	for mode, wants := range map[string]string{"kept": "same same", "start": "same other", "login": "other other"} {
		t.Run(mode, func(t *testing.T) {
			opt := Options{Dir: t.TempDir(), PrivateKey: keyPEMOf(testKey()), Switches: Switches{"imap-uidvalidity": mode}}
			s := mailServer(t, opt)
			first := visit(s)
			eventually(t, func() bool { return s.mail.server.Load().Idle() })
			second := visit(s)
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			third := visit(mailServer(t, opt))
			name := map[bool]string{true: "same", false: "other"}
			want(t, "second login and after a restart", name[first == second]+" "+name[second == third], wants)
		})
	}
	s := mailServer(t, Options{})
	k := mailClient(t, s)
	k.put("a")
	k.put("b")
	k.do("SELECT INBOX")
	k.do(`STORE 1 +FLAGS.SILENT (\Deleted)`)
	k.do("EXPUNGE")
	before := status(k)
	if err := s.NewUIDValidity(administrator); err != nil {
		t.Fatal(err)
	}
	if got := k.do("NOOP"); !strings.HasPrefix(got, "* BYE") {
		t.Errorf("a session of the old epoch goes on: %s", got)
	}
	k = mailClient(t, s)
	if status(k) == before {
		t.Error("UIDVALIDITY is the same")
	}
	k.do("SELECT INBOX")
	want(t, "UIDs", k.do("FETCH 1:* UID"), "* 1 FETCH (UID 1)\nx OK FETCH completed")
}

func eventually(t testing.TB, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("it did not come")
		}
	}
}

// TestMailFaults: each fault of IMAP, and that they are the same for one seed value.
func TestMailFaults(t *testing.T) {
	s := mailServer(t, Options{Faults: "imap-drop-response=100%"})
	k := mailClient(t, s)
	want(t, "drop-response", k.put("a"), "cut")
	set := func(text string) {
		t.Helper()
		if err := s.SetFaults(text); err != nil {
			t.Fatal(err)
		}
	}
	set("imap-drop-request=100%")
	want(t, "drop-request", mailClient(t, s).put("b"), "cut")
	set("imap-no=100%")
	k = mailClient(t, s)
	want(t, "no", strings.HasPrefix(k.put("c"), "x NO [UNAVAILABLE]"), true)
	set("imap-slow=100%:1ms")
	want(t, "slow", strings.HasPrefix(k.put("d"), "x OK"), true)
	set("imap-cut=2")
	k = mailClient(t, s)
	want(t, "first", strings.HasPrefix(k.put("e"), "x OK"), true)
	want(t, "second", k.put("f"), "cut")
	set("")
	k = mailClient(t, s)
	want(t, "what was done", strings.Contains(k.do("STATUS INBOX (MESSAGES)"), "MESSAGES 4)"), true)
	set("imap-cut=3")
	k.do("EXAMINE INBOX")
	want(t, "cut while fetching", strings.Count(k.do("FETCH 1:* BODY.PEEK[]"), "FETCH ("), 3)

	outcome := func() string {
		s := mailServer(t, Options{Faults: "imap-no=30%", SeedValue: 7})
		k := mailClient(t, s)
		out := ""
		for range 20 {
			out += strings.Fields(k.do("CREATE x"))[1] + strings.Fields(k.do("CREATE x"))[2] + " "
		}
		return out
	}
	if one, two := outcome(), outcome(); one != two || !strings.Contains(one, "[UNAVAILABLE]") {
		t.Errorf("faults of one seed value differ, or none:\n%s\n%s", one, two)
	}
	for _, text := range []string{"imap-no=1", "imap-no=1%:1s", "imap-slow=1%", "imap-cut=0", "imap-x=1%", "imap-no=60%,imap-drop-request=60%"} {
		if _, err := ParseFaults(text); err == nil {
			t.Errorf("%s is accepted", text)
		}
	}
}

// TestMailTLS: a certificate that a client can trust, kept with the data.
func TestMailTLS(t *testing.T) {
	opt := Options{IMAPTLS: true, Dir: t.TempDir(), PrivateKey: keyPEMOf(testKey())}
	var before []byte
	for range 2 {
		s := mailServer(t, opt)
		env := s.Env()
		addr, ok := strings.CutPrefix(env["ISA_IMAP_BASE"], "imaps://")
		if !ok {
			t.Fatal(env["ISA_IMAP_BASE"])
		}
		pem, err := os.ReadFile(filepath.Join(env["SSL_CERT_DIR"], certificate))
		if err != nil {
			t.Fatal(err)
		}
		if before != nil && string(before) != string(pem) {
			t.Error("the certificate is another one after a restart")
		}
		before = pem
		conn, err := tls.Dial("tcp", addr, &tls.Config{RootCAs: poolOf(t, pem), ServerName: "127.0.0.1"})
		if err != nil {
			t.Fatal(err)
		}
		line, err := bufio.NewReader(conn).ReadString('\n')
		if err != nil || !strings.HasPrefix(line, "* OK") {
			t.Error(line, err)
		}
		_ = conn.Close()
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	s := mailServer(t, Options{IMAPTLS: true})
	dir := s.Env()["SSL_CERT_DIR"]
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(dir); !os.IsNotExist(err) {
		t.Errorf("%s is left behind", dir)
	}
}

// TestMailOff: no port, and an address that leads nowhere.
func TestMailOff(t *testing.T) {
	s := mailServer(t, Options{IMAP: "off"})
	want(t, "address", s.Env()["ISA_IMAP_BASE"], noMail)
	if err := s.NewUIDValidity(administrator); err == nil {
		t.Error("a mailbox without mail")
	}
	if _, err := newServer(t, Options{IMAP: "nonsense"}).Start(t.Context()); err == nil {
		t.Error("a listening address that is none is accepted")
	}
}

// TestMailEndsWithMember: a member who is deleted for good leaves no mail behind,
// and the page shows what is there until then.
func TestMailEndsWithMember(t *testing.T) {
	dir := t.TempDir()
	s := mailServer(t, Options{Dir: dir, PrivateKey: keyPEMOf(testKey())})
	c := inProcess(t, s)
	id := c.must("POST", "/users", member("kim", nil))["userId"].(string)
	if err := s.SignIn(id); err != nil {
		t.Fatal(err)
	}
	made, err := s.AppPassword(id, false)
	if err != nil {
		t.Fatal(err)
	}
	k := dialMail(t, s)
	k.do("LOGIN %s %s", made.Login, made.Password)
	k.put("hello")
	shown := s.newPage(url.Values{"view": {"mail"}})
	s.pageMailboxes(shown)
	want(t, "mailboxes of the page", shown.Boxes[0].Messages, 1)
	c.must("DELETE", "/users/"+id+"/forcedelete", nil)
	want(t, "session", k.do("NOOP"), "* BYE The account is gone\ncut")
	if _, err := os.Stat(filepath.Join(dir, "mail", id)); !os.IsNotExist(err) {
		t.Errorf("mail is left behind: %v", err)
	}
}

func poolOf(t testing.TB, pem []byte) *x509.CertPool {
	t.Helper()
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		t.Fatal("no certificate")
	}
	return pool
}

// TestMailControls: the control calls of mail over HTTP.
func TestMailControls(t *testing.T) {
	s := mailServer(t, Options{})
	base := strings.TrimSuffix(s.Env()["ISA_API_BASE"], "/v1.0") + "/_sandbox/"
	post := func(call string, form url.Values) (int, map[string]any) {
		resp, err := http.PostForm(base+call, form)
		if err != nil {
			t.Fatal(err)
		}
		return read(t, resp)
	}
	code, made := post("app-password", url.Values{"user": {administrator}})
	want(t, "app password", fmt.Sprint(code, " ", made["login"]), "200 "+administrator)
	login := func() string {
		return strings.Fields(dialMail(t, s).do("LOGIN %s %s", administrator, made["password"]))[1]
	}
	want(t, "login", login(), "OK")
	for _, tc := range []struct {
		call  string
		form  url.Values
		code  int
		login string
	}{
		{"imap", url.Values{"on": {"no"}}, 204, "NO"},
		{"imap", url.Values{"on": {"yes"}}, 204, "OK"},
		{"imap", url.Values{"on": {"no"}, "user": {administrator}}, 204, "NO"},
		{"imap", url.Values{"on": {"perhaps"}}, 400, "NO"},
		{"imap", url.Values{"on": {"yes"}, "user": {"nobody"}}, 404, "NO"},
		{"imap", url.Values{"on": {"yes"}, "user": {administrator}}, 204, "OK"},
		{"uidvalidity", url.Values{"user": {administrator}}, 204, "OK"},
		{"uidvalidity", url.Values{"user": {"nobody"}}, 404, "OK"},
		{"app-password", url.Values{"user": {"nobody"}}, 404, "OK"},
	} {
		code, _ := post(tc.call, tc.form)
		want(t, fmt.Sprint(tc.call, tc.form), fmt.Sprint(code, " ", login()), fmt.Sprint(tc.code, " ", tc.login))
	}
}

// TestMailDurable: mail, app passwords and switches outlive a restart.
func TestMailDurable(t *testing.T) {
	opt := Options{Dir: t.TempDir(), PrivateKey: keyPEMOf(testKey())}
	s := mailServer(t, opt)
	made, err := s.AppPassword(administrator, false)
	if err != nil {
		t.Fatal(err)
	}
	k := dialMail(t, s)
	k.do("LOGIN %s %s", made.Login, made.Password)
	k.put("hello")
	status := k.do("STATUS INBOX (MESSAGES UIDNEXT UIDVALIDITY)")
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = mailServer(t, opt)
	k = dialMail(t, s)
	k.do("LOGIN %s %s", made.Login, made.Password)
	want(t, "after a restart", k.do("STATUS INBOX (MESSAGES UIDNEXT UIDVALIDITY)"), status)
	k.do("EXAMINE INBOX")
	want(t, "message", k.do("FETCH 1 (FLAGS INTERNALDATE BODY[])"),
		"* 1 FETCH (FLAGS (\\Seen Blue) INTERNALDATE \" 1-Feb-2003 04:05:06 +0900\" BODY[] {5}\nhello)\nx OK FETCH completed")
	if err := s.SetIMAP("", false); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = mailServer(t, opt)
	want(t, "the administrator's switch", dialMail(t, s).do("LOGIN %s %s", made.Login, made.Password),
		"x NO [AUTHENTICATIONFAILED] IMAP is not allowed by the administrator")
}
