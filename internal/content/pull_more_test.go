package content

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/internal/spool"
	"github.com/isaworks/isa/providers"
)

// reader is a service that reads the source itself.
type reader struct {
	*service
	from *store
}

func (r *reader) Start(_ context.Context, from providers.Pickup) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	n := r.starts
	r.starts++
	if from.User != "kim@old.example" || from.Password != "secret" {
		return &diag.Failure{Class: diag.Invalid, Op: "start", Detail: "wrong login"}
	}
	if r.ignores != nil && r.ignores(n) {
		return lostAnswer()
	}
	r.run = providers.PullRun{State: providers.PullRunning, User: from.User}
	return nil
}

func (r *reader) Run(context.Context) (providers.PullRun, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.run.State != providers.PullRunning {
		return r.run, nil
	}
	r.run.State = providers.PullDone
	got := map[string][]string{}
	for _, b := range r.from.folders {
		for _, l := range b.mails {
			if r.poison != nil && r.poison(l.body) {
				r.run.State = providers.PullNone
				return r.run, nil
			}
			r.run.Total++
			name := strings.Join(b.path, "/")
			got[name] = append(got[name], fmt.Sprintf("%s|%d|%v", l.body, l.date.Unix(), l.flags))
		}
	}
	if r.total != nil {
		r.run.Total = r.total(r.run.Total)
	}
	for name, list := range got {
		r.box[name] = append(r.box[name], list...)
	}
	return r.run, nil
}

// untold is a service that tells nothing of its runs.
type untold struct{ *reader }

func (untold) Run(context.Context) (providers.PullRun, error) {
	return providers.PullRun{State: providers.PullUntold}, nil
}

func serverJob(t *testing.T, from *store) (Job, *reader) {
	svc := &reader{&service{t: t, box: map[string][]string{}, run: providers.PullRun{State: providers.PullNone}}, from}
	return Job{Name: "mail_migration." + from.name, Phase: Presync, Origin: origin{from}, Map: same,
		Pull: &Pull{Puller: svc, Server: &Server{From: providers.Pickup{Host: "mail.old.example", Port: 993, TLS: true, User: "kim@old.example", Password: "secret"}}}}, svc
}

func TestTheServerRouteRunsOnce(t *testing.T) {
	from := newStore(t, "old", "a")
	fill(from, 0, 1030)
	l := openLedger(t)
	j, svc := serverJob(t, from)
	o := options(l, j)
	r := mustRun(t, o)
	if r.Sums[providers.Copied].Items != 1030 || r.Jobs[0].Served.IsZero() || from.calls["fetch"] != 0 {
		t.Fatalf("%v, served %v, %d fetches", r.Sums, r.Jobs[0].Served, from.calls["fetch"])
	}
	wantAll(t, from, svc.service, nil)
	fill(from, 5000, 40)
	for range 2 {
		r, err := Run(t.Context(), o)
		if err != nil || r.Jobs[0].Err != nil || svc.starts != 1 || r.Jobs[0].Served.IsZero() || !strings.Contains(r.Jobs[0].Notes[0].Text, "does so once") {
			t.Errorf("%d starts, %+v, %v", svc.starts, r.Jobs[0], err)
		}
	}
	// What came later goes another way, and what was there is known.
	sp := openSpool(t, 0)
	gate := newService(t, sp)
	gate.box = svc.box
	k := gateway(t, from, gate, sp)
	k.Pull.Puller, k.Pull.Rule.Interval = gate, -1
	o.Jobs[0] = k
	if r := mustRun(t, o); r.Moved[providers.Copied].Items != 40 {
		t.Errorf("%v", r.Moved)
	}
	wantAll(t, from, gate, nil)
	// A lost ledger does not lead to a second run.
	j.Pull.Server.Served = time.Unix(1, 0)
	r, err := Run(t.Context(), options(openLedger(t), j))
	if err != nil || diag.ClassOf(r.Jobs[0].Err) != diag.Conflict || svc.starts != 1 {
		t.Errorf("%d starts: %v, %v", svc.starts, r.Jobs[0].Err, err)
	}
}

