package content

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/providers"
)

func TestACutoverClosesAndLiveOnlyAdds(t *testing.T) {
	from, to := newStore(t, "old", "a", "b"), newStore(t, "new")
	for i := range 60 {
		from.folders[i%3].put(from, letterOf(i, 20))
	}
	bad := letterOf(100, 5)
	from.box("a").put(from, bad)
	to.refuses = func(b []byte) bool { return string(b) == string(bad.body) }
	l := openLedger(t)
	o := options(l, job(from, to))
	o.Patience.Tries = 3

	o.Jobs[0].Phase = Live
	if r, err := Run(t.Context(), o); err != nil || diag.ClassOf(r.Jobs[0].Err) != diag.Conflict {
		t.Errorf("live without a pass before: %v, %v", r.Jobs[0].Err, err)
	}
	o.Jobs[0].Phase = Cutover
	for n, closed := range []bool{false, false, true, true} {
		logins := from.opens
		r := mustRun(t, o)
		if r.Jobs[0].Closed != closed {
			t.Errorf("pass %d: closed %v", n+1, r.Jobs[0].Closed)
		}
		if n == 3 && from.opens != logins {
			t.Error("a closed cutover logs in")
		}
	}

	// People work at the target now; at the source all kinds of things happen.
	o.Jobs[0].Phase = Live
	a := to.box("a")
	a.mails[0].flags = []string{`\Flagged`}
	a.mails = a.mails[:len(a.mails)-1] // somebody deleted one
	now := o.Now()
	late := letterOf(200, 9)
	late.date = now
	from.box("INBOX").put(from, late)
	old := letterOf(201, 9) // moved here from elsewhere: it keeps its date
	from.box("INBOX").put(from, old)
	from.modseq++
	f := from.box("a").mails[0]
	f.flags, f.mod, from.box("a").mod = []string{"$k"}, from.modseq, from.modseq
	from.rename(from.box("b"), "b2")
	later := late
	later.body = append([]byte("X: 1\r\n"), late.body...)
	from.box("b2").put(from, later)
	box := from.box("a") // a new epoch
	from.epoch++
	box.epoch = from.epoch
	for _, l := range box.mails {
		l.uid += 500
	}
	box.next += 500
	fresh := from.add("new one", "")
	fresh.put(from, letterOf(202, 3))
	lateToo := late
	lateToo.body = append([]byte("X: 2\r\n"), late.body...)
	fresh.put(from, lateToo)

	before := contents(to)
	to.calls = map[string]int{}
	r := mustRun(t, o)
	if to.calls["flag"]+to.calls["rename"] != 0 {
		t.Errorf("in a live mailbox: %v", to.calls)
	}
	if r.Moved[providers.Copied].Items != 3 || r.Moved[providers.Excluded].Items != 2 || len(r.Moved) != 2 {
		t.Errorf("moved %v", r.Moved)
	}
	after := contents(to)
	for path, list := range before {
		for _, line := range list {
			if !strings.Contains(strings.Join(after[path], "\n"), line) {
				t.Errorf("%s was changed in %s", line, path)
			}
		}
	}
	if len(after["a"]) != len(before["a"]) || len(after["INBOX"]) != len(before["INBOX"])+1 || len(after["b"]) != len(before["b"])+1 || len(after["new one"]) != 1 {
		t.Errorf("a %d→%d, INBOX %d→%d, b %d→%d, new one %d", len(before["a"]), len(after["a"]), len(before["INBOX"]), len(after["INBOX"]), len(before["b"]), len(after["b"]), len(after["new one"]))
	}
	if r = mustRun(t, o); len(r.Moved) != 0 {
		t.Errorf("a second live pass moved %v", r.Moved)
	}
	// Reopened, flags follow again, and what was too old for a live mailbox comes.
	o.Jobs[0].Phase = Presync
	to.refuses = nil
	if r = mustRun(t, o); r.Flags == 0 || r.Moved[providers.Copied].Items != 3 || r.Jobs[0].Closed {
		t.Errorf("reopened: %d flags, moved %v", r.Flags, r.Moved)
	}
}

