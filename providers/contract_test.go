package providers_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/providers"
)

// shelf is a store of texts in one folder. It loses the answer of a Put when told to,
// and takes no text longer than limit.
type shelf struct {
	texts map[string]string // by key
	next  int64
	limit int64
	lose  bool
	puts  int
}

func (s *shelf) Name() string { return "shelf" }

func (s *shelf) Host() string { return "here" }

func (s *shelf) Close() error { return nil }

func (s *shelf) Open(context.Context) (providers.Reader, error) { return s, nil }

func (s *shelf) folder() providers.Folder {
	return providers.Folder{ID: "texts", Path: []string{"texts"}, Epoch: "1", Next: s.next, Items: int64(len(s.texts)), Bytes: -1}
}

func (s *shelf) Folders(context.Context) ([]providers.Folder, error) {
	return []providers.Folder{s.folder()}, nil
}

func (s *shelf) item(key string, prints bool) providers.Item {
	it := providers.Item{Key: key, Size: int64(len(s.texts[key])), Date: time.Unix(0, 0)}
	if prints {
		it.Print.Head = providers.Head(s.texts[key], it.Size)
	}
	return it
}

func (s *shelf) Scan(ctx context.Context, f providers.Folder, what providers.Scan, yield func(providers.Item) error) (providers.Folder, error) {
	for _, key := range slices.Sorted(maps.Keys(s.texts)) {
		if key < what.From {
			continue
		}
		if err := errors.Join(ctx.Err(), yield(s.item(key, what.Prints))); err != nil {
			return f, err
		}
	}
	return s.folder(), nil
}

func (s *shelf) Fetch(_ context.Context, _ providers.Folder, items []providers.Item, yield func(providers.Message) error) error {
	for _, it := range items {
		text, ok := s.texts[it.Key]
		if !ok {
			continue
		}
		if err := yield(providers.Message{Item: it, Body: strings.NewReader(text)}); err != nil {
			return err
		}
	}
	return nil
}

// box is a shelf that takes texts.
type box struct{ *shelf }

func (b box) Open(context.Context) (providers.Writer, error) { return b, nil }

func (b box) Limits() providers.Limits { return providers.Limits{Item: b.limit, Batch: 2} }

func (b box) Create(_ context.Context, path []string, _ providers.Use) (providers.Folder, error) {
	return b.folder(), nil
}

func (b box) Put(_ context.Context, _ providers.Folder, messages []providers.Message) ([]providers.Delivery, error) {
	b.puts++
	var out []providers.Delivery
	for _, m := range messages {
		text, err := io.ReadAll(m.Body)
		if err != nil {
			return nil, err
		}
		key := fmt.Sprintf("%010d", b.next)
		b.next++
		b.texts[key] = string(text)
		out = append(out, providers.Delivery{ID: key})
	}
	if b.lose {
		b.lose = false
		return nil, &diag.Failure{Class: diag.Unavailable, Op: "put", Unknown: true}
	}
	return out, nil
}

func (b box) Flag(context.Context, providers.Folder, []providers.Item) error { return nil }

func (b box) Rename(_ context.Context, f providers.Folder, _ []string) (providers.Folder, error) {
	return f, nil
}

func (b box) Move(context.Context, providers.Folder, []providers.Item, providers.Folder) ([]providers.Delivery, error) {
	return nil, &diag.Failure{Class: diag.Invalid, Op: "move", Detail: "a shelf is one folder"}
}

// book is a FolderLedger of what a pass over one folder needs; it has no shelf.
type book struct {
	providers.FolderLedger
	record providers.FolderRecord
	rows   map[string]providers.Record
	table  map[[16]byte][]providers.Item
}

func (b *book) Record() providers.FolderRecord { return b.record }

func (b *book) Known(_ context.Context, keys []string) (map[string]providers.Record, error) {
	out := map[string]providers.Record{}
	for _, k := range keys {
		if r, ok := b.rows[k]; ok {
			out[k] = r
		}
	}
	return out, nil
}

func (b *book) Begin(_ context.Context, target providers.Folder, made bool) error {
	b.record.Target, b.record.Made, b.record.Begun = target, made, true
	return nil
}

func (b *book) Settle(_ context.Context, records []providers.Record) error {
	for _, r := range records {
		b.rows[r.Key] = r
	}
	return nil
}

func (b *book) End(_ context.Context, f providers.Folder) error {
	b.record.Folder, b.record.Begun, b.record.Done = f, false, true
	return nil
}

func (b *book) Lay(_ context.Context, items []providers.Item) error {
	for _, it := range items {
		if !slices.ContainsFunc(slices.Collect(maps.Values(b.rows)), func(r providers.Record) bool { return r.Target == it.Key }) {
			b.table[it.Print.Head] = append(b.table[it.Print.Head], it)
		}
	}
	return nil
}

func (b *book) Take(_ context.Context, items []providers.Item) (map[string]providers.Taken, error) {
	out := map[string]providers.Taken{}
	for _, it := range items {
		if on := b.table[it.Print.Head]; len(on) > 0 {
			out[it.Key] = providers.Taken{Item: on[0], Alone: len(on) == 1}
			b.table[it.Print.Head] = on[1:]
		}
	}
	return out, nil
}

func (b *book) Clear(context.Context) error {
	clear(b.table)
	return nil
}

