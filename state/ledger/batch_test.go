package ledger

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/providers"
)

// batchModel is what the batches of a stream must be like.
type batchModel struct {
	t       *testing.T
	r       *rand.Rand
	path    string
	l       *Ledger
	s       providers.Stream
	list    []providers.Batch
	items   map[string]map[uint32]providers.Offered // of batches that are not settled
	records map[string]map[string]providers.Record  // by folder and key
	keys    int
	names   int
}

func (m *batchModel) open() {
	l, err := Open(m.t.Context(), m.path, Options{})
	must(m.t, err)
	m.l, m.s = l, openStream(m.t, l, "s")
}

func (m *batchModel) reopen() {
	must(m.t, m.l.Close())
	m.open()
}

// some returns a batch in one of the states, nil when there is none.
func (m *batchModel) some(states ...providers.BatchState) *providers.Batch {
	var at []int
	for i, b := range m.list {
		if slices.Contains(states, b.State) {
			at = append(at, i)
		}
	}
	if len(at) == 0 {
		return nil
	}
	return &m.list[at[m.r.IntN(len(at))]]
}

func (m *batchModel) name() string {
	m.names++
	return fmt.Sprintf("b-%03d", m.names)
}

func (m *batchModel) make() {
	b := providers.Batch{ID: m.name(), Route: "gateway", Made: time.Unix(int64(m.names), 5).UTC()}
	must(m.t, m.s.Batches().Make(m.t.Context(), b))
	b.Root, b.State = b.ID, providers.Filling
	m.list, m.items[b.ID] = append(m.list, b), map[uint32]providers.Offered{}
}

func (m *batchModel) offer() {
	b := m.some(providers.Filling)
	if b == nil {
		return
	}
	folder := fmt.Sprint("f", m.r.IntN(3))
	f := openFolder(m.t, m.s, folder)
	var records []providers.Record
	for range m.r.IntN(20) {
		m.keys++
		r := providers.Record{Key: uid(m.keys), Outcome: providers.Copied, Size: m.r.Int64N(100) - 1, Tries: m.r.IntN(2)}
		if m.r.IntN(3) == 0 { // it had another outcome before
			r.Outcome = providers.Refused
			must(m.t, f.Settle(m.t.Context(), []providers.Record{r}))
		}
		number := uint32(len(m.items[b.ID]) + 1)
		r.Target = uid(int(number))
		records = append(records, r)
		m.items[b.ID][number] = providers.Offered{Number: number, Folder: folder, Key: r.Key, Size: r.Size, Tries: r.Tries}
		r.Outcome, r.Target = providers.Unproven, ""
		m.records[folder][r.Key] = r
		b.Items, b.Bytes = b.Items+1, b.Bytes+max(0, r.Size)
	}
	must(m.t, m.s.Batches().Offer(m.t.Context(), b.ID, folder, records))
}

func (m *batchModel) turn() {
	at := time.Unix(int64(1000+m.names), 0).UTC()
	switch b := m.some(providers.Filling, providers.Frozen, providers.Started); {
	case b == nil:
	case b.State == providers.Filling:
		must(m.t, m.s.Batches().Freeze(m.t.Context(), b.ID))
		b.State = providers.Frozen
	case b.State == providers.Frozen:
		must(m.t, m.s.Batches().Start(m.t.Context(), b.ID, at))
		b.State, b.Started = providers.Started, at
	default:
		must(m.t, m.s.Batches().Unstart(m.t.Context(), b.ID))
		b.State, b.Started = providers.Frozen, time.Time{}
	}
}

func (m *batchModel) settle() {
	b := m.some(providers.Filling, providers.Frozen, providers.Started)
	if b == nil {
		return
	}
	outcomes := []providers.Outcome{providers.Copied, providers.Unproven, providers.OnTheWay, providers.Quarantined}
	one := providers.Judged{Outcome: outcomes[m.r.IntN(4)], Note: "note", Tries: m.r.IntN(2)}
	mixed := m.r.IntN(2) == 0
	judge := func(o providers.Offered) providers.Judged {
		if mixed && o.Number%3 == 0 {
			return providers.Judged{Outcome: outcomes[int(o.Number)%4], Title: "제목", Tries: 3}
		}
		return one
	}
	end := providers.BatchEnd{Settled: time.Unix(77, 0).UTC(), Total: 5, Arrived: m.r.IntN(2) == 0, Note: "so"}
	must(m.t, m.s.Batches().Settle(m.t.Context(), b.ID, end, judge))
	must(m.t, m.s.Batches().Settle(m.t.Context(), b.ID, providers.BatchEnd{}, pendingAll)) // a second time: nothing
	for _, o := range m.items[b.ID] {
		j := judge(o)
		r := m.records[o.Folder][o.Key]
		r.Outcome, r.Note, r.Title, r.Tries = j.Outcome, j.Note, j.Title, r.Tries+j.Tries
		if r.Outcome == providers.Copied {
			r.Title = ""
		}
		m.records[o.Folder][o.Key] = r
	}
	delete(m.items, b.ID)
	b.State, b.BatchEnd = providers.Settled, end
	for i := range m.list {
		if end.Arrived && m.list[i].ID == b.Other && m.list[i].State != providers.Settled {
			m.list[i].Bad = true
		}
	}
}

