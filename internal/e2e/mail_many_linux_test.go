package e2e

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/isaworks/isa/internal/mailtest"
)

// mailboxesAtOnce is how many mailboxes CI moves in one pass; bench/soak moves more.
const mailboxesAtOnce = 120

// TestMailOfManyMailboxes moves many mailboxes in one pass, one of them much larger than
// the others: open files and memory stay bounded, and the small ones do not wait for the
// large one.
func TestMailOfManyMailboxes(t *testing.T) {
	t.Parallel()
	var who []string
	for i := range mailboxesAtOnce {
		who = append(who, fmt.Sprintf("m%03d", i))
	}
	m := newMove(t, moveOptions{who: who})
	for i, who := range who {
		c := mailtest.Corpus{Messages: 20, Folders: 4, Seed: uint64(i), MedianBytes: 2000}
		if i == 0 {
			c.Messages = 6000
		}
		if err := m.source.Load(who, c); err != nil {
			t.Fatal(err)
		}
	}
	cmd := m.command(m.dir, "sync", "--parallel", "4")
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	exited := make(chan error, 1)
	go func() { exited <- cmd.Wait() }()
	files, memory := 0, 0
	for running := true; running; {
		select {
		case err := <-exited:
			if err != nil {
				t.Fatalf("%v\n%s", err, out.String())
			}
			running = false
		case <-time.After(5 * time.Millisecond):
			files, memory = max(files, openFiles(cmd.Process.Pid)), max(memory, peakMemory(cmd.Process.Pid))
		}
	}
	t.Logf("at most %d open files and %d MB", files, memory>>10)
	if files == 0 || files > 60 || memory == 0 || memory > 96<<10 {
		t.Errorf("isa had %d files open and took %d kB", files, memory)
	}
	// The large mailbox began first; in a fair pass most others end before it.
	text := out.String()
	large := strings.Index(text, `mail_migration.staff["m000"]: `)
	if before := strings.Count(text[:large], " copied ("); before < mailboxesAtOnce/2 {
		t.Errorf("only %d of %d small mailboxes ended before the large one", before, mailboxesAtOnce-1)
	}
	s := m.status()
	if want := int64(6000 + 20*(mailboxesAtOnce-1)); !s.Balanced || s.Total["copied"].Items != want {
		t.Errorf("the sums are %s, want copied %d", s.Total.text(), want)
	}
	m.same(who[1], mailtest.Comparison{AnyCase: true})
	m.sync(0).says(t, fmt.Sprintf("%d mailboxes passed over", mailboxesAtOnce), ": nothing new.")
}

func openFiles(pid int) int {
	list, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", pid))
	if err != nil {
		return 0 // it has ended
	}
	return len(list)
}

// peakMemory is the largest resident size in kB so far.
func peakMemory(pid int) int {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	_, after, _ := strings.Cut(string(text), "VmHWM:")
	fields := strings.Fields(after)
	if len(fields) == 0 {
		return 0
	}
	n, err := strconv.Atoi(fields[0])
	if err != nil {
		return 0
	}
	return n
}
