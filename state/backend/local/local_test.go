//go:build !windows

package local

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/isaworks/isa/internal/addr"
	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/internal/value"
	"github.com/isaworks/isa/state"
)

const (
	roleEnv = "ISA_TEST_ROLE"
	pathEnv = "ISA_TEST_PATH"
)

// TestMain lets the test binary be the other process of a test.
func TestMain(m *testing.M) {
	switch os.Getenv(roleEnv) {
	case "":
		os.Exit(m.Run())
	case "hold":
		os.Exit(child(func(s state.Session) error {
			fmt.Println("locked")
			_, err := io.Copy(io.Discard, os.Stdin)
			return err
		}))
	case "append":
		os.Exit(child(func(s state.Session) error { return appendForever(s, true) }))
	case "full":
		os.Exit(child(appendUntilFull))
	}
}

func child(f func(state.Session) error) int {
	s, err := New(os.Getenv(pathEnv)).Lock(context.Background(), state.Holder{Who: "other@host", What: "apply"})
	if err == nil {
		err = errors.Join(f(s), s.Close())
	}
	if err != nil {
		fmt.Println("error", err)
		return 1
	}
	return 0
}

// appendForever appends objects 0, 1, 2 … from several goroutines and says which
// are durable.
func appendForever(s state.Session, say bool) error {
	if err := s.Append(context.Background(), false, begin("l", 0)); err != nil {
		return err
	}
	var wg sync.WaitGroup
	errs := make(chan error, 8)
	for g := range 8 {
		wg.Go(func() {
			for n := g; ; n += 8 {
				if err := s.Append(context.Background(), false, put(n)); err != nil {
					errs <- err
					return
				}
				if say {
					fmt.Println("durable", n)
				}
			}
		})
	}
	wg.Wait()
	return <-errs
}

// appendUntilFull lets the journal meet a limit of the file size, as on a full
// disk, and checks that the session is of no use from then on.
func appendUntilFull(s state.Session) error {
	limit := syscall.Rlimit{Cur: 20_000, Max: 20_000}
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
		return err
	}
	cause := appendForever(s, true)
	if cause == nil || diag.ClassOf(cause) != diag.Unavailable {
		return fmt.Errorf("the full disk was answered by %v", cause)
	}
	again := s.Append(context.Background(), false, put(1_000_000))
	if again == nil || again.Error() != cause.Error() {
		return fmt.Errorf("after %v came %v", cause, again)
	}
	if err := s.Commit(context.Background()); err == nil {
		return errors.New("a session that lost entries was committed")
	}
	fmt.Println("poisoned")
	return nil
}

func begin(lineage string, serial int) state.Entry {
	return state.Entry{Begin: &state.Begin{Lineage: lineage, Serial: serial, Tenant: "acme"}}
}

func object(n int) state.Object {
	return state.Object{Address: addr.Instance("member", "staff", strconv.Itoa(n)), Kind: "member", ID: "u" + strconv.Itoa(n),
		Status: state.Ready, Attrs: value.Object{"n": value.Int(n)}}
}

func put(n int) state.Entry {
	return state.Entry{Put: &state.Put{Step: strconv.Itoa(n), Object: object(n)}}
}

func start(t *testing.T, role, path string) (*exec.Cmd, io.WriteCloser, *bufio.Scanner) {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	t.Cleanup(cancel)
	cmd := exec.CommandContext(ctx, exe)
	cmd.Env = append(os.Environ(), roleEnv+"="+role, pathEnv+"="+path)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return cmd, in, bufio.NewScanner(out)
}

