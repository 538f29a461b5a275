// Command fill settles items in a new ledger, uses them in every way, and prints the
// peak of its memory in KiB. usage: fill FILE ITEMS
package main

import (
	"bytes"
	"context"
	"fmt"
	"log"
	"os"
	"strconv"
	"time"

	"github.com/isaworks/isa/providers"
	"github.com/isaworks/isa/state/ledger"
)

func main() {
	n, err := strconv.Atoi(os.Args[2])
	if err == nil {
		err = fill(context.Background(), os.Args[1], n)
	}
	if err != nil {
		log.Fatal(err)
	}
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		log.Fatal(err)
	}
	for line := range bytes.Lines(status) {
		var kib int
		if _, err := fmt.Sscanf(string(line), "VmHWM: %d kB", &kib); err == nil {
			fmt.Println(kib)
		}
	}
}

const (
	step = 1000
	some = 20_000 // are laid on the table and taken, shelved and reclaimed
)

func fill(ctx context.Context, path string, n int) (err error) {
	l, err := ledger.Open(ctx, path, ledger.Options{})
	if err != nil {
		return err
	}
	defer func() {
		if e := l.Close(); err == nil {
			err = e
		}
	}()
	s, err := l.Stream(ctx, providers.StreamInfo{Name: "s"})
	if err != nil {
		return err
	}
	for _, f := range []struct {
		name  string
		items int
	}{{"INBOX", n}, {"moved", some}} {
		if err := one(ctx, s, f.name, f.items); err != nil {
			return err
		}
	}
	sums, err := s.Sums(ctx)
	refused, dropped := (n+some)/10, some/20 // what was set aside, never arrived and is not there any more
	copied := int64(n + some - refused)
	refused -= dropped
	if err != nil || sums[providers.Refused].Items != int64(refused) || sums[providers.Copied].Items != copied {
		return fmt.Errorf("%v: %w", sums, err)
	}
	seen := 0
	count := func(providers.FolderRecord, providers.Record) error { seen++; return nil }
	if err := s.Failures(ctx, count); err != nil || seen != refused {
		return fmt.Errorf("%d failures: %w", seen, err)
	}
	return nil
}

// one settles n items of a folder. What is dear is done with some.
func one(ctx context.Context, s providers.Stream, name string, n int) error {
	f, err := s.Folder(ctx, providers.Folder{ID: name, Epoch: "1"})
	if err != nil {
		return err
	}
	if err := f.Begin(ctx, providers.Folder{ID: name}, false); err != nil {
		return err
	}
	for at := 0; at < some; at += step {
		if err := f.Lay(ctx, items(at)); err != nil {
			return err
		}
	}
	for at := 0; at < n; at += step {
		if err := settle(ctx, f, at); err != nil {
			return err
		}
	}
	if err := f.Clear(ctx); err != nil || n > some {
		return err
	}
	if err := f.Shelve(ctx, "2"); err != nil {
		return err
	}
	for at := 0; at < n; at += 2 * step {
		if found, err := f.Reclaim(ctx, items(at)); err != nil || len(found) != step {
			return fmt.Errorf("reclaimed %d: %w", len(found), err)
		}
	}
	return f.Unshelve(ctx)
}

// settle takes items off the table and settles them, in batches as the engine does.
func settle(ctx context.Context, f providers.FolderLedger, at int) error {
	its := items(at)
	if at >= some {
		// nothing of these is on the table
	} else if taken, err := f.Take(ctx, its); err != nil || len(taken) != step {
		return fmt.Errorf("took %d: %w", len(taken), err)
	}
	var records []providers.Record
	for i, it := range its {
		r := providers.Record{Key: it.Key, Outcome: providers.Copied, Size: it.Size, Date: it.Date, Print: it.Print, Target: it.Key}
		if i%10 == 0 {
			r.Outcome, r.Note, r.Title = providers.Refused, "NO [CANNOT] not today", "a subject"
		}
		records = append(records, r)
	}
	for len(records) > 0 {
		if err := f.Settle(ctx, records[:50]); err != nil {
			return err
		}
		records = records[50:]
	}
	return nil
}

func items(at int) []providers.Item {
	out := make([]providers.Item, step)
	for i := range out {
		n := uint32(at + i)
		h := n * 2654435761 // spread, as hashes are
		it := providers.Item{Key: fmt.Sprintf("%010d", n+1), Size: 1000, Date: time.Unix(int64(n), 0)}
		it.Print.Head = [16]byte{byte(h >> 24), byte(h >> 16), byte(h >> 8), byte(h), 15: 1}
		out[i] = it
	}
	return out
}
