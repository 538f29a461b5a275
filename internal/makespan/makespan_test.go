package makespan

import (
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/isaworks/isa/internal/lanes"
	"github.com/isaworks/isa/providers/works/sandbox"
)

// service is a way in which a tenant may answer.
type service struct {
	name    string
	options sandbox.Options
	way     func(http.RoundTripper) http.RoundTripper
}

func services() []service {
	return []service{
		{"50 ms", sandbox.Options{Latency: 50 * time.Millisecond}, nil},
		{"windows of the clock, uneven road", sandbox.Options{Switches: sandbox.Switches{"window": "clock"}}, newRoad},
	}
}

// TestMakespan applies each workload under all limits, in a time that only passes
// while everything waits.
func TestMakespan(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name          string
		before, after *workload
		bound         time.Duration // that the plan must tell at least
	}{
		{"wide", nil, wide(3000), 12 * time.Minute},
		{"deep", nil, deep(), 299 * time.Second},
		{"mixed", before(), mixed(), 279 * time.Second},
	} {
		after := load(t, c.after.files())
		for _, s := range services() {
			t.Run(c.name+"/"+s.name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					n := newCompany(t, s.options, s.way)
					if c.before != nil {
						n.apply(t, load(t, c.before.files()))
						time.Sleep(5 * time.Minute)
					}
					a := n.apply(t, after)
					n.check(t, a)
					if bound := time.Duration(a.plan.Cost.Seconds * float64(time.Second)); bound < c.bound {
						t.Errorf("the bound is %v, no apply takes less than %v", bound, c.bound)
					}
					n.nothing(t, after)
				})
			})
		}
	}
}

// TestMakespanAtHalfTheRate applies what takes longer than half an hour.
func TestMakespanAtHalfTheRate(t *testing.T) {
	t.Parallel()
	cfg := load(t, wide(10_000).files())
	synctest.Test(t, func(t *testing.T) {
		n := newCompany(t, sandbox.Options{Latency: 50 * time.Millisecond}, nil)
		a := n.apply(t, cfg)
		n.check(t, a)
		if got := a.plan.Cost.Budget.Limit("user-create"); got != lanes.PaidPerMinute/2 {
			t.Errorf("members are created at %d a minute, want %d", got, lanes.PaidPerMinute/2)
		}
		if most := perMinute(a.log, "user-create"); most > lanes.PaidPerMinute/2+1 {
			t.Errorf("a minute saw %d members created, want %d", most, lanes.PaidPerMinute/2)
		}
	})
}

// perMinute is how many calls of an operation any window of a minute held that
// begins with one of them.
func perMinute(log []sandbox.Entry, op string) int {
	var starts []time.Time
	for _, e := range log {
		if e.Op == op {
			starts = append(starts, e.Start)
		}
	}
	most, end := 0, 0
	for i, s := range starts {
		for end < len(starts) && starts[end].Sub(s) < lanes.Window {
			end++
		}
		most = max(most, end-i)
	}
	return most
}
