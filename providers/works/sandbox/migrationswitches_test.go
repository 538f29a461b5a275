//go:build unix

package sandbox

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2/imapclient"

	"github.com/isaworks/isa/internal/mailtest"
)

// TestMigrationSwitches: what each switch of migration and forwarding changes, seen
// from outside. Each has its default's outcome beside its others.
func TestMigrationSwitches(t *testing.T) {
	t.Parallel()
	old := oldServer(t, letter("INBOX", "a"), letter("INBOX", "b"), letter("Work", "c"), letter("Sent Items", "d"))
	folders := func(m *mover) string {
		var out []string
		for name, list := range m.mailbox() {
			if len(list) > 0 {
				out = append(out, fmt.Sprint(name, "=", len(list)))
			}
		}
		slices.Sort(out)
		return strings.Join(out, " ")
	}
	answer := func(m *mover) string { return status(m.do("POST", migrationPath, m.order(nil))) }
	copies := func(m *mover) string { return fmt.Sprint(m.run()["status"], " ", folders(m)) }
	const whole = "Completed INBOX=2 Sent=1 Work=1"
	seen := func(pick func(mailtest.Seen) string) func(m *mover) string {
		return func(m *mover) string {
			m.run()
			return pick(m.mailbox()["Work"][0])
		}
	}
	failing := func(see func(m *mover) string) func(m *mover) string {
		return func(m *mover) string {
			m.run()
			if err := m.s.SetFaults("migration-fail=4"); err != nil {
				t.Fatal(err)
			}
			m.start()
			return see(m)
		}
	}
	// held sees a run that stands still after its first message.
	held := func(see func(m *mover) string) func(m *mover) string {
		return func(m *mover) string {
			if err := m.s.SetFaults("migration-stall=1"); err != nil {
				t.Fatal(err)
			}
			m.start()
			for m.s.migrations.running(m.s.memberID(newUser)).copied.Load() < 1 {
				time.Sleep(time.Millisecond)
			}
			return see(m)
		}
	}
	forward := func(m *mover, to string) string {
		return status(m.do("POST", "/users/"+newUser+"/mail/settings/forwarding", obj{"email": to}))
	}
	cases := map[string]struct {
		see   func(*mover) string
		wants map[string]string
	}{
		"mail-service-account": {func(m *mover) string { return answer(m) + " " + forward(m, "x@old.example") },
			map[string]string{"allowed": "202 201", "403": "403 403"}},
		"mail-import":       {answer, map[string]string{"on": "202", "off": "403"}},
		"designated-ips":    {answer, map[string]string{"off": "202", "on": "403"}},
		"migration-pending": {answer, map[string]string{"allowed": "202", "403": "403"}},
		"migration-certificate": {func(m *mover) string {
			m.s.migrations.network.roots = nil // the system does not know this authority
			return answer(m)
		}, map[string]string{"verified": "400", "any": "202"}},
		"migration-logins": {held(func(m *mover) string {
			m.must("POST", "/users", member("lee", nil))
			m.must("POST", strings.Replace(migrationPath, "kim", "lee", 1), m.order(nil))
			for m.s.migrations.running(m.s.memberID("lee@acme.co.kr")).copied.Load() < 1 {
				if len(m.s.migrations.slots[m.old.IMAPS]) == 1 && cap(m.s.migrations.slots[m.old.IMAPS]) == 1 {
					return "waits"
				}
				time.Sleep(time.Millisecond)
			}
			return "goes on"
		}), map[string]string{"unlimited": "goes on", "5": "goes on", "1": "waits"}},
		"migration-connections": {copies, map[string]string{"1": whole, "3": whole}},
		"migration-order": {held(func(m *mover) string {
			return fmt.Sprint(m.must("GET", migrationPath, nil)["status"])
		}), map[string]string{"listed": "In progress", "name": "In progress"}},
		"migration-fetch":  {copies, map[string]string{"BODY.PEEK[]": whole, "BODY[]": whole, "RFC822": whole, "partial": whole}},
		"migration-window": {copies, map[string]string{"1": whole, "50": whole}},
		"migration-special-folders": {copies, map[string]string{"names": whole,
			"special-use": "Completed INBOX=2 Sent Items=1 Work=1", "none": "Completed INBOX=2 Sent Items=1 Work=1"}},
		"migration-again": {func(m *mover) string { m.run(); return copies(m) }, map[string]string{
			"merge": "Completed INBOX=4 Sent=2 Work=2", "new-folders": "Completed INBOX=4 Sent=2 Work (2)=1 Work=1"}},
		"migration-flags": {seen(func(s mailtest.Seen) string { return s.Flags }),
			map[string]string{"kept": `\flagged \seen`, "read": `\seen`, "dropped": ""}},
		"migration-dates": {seen(func(s mailtest.Seen) string { return fmt.Sprint(time.Unix(s.Date, 0).Year() == 2020) }),
			map[string]string{"kept": "true", "arrival": "false"}},
		"migration-total": { // more in TestMigrationCountsAndOrder
			func(m *mover) string {
				return fmt.Sprint(m.run()["totalMailCount"])
			}, map[string]string{"offered": "4", "copied": "4"}},
		"migration-total-running": {held(func(m *mover) string {
			return fmt.Sprint(m.must("GET", migrationPath, nil)["totalMailCount"])
		}), map[string]string{"zero": "0", "counted": "4", "grows": "1"}},
		"migration-none": {func(m *mover) string { return status(m.do("GET", migrationPath, nil)) }, map[string]string{"before": "200", "404": "404"}},
		"migration-rolled-back": {failing(func(m *mover) string {
			got := m.wait()
			return fmt.Sprint(got["status"], " ", got["importedEmail"])
		}), map[string]string{"before": "Before migration " + oldUser, "forgotten": "Before migration ", "completed": "Completed " + oldUser}},
		"migration-rollback": {failing(func(m *mover) string { m.wait(); return folders(m) }),
			map[string]string{"run": "INBOX=2 Sent=1 Work=1", "folders": "INBOX=2 Sent=1"}},
		"migration-busy": {held(answer), map[string]string{"409": "409", "400": "400"}},
		"migration-cancel": {held(func(m *mover) string {
			m.must("DELETE", migrationPath, nil)
			return fmt.Sprint(m.must("GET", migrationPath, nil)["status"], " ", m.mailbox().Items())
		}), map[string]string{"rolled-back": "Before migration 0", "kept": "Before migration 1"}},
		"pop3-tls": {func(m *mover) string { return status(m.pop3(nil)) }, map[string]string{"port": "202", "always": "400", "never": "202"}},
		"forwarding-again": {func(m *mover) string { return forward(m, "x@old.example") + forward(m, "y@old.example") },
			map[string]string{"replaced": "201201", "409": "201409"}},
		"forwarding-outside": {func(m *mover) string { return forward(m, "x@old.example") + forward(m, administrator) },
			map[string]string{"allowed": "201201", "403": "403201"}},
	}
	for _, sw := range migrationSwitches() {
		tc, ok := cases[sw.Name]
		if !ok {
			t.Errorf("the switch %s is not tried", sw.Name)
			continue
		}
		for _, value := range sw.Values {
			t.Run(sw.Name+"="+value, func(t *testing.T) {
				expected, ok := tc.wants[value]
				if !ok {
					t.Fatal("the value is not tried")
				}
				m := newMover(t, old, Options{Switches: Switches{sw.Name: value}})
				want(t, "behaviour", tc.see(m), expected)
			})
		}
	}
}

