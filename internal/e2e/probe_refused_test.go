//go:build unix

package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/isaworks/isa/internal/mailtest"
	"github.com/isaworks/isa/providers/works/sandbox"
	"github.com/isaworks/isa/state"
	"github.com/isaworks/isa/state/ledger"
)

// noProbe wants nothing of a probe in a mailbox, the spool and the calibration.
func (m *gatewayMove) noProbe() {
	m.t.Helper()
	if box, err := mailtest.Read(m.t.Context(), m.target("kim")); err != nil || len(box["1차 이사 점검"]) > 0 {
		m.t.Errorf("the mailbox: %v %v", box, err)
	}
	if left, err := filepath.Glob(filepath.Join(m.dir, "spool", "probe-*")); err != nil || len(left) > 0 {
		m.t.Errorf("the spool: %v %v", left, err)
	}
	if f := m.facts()["migration-arrival"]; f != "" {
		m.t.Errorf("it is kept that messages arrived: %s", f)
	}
}

// TestProbeMailIsRefused: what keeps a probe from being made is said before anything is
// sent, or with the checks of doctor that tell why.
func TestProbeMailIsRefused(t *testing.T) {
	t.Parallel()
	server := mailtest.Dovecot(t, mailtest.Options{Users: []string{"kim"}})
	for name, value := range map[string]string{"mail-import": "off", "designated-ips": "on", "mail-service-account": "403"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := newGateway(t, gatewayOptions{server: server, sandbox: sandbox.Options{Switches: sandbox.Switches{name: value}}})
			m.must(t, 1, m.dir, "doctor", "--probe-mail", "kim", "--yes").says(t, "Import external email", "designated IP addresses")
			m.noProbe()
			if f := m.facts(); f != nil {
				t.Errorf("kept is %v", f)
			}
		})
	}
	for value, code := range map[string]int{"allowed": 0, "403": 1} {
		t.Run("pending "+value, func(t *testing.T) {
			t.Parallel()
			m := newGateway(t, gatewayOptions{server: server, sandbox: sandbox.Options{Switches: sandbox.Switches{"migration-pending": value}}})
			m.options.who = append(m.options.who, "lee")
			m.configure(m.options)
			m.must(t, 0, m.dir, "apply", "--yes", "--target", "member.staff", "--allow", "member.invitation=1")
			m.must(t, code, m.dir, "doctor", "--probe-mail", `member.staff["lee"]`, "--yes").says(t, "lee@acme.co.kr has not signed in yet")
			want := map[string]string{"allowed": "allowed", "403": ""}
			m.wantFacts(map[string]string{"migration-pending": want[value]})
		})
	}
	t.Run("before anything is sent", func(t *testing.T) {
		t.Parallel()
		m := newGateway(t, gatewayOptions{server: server})
		no := func(want string, args ...string) {
			t.Helper()
			m.must(t, 1, m.dir, append([]string{"doctor", "--probe-mail"}, args...)...).says(t, want)
		}
		no("has no member nobody@acme.co.kr", "nobody@acme.co.kr", "--yes")
		no("is not created yet", `member.staff["nobody"]`, "--yes")
		no("add --yes", "kim", "--format", "json")
		no("nothing was sent", "kim") // nobody is there to agree
		key := filepath.Join(m.dir, "tls", "key.pem")
		if err := os.Rename(key, key+".away"); err != nil {
			t.Fatal(err)
		}
		no("mail_gateway.main certificate", "kim", "--yes")
		if err := os.Rename(key+".away", key); err != nil {
			t.Fatal(err)
		}
		closed := freePort(t)
		head, err := os.ReadFile(filepath.Join(m.dir, "head.hcl"))
		if err != nil {
			t.Fatal(err)
		}
		m.file("head.hcl", strings.Replace(string(head), "port        = "+m.port, "port        = "+closed, 1))
		no("mail_gateway.main port: 127.0.0.1:"+closed, "kim", "--yes")
		m.noProbe()
		m.file("main.hcl", "")
		m.file("head.hcl", string(head[:strings.Index(string(head), "mail_gateway")]))
		no("has no mail_gateway block", "kim", "--yes")
	})
}

// during runs a command until it has said something, and does something to it then.
func (m *gatewayMove) during(t *testing.T, said string, then os.Signal, args ...string) (code int, out string) {
	m.t.Helper()
	cmd := m.command(m.dir, args...)
	var b syncBuffer
	cmd.Stdout, cmd.Stderr = &b, &b
	if err := cmd.Start(); err != nil {
		m.t.Fatal(err)
	}
	b.wait(t, said)
	if err := cmd.Process.Signal(then); err != nil {
		m.t.Fatal(err)
	}
	if err := cmd.Wait(); err == nil {
		m.t.Fatalf("ended well:\n%s", b.String())
	}
	return cmd.ProcessState.ExitCode(), b.String()
}