func lock(t *testing.T, path string) state.Session {
	t.Helper()
	s, err := New(path).Lock(t.Context(), state.Holder{Who: "me@here", What: "apply"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, path string) *state.State {
	t.Helper()
	st, err := New(path).Read(t.Context())
	must(t, err)
	return st
}

func has(st *state.State, n int) bool {
	o, ok := st.Find(object(n).Address)
	return ok && o.ID == object(n).ID
}

func TestAnEmptyStoreIsAnEmptyState(t *testing.T) {
	path := filepath.Join(t.TempDir(), "isa.state.json")
	if st := read(t, path); st.Lineage != "" || st.Serial != 0 || len(st.Objects) != 0 {
		t.Errorf("%+v", st)
	}
	if entries, _ := os.ReadDir(filepath.Dir(path)); len(entries) != 0 {
		t.Errorf("reading wrote %v", entries)
	}
	s := lock(t, path)
	must(t, s.Commit(t.Context()))
	if _, err := os.Stat(path); err == nil {
		t.Error("a commit of nothing wrote a state")
	}
}

func TestCommitKeepsThePreviousState(t *testing.T) {
	path := filepath.Join(t.TempDir(), "isa.state.json")
	s := lock(t, path)
	must(t, s.Append(t.Context(), false, begin("l", 0), put(1)))
	during := read(t, path)
	if !has(during, 1) || during.Lineage != "l" {
		t.Errorf("a reader during the apply sees %+v", during)
	}
	must(t, s.Commit(t.Context()))
	first := read(t, path)
	if !has(first, 1) || first.Serial <= during.Serial || first.Tenant != "acme" {
		t.Errorf("after %+v the commit wrote %+v", during, first)
	}
	must(t, s.Append(t.Context(), true, begin("l", first.Serial), put(2)))
	must(t, s.Commit(t.Context()))
	backup, err := os.ReadFile(path + ".backup")
	must(t, err)
	old, err := state.Decode("backup", backup)
	must(t, err)
	if has(old, 2) || old.Serial != first.Serial {
		t.Errorf("the backup is %+v", old)
	}
	if _, err := os.Stat(strings.TrimSuffix(path, ".json") + ".journal"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the journal is still there: %v", err)
	}
	for _, name := range []string{path, path + ".backup"} {
		if info, err := os.Stat(name); err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v %v", name, info.Mode(), err)
		}
	}
}

func TestACutOffApplyIsFoldedByTheNext(t *testing.T) {
	path := filepath.Join(t.TempDir(), "isa.state.json")
	s := lock(t, path)
	must(t, s.Append(t.Context(), false, begin("l", 0), put(1)))
	journal := strings.TrimSuffix(path, ".json") + ".journal"
	kept, err := os.ReadFile(journal)
	must(t, err)
	must(t, s.Close())
	seen := read(t, path)
	next := lock(t, path)
	if st := next.State(); !has(st, 1) || st.Serial != seen.Serial {
		t.Errorf("locked %+v, read %+v", st, seen)
	}
	must(t, next.Close())
	// A crash between the write of the state and the removal of the journal.
	must(t, os.WriteFile(journal, append(kept, "torn"...), 0o600))
	again := read(t, path)
	if again.Serial != seen.Serial || len(again.Objects) != 1 {
		t.Errorf("the journal was folded twice: %+v", again)
	}
	must(t, lock(t, path).Close())
	if _, err := os.Stat(journal); err == nil {
		t.Error("a journal that is in the state was kept")
	}
}

func TestAppendRefusesAForeignBegin(t *testing.T) {
	path := filepath.Join(t.TempDir(), "isa.state.json")
	s := lock(t, path)
	for _, e := range []state.Entry{put(1), begin("l", 4), {}} {
		if err := s.Append(t.Context(), false, e); err == nil {
			t.Errorf("%+v was taken", e)
		}
	}
	must(t, s.Append(t.Context(), false, begin("l", 0)))
	if err := s.Append(t.Context(), false, begin("k", 0)); diag.ClassOf(err) != diag.Conflict {
		t.Errorf("a second lineage: %v", err)
	}
	must(t, s.Append(t.Context(), false, put(1)))
	must(t, s.Commit(t.Context()))
	if err := s.Append(t.Context(), false, begin("l", 0)); diag.ClassOf(err) != diag.Conflict {
		t.Errorf("an old serial: %v", err)
	}
}

func TestTwoLocksExcludeEachOther(t *testing.T) {
	path := filepath.Join(t.TempDir(), "isa.state.json")
	s := lock(t, path)
	_, err := New(path).Lock(t.Context(), state.Holder{})
	var locked *state.LockedError
	if !errors.As(err, &locked) || locked.Holder.Who != "me@here" || locked.Holder.PID != os.Getpid() || locked.Holder.Since.IsZero() {
		t.Fatalf("the second lock: %v", err)
	}
	must(t, s.Check(t.Context()))
	must(t, s.Close())
	if err := s.Check(t.Context()); diag.ClassOf(err) != diag.Conflict {
		t.Errorf("Check of a closed session: %v", err)
	}
	if err := s.Append(t.Context(), false, begin("l", 0)); err == nil {
		t.Error("a closed session took an entry")
	}
	must(t, lock(t, path).Close())
	if err := New(path).Unlock(t.Context(), "x"); diag.ClassOf(err) != diag.Invalid {
		t.Errorf("Unlock: %v", err)
	}
}

func TestCheckNoticesAReplacedLock(t *testing.T) {
	path := filepath.Join(t.TempDir(), "isa.state.json")
	s := lock(t, path)
	must(t, os.Remove(strings.TrimSuffix(path, ".json")+".lock"))
	if err := s.Check(t.Context()); diag.ClassOf(err) != diag.Conflict {
		t.Errorf("Check: %v", err)
	}
}

func TestALockEndsWithItsProcess(t *testing.T) {
	path := filepath.Join(t.TempDir(), "isa.state.json")
	cmd, _, out := start(t, "hold", path)
	if !out.Scan() || out.Text() != "locked" {
		t.Fatalf("the other process said %q", out.Text())
	}
	_, err := New(path).Lock(t.Context(), state.Holder{})
	var locked *state.LockedError
	if !errors.As(err, &locked) || locked.Holder.PID != cmd.Process.Pid || locked.Holder.Who != "other@host" {
		t.Fatalf("locked by another process: %v", err)
	}
	must(t, cmd.Process.Kill())
	if err := cmd.Wait(); err == nil {
		t.Error("the killed process ended well")
	}
	lock(t, path)
}

func TestAKillInMidAppendLosesNothingDurable(t *testing.T) {
	for _, wait := range []int{1, 40, 150} {
		path := filepath.Join(t.TempDir(), "isa.state.json")
		cmd, _, out := start(t, "append", path)
		var durable []int
		for out.Scan() {
			n, err := strconv.Atoi(strings.TrimPrefix(out.Text(), "durable "))
			if err != nil {
				t.Fatalf("the other process said %q", out.Text())
			}
			if durable = append(durable, n); len(durable) == wait {
				// Readers find a consistent state while it goes on.
				if st := read(t, path); !has(st, durable[0]) {
					t.Errorf("object %d was durable and is not read", durable[0])
				}
				must(t, cmd.Process.Kill())
			}
		}
		if err := cmd.Wait(); err == nil {
			t.Error("the killed process ended well")
		}
		st := lock(t, path).State()
		for _, n := range durable {
			if !has(st, n) {
				t.Errorf("object %d was durable and is lost", n)
			}
		}
	}
}

func TestAFullDiskPoisonsTheSessionAndKeepsWhatWasDurable(t *testing.T) {
	path := filepath.Join(t.TempDir(), "isa.state.json")
	cmd, _, out := start(t, "full", path)
	var durable []int
	last := ""
	for out.Scan() {
		last = out.Text()
		if n, err := strconv.Atoi(strings.TrimPrefix(last, "durable ")); err == nil {
			durable = append(durable, n)
		}
	}
	if err := cmd.Wait(); err != nil || last != "poisoned" || len(durable) == 0 {
		t.Fatalf("%v after %d appends: %s", err, len(durable), last)
	}
	st := lock(t, path).State()
	for _, n := range durable {
		if !has(st, n) {
			t.Errorf("object %d was durable and is lost", n)
		}
	}
}

// slowFile counts writes and can be made to fail or to write short.
type slowFile struct {
	journalFile
	mu     sync.Mutex
	writes int
	lines  int
	hold   chan struct{}
	short  bool
}

func (f *slowFile) Write(p []byte) (int, error) {
	f.mu.Lock()
	f.writes++
	f.lines += bytes.Count(p, []byte("\n"))
	f.mu.Unlock()
	<-f.hold
	if f.short {
		n, err := f.journalFile.Write(p[:len(p)/2])
		return n, err
	}
	return f.journalFile.Write(p)
}

func (f *slowFile) taken() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.lines
}