func pendingAll(providers.Offered) providers.Judged {
	return providers.Judged{Outcome: providers.OnTheWay}
}

func (m *batchModel) regroup() {
	from := m.some(providers.Frozen, providers.Started)
	if from == nil {
		return
	}
	to := []providers.Batch{{ID: m.name(), Route: "gateway", Root: from.Root, Bad: m.r.IntN(2) == 0}, {ID: m.name(), Route: "gateway", Root: from.Root}}
	to[1].Other = to[0].ID
	end := providers.BatchEnd{Settled: time.Unix(5, 0).UTC(), Note: "divided"}
	which := func(o providers.Offered) int { return int(o.Number) % 2 }
	must(m.t, m.s.Batches().Regroup(m.t.Context(), []string{from.ID}, to, end, which))
	for i := range to {
		to[i].State = providers.Frozen
		m.items[to[i].ID] = map[uint32]providers.Offered{}
	}
	for n, o := range m.items[from.ID] {
		b := &to[which(o)]
		m.items[b.ID][n] = o
		b.Items, b.Bytes = b.Items+1, b.Bytes+max(0, o.Size)
	}
	delete(m.items, from.ID)
	from.State, from.BatchEnd = providers.Settled, end
	m.list = append(m.list, to...)
}

func (m *batchModel) check() {
	t := m.t
	t.Helper()
	list, err := m.s.Batches().List(t.Context())
	must(t, err)
	if got, want := fmt.Sprintf("%+v", list), fmt.Sprintf("%+v", m.list); got != want {
		t.Fatalf("the batches are\n%s\nwant\n%s", got, want)
	}
	open := map[string]bool{}
	for id, want := range m.items {
		got := map[uint32]providers.Offered{}
		must(t, m.s.Batches().Items(t.Context(), id, func(o providers.Offered) error { got[o.Number] = o; return nil }))
		if !maps.Equal(got, want) {
			t.Fatalf("batch %s holds\n%v\nwant\n%v", id, got, want)
		}
		for _, o := range want {
			open[o.Folder+o.Key] = true
		}
	}
	for folder, want := range m.records {
		f := openFolder(t, m.s, folder)
		known, err := f.Known(t.Context(), slices.Collect(maps.Keys(want)))
		must(t, err)
		sums := providers.Sums{}
		for key, r := range want {
			if g := known[key]; g.Outcome != r.Outcome || g.Note != r.Note || g.Title != r.Title || g.Tries != r.Tries || g.Target != "" {
				t.Fatalf("%s %s: %+v, want %+v", folder, key, g, r)
			}
			s := sums[r.Outcome]
			sums[r.Outcome] = providers.Sum{Items: s.Items + 1, Bytes: s.Bytes + max(0, r.Size)}
		}
		if got := f.Record().Sums; !maps.Equal(got, sums) {
			t.Fatalf("%s: the sums are %v, want %v", folder, got, sums)
		}
		must(t, f.Retry(t.Context(), func(r providers.Record) error {
			if open[folder+r.Key] || want[r.Key].Outcome.Final() {
				return fmt.Errorf("%s is not to be tried again: %+v", r.Key, r)
			}
			return nil
		}))
	}
	recount(t, m.l)
}

// TestBatchesAreLikeTheirModel: whatever is done in whatever order, an item is in one
// batch or has its outcome, and all sums are right.
func TestBatchesAreLikeTheirModel(t *testing.T) {
	for seed := range uint64(seeds) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			m := &batchModel{t: t, r: rand.New(rand.NewPCG(seed, 9)), path: filepath.Join(t.TempDir(), "l"), items: map[string]map[uint32]providers.Offered{},
				records: map[string]map[string]providers.Record{"f0": {}, "f1": {}, "f2": {}}}
			m.open()
			m.make()
			ops := []func(){m.make, m.offer, m.offer, m.offer, m.offer, m.turn, m.turn, m.settle, m.regroup}
			for n := range operations / 2 {
				if m.r.IntN(40) == 0 {
					m.reopen()
				}
				ops[m.r.IntN(len(ops))]()
				if n%10 == 0 {
					m.check()
				}
			}
			m.check()
			must(t, m.l.Close())
		})
	}
}

