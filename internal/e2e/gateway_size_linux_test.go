package e2e

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/isaworks/isa/bench/gateway/stock"
	shared "github.com/isaworks/isa/bench/mail/tenant"
	"github.com/isaworks/isa/bench/measure"
	"github.com/isaworks/isa/internal/mailtest"
)

// inFiles is a company whose mail is in files: that of members whose names begin with
// "eml" in EML files, that of the others in mbox files.
type inFiles struct {
	*gatewayMove
	mail string
	want map[string]*stock.Stock
}

// newInFiles declares the members' migrations; quota is that of the spool, batch the
// most that a batch and a message may have.
func newInFiles(t *testing.T, who []string, quota, batch string) *inFiles {
	t.Helper()
	m := &inFiles{gatewayMove: newGateway(t, gatewayOptions{who: who, main: "# the directory alone\n"}), want: map[string]*stock.Stock{}}
	m.mail = filepath.Join(m.dir, "mail")
	var b strings.Builder
	fmt.Fprintf(&b, "mail_source \"eml\" {\n  eml { directory = %q }\n}\nmail_source \"mbox\" {\n  mbox { directory = %q }\n}\n", m.mail, m.mail)
	for _, name := range who {
		kind := "mbox"
		if strings.HasPrefix(name, "eml") {
			kind = "eml"
		}
		fmt.Fprintf(&b, "mail_migration %[1]q {\n  member   = member.staff[%[1]q]\n  source   = mail_source.%[2]s\n  path     = %[1]q\n  route    = \"gateway\"\n  max_size = %[3]q\n  consent  = true\n}\n", name, kind, batch)
	}
	m.options.main, m.options.batch = b.String(), fmt.Sprintf("    size = %q\n    interval = \"0s\"\n    smallest = 1", batch)
	m.configure(m.options)
	head, err := os.ReadFile(filepath.Join(m.dir, "head.hcl"))
	if err != nil {
		t.Fatal(err)
	}
	m.file("head.hcl", strings.Replace(string(head), `"1GB"`, fmt.Sprintf("%q", quota), 1))
	return m
}

// has notes what a member's files are.
func (m *inFiles) has(who string, s *stock.Stock, err error) {
	m.t.Helper()
	if err != nil {
		m.t.Fatal(err)
	}
	m.want[who] = s
}

// pass is one isa sync, measured, with the most that the spool held meanwhile.
func (m *inFiles) pass() (f measure.Figures, spool int64, said string) {
	m.t.Helper()
	var out bytes.Buffer
	ended, most := make(chan struct{}), make(chan int64)
	go func() { most <- measure.WatchFolder(filepath.Join(m.dir, "spool"), ended) }()
	f, err := measure.Run(m.t.Context(), func(context.Context) *exec.Cmd { return m.command(m.dir, "sync") }, 5*time.Minute, &out)
	close(ended)
	spool = <-most
	var exit *exec.ExitError
	if err != nil && !(errors.As(err, &exit) && exit.ExitCode() == shared.Partly) {
		m.t.Fatalf("%v\n%s", err, out.String())
	}
	return f, spool, out.String()
}

// arrived compares what arrived, and what isa says of it.
func (m *inFiles) arrived() {
	m.t.Helper()
	for _, who := range m.who {
		m.notices(who)
		places := m.placesOf(who)
		got, err := mailtest.Read(m.t.Context(), m.target(who))
		if err != nil {
			m.t.Fatal(err)
		}
		want := m.want[who]
		if err := want.Compare(got, func(folder string) string { return shared.Shown(places[folder]) }); err != nil {
			m.t.Errorf("%s: %v", who, err)
		}
		s := m.status("mail_migration." + who)
		if !s.Balanced || s.Total["copied"].Items != int64(want.Messages) || s.Total["too_large"].Items != int64(want.TooLarge) ||
			s.Total["refused"].Items+s.Total["quarantined"].Items != int64(want.Unread) {
			m.t.Errorf("%s: the sums are %s of %d messages, %d large ones, %d files that cannot be read", who, s.Total.text(), want.Messages, want.TooLarge, want.Unread)
		}
	}
	if _, _, said := m.pass(); strings.Contains(said, "run of the service") {
		m.t.Errorf("a pass with nothing to do said\n%s", said)
	}
	for _, who := range m.who {
		if n := m.notices(who); n != 0 {
			m.t.Errorf("%s got %d notices of a pass with nothing to do", who, n)
		}
	}
}

// TestGatewayOfManyFiles: thousands of files, broken ones among them, and mbox files go
// through a spool that holds a small part of them. It waits when it is full, and neither
// it nor isa's memory takes more than it may. bench/gateway moves 100,000 files, and
// 10 GB.
func TestGatewayOfManyFiles(t *testing.T) {
	t.Parallel()
	const quota = 8 << 20
	m := newInFiles(t, []string{"eml0", "eml1", "mbox"}, "8MB", "3500KB")
	for i, who := range []string{"eml0", "eml1"} {
		s, err := stock.EML(filepath.Join(m.mail, who), 1000, uint64(i)+1)
		m.has(who, s, err)
	}
	s, err := stock.Mbox(filepath.Join(m.mail, "mbox"), 64<<20, true, 3)
	m.has("mbox", s, err)
	f, spool, said := m.pass()
	t.Logf("%s, %.0f MiB, at most %d bytes in the spool", f.Wall.Round(time.Millisecond), f.MiB, spool)
	if spool == 0 || spool > quota {
		t.Errorf("the spool held %d bytes of %d", spool, quota)
	}
	if f.MiB == 0 || f.MiB > 120 {
		t.Errorf("isa took %.0f MiB", f.MiB)
	}
	if !strings.Contains(said, "waits for room") {
		t.Errorf("nobody waited for room: this test proves too little\n%s", said)
	}
	m.arrived()
}

// TestGatewayOnAFullDisk: the spool's disk is much smaller than its quota. Reading waits
// and says so, what there is goes on its way, and all of it arrives.
func TestGatewayOnAFullDisk(t *testing.T) {
	if ownMounts(t) {
		return
	}
	m := newInFiles(t, []string{"eml0", "eml1"}, "1GB", "3MB")
	spool := filepath.Join(m.dir, "spool")
	if err := os.Mkdir(spool, 0o700); err != nil {
		t.Fatal(err)
	}
	_ = diskAt(t, spool, 4096)
	for i, who := range m.who {
		s, err := stock.EML(filepath.Join(m.mail, who), 300, uint64(i)+1)
		m.has(who, s, err)
	}
	if _, _, said := m.pass(); !strings.Contains(said, "no room") {
		t.Errorf("nobody is told that the disk is full\n%s", said)
	}
	m.arrived()
}
