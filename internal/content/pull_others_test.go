package content

import (
	"context"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/internal/spool"
	"github.com/isaworks/isa/providers"
)

// slow is a service that begins, or ends, nothing before a time.
type slow struct {
	providers.Puller
	now    func() time.Time
	starts time.Time // until then it is busy with a run of somebody else's
	ends   time.Time // until then a run is under way
}

func (s *slow) Start(ctx context.Context, from providers.Pickup) error {
	if s.now().Before(s.starts) {
		return &diag.Failure{Class: diag.Conflict, Op: "start", Detail: "somebody else is being fetched"}
	}
	return s.Puller.Start(ctx, from)
}

func (s *slow) Run(ctx context.Context) (providers.PullRun, error) {
	if s.now().Before(s.ends) {
		return providers.PullRun{State: providers.PullRunning}, nil
	}
	return s.Puller.Run(ctx)
}

// TestTheLedgerKnowsOfARunFirst: else a kill right after it would have it begun twice.
func TestTheLedgerKnowsOfARunFirst(t *testing.T) {
	from, sp, l := newStore(t, "old"), openSpool(t, 0), openLedger(t)
	fill(from, 0, 50)
	svc := newService(t, sp)
	j := gateway(t, from, svc, sp)
	j.Pull.Puller = &watched{svc, func() {
		stream, err := l.Stream(t.Context(), providers.StreamInfo{Name: j.Name, Origin: from.Name(), Target: svc.Name()})
		if err != nil {
			t.Fatal(err)
		}
		if list, err := stream.Batches().List(t.Context()); err != nil || len(list) != 1 || list[0].State != providers.Started {
			t.Errorf("%+v, %v", list, err)
		}
	}, nil}
	mustRun(t, options(l, j))
}

// TestTheSourceIsFreeWhenTheServiceLogsIn: servers of POP3 serve one session at a time.
func TestTheSourceIsFreeWhenTheServiceLogsIn(t *testing.T) {
	from := newStore(t, "old")
	fill(from, 0, 10)
	j, svc := serverJob(t, from)
	j.Pull.Puller = &watched{svc, func() {
		if n := from.open.Load(); n != 0 {
			t.Errorf("%d sessions are open", n)
		}
	}, nil}
	mustRun(t, options(openLedger(t), j))
}

// watched tells when a run is started, and when it is done first.
type watched struct {
	providers.Puller
	start func()
	done  func()
}

func (w *watched) Run(ctx context.Context) (providers.PullRun, error) {
	run, err := w.Puller.Run(ctx)
	if run.State == providers.PullDone && w.done != nil {
		w.done()
		w.done = nil
	}
	return run, err
}

func (w *watched) Start(ctx context.Context, from providers.Pickup) error {
	w.start()
	return w.Puller.Start(ctx, from)
}

// TestOtherRunsAreLeftAlone: the member begins an import when isa's is over, or the service
// carries out once more what it was asked for.
func TestOtherRunsAreLeftAlone(t *testing.T) {
	for _, after := range []providers.PullRun{
		{State: providers.PullRunning, User: "me@elsewhere.example"}, {State: providers.PullDone, User: "me@elsewhere.example"}, {State: providers.PullRunning},
	} {
		from, sp := newStore(t, "old"), openSpool(t, 0)
		svc := newService(t, sp)
		fill(from, 0, 50)
		done := 0
		svc.at = func(step string) {
			if step != "run done" {
				return
			}
			if done++; done == 2 {
				if after.User == "" {
					after.User = svc.run.User
				}
				svc.run, svc.hangs = after, true
			}
		}
		mustRun(t, options(openLedger(t), gateway(t, from, svc, sp)))
		wantAll(t, from, svc, nil)
		if svc.run != after {
			t.Errorf("%+v became %+v", after, svc.run)
		}
	}
}

// TestTheServiceForgetsWhatAnEarlierPassStarted: it has the old mailbox's real password.
func TestTheServiceForgetsWhatAnEarlierPassStarted(t *testing.T) {
	from, l := newStore(t, "old"), openLedger(t)
	fill(from, 0, 50)
	j, svc := serverJob(t, from)
	ctx, stop := context.WithCancel(t.Context())
	o := options(l, j)
	o.Observe = func(e Event) {
		if e.Kind == Waiting {
			stop()
		}
	}
	if _, err := Run(ctx, o); err != nil || svc.starts != 1 || svc.run.State == providers.PullNone {
		t.Fatalf("%d starts, %+v, %v", svc.starts, svc.run, err)
	}
	stop()
	o.Observe = nil
	if r := mustRun(t, o); r.Sums[providers.Copied].Items != 50 || svc.run.State != providers.PullNone {
		t.Errorf("%v, %+v", r.Sums, svc.run)
	}
}

