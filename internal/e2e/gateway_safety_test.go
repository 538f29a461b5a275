//go:build unix

package e2e

import (
	"bytes"
	"crypto/tls"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/isaworks/isa/internal/mailtest"
)

// gatewayKills is how many seeded stories of kills CI tells.
const gatewayKills = 8

// TestGatewaySurvivesKills kills isa at random moments of a pass, with and without a
// service that goes on serving: at the end nothing is lost, nothing doubled, and the
// next pass has nothing to do.
func TestGatewaySurvivesKills(t *testing.T) {
	t.Parallel()
	var who []string
	for i := range gatewayKills {
		who = append(who, fmt.Sprintf("k%02d", i))
	}
	m := newGateway(t, gatewayOptions{who: who, batch: "    messages = 80\n    interval = \"0s\"\n    smallest = 1"})
	killed := 0
	for i, who := range who {
		t.Run(fmt.Sprintf("seed %d", i), func(t *testing.T) {
			m.t = t
			r := rand.New(rand.NewPCG(uint64(i), 5))
			m.load(who, mailtest.Corpus{Messages: 200, Folders: 8, Seed: uint64(i)})
			if i%2 == 1 {
				defer m.serve(t).stop()
			}
			for range 1 + r.IntN(3) {
				if m.killDuring(who, "isa", nil, time.Duration(100+r.IntN(1200))*time.Millisecond) {
					killed++
				}
			}
			m.sync(0, m.address(who))
			m.settled(who, 200)
		})
	}
	m.t = t
	if killed == 0 {
		t.Error("nothing was killed: this test proves too little")
	} else {
		t.Logf("%d passes were killed", killed)
	}
	if n := m.spooled(); n != 0 {
		t.Errorf("the spool holds %d batches", n)
	}
}

// service is an isa gateway that runs.
type service struct {
	t    testing.TB
	stop func()
	out  *lockedBuffer
}

// serve starts isa gateway and waits until it serves.
func (m *gatewayMove) serve(t testing.TB) *service {
	t.Helper()
	cmd := m.command(m.dir, "gateway")
	for _, name := range []string{"WORKS_CLIENT_ID", "WORKS_CLIENT_SECRET", "WORKS_SERVICE_ACCOUNT", "WORKS_PRIVATE_KEY", "OLD_PASSWORD"} {
		cmd.Env = append(cmd.Env, name+"=") // it needs none of them
	}
	s := &service{t: t, out: &lockedBuffer{}}
	cmd.Stdout, cmd.Stderr = s.out, s.out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	exited := make(chan error, 1)
	go func() { exited <- cmd.Wait() }()
	s.stop = sync.OnceFunc(func() {
		if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
			t.Error(err)
		}
		if err := <-exited; err != nil {
			t.Errorf("the gateway ended with %v\n%s", err, s.out.String())
		}
	})
	t.Cleanup(s.stop)
	s.until("Serving mail_gateway.main")
	return s
}

// until waits until the service has said something.
func (s *service) until(text string) {
	s.t.Helper()
	for range 600 {
		if strings.Contains(s.out.String(), text) {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	s.t.Fatalf("the gateway never said %q:\n%s", text, s.out.String())
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// TestGatewayRestartsDuringARun stops the service while NAVER WORKS reads, and starts it
// again; then its certificate is replaced. No credentials are at hand for it, and its log
// has no secret.
func TestGatewayRestartsDuringARun(t *testing.T) {
	t.Parallel()
	other := mailtest.Dovecot(t, mailtest.Options{}) // another authority, another certificate
	m := newGateway(t, gatewayOptions{trust: []string{other.CAFile}})
	m.load("kim", mailtest.Corpus{Messages: 300, Folders: 8})
	if err := m.SetFaults("migration-slow=5ms"); err != nil {
		t.Fatal(err)
	}
	first := m.serve(t)
	cmd := m.command(m.dir, "sync")
	var out lockedBuffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	first.until("login #")
	first.stop()
	second := m.serve(t)
	if err := cmd.Wait(); err != nil {
		t.Errorf("the pass ended with %v\n%s", err, out.String())
	}
	if !strings.Contains(out.String(), "mail_gateway.main is served by") {
		t.Errorf("the pass does not say who serves:\n%s", out.String())
	}
	if err := m.SetFaults(""); err != nil {
		t.Fatal(err)
	}
	m.settled("kim", 300)

	m.certificate(filepath.Join(other.Dir, "tls"))
	m.more("kim", mailtest.Corpus{Messages: 50, Folders: 8, Seed: 7, Prefix: "new"})
	m.sync(0).says(t, " 50 copied")
	m.settled("kim", 350)
	if _, err := tls.Dial("tcp", "127.0.0.1:"+m.port, &tls.Config{RootCAs: other.Roots}); err != nil {
		t.Errorf("the gateway does not have the new certificate: %v", err)
	}
	second.stop()
	for _, log := range []string{first.out.String(), second.out.String()} {
		if !strings.Contains(log, "Stopped.") || strings.Contains(log, mailtest.Password+"\n") {
			t.Errorf("the log is\n%s", log)
		}
	}
}

// TestGatewaySetsAsideWhatTheServiceRefuses: a message on which each run fails is found,
// set aside and named; all others arrive.
func TestGatewaySetsAsideWhatTheServiceRefuses(t *testing.T) {
	t.Parallel()
	m := newGateway(t, gatewayOptions{})
	m.load("kim", mailtest.Corpus{Messages: 250, Folders: 8})
	bad := mailtest.Message{Folder: "INBOX", Date: time.Unix(1600000000, 0), Raw: []byte("Message-ID: <poison@acme-old.co.kr>\r\nSubject: poisoned\r\n\r\nCANARY-POISON\r\n")}
	if err := m.source.LoadMessages("kim", bad); err != nil {
		t.Fatal(err)
	}
	if err := m.SetFaults("migration-poison=CANARY-POISON"); err != nil {
		t.Fatal(err)
	}
	m.sync(3).says(t, "250 copied")
	s := m.status()
	if !s.Balanced || s.Total["copied"].Items != 250 || s.Total["quarantined"].Items != 1 {
		t.Errorf("the sums are %s", s.Total.text())
	}
	m.isa(t, m.dir, "status", "--failures").says(t, "quarantined", "poisoned")
	if n := m.notices("kim"); n > 2*16 {
		t.Errorf("%d notices of one batch", n)
	}
	got, err := mailtest.Read(t.Context(), m.target("kim"))
	if err != nil || got.Items() != 250 {
		t.Errorf("%d messages arrived, %v", got.Items(), err)
	}
}
