package providers_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/internal/lanes"
	"github.com/isaworks/isa/internal/live"
	"github.com/isaworks/isa/internal/schema"
	"github.com/isaworks/isa/internal/value"
	"github.com/isaworks/isa/planner"
	"github.com/isaworks/isa/providers"
)

// shelf is a Source of texts.
type shelf struct {
	texts map[string]string
	gone  map[string]bool // vanish between Items and Open
}

func (s *shelf) Items(ctx context.Context, yield func(providers.Item) bool) error {
	if len(s.texts) == 0 {
		return &diag.Failure{Class: diag.Unavailable, Op: "items", Detail: "the shelf is empty"}
	}
	for _, key := range slices.Sorted(maps.Keys(s.texts)) {
		if err := ctx.Err(); err != nil {
			return err
		}
		if !yield(providers.Item{Key: key, Size: int64(len(s.texts[key])), Date: time.Unix(0, 0)}) {
			return nil
		}
	}
	return nil
}

func (s *shelf) Open(_ context.Context, it providers.Item) (io.ReadCloser, error) {
	text, ok := s.texts[it.Key]
	if !ok || s.gone[it.Key] {
		return nil, &diag.Failure{Class: diag.NotFound, Op: "open", Detail: it.Key + " is gone"}
	}
	return io.NopCloser(strings.NewReader(text)), nil
}

// box is a Putter with a size limit that may lose answers.
type box struct {
	got   map[string][]byte
	puts  map[string]int
	limit int
	lose  map[string]bool // answer lost once, the work done
}

func (b *box) Put(_ context.Context, it providers.Item, body io.Reader) (providers.Delivery, error) {
	data, err := io.ReadAll(body)
	if err != nil {
		return providers.Delivery{}, err
	}
	b.puts[it.Key]++
	if len(data) > b.limit {
		return providers.Delivery{Outcome: providers.TooLarge, Note: fmt.Sprintf("more than %d bytes", b.limit)}, nil
	}
	b.got[it.Key] = data
	if b.lose[it.Key] {
		delete(b.lose, it.Key)
		return providers.Delivery{}, &diag.Failure{Class: diag.Unavailable, Op: "put", Unknown: true}
	}
	return providers.Delivery{Outcome: providers.Copied, ID: "box/" + it.Key}, nil
}

func (b *box) Has(_ context.Context, it providers.Item) (bool, error) {
	_, ok := b.got[it.Key]
	return ok, nil
}

// book is a Ledger.
type book struct {
	mu   sync.Mutex
	mark int64
	rows map[string]providers.Outcome
}

func (b *book) Identity(context.Context) (string, int64, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return "book-1", b.mark, nil
}

func (b *book) Intend(_ context.Context, stream string, items []providers.Item) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, it := range items {
		b.rows[stream+"/"+it.Key] = providers.OnTheWay
		b.mark++
	}
	return nil
}

func (b *book) Settle(_ context.Context, stream string, deliveries map[string]providers.Delivery) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	for key, d := range deliveries {
		if _, ok := b.rows[stream+"/"+key]; !ok {
			return &diag.Failure{Class: diag.Internal, Op: "settle", Detail: key + " was never intended"}
		}
		b.rows[stream+"/"+key] = d.Outcome
		b.mark++
	}
	return nil
}

func (b *book) Outcome(_ context.Context, stream, key string) (providers.Outcome, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.rows[stream+"/"+key], nil
}

// move copies what the ledger does not know as settled: intent before, outcome
// after, a look after a lost answer.
func move(ctx context.Context, stream string, from providers.Source, to providers.Putter, l providers.Ledger) (map[providers.Outcome]int, error) {
	sum := map[providers.Outcome]int{}
	var fault error
	err := from.Items(ctx, func(it providers.Item) bool {
		var d providers.Delivery
		if d, fault = moveOne(ctx, stream, it, from, to, l); fault != nil {
			return false
		}
		sum[d.Outcome]++
		return true
	})
	return sum, errors.Join(err, fault)
}