// TestALongServerRun: nothing shows how far it is.
func TestALongServerRun(t *testing.T) {
	from := newStore(t, "old")
	fill(from, 0, 50)
	j, svc := serverJob(t, from)
	o := options(openLedger(t), j)
	o.Jobs[0].Pull.Puller = &slow{Puller: svc, now: o.Now, ends: o.Now().Add(3 * time.Hour)}
	if r := mustRun(t, o); r.Sums[providers.Copied].Items != 50 {
		t.Errorf("%v", r.Sums)
	}
}

// TestAGatewayOfAnotherNameKnowsItsRun: the batch is the same.
func TestAGatewayOfAnotherNameKnowsItsRun(t *testing.T) {
	from, sp := newStore(t, "old"), openSpool(t, 0)
	svc, l := newService(t, sp), openLedger(t)
	fill(from, 0, 50)
	svc.hangs = true
	j := gateway(t, from, svc, sp)
	if _, err := Run(t.Context(), options(l, j)); err != nil {
		t.Fatal(err)
	}
	svc.hangs = false
	j.Pull.Gateway.Host, j.Pull.Gateway.Domain = "new.acme.example", "new.acme.example"
	if r := mustRun(t, options(l, j)); r.Sums[providers.Copied].Items != 50 || svc.starts != 1 {
		t.Errorf("%v, %d starts", r.Sums, svc.starts)
	}
}

// TestMigrationsIntoOneMailbox: the service knows one run of it, the last one.
func TestMigrationsIntoOneMailbox(t *testing.T) {
	one, two, sp := newStore(t, "one"), newStore(t, "two"), openSpool(t, 0)
	svc, l := newService(t, sp), openLedger(t)
	fill(one, 0, 250)
	fill(two, 1000, 250)
	o := options(l, gateway(t, one, svc, sp), gateway(t, two, svc, sp))
	if r := mustRun(t, o); r.Sums[providers.Copied].Items != 500 || len(svc.box["INBOX"]) != 500 {
		t.Errorf("%v, %d messages", r.Sums, len(svc.box["INBOX"]))
	}
	emptySpool(t, sp)

	// One is under way when a pass ends.
	fill(one, 2000, 50)
	fill(two, 3000, 50)
	first, second := o, o
	first.Jobs, second.Jobs = o.Jobs[:1], o.Jobs[1:]
	svc.hangs = true
	if _, err := Run(t.Context(), first); err != nil {
		t.Fatal(err)
	}
	svc.hangs = false
	starts := svc.starts
	svc.mu.Lock()
	svc.fetch() // it is done, and isa does not know it yet
	svc.mu.Unlock()
	r, err := Run(t.Context(), second)
	if err != nil || diag.ClassOf(r.Jobs[0].Err) != diag.Conflict || !strings.Contains(r.Jobs[0].Err.Error(), "mail_migration.one") || svc.starts != starts {
		t.Errorf("%d starts: %v, %v", svc.starts-starts, r.Jobs[0].Err, err)
	}
	o.Jobs = []Job{o.Jobs[1], o.Jobs[0]}
	if r := mustRun(t, o); r.Sums[providers.Copied].Items != 600 || len(svc.box["INBOX"]) != 600 {
		t.Errorf("%v, %d messages", r.Sums, len(svc.box["INBOX"]))
	}
	emptySpool(t, sp)
}

