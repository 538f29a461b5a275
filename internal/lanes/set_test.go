package lanes

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// service counts calls in windows of a minute, as the real one does, and watches
// its writers.
type service struct {
	t       *testing.T
	limit   int
	aligned bool // windows begin with the clock's minutes, else with the first call
	silent  bool // no headers
	refuse  func() bool

	mu      sync.Mutex
	ends    time.Time
	used    int
	refused int
	writing map[string]bool
	last    map[string]time.Time
	served  []string
}

func newService(t *testing.T, limit int) *service {
	return &service{t: t, limit: limit, writing: map[string]bool{}, last: map[string]time.Time{}}
}

// serve takes there to arrive and back to return.
func (s *service) serve(call Call, there, back time.Duration) Report {
	sent := time.Now()
	time.Sleep(there)
	s.mu.Lock()
	now := time.Now()
	if !now.Before(s.ends) {
		s.used = 0
		s.ends = now.Add(Window)
		if s.aligned {
			s.ends = now.Truncate(Window).Add(Window)
		}
	}
	report := Report{Known: !s.silent, Limit: s.limit, Sent: sent}
	if s.used >= s.limit || s.refuse != nil && s.refuse() {
		s.refused++
		report.Limited = true
	} else {
		s.used++
		s.served = append(s.served, call.Op)
	}
	if !s.silent {
		report.Remaining = s.limit - s.used
		report.Reset = (s.ends.Sub(now) + time.Second - 1).Truncate(time.Second)
	} else {
		report.Limit = 0
	}
	if call.Writer != "" {
		if s.writing[call.Writer] {
			s.t.Errorf("two writes of %s at once", call.Writer)
		}
		s.writing[call.Writer] = true
		if last, ok := s.last[call.Writer]; ok && call.Writer == "orgunits 1" && now.Sub(last) < time.Second {
			s.t.Errorf("org-unit writes %v apart", now.Sub(last))
		}
		s.last[call.Writer] = now
	}
	s.mu.Unlock()
	time.Sleep(back)
	s.mu.Lock()
	s.writing[call.Writer] = false
	s.mu.Unlock()
	return report
}

func jitter(r *rand.Rand, most time.Duration) time.Duration {
	return time.Duration(r.Int64N(int64(most)))
}

// TestNoWindowHoldsMoreThanItsLimit runs random workloads against each way of
// counting: nothing may be refused, and the run may not be much longer than the
// windows it needs.
func TestNoWindowHoldsMoreThanItsLimit(t *testing.T) {
	for seed := range uint64(24) {
		aligned, silent := seed%2 == 1, seed%3 == 2
		t.Run(fmt.Sprintf("seed=%d aligned=%v silent=%v", seed, aligned, silent), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := rand.New(rand.NewPCG(seed, 1))
				s := newService(t, 20+r.IntN(60))
				s.aligned, s.silent = aligned, silent
				set := New(Budget{PerMinute: s.limit})
				calls := 1 + r.IntN(6*s.limit)
				inFlight := make(chan struct{}, 1+r.IntN(32))
				start := time.Now()
				var wg sync.WaitGroup
				for range calls {
					there, back, idle := jitter(r, 80*time.Millisecond), jitter(r, 80*time.Millisecond), time.Duration(0)
					if r.IntN(50) == 0 {
						idle = jitter(r, 10*time.Second)
					}
					time.Sleep(idle)
					inFlight <- struct{}{}
					wg.Go(func() {
						defer func() { <-inFlight }()
						ticket, err := set.Acquire(t.Context(), Call{Op: "x"})
						if err != nil {
							t.Error(err)
							return
						}
						ticket.Done(s.serve(Call{Op: "x"}, there, back))
					})
				}
				wg.Wait()
				if s.refused > 0 {
					t.Errorf("%d of %d calls were refused", s.refused, calls)
				}
				// Idle times are at most 10 s for one call in fifty.
				windows := time.Duration((calls-1)/s.limit) * Window
				if took, most := time.Since(start), windows*105/100+time.Duration(calls/50+6)*10*time.Second; took > most {
					t.Errorf("%d calls of %d a minute took %v, more than %v", calls, s.limit, took, most)
				}
			})
		})
	}
}

