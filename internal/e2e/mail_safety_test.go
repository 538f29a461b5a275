//go:build unix

package e2e

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/isaworks/isa/internal/mailtest"
)

// TestMailInterrupted: Ctrl-C once lets what is on its way arrive and be recorded, twice
// cuts it off; either way nothing is lost or doubled by the next pass.
func TestMailInterrupted(t *testing.T) {
	t.Parallel()
	who := []string{"once", "twice"}
	m := newMove(t, moveOptions{who: who, // the line is slow, so that there is something to interrupt
		line:   func(source string) string { return mailtest.Delay(t, source, 100*time.Millisecond).Addr },
		target: func(t testing.TB, o mailtest.Options) *mailtest.Server { return mailtest.Dovecot(t, o) }})
	for _, who := range who {
		if err := m.source.Load(who, mailtest.Corpus{Messages: 3000, Folders: 16}); err != nil {
			t.Fatal(err)
		}
		cmd := m.command(m.dir, "sync", m.address(who))
		var out syncBuffer
		cmd.Stdout, cmd.Stderr = &out, &out
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		m.arrived(who)
		signal := func(answer string) {
			if err := cmd.Process.Signal(syscall.SIGINT); err != nil {
				t.Fatal(err)
			}
			out.wait(t, answer)
		}
		signal("nothing new is begun")
		if who == "twice" {
			_ = cmd.Process.Signal(syscall.SIGINT) // it may have ended already
		}
		if err := cmd.Wait(); cmd.ProcessState.ExitCode() != 130 || !strings.Contains(out.String(), "run isa sync again to go on") {
			t.Fatalf("ended with %v, want exit code 130:\n%s", err, out.String())
		}
		if strings.Contains(strings.ToLower(out.String()), "failed") {
			t.Errorf("something failed:\n%s", out.String())
		}
		before := m.status(m.address(who)).Total
		if before["copied"].Items == 0 || who == "once" && int(before["copied"].Items) != m.read(who).Items() {
			t.Errorf("%s: recorded are %s, there are %d messages", who, before.text(), m.read(who).Items())
		}
		m.sync(0, m.address(who))
		m.same(who, mailtest.Comparison{})
	}
}

// arrived waits until some messages are in the inbox of the new mailbox.
func (m *move) arrived(who string) {
	m.t.Helper()
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if m.read(who).Items() > 50 {
			return
		}
	}
	m.t.Fatal("nothing arrived")
}

// TestMailOneAtATime: a second pass is refused by holder, host and time, reports are
// not, and the directory can be applied meanwhile.
func TestMailOneAtATime(t *testing.T) {
	t.Parallel()
	var line *mailtest.Proxy
	m := newMove(t, moveOptions{who: []string{"kim", "lee"}, phase: "presync", line: func(source string) string {
		line = mailtest.Delay(t, source, 20*time.Millisecond)
		return line.Addr
	}})
	for _, who := range m.who {
		if err := m.source.Load(who, mailtest.Corpus{Messages: 300, MedianBytes: 2000}); err != nil {
			t.Fatal(err)
		}
	}
	m.must(t, 0, m.dir, "apply", "--yes", "--target", "wave.one", "--exclude", "mail_migration.staff")
	cmd := m.command(m.dir, "sync")
	var out syncBuffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	m.arrived("kim")
	host, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	m.sync(1).says(t, "in use by", host, time.Now().Format("2006-01-02"), "for sync")
	m.isa(t, m.dir, "status").says(t, "wave.one (presync), 2 mailboxes")
	m.file("group.hcl", "org_unit \"hq\" {\n  name = \"본사\"\n}\n")
	m.must(t, 0, m.dir, "apply", "--yes", "--target", "org_unit.hq").says(t, "1 created")
	if err := cmd.Wait(); err != nil {
		t.Fatalf("the first pass suffered: %v\n%s", err, out.String())
	}
	for _, who := range m.who {
		m.same(who, mailtest.Comparison{AnyCase: true})
	}
	m.empty(t, m.dir)
}