func TestWhatBecomesOfAServerRun(t *testing.T) {
	for name, c := range map[string]struct {
		change func(j *Job, svc *reader)
		class  diag.Class
		want   map[providers.Outcome]int64
		starts int
	}{
		"it counts less":      {change: func(_ *Job, s *reader) { s.total = func(n int64) int64 { return n - 1 } }, want: map[providers.Outcome]int64{providers.Unproven: 60}, starts: 1},
		"nothing is told":     {change: func(j *Job, s *reader) { j.Pull.Puller = untold{s} }, want: map[providers.Outcome]int64{providers.Unproven: 60}, starts: 1},
		"it is rolled back":   {change: func(_ *Job, s *reader) { s.poison = func([]byte) bool { return true } }, class: diag.Conflict, want: map[providers.Outcome]int64{providers.OnTheWay: 60}, starts: 1},
		"the login is wrong":  {change: func(j *Job, _ *reader) { j.Pull.Server.From.Password = "wrong" }, class: diag.Invalid, want: map[providers.Outcome]int64{providers.OnTheWay: 60}, starts: 1},
		"the start is lost":   {change: func(_ *Job, s *reader) { s.ignores = func(n int) bool { return n == 0 } }, class: diag.Conflict, want: map[providers.Outcome]int64{providers.OnTheWay: 60}, starts: 1},
		"some are too large":  {change: func(j *Job, _ *reader) { j.Rules.MaxSize = 312 }, want: map[providers.Outcome]int64{providers.Copied: 46, providers.TooLarge: 14}, starts: 1},
		"and are not counted": {change: func(j *Job, s *reader) { j.Rules.MaxSize = 312; s.total = func(n int64) int64 { return n - 14 } }, want: map[providers.Outcome]int64{providers.Copied: 46, providers.TooLarge: 14}, starts: 1},
		"and more than these": {change: func(j *Job, s *reader) { j.Rules.MaxSize = 312; s.total = func(n int64) int64 { return n + 1 } }, want: map[providers.Outcome]int64{providers.Unproven: 46, providers.TooLarge: 14}, starts: 1},
		"it counts all there": {change: func(*Job, *reader) {}, want: map[providers.Outcome]int64{providers.Copied: 60}, starts: 1},
	} {
		t.Run(name, func(t *testing.T) {
			from := newStore(t, "old", "a")
			fill(from, 0, 60)
			j, svc := serverJob(t, from)
			c.change(&j, svc)
			l := openLedger(t)
			r, err := Run(t.Context(), options(l, j))
			if err != nil || diag.ClassOf(r.Jobs[0].Err) != c.class && (r.Jobs[0].Err != nil || c.class != "") {
				t.Fatalf("%v, %v", r.Jobs[0].Err, err)
			}
			got := map[providers.Outcome]int64{}
			for outcome, s := range r.Sums {
				got[outcome] = s.Items
			}
			if fmt.Sprint(got) != fmt.Sprint(c.want) || svc.starts != c.starts || total(r.Sums).Items+r.Sums[providers.OnTheWay].Items != 60 {
				t.Errorf("%v, want %v; %d starts; %v", got, c.want, svc.starts, r.Jobs[0].Notes)
			}
			if svc.run.State == providers.PullNone && svc.run.User != "" {
				t.Errorf("the service keeps the old mailbox's password: %+v", svc.run)
			}
			if c.class != "" { // nothing arrived: it may be tried again
				svc.poison, svc.ignores, j.Pull.Server.From.Password = nil, nil, "secret"
				if r := mustRun(t, options(l, j)); r.Sums[providers.Copied].Items != 60 {
					t.Errorf("%v", r.Sums)
				}
				wantAll(t, from, svc.service, nil)
			}
		})
	}
}

// TestAnotherRouteWaitsForWhatWasHandedOver: an append would put what may be on its
// way a second time.
func TestAnotherRouteWaitsForWhatWasHandedOver(t *testing.T) {
	from, to, sp := newStore(t, "old"), newStore(t, "new"), openSpool(t, 0)
	svc, l := newService(t, sp), openLedger(t)
	fill(from, 0, 80)
	svc.hangs = true
	if _, err := Run(t.Context(), options(l, gateway(t, from, svc, sp))); err != nil {
		t.Fatal(err)
	}
	to.name = "member"
	j := job(from, to)
	r, err := Run(t.Context(), options(l, j))
	if err != nil || diag.ClassOf(r.Jobs[0].Err) != diag.Conflict || !strings.Contains(r.Jobs[0].Err.Error(), "not known yet what arrived") || len(to.box("INBOX").mails) != 0 {
		t.Fatalf("%v, %v", r.Jobs[0].Err, err)
	}
	svc.hangs = false
	mustRun(t, options(l, gateway(t, from, svc, sp)))
	for _, b := range from.folders { // what the service put there
		for _, m := range b.mails {
			to.box("INBOX").put(to, *m)
		}
	}
	fill(from, 1000, 5)
	from.folders[0].mails[3].flags = []string{`\Flagged`}
	from.folders[0].mod++
	r = mustRun(t, options(l, j))
	if r.Moved[providers.Copied].Items != 5 || len(to.box("INBOX").mails) != 85 {
		t.Errorf("%v, %d messages", r.Moved, len(to.box("INBOX").mails))
	}
}