// TestABusyServiceIsWaitedFor: somebody else's run is not isa's failure.
func TestABusyServiceIsWaitedFor(t *testing.T) {
	for name, c := range map[string]struct {
		server bool
		hours  time.Duration
		class  diag.Class
	}{
		"from the gateway":         {hours: 1},
		"from the source":          {hours: 1, server: true},
		"for ever, the gateway":    {hours: 1000, class: diag.Conflict},
		"for ever, the old server": {hours: 1000, class: diag.Conflict, server: true},
	} {
		t.Run(name, func(t *testing.T) {
			from, sp := newStore(t, "old"), openSpool(t, 0)
			fill(from, 0, 50)
			j := gateway(t, from, newService(t, sp), sp)
			if c.server {
				j, _ = serverJob(t, from)
			}
			o := options(openLedger(t), j)
			o.Jobs[0].Pull.Puller = &slow{Puller: j.Pull.Puller, now: o.Now, starts: o.Now().Add(c.hours * time.Hour)}
			if c.class != "" {
				r, err := Run(t.Context(), o)
				if err != nil || diag.ClassOf(r.Jobs[0].Err) != c.class {
					t.Errorf("%v, %v", r.Jobs[0].Err, err)
				}
				return
			}
			r := mustRun(t, o)
			if r.Sums[providers.Copied].Items != 50 || r.Jobs[0].Runs != 1 || r.Jobs[0].Batches != 1 {
				t.Errorf("%+v", r.Jobs[0])
			}
		})
	}
}

// TestAFullSpoolWaitsForALongRun: what a run empties is waited for as long as it lasts.
func TestAFullSpoolWaitsForALongRun(t *testing.T) {
	sp := openSpool(t, 100_000)
	one, two := newStore(t, "one"), newStore(t, "two")
	fill(one, 0, 100)
	fill(two, 1000, 100)
	a, b := newService(t, sp), newService(t, sp)
	o := options(openLedger(t), gateway(t, one, a, sp), gateway(t, two, b, sp))
	for i := range o.Jobs {
		p := o.Jobs[i].Pull
		p.Rule.Bytes, p.Rule.Silence = 80_000, 10*time.Hour
		s := []*service{a, b}[i]
		p.Puller = &slow{Puller: &named{s, i}, now: o.Now, ends: o.Now().Add(4 * time.Hour)}
	}
	mustRun(t, o)
	wantAll(t, one, a, nil)
	wantAll(t, two, b, nil)
	emptySpool(t, sp)
}

// TestAnotherRouteLeavesNoMailInTheSpool: nobody would look for it there.
func TestAnotherRouteLeavesNoMailInTheSpool(t *testing.T) {
	from, to, sp := newStore(t, "old"), newStore(t, "member"), openSpool(t, 0)
	svc, l := newService(t, sp), openLedger(t)
	fill(from, 0, 90)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	o := options(l, gateway(t, from, svc, sp))
	o.Observe = func(e Event) {
		if e.Here.Sums[providers.Unproven].Items >= 30 {
			stop()
		}
	}
	if _, err := Run(ctx, o); err != nil {
		t.Fatal(err)
	}
	b, err := sp.Begin("of-another-ledger", spool.Share{})
	if err != nil {
		t.Fatal(err)
	}
	defer b.Discard() //nolint:errcheck // it is empty
	sweep := func(want int) {
		t.Helper()
		if _, err := Sweep(t.Context(), l, sp, true, nil); err != nil {
			t.Fatal(err)
		}
		if ids, err := sp.List(""); err != nil || len(ids) != want {
			t.Errorf("%v, %v", ids, err)
		}
	}
	sweep(2) // a batch that is frozen waits for the next pass
	mustRun(t, options(l, job(from, to)))
	sweep(1)
}

// TestASpoolThatNoGatewayServes: a batch that was asked for is kept, since its log tells what
// arrived; all else is taken back, and moved another way.
func TestASpoolThatNoGatewayServes(t *testing.T) {
	for name, asked := range map[string]bool{"nobody was asked": false, "the service was asked": true} {
		t.Run(name, func(t *testing.T) {
			from, sp := newStore(t, "old"), openSpool(t, 0)
			svc, l := newService(t, sp), openLedger(t)
			fill(from, 0, 50)
			j := gateway(t, from, svc, sp)
			svc.hangs = true
			if !asked {
				j.Pull.Gateway.Down = func() error { return lostAnswer() }
			}
			if _, err := Run(t.Context(), options(l, j)); err != nil {
				t.Fatal(err)
			}
			dirs, err := l.Spools(t.Context())
			if err != nil || len(dirs) != 1 || dirs[0] != sp.Dir() {
				t.Errorf("the ledger knows the spools %v, %v", dirs, err)
			}
			open, err := Sweep(t.Context(), l, sp, false, nil)
			ids, listed := sp.List("")
			if err != nil || listed != nil || asked != (len(open) == 1 && len(ids) == 1) || !asked && len(open)+len(ids) > 0 {
				t.Errorf("%v, %v; the spool holds %v, %v", open, err, ids, listed)
			}
			svc.hangs, j.Pull.Gateway.Down = false, nil
			mustRun(t, options(l, j))
			wantAll(t, from, svc, nil)
			emptySpool(t, sp)
		})
	}
}