// TestMailLedgerLost: a ledger that is missing or older than the state remembers is
// refused with the way out, and taking the way out doubles nothing.
func TestMailLedgerLost(t *testing.T) {
	t.Parallel()
	m := newMove(t, moveOptions{target: mailtest.Dovecot})
	if err := m.source.Load("kim", mailtest.Corpus{Messages: 300, Folders: 5}); err != nil {
		t.Fatal(err)
	}
	m.sync(0)
	ledger := filepath.Join(m.dir, "isa.state.ledger")
	older, err := os.ReadFile(ledger)
	if err != nil {
		t.Fatal(err)
	}
	if err := m.source.LoadMessages("kim", letter("INBOX", "later", time.Now())); err != nil {
		t.Fatal(err)
	}
	m.sync(0).says(t, "1 copied")
	for _, lost := range []struct {
		name string
		with []byte
		says string
	}{{"older", older, ": 1 "}, {"missing", nil, ": 301 adopted"}} {
		err := os.Remove(ledger)
		if lost.with != nil {
			err = errors.Join(err, os.WriteFile(ledger, lost.with, 0o600))
		}
		if err != nil {
			t.Fatal(err)
		}
		for _, command := range []string{"sync", "plan", "status", "survey", "verify"} {
			m.must(t, 1, m.dir, command).says(t, lost.name, "--allow ledger.lost")
		}
		m.sync(0, "--allow", "ledger.lost=1").says(t, lost.says)
		m.same("kim", mailtest.Comparison{})
		m.sync(0).says(t, ": nothing new.")
	}
	if n := strings.Count(m.text("isa.state.json"), `"code": "ledger.lost"`); n != 2 {
		t.Errorf("the audit trail has %d lost ledgers, want 2", n)
	}
}

// TestMailApproved: a saved plan and --expect hold for mail as they do for objects, and
// a mailbox does not change its wave unnoticed.
func TestMailApproved(t *testing.T) {
	t.Parallel()
	m := newMove(t, moveOptions{who: []string{"kim", "lee"}, phase: "presync"})
	for _, who := range m.who {
		if err := m.source.LoadMessages(who, letter("INBOX", who, time.Now())); err != nil {
			t.Fatal(err)
		}
	}
	m.must(t, 0, m.dir, "survey")
	m.must(t, 0, m.dir, "plan", "--out", "plan.zip").says(t, "2 messages to move in 2 mailboxes")
	hash := func(args ...string) string {
		var p struct{ Hash string }
		if err := json.Unmarshal([]byte(m.must(t, 0, m.dir, append([]string{"plan", "--format", "json"}, args...)...).stdout), &p); err != nil {
			t.Fatal(err)
		}
		return p.Hash
	}
	approved := hash()
	m.wave("cutover", "")
	if hash() == approved {
		t.Error("another phase has the same hash")
	}
	m.must(t, 5, m.dir, "apply", "--yes", "plan.zip").says(t, "the configuration is another one")
	m.must(t, 5, m.dir, "apply", "--yes", "--expect", approved)
	m.wave("presync", "")
	m.must(t, 5, m.dir, "apply", "--yes", "--expect", strings.Repeat("0", 64))
	m.must(t, 0, m.dir, "apply", "--yes", "plan.zip").says(t, "2 copied")
	m.must(t, 0, m.dir, "apply", "--yes", "--expect", approved).says(t, "No changes")

	m.file("other.hcl", "wave \"two\" {\n  phase = \"presync\"\n}\n")
	m.write(m.source.IMAP, strings.Replace(m.extra, "wave.one", `each.key == "lee" ? wave.two : wave.one`, 1))
	m.must(t, 4, m.dir, "apply", "--yes").says(t, "wave.membership", "wave.one → wave.two")
	m.must(t, 0, m.dir, "apply", "--yes", "--allow", "wave.membership=1")
	m.must(t, 0, m.dir, "status").says(t, "wave.two (presync), 1 mailbox")
	m.empty(t, m.dir)
	st, err := os.ReadFile(filepath.Join(m.dir, "isa.state.json"))
	if err != nil || !strings.Contains(string(st), `"code": "wave.membership"`) {
		t.Errorf("the lifted guard is not in the audit trail: %v", err)
	}

	// What no block declares any more is remembered and left alone.
	m.write(m.source.IMAP, m.extra)
	m.file("main.hcl", strings.Replace(m.text("main.hcl"), "for_each     = member.staff", `for_each     = { for k, x in member.staff : k => x if k == "kim" }`, 1))
	m.must(t, 0, m.dir, "plan").says(t, "no block declares it any more")
	m.empty(t, m.dir)
}

