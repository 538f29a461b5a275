package ledger

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/isaworks/isa/providers"
)

// batchForever goes through the life of batches and says what is done.
func batchForever(path string) error {
	ctx := context.Background()
	l, err := Open(ctx, path, Options{})
	if err != nil {
		return err
	}
	s, err := l.Stream(ctx, about("s"))
	if err != nil {
		return err
	}
	if _, err := s.Folder(ctx, source("INBOX")); err != nil {
		return err
	}
	b := s.Batches()
	list, err := b.List(ctx)
	if err != nil {
		return err
	}
	for n := len(list); ; n++ {
		id := fmt.Sprintf("batch-%d", n)
		records := batch(1+n*10, 10)
		for i := range records {
			records[i].Target = uid(i + 1)
		}
		for _, step := range []struct {
			name string
			do   func() error
		}{
			{"filling", func() error { return b.Make(ctx, providers.Batch{ID: id}) }},
			{"offered", func() error { return b.Offer(ctx, id, "INBOX", records) }},
			{"frozen", func() error { return b.Freeze(ctx, id) }},
			{"started", func() error { return b.Start(ctx, id, time.Unix(int64(n+1), 0)) }},
			{"settled", func() error {
				return b.Settle(ctx, id, providers.BatchEnd{Arrived: true}, func(providers.Offered) providers.Judged {
					return providers.Judged{Outcome: providers.Copied}
				})
			}},
		} {
			if err := step.do(); err != nil {
				return err
			}
			fmt.Println(step.name, n)
		}
	}
}

// TestAKillLeavesBatchesWhole: each step is there with all that belongs to it, or not
// at all, and none that was reported is lost.
func TestAKillLeavesBatchesWhole(t *testing.T) {
	path := filepath.Join(t.TempDir(), "l")
	states := []string{"filling", "offered", "frozen", "started", "settled"}
	for _, wait := range []int{1, 7, 23, 44, 91} {
		exe, err := os.Executable()
		must(t, err)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		cmd := exec.CommandContext(ctx, exe)
		cmd.Env = append(os.Environ(), roleEnv+"=batch", pathEnv+"="+path)
		out, err := cmd.StdoutPipe()
		must(t, err)
		must(t, cmd.Start())
		lines := bufio.NewScanner(out)
		said := ""
		for n := 1; lines.Scan(); n++ {
			said = lines.Text()
			if n == wait {
				must(t, cmd.Process.Kill())
			}
		}
		if err := cmd.Wait(); err == nil {
			t.Error("the killed process ended well")
		}
		cancel()
		checkBatches(t, path, states, said)
	}
}

func checkBatches(t *testing.T, path string, states []string, said string) {
	t.Helper()
	l := open(t, path, Options{})
	defer func() { must(t, l.Close()) }()
	s := openStream(t, l, "s")
	list, err := s.Batches().List(t.Context())
	must(t, err)
	var state string
	var n int
	if _, err := fmt.Sscanf(said, "%s %d", &state, &n); err != nil || n >= len(list) {
		t.Fatalf("%q was said, and there are %d batches", said, len(list))
	}
	reached := string(list[n].State)
	if reached == "filling" && list[n].Items > 0 {
		reached = "offered"
	}
	if slices.Index(states, reached) < slices.Index(states, state) {
		t.Errorf("%q was said, and the batch is %+v", said, list[n])
	}
	sums, err := s.Sums(t.Context())
	must(t, err)
	var settled, open int64
	for _, b := range list {
		items := int64(0)
		must(t, s.Batches().Items(t.Context(), b.ID, func(providers.Offered) error { items++; return nil }))
		switch {
		case b.State == providers.Settled:
			settled += b.Items
		case items != b.Items || items != 0 && items != 10:
			t.Errorf("%+v holds %d items", b, items)
		default:
			open += items
		}
	}
	if sums[providers.Copied].Items != settled || sums[providers.Unproven].Items != open || strings.Contains(said, "error") {
		t.Errorf("%v, %d are settled and %d open; %q was said", sums, settled, open, said)
	}
	recount(t, l)
}