func moveOne(ctx context.Context, stream string, it providers.Item, from providers.Source, to providers.Putter, l providers.Ledger) (providers.Delivery, error) {
	before, err := l.Outcome(ctx, stream, it.Key)
	if err != nil {
		return providers.Delivery{}, err
	}
	switch before {
	case "":
		if err := l.Intend(ctx, stream, []providers.Item{it}); err != nil {
			return providers.Delivery{}, err
		}
	case providers.OnTheWay:
		if has, err := to.Has(ctx, it); err != nil {
			return providers.Delivery{}, err
		} else if has {
			return settle(ctx, stream, it, providers.Delivery{Outcome: providers.Copied}, l)
		}
	default:
		return providers.Delivery{Outcome: before}, nil
	}
	body, err := from.Open(ctx, it)
	if diag.ClassOf(err) == diag.NotFound {
		return settle(ctx, stream, it, providers.Delivery{Outcome: providers.Gone}, l)
	}
	if err != nil {
		return providers.Delivery{}, err
	}
	d, err := to.Put(ctx, it, body)
	if err = errors.Join(err, body.Close()); err != nil {
		return d, err
	}
	return settle(ctx, stream, it, d, l)
}

func settle(ctx context.Context, stream string, it providers.Item, d providers.Delivery, l providers.Ledger) (providers.Delivery, error) {
	return d, l.Settle(ctx, stream, map[string]providers.Delivery{it.Key: d})
}

func TestContentIsMovedOnceAndAccountedFor(t *testing.T) {
	ctx := t.Context()
	from := &shelf{texts: map[string]string{"a": "one", "b": "two", "c": strings.Repeat("x", 50), "d": "four"}, gone: map[string]bool{"d": true}}
	to := &box{got: map[string][]byte{}, puts: map[string]int{}, limit: 10, lose: map[string]bool{"b": true}}
	ledger := &book{rows: map[string]providers.Outcome{}}

	if _, err := move(ctx, "s", from, to, ledger); !diag.MayHaveHappened(err) {
		t.Fatalf("first run: %v, want the lost answer", err)
	}
	if got, _ := ledger.Outcome(ctx, "s", "b"); got != providers.OnTheWay {
		t.Errorf("after a lost answer the ledger says %q", got)
	}
	sum, err := move(ctx, "s", from, to, ledger)
	if err != nil {
		t.Fatal(err)
	}
	want := map[providers.Outcome]int{providers.Copied: 2, providers.TooLarge: 1, providers.Gone: 1}
	if !maps.Equal(sum, want) {
		t.Errorf("outcomes %v, want %v", sum, want)
	}
	if to.puts["b"] != 1 || !bytes.Equal(to.got["b"], []byte("two")) {
		t.Errorf("b was put %d times", to.puts["b"])
	}
	_, before, _ := ledger.Identity(ctx)
	if again, err := move(ctx, "s", from, to, ledger); err != nil || !maps.Equal(again, want) {
		t.Errorf("a third run: %v, %v", again, err)
	}
	if _, after, _ := ledger.Identity(ctx); after != before {
		t.Errorf("a run with nothing to do raised the high-water mark from %d to %d", before, after)
	}
	if err := ledger.Settle(ctx, "s", map[string]providers.Delivery{"z": {}}); err == nil {
		t.Error("an item that was never intended is settled")
	}
	if _, err := move(ctx, "s", &shelf{}, to, ledger); err == nil {
		t.Error("an empty source is no error")
	}
}

// fetcher is a Puller.
type fetcher struct {
	runs map[string]int // batch → polls left
	all  int            // runs started
}

func (f *fetcher) Start(_ context.Context, batch string) error {
	if _, ok := f.runs[batch]; !ok {
		f.runs[batch] = 2
		f.all++
	}
	return nil
}

func (f *fetcher) Poll(_ context.Context, batch string) (providers.PullState, int64, error) {
	left, ok := f.runs[batch]
	switch {
	case !ok:
		return "", 0, &diag.Failure{Class: diag.NotFound, Op: "poll", Detail: batch}
	case left == 0:
		return providers.PullDone, 7, nil
	}
	f.runs[batch]--
	return providers.PullRunning, 0, nil
}