// TestWhatArrivesWhileTheServiceBegins: the service lists the source later than isa.
func TestWhatArrivesWhileTheServiceBegins(t *testing.T) {
	for name, c := range map[string]struct {
		early, later int // before the service lists the source, and after
		want         map[providers.Outcome]int64
	}{
		"it explains the count": {early: 7, want: map[providers.Outcome]int64{providers.Copied: 57}},
		"it is not all that is": {early: 7, later: 1, want: map[providers.Outcome]int64{providers.Unproven: 58}},
	} {
		t.Run(name, func(t *testing.T) {
			from, l := newStore(t, "old", "a"), openLedger(t)
			fill(from, 0, 50)
			j, svc := serverJob(t, from)
			j.Pull.Puller = &watched{svc, func() { fill(from, 1000, c.early) }, func() { fill(from, 2000, c.later) }}
			o := options(l, j)
			r, err := Run(t.Context(), o)
			if err != nil || r.Jobs[0].Err != nil {
				t.Fatalf("%v, %v", r.Jobs[0].Err, err)
			}
			got, moved := map[providers.Outcome]int64{}, map[providers.Outcome]int64{}
			for outcome, s := range r.Sums {
				got[outcome] = s.Items
			}
			for outcome, s := range r.Moved {
				moved[outcome] = s.Items
			}
			if !maps.Equal(got, c.want) || !maps.Equal(moved, c.want) {
				t.Errorf("%v, moved %v, want %v: %v", got, moved, c.want, r.Jobs[0].Notes)
			}
			sp := openSpool(t, 0)
			gate := newService(t, sp)
			gate.box = svc.box
			o.Jobs[0] = gateway(t, from, gate, sp)
			fill(from, 3000, 20)
			if r, err := Run(t.Context(), o); err != nil || r.Moved[providers.Copied].Items != 20 {
				t.Errorf("%v, %v", r.Moved, err)
			}
		})
	}
}

// TestAnOutageBlamesNoItem: the gateway was away while the service fetched, and its run
// was given up.
func TestAnOutageBlamesNoItem(t *testing.T) {
	from, sp := newStore(t, "old"), openSpool(t, 0)
	svc, l := newService(t, sp), openLedger(t)
	fill(from, 0, 90)
	svc.hangs = true
	o := options(l, gateway(t, from, svc, sp))
	if _, err := Run(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	svc.hangs = false
	n := 0
	svc.poison = func([]byte) bool { n++; return n == 40 }
	svc.fetch() // as far as it comes
	r := mustRun(t, o)
	if r.Jobs[0].Runs != 1 || r.Sums[providers.Copied].Items != 90 {
		t.Errorf("%v in %d runs", r.Sums, r.Jobs[0].Runs)
	}
	wantAll(t, from, svc, nil)
}

// TestALongOutageIsNoVerdict: what was set aside together is mostly innocent, and a
// later pass tries it again.
func TestALongOutageIsNoVerdict(t *testing.T) {
	from, sp := newStore(t, "old"), openSpool(t, 0)
	svc, l := newService(t, sp), openLedger(t)
	fill(from, 0, 90)
	first := true // the service gives up whatever takes it long
	svc.poison = func([]byte) bool { return first && len(svc.offer.Messages(0)) > 40 }
	o := options(l, gateway(t, from, svc, sp))
	o.Jobs[0].Pull.Rule.Runs = 4
	r, err := Run(t.Context(), o)
	aside := r.Sums[providers.Quarantined].Items
	if err != nil || aside < 2 {
		t.Fatalf("%v, %v, %v", r.Sums, r.Jobs[0].Err, err)
	}
	first = false
	if r := mustRun(t, o); r.Sums[providers.Copied].Items != 90 {
		t.Errorf("%v", r.Sums)
	}
	wantAll(t, from, svc, nil)
}