func TestTheWriterOfALivePassCanOnlyAdd(t *testing.T) {
	from, to := newStore(t, "old"), newStore(t, "new")
	for _, phase := range []Phase{Presync, Cutover, Live} {
		j := job(from, to)
		j.Phase = phase
		one := &turn{run: &run{Options: options(nil).withDefaults(), gate: newGate(nil)}, task: &task{job: j}}
		err := one.target().use(t.Context(), func(w adder) error {
			if _, can := w.(changer); can != (phase != Live) {
				t.Errorf("%s: can change: %v", phase, can)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

func TestDualDeliveryIsLeftOutOfReceivedFoldersOnly(t *testing.T) {
	from, to := newStore(t, "old"), newStore(t, "new")
	from.add("Sent", providers.UseSent)
	for i := range 20 {
		from.folders[i%2].put(from, letterOf(i, 5))
	}
	j := job(from, to)
	j.Rules.DualSince = letterOf(10, 0).date
	r := mustRun(t, options(openLedger(t), j))
	if r.Sums[providers.Copied].Items != 15 || r.Sums[providers.Excluded].Items != 5 || len(to.box("Sent").mails) != 10 {
		t.Errorf("sums %v", r.Sums)
	}
}

func TestInterruptedRunsGoOnWhereTheyStopped(t *testing.T) {
	for _, hard := range []bool{false, true} {
		from, to := newStore(t, "old", "a"), newStore(t, "new")
		for i := range 400 {
			from.folders[i%2].put(from, letterOf(i, 50))
		}
		o := options(openLedger(t), job(from, to))
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		abort, cut := context.WithCancel(context.Background())
		defer cut()
		o.Abort = abort
		var seen atomic.Int64
		o.Observe = func(e Event) {
			if e.Kind == Progress && seen.Add(1) == 2 {
				cancel()
				if hard {
					cut()
				}
			}
		}
		r, err := Run(ctx, o)
		if err != nil || !r.Interrupted || r.Done() || r.Jobs[0].Complete {
			t.Fatalf("interrupted %v, done %v, %v", r.Interrupted, r.Done(), err)
		}
		there := int64(len(to.box("INBOX").mails))
		if a := to.box("a"); a != nil {
			there += int64(len(a.mails))
		}
		if there == 0 || there == 400 || !hard && there != r.Moved[providers.Copied].Items {
			t.Errorf("hard %v: %d are there, %v recorded", hard, there, r.Moved)
		}
		if from.open.Load() != 0 || to.open.Load() != 0 {
			t.Errorf("connections are left: %d, %d", from.open.Load(), to.open.Load())
		}
		o.Observe, o.Abort = nil, nil
		headers := to.calls["scanned"]
		mustRun(t, o)
		wantSame(t, from, to)
		if n := to.calls["scanned"] - headers; !hard && n > 0 {
			t.Errorf("%d items of the target were looked at although everything was recorded", n)
		}
	}
}

func TestTroubleThatPassesIsWaitedFor(t *testing.T) {
	from, to := newStore(t, "old", "a"), newStore(t, "new")
	for i := range 200 {
		from.folders[i%2].put(from, letterOf(i, 5))
	}
	c := newClock()
	o := options(openLedger(t), job(from, to))
	o.Now, o.Sleep = c.Now, c.Sleep
	var reasons []string
	o.Observe = func(e Event) {
		if e.Kind == Waiting {
			reasons = append(reasons, fmt.Sprint(e.Reason, " ", e.Until.Sub(e.Time)))
		}
	}
	var puts atomic.Int64
	to.fault = func(op string, after bool, n int) error {
		if op == "put" && puts.Add(1) == 2 {
			return &diag.Failure{Class: diag.Limited, Op: "put", Detail: "back off", Err: told(5 * time.Minute)}
		}
		return nil
	}
	began := c.Now()
	mustRun(t, o)
	wantSame(t, from, to)
	if c.Now().Sub(began) < 5*time.Minute {
		t.Errorf("waited %v of the five minutes that were asked for; %v", c.Now().Sub(began), reasons)
	}
	if len(reasons) == 0 {
		t.Error("nothing tells why it takes so long")
	}

	// A service that never comes back ends the job, not the run.
	to.fault = func(op string, after bool, n int) error {
		if op == "open" {
			return &diag.Failure{Class: diag.Limited, Op: "log in", Detail: "too many"}
		}
		return nil
	}
	from.box("a").put(from, letterOf(1000, 1))
	r, err := Run(t.Context(), o)
	if err != nil || diag.ClassOf(r.Jobs[0].Err) != diag.Limited || r.Failed != 1 {
		t.Errorf("a service that stays busy: %v, %v", r.Jobs[0].Err, err)
	}
}

// told is a cause that names a time to wait.
type told time.Duration

func (d told) Error() string             { return "busy" }
func (d told) RetryAfter() time.Duration { return time.Duration(d) }
