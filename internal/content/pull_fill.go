package content

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/internal/spool"
	"github.com/isaworks/isa/providers"
)

// batchTarget is the batch that is being filled as a target. It is made when it is
// needed first.
type batchTarget struct {
	puller providers.Puller
	begin  func(context.Context) (*spool.Batch, error)
}

// Name implements providers.Target.
func (t *batchTarget) Name() string { return t.puller.Name() }

// Host implements providers.Target.
func (t *batchTarget) Host() string { return t.puller.Host() }

// Open implements providers.Target.
func (t *batchTarget) Open(ctx context.Context) (providers.Writer, error) {
	if t.begin == nil {
		return nil, impossible(t.Name(), "the target cannot be read on this route")
	}
	b, err := t.begin(ctx)
	if err != nil {
		return nil, err
	}
	return batchWriter{b.Writer(), b}, nil
}

// batchWriter ends the turn when the batch is full, or the disk.
type batchWriter struct {
	providers.Writer
	batch *spool.Batch
}

// Put implements providers.Writer.
func (w batchWriter) Put(ctx context.Context, f providers.Folder, messages []providers.Message) ([]providers.Delivery, error) {
	d, err := w.Writer.Put(ctx, f, messages)
	switch {
	case errors.Is(err, spool.ErrBatchFull):
		return nil, &pause{reason: "the batch is full"}
	case errors.Is(err, spool.ErrFull):
		return nil, noRoom(err)
	}
	return d, err
}

// noRoom is a pause that ends when there is room again.
func noRoom(err error) *pause { return &pause{reason: "waits for room: " + words(err), room: true} }

// begin returns the batch that is being filled, making it if there is none. A full
// spool pauses the job.
func (g *gatewayRoute) begin(ctx context.Context) (*spool.Batch, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.batch != nil {
		return g.batch, nil
	}
	id := g.id()
	b, err := g.Gateway.Spool.Begin(id, g.share())
	if errors.Is(err, spool.ErrFull) {
		return nil, noRoom(err)
	}
	if err != nil {
		return nil, err
	}
	if err := g.batches.Make(ctx, providers.Batch{ID: id, Route: g.name, Spool: g.Gateway.Spool.Dir(), Made: g.t.run.Now()}); err != nil {
		return nil, errors.Join(book(err), b.Discard())
	}
	g.batch = b
	g.t.run.gate.fills(g.t.task, g.Gateway.Spool)
	g.count(func(j *JobReport) { j.Batches++ })
	return b, nil
}

// share is how much a batch may hold.
func (g *gatewayRoute) share() spool.Share {
	return spool.Share{Items: g.Rule.Items, Bytes: g.Rule.Bytes}
}

// handOver settles what was put into the batch.
func (g *gatewayRoute) handOver(ctx context.Context, folder string, records []providers.Record) error {
	for i := range records {
		records[i].Outcome = providers.Unproven
	}
	g.mu.Lock()
	id := g.batch.ID()
	g.mu.Unlock()
	return g.batches.Offer(ctx, id, folder, records)
}

// after sends what the turn has put into the batch on its way, when the batch is full
// or the pass at its end. err is how the turn ended otherwise.
func (g *gatewayRoute) after(ctx context.Context, err error) error {
	if g.batch == nil && err == nil {
		g.end(ctx)
		return nil
	}
	var wait *pause
	paused := errors.As(err, &wait)
	switch {
	case g.batch != nil && g.batch.Full() && (err == nil || paused):
		if n, _ := g.batch.Items(); n == 0 {
			return errors.Join(g.discard(ctx, "nothing fits"), impossible(g.t.task.job.Name, "an empty batch takes nothing"))
		}
		return g.send(ctx)
	case paused && wait.until.IsZero() && wait.room:
		return g.forRoom(wait)
	case err != nil:
		return err
	}
	if g.worth() {
		return g.send(ctx)
	}
	if n, _ := g.batch.Items(); n > 0 {
		g.count(func(j *JobReport) { j.Held += int64(n) })
		g.remark(fmt.Sprintf("%d items wait for more: a run is worth it from %d on", n, g.Rule.Smallest))
	}
	if err := g.discard(ctx, "too few for a run"); err != nil {
		return err
	}
	g.end(ctx)
	return nil
}

// worth reports whether what is in the batch is worth a run.
func (g *gatewayRoute) worth() bool {
	n, _ := g.batch.Items()
	return n >= g.Rule.Smallest || n > 0 && g.t.task.job.Phase != Presync
}

// forRoom waits for room in the spool, for as long as others give some back, or have a
// run that may.
func (g *gatewayRoute) forRoom(w *pause) error {
	r := g.t.run
	r.gate.release(g.t.task, false)
	if quiet := g.room.quiet(g.Gateway.Spool.Freed(), r.Now()); quiet >= r.Patience.Waiting && !r.gate.frees(g.Gateway.Spool, g.t.task) {
		return &diag.Failure{Class: diag.Unavailable, Op: g.t.task.job.Name, Detail: fmt.Sprintf("%s, and no batch has given any back for %s", w.reason, quiet.Round(time.Second)),
			Fix: "give the spool more room (quota, disk), or see to the batches that do not arrive"}
	}
	told := g.room.told
	g.room.told = true
	return &pause{until: r.Now().Add(g.Rule.Poll), reason: w.reason, quiet: told}
}

// full tells a disk without room from other trouble.
func (g *gatewayRoute) full(err error) error {
	if errors.Is(err, spool.ErrFull) {
		return g.forRoom(noRoom(err))
	}
	return err
}

// discard throws the batch that is being filled away.
func (g *gatewayRoute) discard(ctx context.Context, why string) error {
	b := g.take()
	if b == nil {
		return nil
	}
	err := g.batches.Settle(ctx, b.ID(), providers.BatchEnd{Settled: g.t.run.Now(), Note: why}, pending)
	return errors.Join(book(err), b.Discard())
}

// take ends the filling of the batch, nil when there is none.
func (g *gatewayRoute) take() *spool.Batch {
	g.mu.Lock()
	defer g.mu.Unlock()
	b := g.batch
	g.batch = nil
	g.t.run.gate.fills(g.t.task, nil)
	return b
}

// send freezes the batch and has it fetched.
func (g *gatewayRoute) send(ctx context.Context) error {
	b, err := g.freeze(ctx)
	if err != nil {
		return err
	}
	g.room = silence{}
	return g.start(ctx, b)
}

// freeze ends the filling. First the spool has it, then the ledger: a batch that is
// not frozen in the ledger is thrown away.
func (g *gatewayRoute) freeze(ctx context.Context) (providers.Batch, error) {
	id := g.batch.ID()
	items, bytes := g.batch.Items()
	if err := g.batch.Freeze(); err != nil {
		err = g.full(errors.Join(g.discard(ctx, "it could not be frozen"), err))
		g.t.task.again()
		return providers.Batch{}, err
	}
	g.take()
	if err := g.batches.Freeze(ctx, id); err != nil {
		return providers.Batch{}, book(err)
	}
	return providers.Batch{ID: id, Root: id, Items: int64(items), Bytes: bytes, State: providers.Frozen}, nil
}

// letGo ends what a job keeps between turns. A batch that is worth a run is frozen, for
// the next pass to start it.
func (k *task) letGo(ctx context.Context, aborted bool) error {
	g := k.gateway
	if g == nil || g.batch == nil {
		return nil
	}
	if aborted || !g.worth() {
		return g.discard(ctx, "the pass ended before it was worth a run")
	}
	_, err := g.freeze(ctx)
	var wait *pause
	if errors.As(err, &wait) {
		return nil
	}
	return err
}
