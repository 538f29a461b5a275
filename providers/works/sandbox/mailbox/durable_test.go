package mailbox

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"
)

const childDir = "MAILBOX_CHILD_DIR"

// TestMain lets the test program be a server that can be killed.
func TestMain(m *testing.M) {
	if dir := os.Getenv(childDir); dir != "" {
		os.Exit(child(dir))
	}
	os.Exit(m.Run())
}

func child(dir string) int {
	s, err := Start(context.Background(), Options{Dir: dir, Behaviour: inferred(), Login: people})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	fmt.Println(s.Addr())
	_, _ = bufio.NewReader(os.Stdin).ReadByte() // ends with the parent at the latest
	return 0
}

// letterOf is the n-th message of TestKill.
func letterOf(n int) string {
	return fmt.Sprintf("Message-ID: <%d@x>\r\n\r\n%s\r\n", n, strings.Repeat(fmt.Sprint(n%10), n*137%20_000))
}

// TestKill kills a server while messages come in: what was answered is there
// afterwards, each once and whole, and nothing else but what was on its way.
func TestKill(t *testing.T) {
	const batch = 2000
	dir := t.TempDir()
	kept := map[int]bool{}
	for round := range 3 {
		answers := killWhileAppending(t, dir, round*batch, batch, 50*(round+1)+17)
		s := start(t, Options{Dir: dir, Behaviour: inferred()})
		found := stored(t, s)
		for n := range kept {
			if !found[n] {
				t.Errorf("round %d: message %d of an earlier round is missing", round, n)
			}
		}
		for n := range answers {
			if !found[round*batch+n] {
				t.Errorf("round %d: message %d of %d answered ones is missing", round, n, answers)
			}
		}
		kept = found
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// killWhileAppending starts a server, sends messages and kills it after some
// answers. It returns how many were answered.
func killWhileAppending(t *testing.T, dir string, first, count, after int) int {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), childDir+"="+dir)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	addr, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	k := converse(t, strings.TrimSpace(addr))
	k.login("a@acme.co.kr")
	go func() { // ends when the server dies and the connection breaks
		for n := first; n < first+count; n++ {
			b := letterOf(n)
			if _, err := fmt.Fprintf(k.Conn, "x APPEND INBOX (\\Seen Kept) {%d+}\r\n%s\r\n", len(b), b); err != nil {
				return
			}
		}
	}()
	answers := 0
	for ; answers < after; answers++ {
		if got := k.Line(); !strings.HasPrefix(got, "x OK [APPENDUID") {
			t.Fatal(got)
		}
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()                                       // it was killed
	for strings.HasPrefix(k.Line(), "x OK [APPENDUID") { // sent before
		answers++
	}
	return answers
}

// stored returns which messages of TestKill a server has, and checks them.
func stored(t *testing.T, s *Server) map[int]bool {
	t.Helper()
	c := dial(t, s, "a@acme.co.kr")
	c.open("INBOX")
	list, err := c.Fetch(imap.SeqSet{{Start: 1, Stop: 0}}, &imap.FetchOptions{Flags: true, BodySection: []*imap.FetchItemBodySection{{Peek: true}}}).Collect()
	c.ok(err)
	found := map[int]bool{}
	for _, m := range list {
		var n int
		got := string(m.BodySection[0].Bytes)
		if _, err := fmt.Sscanf(got, "Message-ID: <%d@x>", &n); err != nil || got != letterOf(n) || found[n] || len(m.Flags) != 2 {
			t.Fatalf("message %d: %d bytes, flags %v, twice: %v, %v", m.SeqNum, len(got), m.Flags, found[n], err)
		}
		found[n] = true
	}
	return found
}

// TestCut cuts an index at each byte: it opens with what came before, and takes
// messages again.
func TestCut(t *testing.T) {
	dir := t.TempDir()
	b, err := openBox(dir, false, false, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	how := inferred()
	buf := make([]byte, 1024)
	put := func(b *box, body string) {
		t.Helper()
		if _, _, err := b.append(delivery{folder: inbox, body: strings.NewReader(body), size: int64(len(body)), date: time.Unix(0, 0)}, &how, time.Minute, buf); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 5 {
		put(b, fmt.Sprint("message ", i))
	}
	if err := b.close(); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(filepath.Join(dir, indexName))
	if err != nil {
		t.Fatal(err)
	}
	head := strings.Index(string(whole), "\n") + 1
	last := 0
	for n := head; n <= len(whole); n++ {
		if err := os.WriteFile(filepath.Join(dir, indexName), whole[:n], 0o600); err != nil {
			t.Fatal(err)
		}
		b, err := openBox(dir, false, false, time.Now)
		if err != nil {
			t.Fatalf("cut at %d: %v", n, err)
		}
		count := len(b.folder(inbox).list)
		if want := strings.Count(string(whole[head:n]), "\n"); count != want || count < last {
			t.Fatalf("cut at %d: %d messages, want %d", n, count, want)
		}
		last = count
		put(b, "another")
		if err := b.close(); err != nil {
			t.Fatal(err)
		}
		if b, err = openBox(dir, false, false, time.Now); err != nil {
			t.Fatal(err)
		}
		if n := len(b.folder(inbox).list); n != count+1 {
			t.Fatalf("%d messages after another one, want %d", n, count+1)
		}
		if err := b.close(); err != nil {
			t.Fatal(err)
		}
	}
	damaged := append([]byte{}, whole...)
	damaged[head+20] ^= 1
	if err := os.WriteFile(filepath.Join(dir, indexName), damaged, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := openBox(dir, false, false, time.Now); err == nil || !strings.Contains(err.Error(), "line 2 is damaged") {
		t.Errorf("damage in the middle: %v", err)
	}
}

// TestLost: messages whose bytes did not reach the disk are dropped, and their place
// is used again without harm.
func TestLost(t *testing.T) {
	opt := Options{Dir: t.TempDir(), Behaviour: inferred()}
	s := start(t, opt)
	c := dial(t, s, "a@acme.co.kr")
	c.put("INBOX", "first", nil)
	c.put("INBOX", "second", nil)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(messageFile(s, "a@acme.co.kr"), 7); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		s = start(t, opt)
		c = dial(t, s, "a@acme.co.kr")
		if c.open("INBOX").NumMessages == 1 {
			c.put("INBOX", "third message", nil)
		}
		want(t, "bodies", c.body(1)+", "+c.body(3), "first, third message")
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// TestCompact: what is expunged gives its room back, at the latest with the next
// start, and everything else stays as it was.
func TestCompact(t *testing.T) {
	opt := Options{Dir: t.TempDir(), Behaviour: inferred()}
	s := start(t, opt)
	c := dial(t, s, "a@acme.co.kr")
	big := strings.Repeat("x", 6<<20)
	c.put("INBOX", "kept", &imap.AppendOptions{Flags: []imap.Flag{"Kept"}})
	for range 4 {
		c.put("INBOX", big, nil)
	}
	before := c.open("INBOX").UIDValidity
	_, err := c.Copy(imap.UIDSetNum(1), "Trash").Wait()
	c.ok(err)
	c.ok(c.Store(imap.UIDSet{{Start: 2, Stop: 5}}, &imap.StoreFlags{Op: imap.StoreFlagsAdd, Flags: []imap.Flag{imap.FlagDeleted}, Silent: true}, nil).Close())
	c.ok(c.Expunge().Close())
	c.ok(c.Create("x", nil).Wait())
	status, err := c.Status("x", &imap.StatusOptions{UIDValidity: true}).Wait()
	c.ok(err)
	c.ok(c.Delete("x").Wait())
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		s = start(t, opt)
		c = dial(t, s, "a@acme.co.kr")
		sel := c.open("INBOX")
		want(t, "INBOX", []any{sel.UIDValidity, sel.UIDNext, sel.NumMessages, c.body(1), flagsOf(c, 1)}, []any{before, 6, 1, "kept", "[Kept]"})
		c.open("Trash")
		want(t, "the copy", c.body(1), "kept")
		c.ok(c.Create("x", nil).Wait())
		again, err := c.Status("x", &imap.StatusOptions{UIDValidity: true}).Wait()
		c.ok(err)
		if again.UIDValidity <= status.UIDValidity {
			t.Errorf("a folder of the same name has UIDVALIDITY %d after %d", again.UIDValidity, status.UIDValidity)
		}
		status = again
		c.ok(c.Delete("x").Wait())
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	files, err := filepath.Glob(filepath.Join(opt.Dir, "a@acme.co.kr", "*"))
	if err != nil {
		t.Fatal(err)
	}
	total := int64(0)
	for _, f := range files {
		info, err := os.Stat(f)
		if err != nil {
			t.Fatal(err)
		}
		total += info.Size()
	}
	if len(files) != 2 || total > 1<<20 {
		t.Errorf("%d bytes in %v", total, files)
	}
}