func TestWhatBatchesRefuse(t *testing.T) {
	l := open(t, filepath.Join(t.TempDir(), "l"), Options{})
	s := openStream(t, l, "s")
	openFolder(t, s, "INBOX")
	b, ctx := s.Batches(), t.Context()
	must(t, b.Make(ctx, providers.Batch{ID: "one"}))
	offer := func(id, folder, number string) error {
		r := batch(1, 1)[0]
		r.Target = number
		return b.Offer(ctx, id, folder, []providers.Record{r})
	}
	wantFailure(t, offer("two", "INBOX", uid(1)), diag.NotFound, "two")
	wantFailure(t, offer("one", "elsewhere", uid(1)), diag.NotFound, "elsewhere")
	wantFailure(t, offer("one", "INBOX", "first"), diag.Internal, "number")
	wantFailure(t, b.Start(ctx, "one", time.Now()), diag.Internal, "filling")
	wantFailure(t, openStream(t, l, "other").Batches().Freeze(ctx, "one"), diag.NotFound, "one")
	must(t, b.Freeze(ctx, "one"))
	must(t, b.Freeze(ctx, "one"))
	wantFailure(t, offer("one", "INBOX", uid(1)), diag.Internal, "frozen")
	must(t, b.Settle(ctx, "one", providers.BatchEnd{}, pendingAll))
	wantFailure(t, b.Regroup(ctx, []string{"one"}, []providers.Batch{{ID: "two"}}, providers.BatchEnd{}, func(providers.Offered) int { return 0 }), diag.Internal, "settled")

	must(t, b.Make(ctx, providers.Batch{ID: "three"}))
	must(t, offer("three", "INBOX", uid(1)))
	must(t, b.Freeze(ctx, "three"))
	wantFailure(t, b.Regroup(ctx, []string{"three"}, []providers.Batch{{ID: "four"}}, providers.BatchEnd{}, func(providers.Offered) int { return -1 }), diag.Internal, "no part")
	if list, err := b.List(ctx); err != nil || len(list) != 2 || list[1].State != providers.Frozen {
		t.Errorf("what was refused left %+v, %v", list, err)
	}
}

// TestABatchFollowsItsItems: the source numbers a folder anew while items of it are
// handed over.
func TestABatchFollowsItsItems(t *testing.T) {
	l := open(t, filepath.Join(t.TempDir(), "l"), Options{})
	s := openStream(t, l, "s")
	f := openFolder(t, s, "INBOX")
	fillBatch(t, s, "batch", 1, 10)
	must(t, f.Shelve(t.Context(), "2"))
	items := make([]providers.Item, 10)
	for i, r := range batch(1, 10) {
		items[i] = providers.Item{Key: uid(100 + i), Size: r.Size, Date: r.Date, Print: r.Print}
	}
	got, err := f.Reclaim(t.Context(), items)
	if err != nil || len(got) != 10 {
		t.Fatalf("%v, %v", got, err)
	}
	must(t, f.Unshelve(t.Context()))
	must(t, s.Batches().Settle(t.Context(), "batch", providers.BatchEnd{}, func(providers.Offered) providers.Judged {
		return providers.Judged{Outcome: providers.Copied}
	}))
	if sums, err := s.Sums(t.Context()); err != nil || sums[providers.Copied].Items != 10 || len(sums) != 1 {
		t.Errorf("%v, %v", sums, err)
	}
	recount(t, l)
}

// TestALedgerOfBeforeHasNoBatches: one that was written before there were any is read
// as it is, and gets them when it is written to.
func TestALedgerOfBeforeHasNoBatches(t *testing.T) {
	path := filepath.Join(t.TempDir(), "l")
	l := open(t, path, Options{})
	openStream(t, l, "s")
	must(t, l.write(t.Context(), true, func(tx *txn) error {
		_, err := tx.exec(`DROP TABLE batch`)
		if err == nil {
			_, err = tx.exec(`DROP TABLE offered`)
		}
		return err
	}))
	must(t, l.Close())
	r := open(t, path, Options{ReadOnly: true})
	s := openStream(t, r, "s")
	if list, err := s.Batches().List(t.Context()); err != nil || list != nil {
		t.Errorf("%v, %v", list, err)
	}
	must(t, r.Close())
	w := open(t, path, Options{})
	must(t, openStream(t, w, "s").Batches().Make(t.Context(), providers.Batch{ID: "b"}))
}

// fillBatch makes a batch of n items.
func fillBatch(tb testing.TB, s providers.Stream, id string, first, n int) {
	tb.Helper()
	must(tb, s.Batches().Make(tb.Context(), providers.Batch{ID: id, Route: "gateway"}))
	records := batch(first, n)
	for i := range records {
		records[i].Target = uid(i + 1)
	}
	must(tb, s.Batches().Offer(tb.Context(), id, "INBOX", records))
	must(tb, s.Batches().Freeze(tb.Context(), id))
}

