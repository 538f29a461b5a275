package content

import (
	"context"
	"sync/atomic"
	"testing"

	"github.com/isaworks/isa/providers"
)

// tallied is an origin that counts the items it lists.
type tallied struct {
	origin
	items *atomic.Int64
}

// Open implements providers.Origin.
func (o tallied) Open(ctx context.Context) (providers.Reader, error) {
	r, err := o.origin.Open(ctx)
	return talliedReader{r, o.items}, err
}

type talliedReader struct {
	providers.Reader
	items *atomic.Int64
}

// Scan implements providers.Reader.
func (r talliedReader) Scan(ctx context.Context, f providers.Folder, what providers.Scan, yield func(providers.Item) error) (providers.Folder, error) {
	return r.Reader.Scan(ctx, f, what, func(it providers.Item) error {
		r.items.Add(1)
		return yield(it)
	})
}

// TestBatchesGoOnWhereTheLastOneEnded: a batch is smaller than the window in which a
// folder is gone over, and each begins where the one before it ended: to list an mbox
// is to read it.
func TestBatchesGoOnWhereTheLastOneEnded(t *testing.T) {
	const messages = 12_000
	sp := openSpool(t, 0)
	from := newStore(t, "old")
	from.nextless = true
	fill(from, 0, messages)
	svc := newService(t, sp)
	var items atomic.Int64
	j := gateway(t, from, svc, sp)
	j.Origin, j.Pull.Rule.Items = tallied{origin{from}, &items}, 1000
	l := openLedger(t)
	if r := mustRun(t, options(l, j)); r.Sums[providers.Copied].Items != messages {
		t.Fatalf("%v", r.Sums)
	}
	wantAll(t, from, svc, nil)
	if n := items.Load(); n > 4*messages {
		t.Errorf("%d items were listed, of %d in %d batches", n, messages, svc.starts)
	}
	items.Store(0)
	mustRun(t, options(l, j))
	if n := items.Load(); n > 0 {
		t.Errorf("%d items were listed of a folder in which nothing changed", n)
	}
}
