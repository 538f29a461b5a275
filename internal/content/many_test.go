package content

import (
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/providers"
)

// fleet is n mailboxes on one old and one new host.
func fleet(t testing.TB, n, items int) (jobs []Job, from, to []*store) {
	for i := range n {
		a, b := newStore(t, fmt.Sprintf("old/%04d", i)), newStore(t, fmt.Sprintf("new/%04d", i))
		a.host, b.host = "old.example", "new.example"
		for k := range items {
			a.box("INBOX").put(a, letterOf(i*1000+k, 10))
		}
		from, to, jobs = append(from, a), append(to, b), append(jobs, job(a, b))
	}
	return jobs, from, to
}

func TestAHugeMailboxDoesNotStarveSmallOnes(t *testing.T) {
	jobs, from, to := fleet(t, 20, 10)
	for k := range 1000 {
		from[0].box("INBOX").put(from[0], letterOf(100_000+k, 10))
	}
	o := options(openLedger(t), jobs...)
	o.Parallel = 1
	o.Slice.Items = 200
	var order []string
	turns := map[string]int{}
	o.Observe = func(e Event) {
		switch e.Kind {
		case Ended:
			order = append(order, e.Job)
		case TurnOver:
			turns[e.Job]++
		}
	}
	mustRun(t, o)
	for i := range jobs {
		wantSame(t, from[i], to[i])
	}
	if len(order) != 20 || order[19] != jobs[0].Name || turns[jobs[0].Name] != 1 || len(turns) != 1 {
		t.Errorf("ended in the order %v with turns %v", order, turns)
	}
	// One turn of 200 items and a batch, then all the small ones, then the rest in one.
	if n := from[0].opens; n != 2 {
		t.Errorf("%d logins to the huge one", n)
	}
	if n := to[0].calls["scanned"]; n != 0 {
		t.Errorf("%d items of the target were looked at although nothing was lost", n)
	}
}

func TestLimitsOfHostsAreKept(t *testing.T) {
	jobs, from, to := fleet(t, 12, 5)
	var mu sync.Mutex
	open, most := map[string]int{}, map[string]int{}
	count := func(s *store) func(string, bool, int) error {
		return func(op string, after bool, n int) error {
			mu.Lock()
			defer mu.Unlock()
			if op == "open" {
				open[s.host]++
				most[s.host] = max(most[s.host], open[s.host])
			}
			return nil
		}
	}
	for i := range jobs {
		from[i].fault, to[i].fault = count(from[i]), count(to[i])
		jobs[i].Origin, jobs[i].Target = counted[providers.Reader]{origin{from[i]}, &mu, open}, countedTarget{target{to[i]}, &mu, open}
	}
	o := options(openLedger(t), jobs...)
	o.Parallel = 10
	o.Limits = map[string]Limits{"old.example": {Connections: 3}, "new.example": {Connections: 2, PerAccount: 1}}
	mustRun(t, o)
	if most["old.example"] > 3 || most["new.example"] > 2 || most["new.example"] == 0 {
		t.Errorf("connections at once: %v", most)
	}
	for h, n := range open {
		if n != 0 {
			t.Errorf("%d connections to %s are left", n, h)
		}
	}
}

func TestRatesAndHoursAreKept(t *testing.T) {
	jobs, from, to := fleet(t, 3, 40)
	c := newClock()
	c.now = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
	seoul := time.FixedZone("KST", 9*3600)
	o := options(openLedger(t), jobs...)
	o.Now, o.Sleep = c.Now, c.Sleep
	o.Parallel = 1
	o.Limits = map[string]Limits{
		"old.example": {MessagesPerSecond: 2},
		"new.example": {Hours: Hours{From: 22 * time.Hour, To: 7 * time.Hour, Zone: seoul}},
	}
	var until []string
	o.Observe = func(e Event) {
		if e.Kind == Waiting {
			until = append(until, e.Until.In(seoul).Format("02 15:04"))
		}
	}
	mustRun(t, o)
	for i := range jobs {
		wantSame(t, from[i], to[i])
	}
	// 21:00 in Seoul: an hour to wait, then 120 messages at 2 a second.
	if d := c.Now().Sub(time.Date(2026, 3, 2, 13, 0, 0, 0, time.UTC)); d < 58*time.Second || d > 90*time.Second {
		t.Errorf("took %v after the beginning of the hours", d)
	}
	if !slices.Contains(until, "02 22:00") {
		t.Errorf("waited until %v", until)
	}
}

func TestHours(t *testing.T) {
	ny, err := time.LoadLocation("America/New_York")
	if err != nil {
		t.Fatal(err)
	}
	night := Hours{From: 22*time.Hour + 30*time.Minute, To: 6 * time.Hour, Zone: ny}
	day := Hours{From: 9 * time.Hour, To: 17 * time.Hour, Zone: ny}
	at := func(s string) time.Time {
		x, err := time.ParseInLocation("2006-01-02 15:04", s, ny)
		if err != nil {
			t.Fatal(err)
		}
		return x
	}
	for _, c := range []struct {
		h         Hours
		now, want string
	}{
		{Hours{}, "2026-03-02 12:00", ""},
		{night, "2026-03-02 22:30", ""}, {night, "2026-03-02 05:59", ""}, {night, "2026-03-02 06:00", "2026-03-02 22:30"},
		{day, "2026-03-02 09:00", ""}, {day, "2026-03-02 17:00", "2026-03-03 09:00"}, {day, "2026-03-02 03:00", "2026-03-02 09:00"},
		{day, "2026-03-07 18:00", "2026-03-08 09:00"}, // the clock is put forward that night
		{day, "2026-12-31 18:00", "2027-01-01 09:00"},
	} {
		got := ""
		if o := c.h.opens(at(c.now)); !o.IsZero() {
			got = o.Format("2006-01-02 15:04")
		}
		if got != c.want {
			t.Errorf("%v at %s opens %q, want %q", c.h, c.now, got, c.want)
		}
	}
}

