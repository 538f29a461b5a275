package content

import (
	"context"
	"strings"
	"testing"

	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/providers"
)

// TestAWriteDownThatIsInterruptedDoublesNothing: what it left is taken back before the
// source is written down again, and no batch has a say in what another one settled.
func TestAWriteDownThatIsInterruptedDoublesNothing(t *testing.T) {
	from, l := newStore(t, "old", "a"), openLedger(t)
	fill(from, 0, 3000)
	j, svc := serverJob(t, from)
	ctx, stop := context.WithCancel(t.Context())
	o := options(l, j)
	o.Observe = func(e Event) {
		if e.Here.Sums[providers.Unproven].Items > 0 {
			stop()
		}
	}
	r, err := Run(ctx, o)
	stop()
	if err != nil || svc.starts != 0 || r.Sums[providers.Unproven].Items == 0 {
		t.Fatalf("%d starts, %v, %v", svc.starts, r.Sums, err)
	}
	o.Observe = nil
	mustRun(t, o)
	stream, err := l.Stream(t.Context(), providers.StreamInfo{Name: j.Name, Origin: from.Name(), Target: svc.Name()})
	if err != nil {
		t.Fatal(err)
	}
	list, err := stream.Batches().List(t.Context())
	if err != nil || len(list) != 2 || list[0].State != providers.Settled || list[1].State != providers.Settled {
		t.Errorf("%+v, %v", list, err)
	}
	sp := openSpool(t, 0)
	gate := newService(t, sp)
	gate.box = svc.box
	o.Jobs[0] = gateway(t, from, gate, sp)
	if r := mustRun(t, o); len(r.Moved) != 0 {
		t.Errorf("%v", r.Moved)
	}
	wantAll(t, from, gate, nil)
}

// TestWhatWasWrittenDownOnAnotherDayIsWrittenDownAnew: the service was never asked, and the
// source is another one by now.
func TestWhatWasWrittenDownOnAnotherDayIsWrittenDownAnew(t *testing.T) {
	from, l := newStore(t, "old"), openLedger(t)
	fill(from, 0, 60)
	j, svc := serverJob(t, from)
	ctx, stop := context.WithCancel(t.Context())
	o := options(l, j)
	o.Observe = func(e Event) {
		if e.Here.Sums[providers.Unproven].Items == 60 {
			stop()
		}
	}
	if _, err := Run(ctx, o); err != nil || svc.starts != 0 {
		t.Fatalf("%d starts, %v", svc.starts, err)
	}
	stop()
	o.Observe = nil
	mustRun(t, o)
	stream, err := l.Stream(t.Context(), providers.StreamInfo{Name: j.Name, Origin: from.Name(), Target: svc.Name()})
	if err != nil {
		t.Fatal(err)
	}
	if list, err := stream.Batches().List(t.Context()); err != nil || len(list) != 2 || !list[0].Started.IsZero() || list[1].Items != 60 {
		t.Errorf("%+v, %v", list, err)
	}
}

// TestTheServerRouteRefusesWhatWasMovedBefore: the service would store all of it again.
func TestTheServerRouteRefusesWhatWasMovedBefore(t *testing.T) {
	from, to, l := newStore(t, "old"), newStore(t, "member"), openLedger(t)
	fill(from, 0, 50)
	j, svc := serverJob(t, from)
	before := job(from, to)
	before.Name = j.Name
	mustRun(t, options(l, before))
	if r, err := Run(t.Context(), options(l, j)); err != nil || diag.ClassOf(r.Jobs[0].Err) != diag.Conflict || svc.starts != 0 {
		t.Errorf("%d starts: %v, %v", svc.starts, r.Jobs[0].Err, err)
	}
}

// TestTheServerRouteWaitsForARunOfTheGateway: it would store everything twice.
func TestTheServerRouteWaitsForARunOfTheGateway(t *testing.T) {
	from, sp, l := newStore(t, "old"), openSpool(t, 0), openLedger(t)
	fill(from, 0, 50)
	svc := newService(t, sp)
	svc.hangs = true
	if _, err := Run(t.Context(), options(l, gateway(t, from, svc, sp))); err != nil {
		t.Fatal(err)
	}
	j, direct := serverJob(t, from)
	direct.run = svc.run
	if r, err := Run(t.Context(), options(l, j)); err != nil || diag.ClassOf(r.Jobs[0].Err) != diag.Conflict || !strings.Contains(r.Jobs[0].Err.Error(), `route = "gateway"`) || direct.starts != 0 {
		t.Errorf("%d starts: %v, %v", direct.starts, r.Jobs[0].Err, err)
	}
}
