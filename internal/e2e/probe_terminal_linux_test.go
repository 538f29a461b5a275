package e2e

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/isaworks/isa/internal/mailtest"
	"github.com/isaworks/isa/providers/works/sandbox"
)

// terminal is a command at a terminal, with somebody who types.
type terminal struct {
	t      *testing.T
	cmd    *exec.Cmd
	screen syncBuffer
	hand   *os.File
	read   sync.WaitGroup
	at     int // of the screen: what was waited for last ends here
}

// newTerminal runs isa at a terminal of its own.
func (m *gatewayMove) newTerminal(t *testing.T, args ...string) *terminal {
	t.Helper()
	hand, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	fd := int(hand.Fd())
	if err := unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	n, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	end, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	x := &terminal{t: t, cmd: m.command(m.dir, args...), hand: hand}
	x.cmd.Stdin, x.cmd.Stdout, x.cmd.Stderr = end, end, end
	x.cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := errors.Join(x.cmd.Start(), end.Close()); err != nil {
		t.Fatal(err)
	}
	x.read.Go(func() { // it ends when the last who has the other end open is gone
		b := make([]byte, 4096)
		for {
			n, err := hand.Read(b)
			_, _ = x.screen.Write(b[:n])
			if err != nil {
				return
			}
		}
	})
	return x
}

// sees waits for a text after what it saw last.
func (x *terminal) sees(text string) {
	x.t.Helper()
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		if i := strings.Index(x.screen.String()[x.at:], text); i >= 0 {
			x.at += i + len(text)
			return
		}
	}
	x.t.Fatalf("%q was never shown:\n%s", text, x.screen.String()[x.at:])
}

// types waits for a prompt and answers it.
func (x *terminal) types(prompt, text string) {
	x.t.Helper()
	x.sees(prompt)
	if _, err := x.hand.WriteString(text); err != nil {
		x.t.Fatal(err)
	}
}

// ends wants an exit code.
func (x *terminal) ends(code int) string {
	x.t.Helper()
	_ = x.cmd.Wait() // the exit code tells
	x.read.Wait()
	if err := x.hand.Close(); err != nil {
		x.t.Error(err)
	}
	if have := x.cmd.ProcessState.ExitCode(); have != code {
		x.t.Errorf("exit code %d, want %d:\n%s", have, code, x.screen.String())
	}
	return x.screen.String()
}

// TestProbeMailAtATerminal: a person is asked one question after another; what contradicts
// the route is said at once, in the plan and by each pass.
func TestProbeMailAtATerminal(t *testing.T) {
	t.Parallel()
	m := newGateway(t, gatewayOptions{})
	m.load("kim", mailtest.Corpus{Messages: 3, Folders: 1})
	const prompt = "yes 라고 입력해야 시작합니다: "
	x := m.newTerminal(t, "doctor", "--probe-mail", "kim@acme.co.kr")
	x.sees("nobody has confirmed what else that takes away")
	x.sees("확인되지 않았습니다")
	x.types(prompt, "no\n")
	x.ends(1)
	m.noProbe()

	x = m.newTerminal(t, "doctor", "--probe-mail", `member.staff["kim"]`)
	x.types(prompt, "yes\n")
	x.sees("Look into the mailbox")
	x.types("몇 통입니까?", "")
	x.types("1–6: ", "seven\n")
	x.types("Write a number from 1 to 6.", "")
	for i, answer := range []string{"4", "2", "2", "2", "2", "1", "3"} { // three; unread, unread, not important, today, a folder of that name, elsewhere
		x.types(": ", answer+"\n")
		if i < 6 {
			x.sees("1  ")
		}
	}
	x.sees("Kept in")
	out := x.ends(0)
	m.unspoilt(result{stdout: out})
	if !strings.Contains(out, "messages arrive unread and without marks") || strings.Contains(out, "Nothing contradicts") {
		t.Errorf("what is contradicted is not told:\n%s", out)
	}
	m.wantFacts(map[string]string{"migration-arrival": "once", "migration-flags": "dropped", "migration-dates": "arrival", "migration-names": "kept", "migration-special-folders": "", "migration-sent-mail": "other"})
	m.must(t, 0, m.dir, "plan").says(t, "sent mail arrives neither", "messages arrive unread and without marks", "messages arrive with the date of their run")
	r := m.sync(0)
	r.says(t, "Warning: mail_gateway.main: messages arrive unread and without marks")
	if strings.Contains(r.stderr, "--probe-mail MEMBER") {
		t.Errorf("a probe is asked for after one: %v", r)
	}
}

// TestProbeMailIsLeftAtTheQuestions: Ctrl-C, and the end of the input, at a question say
// how to answer later; that nothing arrived is one answer to all.
func TestProbeMailIsLeftAtTheQuestions(t *testing.T) {
	t.Parallel()
	m := newGateway(t, gatewayOptions{sandbox: sandbox.Options{}})
	for _, key := range []string{"\x03", "\x04"} { // Ctrl-C, Ctrl-D
		x := m.newTerminal(t, "doctor", "--probe-mail", "kim", "--yes")
		x.types("몇 통입니까?", "")
		x.types("1–6: ", "4\n")
		x.types("1–3: ", key)
		out := x.ends(130)
		m.wantFacts(map[string]string{"migration-arrival": "", "migration-count": "offered"})
		if !strings.Contains(out, "isa doctor --answers FILE") || !strings.Contains(out, "Answer them later") {
			t.Errorf("after %q:\n%s", key, out)
		}
	}
	x := m.newTerminal(t, "doctor", "--probe-mail", "kim", "--yes")
	x.types("몇 통입니까?", "")
	x.types("1–6: ", "1\n")
	if out := x.ends(0); strings.Contains(out, "1–3: ") || !strings.Contains(strings.Join(strings.Fields(out), " "), "Do not move mail by this route") {
		t.Errorf("nothing arrived:\n%s", out)
	}
	m.wantFacts(map[string]string{"migration-arrival": "missing", "migration-flags": ""})

	x = m.newTerminal(t, "doctor", "--probe-mail", "kim", "--yes")
	x.types("몇 통입니까?", "")
	for _, last := range []string{"1–6: ", "1–3: ", "1–3: ", "1–3: ", "1–5: ", "1–5: ", "1–4: "} {
		x.types(last, last[len("1–"):len(last)-len(": ")]+"\n") // nobody can tell
	}
	if out := x.ends(0); !strings.Contains(out, "tell nothing") || !strings.Contains(out, "isa doctor --answers FILE") || strings.Contains(out, "Nothing contradicts") {
		t.Errorf("nobody can tell:\n%s", out)
	}
	m.wantFacts(map[string]string{"migration-arrival": "missing"})
}