func TestABurstTakesItsWindowsAndLittleMore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newService(t, 240)
		set := New(Budget{PerMinute: 240})
		start := time.Now()
		runAll(t, set, s, 16, 240*10, func(int) Call { return Call{Op: "x"} })
		bound := 9 * Window
		if took := time.Since(start); took > bound*102/100 || s.refused > 0 {
			t.Errorf("took %v with %d refusals, the bound is %v", took, s.refused, bound)
		}
	})
}

// runAll sends n calls, some at a time, 30 ms each way.
func runAll(t *testing.T, set *Set, s *service, atOnce, n int, call func(int) Call) {
	t.Helper()
	const trip = 30 * time.Millisecond
	var wg sync.WaitGroup
	next := make(chan int)
	for range atOnce {
		wg.Go(func() {
			for i := range next {
				for {
					ticket, err := set.Acquire(t.Context(), call(i))
					if err != nil {
						t.Error(err)
						return
					}
					report := s.serve(call(i), trip, trip)
					ticket.Done(report)
					if !report.Limited {
						break
					}
				}
			}
		})
	}
	for i := range n {
		next <- i
	}
	close(next)
	wg.Wait()
}

func TestOtherProgramsSpendToo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newService(t, 100)
		set := New(Budget{PerMinute: 100})
		s.serve(Call{Op: "x"}, 0, 0) // opens the window
		s.mu.Lock()
		s.used = 70 // by somebody else
		s.mu.Unlock()
		ticket, err := set.Acquire(t.Context(), Call{Op: "x"})
		if err != nil {
			t.Fatal(err)
		}
		ticket.Done(s.serve(Call{Op: "x"}, 0, 0))
		runAll(t, set, s, 8, 60, func(int) Call { return Call{Op: "x"} })
		if s.refused > 0 {
			t.Errorf("%d refused", s.refused)
		}
	})
}

func TestAServiceThatRoundsDownIsLearned(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		set := New(Budget{PerMinute: 1})
		ticket, _ := set.Acquire(t.Context(), Call{Op: "x"})
		ticket.Done(Report{Known: true, Limit: 1, Remaining: 0, Reset: 0})
		start := time.Now()
		if _, err := set.Acquire(t.Context(), Call{Op: "x"}); err != nil {
			t.Fatal(err)
		}
		if waited := time.Since(start); waited != time.Second {
			t.Errorf("waited %v", waited)
		}
	})
}

func TestAStormOfRefusalsConverges(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(7, 7))
		s := newService(t, 60)
		s.refuse = func() bool { return r.IntN(10) == 0 }
		set := New(Budget{PerMinute: 240}) // the plan expected more than there is
		runAll(t, set, s, 32, 300, func(int) Call { return Call{Op: "x"} })
		if len(s.served) != 300 {
			t.Errorf("%d served", len(s.served))
		}
	})
}

func TestALimitedLaneSleepsUntilItsReset(t *testing.T) {
	for _, c := range []struct {
		report Report
		want   time.Duration
	}{
		{Report{Limited: true}, Window},
		{Report{Limited: true, Known: true, Limit: 240, Remaining: 200, Reset: 17 * time.Second}, 17 * time.Second},
		{Report{Limited: true, Known: true, Limit: 240, Reset: 1000 * time.Hour}, 10 * Window},
	} {
		synctest.Test(t, func(t *testing.T) {
			set := New(Budget{PerMinute: 240})
			ticket, _ := set.Acquire(t.Context(), Call{Op: "x"})
			ticket.Done(c.report)
			start := time.Now()
			go func() {
				time.Sleep(time.Second)
				waits := set.Waits()
				if len(waits) != 1 || waits[0].Why != Limited || waits[0].Calls != 1 || !waits[0].Until.Equal(start.Add(c.want)) {
					t.Errorf("waits: %+v", waits)
				}
			}()
			if _, err := set.Acquire(t.Context(), Call{Op: "x"}); err != nil {
				t.Fatal(err)
			}
			if waited := time.Since(start); waited != c.want {
				t.Errorf("waited %v, want %v", waited, c.want)
			}
			if other, err := set.Acquire(t.Context(), Call{Op: "y"}); err != nil || other == nil {
				t.Errorf("another lane: %v", err)
			}
		})
	}
}