// TestAPassThatIsStoppedKeepsWhatItRead: a batch that is worth a run is frozen, and the
// next pass begins with it.
func TestAPassThatIsStoppedKeepsWhatItRead(t *testing.T) {
	from, sp := newStore(t, "old"), openSpool(t, 0)
	svc, l := newService(t, sp), openLedger(t)
	fill(from, 0, 90)
	ctx, stop := context.WithCancel(t.Context())
	o := options(l, gateway(t, from, svc, sp))
	o.Observe = func(e Event) {
		if e.Here.Sums[providers.Unproven].Items >= 30 {
			stop()
		}
	}
	r, err := Run(ctx, o)
	stop()
	if err != nil || !r.Interrupted || svc.starts != 0 {
		t.Fatalf("%d starts, %+v, %v", svc.starts, r, err)
	}
	ids, err := sp.List("")
	if err != nil || len(ids) != 1 {
		t.Fatalf("%v, %v", ids, err)
	}
	if ok, err := sp.Frozen(ids[0]); !ok || err != nil {
		t.Errorf("%v, %v", ok, err)
	}
	o.Observe = nil
	r = mustRun(t, o)
	wantAll(t, from, svc, nil)
	if n := svc.items[0]; n < 30 || r.Sums[providers.Copied].Items != 90 {
		t.Errorf("the first run fetched %d, %v", n, r.Sums)
	}
	emptySpool(t, sp)
}

// TestASpoolThatIsGone: somebody removed what was handed over.
func TestASpoolThatIsGone(t *testing.T) {
	from, sp := newStore(t, "old"), openSpool(t, 0)
	svc, l := newService(t, sp), openLedger(t)
	fill(from, 0, 50)
	svc.ignores = func(int) bool { return true }
	if _, err := Run(t.Context(), options(l, gateway(t, from, svc, sp))); err != nil {
		t.Fatal(err)
	}
	svc.ignores = nil
	other, err := spool.Open(t.TempDir(), 0)
	if err != nil {
		t.Fatal(err)
	}
	svc.offers = other.Offers()
	mustRun(t, options(l, gateway(t, from, svc, other)))
	wantAll(t, from, svc, nil)
}

func TestVerifyTellsWhatTheServiceCounted(t *testing.T) {
	from, sp := newStore(t, "old"), openSpool(t, 0)
	svc, l := newService(t, sp), openLedger(t)
	fill(from, 0, 150)
	o := options(l, gateway(t, from, svc, sp))
	mustRun(t, o)
	fill(from, 500, 3)
	v, err := Verify(t.Context(), o, Verification{})
	if err != nil {
		t.Fatal(err)
	}
	j := v.Jobs[0]
	if j.Err != nil || !j.Unread || len(j.Runs) != 2 || j.Runs[0].Total != j.Runs[0].Items || j.Source.Items != 150 || j.Pending != 3 || j.Same() {
		t.Errorf("%+v", j)
	}
}