func (m *gatewayMove) faults(text string) {
	m.t.Helper()
	if err := m.SetFaults(text); err != nil {
		m.t.Fatal(err)
	}
}

// TestProbeMailIsCutOff: Ctrl-C, a kill and a service that stands still leave nothing at
// the service, in the spool and in the mailbox, or the next probe removes it.
func TestProbeMailIsCutOff(t *testing.T) {
	t.Parallel()
	m := newGateway(t, gatewayOptions{})
	m.faults("migration-stall=1")
	probe := []string{"doctor", "--probe-mail", "kim", "--yes"}
	const fetched = "has fetched 1 of 3 messages"
	code, out := m.during(t, fetched, os.Interrupt, probe...)
	if code != 130 || !strings.Contains(out, "interrupted; the member has the notice that an import began; the run was ended") {
		t.Errorf("exit code %d:\n%s", code, out)
	}
	m.noProbe()
	m.env["ISA_SANDBOX_PACE"] = "36000"
	r := m.must(t, 1, m.dir, probe...)
	if strings.Contains(r.stderr, "still under way") {
		t.Errorf("Ctrl-C has left a run at the service: %v", r)
	}
	r.says(t, "has fetched nothing for too long (1 of 3 messages)", "what isa doctor finds: mail_gateway.main certificate", "the run was ended")
	m.noProbe()
	m.env["ISA_SANDBOX_PACE"] = "off"

	m.during(t, fetched, syscall.SIGKILL, probe...)
	if n := m.spooled(); n != 1 {
		t.Errorf("a killed probe has left %d batches", n)
	}
	m.faults("")
	m.must(t, 0, m.dir, probe...).says(t, "a probe that was cut off is still under way at the service, and is ended", "3 of 3 messages were fetched")
	if n := m.spooled(); n != 0 {
		t.Errorf("%d batches are left", n)
	}
	if box, err := mailtest.Read(t.Context(), m.target("kim")); err != nil || len(box["1차 이사 점검"]) != 1 {
		t.Errorf("the mailbox has %d messages of probes, %v", len(box["1차 이사 점검"]), err)
	}
}

// TestProbeMailBesideAMove: a batch of which nobody knows what arrived keeps a probe from
// hiding that, as does somebody else's run; a service that serves the spool is used.
func TestProbeMailBesideAMove(t *testing.T) {
	t.Parallel()
	m := newGateway(t, gatewayOptions{})
	m.load("kim", mailtest.Corpus{Messages: 30, Folders: 2})
	service := m.serve(t)
	r, _ := m.probe(0)
	m.wantFacts(map[string]string{"migration-count": "offered", "migration-fetch": "", "migration-connections": ""})
	service.until("login")
	if r.Fetched != 3 {
		t.Errorf("%d messages were fetched", r.Fetched)
	}
	l, err := ledger.Open(t.Context(), filepath.Join(m.dir, "isa.state.ledger"), ledger.Options{Holder: state.Holder{Who: "lee@elsewhere", What: "sync"}})
	if err != nil {
		t.Fatal(err)
	}
	m.must(t, 1, m.dir, "doctor", "--probe-mail", "kim", "--yes").says(t, "lee@elsewhere")
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	m.faults("migration-stall=5")
	m.during(t, "the service fetches", syscall.SIGKILL, "sync")
	m.must(t, 1, m.dir, "doctor", "--probe-mail", "kim", "--yes").says(t, "a batch of 30 messages for "+m.address("kim")+" is not settled", "isa sync")
	elsewhere := filepath.Join(m.dir, "isa.state.ledger")
	for _, file := range []string{elsewhere, filepath.Join(m.dir, "isa.state.json")} {
		if err := os.Rename(file, file+".away"); err != nil {
			t.Fatal(err)
		}
	}
	m.must(t, 1, m.dir, "doctor", "--probe-mail", "kim", "--yes").says(t, "the service is fetching from", "for kim@acme.co.kr")
	for _, file := range []string{elsewhere, filepath.Join(m.dir, "isa.state.json")} {
		if err := os.Rename(file+".away", file); err != nil {
			t.Fatal(err)
		}
	}
	m.faults("")
	for _, on := range []bool{false, true} { // which ends the run
		if err := m.SetMailImport(on); err != nil {
			t.Fatal(err)
		}
	}
	m.sync(0)
	m.must(t, 0, m.dir, "doctor", "--probe-mail", "kim", "--yes").says(t, "had the service fill this mailbox before, in 1 run")
	if s := m.status(); s.Total["copied"].Items != 30 {
		t.Errorf("the sums are %s", s.Total.text())
	}
}
