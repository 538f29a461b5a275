package spool

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
)

// dirEnv makes the test binary the process that is killed.
const dirEnv = "ISA_TEST_SPOOL"

// TestMain lets the test binary fill a spool for ever.
func TestMain(m *testing.M) {
	if dir := os.Getenv(dirEnv); dir != "" {
		fmt.Println("error", fillForever(dir))
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// body tells by itself whether it is whole.
func body(n uint32) string { return fmt.Sprintf("%d:%s:end", n, strings.Repeat("x", int(n*37%9000))) }

// fillForever fills, freezes, divides and removes batches, and says what is frozen.
func fillForever(dir string) error {
	s, err := Open(dir, 0)
	if err != nil {
		return err
	}
	for n := 0; ; n++ {
		id := fmt.Sprintf("batch-%d-%d", os.Getpid(), n)
		b, err := s.Begin(id, Share{})
		if err != nil {
			return err
		}
		for k := range uint32(20) {
			if _, err := put(b.Writer(), []string{fmt.Sprint("f", k%3)}, "", message(1, []byte(body(k+1)))); err != nil {
				return err
			}
		}
		fmt.Println("filled", id)
		if err := b.Freeze(); err != nil {
			return err
		}
		fmt.Println("frozen", id)
		if _, err := s.Secret(id); err != nil {
			return err
		}
		if err := s.Regroup([]string{id}, []string{id + "-a", id + "-b"}, func(k uint32) int { return int(k % 2) }); err != nil {
			return err
		}
		fmt.Println("frozen", id+"-a")
		if err := s.Remove(id); err != nil {
			return err
		}
		fmt.Println("removed", id)
	}
}

// TestAKillLeavesWholeBatchesOrNone: what was frozen is there, to the byte; what was
// not is not served; and all of it can be removed.
func TestAKillLeavesWholeBatchesOrNone(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "spool")
	exe, err := os.Executable()
	must(t, err)
	for _, wait := range []int{1, 2, 3, 4, 5, 9, 18, 31} {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		cmd := exec.CommandContext(ctx, exe)
		cmd.Env = append(os.Environ(), dirEnv+"="+dir)
		out, err := cmd.StdoutPipe()
		must(t, err)
		must(t, cmd.Start())
		lines := bufio.NewScanner(out)
		frozen := map[string]bool{}
		for n := 1; lines.Scan(); n++ {
			what, id, _ := strings.Cut(lines.Text(), " ")
			switch what {
			case "frozen":
				frozen[id] = true
			case "removed":
				delete(frozen, id)
			case "error":
				t.Fatal(lines.Text())
			}
			if n == wait {
				must(t, cmd.Process.Kill())
			}
		}
		if err := cmd.Wait(); err == nil {
			t.Error("the killed process ended well")
		}
		cancel()
		afterKill(t, dir, frozen)
	}
}

func afterKill(t *testing.T, dir string, frozen map[string]bool) {
	t.Helper()
	s, err := Open(dir, 0)
	must(t, err)
	ids, err := s.List("batch-")
	must(t, err)
	whole := 0
	for _, id := range ids {
		ok, err := s.Frozen(id)
		must(t, err)
		if !ok {
			if _, err := s.Offers().Open(id, ""); err == nil {
				t.Errorf("%s is served", id)
			}
			continue
		}
		delete(frozen, id)
		got := read(t, s, id)
		if want := map[bool]int{true: 10, false: 20}[strings.HasSuffix(id, "-a") || strings.HasSuffix(id, "-b")]; len(got) != want {
			t.Errorf("%s holds %d messages", id, len(got))
		}
		for n, m := range got {
			if m.body != body(n) {
				t.Errorf("%s: message %d has %d bytes", id, n, len(m.body))
			}
		}
		whole++
	}
	if len(frozen) > 1 { // one may have been on its way out
		t.Errorf("%v are lost", frozen)
	}
	if _, err := s.Used(); err != nil {
		t.Error(err)
	}
	for _, id := range ids {
		must(t, s.Remove(id))
	}
}
