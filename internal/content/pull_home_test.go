package content

import (
	"context"
	"errors"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/internal/spool"
	"github.com/isaworks/isa/providers"
	"github.com/isaworks/isa/state/ledger"
)

// hung makes a pass that leaves a batch of n items under way.
func hung(t *testing.T, l providers.Ledger, j Job, svc *service, n int64) {
	t.Helper()
	svc.hangs = true
	r, err := Run(t.Context(), options(l, j))
	if err != nil || r.Sums[providers.Unproven].Items != n {
		t.Fatalf("%v, %v, %v", r.Sums, r.Jobs[0].Err, err)
	}
	svc.hangs = false
}

// TestABatchInAnotherSpoolIsSettledByItsLog: the gateway's spool, or the mailbox's gateway,
// was changed while the service fetched.
func TestABatchInAnotherSpoolIsSettledByItsLog(t *testing.T) {
	for name, c := range map[string]struct {
		how  func(svc *service)
		runs int
	}{
		"it arrived":         {func(*service) {}, 0},
		"it was rolled back": {func(s *service) { n := 0; s.poison = func([]byte) bool { n++; return n == 20 } }, 1},
		"some were not read": {func(s *service) {
			n := 0
			s.skips, s.total = func([]byte) bool { n++; return n > 20 }, func(int64) int64 { return 20 }
		}, 1},
		"nobody came for it": {func(s *service) { s.run = providers.PullRun{State: providers.PullNone} }, 1},
	} {
		t.Run(name, func(t *testing.T) {
			from, sp := newStore(t, "old"), openSpool(t, 0)
			svc, l := newService(t, sp), openLedger(t)
			fill(from, 0, 50)
			hung(t, l, gateway(t, from, svc, sp), svc, 50)
			c.how(svc)
			if svc.run.State == providers.PullRunning {
				svc.mu.Lock()
				svc.fetch()
				svc.mu.Unlock()
			}
			svc.poison, svc.skips, svc.total = nil, nil, nil
			next := openSpool(t, 0)
			svc.offers = next.Offers()
			before, err := spool.Look(sp.Dir())
			if err != nil {
				t.Fatal(err)
			}
			j := gateway(t, from, svc, next)
			j.Pull.Gateway.Others = []*spool.Spool{before}
			r, err := Run(t.Context(), options(l, j))
			if err != nil || r.Jobs[0].Err != nil || r.Jobs[0].Runs != c.runs {
				t.Fatalf("%d runs, %v, %v: %v", r.Jobs[0].Runs, r.Jobs[0].Err, err, r.Jobs[0].Notes)
			}
			if r.Sums[providers.Copied].Items != 50 {
				t.Errorf("%v: %v", r.Sums, r.Jobs[0].Notes)
			}
			wantAll(t, from, svc, nil)
			emptySpool(t, sp)
			emptySpool(t, next)
		})
	}
}

// TestASpoolThatIsNotThereIsAskedFor: it may have the log that tells what arrived.
func TestASpoolThatIsNotThereIsAskedFor(t *testing.T) {
	from, sp := newStore(t, "old"), openSpool(t, 0)
	svc, l := newService(t, sp), openLedger(t)
	fill(from, 0, 50)
	hung(t, l, gateway(t, from, svc, sp), svc, 50)
	next := openSpool(t, 0)
	j := gateway(t, from, svc, next)
	j.Pull.Gateway.Absent = []string{sp.Dir()}
	r, err := Run(t.Context(), options(l, j))
	if e := r.Jobs[0].Err; err != nil || diag.ClassOf(e) != diag.Conflict || !strings.Contains(e.Error(), sp.Dir()) || r.Sums[providers.Unproven].Items != 50 {
		t.Fatalf("%v, %v, %v", r.Sums, e, err)
	}
	list := batchesOf(t, l, j)
	if len(list) != 1 || list[0].State != providers.Started {
		t.Errorf("%+v", list)
	}
	mustRun(t, options(l, gateway(t, from, svc, sp)))
	wantAll(t, from, svc, nil)
}