func TestABatchIsPulledOnce(t *testing.T) {
	ctx := t.Context()
	f := &fetcher{runs: map[string]int{}}
	var p providers.Puller = f
	if _, _, err := p.Poll(ctx, "b1"); diag.ClassOf(err) != diag.NotFound {
		t.Errorf("poll before start: %v", err)
	}
	for range 2 {
		if err := p.Start(ctx, "b1"); err != nil {
			t.Fatal(err)
		}
	}
	if f.all != 1 {
		t.Errorf("%d runs of one batch", f.all)
	}
	state, polls := providers.PullWaiting, 0
	for state != providers.PullDone {
		var err error
		if state, _, err = p.Poll(ctx, "b1"); err != nil || polls > 5 {
			t.Fatalf("state %s after %d polls: %v", state, polls, err)
		}
		polls++
	}
}

// labels is a Kind of named labels.
type labels struct {
	kind *schema.Kind
	byID map[string]value.Object
	next int
	lost bool // the next answer is lost
}

func newLabels() *labels {
	return &labels{byID: map[string]value.Object{}, kind: &schema.Kind{
		Type: "label", Version: 1, Natural: []string{"name"}, Removals: []string{"delete"},
		Attrs: []schema.Attr{{Name: "name", Type: schema.Text(), Required: true, Doc: "Name."}},
		Title: func(o value.Object) string { return value.Text(o["name"]) },
	}}
}

func (l *labels) Schema() *schema.Kind { return l.kind }

func (l *labels) List(_ context.Context, progress func(int)) ([]live.Object, error) {
	var out []live.Object
	for _, id := range slices.Sorted(maps.Keys(l.byID)) {
		out = append(out, live.Object{Kind: "label", ID: id, Attrs: l.byID[id], Status: live.InUse})
	}
	if progress != nil {
		progress(len(out))
	}
	return out, nil
}

func (l *labels) Do(_ context.Context, r providers.Request) (providers.Result, error) {
	switch planner.Verb(r.Verb) {
	case planner.DoCreate:
		l.next++
		id := fmt.Sprint("L", l.next)
		l.byID[id] = r.Attrs
		if l.lost {
			l.lost = false
			return providers.Result{}, &diag.Failure{Class: diag.Unavailable, Op: "label-create", Unknown: true}
		}
		return providers.Result{ID: id, Attrs: r.Attrs}, nil
	case planner.DoDelete:
		delete(l.byID, r.ID)
		return providers.Result{ID: r.ID}, nil
	}
	return providers.Result{}, &diag.Failure{Class: diag.Internal, Op: r.Verb}
}

func (l *labels) Find(ctx context.Context, r providers.Request) ([]live.Object, error) {
	all, err := l.List(ctx, nil)
	return slices.DeleteFunc(all, func(o live.Object) bool { return !value.Equal(o.Attrs["name"], r.Attrs["name"]) }), err
}

func (l *labels) Calls(r providers.Request) []lanes.Call {
	return []lanes.Call{{Op: "label-" + r.Verb}}
}

func TestALostCreationIsFoundNotRepeated(t *testing.T) {
	ctx := t.Context()
	l := newLabels()
	var k providers.Kind = l
	l.lost = true
	r := providers.Request{Verb: string(planner.DoCreate), Attrs: value.Object{"name": value.String("VIP")}}
	if _, err := k.Do(ctx, r); !diag.MayHaveHappened(err) {
		t.Fatalf("Do: %v, want a lost answer", err)
	}
	found, err := k.Find(ctx, r)
	if err != nil || len(found) != 1 || found[0].ID != "L1" {
		t.Fatalf("Find: %v, %v", found, err)
	}
	for range 2 { // deletion is repeatable
		if _, err := k.Do(ctx, providers.Request{Verb: string(planner.DoDelete), ID: "L1"}); err != nil {
			t.Fatal(err)
		}
	}
	if all, err := k.List(ctx, func(n int) {
		if n != 0 {
			t.Errorf("progress tells %d objects", n)
		}
	}); err != nil || len(all) != 0 {
		t.Errorf("List: %v, %v", all, err)
	}
}