func TestConcurrentAppendsShareAWrite(t *testing.T) {
	path := filepath.Join(t.TempDir(), "isa.state.json")
	s := lock(t, path).(*session)
	must(t, s.Append(t.Context(), false, begin("l", 0)))
	slow := &slowFile{journalFile: s.journal, hold: make(chan struct{})}
	s.journal = slow
	var wg sync.WaitGroup
	for n := range 100 {
		wg.Go(func() {
			if err := s.Append(context.Background(), false, put(n)); err != nil {
				t.Error(err)
			}
		})
	}
	for slow.taken()+s.gathered() < 100 { // until all are in the first write or wait for the second
		runtime.Gosched()
	}
	close(slow.hold)
	wg.Wait()
	if slow.writes > 2 {
		t.Errorf("100 appends took %d writes", slow.writes)
	}
	must(t, s.Commit(t.Context()))
	if st := read(t, path); len(st.Objects) != 100 {
		t.Errorf("%d objects", len(st.Objects))
	}
}

// gathered counts entries that wait for a write.
func (s *session) gathered() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.next == nil {
		return 0
	}
	return len(s.next.entries)
}

func TestAShortWritePoisons(t *testing.T) {
	path := filepath.Join(t.TempDir(), "isa.state.json")
	s := lock(t, path).(*session)
	must(t, s.Append(t.Context(), false, begin("l", 0), put(1)))
	slow := &slowFile{journalFile: s.journal, hold: make(chan struct{}), short: true}
	close(slow.hold)
	s.journal = slow
	err := s.Append(t.Context(), false, put(2))
	if !errors.Is(err, io.ErrShortWrite) {
		t.Fatalf("a short write: %v", err)
	}
	if later := s.Append(t.Context(), false, put(3)); later == nil || later.Error() != err.Error() {
		t.Errorf("after it: %v", later)
	}
	must(t, s.Close())
	if st := lock(t, path).State(); !has(st, 1) || has(st, 2) || has(st, 3) {
		t.Errorf("%+v", st.Objects)
	}
}

// TestAPipeIsNoState: reading one would wait for ever.
func TestAPipeIsNoState(t *testing.T) {
	for _, ending := range []string{".json", ".journal"} {
		base := filepath.Join(t.TempDir(), "isa.state")
		if err := syscall.Mkfifo(base+ending, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := New(base + ".json").Read(t.Context()); err == nil || !strings.Contains(err.Error(), "is not a file") {
			t.Errorf("%s: %v", ending, err)
		}
	}
}