func TestOrgUnitWritesKeepTheirGap(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newService(t, 240)
		start := time.Now()
		set := New(Budget{PerMinute: 240, WriterGap: time.Second}, QuietSince(start))
		const n = 100
		ops := []string{"orgunit-create", "orgunit-move"}
		runAll(t, set, s, 8, n, func(i int) Call { return Call{Op: ops[i%2], Writer: "orgunits 1"} })
		if took, most := time.Since(start), n*time.Second*105/100; took > most || took < n*time.Second {
			t.Errorf("took %v, want %v to %v", took, n*time.Second, most)
		}
	})
}

func TestWritesOfOneMemberNeverOverlapAndHaveNoGap(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newService(t, 1000)
		set := New(Budget{PerMinute: 1000, WriterGap: time.Second})
		start := time.Now()
		runAll(t, set, s, 32, 200, func(i int) Call { return Call{Op: "user-update-patch", Writer: fmt.Sprint("user ", i%20)} })
		if took := time.Since(start); took > 5*time.Second {
			t.Errorf("took %v", took)
		}
		if len(set.writers) != 0 {
			t.Errorf("%d writers are remembered", len(set.writers))
		}
	})
}

func TestALateConnectionCountsFromItsWrite(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		set := New(Budget{PerMinute: 100, WriterGap: time.Second})
		call := Call{Op: "orgunit-create", Writer: "orgunits 1"}
		ticket, _ := set.Acquire(t.Context(), call)
		time.Sleep(700 * time.Millisecond) // dialing
		sent := time.Now()
		time.Sleep(100 * time.Millisecond)
		ticket.Done(Report{Sent: sent})
		if _, err := set.Acquire(t.Context(), call); err != nil {
			t.Fatal(err)
		}
		if gap := time.Since(sent); gap < time.Second {
			t.Errorf("the next was sent %v later", gap)
		}
	})
}

func TestPriorityThenArrival(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		set := New(Budget{PerMinute: 1})
		first, _ := set.Acquire(t.Context(), Call{Op: "x"})
		var mu sync.Mutex
		var order []int
		for i, priority := range []float64{1, 5, 1, 9, 5} {
			go func() {
				ticket, err := set.Acquire(WithPriority(t.Context(), priority), Call{Op: "x"})
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				order = append(order, i)
				mu.Unlock()
				ticket.Done(Report{Unsent: true}) // costs nothing: the next goes at once
			}()
			synctest.Wait()
		}
		if waits := set.Waits(); len(waits) != 1 || waits[0].Calls != 5 || waits[0].Why != WindowSpent {
			t.Errorf("waits: %+v", waits)
		}
		first.Done(Report{})
		first.Done(Report{}) // counts once
		time.Sleep(2 * Window)
		mu.Lock()
		defer mu.Unlock()
		if want := []int{3, 1, 4, 0, 2}; !slices.Equal(order, want) {
			t.Errorf("order %v, want %v", order, want)
		}
	})
}

func TestABusyWriterHoldsNobodyElse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		set := New(Budget{PerMinute: 10})
		busy, _ := set.Acquire(t.Context(), Call{Op: "x", Writer: "user a"})
		go func() {
			ticket, err := set.Acquire(WithPriority(t.Context(), 9), Call{Op: "x", Writer: "user a"})
			if err != nil {
				t.Error(err)
			}
			ticket.Done(Report{})
		}()
		synctest.Wait()
		if other, err := set.Acquire(t.Context(), Call{Op: "x", Writer: "user b"}); err != nil || other == nil {
			t.Fatal(err)
		}
		if waits := set.Waits(); len(waits) != 1 || waits[0].Why != WriterBusy || waits[0].Call.Writer != "user a" {
			t.Errorf("waits: %+v", waits)
		}
		busy.Done(Report{})
	})
}

