//go:build unix

package sandbox

import (
	"cmp"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"

	"github.com/isaworks/isa/internal/mailtest"
)

const (
	oldUser = "kim@old.example"
	newUser = "kim@acme.co.kr"
)

// oldServer is a Dovecot whose user is called by a mail address.
func oldServer(t *testing.T, messages ...mailtest.Message) *mailtest.Server {
	t.Helper()
	users := []string{oldUser}
	for n := range pop3Accounts + 1 {
		users = append(users, fmt.Sprintf("user%d@old.example", n))
	}
	old := mailtest.Dovecot(t, mailtest.Options{Users: users})
	if err := old.LoadMessages(oldUser, messages...); err != nil {
		t.Fatal(err)
	}
	return old
}

// someMail is mail of 30 folders whose names the service takes.
func someMail(n int) []mailtest.Message {
	c := mailtest.Corpus{Messages: n, MedianBytes: 2_000, MaxBytes: 9_000}
	var out []mailtest.Message
	for i := range n {
		m := c.Message(i)
		m.Folder = strings.ReplaceAll(m.Folder, "😀", "smile")
		out = append(out, m)
	}
	for _, name := range c.Names() { // each folder has one at least
		m := c.Message(0)
		m.Folder = strings.ReplaceAll(name, "😀", "smile")
		out = append(out, m)
	}
	return out
}

func letter(folder, text string) mailtest.Message {
	return mailtest.Message{Folder: folder, Flags: []string{`\Flagged`, `\Seen`}, Date: time.Date(2020, 3, 4, 5, 6, 7, 0, time.UTC),
		Raw: []byte("From: a@old.example\r\nSubject: " + text + "\r\n\r\n" + text + "\r\n")}
}

// mover is a sandbox with a member, and a client that may import mail.
type mover struct {
	*client
	s   *Server
	old *mailtest.Server
}

func newMover(t *testing.T, old *mailtest.Server, opt Options) *mover {
	t.Helper()
	opt.ImportRoots = old.Roots
	if opt.Speed == 0 {
		opt.Speed = 1000
	}
	m := &mover{s: mailServer(t, opt), old: old}
	m.client = inProcess(t, m.s)
	m.login("directory mail")
	if len(m.s.state().Users) == 1 {
		m.must("POST", "/users", member("kim", obj{"locale": "en_US", "userExternalKey": "K1"}))
	}
	return m
}

func hostPort(t testing.TB, addr string) (string, int) {
	t.Helper()
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		t.Fatal(err)
	}
	n, err := strconv.Atoi(port)
	if err != nil {
		t.Fatal(err)
	}
	return host, n
}

const migrationPath = "/users/" + newUser + "/mail/migration/imap"

func (m *mover) order(more obj) obj {
	host, port := hostPort(m.t, m.old.IMAPS)
	out := obj{"host": host, "port": port, "importedEmail": oldUser, "password": mailtest.Password, "useSsl": true}
	for k, v := range more {
		out[k] = v
	}
	return out
}

func (m *mover) start() {
	m.t.Helper()
	status, body := m.do("POST", migrationPath, m.order(nil))
	if status != 202 || len(body) != 0 {
		m.t.Fatalf("start: %d %v", status, body)
	}
}

// wait polls until the run is over and returns the last status.
func (m *mover) wait() obj {
	m.t.Helper()
	for range 4000 {
		if got := m.must("GET", migrationPath, nil); got["status"] != migrationRunning {
			return got
		}
		time.Sleep(5 * time.Millisecond)
	}
	m.t.Fatal("the run does not end")
	return nil
}

func (m *mover) run() obj {
	m.t.Helper()
	m.start()
	return m.wait()
}

// account is the member's mailbox, for a mail program.
func (m *mover) account() mailtest.Account {
	m.t.Helper()
	if u := m.s.tenant.findUser(newUser); u.Pending {
		if err := m.s.SignIn(newUser); err != nil {
			m.t.Fatal(err)
		}
	}
	made, err := m.s.AppPassword(newUser, true)
	if err != nil {
		m.t.Fatal(err)
	}
	return mailtest.Account{Addr: strings.TrimPrefix(m.s.Env()["ISA_IMAP_BASE"], "imap://"), User: newUser, Password: made.Password}
}

