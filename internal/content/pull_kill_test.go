package content

import (
	"context"
	"fmt"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/providers"
)

// doomed is a ledger whose process is killed at a certain step: nothing is written from
// then on, whatever the pass still tries.
type doomed struct {
	providers.Ledger
	*life
}

// life counts steps.
type life struct {
	mu   sync.Mutex
	step int
	end  int // the step at which it ends; negative: never
	at   string
}

func (l *life) dead() error {
	if l.end >= 0 && l.step > l.end {
		return &diag.Failure{Class: diag.Unavailable, Op: "ledger", Detail: "killed"}
	}
	return nil
}

// pass is one step. Before what it is about, and after, something may end.
func (l *life) pass(what string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.dead(); err != nil {
		return err
	}
	l.step++
	l.at = what
	return l.dead()
}

func (l *life) around(what string, do func() error) error {
	if err := l.pass("before " + what); err != nil {
		return err
	}
	if err := do(); err != nil {
		return err
	}
	return l.pass("after " + what)
}

func (m doomed) Stream(ctx context.Context, about providers.StreamInfo) (providers.Stream, error) {
	s, err := m.Ledger.Stream(ctx, about)
	return doomedStream{s, m.life}, err
}

type doomedStream struct {
	providers.Stream
	*life
}

func (m doomedStream) Note(ctx context.Context, info providers.StreamInfo) error {
	return m.around("note", func() error { return m.Stream.Note(ctx, info) })
}

func (m doomedStream) Folder(ctx context.Context, f providers.Folder) (providers.FolderLedger, error) {
	led, err := m.Stream.Folder(ctx, f)
	return doomedFolder{led, m.life}, err
}

func (m doomedStream) Batches() providers.Batches { return doomedBatches{m.Stream.Batches(), m.life} }

type doomedFolder struct {
	providers.FolderLedger
	*life
}

func (m doomedFolder) Begin(ctx context.Context, target providers.Folder, made bool) error {
	return m.around("begin", func() error { return m.FolderLedger.Begin(ctx, target, made) })
}

func (m doomedFolder) End(ctx context.Context, f providers.Folder) error {
	return m.around("end", func() error { return m.FolderLedger.End(ctx, f) })
}

type doomedBatches struct {
	providers.Batches
	*life
}

func (m doomedBatches) Make(ctx context.Context, b providers.Batch) error {
	return m.around("make", func() error { return m.Batches.Make(ctx, b) })
}

func (m doomedBatches) Offer(ctx context.Context, id, folder string, records []providers.Record) error {
	return m.around("offer", func() error { return m.Batches.Offer(ctx, id, folder, records) })
}

func (m doomedBatches) Freeze(ctx context.Context, id string) error {
	return m.around("freeze", func() error { return m.Batches.Freeze(ctx, id) })
}

func (m doomedBatches) Start(ctx context.Context, id string, at time.Time) error {
	return m.around("start", func() error { return m.Batches.Start(ctx, id, at) })
}

func (m doomedBatches) Unstart(ctx context.Context, id string) error {
	return m.around("unstart", func() error { return m.Batches.Unstart(ctx, id) })
}

func (m doomedBatches) Settle(ctx context.Context, id string, end providers.BatchEnd, judge func(providers.Offered) providers.Judged) error {
	return m.around("settle", func() error { return m.Batches.Settle(ctx, id, end, judge) })
}

func (m doomedBatches) Regroup(ctx context.Context, from []string, to []providers.Batch, end providers.BatchEnd, which func(providers.Offered) int) error {
	return m.around("regroup", func() error { return m.Batches.Regroup(ctx, from, to, end, which) })
}

// doomedPuller asks the service on behalf of a process that is killed.
type doomedPuller struct {
	*service
	*life
}

func (m doomedPuller) Start(ctx context.Context, from providers.Pickup) error {
	return m.around("service start", func() error { return m.service.Start(ctx, from) })
}

func (m doomedPuller) Run(ctx context.Context) (run providers.PullRun, err error) {
	err = m.around("service run", func() error { run, err = m.service.Run(ctx); return err })
	return run, err
}

// TestAKillAtAnyStepLosesAndDoublesNothing: the service and the gateway outlive the
// process that is killed, and the next pass finds out what became of what. Some of the
// steps are tried, all with ISA_TEST_KILLS=all.
func TestAKillAtAnyStepLosesAndDoublesNothing(t *testing.T) {
	for name, bad := range map[string]bool{"all is well": false, "one is not taken": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			every := killEvery
			if os.Getenv("ISA_TEST_KILLS") == "all" {
				every = 1
			}
			for end, reached := 0, true; reached; end += every {
				reached = killedAt(t, end, bad)
			}
		})
	}
}

func killedAt(t *testing.T, end int, bad bool) (reached bool) {
	from, sp := newStore(t, "old", "a"), openSpool(t, 0)
	svc, l := newService(t, sp), openLedger(t)
	fill(from, 0, 40)
	but := func([]byte) bool { return false }
	if bad {
		poison(from, "a", 500)
		fill(from, 600, 20)
		svc.poison, but = isPoison, isPoison
	}
	run := func(end int) (*life, Report, error) {
		alive := &life{end: end}
		j := gateway(t, from, svc, sp)
		j.Phase, j.Pull.Puller, j.Pull.Rule.Items = Cutover, doomedPuller{svc, alive}, 25
		o := options(doomed{l, alive}, j)
		r, err := Run(t.Context(), o)
		return alive, r, err
	}
	killed, _, _ := run(end)
	_, r, err := run(-1)
	if err != nil || r.Jobs[0].Err != nil || !r.Jobs[0].Balanced || r.Sums[providers.Unproven].Items != 0 {
		t.Errorf("killed at %d (%s): %v, %v, %v %v", end, killed.at, err, r.Jobs[0].Err, r.Sums, r.Jobs[0].Notes)
	}
	wantAll(t, from, svc, but)
	emptySpool(t, sp)
	if t.Failed() {
		t.Fatalf("killed at %d: %s; %s", end, killed.at, fmt.Sprint(r.Sums))
	}
	return killed.step > end
}