// TestMigrationCountsAndOrder: what cannot be seen with small mail alone.
func TestMigrationCountsAndOrder(t *testing.T) {
	t.Parallel()
	large := letter("B", "large")
	large.Raw = append(large.Raw, []byte(strings.Repeat(strings.Repeat("x", 998)+"\r\n", importLimit/1000))...)
	old := oldServer(t, large, letter("B", "a"), letter("C", "b"), letter("A", "c"))
	for value, total := range map[string]string{"offered": "4", "copied": "3"} {
		m := newMover(t, old, Options{Switches: Switches{"migration-total": value}})
		want(t, "migration-total="+value, fmt.Sprint(m.run()["totalMailCount"]), total)
	}
	m := newMover(t, old, Options{Faults: "migration-fail=1", Switches: Switches{"migration-order": "name", "migration-cancel": "kept"}})
	run := &migrationRun{user: m.s.memberID(newUser), from: source{login: oldUser, password: mailtest.Password, tls: true}}
	run.from.host, run.from.port = hostPort(t, old.IMAPS)
	run.ctx, run.cancel = m.s.migrations.ctx, func(error) {}
	var names []string
	err := m.s.newTransfer(run, nil).connected(func(c *imapclient.Client) error {
		list, err := m.s.newTransfer(run, nil).survey(c)
		for _, f := range list {
			names = append(names, f.name)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	want(t, "order", names, []string{"A", "B", "C", "INBOX"})
}

const pop3Path = "/users/" + newUser + "/mail/migration/pop3"

func (m *mover) pop3(more obj) (int, map[string]any) {
	m.t.Helper()
	host, port := hostPort(m.t, m.old.POP3)
	body := obj{"pop3Id": oldUser, "pop3Address": host, "pop3Port": port, "pop3Password": mailtest.Password}
	for k, v := range more {
		body[k] = v
	}
	return m.do("POST", pop3Path, body)
}

func (m *mover) fetched() int {
	m.t.Helper()
	for m.s.migrations.running(m.s.memberID(newUser)) != nil {
		time.Sleep(time.Millisecond)
	}
	return m.mailbox().Items()
}

// TestPOP3: the inbox alone, and later only what is new; limits of accounts, of
// starts a day and after failures.
func TestPOP3(t *testing.T) {
	t.Parallel()
	dotted := letter("INBOX", "dots")
	dotted.Raw = append(dotted.Raw, []byte(".\r\n..x\r\n."+strings.Repeat("y", 70_000)+"\r\n")...)
	old := oldServer(t, letter("INBOX", "a"), dotted, letter("Work", "b"))
	dir := t.TempDir()
	m := newMover(t, old, Options{Dir: dir})
	want(t, "start", status(m.pop3(nil)), "202")
	want(t, "fetched", m.fetched(), 2)
	want(t, "bytes", m.mailbox()["INBOX"][1].Sum, dotted.Seen().Sum)
	want(t, "no notices", m.takeNotices(), []string(nil))
	want(t, "again", fmt.Sprint(status(m.pop3(nil)), m.fetched()), "2022")
	if err := m.s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := old.LoadMessages(oldUser, letter("INBOX", "new")); err != nil {
		t.Fatal(err)
	}
	m = newMover(t, old, Options{Dir: dir})
	want(t, "what is new", fmt.Sprint(status(m.pop3(nil)), m.fetched()), "2023")
	host, _ := hostPort(t, old.POP3)
	want(t, "another name is another account", fmt.Sprint(status(m.pop3(obj{"pop3Address": "localhost", "isNewFolder": true, "newFolderName": "Old/가져온 메일"})), m.fetched()), "2026")
	want(t, "new folder", len(m.mailbox()["Old/가져온 메일"]), 3)
	want(t, "folder without name", status(m.pop3(obj{"isNewFolder": true})), "400")
	want(t, "folder with special name", status(m.pop3(obj{"isNewFolder": true, "newFolderName": "a?"})), "400")
	if err := m.s.SetFaults("migration-fail=1"); err != nil {
		t.Fatal(err)
	}
	want(t, "failed run", fmt.Sprint(status(m.pop3(obj{"pop3Address": "LOCALHOST"})), m.fetched()), "2026")
	if err := m.s.SetFaults(""); err != nil {
		t.Fatal(err)
	}
	for range pop3Failures {
		want(t, "wrong password", status(m.pop3(obj{"pop3Password": "canary-8"})), "400")
	}
	want(t, "locked out", status(m.pop3(nil)), "403")
	if err := m.s.Advance(pop3LockedFor); err != nil {
		t.Fatal(err)
	}
	for n := range pop3PerDay {
		want(t, "registration", fmt.Sprint(n, status(m.pop3(obj{"pop3Id": fmt.Sprintf("user%d@old.example", n%7)}))), fmt.Sprint(n, "202"))
		m.fetched()
	}
	want(t, "too many a day", status(m.pop3(nil)), "403")
	if err := m.s.Advance(24 * time.Hour); err != nil {
		t.Fatal(err)
	}
	want(t, "eleventh account", status(m.pop3(obj{"pop3Id": "user8@old.example"})), "403")
	want(t, "a known one", status(m.pop3(obj{"pop3Address": host})), "202")
	m.fetched()
	if err := m.s.SetMailImport(false); err != nil {
		t.Fatal(err)
	}
	want(t, "import off", status(m.pop3(nil)), "403")
}

// TestForwarding: made, replaced and removed; what the service refuses.
func TestForwarding(t *testing.T) {
	dir := t.TempDir()
	s := newServer(t, Options{Dir: dir})
	c := inProcess(t, s)
	c.login("directory mail")
	c.must("POST", "/users", member("kim", nil))
	c.must("POST", "/orgunits", unit("Sales", obj{"email": "sales@acme.co.kr"}))
	const path = "/users/" + newUser + "/mail/settings/forwarding"
	put := func(body obj) string { return status(c.do("POST", path, body)) }
	want(t, "made", put(obj{"email": oldUser}), "201")
	want(t, "kept by default", fmt.Sprint(s.Forwarding(newUser)), fmt.Sprint(Forwarding{oldUser, true}, true))
	want(t, "replaced", put(obj{"email": administrator, "isSaveOriginalMail": false}), "201")
	for name, body := range map[string]obj{"no address": {"email": "kim"}, "none": {}, "to itself": {"email": newUser}, "to an org unit": {"email": "sales@acme.co.kr"}} {
		want(t, name, put(body), "400")
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = newServer(t, Options{Dir: dir})
	want(t, "durable", fmt.Sprint(s.Forwarding(newUser)), fmt.Sprint(Forwarding{administrator, false}, true))
	c = inProcess(t, s)
	c.login("directory mail")
	for range 2 {
		want(t, "removed", status(c.do("DELETE", path, nil)), "204")
	}
	_, there := s.Forwarding(newUser)
	want(t, "gone", there, false)
}

// TestMigrationFaultsAreRead: what --faults takes of migration runs, and what not.
func TestMigrationFaultsAreRead(t *testing.T) {
	f, err := ParseFaults("migration-fail=5,migration-poison=A B,migration-slow=2ms,migration-stall=7,500=1%")
	if err != nil || f.migration != (migrationFaults{fail: 5, poison: "A B", slow: 2 * time.Millisecond, stall: 7}) {
		t.Errorf("%+v, %v", f.migration, err)
	}
	for _, wrong := range []string{"migration-fail=x", "migration-fail=-1", "migration-slow=5", "migration-poison=", "migration-stall=", "migration-else=1"} {
		if _, err := ParseFaults(wrong); err == nil || !strings.Contains(err.Error(), "migration-") {
			t.Errorf("%s: %v", wrong, err)
		}
	}
}