// takeNotices removes the service's notices from the inbox and returns their
// subjects.
func (m *mover) takeNotices() (subjects []string) {
	m.t.Helper()
	err := mailtest.Do(m.t.Context(), m.account(), func(c *imapclient.Client) error {
		if _, err := c.Select("INBOX", nil).Wait(); err != nil {
			return err
		}
		found, err := c.UIDSearch(&imap.SearchCriteria{Header: []imap.SearchCriteriaHeaderField{{Key: "From", Value: "no-reply@isa-sandbox.invalid"}}}, nil).Wait()
		if err != nil || len(found.AllUIDs()) == 0 {
			return err
		}
		set := imap.UIDSetNum(found.AllUIDs()...)
		list, err := c.Fetch(set, &imap.FetchOptions{Envelope: true}).Collect()
		if err != nil {
			return err
		}
		for _, n := range list {
			subjects = append(subjects, n.Envelope.Subject)
		}
		if err := c.Store(set, &imap.StoreFlags{Op: imap.StoreFlagsAdd, Flags: []imap.Flag{imap.FlagDeleted}}, nil).Close(); err != nil {
			return err
		}
		return c.UIDExpunge(set).Close()
	})
	if err != nil {
		m.t.Fatal(err)
	}
	return subjects
}

// mailbox is what the member has, without notices.
func (m *mover) mailbox() mailtest.Mailbox {
	m.t.Helper()
	m.takeNotices()
	got, err := mailtest.Read(m.t.Context(), m.account())
	if err != nil {
		m.t.Fatal(err)
	}
	return got
}

func (m *mover) same(what string, want mailtest.Mailbox) {
	m.t.Helper()
	names := map[string]string{"Junk": "Spam", "보낸메일함": "Sent"}
	renamed := mailtest.Comparison{Rename: func(path string) string { return cmp.Or(names[path], path) }}
	for i, d := range renamed.Compare(want, m.mailbox()) {
		if i < 10 {
			m.t.Errorf("%s: %s", what, d)
		}
	}
}

func (m *mover) source() mailtest.Mailbox {
	m.t.Helper()
	got, err := mailtest.Read(m.t.Context(), m.old.Account(oldUser))
	if err != nil {
		m.t.Fatal(err)
	}
	return got
}

const (
	noticeStart = "외부 메일 가져오기를 시작합니다"
	noticeEnd   = "외부 메일 가져오기가 완료되었습니다"
	noticeFail  = "외부 메일 가져오기에 실패했습니다"
)

// TestMigration: a whole mailbox comes over as it is; a second run brings all of it
// again; one that fails leaves the mailbox as it was; each writes to the member
// twice.
func TestMigration(t *testing.T) {
	t.Parallel()
	all := someMail(500)
	m := newMover(t, oldServer(t, all...), Options{})
	before := m.must("GET", migrationPath, nil)
	want(t, "nothing registered", before, obj{"startedTime": "", "completedTime": "", "totalMailCount": 0, "host": "", "port": 0, "importedEmail": "", "email": "", "useSsl": false, "status": "Before migration"})
	done := m.run()
	want(t, "status", fmt.Sprint(done["status"], done["totalMailCount"], done["importedEmail"], done["useSsl"], done["email"]), fmt.Sprint("Completed", len(all), oldUser, true, ""))
	for _, name := range []string{"startedTime", "completedTime"} {
		if _, err := time.Parse("2006-01-02 15:04:05", fmt.Sprint(done[name])); err != nil {
			t.Error(err)
		}
	}
	want(t, "notices", m.takeNotices(), []string{noticeStart, noticeEnd})
	source := m.source()
	m.same("first run", source)
	m.run()
	twice := mailtest.Mailbox{}
	for path, list := range source {
		twice[path] = slices.Concat(list, list)
	}
	m.same("second run", twice)
	if err := m.s.SetFaults("migration-fail=300"); err != nil {
		t.Fatal(err)
	}
	want(t, "after a failure", m.run()["status"], "Before migration")
	want(t, "notices of a failure", m.takeNotices(), []string{noticeStart, noticeFail})
	m.same("failed run", twice)
	if err := m.s.SetFaults(""); err != nil {
		t.Fatal(err)
	}
	want(t, "delete", status(m.do("DELETE", migrationPath, nil)), "204")
	want(t, "deleted", m.must("GET", migrationPath, nil), before)
	want(t, "mail stays", m.mailbox().Items(), twice.Items())
	if text := fmt.Sprint(m.s.Requests(), before, done); strings.Contains(text, mailtest.Password+" ") {
		t.Error("a password is shown")
	}
}

