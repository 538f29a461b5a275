package ledger

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/providers"
)

const (
	roleEnv = "ISA_TEST_ROLE"
	pathEnv = "ISA_TEST_PATH"
)

// TestMain lets the test binary be the process that is killed.
func TestMain(m *testing.M) {
	if os.Getenv(roleEnv) == "settle" {
		fmt.Println("error", settleForever(os.Getenv(pathEnv)))
		os.Exit(1)
	}
	if os.Getenv(roleEnv) == "batch" {
		fmt.Println("error", batchForever(os.Getenv(pathEnv)))
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// settleForever settles in several streams at once and says what is settled.
func settleForever(path string) error {
	ctx := context.Background()
	l, err := Open(ctx, path, Options{})
	if err != nil {
		return err
	}
	errs := make(chan error, 3)
	for g := range 3 {
		go func() { errs <- settleStream(ctx, l, g) }()
	}
	return <-errs
}

func settleStream(ctx context.Context, l *Ledger, g int) error {
	s, err := l.Stream(ctx, about(strconv.Itoa(g)))
	if err != nil {
		return err
	}
	f, err := s.Folder(ctx, source("INBOX"))
	if err != nil {
		return err
	}
	if err := f.Begin(ctx, providers.Folder{ID: "t", Next: 1}, false); err != nil {
		return err
	}
	for n := 1; ; n += 5 {
		if err := f.Settle(ctx, batch(n, 5)); err != nil {
			return err
		}
		fmt.Println("settled", g, n)
	}
}

func start(t *testing.T, path string) (*exec.Cmd, *bufio.Scanner) {
	t.Helper()
	exe, err := os.Executable()
	must(t, err)
	ctx, cancel := context.WithTimeout(context.Background(), 60*time.Second)
	t.Cleanup(cancel)
	cmd := exec.CommandContext(ctx, exe)
	cmd.Env = append(os.Environ(), roleEnv+"=settle", pathEnv+"="+path)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	must(t, err)
	must(t, cmd.Start())
	return cmd, bufio.NewScanner(out)
}

// TestAKillLosesNothingSettled: what Settle returned for is there afterwards, whole,
// for a reader at once and for the next writer.
func TestAKillLosesNothingSettled(t *testing.T) {
	path := filepath.Join(t.TempDir(), "l")
	most := map[int]int{}
	for _, wait := range []int{1, 30, 120} {
		cmd, out := start(t, path)
		if !out.Scan() {
			t.Fatal("the other process said nothing")
		}
		_, err := Open(t.Context(), path, Options{})
		wantFailure(t, err, diag.Conflict, strconv.Itoa(cmd.Process.Pid))
		for said := 1; ; said++ {
			var g, n int
			if _, err := fmt.Sscanf(out.Text(), "settled %d %d", &g, &n); err != nil {
				t.Fatalf("the other process said %q", out.Text())
			}
			most[g] = max(most[g], n+4)
			if said == wait {
				must(t, cmd.Process.Kill())
			}
			if !out.Scan() {
				break
			}
		}
		if err := cmd.Wait(); err == nil {
			t.Error("the killed process ended well")
		}
		r := open(t, path, Options{ReadOnly: true})
		checkSettled(t, r, most)
		must(t, r.Close())
		l := open(t, path, Options{})
		checkSettled(t, l, most)
		recount(t, l)
		must(t, l.Close())
	}
}

func checkSettled(t *testing.T, l *Ledger, most map[int]int) {
	t.Helper()
	for g, n := range most {
		s := openStream(t, l, strconv.Itoa(g))
		f := openFolder(t, s, "INBOX")
		r := f.Record()
		if !r.Begun || r.Target.ID != "t" || r.Sums[providers.Copied].Items < int64(n) || r.Sums[providers.Copied].Items%5 != 0 {
			t.Errorf("stream %d: %+v, %d were settled", g, r, n)
		}
		for _, want := range [][]providers.Record{batch(1, 5), batch(n-4, 5)} {
			var keys []string
			for _, r := range want {
				keys = append(keys, r.Key)
			}
			known, err := f.Known(t.Context(), keys)
			must(t, err)
			for _, r := range want {
				if got := known[r.Key]; got.Print != r.Print || got.Target != r.Target || !got.Date.Equal(r.Date) {
					t.Errorf("stream %d: %+v, want %+v", g, got, r)
				}
			}
		}
	}
}

// TestManyStreamsAtOnce: streams share commits and do not disturb each other.
func TestManyStreamsAtOnce(t *testing.T) {
	l := open(t, filepath.Join(t.TempDir(), "l"), Options{})
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			if err := busy(t.Context(), l, g); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	infos, err := l.Streams(t.Context())
	must(t, err)
	if len(infos) != 4 {
		t.Errorf("%+v", infos)
	}
	for _, info := range infos {
		s, err := l.Stream(t.Context(), info)
		must(t, err)
		sums, err := s.Sums(t.Context())
		must(t, err)
		if got := sums[providers.Copied].Items; got != 2*8*20 {
			t.Errorf("%s: %v", info.Name, sums)
		}
	}
	recount(t, l)
}

// busy works on one of four streams, two goroutines each with folders in common.
func busy(ctx context.Context, l *Ledger, g int) error {
	s, err := l.Stream(ctx, about(strconv.Itoa(g%4)))
	if err != nil {
		return err
	}
	for n := range 8 {
		f, err := s.Folder(ctx, source(strconv.Itoa(n%2)))
		if err != nil {
			return err
		}
		if err := f.Begin(ctx, providers.Folder{ID: "t", Next: 1}, false); err != nil {
			return err
		}
		records := batch(1+20*n+1000*(g/4), 20)
		if err := f.Settle(ctx, records); err != nil {
			return err
		}
		known, err := f.Known(ctx, []string{records[0].Key, records[19].Key})
		if err != nil || len(known) != 2 {
			return fmt.Errorf("just settled: %v, %w", known, err)
		}
		if _, err := s.Sums(ctx); err != nil {
			return err
		}
		if n%4 == 0 {
			if _, _, err := l.Identity(ctx); err != nil {
				return err
			}
		}
		f.Record()
	}
	return nil
}

// TestOneFaultIsNotThatOfOthers: a refused or failed change leaves the others of its
// transaction alone.
func TestOneFaultIsNotThatOfOthers(t *testing.T) {
	l := open(t, filepath.Join(t.TempDir(), "l"), Options{})
	f := openFolder(t, openStream(t, l, "s"), "INBOX").(*folder)
	hold, held := make(chan struct{}), make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		must(t, l.write(t.Context(), false, func(*txn) error { close(held); <-hold; return nil }))
	})
	<-held // what comes now is gathered
	results := make(chan error, 3)
	for _, do := range []func() error{
		func() error { return f.Settle(t.Context(), batch(1, 10)) },
		func() error {
			return l.write(t.Context(), false, func(tx *txn) error {
				if err := tx.change(sqlNewFolder); err != nil { // without its parameters
					return err
				}
				return nil
			})
		},
		func() error { return f.End(t.Context(), source("another")) },
	} {
		before := len(l.w.requests)
		wg.Go(func() { results <- do() })
		for len(l.w.requests) == before {
			time.Sleep(time.Millisecond)
		}
	}
	close(hold)
	wg.Wait()
	var said []string
	for range 3 {
		if err := <-results; err != nil {
			said = append(said, err.Error())
		}
	}
	if len(said) != 2 || !strings.Contains(strings.Join(said, "\n"), "ended as") {
		t.Errorf("%q", said)
	}
	if n := f.Record().Sums[providers.Copied].Items; n != 10 {
		t.Errorf("%d are settled", n)
	}
	recount(t, l)
}