func BenchmarkOffer2000(b *testing.B) {
	s := openStream(b, open(b, b.TempDir()+"/l", Options{}), "s")
	openFolder(b, s, "INBOX")
	n := 0
	for b.Loop() {
		fillBatch(b, s, fmt.Sprint("batch", n), 1+n*2000, 2000)
		n++
	}
}

func BenchmarkSettle2000(b *testing.B) {
	for _, mixed := range []bool{false, true} {
		b.Run(fmt.Sprint("mixed=", mixed), func(b *testing.B) {
			s := openStream(b, open(b, b.TempDir()+"/l", Options{}), "s")
			openFolder(b, s, "INBOX")
			n := 0
			for b.Loop() {
				b.StopTimer()
				fillBatch(b, s, fmt.Sprint("batch", n), 1+n*2000, 2000)
				b.StartTimer()
				must(b, s.Batches().Settle(b.Context(), fmt.Sprint("batch", n), providers.BatchEnd{Arrived: true}, func(o providers.Offered) providers.Judged {
					if mixed && o.Number%2 == 0 {
						return providers.Judged{Outcome: providers.Unproven, Note: "n"}
					}
					return providers.Judged{Outcome: providers.Copied}
				}))
				n++
			}
		})
	}
}

// TestABatchHasNoSayInWhatAnotherSettled: an item is in one open batch at most, and an
// outcome that it got otherwise stays.
func TestABatchHasNoSayInWhatAnotherSettled(t *testing.T) {
	l := open(t, filepath.Join(t.TempDir(), "l"), Options{})
	s := openStream(t, l, "s")
	f := openFolder(t, s, "INBOX")
	b, ctx := s.Batches(), t.Context()
	fillBatch(t, s, "one", 1, 10)
	must(t, b.Make(ctx, providers.Batch{ID: "two", Route: "server"}))
	again := append(batch(50, 1), batch(1, 1)...)
	again[0].Target, again[1].Target = uid(50), uid(1)
	wantFailure(t, b.Offer(ctx, "two", "INBOX", again), diag.Internal, "in a batch already")
	if known, err := f.Known(ctx, []string{again[0].Key}); err != nil || len(known) > 0 {
		t.Errorf("a refused offer left %v, %v", known, err)
	}
	done := batch(1, 4)
	for i := range done {
		done[i].Outcome = providers.Copied
	}
	must(t, f.Settle(ctx, done))
	must(t, b.Settle(ctx, "one", providers.BatchEnd{}, pendingAll))
	if sums, err := s.Sums(ctx); err != nil || sums[providers.Copied].Items != 4 || sums[providers.OnTheWay].Items != 6 {
		t.Errorf("%v, %v", sums, err)
	}
	must(t, b.Freeze(ctx, "two"))
	must(t, b.Start(ctx, "two", time.Now()))
	late := batch(20, 1)
	late[0].Target = uid(1)
	must(t, b.Offer(ctx, "two", "INBOX", late)) // it came while the service began
	recount(t, l)
}

// TestWhatMayHaveArrivedHasMoved: a service may have put it there, so that it is not free any
// more to go another way, with another wave.
func TestWhatMayHaveArrivedHasMoved(t *testing.T) {
	for outcome, moved := range map[providers.Outcome]bool{providers.Unproven: true, providers.Copied: true, providers.OnTheWay: false, providers.Quarantined: false} {
		l := open(t, filepath.Join(t.TempDir(), "l"), Options{})
		s := openStream(t, l, "s")
		openFolder(t, s, "INBOX")
		fillBatch(t, s, "batch", 1, 3)
		must(t, s.Batches().Settle(t.Context(), "batch", providers.BatchEnd{}, func(providers.Offered) providers.Judged { return providers.Judged{Outcome: outcome} }))
		if got := s.Info().Moved; got != moved {
			t.Errorf("%s: moved is %v", outcome, got)
		}
	}
}

// TestALedgerKnowsItsSpools: where batches were made, once each, also after it was opened
// anew.
func TestALedgerKnowsItsSpools(t *testing.T) {
	path := filepath.Join(t.TempDir(), "l")
	l := open(t, path, Options{})
	s := openStream(t, l, "s")
	for i, dir := range []string{"/b", "/a", "/b", ""} {
		must(t, s.Batches().Make(t.Context(), providers.Batch{ID: fmt.Sprint(i), Spool: dir}))
	}
	must(t, l.Close())
	if got, err := open(t, path, Options{ReadOnly: true}).Spools(t.Context()); err != nil || fmt.Sprint(got) != "[/a /b]" {
		t.Errorf("%v, %v", got, err)
	}
}