// TestMigrationIsRefused: what does not begin.
func TestMigrationIsRefused(t *testing.T) {
	t.Parallel()
	m := newMover(t, oldServer(t, letter("INBOX", "a")), Options{})
	try := func(more obj) string {
		code, body := m.do("POST", migrationPath, m.order(more))
		return fmt.Sprint(code, " ", body["code"])
	}
	want(t, "wrong password", try(obj{"password": "wrong"}), "400 BAD_REQUEST")
	want(t, "nobody listens", try(obj{"port": 1}), "400 BAD_REQUEST")
	want(t, "no TLS at a TLS port", try(obj{"useSsl": false, "port": 65535}), "400 BAD_REQUEST")
	want(t, "login that is no address", try(obj{"importedEmail": "kim"}), "400 INVALID_PARAMETER")
	want(t, "no host", try(obj{"host": ""}), "400 INVALID_PARAMETER")
	want(t, "port as text", try(obj{"port": "993"}), "400 INVALID_PARAMETER")
	for _, name := range []string{"host", "port", "importedEmail", "password"} {
		body := m.order(nil)
		delete(body, name)
		code, got := m.do("POST", migrationPath, body)
		want(t, "without "+name, fmt.Sprint(code, got["code"]), "400MISSING_PARAMETER")
	}
	want(t, "nobody", status(m.do("POST", "/users/nobody/mail/migration/imap", m.order(nil))), "404")
	if _, body := m.do("POST", migrationPath, m.order(obj{"password": "canary-7"})); strings.Contains(fmt.Sprint(body), "canary-7") {
		t.Error("the refusal shows the password")
	}
	if got := m.must("GET", migrationPath, nil); got["status"] != "Before migration" || len(m.takeNotices()) > 0 {
		t.Errorf("a refused start left something: %v", got)
	}
	m.run()
	if err := m.s.SetMailImport(false); err != nil {
		t.Fatal(err)
	}
	want(t, "import off", try(nil), "403 ACCESS_DENIED")
	resp, err := m.http.PostForm(m.base+"/_sandbox/mail-import", map[string][]string{"on": {"yes"}})
	if err != nil || resp.StatusCode != 204 {
		t.Fatalf("switch: %v %v", resp, err)
	}
	resp.Body.Close()
	want(t, "settings are gone", m.must("GET", migrationPath, nil)["status"], "Before migration")
	if err := m.s.SetDesignatedIPs(true); err != nil {
		t.Fatal(err)
	}
	want(t, "designated IPs", try(nil), "403 ACCESS_DENIED")
	if err := m.s.SetDesignatedIPs(false); err != nil {
		t.Fatal(err)
	}
	m.must("DELETE", "/users/"+newUser, nil)
	want(t, "deleted member", try(nil), "403 ACCESS_DENIED")
	free := newMover(t, m.old, Options{Plan: "lite"})
	want(t, "plan without mail", status(free.do("POST", migrationPath, free.order(nil))), "403")
	free.client.login("directory")
	want(t, "scope", status(free.do("GET", migrationPath, nil)), "403")
}

// TestMigrationInProgress: one run at a time, its status, its end by DELETE.
func TestMigrationInProgress(t *testing.T) {
	m := newMover(t, oldServer(t, letter("INBOX", "a"), letter("INBOX", "b")), Options{Faults: "migration-stall=1"})
	m.start()
	want(t, "second start", status(m.do("POST", migrationPath, m.order(nil))), "409")
	got := m.must("GET", migrationPath, nil)
	want(t, "status", fmt.Sprint(got["status"], got["completedTime"], got["totalMailCount"]), "In progress0")
	m.must("DELETE", migrationPath, nil)
	want(t, "deleted", m.must("GET", migrationPath, nil)["status"], "Before migration")
	want(t, "rolled back", m.mailbox().Items(), 0)
	m.start()
	m.must("DELETE", "/users/"+newUser+"/forcedelete", nil) // the run ends with its member
	want(t, "violations", m.s.Violations(), []string{})
}