// pass moves what has no outcome, as the contract wants it: Begin before the first
// Put, a look at what a begun folder holds, an outcome for every item, End.
func pass(ctx context.Context, from providers.Reader, to providers.Writer, led providers.FolderLedger) error {
	folders, err := from.Folders(ctx)
	if err != nil {
		return err
	}
	f := folders[0]
	look := led.Record().Begun
	if look {
		if err := lay(ctx, to, led); err != nil {
			return err
		}
	}
	var fresh []providers.Item
	now, err := from.Scan(ctx, f, providers.Scan{Prints: look}, func(it providers.Item) error {
		known, err := led.Known(ctx, []string{it.Key})
		if _, ok := known[it.Key]; !ok && err == nil {
			fresh = append(fresh, it)
		}
		return err
	})
	if err != nil {
		return err
	}
	if fresh, err = found(ctx, led, fresh); err != nil {
		return err
	}
	if err := move(ctx, f, fresh, from, to, led); err != nil {
		return err
	}
	return led.End(ctx, now)
}

// lay puts on the table what the target holds since the mark of the last Begin.
func lay(ctx context.Context, to providers.Writer, led providers.FolderLedger) error {
	target := led.Record().Target
	if err := led.Clear(ctx); err != nil {
		return err
	}
	_, err := to.Scan(ctx, target, providers.Scan{From: fmt.Sprintf("%010d", target.Next), Prints: true}, func(it providers.Item) error {
		return led.Lay(ctx, []providers.Item{it})
	})
	return err
}

// found settles what is on the table.
func found(ctx context.Context, led providers.FolderLedger, items []providers.Item) (rest []providers.Item, err error) {
	taken, err := led.Take(ctx, items)
	if err != nil {
		return nil, err
	}
	var records []providers.Record
	for _, it := range items {
		if t, ok := taken[it.Key]; ok {
			records = append(records, providers.Record{Key: it.Key, Outcome: providers.Copied, Size: it.Size, Date: it.Date, Target: t.Key})
		} else {
			rest = append(rest, it)
		}
	}
	return rest, led.Settle(ctx, records)
}

func move(ctx context.Context, f providers.Folder, items []providers.Item, from providers.Reader, to providers.Writer, led providers.FolderLedger) error {
	limits := to.Limits()
	target, err := to.Create(ctx, f.Path, f.Use)
	if err != nil {
		return err
	}
	if err := led.Begin(ctx, target, true); err != nil {
		return err
	}
	read := map[string]bool{}
	err = from.Fetch(ctx, f, items, func(m providers.Message) error {
		read[m.Key] = true
		r := providers.Record{Key: m.Key, Outcome: providers.TooLarge, Size: m.Size, Date: m.Date, Note: fmt.Sprintf("more than %d bytes", limits.Item)}
		if m.Size <= limits.Item {
			done, err := to.Put(ctx, target, []providers.Message{m})
			if err != nil {
				return err
			}
			r.Outcome, r.Note, r.Target = providers.Copied, "", done[0].ID
		}
		return led.Settle(ctx, []providers.Record{r})
	})
	for _, it := range items {
		if !read[it.Key] && err == nil {
			err = led.Settle(ctx, []providers.Record{{Key: it.Key, Outcome: providers.Gone, Size: it.Size, Date: it.Date}})
		}
	}
	return err
}

// forgetful lists a text that is gone when it is read.
type forgetful struct{ *shelf }

func (f forgetful) Scan(ctx context.Context, folder providers.Folder, what providers.Scan, yield func(providers.Item) error) (providers.Folder, error) {
	now, err := f.shelf.Scan(ctx, folder, what, yield)
	return now, errors.Join(err, yield(providers.Item{Key: "9999999999", Size: 1, Date: time.Unix(0, 0)}))
}

func TestContentIsMovedOnceAndAccountedFor(t *testing.T) {
	ctx := t.Context()
	from := forgetful{&shelf{texts: map[string]string{"0000000001": "one", "0000000002": "two", "0000000003": strings.Repeat("x", 50), "0000000004": "four"}, next: 5}}
	shelf := &shelf{texts: map[string]string{"0000000001": "two"}, next: 2, limit: 10, lose: true} // "two" was there before
	to := box{shelf}
	led := &book{rows: map[string]providers.Record{}, table: map[[16]byte][]providers.Item{}}

	if err := pass(ctx, from, to, led); !diag.MayHaveHappened(err) || !led.Record().Begun || led.Record().Done {
		t.Fatalf("first pass: %v, want the lost answer; record %+v", err, led.Record())
	}
	for range 2 {
		if err := pass(ctx, from, to, led); err != nil {
			t.Fatal(err)
		}
		sum := map[providers.Outcome]int{}
		for _, r := range led.rows {
			sum[r.Outcome]++
			if !r.Outcome.Final() {
				t.Errorf("%+v is not final", r)
			}
		}
		want := map[providers.Outcome]int{providers.Copied: 3, providers.TooLarge: 1, providers.Gone: 1}
		if !maps.Equal(sum, want) || !led.Record().Done || led.Record().Begun {
			t.Errorf("outcomes %v, want %v", sum, want)
		}
		if have := slices.Sorted(maps.Values(shelf.texts)); !slices.Equal(have, []string{"four", "one", "two", "two"}) || shelf.puts != 3 {
			t.Errorf("the target holds %q after %d puts", have, shelf.puts)
		}
	}
}

func TestEveryOutcomeIsNamedOnce(t *testing.T) {
	seen := map[providers.Outcome]bool{}
	final := 0
	for _, o := range providers.Outcomes() {
		if seen[o] || o == "" {
			t.Errorf("%q is named twice", o)
		}
		seen[o] = true
		if o.Final() {
			final++
		}
	}
	if len(seen) != 9 || final != 5 || providers.OnTheWay.Final() {
		t.Errorf("%d outcomes, %d of them final", len(seen), final)
	}
}