func batchesOf(t *testing.T, l providers.Ledger, j Job) []providers.Batch {
	t.Helper()
	j = pulled(j)
	s, err := l.Stream(t.Context(), providers.StreamInfo{Name: j.Name, Origin: j.Origin.Name(), Target: j.Target.Name()})
	if err != nil {
		t.Fatal(err)
	}
	list, err := s.Batches().List(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// TestARenamedStreamKeepsItsBatches: somebody else gets its old name, and isa still knows
// which runs and which directories are its own.
func TestARenamedStreamKeepsItsBatches(t *testing.T) {
	from, other, sp := newStore(t, "old"), newStore(t, "other"), openSpool(t, 0)
	svc, second, l := newService(t, sp), newService(t, sp), openLedger(t)
	fill(from, 0, 50)
	fill(other, 1000, 30)
	j := gateway(t, from, svc, sp)
	hung(t, l, j, svc, 50)
	if err := l.Rename(t.Context(), ledger.Renaming{From: j.Name, To: "mail_migration.moved"}); err != nil {
		t.Fatal(err)
	}
	k := gateway(t, other, second, sp)
	k.Name, k.Pull.Puller = j.Name, &named{second, 2}
	mustRun(t, options(l, k))
	j.Name = "mail_migration.moved"
	if r := mustRun(t, options(l, j)); r.Sums[providers.Copied].Items != 50 {
		t.Errorf("%v: %v", r.Sums, r.Jobs[0].Notes)
	}
	wantAll(t, from, svc, nil)
	wantAll(t, other, second, nil)
	emptySpool(t, sp)
	if svc.run.User != "" {
		t.Errorf("the service still knows %s", svc.run.User)
	}
}

// TestARenamedStreamKnowsItsRunAndItsRest: that of a pass that was killed.
func TestARenamedStreamKnowsItsRunAndItsRest(t *testing.T) {
	from, sp := newStore(t, "old"), openSpool(t, 0)
	svc, l := newService(t, sp), openLedger(t)
	fill(from, 0, 50)
	j := gateway(t, from, svc, sp)
	mustRun(t, options(l, j))
	id := batchesOf(t, l, j)[0].ID
	svc.run = providers.PullRun{State: providers.PullDone, User: id + "@gate.acme.example"} // was not forgotten
	b, err := sp.Begin(id[:9]+"abcdefghij", spool.Share{})
	if err != nil {
		t.Fatal(err)
	}
	defer b.Discard() //nolint:errcheck // it is empty
	if err := l.Rename(t.Context(), ledger.Renaming{From: j.Name, To: "mail_migration.moved"}); err != nil {
		t.Fatal(err)
	}
	j.Name = "mail_migration.moved"
	fill(from, 1000, 20)
	mustRun(t, options(l, j))
	wantAll(t, from, svc, nil)
	emptySpool(t, sp)
	if svc.run.User != "" {
		t.Errorf("the service still knows %s", svc.run.User)
	}
}

// TestAnOlderLedgerLeavesTheSpoolAlone: it does not know what was asked for since.
func TestAnOlderLedgerLeavesTheSpoolAlone(t *testing.T) {
	from, sp := newStore(t, "old"), openSpool(t, 0)
	svc, l := newService(t, sp), openLedger(t)
	fill(from, 0, 50)
	j := gateway(t, from, svc, sp)
	j.Pull.Gateway.Down = func() error { return lostAnswer() }
	if _, err := Run(t.Context(), options(l, j)); err != nil { // it is frozen, as the ledger has it
		t.Fatal(err)
	}
	j.Pull.Gateway.Down, j.Pull.Gateway.Batches = nil, 2
	r, err := Run(t.Context(), options(l, j))
	if err != nil || diag.ClassOf(r.Jobs[0].Err) != diag.Conflict || svc.starts != 0 {
		t.Errorf("%d starts, %v, %v", svc.starts, r.Jobs[0].Err, err)
	}
	for _, older := range []bool{true, false} {
		_, err := Sweep(t.Context(), l, sp, false, map[string]bool{j.Name: older})
		ids, listed := sp.List("")
		if err != nil || listed != nil || len(ids) > 0 != older {
			t.Errorf("older=%v: %v, %v, %v", older, ids, err, listed)
		}
	}
}

// TestWhatMayHaveBeenFetchedAndIsNotKnownIsRefused: a ledger from before the batch was made,
// and a state that knows nothing of it either.
func TestWhatMayHaveBeenFetchedAndIsNotKnownIsRefused(t *testing.T) {
	from, sp, l := newStore(t, "old"), openSpool(t, 0), openLedger(t)
	svc := newService(t, sp)
	fill(from, 0, 50)
	j := gateway(t, from, svc, sp)
	mustRun(t, options(l, j))
	id := batchesOf(t, l, j)[0].ID[:9] + "abcdefghij"
	b, err := sp.Begin(id, spool.Share{})
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Freeze(); err != nil {
		t.Fatal(err)
	}
	if _, err := sp.Secret(id); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(sp.Dir()+"/"+id+"/secret", newClock().Now().AddDate(1, 0, 0), newClock().Now().AddDate(1, 0, 0)); err != nil {
		t.Fatal(err)
	}
	fill(from, 1000, 20)
	starts := svc.starts
	r, err := Run(t.Context(), options(l, j))
	if e := r.Jobs[0].Err; err != nil || diag.ClassOf(e) != diag.Conflict || !strings.Contains(e.Error(), id) || svc.starts != starts {
		t.Fatalf("%v, %v", e, err)
	}
	if _, err := Sweep(t.Context(), l, sp, false, nil); err != nil {
		t.Fatal(err)
	}
	if ids, err := sp.List(""); err != nil || !slices.Equal(ids, []string{id}) {
		t.Errorf("%v, %v", ids, err)
	}
	o := options(l, job(from, newStore(t, "member"))) // looks what is there
	if err := o.Sleep(t.Context(), 800*24*3600e9); err != nil {
		t.Fatal(err)
	}
	if _, err := Run(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	if _, err := Sweep(t.Context(), l, sp, false, nil); err != nil {
		t.Fatal(err)
	}
	emptySpool(t, sp)
}

// TestARunIsNotedBeforeItBegins: and where that fails none begins.
func TestARunIsNotedBeforeItBegins(t *testing.T) {
	for _, route := range []string{"gateway", "server"} {
		t.Run(route, func(t *testing.T) {
			from, sp, l := newStore(t, "old"), openSpool(t, 0), openLedger(t)
			fill(from, 0, 250)
			svc := newService(t, sp)
			j, starts := gateway(t, from, svc, sp), func() int { return svc.starts }
			if route == "server" {
				var r *reader
				j, r = serverJob(t, from)
				starts = func() int { return r.starts }
			}
			var noted []int
			fails := errors.New("no disk")
			j.Pull.Note = func(_ context.Context, about providers.StreamInfo, batches int) error {
				if about.Name != j.Name || starts() != len(noted) {
					t.Errorf("%+v after %d starts", about, starts())
				}
				if fails == nil {
					noted = append(noted, batches)
				}
				return fails
			}
			if r, err := Run(t.Context(), options(l, j)); err != nil || !errors.Is(r.Jobs[0].Err, fails) || starts() != 0 {
				t.Fatalf("%d starts, %v, %v", starts(), r.Jobs[0].Err, err)
			}
			fails = nil
			mustRun(t, options(l, j))
			if route == "gateway" && !slices.Equal(noted, []int{1, 2, 3}) || route == "server" && len(noted) != 1 {
				t.Errorf("noted %v", noted)
			}
		})
	}
}