// TestMigrationFails: what makes a run fail as a whole, and what is only skipped.
func TestMigrationFails(t *testing.T) {
	t.Parallel()
	fails := map[string]struct {
		mail   []mailtest.Message
		faults string
	}{
		"special characters": {[]mailtest.Message{letter("INBOX", "a"), letter("a:b", "b")}, ""},
		"six levels":         {[]mailtest.Message{letter("INBOX", "a"), letter("1/2/3/4/5/6", "b")}, ""},
		"poison":             {[]mailtest.Message{letter("INBOX", "a"), letter("INBOX", "CANARY-11"), letter("INBOX", "c")}, "migration-poison=CANARY-11"},
		"a stalled source":   {[]mailtest.Message{letter("INBOX", "a")}, "migration-stall=1"},
	}
	for name, tc := range fails {
		t.Run(name, func(t *testing.T) {
			m := newMover(t, oldServer(t, tc.mail...), Options{Faults: tc.faults, ImportTimeout: time.Second})
			want(t, "status", m.run()["status"], "Before migration")
			want(t, "notices", m.takeNotices(), []string{noticeStart, noticeFail})
			want(t, "mail", m.mailbox().Items(), 0)
		})
	}
	large := letter("INBOX", "large")
	large.Raw = append(large.Raw, []byte(strings.Repeat(strings.Repeat("x", 998)+"\r\n", importLimit/1000))...)
	m := newMover(t, oldServer(t, large, letter("1/2/3/4/5", "a")), Options{})
	got := m.run()
	want(t, "50 MB are skipped", fmt.Sprint(got["status"], got["totalMailCount"], m.mailbox().Items()), "Completed2 1")
}

// TestMigrationSurvivesTheEnd: what is cut off by the end of the sandbox is rolled
// back at the next start; what had arrived counts as done.
func TestMigrationSurvivesTheEnd(t *testing.T) {
	t.Parallel()
	old := oldServer(t, someMail(50)...)
	dir := t.TempDir()
	m := newMover(t, old, Options{Dir: dir, Faults: "migration-slow=20ms"})
	m.start()
	for m.s.migrations.running(m.s.memberID(newUser)).copied.Load() < 5 {
		time.Sleep(time.Millisecond)
	}
	if err := m.s.Close(); err != nil {
		t.Fatal(err)
	}
	m = newMover(t, old, Options{Dir: dir})
	want(t, "cut off", m.must("GET", migrationPath, nil)["status"], "Before migration")
	want(t, "notices", m.takeNotices(), []string{noticeStart, noticeFail})
	want(t, "mail", m.mailbox().Items(), 0)
	done := m.run()
	err := m.s.change(func(time.Time) error { // as if it had ended between the mailbox and the journal
		changed := *m.s.tenant.findUser(newUser)
		cut := *changed.Mail.Migration
		cut.State, cut.Completed, cut.Total = migrationRunning, time.Time{}, 0
		changed.Mail.Migration = &cut
		m.s.tenant.putUser(&changed)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := m.s.Close(); err != nil {
		t.Fatal(err)
	}
	m = newMover(t, old, Options{Dir: dir})
	again := m.must("GET", migrationPath, nil)
	want(t, "arrived", fmt.Sprint(again["status"], again["totalMailCount"]), fmt.Sprint(done["status"], done["totalMailCount"]))
	m.same("arrived once", m.source())
}

// TestMigrationByMembers: a member's token opens that member's own settings.
func TestMigrationByMembers(t *testing.T) {
	m := newMover(t, oldServer(t, letter("INBOX", "a")), Options{SSO: true})
	tok, err := m.s.issue(token{User: m.s.memberID(newUser), Domain: dom, Scopes: []string{"mail"}}, false)
	if err != nil {
		t.Fatal(err)
	}
	m.token = tok.AccessToken
	want(t, "own", status(m.do("POST", "/users/me/mail/migration/imap", m.order(nil))), "202")
	want(t, "another's", status(m.do("GET", "/users/"+administrator+"/mail/migration/imap", nil)), "403")
	want(t, "done", m.wait()["status"], "Completed")
}