func (m *move) text(name string) string {
	m.t.Helper()
	text, err := os.ReadFile(filepath.Join(m.dir, name))
	if err != nil {
		m.t.Fatal(err)
	}
	return string(text)
}

// TestMailEveryNight: passes follow each other until it is time, and what arrives between
// them is moved.
func TestMailEveryNight(t *testing.T) {
	t.Parallel()
	m := newMove(t, moveOptions{})
	if err := m.source.LoadMessages("kim", letter("INBOX", "evening", time.Now())); err != nil {
		t.Fatal(err)
	}
	cmd := m.command(m.dir, "sync", "--every", "1s", "--until", time.Now().Add(6*time.Second).Format(time.RFC3339))
	var out syncBuffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	out.wait(t, "The next pass begins at")
	m.must(t, 0, m.dir, "apply", "--yes") // between passes nothing is locked
	if err := m.source.LoadMessages("kim", letter("INBOX", "night", time.Now())); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil || strings.Count(out.String(), "1 copied (") < 2 {
		t.Errorf("%v\n%s", err, out.String())
	}
	if s := m.status(); s.Total.text() != "copied 2" {
		t.Errorf("the sums are %s", s.Total.text())
	}
}

// TestMailDeniedAndPending: members who cannot be logged in and members who are not
// there yet are named, and the others are moved.
func TestMailDeniedAndPending(t *testing.T) {
	t.Parallel()
	var who []string
	for i := range 9 {
		who = append(who, fmt.Sprintf("p%d", i))
	}
	m := newMove(t, moveOptions{who: who})
	for _, who := range who {
		if err := m.source.LoadMessages(who, letter("INBOX", who, time.Now())); err != nil {
			t.Fatal(err)
		}
	}
	// Seven of nine have no app password that works, and come first.
	var table bytes.Buffer
	for i, line := range strings.Split(strings.TrimSpace(m.appPasswords()), "\n") {
		if 1 <= i && i <= 7 {
			line = line[:strings.Index(line, ",")] + ",wrongwrongwrong1"
		}
		fmt.Fprintln(&table, line)
	}
	if err := os.WriteFile(m.table, table.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	r := m.sync(3)
	r.says(t, "2 copied")
	for _, who := range who[:7] {
		r.says(t, fmt.Sprintf("Failed: %s %s mail_migration.staff[%q]: log in as %s@acme.co.kr", who, who, who, who))
	}
	if strings.Contains(r.String(), "wrongwrong") {
		t.Error("a password is shown")
	}
	m.who = append(m.who, "late")
	m.write(m.source.IMAP, "")
	if err := os.WriteFile(m.table, fmt.Appendf(nil, "%slate@acme.co.kr,none\n", table.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	m.sync(3, m.address("late")).says(t, "Pending: late late", "the member is not created yet: isa apply")
	m.sync(1, "mail_migration.stuff").says(t, "did you mean mail_migration.staff?")
}

func (m *move) appPasswords() string {
	m.t.Helper()
	text, err := os.ReadFile(m.table)
	if err != nil {
		m.t.Fatal(err)
	}
	return string(text)
}