func TestCancelledWaitersLeaveNothingBehind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		set := New(Budget{PerMinute: 1, WriterGap: time.Second})
		held, _ := set.Acquire(t.Context(), Call{Op: "x", Writer: "user a"})
		ctx, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		for range 50 {
			wg.Go(func() {
				if _, err := set.Acquire(ctx, Call{Op: "x", Writer: "user a"}); !errors.Is(err, context.Canceled) {
					t.Errorf("error %v", err)
				}
			})
		}
		synctest.Wait()
		cancel()
		wg.Wait()
		held.Done(Report{})
		if len(set.waiting) != 0 || len(set.writers) != 0 || set.timer != nil {
			t.Errorf("left: %d waiting, %d writers, timer %v", len(set.waiting), len(set.writers), set.timer)
		}
		if _, err := set.Acquire(ctx, Call{Op: "y"}); !errors.Is(err, context.Canceled) {
			t.Errorf("error %v", err)
		}
	})
}

func TestStopEndsWaitingOnly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := New(Budget{PerMinute: 1})
		stop, cancel := context.WithCancel(context.Background())
		ctx := WithStop(context.Background(), stop)
		sent, err := s.Acquire(ctx, Call{Op: "user-create"})
		if err != nil {
			t.Fatal(err)
		}
		failed := make(chan error, 1)
		go func() {
			_, err := s.Acquire(ctx, Call{Op: "user-create"})
			failed <- err
		}()
		synctest.Wait()
		cancel()
		if err := <-failed; !errors.Is(err, context.Canceled) {
			t.Errorf("a waiting call ended with %v, want context.Canceled", err)
		}
		sent.Done(Report{})
		if _, err := s.Acquire(ctx, Call{Op: "other"}); !errors.Is(err, context.Canceled) {
			t.Errorf("a call after the stop ended with %v, want context.Canceled", err)
		}
	})
}

func TestAnotherBudgetHoldsFromNowOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		set := New(Budget{PerMinute: 5})
		spend := func(op string, n, told int) {
			for range n {
				ticket, err := set.Acquire(t.Context(), Call{Op: op})
				if err != nil {
					t.Fatal(err)
				}
				ticket.Done(Report{Known: told > 0, Limit: told, Remaining: 50, Reset: Window})
			}
		}
		start := time.Now()
		spend("list", 3, 0)
		spend("told", 1, 4)
		set.Spend(Budget{PerMinute: 10, Ops: map[string]int{"create": 2}, WriterGap: time.Second})
		spend("list", 7, 0) // three of the ten are spent
		spend("told", 3, 4) // the service's word is not forgotten
		spend("create", 2, 0)
		if took := time.Since(start); took != 0 {
			t.Errorf("what the new budget has room for took %v", took)
		}
		for _, op := range []string{"list", "told", "create"} {
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			if _, err := set.Acquire(ctx, Call{Op: op}); err == nil {
				t.Errorf("%s: a call more than the budget was let go", op)
			}
			cancel()
		}
		writer := Call{Op: "orgunit-create", Writer: "orgunits 1"}
		for range 2 {
			ticket, err := set.Acquire(t.Context(), writer)
			if err != nil {
				t.Fatal(err)
			}
			start = time.Now()
			ticket.Done(Report{Sent: start})
			set.Spend(Budget{PerMinute: 10, WriterGap: 3 * time.Second})
		}
		if _, err := set.Acquire(t.Context(), writer); err != nil || time.Since(start) < 3*time.Second {
			t.Errorf("the writer's new gap is not kept: %v, %v", time.Since(start), err)
		}
		if got := set.Budget().WriterGap; got != 3*time.Second {
			t.Errorf("the budget tells a gap of %v", got)
		}
	})
}