func TestRefusedLoginsDoNotLockEverybodyOut(t *testing.T) {
	jobs, from, _ := fleet(t, 30, 3)
	for _, s := range from {
		s.logins = &diag.Failure{Class: diag.Denied, Op: "log in", Detail: "wrong password"}
	}
	o := options(openLedger(t), jobs...)
	o.Parallel = 1
	r, err := Run(t.Context(), o)
	if err != nil || r.Failed != 30 {
		t.Fatalf("%d failed, %v", r.Failed, err)
	}
	logins := 0
	for _, s := range from {
		logins += s.calls["open"]
	}
	if logins != denials || !strings.Contains(r.Jobs[29].Err.Error(), "not tried") {
		t.Errorf("%d logins were tried; the last job says %v", logins, r.Jobs[29].Err)
	}
}

// TestADeniedLoginIsTriedOnceAPass: folders are under way side by side, and each has
// connections of its own.
func TestADeniedLoginIsTriedOnceAPass(t *testing.T) {
	from, to := newStore(t, "old"), newStore(t, "new")
	for i, name := range []string{"INBOX", "a", "b", "c", "d"} {
		b := from.box(name)
		if b == nil {
			b = from.add(name, "")
		}
		b.put(from, letterOf(i, 10))
	}
	to.logins = &diag.Failure{Class: diag.Denied, Op: "log in", Detail: "wrong password"}
	o := options(openLedger(t), job(from, to))
	o.Limits = map[string]Limits{to.host: {Denials: -1}}
	for pass := range 2 {
		to.calls = map[string]int{}
		r, err := Run(t.Context(), o)
		if err != nil || r.Done() || to.calls["open"] != 1 {
			t.Errorf("pass %d: %v, done %v, after %d logins", pass+1, err, r.Done(), to.calls["open"])
		}
	}
	to.logins = nil
	mustRun(t, o)
	wantSame(t, from, to)
}

func TestWaitingTakesNoRealTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		from, to := newStore(t, "old"), newStore(t, "new")
		from.box("INBOX").put(from, letterOf(1, 1))
		var n atomic.Int32
		from.fault = func(op string, after bool, _ int) error {
			if op == "open" {
				if n.Add(1) < 6 {
					return down(op)
				}
			}
			return nil
		}
		began := time.Now()
		mustRun(t, Options{Ledger: openLedger(t), Jobs: []Job{job(from, to)}})
		wantSame(t, from, to)
		// 0.5, 1, 2, 4, 8 s, each up to a third less.
		if d := time.Since(began); d < 10*time.Second || d > 16*time.Second {
			t.Errorf("five failures took %v", d)
		}
	})
}

func TestMemoryDoesNotGrowWithTheMailbox(t *testing.T) {
	heap := func(n int) uint64 {
		from, to := &endless{n: n}, &endless{}
		j := Job{Name: "mail_migration.x", Origin: from, Target: endlessTarget{to}, Map: same}
		o := options(openLedger(t), j)
		var most uint64
		events := 0
		o.Observe = func(e Event) {
			if events++; events%100 == 0 {
				var m runtime.MemStats
				runtime.GC()
				runtime.ReadMemStats(&m)
				most = max(most, m.HeapAlloc)
			}
		}
		r := mustRun(t, o)
		if int(r.Sums[providers.Copied].Items) != n {
			t.Errorf("copied %v", r.Sums)
		}
		return most
	}
	small, large := heap(6_000), heap(18_000)
	if large > small+small/2+4<<20 {
		t.Errorf("%d KiB for 6,000 items, %d KiB for 18,000", small>>10, large>>10)
	}
	if large > 40<<20 {
		t.Errorf("%d MiB in use", large>>20)
	}
}

func TestManyMailboxesTakeFewConnectionsAndGoroutines(t *testing.T) {
	const n = 100
	jobs, from, to := fleet(t, n, 3)
	o := options(openLedger(t), jobs...)
	before, most := runtime.NumGoroutine(), 0
	o.Observe = func(Event) { most = max(most, runtime.NumGoroutine()) }
	r := mustRun(t, o)
	if r.Complete != n || r.Sums[providers.Copied].Items != 3*n {
		t.Errorf("%d complete, sums %v", r.Complete, r.Sums)
	}
	if most > before+8*16 {
		t.Errorf("%d goroutines at once for %d mailboxes", most-before, n)
	}
	for i := range jobs {
		if from[i].most > 2 || to[i].most > 2 || from[i].open.Load()+to[i].open.Load() != 0 {
			t.Errorf("%s: %d and %d connections at once", from[i].name, from[i].most, to[i].most)
		}
	}
}