func TestAPullThatCannotWorkIsRefused(t *testing.T) {
	from, sp := newStore(t, "old"), openSpool(t, 0)
	for name, change := range map[string]func(p *Pull){
		"nobody":    func(p *Pull) { p.Puller = nil },
		"no way":    func(p *Pull) { p.Gateway = nil },
		"both":      func(p *Pull) { p.Server = &Server{} },
		"no spool":  func(p *Pull) { p.Gateway.Spool = nil },
		"no host":   func(p *Pull) { p.Gateway.Host = "" },
		"no domain": func(p *Pull) { p.Gateway.Domain = "" },
	} {
		j := gateway(t, from, newService(t, sp), sp)
		change(j.Pull)
		if _, err := Run(t.Context(), options(openLedger(t), j)); diag.ClassOf(err) != diag.Invalid {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestWhatIsFiledElsewhereAtTheSourceIsNotSentAgain: the service keeps it where it is.
func TestWhatIsFiledElsewhereAtTheSourceIsNotSentAgain(t *testing.T) {
	from, sp := newStore(t, "old", "a"), openSpool(t, 0)
	svc, l := newService(t, sp), openLedger(t)
	fill(from, 0, 60)
	o := options(l, gateway(t, from, svc, sp))
	mustRun(t, o)
	in, a := from.box("INBOX"), from.box("a")
	for range 7 {
		moved := *in.mails[0]
		in.mails = in.mails[1:]
		a.put(from, moved)
		from.modseq++
		in.mod = from.modseq
	}
	if err := o.Sleep(t.Context(), 24*time.Hour); err != nil {
		t.Fatal(err)
	}
	fill(from, 500, 20)
	r := mustRun(t, o)
	if r.Moved[providers.Copied].Items != 20 || len(svc.box["INBOX"])+len(svc.box["a"]) != 80 {
		t.Errorf("%v, %d and %d in the mailbox", r.Moved, len(svc.box["INBOX"]), len(svc.box["a"]))
	}
}

// TestALostLedgerDoesNotDoubleWhatTheServiceFetched: nobody can look what is there.
func TestALostLedgerDoesNotDoubleWhatTheServiceFetched(t *testing.T) {
	for name, c := range map[string]struct {
		passed  time.Time
		batches int
		known   bool // by the ledger that is there
		phase   Phase
		moves   bool
	}{
		"the ledger knows as much":       {passed: time.Unix(1, 0), batches: 1, known: true, moves: true},
		"it knows of fewer batches":      {batches: 2, known: true},
		"it knows of no batch":           {batches: 1},
		"it knows of no pass":            {passed: time.Unix(1, 0)},
		"it knows of none, and is live":  {passed: time.Unix(1, 0), phase: Live},
		"it knows of an earlier pass":    {passed: time.Unix(1<<33, 0), batches: 1, known: true},
		"the state knows nothing either": {moves: true},
	} {
		t.Run(name, func(t *testing.T) {
			from, sp := newStore(t, "old"), openSpool(t, 0)
			svc, l := newService(t, sp), openLedger(t)
			fill(from, 0, 60)
			j := gateway(t, from, svc, sp)
			if c.known {
				mustRun(t, options(l, j))
			}
			fill(from, 1000, 20)
			j.Pull.Gateway.Passed, j.Pull.Gateway.Batches, j.Phase = c.passed, c.batches, c.phase
			starts := svc.starts
			r, err := Run(t.Context(), options(l, j))
			if refused := diag.ClassOf(r.Jobs[0].Err) == diag.Conflict; err != nil || refused == c.moves || (svc.starts > starts) != c.moves {
				t.Errorf("%d starts: %v, %v", svc.starts-starts, r.Jobs[0].Err, err)
			}
			if e := r.Jobs[0].Err; e != nil && !strings.Contains(e.Error(), "a second time") {
				t.Errorf("%v", e)
			}
		})
	}
}

// TestWhatIsHeldMovesWithWhatComes: a folder of which nothing but what waits for more is
// recorded, at a source that cannot tell what changed.
func TestWhatIsHeldMovesWithWhatComes(t *testing.T) {
	for _, condstore := range []bool{true, false} {
		from, sp := newStore(t, "old"), openSpool(t, 0)
		from.condstore = condstore
		svc := newService(t, sp)
		fill(from, 0, 3)
		o := options(openLedger(t), gateway(t, from, svc, sp))
		if r := mustRun(t, o); r.Jobs[0].Held != 3 {
			t.Fatalf("%+v", r.Jobs[0])
		}
		if err := o.Sleep(t.Context(), 12*time.Hour); err != nil {
			t.Fatal(err)
		}
		fill(from, 2000, 50)
		if r := mustRun(t, o); r.Moved[providers.Copied].Items != 53 {
			t.Errorf("condstore %v: %v: %+v", condstore, r.Moved, r.Jobs[0])
		}
		wantAll(t, from, svc, nil)
	}
}
